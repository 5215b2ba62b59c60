//! One input channel per filter: vectors run along the channels, and meet no other channel.

use super::Job;
use super::window::{Axis, Position, quotient};
use crate::pack::{self, PANEL};
use crate::simd::Simd;
use core::ops::Range;

#[inline(always)]
pub(super) fn run<S: Simd>(simd: S, job: Job<'_>) {
    let (geometry, sizes) = (job.geometry, job.sizes);
    let axes = [0, 1, 2].map(|axis| Axis::of(geometry, sizes, axis));
    let [_, input_height, input_width] = geometry.input;
    let row = input_width * geometry.channels;
    let output_row = sizes.output[2] * geometry.filters;
    let mut at = Position::of(job.rows.start, sizes.output);
    for index in 0..job.rows.len() {
        let mut line = Line {
            axes: &axes,
            planes: axes[0].inside(at.depth),
            rows: axes[1].inside(at.height),
            input: job.input.as_ptr(),
            plane: geometry.dilation[0] * input_height * row,
            window_row: geometry.dilation[1] * row,
            piece: geometry.dilation[2] * geometry.channels,
            kernel: geometry.kernel,
            output: job.output.as_mut_ptr().wrapping_add(index * output_row),
            job: &job,
        };
        if line.planes.is_empty() || line.rows.is_empty() {
            (line.planes, line.rows) = (0..0, 0..0);
        } else {
            let first = (at.image * geometry.input[0]
                + axes[0].position(at.depth, line.planes.start))
                * input_height
                + axes[1].position(at.height, line.rows.start)
                - job.first_input_row;
            line.input = line.input.wrapping_add(first * row);
        }
        // SAFETY: the job's slices are as long as its geometry says, and `line` starts at the first
        // input row that the output row reaches.
        unsafe { line.run(simd) };
        at.advance(1, sizes.output);
    }
}

/// One output row.
struct Line<'a> {
    axes: &'a [Axis; 3],
    planes: Range<usize>,
    rows: Range<usize>,
    /// The input row under the first window row that lies inside.
    input: *const f32,
    /// Floats between the input rows under neighbouring window planes and rows, and between taps.
    plane: usize,
    window_row: usize,
    piece: usize,
    kernel: [usize; 3],
    output: *mut f32,
    job: &'a Job<'a>,
}

impl Line<'_> {
    /// # Safety
    /// The rows of the window that lie inside are readable from `input` on, the output row is
    /// writable, and the job's weights are its panels.
    #[inline(always)]
    unsafe fn run<S: Simd>(&self, simd: S) {
        let filters = self.job.geometry.filters;
        let multiplier = quotient(filters, self.job.geometry.channels);
        let mut panel = self.job.packed.as_ptr();
        let mut first = 0;
        while first < filters {
            let width = pack::width(filters - first);
            let mut lane = 0;
            while lane < width && first + lane < filters {
                let count = (filters - first - lane).min(S::LANES);
                let weights = panel.wrapping_add(lane);
                // SAFETY: the caller's, for `count` filters of a panel of this width.
                unsafe {
                    match (multiplier == 1, count == S::LANES) {
                        (true, true) => {
                            self.column::<S, true, true>(simd, first + lane, count, weights, width)
                        }
                        (true, false) => {
                            self.column::<S, true, false>(simd, first + lane, count, weights, width)
                        }
                        _ => self.column::<S, false, false>(
                            simd,
                            first + lane,
                            count,
                            weights,
                            width,
                        ),
                    }
                }
                lane += S::LANES;
            }
            panel = panel.wrapping_add(width * self.job.panels.rows());
            first += PANEL;
        }
    }

    /// One vector of filters, all pixels of the row. `ONE`: each reads the channel of its own
    /// number; `FULL`: every lane is a filter.
    ///
    /// # Safety
    /// As for [`run`](Self::run).
    #[inline(always)]
    unsafe fn column<S: Simd, const ONE: bool, const FULL: bool>(
        &self,
        simd: S,
        filter: usize,
        count: usize,
        weights: *const f32,
        width: usize,
    ) {
        let geometry = self.job.geometry;
        let multiplier = quotient(geometry.filters, geometry.channels);
        let [_, kernel_height, kernel_width] = self.kernel;
        let mask = simd.mask(count);
        let activation = self.job.activation;
        let (min, max) = (simd.splat(activation.min), simd.splat(activation.max));
        let mut channels = [0; PANEL];
        if !ONE {
            for (lane, channel) in channels.iter_mut().enumerate().take(count) {
                *channel = quotient(filter + lane, multiplier);
            }
        }
        // SAFETY: the caller's. Only taps inside the input are read, and only lanes below `count`.
        unsafe {
            let load = |p: *const f32| {
                if FULL {
                    simd.load(p)
                } else {
                    simd.load_masked(p, mask)
                }
            };
            for x in 0..self.job.sizes.output[2] {
                let taps = self.axes[2].inside(x);
                let start = self.axes[2]
                    .position(x, taps.start)
                    .wrapping_mul(geometry.channels);
                let mut acc = load(weights);
                for z in self.planes.clone() {
                    let plane = (z - self.planes.start) * self.plane;
                    for y in self.rows.clone() {
                        let mut input = self
                            .input
                            .wrapping_add(plane + (y - self.rows.start) * self.window_row)
                            .wrapping_add(start);
                        let tap = (z * kernel_height + y) * kernel_width + taps.start;
                        let mut w = weights.wrapping_add((1 + tap) * width);
                        for _ in taps.clone() {
                            let pixel = if ONE {
                                load(input.wrapping_add(filter))
                            } else {
                                let mut lanes = [0.0; PANEL];
                                for lane in 0..count {
                                    lanes[lane] = input.add(channels[lane]).read();
                                }
                                simd.load(lanes.as_ptr())
                            };
                            acc = simd.mul_add(pixel, load(w), acc);
                            input = input.wrapping_add(self.piece);
                            w = w.wrapping_add(width);
                        }
                    }
                }
                let result = simd.clamp(acc, min, max);
                let output = self.output.wrapping_add(x * geometry.filters + filter);
                if FULL {
                    simd.store(output, result);
                } else {
                    simd.store_masked(output, result, mask);
                }
            }
        }
    }
}
