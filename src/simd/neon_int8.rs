//! int8 on aarch64: what its kernels are written over, and NEON as every CPU has it.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::{LevelI8, Neon, opaque};
use crate::kernel::Direct;
use crate::kernel::int8::neon;
use crate::kernel::int8::{JobI8, Kernels};
use core::arch::aarch64::*;
use core::arch::asm;

/// An instruction set, as the int8 kernels of aarch64 see it: bytes are multiplied as they are.
///
/// Sums are exact: whatever order a level adds in, the result is the same number.
///
/// # Safety
///
/// `run` enables every instruction that the other methods use, and a value is made only where the
/// CPU has them.
pub(crate) unsafe trait NeonI8: Copy {
    /// What is kept for four filters of a pixel while products are added.
    type Sums: Copy;

    /// The most pixels of a tile.
    const PIXELS: usize;
    /// The most vectors, of four filters each, of a tile.
    const VECTORS: usize;
    /// Pixels are multiplied in pairs, and laid out so: see [`PAIR`].
    const PAIRS: bool;

    /// The sums of `M` pixels that are these.
    fn start<const M: usize, const V: usize>(self, sums: [int32x4_t; V]) -> [[Self::Sums; V]; M];

    /// Adds `quads` times four inputs of each pixel times the weights of the filters, of which those
    /// of neighbouring quads are `W` words apart.
    ///
    /// The inputs of the first pixel lie at `x` and of each next one `pixel` further on, or all in
    /// pairs.
    ///
    /// # Safety
    /// All of that can be read; pairs as far as a multiple of eight inputs.
    unsafe fn add<const M: usize, const V: usize, const W: usize>(
        self,
        sums: &mut [[Self::Sums; V]; M],
        x: *const i8,
        pixel: usize,
        w: *const i32,
        quads: usize,
    );

    /// The sums of each pixel.
    fn lanes<const M: usize, const V: usize>(
        self,
        sums: [[Self::Sums; V]; M],
    ) -> [[int32x4_t; V]; M];

    /// What [`multiply`](Self::multiply) multiplies.
    const MACS: usize;

    fn zero(self) -> Self::Sums;
    /// The level's multiplication alone, whatever it computes: see [`Peak`](crate::kernel::peak).
    fn multiply(self, sums: Self::Sums, x: int8x16_t, w: int8x16_t) -> Self::Sums;

    /// Calls `kernel.run` in a function that may use these instructions.
    fn run<K: KernelNeon>(self, kernel: K);
    /// The same in a function that uses NEON alone, of which there is one for all levels.
    fn plain<K: KernelNeon>(self, kernel: K);
}

/// An int8 algorithm, written once for every level of aarch64; all that [`Kernel`](super::Kernel) says
/// holds here too.
pub(crate) trait KernelNeon {
    fn run<S: NeonI8>(self, simd: S);
}

/// Pairs of pixels are laid out `[eight inputs][pair][pixel][input]`, so many bytes for eight inputs
/// whatever the pixels of the tile are.
pub(crate) const PAIR: usize = 6 * 16;

impl LevelI8 for Neon {
    #[inline]
    fn run_i8(self, _: Kernels, job: &JobI8<'_>) {
        #[target_feature(enable = "neon")]
        #[inline(never)]
        fn enabled(simd: Neon, job: JobI8<'_>) {
            if job.shape.panels.algorithm == Direct::Depthwise {
                neon::depthwise(Pairs(simd), job);
            } else if neon::pairs_fit(&job) {
                neon::dense(Pairs(simd), job);
            } else {
                neon::dense(Singles(simd), job);
            }
        }
        // SAFETY: a `Neon` exists only where the CPU has it.
        unsafe { enabled(self, job.clone()) }
    }

    fn multiply_adds_i8(self, rounds: u64) -> u64 {
        neon::multiply_adds(Pairs(self), rounds)
    }
}

/// Adds two products in 16 bits before it widens the sum, which takes weights above -128: twice the
/// square of -128 is all that does not fit.
#[derive(Clone, Copy)]
pub(super) struct Pairs(pub(super) Neon);

