//! Dense, for cores without vectors: the windows of two pixels are laid out, with zeros in the padding, and all filters pass over
//! them.
//!
//! They are laid out where outputs are still to be computed, behind those of the two pixels. Where less than the windows fits
//! there, so at the end of a job, they are laid out piece by piece, each time anew for every panel; a little room is on the stack.

use super::{JobI16, MOST, PIXELS, Pair, Panel};
use crate::kernel::window::{count, quotient};
use crate::kernel::windows::{Pixel, Two, steps, tap};
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use crate::simd::reread;
use core::mem::MaybeUninit;
use core::ptr;

/// A level without vectors, as these kernels see it.
///
/// # Safety
///
/// A value is made only where the CPU has the instructions that the methods use.
pub(crate) unsafe trait Pairs: Copy {
    /// Where an input of a quad is laid out in it.
    fn place(input: usize) -> usize;

    /// Lays out quads of one pixel, each next one [`STEP`] elements further on than the last.
    ///
    /// # Safety
    /// So many quads are readable, and as many places writable, the first at a multiple of four bytes.
    unsafe fn lay_out(self, from: *const i16, quads: usize, to: *mut i16);

    /// Adds the products of two pixels' quads, one at least, to the sums of a panel's filters; the first of the weights are those
    /// of the first filter.
    ///
    /// # Safety
    /// So many quads were laid out, no more than fit an int32; sums and weights are there, of an even number of filters.
    unsafe fn add(self, panel: &Panel<'_>, inputs: *const i16, quads: usize, weights: *const i32);

    /// The same of the first pixel alone, whose quads lie as they do in the image.
    ///
    /// # Safety
    /// So many are readable, no more than fit an int32; sums and weights are there, of whole fours of filters.
    unsafe fn add_alone(
        self,
        panel: &Panel<'_>,
        inputs: *const i16,
        quads: usize,
        weights: *const i32,
    );
}

/// Elements from a pixel's quad to its next one: the other pixel's stands between.
pub(crate) const STEP: usize = PIXELS * QUAD;

/// Quads of both pixels that half of the room of sums holds: there they are laid out if there is no other place.
const QUADS: usize = size_of::<[Pair; PANEL]>() / 2 / size_of::<[i16; STEP]>();

/// [`Space::quads`] of windows that are laid out whole.
const WHOLE: usize = usize::MAX;

/// Of a window that is read as it lies.
const ALONE: usize = WHOLE - 1;

/// Where quads are laid out, and how many there is room for.
struct Space {
    at: *mut i16,
    quads: usize,
}

impl Space {
    /// In the outputs from one on, which are still to be computed.
    #[inline(always)]
    fn behind(output: *mut i16, end: *mut i16) -> Self {
        // Quads begin at words.
        let start = output.addr().next_multiple_of(align_of::<i32>());
        Space {
            at: output.with_addr(start),
            quads: end.addr().saturating_sub(start) / size_of::<[i16; STEP]>(),
        }
    }

