//! Depthwise with windows of 3x3: vectors run along the channels, and a tile is four pixels of a row
//! and sixteen channels.
//!
//! Two products fit 16 bits. Those of the window's upper two rows are added in pairs, column by column,
//! and each column is read once for all the windows that it lies under; of the lowest row, two are a
//! pair and one stays alone. Where a column lies comes from a table of addresses, which is made anew at
//! the borders only: tiles that lie inside follow each other at a distance.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::depthwise3_words::{LANES, Words, add_one, add_pair, load};
use super::finish::{Ends, Finish, tflite};
use crate::kernel::int8::walk::{Cursor, Walk};
use crate::kernel::int8::{JobI8, Outputs};
use crate::kernel::window::{count, quotient};
use crate::quant::Rounding;
use crate::simd::{KernelNeon, NeonI8};
use core::arch::aarch64::*;
use core::mem::MaybeUninit;
use core::ops::Range;

/// The most pixels of a tile.
const PIXELS: usize = 4;
/// Channels that are taken at a time.
const CHUNK: usize = 16 * LANES;
/// The most columns under the windows of a tile.
const COLUMNS: usize = 9;

/// A job of at least sixteen channels, of int8, without a weight of -128.
pub(super) struct Depthwise3<'a>(pub JobI8<'a>);

/// Some channels of a job.
struct Chunk<'a> {
    job: &'a JobI8<'a>,
    walk: &'a Walk<'a>,
    /// The first, and how many lanes they take.
    first: usize,
    lanes: usize,
    words: MaybeUninit<Words<CHUNK>>,
    zeros: [i8; CHUNK],
    output: Outputs,
    ends: Ends,
}

/// Where the columns lie under the windows of a tile: of the upper two rows, and of the lowest.
struct Table {
    upper: [[*const i8; 2]; COLUMNS],
    lower: [*const i8; COLUMNS],
}

/// Tiles side by side.
struct Tiles<'a> {
    chunk: &'a Chunk<'a>,
    table: &'a Table,
    pixels: usize,
    tiles: usize,
    /// Bytes of the input from a tile to the next.
    step: usize,
    /// From the first lane on, of a pixel and the next.
    output: *mut i8,
    pixel: usize,
    /// Instead of outputs: the sums of one tile, from this lane on.
    sums: Option<(*mut i32, usize)>,
}

/// A pixel's window lies `P` columns to the right of the one before.
struct Tile<'a, const M: usize, const P: usize>(&'a Tiles<'a>);

impl KernelNeon for Depthwise3<'_> {
    #[inline(always)]
    fn run<S: NeonI8>(self, simd: S) {
        let job = self.0;
        let output = job.output;
        let walk = Walk::new(&job, 0);
        let channels = job.geometry().channels;
        let mut first = 0;
        while first < channels {
            // None has fewer channels than a vector has lanes.
            let left = channels - first;
            let lanes = match left {
                0..=CHUNK => left,
                left if left < CHUNK + LANES => CHUNK - LANES,
                _ => CHUNK,
            };
            let mut chunk = Chunk {
                job: &job,
                walk: &walk,
                first,
                lanes,
                words: MaybeUninit::uninit(),
                zeros: [job.quant().input_zero as i8; CHUNK],
                output: output.at(first),
                ends: Ends::of(job.quant()),
            };
            // SAFETY: the channels are the job's, which is one for this, and the caller is compiled
            // for NEON.
            unsafe {
                let right = load(&mut chunk.words, &job, first, lanes, false);
                chunk.lines(simd, right);
            }
            first += lanes;
        }
    }
}

