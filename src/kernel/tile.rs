//! The register tile: some pixels times some vectors of output channels, held in registers while
//! the taps go by.
//!
//! Each output is one chain of multiply-adds: the bias, then window plane, row, column and channel
//! in ascending order. Taps outside the input are left out of the chain.

use super::finish::{finish, finish_with};
use super::piece::{piece, sums};
use super::strip::{Span, Strip, Tile, each};
use crate::simd::{Kernel, Simd};

/// `M` pixels times `V` vectors, of which the first and the last pixel may miss taps.
struct Border<'a, const M: usize, const V: usize>(&'a Strip);

/// `M` pixels times `V` vectors that all reach the same taps, in one piece of memory a row. `ROWS`:
/// the window may have more than one row that lies inside.
///
/// With so little to step through, the loops find what they need in registers.
struct Interior<'a, const M: usize, const V: usize, const ROWS: bool>(&'a Strip);

/// Runs a strip in tiles of `pixels` times `vectors`. `ONE`: it is known that all pixels reach one row of taps, in one piece.
///
/// # Safety
///
/// The tile is one of the level's. Every tap of the spans lies in the input for the pixels that the
/// span stands for, the weights are a whole panel's, and `channels` floats of each output pixel are
/// there to be written.
#[inline(always)]
pub(super) unsafe fn run<S: Simd, const ONE: bool>(
    simd: S,
    strip: &Strip,
    pixels: usize,
    vectors: usize,
) {
    let [first, all, last] = strip.spans;
    let border =
        !ONE && (first.pieces > 0 || last.pieces > 0 || all.pieces != 1 || strip.rows == 0);
    let rows = !ONE && (strip.planes > 1 || strip.rows > 1);
    macro_rules! tiles {
        ($($v:literal: $($m:literal)*;)*) => {
            match vectors {
                $($v if const { S::TILES[$v] > 0 } => match pixels {
                    $($m if const { $m <= S::TILES[$v] } => if border {
                        simd.run(Border::<$m, $v>(strip));
                    } else if rows {
                        simd.run(Interior::<$m, $v, true>(strip));
                    } else {
                        simd.run(Interior::<$m, $v, false>(strip));
                    },)*
                    _ => {}
                },)*
                _ => {}
            }
        };
    }
    tiles! {
        1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14;
        2: 1 2 3 4 5 6 7 8 9 10 11 12 13 14;
        4: 1 2 3 4 5 6;
    }
}

impl<const M: usize, const V: usize> Kernel for Border<'_, M, V> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        // SAFETY: `run` above passes its caller's promise on.
        unsafe { each::<S, M, V>(simd, self.0, self) }
    }
}

impl<S: Simd, const M: usize, const V: usize> Tile<S> for Border<'_, M, V> {
    #[inline(always)]
    unsafe fn tile(
        &mut self,
        simd: S,
        [bias, weights, input]: [*const f32; 3],
        output: *mut f32,
    ) -> *mut f32 {
        let strip = self.0;
        // SAFETY: the caller's.
        unsafe {
            let mut acc = sums::<S, M, V>(simd, strip, bias);
            window(simd, &mut acc, strip, weights, input);
            finish(simd, strip, acc, output)
        }
    }
}

impl<const M: usize, const V: usize, const ROWS: bool> Kernel for Interior<'_, M, V, ROWS> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        // SAFETY: as for `Border`.
        unsafe { each::<S, M, V>(simd, self.0, self) }
    }
}

impl<S: Simd, const M: usize, const V: usize, const ROWS: bool> Tile<S>
    for Interior<'_, M, V, ROWS>
{
    #[inline(always)]
    unsafe fn tile(
        &mut self,
        simd: S,
        [bias, weights, input]: [*const f32; 3],
        output: *mut f32,
    ) -> *mut f32 {
        let strip = self.0;
        let (planes, rows) = if ROWS {
            (strip.planes, strip.rows)
        } else {
            (1, 1)
        };
        let Span { at, len, .. } = strip.spans[1];
        // The last channels are left to the stores.
        let late = const { S::LATE[V] };
        let left = match len >= late && strip.channels >= V * S::LANES {
            true => late,
            false => 0,
        };
        // SAFETY: the caller's.
        unsafe {
            let mut acc = sums::<S, M, V>(simd, strip, bias);
            let (mut plane, mut weights_plane) = (input.wrapping_add(at), weights);
            let (mut x, mut w) = (plane, weights_plane);
            for z in 0..planes {
                let (mut row, mut weights) = (plane, weights_plane);
                for y in 0..rows {
                    let end = z + 1 == planes && y + 1 == rows;
                    let len = if end { len - left } else { len };
                    (x, w) = piece::<S, M, V, 0, M>(simd, &mut acc, strip, row, weights, len);
                    row = row.wrapping_add(strip.row);
                    weights = weights.wrapping_add(strip.weights_row);
                }
                plane = plane.wrapping_add(strip.plane);
                weights_plane = weights_plane.wrapping_add(strip.weights_plane);
            }
            if left > 0 {
                finish_with(simd, strip, acc, x, strip.pixel, w, strip.width, output)
            } else {
                finish(simd, strip, acc, output)
            }
        }
    }
}

/// Adds all taps of the tile whose first window row lies in the row at `input`.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn window<S: Simd, const M: usize, const V: usize>(
    simd: S,
    acc: &mut [[S::F32; V]; M],
    strip: &Strip,
    weights: *const f32,
    input: *const f32,
) {
    let [first, all, last] = strip.spans;
    let (mut plane, mut weights_plane) = (input, weights);
    for _ in 0..strip.planes {
        let (mut row, mut weights) = (plane, weights_plane);
        for _ in 0..strip.rows {
            let mut w = weights;
            // SAFETY: the caller's.
            unsafe {
                if M > 1 {
                    w = span::<S, M, V, 1, M>(simd, acc, strip, row, first, w);
                }
                w = span::<S, M, V, 0, M>(simd, acc, strip, row, all, w);
                if M > 1 {
                    // `M - 1` cannot be written as a parameter; `END` of 0 stands for it.
                    span::<S, M, V, 0, 0>(simd, acc, strip, row, last, w);
                }
            }
            row = row.wrapping_add(strip.row);
            weights = weights.wrapping_add(strip.weights_row);
        }
        plane = plane.wrapping_add(strip.plane);
        weights_plane = weights_plane.wrapping_add(strip.weights_plane);
    }
}

/// Adds the taps of a span to pixels `START..END` (`END` of 0 stands for `M - 1`), and returns where
/// the weights go on.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn span<S: Simd, const M: usize, const V: usize, const START: usize, const END: usize>(
    simd: S,
    acc: &mut [[S::F32; V]; M],
    strip: &Strip,
    input: *const f32,
    span: Span,
    mut w: *const f32,
) -> *const f32 {
    let mut x = input.wrapping_add(span.at);
    for _ in 0..span.pieces {
        // SAFETY: the caller's.
        (_, w) = unsafe { piece::<S, M, V, START, END>(simd, acc, strip, x, w, span.len) };
        x = x.wrapping_add(strip.piece);
    }
    w
}
