//! Depthwise, windows of three columns: each input is loaded once per window row, and used for all
//! the pixels of a tile that reach it.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::depthwise::Strip;
use super::piece::lane;
use crate::simd::{Kernel, Simd};

/// `M` pixels at a stride of `STRIDE`. `FULL`: every lane of the vector is a filter.
struct Slide<'a, const M: usize, const STRIDE: usize, const FULL: bool>(&'a Strip);

/// Runs a strip in tiles of `pixels`.
///
/// # Safety
///
/// [`can_slide`](super::rows::can_slide) and [`Cut::slides`](super::rows::Cut::slides) hold, and what [`taps::run`](super::taps::run) demands.
#[inline(always)]
pub(super) unsafe fn run<S: Simd>(simd: S, strip: &Strip, pixels: usize, stride: usize) {
    macro_rules! tiles {
        ($($m:literal)*) => {
            match (pixels, stride, strip.filters == S::LANES) {
                $(
                    ($m, 1, true) if const { $m <= S::SLIDE } => {
                        simd.run(Slide::<$m, 1, true>(strip));
                    }
                    ($m, 1, false) if const { $m <= S::SLIDE } => {
                        simd.run(Slide::<$m, 1, false>(strip));
                    }
                    ($m, 2, true) if const { $m <= S::SLIDE } => {
                        simd.run(Slide::<$m, 2, true>(strip));
                    }
                    ($m, 2, false) if const { $m <= S::SLIDE } => {
                        simd.run(Slide::<$m, 2, false>(strip));
                    }
                )*
                _ => {}
            }
        };
    }
    tiles!(1 2 3 4 5 6 7 8);
}

impl<const M: usize, const STRIDE: usize, const FULL: bool> Kernel for Slide<'_, M, STRIDE, FULL> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let strip = self.0;
        for vector in 0..strip.vectors {
            let shift = vector * S::LANES;
            let panel = lane::<S>(vector, strip.panel);
            let weights = strip.weights.wrapping_add(panel);
            let bias = strip.bias.wrapping_add(panel);
            let mut input_line = strip.input.wrapping_add(shift);
            let mut output_line = strip.output.wrapping_add(shift);
            for _ in 0..strip.lines {
                let (mut input, mut output) = (input_line, output_line);
                for _ in 0..strip.tiles {
                    // SAFETY: `run` above passes its caller's promise on, for each vector, line and
                    // tile.
                    output = unsafe {
                        tile::<S, M, STRIDE, FULL>(simd, strip, input, bias, weights, output)
                    };
                    input = input.wrapping_add(M * strip.pixel);
                }
                input_line = input_line.wrapping_add(strip.input_line);
                output_line = output_line.wrapping_add(strip.output_line);
            }
        }
    }
}

/// Whether the first pixel of a strip's tiles misses the first tap, and the last pixel the last.
#[inline(always)]
pub(super) fn missed(strip: &Strip) -> [bool; 2] {
    let [_, first, last, _] = strip.taps;
    [first > 0, last < 3]
}

/// One tile; returns where the next goes.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn tile<S: Simd, const M: usize, const STRIDE: usize, const FULL: bool>(
    simd: S,
    strip: &Strip,
    input: *const f32,
    bias: *const f32,
    weights: *const f32,
    output: *mut f32,
) -> *mut f32 {
    let missed = missed(strip);
    // SAFETY: the caller's. Only lanes below `filters` are touched.
    unsafe {
        let mut acc = [[load::<S, FULL>(simd, strip, bias); M]];
        let (mut input_plane, mut weights_plane) = (input, weights);
        for _ in 0..strip.planes {
            let (mut input, mut weights) = (input_plane, weights_plane);
            for _ in 0..strip.rows {
                // Else each input has an address of its own, and those on the stack. (With half as
                // many registers that is still faster than a chain of additions: measured.)
                if S::LANES > 8 {
                    (input, weights) = (simd.opaque(input), simd.opaque(weights));
                }
                let w = [Some(taps::<S, FULL>(simd, strip, weights))];
                row::<S, 1, M, STRIDE, FULL>(simd, strip, &mut acc, w, missed, input);
                input = input.wrapping_add(strip.row);
                weights = weights.wrapping_add(strip.weights_row);
            }
            input_plane = input_plane.wrapping_add(strip.plane);
            weights_plane = weights_plane.wrapping_add(strip.weights_plane);
        }
        clamp(simd, strip, &mut acc);
        write::<S, M, FULL>(simd, strip, &acc[0], output)
    }
}

