//! Depthwise, for vector levels: strips of pixels under some filters side by side, each of a channel of
//! its own.
//!
//! Where the taps of a row of the window are the steps between pixels, each input is loaded once for all
//! pixels that reach it; then the first pixel of a strip may miss the first tap, and the last the last.

use super::{Finish, JobI16, MOST, SimdI16};
use crate::kernel::CACHED;
use crate::kernel::rows::{Columns, Cut, Lines, Rows, can_slide};
use crate::kernel::window::{count, quotient};
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use core::ptr;

/// Columns of a window that slides.
pub(crate) const COLUMNS: usize = 3;

/// Pixels side by side.
pub(crate) struct Strip {
    /// The first tap that is reached, of the first pixel. Of a window that slides, the first of a row
    /// that is, where it lies or would lie.
    pub input: *const i16,
    pub weights: *const i32,
    /// Planes, rows and columns of the window that are reached.
    pub taps: [usize; 3],
    /// Elements from one of them to the next, and words of weights.
    pub steps: [usize; 3],
    pub weight_steps: [usize; 3],
    /// Elements from pixel to pixel.
    pub pixel: usize,
    /// Columns from pixel to pixel, 1 or 2, if the window slides; else 0.
    pub slides: usize,
    /// Whether the first pixel misses the first column, and the last the last.
    pub missed: [bool; 2],
}

impl Strip {
    /// The first pixel's inputs and the weights of a window row of those that are reached.
    #[inline(always)]
    pub fn row(&self, plane: usize, row: usize) -> (*const i16, *const i32) {
        let input = plane.wrapping_mul(self.steps[0]);
        let weights = plane * self.weight_steps[0] + row * self.weight_steps[1];
        (
            self.input
                .wrapping_add(input.wrapping_add(row.wrapping_mul(self.steps[1]))),
            self.weights.wrapping_add(weights),
        )
    }

    /// Whether the strip misses this column of the `columns` that its pixels reach together.
    #[inline(always)]
    pub fn misses(&self, column: usize, columns: usize) -> bool {
        column == 0 && self.missed[0] || column + 1 == columns && self.missed[1]
    }
}

/// A level with strips of so many channels, a divisor of a panel.
///
/// # Safety
///
/// As for [`SimdI16`].
pub(crate) unsafe trait Strips<const CHANNELS: usize>: SimdI16 {
    /// The most pixels of a strip, by how many columns it [slides](Strip::slides).
    const PIXELS: [usize; 3];

    /// What makes outputs of sums of 32 bits.
    type Narrow: Copy;

    /// Loads it of the filters, if that is all that they need.
    ///
    /// # Safety
    /// The header is there.
    unsafe fn narrow(self, finish: &Finish) -> Option<Self::Narrow>;

    /// Computes the outputs of `M` pixels.
    ///
    /// # Safety
    /// The inputs and weights of the taps that are reached, the header and the outputs are there; the
    /// sums without a bias fit an int32.
    unsafe fn strip<const M: usize>(
        self,
        strip: &Strip,
        finish: Finish,
        narrow: Option<&Self::Narrow>,
    );
}

/// Strips side by side in lines one under the other, and what their outputs need.
struct Tiles<'a, N> {
    strip: Strip,
    finish: Finish,
    narrow: Option<N>,
    lines: &'a Lines,
    cut: &'a Cut,
    /// Elements from line to line, of inputs and outputs.
    line: [usize; 2],
}

/// Computes whole strips of channels from filter `first` on, a multiple of `CHANNELS`; returns the first
/// filter that is left.
#[inline(always)]
pub(crate) fn run<S: Strips<CHANNELS>, const CHANNELS: usize>(
    simd: S,
    job: &JobI16<'_>,
    first: usize,
) -> usize {
    let geometry = job.geometry();
    let filters = geometry.filters;
    let end = filters - filters % CHANNELS;
    if filters != geometry.channels || job.panels().panels.taps > MOST || end <= first {
        return first;
    }
    let rows = Rows::of(geometry, job.sizes(), job.rows.start, job.first_input_row);
    let columns = Columns::of(geometry, job.sizes());
    let slides = if can_slide(geometry) {
        geometry.stride[2]
    } else {
        0
    };
    // Rows of output whose input the cache keeps while one strip of channels after the other passes.
    let row = geometry.input[2].wrapping_mul(filters);
    let band = quotient(2 * CACHED, row.saturating_mul(geometry.stride[1])).max(1);
    let last = count(&job.rows);
    let most = match slides {
        0 => S::PIXELS[0],
        1 => S::PIXELS[1],
        _ => S::PIXELS[2],
    };
    let mut index = 0;
    while index < last {
        let lines = rows.lines(index, (index + band).min(last));
        let mut x = 0;
        while x < columns.pixels {
            let cut = cut(&columns, x, slides, most);
            let mut first = first;
            while first < end {
                channels(simd, job, &lines, &columns, &cut, slides, first);
                first += CHANNELS;
            }
            x += cut.tile * cut.tiles;
        }
        index += lines.count;
    }
    end
}

