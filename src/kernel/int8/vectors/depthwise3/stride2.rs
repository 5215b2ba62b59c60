//! Depthwise 3x3 at a stride of 2: pairs of two columns.
//!
//! The window of a pixel is the first and second column of a pair and the first of the next, so that
//! each pair ends one window and begins another, and both rows have the same weights.

#![allow(clippy::needless_range_loop)]

use super::{ROWS, Slide, TAPS, Under, Weights};
use crate::pack::PANEL;
use crate::simd::SimdI8;
use core::{array, ops::Range};

/// Input rows under two output rows.
const UNDER: usize = TAPS + 2 * (ROWS - 1);

/// The weights of some vectors.
pub(super) struct Stride2<S: SimdI8, const V: usize> {
    /// `[vector][window row]`, of a pair that begins a window, and of one that ends it.
    weights: [[[S::Pair; 2]; TAPS]; V],
}

/// Where a pair's columns lie in each row.
type Pairs = [[*const i8; 2]; UNDER];

impl<S: SimdI8, const V: usize> Weights<S, V> for Stride2<S, V> {
    const STRIDE: usize = 2;

    #[inline(always)]
    unsafe fn load(simd: S, slide: &Slide<'_, S, V>) -> Self {
        let none = [0i8; PANEL];
        let weights = array::from_fn(|v| {
            [0, 1, 2].map(|row| {
                let [a, b, c] = [0, 1, 2].map(|column| slide.weight(v, row, column));
                // SAFETY: the caller's: a filter has nine weights.
                unsafe {
                    [
                        simd.pair::<false>(a, b),
                        simd.pair::<false>(c, none.as_ptr()),
                    ]
                }
            })
        });
        Stride2 { weights }
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
        // Both columns of these pairs are the input's.
        let end = pixels.end + 1;
        let before = padding.div_ceil(2).max(pixels.start).min(end);
        let inside = ((padding + width) / 2).max(before).min(end);
        // The columns of a pair, wherever they lie.
        let at = |pair: usize| -> Pairs {
            let columns = [0, 1].map(|i| {
                let column = (2 * pair + i).wrapping_sub(padding);
                if column < width {
                    slide.rows(&under, column).0
                } else {
                    [under.zeros; UNDER]
                }
            });
            array::from_fn(|row| columns.map(|rows| rows[row]))
        };
        let mut sums = Sums::<S, V> {
            waiting: [[simd.splat(0); ROWS]; V],
            to,
            distance,
        };
        // SAFETY: the caller's: columns of the input are read, or zero points, and a sum is written for each
        // output whose window ends there, or would.
        unsafe {
            for pair in pixels.start..before {
                sums.add::<UNSIGNED>(simd, self, at(pair));
            }
            let (from, steps) = slide.rows(&under, (2 * before).wrapping_sub(padding));
            let pairs = inside - before;
            // Two copies of the loop: in the first, one step in a register serves all rows.
            let step = geometry.channels;
            if steps == [step; UNDER] {
                sums.add_all::<UNSIGNED>(simd, self, pairs, from, [step; UNDER]);
            } else {
                sums.add_all::<UNSIGNED>(simd, self, pairs, from, steps);
            }
            for pair in inside..end {
                sums.add::<UNSIGNED>(simd, self, at(pair));
            }
        }
    }
}

/// The sums of the windows that are not complete, one of each row, and where complete ones go.
struct Sums<S: SimdI8, const V: usize> {
    waiting: [[S::I32; ROWS]; V],
    to: [*mut S::I32; V],
    /// Sums from one row's to the next's.
    distance: usize,
}

impl<S: SimdI8, const V: usize> Sums<S, V> {
    /// Adds so many pairs of columns, which are `steps` apart in each row.
    ///
    /// # Safety
    /// As for [`add`](Self::add), each.
    #[inline(always)]
    unsafe fn add_all<const UNSIGNED: bool>(
        &mut self,
        simd: S,
        weights: &Stride2<S, V>,
        pairs: usize,
        mut from: [*const i8; UNDER],
        steps: [usize; UNDER],
    ) {
        for _ in 0..pairs {
            let pair = array::from_fn(|row| [from[row], from[row].wrapping_add(steps[row])]);
            for row in 0..UNDER {
                from[row] = from[row].wrapping_add(2 * steps[row]);
            }
            // SAFETY: the caller's.
            unsafe { self.add::<UNSIGNED>(simd, weights, pair) };
        }
    }

    /// Adds a pair of columns.
    ///
    /// # Safety
    /// The vectors can be read at each place, and a sum of each can be written to either row.
    #[inline(always)]
    unsafe fn add<const UNSIGNED: bool>(&mut self, simd: S, weights: &Stride2<S, V>, pairs: Pairs) {
        for v in 0..V {
            let mut complete = self.waiting[v];
            let mut begun = [simd.splat(0); ROWS];
            for under in 0..UNDER {
                let [a, b] = pairs[under].map(|from| from.wrapping_add(v * S::LANES));
                // SAFETY: the caller's.
                let pair = unsafe { simd.pair::<UNSIGNED>(a, b) };
                for row in 0..ROWS {
                    if under >= 2 * row && under < 2 * row + TAPS {
                        let [begins, ends] = weights.weights[v][under - 2 * row];
                        complete[row] = simd.dot_pair(complete[row], pair, ends);
                        begun[row] = simd.dot_pair(begun[row], pair, begins);
                    }
                }
            }
            for row in 0..ROWS {
                // SAFETY: the caller's.
                unsafe {
                    self.to[v]
                        .wrapping_add(row * self.distance)
                        .write(complete[row])
                };
            }
            self.waiting[v] = begun;
            self.to[v] = self.to[v].wrapping_add(1);
        }
    }
}
