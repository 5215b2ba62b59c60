//! What vector levels bring, and how a job of theirs runs.

use super::{Direct, Finish, JobI16, dense, depthwise};
use crate::pack_i8::QUAD;

/// An instruction set, as these kernels see it.
///
/// # Safety
///
/// A value is made only where the CPU has the instructions that the methods use.
pub(crate) unsafe trait SimdI16: Copy {
    /// A divisor of a panel. Sums are made of so many filters together.
    const LANES: usize;
    /// Elements from a sum of one pixel to that of the next one, and from filter to filter.
    const STEPS: [usize; 2];

    /// Lays out quads of one pixel.
    ///
    /// # Safety
    /// So many quads are readable, and as many places writable.
    #[inline(always)]
    unsafe fn lay_out(self, from: *const i16, quads: usize, to: *mut i16) {
        let (mut from, mut to) = (from.cast::<[i16; QUAD]>(), to.cast::<[i16; QUAD]>());
        for _ in 0..quads {
            // SAFETY: the caller's.
            unsafe { to.write(from.read()) };
            from = from.wrapping_add(1);
            to = to.wrapping_add(1);
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
    job: &JobI16<'_>,
    depthwise: impl FnOnce(&JobI16<'_>) -> usize,
) {
    match job.panels().algorithm {
        Direct::Dense => dense::run::<S, PIXELS, PIECE>(simd, job),
        Direct::Depthwise => {
            let mut first = depthwise(job);
            while first < job.geometry().filters {
                depthwise::run(job, first);
                first += QUAD;
            }
        }
    }
}
