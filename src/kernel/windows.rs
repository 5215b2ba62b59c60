//! The windows of a job's pixels, one after the other, for cores without vectors.

use super::window::{Axis, quotient};
use crate::geometry::{Geometry, Sizes};
use core::ptr;

/// A job, as the walk over its windows sees it.
pub(crate) trait Image {
    fn geometry(&self) -> &Geometry;
    fn sizes(&self) -> &Sizes;
    /// The first row of the output, and the first of the input, counted through batch, depth and height.
    fn first_row(&self) -> usize;
    fn first_input_row(&self) -> usize;
    /// The input.
    fn input(&self) -> *const i8;
    /// Bytes of a pixel of it.
    fn pixel(&self) -> usize;
}

/// Bytes from one plane, row and column of a window to the next. A step that is never taken may be past
/// all bounds.
#[inline(always)]
pub(super) fn steps(job: &impl Image) -> [usize; 3] {
    let [z, y, x] = job.geometry().dilation;
    let row = row(job);
    [
        z.wrapping_mul(job.geometry().input[1].wrapping_mul(row)),
        y.wrapping_mul(row),
        x.wrapping_mul(job.pixel()),
    ]
}

/// What is a pixel's own in a row of them.
#[derive(Clone, Copy)]
pub(crate) struct Pixel {
    /// Where the window's first tap would lie if there were an image all around; before the first [`next`](Windows::next), no
    /// window's.
    pub origin: *const i8,
    /// The first and the end of its columns inside the image.
    pub columns: [usize; 2],
}

impl Pixel {
    /// Whether a column is inside.
    #[inline(always)]
    pub fn reaches(&self, column: usize) -> bool {
        self.columns[0] <= column && column < self.columns[1]
    }
}

/// The walk over the windows of a job's pixels: where it stands. It may lie on a stack of few bytes, so it holds little that
/// the job tells as well.
pub(crate) struct Windows {
    pub pixel: Pixel,
    /// The first and the end of the window's planes and rows inside the image.
    pub planes: [usize; 2],
    pub rows: [usize; 2],
    /// The column of the pixel.
    x: usize,
    /// The first pixel of the row whose window may reach other columns than this one's.
    easy: usize,
    /// The next row of the output, counted from that of the first image, and how many from there on
    /// reach the same taps as the last one.
    row: usize,
    alike: usize,
    /// The first tap of the row's first pixel, inside or not; see [`enter_plane`](Self::enter_plane) too.
    start: *const i8,
    /// Bytes before the first channel.
    channel: usize,
}

impl Windows {
    /// Before [`start`](Self::start), at nothing.
    pub const NONE: Self = Windows {
        // Overwritten before it is read. So many zeros would be a call of `memset`.
        pixel: Pixel {
            origin: ptr::null(),
            columns: [0, 1],
        },
        planes: [0, 1],
        rows: [0, 1],
        x: 0,
        easy: 0,
        row: 0,
        alike: 0,
        start: ptr::null(),
        channel: 0,
    };

    /// To before the job's first pixel, at the channel behind so many bytes.
    // One copy for all algorithms, whose frame is gone when they run.
    #[inline(never)]
    pub fn start(&mut self, job: &impl Image, channel: usize) {
        // At the end of the row before the first.
        self.x = job.sizes().output[2] - 1;
        self.easy = 0;
        self.row = job.first_row();
        self.alike = 0;
        self.pixel.origin = job.input();
        self.channel = channel;
    }

    /// A tap, if it is inside.
    #[inline(always)]
    pub fn tap(&self, at: [usize; 3], steps: &[usize; 3]) -> *const i8 {
        tap(self.pixel.origin, at, steps)
    }

    /// Whether a plane and a row are inside.
    #[inline(always)]
    pub fn reaches(&self, [plane, row]: [usize; 2]) -> bool {
        let [front, back] = self.planes;
        let [top, bottom] = self.rows;
        front <= plane && plane < back && top <= row && row < bottom
    }

    /// To the window of the next pixel, which exists.
    #[inline(always)]
    pub fn next(&mut self, job: &impl Image) {
        self.x += 1;
        self.pixel.origin = self.pixel.origin.wrapping_add(step(job));
        if self.x >= self.easy {
            // One after the other, so that none needs its stack while another runs.
            if self.x == job.sizes().output[2] {
                if self.alike > 0 {
                    self.go_down(job);
                } else {
                    self.enter_plane(job);
                    self.enter_row(job);
                }
                self.row += 1;
                self.x = 0;
                self.pixel.origin = self.start;
            }
            self.turn(job);
        }
    }

