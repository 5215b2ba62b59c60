//! int16 activations on AVX2.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::x86::Avx2;
use super::{LevelI8, LevelI16, opaque};
use crate::kernel::int16::{self, COLUMNS, Finish, JobI16, MOST, SimdI16, Strip, Strips, Tile};
use crate::pack::PANEL;
use crate::pack_i8::{HEADER, QUAD};
use crate::quant_i16::NARROW;
use core::arch::x86_64::*;

/// 12 accumulators, 2 registers of weights, an input, and a product of 16 registers.
const PIXELS: usize = 6;

/// Inputs of a pixel that are laid out at a time.
const PIECE: usize = MOST;

/// Filters whose sums are one vector.
const LANES: usize = 8;

/// Channels of the wide strips; the others have [`LANES`].
const WIDE: usize = 16;

impl LevelI16 for Avx2 {
    #[inline]
    fn run_i16(self, job: &JobI16<'_>) {
        #[target_feature(enable = "avx2,fma")]
        #[inline(never)]
        fn enabled(simd: Avx2, job: &JobI16<'_>) {
            int16::run::<Avx2, PIXELS, PIECE>(simd, job, |job| {
                let first = int16::strips::<Avx2, WIDE>(simd, job, 0);
                int16::strips::<Avx2, LANES>(simd, job, first)
            });
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
    const LANES: usize = LANES;
    const STEPS: [usize; 2] = [PANEL, 1];

    #[inline(always)]
    unsafe fn lay_out(self, mut from: *const i16, mut quads: usize, mut to: *mut i16) {
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
    unsafe fn finish(self, finish: &Finish) {
        let whole = finish.filters / LANES * LANES;
        let (min, max) = (finish.range.min, finish.range.max);
        let mut first = 0;
        while first < whole {
            unsafe {
                let mut output = finish.output.wrapping_add(first);
                if let Some(filters) = Narrow::load(finish, first) {
                    for pixel in 0..finish.pixels {
                        let sums = finish.sums.wrapping_add(pixel * PANEL + first);
                        let sums = _mm256_loadu_si256(sums.cast());
                        let steps = filters.requantize(_mm256_add_epi32(sums, filters.bias));
                        let [low, high] = halves(steps);
                        let steps = _mm_packs_epi32(low, high);
                        let steps = _mm_max_epi16(steps, _mm_set1_epi16(min));
                        let steps = _mm_min_epi16(steps, _mm_set1_epi16(max));
                        _mm_storeu_si128(output.cast(), steps);
                        output = output.wrapping_add(finish.output_step);
                    }
                } else {
                    let filters = [
                        Filters::load(finish, first),
                        Filters::load(finish, first + 4),
                    ];
                    for pixel in 0..finish.pixels {
                        let at = pixel * PANEL + first;
                        let low = filters[0].requantize(finish, at);
                        let high = filters[1].requantize(finish, at + 4);
                        _mm_storeu_si128(output.cast(), _mm_packs_epi32(low, high));
                        output = output.wrapping_add(finish.output_step);
                    }
                }
            }
            first += LANES;
        }
        unsafe { finish.each(whole) };
    }
}

/// Strips of so many channels. A vector of inputs is one pixel of sixteen channels or two of eight; two
/// rows of the window are multiplied at a time. There are two vectors of sums, as the inputs of the rows
/// are interleaved: of each half of the vector, the lower four channels and the upper.
macro_rules! strips {
    ($($channels:ident $pixels:literal,)*) => {$(
        // SAFETY: as above.
        #[allow(clippy::undocumented_unsafe_blocks)]
        unsafe impl Strips<$channels> for Avx2 {
            const PIXELS: [usize; 3] = [$pixels; 3];

            type Narrow = [Narrow; 2];

            #[inline(always)]
            unsafe fn narrow(self, finish: &Finish) -> Option<[Narrow; 2]> {
                unsafe {
                    let low = Narrow::load(finish, 0)?;
                    if $channels == WIDE {
                        let high = Narrow::load(finish, LANES)?;
                        return Some([low.with::<0x20>(&high), low.with::<0x31>(&high)]);
                    }
                    Some([low.with::<0x00>(&low), low.with::<0x11>(&low)])
                }
            }

            #[inline(always)]
            unsafe fn strip<const M: usize>(
                self,
                strip: &Strip,
                finish: Finish,
                narrow: Option<&[Narrow; 2]>,
            ) {
                unsafe {
                    let start = match narrow {
                        Some([low, high]) => [low.bias, high.bias],
                        None => [_mm256_setzero_si256(); 2],
                    };
                    let mut acc = [start; M];
                    match strip.slides {
                        1 => slide::<M, 1, $channels>(strip, &mut acc),
                        2 => slide::<M, 2, $channels>(strip, &mut acc),
                        _ => taps::<M, $channels>(strip, &mut acc),
                    }
                    match narrow {
                        Some(narrow) => write::<M, $channels>(&acc, &finish, narrow),
                        None => self.finish(&Finish {
                            sums: sums::<M, $channels>(&acc).as_ptr().cast(),
                            ..finish
                        }),
                    }
                }
            }
        }
    )*};
}

strips! {
    WIDE 5,
    LANES 6,
}

/// Vectors of inputs of `M` pixels.
#[inline(always)]
const fn vectors<const M: usize, const CHANNELS: usize>() -> usize {
    (M * CHANNELS).div_ceil(WIDE)
}

/// Inputs of a pixel, and of the one that shares their vector.
///
/// # Safety
/// The caller is compiled for AVX2, and they are there.
#[inline(always)]
unsafe fn inputs<const CHANNELS: usize>(from: [*const i16; 2]) -> __m256i {
    // SAFETY: the caller's.
    unsafe {
        if CHANNELS == WIDE {
            _mm256_loadu_si256(from[0].cast())
        } else {
            _mm256_loadu2_m128i(from[1].cast(), from[0].cast())
        }
    }
}

/// The weights of a tap, for each pixel of a vector.
///
/// # Safety
/// As for [`inputs`].
#[inline(always)]
unsafe fn weights<const CHANNELS: usize>(from: *const i32) -> __m256i {
    // SAFETY: the caller's.
    unsafe {
        if CHANNELS == WIDE {
            _mm256_cvtepi8_epi16(_mm_loadu_si128(from.cast()))
        } else {
            _mm256_broadcastsi128_si256(_mm_cvtepi8_epi16(_mm_loadl_epi64(from.cast())))
        }
    }
}

/// Two vectors by turns: of each half, the lower numbers and the upper.
#[inline(always)]
fn interleave(a: __m256i, b: __m256i) -> [__m256i; 2] {
    // SAFETY: the caller is compiled for AVX2.
    unsafe { [_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b)] }
}

/// Adds the products of pairs.
#[inline(always)]
fn multiply_add(acc: &mut [__m256i; 2], inputs: [__m256i; 2], weights: [__m256i; 2]) {
    for half in 0..2 {
        // SAFETY: the caller is compiled for AVX2.
        unsafe {
            let products = _mm256_madd_epi16(inputs[half], weights[half]);
            acc[half] = _mm256_add_epi32(acc[half], products);
        }
    }
}

/// Two rows of a window: the first pixel's inputs, weights, and words from a column's weights to the
/// next one's. Where there is no second row, its weights are zeros.
struct Pair {
    x: [*const i16; 2],
    w: [*const i32; 2],
    steps: [usize; 2],
}

impl Pair {
    #[inline(always)]
    fn of(strip: &Strip, plane: usize, row: usize) -> Self {
        static ZEROS: [i32; PANEL / QUAD] = [0; PANEL / QUAD];
        // Else each column has an address of its own through all rows, and those on the stack.
        let (x, w) = strip.row(plane, row);
        let (x, w) = (opaque(x), opaque(w));
        let step = strip.weight_steps[2];
        if row + 1 == strip.taps[1] {
            return Pair {
                x: [x; 2],
                w: [w, ZEROS.as_ptr()],
                steps: [step, 0],
            };
        }
        Pair {
            x: [x, x.wrapping_add(strip.steps[1])],
            w: [w, w.wrapping_add(strip.weight_steps[1])],
            steps: [step; 2],
        }
    }

    /// The weights of a column.
    ///
    /// # Safety
    /// The caller is compiled for AVX2, and they are there.
    #[inline(always)]
    unsafe fn weights<const CHANNELS: usize>(&self, column: usize) -> [__m256i; 2] {
        let [first, second] = self.w;
        let [step, other] = self.steps;
        // SAFETY: the caller's.
        unsafe {
            interleave(
                weights::<CHANNELS>(first.wrapping_add(column * step)),
                weights::<CHANNELS>(second.wrapping_add(column * other)),
            )
        }
    }

    /// The inputs so many elements on, and those of the pixel that shares their vector so many further
    /// on. Of either there may be none: zeros.
    ///
    /// # Safety
    /// As for [`inputs`].
    #[inline(always)]
    unsafe fn inputs<const CHANNELS: usize>(
        &self,
        at: usize,
        apart: usize,
        there: [bool; 2],
    ) -> [__m256i; 2] {
        static ZEROS: [i16; WIDE] = [0; WIDE];
        let mut rows = [[ZEROS.as_ptr(); 2]; 2];
        for row in 0..2 {
            let from = self.x[row].wrapping_add(at);
            if there[0] {
                rows[row][0] = from;
            }
            if there[1] {
                rows[row][1] = from.wrapping_add(apart);
            }
        }
        // SAFETY: the caller's.
        unsafe { interleave(inputs::<CHANNELS>(rows[0]), inputs::<CHANNELS>(rows[1])) }
    }
}

/// Adds the products of a strip's window that slides by `STRIDE` columns.
///
/// # Safety
/// As for [`Strips::strip`].
#[inline(always)]
unsafe fn slide<const M: usize, const STRIDE: usize, const CHANNELS: usize>(
    strip: &Strip,
    acc: &mut [[__m256i; 2]; M],
) {
    let columns = (M - 1) * STRIDE + COLUMNS;
    let vectors = vectors::<M, CHANNELS>();
    // Columns from a vector to the next, and from its first pixel to the second.
    let step = STRIDE * (WIDE / CHANNELS);
    let apart = STRIDE.wrapping_mul(strip.steps[2]);
    for plane in 0..strip.taps[0] {
        for row in (0..strip.taps[1]).step_by(2) {
            let pair = Pair::of(strip, plane, row);
            // SAFETY: the caller's; a column that is missed, or there is none of, is not touched.
            unsafe {
                let mut weights = [[_mm256_setzero_si256(); 2]; COLUMNS];
                for column in 0..COLUMNS {
                    weights[column] = pair.weights::<CHANNELS>(column);
                }
                for column in 0..(vectors - 1) * step + COLUMNS {
                    let other = column + STRIDE;
                    let there = [
                        column < columns && !strip.misses(column, columns),
                        other < columns && !strip.misses(other, columns),
                    ];
                    let at = column.wrapping_mul(strip.steps[2]);
                    let inputs = pair.inputs::<CHANNELS>(at, apart, there);
                    for vector in 0..vectors {
                        if column >= vector * step && column - vector * step < COLUMNS {
                            multiply_add(&mut acc[vector], inputs, weights[column - vector * step]);
                        }
                    }
                }
            }
        }
    }
}

/// Adds the products of any window.
///
/// # Safety
/// As for [`Strips::strip`].
#[inline(always)]
unsafe fn taps<const M: usize, const CHANNELS: usize>(strip: &Strip, acc: &mut [[__m256i; 2]; M]) {
    let pixels = WIDE / CHANNELS;
    for plane in 0..strip.taps[0] {
        for row in (0..strip.taps[1]).step_by(2) {
            let pair = Pair::of(strip, plane, row);
            for column in 0..strip.taps[2] {
                // SAFETY: the caller's.
                unsafe {
                    let weights = pair.weights::<CHANNELS>(column);
                    let mut at = column.wrapping_mul(strip.steps[2]);
                    for vector in 0..vectors::<M, CHANNELS>() {
                        let there = [true, vector * pixels + 1 < M];
                        let inputs = pair.inputs::<CHANNELS>(at, strip.pixel, there);
                        multiply_add(&mut acc[vector], inputs, weights);
                        at = at.wrapping_add(pixels.wrapping_mul(strip.pixel));
                    }
                }
            }
        }
    }
}

/// The lower half and the upper.
#[inline(always)]
fn halves(x: __m256i) -> [__m128i; 2] {
    // SAFETY: the caller is compiled for AVX2.
    unsafe { [_mm256_castsi256_si128(x), _mm256_extracti128_si256::<1>(x)] }
}

/// Writes the outputs of `M` pixels.
///
/// # Safety
/// The caller is compiled for AVX2, and they are there.
#[inline(always)]
unsafe fn write<const M: usize, const CHANNELS: usize>(
    acc: &[[__m256i; 2]; M],
    finish: &Finish,
    filters: &[Narrow; 2],
) {
    let mut output = finish.output;
    for vector in 0..vectors::<M, CHANNELS>() {
        // SAFETY: the caller's.
        unsafe {
            let low = filters[0].requantize(acc[vector][0]);
            let high = filters[1].requantize(acc[vector][1]);
            let min = _mm256_set1_epi16(finish.range.min);
            let max = _mm256_set1_epi16(finish.range.max);
            let steps = _mm256_max_epi16(_mm256_packs_epi32(low, high), min);
            let steps = _mm256_min_epi16(steps, max);
            if CHANNELS == WIDE {
                _mm256_storeu_si256(output.cast(), steps);
            } else {
                let [first, second] = halves(steps);
                _mm_storeu_si128(output.cast(), first);
                if 2 * vector + 1 < M {
                    output = output.wrapping_add(finish.output_step);
                    _mm_storeu_si128(output.cast(), second);
                }
            }
        }
        output = output.wrapping_add(finish.output_step);
    }
}

/// The sums of `M` pixels, filter by filter.
#[inline(always)]
fn sums<const M: usize, const CHANNELS: usize>(acc: &[[__m256i; 2]; M]) -> [[i32; PANEL]; M] {
    let mut sums = [[0; PANEL]; M];
    for vector in 0..vectors::<M, CHANNELS>() {
        for half in 0..2 {
            let quarters = halves(acc[vector][half]);
            for i in 0..2 {
                let (pixel, filter) = if CHANNELS == WIDE {
                    (vector, LANES * i)
                } else {
                    (2 * vector + i, 0)
                };
                if pixel < M {
                    let to = sums[pixel]
                        .as_mut_ptr()
                        .wrapping_add(filter + LANES / 2 * half);
                    // SAFETY: the caller is compiled for AVX2; a panel has sixteen filters.
                    unsafe { _mm_storeu_si128(to.cast(), quarters[i]) };
                }
            }
        }
    }
    sums
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

/// What requantizes eight filters whose sums fit 32 bits with the bias, by a multiplier over 2^31.
#[derive(Clone, Copy)]
pub(crate) struct Narrow {
    bias: __m256i,
    multiplier: __m256i,
}

impl Narrow {
    /// # Safety
    /// The caller is compiled for AVX2, and the panel has so many filters.
    #[inline(always)]
    unsafe fn load(finish: &Finish, first: usize) -> Option<Self> {
        // SAFETY: the caller's.
        unsafe {
            let mut rows = [_mm256_setzero_si256(); HEADER];
            for row in 0..HEADER {
                let words = finish.header.wrapping_add(row * finish.width + first);
                rows[row] = _mm256_loadu_si256(words.cast());
            }
            let [bias, high, multiplier, shift] = rows;
            let sign = _mm256_srai_epi32::<31>(bias);
            let left = _mm256_sub_epi32(_mm256_set1_epi32(*NARROW.end()), shift);
            let most = _mm256_set1_epi32(*NARROW.end() - *NARROW.start());
            let beyond = _mm256_or_si256(
                _mm256_or_si256(
                    _mm256_xor_si256(high, sign),
                    _mm256_cmpgt_epi32(
                        _mm256_xor_si256(bias, sign),
                        _mm256_set1_epi32(finish.room),
                    ),
                ),
                _mm256_or_si256(
                    _mm256_cmpgt_epi32(left, most),
                    _mm256_srai_epi32::<31>(left),
                ),
            );
            (_mm256_testz_si256(beyond, beyond) != 0).then_some(Narrow {
                bias,
                multiplier: _mm256_sllv_epi32(multiplier, left),
            })
        }
    }

    /// A half of these filters, then a half of those, as `vperm2i128` names them.
    #[inline(always)]
    fn with<const HALVES: i32>(&self, other: &Self) -> Self {
        // SAFETY: the caller is compiled for AVX2.
        unsafe {
            Narrow {
                bias: _mm256_permute2x128_si256::<HALVES>(self.bias, other.bias),
                multiplier: _mm256_permute2x128_si256::<HALVES>(self.multiplier, other.multiplier),
            }
        }
    }

    #[inline(always)]
    fn requantize(&self, sums: __m256i) -> __m256i {
        // SAFETY: the caller is compiled for AVX2.
        unsafe {
            let half = _mm256_set1_epi64x(1 << 30);
            let even = _mm256_mul_epi32(sums, self.multiplier);
            let odd = _mm256_mul_epi32(
                _mm256_srli_epi64::<32>(sums),
                _mm256_srli_epi64::<32>(self.multiplier),
            );
            let even = _mm256_srli_epi64::<31>(_mm256_add_epi64(even, half));
            let odd = _mm256_slli_epi64::<1>(_mm256_add_epi64(odd, half));
            _mm256_blend_epi32::<0b1010_1010>(even, odd)
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
