//! Winograd's minimal filtering, block by block of tiles: what the other targets compute, in the same order, hence the same bits.
//!
//! ```text
//! scratch = inputs[point][tile][channel]  products[point][tile][filter]
//! ```
//!
//! Numbers are transformed where they lie: each axis is read from the planes and written back to them, so that no tile takes any
//! stack. A plane of inputs times the filters of its point is a layer of one pixel, and takes its loops.

use super::walk::bytes;
use crate::kernel::winograd::{Blocks, LINE, Variant};
use crate::kernel::{Job, Method};
use crate::simd::reread;

mod inputs;
pub(crate) mod lines;
mod outputs;
mod place;
mod products;

use place::Place;

/// Tiles at once that the loops of a layer of one pixel like best.
const PIXELS: usize = 2;

/// What is computed at once: some tiles and, of a group, some filters.
struct Block {
    size: Blocks,
    /// The first tile, and how many there are from it on to the end of the job.
    place: Place,
    left: usize,
    /// The group, and the first of its filters whose products are held.
    group: usize,
    first: usize,
}

/// The job is one of Winograd's.
#[inline(always)]
pub(in crate::kernel) fn run(job: &Job<'_>) {
    let mut block = Block::first(job);
    while block.left > 0 {
        // SAFETY: `Blocks` has counted the planes, which the scratch has room for, and the panels lie as `Panels` counts them.
        unsafe {
            if block.first == 0 {
                inputs::all(reread(job), &block);
            }
            products::all(reread(job), &block);
            outputs::all(reread(job), &block);
        }
        block.next(reread(job));
    }
}

/// Which tiles the job has.
#[inline(always)]
fn variant(job: &Job<'_>) -> Variant {
    match job.plan.method {
        Method::Winograd(variant) => variant,
        // There is no such job.
        Method::Direct(_) => Variant::Two,
    }
}

/// Outputs of a tile along an axis. It has two inputs more.
#[inline(always)]
fn side(job: &Job<'_>) -> usize {
    variant(job).outputs()
}

impl Block {
    // Its frame is gone when a block is computed, as is that of `next`.
    #[inline(never)]
    fn first(job: &Job<'_>) -> Self {
        let left = place::tiles(job);
        Block {
            size: Blocks::of(
                variant(job),
                job.sizes(),
                left,
                job.memory.scratch.len(),
                PIXELS,
            ),
            place: Place::first(job),
            left,
            group: 0,
            first: 0,
        }
    }

    /// To the next filters: of the group, of the next group, or of the next tiles, if there are any.
    #[inline(never)]
    fn next(&mut self, job: &Job<'_>) {
        self.first += self.size.filters;
        if self.first >= job.panels().filters {
            self.first = 0;
            self.group += 1;
        }
        if self.group == job.panels().groups {
            self.group = 0;
            for _ in 0..self.tiles() {
                self.place.step(job);
            }
            self.left -= self.tiles();
        }
    }

    #[inline(always)]
    fn tiles(&self) -> usize {
        self.size.tiles.min(self.left)
    }

    /// The planes of transformed inputs.
    #[inline(always)]
    fn inputs(&self, job: &Job<'_>) -> *mut f32 {
        // They start at a cache line; how far that is from the start, `Blocks` has counted in.
        let past = job.scratch().addr() / size_of::<f32>() % LINE;
        job.scratch().wrapping_add((LINE - past) % LINE)
    }

    /// The planes of products, behind them.
    fn products(&self, job: &Job<'_>) -> *mut f32 {
        self.inputs(job)
            .wrapping_add(variant(job).points() * self.size.inputs)
    }

    /// Filters whose products are held.
    #[inline(always)]
    fn filters(&self, job: &Job<'_>) -> usize {
        let left = job.panels().filters - self.first;
        left.min(self.size.filters)
    }

    /// The panel of the first of them.
    #[inline(always)]
    fn panel(&self, job: &Job<'_>) -> *const f32 {
        let panels = job.panels();
        job.packed()
            .wrapping_add(self.group * panels.group() + self.first * panels.rows())
    }
}
