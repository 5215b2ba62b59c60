//! The laying out of quads.

#![allow(clippy::needless_range_loop)]

use super::{APART, Block, QUADS, TAPS, WIDEST};
use crate::kernel::int8::JobI8;
use crate::kernel::window::{count, quotient};
use crate::pack::PANEL;
use crate::simd::{KernelI8, QuadsI8};
use core::ops::Range;

/// The pixels, or squares, under the windows of some neighbouring ones.
pub(super) struct Lay<'a> {
    job: &'a JobI8<'a>,
    block: Block,
    /// Zero points, as the input has them.
    zeros: [i8; WIDEST],
    /// The first column, counted from the first of the padding.
    first: usize,
    /// How many there are, and those whose columns all lie in the image: as many as end where a lane of 16 bytes
    /// does.
    extent: usize,
    inside: Range<usize>,
    /// Bytes of the room before the first.
    pub lead: usize,
}

/// Where the first column of a row of the image lies, and bytes to the next.
#[derive(Clone, Copy)]
pub(super) struct Row {
    from: *const i8,
    step: usize,
}

impl<'a> Lay<'a> {
    /// Of the pixels of an output row.
    #[inline(always)]
    pub fn of(job: &'a JobI8<'a>, block: &Block, pixels: &Range<usize>) -> Self {
        let quant = job.quant();
        let [_, _, width] = job.geometry().input;
        let [_, _, [padding, _]] = job.sizes().padding;
        let stride = job.geometry().stride[2];
        // Whole registers of windows, which end two columns, or a square, further on than they begin.
        let registers = quotient(count(pixels) + block.pixels - 1, block.pixels);
        let extent = registers * block.pixels + quotient(TAPS - 1, stride);
        let first = pixels.start * stride;
        let start = quotient(padding.saturating_sub(first) + stride - 1, stride).min(extent);
        let end = quotient((padding + width).saturating_sub(first), stride).min(extent);
        let (start, end) = if start < end { (start, end) } else { (0, 0) };
        let lane = quotient(PANEL, block.unit).max(1);
        let lanes = quotient(end - start, lane);
        // The first inside begins a lane.
        let skew = quotient(start + lane - 1, lane) * lane - start;
        Lay {
            job,
            block: *block,
            zeros: [quant.input_zero as i8 ^ quant.flip_input as i8; WIDEST],
            first,
            extent,
            inside: start..start + lanes * lane,
            lead: WIDEST + skew * block.unit,
        }
    }

    /// A row of the image, counted from the job's first.
    #[inline(always)]
    pub fn row(&self, row: Option<usize>) -> Row {
        let geometry = self.job.geometry();
        let [_, _, width] = geometry.input;
        let Some(row) = row else {
            return self.nothing();
        };
        let at = row.wrapping_mul(width).wrapping_mul(geometry.channels);
        Row {
            from: (self.job.input).wrapping_add(at.wrapping_add(self.block.first)),
            step: geometry.channels,
        }
    }

    /// One zero point again and again: a row in the padding, or in no window.
    #[inline(always)]
    pub fn nothing(&self) -> Row {
        Row {
            from: self.zeros.as_ptr(),
            step: 0,
        }
    }
}

/// Lays out the quads of four rows; or, at a stride of 2, of even and odd columns of the first two, which are
/// one, and of the last two. A register is loaded in so many pieces.
pub(super) struct Strip<'a, const PIECES: usize, const STRIDE: usize> {
    pub lay: &'a Lay<'a>,
    pub rows: [Row; QUADS],
    pub to: *mut u8,
}

impl<S: QuadsI8, const PIECES: usize, const STRIDE: usize> KernelI8<S>
    for Strip<'_, PIECES, STRIDE>
{
    /// The rows are the job's, and from `lead` before `to` on there is room for all and a register more.
    #[inline(always)]
    fn run(self, simd: S) {
        let lay = self.lay;
        let (block, unit) = (&lay.block, lay.block.unit);
        let inside = self.inside();
        // Those before and behind, a register at a time.
        let before = quotient(inside.start + block.pixels - 1, block.pixels);
        let behind = quotient(lay.extent - inside.end + block.pixels - 1, block.pixels);
        for i in 0..before + behind {
            let pixel = if i < before {
                inside.start.wrapping_sub((i + 1) * block.pixels)
            } else {
                inside.end + (i - before) * block.pixels
            };
            // SAFETY: whoever makes a strip has promised what is said above.
            unsafe { self.border(simd, pixel) };
        }
        let flips = bytes_of(simd, lay.job.quant().flip_input ^ 0x80);
        let mut from = [core::ptr::null(); QUADS];
        let (mut right, mut next) = ([0; QUADS], [0; QUADS]);
        for i in 0..QUADS {
            let row = self.rows[i];
            let column = self.column(inside.start, i);
            from[i] = row.from.wrapping_add(column.wrapping_mul(row.step));
            right[i] = row.step * STRIDE;
            next[i] = right[i] * block.pixels;
        }
        let mut to = self.to.wrapping_add(inside.start * unit);
        let full = quotient(count(&inside), block.pixels);
        let over = count(&inside) - full * block.pixels;
        for register in 0..full + usize::from(over > 0) {
            // The last register begins so early that it is full.
            if register == full {
                let back = block.pixels - over;
                for i in 0..QUADS {
                    from[i] = from[i].wrapping_sub(back * right[i]);
                }
                to = to.wrapping_sub(back * unit);
            }
            // SAFETY: as above; all columns of a register lie in the image, or in a row that is one zero point
            // again and again.
            unsafe {
                let mut rows = [simd.splat(0); QUADS];
                for i in 0..QUADS {
                    rows[i] = simd.flip(simd.pieces::<PIECES>(from[i], right[i]), flips);
                    from[i] = from[i].wrapping_add(next[i]);
                }
                put::<S>(simd.interleave(rows), to);
            }
            to = to.wrapping_add(size_of::<S::I32>());
        }
    }
}

