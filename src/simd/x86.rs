//! AVX2 with FMA, and AVX-512 as of Skylake-X; and which of them has VNNI.

use super::{Kernel, MOST_VECTORS, Simd, Token};
use core::arch::asm;
use core::arch::x86_64::*;
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// Proof of AVX2 and FMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avx2(());

/// Proof of AVX-512 F, BW, DQ and VL, and of AVX2 and FMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avx512(());

/// Proof of AVX-VNNI, and of AVX2 and FMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvxVnni(());

/// Proof of AVX-512 VNNI, and of all that [`Avx512`] is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avx512Vnni(());

impl Token for Avx2 {
    type F32 = Avx2;
    type I8 = Avx2;
    type I16 = Avx2;

    #[inline(always)]
    fn f32(self) -> Avx2 {
        self
    }

    #[inline(always)]
    fn i8(self) -> Avx2 {
        self
    }

    #[inline(always)]
    fn i16(self) -> Avx2 {
        Avx2(())
    }
}

impl Token for Avx512 {
    type F32 = Avx512;
    type I8 = Avx2;
    type I16 = Avx2;

    #[inline(always)]
    fn f32(self) -> Avx512 {
        self
    }

    /// Without VNNI there is nothing that 512 bits would do better.
    #[inline(always)]
    fn i8(self) -> Avx2 {
        Avx2(())
    }

    #[inline(always)]
    fn i16(self) -> Avx2 {
        Avx2(())
    }
}

impl Token for AvxVnni {
    type F32 = Avx2;
    type I8 = AvxVnni;
    type I16 = Avx2;

    #[inline(always)]
    fn f32(self) -> Avx2 {
        Avx2(())
    }

    #[inline(always)]
    fn i8(self) -> AvxVnni {
        self
    }

    #[inline(always)]
    fn i16(self) -> Avx2 {
        Avx2(())
    }
}

impl Token for Avx512Vnni {
    type F32 = Avx512;
    type I8 = Avx512Vnni;
    type I16 = Avx2;

    #[inline(always)]
    fn f32(self) -> Avx512 {
        Avx512(())
    }

    #[inline(always)]
    fn i8(self) -> Avx512Vnni {
        self
    }

    #[inline(always)]
    fn i16(self) -> Avx2 {
        Avx2(())
    }
}

impl Avx2 {
    /// `Some` if the CPU has the instructions and the system keeps the registers.
    pub fn detect() -> Option<Self> {
        (found() & AVX2 != 0).then_some(Avx2(()))
    }
}

impl Avx512 {
    /// `Some` if the CPU has the instructions and the system keeps the registers.
    pub fn detect() -> Option<Self> {
        (found() & AVX512 != 0).then_some(Avx512(()))
    }
}

impl AvxVnni {
    /// `Some` if the CPU has the instructions and the system keeps the registers.
    pub fn detect() -> Option<Self> {
        (found() & AVX_VNNI != 0).then_some(AvxVnni(()))
    }
}

impl Avx512Vnni {
    /// `Some` if the CPU has the instructions and the system keeps the registers.
    pub fn detect() -> Option<Self> {
        (found() & AVX512_VNNI != 0).then_some(Avx512Vnni(()))
    }
}

const ASKED: u8 = 1;
const AVX2: u8 = 2;
const AVX512: u8 = 4;
const AVX_VNNI: u8 = 8;
const AVX512_VNNI: u8 = 16;

/// What the CPU has. `cpuid` is answered once and remembered: in a virtual machine it traps, which
/// takes some 70 microseconds.
fn found() -> u8 {
    // Two threads that both find nothing here both ask, and get the same answer.
    static FOUND: AtomicU8 = AtomicU8::new(0);
    match FOUND.load(Relaxed) {
        0 => {
            let found = ask();
            FOUND.store(found, Relaxed);
            found
        }
        found => found,
    }
}

/// `is_x86_feature_detected!` without `std` (Intel SDM volume 1, 14.3 and 15.2).
#[allow(unused_unsafe)] // `__cpuid` was unsafe when the oldest supported Rust came out
fn ask() -> u8 {
    // Neither an enclave nor Miri can run `cpuid`.
    if cfg!(any(target_env = "sgx", miri)) {
        return ASKED;
    }
    const FMA: u32 = 1 << 12;
    const OSXSAVE: u32 = 1 << 27;
    const AVX2_BIT: u32 = 1 << 5;
    // F, DQ, BW, VL.
    const AVX512_BITS: u32 = 1 << 16 | 1 << 17 | 1 << 30 | 1 << 31;
    const AVX512_VNNI_BIT: u32 = 1 << 11;
    const AVX_VNNI_BIT: u32 = 1 << 4;
    const YMM: u64 = 0b110;
    const ZMM: u64 = 0b1110_0110;

    // SAFETY: every x86-64 has `cpuid`, leaf 7 is read only where leaf 0 counts that far, and its
    // second part where the first does.
    let (leaf1, leaf7, more) = unsafe {
        if __cpuid(0).eax < 7 {
            return ASKED;
        }
        let leaf7 = __cpuid_count(7, 0);
        let more = if leaf7.eax > 0 {
            __cpuid_count(7, 1).eax
        } else {
            0
        };
        (__cpuid(1), leaf7, more)
    };
    if leaf1.ecx & OSXSAVE == 0 {
        return ASKED;
    }
    // SAFETY: OSXSAVE says that the system has turned `xgetbv` on.
    let kept = unsafe { xcr0() };
    let avx2 = kept & YMM == YMM && leaf1.ecx & FMA != 0 && leaf7.ebx & AVX2_BIT != 0;
    let avx512 = avx2 && kept & ZMM == ZMM && leaf7.ebx & AVX512_BITS == AVX512_BITS;
    let flag = |has: bool, flag: u8| if has { flag } else { 0 };
    ASKED
        | flag(avx2, AVX2)
        | flag(avx512, AVX512)
        | flag(avx2 && more & AVX_VNNI_BIT != 0, AVX_VNNI)
        | flag(avx512 && leaf7.ecx & AVX512_VNNI_BIT != 0, AVX512_VNNI)
}

