//! int8 in 256 bits: AVX2, and AVX-VNNI.

use super::x86::{Avx2, AvxVnni};
use super::{Ends, GROUP, KernelI8, LevelI8, MinimalI8, SLACK, SimdI8};
use crate::kernel::int8::vectors::{PeakI8, minimal, quads};
use crate::kernel::int8::{JobI8, Kernels};
use core::arch::x86_64::*;

/// A level whose kernels are compiled for these instructions.
macro_rules! level_i8 {
    ($token:ident, $features:literal, $run:path) => {
        impl LevelI8 for $token {
            #[inline]
            fn run_i8(self, _: Kernels, job: &JobI8<'_>) {
                #[target_feature(enable = $features)]
                #[inline(never)]
                fn enabled(simd: $token, job: JobI8<'_>) {
                    $run(simd, job);
                }
                // SAFETY: a token exists only where the CPU has them.
                unsafe { enabled(self, job.clone()) }
            }

            fn multiply_adds_i8(self, rounds: u64) -> u64 {
                let mut macs = 0;
                SimdI8::run(
                    self,
                    PeakI8 {
                        rounds,
                        macs: &mut macs,
                    },
                );
                macs
            }
        }
    };
}
pub(super) use level_i8;

level_i8!(Avx2, "avx2,fma", minimal::run);
level_i8!(AvxVnni, "avx2,fma,avxvnni", quads::run);

