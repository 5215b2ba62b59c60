//! Depthwise: pixel by pixel, four filters at a time. Taps in the padding are left out.

use super::finish::Finish;
use super::{JobI16, MOST, RARE, byte};
use crate::kernel::int8::rolled;
use crate::kernel::rows::{Columns, Rows};
use crate::kernel::window::{count, quotient};
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use core::ops::Range;

/// Some filters, the first of them a multiple of four.
#[inline(never)]
pub(super) fn run(job: &mut JobI16<'_>, which: Range<usize>) {
    // Whether sums may not fit 32 bits.
    let long = job.panels.panels.taps > MOST;
    if RARE || long {
        taps(job, which, long);
    } else {
        taps(job, which, false);
    }
}

#[inline(always)]
fn taps(job: &mut JobI16<'_>, which: Range<usize>, long: bool) {
    let mut first = which.start;
    let (geometry, sizes) = (job.geometry, job.sizes);
    let [_, kernel_height, kernel_width] = geometry.kernel;
    let rows = Rows::of(geometry, sizes, job.rows.start, job.first_input_row);
    let columns = Columns::of(geometry, sizes);
    let (filters, channels) = (geometry.filters, geometry.channels);
    let multiplier = quotient(filters, channels);
    let [_, height, input_width] = geometry.input;
    let row = input_width * channels;
    let output = job.output.as_mut_ptr();
    let end = count(&job.rows);
    let mut panel = (job.packed.as_ptr()).wrapping_add(first / PANEL * job.panels.panel(PANEL));
    while first < which.end {
        let lane = first % PANEL;
        let width = width(filters - (first - lane));
        let weights = panel.wrapping_add(HEADER * width + lane / QUAD);
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
                    let mut waiting = [0i64; QUAD];
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
                                    let product = i32::from(input).wrapping_mul(byte(word, filter));
                                    sums[filter] = sums[filter].wrapping_add(product);
                                }
                                if long {
                                    for (waiting, sum) in waiting.iter_mut().zip(&mut sums) {
                                        *waiting = waiting.wrapping_add(i64::from(*sum));
                                        *sum = 0;
                                        rolled();
                                    }
                                }
                                pixel =
                                    pixel.wrapping_add(geometry.dilation[2].wrapping_mul(channels));
                            }
                            line = line.wrapping_add(geometry.dilation[1].wrapping_mul(row));
                        }
                        plane = plane.wrapping_add(geometry.dilation[0].wrapping_mul(height * row));
                    }
                    let at = ((lines.index + line) * columns.pixels + x) * filters + first;
                    let finish = Finish {
                        pixels: 1,
                        filters: exist,
                        sums: sums.as_ptr(),
                        waiting: long.then_some(waiting.as_ptr()),
                        steps: [QUAD, 1],
                        header: panel.wrapping_add(lane),
                        width,
                        room: -1,
                        range: job.range,
                        output: output.wrapping_add(at),
                        output_step: filters,
                    };
                    // SAFETY: a filter that exists has a header and an output.
                    unsafe { finish.each(0) };
                }
            }
            index += lines.count;
        }
        first += QUAD;
        if first.is_multiple_of(PANEL) || first >= filters {
            panel = panel.wrapping_add(job.panels.panel(width));
        }
    }
}
