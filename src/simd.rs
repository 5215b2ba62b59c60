//! One instruction set behind one trait, and the list of them.

use crate::algorithm::Tuning;
use crate::error::Error;
use crate::kernel::int8::{JobI8, Kernels};
use crate::kernel::int16::JobI16;
use crate::kernel::peak::Peak;
use crate::kernel::stream::Stream;

#[cfg(all(
    target_arch = "arm",
    target_os = "none",
    target_abi = "eabihf",
    not(target_has_atomic = "64"),
))]
pub(crate) mod cortex_m;
#[cfg(all(target_arch = "arm", target_os = "none", not(target_has_atomic = "8")))]
mod cortex_m0;
#[cfg(all(target_arch = "arm", target_os = "none", not(target_has_atomic = "8")))]
pub(crate) mod cortex_m0_int16;
mod scalar;
pub use scalar::Scalar;
#[cfg(all(
    target_arch = "arm",
    target_os = "none",
    target_abi = "eabihf",
    not(target_has_atomic = "64"),
))]
pub(crate) use scalar::fused;
#[cfg(all(
    target_arch = "arm",
    target_os = "none",
    not(target_abi = "eabihf"),
    not(target_has_atomic = "64"),
))]
pub(crate) mod cortex_m_soft;
mod scalar_int16;

// What `Scalar` runs of int8: a program that does not know the level when it is linked shall not pay for two.
cfg_if::cfg_if! {
    if #[cfg(all(
        target_arch = "arm",
        target_os = "none",
        any(feature = "dsp", target_abi = "eabihf"),
        not(target_has_atomic = "64"),
    ))] {
        mod dsp;
        mod dsp_int16;
        mod dsp_int16_depthwise;
        pub use dsp::Dsp;
        pub(crate) type ScalarI8 = Dsp;
        pub(crate) const SCALAR_I8: ScalarI8 = Dsp::TOKEN;
    } else {
        pub(crate) type ScalarI8 = Scalar;
        pub(crate) const SCALAR_I8: ScalarI8 = Scalar;
    }
}

cfg_if::cfg_if! {
    // A soft-float x86 target has no SSE2, and LLVM cannot compile vector kernels for it at all.
    if #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))] {
        mod int8;
        mod x86;
        mod x86_int16;
        mod x86_int8;
        mod x86_quads;
        mod x86_vnni512;
        pub(crate) use int8::{
            Ends, GROUP, KernelI8, MOST_PIXELS, MinimalI8, QuadsI8, SLACK, SimdI8, Small,
        };
        pub use x86::{Avx2, Avx512, Avx512Vnni, AvxVnni};
    } else if #[cfg(all(target_arch = "aarch64", not(target_abi = "softfloat")))] {
        mod dotprod;
        mod i8mm;
        mod neon;
        mod neon_int16;
        mod neon_int8;
        pub(crate) use neon_int8::{KernelNeon, NeonI8, PAIR};
        pub use dotprod::Dotprod;
        pub use i8mm::I8mm;
        pub use neon::Neon;
    }
}

/// The most vectors that stand side by side in a tile of any level.
pub(crate) const MOST_VECTORS: usize = 4;

/// The same address, of which the compiler knows nothing, on targets that kernels are tuned for.
#[inline(always)]
#[allow(unknown_lints, clippy::pointers_in_nomem_asm_block)] // it is not followed
#[cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "arm")),
    allow(unused_mut)
)]
pub(crate) fn opaque<T>(mut p: *const T) -> *const T {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "arm"))]
    // SAFETY: no instruction. Not `pure`, so that it stays in the loop where it stands.
    unsafe {
        core::arch::asm!("/* {} */", inout(reg) p, options(nomem, nostack, preserves_flags));
    }
    p
}

/// The same reference, of which the compiler does not know: what lies there is read when it is needed, not before and kept for
/// later. On small cores that is kept on the stack, where a load is as good, and there is little stack.
#[inline(always)]
pub(crate) fn reread<T>(reference: &T) -> &T {
    // SAFETY: the pointer is the same.
    unsafe { &*opaque(reference) }
}

