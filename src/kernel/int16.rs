//! int16 activations under int8 weights.
//!
//! A product is at most 2^22, so [`MOST`] of them fit an int32 whatever they are. Sums are made of
//! pieces no longer than that, each in 32 bits, which wait in 64 bits in between.

use super::Direct;
use super::windows::Image;
use crate::conv_i16::ConvI16;
use crate::geometry::{Geometry, Sizes};
use crate::pack_i8::{PanelsI8, QUAD};
use crate::quant_i16::RangeI16;
use crate::simd::reread;
use core::ops::Range;

mod depthwise;
mod direct;
mod panel;

#[cfg(all(target_arch = "arm", target_os = "none", not(target_has_atomic = "8")))]
pub(crate) use depthwise::{Four, Taps};
pub(crate) use direct::{Pairs, STEP};
pub(crate) use panel::{PIXELS, Pair, Panel};
cfg_if::cfg_if! {
    if #[cfg(all(
        target_arch = "arm",
        target_os = "none",
        any(feature = "dsp", target_abi = "eabihf"),
        not(target_has_atomic = "64"),
    ))] {
        mod fours;
        pub(crate) use fours::{Strip as Fours, run as fours};
    }
}

cfg_if::cfg_if! {
    if #[cfg(any(
        all(target_arch = "x86_64", target_feature = "sse2"),
        all(target_arch = "aarch64", not(target_abi = "softfloat")),
    ))] {
        mod dense;
        mod finish;
        mod strips;
        mod vectors;
        mod walk;
        pub(crate) use finish::Finish;
        pub(crate) use strips::{COLUMNS, Strip, Strips, run as strips};
        pub(crate) use vectors::{SimdI16, Tile, run};
    }
}

/// Products that fit an int32 together, in whole quads: `MOST * 2^22 < 2^31`.
pub(crate) const MOST: usize = 508;

const _: () = assert!(MOST << 22 < 1 << 31 && MOST.is_multiple_of(QUAD));

/// The largest bias, and that of the other sign less 1, that no sum of so many products carries out of 32 bits; negative if there
/// is none.
#[inline(always)]
pub(crate) const fn room(products: usize) -> i32 {
    if products > MOST {
        return -1;
    }
    i32::MAX - ((products as i32) << 22)
}

/// Some rows of one convolution.
///
/// Whoever makes one has checked, and the kernels lean on, this: `rows` are rows of the plan's output, `output` is just them;
/// `input` is the rows that they need, the first of which is row `first_input_row`; `packed` has the plan's length. For as long
/// as the job lives, nobody else writes to any of these, or reads the output, in which anything may lie until it is computed.
pub(crate) struct JobI16<'a> {
    pub plan: &'a ConvI16,
    /// Rows are counted through batch, depth and height.
    pub rows: Range<usize>,
    pub first_input_row: usize,
    pub input: *const i16,
    pub packed: *const i32,
    pub output: *mut i16,
}

impl<'a> JobI16<'a> {
    #[inline(always)]
    pub fn geometry(&self) -> &'a Geometry {
        &self.plan.geometry
    }

    #[inline(always)]
    pub fn sizes(&self) -> &'a Sizes {
        &self.plan.sizes
    }

    #[inline(always)]
    pub fn panels(&self) -> &'a PanelsI8 {
        &self.plan.panels
    }

    #[inline(always)]
    pub fn range(&self) -> RangeI16 {
        self.plan.range
    }
}

impl Image for JobI16<'_> {
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
        self.input.cast()
    }

    #[inline(always)]
    fn pixel(&self) -> usize {
        self.plan.geometry.channels * size_of::<i16>()
    }
}

/// Runs a job on a level without vectors. If it is depthwise, the level's own kernel computes filters from one on, a multiple of
/// four, and tells the first that it leaves.
#[inline(always)]
pub(crate) fn without_vectors<S: Pairs>(
    simd: S,
    job: &JobI16<'_>,
    depthwise: impl Fn(&JobI16<'_>, usize) -> usize,
) {
    match job.panels().algorithm {
        Direct::Dense => direct::run(simd, job),
        Direct::Depthwise => {
            let mut first = depthwise(job, 0);
            while first < reread(job).geometry().filters {
                depthwise::run(job, first);
                first = depthwise(job, first + QUAD);
            }
        }
    }
}

/// Weight `i` of a quad.
#[inline(always)]
pub(crate) fn byte(word: i32, i: usize) -> i32 {
    i32::from((word >> (8 * i as u32)) as i8)
}
