//! Depthwise 3x3 at a stride of 1 or 2, for vector levels: what most depthwise layers are. Levels that multiply
//! bytes have [`super::quads`] for most of them.
//!
//! What is multiplied are pairs, as in [`super::depthwise`], but none is laid out. Two output rows are
//! computed at a time, vector by vector of channels, and from left to right: an input becomes a part of a
//! pair once, and each pair is added at once to all the outputs whose windows it lies under, of both rows.
//! What waits are the sums of the windows that are not complete.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

mod stride1;
mod stride2;

use self::stride1::Stride1;
use self::stride2::Stride2;
use super::finish::Filters;
use crate::kernel::int8::{JobI8, Outputs};
use crate::kernel::rows::Columns;
use crate::kernel::window::{count, quotient};
use crate::pack::PANEL;
use crate::simd::SimdI8;
use core::{array, ops::Range};

/// Rows and columns of the window, and output rows at a time.
const TAPS: usize = 3;
const ROWS: usize = 2;

/// What a stride makes of a vector's weights, and how windows slide at it.
trait Weights<S: SimdI8, const V: usize>: Sized {
    const STRIDE: usize;

    /// Of the filters of `slide`.
    ///
    /// # Safety
    /// The filters are the job's.
    unsafe fn load(simd: S, slide: &Slide<'_, S, V>) -> Self;

    /// Adds up the windows of neighbouring pixels. Their sums of each vector start `TAPS - STRIDE`
    /// behind `to`, and those of the second row `distance` further on, as far as to be right behind
    /// them or more: what the second row writes too early is then written again.
    ///
    /// # Safety
    /// The input has the rows, and there is room for [`TAPS`] sums more than pixels in both rows.
    unsafe fn slide<const UNSIGNED: bool>(
        &self,
        simd: S,
        slide: &Slide<'_, S, V>,
        under: Under,
        pixels: Range<usize>,
        to: [*mut S::I32; V],
        distance: usize,
    );
}

/// Whether a job is of this kind.
#[inline(always)]
pub(super) fn is(job: &JobI8<'_>) -> bool {
    let geometry = job.geometry();
    let [_, down, right] = geometry.stride;
    geometry.kernel == [1, TAPS, TAPS]
        && geometry.input[0] == 1
        && job.sizes().output[0] == 1
        && job.sizes().padding[0] == [0; 2]
        && geometry.dilation[1..] == [1; 2]
        && down == right
        && (down == 1 || down == 2)
        && geometry.filters == geometry.channels
}

/// Lines and pixels to take through all channels before the next: as much of the input as stays close
/// by in the second-level cache, for a panel reads but a part of each cache line, and the next few the
/// rest. (64 KiB; with the 16 KiB of a first-level cache, what is done once for each line weighs more.)
#[inline(always)]
pub(super) fn band(job: &JobI8<'_>) -> [usize; 2] {
    const LINE: usize = 64;
    const LINES: usize = 1024;
    let geometry = job.geometry();
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

/// Vectors of filters that stand side by side, all of which exist, and some lines. Where a panel holds
/// two vectors, they share what each line and column takes beside arithmetic.
pub(super) struct Slide<'a, S: SimdI8, const V: usize> {
    pub job: &'a JobI8<'a>,
    pub columns: &'a Columns,
    /// The first filter's first weight, and weights to the next tap's.
    pub weights: *const i8,
    pub width: usize,
    pub filters: [Filters<S>; V],
    /// The first filter.
    pub first: usize,
    /// The first filter's output of the job's first row.
    pub output: Outputs,
    /// Room for the sums, and how many of each vector there is room for.
    pub sums: *mut S::I32,
    pub room: usize,
}

impl<S: SimdI8, const V: usize> Slide<'_, S, V> {
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
            match self.job.geometry().stride[1] {
                1 => self.at::<Stride1<S, V>, UNSIGNED>(simd, lines, pixels),
                _ => self.at::<Stride2<S, V>, UNSIGNED>(simd, lines, pixels),
            }
        }
    }

    /// # Safety
    /// As for [`lines`](Self::lines).
    #[inline(always)]
    unsafe fn at<W: Weights<S, V>, const UNSIGNED: bool>(
        &self,
        simd: S,
        lines: Range<usize>,
        pixels: Range<usize>,
    ) {
        let columns = self.columns.pixels;
        let quant = self.job.quant();
        let zeros = [quant.input_zero as i8 ^ quant.flip_input as i8; PANEL];
        // SAFETY: the caller's; the sums are written before they are read, and there is room for those
        // of `chunk` pixels.
        unsafe {
            let weights = W::load(simd, self);
            // Before the first window is complete, as many sums are written that are none.
            let ahead = const { TAPS - W::STRIDE };
            let chunk = ((self.room - TAPS) / ROWS).min(count(&pixels));
            // Whole rows follow each other without a gap, and wait for more of them.
            let whole = chunk == columns;
            let mut waiting = 0;
            let room: [_; V] = array::from_fn(|v| self.sums.add(v * self.room));
            // What stands behind the first row's last is kept.
            for v in 0..V {
                for i in 0..TAPS {
                    room[v].add(i).write(simd.splat(0));
                }
            }
            let [_, height, _] = self.job.sizes().output;
            let [_, input_height, _] = self.job.geometry().input;
            let row = self.job.rows.start + lines.start;
            let image = quotient(row, height);
            let mut y = row - image * height;
            let mut first = (image * input_height).wrapping_sub(self.job.first_input_row);
            let mut line = lines.start;
            while line < lines.end {
                // Both are rows of one image.
                let rows = ROWS.min(lines.end - line).min(height - y);
                let under = Under {
                    rows: TAPS + (rows - 1) * W::STRIDE,
                    zeros: zeros.as_ptr(),
                    first,
                    top: y * W::STRIDE,
                };
                let mut x = pixels.start;
                while x < pixels.end {
                    let end = (x + chunk).min(pixels.end);
                    let sums = room.map(|room| room.add(waiting));
                    let mut last = [[simd.splat(0); TAPS]; V];
                    for v in 0..V {
                        for i in 0..ahead {
                            last[v][i] = sums[v].add(i).read();
                        }
                    }
                    let distance = end - x;
                    weights.slide::<UNSIGNED>(simd, self, under, x..end, sums, distance);
                    // Those that were no sums stand where the last ones were.
                    for v in 0..V {
                        for i in 0..ahead {
                            sums[v].add(i).write(last[v][i]);
                        }
                    }
                    if whole {
                        waiting += rows * columns;
                        let stop = line + rows;
                        if stop == lines.end || waiting + ROWS * columns + TAPS > self.room {
                            let sums = room.map(|room| room.add(ahead));
                            self.write(simd, sums, waiting, stop * columns - waiting);
                            waiting = 0;
                        }
                    } else {
                        for row in 0..rows {
                            let sums = sums.map(|sums| sums.add(ahead + row * distance));
                            self.write(simd, sums, distance, (line + row) * columns + x);
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

    /// Makes outputs of sums, from this pixel of the job's on.
    ///
    /// # Safety
    /// So many sums are there, and the pixels are the job's.
    #[inline(always)]
    unsafe fn write(&self, simd: S, sums: [*mut S::I32; V], pixels: usize, pixel: usize) {
        let step = self.job.geometry().filters;
        for v in 0..V {
            let to = self.output.at(pixel * step + v * S::LANES);
            // SAFETY: the caller's.
            unsafe { self.filters[v].write(simd, sums[v], 1, pixels, to, step) };
        }
    }

    /// A weight of each filter of a vector.
    #[inline(always)]
    fn weight(&self, v: usize, row: usize, column: usize) -> *const i8 {
        self.weights
            .wrapping_add((row * TAPS + column) * self.width + v * S::LANES)
    }

    /// Where the first filter's channel lies in the rows under two output rows, at column `column` of
    /// the input, and bytes to the next column. A row in the padding is one zero point again and again.
    #[inline(always)]
    fn rows<const N: usize>(&self, under: &Under, column: usize) -> ([*const i8; N], [usize; N]) {
        let geometry = self.job.geometry();
        let [_, height, width] = geometry.input;
        let [_, [above, _], _] = self.job.sizes().padding;
        let top = under.top.wrapping_sub(above);
        let pixel = under.first.wrapping_add(top).wrapping_mul(width);
        let at = pixel.wrapping_add(column).wrapping_mul(geometry.channels);
        let mut at = self.job.input.wrapping_add(at.wrapping_add(self.first));
        let (mut from, mut steps) = ([under.zeros; N], [0; N]);
        for row in 0..N {
            if row < under.rows && top.wrapping_add(row) < height {
                from[row] = at;
                steps[row] = geometry.channels;
            }
            at = at.wrapping_add(width * geometry.channels);
        }
        (from, steps)
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
