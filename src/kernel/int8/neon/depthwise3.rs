//! Depthwise with windows of 3x3: vectors run along the channels, and a tile is four pixels of a row
//! and sixteen channels.
//!
//! Two products fit 16 bits. Those of the window's upper two rows are added in pairs, column by column,
//! and each column is read once for all the windows that it lies under; of the lowest row, two are a
//! pair and one stays alone. Where a column lies comes from a table of addresses, which is made anew at
//! the borders only: tiles that lie inside follow each other at a distance.
//!
//! Eight channels fill half a vector, so two pixels take the place of one.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::finish::{Ends, Finish, right, tflite};
use super::pairs_fit;
use crate::kernel::int8::walk::{Cursor, Walk};
use crate::kernel::int8::{JobI8, To};
use crate::kernel::window::{count, quotient};
use crate::pack::{PANEL, width};
use crate::pack_i8::HEADER;
use crate::quant::Rounding;
use crate::simd::{KernelNeon, NeonI8};
use core::arch::aarch64::*;
use core::mem::MaybeUninit;
use core::ops::Range;

const NINE: usize = 9;
/// Channels of a tile, and the most pixels of one.
const LANES: usize = 16;
const PIXELS: usize = 4;
/// Channels that are taken at a time.
const CHUNK: usize = 16 * LANES;
/// The most columns under the windows of a tile.
const COLUMNS: usize = 9;
/// Channels of which two pixels fill the lanes.
const HALF: usize = LANES / 2;

/// Whether a job is one for this.
#[inline(always)]
pub(super) fn can(job: &JobI8<'_>) -> bool {
    let geometry = job.geometry;
    geometry.kernel == [1, 3, 3]
        && geometry.filters == geometry.channels
        && (geometry.channels >= LANES || halves(job))
        && job.quant.flip_input == 0
        && pairs_fit(job)
}

/// Whether two pixels take the place of one: then their windows lie side by side.
#[inline(always)]
fn halves(job: &JobI8<'_>) -> bool {
    let geometry = job.geometry;
    geometry.channels == HALF
        && geometry.stride[2] == 1
        && geometry.dilation[2] == 1
        && job.sizes.output[2] > 1
}

pub(super) struct Depthwise3<'a>(pub JobI8<'a>);

/// Some channels of a job.
struct Chunk<'a> {
    job: &'a JobI8<'a>,
    walk: &'a Walk<'a>,
    /// The first, and how many lanes they take.
    first: usize,
    lanes: usize,
    /// Pixels in the lanes of one.
    halves: usize,
    words: MaybeUninit<Words>,
    zeros: [i8; CHUNK],
    output: To,
    ends: Ends,
}

/// What belongs to each lane.
#[repr(C)]
struct Words {
    weights: [[i8; CHUNK]; NINE],
    /// Less what the zero point adds to a sum.
    bias: [i32; CHUNK],
    multiplier: [i32; CHUNK],
    shift: [i32; CHUNK],
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
        let mut job = self.0;
        let output = To::start(&mut job.output);
        let walk = Walk::new(&job, 0);
        let channels = job.geometry.channels;
        let halves = if halves(&job) { 2 } else { 1 };
        let mut first = 0;
        while first < channels {
            // None has fewer channels than a vector has lanes.
            let left = channels - first;
            let lanes = match left {
                0..=CHUNK => left * halves,
                left if left < CHUNK + LANES => CHUNK - LANES,
                _ => CHUNK,
            };
            let mut chunk = Chunk {
                job: &job,
                walk: &walk,
                first,
                lanes,
                halves,
                words: MaybeUninit::uninit(),
                zeros: [job.quant.input_zero as i8; CHUNK],
                output: output.at(first),
                ends: Ends::of(job.quant),
            };
            // SAFETY: the channels are the job's, which is one for this, and the caller is compiled
            // for NEON.
            unsafe {
                let right = chunk.load();
                chunk.lines(simd, right);
            }
            first += lanes;
        }
    }
}