/// The next strips from a pixel on: of pixels that slide, or of pixels that reach the same columns.
#[inline(always)]
fn cut(columns: &Columns, x: usize, slides: usize, most: usize) -> Cut {
    let cut = columns.cut(x, most);
    let [after_first, first, last, before_last] = cut.taps;
    if slides > 0 && cut.slides() || after_first == first && last == before_last {
        cut
    } else {
        columns.cut(x, 1)
    }
}

/// Computes the strips of a cut of some lines, of the channels from `first` on.
#[inline(always)]
fn channels<S: Strips<CHANNELS>, const CHANNELS: usize>(
    simd: S,
    job: &JobI16<'_>,
    lines: &Lines,
    columns: &Columns,
    cut: &Cut,
    slides: usize,
    first: usize,
) {
    let geometry = job.geometry();
    let filters = geometry.filters;
    let [_, kernel_height, kernel_width] = geometry.kernel;
    let [_, height, input_width] = geometry.input;
    let row = input_width.wrapping_mul(filters);
    let [z, y, x] = geometry.dilation;
    let lane = first % PANEL;
    let width = width(filters - (first - lane));
    let panel = (job.packed).wrapping_add(first / PANEL * job.panels().panel(PANEL));
    let tap = width / QUAD;
    let [_, start, end, _] = cut.taps;
    let slides = if cut.slides() { slides } else { 0 };
    let column = if slides > 0 { 0 } else { start };
    let before = (lines.planes.start * kernel_height + lines.rows.start) * kernel_width + column;
    let input = (columns.axis.position(cut.x, column))
        .wrapping_add(lines.input.wrapping_mul(input_width))
        .wrapping_mul(filters);
    let output = (lines.index * columns.pixels + cut.x) * filters;
    let strip = Strip {
        input: job.input.wrapping_add(input).wrapping_add(first),
        weights: panel.wrapping_add(HEADER * width + lane / QUAD + before * tap),
        taps: [count(&lines.planes), count(&lines.rows), end - start],
        // A step that is never taken may be past all bounds.
        steps: [
            z.wrapping_mul(height.wrapping_mul(row)),
            y.wrapping_mul(row),
            x.wrapping_mul(filters),
        ],
        weight_steps: [kernel_height * kernel_width * tap, kernel_width * tap, tap],
        pixel: geometry.stride[2].wrapping_mul(filters),
        slides,
        missed: [start > 0, end < COLUMNS],
    };
    let finish = Finish {
        pixels: cut.tile,
        filters: CHANNELS,
        sums: ptr::null(),
        waiting: None,
        steps: [PANEL, 1],
        header: panel.wrapping_add(lane),
        width,
        room: super::room(job.panels().panels.taps),
        range: job.range(),
        output: job.output.wrapping_add(output + first),
        output_step: filters,
    };
    // SAFETY: the header of filters that exist. The taps of a cut are inside, but for those that are
    // missed, and each of its pixels has outputs of these filters.
    unsafe {
        let tiles = Tiles {
            narrow: simd.narrow(&finish),
            strip,
            finish,
            lines,
            cut,
            line: [
                geometry.stride[1].wrapping_mul(row),
                columns.pixels * filters,
            ],
        };
        match cut.tile {
            2 => tiles.run::<S, CHANNELS, 2>(simd),
            3 if const { most(S::PIXELS) >= 3 } => tiles.run::<S, CHANNELS, 3>(simd),
            4 if const { most(S::PIXELS) >= 4 } => tiles.run::<S, CHANNELS, 4>(simd),
            5 if const { most(S::PIXELS) >= 5 } => tiles.run::<S, CHANNELS, 5>(simd),
            6 if const { most(S::PIXELS) >= 6 } => tiles.run::<S, CHANNELS, 6>(simd),
            7 if const { most(S::PIXELS) >= 7 } => tiles.run::<S, CHANNELS, 7>(simd),
            8 if const { most(S::PIXELS) >= 8 } => tiles.run::<S, CHANNELS, 8>(simd),
            _ => tiles.run::<S, CHANNELS, 1>(simd),
        }
    }
}

const fn most([a, b, c]: [usize; 3]) -> usize {
    let most = if a > b { a } else { b };
    if most > c { most } else { c }
}

impl<N> Tiles<'_, N> {
    /// # Safety
    /// As for [`Strips::strip`], of each.
    #[inline(always)]
    unsafe fn run<S: Strips<CHANNELS, Narrow = N>, const CHANNELS: usize, const M: usize>(
        mut self,
        simd: S,
    ) {
        let (mut input, mut output) = (self.strip.input, self.finish.output);
        for _ in 0..self.lines.count {
            self.strip.input = input;
            self.finish.output = output;
            for _ in 0..self.cut.tiles {
                // SAFETY: the caller's.
                unsafe { simd.strip::<M>(&self.strip, self.finish, self.narrow.as_ref()) };
                let next = M.wrapping_mul(self.strip.pixel);
                self.strip.input = self.strip.input.wrapping_add(next);
                let next = M * self.finish.output_step;
                self.finish.output = self.finish.output.wrapping_add(next);
            }
            input = input.wrapping_add(self.line[0]);
            output = output.wrapping_add(self.line[1]);
        }
    }
}
