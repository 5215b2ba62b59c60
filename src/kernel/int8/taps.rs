//! Depthwise, for cores without vectors: pixel by pixel, and one filter after the other under each.

use super::direct::{Offset, PIXELS, Quads, plain, put};
use super::windows::{Windows, steps};
use super::{JobI8, To};
use crate::kernel::window::{count, quotient};
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};

/// The filters from `first` on, a multiple of four. Inputs are taken less the zero point, and taps in
/// the padding are left out.
#[inline(never)]
pub(crate) fn run<S: Quads>(simd: S, job: &mut JobI8<'_>, mut first: usize) {
    let geometry = job.geometry;
    let [_, kernel_height, kernel_width] = geometry.kernel;
    let steps = steps(geometry);
    let filters = geometry.filters;
    let multiplier = quotient(filters, geometry.channels);
    let offset = Offset {
        flip: job.quant.flip_input as i8,
        zero: job.quant.input_zero,
    };
    let start = To::start(&mut job.output);
    let end = count(&job.rows) * job.sizes.output[2] * filters;
    let plain = plain(job);
    let mut panel = job
        .packed
        .as_ptr()
        .wrapping_add(first / PANEL * job.panels.panel(PANEL));
    while first < filters {
        let lane = first % PANEL;
        let width = width(filters - (first - lane));
        let header = panel.wrapping_add(lane);
        let weights = panel.wrapping_add(HEADER * width + lane / QUAD);
        let exist = (filters - first).min(QUAD);
        let mut windows = Windows::of(job, 0);
        let mut output = first;
        while output < end {
            let window = windows.next(job);
            let [planes, lines, columns] = window.inside;
            let mut sums = [[0i32; PIXELS]; QUAD];
            for (filter, sum) in sums.iter_mut().enumerate().take(exist) {
                // SAFETY: a filter that exists has a header.
                sum[0] = unsafe { header.add(filter).read() };
                let channel = quotient(first + filter, multiplier);
                // The lowest byte of a word is that of the first filter.
                let byte = if cfg!(target_endian = "big") {
                    3 - filter
                } else {
                    filter
                };
                let weights = weights.cast::<i8>().wrapping_add(byte);
                for z in planes[0]..planes[1] {
                    for y in lines[0]..lines[1] {
                        let mut input =
                            window.tap([z, y, columns[0]], &steps).wrapping_add(channel);
                        let tap = (z * kernel_height + y) * kernel_width + columns[0];
                        let mut weight = weights.wrapping_add(tap * width);
                        for _ in columns[0]..columns[1] {
                            // SAFETY: the tap is inside, the weights are a panel's.
                            let [input_byte, weight_byte] =
                                unsafe { [input.read(), weight.read()] };
                            let product = offset.of(input_byte).wrapping_mul(weight_byte.into());
                            sum[0] = sum[0].wrapping_add(product);
                            input = input.wrapping_add(steps[2]);
                            weight = weight.wrapping_add(width);
                        }
                    }
                }
            }
            // SAFETY: filters that exist have headers and outputs.
            unsafe {
                put(
                    simd,
                    job,
                    plain,
                    &sums,
                    [1, exist, width],
                    header,
                    start.at(output),
                );
            }
            output += filters;
        }
        first += QUAD;
        if first.is_multiple_of(PANEL) {
            panel = panel.wrapping_add(job.panels.panel(width));
        }
    }
}
