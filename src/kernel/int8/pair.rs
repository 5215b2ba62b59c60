//! The windows of two pixels under all filters of a group, for cores without vectors.
//!
//! What a tile of registers would widen again for every filter is widened once for a panel, a piece of the
//! windows at a time, and windows of any shape are all the same to the loop that multiplies.

use super::put::put;
use super::quads::{Offset, PIXELS, Pair, Quads};
use super::{JobI8, To, panel};
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};

/// Inputs of a pixel that are widened at a time, if a tap's channels are whole quads. If not, half as
/// many: the other half of the memory then holds their bytes, one after the other.
pub(super) const PIECE: usize = 64;

/// Words of a piece of the windows of two pixels, widened.
const WIDE: usize = PIECE * PIXELS / 2;

/// A widened piece, and the sums of a panel.
pub(super) type Memory = [u32; WIDE + PANEL * PIXELS];

/// The bytes of a ragged piece, behind it: `first` is the place of either pixel in the first quad.
#[inline(always)]
pub(super) fn bytes(first: *mut i16) -> *mut i8 {
    first.wrapping_add(PIECE / 2 * PIXELS).cast()
}

/// Computes the outputs of two pixels, or of the first alone, under the filters of a group, and gives back
/// the end of its panels, of which the first begins at `header`. Of a window's channels, `piece` are
/// widened at a time: `stage` is asked for so many from a place on, and for where they go.
///
/// # Safety
/// There are so many outputs, and panels as `PanelsI8` counts them; `plain` says what
/// [`plain()`](super::put::plain) does; `piece` fits in the memory.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(super) unsafe fn run<S: Quads>(
    simd: S,
    job: &JobI8<'_>,
    plain: bool,
    memory: &mut Memory,
    [depth, piece]: [usize; 2],
    pixels: usize,
    mut header: *const i32,
    mut output: To,
    mut stage: impl FnMut(usize, usize, *mut i16),
) -> *const i32 {
    let wide: *mut i16 = memory.as_mut_ptr().cast();
    let sums: *mut Pair = memory.as_mut_ptr().wrapping_add(WIDE).cast();
    let mut left = job.panels.panels.filters;
    let mut first = true;
    while left > 0 {
        let filters = left.min(PANEL);
        let width = width(filters);
        let mut weights = header.wrapping_add(HEADER * width);
        let mut at = 0;
        // SAFETY: a panel begins with the biases of its filters; the weights are a panel's, as
        // `PanelsI8` counts them; each pixel that exists has so many outputs.
        unsafe {
            simd.start(sums, filters, header, width, Offset::of(job.quant));
            while at < depth {
                let len = (depth - at).min(piece);
                // One piece that is all serves every panel.
                if first || piece < depth {
                    stage(at, len, wide);
                }
                let quads = len.div_ceil(QUAD);
                simd.add_quads(sums, filters, wide, weights, width, quads);
                weights = weights.wrapping_add(quads * width);
                at += len;
            }
            put(
                simd,
                job,
                plain,
                sums,
                [pixels, filters, width],
                header,
                output,
            );
        }
        first = false;
        header = header.wrapping_add(panel(job, width));
        output = output.at(filters);
        left -= filters;
    }
    header
}