impl Chunk<'_> {
    /// # Safety
    /// The chunk is loaded, and the caller is compiled for NEON.
    #[inline(always)]
    unsafe fn lines<S: NeonI8>(&self, simd: S, right: bool) {
        let (job, walk) = (self.job, self.walk);
        let geometry = job.geometry();
        let pixels = walk.columns.pixels;
        let interior = walk.columns.interior.clone();
        let [stride, dilation] = [geometry.stride[2], geometry.dilation[2]];
        let columns = if stride == dilation {
            1
        } else if dilation.checked_mul(2) == Some(stride) {
            2
        } else {
            3
        };
        let most = if columns == 3 { PIXELS - 1 } else { PIXELS };
        let plain = right && job.quant().rounding == Rounding::Tflite;
        let mut table = Table {
            upper: [[self.zeros.as_ptr(); 2]; COLUMNS],
            lower: [self.zeros.as_ptr(); COLUMNS],
        };
        for line in 0..count(&job.rows) {
            let mut cursor = walk.cursor(line, 0);
            let inside = !cursor.lines.planes.is_empty() && count(&cursor.lines.rows) == 3;
            let mut x = 0;
            while x < pixels {
                let tile = most.min(pixels - x);
                let mut tiles = 1;
                cursor.x = x;
                if inside && interior.contains(&x) && x + tile <= interior.end {
                    tiles = quotient(interior.end - x, tile);
                    self.inside(&cursor, columns, &mut table);
                } else {
                    // SAFETY: the pixels are the job's.
                    unsafe { self.border(&cursor, columns, tile, &mut table) };
                }
                let at = (line * pixels + x) * geometry.filters;
                let pixel = geometry.filters;
                let step = tile.wrapping_mul(stride).wrapping_mul(geometry.channels);
                match self.output.at(at) {
                    Outputs::Bytes(output) if plain => run(
                        simd,
                        columns,
                        &Tiles {
                            chunk: self,
                            table: &table,
                            pixels: tile,
                            tiles,
                            step,
                            output,
                            pixel,
                            sums: None,
                        },
                    ),
                    output => {
                        tiles = 1;
                        // SAFETY: the outputs are there.
                        unsafe { self.finish(simd, &table, columns, tile, output) };
                    }
                }
                x += tile * tiles;
            }
        }
    }

    /// Computes a tile whose outputs are not made with its sums.
    ///
    /// # Safety
    /// The outputs are there, and the caller is compiled for NEON.
    #[inline(always)]
    unsafe fn finish<S: NeonI8>(
        &self,
        simd: S,
        table: &Table,
        columns: usize,
        pixels: usize,
        output: Outputs,
    ) {
        let pixel = self.job.geometry().filters;
        let mut sums = MaybeUninit::<[i32; PIXELS * LANES]>::uninit();
        let places = [0, pixel, 2 * pixel, 3 * pixel];
        let words = self.words.as_ptr();
        let mut at = 0;
        while at < self.lanes {
            let lane = at.min(self.lanes - LANES);
            let to = sums.as_mut_ptr().cast();
            let tiles = Tiles {
                chunk: self,
                table,
                pixels,
                tiles: 1,
                step: 0,
                output: core::ptr::null_mut(),
                pixel,
                sums: Some((to, lane)),
            };
            run(simd, columns, &tiles);
            // SAFETY: the caller's; the sums were just written.
            unsafe {
                let finish = Finish {
                    quant: self.job.quant(),
                    sums: to,
                    pixels,
                    places: places.as_ptr(),
                    output: output.at(lane),
                    multiplier: (&raw const (*words).multiplier).cast::<i32>().add(lane),
                    shift: (&raw const (*words).shift).cast::<i32>().add(lane),
                    vectors: LANES / 4,
                    filters: LANES,
                };
                simd.run(finish);
            }
            at += LANES;
        }
    }

    /// Where the windows lie from the cursor on, which lie inside.
    #[inline(always)]
    fn inside(&self, cursor: &Cursor, columns: usize, table: &mut Table) {
        let first = self.walk.columns.axis.position(cursor.x, 0);
        let first = first.wrapping_mul(self.job.geometry().channels);
        let mut at = cursor.base.wrapping_add(first).wrapping_add(self.first);
        for column in 0..COLUMNS {
            let [next, lowest] =
                [1, 2].map(|row: usize| at.wrapping_add(row.wrapping_mul(self.walk.row)));
            table.upper[column] = [at, next];
            table.lower[column] = lowest;
            let right = self.right(columns, column);
            at = at.wrapping_add(right.wrapping_mul(self.job.geometry().channels));
        }
    }

    /// Where the windows of some pixels lie from the cursor on, which may reach into the padding.
    ///
    /// # Safety
    /// The pixels are the job's, and the caller is compiled for NEON.
    #[inline(always)]
    unsafe fn border(&self, cursor: &Cursor, columns: usize, pixels: usize, table: &mut Table) {
        let zeros = self.zeros.as_ptr();
        let Range { start, end } = cursor.lines.rows;
        let [_, _, width] = self.job.geometry().input;
        let channels = self.job.geometry().channels;
        let base = cursor
            .base
            .wrapping_add(self.first)
            .wrapping_sub(start.wrapping_mul(self.walk.row));
        let lines = [0, 1, 2].map(|row: usize| base.wrapping_add(row.wrapping_mul(self.walk.row)));
        // Of a row in the padding, no pixel lies inside.
        let widths = [0, 1, 2].map(|row| if row >= start && row < end { width } else { 0 });
        let first = self.walk.columns.axis.position(cursor.x, 0);
        let mut x = first;
        for column in 0..COLUMNS {
            if column >= (pixels - 1) * columns + 3 {
                break;
            }
            let at = x.wrapping_mul(channels);
            let [a, b, lowest] = [0, 1, 2].map(|row| {
                if x < widths[row] {
                    lines[row].wrapping_add(at)
                } else {
                    zeros
                }
            });
            table.upper[column] = [a, b];
            table.lower[column] = lowest;
            x = x.wrapping_add(self.right(columns, column));
        }
    }

    /// Pixels of the input from a column to the next.
    #[inline(always)]
    fn right(&self, columns: usize, column: usize) -> usize {
        let geometry = self.job.geometry();
        let [stride, dilation] = [geometry.stride[2], geometry.dilation[2]];
        if columns == 3 && column % 3 == 2 {
            stride.wrapping_sub(dilation.wrapping_mul(2))
        } else {
            dilation
        }
    }
}

