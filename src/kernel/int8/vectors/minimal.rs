//! Dense, for windows of three columns side by side: two thirds of the multiplications, and the same
//! sums to the bit.
//!
//! Two neighbouring outputs of a filter of three taps g take four products instead of six (Winograd,
//! *Arithmetic complexity of computations*, 1980; F(2,3) of Lavin and Gray, *Fast algorithms for
//! convolutional neural networks*, 2015). With inputs d of the four columns under them,
//!
//! ```text
//! m0 = (d0 - d2) g0                    y0 = m0 + m1 + m2
//! m1 = (d1 + d2) (g0 + g1 + g2) / 2    y1 = m1 - m2 - m3
//! m2 = (d2 - d1) (g0 - g1 + g2) / 2
//! m3 = (d1 - d3) g2
//! ```
//!
//! Here the halves are left out, so that all is whole numbers of 16 bits, and twice the sums come out.
//! Products are added up over window rows and channels before the m are combined. What is added may
//! wrap; twice a sum does not, see [`can`].
//!
//! That is for levels that multiply 16-bit numbers: those that multiply bytes would do so half as
//! often. As in [`super::staged`], windows are laid out on the stack, in parts where they are long.
//! The transformed weights of eight filters at a time are made there too, from the packed ones: the more
//! pixels share them, the less that is (a tenth of the multiplications' time).

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::finish::Filters;
use crate::kernel::int8::walk::{Cursor, Walk};
use crate::kernel::int8::{JobI8, Outputs};
use crate::kernel::window::{count, quotient};
use crate::kernel::{Direct, int8::vectors};
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use crate::simd::{KernelI8, MinimalI8};
use core::array;
use core::mem::MaybeUninit;
use core::ops::Range;

/// Products of two outputs, and columns of the window and under two of them.
const POINTS: usize = 4;
const TAPS: usize = 3;
/// Pairs of pixels that are laid out at once, and of a tile.
const PAIRS: usize = 12;
const TILE: usize = 6;
/// Inputs of a point that are laid out at once: of a window row after the other, all channels.
const PART: usize = 192;
/// Elements from one pair's to the next's: an odd number of half cache lines, or all would compete for
/// the same places in the cache.
const STRIDE: usize = PART + 16;
/// Filters whose sums wait while long windows are taken in parts.
const WAITING: usize = 32;
/// Filters of a block, and elements of a quad of each.
const LANES: usize = 8;
const BLOCK: usize = LANES * QUAD;

/// Room on the stack.
#[repr(C, align(64))]
struct Stage<S: MinimalI8> {
    /// `[point][pair][STRIDE]`
    inputs: [MaybeUninit<[[i16; STRIDE]; PAIRS]>; POINTS],
    /// `[point][quad][filter][4]`
    weights: [MaybeUninit<[[i16; BLOCK]; PART / QUAD]>; POINTS],
    /// `[block][point][pair]`
    sums: MaybeUninit<[[[S::Sums; PAIRS]; POINTS]; WAITING / LANES]>,
    /// Of the pixels of a block, a word each.
    words: MaybeUninit<[S::I32; 2 * PAIRS]>,
    /// A piece of a row in the padding.
    zeros: [i8; PART],
}

/// Whether a job is of this kind, and not so narrow that what the second pixel of a row's last pair
/// would cost is more than what is saved.
#[inline(always)]
fn can(job: &JobI8<'_>) -> bool {
    let (geometry, columns) = (job.geometry(), job.sizes().output[2]);
    // A product is at most 2^14: twice a sum of so many stays in 32 bits.
    const MOST: usize = 1 << 15;
    job.shape.panels.algorithm == Direct::Dense
        && geometry.groups == 1
        && geometry.kernel[2] == TAPS
        && geometry.stride[2] == 1
        && geometry.dilation[2] == 1
        && geometry.channels.is_multiple_of(QUAD)
        && geometry.channels >= 2 * QUAD
        && job.shape.panels.depth() <= MOST
        && (columns.is_multiple_of(2) || columns >= 5)
}

/// Runs a job, by these kernels or those of all vector levels.
#[inline(always)]
pub(crate) fn run<S: MinimalI8>(simd: S, job: JobI8<'_>) {
    if can(&job) {
        simd.run(Dense(job));
    } else {
        vectors::run(simd, job);
    }
}

