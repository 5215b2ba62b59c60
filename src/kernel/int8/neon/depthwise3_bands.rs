//! Depthwise with windows of 3x3, of images with few channels, or narrow ones, or of uint8. A tile is some
//! pixels of a row and sixteen channels, as in [`super::depthwise3`].
//!
//! What lies under the windows of a band of the output is laid out on the stack, with the zero point in
//! the padding, so that tiles know of no borders, and one call computes sixteen channels of the band. Where
//! there are many channels, laying out takes more than it saves but in narrow images, whose tiles all
//! reach into the padding.
//!
//! Eight channels fill half a vector, so two pixels take the place of one.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::depthwise::load as load_some;
use super::depthwise3_words::{HALF, LANES, Words, add_one, add_pair, load};
use super::finish::{Ends, Finish, tflite};
use super::stage::{copy, fill};
use crate::kernel::int8::walk::Walk;
use crate::kernel::int8::{JobI8, Outputs};
use crate::kernel::rows::cut;
use crate::kernel::window::{Axis, count, quotient};
use crate::quant::Rounding;
use crate::simd::{KernelNeon, NeonI8};
use core::arch::aarch64::*;
use core::arch::asm;
use core::mem::MaybeUninit;
use core::ops::Range;

/// The most pixels of a tile.
const PIXELS: usize = 5;
/// Channels that are taken at a time: a cache line of each pixel.
const CHUNK: usize = 4 * LANES;
/// Images of so many pixels are narrow, if they have more rows than that.
const NARROW: usize = 5;
/// Bytes that are laid out, and beyond the last that may be overwritten. Of a row they are an eighth at
/// most, as two or so of a band's are laid out for the next one again.
const ROOM: usize = 32 << 10;
const SLACK: usize = 16;
const LONGEST: usize = ROOM / 8;

/// Whether a job of 3x3 windows, without a weight of -128, is one for this.
#[inline(always)]
pub(super) fn can(job: &JobI8<'_>) -> bool {
    let geometry = job.geometry();
    let [stride, dilation] = [geometry.stride[2], geometry.dilation[2]];
    step(stride, dilation) < 3
        && (geometry.channels < LANES
            || job.quant().flip_input != 0
            || stride == dilation
                && job.sizes().output[2] <= NARROW
                && count(&job.rows) > 2 * NARROW)
}

/// Whether two pixels take the place of one: then their windows lie side by side.
#[inline(always)]
fn halves(job: &JobI8<'_>) -> bool {
    let geometry = job.geometry();
    geometry.channels <= HALF
        && geometry.stride[2] == 1
        && geometry.dilation[2] == 1
        && job.sizes().output[2] > 1
}

pub(super) struct Bands<'a>(pub JobI8<'a>);

/// Some channels of a job.
struct Chunk<'a> {
    job: &'a JobI8<'a>,
    walk: &'a Walk<'a>,
    /// The first, and how many there are.
    first: usize,
    channels: usize,
    /// Two pixels fill the lanes.
    halves: bool,
    words: MaybeUninit<Words<CHUNK>>,
    output: Outputs,
    ends: Ends,
}

/// The inputs that are laid out: `[sixteen channels][row][column][channel]`.
#[repr(C, align(64))]
struct Room(MaybeUninit<[i8; ROOM + SLACK]>);

/// What is laid out of one axis under a part of the output.
struct Under {
    /// Rows or columns of the layout, and from a window to the next.
    inputs: usize,
    step: usize,
    /// That of the input which is the first, or would be; how many there are; from a tap, and from a
    /// window, to the next.
    first: usize,
    size: usize,
    dilation: usize,
    stride: usize,
}

impl Under {
    #[inline(always)]
    fn of(
        axis: &Axis,
        size: usize,
        [stride, dilation]: [usize; 2],
        at: usize,
        outputs: usize,
    ) -> Self {
        let step = step(stride, dilation);
        Under {
            inputs: inputs(outputs, step),
            step,
            first: axis.position(at, 0),
            size,
            dilation,
            stride,
        }
    }

