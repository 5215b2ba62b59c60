//! int8 in 512 bits: AVX-512 VNNI.

use super::x86::Avx512Vnni;
use super::x86_int8::level_i8;
use super::{Ends, GROUP, KernelI8, LevelI8, SimdI8};
use crate::kernel::int8::vectors::{PeakI8, quads};
use crate::kernel::int8::{JobI8, Kernels};
use core::arch::x86_64::*;

level_i8!(
    Avx512Vnni,
    "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni",
    quads::run
);

/// The products of every other lane, in 64 bits: `_mm512_mul_epi32`, which the compiler does not always
/// recognize (see AVX2).
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn multiply_even(a: __m512i, b: __m512i) -> __m512i {
    let product;
    // SAFETY: an instruction of AVX-512 that touches nothing but its registers.
    unsafe {
        core::arch::asm!(
            "vpmuldq {}, {}, {}",
            lateout(zmm_reg) product, in(zmm_reg) a, in(zmm_reg) b,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    product
}

/// The products of sixteen sums with their multipliers and `nudge`, by 2^31, rounded down.
#[inline(always)]
fn high(sum: __m512i, multiplier: __m512i, nudge: i64) -> __m512i {
    // SAFETY: the caller is compiled for AVX-512, as all here.
    unsafe {
        let nudge = _mm512_set1_epi64(nudge);
        let [odd_sum, odd_multiplier] = [sum, multiplier].map(|x| _mm512_srli_epi64::<32>(x));
        let even = _mm512_add_epi64(multiply_even(sum, multiplier), nudge);
        let odd = _mm512_add_epi64(multiply_even(odd_sum, odd_multiplier), nudge);
        let even = _mm512_srli_epi64::<31>(even);
        let odd = _mm512_slli_epi64::<1>(odd);
        _mm512_mask_blend_epi32(0xaaaa, even, odd)
    }
}

/// Shifts right by `-shift`, at least 1, and rounds ties up.
#[inline(always)]
fn shift_right(x: __m512i, shift: __m512i) -> __m512i {
    // SAFETY: as above.
    unsafe {
        let ones = _mm512_set1_epi32(-1);
        // -1 - shift
        let twice = _mm512_srav_epi32(x, _mm512_xor_si512(shift, ones));
        _mm512_srai_epi32::<1>(_mm512_sub_epi32(twice, ones))
    }
}

/// The first so many of 64 bits.
#[inline(always)]
fn bits(count: usize) -> u64 {
    if count < 64 { (1 << count) - 1 } else { !0 }
}

// SAFETY: `detect` makes a value only where the CPU has what `run` enables. The arithmetic of the
// methods needs only that; an address that is used is the caller's.
#[allow(clippy::undocumented_unsafe_blocks)]
unsafe impl SimdI8 for Avx512Vnni {
    /// `vpdpbusd` multiplies unsigned bytes by signed ones; it does not saturate.
    type Input = u8;
    type Quad = __m512i;
    type Weights = __m512i;
    type Sums = __m512i;
    type I32 = __m512i;
    type Pair = __m512i;
    type Mask = __mmask16;

    const LANES: usize = 16;
    const OFFSET: i32 = 128;
    const VECTORS: usize = 2;
    /// 28 sums, 2 vectors of weights and an input of 32 registers. Weights are the most of what is
    /// read, so many pixels pay, unlike in f32.
    const TILES: [usize; 3] = [0, 14, 14];

    #[inline(always)]
    unsafe fn stage(self, from: *const i8, _end: *const i8, to: *mut u8, count: usize, flip: u8) {
        unsafe {
            let flips = _mm512_set1_epi8((flip ^ 0x80) as i8);
            let mut at = 0;
            while at < count {
                let bytes = _mm512_maskz_loadu_epi8(bits(count - at), from.add(at));
                _mm512_storeu_si512(to.add(at).cast(), _mm512_xor_si512(bytes, flips));
                at += 64;
            }
        }
    }

    #[inline(always)]
    unsafe fn fill(self, to: *mut u8, count: usize, input: i8) {
        unsafe {
            let inputs = _mm512_set1_epi8(input ^ -128);
            let mut at = 0;
            while at < count {
                _mm512_storeu_si512(to.add(at).cast(), inputs);
                at += 64;
            }
        }
    }

    #[inline(always)]
    fn zero(self) -> __m512i {
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    fn mask(self, width: usize) -> __mmask16 {
        bits(width) as __mmask16
    }

    #[inline(always)]
    unsafe fn quad(self, p: *const u8) -> __m512i {
        unsafe { _mm512_set1_epi32(p.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn weights(self, p: *const i32, mask: __mmask16) -> __m512i {
        unsafe { _mm512_maskz_loadu_epi32(mask, p) }
    }

    #[inline(always)]
    fn dot(self, sums: __m512i, quad: __m512i, weights: __m512i) -> __m512i {
        unsafe { _mm512_dpbusd_epi32(sums, quad, weights) }
    }

    #[inline(always)]
    fn lanes(self, sums: __m512i) -> __m512i {
        sums
    }

    #[inline(always)]
    unsafe fn pair<const UNSIGNED: bool>(self, a: *const i8, b: *const i8) -> __m512i {
        unsafe {
            let [a, b] = [a, b].map(|p| _mm_loadu_si128(p.cast()));
            let pairs = _mm256_set_m128i(_mm_unpackhi_epi8(a, b), _mm_unpacklo_epi8(a, b));
            if UNSIGNED {
                _mm512_cvtepu8_epi16(pairs)
            } else {
                _mm512_cvtepi8_epi16(pairs)
            }
        }
    }

    #[inline(always)]
    fn dot_pair(self, sums: __m512i, inputs: __m512i, weights: __m512i) -> __m512i {
        unsafe { _mm512_dpwssd_epi32(sums, inputs, weights) }
    }

    #[inline(always)]
    unsafe fn load(self, p: *const i32, mask: __mmask16) -> __m512i {
        unsafe { _mm512_maskz_loadu_epi32(mask, p) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut i32, x: __m512i) {
        unsafe { _mm512_storeu_si512(p.cast(), x) }
    }

    #[inline(always)]
    fn splat(self, x: i32) -> __m512i {
        unsafe { _mm512_set1_epi32(x) }
    }

    #[inline(always)]
    fn add(self, a: __m512i, b: __m512i) -> __m512i {
        unsafe { _mm512_add_epi32(a, b) }
    }

    #[inline(always)]
    fn multiply(self, a: __m512i, b: __m512i) -> __m512i {
        unsafe { _mm512_mullo_epi32(a, b) }
    }

    #[inline(always)]
    fn all_negative(self, x: __m512i, lanes: usize) -> bool {
        let exist = bits(lanes) as __mmask16;
        unsafe { _mm512_movepi32_mask(x) & exist == exist }
    }

    #[inline(always)]
    fn tflite(self, sum: __m512i, multiplier: __m512i, shift: __m512i) -> __m512i {
        unsafe {
            let high = high(sum, multiplier, 1 << 30);
            // A negative number that is one less rounds ties down.
            let lower = _mm512_add_epi32(high, _mm512_srai_epi32::<31>(high));
            shift_right(lower, shift)
        }
    }

    #[inline(always)]
    fn tflite_single(self, sum: __m512i, multiplier: __m512i, shift: __m512i) -> __m512i {
        // What the first shift drops is less than a step of the tie of the second.
        shift_right(high(sum, multiplier, 0), shift)
    }

    #[inline(always)]
    fn float(self, sum: __m512i, scale: __m512i, low: f32, high: f32) -> __m512i {
        unsafe {
            let product = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_castsi512_ps(scale));
            let clamped = _mm512_min_ps(
                _mm512_max_ps(product, _mm512_set1_ps(low)),
                _mm512_set1_ps(high),
            );
            _mm512_cvtps_epi32(clamped)
        }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, p: *mut i8, step: usize, x: [__m512i; GROUP], ends: Ends) {
        unsafe {
            let [low, high] = [ends.min, ends.max].map(|end| _mm512_set1_epi32(end - ends.zero));
            // The lowest byte is all that is kept, so the highest bit is flipped by an addition.
            let zero = _mm512_set1_epi32(ends.zero + i32::from(ends.flip));
            let mut p = p;
            for x in x {
                let steps = _mm512_min_epi32(_mm512_max_epi32(x, low), high);
                let bytes = _mm512_cvtepi32_epi8(_mm512_add_epi32(steps, zero));
                _mm_storeu_si128(p.cast(), bytes);
                p = p.wrapping_add(step);
            }
        }
    }

    #[inline(never)] // as in `Simd`
    fn run<K: KernelI8<Self>>(self, kernel: K) {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
        fn enabled<K: KernelI8<Avx512Vnni>>(simd: Avx512Vnni, kernel: K) {
            kernel.run(simd);
        }
        // SAFETY: an `Avx512Vnni` exists only where the CPU has them all.
        unsafe { enabled(self, kernel) }
    }
}