struct Dense<'a>(JobI8<'a>);

impl<S: MinimalI8> KernelI8<S> for Dense<'_> {
    #[inline(always)]
    fn run(self, simd: S) {
        const { assert!(S::LANES == LANES && S::OFFSET == 0) };
        let job = self.0;
        let output = job.output;
        let walk = Walk::new(&job, 0);
        let columns = job.sizes().output[2];
        let rows = count(&job.rows);
        let mut stage = Stage::<S> {
            inputs: [const { MaybeUninit::uninit() }; POINTS],
            weights: [const { MaybeUninit::uninit() }; POINTS],
            sums: MaybeUninit::uninit(),
            words: MaybeUninit::uninit(),
            zeros: [job.quant().input_zero as i8 ^ job.quant().flip_input as i8; PART],
        };
        // The next pair: its row, and its first pixel's column.
        let (mut row, mut x) = (0, 0);
        while row < rows {
            let mut batch = Batch {
                walk: &walk,
                row,
                x,
                pairs: 0,
                pixels: 0,
                output: output.at((row * columns + x) * job.geometry().filters),
            };
            while batch.pairs < PAIRS && row < rows {
                batch.pairs += 1;
                batch.pixels += (columns - x).min(2);
                x += 2;
                if x >= columns {
                    (row, x) = (row + 1, 0);
                }
            }
            // SAFETY: these pixels are the job's, and there are not too many.
            unsafe { batch.run(simd, &mut stage) };
        }
    }
}

/// Pairs of pixels that are laid out at once, one after the other across the ends of rows. Where a row
/// is odd, the second of its last pair does not exist.
struct Batch<'a> {
    walk: &'a Walk<'a>,
    /// The first pair's first pixel.
    row: usize,
    x: usize,
    pairs: usize,
    /// Pixels that exist.
    pixels: usize,
    /// The first pixel's first filter.
    output: Outputs,
}

