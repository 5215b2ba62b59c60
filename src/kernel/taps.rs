//! Depthwise, any window: pixel by pixel, tap by tap.

use super::depthwise::Strip;
use super::piece::lane;
use super::window::quotient;
use crate::pack::PANEL;
use crate::simd::{Kernel, Simd};
use core::ops::Range;

/// Tiles of `tile` pixels.
struct Taps<'a> {
    strip: &'a Strip,
    tile: usize,
}

/// Runs a strip in tiles of `tile` pixels.
///
/// # Safety
///
/// The taps that the strip names lie in the input, the weights are a whole panel's, and `filters`
/// floats of each output pixel are there to be written.
#[inline(always)]
pub(super) unsafe fn run<S: Simd>(simd: S, strip: &Strip, tile: usize) {
    simd.run(Taps { strip, tile });
}

impl Kernel for Taps<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Taps { strip, tile } = self;
        let [after_first, start, end, before_last] = strip.taps;
        for vector in 0..strip.vectors {
            let shift = vector * S::LANES;
            let panel = lane::<S>(vector, strip.panel);
            let weights = [strip.bias, strip.weights].map(|p| p.wrapping_add(panel));
            // The channel of the vector's first filter, counted from the strip's, and the turn.
            let turn = strip.turn + shift;
            let channel = quotient(turn, strip.multiplier);
            let turn = turn - channel * strip.multiplier;
            for line in 0..strip.lines {
                let mut input = strip.input.wrapping_add(line * strip.input_line + channel);
                let mut output = strip.output.wrapping_add(line * strip.output_line + shift);
                for _ in 0..strip.tiles {
                    for m in 0..tile {
                        let first = if m == 0 { start } else { after_first };
                        let last = if m + 1 == tile { end } else { before_last };
                        // SAFETY: `run` above passes its caller's promise on.
                        unsafe { pixel(simd, strip, input, weights, turn, output, first..last) };
                        input = input.wrapping_add(strip.pixel);
                        output = output.wrapping_add(strip.output_pixel);
                    }
                }
            }
        }
    }
}

/// One pixel, over some columns of the window.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn pixel<S: Simd>(
    simd: S,
    strip: &Strip,
    input: *const f32,
    [bias, weights]: [*const f32; 2],
    turn: usize,
    output: *mut f32,
    columns: Range<usize>,
) {
    let mask = simd.mask(strip.filters);
    // SAFETY: the caller's. Only lanes below `filters` are touched.
    unsafe {
        let mut acc = simd.load_masked(bias, mask);
        for z in 0..strip.planes {
            for y in 0..strip.rows {
                let mut x = input
                    .wrapping_add(z * strip.plane + y * strip.row)
                    .wrapping_add(columns.start * strip.tap);
                let mut w = weights.wrapping_add(
                    z * strip.weights_plane + y * strip.weights_row + columns.start * strip.width,
                );
                for _ in columns.clone() {
                    let a = if strip.multiplier == 1 {
                        simd.load_masked(x, mask)
                    } else {
                        simd.load(spread(strip, turn, x).as_ptr())
                    };
                    acc = simd.mul_add(a, simd.load_masked(w, mask), acc);
                    x = x.wrapping_add(strip.tap);
                    w = w.wrapping_add(strip.width);
                }
            }
        }
        if let Some([min, max]) = strip.clamp {
            acc = simd.clamp(acc, simd.splat(min), simd.splat(max));
        }
        simd.store_masked(output, acc, mask);
    }
}

/// The channels that the filters of a vector read, each as often as filters read it.
///
/// # Safety
/// As for [`run`], for one tap at `x`.
#[inline(always)]
unsafe fn spread(strip: &Strip, mut turn: usize, mut x: *const f32) -> [f32; PANEL] {
    let mut lanes = [0.0; PANEL];
    for lane in lanes.iter_mut().take(strip.filters) {
        // SAFETY: the caller's; each filter has a channel.
        *lane = unsafe { x.read() };
        turn += 1;
        if turn == strip.multiplier {
            turn = 0;
            x = x.wrapping_add(1);
        }
    }
    lanes
}
