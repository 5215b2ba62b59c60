//! Dense, for vector levels: the windows of some pixels are laid out on the stack, and all filters
//! pass over them.
//!
//! A window laid out is a row of inputs as a filter's weights are one of weights, with the zero point
//! where the window lies in the padding, in the form that the level multiplies. So the inner loop is
//! the same for any window, stride, dilation and padding, tiles run on across the ends of rows, and
//! what has to be done to an input is done once for all filters. The stack that it takes is bounded:
//! long windows are taken in parts, and the sums wait in between.

use super::block::Block;
use super::tile::{self, Tiles};
use crate::kernel::int8::walk::{Cursor, Piece, Walk};
use crate::kernel::int8::{JobI8, Outputs};
use crate::kernel::rows::cut;
use crate::kernel::window::{count, quotient};
use crate::pack::{PANEL, width};
use crate::pack_i8::QUAD;
use crate::simd::{KernelI8, MOST_PIXELS, SLACK, SimdI8};
use core::mem::MaybeUninit;
use core::ops::Range;

/// Inputs of a window that are laid out at once.
const PART: usize = 800;
/// The most tiles that are laid out at once, so that each weight is fetched once for all of them; and the
/// pixels that there is room for, where windows are long.
const TILES: usize = 8;
const LONG: usize = 2 * MOST_PIXELS;
/// Filters whose sums wait while a long window is taken in parts.
const WAITING: usize = 128;

/// Room on the stack. A level whose inputs or sums are wider lays out fewer pixels.
#[repr(C, align(64))]
pub(super) struct Stage {
    /// `[pixel][stride]`
    pub inputs: MaybeUninit<[u8; INPUTS]>,
    /// `[block][pixel][vector]`
    pub sums: MaybeUninit<[u8; SUMS]>,
}

pub(super) const INPUTS: usize = LONG * stride(PART);
pub(super) const SUMS: usize = LONG * WAITING * 4;

/// Bytes of a cache line.
pub(super) const LINE: usize = 64;

/// Elements from one pixel's inputs to the next's: an odd number of cache lines (of bytes), or all pixels'
/// would compete for the same places in the cache.
#[inline(always)]
pub(super) const fn stride(part: usize) -> usize {
    let lines = (part + SLACK).div_ceil(LINE);
    (lines | 1) * LINE
}

impl Stage {
    pub const NEW: Self = Stage {
        inputs: MaybeUninit::uninit(),
        sums: MaybeUninit::uninit(),
    };

    /// Pixels that there is room for, `stride` elements apart, and the sums of so many filters.
    #[inline(always)]
    fn pixels<S: SimdI8>(stride: usize, filters: usize) -> usize {
        let inputs = quotient(const { INPUTS / size_of::<S::Input>() }, stride);
        let sums = quotient(
            const { SUMS / size_of::<S::Sums>() },
            filters.div_ceil(S::LANES),
        );
        inputs.min(sums)
    }
}

/// A job. It runs in a function of its own, so that what it lays out takes no stack of another kernel's.
pub(super) struct Staged<'a>(pub JobI8<'a>);

impl<S: SimdI8> KernelI8<S> for Staged<'_> {
    #[inline(always)]
    fn run(self, simd: S) {
        let job = self.0;
        let output = job.output;
        let (geometry, sizes) = (job.geometry(), job.sizes());
        let panels = &job.shape.panels.panels;
        let pixels = count(&job.rows) * sizes.output[2];
        if pixels == 0 {
            return;
        }
        let mut stage = Stage::NEW;
        let vectors = panels.filters.div_ceil(S::LANES).min(S::VECTORS);
        let most = S::TILES[vectors];
        let depth = job.shape.panels.depth();
        let parts = depth.div_ceil(PART);
        let stride = stride(depth.min(PART));
        // Where windows are taken in parts, sums wait; else those of a block are outputs at once.
        let waiting = if parts > 1 {
            WAITING
        } else {
            vectors * S::LANES
        };
        let room = Stage::pixels::<S>(stride, waiting);
        let at_once = quotient(room, most).clamp(1, TILES);
        let last = match panels.filters % PANEL {
            0 => 0,
            last => job.shape.panels.panel(width(last)),
        };
        let inputs = stage.inputs.as_mut_ptr().cast::<S::Input>();
        let ragged = depth % QUAD;
        if parts == 1 && ragged > 0 {
            // What fills up the last quads has no weight, but is read.
            for pixel in 0..room.min(at_once * most) {
                // SAFETY: so many pixels have room.
                unsafe {
                    let end = inputs.add(pixel * stride + depth - ragged);
                    end.write_bytes(0, QUAD);
                }
            }
        }
        let group_len = panels.filters / PANEL * job.shape.panels.panel(PANEL) + last;
        for group in 0..panels.groups {
            let walk = Walk::new(&job, group);
            let packed = job.packed.wrapping_add(group * group_len);
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
                        parts,
                        stride,
                        packed,
                        output,
                    };
                    // SAFETY: the panels of a group follow each other as `PanelsI8` counts them, and the
                    // output has so many pixels of every group's filters.
                    cursor = unsafe { batch.run(simd, &walk, cursor, &mut stage) };
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
    /// Parts that windows are taken in, and elements from one pixel's inputs to the next's.
    parts: usize,
    stride: usize,
    /// The group's panels.
    packed: *const i32,
    /// The group's first filter of the first pixel.
    output: Outputs,
}

