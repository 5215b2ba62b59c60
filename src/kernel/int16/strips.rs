//! Depthwise, for vector levels: strips of pixels under eight filters, each of a channel of its own.

use super::{Finish, JobI16, SimdI16};
use crate::kernel::rows::{Columns, Rows};
use crate::kernel::window::count;
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use core::mem::MaybeUninit;

/// Channels of a strip.
pub(super) const CHANNELS: usize = 8;

/// The most pixels of a strip.
const PIXELS: usize = 4;

/// Pixels that reach the same taps.
#[allow(dead_code)] // read where a level brings strips
pub(crate) struct Strip {
    /// The first tap that is reached, of the first pixel.
    input: *const i16,
    weights: *const i32,
    /// Planes, rows and columns of the window that are reached.
    taps: [usize; 3],
    /// Elements from one of them to the next, and words of weights.
    steps: [usize; 3],
    weight_steps: [usize; 3],
    /// Elements from pixel to pixel.
    pub pixel: usize,
}

#[allow(dead_code)] // called where a level brings strips
impl Strip {
    /// Calls `tap` with the first pixel's inputs and the weights of each tap.
    #[inline(always)]
    pub fn each(&self, mut tap: impl FnMut(*const i16, *const i32)) {
        let [planes, rows, columns] = self.taps;
        let (mut plane, mut plane_weights) = (self.input, self.weights);
        for _ in 0..planes {
            let (mut row, mut row_weights) = (plane, plane_weights);
            for _ in 0..rows {
                let (mut x, mut w) = (row, row_weights);
                for _ in 0..columns {
                    tap(x, w);
                    x = x.wrapping_add(self.steps[2]);
                    w = w.wrapping_add(self.weight_steps[2]);
                }
                row = row.wrapping_add(self.steps[1]);
                row_weights = row_weights.wrapping_add(self.weight_steps[1]);
            }
            plane = plane.wrapping_add(self.steps[0]);
            plane_weights = plane_weights.wrapping_add(self.weight_steps[0]);
        }
    }
}

/// Computes whole strips of channels; returns the first filter that is left.
#[inline(always)]
pub(super) fn run<S: SimdI16>(simd: S, job: &mut JobI16<'_>) -> usize {
    let geometry = job.geometry;
    let filters = geometry.filters;
    let rows = Rows::of(geometry, job.sizes, job.rows.start, job.first_input_row);
    let columns = Columns::of(geometry, job.sizes);
    let [_, kernel_height, kernel_width] = geometry.kernel;
    let [_, height, input_width] = geometry.input;
    let row = input_width.wrapping_mul(filters);
    let [z, y, x] = geometry.dilation;
    let output = job.output.as_mut_ptr();
    let end = count(&job.rows);
    let mut sums = MaybeUninit::<[[i32; PANEL]; PIXELS]>::uninit();
    let sums = sums.as_mut_ptr().cast::<i32>();
    let mut panel = job.packed.as_ptr();
    let mut first = 0;
    while first + CHANNELS <= filters {
        let lane = first % PANEL;
        let width = width(filters - (first - lane));
        let header = panel.wrapping_add(lane);
        let weights = panel.wrapping_add(HEADER * width + lane / QUAD);
        let tap = width / QUAD;
        let mut strip = Strip {
            input: job.input.as_ptr(),
            weights,
            taps: [0; 3],
            // A step that is never taken may be past all bounds.
            steps: [
                z.wrapping_mul(height.wrapping_mul(row)),
                y.wrapping_mul(row),
                x.wrapping_mul(filters),
            ],
            weight_steps: [kernel_height * kernel_width * tap, kernel_width * tap, tap],
            pixel: geometry.stride[2].wrapping_mul(filters),
        };
        let mut index = 0;
        while index < end {
            let lines = rows.lines(index, end);
            for line in 0..lines.count {
                let input = lines.input + line.wrapping_mul(geometry.stride[1]);
                let mut x = 0;
                while x < columns.pixels {
                    let inside = columns.axis.inside(x);
                    let mut pixels = 1;
                    if columns.interior.contains(&x) {
                        pixels = (columns.interior.end - x).min(PIXELS);
                    }
                    let at = (columns.axis.position(x, inside.start))
                        .wrapping_mul(filters)
                        .wrapping_add(input.wrapping_mul(row))
                        .wrapping_add(first);
                    strip.input = job.input.as_ptr().wrapping_add(at);
                    let before = (lines.planes.start * kernel_height + lines.rows.start)
                        * kernel_width
                        + inside.start;
                    strip.weights = weights.wrapping_add(before * tap);
                    strip.taps = [count(&lines.planes), count(&lines.rows), count(&inside)];
                    let at = ((lines.index + line) * columns.pixels + x) * filters + first;
                    // SAFETY: the taps are inside, and each pixel has eight outputs.
                    unsafe {
                        match pixels {
                            1 => simd.strip::<1>(&strip, sums),
                            2 => simd.strip::<2>(&strip, sums),
                            3 => simd.strip::<3>(&strip, sums),
                            _ => simd.strip::<PIXELS>(&strip, sums),
                        }
                        simd.finish(&Finish {
                            pixels,
                            filters: CHANNELS,
                            sums,
                            waiting: None,
                            steps: [PANEL, 1],
                            header,
                            width,
                            range: job.range,
                            output: output.wrapping_add(at),
                            output_step: filters,
                        });
                    }
                    x += pixels;
                }
            }
            index += lines.count;
        }
        first += CHANNELS;
        if first.is_multiple_of(PANEL) {
            panel = panel.wrapping_add(job.panels.panel(width));
        }
    }
    first
}
