//! What the panels say of a block's filters, as the quads of its channels are multiplied.

#![allow(clippy::needless_range_loop)]

use super::lay::bytes_of;
use super::{Block, QUADS, TAPS, UNDER, WIDEST};
use crate::kernel::int8::JobI8;
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use crate::quant::Rounding;
use crate::simd::{QuadsI8, Small};

/// The ways to requantize.
pub(super) const FLOAT: usize = 0;
pub(super) const SMALL: usize = 1;
pub(super) const TFLITE: usize = 2;

/// The largest bias of a filter whose sums are within [`Small::LIMIT`]: nine products are added to it.
const LARGEST: i32 = Small::<()>::LIMIT - (TAPS * TAPS) as i32 * 255 * 128;

/// Where a requantized number ends.
#[derive(Clone, Copy)]
pub(super) struct Ends<R> {
    pub zero: i32,
    /// The ends as numbers, and as bytes.
    pub low: i32,
    pub high: i32,
    pub min: R,
    pub max: R,
    pub flips: R,
    /// Whether they are those of an int8, which needs no more than that.
    pub all: bool,
}

pub(super) struct Filters<S: QuadsI8> {
    /// `[quad under a window][output row][register]`
    pub weights: [[[S::I32; QUADS]; 2]; UNDER],
    /// What is to be added to a sum of weights times inputs as they are multiplied.
    pub bias: [S::I32; QUADS],
    pub multiplier: [S::I32; QUADS],
    pub shift: [S::I32; QUADS],
    pub small: [Small<S::I32>; QUADS],
    pub ends: Ends<S::I32>,
    pub way: usize,
}

impl<S: QuadsI8> Filters<S> {
    /// Of a block of channels.
    ///
    /// # Safety
    /// It is one of the job's, which is a depthwise layer with nine taps and as many filters as channels.
    #[inline(always)]
    pub unsafe fn load(simd: S, job: &JobI8<'_>, block: &Block) -> Self {
        let quant = job.quant();
        let bytes = size_of::<S::I32>();
        let mut packed = Unpacked {
            taps: [[0; WIDEST]; TAPS * TAPS],
            header: [[0; WIDEST]; HEADER],
        };
        let mut at = 0;
        while at < bytes {
            // A unit is a power of two.
            let first = block.first + (at & block.unit.wrapping_sub(1));
            let panel = first / PANEL * job.shape.panels.panel(PANEL);
            let panel = job.packed.wrapping_add(panel);
            // SAFETY: the caller's: panels follow each other as `PanelsI8` counts them, and this one is so
            // wide; so much of the registers is left.
            unsafe {
                match width(job.geometry().filters - first).min(block.unit) {
                    PANEL => packed.panel::<S, PANEL>(panel, at),
                    8 => packed.panel::<S, 8>(panel, at),
                    _ => packed.panel::<S, 4>(panel, at),
                }
            }
            at += block.unit.min(PANEL);
        }
        let Unpacked { taps, header } = packed;
        let mut weights = [[[simd.splat(0); QUADS]; 2]; UNDER];
        let (mut biases, mut sums) = ([simd.splat(0); QUADS], [simd.splat(0); QUADS]);
        let (mut multiplier, mut shift) = (biases, biases);
        // SAFETY: taps are as long as a register at least, and four registers of words are as long as one of
        // bytes.
        unsafe {
            // Two lines of columns, or one of squares.
            let (last, lines) = match job.geometry().stride[2] {
                1 => (TAPS, 2),
                _ => (UNDER, 1),
            };
            for under in 0..last {
                for row in 0..lines {
                    let mut rows = [simd.splat(0); QUADS];
                    for i in 0..QUADS {
                        let tap = Self::tap(job.geometry().stride[2], under, row, i);
                        if let Some(tap) = tap {
                            rows[i] = simd.pieces::<1>(taps.as_ptr().add(tap).cast(), 0);
                        }
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
                low: quant.min,
                high: quant.max,
                min: bytes_of(simd, quant.min as u8),
                max: bytes_of(simd, quant.max as u8),
                flips: bytes_of(simd, quant.flip),
                all: quant.min == -128 && quant.max == 127 && quant.flip == 0,
            },
            way: match quant.rounding {
                Rounding::Float => FLOAT,
                _ if all_small => SMALL,
                _ => TFLITE,
            },
        }
    }

    /// The tap, of nine, that byte `i` of a quad under the window is multiplied with, if it lies under that of output
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

/// A block's panels, in the order of its registers.
struct Unpacked {
    taps: [[i8; WIDEST]; TAPS * TAPS],
    /// Words as they are shared out among the registers.
    header: [[i32; WIDEST]; HEADER],
}

impl Unpacked {
    /// Copies a panel that is `WIDTH` wide to byte `at` of the registers.
    ///
    /// # Safety
    /// It is, and so much of the registers is left.
    #[inline(always)]
    unsafe fn panel<S: QuadsI8, const WIDTH: usize>(&mut self, panel: *const i32, at: usize) {
        // SAFETY: the caller's.
        unsafe {
            let weights = panel.add(HEADER * WIDTH).cast::<i8>();
            for tap in 0..TAPS * TAPS {
                let to = self.taps[tap].as_mut_ptr().add(at);
                to.copy_from_nonoverlapping(weights.add(tap * WIDTH), WIDTH);
            }
            for row in 0..HEADER {
                for quad in 0..WIDTH / QUAD {
                    let place = at % PANEL / QUAD + quad;
                    let place = place * S::LANES + at / PANEL * QUAD;
                    let to = self.header[row].as_mut_ptr().add(place);
                    to.copy_from_nonoverlapping(panel.add(row * WIDTH + quad * QUAD), QUAD);
                }
            }
        }
    }
}
