//! The inputs of a block: gathered from under each tile, zeros where that is in the padding, and transformed.

use super::lines::{Lines, input_lines};
use super::place::{Place, Window};
use super::{Block, bytes, side, variant};
use crate::kernel::Job;
use crate::simd::{opaque, reread};

/// Transforms the inputs of all tiles of the block.
///
/// # Safety
/// The planes have room for them.
// Its frame is gone when products are computed.
#[inline(never)]
pub(super) unsafe fn all(job: &Job<'_>, block: &Block) {
    let mut place = block.place;
    let mut to = block.inputs(job);
    for _ in 0..block.tiles() {
        // SAFETY: the caller's.
        unsafe {
            gather(reread(job), block, &place, to);
            transform(reread(job), block, to);
        }
        to = to.wrapping_add(block.size.row);
        place.step(reread(job));
    }
}

/// Copies the group's channels of each input under a tile to the plane of its point.
///
/// # Safety
/// As for [`all`]; the tile's first number lies at `to`.
#[inline(never)]
unsafe fn gather(job: &Job<'_>, block: &Block, place: &Place, mut to: *mut f32) {
    let geometry = job.geometry();
    let channels = job.panels().depth;
    let Window { at, y, x, height } = place.window(job);
    let mut row = at.wrapping_add(block.group * channels);
    for dy in 0..side(job) + 2 {
        let mut from = row;
        for dx in 0..side(job) + 2 {
            let inside = y.wrapping_add(dy) < height && x.wrapping_add(dx) < geometry.input[2];
            // SAFETY: the input is there, and the caller's.
            unsafe {
                copy(
                    if inside { from } else { ZEROS.as_ptr() },
                    inside,
                    to,
                    channels,
                )
            };
            from = from.wrapping_add(geometry.channels);
            to = to.wrapping_add(block.size.inputs);
        }
        row = row.wrapping_add(geometry.input[2] * geometry.channels);
    }
}

/// What is read in the padding.
static ZEROS: [f32; FOUR] = [0.0; FOUR];

const FOUR: usize = 4;

/// Copies so many floats, or the first four over and over.
///
/// # Safety
/// They can be read and written.
#[inline(always)]
unsafe fn copy(mut from: *const f32, goes_on: bool, mut to: *mut f32, mut count: usize) {
    let along = if goes_on { usize::MAX } else { 0 };
    // A function for it would copy a byte at a time in a small C library: the compiler shall not make it one.
    // SAFETY: the caller's.
    unsafe {
        while count >= FOUR {
            let at = opaque(from);
            let [a, b, c, d] = [0, 1, 2, 3].map(|i| at.wrapping_add(i).read());
            to.write(a);
            to.wrapping_add(1).write(b);
            to.wrapping_add(2).write(c);
            to.wrapping_add(3).write(d);
            from = from.wrapping_add(FOUR & along);
            to = to.wrapping_add(FOUR);
            count -= FOUR;
        }
        while count > 0 {
            to.write(opaque(from).read());
            from = from.wrapping_add(1 & along);
            to = to.wrapping_add(1);
            count -= 1;
        }
    }
}

/// Transforms what has been gathered, along the columns and then along the rows.
///
/// # Safety
/// As for [`gather`].
#[inline(never)]
unsafe fn transform(job: &Job<'_>, block: &Block, at: *mut f32) {
    let n = side(job) + 2;
    let mut steps = [bytes(block.size.inputs), bytes(n * block.size.inputs)];
    for _ in 0..2 {
        let [line, step] = steps;
        let mut lines = Lines {
            at,
            step,
            line,
            lines: n,
            numbers: reread(job).panels().depth,
        };
        // SAFETY: the caller's.
        unsafe { input_lines(variant(reread(job)), &mut lines) };
        steps = [step, line];
    }
}
