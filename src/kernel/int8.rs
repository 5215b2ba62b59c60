//! What an int8 algorithm is given, and how its sums become outputs.
//!
//! There are two ways to a sum. Cores without vectors ([`direct`], [`pointwise`], [`taps`]) read the image as it
//! lies, subtract the zero point, and leave out the taps in the padding. Vector levels (`vectors`)
//! first lay out windows, or rows of the image, with the zero point in the padding, in the form that they multiply.

use self::put::Finish;
use self::quads::Quads;
use super::windows::Image;
use super::{Direct, Implied};
use crate::conv_i8::ConvI8;
use crate::geometry::{Geometry, Sizes};
use crate::pack::PANEL;
use crate::pack_i8::{HEADER, QUAD};
use crate::quant::Quant;
use crate::simd::Level;
use core::ops::Range;

mod direct;
mod gather;
pub(crate) mod nine;
mod panels;
mod pointwise;
pub(crate) mod put;
pub(crate) mod quads;
pub(crate) mod strips;
mod taps;
cfg_if::cfg_if! {
    if #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))] {
        pub(crate) mod vectors;
        mod walk;
        pub(crate) use self::shape::JobShape;
        mod shape;
    } else if #[cfg(all(target_arch = "aarch64", not(target_abi = "softfloat")))] {
        pub(crate) mod neon;
        mod walk;
        pub(crate) use self::shape::JobShape;
        mod shape;
    } else {
        /// Kernels without vectors need no more than the sizes.
        #[derive(Clone, Copy)]
        pub(crate) struct JobShape;

        impl JobShape {
            pub const fn of(_: Direct, _: &Geometry, _: &Sizes, _: usize) -> Self {
                JobShape
            }
        }
    }
}

/// Some rows of one convolution.
///
/// Whoever makes one has checked, and the kernels lean on, this: `rows` are rows of the output, `output` is just them; `input`
/// is the rows that they need, the first of which is row `first_input_row`; `packed` has the length that the packing of such a
/// layer has. For as long as the job lives, nobody else writes to any of these, or reads the output. (Lengths would take of the
/// stack what no kernel looks at.)
#[derive(Clone)]
pub(crate) struct JobI8<'a> {
    pub plan: &'a ConvI8,
    #[allow(dead_code)] // but on targets with vectors
    pub shape: JobShape,
    /// Rows are counted through batch, depth and height.
    pub rows: Range<usize>,
    pub first_input_row: usize,
    /// Of uint8 too: see [`Quant::flip_input`].
    pub input: *const i8,
    pub packed: *const i32,
    pub output: Outputs,
    /// Whether outputs are bytes, and all filters such as converters make: [`Rounding::Tflite`](crate::Rounding::Tflite), M
    /// below 1/2, and no sum leaves half of an int32.
    #[allow(dead_code)] // but on targets without vectors
    pub plain: bool,
    pub finish: Finish,
}

impl<'a> JobI8<'a> {
    #[inline(always)]
    pub fn geometry(&self) -> &'a Geometry {
        &self.plan.geometry
    }

    #[inline(always)]
    pub fn sizes(&self) -> &'a Sizes {
        &self.plan.sizes
    }

    #[inline(always)]
    pub fn quant(&self) -> &'a Quant {
        &self.plan.quant
    }

    /// Bytes of an output.
    #[allow(dead_code)] // but on targets without vectors
    #[inline(always)]
    pub fn element(&self) -> usize {
        match self.output {
            Outputs::Bytes(_) => size_of::<i8>(),
            Outputs::Sums(_) => size_of::<i32>(),
        }
    }
}

impl Image for JobI8<'_> {
    #[inline(always)]
    fn geometry(&self) -> &Geometry {
        &self.plan.geometry
    }

    #[inline(always)]
    fn sizes(&self) -> &Sizes {
        &self.plan.sizes
    }

    #[inline(always)]
    fn first_row(&self) -> usize {
        self.rows.start
    }

    #[inline(always)]
    fn first_input_row(&self) -> usize {
        self.first_input_row
    }

    #[inline(always)]
    fn input(&self) -> *const i8 {
        self.input
    }

    #[inline(always)]
    fn pixel(&self) -> usize {
        self.plan.geometry.channels
    }
}

