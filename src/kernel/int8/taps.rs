//! Depthwise, for cores without vectors: pixel by pixel, and one filter after the other under each.

use super::put::Panel;
use super::quads::{Offset, PIXELS, Pair, Quads};
use super::{JobI8, depthwise_panel, rolled};
use crate::kernel::window::{count, quotient};
use crate::kernel::windows::{Windows, steps};
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use crate::simd::reread;
use core::mem::MaybeUninit;

/// A tap.
#[derive(Clone, Copy)]
struct At {
    input: *const i8,
    weight: *const i8,
}

impl At {
    #[inline(always)]
    fn go(&mut self, input: usize, weight: usize) {
        self.input = self.input.wrapping_add(input);
        self.weight = self.weight.wrapping_add(weight);
    }
}

/// The filters from `first` on, a multiple of four. Inputs are taken less the zero point, and taps in
/// the padding are left out.
#[inline(never)]
pub(crate) fn run<S: Quads>(simd: S, job: &JobI8<'_>, mut first: usize) {
    let mut sums = MaybeUninit::<[Pair; QUAD]>::uninit();
    let mut panel = Panel::of(job, sums.as_mut_ptr().cast());
    let mut output = (panel.to).wrapping_add(first * panel.job.element());
    let mut windows = Windows::NONE;
    while first < reread(panel.job).geometry().filters {
        let job = reread(panel.job);
        let lane = first % PANEL;
        panel.width = width(job.geometry().filters - (first - lane));
        panel.header = job
            .packed
            .wrapping_add(first / PANEL * depthwise_panel(job))
            .wrapping_add(lane);
        panel.filters = (job.geometry().filters - first).min(QUAD);
        panel.to = output;
        windows.start(job, 0);
        let mut left = count(&job.rows) * job.sizes().output[2];
        while left > 0 {
            windows.next(reread(panel.job));
            // SAFETY: filters that exist have sums, headers and outputs; the window is that of a pixel of the job.
            unsafe {
                for filter in 0..panel.filters {
                    sum(reread(panel.job), &windows, &panel, first, filter);
                }
                panel.put(simd);
            }
            let job = reread(panel.job);
            panel.to = panel
                .to
                .wrapping_add(job.geometry().filters * job.element());
            left -= 1;
        }
        output = output.wrapping_add(QUAD * reread(panel.job).element());
        first += QUAD;
    }
}

/// Computes the sum of a window under a filter of the panel, of those from `first` on.
///
/// # Safety
/// The window is that of a pixel of the job; there is such a filter, and there are sums of so many.
// Its frame is gone when sums become outputs.
#[inline(never)]
unsafe fn sum(job: &JobI8<'_>, windows: &Windows, panel: &Panel<'_>, first: usize, filter: usize) {
    let geometry = job.geometry();
    let [_, height, columns] = geometry.kernel;
    let steps = steps(job);
    let width = panel.width;
    let (planes, rows, inside) = (windows.planes, windows.rows, windows.pixel.columns);
    let multiplier = quotient(geometry.filters, geometry.channels);
    let channel = match multiplier {
        1 => first + filter,
        _ => quotient(first + filter, multiplier),
    };
    // The lowest byte of a word is that of the first filter.
    let byte = if cfg!(target_endian = "big") {
        3 - filter
    } else {
        filter
    };
    // The first tap that is inside.
    let at = (planes[0] * height + rows[0]) * columns + inside[0];
    let lane = first % PANEL;
    let weights = (panel.header)
        .wrapping_sub(lane)
        .wrapping_add(HEADER * width + lane / QUAD);
    let mut plane = At {
        input: (windows.tap([planes[0], rows[0], inside[0]], &steps)).wrapping_add(channel),
        weight: weights.cast::<i8>().wrapping_add(byte + at * width),
    };
    // SAFETY: a filter that exists has a header.
    let mut sum = unsafe { panel.word(0, filter) };
    for _ in planes[0]..planes[1] {
        let mut line = plane;
        for _ in rows[0]..rows[1] {
            let mut at = line;
            for _ in inside[0]..inside[1] {
                // SAFETY: the tap is inside, the weights are a panel's.
                let [input, weight] = unsafe { [at.input.read(), at.weight.read()] };
                let product = Offset::of(job.quant())
                    .number(input)
                    .wrapping_mul(weight.into());
                sum = sum.wrapping_add(product);
                rolled();
                at.go(steps[2], width);
            }
            line.go(steps[1], columns * width);
        }
        plane.go(steps[0], height * columns * width);
    }
    // SAFETY: there is room for so many.
    unsafe { panel.sums.add(filter).write([sum; PIXELS]) };
}