impl<const PIECES: usize, const STRIDE: usize> Strip<'_, PIECES, STRIDE> {
    /// The column of pixel `pixel` in row `i`; a number above all others if it lies before them.
    #[inline(always)]
    fn column(&self, pixel: usize, i: usize) -> usize {
        let [_, _, [padding, _]] = self.lay.job.sizes().padding;
        let odd = if STRIDE == 2 { i % 2 } else { 0 };
        (self.lay.first + odd)
            .wrapping_add(pixel.wrapping_mul(STRIDE))
            .wrapping_sub(padding)
    }

    /// The pixels that lie in the image and may be read a register at a time, if there are as many. Where a
    /// block is not whole, a register reaches into the next pixel, which the last has none of.
    #[inline(always)]
    fn inside(&self) -> Range<usize> {
        let Lay { job, block, .. } = self.lay;
        let mut inside = self.lay.inside.clone();
        if block.channels < block.unit {
            let end = job.input.wrapping_add(job.shape.input_len).addr();
            while inside.start < inside.end {
                let mut fits = true;
                for i in 0..QUADS {
                    let Row { from, step } = self.rows[i];
                    let column = self.column(inside.end - 1, i);
                    let at = from.addr().wrapping_add(column.wrapping_mul(step));
                    fits &= step == 0 || at.wrapping_add(block.unit) <= end;
                }
                if fits {
                    break;
                }
                inside.end -= 1;
            }
        }
        if count(&inside) < block.pixels {
            inside.end = inside.start;
        }
        inside
    }

    /// Lays out a register of whatever columns, from a pixel on.
    ///
    /// # Safety
    /// As for [`run`](Self::run).
    #[inline(always)]
    unsafe fn border<S: QuadsI8>(&self, simd: S, pixel: usize) {
        let Lay { job, block, .. } = self.lay;
        let [_, _, width] = job.geometry().input;
        let flips = bytes_of(simd, job.quant().flip_input ^ 0x80);
        let to = self.to.wrapping_add(pixel.wrapping_mul(block.unit));
        let mut padding = true;
        for i in 0..block.pixels * STRIDE {
            padding &= self.column(pixel, 0).wrapping_add(i) >= width;
        }
        let mut rows = [simd.splat(0); QUADS];
        // SAFETY: the caller's: a column is the input's; and a copy is as long as a register at least.
        unsafe {
            if padding {
                let zeros = simd.pieces::<1>(self.lay.zeros.as_ptr(), 0);
                return put::<S>([simd.flip(zeros, flips); QUADS], to);
            }
            for i in 0..QUADS {
                let row = self.rows[i];
                let mut bytes = self.lay.zeros;
                for next in 0..block.pixels {
                    let column = self.column(pixel.wrapping_add(next), i);
                    if column < width && row.step > 0 {
                        let from = row.from.wrapping_add(column * row.step);
                        let to = bytes.as_mut_ptr().add(next * block.unit);
                        copy(from, to, block.channels);
                    }
                }
                rows[i] = simd.flip(simd.pieces::<1>(bytes.as_ptr(), 0), flips);
            }
            put::<S>(simd.interleave(rows), to);
        }
    }
}

/// A byte again and again.
#[inline(always)]
pub(super) fn bytes_of<S: QuadsI8>(simd: S, byte: u8) -> S::I32 {
    simd.splat(i32::from_ne_bytes([byte; 4]))
}

/// # Safety
/// They have room.
#[inline(always)]
unsafe fn put<S: QuadsI8>(quads: [S::I32; QUADS], to: *mut u8) {
    for i in 0..QUADS {
        // SAFETY: the caller's.
        unsafe { to.add(i * APART).cast::<S::I32>().write_unaligned(quads[i]) };
    }
}

/// Copies the channels of a pixel.
///
/// # Safety
/// They are readable and writable.
#[inline(always)]
pub(super) unsafe fn copy(from: *const i8, to: *mut i8, channels: usize) {
    // SAFETY: the caller's. What is usual takes a register or two.
    unsafe {
        match channels {
            64 => to.copy_from_nonoverlapping(from, 64),
            32 => to.copy_from_nonoverlapping(from, 32),
            16 => to.copy_from_nonoverlapping(from, 16),
            8 => to.copy_from_nonoverlapping(from, 8),
            4 => to.copy_from_nonoverlapping(from, 4),
            channels => to.copy_from_nonoverlapping(from, channels),
        }
    }
}