/// The products of every other lane, in 64 bits.
///
/// It is `_mm256_mul_epi32`, which the compiler takes for a product of two numbers of 64 bits: where it
/// moves the sign extension of one of them out of a loop, it no longer sees that one instruction does.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn multiply_even(a: __m256i, b: __m256i) -> __m256i {
    let product;
    // SAFETY: an instruction of AVX2 that touches nothing but its registers.
    unsafe {
        core::arch::asm!(
            "vpmuldq {}, {}, {}",
            lateout(ymm_reg) product, in(ymm_reg) a, in(ymm_reg) b,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    product
}

/// The products of eight sums with their multipliers and `nudge`, by 2^31, rounded down.
#[inline(always)]
fn high(sum: __m256i, multiplier: __m256i, nudge: i64) -> __m256i {
    // SAFETY: the caller is compiled for AVX2, as all here.
    unsafe {
        let nudge = _mm256_set1_epi64x(nudge);
        let [odd_sum, odd_multiplier] = [sum, multiplier].map(|x| _mm256_srli_epi64::<32>(x));
        let even = _mm256_add_epi64(multiply_even(sum, multiplier), nudge);
        let odd = _mm256_add_epi64(multiply_even(odd_sum, odd_multiplier), nudge);
        let even = _mm256_srli_epi64::<31>(even);
        let odd = _mm256_slli_epi64::<1>(odd);
        _mm256_blend_epi32::<0b1010_1010>(even, odd)
    }
}

/// Shifts right by `-shift`, at least 1, and rounds ties up.
#[inline(always)]
fn shift_right(x: __m256i, shift: __m256i) -> __m256i {
    // SAFETY: as above.
    unsafe {
        let ones = _mm256_set1_epi32(-1);
        // -1 - shift
        let twice = _mm256_srav_epi32(x, _mm256_xor_si256(shift, ones));
        _mm256_srai_epi32::<1>(_mm256_sub_epi32(twice, ones))
    }
}

/// Twice the result of [`Rounding::Tflite`](crate::Rounding::Tflite), rounded down, for sums within
/// -2^29..2^29 and shifts below 0; filters 0 2 1 3 of each four.
///
/// With p for sum times multiplier, s for the sum's sign and r for the shift to the right, the result is
/// floor((p + s 2^30 + 2^(r+30)) / 2^(r+31)): the second rounding lowers a negative number by one, and
/// that is 2^31 here. It is the same to round p down to a multiple of 2^30 first.
#[inline(always)]
fn twice_tflite(sum: __m256i, multiplier: __m256i, shift: __m256i) -> __m256i {
    // SAFETY: as above.
    unsafe {
        let four = _mm256_slli_epi32::<2>(sum);
        let even = multiply_even(four, multiplier);
        let odd = multiply_even(
            _mm256_srli_epi64::<32>(four),
            _mm256_srli_epi64::<32>(multiplier),
        );
        // The higher half of each product of 64 bits. A positive one may be none: then the sign makes
        // no difference.
        let steps = _mm256_castps_si256(_mm256_shuffle_ps::<0b11_01_11_01>(
            _mm256_castsi256_ps(even),
            _mm256_castsi256_ps(odd),
        ));
        let ones = _mm256_set1_epi32(1);
        let nudged = _mm256_add_epi32(steps, _mm256_sign_epi32(ones, steps));
        let right = _mm256_sub_epi32(_mm256_setzero_si256(), shift);
        _mm256_srav_epi32(nudged, _mm256_shuffle_epi32::<0b11_01_10_00>(right))
    }
}

/// Adds the zero point to 16-bit results, clamps, and packs: of each half of four vectors, four filters
/// one after the other.
#[inline(always)]
fn bytes(halves: [__m256i; 2], ends: Ends) -> __m256i {
    // SAFETY: as above.
    unsafe {
        let zero = _mm256_set1_epi16(ends.zero as i16);
        let bytes = _mm256_packs_epi16(
            _mm256_adds_epi16(halves[0], zero),
            _mm256_adds_epi16(halves[1], zero),
        );
        let bytes = _mm256_max_epi8(bytes, _mm256_set1_epi8(ends.min as i8));
        let bytes = _mm256_min_epi8(bytes, _mm256_set1_epi8(ends.max as i8));
        _mm256_xor_si256(bytes, _mm256_set1_epi8(ends.flip as i8))
    }
}

/// Stores such bytes, each vector `step` further on.
///
/// # Safety
/// Eight bytes are writable at each place.
#[inline(always)]
unsafe fn store(p: *mut i8, step: usize, bytes: __m256i) {
    // SAFETY: as above, and the caller's.
    unsafe {
        // Four filters of each of the four vectors, then the four others.
        let [low, high] = [
            _mm256_castsi256_si128(bytes),
            _mm256_extracti128_si256::<1>(bytes),
        ];
        let mut p = p;
        for pair in [_mm_unpacklo_epi32(low, high), _mm_unpackhi_epi32(low, high)] {
            _mm_storel_epi64(p.cast(), pair);
            p = p.wrapping_add(step);
            _mm_storeh_pd(p.cast(), _mm_castsi128_pd(pair));
            p = p.wrapping_add(step);
        }
    }
}

/// What levels of 256 bits have in common: all but the products.
macro_rules! words {
    ($features:literal) => {
        type I32 = __m256i;
        type Pair = __m256i;
        type Mask = ();

        #[inline(always)]
        fn mask(self, _width: usize) {}

        #[inline(always)]
        unsafe fn pair<const UNSIGNED: bool>(self, a: *const i8, b: *const i8) -> __m256i {
            unsafe {
                let pairs = _mm_unpacklo_epi8(_mm_loadl_epi64(a.cast()), _mm_loadl_epi64(b.cast()));
                if UNSIGNED {
                    _mm256_cvtepu8_epi16(pairs)
                } else {
                    _mm256_cvtepi8_epi16(pairs)
                }
            }
        }

        #[inline(always)]
        unsafe fn load(self, p: *const i32, (): ()) -> __m256i {
            unsafe { _mm256_loadu_si256(p.cast()) }
        }

        #[inline(always)]
        unsafe fn store(self, p: *mut i32, x: __m256i) {
            unsafe { _mm256_storeu_si256(p.cast(), x) }
        }

        #[inline(always)]
        fn splat(self, x: i32) -> __m256i {
            unsafe { _mm256_set1_epi32(x) }
        }

        #[inline(always)]
        fn add(self, a: __m256i, b: __m256i) -> __m256i {
            unsafe { _mm256_add_epi32(a, b) }
        }

        #[inline(always)]
        fn halves(self, a: __m256i, b: __m256i) -> __m256i {
            unsafe { _mm256_inserti128_si256::<1>(a, _mm256_castsi256_si128(b)) }
        }

        #[inline(always)]
        fn multiply(self, a: __m256i, b: __m256i) -> __m256i {
            unsafe { _mm256_mullo_epi32(a, b) }
        }

        #[inline(always)]
        fn all_negative(self, x: __m256i, lanes: usize) -> bool {
            let exist = (1 << lanes) - 1;
            unsafe { _mm256_movemask_ps(_mm256_castsi256_ps(x)) & exist == exist }
        }

        #[inline(always)]
        fn tflite(self, sum: __m256i, multiplier: __m256i, shift: __m256i) -> __m256i {
            unsafe {
                let high = high(sum, multiplier, 1 << 30);
                // A negative number that is one less rounds ties down.
                let lower = _mm256_add_epi32(high, _mm256_srai_epi32::<31>(high));
                shift_right(lower, shift)
            }
        }

        #[inline(always)]
        fn tflite_single(self, sum: __m256i, multiplier: __m256i, shift: __m256i) -> __m256i {
            // What the first shift drops is less than a step of the tie of the second.
            shift_right(high(sum, multiplier, 0), shift)
        }

        #[inline(always)]
        fn float(self, sum: __m256i, scale: __m256i, low: f32, high: f32) -> __m256i {
            unsafe {
                let product = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_castsi256_ps(scale));
                let clamped = _mm256_min_ps(
                    _mm256_max_ps(product, _mm256_set1_ps(low)),
                    _mm256_set1_ps(high),
                );
                _mm256_cvtps_epi32(clamped)
            }
        }

        #[inline(always)]
        unsafe fn store_bytes(self, p: *mut i8, step: usize, x: [__m256i; GROUP], ends: Ends) {
            unsafe {
                let halves = [
                    _mm256_packs_epi32(x[0], x[1]),
                    _mm256_packs_epi32(x[2], x[3]),
                ];
                store(p, step, bytes(halves, ends));
            }
        }

        #[inline(always)]
        unsafe fn store_tflite(
            self,
            p: *mut i8,
            step: usize,
            x: [__m256i; GROUP],
            multiplier: __m256i,
            shift: __m256i,
            ends: Ends,
        ) {
            unsafe {
                let mut x = x;
                for x in &mut x {
                    *x = twice_tflite(*x, multiplier, shift);
                }
                let mut halves = [
                    _mm256_packs_epi32(x[0], x[1]),
                    _mm256_packs_epi32(x[2], x[3]),
                ];
                for half in &mut halves {
                    *half = _mm256_mulhrs_epi16(*half, _mm256_set1_epi16(1 << 14));
                }
                // Filters 0 2 1 3 of each four.
                let order = _mm256_broadcastsi128_si256(_mm_setr_epi8(
                    0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15,
                ));
                store(p, step, _mm256_shuffle_epi8(bytes(halves, ends), order));
            }
        }

        #[inline(never)] // as in `Simd`
        fn run<K: KernelI8<Self>>(self, kernel: K) {
            #[target_feature(enable = $features)]
            fn enabled<S: SimdI8, K: KernelI8<S>>(simd: S, kernel: K) {
                kernel.run(simd);
            }
            // SAFETY: an `Avx2` exists only where the CPU has both.
            unsafe { enabled(self, kernel) }
        }
    };
}

