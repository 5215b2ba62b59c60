//! What becomes of the sums of a block of filters.

use crate::kernel::int8::Outputs;
use crate::quant::{Quant, Rounding};
use crate::simd::{KernelNeon, NeonI8};
use core::arch::aarch64::*;

/// Vectors that become bytes together: those of a pixel, or of some.
const GROUP: usize = 4;

/// Sums of some pixels that become outputs.
pub(super) struct Finish<'a> {
    pub quant: &'a Quant,
    /// `[pixel][filter]`, the bias included.
    pub sums: *const i32,
    pub pixels: usize,
    /// Each pixel's output, counted from that of the first filter of `output`.
    pub places: *const usize,
    pub output: Outputs,
    /// Multipliers and shifts.
    pub multiplier: *const i32,
    pub shift: *const i32,
    /// Vectors of the block (1, 2 or 4), and filters that exist.
    pub vectors: usize,
    pub filters: usize,
}

impl KernelNeon for Finish<'_> {
    /// Writes all of them.
    #[inline(always)]
    fn run<S: NeonI8>(self, _simd: S) {
        // SAFETY: all that it points to is there, and the caller is compiled for NEON.
        unsafe {
            match (self.output, self.vectors) {
                (Outputs::Sums(to), _) => self.copy(to),
                (Outputs::Bytes(to), 4) => self.bytes::<4>(to),
                (Outputs::Bytes(to), 2) => self.bytes::<2>(to),
                (Outputs::Bytes(to), _) => self.bytes::<1>(to),
            }
        }
    }
}

impl Finish<'_> {
    /// # Safety
    /// All that it points to is there, and the caller is compiled for NEON.
    #[inline(always)]
    unsafe fn copy(&self, to: *mut i32) {
        let step = 4 * self.vectors;
        for pixel in 0..self.pixels {
            // SAFETY: the caller's.
            unsafe {
                let from = self.sums.add(pixel * step);
                let to = to.add(self.places.add(pixel).read());
                to.copy_from_nonoverlapping(from, self.filters.min(step));
            }
        }
    }

    /// # Safety
    /// As for [`copy`](Self::copy).
    #[inline(always)]
    unsafe fn bytes<const V: usize>(&self, to: *mut i8) {
        let quant = self.quant;
        // SAFETY: the caller's.
        unsafe {
            let load = |p: *const i32| {
                let mut x = [vdupq_n_s32(0); V];
                for (v, x) in x.iter_mut().enumerate() {
                    *x = vld1q_s32(p.add(4 * v));
                }
                x
            };
            let (multiplier, shift) = (load(self.multiplier), load(self.shift));
            // Filters that do not exist have a shift and a multiplier of 0.
            let mut left = vdupq_n_u32(0);
            for v in 0..V {
                let exist = vtstq_s32(multiplier[v], multiplier[v]);
                left = vorrq_u32(left, vandq_u32(vcgezq_s32(shift[v]), exist));
            }
            let left = vmaxvq_u32(left) != 0;
            match quant.rounding {
                Rounding::Float => {
                    let [low, high] =
                        [quant.min, quant.max].map(|end| vdupq_n_f32((end - quant.zero) as f32));
                    self.each::<V>(to, |x, v| float(x, multiplier[v], low, high));
                }
                Rounding::Tflite if !left => {
                    self.each::<V>(to, |x, v| tflite(x, multiplier[v], shift[v]));
                }
                Rounding::Tflite => {
                    self.each::<V>(to, |x, v| tflite_any(x, multiplier[v], shift[v]));
                }
                Rounding::TfliteSingle if !left => {
                    self.each::<V>(to, |x, v| tflite_single(x, multiplier[v], shift[v]));
                }
                Rounding::TfliteSingle => {
                    self.each::<V>(to, |x, v| tflite_single_any(x, multiplier[v], shift[v]));
                }
            }
        }
    }

    /// Writes the bytes that `requantize` makes of the vectors of each pixel.
    ///
    /// # Safety
    /// As for [`copy`](Self::copy).
    #[inline(always)]
    unsafe fn each<const V: usize>(
        &self,
        to: *mut i8,
        requantize: impl Fn(int32x4_t, usize) -> int32x4_t,
    ) {
        let ends = Ends::of(self.quant);
        let pixels = GROUP / V;
        let last = self.pixels.wrapping_sub(1);
        let mut pixel = 0;
        while pixel < self.pixels {
            // SAFETY: the caller's. Where there are no more pixels, the last is written again.
            unsafe {
                let mut x = [vdupq_n_s32(0); GROUP];
                for i in 0..pixels {
                    let from = self.sums.add((pixel + i).min(last) * V * 4);
                    for v in 0..V {
                        x[i * V + v] = requantize(vld1q_s32(from.add(4 * v)), v);
                    }
                }
                let bytes = ends.bytes(x);
                if self.filters >= 4 * V {
                    macro_rules! store {
                        ($i:literal) => {
                            if $i < pixels {
                                let to = to.add(self.places.add((pixel + $i).min(last)).read());
                                match V {
                                    4 => vst1q_s8(to, bytes),
                                    2 => vst1q_lane_s64::<{ $i & 1 }>(
                                        to.cast(),
                                        vreinterpretq_s64_s8(bytes),
                                    ),
                                    _ => {
                                        vst1q_lane_s32::<$i>(to.cast(), vreinterpretq_s32_s8(bytes))
                                    }
                                }
                            }
                        };
                    }
                    store!(0);
                    store!(1);
                    store!(2);
                    store!(3);
                } else {
                    let mut copy = [0i8; 16];
                    vst1q_s8(copy.as_mut_ptr(), bytes);
                    for i in 0..pixels {
                        let to = to.add(self.places.add((pixel + i).min(last)).read());
                        let from = copy.as_ptr().add(i * V * 4);
                        to.copy_from_nonoverlapping(from, self.filters.min(4 * V));
                    }
                }
            }
            pixel += pixels;
        }
    }
}

