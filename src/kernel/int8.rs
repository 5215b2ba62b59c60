//! What an int8 algorithm is given, and how its sums become outputs.
//!
//! There are two ways to a sum. Cores without vectors ([`direct`], [`pointwise`], [`taps`]) read the image as it
//! lies, subtract the zero point, and leave out the taps in the padding. Vector levels (`vectors`)
//! first lay out windows, or rows of the image, with the zero point in the padding, in the form that they multiply.

use self::put::Finish;
use self::quads::Quads;
use super::{Direct, Implied};
use crate::geometry::{Geometry, Sizes};
use crate::pack::PANEL;
use crate::pack_i8::{HEADER, QUAD};
use crate::quant::Quant;
use crate::simd::Level;
use core::ops::Range;

mod direct;
pub(crate) mod nine;
mod pair;
mod pointwise;
pub(crate) mod put;
pub(crate) mod quads;
pub(crate) mod strips;
mod taps;
mod windows;
cfg_if::cfg_if! {
    if #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))] {
        pub(crate) mod vectors;
        mod walk;
        pub(crate) use crate::pack_i8::PanelsI8 as JobPanels;
    } else if #[cfg(all(target_arch = "aarch64", not(target_abi = "softfloat")))] {
        pub(crate) mod neon;
        mod walk;
        pub(crate) use crate::pack_i8::PanelsI8 as JobPanels;
    } else {
        /// Kernels without vectors need no more than the sizes.
        #[derive(Clone, Copy)]
        pub(crate) struct JobPanels;

        impl JobPanels {
            pub const fn of(_: Direct, _: &Geometry, _: &Sizes) -> Self {
                JobPanels
            }
        }
    }
}

/// Some rows of one convolution.
///
/// Whoever makes one has checked, and the kernels lean on, this: the geometry has these sizes;
/// `rows` are rows of the output, `output` is just them; `input` is the rows that they need, the
/// first of which is row `first_input_row`; `packed` has the length that the packing of such a layer has.
pub(crate) struct JobI8<'a> {
    pub geometry: &'a Geometry,
    pub sizes: &'a Sizes,
    #[allow(dead_code)] // but on targets with vectors
    pub panels: JobPanels,
    pub quant: &'a Quant,
    /// Rows are counted through batch, depth and height.
    pub rows: Range<usize>,
    pub first_input_row: usize,
    /// Of uint8 too: see [`Quant::flip_input`].
    pub input: &'a [i8],
    pub packed: &'a [i32],
    pub output: Outputs<'a>,
    /// Whether all filters are such as converters make: [`Rounding::Tflite`](crate::Rounding::Tflite), M
    /// below 1/2, and no sum leaves half of an int32.
    #[allow(dead_code)] // but on targets without vectors
    pub plain: bool,
    pub finish: Finish,
}

impl JobI8<'_> {
    /// The same job, lent.
    #[allow(dead_code)] // but on targets with vectors
    #[inline(always)]
    pub fn lent(&mut self) -> JobI8<'_> {
        JobI8 {
            rows: self.rows.clone(),
            output: match &mut self.output {
                Outputs::Bytes(output) => Outputs::Bytes(output),
                Outputs::Sums(output) => Outputs::Sums(output),
            },
            ..*self
        }
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
pub(crate) struct RunnerI8(Implied<extern "C" fn(Level, &mut JobI8<'_>)>);

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
    pub fn run(self, level: Level, job: &mut JobI8<'_>) {
        (self.0.0)(level, job);
    }
}

// The names are known to C, for plans that are constants there.
#[cfg_attr(feature = "capi", unsafe(no_mangle))]
#[allow(improper_ctypes_definitions)] // see `RunnerI8`
extern "C" fn microconv_i8_dense(level: Level, job: &mut JobI8<'_>) {
    level.run_i8(Kernels::Dense, job);
}

#[cfg_attr(feature = "capi", unsafe(no_mangle))]
#[allow(improper_ctypes_definitions)] // see `RunnerI8`
extern "C" fn microconv_i8_pointwise(level: Level, job: &mut JobI8<'_>) {
    level.run_i8(Kernels::Pointwise, job);
}

#[cfg_attr(feature = "capi", unsafe(no_mangle))]
#[allow(improper_ctypes_definitions)] // see `RunnerI8`
extern "C" fn microconv_i8_depthwise(level: Level, job: &mut JobI8<'_>) {
    level.run_i8(Kernels::Depthwise, job);
}

/// The kernels of a level without vectors.
#[inline(always)]
pub(crate) fn without_vectors<S: Quads>(simd: S, kernels: Kernels, job: &mut JobI8<'_>) {
    match kernels {
        Kernels::Dense => direct::run(simd, job),
        Kernels::Pointwise => pointwise::run(simd, job),
        Kernels::Depthwise if S::STRIPS => strips::run(simd, job),
        Kernels::Depthwise if S::NINE => nine::run(simd, job),
        Kernels::Depthwise => taps::run(job, 0),
    }
}

/// Keeps a loop as it is written: on small cores, no set-up is worth eight copies of its body, nor a
/// `memset` that nothing else would link.
#[inline(always)]
fn rolled() {
    #[cfg(all(target_arch = "arm", target_os = "none"))]
    // SAFETY: no instruction.
    unsafe {
        core::arch::asm!("", options(nomem, nostack, preserves_flags));
    }
}

/// Words of a full panel of a depthwise layer.
#[inline(always)]
fn depthwise_panel(job: &JobI8<'_>) -> usize {
    HEADER * PANEL + job.sizes.taps * (PANEL / QUAD)
}

/// Where the results go.
#[derive(Debug)]
pub enum Outputs<'a> {
    /// Requantized, as int8; of uint8 too: see [`Quant::flip`].
    Bytes(&'a mut [i8]),
    /// Sums as they are.
    Sums(&'a mut [i32]),
}

/// Where a pixel's results go.
#[derive(Clone, Copy)]
#[allow(dead_code)] // but on targets with vectors
pub(crate) enum To {
    Bytes(*mut i8),
    Sums(*mut i32),
}

#[allow(dead_code)] // as above
impl To {
    /// The first element.
    #[inline(always)]
    pub fn start(outputs: &mut Outputs<'_>) -> Self {
        match outputs {
            Outputs::Bytes(slice) => To::Bytes(slice.as_mut_ptr()),
            Outputs::Sums(slice) => To::Sums(slice.as_mut_ptr()),
        }
    }

    /// So many elements further on.
    #[inline(always)]
    pub fn at(self, elements: usize) -> Self {
        match self {
            To::Bytes(p) => To::Bytes(p.wrapping_add(elements)),
            To::Sums(p) => To::Sums(p.wrapping_add(elements)),
        }
    }
}