impl Batch {
    /// Computes all filters, from the pixel at the cursor on; returns where the next batch starts.
    ///
    /// # Safety
    /// The panels and the outputs are there, and so many pixels from the cursor on.
    #[inline(always)]
    unsafe fn run<S: SimdI8>(
        &self,
        simd: S,
        walk: &Walk<'_>,
        start: Cursor,
        stage: &mut Stage,
    ) -> Cursor {
        let job = walk.job;
        let filters = job.shape.panels.panels.filters;
        let depth = job.shape.panels.depth();
        let pixels = self.pixels * self.tiles;
        let (parts, stride) = (self.parts, self.stride);
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
                        let to = inputs.add(pixel * stride);
                        lay_out(simd, walk, &cursor, alike, to, stride, &part);
                    }
                    walk.step(&mut cursor, alike);
                    pixel += alike;
                }
                let mut sums = sums;
                let mut filter = first;
                while filter < end {
                    let block = Block::of::<S>(job, self.packed, filter);
                    let tiles = Tiles {
                        pixels: self.pixels,
                        tiles: self.tiles,
                        block,
                        rows: &[inputs.cast_const()],
                        stride,
                        first: part.start / QUAD,
                        quads: part.len().div_ceil(QUAD),
                        sums,
                        go_on: part.start > 0,
                        last: (part.end == depth).then_some(sums.cast()),
                    };
                    // SAFETY: the pixels were just laid out, and the sums of so many filters have
                    // room; the caller's for the rest.
                    unsafe { tile::run(simd, &tiles) };
                    if part.end == depth {
                        // SAFETY: these are the last quads; the caller's for the rest.
                        unsafe { block.write(simd, job, sums.cast(), pixels, self.output) };
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
}

/// Lays out a part of the windows of pixels that are alike. What fills up the last quad has no weight.
///
/// # Safety
/// At `to` there is room for the part and [`SLACK`] elements of each, `stride` apart.
#[inline(always)]
unsafe fn lay_out<S: SimdI8>(
    simd: S,
    walk: &Walk<'_>,
    cursor: &Cursor,
    pixels: usize,
    to: *mut S::Input,
    stride: usize,
    part: &Range<usize>,
) {
    let quant = walk.job.quant();
    let depth = walk.job.shape.panels.panels.depth;
    walk.window(
        cursor,
        depth,
        LayOut {
            simd,
            pixels,
            to,
            stride,
            part: part.clone(),
            right: walk.right(),
            end: walk.end,
            zero: quant.input_zero as i8,
            flip: quant.flip_input,
        },
    );
}

/// Where a piece of the windows of some pixels that are alike is laid out.
struct LayOut<S: SimdI8> {
    simd: S,
    pixels: usize,
    /// From a pixel's inputs to the next's: where they are laid out, and in the image.
    to: *mut S::Input,
    stride: usize,
    right: usize,
    part: Range<usize>,
    /// The end of the input.
    end: *const i8,
    zero: i8,
    flip: u8,
}

impl<S: SimdI8> Piece for LayOut<S> {
    #[inline(always)]
    fn put(&self, from: Option<*const i8>, at: usize, len: usize) {
        let (simd, pixels, part) = (self.simd, self.pixels, &self.part);
        let stride = self.stride;
        let (start, end) = (at.max(part.start), (at + len).min(part.end));
        if start >= end {
            return;
        }
        let len = end - start;
        let to = self.to.wrapping_add(start - part.start);
        // SAFETY: what is copied lies in the input: taps that are inside. It is laid out in ascending
        // order, so what a copy overwrites is written after it; `lay_out`'s caller has the room.
        unsafe {
            match from {
                Some(from) => {
                    let from = from.wrapping_add(start - at);
                    let (right, end, flip) = (self.right, self.end, self.flip);
                    simd.stage_all(pixels, from, right, end, to, stride, len, flip);
                }
                None => {
                    for pixel in 0..pixels {
                        simd.fill(to.wrapping_add(pixel * stride), len, self.zero);
                    }
                }
            }
        }
    }
}