/// An instruction set.
///
/// A type that implements it is a token: a value of it exists only where the CPU is known to have
/// the instructions, so holding one is what makes the methods safe to call.
///
/// Every method computes lane by lane what [`Scalar`] computes: no level rounds in another order.
///
/// # Safety
///
/// `run` enables every instruction that the other methods use, and a value is made only where the
/// CPU has them.
#[cfg_attr(all(target_arch = "arm", target_os = "none"), allow(dead_code))] // f32 has loops of its own
pub(crate) unsafe trait Simd: Copy {
    /// A register of [`LANES`](Self::LANES) floats.
    type F32: Copy;
    /// [`BLOCK`](Self::BLOCK) consecutive channels of one pixel, ready to be multiplied one at a
    /// time.
    type Pixel: Copy;
    /// Which lanes of a ragged end exist.
    type Mask: Copy;
    /// The level that takes filters which fill no more than half a vector: itself, where there is none better.
    type Half: Simd;

    const LANES: usize;
    const BLOCK: usize;
    /// The tile: the most pixels that the registers hold beside so many vectors of output
    /// channels. Zero where the kernels never form such a tile.
    const TILES: [usize; MOST_VECTORS + 1];
    /// The same of the products of Winograd's algorithms, whose inputs lie side by side.
    const PRODUCTS: [usize; MOST_VECTORS + 1] = Self::TILES;
    /// Vectors of the tile for many pixels.
    const VECTORS: usize;
    /// Vectors of the tile for few pixels, so that they too make enough independent sums.
    const WIDE: usize;
    /// A panel of so many rows is short: it gets those vectors for many pixels too.
    const SHORT: usize = 0;
    /// A panel of more rows is long: it gets those vectors only if they take a twenty-fifth less.
    const LONG: usize = usize::MAX;
    /// The last terms of a sum that are left to its store, in tiles of so many vectors: see
    /// [`finish_with`](crate::kernel::finish). 3 at most.
    const LATE: [usize; MOST_VECTORS + 1] = [0; MOST_VECTORS + 1];
    /// Registers beside the sums of a tile and an input, which can hold weights of those terms.
    const SPARE: usize = 0;
    /// Whether the widest tiles have so few pixels that narrow maps may be computed tap by tap.
    const RECTANGLES: bool = false;
    /// Whether windows of three columns of one or three channels have tiles of their own, for levels that
    /// multiply by a lane of a block.
    const STEM: bool = false;
    /// The most pixels of a depthwise tile.
    const SLIDE: usize;
    /// The most pixels of each row of a depthwise tile of two rows, by the stride; zero where there
    /// is none.
    const PAIR: [usize; 3];