impl Batch<'_> {
    /// Computes all filters.
    ///
    /// # Safety
    /// The pixels are the job's, and at most [`PAIRS`] pairs.
    #[inline(always)]
    unsafe fn run<S: MinimalI8>(&self, simd: S, stage: &mut Stage<S>) {
        let job = self.walk.job;
        let filters = job.shape.panels.panels.filters;
        let depth = quotient(job.shape.panels.depth(), TAPS);
        let parts = depth.div_ceil(PART);
        let part_len = quotient(depth + parts - 1, parts).next_multiple_of(QUAD);
        let sums = stage.sums.as_mut_ptr().cast::<[[S::Sums; PAIRS]; POINTS]>();
        let mut first = 0;
        while first < filters {
            let end = if parts == 1 {
                filters
            } else {
                (first + WAITING).min(filters)
            };
            let mut from = 0;
            while from < depth {
                let part = from..(from + part_len).min(depth);
                // SAFETY: the caller's; the part is no longer than there is room for.
                unsafe { self.lay_out(simd, stage, &part) };
                let mut sums = sums;
                let mut filter = first;
                while filter < end {
                    // SAFETY: the filter is the job's, and the inputs were just laid out; there are sums
                    // for as many blocks as wait.
                    unsafe {
                        let block = Block::of(job, filter);
                        block.transform(simd, stage, job.geometry().channels, &part);
                        self.multiply(simd, stage, sums.cast(), &part);
                        if part.end == depth {
                            self.write(simd, &block, sums, stage);
                        }
                    }
                    if parts > 1 {
                        sums = sums.wrapping_add(1);
                    }
                    filter += LANES;
                }
                from = part.end;
            }
            first = end;
        }
    }

    /// Lays out a part of the windows.
    ///
    /// # Safety
    /// As for [`run`](Self::run).
    #[inline(always)]
    unsafe fn lay_out<S: MinimalI8>(&self, simd: S, stage: &mut Stage<S>, part: &Range<usize>) {
        let job = self.walk.job;
        let columns = job.sizes().output[2];
        let (mut row, mut x) = (self.row, self.x);
        let mut cursor = self.walk.cursor(row, 0);
        for pair in 0..self.pairs {
            let to = array::from_fn(|point| {
                let inputs = stage.inputs[point].as_mut_ptr().cast::<i16>();
                inputs.wrapping_add(pair * STRIDE)
            });
            // SAFETY: the caller's; the part has room.
            unsafe { self.pair(simd, &cursor, x, to, stage.zeros.as_ptr(), part) };
            x += 2;
            if x >= columns && pair + 1 < self.pairs {
                (row, x) = (row + 1, 0);
                cursor = self.walk.cursor(row, 0);
            }
        }
    }

    /// Lays out a part of the windows of two pixels, from column `x` of the row at the cursor on.
    ///
    /// # Safety
    /// The pixels are the job's, there is room for the part at `to`, and as many zero points at `zeros`.
    #[inline(always)]
    unsafe fn pair<S: MinimalI8>(
        &self,
        simd: S,
        cursor: &Cursor,
        x: usize,
        to: [*mut i16; POINTS],
        zeros: *const i8,
        part: &Range<usize>,
    ) {
        let walk = self.walk;
        let geometry = walk.job.geometry();
        let [_, _, [padding, _]] = walk.job.sizes().padding;
        let (channels, width) = (geometry.channels, geometry.input[2]);
        let column = x.wrapping_sub(padding);
        let [planes, rows, _] = geometry.kernel;
        let mut at = 0;
        let mut plane = cursor.base;
        for z in 0..planes {
            let inside = cursor.lines.planes.contains(&z);
            let mut row = plane;
            for y in 0..rows {
                let inside = inside && cursor.lines.rows.contains(&y);
                let (start, end) = (at.max(part.start), (at + channels).min(part.end));
                if start < end {
                    let from = array::from_fn(|i| {
                        let column = column.wrapping_add(i);
                        if inside && column < width {
                            row.wrapping_add(column * channels + (start - at))
                        } else {
                            zeros
                        }
                    });
                    let to = to.map(|to| to.wrapping_add(start - part.start));
                    let flip = walk.job.quant().flip_input;
                    // SAFETY: the caller's: these are channels of pixels of the input, or zero points.
                    unsafe { simd.points(from, to, end - start, flip) };
                }
                if inside {
                    row = row.wrapping_add(walk.row);
                }
                at += channels;
            }
            if inside {
                plane = plane.wrapping_add(walk.plane);
            }
        }
    }

    /// Adds up a part of the products of a block.
    ///
    /// # Safety
    /// Inputs and weights are laid out, and at `sums` there is room for those of each point and pair.
    #[inline(always)]
    unsafe fn multiply<S: MinimalI8>(
        &self,
        simd: S,
        stage: &Stage<S>,
        sums: *mut S::Sums,
        part: &Range<usize>,
    ) {
        for point in 0..POINTS {
            let mut pair = 0;
            while pair < self.pairs {
                let tile = Tile {
                    inputs: stage.inputs[point]
                        .as_ptr()
                        .cast::<i16>()
                        .wrapping_add(pair * STRIDE),
                    weights: stage.weights[point].as_ptr().cast(),
                    quads: count(part).div_ceil(QUAD),
                    sums: sums.wrapping_add(point * PAIRS + pair),
                    go_on: part.start > 0,
                };
                let pairs = (self.pairs - pair).min(TILE);
                match pairs {
                    1 => simd.run(Pairs::<S, 1>(tile)),
                    2 => simd.run(Pairs::<S, 2>(tile)),
                    3 => simd.run(Pairs::<S, 3>(tile)),
                    4 => simd.run(Pairs::<S, 4>(tile)),
                    5 => simd.run(Pairs::<S, 5>(tile)),
                    _ => simd.run(Pairs::<S, TILE>(tile)),
                }
                pair += pairs;
            }
        }
    }

    /// Makes outputs of the sums of a block.
    ///
    /// # Safety
    /// All parts are added up, and as for [`run`](Self::run).
    #[inline(always)]
    unsafe fn write<S: MinimalI8>(
        &self,
        simd: S,
        block: &Block,
        sums: *const [[S::Sums; PAIRS]; POINTS],
        stage: &mut Stage<S>,
    ) {
        let job = self.walk.job;
        let columns = job.sizes().output[2];
        let words = stage.words.as_mut_ptr().cast::<S::I32>();
        let (mut x, mut pixel) = (self.x, 0);
        for pair in 0..self.pairs {
            // SAFETY: the caller's; there is a word for each pixel. What stands behind a row's last pixel
            // is written again, or is the last word's.
            unsafe {
                let points = array::from_fn(|point| (&raw const (*sums)[point][pair]).read());
                let outputs = simd.outputs(points);
                words.add(pixel).write(outputs[0]);
                words.add(pixel + 1).write(outputs[1]);
            }
            pixel += (columns - x).min(2);
            x += 2;
            if x >= columns {
                x = 0;
            }
        }
        let depth = job.shape.panels.depth();
        let to = self.output.at(block.first);
        let step = job.geometry().filters;
        // SAFETY: a block's panels are whole; the caller's for the rest.
        unsafe {
            Filters::load(
                simd,
                job.quant(),
                block.header,
                block.width,
                depth,
                S::OFFSET,
                block.count,
            )
            .write(simd, words, 1, self.pixels, to, step);
        }
    }
}

