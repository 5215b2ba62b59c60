//! Dense, for cores without vectors: the windows of two pixels, which are read as they lie in the image.
//!
//! What lies in the padding is left out. Where the channels of a tap are no whole quads, the weights are not cut as the
//! image is, and windows are gathered first: see [`gather`](super::gather).

use super::JobI8;
use super::gather::{self, Bytes, PIECE, depth};
use super::panels;
use super::put::Panel;
use super::quads::{Quads, Reach, Taps};
use crate::kernel::window::count;
use crate::kernel::windows::{Two, Windows, steps, tap};
use crate::pack_i8::QUAD;
use crate::simd::reread;
use core::mem::MaybeUninit;

#[inline(always)]
pub(crate) fn run<S: Quads>(simd: S, job: &JobI8<'_>) {
    if job.sizes().group_channels.is_multiple_of(QUAD) {
        whole(simd, job);
    } else {
        ragged(simd, job);
    }
}

/// Layers whose taps are whole quads.
// Neither of the two is inlined, so that neither has the frame of the other.
#[inline(never)]
fn whole<S: Quads>(simd: S, job: &JobI8<'_>) {
    let constants = simd.constants(job);
    each_two::<S>(job, |panel, two| {
        // SAFETY: the windows are those of pixels of the job, which have so many outputs.
        unsafe { of_taps(simd, &constants, panel, two) };
    });
}

/// Computes the outputs of two pixels from the taps of their windows.
///
/// # Safety
/// The windows are those of pixels of the panel's job, whose taps are whole quads; each pixel that exists has outputs.
#[inline(never)]
unsafe fn of_taps<S: Quads>(simd: S, constants: &S::Constants, panel: &mut Panel<'_>, two: &Two) {
    let at_once = S::OUTPUTS && reread(panel).job.plain && two.is_one(reread(panel).job);
    let mut left = reread(panel).job.sizes().group_filters;
    while left > 0 {
        let end = panels::next(panel, left, quads(reread(panel).job));
        left -= panel.filters;
        // SAFETY: the caller's; a panel begins with the biases of its filters.
        unsafe {
            if at_once {
                let two = reread(two);
                let plane = two.windows.planes[0];
                let mut taps = Taps::NONE;
                two.aim(panel, &mut taps, plane, two.first.columns, Reach::Both);
                simd.outputs(panel, &mut taps, constants);
            } else {
                panels::each(simd, panel, |panel| two.add(simd, constants, panel));
            }
        }
        panel.header = end;
    }
}

/// Quads of a filter's weights where each tap has whole ones.
#[inline(always)]
fn quads(job: &JobI8<'_>) -> usize {
    job.sizes().taps * (job.sizes().group_channels / QUAD)
}

/// Other layers.
#[inline(never)]
fn ragged<S: Quads>(simd: S, job: &JobI8<'_>) {
    let constants = simd.constants(job);
    let mut bytes = MaybeUninit::<Bytes>::uninit();
    let bytes: *mut i8 = bytes.as_mut_ptr().cast();
    each_two::<S>(job, |panel, two| {
        // SAFETY: the windows are those of pixels of the job, which have so many outputs; there is room for a piece of each.
        unsafe {
            // One piece that is all serves every filter.
            let job = reread(panel).job;
            if depth(job) <= PIECE {
                let [planes, _, columns] = job.geometry().kernel;
                if two.is_one(job) && planes == 1 && two.first.columns == [0, columns] {
                    gather::rows(simd, job, two, bytes);
                } else {
                    gather::gather(simd, job, two, 0, bytes);
                }
            }
            of_bytes(simd, &constants, panel, two, bytes);
        }
    });
}

