//! The bytes of a window, one after the other in the order of its weights, for dense layers of cores without vectors.

use super::quads::{Offset, PIXELS, Quads};
use super::{JobI8, rolled};
use crate::kernel::window::quotient;
use crate::kernel::windows::{Two, steps, tap};
use crate::pack_i8::QUAD;
use crate::simd::reread;
use core::ptr;

/// Bytes of a window that are gathered at a time: all of 3x3 windows of three channels.
pub(super) const PIECE: usize = 28;

/// Room for those of both pixels.
#[repr(C, align(4))]
pub(super) struct Bytes([[i8; PIECE]; PIXELS]);

const _: () = assert!(PIECE.is_multiple_of(QUAD) && align_of::<Bytes>() == QUAD);

/// Copies a piece of both windows, tap by tap, from the byte `at` on; bytes in the padding become the zero point. The last quad
/// is filled up with bytes that meet weights of zero.
///
/// # Safety
/// The windows are those of pixels of the job, and have such a byte; at `to` there is room for [`Bytes`].
// Its frame is gone when they are multiplied.
#[inline(never)]
pub(super) unsafe fn gather<S: Quads>(
    simd: S,
    job: &JobI8<'_>,
    two: &Two,
    at: usize,
    mut to: *mut i8,
) {
    let mut pixel = &two.first;
    loop {
        let mut left = (depth(job) - at).min(PIECE);
        let next = to.wrapping_add(PIECE);
        // Taps are counted through the window.
        let mut number = quotient(at, job.sizes().group_channels);
        let mut channel = at - number * job.sizes().group_channels;
        while left > 0 {
            let job = reread(job);
            let bytes = left.min(job.sizes().group_channels - channel);
            let [_, rows, columns] = job.geometry().kernel;
            let row = quotient(number, columns);
            let z = quotient(row, rows);
            let place = [z, row - z * rows, number - row * columns];
            // SAFETY: the tap is inside; what is written fits.
            unsafe {
                let windows = &reread(two).windows;
                if windows.reaches([place[0], place[1]]) && pixel.reaches(place[2]) {
                    let from = tap(pixel.origin, place, &steps(job));
                    simd.copy(from.wrapping_add(channel), to, bytes);
                } else {
                    fill(job, to, bytes);
                }
            }
            to = to.wrapping_add(bytes);
            left -= bytes;
            channel = 0;
            number += 1;
        }
        // Pieces begin at quads.
        // SAFETY: there is room.
        unsafe { fill(job, to, to.addr().wrapping_neg() % QUAD) };
        if ptr::eq(pixel, &two.windows.pixel) {
            return;
        }
        pixel = &two.windows.pixel;
        to = next;
    }
}

/// The same of windows that are one piece in one plane, and whose columns are inside and lie side by side: most windows of a
/// stem.
///
/// # Safety
/// As for that.
#[inline(never)]
pub(super) unsafe fn rows<S: Quads>(simd: S, job: &JobI8<'_>, two: &Two, mut to: *mut i8) {
    let line = job.geometry().kernel[2] * job.sizes().group_channels;
    let steps = steps(job);
    let [top, bottom] = two.windows.rows;
    let mut pixel = &two.first;
    loop {
        let mut from = tap(pixel.origin, [0, top, 0], &steps);
        // SAFETY: the taps are inside; what is written fits.
        unsafe {
            to = fill(job, to, top * line);
            for _ in top..bottom {
                simd.copy(from, to, line);
                from = from.wrapping_add(steps[1]);
                to = to.wrapping_add(line);
            }
            to = fill(job, to, (job.geometry().kernel[1] - bottom) * line);
            // Pieces begin at quads.
            to = fill(job, to, to.addr().wrapping_neg() % QUAD);
        }
        if ptr::eq(pixel, &two.windows.pixel) {
            return;
        }
        pixel = &two.windows.pixel;
        to = to.wrapping_add(PIECE - depth(job).next_multiple_of(QUAD));
    }
}

/// Bytes of a window.
#[inline(always)]
pub(super) fn depth(job: &JobI8<'_>) -> usize {
    job.sizes().taps * job.sizes().group_channels
}

/// Writes so many zero points, and tells where they end.
///
/// # Safety
/// So many bytes are writable.
#[inline(always)]
unsafe fn fill(job: &JobI8<'_>, mut to: *mut i8, len: usize) -> *mut i8 {
    for _ in 0..len {
        // SAFETY: the caller's.
        unsafe { to.write(Offset::of(job.quant()).zero()) };
        to = to.wrapping_add(1);
        rolled();
    }
    to
}
