//! The dot product of four bytes (FEAT_DotProd), for int8.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::neon_int8::{KernelNeon, NeonI8, extension, opaque};
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
    // SAFETY: one instruction, which the caller is compiled for. Not `pure`, so that it is over before
    // its weights are read anew.
    unsafe {
        asm!(
            ".arch_extension dotprod",
            "sdot {sums:v}.4s, {weights:v}.16b, {inputs:v}.4b[{i}]",
            sums = inlateout(vreg) sums,
            weights = in(vreg) weights,
            inputs = in(vreg) inputs,
            i = const I,
            options(nomem, nostack, preserves_flags),
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

/// Four vectors of weights, and where those go on.
///
/// # Safety
/// They are readable.
#[inline(always)]
unsafe fn vectors(mut w: *const i32) -> ([int8x16_t; 4], *const i32) {
    let (a, b, c, d);
    // SAFETY: the caller's. It takes neighbouring registers; the compiler makes two instructions of the
    // intrinsic.
    unsafe {
        asm!(
            "ld1 {{v28.16b, v29.16b, v30.16b, v31.16b}}, [{w}], #64",
            w = inout(reg) w,
            out("v28") a,
            out("v29") b,
            out("v30") c,
            out("v31") d,
            options(nostack, readonly, preserves_flags),
        );
    }
    ([a, b, c, d], w)
}

// SAFETY: `detect` makes a value only where the CPU has what `run` enables.
unsafe impl NeonI8 for Dotprod {
    type Sums = int32x4_t;

    /// 20 accumulators, 5 registers of inputs and 4 of weights, which are then read by one instruction.
    const PIXELS: usize = 5;
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
                // A panel is no wider than a tile, so the weights of four quads lie side by side: four
                // registers for each vector of filters.
                macro_rules! fours {
                    ($($four:literal)*) => {$(
                        if const { $four < V } {
                            let (a, b, c, d);
                            ([a, b, c, d], w) = vectors(w);
                            four!($four a 0);
                            four!($four b 1);
                            four!($four c 2);
                            four!($four d 3);
                        }
                    )*};
                }
                macro_rules! four {
                    ($four:literal $weights:ident $place:literal) => {
                        let v = const { (4 * $four + $place) % V };
                        for m in 0..M {
                            let sums = &mut sums[m][v];
                            *sums = match const { (4 * $four + $place) / V } {
                                0 => sdot::<0>(*sums, $weights, inputs[m]),
                                1 => sdot::<1>(*sums, $weights, inputs[m]),
                                2 => sdot::<2>(*sums, $weights, inputs[m]),
                                _ => sdot::<3>(*sums, $weights, inputs[m]),
                            };
                        }
                    };
                }
                fours!(0 1 2 3);
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
}
