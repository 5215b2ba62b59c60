//! The passes over a job's output: which filters, and by which loops.

use super::plain;
use super::walk::{DENSE, Walk, bytes};
use crate::kernel::Job;
use crate::pack::{self, PANEL};
use crate::simd::reread;
use core::ops::Range;

cfg_if::cfg_if! {
    if #[cfg(target_abi = "eabihf")] {
        use super::walk::{NO_SLIDE, SLIDE};
        use crate::kernel::rows::can_slide;
        use crate::kernel::{Direct, Method};
        use crate::simd::cortex_m;

        #[inline(always)]
        pub(super) fn all(job: &Job<'_>) {
            match job.plan.method {
                Method::Direct(Direct::Dense) => dense(job),
                Method::Direct(Direct::Depthwise) => depthwise(job),
                Method::Winograd(_) => {}
            }
        }

        fn dense(job: &Job<'_>) {
            pass(job, Loops::Dense, 0..job.panels().filters);
        }

        /// Four filters at a time, of a channel each; and what is left of them, or all where channels have more than one.
        fn depthwise(job: &Job<'_>) {
            let geometry = job.geometry();
            let whole = match geometry.filters == geometry.channels {
                true => geometry.filters - geometry.filters % LANES,
                false => 0,
            };
            let loops = if can_slide(geometry) { Loops::Slide } else { Loops::Taps };
            pass(job, loops, 0..whole);
            pass(job, Loops::Plain, whole..geometry.filters);
        }
    } else {
        /// Filters of a channel each are filters of one group, as their panels are.
        #[inline(always)]
        pub(super) fn all(job: &Job<'_>) {
            pass(job, Loops::Plain, 0..job.panels().filters);
        }
    }
}

/// The loops that compute a strip, where it is not [`plain`].
#[derive(Clone, Copy)]
#[cfg_attr(not(target_abi = "eabihf"), allow(dead_code))]
enum Loops {
    /// Two pixels, eight filters.
    Dense,
    /// Four pixels, four filters: windows of three columns that slide.
    Slide,
    /// A pixel, four filters.
    Taps,
    /// An output.
    Plain,
}

impl Loops {
    /// The most pixels of a tile.
    #[inline(always)]
    fn pixels(self) -> usize {
        match self {
            #[cfg(target_abi = "eabihf")]
            Loops::Slide => SLIDE,
            Loops::Dense => DENSE,
            _ => 1,
        }
    }

    /// The most filters.
    #[inline(always)]
    fn filters(self) -> usize {
        match self {
            Loops::Dense => 2 * LANES,
            Loops::Slide | Loops::Taps => LANES,
            Loops::Plain => PANEL,
        }
    }
}

/// Filters whose numbers are loaded at once.
const LANES: usize = pack::NARROWEST;

/// Computes the outputs of some filters of each group.
#[cfg_attr(target_abi = "eabihf", inline(never))] // there are several
#[cfg_attr(not(target_abi = "eabihf"), inline(always))]
fn pass(job: &Job<'_>, loops: Loops, filters: Range<usize>) {
    if filters.is_empty() {
        return;
    }
    let mut walk = Walk::of(job);
    while walk.next(reread(job), loops.pixels()) {
        let mut group = 0;
        while group < reread(job).panels().groups {
            let mut first = filters.start;
            while first < filters.end {
                block(reread(job), &mut walk, loops, group, first);
                // SAFETY: the walk names taps that lie inside the input; the panels follow each other as `Panels` counts
                // them, and the output's pixels have every group's filters.
                unsafe { run(reread(job), &mut walk, loops, first) };
                first += walk.strip.filters;
            }
            group += 1;
        }
    }
}

/// Aims the strip at the group's filters from `first` on.
// Its frame is gone when they are computed.
#[inline(never)]
fn block(job: &Job<'_>, walk: &mut Walk, loops: Loops, group: usize, first: usize) {
    let (panels, strip) = (job.panels(), &mut walk.strip);
    let [_, height, columns] = job.geometry().kernel;
    let lane = first % PANEL;
    let left = panels.filters - first;
    let width = pack::width(left + lane);
    let panel = group * panels.group() + (first - lane) * panels.rows();
    strip.lines = walk.lines;
    strip.filters = left.min(width - lane).min(loops.filters());
    strip.width = bytes(width);
    strip.bias = job.packed().wrapping_add(panel + lane);
    let tap = bytes(width * panels.depth);
    strip.weights = (strip.bias).wrapping_byte_add(strip.width + walk.taps * tap);
    strip.weights_row = columns * tap;
    strip.weights_gap = (height - strip.rows) * strip.weights_row;
    strip.output = (walk.output).wrapping_add(group * panels.filters + first);
    strip.input = match loops {
        Loops::Dense => walk.input.wrapping_add(group * panels.depth),
        Loops::Slide | Loops::Taps => walk
            .input
            .wrapping_add(first)
            .wrapping_byte_add(strip.all.at),
        Loops::Plain => {
            (walk.input.wrapping_add(group * panels.depth)).wrapping_byte_add(strip.all.at)
        }
    };
}

/// Computes the strip.
///
/// # Safety
/// As for [`plain::run`]; where loops take some filters at once, all but those of [`Loops::Dense`] are there.
#[inline(always)]
unsafe fn run(job: &Job<'_>, walk: &mut Walk, loops: Loops, first: usize) {
    let strip = &mut walk.strip;
    // SAFETY: the caller's.
    unsafe {
        #[cfg(target_abi = "eabihf")]
        match loops {
            Loops::Dense => cortex_m::dense(strip, walk.tile),
            Loops::Slide if strip.missed != NO_SLIDE => {
                cortex_m::slide(strip, walk.tile, job.geometry().stride[2]);
            }
            Loops::Slide | Loops::Taps => cortex_m::taps(strip),
            Loops::Plain => plain::run(strip, first, job.sizes().group_filters),
        }
        #[cfg(not(target_abi = "eabihf"))]
        {
            let _ = loops;
            plain::run(strip, first, job.sizes().group_filters);
        }
    }
}
