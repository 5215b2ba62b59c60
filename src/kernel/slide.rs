//! Depthwise, windows of three columns: each input is loaded once per window row, and used for all
//! the pixels of a tile that reach it.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::depthwise::Strip;
use super::piece::lane;
use super::rows::Cut;
use crate::geometry::Geometry;
use crate::simd::{Kernel, Simd, WindowRows};

/// `M` pixels at a stride of `STRIDE`. `FULL`: every lane of the vector is a filter.
struct Slide<'a, const M: usize, const STRIDE: usize, const FULL: bool>(&'a Strip);

/// Whether a geometry's windows slide.
pub(super) const fn can(geometry: &Geometry) -> bool {
    geometry.kernel[2] == 3
        && geometry.dilation[2] == 1
        && geometry.stride[2] <= 2
        && geometry.filters == geometry.channels
}

/// Whether the first pixel of a tile misses at most the first tap, the last at most the last, and
/// the others none; and whether a level with loops of its own can take the strip's vectors whole.
pub(super) fn reaches<S: Simd>(strip: &Strip, cut: &Cut) -> bool {
    if S::LOOPS && strip.filters < S::LANES {
        return false;
    }
    let [after_first, first, last, before_last] = cut.taps;
    if cut.tile == 1 {
        first <= 1 && last >= 2
    } else {
        after_first == 0 && first <= 1 && last >= 2 && before_last == 3
    }
}

/// Runs a strip in tiles of `pixels`.
///
/// # Safety
///
/// [`can`] and [`reaches`] hold, and what [`taps::run`](super::taps::run) demands.
#[inline(always)]
pub(super) unsafe fn run<S: Simd>(simd: S, strip: &Strip, pixels: usize, stride: usize) {
    macro_rules! tiles {
        ($($m:literal)*) => {
            match (pixels, stride, S::LOOPS || strip.filters == S::LANES) {
                $(
                    ($m, 1, true) if $m <= S::SLIDE => simd.run(Slide::<$m, 1, true>(strip)),
                    ($m, 1, false) if $m <= S::SLIDE => simd.run(Slide::<$m, 1, false>(strip)),
                    ($m, 2, true) if $m <= S::SLIDE => simd.run(Slide::<$m, 2, true>(strip)),
                    ($m, 2, false) if $m <= S::SLIDE => simd.run(Slide::<$m, 2, false>(strip)),
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
    mut output: *mut f32,
) -> *mut f32 {
    let mask = simd.mask(strip.filters);
    // Inputs under a window row; the first is the first pixel's alone, the last the last one's.
    let inputs = (M - 1) * STRIDE + 3;
    let [_, first, last, _] = strip.taps;
    // SAFETY: the caller's. Only lanes below `filters` are touched.
    unsafe {
        let load = |p: *const f32| {
            if FULL {
                simd.load(p)
            } else {
                simd.load_masked(p, mask)
            }
        };
        let mut acc = [load(bias); M];
        let (mut input_plane, mut weights_plane) = (input, weights);
        for _ in 0..strip.planes {
            if S::LOOPS {
                let rows = WindowRows {
                    count: strip.rows,
                    x: input_plane,
                    tap: strip.tap,
                    row: strip.row,
                    misses_first: first > 0,
                    misses_last: last < 3,
                    w: weights_plane,
                    width: strip.width,
                };
                simd.add_rows::<M, STRIDE>(&mut acc, rows);
                input_plane = input_plane.wrapping_add(strip.plane);
                weights_plane = weights_plane.wrapping_add(strip.weights_plane);
                continue;
            }
            let (mut row, mut weights) = (input_plane, weights_plane);
            for _ in 0..strip.rows {
                let w = [
                    load(weights),
                    load(weights.wrapping_add(strip.width)),
                    load(weights.wrapping_add(2 * strip.width)),
                ];
                let mut p = row;
                macro_rules! input {
                    ($($i:expr),*) => {$(
                        let i = $i;
                        let missed = i == 0 && first > 0 || i + 1 == inputs && last < 3;
                        if i < inputs && !missed {
                            let x = load(p);
                            for m in 0..M {
                                if m * STRIDE <= i && i <= m * STRIDE + 2 {
                                    acc[m] = simd.mul_add(x, w[i - m * STRIDE], acc[m]);
                                }
                            }
                        }
                        p = p.wrapping_add(strip.tap);
                    )*};
                }
                if STRIDE == 1 {
                    for i in 0..inputs {
                        input!(i);
                    }
                } else {
                    // Written out: the compiler leaves this many rounds a loop, with its sums in
                    // memory.
                    input!(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
                }
                let _ = p;
                row = row.wrapping_add(strip.row);
                weights = weights.wrapping_add(strip.weights_row);
            }
            input_plane = input_plane.wrapping_add(strip.plane);
            weights_plane = weights_plane.wrapping_add(strip.weights_plane);
        }
        if let Some([min, max]) = strip.clamp {
            let (min, max) = (simd.splat(min), simd.splat(max));
            for x in &mut acc {
                *x = simd.clamp(*x, min, max);
            }
        }
        for x in acc {
            if FULL {
                simd.store(output, x);
            } else {
                simd.store_masked(output, x, mask);
            }
            output = output.wrapping_add(strip.output_pixel);
        }
    }
    output
}
