//! int16 activations on AVX2.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::x86::Avx2;
use super::{LevelI8, LevelI16};
use crate::kernel::int16::{self, Finish, JobI16, MOST, SimdI16, Strip, Tile};
use crate::pack::PANEL;
use crate::pack_i8::QUAD;
use core::arch::x86_64::*;

/// 12 accumulators, 2 registers of weights, an input, and a product of 16 registers.
const PIXELS: usize = 6;

/// Inputs of a pixel that are laid out at a time.
const PIECE: usize = MOST;

/// Filters whose sums are one vector.
const LANES: usize = 8;

impl LevelI16 for Avx2 {
    #[inline]
    fn run_i16(self, job: JobI16<'_>) {
        #[target_feature(enable = "avx2,fma")]
        #[inline(never)]
        fn enabled(simd: Avx2, job: JobI16<'_>) {
            int16::run::<Avx2, PIXELS, PIECE>(simd, job);
        }
        // SAFETY: an `Avx2` exists only where the CPU has both.
        unsafe { enabled(self, job) }
    }

    /// int8 is widened and multiplied by the same instruction, `vpmaddwd`.
    fn multiply_adds_i16(self, rounds: u64) -> u64 {
        self.multiply_adds_i8(rounds)
    }
}

// SAFETY: `detect` makes a value only where the CPU has what `run_i16` enables. The arithmetic of the
// methods needs only that; an address that is used is the caller's.
#[allow(clippy::undocumented_unsafe_blocks)]
unsafe impl SimdI16 for Avx2 {
    const INTERLEAVED: bool = false;
    const LANES: usize = LANES;
    const STEPS: [usize; 2] = [PANEL, 1];
    const STRIPS: bool = true;

    #[inline(always)]
    unsafe fn lay_out(self, mut from: *const i16, mut quads: usize, mut to: *mut i16, _: usize) {
        unsafe {
            while quads >= 4 {
                _mm256_storeu_si256(to.cast(), _mm256_loadu_si256(from.cast()));
                (from, to) = (from.add(4 * QUAD), to.add(4 * QUAD));
                quads -= 4;
            }
            while quads > 0 {
                _mm_storel_epi64(to.cast(), _mm_loadl_epi64(from.cast()));
                (from, to) = (from.add(QUAD), to.add(QUAD));
                quads -= 1;
            }
        }
    }

    #[inline(always)]
    unsafe fn sums(self, tile: Tile, sums: *mut i32) {
        let mut first = 0;
        while first < tile.filters {
            let sums = sums.wrapping_add(first);
            unsafe {
                match tile.pixels {
                    1 => vector::<1>(&tile, first, sums),
                    2 => vector::<2>(&tile, first, sums),
                    3 => vector::<3>(&tile, first, sums),
                    4 => vector::<4>(&tile, first, sums),
                    5 => vector::<5>(&tile, first, sums),
                    _ => vector::<PIXELS>(&tile, first, sums),
                }
            }
            first += LANES;
        }
    }

    #[inline(always)]
    unsafe fn strip<const M: usize>(self, strip: &Strip, sums: *mut i32) {
        unsafe {
            let mut acc = [_mm256_setzero_si256(); M];
            strip.each(|mut x, w| {
                let w = _mm256_cvtepi8_epi32(_mm_loadl_epi64(w.cast()));
                for m in 0..M {
                    // An input and 0, times a weight and its sign.
                    let inputs = _mm256_cvtepu16_epi32(_mm_loadu_si128(x.cast()));
                    acc[m] = _mm256_add_epi32(acc[m], _mm256_madd_epi16(inputs, w));
                    x = x.wrapping_add(strip.pixel);
                }
            });
            for m in 0..M {
                _mm256_storeu_si256(sums.add(m * PANEL).cast(), acc[m]);
            }
        }
    }

    #[inline(always)]
    unsafe fn finish(self, finish: &Finish) {
        let whole = finish.filters / LANES * LANES;
        let mut first = 0;
        while first < whole {
            unsafe {
                let filters = [
                    Filters::load(finish, first),
                    Filters::load(finish, first + 4),
                ];
                let mut output = finish.output.wrapping_add(first);
                for pixel in 0..finish.pixels {
                    let at = pixel * PANEL + first;
                    let low = filters[0].requantize(finish, at);
                    let high = filters[1].requantize(finish, at + 4);
                    _mm_storeu_si128(output.cast(), _mm_packs_epi32(low, high));
                    output = output.wrapping_add(finish.output_step);
                }
            }
            first += LANES;
        }
        unsafe { finish.each(whole) };
    }
}

