//! Dense: tiles of pixels, and all filters pass over some of them at a time.
//!
//! Where a row of a window is a whole number of quads and lies inside, it is multiplied where it
//! stands, in the image. The windows of all other pixels are laid out on the stack, with the zero
//! point in the padding; so are all of a level that multiplies pixels in pairs.

use super::finish::{Ends, Finish, right};
use super::stage::{MOST, Plan, Stage};
use super::tile::{Bytes, Multiply, Pieces, Tiles};
use crate::kernel::int8::walk::Walk;
use crate::kernel::int8::{JobI8, Outputs};
use crate::kernel::rows::cut;
use crate::kernel::window::{count, quotient};
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use crate::quant::Rounding;
use crate::simd::{KernelNeon, NeonI8};
use core::arch::aarch64::*;
use core::mem::MaybeUninit;
use core::ops::Range;

/// Pixels that all filters pass over at a time, and the bytes that those of the image should not exceed:
/// what a first-level cache keeps beside the weights of a block.
const AT_ONCE: usize = 60;
const BAND: usize = 16 << 10;
/// The same where pixels are multiplied in pairs, which are laid out anyway: a pass over the filters costs as
/// much as some tiles do.
const BAND_PAIRS: usize = 24 << 10;
/// The most pieces of a window that is multiplied in the image.
const PIECES: usize = 64;
/// Filters whose sums wait while a long window is laid out in parts.
const WAITING: usize = 128;

/// Some vectors of filters.
pub(super) struct Block {
    pub vectors: usize,
    /// Filters that exist, counted from the first.
    pub filters: usize,
    /// The header's entry of the first filter.
    pub header: *const i32,
    /// Width of the panel.
    pub width: usize,
}

/// A dense job of any level: all but the tiles is the same code for each.
pub(super) struct Dense<'a> {
    pub job: JobI8<'a>,
    pub multiply: Multiply<'a>,
}

/// A group of filters.
struct Group<'a> {
    job: &'a JobI8<'a>,
    multiply: Multiply<'a>,
    walk: &'a Walk<'a>,
    plan: Plan,
    /// The group's panels.
    packed: *const i32,
    /// The first filter of the first pixel.
    output: Outputs,
}

/// Pixels that all filters pass over, and where they are.
struct Batch<'a> {
    pixels: usize,
    tiles: usize,
    inputs: *const i8,
    pixel: usize,
    /// Bytes from a tile to the next.
    step: usize,
    pieces: Pieces<'a>,
    /// The first one's number among the places.
    first: usize,
}

/// Room on the stack.
struct Room {
    stage: Stage,
    /// Of a batch: the sums, and where the outputs go.
    sums: MaybeUninit<[i32; WAITING * MOST]>,
    places: [usize; AT_ONCE],
    /// Row and column of each pixel that is laid out.
    waiting: [(usize, usize); AT_ONCE],
}

impl KernelNeon for Dense<'_> {
    #[inline(always)]
    fn run<S: NeonI8>(self, simd: S) {
        let Dense { job, multiply } = self;
        let output = job.output;
        let panels = &job.shape.panels.panels;
        if job.rows.is_empty() || job.sizes().output[2] == 0 {
            return;
        }
        let mut room = Room {
            stage: Stage::new(),
            sums: MaybeUninit::uninit(),
            places: [0; AT_ONCE],
            waiting: [(0, 0); AT_ONCE],
        };
        let last = match panels.filters % PANEL {
            0 => 0,
            last => job.shape.panels.panel(width(last)),
        };
        let group_len = panels.filters / PANEL * job.shape.panels.panel(PANEL) + last;
        for group in 0..panels.groups {
            let mut group = Group {
                job: &job,
                multiply,
                walk: &Walk::new(&job, group),
                plan: Plan::of(job.shape.panels.depth(), multiply.pixels, multiply.pairs),
                packed: job.packed.wrapping_add(group * group_len),
                output: output.at(group * panels.filters),
            };
            group.run(simd, &mut room);
        }
    }
}

