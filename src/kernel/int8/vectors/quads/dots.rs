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
        let Dots {
            filters,
            block,
            stage,
            places,
            place,
        } = self;
        let bytes = size_of::<S::I32>();
        let mut from = stage;
        let mut to = place.to;
        let mut left = place.pixels;
        while left > 0 {
            // SAFETY: what `Part::dots` has promised.
            unsafe {
                let mut outputs = [[filters.bias[0]; QUADS]; ROWS];
                for quad in 0..QUADS {
                    let mut sums = [filters.bias[quad]; ROWS];
                    for under in 0..UNDER {
                        let quads = from.add(places[under][quad]).cast::<S::I32>();
                        let quads = quads.read_unaligned();
                        for row in 0..ROWS {
                            let weights = filters.weights[under][row][quad];
                            sums[row] = simd.dot_quads(sums[row], quads, weights);
                        }
                    }
                    for row in 0..ROWS {
                        outputs[row][quad] = filters.requantize::<WAY>(simd, quad, sums[row]);
                    }
                }
                let mut x = [outputs[0][0]; ROWS];
                for row in 0..ROWS {
                    x[row] = if WAY == SMALL {
                        simd.narrow_small(outputs[row], filters.ends)
                    } else {
                        simd.narrow(outputs[row], filters.ends)
                    };
                }
                if block.close && left >= block.pixels {
                    for row in 0..ROWS {
                        let to = to.wrapping_add(row * place.line).cast::<S::I32>();
                        to.write_unaligned(x[row]);
                    }
                } else {
                    let mut copies = MaybeUninit::<[S::I32; ROWS]>::uninit();
                    let copies = copies.write(x).as_ptr().cast::<i8>();
                    for row in 0..ROWS {
                        let from = copies.wrapping_add(row * bytes);
                        let to = to.wrapping_add(row * place.line);
                        if left < block.pixels || block.channels < block.unit {
                            ragged(from, to, left.min(block.pixels), &block, place.step);
                        } else if block.pixels == 2 {
                            whole::<S, 2>(from, to, place.step);
                        } else {
                            whole::<S, 4>(from, to, place.step);
                        }
                    }
                }
            }
            from = from.wrapping_add(bytes);
            to = to.wrapping_add(block.pixels * place.step);
            left = left.saturating_sub(block.pixels);
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
        let (multiplier, ends) = (self.multiplier[quad], self.ends);
        let steps = if WAY == FLOAT {
            let (low, high) = (ends.min - ends.zero, ends.max - ends.zero);
            simd.float(sum, multiplier, low as f32, high as f32)
        } else {
            simd.tflite(sum, multiplier, self.shift[quad])
        };
        simd.add(steps, simd.splat(ends.zero))
    }
}