/// Runs the tiles.
#[inline(always)]
fn run<S: NeonI8>(simd: S, columns: usize, tiles: &Tiles<'_>) {
    match (tiles.pixels, columns) {
        (4, 1) => simd.run(Tile::<4, 1>(tiles)),
        (3, 1) => simd.run(Tile::<3, 1>(tiles)),
        (2, 1) => simd.run(Tile::<2, 1>(tiles)),
        (4, 2) => simd.run(Tile::<4, 2>(tiles)),
        (3, 2) => simd.run(Tile::<3, 2>(tiles)),
        (2, 2) => simd.run(Tile::<2, 2>(tiles)),
        (3, _) => simd.run(Tile::<3, 3>(tiles)),
        (2, _) => simd.run(Tile::<2, 3>(tiles)),
        _ => simd.run(Tile::<1, 1>(tiles)),
    }
}

impl<const M: usize, const P: usize> KernelNeon for Tile<'_, M, P> {
    #[inline(always)]
    fn run<S: NeonI8>(self, _simd: S) {
        let tiles = self.0;
        let chunk = tiles.chunk;
        let last = chunk.lanes - LANES;
        // SAFETY: the table leads to the columns under the windows of all tiles, the words are those of
        // the chunk's lanes, the outputs are there, and the caller is compiled for NEON.
        unsafe {
            let words = chunk.words.as_ptr();
            let ends = chunk.ends;
            let (mut moved, mut output) = (0, tiles.output);
            for _ in 0..tiles.tiles {
                let mut at = tiles.sums.map_or(0, |(_, lane)| lane);
                while at < chunk.lanes {
                    let lane = at.min(last);
                    let mut sums = self.sums(lane, lane.wrapping_add(moved));
                    if let Some((mut to, _)) = tiles.sums {
                        for sums in sums {
                            for sum in sums {
                                vst1q_s32(to, sum);
                                to = to.wrapping_add(4);
                            }
                        }
                        return;
                    }
                    for v in 0..4 {
                        let at = lane + 4 * v;
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
                        let to = output.wrapping_add(m * tiles.pixel).wrapping_add(lane);
                        vst1q_s8(to, bytes[m]);
                    }
                    at += LANES;
                }
                moved = moved.wrapping_add(tiles.step);
                output = output.wrapping_add(M * tiles.pixel);
            }
        }
    }
}

impl<const M: usize, const P: usize> Tile<'_, M, P> {
    /// The sums of sixteen lanes, which lie so far from where the table leads.
    ///
    /// # Safety
    /// They are there, and the caller is compiled for NEON.
    #[inline(always)]
    unsafe fn sums(&self, lane: usize, at: usize) -> [[int32x4_t; 4]; M] {
        let Tiles { chunk, table, .. } = self.0;
        let words = chunk.words.as_ptr();
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
                        let [first, second] = table.upper[$column];
                        let x = [vld1q_s8(first.wrapping_add(at)), vld1q_s8(second.wrapping_add(at))];
                        for m in 0..M {
                            if m * P <= $column && $column < m * P + 3 {
                                add_pair(&mut sums[m], x, w[$column - m * P]);
                            }
                        }
                    }
                )*};
            }
            upper!(0 1 2 3 4 5 6 7 8);
            let w = [6, 7, 8].map(weight);
            let mut x = [vdupq_n_s8(0); COLUMNS];
            macro_rules! lower {
                ($($column:literal)*) => {$(
                    if const { $column < (M - 1) * P + 3 } {
                        x[$column] = vld1q_s8(table.lower[$column].wrapping_add(at));
                        for m in 0..M {
                            if m * P + 2 == $column {
                                add_pair(&mut sums[m], [x[m * P], x[m * P + 1]], [w[0], w[1]]);
                                add_one(&mut sums[m], x[m * P + 2], w[2]);
                            }
                        }
                    }
                )*};
            }
            lower!(0 1 2 3 4 5 6 7 8);
            sums
        }
    }
}
