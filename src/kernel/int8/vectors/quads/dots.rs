//! The products of quads, and what becomes of them.

#![allow(clippy::needless_range_loop)]

use super::filters::{FLOAT, Filters, SMALL};
use super::lay::copy;
use super::{Block, QUADS};
use crate::simd::{KernelI8, QuadsI8};
use core::mem::MaybeUninit;

/// Where the outputs of neighbouring pixels go.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub to: *mut i8,
    pub pixels: usize,
    /// Elements from a line to the next, and from a pixel.
    pub line: usize,
    pub step: usize,
}

/// The pixels of so many lines whose quads are laid out.
pub(super) struct Dots<'a, S: QuadsI8, const ROWS: usize, const UNDER: usize, const WAY: usize> {
    pub filters: &'a Filters<S>,
    pub block: Block,
    pub stage: *const u8,
    /// Where the first window's quads are.
    pub places: [[usize; QUADS]; UNDER],
    pub place: Place,
}

impl<S: QuadsI8, const ROWS: usize, const UNDER: usize, const WAY: usize> KernelI8<S>
    for Dots<'_, S, ROWS, UNDER, WAY>
{
    #[inline(always)]
    fn run(self, simd: S) {
        let bytes = size_of::<S::I32>();
        let Dots { block, place, .. } = self;
        let (mut from, mut to, mut left) = (self.stage, place.to, place.pixels);
        // Two registers at a time keep the core busy: those of two lines, or neighbours.
        while ROWS == 1 && left > block.pixels {
            let next = place.step * block.pixels;
            // SAFETY: what `Part::dots` has promised.
            unsafe {
                let x = self.pair::<2>(simd, from);
                let to = [to, to.wrapping_add(next)];
                self.put::<2>(x, to, [block.pixels, left - block.pixels]);
            }
            from = from.wrapping_add(2 * bytes);
            to = to.wrapping_add(2 * next);
            left = left.saturating_sub(2 * block.pixels);
        }
        while left > 0 {
            // SAFETY: as above.
            unsafe {
                let x = self.pair::<1>(simd, from);
                let to = [to, to.wrapping_add(place.line)];
                self.put::<ROWS>(x, to, [left; 2]);
            }
            from = from.wrapping_add(bytes);
            to = to.wrapping_add(place.step * block.pixels);
            left = left.saturating_sub(block.pixels);
        }
    }
}

