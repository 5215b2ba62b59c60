//! Dense, for windows whose columns lie side by side: not windows are laid out on the stack, as in
//! [`super::staged`], but rows of the image.
//!
//! A window row is `columns * channels` inputs one after the other, and so is that of the next pixel,
//! `stride * channels` further on. So a row of the image that is laid out once, with the zero point in
//! the padding before and after it, serves all its pixels and all rows of the windows that it lies under.
//! Rows that were laid out are kept for the next output rows, as many as there is room for.
//!
//! Weights stand in quads. Where a window row is no whole number of them, as under few channels, the
//! windows of some rows are put together from what is kept, without a border in the way.

use super::block::Block;
use super::staged::{INPUTS, LINE, SUMS, Stage, stride};
use super::tile::{self, Tiles};
use crate::kernel::int8::walk::Walk;
use crate::kernel::int8::{JobI8, Outputs};
use crate::kernel::rows::cut;
use crate::kernel::window::{count, quotient};
use crate::pack_i8::QUAD;
use crate::simd::{KernelI8, MOST_PIXELS, SLACK, SimdI8};
use core::mem::MaybeUninit;
use core::slice;

/// Rows of a window, rows that are kept, and output rows at a time, at most.
const ROWS: usize = 8;
const KEPT: usize = 32;
const LINES: usize = 16;
/// Sums that a tile adds to side by side, at least: two multiplications begin in each cycle, and one takes
/// five. A tile lies in one row, so in a narrow image it is a small one, unlike that of windows.
const CHAINS: usize = 10;

/// Weights of a window that is put together, at most: few channels.
const SHORT: usize = 160;

/// How a job is cut.
struct Cut {
    /// The most output columns at a time.
    pixels: usize,
    /// Elements from one row that is laid out to the next.
    row: usize,
    /// Rows that are kept. After them stands a row of padding.
    kept: usize,
    /// Output rows at a time.
    lines: usize,
    /// Elements from one window that is put together to the next; 0 where none is.
    window: usize,
}

impl Cut {
    /// `None` where there is no room for a few pixels, or they are few.
    #[inline(always)]
    fn of<S: SimdI8>(job: &JobI8<'_>) -> Option<Self> {
        let geometry = job.geometry();
        let [_, rows, columns] = geometry.kernel;
        let [_, down, right] = geometry.stride;
        let channels = geometry.channels;
        let depth = job.shape.panels.depth();
        let whole = (columns * channels).is_multiple_of(QUAD);
        // Wider inputs are copied twice as long.
        if !whole && (depth > SHORT || const { size_of::<S::Input>() > 1 }) {
            return None;
        }
        let window = if whole { 0 } else { stride(depth) };
        // Windows have half of the room.
        let all = const { INPUTS / size_of::<S::Input>() };
        let room = if whole { all } else { all / 2 };
        let sums = const { SUMS / size_of::<S::Sums>() / S::VECTORS };
        let sums = if whole {
            sums
        } else {
            sums.min(quotient(room, window))
        };
        // At most two cache lines are between rows to make their distance an odd number of them.
        let row = quotient(room, rows + 1).checked_sub(SLACK + 2 * LINE)?;
        let most = quotient(row, channels).checked_sub(columns)?;
        let width = job.sizes().output[2];
        let most = (quotient(most, right) + 1).min(sums);
        if most < width.min(MOST_PIXELS) {
            return None;
        }
        let (pixels, _) = cut(width, most);
        let vectors = job.geometry().filters.div_ceil(S::LANES).min(S::VECTORS);
        let (tile, _) = cut(pixels, S::TILES[vectors]);
        let chains = tile * vectors * const { size_of::<S::Sums>() / size_of::<S::I32>() };
        if whole && chains < CHAINS {
            return None;
        }
        let row = stride(((pixels - 1) * right + columns) * channels);
        let kept = (quotient(room, row) - 1).min(KEPT);
        let lines = (quotient(kept - rows, down) + 1)
            .min(quotient(sums, pixels))
            .clamp(1, LINES);
        Some(Cut {
            pixels,
            row,
            kept,
            lines,
            window,
        })
    }
}

/// Whether a job is of this kind.
#[inline(always)]
pub(super) fn can<S: SimdI8>(job: &JobI8<'_>) -> bool {
    let geometry = job.geometry();
    let [planes, rows, columns] = geometry.kernel;
    planes == 1
        && rows <= ROWS
        && rows * columns > 1
        && geometry.dilation[1..] == [1; 2]
        && geometry.groups == 1
        && Cut::of::<S>(job).is_some()
}

/// A job. It runs in a function of its own, so that what it lays out takes no stack of another kernel's.
pub(super) struct Spans<'a>(pub JobI8<'a>);