/// Whether pairs of pixels take fewer instructions than pixels one by one.
///
/// They save some on each product, the fewer the fewer pixels share the weights. But they have to be laid
/// out, and a filter's sums take more to become outputs.
#[inline(always)]
pub(super) fn pairs_pay(job: &JobI8<'_>) -> bool {
    let depth = job.shape.panels.depth();
    let filters = job.shape.panels.panels.filters;
    let pixels = count(&job.rows).saturating_mul(job.sizes().output[2]);
    let tile = pixels.next_multiple_of(2).clamp(2, MOST);
    // For a pixel, in units of 1/10000 of an instruction; counted in QEMU.
    let saved = 354usize.saturating_sub(quotient(1250, tile));
    let aligned = job.quant().flip_input == 0 && job.shape.panels.panels.depth.is_multiple_of(8);
    let [pixel, input] = if aligned {
        [450_000, 2300]
    } else {
        [2_000_000, 3000]
    };
    let filter = depth.saturating_mul(saved).saturating_sub(6000);
    filter.saturating_mul(filters) > depth.saturating_mul(input).saturating_add(pixel)
}

impl Group<'_> {
    #[inline(always)]
    fn run<S: NeonI8>(&mut self, simd: S, room: &mut Room) {
        let (job, walk, multiply) = (self.job, self.walk, self.multiply);
        let geometry = job.geometry();
        let [planes, rows, columns] = geometry.kernel;
        let depth = job.shape.panels.panels.depth;
        let all = count(&job.rows) * walk.columns.pixels;
        // A window of one pixel reads the image as a single row.
        let [lines, pixels] = if walk.flat {
            [1, all]
        } else {
            [count(&job.rows), walk.columns.pixels]
        };
        let [pieces, len] = if walk.folded {
            [1, columns * depth]
        } else {
            [columns, depth]
        };
        let number = planes.saturating_mul(rows).saturating_mul(pieces);
        let direct = !multiply.pairs
            && len.is_multiple_of(QUAD)
            && job.quant().flip_input == 0
            && number <= PIECES;
        let mut starts = [0; PIECES];
        let column = geometry.dilation[2].wrapping_mul(geometry.channels);
        for (index, start) in starts.iter_mut().enumerate().take(number) {
            let row = quotient(index, pieces);
            let plane = quotient(row, rows);
            *start = (plane.wrapping_mul(walk.plane))
                .wrapping_add((row - plane * rows).wrapping_mul(walk.row))
                .wrapping_add((index - row * pieces).wrapping_mul(column));
        }
        let pieces = Pieces {
            starts: starts.get(..number).unwrap_or(&[]),
            quads: len / QUAD,
        };
        let pixel = geometry.stride[2].wrapping_mul(geometry.channels);
        let at_once = quotient(BAND, pixel).clamp(1, AT_ONCE);
        // If all are laid out, in tiles of the same size; pairs stay whole.
        self.plan.tile = if direct {
            multiply.pixels
        } else if multiply.pairs {
            2 * cut(all.div_ceil(2), multiply.pixels / 2).0
        } else {
            cut(all, multiply.pixels).0
        };
        let band = if multiply.pairs { BAND_PAIRS } else { BAND };
        let most = self.plan.tile * self.plan.tiles(band, quotient(AT_ONCE, self.plan.tile));
        let mut waiting = 0;
        for line in 0..lines {
            let mut cursor = walk.cursor(line, 0);
            let interior = if !direct {
                0..0
            } else if walk.flat {
                0..pixels
            } else if count(&cursor.lines.planes) == planes && count(&cursor.lines.rows) == rows {
                walk.columns.interior.clone()
            } else {
                0..0
            };
            let mut x = 0;
            while x < pixels {
                let place = line * pixels + x;
                if interior.contains(&x) {
                    let (tile, tiles) = cut(interior.end.min(pixels) - x, multiply.pixels);
                    let tiles = quotient(at_once, tile).min(tiles).max(1);
                    let at = if walk.flat {
                        x
                    } else {
                        walk.columns.axis.position(x, 0)
                    };
                    let batch = Batch {
                        pixels: tile,
                        tiles,
                        inputs: cursor.base.wrapping_add(at.wrapping_mul(geometry.channels)),
                        pixel,
                        step: tile.wrapping_mul(pixel),
                        pieces,
                        first: 0,
                    };
                    let now = tile * tiles;
                    let places = room.places.iter_mut().take(now);
                    for (i, at) in places.enumerate() {
                        *at = (place + i) * geometry.filters;
                    }
                    // SAFETY: the windows lie inside the input, and at most `AT_ONCE` pixels were
                    // given their place in the output.
                    unsafe { self.pass(simd, &batch, room, 0..self.filters(), true, true, 0) };
                    x += now;
                } else {
                    cursor.x = x;
                    let run = (most - waiting).min(pixels - x);
                    let run = Stage::run(walk, &cursor, &self.plan, run);
                    let now = run.max(1);
                    let slots = room.waiting.iter_mut().skip(waiting).take(now);
                    for (i, slot) in slots.enumerate() {
                        *slot = (line, x + i);
                    }
                    // SAFETY: the pixels are the job's, and the slots those of the tiles.
                    unsafe {
                        if run > 0 {
                            (room.stage).lay_out_run(walk, &cursor, &self.plan, waiting, run);
                        } else if self.plan.parts == 1 {
                            let part = self.plan.range(0);
                            (room.stage).lay_out(walk, &cursor, &self.plan, &part, waiting);
                        }
                    }
                    waiting += now;
                    x += now;
                    if waiting == most {
                        self.flush(simd, room, waiting, pixels);
                        waiting = 0;
                    }
                }
            }
        }
        if waiting > 0 {
            self.flush(simd, room, waiting, pixels);
        }
    }

    /// Computes the pixels that are laid out, or are to be.
    #[inline(never)]
    fn flush<S: NeonI8>(&self, simd: S, room: &mut Room, pixels: usize, line: usize) {
        let filters = self.filters();
        let places = room.places.iter_mut().zip(room.waiting);
        // Read once: a place could lie where it is read from, for all that the compiler knows.
        let stride = self.job.geometry().filters;
        for (place, (row, x)) in places.take(pixels) {
            *place = (row * line + x) * stride;
        }
        let parts = self.plan.parts;
        let mut first = 0;
        while first < filters {
            let end = if parts == 1 {
                filters
            } else {
                (first + WAITING).min(filters)
            };
            for index in 0..parts {
                let part = self.plan.range(index);
                if parts > 1 {
                    for (slot, &(row, x)) in room.waiting.iter().enumerate().take(pixels) {
                        let mut cursor = self.walk.cursor(row, 0);
                        cursor.x = x;
                        // SAFETY: the pixel is the job's, and the slot one of the tile's.
                        unsafe {
                            room.stage
                                .lay_out(self.walk, &cursor, &self.plan, &part, slot)
                        };
                    }
                }
                if self.multiply.pairs && pixels % 2 == 1 {
                    // SAFETY: it was just laid out, in a part of this length.
                    unsafe { room.stage.twin(&self.plan, pixels - 1, count(&part)) };
                }
                let (start, finish) = (index == 0, index + 1 == parts);
                let tile = self.plan.tile;
                let tiles = quotient(pixels, tile);
                let whole = tiles * tile;
                for (first_pixel, pixels, tiles) in [(0, tile, tiles), (whole, pixels - whole, 1)] {
                    if pixels == 0 || tiles == 0 {
                        continue;
                    }
                    let step = self.plan.step();
                    let before = quotient(first_pixel, tile) * step;
                    let batch = Batch {
                        pixels,
                        tiles,
                        inputs: room.stage.inputs().wrapping_add(before),
                        pixel: self.plan.pixel,
                        step,
                        pieces: Pieces {
                            starts: &[0],
                            quads: count(&part).div_ceil(QUAD),
                        },
                        first: first_pixel,
                    };
                    let quad = part.start / QUAD;
                    // SAFETY: the pixels were laid out and given their place in the output, and the
                    // sums of so many filters have room.
                    unsafe { self.pass(simd, &batch, room, first..end, start, finish, quad) };
                }
            }
            first = end;
        }
    }

    #[inline(always)]
    fn filters(&self) -> usize {
        self.job.shape.panels.panels.filters
    }

    /// Passes some filters over a batch, from `quad` of their weights on. Unless it is the whole sum, the
    /// filters' sums wait beside each other.
    ///
    /// # Safety
    /// The inputs are there, and a place for each pixel's outputs, and room for the sums.
    #[allow(clippy::too_many_arguments)]
    #[inline(always)]
    unsafe fn pass<S: NeonI8>(
        &self,
        simd: S,
        batch: &Batch<'_>,
        room: &mut Room,
        filters: Range<usize>,
        start: bool,
        finish: bool,
        quad: usize,
    ) {
        let quant = self.job.quant();
        let ends = Ends::of(quant);
        let places = room.places.as_ptr().wrapping_add(batch.first);
        let tflite = start && finish && quant.rounding == Rounding::Tflite;
        let mut bias = [0; PANEL];
        let mut first = filters.start;
        // What differs from block to block is set in the loop.
        let mut tiles = Tiles {
            pixels: batch.pixels,
            tiles: batch.tiles,
            inputs: batch.inputs,
            pixel: batch.pixel,
            step: batch.step,
            pieces: batch.pieces,
            block: self.block(first),
            weights: self.packed,
            bias: bias.as_ptr(),
            sums: room.sums.as_mut_ptr().cast::<i32>(),
            go_on: !start,
            write: false,
            bytes: Bytes {
                ends: &ends,
                multiplier: self.packed,
                shift: self.packed,
                places,
                output: core::ptr::null_mut(),
            },
        };
        while first < filters.end {
            let block = self.block(first);
            let (header, width, vectors) = (block.header, block.width, block.vectors);
            let existing = block.filters;
            let output = self.output.at(first);
            let [multiplier, shift] = [2, 3].map(|row| header.wrapping_add(row * width));
            tiles.block = block;
            tiles.weights = header.wrapping_add((HEADER + quad) * width);
            tiles.bytes.multiplier = multiplier;
            tiles.bytes.shift = shift;
            // SAFETY: the caller's; the header of a block's panel is there.
            unsafe {
                if start {
                    for v in 0..vectors {
                        let header = header.add(4 * v);
                        let weights = vld1q_s32(header.add(width));
                        let sum =
                            vmlsq_s32(vld1q_s32(header), weights, vdupq_n_s32(quant.input_zero));
                        vst1q_s32(bias.as_mut_ptr().add(4 * v), sum);
                    }
                }
                tiles.bias = bias.as_ptr();
                tiles.write = match output {
                    Outputs::Bytes(output) if tflite && vectors > 1 && existing >= 4 * vectors => {
                        tiles.bytes.output = output;
                        right(shift, vectors)
                    }
                    _ => false,
                };
                (self.multiply.tiles)(&tiles);
                if finish && !tiles.write {
                    let finish = Finish {
                        quant,
                        sums: tiles.sums,
                        pixels: batch.pixels * batch.tiles,
                        places,
                        output,
                        multiplier,
                        shift,
                        vectors,
                        filters: existing,
                    };
                    simd.run(finish);
                }
            }
            if !(start && finish) {
                tiles.sums = tiles.sums.wrapping_add(MOST * 4 * vectors);
            }
            first += 4 * vectors;
        }
    }

    /// The block of filters from `first` on.
    #[inline(always)]
    fn block(&self, first: usize) -> Block {
        let lane = first % PANEL;
        let left = self.filters() - first;
        let width = width(left + lane);
        let panel = self.job.shape.panels.panel(PANEL);
        Block {
            vectors: ((width - lane) / 4).min(self.multiply.vectors),
            filters: left,
            header: self.packed.wrapping_add(first / PANEL * panel + lane),
            width,
        }
    }
}