    fn splat(self, x: f32) -> Self::F32;
    fn add(self, a: Self::F32, b: Self::F32) -> Self::F32;
    fn sub(self, a: Self::F32, b: Self::F32) -> Self::F32;
    fn mul(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a * b + c`, rounded once where the level has such an instruction.
    fn mul_add(self, a: Self::F32, b: Self::F32, c: Self::F32) -> Self::F32;
    /// `min` where `x < min`, else `x` to the bit.
    fn at_least(self, x: Self::F32, min: Self::F32) -> Self::F32;
    /// `max` where `x > max`, else `x` to the bit.
    fn at_most(self, x: Self::F32, max: Self::F32) -> Self::F32;
    /// `min` where `x < min`, `max` where `x > max`, else `x` to the bit.
    #[inline(always)]
    fn clamp(self, x: Self::F32, min: Self::F32, max: Self::F32) -> Self::F32 {
        self.at_most(self.at_least(x, min), max)
    }

    /// The same value, which is computed no later than this. A compiler that puts off multiply-adds
    /// while it loads ahead keeps on the stack what it has loaded.
    #[inline(always)]
    fn settled(self, x: Self::F32) -> Self::F32 {
        x
    }

    /// The lanes below `count`, which is at most [`LANES`](Self::LANES).
    fn mask(self, count: usize) -> Self::Mask;

    /// # Safety
    /// `LANES` floats are readable at `p`.
    unsafe fn load(self, p: *const f32) -> Self::F32;
    /// Zero in the lanes outside the mask.
    ///
    /// # Safety
    /// The floats in the mask are readable at `p`; the others are not touched.
    unsafe fn load_masked(self, p: *const f32, mask: Self::Mask) -> Self::F32;
    /// # Safety
    /// `LANES` floats are writable at `p`.
    unsafe fn store(self, p: *mut f32, x: Self::F32);
    /// # Safety
    /// The floats in the mask are writable at `p`; the others are not touched.
    unsafe fn store_masked(self, p: *mut f32, x: Self::F32, mask: Self::Mask);

    /// [`load`](Self::load), and `p` goes `step` floats on.
    ///
    /// # Safety
    /// `LANES` floats are readable at `p`.
    #[inline(always)]
    unsafe fn load_next(self, p: &mut *const f32, step: usize) -> Self::F32 {
        // SAFETY: the caller's.
        let x = unsafe { self.load(*p) };
        *p = p.wrapping_add(step);
        x
    }
    /// [`store`](Self::store), and `p` goes `step` floats on.
    ///
    /// # Safety
    /// `LANES` floats are writable at `p`.
    #[inline(always)]
    unsafe fn store_next(self, p: &mut *mut f32, step: usize, x: Self::F32) {
        // SAFETY: the caller's.
        unsafe { self.store(*p, x) };
        *p = p.wrapping_add(step);
    }

    /// # Safety
    /// `BLOCK` floats are readable at `p`, until the last use of the result.
    unsafe fn pixel(self, p: *const f32) -> Self::Pixel;
    /// `mul_add` with channel `I` of the pixel in every lane.
    ///
    /// # Safety
    /// `I < BLOCK`, and what `pixel` demands.
    unsafe fn mul_add_channel<const I: usize>(
        self,
        pixel: Self::Pixel,
        b: Self::F32,
        c: Self::F32,
    ) -> Self::F32;

    /// [`opaque`]: the compiler would merge the addresses of a tile's pixels, or keep one for each in a
    /// variable of its own through all the loops around, and those on the stack.
    #[inline(always)]
    fn opaque(self, p: *const f32) -> *const f32 {
        opaque(p)
    }

    /// Whether loops ask for what they need later.
    const PREFETCH: bool = false;

    /// Brings the cache line of an address, any address, into the second-level cache.
    #[inline(always)]
    fn prefetch(self, _p: *const f32) {}

    /// Brings the cache line of an address, any address, to where it can be written; nothing where that does not pay.
    #[inline(always)]
    fn prefetch_for_stores(self, _p: *mut f32) {}

    /// See [`Half`](Self::Half).
    fn half(self) -> Self::Half;

    /// Calls `kernel.run` in a function that may use these instructions.
    fn run<K: Kernel>(self, kernel: K);
}

/// An algorithm, written once for every instruction set.
pub(crate) trait Kernel {
    /// This and all it calls must be `#[inline(always)]`, but for what goes through
    /// [`Simd::run`] again. A function that is left out of line is compiled without the
    /// instructions of its caller: it passes every test and runs some three hundred times slower.
    fn run<S: Simd>(self, simd: S);
}

/// A level, and the levels that its kernels are those of.
pub(crate) trait Token: Copy {
    type F32: Simd + Into<Level>;
    type I8: LevelI8 + Into<Level>;
    type I16: LevelI16 + Into<Level>;

