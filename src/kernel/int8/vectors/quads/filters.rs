//! What the panels say of a block's filters, as the quads of its channels are multiplied.

#![allow(clippy::needless_range_loop)]

use super::{Block, QUADS, TAPS, UNDER, WIDEST};
use crate::kernel::int8::JobI8;
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use crate::quant::Rounding;
use crate::simd::{Ends, QuadsI8, Small};

/// The ways to requantize.
pub(super) const FLOAT: usize = 0;
pub(super) const SMALL: usize = 1;
pub(super) const TFLITE: usize = 2;

/// The largest bias of a filter whose sums are within [`Small::LIMIT`]: nine products are added to it.
const LARGEST: i32 = Small::<()>::LIMIT - (TAPS * TAPS) as i32 * 255 * 128;

pub(super) struct Filters<S: QuadsI8> {
    /// `[quad under a window][output row][register]`
    pub weights: [[[S::I32; QUADS]; 2]; UNDER],
    /// What is to be added to a sum of weights times inputs as they are multiplied.
    pub bias: [S::I32; QUADS],
    pub multiplier: [S::I32; QUADS],
    pub shift: [S::I32; QUADS],
    pub small: [Small<S::I32>; QUADS],
    pub ends: Ends,
    pub way: usize,
}

impl<S: QuadsI8> Filters<S> {
    /// Of a block of channels.
    ///
    /// # Safety
    /// It is one of the job's, which is a depthwise layer with nine taps and as many filters as channels.
    #[inline(always)]
    pub unsafe fn load(simd: S, job: &JobI8<'_>, block: &Block) -> Self {
        let quant = job.quant;
        let bytes = size_of::<S::I32>();
        // The registers' channels, and their words as they are shared out among the registers.
        let mut taps = [[0i8; WIDEST]; TAPS * TAPS];
        let mut header = [[0i32; WIDEST]; HEADER];
        let mut at = 0;
        while at < bytes {
            let first = block.first + at % block.unit;
            let width = width(job.geometry.filters - first).min(block.unit);
            let panel = first / PANEL * job.panels.panel(PANEL);
            let panel = job.packed.as_ptr().wrapping_add(panel);
            let weights = panel.wrapping_add(HEADER * width).cast::<i8>();
            // SAFETY: the caller's: panels follow each other as `PanelsI8` counts them, and this one is
            // `width` wide; so much of the registers is left.
            unsafe {
                for tap in 0..TAPS * TAPS {
                    let to = taps[tap].as_mut_ptr().add(at);
                    to.copy_from_nonoverlapping(weights.add(tap * width), width);
                }
                for row in 0..HEADER {
                    for quad in 0..width / QUAD {
                        let place = at % PANEL / QUAD + quad;
                        let place = place * S::LANES + at / PANEL * QUAD;
                        let to = header[row].as_mut_ptr().add(place);
                        to.copy_from_nonoverlapping(panel.add(row * width + quad * QUAD), QUAD);
                    }
                }
            }
            at += block.unit.min(PANEL);
        }
        let mut weights = [[[simd.splat(0); QUADS]; 2]; UNDER];
        let (mut biases, mut sums) = ([simd.splat(0); QUADS], [simd.splat(0); QUADS]);
        let (mut multiplier, mut shift) = (biases, biases);
        let none = [0i8; WIDEST];
        // SAFETY: taps are as long as a register at least, and four registers of words are as long as one of
        // bytes.
        unsafe {
            for under in 0..UNDER {
                for row in 0..2 {
                    let mut rows = [simd.splat(0); QUADS];
                    for i in 0..QUADS {
                        let tap = Self::tap(job.geometry.stride[2], under, row, i);
                        let tap = tap.map_or(&none, |tap| &taps[tap % (TAPS * TAPS)]);
                        rows[i] = simd.pieces::<1>(tap.as_ptr(), 0);
                    }
                    weights[under][row] = simd.interleave(rows);
                }
            }
            for (row, words) in [&mut biases, &mut sums, &mut multiplier, &mut shift]
                .into_iter()
                .enumerate()
            {
                for quad in 0..QUADS {
                    let from = header[row].as_ptr().add(quad * S::LANES);
                    words[quad] = from.cast::<S::I32>().read_unaligned();
                }
            }
        }
        let zero = simd.splat(-(quant.input_zero + S::OFFSET));
        let mut bias = biases;
        let mut small = [simd.constants(multiplier[0], shift[0], quant.zero); QUADS];
        let mut all_small = true;
        for quad in 0..QUADS {
            bias[quad] = simd.add(biases[quad], simd.multiply(sums[quad], zero));
            small[quad] = simd.constants(multiplier[quad], shift[quad], quant.zero);
            let less = simd.splat(-LARGEST);
            let minus = simd.multiply(biases[quad], simd.splat(-1));
            all_small &= simd.all_negative(simd.add(biases[quad], less), S::LANES)
                && simd.all_negative(simd.add(minus, less), S::LANES);
        }
        Filters {
            weights,
            bias,
            multiplier,
            shift,
            small,
            ends: Ends {
                zero: quant.zero,
                min: quant.min,
                max: quant.max,
                flip: quant.flip,
            },
            way: match quant.rounding {
                Rounding::Float => FLOAT,
                _ if all_small => SMALL,
                _ => TFLITE,
            },
        }
    }

    /// The tap that byte `i` of a quad under the window is multiplied with, if it lies under that of output
    /// row `row`.
    #[inline(always)]
    fn tap(stride: usize, under: usize, row: usize, i: usize) -> Option<usize> {
        let (down, right) = if stride == 1 {
            (i.wrapping_sub(row), under)
        } else {
            (under / 2 * 2 + i / 2, under % 2 * 2 + i % 2)
        };
        (down < TAPS && right < TAPS).then(|| down * TAPS + right)
    }
}