    /// Which of the input is this one of the layout; if it is in the padding, one that does not exist.
    #[inline(always)]
    fn input(&self, index: usize) -> usize {
        let right = if self.step == 3 {
            let window = index / 3;
            (window.wrapping_mul(self.stride))
                .wrapping_add((index - 3 * window).wrapping_mul(self.dilation))
        } else {
            index.wrapping_mul(self.dilation)
        };
        self.first.wrapping_add(right)
    }

    /// Those of the layout that are in the input, unless windows share none.
    #[inline(always)]
    fn inside(&self) -> Range<usize> {
        // Up to the input, if the first lies below zero, and up to its end.
        let (before, end) = if (self.first as isize) < 0 {
            let before = self.first.wrapping_neg();
            (before, self.size.saturating_add(before))
        } else {
            (0, self.size.saturating_sub(self.first))
        };
        let [start, end] = [before, end].map(|distance| {
            let distance = distance.saturating_add(self.dilation - 1);
            quotient(distance, self.dilation).min(self.inputs)
        });
        start.min(end)..end
    }
}

/// From a window to the next: rows or columns of the layout, which takes those that both reach once.
#[inline(always)]
fn step(stride: usize, dilation: usize) -> usize {
    if stride == dilation {
        1
    } else if dilation.checked_mul(2) == Some(stride) {
        2
    } else {
        3
    }
}

/// Rows or columns of the layout under so many windows.
#[inline(always)]
fn inputs(outputs: usize, step: usize) -> usize {
    (outputs - 1) * step + 3
}

/// Windows under which so many rows or columns of the layout lie: one at least.
#[inline(always)]
fn outputs(inputs: usize, step: usize) -> usize {
    (quotient(inputs.saturating_sub(3), step)) + 1
}

/// A part of the output, in one plane.
#[derive(Clone)]
struct Part {
    rows: Range<usize>,
    columns: Range<usize>,
}

/// A plane of the output, and what is under it.
struct Plane {
    /// The first of the job's rows that are in it, counted from the job's first, and which of the plane it
    /// is.
    line: usize,
    y: usize,
    /// The first row of the input, counted from the job's; none if the plane is in the padding.
    input: Option<usize>,
}

/// Where the inputs of a part are.
struct Source {
    /// Of its first window, the first channels; bytes to the next sixteen.
    inputs: *const i8,
    sixteen: usize,
    /// Bytes from one column and row of a window to the next, and from a window to the one below.
    right: usize,
    pitch: usize,
    below: usize,
}

/// Tiles side by side, in rows one under the other.
struct Tiles<'a> {
    words: *const Words<CHUNK>,
    ends: &'a Ends,
    /// The first of sixteen lanes.
    lane: usize,
    /// The first window's inputs, and bytes from one of its rows to the next, and from a window to the one
    /// below.
    inputs: *const i8,
    pitch: usize,
    below: usize,
    /// Of a row, and rows.
    tiles: usize,
    lines: usize,
    /// Of the first lane, and bytes from a pixel to the next, and to the one below.
    output: *mut i8,
    pixel: usize,
    line: usize,
    /// Where the sums of a tile go, if they do not become outputs at once.
    sums: *mut i32,
}

/// `M` pixels, of which each one's window lies `P` columns of `U` bytes right of the one before.
struct Tile<'a, const M: usize, const P: usize, const U: usize>(&'a Tiles<'a>);

