//! Dense, for vector levels: the windows of some pixels are laid out on the stack, and all filters
//! pass over them.
//!
//! A window laid out is a row of inputs as a filter's weights are one of weights, with the zero point
//! where the window lies in the padding, in the form that the level multiplies. So the inner loop is
//! the same for any window, stride, dilation and padding, tiles run on across the ends of rows, and
//! what has to be done to an input is done once for all filters. The stack that it takes is bounded:
//! long windows are taken in parts, and the sums wait in between.

use super::finish::Filters;
use super::tile::{self, Block, Tiles};
use crate::kernel::int8::walk::{Cursor, Walk};
use crate::kernel::int8::{JobI8, To};
use crate::kernel::rows::cut;
use crate::kernel::window::{count, quotient};
use crate::pack::{PANEL, width};
use crate::pack_i8::QUAD;
use crate::simd::{KernelI8, MOST_PIXELS, SLACK, SimdI8};
use core::mem::MaybeUninit;
use core::ops::Range;

/// Inputs of a window that are laid out at once.
const PART: usize = 768;
/// Elements from one pixel's to the next's: an odd number of cache lines, or all pixels' would
/// compete for the same places in the cache.
const STRIDE: usize = PART + SLACK;
/// Tiles that are laid out at once, so that each weight is fetched once for all of them.
const TILES: usize = 2;
/// The same of short windows, where little is to be done for each vector of filters and tile.
const SHORT: usize = 160;
const SHORT_STRIDE: usize = SHORT + SLACK;
const SHORT_TILES: usize = 8;
/// Filters whose sums wait while a long window is taken in parts.
const WAITING: usize = 128;

/// Room on the stack. A level whose inputs or sums are wider lays out fewer pixels.
#[repr(C, align(64))]
struct Stage {
    /// `[pixel][STRIDE]`
    inputs: MaybeUninit<[u8; INPUTS]>,
    /// `[block][pixel][vector]`
    sums: MaybeUninit<[u8; SUMS]>,
}

const INPUTS: usize = TILES * MOST_PIXELS * STRIDE;
const SUMS: usize = TILES * MOST_PIXELS * WAITING * 4;

impl Stage {
    /// Pixels that there is room for, `stride` elements apart, and the sums of so many filters.
    #[inline(always)]
    const fn pixels<S: SimdI8>(stride: usize, filters: usize) -> usize {
        let inputs = INPUTS / (size_of::<S::Input>() * stride);
        let sums = SUMS / (filters / S::LANES * size_of::<S::Sums>());
        if inputs < sums { inputs } else { sums }
    }
}

/// A job. It runs in a function of its own, so that what it lays out takes no stack of another kernel's.
pub(super) struct Staged<'a>(pub JobI8<'a>);

impl<S: SimdI8> KernelI8<S> for Staged<'_> {
    #[inline(always)]
    fn run(self, simd: S) {
        let mut job = self.0;
        let output = To::start(&mut job.output);
        let (geometry, sizes) = (job.geometry, job.sizes);
        let panels = &job.panels.panels;
        let pixels = count(&job.rows) * sizes.output[2];
        if pixels == 0 {
            return;
        }
        let mut stage = Stage {
            inputs: MaybeUninit::uninit(),
            sums: MaybeUninit::uninit(),
        };
        let vectors = panels.filters.div_ceil(S::LANES).min(S::VECTORS);
        let most = S::TILES[vectors];
        let short = job.panels.depth() <= SHORT;
        let at_once = if short {
            let room = const { Stage::pixels::<S>(SHORT_STRIDE, 2 * S::LANES) };
            quotient(room, most).clamp(1, SHORT_TILES)
        } else {
            let room = const { Stage::pixels::<S>(STRIDE, WAITING) };
            quotient(room, most).clamp(1, TILES)
        };
        let last = match panels.filters % PANEL {
            0 => 0,
            last => job.panels.panel(width(last)),
        };
        let group_len = panels.filters / PANEL * job.panels.panel(PANEL) + last;
        for group in 0..panels.groups {
            let walk = Walk::new(&job, group);
            let packed = job.packed.as_ptr().wrapping_add(group * group_len);
            let mut cursor = walk.cursor(0, 0);
            let mut pixel = 0;
            while pixel < pixels {
                let (tile, tiles) = cut(pixels - pixel, most);
                let mut left = tiles;
                while left > 0 {
                    let now = left.min(at_once);
                    let output = output.at(pixel * geometry.filters + group * panels.filters);
                    let batch = Batch {
                        pixels: tile,
                        tiles: now,
                        packed,
                        output,
                    };
                    // SAFETY: the panels of a group follow each other as `PanelsI8` counts them, and the
                    // output has so many pixels of every group's filters.
                    cursor = unsafe {
                        if short {
                            batch.run::<S, SHORT_STRIDE>(simd, &walk, cursor, &mut stage)
                        } else {
                            batch.run::<S, STRIDE>(simd, &walk, cursor, &mut stage)
                        }
                    };
                    left -= now;
                    pixel += now * tile;
                }
            }
        }
    }
}

/// Pixels that are laid out at once.
struct Batch {
    pixels: usize,
    tiles: usize,
    /// The group's panels.
    packed: *const i32,
    /// The group's first filter of the first pixel.
    output: To,
}

