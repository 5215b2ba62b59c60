//! Dense windows of one tap side by side, for cores without vectors: pixels as they lie in the image.

use super::JobI8;
use super::pair::{self, Memory};
use super::put::Panel;
use super::quads::{Offset, PIXELS, Quads};
use crate::geometry::{Geometry, Sizes};
use crate::kernel::window::count;
use crate::pack_i8::QUAD;
use core::mem::MaybeUninit;
use core::ptr;

/// Channels of a pixel that are widened at a time. The loop has little else on the stack, and so many are all that
/// most layers have.
const PIECE: usize = 64;

/// Whether outputs and inputs are the same pixels, and of whole quads.
#[inline(always)]
pub(super) const fn is(geometry: &Geometry, sizes: &Sizes) -> bool {
    let ([kd, kh, kw], [sd, sh, sw]) = (geometry.kernel, geometry.stride);
    let [[front, back], [top, bottom], [left, right]] = sizes.padding;
    geometry.groups == 1
        && geometry.channels.is_multiple_of(QUAD)
        // Each is at least 1.
        && kd | kh | kw | sd | sh | sw == 1
        && front | back | top | bottom | left | right == 0
}

/// The job's layer [`is`] such.
#[inline(never)]
pub(super) fn run<S: Quads>(simd: S, job: &mut JobI8<'_>) {
    let mut memory = MaybeUninit::<Memory<PIECE>>::uninit();
    let mut panel = Panel::of(job, ptr::null_mut());
    let channels = job.geometry.channels;
    let offset = Offset::of(job.quant);
    let row = job.geometry.filters * panel.element;
    let mut input = job.input.as_ptr();
    let mut left = count(&job.rows) * job.sizes.output[2];
    while left > 0 {
        // A second pixel that does not exist is computed as another first.
        let mut second = 0;
        panel.step = 0;
        if left >= PIXELS {
            second = channels;
            panel.step = row;
        }
        let stage = |at, len: usize, wide: *mut i16| {
            let from = input.wrapping_add(at);
            // SAFETY: the pixels are those of the job; what is written fits in the memory.
            unsafe {
                simd.widen(from, offset, len / QUAD, wide);
                let wide = wide.wrapping_add(S::APART);
                simd.widen(from.wrapping_add(second), offset, len / QUAD, wide);
            }
        };
        panel.header = job.packed.as_ptr();
        let cut = [channels, channels.min(PIECE)];
        // SAFETY: each pixel that exists has outputs; the piece is no longer than `PIECE`.
        unsafe { pair::run(simd, job, &mut memory, cut, &mut panel, stage) };
        // Past those of the first.
        panel.to = panel.to.wrapping_add(panel.step);
        input = input.wrapping_add(PIXELS * channels);
        left = left.saturating_sub(PIXELS);
    }
}