/// Whether so many vectors of shifts, at most 4, are all below 0.
///
/// # Safety
/// They are readable, and the caller is compiled for NEON.
#[inline(always)]
pub(super) unsafe fn right(shift: *const i32, vectors: usize) -> bool {
    // SAFETY: the caller's.
    unsafe {
        let mut most = vld1q_s32(shift);
        for v in 1..vectors {
            most = vmaxq_s32(most, vld1q_s32(shift.add(4 * v)));
        }
        vmaxvq_s32(most) < 0
    }
}

/// Where a requantized number ends.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    zero: int16x8_t,
    min: int8x16_t,
    max: int8x16_t,
    flip: int8x16_t,
    /// Those of an int8, which need no more than the narrowing does.
    open: bool,
}

impl Ends {
    #[inline(always)]
    pub fn of(quant: &Quant) -> Self {
        // SAFETY: the caller is compiled for NEON, as all here.
        unsafe {
            Ends {
                zero: vdupq_n_s16(quant.zero as i16),
                min: vdupq_n_s8(quant.min as i8),
                max: vdupq_n_s8(quant.max as i8),
                flip: vdupq_n_s8(quant.flip as i8),
                open: (quant.min, quant.max, quant.flip) == (-128, 127, 0),
            }
        }
    }

    /// Adds the zero point and clamps.
    #[inline(always)]
    pub fn bytes(&self, numbers: [int32x4_t; GROUP]) -> int8x16_t {
        let mut bytes = [self.narrow(numbers)];
        self.clamp(&mut bytes);
        bytes[0]
    }

    /// Adds the zero point, and clamps to what an int8 holds.
    #[inline(always)]
    pub fn narrow(&self, [a, b, c, d]: [int32x4_t; GROUP]) -> int8x16_t {
        // SAFETY: as above.
        unsafe {
            let [low, high] = [self.add_zero([a, b]), self.add_zero([c, d])];
            vqmovn_high_s16(vqmovn_s16(low), high)
        }
    }

    /// [`narrow`](Self::narrow) for half as many.
    #[inline(always)]
    pub fn narrow_half(&self, numbers: [int32x4_t; 2]) -> int8x8_t {
        // SAFETY: as above.
        unsafe { vqmovn_s16(self.add_zero(numbers)) }
    }

    #[inline(always)]
    fn add_zero(&self, [a, b]: [int32x4_t; 2]) -> int16x8_t {
        // SAFETY: as above.
        unsafe { vqaddq_s16(vqmovn_high_s32(vqmovn_s32(a), b), self.zero) }
    }

    /// [`clamp`](Self::clamp) for half as many.
    #[inline(always)]
    pub fn clamp_half<const N: usize>(&self, bytes: &mut [int8x8_t; N]) {
        if self.open {
            return;
        }
        // SAFETY: as above.
        unsafe {
            let [min, max, flip] = [self.min, self.max, self.flip].map(|x| vget_low_s8(x));
            for bytes in bytes {
                *bytes = veor_s8(vmin_s8(vmax_s8(*bytes, min), max), flip);
            }
        }
    }