// SAFETY: `detect` makes a value only where the CPU has what `run` enables. The arithmetic of the
// methods needs only that; an address that is used is the caller's.
#[allow(clippy::undocumented_unsafe_blocks)]
unsafe impl SimdI8 for Avx2 {
    /// `vpmaddwd` multiplies 16-bit numbers and adds neighbours; nothing in it saturates.
    type Input = i16;
    type Quad = __m256i;
    /// Four filters each, four 16-bit weights a filter.
    type Weights = [__m256i; 2];
    /// Four filters each, two halves of the sum a filter.
    type Sums = [__m256i; 2];

    const LANES: usize = 8;
    const OFFSET: i32 = 0;
    const VECTORS: usize = 1;
    /// 12 accumulators, 2 registers of weights, an input, and a product of 16 registers.
    const TILES: [usize; 3] = [0, 6, 0];

    #[inline(always)]
    unsafe fn stage(self, from: *const i8, end: *const i8, to: *mut i16, count: usize, flip: u8) {
        const { assert!(SLACK >= 15) };
        unsafe {
            let flips = _mm_set1_epi8(flip as i8);
            let mut at = 0;
            while at < count && end.addr() - from.addr() >= at + 16 {
                let bytes = _mm_xor_si128(_mm_loadu_si128(from.add(at).cast()), flips);
                _mm256_storeu_si256(to.add(at).cast(), _mm256_cvtepi8_epi16(bytes));
                at += 16;
            }
            while at < count {
                to.add(at).write((from.add(at).read() ^ flip as i8).into());
                at += 1;
            }
        }
    }

