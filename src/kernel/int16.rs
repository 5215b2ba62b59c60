//! int16 activations under int8 weights.
//!
//! A product is at most 2^22, so [`MOST`] of them fit an int32 whatever they are. Sums are made of
//! pieces no longer than that, each in 32 bits, which wait in 64 bits in between.

use crate::geometry::{Geometry, Sizes};
use crate::kernel::Direct;
use crate::pack_i8::{PanelsI8, QUAD};
use crate::quant_i16::RangeI16;
use core::ops::Range;

mod dense;
mod depthwise;
mod finish;
mod walk;

pub(crate) use finish::Finish;
cfg_if::cfg_if! {
    if #[cfg(all(
        target_arch = "arm",
        target_os = "none",
        any(feature = "dsp", target_abi = "eabihf"),
        not(target_has_atomic = "64"),
    ))] {
        mod fours;
        pub(crate) use fours::{Strip as Fours, run as fours};
        /// Whether few layers are left to [`depthwise`], which need not be fast then, but small.
        const RARE: bool = true;
    } else {
        const RARE: bool = false;
    }
}

cfg_if::cfg_if! {
    if #[cfg(any(
        all(target_arch = "x86_64", target_feature = "sse2"),
        all(target_arch = "aarch64", not(target_abi = "softfloat")),
    ))] {
        mod strips;
        pub(crate) use strips::{COLUMNS, Strip, Strips, run as strips};
    }
}

/// Products that fit an int32 together, in whole quads: `MOST * 2^22 < 2^31`.
pub(crate) const MOST: usize = 508;

const _: () = assert!(MOST << 22 < 1 << 31 && MOST.is_multiple_of(QUAD));

/// Some rows of one convolution.
///
/// Whoever makes one has checked, and the kernels lean on, this: the geometry has these sizes;
/// `rows` are rows of the output, `output` is just them; `input` is the rows that they need, the
/// first of which is row `first_input_row`; `packed` has the length of `panels`.
pub(crate) struct JobI16<'a> {
    pub geometry: &'a Geometry,
    pub sizes: &'a Sizes,
    pub panels: PanelsI8,
    pub range: RangeI16,
    /// Rows are counted through batch, depth and height.
    pub rows: Range<usize>,
    pub first_input_row: usize,
    pub input: &'a [i16],
    pub packed: &'a [i32],
    pub output: &'a mut [i16],
}

/// An instruction set, as these kernels see it.
///
/// # Safety
///
/// A value is made only where the CPU has the instructions that the methods use.
pub(crate) unsafe trait SimdI16: Copy {
    /// A quad of each pixel stands beside those of the others; else each pixel's stand together.
    const INTERLEAVED: bool;
    /// A divisor of a panel. Sums are made of so many filters together.
    const LANES: usize;
    /// Elements from a sum of one pixel to that of the next one, and from filter to filter.
    const STEPS: [usize; 2];

    /// Lays out quads of one pixel, each next one `step` elements further on than the last.
    ///
    /// # Safety
    /// So many quads are readable, and as many places writable.
    #[inline(always)]
    unsafe fn lay_out(self, from: *const i16, quads: usize, to: *mut i16, step: usize) {
        let (mut from, mut to) = (from.cast::<[i16; QUAD]>(), to);
        for _ in 0..quads {
            // SAFETY: the caller's.
            unsafe { to.cast::<[i16; QUAD]>().write(from.read()) };
            from = from.wrapping_add(1);
            to = to.wrapping_add(step);
        }
    }

    /// Writes the sums of so many pixels that were laid out, under so many filters of a panel, up to the
    /// next multiple of [`LANES`](Self::LANES).
    ///
    /// # Safety
    /// So many quads were laid out of each pixel, at least one and no more than fit an int32; the
    /// weights are those of a panel so wide; a sum of each pixel of the tile and each filter of a whole
    /// panel is writable.
    unsafe fn sums(self, tile: Tile, sums: *mut i32);

    /// Makes outputs of sums.
    ///
    /// # Safety
    /// All that it names can be read and written.
    #[inline(always)]
    unsafe fn finish(self, finish: &Finish) {
        // SAFETY: the caller's.
        unsafe { finish.each(0) };
    }
}

/// Some pixels laid out, and the weights of a panel from some quad on.
#[derive(Clone, Copy)]
pub(crate) struct Tile {
    pub pixels: usize,
    pub inputs: *const i16,
    /// Elements from one pixel to the next.
    pub apart: usize,
    pub quads: usize,
    pub weights: *const i32,
    pub width: usize,
    pub filters: usize,
}

/// Runs a job: if dense, in tiles of at most so many pixels, so many inputs of a window at a time; if
/// depthwise, what the level's own kernel leaves of it, which says from which filter on, a multiple of
/// four.
#[inline(always)]
pub(crate) fn run<S: SimdI16, const PIXELS: usize, const PIECE: usize>(
    simd: S,
    mut job: JobI16<'_>,
    depthwise: impl FnOnce(&mut JobI16<'_>) -> usize,
) {
    match job.panels.algorithm {
        Direct::Dense => dense::run::<S, PIXELS, PIECE>(simd, &mut job),
        Direct::Depthwise => {
            let first = depthwise(&mut job);
            let filters = job.geometry.filters;
            if first < filters {
                depthwise::run(&mut job, first..filters);
            }
        }
    }
}

/// Weight `i` of a quad.
#[inline(always)]
pub(crate) fn byte(word: i32, i: usize) -> i32 {
    i32::from((word >> (8 * i as u32)) as i8)
}