impl KernelNeon for Bands<'_> {
    #[inline(always)]
    fn run<S: NeonI8>(self, simd: S) {
        let job = self.0;
        let output = job.output;
        let walk = Walk::new(&job, 0);
        let all = job.geometry().channels;
        let mut room = Room(MaybeUninit::uninit());
        let mut first = 0;
        while first < all {
            // Unless there are less in all, none is of less channels than a vector has lanes.
            let channels = match all - first {
                left @ 0..=CHUNK => left,
                left if left < CHUNK + LANES => CHUNK - LANES,
                _ => CHUNK,
            };
            let mut chunk = Chunk {
                job: &job,
                walk: &walk,
                first,
                channels,
                halves: halves(&job),
                words: MaybeUninit::uninit(),
                output: output.at(first),
                ends: Ends::of(job.quant()),
            };
            // SAFETY: the channels are the job's, which is one for this, and the caller is compiled
            // for NEON.
            unsafe {
                let right = load(&mut chunk.words, &job, first, channels, chunk.halves);
                chunk.planes(simd, right, &mut room);
            }
            first += channels;
        }
    }
}

impl Chunk<'_> {
    /// The first of sixteen lanes: the last ones may be some of the sixteen before.
    #[inline(always)]
    fn lane(&self, sixteen: usize) -> usize {
        (sixteen * LANES).min(self.channels.saturating_sub(LANES))
    }

    /// # Safety
    /// The chunk is loaded, and the caller is compiled for NEON.
    #[inline(always)]
    unsafe fn planes<S: NeonI8>(&self, simd: S, right: bool, room: &mut Room) {
        let (job, walk) = (self.job, self.walk);
        let (geometry, sizes) = (job.geometry(), job.sizes());
        let [input_depth, input_height, _] = geometry.input;
        let [output_depth, output_height, _] = sizes.output;
        let depth = Axis::of(geometry, sizes, 0);
        let pixels = walk.columns.pixels;
        let lines = count(&job.rows);
        let mut line = 0;
        while line < lines {
            let row = job.rows.start + line;
            let index = quotient(row, output_height);
            let image = quotient(index, output_depth);
            let y = row - index * output_height;
            let z = depth.position(index - image * output_depth, 0);
            let end = (y + (lines - line)).min(output_height);
            let plane = Plane {
                line,
                y,
                input: (z < input_depth).then(|| {
                    let plane = image.wrapping_mul(input_depth).wrapping_add(z);
                    (plane.wrapping_mul(input_height)).wrapping_sub(job.first_input_row)
                }),
            };
            let part = Part {
                rows: y..end,
                columns: 0..pixels,
            };
            // SAFETY: the caller's.
            unsafe { self.bands(simd, right, room, &plane, &part) };
            line += end - y;
        }
    }

    /// Computes a part by bands that are laid out.
    ///
    /// # Safety
    /// As for [`planes`](Self::planes).
    #[inline(always)]
    unsafe fn bands<S: NeonI8>(
        &self,
        simd: S,
        right: bool,
        room: &mut Room,
        plane: &Plane,
        part: &Part,
    ) {
        let (geometry, sizes) = (self.job.geometry(), self.job.sizes());
        let [_, input_height, input_width] = geometry.input;
        let [_, down, along] =
            [0, 1, 2].map(|axis| [geometry.stride[axis], geometry.dilation[axis]]);
        let [rows_step, columns_step] =
            [down, along].map(|[stride, dilation]| step(stride, dilation));
        let height = Axis::of(geometry, sizes, 1);
        let sixteens = self.channels.div_ceil(LANES);
        let column = if self.halves { HALF } else { LANES };
        let longest = outputs(quotient(LONGEST, sixteens * column), columns_step);
        let mut x = part.columns.start;
        while x < part.columns.end {
            let left = part.columns.end - x;
            let mut now = cut(left, longest).0;
            // Two pixels at least, where they are taken by two.
            if self.halves && left - now == 1 {
                now -= 1;
            }
            let columns = Under::of(&self.walk.columns.axis, input_width, along, x, now);
            let pitch = (columns.inputs * column).next_multiple_of(LANES);
            let most = outputs(quotient(ROOM, sixteens * pitch), rows_step);
            let mut y = part.rows.start;
            while y < part.rows.end {
                let end = (y + most).min(part.rows.end);
                let rows = Under::of(&height, input_height, down, y, end - y);
                let source = Source {
                    inputs: room.0.as_ptr().cast::<i8>(),
                    sixteen: rows.inputs * pitch,
                    right: column,
                    pitch,
                    below: rows_step * pitch,
                };
                let band = Part {
                    rows: y..end,
                    columns: x..x + now,
                };
                // SAFETY: the caller's; there is room for the band.
                unsafe {
                    self.lay_out(room, plane, &rows, &columns, &source);
                    self.part(simd, right, &source, plane, &band);
                }
                y = end;
            }
            x += now;
        }
    }

    /// Lays out what is under a band.
    ///
    /// # Safety
    /// It is one of the job's, and there is room for it; the caller is compiled for NEON.
    #[inline(always)]
    unsafe fn lay_out(
        &self,
        room: &mut Room,
        plane: &Plane,
        rows: &Under,
        columns: &Under,
        source: &Source,
    ) {
        let geometry = self.job.geometry();
        let quant = self.job.quant();
        let (flip, zero) = (quant.flip_input, quant.input_zero as i8);
        let Source {
            right: column,
            pitch,
            ..
        } = *source;
        let Range { start, end } = columns.inside();
        let bytes = geometry.input[2].wrapping_mul(geometry.channels);
        let first = columns.first.wrapping_mul(geometry.channels);
        let first = first.wrapping_add(self.first);
        let last = rows.inside().end;
        let mut shape = Shape {
            left: start * column,
            columns: end - start,
            end: columns.inputs * column,
            right: geometry.dilation[2].wrapping_mul(geometry.channels),
            below: geometry.dilation[1].wrapping_mul(bytes),
            pitch,
            rows: 1,
            flip,
            zero,
        };
        let mut to = room.0.as_mut_ptr().cast::<i8>();
        for sixteen in 0..self.channels.div_ceil(LANES) {
            let first = first.wrapping_add(self.lane(sixteen));
            let mut row = 0;
            while row < rows.inputs {
                let input = rows.input(row);
                shape.rows = 1;
                // SAFETY: the caller's. Where a copy overwrites what is beyond it, that is written later.
                unsafe {
                    match plane.input {
                        Some(plane) if input < rows.size => {
                            let at = plane.wrapping_add(input).wrapping_mul(bytes);
                            let from = self.walk.input.wrapping_add(at).wrapping_add(first);
                            let inside = from.wrapping_add(start.wrapping_mul(shape.right));
                            if self.channels >= LANES {
                                if rows.step < 3 {
                                    shape.rows = last - row;
                                }
                                shape.lay_out(inside, to);
                            } else {
                                fill(to, shape.left, zero);
                                let to = to.wrapping_add(shape.left);
                                if self.channels == column {
                                    copy(inside, to, shape.columns * column, flip);
                                } else {
                                    self.lay_out_few(inside, to, column, shape.columns);
                                }
                                let to = to.wrapping_add(shape.columns * column);
                                fill(to, (columns.inputs - end) * column, zero);
                            }
                        }
                        _ => fill(to, shape.end, zero),
                    }
                }
                row += shape.rows;
                to = to.wrapping_add(shape.rows * pitch);
            }
        }
    }

    /// Lays out columns of less than sixteen channels.
    ///
    /// # Safety
    /// They are there, and room for them; the caller is compiled for NEON.
    #[target_feature(enable = "neon")]
    #[inline(never)]
    unsafe fn lay_out_few(
        &self,
        mut from: *const i8,
        mut to: *mut i8,
        column: usize,
        columns: usize,
    ) {
        let flips = vdupq_n_s8(self.job.quant().flip_input as i8);
        let right = self.job.geometry().dilation[2].wrapping_mul(self.job.geometry().channels);
        for _ in 0..columns {
            // SAFETY: the caller's.
            unsafe { vst1q_s8(to, veorq_s8(load_some(from, self.channels), flips)) };
            from = from.wrapping_add(right);
            to = to.wrapping_add(column);
        }
    }

    /// Computes a part.
    ///
    /// # Safety
    /// Its inputs are there, the outputs too, and the caller is compiled for NEON.
    #[inline(always)]
    unsafe fn part<S: NeonI8>(
        &self,
        simd: S,
        right: bool,
        source: &Source,
        plane: &Plane,
        part: &Part,
    ) {
        let geometry = self.job.geometry();
        let filters = geometry.filters;
        let halves = if self.halves { 2 } else { 1 };
        let step = if self.halves {
            2
        } else {
            step(geometry.stride[2], geometry.dilation[2])
        };
        let whole = filters >= LANES || self.halves && filters == HALF;
        let plain = right && whole && self.job.quant().rounding == Rounding::Tflite;
        let pixel = filters * halves;
        let line = self.walk.columns.pixels * filters;
        let row = plane.line + (part.rows.start - plane.y);
        let output = self.output.at(row * line + part.columns.start * filters);
        let (pixels, lines) = (count(&part.columns), count(&part.rows));
        let mut sums = MaybeUninit::<[i32; PIXELS * LANES]>::uninit();
        for sixteen in 0..self.channels.div_ceil(LANES) {
            let lane = self.lane(sixteen);
            let inputs = source.inputs.wrapping_add(sixteen * source.sixteen);
            let number = quotient(pixels, halves);
            // Of a row that is no whole number of pairs, a pixel is computed twice.
            let odd = pixels - number * halves;
            let mut done = 0;
            while done < number + odd {
                let (pixels, tiles, back) = if done < number {
                    let most = if step == 2 && !self.halves { 3 } else { PIXELS };
                    let (pixels, tiles) = cut(number - done, most);
                    (pixels, tiles, 0)
                } else {
                    (1, 1, 1)
                };
                let tile_step = step.wrapping_mul(source.right);
                let inputs = inputs.wrapping_add(done.wrapping_mul(tile_step));
                let inputs = inputs.wrapping_sub(back * source.right);
                let output = output.at(lane + done * pixel - back * filters);
                let mut call = Tiles {
                    words: self.words.as_ptr(),
                    ends: &self.ends,
                    lane,
                    inputs,
                    pitch: source.pitch,
                    below: source.below,
                    tiles,
                    lines,
                    output: core::ptr::null_mut(),
                    pixel,
                    line,
                    sums: core::ptr::null_mut(),
                };
                match output {
                    Outputs::Bytes(output) if plain => {
                        call.output = output;
                        run(simd, step, self.halves, pixels, &call);
                    }
                    output => {
                        call.sums = sums.as_mut_ptr().cast();
                        for row in 0..lines {
                            for tile in 0..tiles {
                                let first = tile * pixels;
                                call.inputs = (inputs.wrapping_add(row.wrapping_mul(source.below)))
                                    .wrapping_add(first.wrapping_mul(tile_step));
                                run(simd, step, self.halves, pixels, &call);
                                let output = output.at(row * line + first * pixel);
                                // SAFETY: the caller's; the sums were just written.
                                unsafe {
                                    self.finish(simd, call.sums, lane, pixels * halves, output);
                                }
                            }
                        }
                    }
                }
                done += pixels * tiles;
            }
        }
    }

    /// Makes outputs of the sums of a tile.
    ///
    /// # Safety
    /// They are there, the outputs too, and the caller is compiled for NEON.
    #[inline(always)]
    unsafe fn finish<S: NeonI8>(
        &self,
        simd: S,
        sums: *const i32,
        lane: usize,
        pixels: usize,
        output: Outputs,
    ) {
        let filters = self.job.geometry().filters;
        let mut places = [0; 2 * PIXELS];
        for (i, place) in places.iter_mut().enumerate() {
            *place = i * filters;
        }
        let words = self.words.as_ptr();
        // SAFETY: the caller's.
        let [multiplier, shift] = unsafe {
            [&raw const (*words).multiplier, &raw const (*words).shift]
                .map(|words| words.cast::<i32>().add(lane))
        };
        simd.run(Finish {
            quant: self.job.quant(),
            sums,
            pixels,
            places: places.as_ptr(),
            output,
            multiplier,
            shift,
            vectors: if self.halves { HALF / 4 } else { LANES / 4 },
            filters,
        });
    }
}

