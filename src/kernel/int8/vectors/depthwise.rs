//! Depthwise, for vector levels: vectors run along the channels, and meet no other channel.
//!
//! What is multiplied are pairs: a column of two neighbouring window rows at a time. For some pixels of
//! an output row and one vector of channels, the pairs of all columns under their windows are laid out
//! on the stack, with the zero point in the padding. Each is used by all the windows that it lies
//! under, and there is one loop for any window, stride, dilation and padding. Windows of 3x3 have a
//! better one: [`super::depthwise3`].

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::depthwise3::{self, Slide};
use super::finish::Filters;
use crate::kernel::int8::{JobI8, Outputs};
use crate::kernel::rows::{Columns, Lines, Rows};
use crate::kernel::window::{count, quotient};
use crate::pack::{PANEL, width};
use crate::pack_i8::HEADER;
use crate::simd::{GROUP, KernelI8, SimdI8};
use core::mem::MaybeUninit;
use core::ops::Range;

/// Bytes of the pairs that are laid out at once, and of a window's weights.
const ROOM: usize = 16 << 10;
const WEIGHTS: usize = 8 << 10;
/// Sums that become outputs together.
const WAITING: usize = 8 * GROUP;
/// Bytes of the input rows that are taken through all channels before the next: what a second-level
/// cache keeps.
const BAND: usize = 1 << 17;

/// Room on the stack.
#[repr(C, align(64))]
struct Stage {
    /// `[pair of rows][column]`
    pairs: MaybeUninit<[u8; ROOM]>,
    /// `[pair of rows][column]`
    weights: MaybeUninit<[u8; WEIGHTS]>,
}

/// A job; `UNSIGNED`: of uint8.
struct Depthwise<'a, const UNSIGNED: bool>(JobI8<'a>);

/// Whether a job's window fits the stage.
#[inline(always)]
pub(super) fn can<S: SimdI8>(job: &JobI8<'_>) -> bool {
    let window = Window::of(job);
    let columns = window.pairs.saturating_mul(window.extent(GROUP));
    let weights = window.pairs.saturating_mul(window.columns);
    columns <= ROOM / size_of::<S::Pair>() && weights <= WEIGHTS / size_of::<S::Pair>()
}

#[inline(always)]
pub(super) fn run<S: SimdI8>(simd: S, job: JobI8<'_>) {
    if job.quant().flip_input == 0 {
        simd.run(Depthwise::<false>(job));
    } else {
        simd.run(Depthwise::<true>(job));
    }
}

/// The window, as pairs of rows times columns.
#[derive(Clone, Copy)]
struct Window {
    rows: usize,
    pairs: usize,
    columns: usize,
    stride: usize,
    dilation: usize,
}

impl Window {
    #[inline(always)]
    fn of(job: &JobI8<'_>) -> Self {
        let geometry = job.geometry();
        let rows = geometry.kernel[0] * geometry.kernel[1];
        let one = geometry.kernel[2] == 1;
        Window {
            rows,
            pairs: rows.div_ceil(2),
            columns: geometry.kernel[2],
            stride: geometry.stride[2]
                .min(job.sizes().padding[2][0] + geometry.input[2] + job.sizes().padding[2][1]),
            // Where there is one column, its distance to the next says nothing.
            dilation: if one { 1 } else { geometry.dilation[2] },
        }
    }

    /// Columns of the input under so many neighbouring windows, a group at least.
    #[inline(always)]
    fn extent(&self, pixels: usize) -> usize {
        (pixels.max(GROUP) - 1)
            .saturating_mul(self.stride)
            .saturating_add((self.columns - 1) * self.dilation + 1)
    }
}