/// # Safety
/// The lanes below `filters` are readable at `p`.
#[inline(always)]
pub(super) unsafe fn load<S: Simd, const FULL: bool>(
    simd: S,
    strip: &Strip,
    p: *const f32,
) -> S::F32 {
    // SAFETY: the caller's.
    unsafe {
        if FULL {
            simd.load(p)
        } else {
            simd.load_masked(p, simd.mask(strip.filters))
        }
    }
}

/// The weights of a window row.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
pub(super) unsafe fn taps<S: Simd, const FULL: bool>(
    simd: S,
    strip: &Strip,
    w: *const f32,
) -> [S::F32; 3] {
    // SAFETY: the caller's.
    unsafe {
        [
            load::<S, FULL>(simd, strip, w),
            load::<S, FULL>(simd, strip, w.wrapping_add(strip.width)),
            load::<S, FULL>(simd, strip, w.wrapping_add(2 * strip.width)),
        ]
    }
}

/// Adds a row of inputs, the first of which lies at `p`, to the sums of `L` lines: those that have a
/// window row there, of which these are the weights. The first input, which is the first pixel's
/// alone, and the last, which is the last pixel's, may be missed.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
pub(super) unsafe fn row<
    S: Simd,
    const L: usize,
    const M: usize,
    const STRIDE: usize,
    const FULL: bool,
>(
    simd: S,
    strip: &Strip,
    acc: &mut [[S::F32; M]; L],
    weights: [Option<[S::F32; 3]>; L],
    [first, last]: [bool; 2],
    mut p: *const f32,
) {
    let inputs = (M - 1) * STRIDE + 3;
    macro_rules! input {
        ($($i:expr),*) => {$(
            let i = $i;
            let missed = i == 0 && first || i + 1 == inputs && last;
            if missed {
                p = p.wrapping_add(strip.tap);
            } else if i < inputs {
                // SAFETY: the caller's; the input is one that a pixel reaches.
                let x = unsafe {
                    if FULL {
                        simd.load_next(&mut p, strip.tap)
                    } else {
                        let x = load::<S, FULL>(simd, strip, p);
                        p = p.wrapping_add(strip.tap);
                        x
                    }
                };
                for line in 0..L {
                    if let Some(w) = weights[line] {
                        for m in 0..M {
                            if m * STRIDE <= i && i <= m * STRIDE + 2 {
                                let sum = simd.mul_add(x, w[i - m * STRIDE], acc[line][m]);
 acc[line][m] = simd.settled(sum);
                            }
                        }
                    }
                }
            }
        )*};
    }
    // Written out: the compiler leaves this many rounds a loop, with its sums in memory.
    input!(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
    let _ = p;
}

/// Clamps the pixels of `L` lines: of all at once, for what a branch stands between is computed after
/// it, and what that is computed from waits on the stack.
#[inline(always)]
pub(super) fn clamp<S: Simd, const L: usize, const M: usize>(
    simd: S,
    strip: &Strip,
    acc: &mut [[S::F32; M]; L],
) {
    if let Some([min, max]) = strip.clamp {
        let (min, max) = (simd.splat(min), simd.splat(max));
        for x in acc.as_flattened_mut() {
            *x = simd.clamp(*x, min, max);
        }
    }
}

/// Writes the pixels of a line, and returns where the next goes.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
pub(super) unsafe fn write<S: Simd, const M: usize, const FULL: bool>(
    simd: S,
    strip: &Strip,
    acc: &[S::F32; M],
    mut output: *mut f32,
) -> *mut f32 {
    for x in acc {
        // SAFETY: the caller's.
        unsafe {
            if FULL {
                simd.store_next(&mut output, strip.output_pixel, *x);
            } else {
                simd.store_masked(output, *x, simd.mask(strip.filters));
                output = output.wrapping_add(strip.output_pixel);
            }
        }
    }
    output
}
