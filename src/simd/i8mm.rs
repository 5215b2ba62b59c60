//! The product of two rows of eight bytes with two columns (FEAT_I8MM), for int8.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::neon_int8::{KernelNeon, NeonI8, PAIR, extension, sixty_four, thirty_two};
use super::{Dotprod, LevelI8, Neon, Token};
use crate::kernel::int8::{JobI8, Kernels, neon};
use core::arch::aarch64::*;
use core::arch::asm;

extension!(/// Proof of NEON, `sdot` and `smmla`.
    I8mm(Dotprod) "i8mm" "neon,dotprod,i8mm");

/// Adds the products of two pixels' eight inputs with two filters' eight weights: of the first pixel
/// with the first and the second filter, then of the second pixel. (The intrinsics are not stable yet. Not
/// `pure`, so that it stays before the load that its inputs' registers are for next.)
#[inline(always)]
fn smmla(mut sums: int32x4_t, inputs: int8x16_t, weights: int8x16_t) -> int32x4_t {
    // SAFETY: one instruction, which the caller is compiled for.
    unsafe {
        asm!(
            ".arch_extension i8mm",
            "smmla {sums:v}.4s, {inputs:v}.16b, {weights:v}.16b",
            sums = inlateout(vreg) sums,
            inputs = in(vreg) inputs,
            weights = in(vreg) weights,
            options(nomem, nostack, preserves_flags),
        );
    }
    sums
}

#[inline(always)]
fn zip([a, b]: [int32x4_t; 2]) -> [int32x4_t; 2] {
    // SAFETY: the caller is compiled for NEON, as all here.
    unsafe {
        let [a, b] = [a, b].map(|x| vreinterpretq_s64_s32(x));
        [vzip1q_s64(a, b), vzip2q_s64(a, b)].map(|x| vreinterpretq_s32_s64(x))
    }
}

/// Four words of vector `v`.
///
/// # Safety
/// They are readable.
#[inline(always)]
unsafe fn load(w: *const i32, v: usize) -> int32x4_t {
    // SAFETY: the caller's.
    unsafe { vld1q_s32(w.add(4 * v)) }
}

/// The weights of two filters each, of two quads of each vector.
#[inline(always)]
fn weights<const V: usize>(quads: impl Fn(usize) -> (int32x4_t, int32x4_t)) -> [[int8x16_t; 2]; V] {
    // SAFETY: the caller is compiled for NEON, as all here.
    unsafe {
        let mut weights = [[vdupq_n_s8(0); 2]; V];
        for v in 0..V {
            let (first, second) = quads(v);
            weights[v] = [vzip1q_s32(first, second), vzip2q_s32(first, second)]
                .map(|x| vreinterpretq_s8_s32(x));
        }
        weights
    }
}

/// Adds the products of eight inputs each of `N` pairs from pixel `first` on.
#[inline(always)]
fn add_pairs<const N: usize, const M: usize, const V: usize>(
    sums: &mut [[int32x4_t; V]; M],
    first: usize,
    inputs: [int8x16_t; N],
    weights: &[[int8x16_t; 2]; V],
) {
    for pair in 0..N {
        for v in 0..V {
            for half in 0..2 {
                let sums = &mut sums[first + 2 * pair + half][v];
                *sums = smmla(*sums, inputs[pair], weights[v][half]);
            }
        }
    }
}

/// Adds the products of eight inputs of each pixel, and says where the next are.
///
/// # Safety
/// The inputs are readable.
#[inline(always)]
unsafe fn add_eight<const M: usize, const V: usize>(
    sums: &mut [[int32x4_t; V]; M],
    mut x: *const i8,
    weights: [[int8x16_t; 2]; V],
) -> *const i8 {
    // SAFETY: the caller's.
    unsafe {
        for four in 0..M / 8 {
            let (inputs, next) = sixty_four(x);
            add_pairs(sums, 8 * four, inputs, &weights);
            x = next;
        }
        if M % 8 >= 4 {
            let (inputs, next) = thirty_two(x);
            add_pairs(sums, M / 8 * 8, inputs, &weights);
            x = next;
        }
        if M % 4 >= 2 {
            add_pairs(sums, M / 4 * 4, [vld1q_s8(x)], &weights);
            x = x.wrapping_add(16);
        }
    }
    x.wrapping_add(PAIR - M / 2 * 16)
}