/// Rows that are laid out alike, of sixteen channels.
struct Shape {
    /// Bytes in the padding on the left, columns inside, and where the row ends.
    left: usize,
    columns: usize,
    end: usize,
    /// Bytes of the input to the next column and row, and of the layout to the next row.
    right: usize,
    below: usize,
    pitch: usize,
    rows: usize,
    flip: u8,
    zero: i8,
}

impl Shape {
    /// # Safety
    /// The columns are there, and room for the rows.
    #[target_feature(enable = "neon")]
    #[inline(never)]
    unsafe fn lay_out(&self, mut from: *const i8, mut to: *mut i8) {
        let Shape {
            left,
            columns,
            end,
            right,
            below,
            pitch,
            rows,
            flip,
            zero,
        } = *self;
        for _ in 0..rows {
            let mut x = from;
            // SAFETY: the caller's.
            unsafe {
                fill(to, left, zero);
                let mut to = to.wrapping_add(left);
                if flip == 0 {
                    for _ in 0..columns / 4 {
                        for i in 0..4 {
                            vst1q_s8(to.add(i * LANES), next(&mut x, right));
                        }
                        to = to.wrapping_add(4 * LANES);
                    }
                    for _ in 0..columns % 4 {
                        vst1q_s8(to, next(&mut x, right));
                        to = to.wrapping_add(LANES);
                    }
                } else {
                    let flips = vdupq_n_s8(flip as i8);
                    for _ in 0..columns {
                        vst1q_s8(to, veorq_s8(next(&mut x, right), flips));
                        to = to.wrapping_add(LANES);
                    }
                }
                fill(to, end - left - columns * LANES, zero);
            }
            from = from.wrapping_add(below);
            to = to.wrapping_add(pitch);
        }
    }
}

