//! The windows of a job's pixels, one after the other, for cores without vectors.

use super::JobI8;
use crate::geometry::{Geometry, Sizes};
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
    /// The last window given, and the column that it is in.
    window: Window,
    x: usize,
    /// Pixels of the row up to here need no look at the borders.
    easy: usize,
    pixels: usize,
    interior: [usize; 2],
    /// The next row of the output, counted from that of the first image.
    row: usize,
    /// Bytes from one pixel to the next.
    step: usize,
    /// The first channel.
    channel: usize,
}

impl Windows {
    #[inline(always)]
    pub fn of(job: &JobI8<'_>, channel: usize) -> Self {
        let columns = Columns::of(job.geometry, job.sizes);
        Windows {
            window: Window {
                origin: job.input.as_ptr(),
                inside: [[0; 2]; 3],
                inner: false,
            },
            // At the end of the row before the first.
            x: columns.pixels - 1,
            easy: 0,
            pixels: columns.pixels,
            interior: [columns.interior.start, columns.interior.end],
            row: job.rows.start,
            step: job.geometry.stride[2].wrapping_mul(job.geometry.channels),
            channel,
        }
    }

    /// The window of the next pixel, which exists.
    #[inline(always)]
    pub fn next(&mut self, job: &JobI8<'_>) -> Window {
        self.x += 1;
        self.window.origin = self.window.origin.wrapping_add(self.step);
        if self.x >= self.easy {
            self.turn(job);
        }
        self.window
    }

    /// The window of the next pixel, which exists, and how many pixels side by side have one that
    /// reaches the same taps.
    #[inline(always)]
    pub fn next_strip(&mut self, job: &JobI8<'_>) -> (Window, usize) {
        let window = self.next(job);
        let more = self.easy.saturating_sub(self.x + 1);
        self.x += more;
        self.window.origin = self
            .window
            .origin
            .wrapping_add(more.wrapping_mul(self.step));
        (window, more + 1)
    }

    /// To a pixel at a border, or one after it, or to the first of a row.
    #[inline(never)]
    fn turn(&mut self, job: &JobI8<'_>) {
        let (geometry, sizes) = (job.geometry, job.sizes);
        if self.x == self.pixels {
            self.x = 0;
            let [depth, height, _] = sizes.output;
            let plane = quotient(self.row, height);
            let image = quotient(plane, depth);
            let z = plane.wrapping_sub(image.wrapping_mul(depth));
            let y = self.row.wrapping_sub(plane.wrapping_mul(height));
            self.row += 1;
            self.window.inside[0] = inside(&Axis::of(geometry, sizes, 0), z);
            self.window.inside[1] = inside(&Axis::of(geometry, sizes, 1), y);
            // Of the first tap, inside or not.
            let plane = first(geometry, sizes, 0, image, z);
            let row = first(geometry, sizes, 1, plane, y).wrapping_sub(job.first_input_row);
            let at = first(geometry, sizes, 2, row, 0)
                .wrapping_mul(geometry.channels)
                .wrapping_add(self.channel);
            self.window.origin = job.input.as_ptr().wrapping_add(at);
        }
        self.window.inside[2] = inside(&Axis::of(geometry, sizes, 2), self.x);
        self.window.inner = (self.window.inside.iter())
            .zip(&geometry.kernel)
            .all(|([start, end], taps)| end - start == *taps);
        let [start, end] = self.interior;
        self.easy = if start <= self.x && self.x < end {
            end
        } else {
            0
        };
    }
}

/// Where along an axis the first tap of output position `at` lies, in row `before` of that axis.
#[inline(always)]
fn first(geometry: &Geometry, sizes: &Sizes, axis: usize, before: usize, at: usize) -> usize {
    before
        .wrapping_mul(geometry.input[axis])
        .wrapping_add(at.wrapping_mul(geometry.stride[axis]))
        .wrapping_sub(sizes.padding[axis][0])
}

/// [`Axis::inside`], out of line.
#[inline(never)]
fn inside(axis: &Axis, at: usize) -> [usize; 2] {
    let inside = axis.inside(at);
    [inside.start, inside.end]
}
