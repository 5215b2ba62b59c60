//! One or two vectors of filters that stand side by side: where their weights are, and how their sums
//! become outputs.

use super::finish::Filters;
use crate::kernel::int8::{JobI8, Outputs};
use crate::pack::{PANEL, width};
use crate::simd::SimdI8;

#[derive(Clone, Copy)]
pub(super) struct Block {
    pub vectors: usize,
    /// The first filter of the group's, and how many there are from it on.
    pub first: usize,
    pub filters: usize,
    /// The header's entry of the first filter.
    pub header: *const i32,
    /// Width of the panel, and words to the next.
    pub width: usize,
    pub panel: usize,
}

impl Block {
    /// The block of a group's filters from `first` on; `packed` are the group's panels.
    #[inline(always)]
    pub fn of<S: SimdI8>(job: &JobI8<'_>, packed: *const i32, first: usize) -> Self {
        let filters = job.shape.panels.panels.filters;
        let lane = first % PANEL;
        let left = filters - first;
        let width = width(left + lane);
        let full = job.shape.panels.panel(PANEL);
        let packed = packed.wrapping_add(first / PANEL * full);
        // Two vectors stand in one panel, or in two that are both full.
        let both = S::VECTORS == 2
            && if S::LANES < PANEL {
                lane + 2 * S::LANES <= width && left > S::LANES
            } else {
                left >= 2 * PANEL
            };
        Block {
            vectors: if both { 2 } else { 1 },
            first,
            filters: left,
            header: packed.wrapping_add(lane),
            width,
            panel: full,
        }
    }

    /// Where vector `v` lies in a row of the panels: words from the first.
    #[inline(always)]
    pub fn lane<S: SimdI8>(&self, v: usize) -> usize {
        v * S::LANES / PANEL * self.panel + v * S::LANES % PANEL
    }

    /// Makes outputs of the sums of some pixels, a word each; `to` is the group's first filter of the
    /// first pixel.
    ///
    /// # Safety
    /// The panels are whole, `[pixel][vector]` sums are there, and the pixels are the job's.
    #[inline(always)]
    pub unsafe fn write<S: SimdI8>(
        &self,
        simd: S,
        job: &JobI8<'_>,
        sums: *const S::I32,
        pixels: usize,
        to: Outputs,
    ) {
        for v in 0..self.vectors {
            let header = self.header.wrapping_add(self.lane::<S>(v));
            let count = self.filters.saturating_sub(v * S::LANES).min(S::LANES);
            let (quant, width, depth) = (job.quant(), self.width, job.shape.panels.depth());
            let to = to.at(self.first + v * S::LANES);
            // SAFETY: the caller's.
            unsafe {
                Filters::load(simd, quant, header, width, depth, S::OFFSET, count).write(
                    simd,
                    sums.add(v),
                    self.vectors,
                    pixels,
                    to,
                    job.geometry().filters,
                );
            }
        }
    }
}