/// Sixteen inputs, and on to the next.
///
/// # Safety
/// They are readable.
#[inline(always)]
unsafe fn next(p: &mut *const i8, step: usize) -> int8x16_t {
    let x;
    // SAFETY: the caller's.
    unsafe {
        asm!("ld1 {{{x:v}.16b}}, [{p}], {step}",
            x = out(vreg) x, p = inout(reg) *p, step = in(reg) step,
            options(readonly, nostack, preserves_flags));
    }
    x
}

/// Runs the tiles.
#[inline(always)]
fn run<S: NeonI8>(simd: S, step: usize, halves: bool, pixels: usize, tiles: &Tiles<'_>) {
    macro_rules! pixels {
        ($step:literal $column:expr; $($pixels:literal)*) => {
            match pixels {
                $($pixels => simd.run(Tile::<$pixels, $step, { $column }>(tiles)),)*
                _ => {}
            }
        };
    }
    match (step, pixels) {
        _ if halves => pixels!(2 HALF; 1 2 3 4 5),
        (1, _) | (_, 1) => pixels!(1 LANES; 1 2 3 4 5),
        _ => pixels!(2 LANES; 2 3),
    }
}

impl<const M: usize, const P: usize, const U: usize> KernelNeon for Tile<'_, M, P, U> {
    #[inline(always)]
    fn run<S: NeonI8>(self, _simd: S) {
        let tiles = self.0;
        let words = tiles.words;
        let ends = *tiles.ends;
        let (mut inputs, mut output) = (tiles.inputs, tiles.output);
        for _ in 0..tiles.lines {
            let mut rows = [0, 1, 2].map(|row: usize| inputs.wrapping_add(row * tiles.pitch));
            let mut to = output;
            for _ in 0..tiles.tiles {
                // SAFETY: the rows of all tiles are laid out, the words are those of the chunk's lanes, the
                // outputs are there, and the caller is compiled for NEON.
                unsafe {
                    let mut sums = self.sums(rows);
                    if !tiles.sums.is_null() {
                        for m in 0..M {
                            for v in 0..4 {
                                vst1q_s32(tiles.sums.add((m * 4 + v) * 4), sums[m][v]);
                            }
                        }
                        return;
                    }
                    for v in 0..4 {
                        let at = tiles.lane + 4 * v;
                        let multiplier = (&raw const (*words).multiplier).cast::<i32>().add(at);
                        let shift = (&raw const (*words).shift).cast::<i32>().add(at);
                        let [multiplier, shift] = [multiplier, shift].map(|p| vld1q_s32(p));
                        for m in 0..M {
                            sums[m][v] = tflite(sums[m][v], multiplier, shift);
                        }
                    }
                    let mut bytes = sums.map(|sums| ends.narrow(sums));
                    ends.clamp(&mut bytes);
                    for m in 0..M {
                        vst1q_s8(to, bytes[m]);
                        to = to.wrapping_add(tiles.pixel);
                    }
                }
                rows = rows.map(|row| row.wrapping_add(M * P * U));
            }
            inputs = inputs.wrapping_add(tiles.below);
            output = output.wrapping_add(tiles.line);
        }
    }
}

