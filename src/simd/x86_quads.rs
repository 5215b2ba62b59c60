//! Quads of bytes, channel by channel: AVX-512 VNNI, and AVX-VNNI.
//!
//! A register that is unpacked, multiplied and packed again stays as it was within each 128 bits, and those
//! do not meet: so the bytes that come out stand where their channels stood, and nothing has to be moved
//! between the halves and quarters of a register.

use super::x86::{Avx512Vnni, AvxVnni};
use super::x86_int8::multiply_even as multiply_even_256;
use super::x86_vnni512::multiply_even as multiply_even_512;
use super::{QuadsI8, Small};
use core::arch::x86_64::*;

/// What a byte of the sign has to be multiplied with to be 0 or -2: `vpdpbusd` adds that in one
/// instruction.
const TWICE: i32 = 2 << 24;

/// The most a sum is shifted right: [`Small::LIMIT`] says why.
const FARTHEST: i32 = 23;

/// The higher halves of sixteen products, of which there are the even ones and the odd ones.
///
/// The intrinsics say the same, but the compiler makes two instructions of them.
#[target_feature(enable = "avx512f")]
#[inline]
fn high_halves(even: __m512i, odd: __m512i) -> __m512i {
    let mut halves = odd;
    // SAFETY: an instruction of AVX-512 that touches nothing but its registers.
    unsafe {
        core::arch::asm!(
            "vmovshdup {}{{{}}}, {}",
            inlateout(zmm_reg) halves, in(kreg) 0x5555u16, in(zmm_reg) even,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    halves
}

/// Interleaves bytes, then pairs of them.
macro_rules! interleave {
    ($rows:ident, $low8:ident, $high8:ident, $low16:ident, $high16:ident) => {{
        let [a, b, c, d] = $rows;
        let (low, high) = ([$low8(a, b), $low8(c, d)], [$high8(a, b), $high8(c, d)]);
        [
            $low16(low[0], low[1]),
            $high16(low[0], low[1]),
            $low16(high[0], high[1]),
            $high16(high[0], high[1]),
        ]
    }};
}

// SAFETY: `detect` makes a value only where the CPU has what `run` enables. The arithmetic of the
// methods needs only that; an address that is used is the caller's.
#[allow(clippy::undocumented_unsafe_blocks)]
unsafe impl QuadsI8 for Avx512Vnni {
    #[inline(always)]
    unsafe fn pieces<const PIECES: usize>(self, from: *const i8, step: usize) -> __m512i {
        unsafe {
            let at = |piece: usize| from.wrapping_add(piece * step);
            match PIECES {
                1 => _mm512_loadu_si512(from.cast()),
                2 => {
                    let [a, b] = [0, 1].map(|piece| _mm256_loadu_si256(at(piece).cast()));
                    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(a), b)
                }
                _ => {
                    let [a, b, c, d] = [0, 1, 2, 3].map(|piece| _mm_loadu_si128(at(piece).cast()));
                    let low = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(a), b);
                    let high = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(c), d);
                    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high)
                }
            }
        }
    }

    #[inline(always)]
    fn flip(self, bytes: __m512i, flips: __m512i) -> __m512i {
        unsafe { _mm512_xor_si512(bytes, flips) }
    }

    #[inline(always)]
    fn interleave(self, rows: [__m512i; 4]) -> [__m512i; 4] {
        unsafe {
            interleave!(
                rows,
                _mm512_unpacklo_epi8,
                _mm512_unpackhi_epi8,
                _mm512_unpacklo_epi16,
                _mm512_unpackhi_epi16
            )
        }
    }

    #[inline(always)]
    fn dot_quads(self, sums: __m512i, quads: __m512i, weights: __m512i) -> __m512i {
        unsafe { _mm512_dpbusd_epi32(sums, quads, weights) }
    }

    #[inline(always)]
    fn constants(self, multiplier: __m512i, shift: __m512i, zero: i32) -> Small<__m512i> {
        unsafe {
            let ones = _mm512_set1_epi32(1);
            let right = _mm512_sub_epi32(_mm512_setzero_si512(), shift);
            let right = _mm512_min_epi32(right, _mm512_set1_epi32(FARTHEST));
            let half = _mm512_sllv_epi32(_mm512_set1_epi32(2 * zero + 1), right);
            Small {
                even: multiplier,
                odd: _mm512_srli_epi64::<32>(multiplier),
                nudge: _mm512_add_epi32(half, ones),
                right: _mm512_add_epi32(right, ones),
            }
        }
    }

    #[inline(always)]
    fn small(self, sum: __m512i, constants: &Small<__m512i>) -> __m512i {
        unsafe {
            let four = _mm512_slli_epi32::<2>(sum);
            let even = multiply_even_512(four, constants.even);
            let odd = multiply_even_512(_mm512_srli_epi64::<32>(four), constants.odd);
            let steps = high_halves(even, odd);
            let nudged = _mm512_add_epi32(steps, constants.nudge);
            let nudged = _mm512_dpbusd_epi32(nudged, _mm512_set1_epi32(TWICE), steps);
            _mm512_srav_epi32(nudged, constants.right)
        }
    }

    #[inline(always)]
    fn shorts(self, x: [__m512i; 2]) -> __m512i {
        unsafe { _mm512_packs_epi32(x[0], x[1]) }
    }

    #[inline(always)]
    fn narrow(self, shorts: [__m512i; 2]) -> __m512i {
        unsafe { _mm512_packs_epi16(shorts[0], shorts[1]) }
    }

    #[inline(always)]
    fn narrow_small(self, shorts: [__m512i; 2]) -> __m512i {
        self.narrow(shorts)
    }

    #[inline(always)]
    fn clamp(self, bytes: __m512i, min: __m512i, max: __m512i) -> __m512i {
        unsafe { _mm512_min_epi8(_mm512_max_epi8(bytes, min), max) }
    }
}