    fn f32(self) -> Self::F32;
    fn i8(self) -> Self::I8;
    fn i16(self) -> Self::I16;
}

/// A level that has int8 kernels.
pub(crate) trait LevelI8: Copy {
    /// Runs a job that is one of these kernels'.
    fn run_i8(self, kernels: Kernels, job: &JobI8<'_>);
    /// [`Level::multiply_adds`], of int8.
    fn multiply_adds_i8(self, rounds: u64) -> u64;
}

/// A level that has kernels for int16 activations.
pub(crate) trait LevelI16: Copy {
    fn run_i16(self, job: &JobI16<'_>);
    /// [`Level::multiply_adds`], of int16 activations.
    fn multiply_adds_i16(self, rounds: u64) -> u64;
}

/// Lists the levels, best first.
macro_rules! levels {
    ($($(#[$cfg:meta])* $token:ident $name:literal,)*) => {
        /// An instruction set that this CPU is known to have.
        ///
        /// A value is the proof: it can only be had by asking the CPU, so a kernel that is handed
        /// one may use the instructions.
        ///
        /// ```
        /// use microconv::Level;
        /// for level in Level::all() {
        ///     println!("{level}");
        /// }
        /// assert_eq!(Level::named("scalar")?.name(), "scalar");
        /// # Ok::<(), microconv::Error>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Level { $($(#[$cfg])* $token($token),)* }

        impl Level {
            /// Every level that this CPU has, best first. The last is always the scalar one.
            pub fn all() -> impl Iterator<Item = Level> + Clone {
                [$($(#[$cfg])* $token::detect().map(Level::$token),)*].into_iter().flatten()
            }

            /// The best level that this CPU has.
            ///
            /// The CPU is asked once in the life of the program.
            pub fn detect() -> Level {
                $($(#[$cfg])* if let Some(token) = $token::detect() {
                    return Level::$token(token);
                })*
                Level::Scalar(Scalar)
            }

            /// `avx512vnni`, `avx512`, `avxvnni`, `avx2`, `i8mm`, `dotprod`, `neon`, `dsp` or `scalar`.
            pub const fn name(self) -> &'static str {
                match self { $($(#[$cfg])* Level::$token(_) => $name,)* }
            }

            /// [`name`](Self::name) as C has it.
            #[cfg(feature = "capi")]
            pub(crate) const fn c_name(self) -> &'static core::ffi::CStr {
                use core::ffi::CStr;
                match self {
                    $($(#[$cfg])* Level::$token(_) => const {
                        match CStr::from_bytes_with_nul(concat!($name, "\0").as_bytes()) {
                            Ok(name) => name,
                            Err(_) => c"",
                        }
                    },)*
                }
            }

            /// The level whose f32 kernels run on this one: itself, but for those that only int8
            /// has a use for.
            pub fn for_f32(self) -> Level {
                match self { $($(#[$cfg])* Level::$token(token) => token.f32().into(),)* }
            }

            /// The level whose int8 kernels run on this one: itself, but for those that only f32
            /// has a use for.
            pub fn for_i8(self) -> Level {
                match self { $($(#[$cfg])* Level::$token(token) => token.i8().into(),)* }
            }

            /// The level whose kernels for int16 activations run on this one.
            pub fn for_i16(self) -> Level {
                match self { $($(#[$cfg])* Level::$token(token) => token.i16().into(),)* }
            }

            #[inline]
            pub(crate) fn run<K: Kernel>(self, kernel: K) {
                match self { $($(#[$cfg])* Level::$token(token) => Simd::run(token.f32(), kernel),)* }
            }

            #[inline]
            pub(crate) fn run_i8(self, kernels: Kernels, job: &JobI8<'_>) {
                match self { $($(#[$cfg])* Level::$token(token) => token.i8().run_i8(kernels, job),)* }
            }

            #[inline]
            pub(crate) fn run_i16(self, job: &JobI16<'_>) {
                match self { $($(#[$cfg])* Level::$token(token) => token.i16().run_i16(job),)* }
            }

            /// [`multiply_adds`](Self::multiply_adds) of int8, by the instruction that the level's
            /// int8 kernels multiply with.
            pub fn multiply_adds_i8(self, rounds: u64) -> u64 {
                match self {
                    $($(#[$cfg])* Level::$token(token) => token.i8().multiply_adds_i8(rounds),)*
                }
            }

            /// [`multiply_adds`](Self::multiply_adds) of int16 activations under int8 weights, by the
            /// instruction that the level's kernels for them multiply with.
            pub fn multiply_adds_i16(self, rounds: u64) -> u64 {
                match self {
                    $($(#[$cfg])* Level::$token(token) => token.i16().multiply_adds_i16(rounds),)*
                }
            }
        }

        $(
            $(#[$cfg])*
            impl From<$token> for Level {
                fn from(token: $token) -> Level {
                    Level::$token(token)
                }
            }
        )*
    };
}

levels! {
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))] Avx512Vnni "avx512vnni",
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))] Avx512 "avx512",
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))] AvxVnni "avxvnni",
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))] Avx2 "avx2",
    #[cfg(all(target_arch = "aarch64", not(target_abi = "softfloat")))] I8mm "i8mm",
    #[cfg(all(target_arch = "aarch64", not(target_abi = "softfloat")))] Dotprod "dotprod",
    #[cfg(all(target_arch = "aarch64", not(target_abi = "softfloat")))] Neon "neon",
    #[cfg(all(
        target_arch = "arm",
        target_os = "none",
        any(feature = "dsp", target_abi = "eabihf"),
        not(target_has_atomic = "64"),
    ))]
    Dsp "dsp",
    Scalar "scalar",
}

impl Level {
    /// The names of all levels, on whatever CPU.
    pub const NAMES: [&'static str; 9] = [
        "avx512vnni",
        "avx512",
        "avxvnni",
        "avx2",
        "i8mm",
        "dotprod",
        "neon",
        "dsp",
        "scalar",
    ];

    /// The level of this name, if this CPU has it.
    ///
    /// # Errors
    ///
    /// [`Error::LevelAbsent`] if it does not, [`Error::LevelUnknown`] if no CPU does.
    pub fn named(name: &str) -> Result<Level, Error> {
        match Level::all().find(|level| level.name() == name) {
            Some(level) => Ok(level),
            None => match Level::NAMES.into_iter().find(|known| *known == name) {
                Some(known) => Err(Error::LevelAbsent(known)),
                None => Err(Error::LevelUnknown),
            },
        }
    }

    /// Runs the level's multiply-add instruction in independent chains, `rounds` long, and returns
    /// the multiply-accumulates done. The time that takes is the limit for any kernel: see the
    /// example `roofline`.
    pub fn multiply_adds(self, rounds: u64) -> u64 {
        let mut macs = 0;
        self.run(Peak {
            rounds,
            macs: &mut macs,
        });
        macs
    }

    /// Reads the floats of one buffer and writes those of another, by turns and in order, with the loads and
    /// stores of the level's f32 kernels, and computes nothing. Whole cache lines of 16 floats are moved;
    /// fewer at an end are not. The time that takes is the limit for any kernel that moves as much, where
    /// memory and not arithmetic limits it: see the example `roofline`.
    pub fn stream(self, read: &[f32], write: &mut [f32]) {
        self.run(Stream { read, write });
    }

    /// What a plan is tuned for that runs on this level: [`Tuning::Any`] where no measurements tell.
    pub const fn tuning(self) -> Tuning {
        match self {
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Level::Avx512Vnni(_) | Level::Avx512(_) => Tuning::Avx512,
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Level::AvxVnni(_) | Level::Avx2(_) => Tuning::Avx2,
            _ => Tuning::Any,
        }
    }

    /// Whether a multiplication and the addition after it are rounded once. All levels for which
    /// this is true give the same bits.
    pub const fn is_fused(self) -> bool {
        match self {
            Level::Scalar(_) => scalar::FUSED,
            #[allow(unreachable_patterns)]
            _ => true,
        }
    }
}

impl core::fmt::Display for Level {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}
