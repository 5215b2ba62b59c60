//! Depthwise 3x3 at a stride of 1 or 2, for vector levels: what most depthwise layers are.
//!
//! What is multiplied are pairs, as in [`super::depthwise`], but none is laid out. Two output rows are
//! computed at a time, vector by vector of channels, and from left to right: a column of the input
//! becomes two pairs (or three, at a stride of 2), and each is added at once to all the outputs whose
//! windows it lies under, of both rows. What waits are the sums of the windows that are not complete.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::finish::Filters;
use crate::kernel::int8::{JobI8, To};
use crate::kernel::rows::Columns;
use crate::kernel::window::{count, quotient};
use crate::pack::PANEL;
use crate::simd::SimdI8;
use core::ops::Range;

/// Rows and columns of the window, output rows at a time, and the most input rows and pairs of such
/// under them.
const TAPS: usize = 3;
const ROWS: usize = 2;
const MOST_ROWS: usize = 5;
const MOST_PAIRS: usize = 3;

/// The weights of a vector: `[output row][upper or lower pair][column]`.
type Weights<P> = [[[P; TAPS]; 2]; ROWS];

/// Whether a job is of this kind.
#[inline(always)]
pub(super) fn is(job: &JobI8<'_>) -> bool {
    let geometry = job.geometry;
    let [_, down, right] = geometry.stride;
    geometry.kernel == [1, TAPS, TAPS]
        && geometry.input[0] == 1
        && job.sizes.output[0] == 1
        && job.sizes.padding[0] == [0; 2]
        && geometry.dilation[1..] == [1; 2]
        && down == right
        && (down == 1 || down == 2)
        && geometry.filters == geometry.channels
}

/// Lines and pixels to take through all channels before the next: as much of the input as stays in
/// the first-level cache, for a vector reads but a part of each cache line, and the next few the rest.
#[inline(always)]
pub(super) fn band(job: &JobI8<'_>) -> [usize; 2] {
    const LINE: usize = 64;
    const LINES: usize = 256;
    let geometry = job.geometry;
    let [_, _, width] = geometry.input;
    let stride = geometry.stride[1];
    // Input pixels of so many cache lines.
    let pixels = quotient(LINES * LINE, geometry.channels.min(LINE));
    let columns = pixels / (TAPS + stride);
    let rows = quotient(pixels, width).saturating_sub(TAPS - stride) / stride;
    if columns < width {
        [ROWS, columns / stride]
    } else {
        [rows / ROWS * ROWS, usize::MAX].map(|x| x.max(ROWS))
    }
}

/// A vector of filters, all of which exist, and some lines.
pub(super) struct Slide<'a, S: SimdI8> {
    pub job: &'a JobI8<'a>,
    pub columns: &'a Columns,
    /// The first filter's first weight, and weights to the next tap's.
    pub weights: *const i8,
    pub width: usize,
    pub filters: &'a Filters<S>,
    /// The first filter.
    pub first: usize,
    /// The first filter's output of the job's first row.
    pub output: To,
    /// Room for the sums, and how many there is room for.
    pub sums: *mut S::I32,
    pub room: usize,
}

