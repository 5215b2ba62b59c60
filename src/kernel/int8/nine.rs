//! Depthwise windows of at most nine taps, three side by side, for cores with few registers: pixel by pixel,
//! under four filters, each of a channel of its own.

use super::put::Panel;
use super::quads::{PIXELS, Pair, Quads};
use super::{JobI8, depthwise_panel, rolled, taps};
use crate::kernel::window::count;
use crate::kernel::windows::{Windows, step, steps};
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use crate::simd::reread;
use core::mem::MaybeUninit;
use core::ptr;

/// Taps of the largest window, and of its widest row.
pub(crate) const TAPS: usize = 9;
const COLUMNS: usize = 3;

/// A window under filters whose channels lie side by side.
///
/// The layout is known to loops.
#[repr(C)]
pub(crate) struct Nine {
    /// The first tap that is reached, of the first channel, and its weight. Those of a row lie side by side,
    /// those of the next filter [`TAPS`] further on.
    pub input: *const i8,
    pub weights: *const i8,
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
    /// Weights from after a row's last to the next row, and from after the last row to the next filter.
    pub skip: usize,
    pub next: usize,
}

/// Other windows than that are left to [`taps`].
#[inline(always)]
pub(super) fn run<S: Quads>(simd: S, job: &JobI8<'_>) {
    let geometry = job.geometry();
    let fits = geometry.kernel[0] == 1
        && geometry.kernel[2] <= COLUMNS
        && job.sizes().taps <= TAPS
        && geometry.filters == geometry.channels
        && job.quant().flip_input == 0;
    if fits {
        nines(simd, job);
    } else {
        taps::run(simd, job, 0);
    }
}

/// The weights of four filters.
type Weights = [[i8; TAPS]; QUAD];

#[inline(never)]
fn nines<S: Quads>(simd: S, job: &JobI8<'_>) {
    let mut weights = MaybeUninit::<Weights>::uninit();
    let mut sums = MaybeUninit::<[Pair; QUAD]>::uninit();
    let mut panel = Panel::of(job, sums.as_mut_ptr().cast());
    let mut output = panel.to;
    let mut windows = Windows::NONE;
    let mut nine = Nine {
        input: ptr::null(),
        weights: ptr::null(),
        biases: ptr::null(),
        filters: 0,
        rows: 0,
        columns: 0,
        zero: panel.job.quant().input_zero,
        tap: steps(panel.job)[2],
        line: 0,
        skip: 0,
        next: 0,
    };
    let mut first = 0;
    while first < reread(panel.job).geometry().filters {
        load(&mut panel, first, &mut weights);
        panel.to = output;
        nine.biases = panel.header;
        nine.filters = panel.filters;
        windows.start(reread(panel.job), first);
        let mut left = {
            let job = reread(panel.job);
            count(&job.rows) * job.sizes().output[2]
        };
        while left > 0 {
            windows.next(reread(panel.job));
            nine.aim(reread(panel.job), &windows, weights.as_ptr().cast());
            let mut alike = windows.skip(reread(panel.job));
            left -= alike;
            while alike > 0 {
                let exist = alike.min(PIXELS);
                alike -= exist;
                let job = reread(panel.job);
                let row = job.geometry().filters * job.element();
                panel.step = if exist > 1 { row } else { 0 };
                // SAFETY: the taps are inside; filters that exist have sums, headers and outputs.
                unsafe {
                    for pixel in 0..exist {
                        simd.nine(&nine, panel.sums.cast::<i32>().add(pixel));
                        nine.input = nine.input.wrapping_add(step(reread(panel.job)));
                    }
                    panel.put(simd);
                }
                let job = reread(panel.job);
                let row = job.geometry().filters * job.element();
                panel.to = panel.to.wrapping_add(row + panel.step);
            }
        }
        output = output.wrapping_add(QUAD * reread(panel.job).element());
        first += QUAD;
    }
}

/// Makes it the panel of the filters from `first` on, which exist, and loads their weights: no more taps than there is room for.
// Its frame is gone when they are multiplied.
#[inline(never)]
fn load(panel: &mut Panel<'_>, first: usize, weights: &mut MaybeUninit<Weights>) {
    let mut to: *mut i8 = weights.as_mut_ptr().cast();
    let job = panel.job;
    let lane = first % PANEL;
    let filters = job.geometry().filters;
    panel.width = width(filters - (first - lane));
    panel.filters = (filters - first).min(QUAD);
    let base = job
        .packed
        .wrapping_add(first / PANEL * depthwise_panel(job));
    panel.header = base.wrapping_add(lane);
    let mut from = base.wrapping_add(HEADER * panel.width + lane / QUAD);
    for _ in 0..job.sizes().taps {
        // SAFETY: a panel has a word of four filters for each tap, and there is room for so many.
        unsafe {
            let mut word = from.read();
            for filter in 0..QUAD {
                to.add(filter * TAPS).write(word as i8);
                word >>= 8;
                rolled();
            }
        }
        from = from.wrapping_add(panel.width / QUAD);
        to = to.wrapping_add(1);
    }
}

impl Nine {
    /// Makes it the window's taps that are inside.
    #[inline(never)]
    fn aim(&mut self, job: &JobI8<'_>, windows: &Windows, weights: *const i8) {
        let kernel_width = job.geometry().kernel[2];
        let (planes, [top, bottom]) = (windows.planes, windows.rows);
        let [start, end] = windows.pixel.columns;
        let mut columns = end - start;
        let mut rows = bottom - top;
        if planes[0] == planes[1] || columns == 0 {
            [rows, columns] = [0, 1];
        }
        let steps = steps(job);
        self.input = windows.tap([0, top, start], &steps);
        self.weights = weights.wrapping_add(top * kernel_width + start);
        self.rows = rows;
        self.columns = columns;
        self.line = steps[1].wrapping_sub(columns.wrapping_mul(steps[2]));
        self.skip = kernel_width - columns;
        self.next = TAPS - rows * kernel_width;
    }
}