/// Which registers the system keeps.
#[target_feature(enable = "xsave")]
fn xcr0() -> u64 {
    // SAFETY: the caller's, who has seen OSXSAVE.
    unsafe { _xgetbv(0) }
}

// SAFETY: `detect` makes a value only where the CPU has what `run` enables. The arithmetic of the
// methods needs only that; an address that is used is the caller's.
#[allow(clippy::undocumented_unsafe_blocks)]
unsafe impl Simd for Avx2 {
    type F32 = __m256;
    type Pixel = __m256;
    type Mask = __m256i;
    type Half = Self;

    const LANES: usize = 8;
    const BLOCK: usize = 1;
    /// 12 accumulators, 2 vectors of weights, an input, and one to spare of 16 registers.
    const TILES: [usize; MOST_VECTORS + 1] = [0, 12, 6, 0, 3];
    const VECTORS: usize = 2;
    const WIDE: usize = 4;
    /// Measured on Zen 3: 512 rows take as long in either tile, 1024 and more 1 to 3 % less in one of two vectors.
    const LONG: usize = 512;
    /// Measured on Zen 3: with 3, MobileNetV2's first layer takes 7 % less than with none, layers of 1x1 and 16 to 64
    /// channels 2 to 5 % less than with 1, those of 3x3 as long to 1 % more. Twelve pixels of one vector: 4 % more. Measured
    /// on Zen 4, with weights held in the registers of pixels that are written: 8 channels and 1x1 take 13 % less. Two or
    /// three registers from the start ([`SPARE`](Simd::SPARE)): short sums 1 to 3 % more. 4 terms: 5 to 7 % more.
    const LATE: [usize; MOST_VECTORS + 1] = [0, 1, 3, 0, 3];
    const RECTANGLES: bool = true;
    const STEM: bool = true;
    const SLIDE: usize = 8;
    const PREFETCH: bool = true;
    /// 10 accumulators, 5 of 6 weights and an input.
    const PAIR: [usize; 3] = [0, 5, 5];

