//! The windows of a job's pixels, one after the other, for cores without vectors.

use super::JobI8;
use crate::geometry::Geometry;
use crate::kernel::rows::Columns;
use crate::kernel::window::{Axis, quotient};

/// The window of a pixel.
#[derive(Clone, Copy)]
pub(super) struct Window {
    /// Where its first tap would lie if there were an image all around.
    pub origin: *const i8,
    /// The first and the end of the taps inside the image: planes, rows, columns.
    pub inside: [[usize; 2]; 3],
    /// All of them are.
    pub inner: bool,
}

impl Window {
    /// A tap, if it is inside.
    #[inline(always)]
    pub fn tap(&self, at: [usize; 3], steps: &[usize; 3]) -> *const i8 {
        self.origin
            .wrapping_add(at[0].wrapping_mul(steps[0]))
            .wrapping_add(at[1].wrapping_mul(steps[1]))
            .wrapping_add(at[2].wrapping_mul(steps[2]))
    }
}

/// Bytes from one plane, row and column of a window to the next. A step that is never taken may be past
/// all bounds.
#[inline(always)]
pub(super) fn steps(geometry: &Geometry) -> [usize; 3] {
    let [_, height, width] = geometry.input;
    let [z, y, x] = geometry.dilation;
    let row = width.wrapping_mul(geometry.channels);
    [
        z.wrapping_mul(height.wrapping_mul(row)),
        y.wrapping_mul(row),
        x.wrapping_mul(geometry.channels),
    ]
}

/// The walk over the windows of a job's pixels.
pub(super) struct Windows {
    /// The last window, and its column; before the first [`next`](Self::next), none.
    pub window: Window,
    x: usize,
    /// Pixels of the row up to here need no look at the borders.
    easy: usize,
    pixels: usize,
    interior: [usize; 2],
    /// The next row of the output, counted from that of the first image, and how many from there on
    /// reach the same taps as the last one.
    row: usize,
    alike: usize,
    /// The first tap of the row's first pixel, inside or not.
    start: *const i8,
    /// Bytes from one pixel to the next.
    step: usize,
    /// The first channel.
    channel: usize,
}

impl Windows {
    // One copy for all algorithms.
    #[inline(never)]
    pub fn of(job: &JobI8<'_>, channel: usize) -> Self {
        let columns = Columns::of(job.geometry, job.sizes);
        Windows {
            window: Window {
                origin: job.input.as_ptr(),
                // Overwritten before it is read. So many zeros would be a call of `memset`.
                inside: [[0, 1]; 3],
                inner: false,
            },
            // At the end of the row before the first.
            x: columns.pixels - 1,
            easy: 0,
            pixels: columns.pixels,
            interior: [columns.interior.start, columns.interior.end],
            row: job.rows.start,
            alike: 0,
            start: job.input.as_ptr(),
            step: job.geometry.stride[2].wrapping_mul(job.geometry.channels),
            channel,
        }
    }

    /// To the window of the next pixel, which exists.
    #[inline(always)]
    pub fn next(&mut self, job: &JobI8<'_>) {
        self.x += 1;
        self.window.origin = self.window.origin.wrapping_add(self.step);
        if self.x >= self.easy {
            // One after the other, so that neither needs its stack while the other runs.
            if self.x == self.pixels {
                self.turn_row(job);
            }
            self.turn(job);
        }
    }

    /// To the last of the pixels side by side whose windows reach the same taps as this one's; so many
    /// they are, with this one.
    #[inline(always)]
    pub fn skip(&mut self) -> usize {
        let more = self.easy.saturating_sub(self.x + 1);
        self.x += more;
        let bytes = more.wrapping_mul(self.step);
        self.window.origin = self.window.origin.wrapping_add(bytes);
        more + 1
    }

    /// To a pixel at a border, or one after it.
    #[inline(never)]
    fn turn(&mut self, job: &JobI8<'_>) {
        let geometry = job.geometry;
        let [start, end] = self.interior;
        if start <= self.x && self.x < end {
            self.window.inside[2] = [0, geometry.kernel[2]];
            self.easy = end;
        } else {
            let columns = Axis::of(geometry, job.sizes, 2).inside(self.x);
            self.window.inside[2] = [columns.start, columns.end];
            self.easy = 0;
        }
        self.window.inner = (self.window.inside.iter())
            .zip(&geometry.kernel)
            .all(|([start, end], taps)| end - start == *taps);
    }

    /// To the next row.
    #[inline(never)]
    fn turn_row(&mut self, job: &JobI8<'_>) {
        let geometry = job.geometry;
        self.x = 0;
        if self.alike > 0 {
            self.alike -= 1;
            let row = geometry.input[2].wrapping_mul(geometry.channels);
            let step = geometry.stride[1].wrapping_mul(row);
            self.start = self.start.wrapping_add(step);
        } else {
            // One that reaches other taps than the last one, or the first.
            let [depth, height, _] = job.sizes.output;
            let plane = quotient(self.row, height);
            let image = quotient(plane, depth);
            let z = plane.wrapping_sub(image.wrapping_mul(depth));
            let y = self.row.wrapping_sub(plane.wrapping_mul(height));
            let plane = self.enter(job, 0, image, z);
            let row = self.enter(job, 1, plane, y);
            let at = Axis::of(geometry, job.sizes, 2)
                .first(row.wrapping_sub(job.first_input_row), 0)
                .wrapping_mul(geometry.channels)
                .wrapping_add(self.channel);
            self.start = job.input.as_ptr().wrapping_add(at);
        }
        self.row += 1;
        self.window.origin = self.start;
    }

    /// To a position along the first or the second axis. Tells where its first tap lies, inside or not, in line
    /// `before` of the axis.
    // One axis at a time, as there may be little stack.
    #[inline(never)]
    fn enter(&mut self, job: &JobI8<'_>, axis: usize, before: usize, at: usize) -> usize {
        let number = axis & 1;
        let axis = Axis::of(job.geometry, job.sizes, number);
        let taps = axis.inside(at);
        self.window.inside[number] = [taps.start, taps.end];
        self.alike = axis.alike(at) - 1;
        axis.first(before, at)
    }
}