impl<S: SimdI8> Slide<'_, S> {
    /// Computes these pixels of these lines of the job.
    ///
    /// # Safety
    /// The job [`is`] of this kind, filters and lines are its, and the room is there.
    #[inline(always)]
    pub unsafe fn lines<const UNSIGNED: bool>(
        &self,
        simd: S,
        lines: Range<usize>,
        pixels: Range<usize>,
    ) {
        // SAFETY: the caller's.
        unsafe {
            match self.job.geometry.stride[1] {
                1 => self.at_stride::<UNSIGNED, 1>(simd, lines, pixels),
                _ => self.at_stride::<UNSIGNED, 2>(simd, lines, pixels),
            }
        }
    }

    /// # Safety
    /// As for [`lines`](Self::lines).
    #[inline(always)]
    unsafe fn at_stride<const UNSIGNED: bool, const STRIDE: usize>(
        &self,
        simd: S,
        lines: Range<usize>,
        pixels: Range<usize>,
    ) {
        let columns = self.columns.pixels;
        let step = self.job.geometry.filters;
        let quant = self.job.quant;
        let zeros = [quant.input_zero as i8 ^ quant.flip_input as i8; PANEL];
        // SAFETY: the caller's; the sums are written before they are read, and there is room for those
        // of `chunk` pixels.
        unsafe {
            let weights = self.weights::<STRIDE>(simd);
            // Before the first window is complete, as many sums are written that are none.
            let ahead = TAPS - STRIDE;
            let chunk = ((self.room - TAPS) / ROWS).min(count(&pixels));
            // Whole rows follow each other without a gap, and wait for more of them.
            let whole = chunk == columns;
            let mut waiting = 0;
            // What stands behind the first row's last is kept.
            for i in 0..TAPS {
                self.sums.add(i).write(simd.splat(0));
            }
            let [_, height, _] = self.job.sizes.output;
            let [_, input_height, _] = self.job.geometry.input;
            let row = self.job.rows.start + lines.start;
            let image = quotient(row, height);
            let mut y = row - image * height;
            let mut first = (image * input_height).wrapping_sub(self.job.first_input_row);
            let mut line = lines.start;
            while line < lines.end {
                // Both are rows of one image.
                let rows = ROWS.min(lines.end - line).min(height - y);
                let under = Under {
                    rows: TAPS + (rows - 1) * STRIDE,
                    zeros: zeros.as_ptr(),
                    first,
                    top: y * STRIDE,
                };
                let mut x = pixels.start;
                while x < pixels.end {
                    let end = (x + chunk).min(pixels.end);
                    let sums = self.sums.add(waiting);
                    let mut last = [simd.splat(0); TAPS];
                    for i in 0..ahead {
                        last[i] = sums.add(i).read();
                    }
                    let distance = end - x;
                    self.slide::<UNSIGNED, STRIDE>(simd, &weights, under, x..end, (sums, distance));
                    // Those that were no sums stand where the last ones were.
                    for i in 0..ahead {
                        sums.add(i).write(last[i]);
                    }
                    if whole {
                        waiting += rows * columns;
                        let stop = line + rows;
                        if stop == lines.end || waiting + ROWS * columns + TAPS > self.room {
                            let to = self.output.at((stop * columns - waiting) * step);
                            let sums = self.sums.add(ahead);
                            self.filters.write(simd, sums, 1, waiting, to, step);
                            waiting = 0;
                        }
                    } else {
                        for row in 0..rows {
                            let to = self.output.at(((line + row) * columns + x) * step);
                            let sums = sums.add(ahead + row * distance);
                            self.filters.write(simd, sums, 1, distance, to, step);
                        }
                    }
                    x = end;
                }
                line += rows;
                y += rows;
                if y == height {
                    y = 0;
                    first = first.wrapping_add(input_height);
                }
            }
        }
    }

    /// The weights, as they meet the pairs of two rows.
    ///
    /// # Safety
    /// The filters are the job's.
    #[inline(always)]
    unsafe fn weights<const STRIDE: usize>(&self, simd: S) -> Weights<S::Pair> {
        let none = [0i8; PANEL];
        // The rows of the window that the pairs meet.
        let first = [[Some(0), Some(1)], [Some(2), None]];
        let second = if STRIDE == 1 {
            [[None, Some(0)], [Some(1), Some(2)]]
        } else {
            first
        };
        // SAFETY: the caller's: a filter has nine weights.
        unsafe {
            let mut weights = [[[simd.pair::<false>(none.as_ptr(), none.as_ptr()); TAPS]; 2]; ROWS];
            for (weights, rows) in weights.iter_mut().zip([first, second]) {
                for (weights, rows) in weights.iter_mut().zip(rows) {
                    for column in 0..TAPS {
                        let mut taps = [none.as_ptr(); 2];
                        for i in 0..2 {
                            if let Some(row) = rows[i] {
                                taps[i] = self.weights.add((row * TAPS + column) * self.width);
                            }
                        }
                        weights[column] = simd.pair::<false>(taps[0], taps[1]);
                    }
                }
            }
            weights
        }
    }

    /// Adds up the windows of neighbouring pixels. Their sums start `TAPS - STRIDE` behind `to`, and
    /// those of the second row `distance` further on, as far as to be right behind them or more: what
    /// the second row writes too early is then written again.
    ///
    /// # Safety
    /// The input has the rows, and there is room for [`TAPS`] sums more than pixels in both rows.
    #[inline(always)]
    unsafe fn slide<const UNSIGNED: bool, const STRIDE: usize>(
        &self,
        simd: S,
        weights: &Weights<S::Pair>,
        under: Under,
        pixels: Range<usize>,
        (to, distance): (*mut S::I32, usize),
    ) {
        let geometry = self.job.geometry;
        let [_, height, width] = geometry.input;
        let [_, [above, _], [padding, _]] = self.job.sizes.padding;
        // Columns, counted from the first window's first; those of the input are `before..inside`.
        let extent = (pixels.end - pixels.start - 1) * STRIDE + TAPS;
        let start = pixels.start * STRIDE;
        let before = padding.saturating_sub(start).min(extent);
        let inside = (padding + width)
            .saturating_sub(start)
            .min(extent)
            .max(before);
        // A row in the padding is one zero point again and again, and so is a column.
        let padding_only = Next {
            from: [under.zeros; MOST_ROWS],
            steps: [0; MOST_ROWS],
        };
        let mut next = padding_only;
        let pixel = under
            .first
            .wrapping_add(under.top.wrapping_sub(above))
            .wrapping_mul(width)
            .wrapping_add((start + before).wrapping_sub(padding));
        let mut at = self
            .job
            .input
            .as_ptr()
            .wrapping_add(pixel.wrapping_mul(geometry.channels))
            .wrapping_add(self.first);
        for i in 0..STRIDE + TAPS {
            if i < under.rows && (under.top + i).wrapping_sub(above) < height {
                next.from[i] = at;
                next.steps[i] = geometry.channels;
            }
            at = at.wrapping_add(width * geometry.channels);
        }
        let mut sums = Sums {
            waiting: [[simd.splat(0); 2]; ROWS],
            to,
            distance,
        };
        let mut column = 0;
        for (end, mut next) in [
            (before, padding_only),
            (inside, next),
            (extent, padding_only),
        ] {
            while column < end {
                // SAFETY: the caller's: columns of the input are read, and a sum is written for each
                // output whose window ends there, or would.
                unsafe {
                    let pairs = next.pairs::<S, UNSIGNED, STRIDE>(simd);
                    sums.add::<STRIDE>(simd, weights, column, pairs);
                }
                column += 1;
            }
        }
    }
}