/// Widens each product.
#[derive(Clone, Copy)]
struct Singles(Neon);

macro_rules! plain {
    ($token:ident, $pixels:literal, $pairs:literal) => {
        // SAFETY: `Neon::detect` makes a value only where the CPU has NEON, and `run` enables it.
        unsafe impl NeonI8 for $token {
            /// Two filters each, two parts of the sum a filter.
            type Sums = [int32x4_t; 2];

            const PIXELS: usize = $pixels;
            const VECTORS: usize = 2;
            const PAIRS: bool = false;

            #[inline(always)]
            fn start<const M: usize, const V: usize>(
                self,
                sums: [int32x4_t; V],
            ) -> [[[int32x4_t; 2]; V]; M] {
                // SAFETY: the caller is compiled for NEON, as all here.
                unsafe {
                    let zero = vdupq_n_s32(0);
                    [sums.map(|x| [vzip1q_s32(x, zero), vzip2q_s32(x, zero)]); M]
                }
            }

            #[inline(always)]
            unsafe fn add<const M: usize, const V: usize, const W: usize>(
                self,
                sums: &mut [[[int32x4_t; 2]; V]; M],
                x: *const i8,
                pixel: usize,
                w: *const i32,
                quads: usize,
            ) {
                // SAFETY: the caller's.
                unsafe { add_plain::<M, V, W, $pairs>(sums, x, pixel, w, quads) };
            }

            #[inline(always)]
            fn lanes<const M: usize, const V: usize>(
                self,
                sums: [[[int32x4_t; 2]; V]; M],
            ) -> [[int32x4_t; V]; M] {
                // SAFETY: the caller is compiled for NEON, as all here.
                unsafe { sums.map(|sums| sums.map(|[a, b]| vpaddq_s32(a, b))) }
            }

            const MACS: usize = 8;

            #[inline(always)]
            fn zero(self) -> [int32x4_t; 2] {
                // SAFETY: the caller is compiled for NEON, as all here.
                unsafe { [vdupq_n_s32(0); 2] }
            }

            #[inline(always)]
            fn multiply(self, sums: [int32x4_t; 2], x: int8x16_t, w: int8x16_t) -> [int32x4_t; 2] {
                // SAFETY: as above.
                unsafe {
                    let products = vmlal_high_s8(vreinterpretq_s16_s32(sums[0]), x, w);
                    [vreinterpretq_s32_s16(products), sums[1]]
                }
            }

            #[inline(always)]
            fn run<K: KernelNeon>(self, kernel: K) {
                #[target_feature(enable = "neon")]
                #[inline(never)] // as in `Simd`
                fn enabled<K: KernelNeon>(simd: $token, kernel: K) {
                    kernel.run(simd);
                }
                // SAFETY: a `Neon` exists only where the CPU has it.
                unsafe { enabled(self, kernel) }
            }

            #[inline(always)]
            fn plain<K: KernelNeon>(self, kernel: K) {
                Pairs(self.0).run(kernel);
            }
        }
    };
}

// 24 accumulators, 4 registers of weights, 2 of inputs and 2 of products.
plain!(Pairs, 6, true);
// Such weights are rare: less code.
plain!(Singles, 2, false);

/// Two quads of a pixel, each as often as there are filters in a vector, and where the pixel goes on.
///
/// # Safety
/// Eight inputs are readable.
#[inline(always)]
unsafe fn quads(mut x: *const i8) -> ([int8x16_t; 2], *const i8) {
    let (first, second);
    // SAFETY: the caller's. Not `pure`, so that it stays before the products of its pixel. The two have to be
    // neighbours, which only a name says.
    unsafe {
        asm!(
            "ld2r {{v30.4s, v31.4s}}, [{x}], #8",
            x = inout(reg) x,
            out("v30") first,
            out("v31") second,
            options(nostack, readonly, preserves_flags),
        );
    }
    ([first, second], x)
}