impl Chunk<'_> {
    /// Lays out what belongs to each lane. Whether all shifts are below 0.
    ///
    /// # Safety
    /// The panels are there, and the caller is compiled for NEON.
    #[inline(always)]
    unsafe fn load(&mut self) -> bool {
        let step = self.job.panels.panel(PANEL);
        let mut panel = self.job.packed.as_ptr();
        panel = panel.wrapping_add(self.first / PANEL * step);
        let zero = self.job.quant.input_zero;
        let words = self.words.as_mut_ptr();
        let mut all = true;
        let mut at = 0;
        while at < self.lanes {
            // Two pixels have the same filters.
            let left = self.job.geometry.channels - self.first;
            let width = if self.halves == 2 {
                HALF
            } else {
                width(left - at)
            };
            // SAFETY: a panel holds its header and nine rows of weights; whole panels are a whole
            // number of vectors, and of a chunk no more lanes are loaded than there are.
            unsafe {
                let shift = (&raw const (*words).shift).cast::<i32>().add(at);
                all &= if width == PANEL {
                    load::<PANEL>(words, at, panel, 0, PANEL, zero);
                    right(shift, PANEL / 4)
                } else {
                    let mut least = true;
                    for lane in (0..width).step_by(4) {
                        load::<4>(words, at + lane, panel, lane, width, zero);
                        least &= right(shift.add(lane), 1);
                    }
                    least
                };
            }
            at += width;
            if self.halves == 1 {
                panel = panel.wrapping_add(step);
            }
        }
        all
    }

    /// # Safety
    /// The chunk is loaded, and the caller is compiled for NEON.
    #[inline(always)]
    unsafe fn lines<S: NeonI8>(&self, simd: S, right: bool) {
        let (job, walk) = (self.job, self.walk);
        let geometry = job.geometry;
        let pixels = walk.columns.pixels;
        let interior = walk.columns.interior.clone();
        let [stride, dilation] = [geometry.stride[2], geometry.dilation[2]];
        let columns = if stride == dilation {
            self.halves
        } else if dilation.checked_mul(2) == Some(stride) {
            2
        } else {
            3
        };
        let most = if columns == 3 { PIXELS - 1 } else { PIXELS };
        let plain = right && job.quant.rounding == Rounding::Tflite;
        let mut table = Table {
            upper: [[self.zeros.as_ptr(); 2]; COLUMNS],
            lower: [self.zeros.as_ptr(); COLUMNS],
        };
        let mut edges = [[[0; LANES]; 3]; 2];
        for line in 0..count(&job.rows) {
            let mut cursor = walk.cursor(line, 0);
            let inside = !cursor.lines.planes.is_empty() && count(&cursor.lines.rows) == 3;
            let mut x = 0;
            while x < pixels {
                // Of a row that is no whole number of pairs, a pixel is written twice.
                let tile = quotient(pixels - x + self.halves - 1, self.halves);
                let tile = tile.min(quotient(pixels, self.halves)).min(most);
                x = x.min(pixels - tile * self.halves);
                let wide = tile * self.halves;
                let mut tiles = 1;
                cursor.x = x;
                if inside && interior.contains(&x) && x + wide <= interior.end {
                    tiles = quotient(interior.end - x, wide);
                    self.inside(&cursor, columns, &mut table);
                } else {
                    // SAFETY: the pixels are the job's.
                    unsafe { self.border(&cursor, columns, tile, &mut edges, &mut table) };
                }
                let at = (line * pixels + x) * geometry.filters;
                let pixel = geometry.filters * self.halves;
                let step = wide.wrapping_mul(stride).wrapping_mul(geometry.channels);
                match self.output.at(at) {
                    To::Bytes(output) if plain => run(
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
                x += wide * tiles;
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
        output: To,
    ) {
        let pixel = self.job.geometry.filters * self.halves;
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
                    quant: self.job.quant,
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
        let first = first.wrapping_mul(self.job.geometry.channels);
        let mut at = cursor.base.wrapping_add(first).wrapping_add(self.first);
        for column in 0..COLUMNS {
            let [next, lowest] =
                [1, 2].map(|row: usize| at.wrapping_add(row.wrapping_mul(self.walk.row)));
            table.upper[column] = [at, next];
            table.lower[column] = lowest;
            let right = self.right(columns, column);
            at = at.wrapping_add(right.wrapping_mul(self.job.geometry.channels));
        }
    }

    /// Where the windows of some pixels lie from the cursor on, which may reach into the padding.
    ///
    /// # Safety
    /// The pixels are the job's, and the caller is compiled for NEON.
    #[inline(always)]
    unsafe fn border(
        &self,
        cursor: &Cursor,
        columns: usize,
        pixels: usize,
        edges: &mut [[[i8; LANES]; 3]; 2],
        table: &mut Table,
    ) {
        let zeros = self.zeros.as_ptr();
        let Range { start, end } = cursor.lines.rows;
        let [_, _, width] = self.job.geometry.input;
        let channels = self.job.geometry.channels;
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
        if self.halves == 2 {
            // A pixel of which the other half lies in the padding: the first, and the last.
            for (side, column) in [
                (0, first.wrapping_neg().wrapping_sub(1)),
                (1, (width - 1).wrapping_sub(first)),
            ] {
                if column < COLUMNS {
                    let mut lasts = [zeros; 3];
                    for row in 0..3 {
                        let edge = edges[side][row].as_mut_ptr();
                        let at = lines[row].wrapping_add(side * (width - 1) * HALF);
                        let at = if widths[row] > 0 { at } else { zeros };
                        // SAFETY: half a line of zeros, and a pixel inside the input.
                        unsafe {
                            vst1_s8(edge.add(HALF * side), vld1_s8(zeros));
                            vst1_s8(edge.add(HALF - HALF * side), vld1_s8(at));
                        }
                        lasts[row] = edge;
                    }
                    let [a, b, lowest] = lasts;
                    table.upper[column] = [a, b];
                    table.lower[column] = lowest;
                }
            }
        }
    }

    /// Pixels of the input from a column to the next.
    #[inline(always)]
    fn right(&self, columns: usize, column: usize) -> usize {
        let geometry = self.job.geometry;
        let [stride, dilation] = [geometry.stride[2], geometry.dilation[2]];
        if columns == 3 && column % 3 == 2 {
            stride.wrapping_sub(dilation.wrapping_mul(2))
        } else {
            dilation
        }
    }
}

/// Loads `N` lanes, from `lane` on, of a panel that is `width` lanes wide.
///
/// # Safety
/// They are there, so many at `at` too, and the caller is compiled for NEON.
#[inline(always)]
unsafe fn load<const N: usize>(
    words: *mut Words,
    at: usize,
    panel: *const i32,
    lane: usize,
    width: usize,
    zero: i32,
) {
    // SAFETY: the caller's. A row of weights is a quarter as long as one of words.
    unsafe {
        let weights = (&raw mut (*words).weights).cast::<i8>().add(at);
        let [bias, multiplier, shift] = [
            (&raw mut (*words).bias).cast::<i32>().add(at),
            (&raw mut (*words).multiplier).cast::<i32>().add(at),
            (&raw mut (*words).shift).cast::<i32>().add(at),
        ];
        for v in 0..N / 4 {
            let [first, sum, value, left] =
                [0, 1, 2, 3].map(|row| vld1q_s32(panel.add(row * width + lane + 4 * v)));
            vst1q_s32(bias.add(4 * v), vmlsq_s32(first, sum, vdupq_n_s32(zero)));
            vst1q_s32(multiplier.add(4 * v), value);
            vst1q_s32(shift.add(4 * v), left);
        }
        let from = panel.add(HEADER * width).cast::<i8>();
        for tap in 0..NINE {
            let from = from.add(tap * width + lane);
            weights
                .add(tap * CHUNK)
                .cast::<[i8; N]>()
                .write(from.cast::<[i8; N]>().read());
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
            if let Some((mut to, lane)) = tiles.sums {
                for sums in self.sums(lane, lane) {
                    for sum in sums {
                        vst1q_s32(to, sum);
                        to = to.wrapping_add(4);
                    }
                }
                return;
            }
            let words = chunk.words.as_ptr();
            let ends = chunk.ends;
            let (mut moved, mut output) = (0, tiles.output);
            for _ in 0..tiles.tiles {
                let mut at = 0;
                while at < chunk.lanes {
                    let lane = at.min(last);
                    let mut sums = self.sums(lane, lane.wrapping_add(moved));
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

/// Adds two products, whose sum fits 16 bits.
#[inline(always)]
fn add_pair(sums: &mut [int32x4_t; 4], x: [int8x16_t; 2], w: [int8x16_t; 2]) {
    // SAFETY: the caller is compiled for NEON, as all here.
    unsafe {
        let low = vmull_s8(vget_low_s8(x[0]), vget_low_s8(w[0]));
        let low = vmlal_s8(low, vget_low_s8(x[1]), vget_low_s8(w[1]));
        let high = vmlal_high_s8(vmull_high_s8(x[0], w[0]), x[1], w[1]);
        widen(sums, low, high);
    }
}

#[inline(always)]
fn add_one(sums: &mut [int32x4_t; 4], x: int8x16_t, w: int8x16_t) {
    // SAFETY: as above.
    unsafe {
        let low = vmull_s8(vget_low_s8(x), vget_low_s8(w));
        widen(sums, low, vmull_high_s8(x, w));
    }
}

#[inline(always)]
fn widen(sums: &mut [int32x4_t; 4], low: int16x8_t, high: int16x8_t) {
    // SAFETY: as above.
    unsafe {
        sums[0] = vaddw_s16(sums[0], vget_low_s16(low));
        sums[1] = vaddw_high_s16(sums[1], low);
        sums[2] = vaddw_s16(sums[2], vget_low_s16(high));
        sums[3] = vaddw_high_s16(sums[3], high);
    }
}
