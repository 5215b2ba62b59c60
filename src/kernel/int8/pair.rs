//! The windows of two pixels under all filters of a group, for cores without vectors.
//!
//! What a tile of registers would widen again for every filter is widened once for a panel, a piece of the
//! windows at a time, and windows of any shape are all the same to the loop that multiplies.

use super::JobI8;
use super::put::Panel;
use super::quads::{Offset, PIXELS, Pair, Quads};
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use core::mem::MaybeUninit;

/// The sums of a panel, and a widened piece of the windows of two pixels: `PIECE` inputs of each.
///
/// Larger pieces take more of the stack, and with smaller ones each input is widened, and each sum read and
/// written, more often.
#[repr(C)]
pub(super) struct Memory<const PIECE: usize> {
    sums: [Pair; PANEL],
    wide: [[i16; PIXELS]; PIECE],
}

/// Computes the outputs of two pixels, or of the first alone, under the filters of a group. The panel is to
/// begin at the first of them, and in the end stands behind the last. Of a window's channels, `piece` are
/// widened at a time: `stage` is asked for so many from a place on, and for where they go.
///
/// # Safety
/// There are so many outputs, and panels as `PanelsI8` counts them; the piece fits in the memory.
#[inline(always)]
pub(super) unsafe fn run<S: Quads, const PIECE: usize>(
    simd: S,
    job: &JobI8<'_>,
    memory: &mut MaybeUninit<Memory<PIECE>>,
    [depth, piece]: [usize; 2],
    panel: &mut Panel<'_>,
    mut stage: impl FnMut(usize, usize, *mut i16),
) {
    let memory = memory.as_mut_ptr();
    // SAFETY: they lie there, though nothing has been written yet.
    let wide: *mut i16 = unsafe { &raw mut (*memory).wide }.cast();
    panel.sums = memory.cast();
    let mut left = job.sizes.group_filters;
    let mut first = true;
    while left > 0 {
        panel.filters = left.min(PANEL);
        panel.width = width(left);
        let mut weights = panel.header.wrapping_add(HEADER * panel.width);
        let mut at = 0;
        // SAFETY: a panel begins with the biases of its filters; the weights are a panel's, as
        // `PanelsI8` counts them; each pixel that exists has so many outputs.
        unsafe {
            simd.start(panel, Offset::of(job.quant));
            while at < depth {
                let len = (depth - at).min(piece);
                // One piece that is all serves every panel.
                if first || piece < depth {
                    stage(at, len, wide);
                }
                let quads = len.div_ceil(QUAD);
                simd.add_quads(panel, wide, weights, quads);
                weights = weights.wrapping_add(quads * panel.width);
                at += len;
            }
            panel.put();
        }
        first = false;
        panel.header = weights;
        panel.to = panel.to.wrapping_add(panel.filters * panel.element);
        left -= panel.filters;
    }
}