    #[inline(always)]
    unsafe fn stage_all(
        self,
        pixels: usize,
        from: *const i8,
        right: usize,
        end: *const i8,
        to: *mut i16,
        stride: usize,
        count: usize,
        flip: u8,
    ) {
        unsafe {
            // As many as can be read a vector at a time, the last of which is the farthest on.
            let last = pixels.wrapping_sub(1).wrapping_mul(right);
            let last = from.addr().wrapping_add(last);
            let vectors = count.div_ceil(16);
            let whole = end.addr().wrapping_sub(last) >= vectors * 16;
            if !whole || vectors > 2 {
                return self.stage_each(pixels, from, right, end, to, stride, count, flip);
            }
            let flips = _mm_set1_epi8(flip as i8);
            let mut at = 0;
            while at < count {
                let (mut from, mut to) = (from.add(at), to.add(at));
                for _ in 0..pixels {
                    let bytes = _mm_xor_si128(_mm_loadu_si128(from.cast()), flips);
                    _mm256_storeu_si256(to.cast(), _mm256_cvtepi8_epi16(bytes));
                    from = from.wrapping_add(right);
                    to = to.wrapping_add(stride);
                }
                at += 16;
            }
        }
    }

    #[inline(always)]
    unsafe fn fill(self, to: *mut i16, count: usize, input: i8) {
        unsafe {
            let inputs = _mm256_set1_epi16(input.into());
            let mut at = 0;
            while at < count {
                _mm256_storeu_si256(to.add(at).cast(), inputs);
                at += 16;
            }
        }
    }

    #[inline(always)]
    fn zero(self) -> [__m256i; 2] {
        unsafe { [_mm256_setzero_si256(); 2] }
    }

