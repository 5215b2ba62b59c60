//! Depthwise 3x3 at a stride of 1: pairs of two rows.

#![allow(clippy::needless_range_loop)]

use super::{ROWS, Slide, TAPS, Under, Weights};
use crate::pack::PANEL;
use crate::simd::SimdI8;
use core::ops::Range;

/// Input rows under two output rows: two pairs.
const UNDER: usize = TAPS + ROWS - 1;

/// The weights of some vectors.
pub(super) struct Stride1<S: SimdI8, const V: usize> {
    /// `[vector][output row][upper or lower pair][column]`
    weights: [[[[S::Pair; TAPS]; 2]; ROWS]; V],
}

impl<S: SimdI8, const V: usize> Weights<S, V> for Stride1<S, V> {
    const STRIDE: usize = 1;

    #[inline(always)]
    unsafe fn load(simd: S, slide: &Slide<'_, S, V>) -> Self {
        let none = [0i8; PANEL];
        // SAFETY: the caller's: a filter has nine weights.
        unsafe {
            let pair = |upper, lower| simd.pair::<false>(upper, lower);
            let none = none.as_ptr();
            let mut weights = [[[[pair(none, none); TAPS]; 2]; ROWS]; V];
            for v in 0..V {
                for column in 0..TAPS {
                    let [a, b, c] = [0, 1, 2].map(|row| slide.weight(v, row, column));
                    weights[v][0][0][column] = pair(a, b);
                    weights[v][0][1][column] = pair(c, none);
                    weights[v][1][0][column] = pair(none, a);
                    weights[v][1][1][column] = pair(b, c);
                }
            }
            Stride1 { weights }
        }
    }

    #[inline(always)]
    unsafe fn slide<const UNSIGNED: bool>(
        &self,
        simd: S,
        slide: &Slide<'_, S, V>,
        under: Under,
        pixels: Range<usize>,
        to: [*mut S::I32; V],
        distance: usize,
    ) {
        let geometry = slide.job.geometry();
        let [_, _, width] = geometry.input;
        let [_, _, [padding, _]] = slide.job.sizes().padding;
        // Columns, counted from the first window's first; those of the input are `before..inside`.
        let extent = pixels.end - pixels.start - 1 + TAPS;
        let before = padding.saturating_sub(pixels.start).min(extent);
        let inside = (padding + width)
            .saturating_sub(pixels.start)
            .min(extent)
            .max(before);
        let column = (pixels.start + before).wrapping_sub(padding);
        let (from, steps) = slide.rows(&under, column);
        let padding_only = [under.zeros; UNDER];
        let mut sums = Sums::<S, V> {
            waiting: [[[simd.splat(0); 2]; ROWS]; V],
            to,
            distance,
        };
        for (columns, from, steps) in [
            (before, padding_only, [0; UNDER]),
            (inside - before, from, steps),
            (extent - inside, padding_only, [0; UNDER]),
        ] {
            let mut from = from;
            for _ in 0..columns {
                // SAFETY: the caller's: columns of the input are read, and a sum is written for each
                // output whose window ends there, or would.
                unsafe { sums.add::<UNSIGNED>(simd, self, from) };
                for row in 0..UNDER {
                    from[row] = from[row].wrapping_add(steps[row]);
                }
            }
        }
    }
}

/// The sums of windows that are not complete, and where complete ones go.
struct Sums<S: SimdI8, const V: usize> {
    /// `[vector][row][window]`, the next to be complete first.
    waiting: [[[S::I32; 2]; ROWS]; V],
    to: [*mut S::I32; V],
    /// Sums from one row's to the next's.
    distance: usize,
}

impl<S: SimdI8, const V: usize> Sums<S, V> {
    /// Adds a column.
    ///
    /// # Safety
    /// The vectors can be read in each row, and a sum of each can be written to either output row.
    #[inline(always)]
    unsafe fn add<const UNSIGNED: bool>(
        &mut self,
        simd: S,
        weights: &Stride1<S, V>,
        from: [*const i8; UNDER],
    ) {
        for v in 0..V {
            let [a, b, c, d] = from.map(|from| from.wrapping_add(v * S::LANES));
            // SAFETY: the caller's.
            let pairs = unsafe { [simd.pair::<UNSIGNED>(a, b), simd.pair::<UNSIGNED>(c, d)] };
            for row in 0..ROWS {
                let weights = &weights.weights[v][row];
                let dot = |sum, column: usize| {
                    let sum = simd.dot_pair(sum, pairs[0], weights[0][column]);
                    simd.dot_pair(sum, pairs[1], weights[1][column])
                };
                let [a, b] = self.waiting[v][row];
                let complete = dot(a, 2);
                // SAFETY: the caller's.
                unsafe { self.to[v].wrapping_add(row * self.distance).write(complete) };
                self.waiting[v][row] = [dot(b, 1), dot(simd.splat(0), 0)];
            }
            self.to[v] = self.to[v].wrapping_add(1);
        }
    }
}
