//! What an algorithm is given, and which one a geometry gets.

use crate::activation::Activation;
use crate::geometry::{Geometry, Sizes};
use crate::pack::Panels;
use crate::simd::{Kernel, Simd};
use core::ops::Range;

mod dense;
mod depthwise;
pub(crate) mod int8;
pub(crate) mod peak;
mod rows;
mod slide;
mod taps;
mod tile;
mod window;

/// Floats of input that the second-level cache keeps while one block of channels after another
/// passes over them: a quarter of a mebibyte.
const CACHED: usize = 1 << 16;

/// The algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// Groups of channels, each under its own filters. One group is the common case.
    Dense,
    /// One input channel per filter.
    Depthwise,
}

impl Algorithm {
    /// The one for a geometry. A single input channel that all filters read is dense.
    pub const fn of(geometry: &Geometry, sizes: &Sizes) -> Self {
        if sizes.group_channels == 1 && geometry.groups > 1 {
            Algorithm::Depthwise
        } else {
            Algorithm::Dense
        }
    }

    /// The shape that the weights are packed in.
    pub const fn panels(self, geometry: &Geometry, sizes: &Sizes) -> Panels {
        let [kd, kh, kw] = geometry.kernel;
        let taps = kd * kh * kw;
        match self {
            Algorithm::Dense => Panels {
                groups: geometry.groups,
                filters: sizes.group_filters,
                taps,
                depth: sizes.group_channels,
            },
            Algorithm::Depthwise => Panels {
                groups: 1,
                filters: geometry.filters,
                taps,
                depth: 1,
            },
        }
    }
}

/// Some rows of one convolution.
///
/// Whoever makes one has checked, and the kernels lean on, this: the geometry has these sizes;
/// `rows` are rows of the output, `output` is just them; `input` is the rows that they need, the
/// first of which is row `first_input_row`; `packed` has the length of `panels`.
pub(crate) struct Job<'a> {
    pub geometry: &'a Geometry,
    pub sizes: &'a Sizes,
    pub algorithm: Algorithm,
    pub panels: Panels,
    pub activation: Activation,
    /// Rows are counted through batch, depth and height.
    pub rows: Range<usize>,
    pub first_input_row: usize,
    pub input: &'a [f32],
    pub packed: &'a [f32],
    pub output: &'a mut [f32],
}

impl Kernel for Job<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        match self.algorithm {
            Algorithm::Dense => dense::run(simd, self),
            Algorithm::Depthwise => depthwise::run(simd, self),
        }
    }
}