/// Eight filters of one panel.
struct Block {
    first: usize,
    /// Filters that exist.
    count: usize,
    /// The header's entry of the first filter, and the panel's width.
    header: *const i32,
    width: usize,
}

impl Block {
    /// The block from a filter of the job on.
    #[inline(always)]
    fn of(job: &JobI8<'_>, first: usize) -> Self {
        let filters = job.shape.panels.panels.filters;
        let lane = first % PANEL;
        let panel = first / PANEL * job.shape.panels.panel(PANEL);
        Block {
            first,
            count: (filters - first).min(LANES),
            header: job.packed.wrapping_add(panel + lane),
            width: width(filters - (first - lane)),
        }
    }

    /// Transforms the weights that meet a part.
    ///
    /// # Safety
    /// The block is the job's, and there is room for the part.
    #[inline(always)]
    unsafe fn transform<S: MinimalI8>(
        &self,
        simd: S,
        stage: &mut Stage<S>,
        channels: usize,
        part: &Range<usize>,
    ) {
        let weights = self.header.wrapping_add(HEADER * self.width);
        let mut to: [*mut i16; POINTS] =
            array::from_fn(|point| stage.weights[point].as_mut_ptr().cast());
        // Words from a tap to the next, and the part's place in a window row.
        let tap = channels / QUAD * self.width;
        let row = quotient(part.start, channels);
        let mut channel = part.start - row * channels;
        let mut from = weights.wrapping_add(row * TAPS * tap + channel / QUAD * self.width);
        let mut at = part.start;
        while at < part.end {
            let taps = array::from_fn(|i| from.wrapping_add(i * tap));
            // SAFETY: the caller's: quads do not reach across taps.
            unsafe { simd.transform(taps, to) };
            to = to.map(|to| to.wrapping_add(BLOCK));
            from = from.wrapping_add(self.width);
            at += QUAD;
            channel += QUAD;
            if channel == channels {
                channel = 0;
                from = from.wrapping_add((TAPS - 1) * tap);
            }
        }
    }
}

/// Products of one point.
struct Tile<S: MinimalI8> {
    /// Inputs of the first pair; those of the next are [`STRIDE`] further on.
    inputs: *const i16,
    weights: *const i16,
    quads: usize,
    /// Of each pair; whether there are some so far.
    sums: *mut S::Sums,
    go_on: bool,
}

struct Pairs<S: MinimalI8, const M: usize>(Tile<S>);

impl<S: MinimalI8, const M: usize> KernelI8<S> for Pairs<S, M> {
    #[inline(always)]
    fn run(self, simd: S) {
        let Tile {
            mut inputs,
            mut weights,
            quads,
            sums: to,
            go_on,
        } = self.0;
        // SAFETY: as `Batch::multiply` says.
        unsafe {
            let mut sums = [simd.zero(); M];
            if go_on {
                sums = array::from_fn(|m| to.add(m).read());
            }
            for _ in 0..quads {
                let b = simd.transformed(weights);
                for m in 0..M {
                    let a = simd.quad(inputs.add(m * STRIDE));
                    sums[m] = simd.dot(sums[m], a, b);
                }
                weights = weights.wrapping_add(BLOCK);
                inputs = inputs.wrapping_add(QUAD);
            }
            for m in 0..M {
                to.add(m).write(sums[m]);
            }
        }
    }
}
