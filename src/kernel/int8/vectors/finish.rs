//! What becomes of the sums of some pixels and a vector of filters.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use crate::kernel::int8::Outputs;
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
        to: Outputs,
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

    /// The same filters twice, in both halves of a vector; for those that do not fill more than one.
    #[inline(always)]
    fn doubled(&self, simd: S) -> Self {
        let double = |x| simd.halves(x, x);
        Filters {
            bias: double(self.bias),
            multiplier: double(self.multiplier),
            shift: double(self.shift),
            ..*self
        }
    }

    /// Writes a group of vectors as bytes, `step` apart.
    ///
    /// # Safety
    /// A whole vector of each is writable.
    #[inline(always)]
    unsafe fn group<const WAY: usize>(
        &self,
        simd: S,
        sums: [S::I32; GROUP],
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
        let mut x = sums;
        for x in &mut x {
            *x = simd.add(*x, self.bias);
        }
        // SAFETY: the caller's.
        unsafe {
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
    to: Outputs,
    step: usize,
}

impl<S: SimdI8> KernelI8<S> for Write<'_, S> {
    #[inline(always)]
    fn run(self, simd: S) {
        let filters = self.filters;
        // SAFETY: what the caller of `Filters::write` has promised.
        unsafe {
            match self.to {
                Outputs::Sums(to) => self.sums(simd, filters, to),
                Outputs::Bytes(to) => match filters.way() {
                    FLOAT => self.bytes::<FLOAT>(simd, to),
                    SMALL_TFLITE => self.bytes::<SMALL_TFLITE>(simd, to),
                    TFLITE => self.bytes::<TFLITE>(simd, to),
                    TFLITE_SINGLE => self.bytes::<TFLITE_SINGLE>(simd, to),
                    _ => self.bytes::<LANE_BY_LANE>(simd, to),
                },
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

    /// # Safety
    /// As for [`Filters::write`].
    #[inline(always)]
    unsafe fn bytes<const WAY: usize>(&self, simd: S, to: *mut i8) {
        // SAFETY: the caller's.
        unsafe {
            if self.filters.count >= S::LANES && self.pixels >= GROUP {
                self.whole::<WAY>(simd, to);
            } else if 2 * self.filters.count <= S::LANES && self.pixels >= 2 * GROUP {
                self.halves::<WAY>(simd, to);
            } else {
                self.ragged::<WAY>(simd, to);
            }
        }
    }

    /// The sum of a pixel.
    ///
    /// # Safety
    /// It exists.
    #[inline(always)]
    unsafe fn sum(&self, pixel: usize) -> S::I32 {
        // SAFETY: the caller's.
        unsafe { self.sums.add(pixel * self.apart).read() }
    }

    /// A group of pixels at least, and a vector of filters.
    ///
    /// # Safety
    /// As for [`Filters::write`].
    #[inline(always)]
    unsafe fn whole<const WAY: usize>(&self, simd: S, to: *mut i8) {
        // A copy can stay in registers.
        let filters = *self.filters;
        let mut pixel = 0;
        while pixel < self.pixels {
            // The last group starts so early that all its pixels exist.
            let first = pixel.min(self.pixels - GROUP);
            // SAFETY: the caller's.
            unsafe {
                let mut x = [filters.bias; GROUP];
                for i in 0..GROUP {
                    x[i] = self.sum(first + i);
                }
                filters.group::<WAY>(simd, x, to.add(first * self.step), self.step);
            }
            pixel = first + GROUP;
        }
    }

    /// Two groups of pixels at least, of filters that fill no more than half of a vector: two pixels'
    /// are one.
    ///
    /// # Safety
    /// As for [`Filters::write`].
    #[inline(always)]
    unsafe fn halves<const WAY: usize>(&self, simd: S, to: *mut i8) {
        let filters = self.filters.doubled(simd);
        let half = S::LANES / 2;
        let mut pixel = 0;
        while pixel < self.pixels {
            let first = pixel.min(self.pixels - 2 * GROUP);
            let to = to.wrapping_add(first * self.step);
            // SAFETY: the caller's; a vector is at most as wide as a panel.
            unsafe {
                let mut x = [filters.bias; GROUP];
                for i in 0..GROUP {
                    let first = first + 2 * i;
                    x[i] = simd.halves(self.sum(first), self.sum(first + 1));
                }
                if filters.count == half && self.step == half {
                    // What is written of neighbouring pixels lies side by side.
                    filters.group::<WAY>(simd, x, to, S::LANES);
                } else {
                    let mut copy = MaybeUninit::<[i8; GROUP * PANEL]>::uninit();
                    let from = copy.as_mut_ptr().cast();
                    filters.group::<WAY>(simd, x, from, S::LANES);
                    for i in 0..2 * GROUP {
                        let (to, from) = (to.wrapping_add(i * self.step), from.add(i * half));
                        simd.copy(to, from, filters.count);
                    }
                }
            }
            pixel = first + 2 * GROUP;
        }
    }

    /// Any number of pixels and filters: through a copy.
    ///
    /// # Safety
    /// As for [`Filters::write`].
    #[inline(always)]
    unsafe fn ragged<const WAY: usize>(&self, simd: S, to: *mut i8) {
        let filters = self.filters;
        let mut pixel = 0;
        while pixel < self.pixels {
            let exist = (self.pixels - pixel).min(GROUP);
            let mut x = [simd.splat(0); GROUP];
            let mut copy = MaybeUninit::<[i8; GROUP * PANEL]>::uninit();
            let from = copy.as_mut_ptr().cast();
            // SAFETY: the caller's; a vector is at most as wide as a panel.
            unsafe {
                for i in 0..exist {
                    x[i] = self.sum(pixel + i);
                }
                filters.group::<WAY>(simd, x, from, PANEL);
                for i in 0..exist {
                    let to = to.wrapping_add((pixel + i) * self.step);
                    simd.copy(to, from.add(i * PANEL), filters.count.min(S::LANES));
                }
            }
            pixel += GROUP;
        }
    }
}