// SAFETY: as for `Avx512Vnni`.
#[allow(clippy::undocumented_unsafe_blocks)]
unsafe impl QuadsI8 for AvxVnni {
    #[inline(always)]
    unsafe fn pieces<const PIECES: usize>(self, from: *const i8, step: usize) -> __m256i {
        unsafe {
            match PIECES {
                1 => _mm256_loadu_si256(from.cast()),
                _ => {
                    let low = _mm256_castsi128_si256(_mm_loadu_si128(from.cast()));
                    let high = _mm_loadu_si128(from.wrapping_add(step).cast());
                    _mm256_inserti128_si256::<1>(low, high)
                }
            }
        }
    }

    #[inline(always)]
    fn flip(self, bytes: __m256i, flips: __m256i) -> __m256i {
        unsafe { _mm256_xor_si256(bytes, flips) }
    }

    #[inline(always)]
    fn interleave(self, rows: [__m256i; 4]) -> [__m256i; 4] {
        unsafe {
            interleave!(
                rows,
                _mm256_unpacklo_epi8,
                _mm256_unpackhi_epi8,
                _mm256_unpacklo_epi16,
                _mm256_unpackhi_epi16
            )
        }
    }

    #[inline(always)]
    fn dot_quads(self, sums: __m256i, quads: __m256i, weights: __m256i) -> __m256i {
        unsafe { _mm256_dpbusd_avx_epi32(sums, quads, weights) }
    }

    #[inline(always)]
    fn constants(self, multiplier: __m256i, shift: __m256i, zero: i32) -> Small<__m256i> {
        unsafe {
            let ones = _mm256_set1_epi32(1);
            // Filters 0 2 1 3 of each four, as what they are added to.
            let shift = _mm256_shuffle_epi32::<0b11_01_10_00>(shift);
            let right = _mm256_sub_epi32(_mm256_setzero_si256(), shift);
            let right = _mm256_min_epi32(right, _mm256_set1_epi32(FARTHEST));
            let half = _mm256_sllv_epi32(_mm256_set1_epi32(2 * zero + 1), right);
            Small {
                even: multiplier,
                odd: _mm256_srli_epi64::<32>(multiplier),
                nudge: _mm256_add_epi32(half, ones),
                right: _mm256_add_epi32(right, ones),
            }
        }
    }

    #[inline(always)]
    fn small(self, sum: __m256i, constants: &Small<__m256i>) -> __m256i {
        unsafe {
            let four = _mm256_slli_epi32::<2>(sum);
            let even = multiply_even_256(four, constants.even);
            // (A shift would take the place of a product.)
            let four = _mm256_shuffle_epi32::<0b11_11_01_01>(four);
            let odd = multiply_even_256(four, constants.odd);
            let [even, odd] = [even, odd].map(|x| _mm256_castsi256_ps(x));
            let steps = _mm256_castps_si256(_mm256_shuffle_ps::<0b11_01_11_01>(even, odd));
            let nudged = _mm256_add_epi32(steps, constants.nudge);
            let nudged = _mm256_dpbusd_avx_epi32(nudged, _mm256_set1_epi32(TWICE), steps);
            _mm256_srav_epi32(nudged, constants.right)
        }
    }

    #[inline(always)]
    fn shorts(self, x: [__m256i; 2]) -> __m256i {
        unsafe { _mm256_packs_epi32(x[0], x[1]) }
    }

    #[inline(always)]
    fn narrow(self, shorts: [__m256i; 2]) -> __m256i {
        unsafe { _mm256_packs_epi16(shorts[0], shorts[1]) }
    }

    #[inline(always)]
    fn narrow_small(self, shorts: [__m256i; 2]) -> __m256i {
        unsafe {
            let order = _mm256_broadcastsi128_si256(_mm_setr_epi8(
                0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15,
            ));
            _mm256_shuffle_epi8(self.narrow(shorts), order)
        }
    }

    #[inline(always)]
    fn clamp(self, bytes: __m256i, min: __m256i, max: __m256i) -> __m256i {
        unsafe { _mm256_min_epi8(_mm256_max_epi8(bytes, min), max) }
    }
}