    #[inline(always)]
    fn splat(self, x: f32) -> __m256 {
        unsafe { _mm256_set1_ps(x) }
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    fn mul_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn settled(self, x: __m256) -> __m256 {
        #[inline]
        #[target_feature(enable = "avx")]
        fn settled(mut x: __m256) -> __m256 {
            unsafe {
                asm!("/* {} */", inout(ymm_reg) x, options(nomem, nostack, preserves_flags));
            }
            x
        }
        unsafe { settled(x) }
    }

    #[inline(always)]
    fn at_least(self, x: __m256, min: __m256) -> __m256 {
        // It returns its second operand for NaN and for two zeros.
        unsafe { _mm256_max_ps(min, x) }
    }

    #[inline(always)]
    fn at_most(self, x: __m256, max: __m256) -> __m256 {
        // It returns its second operand for NaN and for two zeros.
        unsafe { _mm256_min_ps(max, x) }
    }

    #[inline(always)]
    fn mask(self, count: usize) -> __m256i {
        unsafe {
            let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), lanes)
        }
    }

    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> __m256 {
        unsafe { _mm256_loadu_ps(p) }
    }

    #[inline(always)]
    unsafe fn load_masked(self, p: *const f32, mask: __m256i) -> __m256 {
        unsafe { _mm256_maskload_ps(p, mask) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32, x: __m256) {
        unsafe { _mm256_storeu_ps(p, x) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, p: *mut f32, x: __m256, mask: __m256i) {
        unsafe { _mm256_maskstore_ps(p, mask, x) }
    }

    #[inline(always)]
    fn prefetch(self, p: *const f32) {
        unsafe { _mm_prefetch::<_MM_HINT_T1>(p.cast()) }
    }

    #[inline(always)]
    unsafe fn pixel(self, p: *const f32) -> __m256 {
        unsafe { _mm256_set1_ps(p.read()) }
    }

    #[inline(always)]
    unsafe fn mul_add_channel<const I: usize>(self, pixel: __m256, b: __m256, c: __m256) -> __m256 {
        self.mul_add(pixel, b, c)
    }

    #[inline(always)]
    fn half(self) -> Self {
        self
    }

    #[inline(never)] // said of the function within, it does not reach every call
    fn run<K: Kernel>(self, kernel: K) {
        #[target_feature(enable = "avx2,fma")]
        fn enabled<K: Kernel>(simd: Avx2, kernel: K) {
            kernel.run(simd);
        }
        // SAFETY: an `Avx2` exists only where the CPU has both.
        unsafe { enabled(self, kernel) }
    }
}

// SAFETY: as for `Avx2`.
#[allow(clippy::undocumented_unsafe_blocks)]
unsafe impl Simd for Avx512 {
    type F32 = __m512;
    type Pixel = __m512;
    type Mask = __mmask16;
    type Half = Avx2;

    const LANES: usize = 16;
    const BLOCK: usize = 1;
    /// 14 accumulators, half of what the registers could hold: measured, tiles of 14 pixels by 2
    /// vectors are no faster over long sums and slower over short ones and where 14 pixels are so
    /// far apart that the first-level cache cannot keep all their lines.
    const TILES: [usize; MOST_VECTORS + 1] = [0, 14, 7, 0, 3];
    /// 28 accumulators: the weights are read half as often, and most come from the second-level cache.
    const PRODUCTS: [usize; MOST_VECTORS + 1] = [0, 14, 14, 0, 6];
    const VECTORS: usize = 2;
    const WIDE: usize = 4;
    /// Measured on Zen 4, 128 filters: sums of 16 terms take 5 % less, of 24 2 %, of 31 1 %; of 48 as long; of 64 1 % more.
    const SHORT: usize = 32;
    /// Measured on Zen 4: with 3, layers of 8 to 64 channels and 1x1 take 2 to 6 % less than with 1, MobileNetV2's and VGG's
    /// first layers 3 % less. Fourteen pixels of one vector: 3 to 9 % more.
    const LATE: [usize; MOST_VECTORS + 1] = [0, 1, 3, 0, 3];
    /// All twelve weights of three terms, and both ends of a clamp.
    const SPARE: usize = 14;
    const STEM: bool = true;
    const SLIDE: usize = 8;
    const PREFETCH: bool = true;
    /// 16 accumulators, 6 weights and an input.
    const PAIR: [usize; 3] = [0, 8, 8];

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn settled(self, x: __m512) -> __m512 {
        #[inline]
        #[target_feature(enable = "avx512f")]
        fn settled(mut x: __m512) -> __m512 {
            unsafe {
                asm!("/* {} */", inout(zmm_reg) x, options(nomem, nostack, preserves_flags));
            }
            x
        }
        unsafe { settled(x) }
    }

    #[inline(always)]
    fn at_least(self, x: __m512, min: __m512) -> __m512 {
        // It returns its second operand for NaN and for two zeros.
        unsafe { _mm512_max_ps(min, x) }
    }

    #[inline(always)]
    fn at_most(self, x: __m512, max: __m512) -> __m512 {
        // It returns its second operand for NaN and for two zeros.
        unsafe { _mm512_min_ps(max, x) }
    }

    #[inline(always)]
    fn mask(self, count: usize) -> __mmask16 {
        ((1u32 << count) - 1) as __mmask16
    }

    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> __m512 {
        unsafe { _mm512_loadu_ps(p) }
    }

    #[inline(always)]
    unsafe fn load_masked(self, p: *const f32, mask: __mmask16) -> __m512 {
        unsafe { _mm512_maskz_loadu_ps(mask, p) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32, x: __m512) {
        unsafe { _mm512_storeu_ps(p, x) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, p: *mut f32, x: __m512, mask: __mmask16) {
        unsafe { _mm512_mask_storeu_ps(p, mask, x) }
    }

    #[inline(always)]
    fn prefetch(self, p: *const f32) {
        unsafe { _mm_prefetch::<_MM_HINT_T1>(p.cast()) }
    }

    #[inline(always)]
    fn prefetch_for_stores(self, p: *mut f32) {
        #[inline]
        #[target_feature(enable = "avx512f")]
        fn prefetch(p: *mut f32) {
            // SAFETY: it faults at no address and changes nothing; whatever has AVX-512 has it.
            unsafe {
                asm!("prefetchw [{}]", in(reg) p, options(readonly, nostack, preserves_flags));
            }
        }
        unsafe { prefetch(p) }
    }

    #[inline(always)]
    unsafe fn pixel(self, p: *const f32) -> __m512 {
        unsafe { _mm512_set1_ps(p.read()) }
    }

    #[inline(always)]
    unsafe fn mul_add_channel<const I: usize>(self, pixel: __m512, b: __m512, c: __m512) -> __m512 {
        self.mul_add(pixel, b, c)
    }

    #[inline(always)]
    fn half(self) -> Avx2 {
        Avx2(())
    }

    #[inline(never)] // said of the function within, it does not reach every call
    fn run<K: Kernel>(self, kernel: K) {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
        fn enabled<K: Kernel>(simd: Avx512, kernel: K) {
            kernel.run(simd);
        }
        // SAFETY: an `Avx512` exists only where the CPU has them all.
        unsafe { enabled(self, kernel) }
    }
}