    /// In half of the room of sums.
    #[inline(always)]
    fn beside(panel: &Panel<'_>) -> Self {
        Space {
            at: panel.sums.wrapping_add(PANEL / 2).cast(),
            quads: QUADS,
        }
    }
}

#[inline(never)]
pub(super) fn run<S: Pairs>(simd: S, job: &JobI16<'_>) {
    let mut sums = MaybeUninit::<[Pair; PANEL]>::uninit();
    let mut panel = Panel::of(job, sums.as_mut_ptr().cast());
    let mut two = Two::NONE;
    two.windows.start(job, 0);
    let end = (job.output).wrapping_add(count(&job.rows) * job.plan.output_row_len());
    while panel.output != end {
        panel.step(&mut two, end);
        // SAFETY: the windows are those of pixels of the job, which have these outputs, and there are no more behind the end.
        unsafe { outputs(simd, &mut panel, &two, end) };
    }
}

/// Quads of a window.
#[inline(always)]
fn quads(job: &JobI16<'_>) -> usize {
    job.panels().depth().div_ceil(QUAD)
}

/// Computes the outputs of two pixels; leaves the panel at those of the next.
///
/// # Safety
/// The windows are those of pixels of the panel's job; each pixel that exists has outputs, and no output up to the end is computed.
#[inline(always)]
unsafe fn outputs<S: Pairs>(simd: S, panel: &mut Panel<'_>, two: &Two, end: *mut i16) {
    panel.header = panel.job.packed;
    let mut channel = 0;
    while channel < reread(panel.job).geometry().channels {
        let group = reread(panel.job).sizes().group_filters;
        let mut space = Space::behind(panel.last().wrapping_add(group), end);
        // SAFETY: the caller's; panels follow each other as `PanelsI8` counts them.
        unsafe {
            if is_alone(panel) {
                space.quads = ALONE;
            } else if quads(reread(panel.job)) <= space.quads {
                let all = quads(reread(panel.job));
                lay_out(simd, panel.job, two, channel, [0, all], space.at);
                space.quads = WHOLE;
            }
            let mut left = reread(panel.job).sizes().group_filters;
            while left > 0 {
                if space.quads < ALONE {
                    space = Space::behind(panel.last().wrapping_add(left.min(PANEL)), end);
                    if space.quads <= QUADS {
                        space = Space::beside(panel);
                    }
                }
                next(panel, left, space.at);
                panel.start();
                if space.quads == ALONE {
                    add_alone(simd, panel, two, channel);
                } else {
                    add(simd, panel, two, channel, &space);
                }
                panel.finish();
                left = pass(panel, left);
            }
        }
        channel += reread(panel.job).sizes().group_channels;
    }
    panel.output = panel.last();
}

/// Adds what the weights make of both windows, which are laid out whole, or are here, piece by piece.
///
/// # Safety
/// As for [`outputs`]; the sums have been started.
#[inline(always)]
unsafe fn add<S: Pairs>(simd: S, panel: &Panel<'_>, two: &Two, channel: usize, space: &Space) {
    let mut at = 0;
    while at < quads(reread(panel.job)) {
        let mut now = (quads(reread(panel.job)) - at).min(MOST / QUAD);
        let mut inputs = space.at;
        // SAFETY: the caller's; the panel has weights of each quad.
        unsafe {
            if space.quads == WHOLE {
                inputs = inputs.wrapping_add(at * STEP);
            } else {
                now = now.min(space.quads);
                lay_out(simd, panel.job, two, channel, [at, now], inputs);
            }
            if at > 0 && panel.is_long() {
                panel.carry();
            }
            let weights = (panel.header).wrapping_add((HEADER + at) * panel.width);
            simd.add(panel, inputs, now, weights);
        }
        at += now;
    }
}

/// Whether there is one pixel, whose window need not be laid out.
#[inline(always)]
fn is_alone(panel: &Panel<'_>) -> bool {
    panel.pixels == 1 && panel.job.sizes().group_channels.is_multiple_of(QUAD)
}

/// Adds what the weights make of the first window, whose taps are whole quads.
///
/// # Safety
/// As for [`outputs`]; the sums have been started.
// Its frame is gone when sums become outputs.
#[inline(never)]
unsafe fn add_alone<S: Pairs>(simd: S, panel: &Panel<'_>, two: &Two, channel: usize) {
    let mut place = Place::of(panel.job, 0);
    let mut at = 0;
    while at < quads(reread(panel.job)) {
        let mut len = MOST;
        let from = place.next(reread(panel.job), two, &reread(two).first, &mut len);
        if !from.is_null() {
            let panel = reread(panel);
            let weights = (panel.header).wrapping_add((HEADER + at) * panel.width);
            // SAFETY: the taps are inside; the panel has weights of each quad.
            unsafe {
                if at > 0 && reread(panel).is_long() {
                    panel.carry();
                }
                simd.add_alone(panel, from.wrapping_add(channel), len / QUAD, weights);
            }
        }
        at += len / QUAD;
    }
}

/// Makes it the next of a group's filters, of which so many are left.
// Its frame is gone when they are computed.
#[inline(never)]
fn next(panel: &mut Panel<'_>, left: usize, space: *mut i16) {
    if lane(panel, left) == 0 {
        panel.width = width(left);
    }
    // Half of the room of sums may be that of inputs, and half of what there is is that of what waits of long sums.
    let mut most = PANEL;
    if space == Space::beside(panel).at {
        most /= 2;
    }
    if panel.is_long() {
        most /= 2;
    }
    panel.filters = left.min(most);
}

/// Leaves it behind those filters; tells how many are left then.
#[inline(never)]
fn pass(panel: &mut Panel<'_>, left: usize) -> usize {
    let lane = lane(panel, left);
    let rest = left - panel.filters;
    panel.output = panel.output.wrapping_add(panel.filters);
    panel.header = if rest > 0 && lane + panel.filters < panel.width {
        panel.header.wrapping_add(panel.filters)
    } else {
        (panel.header).wrapping_add(panel.job.panels().panel(panel.width) - lane)
    };
    rest
}

/// Filters of a panel before those of which so many are left in the group.
#[inline(always)]
fn lane(panel: &Panel<'_>, left: usize) -> usize {
    (panel.job.sizes().group_filters - left) % PANEL
}

/// Lays out quads of both windows, so many from one on, of the group of which this is the first channel.
///
/// # Safety
/// The windows are those of pixels of the job, and have such quads; there is room for them.
// Its frame is gone when they are multiplied.
#[inline(never)]
unsafe fn lay_out<S: Pairs>(
    simd: S,
    job: &JobI16<'_>,
    two: &Two,
    first: usize,
    [at, quads]: [usize; 2],
    mut to: *mut i16,
) {
    let mut pixel = &two.first;
    loop {
        let mut place = Place::of(job, at * QUAD);
        let mut done = 0;
        while done < quads * QUAD {
            let mut len = quads * QUAD - done;
            let from = place.next(reread(job), two, pixel, &mut len);
            // SAFETY: the taps are inside; there is room.
            unsafe {
                if reread(job).sizes().group_channels.is_multiple_of(QUAD) {
                    let to = to.wrapping_add(done * PIXELS);
                    if from.is_null() {
                        zeros(to, len / QUAD);
                    } else {
                        simd.lay_out(from.wrapping_add(first), len / QUAD, to);
                    }
                } else {
                    one_by_one::<S>(from, first, len, to, done);
                }
            }
            done += len;
        }
        if ptr::eq(pixel, &two.windows.pixel) {
            return;
        }
        pixel = &two.windows.pixel;
        to = to.wrapping_add(QUAD);
    }
}

/// An input of a window: plane, row and column of its tap, and the channel of the group.
struct Place {
    tap: [usize; 3],
    channel: usize,
}

impl Place {
    /// That of a number of inputs before it.
    #[inline(never)]
    fn of(job: &JobI16<'_>, at: usize) -> Self {
        let channels = job.sizes().group_channels;
        let [_, rows, columns] = job.geometry().kernel;
        let tap = quotient(at, channels);
        let row = quotient(tap, columns);
        let plane = quotient(row, rows);
        Place {
            tap: [plane, row - plane * rows, tap - row * columns],
            channel: at - tap * channels,
        }
    }

