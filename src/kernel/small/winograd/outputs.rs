//! The outputs of a block: its products transformed, the biases added, clamped and written to the pixels that there are.

use super::lines::{Lines, output_lines};
use super::place::Place;
use super::{Block, bytes, side, variant};
use crate::activation::Activation;
use crate::kernel::Job;
use crate::pack::PANEL;
use crate::simd::reread;

/// Computes the outputs of all tiles of the block, of the filters whose products are held.
///
/// # Safety
/// The planes hold the products, and the outputs can be written.
#[inline(never)]
pub(super) unsafe fn all(job: &Job<'_>, block: &Block) {
    let mut place = block.place;
    let mut from = block.products(job);
    for _ in 0..block.tiles() {
        // SAFETY: the caller's.
        unsafe {
            transform(reread(job), block, &place, from);
            finish(reread(job), block, &place, from);
        }
        from = from.wrapping_add(block.size.filters);
        place.step(reread(job));
    }
}

/// Transforms the products of a tile, along the columns and then along the rows that there are.
///
/// # Safety
/// As for [`all`]; the tile's first product lies at `at`.
#[inline(never)]
unsafe fn transform(job: &Job<'_>, block: &Block, place: &Place, at: *mut f32) {
    let mut count = side(job) + 2;
    let plane = block.size.products;
    let mut steps = [bytes(plane), bytes(count * plane)];
    for _ in 0..2 {
        let [line, step] = steps;
        let mut lines = Lines {
            at,
            step,
            line,
            lines: count,
            numbers: reread(block).filters(reread(job)),
        };
        // SAFETY: the caller's.
        unsafe { output_lines(variant(reread(job)), &mut lines) };
        steps = [step, line];
        [count, _] = place.size(reread(job));
    }
}

/// Adds the biases to the numbers of a tile, and writes them, clamped.
///
/// # Safety
/// As for [`transform`].
#[inline(never)]
unsafe fn finish(job: &Job<'_>, block: &Block, place: &Place, from: *const f32) {
    let [height, width] = place.size(job);
    let filters = job.geometry().filters;
    let first = block.group * job.panels().filters + block.first;
    let mut to = place.output(job).wrapping_add(first);
    let row = (job.sizes().output[2] - width) * filters;
    let gap = (side(job) + 2 - width) * block.size.products;
    let panel = block.panel(job);
    let mut from = from;
    for _ in 0..height {
        for _ in 0..width {
            // SAFETY: the caller's.
            unsafe { pixel(reread(job), panel, reread(block).filters(job), from, to) };
            from = from.wrapping_add(block.size.products);
            to = to.wrapping_add(filters);
        }
        from = from.wrapping_add(gap);
        to = to.wrapping_add(row);
    }
}

/// The same of a pixel's numbers, as many as there are filters from a panel on.
///
/// # Safety
/// As for [`finish`].
#[inline(never)]
unsafe fn pixel(
    job: &Job<'_>,
    mut panel: *const f32,
    mut filters: usize,
    mut from: *const f32,
    mut to: *mut f32,
) {
    let Activation { min, max } = job.activation();
    // Where floats are functions, it takes less to see that there is no bound. (The compiler shall not make it a function again.)
    let bits = reread(&job.plan.activation);
    let low = bits.min.to_bits() != f32::NEG_INFINITY.to_bits();
    let high = bits.max.to_bits() != f32::INFINITY.to_bits();
    while filters > 0 {
        let some = filters.min(PANEL);
        filters -= some;
        let mut bias = panel;
        for _ in 0..some {
            // SAFETY: the caller's; a filter has a bias.
            let mut sum = unsafe { from.read() + bias.read() };
            if low && sum < min {
                sum = min;
            }
            if high && sum > max {
                sum = max;
            }
            // SAFETY: the caller's.
            unsafe { to.write(sum) };
            bias = bias.wrapping_add(1);
            from = from.wrapping_add(1);
            to = to.wrapping_add(1);
        }
        panel = panel.wrapping_add(PANEL * job.panels().rows());
    }
}
