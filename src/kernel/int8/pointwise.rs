//! Dense windows of one tap side by side, for cores without vectors: pixels as they lie in the image.

use super::JobI8;
use super::panels;
use super::put::Panel;
use super::quads::{PIXELS, Quads, Taps};
use crate::geometry::{Geometry, Sizes};
use crate::kernel::window::count;
use crate::pack_i8::QUAD;
use core::mem::MaybeUninit;

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
pub(super) fn run<S: Quads>(simd: S, job: &JobI8<'_>) {
    let mut sums = MaybeUninit::<S::Sums>::uninit();
    let mut panel = Panel::of(job, sums.as_mut_ptr().cast());
    let job = panel.job;
    let constants = simd.constants(job);
    let channels = job.geometry().channels;
    let mut taps = Taps {
        line: channels,
        ..Taps::NONE
    };
    let pixel = job.geometry().filters * job.element();
    let mut left = count(&job.rows) * job.sizes().output[2];
    let mut input = job.input;
    while left > 0 {
        // A second pixel that does not exist is computed as another first.
        let mut second = input;
        panel.step = 0;
        if left >= PIXELS {
            second = input.wrapping_add(channels);
            panel.step = pixel;
        }
        taps.inputs = [input, second];
        panel.header = job.packed;
        let mut filters = job.geometry().filters;
        while filters > 0 {
            let end = panels::next(&mut panel, filters, channels / QUAD);
            filters -= panel.filters;
            // SAFETY: each pixel that exists has outputs; the pixels are those of the job, and so are the weights.
            unsafe {
                if S::OUTPUTS {
                    taps.weights = panel.weights();
                    simd.outputs(&mut panel, &mut taps, &constants);
                } else {
                    panels::each(simd, &mut panel, |panel| {
                        taps.weights = panel.weights();
                        simd.add(panel, &taps, &constants);
                    });
                }
            }
            panel.header = end;
        }
        // Past those of the second.
        panel.to = panel.to.wrapping_add(panel.step);
        input = input.wrapping_add(PIXELS * channels);
        left = left.saturating_sub(PIXELS);
    }
}