/// Computes the outputs of two pixels from the bytes of their windows, which lie at `bytes` if they are one piece, and are
/// gathered there if they are more.
///
/// # Safety
/// The windows are those of pixels of the panel's job; each pixel that exists has outputs, and at `bytes` there is room for
/// [`Bytes`].
#[inline(never)]
unsafe fn of_bytes<S: Quads>(
    simd: S,
    constants: &S::Constants,
    panel: &mut Panel<'_>,
    two: &Two,
    bytes: *mut i8,
) {
    let mut left = reread(panel).job.sizes().group_filters;
    while left > 0 {
        let end = panels::next(panel, left, depth(reread(panel).job).div_ceil(QUAD));
        left -= panel.filters;
        // SAFETY: the caller's; a panel begins with the biases of its filters; the windows have bytes from each piece on.
        unsafe {
            if S::OUTPUTS && depth(reread(panel).job) <= PIECE && panel.job.plain {
                let mut taps = Taps::NONE;
                piece(panel, bytes, 0, &mut taps);
                simd.outputs(panel, &mut taps, constants);
            } else {
                panels::each(simd, panel, |panel| {
                    let mut at = 0;
                    while at < depth(reread(panel).job) {
                        if depth(reread(panel).job) > PIECE {
                            gather::gather(simd, panel.job, two, at, bytes);
                        }
                        add_piece(simd, constants, panel, bytes, at);
                        at += PIECE;
                    }
                });
            }
        }
        panel.header = end;
    }
}

/// Adds what the weights make of the bytes of both windows from the byte `at` on.
///
/// # Safety
/// They are gathered at `bytes`, and the panel stands at filters of the layer.
// As for `Two::add`.
#[cfg_attr(
    all(target_arch = "arm", target_os = "none", not(target_has_atomic = "8")),
    inline(never)
)]
#[cfg_attr(
    not(all(target_arch = "arm", target_os = "none", not(target_has_atomic = "8"))),
    inline(always)
)]
unsafe fn add_piece<S: Quads>(
    simd: S,
    constants: &S::Constants,
    panel: &Panel<'_>,
    bytes: *const i8,
    at: usize,
) {
    let mut taps = Taps::NONE;
    piece(panel, bytes, at, &mut taps);
    // SAFETY: the caller's.
    unsafe { simd.add(panel, &taps, constants) };
}

/// Makes it the bytes of both windows from the byte `at` on.
// Its frame is gone when they are multiplied.
#[inline(never)]
fn piece(panel: &Panel<'_>, bytes: *const i8, at: usize, taps: &mut Taps) {
    let left = depth(panel.job) - at;
    taps.weights = panel.weights().wrapping_add(at / QUAD * panel.width);
    taps.inputs = [bytes, bytes.wrapping_add(PIECE)];
    taps.line = left.min(PIECE).next_multiple_of(QUAD);
}

/// Calls `outputs` for every two pixels in each group, with the panel at the group's first filter. It leaves the panel behind
/// the last.
#[inline(always)]
fn each_two<S: Quads>(job: &JobI8<'_>, mut outputs: impl FnMut(&mut Panel<'_>, &Two)) {
    let mut sums = MaybeUninit::<S::Sums>::uninit();
    let mut panel = Panel::of(job, sums.as_mut_ptr().cast());
    let mut two = Two {
        first: Windows::NONE.pixel,
        windows: Windows::NONE,
    };
    let mut output = panel.to;
    let mut header = panel.header;
    let mut group = 0;
    while group < reread(panel.job).geometry().groups {
        let job = reread(panel.job);
        two.windows.start(job, group * job.sizes().group_channels);
        let mut left = count(&job.rows) * job.sizes().output[2];
        panel.to = output;
        while left > 0 {
            // A second pixel that does not exist is computed as another first.
            let job = reread(panel.job);
            two.windows.next(job);
            two.first = two.windows.pixel;
            panel.step = 0;
            left -= 1;
            let job = reread(panel.job);
            if left > 0 && two.windows.goes_on(job) {
                two.windows.next(job);
                panel.step = pixel(job);
                left -= 1;
            }
            panel.header = header;
            outputs(&mut panel, &two);
            // Past the other groups' outputs, and those of the second pixel.
            let job = reread(panel.job);
            panel.to = panel
                .to
                .wrapping_add(pixel(job) - self::group(job) + panel.step);
        }
        header = panel.header;
        output = output.wrapping_add(self::group(reread(panel.job)));
        group += 1;
    }
}

/// Bytes of a pixel of the output, and of a group's filters in it.
#[inline(always)]
fn pixel(job: &JobI8<'_>) -> usize {
    job.geometry().filters * job.element()
}

