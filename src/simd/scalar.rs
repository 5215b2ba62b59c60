//! No vector instructions: what every target has.
//!
//! Four floats at a time, so that sixteen accumulators share each load; a compiler that has four
//! lanes may use them.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::{Kernel, LevelI8, MOST_VECTORS, SCALAR_I8, ScalarI8, Simd, Token};
use crate::kernel::int8::quads::{Pair, Quads};
use crate::kernel::int8::{self, JobI8, Kernels};
#[cfg(all(target_arch = "arm", target_os = "none", not(target_has_atomic = "8")))]
use crate::kernel::int8::{nine::Nine, put::Panel, quads::Offset, quads::Taps};
use crate::kernel::peak::scalar_integers;
use core::array;

/// The level that needs nothing of the CPU.
///
/// Multiply and add are one instruction, and one rounding, on Cortex-M with an FPU (M4F, M7, M33,
/// M55 ...), on aarch64 and wherever the build enables x86's `fma`; elsewhere they are two, and
/// results differ from the other levels' in the last bits ([`Level::is_fused`](crate::Level::is_fused)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scalar;

impl Scalar {
    /// Always there.
    pub const fn detect() -> Option<Self> {
        Some(Scalar)
    }
}

impl Token for Scalar {
    type F32 = Scalar;
    type I8 = ScalarI8;
    type I16 = Scalar;

    #[inline(always)]
    fn f32(self) -> Scalar {
        self
    }

    #[inline(always)]
    fn i8(self) -> ScalarI8 {
        SCALAR_I8
    }

    #[inline(always)]
    fn i16(self) -> Scalar {
        Scalar
    }
}

// SAFETY: it uses no instruction that the target lacks.
unsafe impl Quads for Scalar {
    const FILTERS: usize = 4;
    type Sums = [Pair; Self::FILTERS];
    type Constants = ();

    #[inline(always)]
    fn constants(self, _job: &JobI8<'_>) {}

    // The registers of a Cortex-M0+ are just enough, if the compiler does not choose their use.
    #[cfg(all(target_arch = "arm", target_os = "none", not(target_has_atomic = "8")))]
    #[inline(always)]
    unsafe fn add(self, panel: &Panel<'_>, taps: &Taps, (): &()) {
        let (unsigned, zero) = Offset::of(panel.job.quant()).as_it_lies();
        let run = if unsigned {
            super::cortex_m0::add::<1>
        } else {
            super::cortex_m0::add::<0>
        };
        // SAFETY: the caller's.
        unsafe { run(panel, taps, zero) };
    }

    #[cfg(all(target_arch = "arm", target_os = "none", not(target_has_atomic = "8")))]
    const NINE: bool = true;

    #[cfg(all(target_arch = "arm", target_os = "none", not(target_has_atomic = "8")))]
    #[inline(always)]
    unsafe fn nine(self, window: &Nine, sums: *mut i32) {
        // SAFETY: the caller's.
        unsafe { super::cortex_m0::nine(window, sums) };
    }

    #[cfg(all(target_arch = "arm", target_os = "none", not(target_has_atomic = "8")))]
    #[inline(always)]
    unsafe fn plain(self, panel: &Panel<'_>) {
        // SAFETY: the caller's.
        unsafe { super::cortex_m0::requantize(panel) };
    }
}

impl LevelI8 for Scalar {
    #[inline(always)] // so that what is known of the kernels leaves the others out
    fn run_i8(self, kernels: Kernels, job: &JobI8<'_>) {
        int8::without_vectors(self, kernels, job);
    }

    fn multiply_adds_i8(self, rounds: u64) -> u64 {
        scalar_integers(rounds)
    }
}

cfg_if::cfg_if! {
    if #[cfg(target_arch = "aarch64")] {
        pub(super) const FUSED: bool = cfg!(not(target_abi = "softfloat"));

        #[cfg(not(target_abi = "softfloat"))]
        #[inline(always)]
        fn fused(a: f32, b: f32, c: f32) -> f32 {
            let sum;
            // SAFETY: an instruction of the base architecture, on registers alone.
            unsafe {
                core::arch::asm!("fmadd {0:s}, {1:s}, {2:s}, {3:s}",
                    out(vreg) sum, in(vreg) a, in(vreg) b, in(vreg) c,
                    options(pure, nomem, nostack, preserves_flags));
            }
            sum
        }

        #[cfg(target_abi = "softfloat")]
        #[inline(always)]
        fn fused(a: f32, b: f32, c: f32) -> f32 {
            a * b + c
        }
    } else if #[cfg(all(
        target_arch = "arm",
        target_os = "none",
        target_abi = "eabihf",
        // Stable Rust does not tell Cortex-M from Cortex-R and -A by name. Those have 64-bit
        // atomics and may lack the instruction; a Cortex-M with an FPU always has it.
        not(target_has_atomic = "64"),
    ))] {
        pub(super) const FUSED: bool = true;

        use super::cortex_m::mul_add;

        /// A multiply-add of one number, which comes and goes through registers that an `asm!` block may name.
        #[inline(always)]
        pub(crate) fn fused(a: f32, b: f32, c: f32) -> f32 {
            let mut sum = c.to_bits();
            // SAFETY: instructions that the target has, on registers alone.
            unsafe {
                core::arch::asm!(
                    "vmov s0, {a}",
                    "vmov s1, {b}",
                    "vmov s2, {sum}",
                    "vfma.f32 s2, s0, s1",
                    "vmov {sum}, s2",
                    a = in(reg) a.to_bits(),
                    b = in(reg) b.to_bits(),
                    sum = inout(reg) sum,
                    out("s0") _, out("s1") _, out("s2") _,
                    options(pure, nomem, nostack, preserves_flags),
                );
            }
            f32::from_bits(sum)
        }
    } else if #[cfg(all(target_arch = "x86_64", target_feature = "fma"))] {
        pub(super) const FUSED: bool = true;

        #[inline(always)]
        fn fused(a: f32, b: f32, c: f32) -> f32 {
            use core::arch::x86_64::{_mm_cvtss_f32, _mm_fmadd_ss, _mm_set_ss};
            _mm_cvtss_f32(_mm_fmadd_ss(_mm_set_ss(a), _mm_set_ss(b), _mm_set_ss(c)))
        }
    } else {
        pub(super) const FUSED: bool = false;

        #[inline(always)]
        fn fused(a: f32, b: f32, c: f32) -> f32 {
            a * b + c
        }
    }
}