/// Where the input rows under two output rows are.
#[derive(Clone, Copy)]
struct Under {
    /// How many there are, those in the padding among them.
    rows: usize,
    /// A vector of zero points.
    zeros: *const i8,
    /// The first row of the image, counted from the job's first.
    first: usize,
    /// The first row under them, counted from the first of the padding.
    top: usize,
}

/// The next column of the input: where it lies in each row, and how far it is to the one after.
#[derive(Clone, Copy)]
struct Next {
    from: [*const i8; MOST_ROWS],
    steps: [usize; MOST_ROWS],
}

impl Next {
    /// The pairs of the column.
    ///
    /// # Safety
    /// A vector of channels can be read in each row.
    #[inline(always)]
    unsafe fn pairs<S: SimdI8, const UNSIGNED: bool, const STRIDE: usize>(
        &mut self,
        simd: S,
    ) -> [S::Pair; MOST_PAIRS] {
        let [a, b, c, d, e] = self.from;
        for row in 0..STRIDE + ROWS + 1 {
            self.from[row] = self.from[row].wrapping_add(self.steps[row]);
        }
        // SAFETY: the caller's.
        unsafe {
            let [first, second] = [simd.pair::<UNSIGNED>(a, b), simd.pair::<UNSIGNED>(c, d)];
            // A weight of zero meets the lower one.
            let third = if STRIDE == 1 {
                second
            } else {
                simd.pair::<UNSIGNED>(e, e)
            };
            [first, second, third]
        }
    }
}

/// The sums of windows that are not complete, and where complete ones go.
struct Sums<S: SimdI8> {
    /// `[row][window]`, the next to be complete first. At a stride of 2 there is one.
    waiting: [[S::I32; 2]; ROWS],
    to: *mut S::I32,
    /// Sums from one row's to the next's.
    distance: usize,
}

impl<S: SimdI8> Sums<S> {
    /// Adds a column.
    ///
    /// # Safety
    /// A sum can be written to either row.
    #[inline(always)]
    unsafe fn add<const STRIDE: usize>(
        &mut self,
        simd: S,
        weights: &Weights<S::Pair>,
        column: usize,
        pairs: [S::Pair; MOST_PAIRS],
    ) {
        // SAFETY: the caller's.
        unsafe {
            if column.is_multiple_of(STRIDE) {
                self.add_at::<STRIDE>(simd, weights, 0, pairs);
            } else {
                self.add_at::<STRIDE>(simd, weights, 1, pairs);
            }
        }
    }

    /// Adds a column; `phase` is what remains of it by the stride.
    ///
    /// # Safety
    /// A sum can be written to either row.
    #[inline(always)]
    unsafe fn add_at<const STRIDE: usize>(
        &mut self,
        simd: S,
        weights: &Weights<S::Pair>,
        phase: usize,
        pairs: [S::Pair; MOST_PAIRS],
    ) {
        for row in 0..ROWS {
            let first = row * (STRIDE - 1);
            let pairs = [pairs[first], pairs[first + 1]];
            let weights = &weights[row];
            let [a, b] = self.waiting[row];
            let none = simd.splat(0);
            if STRIDE == 1 || phase == 0 {
                let complete = dot(simd, a, pairs, weights, 2);
                // SAFETY: the caller's.
                unsafe { self.to.wrapping_add(row * self.distance).write(complete) };
            }
            self.waiting[row] = match (STRIDE, phase) {
                (1, _) => [
                    dot(simd, b, pairs, weights, 1),
                    dot(simd, none, pairs, weights, 0),
                ],
                (_, 0) => [dot(simd, none, pairs, weights, 0), none],
                _ => [dot(simd, a, pairs, weights, 1), none],
            };
        }
        if STRIDE == 1 || phase == 0 {
            self.to = self.to.wrapping_add(1);
        }
    }
}

/// Adds what a column of the window makes of two pairs.
#[inline(always)]
fn dot<S: SimdI8>(
    simd: S,
    sum: S::I32,
    pairs: [S::Pair; 2],
    weights: &[[S::Pair; TAPS]; 2],
    column: usize,
) -> S::I32 {
    let sum = simd.dot_pair(sum, pairs[0], weights[0][column]);
    simd.dot_pair(sum, pairs[1], weights[1][column])
}
