//! The dot product of four bytes (FEAT_DotProd), for int8.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::neon_int8::{KernelNeon, NeonI8, Pairs, extension};
use super::opaque;
use super::{LevelI8, Neon, Token};
use crate::kernel::int8::{JobI8, Kernels, neon};
use core::arch::aarch64::*;
use core::arch::asm;

extension!(/// Proof of NEON and `sdot`.
    Dotprod(Neon) "dotprod" "neon,dotprod");

/// Adds to four sums the products of four weights each with quad `I` of the inputs. (The intrinsics
/// are not stable yet.)
#[inline(always)]
fn sdot<const I: u8>(mut sums: int32x4_t, weights: int8x16_t, inputs: int8x16_t) -> int32x4_t {
    // SAFETY: one instruction, which the caller is compiled for.
    unsafe {
        asm!(
            ".arch_extension dotprod",
            "sdot {sums:v}.4s, {weights:v}.16b, {inputs:v}.4b[{i}]",
            sums = inlateout(vreg) sums,
            weights = in(vreg) weights,
            inputs = in(vreg) inputs,
            i = const I,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// Sixteen inputs of a pixel, and where it goes on.
///
/// # Safety
/// They are readable.
#[inline(always)]
unsafe fn sixteen(mut x: *const i8) -> (int8x16_t, *const i8) {
    let inputs;
    // SAFETY: the caller's. Not `pure`, or the compiler would count in registers of its own.
    unsafe {
        asm!(
            "ldr {inputs:q}, [{x}], #16",
            x = inout(reg) x,
            inputs = out(vreg) inputs,
            options(nostack, readonly, preserves_flags),
        );
    }
    (inputs, x)
}

// SAFETY: `detect` makes a value only where the CPU has what `run` enables.
unsafe impl NeonI8 for Dotprod {
    type Sums = int32x4_t;

    /// 24 accumulators, 6 registers of inputs and 2 of weights.
    const PIXELS: usize = 6;
    const VECTORS: usize = 4;
    const PAIRS: bool = false;

    #[inline(always)]
    fn start<const M: usize, const V: usize>(self, sums: [int32x4_t; V]) -> [[int32x4_t; V]; M] {
        [sums; M]
    }

    #[inline(always)]
    unsafe fn add<const M: usize, const V: usize, const W: usize>(
        self,
        sums: &mut [[int32x4_t; V]; M],
        x: *const i8,
        pixel: usize,
        mut w: *const i32,
        quads: usize,
    ) {
        let mut pixels = [x; M];
        for m in 1..M {
            pixels[m] = opaque(x.wrapping_add(m * pixel));
        }
        // SAFETY: the caller's.
        unsafe {
            for _ in 0..quads / 4 {
                let mut inputs = [vdupq_n_s8(0); M];
                for m in 0..M {
                    (inputs[m], pixels[m]) = sixteen(pixels[m]);
                }
                macro_rules! quad {
                    ($i:literal) => {
                        for v in 0..V {
                            let weights = vld1q_s8(w.add($i * W + 4 * v).cast());
                            for m in 0..M {
                                sums[m][v] = sdot::<$i>(sums[m][v], weights, inputs[m]);
                            }
                        }
                    };
                }
                quad!(0);
                quad!(1);
                quad!(2);
                quad!(3);
                w = w.wrapping_add(4 * W);
            }
            for _ in 0..quads % 4 {
                for m in 0..M {
                    let x = pixels[m].cast::<i32>().read_unaligned();
                    pixels[m] = pixels[m].wrapping_add(4);
                    for v in 0..V {
                        let weights = vld1q_s8(w.add(4 * v).cast());
                        let inputs = vreinterpretq_s8_s32(vdupq_n_s32(x));
                        sums[m][v] = sdot::<0>(sums[m][v], weights, inputs);
                    }
                }
                w = w.wrapping_add(W);
            }
        }
    }

    #[inline(always)]
    fn lanes<const M: usize, const V: usize>(
        self,
        sums: [[int32x4_t; V]; M],
    ) -> [[int32x4_t; V]; M] {
        sums
    }

    const MACS: usize = 16;

    #[inline(always)]
    fn zero(self) -> int32x4_t {
        // SAFETY: the caller is compiled for NEON, as all here.
        unsafe { vdupq_n_s32(0) }
    }

    #[inline(always)]
    fn multiply(self, sums: int32x4_t, x: int8x16_t, w: int8x16_t) -> int32x4_t {
        sdot::<0>(sums, w, x)
    }

    #[inline(always)]
    fn run<K: KernelNeon>(self, kernel: K) {
        #[target_feature(enable = "neon,dotprod")]
        #[inline(never)]
        fn enabled<K: KernelNeon>(simd: Dotprod, kernel: K) {
            kernel.run(simd);
        }
        // SAFETY: a `Dotprod` exists only where the CPU has both.
        unsafe { enabled(self, kernel) }
    }

    #[inline(always)]
    fn plain<K: KernelNeon>(self, kernel: K) {
        Pairs(self.0).run(kernel);
    }
}