impl<S: SimdI8, const UNSIGNED: bool> KernelI8<S> for Depthwise<'_, UNSIGNED> {
    #[inline(always)]
    fn run(self, simd: S) {
        let job = self.0;
        let output = job.output;
        let geometry = job.geometry();
        let window = Window::of(&job);
        let mut stage = Stage {
            pairs: MaybeUninit::uninit(),
            weights: MaybeUninit::uninit(),
        };
        let rows = Rows::of(geometry, job.sizes(), job.rows.start, job.first_input_row);
        let columns = Columns::of(geometry, job.sizes());
        // As many pixels as fit, in whole groups.
        let room = quotient(ROOM / size_of::<S::Pair>(), window.pairs);
        let spare = room.saturating_sub(window.extent(GROUP));
        let pixels = quotient(spare, window.stride) / GROUP * GROUP + GROUP;
        let part = Part {
            job: &job,
            window,
            rows: &rows,
            columns: &columns,
            pixels,
            output,
        };
        let row = geometry.input[2] * geometry.channels;
        let three = depthwise3::is(&job);
        let [band, chunk] = if three {
            depthwise3::band(&job)
        } else {
            let band = quotient(BAND, row.saturating_mul(geometry.stride[1]));
            [band.max(1), usize::MAX]
        };
        let mut index = 0;
        let end = count(&job.rows);
        while index < end {
            let lines = index..index.saturating_add(band).min(end);
            index = lines.end;
            let mut x = 0;
            while x < columns.pixels {
                let pixels = x..x.saturating_add(chunk).min(columns.pixels);
                x = pixels.end;
                let mut first = 0;
                while first < geometry.filters {
                    let [lines, pixels] = [&lines, &pixels].map(Clone::clone);
                    let left = geometry.filters - first;
                    // SAFETY: lines, pixels and filters are the job's.
                    first += unsafe {
                        if three && const { 2 * S::LANES == PANEL } && left >= PANEL {
                            part.slide::<S, UNSIGNED, 2>(simd, lines, pixels, first, &mut stage)
                        } else if three && left >= S::LANES {
                            part.slide::<S, UNSIGNED, 1>(simd, lines, pixels, first, &mut stage)
                        } else {
                            part.vector::<S, UNSIGNED>(simd, lines, pixels, first, &mut stage)
                        }
                    };
                }
            }
        }
    }
}

/// What all lines and vectors have in common.
struct Part<'a> {
    job: &'a JobI8<'a>,
    window: Window,
    rows: &'a Rows,
    columns: &'a Columns,
    /// Pixels that are laid out at once.
    pixels: usize,
    output: Outputs,
}

/// What a panel holds of the filters from a vector's first on.
struct Packed {
    /// Their header, their first weights, and weights to the next tap's.
    header: *const i32,
    weights: *const i8,
    width: usize,
}

/// A vector of filters.
struct Vector {
    /// Filters that exist.
    count: usize,
    /// The first filter's channel, filters of one channel, and the first's place among its channel's.
    channel: usize,
    multiplier: usize,
    turn: usize,
    /// The end of the input.
    end: *const i8,
}