/// The kernels that a layer has on a core without vectors.
#[derive(Clone, Copy)]
pub(crate) enum Kernels {
    Dense,
    /// [`Dense`](Self::Dense), with windows of one tap side by side.
    Pointwise,
    Depthwise,
}

impl Kernels {
    // So that a plan that is being made need not lie in memory for it.
    #[inline(always)]
    pub const fn of(geometry: &Geometry, sizes: &Sizes, algorithm: Direct) -> Self {
        match algorithm {
            Direct::Depthwise => Kernels::Depthwise,
            Direct::Dense if pointwise::is(geometry, sizes) => Kernels::Pointwise,
            Direct::Dense => Kernels::Dense,
        }
    }
}

/// Runs the jobs of a plan. The plan carries it, so that a program whose plans are constants links the
/// kernels of those plans and no others.
///
/// No C is involved: a function of C is known not to unwind, so whoever calls this one from C needs no
/// code for the case that it does.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
#[allow(improper_ctypes_definitions)]
pub(crate) struct RunnerI8(Implied<extern "C" fn(Level, &JobI8<'_>)>);

impl RunnerI8 {
    pub const fn of(kernels: Kernels) -> Self {
        match kernels {
            Kernels::Dense => RunnerI8(Implied(microconv_i8_dense)),
            Kernels::Pointwise => RunnerI8(Implied(microconv_i8_pointwise)),
            Kernels::Depthwise => RunnerI8(Implied(microconv_i8_depthwise)),
        }
    }

    /// The job is one of the plan's.
    #[inline(always)]
    pub fn run(self, level: Level, job: &JobI8<'_>) {
        (self.0.0)(level, job);
    }
}

// The names are known to C, for plans that are constants there.
#[cfg_attr(feature = "capi", unsafe(no_mangle))]
#[allow(improper_ctypes_definitions)] // see `RunnerI8`
extern "C" fn microconv_i8_dense(level: Level, job: &JobI8<'_>) {
    level.run_i8(Kernels::Dense, job);
}

#[cfg_attr(feature = "capi", unsafe(no_mangle))]
#[allow(improper_ctypes_definitions)] // see `RunnerI8`
extern "C" fn microconv_i8_pointwise(level: Level, job: &JobI8<'_>) {
    level.run_i8(Kernels::Pointwise, job);
}

#[cfg_attr(feature = "capi", unsafe(no_mangle))]
#[allow(improper_ctypes_definitions)] // see `RunnerI8`
extern "C" fn microconv_i8_depthwise(level: Level, job: &JobI8<'_>) {
    level.run_i8(Kernels::Depthwise, job);
}

/// The kernels of a level without vectors.
#[inline(always)]
pub(crate) fn without_vectors<S: Quads>(simd: S, kernels: Kernels, job: &JobI8<'_>) {
    match kernels {
        Kernels::Dense => direct::run(simd, job),
        Kernels::Pointwise => pointwise::run(simd, job),
        Kernels::Depthwise if S::STRIPS => strips::run(simd, job),
        Kernels::Depthwise if S::NINE => nine::run(simd, job),
        Kernels::Depthwise => taps::run(simd, job, 0),
    }
}

/// Keeps a loop as it is written: on small cores, no set-up is worth eight copies of its body, nor a
/// `memset` that nothing else would link.
#[inline(always)]
pub(super) fn rolled() {
    #[cfg(all(target_arch = "arm", target_os = "none"))]
    // SAFETY: no instruction.
    unsafe {
        core::arch::asm!("", options(nomem, nostack, preserves_flags));
    }
}

/// Words of a full panel of a depthwise layer.
#[inline(always)]
fn depthwise_panel(job: &JobI8<'_>) -> usize {
    HEADER * PANEL + job.sizes().taps * (PANEL / QUAD)
}

/// Where results go.
#[derive(Clone, Copy, Debug)]
pub enum Outputs {
    /// Requantized, as int8; of uint8 too: see [`Quant::flip`].
    Bytes(*mut i8),
    /// Sums as they are.
    Sums(*mut i32),
}

impl Outputs {
    /// So many elements further on.
    #[allow(dead_code)] // but on targets with vectors
    #[inline(always)]
    pub fn at(self, elements: usize) -> Self {
        match self {
            Outputs::Bytes(p) => Outputs::Bytes(p.wrapping_add(elements)),
            Outputs::Sums(p) => Outputs::Sums(p.wrapping_add(elements)),
        }
    }
}