    /// Whether the next pixel, if it is one of the job's, has the same planes and rows inside.
    #[inline(always)]
    pub fn goes_on(&self, job: &impl Image) -> bool {
        self.alike > 0 || self.x + 1 < job.sizes().output[2]
    }

    /// To the last of the pixels side by side whose windows reach the same taps as this one's; so many
    /// they are, with this one.
    #[inline(always)]
    pub fn skip(&mut self, job: &impl Image) -> usize {
        let more = self.easy - (self.x + 1);
        self.x += more;
        let bytes = more.wrapping_mul(step(job));
        self.pixel.origin = self.pixel.origin.wrapping_add(bytes);
        more + 1
    }

    /// To a pixel at a border, or one after it.
    #[inline(never)]
    fn turn(&mut self, job: &impl Image) {
        let axis = Axis::of(job.geometry(), job.sizes(), 2);
        let columns = axis.inside(self.x);
        self.pixel.columns = [columns.start, columns.end];
        self.easy = self.x + axis.alike(self.x);
    }

    /// To the next row, which reaches the same taps as the last one.
    #[inline(never)]
    fn go_down(&mut self, job: &impl Image) {
        self.alike -= 1;
        let step = job.geometry().stride[1].wrapping_mul(row(job));
        self.start = self.start.wrapping_add(step);
    }

    /// To the plane of the next row: `start` becomes its first row.
    #[inline(never)]
    fn enter_plane(&mut self, job: &impl Image) {
        let [depth, height, _] = job.sizes().output;
        let plane = quotient(self.row, height);
        let image = quotient(plane, depth);
        let z = plane.wrapping_sub(image.wrapping_mul(depth));
        let axis = Axis::of(job.geometry(), job.sizes(), 0);
        let inside = axis.inside(z);
        self.planes = [inside.start, inside.end];
        let rows = axis.first(image, z).wrapping_mul(job.geometry().input[1]);
        let bytes = (rows.wrapping_sub(job.first_input_row())).wrapping_mul(row(job));
        self.start = job.input().wrapping_add(bytes);
    }

    /// To the next row of that plane: `start` becomes its first tap.
    #[inline(never)]
    fn enter_row(&mut self, job: &impl Image) {
        let height = job.sizes().output[1];
        let y = (self.row).wrapping_sub(quotient(self.row, height).wrapping_mul(height));
        let axis = Axis::of(job.geometry(), job.sizes(), 1);
        let inside = axis.inside(y);
        self.rows = [inside.start, inside.end];
        self.alike = axis.alike(y) - 1;
        let before = job.sizes().padding[2][0].wrapping_mul(job.pixel());
        let bytes = (axis.first(0, y).wrapping_mul(row(job)))
            .wrapping_sub(before)
            .wrapping_add(self.channel);
        self.start = self.start.wrapping_add(bytes);
    }
}

/// Two pixels next to each other, whose windows have the same planes and rows inside.
pub(crate) struct Two {
    /// The walk, which stands at the second.
    pub windows: Windows,
    /// What the window of the first does not share with it.
    pub first: Pixel,
}

impl Two {
    /// Before the walk starts.
    pub const NONE: Self = Two {
        windows: Windows::NONE,
        first: Windows::NONE.pixel,
    };

    /// To the next two, or to one that is both if it is the last or none goes with it; tells how many.
    #[inline(always)]
    pub fn next(&mut self, job: &impl Image, last: bool) -> usize {
        self.windows.next(job);
        self.first = self.windows.pixel;
        if !last && self.windows.goes_on(job) {
            self.windows.next(job);
            return 2;
        }
        1
    }
}

/// Bytes of a row of the input.
#[inline(always)]
fn row(job: &impl Image) -> usize {
    job.geometry().input[2].wrapping_mul(job.pixel())
}

/// A tap of the window whose first one lies at `origin`, or would.
#[inline(always)]
pub(super) fn tap(origin: *const i8, at: [usize; 3], steps: &[usize; 3]) -> *const i8 {
    origin
        .wrapping_add(at[0].wrapping_mul(steps[0]))
        .wrapping_add(at[1].wrapping_mul(steps[1]))
        .wrapping_add(at[2].wrapping_mul(steps[2]))
}

/// Bytes from one pixel's window to the next.
#[inline(always)]
pub(super) fn step(job: &impl Image) -> usize {
    job.geometry().stride[2].wrapping_mul(job.pixel())
}