impl Part<'_> {
    /// The panel of the vector of filters from `first` on.
    #[inline(always)]
    fn packed(&self, first: usize) -> Packed {
        let job = self.job;
        let lane = first % PANEL;
        let width = width(job.geometry().filters - (first - lane));
        let panel = job
            .packed
            .wrapping_add(first / PANEL * job.shape.panels.panel(PANEL));
        Packed {
            header: panel.wrapping_add(lane),
            weights: panel
                .wrapping_add(HEADER * width)
                .cast::<i8>()
                .wrapping_add(lane),
            width,
        }
    }

    /// What becomes of the sums of a vector of filters, of which `count` exist.
    ///
    /// # Safety
    /// The filters are the job's, and the `v`th vector of `packed`'s panel.
    #[inline(always)]
    unsafe fn filters<S: SimdI8, const UNSIGNED: bool>(
        &self,
        simd: S,
        packed: &Packed,
        v: usize,
        count: usize,
    ) -> Filters<S> {
        let header = packed.header.wrapping_add(v * S::LANES);
        let taps = self.job.shape.panels.panels.taps;
        let offset = if UNSIGNED { 128 } else { 0 };
        // SAFETY: the caller's: panels follow each other as `PanelsI8` counts them.
        unsafe {
            Filters::load(
                simd,
                self.job.quant(),
                header,
                packed.width,
                taps,
                offset,
                count,
            )
        }
    }

    /// Some pixels of some lines of `V` vectors of filters, from `first` on, all of which exist; for what
    /// [`depthwise3`] has a loop for. Returns how many filters these are.
    ///
    /// # Safety
    /// They are the job's.
    #[inline(always)]
    unsafe fn slide<S: SimdI8, const UNSIGNED: bool, const V: usize>(
        &self,
        simd: S,
        lines: Range<usize>,
        pixels: Range<usize>,
        first: usize,
        stage: &mut Stage,
    ) -> usize {
        let packed = self.packed(first);
        // SAFETY: the caller's.
        unsafe {
            let slide = Slide::<S, V> {
                job: self.job,
                columns: self.columns,
                weights: packed.weights,
                width: packed.width,
                filters: core::array::from_fn(|v| {
                    self.filters::<S, UNSIGNED>(simd, &packed, v, S::LANES)
                }),
                first,
                output: self.output.at(first),
                sums: stage.pairs.as_mut_ptr().cast(),
                room: ROOM / size_of::<S::I32>() / V,
            };
            slide.lines::<UNSIGNED>(simd, lines, pixels);
        }
        V * S::LANES
    }

    /// Some pixels of some lines of one vector of filters, from `first` on. Returns how many filters a
    /// vector has.
    ///
    /// # Safety
    /// They are the job's.
    #[inline(always)]
    unsafe fn vector<S: SimdI8, const UNSIGNED: bool>(
        &self,
        simd: S,
        lines: Range<usize>,
        pixels: Range<usize>,
        first: usize,
        stage: &mut Stage,
    ) -> usize {
        let job = self.job;
        let geometry = job.geometry();
        let window = &self.window;
        let filters = geometry.filters;
        let multiplier = quotient(filters, geometry.channels);
        let channel = quotient(first, multiplier);
        let vector = Vector {
            count: (filters - first).min(S::LANES),
            channel,
            multiplier,
            turn: first - channel * multiplier,
            end: job.input.wrapping_add(job.shape.input_len),
        };
        let packed = self.packed(first);
        let (weights, width) = (packed.weights, packed.width);
        let pairs = stage.pairs.as_mut_ptr().cast::<S::Pair>();
        let to = stage.weights.as_mut_ptr().cast::<S::Pair>();
        let none = [0i8; PANEL];
        // SAFETY: `can` has seen that weights and pairs have room, and the rows and columns that are read
        // lie inside the input.
        unsafe {
            let filters = self.filters::<S, UNSIGNED>(simd, &packed, 0, vector.count);
            for pair in 0..window.pairs {
                for column in 0..window.columns {
                    let tap = 2 * pair * window.columns + column;
                    let a = weights.add(tap * width);
                    let b = if 2 * pair + 1 < window.rows {
                        a.add(window.columns * width)
                    } else {
                        none.as_ptr()
                    };
                    to.add(pair * window.columns + column)
                        .write(simd.pair::<false>(a, b));
                }
            }
            let mut index = lines.start;
            while index < lines.end {
                let lines = self.rows.lines(index, lines.end);
                let output = self.output.at(first);
                for line in 0..lines.count {
                    let row = (lines.index + line) * self.columns.pixels;
                    let mut x = pixels.start;
                    while x < pixels.end {
                        let now = x..(x + self.pixels).min(pixels.end);
                        x = now.end;
                        let output = output.at((row + now.start) * geometry.filters);
                        self.lay_out::<S, UNSIGNED>(simd, &lines, line, &now, &vector, pairs);
                        let pixels = count(&now);
                        match (window.columns, window.stride, window.dilation) {
                            (3, 1, 1) => {
                                self.row::<S, 3, 1>(simd, &filters, pairs, to, pixels, output)
                            }
                            (3, 2, 1) => {
                                self.row::<S, 3, 2>(simd, &filters, pairs, to, pixels, output)
                            }
                            _ => self.row::<S, 0, 0>(simd, &filters, pairs, to, pixels, output),
                        }
                    }
                }
                index += lines.count;
            }
        }
        S::LANES
    }

    /// Lays out the columns under the windows of neighbouring pixels of a line.
    ///
    /// # Safety
    /// They are the job's, and have room.
    #[inline(always)]
    unsafe fn lay_out<S: SimdI8, const UNSIGNED: bool>(
        &self,
        simd: S,
        lines: &Lines,
        line: usize,
        pixels: &Range<usize>,
        vector: &Vector,
        to: *mut S::Pair,
    ) {
        let (job, window) = (self.job, &self.window);
        let geometry = job.geometry();
        let [_, height, input_width] = geometry.input;
        let [_, kernel_height, _] = geometry.kernel;
        let row = input_width * geometry.channels;
        let zeros = [job.quant().input_zero as i8 ^ job.quant().flip_input as i8; PANEL];
        // Columns, counted from the first window's first; those of the input are `before..inside`.
        let extent = window.extent(count(pixels));
        let start = pixels.start * window.stride;
        let padding = job.sizes().padding[2][0];
        let before = padding.saturating_sub(start).min(extent);
        let inside = (padding + input_width)
            .saturating_sub(start)
            .min(extent)
            .max(before);
        let first = (start + before).wrapping_sub(padding);
        // A step that is never taken may be past all bounds.
        let base = job.input.wrapping_add(
            (lines.input + line.wrapping_mul(geometry.stride[1]))
                .wrapping_mul(row)
                .wrapping_add(first.wrapping_mul(geometry.channels))
                .wrapping_add(vector.channel),
        );
        // The row of the input under a window row, if there is one.
        let row_of = |index: usize| {
            let z = quotient(index, kernel_height);
            let y = index - z * kernel_height;
            (index < window.rows && lines.planes.contains(&z) && lines.rows.contains(&y)).then(
                || {
                    let plane = geometry.dilation[0].wrapping_mul(height * row);
                    base.wrapping_add((z - lines.planes.start).wrapping_mul(plane))
                        .wrapping_add(
                            (y - lines.rows.start)
                                .wrapping_mul(geometry.dilation[1].wrapping_mul(row)),
                        )
                },
            )
        };
        // SAFETY: the caller's.
        unsafe {
            let none = simd.pair::<UNSIGNED>(zeros.as_ptr(), zeros.as_ptr());
            for pair in 0..window.pairs {
                let to = to.add(pair * extent);
                for column in (0..before).chain(inside..extent) {
                    to.add(column).write(none);
                }
                // A row in the padding is one zero point again and again.
                let of = |row: Option<*const i8>| match row {
                    Some(row) => (row, geometry.channels),
                    None => (zeros.as_ptr(), 0),
                };
                let [(mut a, a_step), (mut b, b_step)] =
                    [2 * pair, 2 * pair + 1].map(|row| of(row_of(row)));
                let mut column = before;
                // The last of these columns is the one that is farthest on.
                let last = [(a, a_step), (b, b_step)].map(|(p, step)| {
                    let columns = inside - before;
                    step == 0 || {
                        let last = p.addr() + columns.saturating_sub(1) * step;
                        last + S::LANES <= vector.end.addr()
                    }
                });
                if vector.multiplier == 1 && last == [true; 2] {
                    while column < inside {
                        to.add(column).write(simd.pair::<UNSIGNED>(a, b));
                        a = a.wrapping_add(a_step);
                        b = b.wrapping_add(b_step);
                        column += 1;
                    }
                }
                while column < inside {
                    let copies = [vector.copy(a, a_step == 0), vector.copy(b, b_step == 0)];
                    to.add(column)
                        .write(simd.pair::<UNSIGNED>(copies[0].as_ptr(), copies[1].as_ptr()));
                    a = a.wrapping_add(a_step);
                    b = b.wrapping_add(b_step);
                    column += 1;
                }
            }
        }
    }

    /// The pixels whose columns are laid out. `COLUMNS` of the window, and `STRIDE` at a dilation of
    /// 1; zero: whatever they are.
    ///
    /// # Safety
    /// They are laid out, with the weights, and so many outputs can be written.
    #[inline(always)]
    unsafe fn row<S: SimdI8, const COLUMNS: usize, const STRIDE: usize>(
        &self,
        simd: S,
        filters: &Filters<S>,
        pairs: *const S::Pair,
        weights: *const S::Pair,
        pixels: usize,
        output: Outputs,
    ) {
        let window = &self.window;
        let extent = window.extent(pixels);
        let [columns, stride, dilation] = if COLUMNS == 0 {
            [window.columns, window.stride, window.dilation]
        } else {
            [COLUMNS, STRIDE, 1]
        };
        let step = self.job.geometry().filters;
        let mut waiting = MaybeUninit::<[S::I32; WAITING]>::uninit();
        let to = waiting.as_mut_ptr().cast::<S::I32>();
        let (mut pixel, mut written) = (0, 0);
        while pixel < pixels {
            // The last group starts so early that all its pixels exist, if there are enough.
            let first = pixel.min(pixels.saturating_sub(GROUP));
            written = written.min(first);
            let mut sums = [simd.splat(0); GROUP];
            // SAFETY: the caller's; columns are laid out for a whole group.
            unsafe {
                let mut at = pairs.add(first * stride);
                let mut w = weights;
                for _ in 0..window.pairs {
                    for column in 0..columns {
                        let weight = w.add(column).read();
                        for m in 0..GROUP {
                            let x = at.add(m * stride + column * dilation).read();
                            sums[m] = simd.dot_pair(sums[m], x, weight);
                        }
                    }
                    at = at.add(extent);
                    w = w.add(columns);
                }
                for m in 0..GROUP {
                    to.add(first - written + m).write(sums[m]);
                }
                pixel = first + GROUP;
                if pixel >= pixels || pixel - written == WAITING {
                    let count = pixel.min(pixels) - written;
                    filters.write(simd, to, 1, count, output.at(written * step), step);
                    written = pixel;
                }
            }
        }
    }
}

impl Vector {
    /// The inputs of a tap, each as often as filters read it.
    ///
    /// # Safety
    /// Each filter that exists has a channel at `tap`; or `padding`, where all are alike.
    #[inline(always)]
    unsafe fn copy(&self, tap: *const i8, padding: bool) -> [i8; PANEL] {
        let mut copy = [0; PANEL];
        let (mut turn, mut tap) = (self.turn, tap);
        for byte in copy.iter_mut().take(self.count) {
            // SAFETY: the caller's.
            *byte = unsafe { tap.read() };
            turn += 1;
            if turn == self.multiplier && !padding {
                turn = 0;
                tap = tap.wrapping_add(1);
            }
        }
        copy
    }
}
