//! NEON, as every aarch64 has it but the soft-float targets.

use super::{Kernel, MOST_VECTORS, Simd, Token};
use core::arch::aarch64::*;

/// Proof of NEON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neon(());

impl Neon {
    /// `Some` if the CPU has NEON: known to the compiler, or, with the feature `std`, to the system.
    pub fn detect() -> Option<Self> {
        #[cfg(feature = "std")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            return Some(Neon(()));
        }
        cfg!(target_feature = "neon").then_some(Neon(()))
    }
}

impl Token for Neon {
    type F32 = Neon;
    type I8 = Neon;
    type I16 = Neon;

    #[inline(always)]
    fn f32(self) -> Neon {
        self
    }

    #[inline(always)]
    fn i8(self) -> Neon {
        self
    }

    #[inline(always)]
    fn i16(self) -> Neon {
        self
    }
}

// SAFETY: `detect` makes a value only where the CPU has NEON, and `run` enables it.
// The arithmetic of the methods needs only that; an unsafe block says so where an address is used.
#[allow(clippy::undocumented_unsafe_blocks)]
unsafe impl Simd for Neon {
    type F32 = float32x4_t;
    type Pixel = float32x4_t;
    type Mask = usize;
    type Half = Self;

    const LANES: usize = 4;
    const BLOCK: usize = 4;
    /// 24 accumulators, 6 pixels and 2 vectors of weights are the 32 registers.
    const TILES: [usize; MOST_VECTORS + 1] = [0, 8, 8, 0, 6];
    const VECTORS: usize = 4;
    const WIDE: usize = 4;
    const STEM: bool = true;
    const SLIDE: usize = 8;
    /// 16 accumulators, 6 weights and an input.
    const PAIR: [usize; 3] = [0, 8, 8];

    #[inline(always)]
    fn splat(self, x: f32) -> float32x4_t {
        unsafe { vdupq_n_f32(x) }
    }

    #[inline(always)]
    fn add(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        unsafe { vaddq_f32(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        unsafe { vsubq_f32(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        unsafe { vmulq_f32(a, b) }
    }

    #[inline(always)]
    fn mul_add(self, a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        unsafe { vfmaq_f32(c, a, b) }
    }

    // Asm blocks that are not pure stay in their order, of which `load_next` is one too.
    #[inline(always)]
    fn settled(self, mut x: float32x4_t) -> float32x4_t {
        unsafe {
            core::arch::asm!("/* {0:v} */", inout(vreg) x,
                options(nomem, nostack, preserves_flags));
        }
        x
    }

    // `fmax` and `fmin` would lose the sign of a zero; comparison and selection do not.
    #[inline(always)]
    fn at_least(self, x: float32x4_t, min: float32x4_t) -> float32x4_t {
        unsafe { vbslq_f32(vcltq_f32(x, min), min, x) }
    }

    #[inline(always)]
    fn at_most(self, x: float32x4_t, max: float32x4_t) -> float32x4_t {
        unsafe { vbslq_f32(vcgtq_f32(x, max), max, x) }
    }

    #[inline(always)]
    fn mask(self, count: usize) -> usize {
        count
    }

    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> float32x4_t {
        unsafe { vld1q_f32(p) }
    }

    #[inline(always)]
    unsafe fn load_masked(self, p: *const f32, mask: usize) -> float32x4_t {
        // Loops of which the compiler makes no copy for whole vectors would load them lane by lane.
        if mask >= 4 {
            return unsafe { vld1q_f32(p) };
        }
        let mut x = [0.0; 4];
        for (lane, x) in x.iter_mut().enumerate() {
            if lane < mask {
                *x = unsafe { p.add(lane).read() };
            }
        }
        unsafe { vld1q_f32(x.as_ptr()) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32, x: float32x4_t) {
        unsafe { vst1q_f32(p, x) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, p: *mut f32, x: float32x4_t, mask: usize) {
        unsafe {
            if mask > 0 {
                vst1q_lane_f32::<0>(p, x);
            }
            if mask > 1 {
                vst1q_lane_f32::<1>(p.add(1), x);
            }
            if mask > 2 {
                vst1q_lane_f32::<2>(p.add(2), x);
            }
            if mask > 3 {
                vst1q_lane_f32::<3>(p.add(3), x);
            }
        }
    }

    // The compiler has no use for the form of one register that steps on.
    #[inline(always)]
    unsafe fn load_next(self, p: &mut *const f32, step: usize) -> float32x4_t {
        let x;
        unsafe {
            core::arch::asm!("ld1 {{{x:v}.4s}}, [{p}], {step}",
                x = out(vreg) x, p = inout(reg) *p, step = in(reg) step * size_of::<f32>(),
                options(readonly, nostack, preserves_flags));
        }
        x
    }

    #[inline(always)]
    unsafe fn store_next(self, p: &mut *mut f32, step: usize, x: float32x4_t) {
        unsafe {
            core::arch::asm!("st1 {{{x:v}.4s}}, [{p}], {step}",
                x = in(vreg) x, p = inout(reg) *p, step = in(reg) step * size_of::<f32>(),
                options(nostack, preserves_flags));
        }
    }

    #[inline(always)]
    unsafe fn pixel(self, p: *const f32) -> float32x4_t {
        unsafe { vld1q_f32(p) }
    }

    #[inline(always)]
    unsafe fn mul_add_channel<const I: usize>(
        self,
        pixel: float32x4_t,
        b: float32x4_t,
        c: float32x4_t,
    ) -> float32x4_t {
        unsafe {
            match I {
                0 => vfmaq_laneq_f32::<0>(c, b, pixel),
                1 => vfmaq_laneq_f32::<1>(c, b, pixel),
                2 => vfmaq_laneq_f32::<2>(c, b, pixel),
                _ => vfmaq_laneq_f32::<3>(c, b, pixel),
            }
        }
    }

    #[inline(always)]
    fn half(self) -> Self {
        self
    }

    #[inline]
    fn run<K: Kernel>(self, kernel: K) {
        #[target_feature(enable = "neon")]
        #[inline(never)]
        fn enabled<K: Kernel>(simd: Neon, kernel: K) {
            kernel.run(simd);
        }
        // SAFETY: a `Neon` exists only where the CPU has it.
        unsafe { enabled(self, kernel) }
    }
}