#[inline(always)]
fn group(job: &JobI8<'_>) -> usize {
    job.sizes().group_filters * job.element()
}

impl Two {
    /// Whether both windows have the same taps, in rows of one plane and side by side.
    #[inline(always)]
    fn is_one(&self, job: &JobI8<'_>) -> bool {
        let ([front, back], [top, bottom]) = (self.windows.planes, self.windows.rows);
        let [start, end] = self.first.columns;
        back == front + 1
            && top < bottom
            && start < end
            && [start, end] == self.windows.pixel.columns
            && (end == start + 1 || together(job))
    }

    /// Adds what the weights make of both windows to the sums of a panel's filters.
    ///
    /// # Safety
    /// The windows are those of pixels of the panel's job, whose taps are whole quads; the panel stands at filters of it.
    // A function of its own where that takes little of the stack: its frame is gone when sums become outputs.
    #[cfg_attr(
        all(target_arch = "arm", target_os = "none", not(target_has_atomic = "8")),
        inline(never)
    )]
    #[cfg_attr(
        not(all(target_arch = "arm", target_os = "none", not(target_has_atomic = "8"))),
        inline(always)
    )]
    unsafe fn add<S: Quads>(&self, simd: S, constants: &S::Constants, panel: &Panel<'_>) {
        if self.windows.rows[0] == self.windows.rows[1] {
            return;
        }
        let mut taps = Taps::NONE;
        let mut end = 0;
        while end < reread(panel).job.geometry().kernel[2] {
            let start = end;
            let reach;
            (end, reach) = self.alike(panel.job, start);
            let Some(reach) = reach else { continue };
            let mut z = reread(self).windows.planes[0];
            while z < reread(self).windows.planes[1] {
                self.aim(panel, &mut taps, z, [start, end], reach);
                // SAFETY: the taps are inside.
                unsafe { simd.add(panel, &taps, constants) };
                z += 1;
            }
        }
    }

    /// How far taps from a column on lie side by side and are reached by the same windows; and which.
    #[inline(never)]
    fn alike(&self, job: &JobI8<'_>, start: usize) -> (usize, Option<Reach>) {
        let reach = self.reach(start);
        let mut end = start + 1;
        while together(job) && end < job.geometry().kernel[2] && self.reach(end) == reach {
            end += 1;
        }
        (end, reach)
    }

    /// Those of some columns of a plane, which lie side by side unless there is but one.
    // Its frame is gone when they are multiplied.
    #[inline(never)]
    fn aim(
        &self,
        panel: &Panel<'_>,
        taps: &mut Taps,
        z: usize,
        [start, end]: [usize; 2],
        reach: Reach,
    ) {
        let job = panel.job;
        let [_, rows, columns] = job.geometry().kernel;
        let steps = steps(job);
        let [top, bottom] = self.windows.rows;
        let channels = job.sizes().group_channels;
        let line = (end - start) * channels;
        taps.line = line;
        taps.rows = bottom - top;
        taps.input_gap = steps[1].wrapping_sub(line);
        taps.weight_gap = (columns * channels - line) * panel.width;
        taps.reach = reach;
        let at = (z * rows + top) * columns + start;
        taps.weights = (panel.weights()).wrapping_add(at * (channels / QUAD) * panel.width);
        let first = tap(self.first.origin, [z, top, start], &steps);
        let second = tap(self.windows.pixel.origin, [z, top, start], &steps);
        // What is not reached may not be read.
        taps.inputs = match reach {
            Reach::Both => [first, second],
            Reach::First => [first; 2],
            Reach::Second => [second; 2],
        };
    }

    /// Whose windows have a column inside.
    #[inline(always)]
    fn reach(&self, column: usize) -> Option<Reach> {
        match (
            self.first.reaches(column),
            self.windows.pixel.reaches(column),
        ) {
            (true, true) => Some(Reach::Both),
            (true, false) => Some(Reach::First),
            (false, true) => Some(Reach::Second),
            (false, false) => None,
        }
    }
}

/// Whether taps of a row lie side by side.
#[inline(always)]
fn together(job: &JobI8<'_>) -> bool {
    job.geometry().dilation[2] == 1 && job.geometry().groups == 1
}
