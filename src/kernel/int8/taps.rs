//! Depthwise, for cores without vectors: pixel by pixel, and one filter after the other under each.

use super::put::{plain, put};
use super::quads::{Offset, PIXELS, Quads};
use super::windows::{Windows, steps};
use super::{JobI8, To, panel, rolled};
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
pub(crate) fn run<S: Quads>(simd: S, job: &mut JobI8<'_>, mut first: usize) {
    let geometry = job.geometry;
    let [_, kernel_height, kernel_width] = geometry.kernel;
    let steps = steps(geometry);
    let filters = geometry.filters;
    let multiplier = quotient(filters, geometry.channels);
    let offset = Offset::of(job.quant);
    let start = To::start(&mut job.output);
    let end = count(&job.rows) * job.sizes.output[2] * filters;
    let plain = plain(job);
    let mut base = job
        .packed
        .as_ptr()
        .wrapping_add(first / PANEL * panel(job, PANEL));
    while first < filters {
        let lane = first % PANEL;
        let width = width(filters - (first - lane));
        let header = base.wrapping_add(lane);
        let weights = base.wrapping_add(HEADER * width + lane / QUAD);
        let exist = (filters - first).min(QUAD);
        let mut windows = Windows::of(job, 0);
        let mut output = first;
        while output < end {
            windows.next(job);
            let window = &windows.window;
            let [planes, lines, columns] = window.inside;
            let mut sums = [const { MaybeUninit::<[i32; PIXELS]>::uninit() }; QUAD];
            // The first tap that is inside.
            let origin = window.tap([planes[0], lines[0], columns[0]], &steps);
            let tap = (planes[0] * kernel_height + lines[0]) * kernel_width + columns[0];
            for (filter, to) in sums.iter_mut().enumerate().take(exist) {
                // SAFETY: a filter that exists has a header.
                let mut sum = unsafe { header.add(filter).read() };
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
                to.write([sum; PIXELS]);
            }
            // SAFETY: filters that exist have sums, headers and outputs.
            unsafe {
                put(
                    simd,
                    job,
                    plain,
                    sums.as_ptr().cast(),
                    [1, exist, width],
                    header,
                    start.at(output),
                );
            }
            output += filters;
        }
        first += QUAD;
        if first.is_multiple_of(PANEL) {
            base = base.wrapping_add(panel(job, width));
        }
    }
}
