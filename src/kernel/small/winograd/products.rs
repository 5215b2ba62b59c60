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

        /// Computes the strip of a point.
        ///
        /// # Safety
        /// The inputs and weights are there, and the planes have room for the products.
        #[inline(always)]
        unsafe fn run(strip: &mut Strip, tiles: usize) {
            let mut left = tiles;
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

        /// Computes the strip of a point.
        ///
        /// # Safety
        /// The inputs and weights are there, and the planes have room for the products.
        #[inline(always)]
        unsafe fn run(strip: &mut Strip, tiles: usize) {
            strip.tiles = tiles;
            strip.lines = 1;
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
    let mut strip = strip(job, block);
    let mut point = 0;
    while point < variant(reread(job)).points() {
        let mut filter = 0;
        while filter < reread(block).filters(reread(job)) {
            aim(reread(job), reread(block), &mut strip, point, filter);
            // SAFETY: the caller's.
            unsafe { run(&mut strip, reread(block).tiles) };
            filter += strip.filters;
        }
        point += 1;
    }
}

/// What is the same for all points and filters.
// Its frame is gone when they are computed, as is that of `aim`.
#[inline(never)]
fn strip(job: &Job<'_>, block: &Block) -> Strip {
    let Activation { min, max } = Activation::NONE;
    Strip {
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
        lines: 1,
        input_line: 0,
        output_line: 0,
        pixel: bytes(block.size.row),
        output_pixel: bytes(block.size.filters),
        bias: ZEROS.as_ptr(),
        filters: 0,
        clamp: [min, max],
        output: ptr::null_mut(),
    }
}

/// Aims the strip at the products at a point of some filters from `filter` on, counted from the first whose products are held.
#[inline(never)]
fn aim(job: &Job<'_>, block: &Block, strip: &mut Strip, point: usize, filter: usize) {
    let panels = job.panels();
    let lane = filter % PANEL;
    let left = panels.filters - block.first - filter;
    let width = pack::width(left + lane);
    let row = 1 + point * panels.depth;
    strip.input = block.inputs.wrapping_add(point * block.size.inputs);
    strip.weights =
        (block.panel(job)).wrapping_add((filter - lane) * panels.rows() + row * width + lane);
    strip.width = bytes(width);
    strip.filters = left.min(width - lane).min(FILTERS);
    strip.output = (block.products(job)).wrapping_add(point * block.size.products + filter);
}
