//! The dot product of four bytes (FEAT_DotProd), for int8.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::neon_int8::{KernelNeon, NeonI8, Pairs, extension, sixty_four, thirty_two};
use super::opaque;
use super::{LevelI8, Neon, Token};
use crate::kernel::int8::{JobI8, Kernels, neon};
use core::arch::aarch64::*;
use core::arch::asm;

extension!(/// Proof of NEON and `sdot`.
    Dotprod(Neon) "dotprod" "neon,dotprod");

/// Adds to four sums the products of four weights each with quad `I` of the inputs. (The intrinsics
/// are not stable yet. Not `pure`, so that it stays before the load that its weights' registers are for
/// next.)
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
            options(nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// The weights of a quad, of which there are `W` words, and where the next one's are.
///
/// # Safety
/// They are readable.
#[inline(always)]
unsafe fn weights<const V: usize, const W: usize>(w: *const i32) -> ([int8x16_t; V], *const i32) {
    // SAFETY: the caller's.
    unsafe {
        let mut weights = [vdupq_n_s8(0); V];
        if V == 4 && W == 16 {
            let (four, next) = sixty_four(w.cast());
            weights.copy_from_slice(&four);
            (weights, next.cast())
        } else {
            for v in 0..V {
                weights[v] = vld1q_s8(w.add(4 * v).cast());
            }
            (weights, w.wrapping_add(W))
        }
    }
}

/// Adds the products of quad `I` of the inputs, and says where the next one's weights are.
///
/// # Safety
/// As for [`weights`].
#[inline(always)]
unsafe fn add_quad<const I: u8, const M: usize, const V: usize, const W: usize>(
    sums: &mut [[int32x4_t; V]; M],
    inputs: &[int8x16_t; M],
    w: *const i32,
) -> *const i32 {
    // SAFETY: the caller's.
    let (weights, w) = unsafe { weights::<V, W>(w) };
    for v in 0..V {
        for m in 0..M {
            sums[m][v] = sdot::<I>(sums[m][v], weights[v], inputs[m]);
        }
    }
    w
}

/// [`add_quad`] for the four quads of the inputs.
///
/// # Safety
/// As for [`weights`], of each.
#[inline(always)]
unsafe fn add_sixteen<const M: usize, const V: usize, const W: usize>(
    sums: &mut [[int32x4_t; V]; M],
    inputs: &[int8x16_t; M],
    w: *const i32,
) -> *const i32 {
    // SAFETY: the caller's.
    unsafe {
        let w = add_quad::<0, M, V, W>(sums, inputs, w);
        let w = add_quad::<1, M, V, W>(sums, inputs, w);
        let w = add_quad::<2, M, V, W>(sums, inputs, w);
        add_quad::<3, M, V, W>(sums, inputs, w)
    }
}

// SAFETY: `detect` makes a value only where the CPU has what `run` enables.
unsafe impl NeonI8 for Dotprod {
    type Sums = int32x4_t;

    /// 16 accumulators, 8 registers of inputs and 4 or 8 of weights. Six pixels would share the weights of a
    /// load, but leave no room for four registers that one instruction loads: it would take more of them.
    const PIXELS: usize = 4;
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
            let mut inputs = [[vdupq_n_s8(0); M]; 2];
            for _ in 0..quads / 8 {
                for m in 0..M {
                    ([inputs[0][m], inputs[1][m]], pixels[m]) = thirty_two(pixels[m]);
                }
                w = add_sixteen::<M, V, W>(sums, &inputs[0], w);
                w = add_sixteen::<M, V, W>(sums, &inputs[1], w);
            }
            if quads % 8 >= 4 {
                for m in 0..M {
                    inputs[0][m] = vld1q_s8(pixels[m]);
                    pixels[m] = pixels[m].wrapping_add(16);
                }
                w = add_sixteen::<M, V, W>(sums, &inputs[0], w);
            }
            let rest = quads % 4;
            if rest > 0 && quads > 4 {
                // The last sixteen, of which some have been multiplied.
                for m in 0..M {
                    inputs[0][m] = vld1q_s8(pixels[m].wrapping_add(4 * rest).wrapping_sub(16));
                }
                if rest == 3 {
                    w = add_quad::<1, M, V, W>(sums, &inputs[0], w);
                }
                if rest >= 2 {
                    w = add_quad::<2, M, V, W>(sums, &inputs[0], w);
                }
                add_quad::<3, M, V, W>(sums, &inputs[0], w);
                return;
            }
            for _ in 0..rest {
                for m in 0..M {
                    let x = pixels[m].cast::<i32>().read_unaligned();
                    inputs[0][m] = vreinterpretq_s8_s32(vdupq_n_s32(x));
                    pixels[m] = pixels[m].wrapping_add(4);
                }
                w = add_quad::<0, M, V, W>(sums, &inputs[0], w);
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
