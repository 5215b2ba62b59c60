//! The products at the points: for each, the transformed inputs of the block's tiles times the transformed filters, summed over the
//! channels from zero on. It is a layer of one pixel, whose pixels are tiles.

use super::{Block, bytes, variant};
use crate::activation::Activation;
use crate::kernel::Job;
use crate::kernel::small::strip::{Span, Strip};
use crate::pack::{self, PANEL};
use crate::simd::reread;
use core::ptr;

cfg_if::cfg_if! {
    if #[cfg(target_abi = "eabihf")] {
        use crate::kernel::rows::cut;
        use crate::kernel::small::walk::DENSE;
        use crate::simd::cortex_m;

        /// Filters whose products are computed together.
        const FILTERS: usize = 2 * pack::NARROWEST;

        /// Computes a strip whose tiles are pixels.
        ///
        /// # Safety
        /// The inputs and weights are there, and the planes have room for the products.
        #[inline(always)]
        unsafe fn run(strip: &mut Strip) {
            let mut left = strip.tiles;
            while left > 0 {
                let pixels;
                (pixels, strip.tiles) = cut(left, DENSE);
                // SAFETY: the caller's.
                unsafe { cortex_m::dense(strip, pixels) };
                left -= pixels * strip.tiles;
            }
        }
    } else {
        use crate::kernel::small::plain;

        const FILTERS: usize = PANEL;

        /// Computes a strip whose tiles are pixels.
        ///
        /// # Safety
        /// The inputs and weights are there, and the planes have room for the products.
        #[inline(always)]
        unsafe fn run(strip: &mut Strip) {
            // SAFETY: the caller's. All filters read all channels.
            unsafe { plain::run(strip, 0, usize::MAX) };
        }
    }
}

/// What sums start at.
static ZEROS: [f32; PANEL] = [0.0; PANEL];

/// Computes the products of all tiles of the block with the filters whose products are held.
///
/// # Safety
/// The planes hold the inputs and have room for the products, and the panels are there.
#[inline(never)]
pub(super) unsafe fn all(job: &Job<'_>, block: &Block) {
    let mut walk = Walk::of(job, block);
    while walk.next(reread(job), reread(block)) {
        // SAFETY: the caller's.
        unsafe { run(&mut walk.strip) };
    }
}

/// The walk over the points and, at each, the filters.
struct Walk {
    /// The products of some filters at the point.
    strip: Strip,
    point: usize,
    /// The next filter, counted from the first whose products are held.
    filter: usize,
}

impl Walk {
    /// Before the first.
    // Its frame is gone when products are computed, as is that of `next`.
    #[inline(never)]
    fn of(job: &Job<'_>, block: &Block) -> Self {
        let Activation { min, max } = Activation::NONE;
        Walk {
            strip: Strip {
                input: ptr::null(),
                weights: ptr::null(),
                planes: 1,
                rows: 1,
                input_row: 0,
                weights_row: 0,
                input_gap: 0,
                weights_gap: 0,
                piece: 0,
                step: size_of::<f32>(),
                width: 0,
                all: Span {
                    at: 0,
                    pieces: 1,
                    len: job.panels().depth,
                },
                #[cfg(target_abi = "eabihf")]
                but_first: Span::EMPTY,
                #[cfg(target_abi = "eabihf")]
                but_last: Span::EMPTY,
                #[cfg(target_abi = "eabihf")]
                missed: 0,
                tiles: 0,
                lines: 0,
                input_line: 0,
                output_line: 0,
                pixel: bytes(block.size.row),
                output_pixel: bytes(block.size.filters),
                bias: ZEROS.as_ptr(),
                filters: 0,
                clamp: [min, max],
                output: ptr::null_mut(),
            },
            point: 0,
            filter: 0,
        }
    }

    /// Aims the strip at the next filters, of this point or the next one. Tells whether there are any.
    #[inline(never)]
    fn next(&mut self, job: &Job<'_>, block: &Block) -> bool {
        if self.filter >= block.filters(job) {
            self.filter = 0;
            self.point += 1;
        }
        if self.point == variant(job).points() {
            return false;
        }
        let (panels, strip) = (job.panels(), &mut self.strip);
        let lane = self.filter % PANEL;
        let left = panels.filters - block.first - self.filter;
        let width = pack::width(left + lane);
        let panel = (self.filter - lane) * panels.rows();
        let row = 1 + self.point * panels.depth;
        strip.input = (block.inputs(job)).wrapping_add(self.point * block.size.inputs);
        strip.weights = (block.panel(job)).wrapping_add(panel + row * width + lane);
        strip.width = bytes(width);
        strip.filters = left.min(width - lane).min(FILTERS);
        strip.output =
            (block.products(job)).wrapping_add(self.point * block.size.products + self.filter);
        strip.tiles = block.tiles();
        strip.lines = 1;
        self.filter += strip.filters;
        true
    }
}