    /// Clamps the narrow, and makes them what the output is of.
    #[inline(always)]
    pub fn clamp<const N: usize>(&self, bytes: &mut [int8x16_t; N]) {
        if self.open {
            return;
        }
        for bytes in bytes {
            // SAFETY: as above.
            unsafe {
                *bytes = veorq_s8(vminq_s8(vmaxq_s8(*bytes, self.min), self.max), self.flip);
            }
        }
    }
}

/// How sums are requantized, where it is asked for each.
#[derive(Clone, Copy)]
pub(super) struct Requantize {
    rounding: Rounding,
    /// Some shift is not below 0.
    left: bool,
    low: float32x4_t,
    high: float32x4_t,
}

impl Requantize {
    #[inline(always)]
    pub fn of(quant: &Quant, left: bool) -> Self {
        // SAFETY: the caller is compiled for NEON, as all here.
        let [low, high] =
            [quant.min, quant.max].map(|end| unsafe { vdupq_n_f32((end - quant.zero) as f32) });
        Requantize {
            rounding: quant.rounding,
            left,
            low,
            high,
        }
    }

    #[inline(always)]
    pub fn run(&self, sum: int32x4_t, multiplier: int32x4_t, shift: int32x4_t) -> int32x4_t {
        match self.rounding {
            Rounding::Float => float(sum, multiplier, self.low, self.high),
            Rounding::Tflite if !self.left => tflite(sum, multiplier, shift),
            Rounding::Tflite => tflite_any(sum, multiplier, shift),
            Rounding::TfliteSingle if !self.left => tflite_single(sum, multiplier, shift),
            Rounding::TfliteSingle => tflite_single_any(sum, multiplier, shift),
        }
    }
}

/// [`quant::tflite`](crate::quant::tflite), for shifts below 0.
#[inline(always)]
pub(super) fn tflite(sum: int32x4_t, multiplier: int32x4_t, shift: int32x4_t) -> int32x4_t {
    // SAFETY: the caller is compiled for NEON, as all here.
    unsafe {
        // Saturates for two numbers of -2^31 only, and a multiplier is not below 0.
        let high = vqrdmulhq_s32(sum, multiplier);
        // A negative number that is one less rounds ties down.
        vrshlq_s32(vsraq_n_s32::<31>(high, high), shift)
    }
}

/// [`tflite`], for any shift.
#[inline(always)]
fn tflite_any(sum: int32x4_t, multiplier: int32x4_t, shift: int32x4_t) -> int32x4_t {
    // SAFETY: as above.
    unsafe {
        let zero = vdupq_n_s32(0);
        let right = vminq_s32(shift, zero);
        let high = vqrdmulhq_s32(vqshlq_s32(sum, vmaxq_s32(shift, zero)), multiplier);
        vrshlq_s32(vsraq_n_s32::<31>(high, vandq_s32(high, right)), right)
    }
}

/// [`quant::tflite_single`](crate::quant::tflite_single), for shifts below 0.
#[inline(always)]
fn tflite_single(sum: int32x4_t, multiplier: int32x4_t, shift: int32x4_t) -> int32x4_t {
    // What the first step drops is less than a step of the tie of the second.
    // SAFETY: as above.
    unsafe { vrshlq_s32(vqdmulhq_s32(sum, multiplier), shift) }
}

/// [`tflite_single`], for any shift.
#[inline(always)]
fn tflite_single_any(sum: int32x4_t, multiplier: int32x4_t, shift: int32x4_t) -> int32x4_t {
    // SAFETY: as above.
    unsafe {
        let shift = vsubq_s32(shift, vdupq_n_s32(31));
        let low = vmull_s32(vget_low_s32(sum), vget_low_s32(multiplier));
        let high = vmull_high_s32(sum, multiplier);
        let low = vrshlq_s64(low, vmovl_s32(vget_low_s32(shift)));
        let high = vrshlq_s64(high, vmovl_high_s32(shift));
        vqmovn_high_s64(vqmovn_s64(low), high)
    }
}

/// The product with the float whose bits are given, clamped, to the nearest, ties to even.
#[inline(always)]
fn float(sum: int32x4_t, scale: int32x4_t, low: float32x4_t, high: float32x4_t) -> int32x4_t {
    // SAFETY: as above.
    unsafe {
        let product = vmulq_f32(vcvtq_f32_s32(sum), vreinterpretq_f32_s32(scale));
        vcvtnq_s32_f32(vminq_f32(vmaxq_f32(product, low), high))
    }
}
