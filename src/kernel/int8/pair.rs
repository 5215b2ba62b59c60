//! The windows of two pixels under all filters of a group, for cores without vectors.
//!
//! What a tile of registers would widen again for every filter is widened once for a panel, a piece of the
//! windows at a time, and windows of any shape are all the same to the loop that multiplies.

use super::JobI8;
use super::put::Panel;
use super::quads::{Offset, PIXELS, Pair, Quads};
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};

/// Inputs of a pixel that are widened at a time, if a tap's channels are whole quads. If not, half as
/// many: the other half of the memory then holds their bytes, one after the other.
pub(super) const PIECE: usize = 64;

/// Words of a piece of the windows of two pixels, widened.
const WIDE: usize = PIECE * PIXELS / 2;

/// A widened piece, and the sums of a panel.
pub(super) type Memory = [u32; WIDE + PANEL * PIXELS];

/// Where the sums lie.
#[inline(always)]
pub(super) fn sums(memory: *mut Memory) -> *mut Pair {
    memory.cast::<u32>().wrapping_add(WIDE).cast()
}

/// The bytes of a ragged piece, behind it: `first` is the place of either pixel in the first quad.
#[inline(always)]
pub(super) fn bytes(first: *mut i16) -> *mut i8 {
    first.wrapping_add(PIECE / 2 * PIXELS).cast()
}

/// Computes the outputs of two pixels, or of the first alone, under the filters of a group. The panel is to
/// begin at the first of them, and in the end stands behind the last. Of a window's channels, `piece` are
/// widened at a time: `stage` is asked for so many from a place on, and for where they go.
///
/// # Safety
/// There are so many outputs, and panels as `PanelsI8` counts them; the piece fits in the memory, and the
/// panel's sums are those of the memory.
#[inline(always)]
pub(super) unsafe fn run<S: Quads>(
    simd: S,
    job: &JobI8<'_>,
    memory: *mut Memory,
    [depth, piece]: [usize; 2],
    panel: &mut Panel<'_>,
    mut stage: impl FnMut(usize, usize, *mut i16),
) {
    let wide: *mut i16 = memory.cast();
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
