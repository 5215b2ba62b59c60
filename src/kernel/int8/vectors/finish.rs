//! What becomes of the sums of some pixels and a vector of filters.

use crate::kernel::int8::To;
use crate::pack::PANEL;
use crate::quant::{Quant, Rounding, tflite, tflite_single};
use crate::simd::{Ends, GROUP, SimdI8};
use core::mem::MaybeUninit;

/// What the panel's header says of a vector of filters.
pub(super) struct Filters<S: SimdI8> {
    quant: Quant,
    /// What is to be added to a sum of weights times inputs as the level multiplies them.
    bias: S::I32,
    multiplier: S::I32,
    shift: S::I32,
    /// Filters that exist.
    count: usize,
    /// Every shift goes to the right.
    right: bool,
    /// Every sum is below [`SMALL`].
    small: bool,
}

/// Sums of which four times as much is still an int32.
const SMALL: i32 = 1 << 29;

impl<S: SimdI8> Filters<S> {
    /// Of the filters whose header starts at `header` and that have `depth` weights each; `offset` is
    /// what the inputs were multiplied as, less what they are as int8.
    ///
    /// # Safety
    /// The panel is `width` wide, and its header can be read as [`SimdI8::weights`] says.
    #[inline(always)]
    pub unsafe fn load(
        simd: S,
        quant: &Quant,
        header: *const i32,
        width: usize,
        depth: usize,
        offset: i32,
        count: usize,
    ) -> Self {
        let mask = simd.mask(width);
        // SAFETY: the caller's.
        let [bias, sum, multiplier, shift] =
            [0, 1, 2, 3].map(|row| unsafe { simd.load(header.wrapping_add(row * width), mask) });
        let zero = simd.splat(-(quant.input_zero + offset));
        // A product is below 2^15. (What wraps here is no negative number.)
        let products = depth <= SMALL as usize >> 16;
        let less = simd.splat(-SMALL / 2);
        let minus = simd.multiply(bias, simd.splat(-1));
        let small = products
            && simd.all_negative(simd.add(bias, less), count)
            && simd.all_negative(simd.add(minus, less), count);
        Filters {
            quant: *quant,
            bias: simd.add(bias, simd.multiply(sum, zero)),
            multiplier,
            shift,
            count,
            right: simd.all_negative(shift, count),
            small,
        }
    }

    /// Writes the results of `pixels` pixels, at least 1, `step` elements apart.
    ///
    /// # Safety
    /// `count` elements of each are writable.
    #[inline(always)]
    pub unsafe fn write(&self, simd: S, sums: [S::I32; GROUP], pixels: usize, to: To, step: usize) {
        let mut x = [self.bias; GROUP];
        for i in 0..GROUP {
            x[i] = simd.add(sums[i], self.bias);
        }
        // SAFETY: the caller's.
        unsafe {
            match to {
                To::Sums(to) => self.sums(simd, x, pixels, to, step),
                To::Bytes(to) => self.bytes(simd, x, pixels, to, step),
            }
        }
    }

    /// # Safety
    /// As for [`write`](Self::write).
    #[inline(always)]
    unsafe fn sums(&self, simd: S, x: [S::I32; GROUP], pixels: usize, to: *mut i32, step: usize) {
        for (i, x) in x.into_iter().enumerate() {
            if i < pixels {
                let to = to.wrapping_add(i * step);
                // SAFETY: the caller's; a vector is at most as wide as a panel.
                unsafe {
                    if self.count >= S::LANES {
                        simd.store(to, x);
                    } else {
                        let mut words = [0; PANEL];
                        simd.store(words.as_mut_ptr(), x);
                        to.copy_from_nonoverlapping(words.as_ptr(), self.count);
                    }
                }
            }
        }
    }

    /// # Safety
    /// As for [`write`](Self::write).
    #[inline(always)]
    unsafe fn bytes(
        &self,
        simd: S,
        mut x: [S::I32; GROUP],
        pixels: usize,
        to: *mut i8,
        step: usize,
    ) {
        let quant = &self.quant;
        let ends = Ends {
            zero: quant.zero,
            min: quant.min,
            max: quant.max,
            flip: quant.flip,
        };
        // What is not whole goes through a copy.
        let whole = pixels >= GROUP && self.count >= S::LANES;
        let mut copy = MaybeUninit::<[i8; GROUP * PANEL]>::uninit();
        let (at, apart) = if whole {
            (to, step)
        } else {
            (copy.as_mut_ptr().cast(), PANEL)
        };
        match quant.rounding {
            Rounding::Tflite if self.right && self.small => {
                // SAFETY: the caller's; a vector is at most as wide as a panel.
                unsafe { simd.store_tflite(at, apart, x, self.multiplier, self.shift, ends) };
            }
            _ => {
                self.requantize(simd, &mut x);
                // SAFETY: as above.
                unsafe { simd.store_bytes(at, apart, x, ends) };
            }
        }
        if !whole {
            for i in 0..pixels.min(GROUP) {
                let to = to.wrapping_add(i * step);
                let from = copy.as_ptr().cast::<i8>().wrapping_add(i * PANEL);
                // SAFETY: as above.
                unsafe {
                    if self.count >= S::LANES {
                        to.copy_from_nonoverlapping(from, S::LANES);
                    } else {
                        to.copy_from_nonoverlapping(from, self.count);
                    }
                }
            }
        }
    }

    /// The general way.
    #[inline(always)]
    fn requantize(&self, simd: S, x: &mut [S::I32; GROUP]) {
        let quant = &self.quant;
        match quant.rounding {
            Rounding::Float => {
                let [low, high] = [quant.min, quant.max].map(|end| (end - quant.zero) as f32);
                for x in x {
                    *x = simd.float(*x, self.multiplier, low, high);
                }
            }
            Rounding::Tflite if self.right => {
                for x in x {
                    *x = simd.tflite(*x, self.multiplier, self.shift);
                }
            }
            Rounding::TfliteSingle if self.right => {
                for x in x {
                    *x = simd.tflite_single(*x, self.multiplier, self.shift);
                }
            }
            // A multiplier of 1/2 and more is rare, and is left to each lane.
            rounding => self.lane_by_lane(simd, rounding, x),
        }
    }

    #[inline(always)]
    fn lane_by_lane(&self, simd: S, rounding: Rounding, x: &mut [S::I32; GROUP]) {
        let [mut multipliers, mut shifts] = [[0; PANEL]; 2];
        // SAFETY: a vector is at most as wide as a panel.
        unsafe {
            simd.store(multipliers.as_mut_ptr(), self.multiplier);
            simd.store(shifts.as_mut_ptr(), self.shift);
            for x in x {
                let mut lanes = [0; PANEL];
                simd.store(lanes.as_mut_ptr(), *x);
                for (lane, words) in lanes.iter_mut().zip(multipliers.into_iter().zip(shifts)) {
                    *lane = match rounding {
                        Rounding::TfliteSingle => tflite_single(*lane, words.into()),
                        _ => tflite(*lane, words.into()),
                    };
                }
                *x = simd.load(lanes.as_ptr(), simd.mask(PANEL));
            }
        }
    }
}