    #[inline(always)]
    unsafe fn quad(self, p: *const i16) -> __m256i {
        unsafe { _mm256_set1_epi64x(p.cast::<i64>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn weights(self, p: *const i32, (): ()) -> [__m256i; 2] {
        unsafe {
            [
                _mm256_cvtepi8_epi16(_mm_loadu_si128(p.cast())),
                _mm256_cvtepi8_epi16(_mm_loadu_si128(p.add(4).cast())),
            ]
        }
    }

    #[inline(always)]
    fn dot(self, sums: [__m256i; 2], quad: __m256i, weights: [__m256i; 2]) -> [__m256i; 2] {
        unsafe {
            [
                _mm256_add_epi32(sums[0], _mm256_madd_epi16(quad, weights[0])),
                _mm256_add_epi32(sums[1], _mm256_madd_epi16(quad, weights[1])),
            ]
        }
    }

    #[inline(always)]
    fn multiply_only(
        self,
        sums: [__m256i; 2],
        quad: __m256i,
        _weights: [__m256i; 2],
    ) -> [__m256i; 2] {
        unsafe { sums.map(|sums| _mm256_madd_epi16(sums, quad)) }
    }

    #[inline(always)]
    fn lanes(self, sums: [__m256i; 2]) -> __m256i {
        // Filters 0 1 4 5 2 3 6 7.
        unsafe { _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(sums[0], sums[1])) }
    }

    #[inline(always)]
    fn dot_pair(self, sums: __m256i, inputs: __m256i, weights: __m256i) -> __m256i {
        unsafe { _mm256_add_epi32(sums, _mm256_madd_epi16(inputs, weights)) }
    }

    words!("avx2,fma");
}

// SAFETY: as for `SimdI8`.
#[allow(clippy::undocumented_unsafe_blocks)]
unsafe impl MinimalI8 for Avx2 {
    #[inline(always)]
    unsafe fn points(self, from: [*const i8; 4], to: [*mut i16; 4], count: usize, flip: u8) {
        unsafe {
            let flips = _mm_set1_epi8(flip as i8);
            let mut at = 0;
            while at + 16 <= count {
                let d = from.map(|p| {
                    let bytes = _mm_loadu_si128(p.wrapping_add(at).cast());
                    _mm256_cvtepi8_epi16(_mm_xor_si128(bytes, flips))
                });
                let points = [
                    _mm256_sub_epi16(d[0], d[2]),
                    _mm256_add_epi16(d[1], d[2]),
                    _mm256_sub_epi16(d[2], d[1]),
                    _mm256_sub_epi16(d[1], d[3]),
                ];
                for (to, point) in to.into_iter().zip(points) {
                    _mm256_storeu_si256(to.wrapping_add(at).cast(), point);
                }
                at += 16;
            }
            while at < count {
                let d = from.map(|p| {
                    let word = p.wrapping_add(at).cast::<i32>().read_unaligned();
                    _mm_cvtepi8_epi16(_mm_xor_si128(_mm_cvtsi32_si128(word), flips))
                });
                let points = [
                    _mm_sub_epi16(d[0], d[2]),
                    _mm_add_epi16(d[1], d[2]),
                    _mm_sub_epi16(d[2], d[1]),
                    _mm_sub_epi16(d[1], d[3]),
                ];
                for (to, point) in to.into_iter().zip(points) {
                    _mm_storel_epi64(to.wrapping_add(at).cast(), point);
                }
                at += 4;
            }
        }
    }

    #[inline(always)]
    unsafe fn transform(self, taps: [*const i32; 3], to: [*mut i16; 4]) {
        unsafe {
            let g = taps.map(|p| self.weights(p, ()));
            for half in 0..2 {
                let [a, b, c] = g.map(|g| g[half]);
                let ends = _mm256_add_epi16(a, c);
                let points = [
                    _mm256_add_epi16(a, a),
                    _mm256_add_epi16(ends, b),
                    _mm256_sub_epi16(ends, b),
                    _mm256_add_epi16(c, c),
                ];
                for (to, point) in to.into_iter().zip(points) {
                    _mm256_storeu_si256(to.add(16 * half).cast(), point);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn transformed(self, p: *const i16) -> [__m256i; 2] {
        unsafe { [0, 16].map(|at| _mm256_loadu_si256(p.add(at).cast())) }
    }

    #[inline(always)]
    fn outputs(self, points: [[__m256i; 2]; 4]) -> [__m256i; 2] {
        unsafe {
            let halves = [0, 1].map(|half| {
                let m = points.map(|point| point[half]);
                let sum = _mm256_add_epi32(m[0], _mm256_add_epi32(m[1], m[2]));
                let difference = _mm256_sub_epi32(m[1], _mm256_add_epi32(m[2], m[3]));
                [sum, difference]
            });
            [0, 1].map(|output| {
                _mm256_srai_epi32::<1>(self.lanes([halves[0][output], halves[1][output]]))
            })
        }
    }
}

// SAFETY: as for `Avx2`.
#[allow(clippy::undocumented_unsafe_blocks)]
unsafe impl SimdI8 for AvxVnni {
    /// `vpdpbusd` multiplies unsigned bytes by signed ones; it does not saturate.
    type Input = u8;
    type Quad = __m256i;
    type Weights = __m256i;
    type Sums = __m256i;

    const LANES: usize = 8;
    const OFFSET: i32 = 128;
    const VECTORS: usize = 2;
    /// 12 sums, 2 vectors of weights, an input, and one to spare of 16 registers.
    const TILES: [usize; 3] = [0, 12, 6];

    #[inline(always)]
    unsafe fn stage(self, from: *const i8, end: *const i8, to: *mut u8, count: usize, flip: u8) {
        const { assert!(SLACK >= 31) };
        unsafe {
            let flips = _mm256_set1_epi8((flip ^ 0x80) as i8);
            let mut at = 0;
            while at < count && end.addr() - from.addr() >= at + 32 {
                let bytes = _mm256_loadu_si256(from.add(at).cast());
                _mm256_storeu_si256(to.add(at).cast(), _mm256_xor_si256(bytes, flips));
                at += 32;
            }
            while at < count {
                to.add(at).write(from.add(at).read() as u8 ^ flip ^ 0x80);
                at += 1;
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
    fn zero(self) -> __m256i {
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    unsafe fn quad(self, p: *const u8) -> __m256i {
        unsafe { _mm256_set1_epi32(p.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn weights(self, p: *const i32, (): ()) -> __m256i {
        unsafe { _mm256_loadu_si256(p.cast()) }
    }

    #[inline(always)]
    fn dot(self, sums: __m256i, quad: __m256i, weights: __m256i) -> __m256i {
        unsafe { _mm256_dpbusd_avx_epi32(sums, quad, weights) }
    }

    #[inline(always)]
    fn lanes(self, sums: __m256i) -> __m256i {
        sums
    }

    #[inline(always)]
    fn dot_pair(self, sums: __m256i, inputs: __m256i, weights: __m256i) -> __m256i {
        unsafe { _mm256_dpwssd_avx_epi32(sums, inputs, weights) }
    }

    words!("avx2,fma,avxvnni");
}