impl Batch {
    /// Computes all filters, from the pixel at the cursor on; returns where the next batch starts.
    ///
    /// # Safety
    /// The panels and the outputs are there, and so many pixels from the cursor on.
    #[inline(always)]
    unsafe fn run<S: SimdI8, const STRIDE: usize>(
        &self,
        simd: S,
        walk: &Walk<'_>,
        start: Cursor,
        stage: &mut Stage,
    ) -> Cursor {
        let job = walk.job;
        let filters = job.panels.panels.filters;
        let depth = job.panels.depth();
        let pixels = self.pixels * self.tiles;
        let parts = depth.div_ceil(const { STRIDE - SLACK });
        let part_len = quotient(depth + parts - 1, parts).next_multiple_of(QUAD);
        let inputs = stage.inputs.as_mut_ptr().cast::<S::Input>();
        let sums = stage.sums.as_mut_ptr().cast::<S::Sums>();
        let mut cursor = start.clone();
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
                cursor = start.clone();
                let mut pixel = 0;
                while pixel < pixels {
                    let alike = walk.alike(&cursor, pixels - pixel);
                    // SAFETY: the batch has no more pixels than there is room for.
                    unsafe {
                        let to = inputs.add(pixel * STRIDE);
                        lay_out::<S, STRIDE>(simd, walk, &cursor, alike, to, &part);
                    }
                    walk.step(&mut cursor, alike);
                    pixel += alike;
                }
                let mut sums = sums;
                let mut filter = first;
                while filter < end {
                    let block = self.block::<S>(job, filter);
                    let tiles = Tiles {
                        pixels: self.pixels,
                        tiles: self.tiles,
                        block,
                        inputs,
                        first: part.start / QUAD,
                        quads: part.len().div_ceil(QUAD),
                        sums,
                        go_on: part.start > 0,
                        last: (part.end == depth).then_some(sums.cast()),
                    };
                    // SAFETY: the pixels were just laid out, and the sums of so many filters have
                    // room; the caller's for the rest.
                    unsafe { tile::run::<S, STRIDE>(simd, &tiles) };
                    if part.end == depth {
                        // SAFETY: these are the last quads; the caller's for the rest.
                        unsafe { self.finish(simd, job, block, sums.cast(), filter) };
                    }
                    if parts > 1 {
                        sums = sums.wrapping_add(pixels * block.vectors);
                    }
                    filter += block.vectors * S::LANES;
                }
                from = part.end;
            }
            first = end;
        }
        cursor
    }

    /// Makes outputs of the sums of a block whose first filter is `first`, a word each.
    ///
    /// # Safety
    /// `[pixel][vector]` sums are there; and as for [`run`](Self::run).
    #[inline(always)]
    unsafe fn finish<S: SimdI8>(
        &self,
        simd: S,
        job: &JobI8<'_>,
        block: Block,
        sums: *const S::I32,
        first: usize,
    ) {
        for v in 0..block.vectors {
            let header = block.header.wrapping_add(block.lane::<S>(v));
            let count = block.filters.saturating_sub(v * S::LANES).min(S::LANES);
            let (quant, width, depth) = (job.quant, block.width, job.panels.depth());
            let output = self.output.at(first + v * S::LANES);
            let pixels = self.pixels * self.tiles;
            // SAFETY: a block's panels are whole; the caller's for the rest.
            unsafe {
                Filters::load(simd, quant, header, width, depth, S::OFFSET, count).write(
                    simd,
                    sums.add(v),
                    block.vectors,
                    pixels,
                    output,
                    job.geometry.filters,
                );
            }
        }
    }

    /// The block of a group's filters from `first` on.
    #[inline(always)]
    fn block<S: SimdI8>(&self, job: &JobI8<'_>, first: usize) -> Block {
        let filters = job.panels.panels.filters;
        let lane = first % PANEL;
        let left = filters - first;
        let width = width(left + lane);
        let full = job.panels.panel(PANEL);
        let packed = self.packed.wrapping_add(first / PANEL * full);
        // Two vectors stand in one panel, or in two that are both full.
        let both = S::VECTORS == 2
            && if S::LANES < PANEL {
                lane + 2 * S::LANES <= width && left > S::LANES
            } else {
                left >= 2 * PANEL
            };
        Block {
            vectors: if both { 2 } else { 1 },
            filters: left,
            header: packed.wrapping_add(lane),
            width,
            panel: full,
        }
    }
}

/// Lays out a part of the windows of pixels that are alike, and zeros that fill up the last quad.
///
/// # Safety
/// At `to` there is room for the part and [`SLACK`] elements of each, `STRIDE` apart.
#[inline(always)]
unsafe fn lay_out<S: SimdI8, const STRIDE: usize>(
    simd: S,
    walk: &Walk<'_>,
    cursor: &Cursor,
    pixels: usize,
    to: *mut S::Input,
    part: &Range<usize>,
) {
    let quant = walk.job.quant;
    let depth = walk.job.panels.panels.depth;
    let (zero, flip) = (quant.input_zero as i8, quant.flip_input);
    let right = walk.right();
    let put = |from: Option<*const i8>, at: usize, len: usize| {
        let (start, end) = (at.max(part.start), (at + len).min(part.end));
        if start < end {
            let len = end - start;
            let to = to.wrapping_add(start - part.start);
            match from {
                Some(from) => {
                    let from = from.wrapping_add(start - at);
                    // SAFETY: what is copied lies in the input: taps that are inside. It is laid out
                    // in ascending order, so what a copy overwrites is written after it.
                    unsafe {
                        simd.stage_all(pixels, from, right, walk.end, to, STRIDE, len, flip);
                    }
                }
                None => {
                    for pixel in 0..pixels {
                        // SAFETY: as above.
                        unsafe { simd.fill(to.wrapping_add(pixel * STRIDE), len, zero) };
                    }
                }
            }
        }
    };
    walk.window(cursor, depth, put);
    let ragged = part.len() % QUAD;
    if ragged != 0 {
        for pixel in 0..pixels {
            // SAFETY: the caller's.
            unsafe { simd.fill(to.add(pixel * STRIDE + part.len()), QUAD - ragged, 0) };
        }
    }
}