    /// Passes inputs that lie side by side, or in the padding, no more than so many, and tells how many; and where the first of
    /// them lies in the first group, or that they are zeros.
    #[inline(never)]
    fn next(&mut self, job: &JobI16<'_>, two: &Two, pixel: &Pixel, most: &mut usize) -> *const i16 {
        let [plane, row, column] = self.tap;
        let mut from = ptr::null();
        if two.windows.reaches([plane, row]) && pixel.reaches(column) {
            from = tap(pixel.origin, self.tap, &steps(job))
                .cast::<i16>()
                .wrapping_add(self.channel);
        }
        let [_, rows, columns] = job.geometry().kernel;
        let mut end = column + 1;
        if pixel.columns == [0, columns]
            && job.geometry().dilation[2] == 1
            && job.geometry().groups == 1
        {
            end = columns;
        }
        let len = (end - column) * job.sizes().group_channels - self.channel;
        if len > *most {
            self.channel += *most;
            return from;
        }
        *most = len;
        self.channel = 0;
        self.tap[2] = end;
        if end == columns {
            self.tap[2] = 0;
            self.tap[1] += 1;
            if self.tap[1] == rows {
                self.tap[1] = 0;
                self.tap[0] += 1;
            }
        }
        from
    }
}

/// Lays out zeros as quads of a pixel.
///
/// # Safety
/// So many places are writable.
#[inline(always)]
unsafe fn zeros(mut to: *mut i16, quads: usize) {
    for _ in 0..quads {
        // SAFETY: the caller's.
        unsafe { to.cast::<[i16; QUAD]>().write([0; QUAD]) };
        to = to.wrapping_add(STEP);
    }
}

/// Lays out inputs of a pixel, or zeros, behind so many that are.
///
/// # Safety
/// So many are readable, if any are to be read, and their places are writable.
#[inline(always)]
unsafe fn one_by_one<S: Pairs>(
    from: *const i16,
    first: usize,
    len: usize,
    to: *mut i16,
    done: usize,
) {
    for i in 0..len {
        let at = done + i;
        // SAFETY: the caller's.
        unsafe {
            let input = if from.is_null() {
                0
            } else {
                from.add(first + i).read()
            };
            to.add(at / QUAD * STEP + S::place(at % QUAD)).write(input);
        }
    }
}