cfg_if::cfg_if! {
    if #[cfg(not(all(
        target_arch = "arm",
        target_os = "none",
        target_abi = "eabihf",
        not(target_has_atomic = "64"),
    )))] {
        #[inline(always)]
        fn mul_add(a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
            array::from_fn(|i| fused(a[i], b[i], c[i]))
        }
    }
}

// SAFETY: it uses no instruction that the target lacks.
unsafe impl Simd for Scalar {
    type F32 = [f32; 4];
    /// Where the channels lie: each is read when it is needed, as no register could keep four.
    type Pixel = *const f32;
    type Mask = usize;
    type Half = Self;

    const LANES: usize = 4;
    const BLOCK: usize = 4;
    /// 16 accumulators, 4 weights and an input.
    const TILES: [usize; MOST_VECTORS + 1] = [0, 4, 0, 0, 0];
    const VECTORS: usize = 1;
    const WIDE: usize = 1;
    const SLIDE: usize = 3;
    const PAIR: [usize; 3] = [0; 3];

    #[inline(always)]
    fn splat(self, x: f32) -> [f32; 4] {
        [x; 4]
    }

    #[inline(always)]
    fn add(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        array::from_fn(|i| a[i] + b[i])
    }

    #[inline(always)]
    fn sub(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        array::from_fn(|i| a[i] - b[i])
    }

    #[inline(always)]
    fn mul(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        array::from_fn(|i| a[i] * b[i])
    }

    #[inline(always)]
    fn mul_add(self, a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        mul_add(a, b, c)
    }

    #[inline(always)]
    fn at_least(self, x: [f32; 4], min: [f32; 4]) -> [f32; 4] {
        array::from_fn(|i| if x[i] < min[i] { min[i] } else { x[i] })
    }

    #[inline(always)]
    fn at_most(self, x: [f32; 4], max: [f32; 4]) -> [f32; 4] {
        array::from_fn(|i| if x[i] > max[i] { max[i] } else { x[i] })
    }

    #[inline(always)]
    fn mask(self, count: usize) -> usize {
        count
    }

    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> [f32; 4] {
        // SAFETY: the caller's.
        unsafe { p.cast::<[f32; 4]>().read() }
    }

    #[inline(always)]
    unsafe fn load_masked(self, p: *const f32, mask: usize) -> [f32; 4] {
        let mut x = [0.0; 4];
        for (lane, x) in x.iter_mut().enumerate() {
            if lane < mask {
                // SAFETY: the caller's, for a lane of the mask.
                *x = unsafe { p.add(lane).read() };
            }
        }
        x
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32, x: [f32; 4]) {
        // SAFETY: the caller's.
        unsafe { p.cast::<[f32; 4]>().write(x) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, p: *mut f32, x: [f32; 4], mask: usize) {
        for (lane, x) in x.into_iter().enumerate() {
            if lane < mask {
                // SAFETY: the caller's, for a lane of the mask.
                unsafe { p.add(lane).write(x) };
            }
        }
    }

    #[inline(always)]
    unsafe fn pixel(self, p: *const f32) -> *const f32 {
        p
    }

    #[inline(always)]
    unsafe fn mul_add_channel<const I: usize>(
        self,
        pixel: *const f32,
        b: [f32; 4],
        c: [f32; 4],
    ) -> [f32; 4] {
        // SAFETY: the caller's.
        self.mul_add([unsafe { pixel.add(I).read() }; 4], b, c)
    }

    #[inline(always)]
    fn half(self) -> Self {
        self
    }

    #[inline(never)]
    fn run<K: Kernel>(self, kernel: K) {
        kernel.run(self);
    }
}
