//! What an algorithm is given, and which one a geometry gets.

use crate::activation::Activation;
use crate::conv::ConvF32;
use crate::geometry::{Geometry, Sizes};
use crate::pack::Panels;
use crate::simd::Level;
use core::fmt;
use core::ops::Range;

mod choice;
pub(crate) mod int16;
pub(crate) mod int8;
pub(crate) mod peak;
mod rows;
pub(crate) mod stream;
mod window;
mod windows;
mod winograd;
mod winograd_cost;
mod winograd_points;

cfg_if::cfg_if! {
    if #[cfg(all(target_arch = "arm", target_os = "none", not(target_has_atomic = "64")))] {
        pub(crate) mod small;
    } else {
        mod block;
        mod dense;
        mod depthwise;
        mod double;
        mod finish;
        mod pair;
        mod piece;
        mod pointwise;
        mod rectangles;
        mod slide;
        mod stem;
        mod strip;
        mod taps;
        mod tile;
        mod upright;
        mod winograd_products;
        mod winograd_transform;
        mod winograd_walk;
    }
}

pub(crate) use choice::{Choice, choose};
pub(crate) use winograd::{Variant, gamma};

/// Floats of input that the second-level cache keeps while one block of channels after another
/// passes over them: a quarter of a mebibyte.
pub(crate) const CACHED: usize = 1 << 16;

/// The kernels of direct convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Direct {
    /// Groups of channels, each under its own filters. One group is the common case.
    Dense,
    /// One input channel per filter.
    Depthwise,
}

impl Direct {
    /// The one for a geometry. A single input channel that all filters read is dense.
    pub const fn of(geometry: &Geometry, sizes: &Sizes) -> Self {
        if sizes.group_channels == 1 && geometry.groups > 1 {
            Direct::Depthwise
        } else {
            Direct::Dense
        }
    }

    /// The shape that the weights are packed in.
    pub const fn panels(self, geometry: &Geometry, sizes: &Sizes) -> Panels {
        let mut panels = Panels {
            transform: None,
            groups: geometry.groups,
            filters: sizes.group_filters,
            taps: sizes.taps,
            depth: sizes.group_channels,
        };
        if let Direct::Depthwise = self {
            panels.groups = 1;
            panels.filters = geometry.filters;
            panels.depth = 1;
        }
        panels
    }
}

/// The kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Direct(Direct),
    /// Transformed tiles.
    Winograd(Variant),
}

impl Method {
    /// The shape that the weights are packed in.
    pub const fn panels(self, geometry: &Geometry, sizes: &Sizes) -> Panels {
        match self {
            Method::Direct(direct) => direct.panels(geometry, sizes),
            Method::Winograd(variant) => {
                let mut panels = Direct::Dense.panels(geometry, sizes);
                panels.transform = Some(variant);
                panels
            }
        }
    }
}

/// Some rows of one convolution.
///
/// Whoever makes one has checked, and the kernels lean on, this: `rows` are rows of the plan's output, `output` is just them;
/// `input` is the rows that they need, the first of which is row `first_input_row`; `packed` has the plan's length; under
/// Winograd the geometry has a window of 1x3x3 with stride and dilation 1, `rows` are whole tiles of each plane, and
/// `scratch` holds at least one tile and panel. (What the plan tells is not told again: a job may lie on a stack of few bytes.)
pub(crate) struct Job<'a> {
    pub plan: &'a ConvF32,
    /// Rows are counted through batch, depth and height.
    pub rows: Range<usize>,
    pub first_input_row: usize,
    pub memory: &'a Memory,
}

/// The memory of a run. For as long as a job lives that is given it, nobody else writes to any of these, or reads the output.
pub(crate) struct Memory {
    pub input: *const [f32],
    pub packed: *const [f32],
    pub output: *mut [f32],
    pub scratch: *mut [f32],
}

impl<'a> Job<'a> {
    #[inline(always)]
    pub fn geometry(&self) -> &'a Geometry {
        &self.plan.geometry
    }

    #[inline(always)]
    pub fn sizes(&self) -> &'a Sizes {
        &self.plan.sizes
    }

    #[inline(always)]
    pub fn panels(&self) -> &'a Panels {
        &self.plan.panels
    }

    #[inline(always)]
    pub fn input(&self) -> *const f32 {
        self.memory.input.cast()
    }

    #[inline(always)]
    pub fn packed(&self) -> *const f32 {
        self.memory.packed.cast()
    }

    #[inline(always)]
    pub fn output(&self) -> *mut f32 {
        self.memory.output.cast()
    }

    #[inline(always)]
    pub fn scratch(&self) -> *mut f32 {
        self.memory.scratch.cast()
    }

    #[inline(always)]
    pub fn activation(&self) -> Activation {
        self.plan.activation
    }
}

/// Runs jobs of one kind of method. A plan carries the one it needs, so that a program that plans
/// nothing but direct convolution links nothing else: Winograd's kernels are more than half of all.
///
/// No C is involved: a function of C is known not to unwind, so whoever calls this one from C needs no
/// code for the case that it does.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(improper_ctypes_definitions)]
pub(crate) struct Runner(Implied<extern "C" fn(Level, &Job<'_>)>);

impl Runner {
    pub const DIRECT: Self = Runner(Implied(direct));
    pub const WINOGRAD: Self = Runner(Implied(winograd));

    /// The job's method is of the kind.
    pub fn run(self, level: Level, job: &Job<'_>) {
        (self.0.0)(level, job);
    }
}

/// What the other members of a plan tell already: two are never told apart by it.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Implied<T>(pub T);

impl<T> PartialEq for Implied<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> fmt::Debug for Implied<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

cfg_if::cfg_if! {
    if #[cfg(all(target_arch = "arm", target_os = "none", not(target_has_atomic = "64")))] {
        #[allow(improper_ctypes_definitions)] // see `Runner`
        extern "C" fn direct(_: Level, job: &Job<'_>) {
            small::run(job);
        }

        #[allow(improper_ctypes_definitions)] // see `Runner`
        extern "C" fn winograd(_: Level, job: &Job<'_>) {
            small::winograd::run(job);
        }
    } else {
        use crate::simd::{Kernel, Simd};

        #[allow(improper_ctypes_definitions)] // see `Runner`
        extern "C" fn direct(level: Level, job: &Job<'_>) {
            level.run(DirectJob(job));
        }

        struct DirectJob<'a, 'b>(&'a Job<'b>);

        impl Kernel for DirectJob<'_, '_> {
            #[inline(always)]
            fn run<S: Simd>(self, simd: S) {
                match self.0.plan.method {
                    Method::Direct(Direct::Dense) => dense::run(simd, self.0),
                    Method::Direct(Direct::Depthwise) => depthwise::run(simd, self.0),
                    Method::Winograd(_) => {}
                }
            }
        }

        #[allow(improper_ctypes_definitions)] // see `Runner`
        extern "C" fn winograd(level: Level, job: &Job<'_>) {
            level.run(WinogradJob(job));
        }

        struct WinogradJob<'a, 'b>(&'a Job<'b>);

        impl Kernel for WinogradJob<'_, '_> {
            #[inline(always)]
            fn run<S: Simd>(self, simd: S) {
                if let Method::Winograd(variant) = self.0.plan.method {
                    winograd_walk::run(simd, self.0, variant);
                }
            }
        }
    }
}