impl<const M: usize, const P: usize, const U: usize> Tile<'_, M, P, U> {
    /// The sums of sixteen lanes.
    ///
    /// # Safety
    /// The rows are laid out, the words there, and the caller is compiled for NEON.
    #[inline(always)]
    unsafe fn sums(&self, rows: [*const i8; 3]) -> [[int32x4_t; 4]; M] {
        let Tiles { words, lane, .. } = *self.0;
        // SAFETY: the caller's.
        unsafe {
            let weights = (&raw const (*words).weights).cast::<i8>().add(lane);
            let weight = |tap: usize| vld1q_s8(weights.add(tap * CHUNK));
            let bias = (&raw const (*words).bias).cast::<i32>().add(lane);
            let mut sums = [[vdupq_n_s32(0); 4]; M];
            for v in 0..4 {
                let bias = vld1q_s32(bias.add(4 * v));
                for m in 0..M {
                    sums[m][v] = bias;
                }
            }
            let w = [0, 1, 2].map(|tap| [weight(tap), weight(3 + tap)]);
            macro_rules! upper {
                ($($column:literal)*) => {$(
                    if const { $column < (M - 1) * P + 3 } {
                        let x = [0, 1].map(|row: usize| vld1q_s8(rows[row].add($column * U)));
                        for m in 0..M {
                            if m * P <= $column && $column < m * P + 3 {
                                add_pair(&mut sums[m], x, w[$column - m * P]);
                            }
                        }
                    }
                )*};
            }
            upper!(0 1 2 3 4 5 6 7 8 9 10);
            let w = [6, 7, 8].map(weight);
            let mut x = [vdupq_n_s8(0); 3 * PIXELS];
            macro_rules! lower {
                ($($column:literal)*) => {$(
                    if const { $column < (M - 1) * P + 3 } {
                        x[$column] = vld1q_s8(rows[2].add($column * U));
                        for m in 0..M {
                            if m * P + 2 == $column {
                                add_pair(&mut sums[m], [x[m * P], x[m * P + 1]], [w[0], w[1]]);
                                add_one(&mut sums[m], x[m * P + 2], w[2]);
                            }
                        }
                    }
                )*};
            }
            lower!(0 1 2 3 4 5 6 7 8 9 10);
            sums
        }
    }
}