impl<S: QuadsI8, const ROWS: usize, const UNDER: usize, const WAY: usize>
    Dots<'_, S, ROWS, UNDER, WAY>
{
    /// The outputs of so many neighbouring registers of one line, or of one of two lines.
    ///
    /// # Safety
    /// Their quads are laid out; the first window's are `from` as the first of all are `stage`.
    #[inline(always)]
    unsafe fn pair<const COLUMNS: usize>(&self, simd: S, from: *const u8) -> [S::I32; 2] {
        let filters = self.filters;
        let pair = const { ROWS * COLUMNS };
        let mut shorts = [[filters.bias[0]; 2]; 2];
        for half in 0..2 {
            let mut outputs = [[filters.bias[0]; 2]; 2];
            for side in 0..2 {
                let quad = 2 * half + side;
                let mut sums = [filters.bias[quad]; 2];
                for under in 0..UNDER {
                    for column in 0..COLUMNS {
                        let from = from.wrapping_add(column * size_of::<S::I32>());
                        let from = from.wrapping_add(self.places[under][quad]);
                        // SAFETY: the caller's.
                        let quads = unsafe { from.cast::<S::I32>().read_unaligned() };
                        for row in 0..ROWS {
                            let weights = filters.weights[under][row][quad];
                            sums[row + column] = simd.dot_quads(sums[row + column], quads, weights);
                        }
                    }
                }
                for i in 0..pair {
                    outputs[i][side] = filters.requantize::<WAY>(simd, quad, sums[i]);
                }
            }
            for i in 0..pair {
                shorts[i][half] = simd.shorts(outputs[i]);
            }
        }
        let mut x = [shorts[0][0]; 2];
        for i in 0..pair {
            x[i] = filters.narrow::<WAY>(simd, shorts[i]);
        }
        x
    }

    /// Writes the outputs of so many registers, of `left` pixels at most each.
    ///
    /// # Safety
    /// They are writable.
    #[inline(always)]
    unsafe fn put<const REGISTERS: usize>(
        &self,
        x: [S::I32; 2],
        to: [*mut i8; 2],
        left: [usize; 2],
    ) {
        let (block, step) = (&self.block, self.place.step);
        // SAFETY: the caller's.
        unsafe {
            if block.close && left[REGISTERS - 1] >= block.pixels {
                for i in 0..REGISTERS {
                    to[i].cast::<S::I32>().write_unaligned(x[i]);
                }
                return;
            }
            let mut copies = MaybeUninit::<[S::I32; 2]>::uninit();
            let copies = copies.write(x).as_ptr();
            for i in 0..REGISTERS {
                let (from, to) = (copies.wrapping_add(i).cast::<i8>(), to[i]);
                if left[i] < block.pixels || block.channels < block.unit {
                    ragged(from, to, left[i].min(block.pixels), block, step);
                } else if block.pixels == 2 {
                    whole::<S, 2>(from, to, step);
                } else if block.pixels == 4 {
                    whole::<S, 4>(from, to, step);
                } else {
                    ragged(from, to, block.pixels, block, step);
                }
            }
        }
    }
}

/// Copies a register's pixels, each as wide as its part of it, to places `step` apart.
///
/// # Safety
/// They are readable and writable.
#[inline(always)]
unsafe fn whole<S: QuadsI8, const PIXELS: usize>(from: *const i8, to: *mut i8, step: usize) {
    let len = const { size_of::<S::I32>() / PIXELS };
    for pixel in 0..PIXELS {
        let to = to.wrapping_add(pixel * step);
        // SAFETY: the caller's.
        unsafe { to.copy_from_nonoverlapping(from.add(pixel * len), len) };
    }
}

/// Copies so many pixels of a register to places `step` apart.
///
/// # Safety
/// They are readable and writable.
#[cold]
#[inline(never)]
unsafe fn ragged(from: *const i8, to: *mut i8, pixels: usize, block: &Block, step: usize) {
    for pixel in 0..pixels {
        let to = to.wrapping_add(pixel * step);
        // SAFETY: the caller's.
        unsafe { copy(from.add(pixel * block.unit), to, block.channels) };
    }
}

impl<S: QuadsI8> Filters<S> {
    /// Requantizes a register of sums.
    #[inline(always)]
    fn requantize<const WAY: usize>(&self, simd: S, quad: usize, sum: S::I32) -> S::I32 {
        if WAY == SMALL {
            return simd.small(sum, &self.small[quad]);
        }
        let (multiplier, ends) = (self.multiplier[quad], &self.ends);
        let steps = if WAY == FLOAT {
            let (low, high) = (ends.low - ends.zero, ends.high - ends.zero);
            simd.float(sum, multiplier, low as f32, high as f32)
        } else {
            simd.tflite(sum, multiplier, self.shift[quad])
        };
        simd.add(steps, simd.splat(ends.zero))
    }

    /// Makes bytes of the [`shorts`](QuadsI8::shorts) of what [`requantize`](Self::requantize) returned.
    #[inline(always)]
    fn narrow<const WAY: usize>(&self, simd: S, shorts: [S::I32; 2]) -> S::I32 {
        let ends = &self.ends;
        let bytes = if WAY == SMALL {
            simd.narrow_small(shorts)
        } else {
            simd.narrow(shorts)
        };
        if ends.all {
            bytes
        } else {
            simd.flip(simd.clamp(bytes, ends.min, ends.max), ends.flips)
        }
    }
}