impl<S: SimdI8> KernelI8<S> for Spans<'_> {
    #[inline(always)]
    fn run(self, simd: S) {
        let job = self.0;
        let output = job.output;
        let Some(cut_up) = Cut::of::<S>(&job) else {
            return;
        };
        let mut stage = Stage::NEW;
        let width = job.sizes().output[2];
        let padding = stage.inputs.as_mut_ptr().cast::<S::Input>();
        let padding = padding.wrapping_add(cut_up.kept * cut_up.row);
        // SAFETY: after the rows that are kept there is room for one more.
        unsafe { simd.fill(padding, cut_up.row, job.quant().input_zero as i8) };
        let walk = Walk::new(&job, 0);
        let mut x = 0;
        while x < width {
            let (pixels, _) = cut(width - x, cut_up.pixels);
            let mut strip = Strip {
                walk: &walk,
                cut: &cut_up,
                x,
                pixels,
                inputs: stage.inputs.as_mut_ptr().cast(),
                padding,
                windows: padding.wrapping_add(cut_up.row),
                kept: [usize::MAX; KEPT],
                output,
            };
            // SAFETY: the strip is one of the job's, and the stage has room for what `Cut` counts.
            unsafe { strip.run(simd, stage.sums.as_mut_ptr().cast()) };
            x += pixels;
        }
    }
}

/// Some columns of the output, from the first row to the last.
struct Strip<'a, S: SimdI8> {
    walk: &'a Walk<'a>,
    cut: &'a Cut,
    /// The first column, and how many there are.
    x: usize,
    pixels: usize,
    /// The rows that are kept, and which rows of the input these are.
    inputs: *mut S::Input,
    kept: [usize; KEPT],
    padding: *const S::Input,
    /// Where windows are put together.
    windows: *mut S::Input,
    output: Outputs,
}

