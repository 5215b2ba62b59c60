//! int8 in 512 bits: AVX-512 VNNI.

use super::x86::Avx512Vnni;
use super::x86_int8::level_i8;
use super::{Ends, GROUP, KernelI8, LevelI8, SLACK, SimdI8};
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

/// The words at these places: `_mm512_permutexvar_epi32`, in place of which the compiler permutes once for
/// each quarter that is stored.
#[target_feature(enable = "avx512f")]
#[inline]
fn permute(places: __m512i, words: __m512i) -> __m512i {
    let permuted;
    // SAFETY: as above.
    unsafe {
        core::arch::asm!(
            "vpermd {}, {}, {}",
            lateout(zmm_reg) permuted, in(zmm_reg) places, in(zmm_reg) words,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    permuted
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

/// Results of [`Rounding::Tflite`](crate::Rounding::Tflite) for shifts below 0, by floats; nothing where
/// one of them lies so close to a tie that only whole numbers can tell.
///
/// With the scale M = multiplier 2^(shift - 31), the two roundings are one whose ties have moved: the
/// first is up to half a step of 2^shift off, and which way a tie goes depends on the sign. So the result
/// is the whole number next to sum M + 2^(shift - 1), or minus that for a negative sum. Sum, scale and
/// what is computed of them are off by 2^-24 of it each, which is 2^-16 at most as long as the result is
/// not clamped: below 2^-14 together.
#[inline(always)]
fn tflite_by_floats(
    sums: [__m512i; GROUP],
    multiplier: __m512i,
    shift: __m512i,
) -> Option<[__m512i; GROUP]> {
    const FAR: f32 = 0.5 - 1.0 / 16384.0;
    // SAFETY: as above.
    unsafe {
        // A lane without a filter is never close to a tie.
        let exist = _mm512_movepi32_mask(shift);
        let exponent = _mm512_cvtepi32_ps(_mm512_sub_epi32(shift, _mm512_set1_epi32(31)));
        let scale = _mm512_maskz_scalef_ps(exist, _mm512_cvtepi32_ps(multiplier), exponent);
        let step = _mm512_maskz_scalef_ps(exist, _mm512_set1_ps(0.5), _mm512_cvtepi32_ps(shift));
        let mut results = sums;
        let mut distances = [scale; GROUP];
        for i in 0..GROUP {
            let sum = _mm512_cvtepi32_ps(sums[i]);
            // The step with the sum's sign.
            let step = _mm512_ternarylogic_epi32::<0b1110_1010>(
                _mm512_castps_si512(sum),
                _mm512_set1_epi32(i32::MIN),
                _mm512_castps_si512(step),
            );
            let real = _mm512_fmadd_ps(sum, scale, _mm512_castsi512_ps(step));
            results[i] = _mm512_cvtps_epi32(real);
            distances[i] = _mm512_reduce_ps::<0>(real);
        }
        // The larger of the absolute values.
        const LARGER: i32 = 0b1011;
        let a = _mm512_range_ps::<LARGER>(distances[0], distances[1]);
        let b = _mm512_range_ps::<LARGER>(distances[2], distances[3]);
        let farthest = _mm512_range_ps::<LARGER>(a, b);
        let close = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(farthest, _mm512_set1_ps(FAR));
        if close == 0 { Some(results) } else { None }
    }
}

/// Adds the zero point to results, clamps, and stores the bytes of each vector `step` further on.
///
/// # Safety
/// Sixteen bytes are writable at each place.
#[inline(always)]
unsafe fn store(p: *mut i8, step: usize, x: [__m512i; GROUP], ends: Ends) {
    // SAFETY: as above, and the caller's.
    unsafe {
        let zero = _mm512_set1_epi16(ends.zero as i16);
        // Of each vector in turn four filters, and then of each the next four.
        let bytes = _mm512_packs_epi16(
            _mm512_adds_epi16(_mm512_packs_epi32(x[0], x[1]), zero),
            _mm512_adds_epi16(_mm512_packs_epi32(x[2], x[3]), zero),
        );
        let bytes = _mm512_max_epi8(bytes, _mm512_set1_epi8(ends.min as i8));
        let bytes = _mm512_min_epi8(bytes, _mm512_set1_epi8(ends.max as i8));
        let bytes = _mm512_xor_si512(bytes, _mm512_set1_epi8(ends.flip as i8));
        let fours = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        let bytes = permute(fours, bytes);
        let mut p = p;
        for vector in [
            _mm512_castsi512_si128(bytes),
            _mm512_extracti32x4_epi32::<1>(bytes),
            _mm512_extracti32x4_epi32::<2>(bytes),
            _mm512_extracti32x4_epi32::<3>(bytes),
        ] {
            _mm_storeu_si128(p.cast(), vector);
            p = p.wrapping_add(step);
        }
    }
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
    unsafe fn stage(self, from: *const i8, end: *const i8, to: *mut u8, count: usize, flip: u8) {
        unsafe { self.stage_all(1, from, 0, end, to, 0, count, flip) };
    }

    #[inline(always)]
    unsafe fn stage_all(
        self,
        pixels: usize,
        from: *const i8,
        right: usize,
        _end: *const i8,
        to: *mut u8,
        stride: usize,
        count: usize,
        flip: u8,
    ) {
        // Vectors of 256 bits: more of them are stored at a time, and fewer lie across two cache lines.
        const { assert!(SLACK >= CHUNK - 1) };
        const CHUNK: usize = 32;
        unsafe {
            let flips = _mm256_set1_epi8((flip ^ 0x80) as i8);
            let mut at = 0;
            while at < count {
                let mask = bits(count - at) as u32;
                let (mut from, mut to) = (from.add(at), to.add(at));
                for _ in 0..pixels {
                    let bytes = _mm256_maskz_loadu_epi8(mask, from);
                    _mm256_storeu_si256(to.cast(), _mm256_xor_si256(bytes, flips));
                    from = from.wrapping_add(right);
                    to = to.wrapping_add(stride);
                }
                at += CHUNK;
            }
        }
    }

    #[inline(always)]
    unsafe fn fill(self, to: *mut u8, count: usize, input: i8) {
        unsafe {
            let inputs = _mm256_set1_epi8(input ^ -128);
            let mut at = 0;
            while at < count {
                _mm256_storeu_si256(to.add(at).cast(), inputs);
                at += 32;
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
    fn halves(self, a: __m512i, b: __m512i) -> __m512i {
        unsafe { _mm512_inserti64x4::<1>(a, _mm512_castsi512_si256(b)) }
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
        unsafe { store(p, step, x, ends) };
    }

    #[inline(always)]
    unsafe fn copy(self, to: *mut i8, from: *const i8, count: usize) {
        unsafe {
            let mask = bits(count) as __mmask16;
            _mm_mask_storeu_epi8(to, mask, _mm_maskz_loadu_epi8(mask, from));
        }
    }

    #[inline(always)]
    unsafe fn store_tflite(
        self,
        p: *mut i8,
        step: usize,
        x: [__m512i; GROUP],
        multiplier: __m512i,
        shift: __m512i,
        ends: Ends,
    ) {
        unsafe {
            let mut x = x;
            match tflite_by_floats(x, multiplier, shift) {
                Some(results) => x = results,
                None => {
                    for x in &mut x {
                        *x = self.tflite(*x, multiplier, shift);
                    }
                }
            }
            store(p, step, x, ends);
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