/// The sums of so many pixels under a vector of filters, from one of the panel's on.
///
/// # Safety
/// As for [`SimdI16::sums`]. (A panel of four filters is followed by another, or by the four words of the
/// seal.)
#[inline(always)]
unsafe fn vector<const M: usize>(tile: &Tile, first: usize, sums: *mut i32) {
    // SAFETY: the caller's, who is compiled for AVX2.
    unsafe {
        let mut acc = [[_mm256_setzero_si256(); 2]; M];
        let mut w = tile.weights.wrapping_add(first);
        let mut x = tile.inputs;
        for _ in 0..tile.quads {
            let weights = [
                _mm256_cvtepi8_epi16(_mm_loadu_si128(w.cast())),
                _mm256_cvtepi8_epi16(_mm_loadu_si128(w.wrapping_add(4).cast())),
            ];
            for m in 0..M {
                let quad = _mm256_set1_epi64x(x.add(m * PIECE).cast::<i64>().read_unaligned());
                for half in 0..2 {
                    let products = _mm256_madd_epi16(quad, weights[half]);
                    acc[m][half] = _mm256_add_epi32(acc[m][half], products);
                }
            }
            w = w.wrapping_add(tile.width);
            x = x.wrapping_add(QUAD);
        }
        for m in 0..M {
            // Filters 0 1 4 5 2 3 6 7.
            let lanes = _mm256_hadd_epi32(acc[m][0], acc[m][1]);
            let lanes = _mm256_permute4x64_epi64::<0b11_01_10_00>(lanes);
            _mm256_storeu_si256(sums.add(m * PANEL).cast(), lanes);
        }
    }
}

/// What requantizes four filters, in 64 bits each.
#[derive(Clone, Copy)]
struct Filters {
    bias: __m256i,
    multiplier: __m256i,
    shift: __m256i,
    /// Half of what is shifted out, and 2^63, so that a shift without a sign will do.
    round: __m256i,
    /// 2^63, shifted.
    offset: __m256i,
}

impl Filters {
    /// # Safety
    /// The caller is compiled for AVX2, and the panel has so many filters.
    #[inline(always)]
    unsafe fn load(finish: &Finish, first: usize) -> Self {
        // SAFETY: the caller's.
        unsafe {
            let shift = _mm256_cvtepi32_epi64(Self::row(finish, 3, first));
            let sign = _mm256_set1_epi64x(i64::MIN);
            let ones = _mm256_set1_epi64x(1);
            let half = _mm256_sllv_epi64(ones, _mm256_sub_epi64(shift, ones));
            Filters {
                bias: _mm256_or_si256(
                    _mm256_cvtepu32_epi64(Self::row(finish, 0, first)),
                    _mm256_slli_epi64::<32>(_mm256_cvtepi32_epi64(Self::row(finish, 1, first))),
                ),
                multiplier: _mm256_cvtepi32_epi64(Self::row(finish, 2, first)),
                shift,
                round: _mm256_xor_si256(half, sign),
                offset: _mm256_srlv_epi64(sign, shift),
            }
        }
    }

    /// # Safety
    /// As for [`load`](Self::load).
    #[inline(always)]
    unsafe fn row(finish: &Finish, row: usize, first: usize) -> __m128i {
        let words = finish.header.wrapping_add(row * finish.width + first);
        // SAFETY: the caller's.
        unsafe { _mm_loadu_si128(words.cast()) }
    }

    /// The four outputs of the sums from one of a pixel's on.
    ///
    /// # Safety
    /// The caller is compiled for AVX2, and they are there.
    #[inline(always)]
    unsafe fn requantize(&self, finish: &Finish, at: usize) -> __m128i {
        // SAFETY: the caller's.
        unsafe {
            let sums = _mm_loadu_si128(finish.sums.wrapping_add(at).cast());
            let mut sums = _mm256_add_epi64(_mm256_cvtepi32_epi64(sums), self.bias);
            if let Some(waiting) = finish.waiting {
                let waiting = _mm256_loadu_si256(waiting.wrapping_add(at).cast());
                sums = _mm256_add_epi64(sums, waiting);
            }
            let low = _mm256_mul_epu32(sums, self.multiplier);
            let high = _mm256_mul_epi32(_mm256_srli_epi64::<32>(sums), self.multiplier);
            let product = _mm256_add_epi64(low, _mm256_slli_epi64::<32>(high));
            let rounded = _mm256_add_epi64(product, self.round);
            let steps = _mm256_sub_epi64(_mm256_srlv_epi64(rounded, self.shift), self.offset);
            let (min, max) = (
                _mm256_set1_epi64x(finish.range.min.into()),
                _mm256_set1_epi64x(finish.range.max.into()),
            );
            let steps = _mm256_blendv_epi8(steps, max, _mm256_cmpgt_epi64(steps, max));
            let steps = _mm256_blendv_epi8(steps, min, _mm256_cmpgt_epi64(min, steps));
            let even = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
            _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(steps, even))
        }
    }
}
