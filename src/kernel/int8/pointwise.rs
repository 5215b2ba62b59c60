//! Dense windows of one tap side by side, for cores without vectors: pixels as they lie in the image.

use super::pair::{self, Memory, PIECE, bytes};
use super::put::plain;
use super::quads::{Offset, PIXELS, Quads};
use super::{JobI8, To, zeroed};
use crate::geometry::{Geometry, Sizes};
use crate::kernel::window::count;
use crate::pack_i8::QUAD;
use core::mem::MaybeUninit;

/// Whether outputs and inputs are the same pixels.
pub(super) const fn is(geometry: &Geometry, sizes: &Sizes) -> bool {
    let ([kd, kh, kw], [sd, sh, sw]) = (geometry.kernel, geometry.stride);
    let [[front, back], [top, bottom], [left, right]] = sizes.padding;
    geometry.groups == 1
        // Each is at least 1.
        && kd | kh | kw | sd | sh | sw == 1
        && front | back | top | bottom | left | right == 0
}

/// The job's layer [`is`] such.
#[inline(never)]
pub(super) fn run<S: Quads>(simd: S, job: &mut JobI8<'_>) {
    let output = To::start(&mut job.output);
    let channels = job.geometry.channels;
    let whole = channels.is_multiple_of(QUAD);
    let piece = channels.min(if whole { PIECE } else { PIECE / 2 });
    let offset = Offset::of(job.quant);
    let plain = plain(job);
    let mut memory = MaybeUninit::<Memory>::uninit();
    let memory = zeroed(&mut memory);
    let mut left = count(&job.rows) * job.sizes.output[2];
    let mut input = job.input.as_ptr();
    let mut to = output;
    while left > 0 {
        let exist = left.min(PIXELS);
        // A second pixel that does not exist is computed as another first.
        let pixels = [input, input.wrapping_add((exist - 1) * channels)];
        let stage = |at, len: usize, wide: *mut i16| {
            for (pixel, input) in pixels.iter().enumerate() {
                let to = wide.wrapping_add(pixel * S::APART);
                let mut from = input.wrapping_add(at);
                // SAFETY: the pixels are those of the job; what is written fits in the memory. Behind the
                // last of a ragged piece's bytes lie others, whose weights are zeros.
                unsafe {
                    if !whole {
                        simd.copy(from, bytes(to), len);
                        from = bytes(to);
                    }
                    simd.widen(from, offset, len.div_ceil(QUAD), to);
                }
            }
        };
        let (cut, packed) = ([channels, piece], job.packed.as_ptr());
        // SAFETY: each pixel that exists has outputs; the piece is no longer than `PIECE`, or half of it.
        unsafe { pair::run(simd, job, plain, memory, cut, exist, packed, to, stage) };
        input = input.wrapping_add(PIXELS * channels);
        to = to.at(PIXELS * job.geometry.filters);
        left -= exist;
    }
}