/// Thirty-two bytes, and where the next ones are.
///
/// # Safety
/// They are readable.
#[inline(always)]
pub(super) unsafe fn thirty_two(mut x: *const i8) -> ([int8x16_t; 2], *const i8) {
    let (a, b);
    // SAFETY: the caller's. Not `pure`, or the compiler would compute addresses from one that is further off.
    unsafe {
        asm!(
            "ldp {a:q}, {b:q}, [{x}], #32",
            x = inout(reg) x,
            a = out(vreg) a,
            b = out(vreg) b,
            options(nostack, readonly, preserves_flags),
        );
    }
    ([a, b], x)
}

/// Sixty-four bytes, and where the next ones are.
///
/// # Safety
/// They are readable.
#[inline(always)]
pub(super) unsafe fn sixty_four(mut x: *const i8) -> ([int8x16_t; 4], *const i8) {
    let (a, b, c, d);
    // SAFETY: the caller's. Registers in one load have to be neighbours, which only names say. Not `pure`,
    // so that they are free again when the next are loaded.
    unsafe {
        asm!(
            "ld1 {{v28.16b, v29.16b, v30.16b, v31.16b}}, [{x}], #64",
            x = inout(reg) x,
            out("v28") a,
            out("v29") b,
            out("v30") c,
            out("v31") d,
            options(nostack, readonly, preserves_flags),
        );
    }
    ([a, b, c, d], x)
}

/// Adds the products of two quads and the weights of four filters. The compiler would take the upper
/// halves of weights apart and move products about, for which there are no registers left.
#[inline(always)]
fn add_products<const PAIRS: bool>(
    sums: &mut [int32x4_t; 2],
    [x0, x1]: [int8x16_t; 2],
    [w0, w1]: [int8x16_t; 2],
) {
    let [mut a, mut b] = *sums;
    macro_rules! lines {
        ($($line:literal)*) => {
            // SAFETY: arithmetic that the caller is compiled for. Not `pure`, so that it stays in its place.
            unsafe {
                asm!(
                    $($line,)*
                    a = inout(vreg) a,
                    b = inout(vreg) b,
                    x0 = in(vreg) x0,
                    x1 = in(vreg) x1,
                    w0 = in(vreg) w0,
                    w1 = in(vreg) w1,
                    low = out(vreg) _,
                    high = out(vreg) _,
                    options(nomem, nostack, preserves_flags),
                );
            }
        };
    }
    if PAIRS {
        lines! {
            "smull {low:v}.8h, {x0:v}.8b, {w0:v}.8b"
            "smull2 {high:v}.8h, {x0:v}.16b, {w0:v}.16b"
            "smlal {low:v}.8h, {x1:v}.8b, {w1:v}.8b"
            "smlal2 {high:v}.8h, {x1:v}.16b, {w1:v}.16b"
            "sadalp {a:v}.4s, {low:v}.8h"
            "sadalp {b:v}.4s, {high:v}.8h"
        }
    } else {
        lines! {
            "smull {low:v}.8h, {x0:v}.8b, {w0:v}.8b"
            "smull2 {high:v}.8h, {x0:v}.16b, {w0:v}.16b"
            "sadalp {a:v}.4s, {low:v}.8h"
            "sadalp {b:v}.4s, {high:v}.8h"
            "smull {low:v}.8h, {x1:v}.8b, {w1:v}.8b"
            "smull2 {high:v}.8h, {x1:v}.16b, {w1:v}.16b"
            "sadalp {a:v}.4s, {low:v}.8h"
            "sadalp {b:v}.4s, {high:v}.8h"
        }
    }
    *sums = [a, b];
}

