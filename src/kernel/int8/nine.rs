//! Depthwise windows of at most nine taps, three side by side, for cores with few registers: pixel by pixel,
//! under four filters, each of a channel of its own.

use super::put::Panel;
use super::quads::{PIXELS, Pair, Quads};
use super::windows::{Windows, steps};
use super::{JobI8, depthwise_panel, taps};
use crate::kernel::window::count;
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use core::mem::MaybeUninit;

/// Taps of the largest window, and of its widest row.
pub(crate) const TAPS: usize = 9;
const COLUMNS: usize = 3;

/// A window under filters whose channels lie side by side.
///
/// The layout is known to loops.
#[repr(C)]
pub(crate) struct Nine {
    /// The first tap that is reached, of the first channel, and its weight. Those of a row lie side by side,
    /// those of the next filter [`TAPS`] words further on.
    pub input: *const i8,
    pub weights: *const i32,
    pub biases: *const i32,
    pub filters: usize,
    /// Rows and columns of the window that are reached; either both or none.
    pub rows: usize,
    pub columns: usize,
    /// The input's zero point.
    pub zero: i32,
    /// Bytes from one column of the window to the next, and from after the last to the next row.
    pub tap: usize,
    pub line: usize,
    /// Bytes of weights from a row's last to the next row, and from after the last row to the next filter.
    pub skip: usize,
    pub next: usize,
}

/// Other windows than that are left to [`taps`].
#[inline(always)]
pub(super) fn run<S: Quads>(simd: S, job: &mut JobI8<'_>) {
    let geometry = job.geometry;
    let fits = geometry.kernel[0] == 1
        && geometry.kernel[2] <= COLUMNS
        && job.sizes.taps <= TAPS
        && geometry.filters == geometry.channels
        && job.quant.flip_input == 0;
    if fits {
        nines(simd, job);
    } else {
        taps::run(job, 0);
    }
}

#[inline(never)]
fn nines<S: Quads>(simd: S, job: &mut JobI8<'_>) {
    let geometry = job.geometry;
    let kernel_width = geometry.kernel[2];
    let mut weights = MaybeUninit::<[[i32; TAPS]; QUAD]>::uninit();
    let weights: *mut i32 = weights.as_mut_ptr().cast();
    let mut sums = MaybeUninit::<[Pair; QUAD]>::uninit();
    let mut put = Panel::of(job, sums.as_mut_ptr().cast());
    let outputs = put.to;
    let steps = steps(geometry);
    let pixel = geometry.stride[2].wrapping_mul(geometry.channels);
    let row = geometry.filters * put.element;
    let pixels = count(&job.rows) * job.sizes.output[2];
    let mut base = job.packed.as_ptr();
    let mut first = 0;
    while first < geometry.filters {
        let lane = first % PANEL;
        put.width = width(geometry.filters - (first - lane));
        put.header = base.wrapping_add(lane);
        put.filters = (geometry.filters - first).min(QUAD);
        put.to = outputs.wrapping_add(first * put.element);
        let mut from = base.wrapping_add(HEADER * put.width + lane / QUAD);
        for tap in 0..job.sizes.taps {
            // SAFETY: a panel has a word of four filters for each tap.
            let word = unsafe { from.read() };
            from = from.wrapping_add(put.width / QUAD);
            for filter in 0..QUAD {
                // SAFETY: there is room for so many.
                unsafe {
                    let to = weights.add(filter * TAPS + tap);
                    to.write((word >> (8 * filter)) as i8 as i32);
                }
            }
        }
        let mut windows = Windows::of(job, first);
        let mut left = pixels;
        while left > 0 {
            windows.next(job);
            let window = &windows.window;
            let [planes, [top, bottom], [start, end]] = window.inside;
            let mut columns = end - start;
            let mut rows = bottom - top;
            if planes[0] == planes[1] || columns == 0 {
                [rows, columns] = [0, 1];
            }
            let mut nine = Nine {
                input: window.tap([0, top, start], &steps),
                weights: weights.wrapping_add(top * kernel_width + start),
                biases: put.header,
                filters: put.filters,
                rows,
                columns,
                zero: job.quant.input_zero,
                tap: steps[2],
                line: steps[1].wrapping_sub(columns.wrapping_mul(steps[2])),
                skip: (kernel_width - columns) * size_of::<i32>(),
                next: (TAPS - rows * kernel_width) * size_of::<i32>(),
            };
            let mut alike = windows.skip();
            left -= alike;
            while alike > 0 {
                let exist = alike.min(PIXELS);
                put.step = if exist > 1 { row } else { 0 };
                // SAFETY: the taps are inside; filters that exist have sums, headers and outputs.
                unsafe {
                    for pixel_sums in 0..exist {
                        simd.nine(&nine, put.sums.cast::<i32>().add(pixel_sums));
                        nine.input = nine.input.wrapping_add(pixel);
                    }
                    put.put();
                }
                put.to = put.to.wrapping_add(row + put.step);
                alike -= exist;
            }
        }
        first += QUAD;
        if first.is_multiple_of(PANEL) {
            base = base.wrapping_add(depthwise_panel(job));
        }
    }
}