impl<S: SimdI8> Strip<'_, S> {
    /// # Safety
    /// The columns are the job's, and rows and sums have the room that `Cut` counts.
    #[inline(always)]
    unsafe fn run(&mut self, simd: S, sums: *mut S::I32) {
        let job = self.walk.job;
        let [_, height, width] = job.sizes().output;
        let filters = job.geometry().filters;
        let end = count(&job.rows);
        let mut row = 0;
        while row < end {
            // Rows of one plane: those under them follow each other, and find room.
            let y = job.rows.start + row;
            let y = y - quotient(y, height) * height;
            let lines = self.cut.lines.min(end - row).min(height - y);
            let mut rows = [[self.padding; ROWS]; LINES];
            for (line, rows) in rows.iter_mut().enumerate().take(lines) {
                // SAFETY: the caller's.
                unsafe { self.lay_out(simd, row + line, rows) };
            }
            let to = self.output.at((row * width + self.x) * filters);
            // SAFETY: the caller's; the rows are laid out.
            unsafe {
                let rows = rows.get(..lines).unwrap_or(&[]);
                if self.cut.window == 0 {
                    self.compute(simd, rows, sums, to);
                } else {
                    self.put_together(rows);
                    self.compute_windows(simd, lines, sums, to);
                }
            }
            row += lines;
        }
    }

    /// Lays out what is missing of the rows under an output row, and tells where they are.
    ///
    /// # Safety
    /// As for [`run`](Self::run).
    #[inline(always)]
    unsafe fn lay_out(&mut self, simd: S, row: usize, rows: &mut [*const S::Input; ROWS]) {
        let walk = self.walk;
        let (geometry, quant) = (walk.job.geometry(), walk.job.quant());
        let channels = geometry.channels;
        let [_, _, width] = geometry.input;
        let [_, _, columns] = geometry.kernel;
        let right = geometry.stride[2];
        let [before, _] = walk.job.sizes().padding[2];
        let lines = walk.rows.lines(row, row + 1);
        // Columns, counted from the first window's first; those of the input are `left..inside`.
        let extent = (self.pixels - 1) * right + columns;
        let start = self.x * right;
        let left = before.saturating_sub(start).min(extent);
        let inside = (before + width).saturating_sub(start).min(extent).max(left);
        let column = (start + left).wrapping_sub(before);
        for (index, row) in lines.rows.clone().enumerate() {
            if inside == left {
                // All is padding.
                break;
            }
            let line = lines.input + index;
            let place = line - quotient(line, self.cut.kept) * self.cut.kept;
            let to = self.inputs.wrapping_add(place * self.cut.row);
            if let Some(kept) = self.kept.get_mut(place)
                && *kept != line
            {
                *kept = line;
                let from = walk
                    .input
                    .wrapping_add((line * width).wrapping_add(column).wrapping_mul(channels));
                let zero = quant.input_zero as i8;
                // SAFETY: these are inputs of the job, and the row has room for the extent and the
                // slack. What a copy overwrites behind it is written after it.
                unsafe {
                    simd.fill(to, left * channels, zero);
                    let to = to.add(left * channels);
                    let len = (inside - left) * channels;
                    simd.stage(from, walk.end, to, len, quant.flip_input);
                    simd.fill(to.add(len), (extent - inside) * channels, zero);
                    // What is read behind the last window is something too.
                    simd.fill(to.add((extent - left) * channels), 1, zero);
                }
            }
            if let Some(row) = rows.get_mut(row) {
                *row = to;
            }
        }
    }

    /// Computes all filters of some output rows.
    ///
    /// # Safety
    /// As for [`run`](Self::run); the rows under each are laid out, and `to` is the first output.
    #[inline(always)]
    unsafe fn compute(
        &self,
        simd: S,
        lines: &[[*const S::Input; ROWS]],
        sums: *mut S::I32,
        to: Outputs,
    ) {
        let job = self.walk.job;
        let geometry = job.geometry();
        let [_, window, columns] = geometry.kernel;
        // A step that is never taken may be past all bounds.
        let step = geometry.stride[2].wrapping_mul(geometry.channels);
        let mut first = 0;
        while first < job.shape.panels.panels.filters {
            let block = Block::of::<S>(job, job.packed, first);
            let mut at = sums;
            for rows in lines {
                let mut pixel = 0;
                while pixel < self.pixels {
                    let (tile, count) = cut(self.pixels - pixel, S::TILES[block.vectors]);
                    let mut from = *rows;
                    for from in &mut from {
                        *from = from.wrapping_add(pixel.wrapping_mul(step));
                    }
                    let tiles = Tiles {
                        pixels: tile,
                        tiles: count,
                        block,
                        rows: from.get(..window).unwrap_or(&[]),
                        stride: step,
                        first: 0,
                        quads: columns * geometry.channels / QUAD,
                        sums: at.cast(),
                        go_on: false,
                        last: Some(at),
                    };
                    // SAFETY: the caller's.
                    unsafe { tile::run(simd, &tiles) };
                    pixel += tile * count;
                    at = at.wrapping_add(tile * count * block.vectors);
                }
            }
            // SAFETY: the caller's.
            unsafe { self.write(simd, block, lines.len(), sums, to) };
            first += block.vectors * S::LANES;
        }
    }

    /// Puts the windows of some output rows together.
    ///
    /// # Safety
    /// As for [`compute`](Self::compute).
    #[inline(always)]
    unsafe fn put_together(&self, lines: &[[*const S::Input; ROWS]]) {
        /// What is copied at a time, whatever it is: behind a row there need not be inputs.
        type Piece = MaybeUninit<[u8; SLACK]>;
        let geometry = self.walk.job.geometry();
        // A step that is never taken may be past all bounds.
        let step = geometry.stride[2].wrapping_mul(geometry.channels);
        let [_, window, columns] = geometry.kernel;
        let span = columns * geometry.channels;
        let mut line = self.windows;
        for rows in lines {
            for (index, row) in rows.iter().enumerate().take(window) {
                let mut at = 0;
                while at < span {
                    let mut from = row.wrapping_add(at);
                    let mut to = line.wrapping_add(index * span + at);
                    for _ in 0..self.pixels {
                        // SAFETY: rows and windows have slack, and what is written behind a piece is
                        // written again if it is part of the window.
                        unsafe {
                            let piece = from.cast::<Piece>().read_unaligned();
                            to.cast::<Piece>().write_unaligned(piece);
                        }
                        from = from.wrapping_add(step);
                        to = to.wrapping_add(self.cut.window);
                    }
                    at += const { SLACK / size_of::<S::Input>() };
                }
            }
            line = line.wrapping_add(self.pixels * self.cut.window);
        }
    }

    /// [`compute`](Self::compute), of windows that are put together.
    ///
    /// # Safety
    /// As for that.
    #[inline(always)]
    unsafe fn compute_windows(&self, simd: S, lines: usize, sums: *mut S::I32, to: Outputs) {
        let job = self.walk.job;
        let all = lines * self.pixels;
        let mut first = 0;
        while first < job.shape.panels.panels.filters {
            let block = Block::of::<S>(job, job.packed, first);
            let mut pixel = 0;
            while pixel < all {
                let (tile, count) = cut(all - pixel, S::TILES[block.vectors]);
                let window = self
                    .windows
                    .wrapping_add(pixel * self.cut.window)
                    .cast_const();
                let at = sums.wrapping_add(pixel * block.vectors);
                let tiles = Tiles {
                    pixels: tile,
                    tiles: count,
                    block,
                    rows: slice::from_ref(&window),
                    stride: self.cut.window,
                    first: 0,
                    quads: job.shape.panels.depth().div_ceil(QUAD),
                    sums: at.cast(),
                    go_on: false,
                    last: Some(at),
                };
                // SAFETY: the caller's.
                unsafe { tile::run(simd, &tiles) };
                pixel += tile * count;
            }
            // SAFETY: the caller's.
            unsafe { self.write(simd, block, lines, sums, to) };
            first += block.vectors * S::LANES;
        }
    }

    /// Makes outputs of the sums of a block.
    ///
    /// # Safety
    /// Those of so many output rows are there, and `to` is the first output.
    #[inline(always)]
    unsafe fn write(&self, simd: S, block: Block, lines: usize, sums: *const S::I32, to: Outputs) {
        let job = self.walk.job;
        let [_, _, width] = job.sizes().output;
        // Whole rows follow each other.
        let (writes, pixels) = if self.pixels == width {
            (1, lines * width)
        } else {
            (lines, self.pixels)
        };
        for line in 0..writes {
            let to = to.at(line * width * job.geometry().filters);
            let sums = sums.wrapping_add(line * pixels * block.vectors);
            // SAFETY: the caller's.
            unsafe { block.write(simd, job, sums, pixels, to) };
        }
    }
}
