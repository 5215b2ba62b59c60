//! Depthwise, for cores without vectors: pixel by pixel, four filters at a time.

use super::direct::{Offset, byte};
use super::{JobI8, To};
use crate::kernel::rows::{Columns, Rows};
use crate::kernel::window::{count, quotient};
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};

/// The filters from `first` on, a multiple of four. Inputs are taken less the zero point, and taps in
/// the padding are left out.
#[inline(never)]
pub(crate) fn run(job: &mut JobI8<'_>, mut first: usize) {
    let (geometry, sizes) = (job.geometry, job.sizes);
    let [_, kernel_height, kernel_width] = geometry.kernel;
    let rows = Rows::of(geometry, sizes, job.rows.start, job.first_input_row);
    let columns = Columns::of(geometry, sizes);
    let (filters, channels) = (geometry.filters, geometry.channels);
    let multiplier = quotient(filters, channels);
    let [_, height, input_width] = geometry.input;
    let row = input_width * channels;
    let offset = Offset {
        flip: job.quant.flip_input as i8,
        zero: job.quant.input_zero,
    };
    let output = To::start(&mut job.output);
    let end = count(&job.rows);
    let mut panel = first / PANEL * job.panels.panel(PANEL);
    while first < filters {
        let lane = first % PANEL;
        let width = width(filters - (first - lane));
        let base = job.packed.as_ptr().wrapping_add(panel);
        let header = base.wrapping_add(lane);
        let weights = base.wrapping_add(HEADER * width + lane / QUAD);
        let exist = (filters - first).min(QUAD);
        // The channel of each filter.
        let mut channel = [0; QUAD];
        for (filter, channel) in channel.iter_mut().enumerate().take(exist) {
            *channel = quotient(first + filter, multiplier);
        }
        let mut index = 0;
        while index < end {
            let lines = rows.lines(index, end);
            for line in 0..lines.count {
                let input = (lines.input + line.wrapping_mul(geometry.stride[1])).wrapping_mul(row);
                for x in 0..columns.pixels {
                    let inside = columns.axis.inside(x);
                    let at = columns
                        .axis
                        .position(x, inside.start)
                        .wrapping_mul(channels);
                    let mut plane = job.input.as_ptr().wrapping_add(input).wrapping_add(at);
                    let mut sums = [0i32; QUAD];
                    for z in lines.planes.clone() {
                        let mut line = plane;
                        for y in lines.rows.clone() {
                            let mut pixel = line;
                            for column in inside.clone() {
                                let tap = (z * kernel_height + y) * kernel_width + column;
                                // SAFETY: the tap is inside, the weights are a panel's.
                                let word = unsafe { weights.add(tap * (width / QUAD)).read() };
                                for filter in 0..QUAD {
                                    // A filter that does not exist reads the first channel.
                                    // SAFETY: as above.
                                    let input = unsafe { pixel.add(channel[filter]).read() };
                                    sums[filter] = sums[filter].wrapping_add(
                                        offset.of(input).wrapping_mul(byte(word, filter)),
                                    );
                                }
                                pixel =
                                    pixel.wrapping_add(geometry.dilation[2].wrapping_mul(channels));
                            }
                            line = line.wrapping_add(geometry.dilation[1].wrapping_mul(row));
                        }
                        plane = plane.wrapping_add(geometry.dilation[0].wrapping_mul(height * row));
                    }
                    let to =
                        output.at(((lines.index + line) * columns.pixels + x) * filters + first);
                    for (filter, sum) in sums.into_iter().enumerate().take(exist) {
                        let header = header.wrapping_add(filter);
                        // SAFETY: a filter that exists has a header and an output.
                        unsafe {
                            let sum = sum.wrapping_add(header.read());
                            to.at(filter).put_apart(job.quant, sum, header, width);
                        }
                    }
                }
            }
            index += lines.count;
        }
        first += QUAD;
        if first.is_multiple_of(PANEL) || first >= filters {
            panel += job.panels.panel(width);
        }
    }
}
