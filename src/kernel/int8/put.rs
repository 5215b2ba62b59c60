//! From the sums of a panel to outputs, for cores without vectors.

use super::quads::{Pair, Quads};
use super::{JobI8, To, panel, rolled};
use crate::pack::{PANEL, width};
use crate::quant::Rounding;

/// Whether all filters are such as converters make: [`Rounding::Tflite`], M below 1/2, and biases that,
/// with the products, keep the sums within half of an int32.
#[inline(never)]
pub(super) fn plain(job: &JobI8<'_>) -> bool {
    let panels = &job.panels.panels;
    // A product is at most 2^15.
    if job.quant.rounding != Rounding::Tflite || job.panels.depth() > 1 << 14 {
        return false;
    }
    let mut header = job.packed.as_ptr();
    for _ in 0..panels.groups {
        let mut left = panels.filters;
        while left > 0 {
            let filters = left.min(PANEL);
            let width = width(filters);
            for filter in 0..filters {
                let header = header.wrapping_add(filter);
                // SAFETY: panels follow each other as `PanelsI8` counts them, and begin so.
                let [bias, shift] =
                    unsafe { [header.read(), header.wrapping_add(3 * width).read()] };
                rolled();
                if bias.unsigned_abs() >= 1 << 29 || shift >= 0 {
                    return false;
                }
            }
            header = header.wrapping_add(panel(job, width));
            left -= filters;
        }
    }
    true
}

/// Writes the sums of so many pixels and filters, of a panel so wide.
///
/// # Safety
/// That is writable, the header is that of the first filter, and `plain` says what [`plain()`] does.
// One copy for both algorithms.
#[inline(never)]
pub(super) unsafe fn put<S: Quads>(
    simd: S,
    job: &JobI8<'_>,
    plain: bool,
    sums: *const Pair,
    [pixels, filters, width]: [usize; 3],
    header: *const i32,
    output: To,
) {
    // SAFETY: the caller's.
    unsafe {
        match output {
            To::Bytes(to) if plain => {
                let step = if pixels > 1 { job.geometry.filters } else { 0 };
                simd.put(job.quant, sums, filters, header, width, to, step);
            }
            _ => put_each(job, sums, [pixels, filters, width], header, output),
        }
    }
}

/// [`put`], one by one.
///
/// # Safety
/// As for that.
#[inline(never)]
unsafe fn put_each(
    job: &JobI8<'_>,
    sums: *const Pair,
    [pixels, filters, width]: [usize; 3],
    header: *const i32,
    output: To,
) {
    for pixel in 0..pixels {
        for filter in 0..filters {
            let to = output.at(pixel * job.geometry.filters + filter);
            // SAFETY: the caller's.
            unsafe {
                let sum = sums.add(filter).cast::<i32>().add(pixel).read();
                to.put(job.quant, sum, header.wrapping_add(filter), width);
            }
        }
    }
}