/// [`add_eight`] for two quads of weights, `W` words apart, and where the next are.
///
/// # Safety
/// All of that is readable.
#[inline(always)]
unsafe fn add_two_quads<const M: usize, const V: usize, const W: usize>(
    sums: &mut [[int32x4_t; V]; M],
    x: *const i8,
    w: *const i32,
) -> (*const i8, *const i32) {
    // SAFETY: the caller's.
    unsafe {
        let second = w.add(W);
        let x = add_eight(sums, x, weights(|v| (load(w, v), load(second, v))));
        (x, w.wrapping_add(2 * W))
    }
}

// SAFETY: `detect` makes a value only where the CPU has what `run` enables.
unsafe impl NeonI8 for I8mm {
    /// Half of what two pixels have: that of the first pixel is the sums of both with the first two
    /// filters, that of the second with the others.
    type Sums = int32x4_t;

    /// 24 accumulators, 4 registers of weights, and some of inputs.
    const PIXELS: usize = 12;
    const VECTORS: usize = 2;
    const PAIRS: bool = true;

    #[inline(always)]
    fn start<const M: usize, const V: usize>(self, sums: [int32x4_t; V]) -> [[int32x4_t; V]; M] {
        let mut start = [sums; M];
        for v in 0..V {
            let halves = zip([sums[v]; 2]);
            for m in 0..M {
                start[m][v] = halves[m % 2];
            }
        }
        start
    }

    #[inline(always)]
    unsafe fn add<const M: usize, const V: usize, const W: usize>(
        self,
        sums: &mut [[int32x4_t; V]; M],
        mut x: *const i8,
        _pixel: usize,
        mut w: *const i32,
        quads: usize,
    ) {
        // SAFETY: the caller's.
        unsafe {
            for _ in 0..quads / 4 {
                (x, w) = add_two_quads::<M, V, W>(sums, x, w);
                (x, w) = add_two_quads::<M, V, W>(sums, x, w);
            }
            if quads % 4 >= 2 {
                (x, w) = add_two_quads::<M, V, W>(sums, x, w);
            }
            if quads % 2 == 1 {
                add_eight(sums, x, weights(|v| (load(w, v), vdupq_n_s32(0))));
            }
        }
    }

    #[inline(always)]
    fn lanes<const M: usize, const V: usize>(
        self,
        sums: [[int32x4_t; V]; M],
    ) -> [[int32x4_t; V]; M] {
        let mut lanes = sums;
        for pair in 0..M / 2 {
            for v in 0..V {
                let both = zip([sums[2 * pair][v], sums[2 * pair + 1][v]]);
                for i in 0..2 {
                    lanes[2 * pair + i][v] = both[i];
                }
            }
        }
        lanes
    }

    const MACS: usize = 32;

    #[inline(always)]
    fn zero(self) -> int32x4_t {
        // SAFETY: the caller is compiled for NEON, as all here.
        unsafe { vdupq_n_s32(0) }
    }

    #[inline(always)]
    fn multiply(self, sums: int32x4_t, x: int8x16_t, w: int8x16_t) -> int32x4_t {
        smmla(sums, x, w)
    }

    #[inline(always)]
    fn run<K: KernelNeon>(self, kernel: K) {
        #[target_feature(enable = "neon,dotprod,i8mm")]
        #[inline(never)]
        fn enabled<K: KernelNeon>(simd: I8mm, kernel: K) {
            kernel.run(simd);
        }
        // SAFETY: an `I8mm` exists only where the CPU has them.
        unsafe { enabled(self, kernel) }
    }

    #[inline(always)]
    fn plain<K: KernelNeon>(self, kernel: K) {
        self.0.plain(kernel);
    }
}
