//! Depthwise: pixel by pixel, four filters at a time. Taps in the padding are left out.

use super::{JobI16, MOST, Pair, Panel};
use crate::kernel::window::{count, quotient};
use crate::kernel::windows::{Pixel, Two, steps, tap};
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use crate::simd::reread;
use core::mem::MaybeUninit;

/// The sums of four filters, and what waits of them.
type Sums = [Pair; 2 * QUAD];

/// What is the same for all pixels under four filters. The layout is known to a loop.
#[repr(C)]
pub(crate) struct Four {
    /// The weights of the first tap, and bytes from tap to tap.
    pub weights: *const i32,
    pub tap: usize,
    /// Bytes from one plane, row and column of a window to the next.
    pub steps: [usize; 3],
    /// Bytes before each filter's channel.
    pub channels: [usize; QUAD],
}

/// Four filters, the first of them a multiple of four, or those that there are from it on.
#[inline(never)]
pub(super) fn run(job: &JobI16<'_>, first: usize) {
    let mut sums = MaybeUninit::<Sums>::uninit();
    let mut panel = Panel::of(job, sums.as_mut_ptr().cast());
    let mut two = Two::NONE;
    let four = aim(&mut panel, first);
    two.windows.start(job, 0);
    let end = panel
        .output
        .wrapping_add(count(&job.rows) * job.plan.output_row_len());
    while panel.output != end {
        panel.step(&mut two, end);
        // SAFETY: a filter that exists has a header, and an output of each pixel.
        unsafe {
            panel.start();
            sum(&panel, &four, &two, &two.first, 0);
            sum(&panel, &four, &two, &two.windows.pixel, 1);
            panel.finish();
        }
        panel.output = (panel.last()).wrapping_add(reread(job).geometry().filters);
    }
}

/// Makes it the panel of four filters, or those that there are from the first on.
// Its frame is gone when they are computed.
#[inline(never)]
fn aim(panel: &mut Panel<'_>, first: usize) -> Four {
    let job = panel.job;
    let filters = job.geometry().filters;
    let lane = first % PANEL;
    panel.width = width(filters - (first - lane));
    panel.filters = (filters - first).min(QUAD);
    let header = (job.packed).wrapping_add(first / PANEL * job.panels().panel(PANEL));
    panel.header = header.wrapping_add(lane);
    panel.output = job.output.wrapping_add(first);
    let multiplier = quotient(filters, job.geometry().channels);
    let mut channels = [0; QUAD];
    for (filter, channel) in channels.iter_mut().enumerate() {
        // A filter that does not exist reads the first channel.
        if filter < panel.filters {
            *channel = quotient(first + filter, multiplier) * size_of::<i16>();
        }
    }
    Four {
        weights: header.wrapping_add(HEADER * panel.width + lane / QUAD),
        // A word for four filters.
        tap: panel.width,
        steps: steps(job),
        channels,
    }
}

/// Taps of a plane of the window that are inside: so many rows of so many, one at least.
#[repr(C)]
pub(crate) struct Taps {
    /// The first, and its weights.
    pub input: *const i8,
    pub weights: *const i32,
    pub rows: usize,
    pub columns: usize,
    /// Bytes from after the last tap of a row to the first of the next, of inputs and weights.
    pub gap: usize,
    pub skip: usize,
}

/// Makes one of each two sums of a panel's filters.
///
/// # Safety
/// The window is that of a pixel, and the filters are these; the sums have been started.
#[inline(never)]
unsafe fn sum(panel: &Panel<'_>, four: &Four, two: &Two, pixel: &Pixel, which: usize) {
    let sums = panel.sums.cast::<i32>().wrapping_add(which);
    let long = panel.is_long();
    let mut z = two.windows.planes[0];
    while z < reread(two).windows.planes[1] {
        let [mut y, end] = reread(two).windows.rows;
        while y < end {
            let [mut x, right] = reread(pixel).columns;
            let mut rows = end - y;
            while x < right {
                let mut columns = right - x;
                if long {
                    (rows, columns) = (1, columns.min(MOST));
                }
                let four = reread(four);
                let [_, height, width] = reread(panel).job.geometry().kernel;
                let taps = Taps {
                    input: tap(reread(pixel).origin, [z, y, x], &four.steps),
                    weights: (four.weights)
                        .wrapping_byte_add(((z * height + y) * width + x) * four.tap),
                    rows,
                    columns,
                    gap: four.steps[1].wrapping_sub(columns.wrapping_mul(four.steps[2])),
                    skip: (width - columns) * four.tap,
                };
                // SAFETY: the taps are inside, the weights are a panel's.
                unsafe {
                    add(four, &taps, sums);
                    if long {
                        panel.carry();
                    }
                }
                x += columns;
            }
            y += rows;
        }
        z += 1;
    }
}

cfg_if::cfg_if! {
    if #[cfg(all(target_arch = "arm", target_os = "none", not(target_has_atomic = "8")))] {
        use crate::simd::cortex_m0_int16::add;
    } else {
        use super::{PIXELS, byte};

        /// Adds the products of taps to one of each two sums.
        ///
        /// # Safety
        /// They are inside, and have weights.
        #[inline(never)]
        unsafe fn add(four: &Four, taps: &Taps, sums: *mut i32) {
            let (mut input, mut weights, mut rows) = (taps.input, taps.weights, taps.rows);
            let place = |filter: usize| sums.wrapping_add(PIXELS * filter);
            // SAFETY: the caller's.
            unsafe {
                let mut a = place(0).read();
                let mut b = place(1).read();
                let mut c = place(2).read();
                let mut d = place(3).read();
                loop {
                    let mut left = reread(taps).columns;
                    loop {
                        let four = reread(four);
                        let word = weights.read();
                        let product = |filter: usize| {
                            let input = input.wrapping_add(four.channels[filter]).cast::<i16>();
                            byte(word, filter).wrapping_mul(input.read().into())
                        };
                        a = a.wrapping_add(product(0));
                        b = b.wrapping_add(product(1));
                        c = c.wrapping_add(product(2));
                        d = d.wrapping_add(product(3));
                        input = input.wrapping_add(four.steps[2]);
                        weights = weights.wrapping_byte_add(four.tap);
                        left -= 1;
                        if left == 0 {
                            break;
                        }
                    }
                    rows -= 1;
                    if rows == 0 {
                        break;
                    }
                    input = input.wrapping_add(reread(taps).gap);
                    weights = weights.wrapping_byte_add(reread(taps).skip);
                }
                place(0).write(a);
                place(1).write(b);
                place(2).write(c);
                place(3).write(d);
            }
        }
    }
}
