//! What becomes of the sums of some pixels and a vector of filters.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use crate::kernel::int8::To;
use crate::pack::PANEL;
use crate::quant::{Quant, Rounding, tflite, tflite_single};
use crate::simd::{Ends, GROUP, KernelI8, SimdI8};
use core::mem::MaybeUninit;

/// The ways to requantize: those of [`Rounding`], one for small sums, and one for multipliers of 1/2
/// and more, which are rare.
const FLOAT: usize = 0;
const SMALL_TFLITE: usize = 1;
const TFLITE: usize = 2;
const TFLITE_SINGLE: usize = 3;
const LANE_BY_LANE: usize = 4;

/// What the panel's header says of a vector of filters.
#[derive(Clone, Copy)]
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

    /// Writes the results of `pixels` pixels, whose sums are `apart` vectors apart and whose outputs
    /// `step` elements.
    ///
    /// # Safety
    /// The sums are there, and `count` elements of each pixel are writable.
    #[inline(always)]
    pub unsafe fn write(
        &self,
        simd: S,
        sums: *const S::I32,
        apart: usize,
        pixels: usize,
        to: To,
        step: usize,
    ) {
        simd.run(Write {
            filters: self,
            sums,
            apart,
            pixels,
            to,
            step,
        });
    }

    /// The way to requantize these filters.
    #[inline(always)]
    fn way(&self) -> usize {
        match self.quant.rounding {
            Rounding::Float => FLOAT,
            Rounding::Tflite if self.right && self.small => SMALL_TFLITE,
            Rounding::Tflite if self.right => TFLITE,
            Rounding::TfliteSingle if self.right => TFLITE_SINGLE,
            Rounding::Tflite | Rounding::TfliteSingle => LANE_BY_LANE,
        }
    }

    /// Writes a group of pixels as bytes, `step` apart.
    ///
    /// # Safety
    /// The group's sums are there, and a whole vector of each is writable.
    #[inline(always)]
    unsafe fn group<const WAY: usize>(
        &self,
        simd: S,
        sums: *const S::I32,
        apart: usize,
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
        // SAFETY: the caller's.
        unsafe {
            let mut x = [self.bias; GROUP];
            for i in 0..GROUP {
                x[i] = simd.add(sums.add(i * apart).read(), self.bias);
            }
            if WAY == SMALL_TFLITE {
                simd.store_tflite(to, step, x, self.multiplier, self.shift, ends);
                return;
            }
            if WAY == LANE_BY_LANE {
                self.lane_by_lane(simd, quant.rounding, &mut x);
            } else {
                let [low, high] = [quant.min, quant.max].map(|end| (end - quant.zero) as f32);
                for x in &mut x {
                    *x = match WAY {
                        FLOAT => simd.float(*x, self.multiplier, low, high),
                        TFLITE => simd.tflite(*x, self.multiplier, self.shift),
                        _ => simd.tflite_single(*x, self.multiplier, self.shift),
                    };
                }
            }
            simd.store_bytes(to, step, x, ends);
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

/// The outputs of some pixels; one loop for each way, with what it needs in registers.
struct Write<'a, S: SimdI8> {
    filters: &'a Filters<S>,
    sums: *const S::I32,
    apart: usize,
    pixels: usize,
    to: To,
    step: usize,
}

impl<S: SimdI8> KernelI8<S> for Write<'_, S> {
    #[inline(always)]
    fn run(self, simd: S) {
        let filters = self.filters;
        // SAFETY: what the caller of `Filters::write` has promised.
        unsafe {
            match self.to {
                To::Sums(to) => self.sums(simd, filters, to),
                To::Bytes(to) if self.pixels >= GROUP && filters.count >= S::LANES => {
                    match filters.way() {
                        FLOAT => self.whole::<FLOAT>(simd, filters, to),
                        SMALL_TFLITE => self.whole::<SMALL_TFLITE>(simd, filters, to),
                        TFLITE => self.whole::<TFLITE>(simd, filters, to),
                        TFLITE_SINGLE => self.whole::<TFLITE_SINGLE>(simd, filters, to),
                        _ => self.whole::<LANE_BY_LANE>(simd, filters, to),
                    }
                }
                To::Bytes(to) => self.ragged(simd, filters, to),
            }
        }
    }
}

impl<S: SimdI8> Write<'_, S> {
    /// # Safety
    /// As for [`Filters::write`].
    #[inline(always)]
    unsafe fn sums(&self, simd: S, filters: &Filters<S>, to: *mut i32) {
        for i in 0..self.pixels {
            let to = to.wrapping_add(i * self.step);
            // SAFETY: the caller's; a vector is at most as wide as a panel.
            unsafe {
                let sum = self.sums.add(i * self.apart).read();
                let x = simd.add(sum, filters.bias);
                if filters.count >= S::LANES {
                    simd.store(to, x);
                } else {
                    let mut words = [0; PANEL];
                    simd.store(words.as_mut_ptr(), x);
                    to.copy_from_nonoverlapping(words.as_ptr(), filters.count);
                }
            }
        }
    }

    /// A group of pixels at least, and a vector of filters, as bytes.
    ///
    /// # Safety
    /// As for [`Filters::write`].
    #[inline(always)]
    unsafe fn whole<const WAY: usize>(&self, simd: S, filters: &Filters<S>, to: *mut i8) {
        // A copy can stay in registers.
        let filters = *filters;
        let mut pixel = 0;
        while pixel < self.pixels {
            // The last group starts so early that all its pixels exist.
            let first = pixel.min(self.pixels - GROUP);
            // SAFETY: the caller's.
            unsafe {
                let sums = self.sums.add(first * self.apart);
                let to = to.add(first * self.step);
                filters.group::<WAY>(simd, sums, self.apart, to, self.step);
            }
            pixel = first + GROUP;
        }
    }

    /// Bytes where a group or a vector is not whole: through a copy.
    ///
    /// # Safety
    /// As for [`Filters::write`].
    #[inline(always)]
    unsafe fn ragged(&self, simd: S, filters: &Filters<S>, to: *mut i8) {
        let mut pixel = 0;
        while pixel < self.pixels {
            let exist = (self.pixels - pixel).min(GROUP);
            let mut x = [simd.splat(0); GROUP];
            let mut copy = MaybeUninit::<[i8; GROUP * PANEL]>::uninit();
            let at = copy.as_mut_ptr().cast();
            // SAFETY: the caller's; a vector is at most as wide as a panel.
            unsafe {
                for i in 0..exist {
                    x[i] = self.sums.add((pixel + i) * self.apart).read();
                }
                let x = x.as_ptr();
                match filters.way() {
                    FLOAT => filters.group::<FLOAT>(simd, x, 1, at, PANEL),
                    SMALL_TFLITE | TFLITE => filters.group::<TFLITE>(simd, x, 1, at, PANEL),
                    TFLITE_SINGLE => filters.group::<TFLITE_SINGLE>(simd, x, 1, at, PANEL),
                    _ => filters.group::<LANE_BY_LANE>(simd, x, 1, at, PANEL),
                }
                for i in 0..exist {
                    let to = to.wrapping_add((pixel + i) * self.step);
                    let from = at.add(i * PANEL);
                    if filters.count >= S::LANES {
                        to.copy_from_nonoverlapping(from, S::LANES);
                    } else {
                        to.copy_from_nonoverlapping(from, filters.count);
                    }
                }
            }
            pixel += GROUP;
        }
    }
}
