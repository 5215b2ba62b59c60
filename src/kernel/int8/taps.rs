//! Depthwise, for cores without vectors: pixel by pixel, and one filter after the other under each.

use super::put::Panel;
use super::quads::{Offset, PIXELS};
use super::windows::{Windows, steps};
use super::{JobI8, depthwise_panel, rolled};
use crate::kernel::window::{count, quotient};
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
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
pub(crate) fn run(job: &mut JobI8<'_>, mut first: usize) {
    let mut sums = MaybeUninit::<[[i32; PIXELS]; QUAD]>::uninit();
    let mut put = Panel::of(job, sums.as_mut_ptr().cast());
    let outputs = put.to;
    let geometry = job.geometry;
    let [_, kernel_height, kernel_width] = geometry.kernel;
    let steps = steps(geometry);
    let filters = geometry.filters;
    let multiplier = quotient(filters, geometry.channels);
    let offset = Offset::of(job.quant);
    let pixels = count(&job.rows) * job.sizes.output[2];
    let mut base = job
        .packed
        .as_ptr()
        .wrapping_add(first / PANEL * depthwise_panel(job));
    while first < filters {
        let lane = first % PANEL;
        let width = width(filters - (first - lane));
        put.width = width;
        put.header = base.wrapping_add(lane);
        put.to = outputs.wrapping_add(first * put.element);
        let weights = base.wrapping_add(HEADER * width + lane / QUAD);
        put.filters = (filters - first).min(QUAD);
        let mut windows = Windows::of(job, 0);
        for _ in 0..pixels {
            windows.next(job);
            let window = &windows.window;
            let [planes, lines, columns] = window.inside;
            // The first tap that is inside.
            let origin = window.tap([planes[0], lines[0], columns[0]], &steps);
            let tap = (planes[0] * kernel_height + lines[0]) * kernel_width + columns[0];
            for filter in 0..put.filters {
                // SAFETY: a filter that exists has a header.
                let mut sum = unsafe { put.word(0, filter) };
                let mut channel = first + filter;
                if multiplier != 1 {
                    channel = quotient(channel, multiplier);
                }
                // The lowest byte of a word is that of the first filter.
                let byte = if cfg!(target_endian = "big") {
                    3 - filter
                } else {
                    filter
                };
                let mut plane = At {
                    input: origin.wrapping_add(channel),
                    weight: weights.cast::<i8>().wrapping_add(byte + tap * width),
                };
                for _ in planes[0]..planes[1] {
                    let mut line = plane;
                    for _ in lines[0]..lines[1] {
                        let mut at = line;
                        for _ in columns[0]..columns[1] {
                            // SAFETY: the tap is inside, the weights are a panel's.
                            let [input, weight] = unsafe { [at.input.read(), at.weight.read()] };
                            let product = offset.number(input).wrapping_mul(weight.into());
                            sum = sum.wrapping_add(product);
                            rolled();
                            at.go(steps[2], width);
                        }
                        line.go(steps[1], kernel_width * width);
                    }
                    plane.go(steps[0], kernel_height * kernel_width * width);
                }
                // SAFETY: there is room for so many.
                unsafe { put.sums.add(filter).write([sum; PIXELS]) };
            }
            // SAFETY: filters that exist have sums, headers and outputs.
            unsafe { put.put() };
            put.to = put.to.wrapping_add(filters * put.element);
        }
        first += QUAD;
        if first.is_multiple_of(PANEL) {
            base = base.wrapping_add(depthwise_panel(job));
        }
    }
}