/// [`add_products`] of one quad.
#[inline(always)]
fn add_product(sums: &mut [int32x4_t; 2], x: int8x16_t, w: int8x16_t) {
    let [mut a, mut b] = *sums;
    // SAFETY: arithmetic that the caller is compiled for. Not `pure`, so that it stays in its place.
    unsafe {
        asm!(
            "smull {low:v}.8h, {x:v}.8b, {w:v}.8b",
            "smull2 {high:v}.8h, {x:v}.16b, {w:v}.16b",
            "sadalp {a:v}.4s, {low:v}.8h",
            "sadalp {b:v}.4s, {high:v}.8h",
            a = inout(vreg) a,
            b = inout(vreg) b,
            x = in(vreg) x,
            w = in(vreg) w,
            low = out(vreg) _,
            high = out(vreg) _,
            options(nomem, nostack, preserves_flags),
        );
    }
    *sums = [a, b];
}

/// # Safety
/// As for [`NeonI8::add`].
#[inline(always)]
unsafe fn add_plain<const M: usize, const V: usize, const W: usize, const PAIRS: bool>(
    sums: &mut [[[int32x4_t; 2]; V]; M],
    x: *const i8,
    pixel: usize,
    mut w: *const i32,
    count: usize,
) {
    let mut pixels = [x; M];
    for m in 1..M {
        // Or the compiler would compute the addresses of all pixels from one, again in each round.
        pixels[m] = opaque(x.wrapping_add(m * pixel));
    }
    // SAFETY: the caller's.
    unsafe {
        for _ in 0..count / 2 {
            let mut weights = [[vdupq_n_s8(0); 2]; V];
            for v in 0..V {
                weights[v] = [0, W].map(|row| vld1q_s8(w.add(row + 4 * v).cast()));
            }
            for m in 0..M {
                let (inputs, next) = quads(pixels[m]);
                pixels[m] = next;
                for v in 0..V {
                    add_products::<PAIRS>(&mut sums[m][v], inputs, weights[v]);
                }
            }
            w = w.wrapping_add(2 * W);
        }
        if count % 2 == 1 {
            let mut weights = [vdupq_n_s8(0); V];
            for v in 0..V {
                weights[v] = vld1q_s8(w.add(4 * v).cast());
            }
            for m in 0..M {
                let x = pixels[m].cast::<i32>().read_unaligned();
                let x = vreinterpretq_s8_s32(vdupq_n_s32(x));
                for v in 0..V {
                    add_product(&mut sums[m][v], x, weights[v]);
                }
            }
        }
    }
}

/// A level of a CPU that has more than NEON, and than the level within: its proof, which only int8 has a
/// use for. What it does not do better it leaves to that level.
macro_rules! extension {
    ($(#[$doc:meta])* $token:ident($within:ident) $feature:tt $features:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $token($within);

        impl $token {
            /// `Some` if the CPU has it: known to the compiler, or, with the feature `std`, to the system.
            pub fn detect() -> Option<Self> {
                #[cfg(feature = "std")]
                if std::arch::is_aarch64_feature_detected!($feature) {
                    return $within::detect().map($token);
                }
                if cfg!(target_feature = $feature) {
                    $within::detect().map($token)
                } else {
                    None
                }
            }
        }

        impl Token for $token {
            type F32 = Neon;
            type I8 = $token;
            type I16 = Neon;

            #[inline(always)]
            fn f32(self) -> Neon {
                self.0.f32()
            }

            #[inline(always)]
            fn i8(self) -> $token {
                self
            }

            #[inline(always)]
            fn i16(self) -> Neon {
                self.0.i16()
            }
        }

        impl LevelI8 for $token {
            #[inline]
            fn run_i8(self, kernels: Kernels, job: &JobI8<'_>) {
                #[target_feature(enable = $features)]
                #[inline(never)]
                fn enabled(simd: $token, kernels: Kernels, job: JobI8<'_>) {
                    if let Some(mut other) = neon::dense(simd, job) {
                        simd.0.run_i8(kernels, &mut other);
                    }
                }
                // SAFETY: a value exists only where the CPU has them.
                unsafe { enabled(self, kernels, job.clone()) }
            }

            fn multiply_adds_i8(self, rounds: u64) -> u64 {
                neon::multiply_adds(self, rounds)
            }
        }
    };
}
pub(super) use extension;
