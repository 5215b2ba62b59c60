//! What 3x3 depthwise kernels have for each lane of sixteen, and what they do with it.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::finish::right;
use crate::kernel::int8::JobI8;
use crate::pack::{PANEL, width};
use crate::pack_i8::HEADER;
use core::arch::aarch64::*;
use core::mem::MaybeUninit;

const NINE: usize = 9;
/// Channels of a tile.
pub(super) const LANES: usize = 16;
/// Channels of which two pixels fill the lanes.
pub(super) const HALF: usize = LANES / 2;

/// What belongs to each of `C` lanes.
#[repr(C)]
pub(super) struct Words<const C: usize> {
    pub weights: [[i8; C]; NINE],
    /// Less what the zero point adds to a sum.
    pub bias: [i32; C],
    pub multiplier: [i32; C],
    pub shift: [i32; C],
}

/// Lays out what belongs to each lane of so many channels from `first` on; `halves`: the channels are
/// there twice. Whether all shifts are below 0.
///
/// # Safety
/// The panels are there, `first` is a whole number of them, and the caller is compiled for NEON.
#[inline(always)]
pub(super) unsafe fn load<const C: usize>(
    words: &mut MaybeUninit<Words<C>>,
    job: &JobI8<'_>,
    first: usize,
    channels: usize,
    halves: bool,
) -> bool {
    if channels < LANES {
        *words = MaybeUninit::zeroed();
    }
    let step = job.shape.panels.panel(PANEL);
    let mut panel = job.packed;
    panel = panel.wrapping_add(first / PANEL * step);
    let zero = job.quant().input_zero;
    let words = words.as_mut_ptr();
    let mut all = true;
    let mut at = 0;
    let end = if halves { LANES } else { channels };
    while at < end {
        let left = job.geometry().channels - first;
        let width = width(if halves { left } else { left - at });
        // SAFETY: a panel holds its header and nine rows of weights; whole panels are a whole number of
        // vectors, and of a chunk no more lanes are loaded than there are.
        unsafe {
            let shift = (&raw const (*words).shift).cast::<i32>().add(at);
            all &= if width == PANEL {
                load_lanes::<PANEL, C>(words, at, panel, 0, PANEL, zero);
                right(shift, PANEL / 4)
            } else {
                let mut least = true;
                for lane in (0..width).step_by(4) {
                    load_lanes::<4, C>(words, at + lane, panel, lane, width, zero);
                    least &= right(shift.add(lane), 1);
                }
                least
            };
        }
        if halves {
            at += HALF;
        } else {
            at += width;
            panel = panel.wrapping_add(step);
        }
    }
    all
}

/// Loads `N` lanes, from `lane` on, of a panel that is `width` lanes wide.
///
/// # Safety
/// They are there, so many at `at` too, and the caller is compiled for NEON.
#[inline(always)]
unsafe fn load_lanes<const N: usize, const C: usize>(
    words: *mut Words<C>,
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
                .add(tap * C)
                .cast::<[i8; N]>()
                .write(from.cast::<[i8; N]>().read());
        }
    }
}

/// Adds two products, whose sum fits 16 bits.
#[inline(always)]
pub(super) fn add_pair(sums: &mut [int32x4_t; 4], x: [int8x16_t; 2], w: [int8x16_t; 2]) {
    // SAFETY: the caller is compiled for NEON, as all here.
    unsafe {
        let low = vmull_s8(vget_low_s8(x[0]), vget_low_s8(w[0]));
        let low = vmlal_s8(low, vget_low_s8(x[1]), vget_low_s8(w[1]));
        let high = vmlal_high_s8(vmull_high_s8(x[0], w[0]), x[1], w[1]);
        widen(sums, low, high);
    }
}

#[inline(always)]
pub(super) fn add_one(sums: &mut [int32x4_t; 4], x: int8x16_t, w: int8x16_t) {
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
