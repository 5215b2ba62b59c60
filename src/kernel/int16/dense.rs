//! Dense: the windows of some pixels are laid out on the stack, and all filters pass over them.
//!
//! Padding is zeros there, so the loop that multiplies is the same for any window. What is laid out of
//! a long window is a piece of it, whose sums fit 32 bits.

use super::walk::{Cursor, Walk};
use super::{Finish, JobI16, MOST, SimdI16, Tile, room};
use crate::kernel::window::{count, quotient};
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use core::mem::MaybeUninit;
use core::ops::Range;

/// Room on the stack.
struct Room<const PIXELS: usize, const PIECE: usize> {
    inputs: MaybeUninit<[[i16; PIECE]; PIXELS]>,
    /// A piece of one pixel whose taps are not whole quads.
    line: MaybeUninit<[i16; PIECE]>,
    sums: MaybeUninit<[[i32; PANEL]; PIXELS]>,
    waiting: MaybeUninit<[[i64; PANEL]; PIXELS]>,
}

#[inline(always)]
pub(super) fn run<S: SimdI16, const PIXELS: usize, const PIECE: usize>(simd: S, job: &JobI16<'_>) {
    const { assert!(PIECE <= MOST && PIECE.is_multiple_of(QUAD)) };
    let start = job.output;
    let panels = &job.panels().panels;
    let (filters, depth) = (panels.filters, job.panels().depth());
    let pixels = count(&job.rows) * job.sizes().output[2];
    if pixels == 0 {
        return;
    }
    let pieces = depth.div_ceil(PIECE);
    let piece = quotient(depth + pieces - 1, pieces).next_multiple_of(QUAD);
    let mut space = Room::<PIXELS, PIECE> {
        inputs: MaybeUninit::uninit(),
        line: MaybeUninit::uninit(),
        sums: MaybeUninit::uninit(),
        waiting: MaybeUninit::uninit(),
    };
    let inputs = space.inputs.as_mut_ptr().cast::<i16>();
    let line = space.line.as_mut_ptr().cast::<i16>();
    let sums = space.sums.as_mut_ptr().cast::<i32>();
    let waiting = space.waiting.as_mut_ptr().cast::<i64>();
    let mut packed = job.packed;
    for group in 0..panels.groups {
        let walk = Walk::new(job, group);
        let mut next = packed;
        let mut pixel = 0;
        let mut first = walk.cursor(0);
        while pixel < pixels {
            let tile = (pixels - pixel).min(PIXELS);
            let mut after = first.clone();
            let mut header = packed;
            let mut filter = 0;
            while filter < filters {
                let now = (filters - filter).min(PANEL);
                let width = width(now);
                let mut from = 0;
                while from < depth {
                    let part = from..(from + piece).min(depth);
                    let quads = count(&part).div_ceil(QUAD);
                    // SAFETY: a tile's pixels are there, and a piece of each has room; panels follow
                    // each other as `PanelsI8` counts them, and begin with a header; every pixel has so
                    // many outputs of every group.
                    unsafe {
                        // One piece that is all serves every panel.
                        if pieces > 1 || filter == 0 {
                            after = first.clone();
                            for pixel in 0..tile {
                                let to = inputs.add(pixel * PIECE);
                                lay_out(simd, &walk, &after, &part, to, line);
                                walk.step(&mut after);
                            }
                        }
                        let tile = Tile {
                            pixels: tile,
                            inputs,
                            quads,
                            weights: header.wrapping_add((HEADER + from / QUAD) * width),
                            width,
                            filters: now,
                        };
                        simd.sums(tile, sums);
                        if part.end < depth {
                            let count = [tile.pixels, now.next_multiple_of(S::LANES)];
                            wait(sums, waiting, count, S::STEPS, from == 0);
                        } else {
                            let output = (pixel * job.geometry().filters)
                                .wrapping_add(group * filters + filter);
                            simd.finish(&Finish {
                                pixels: tile.pixels,
                                filters: now,
                                sums,
                                waiting: (pieces > 1).then_some(waiting),
                                steps: S::STEPS,
                                header,
                                width,
                                room: room(if pieces > 1 { MOST + 1 } else { depth }),
                                range: job.range(),
                                output: start.wrapping_add(output),
                                output_step: job.geometry().filters,
                            });
                        }
                    }
                    from = part.end;
                }
                header = header.wrapping_add(job.panels().panel(width));
                filter += now;
            }
            next = header;
            first = after;
            pixel += tile;
        }
        packed = next;
    }
}

/// Lays out a part of a pixel's window, and zeros that fill up the last quad.
///
/// # Safety
/// At `to` there is room for so many quads, and at `line` for so many inputs.
#[inline(always)]
unsafe fn lay_out<S: SimdI16>(
    simd: S,
    walk: &Walk<'_>,
    cursor: &Cursor,
    part: &Range<usize>,
    to: *mut i16,
    line: *mut i16,
) {
    let quads = count(part).div_ceil(QUAD);
    let window = walk.window(cursor);
    // SAFETY: the runs are inside the input, and inside the part.
    unsafe {
        if walk.job.panels().panels.depth.is_multiple_of(QUAD) {
            if !window.whole {
                let mut to = to;
                for _ in 0..quads {
                    to.cast::<[i16; QUAD]>().write([0; QUAD]);
                    to = to.wrapping_add(QUAD);
                }
            }
            walk.each(&window, part, |from, at, len| {
                simd.lay_out(from, len / QUAD, to.add(at));
            });
        } else {
            if !window.whole || !count(part).is_multiple_of(QUAD) {
                line.write_bytes(0, quads * QUAD);
            }
            walk.each(&window, part, |from, at, len| {
                line.add(at).copy_from_nonoverlapping(from, len);
            });
            simd.lay_out(line, quads, to);
        }
    }
}

/// Adds the sums of a tile to those that wait, or starts those.
///
/// # Safety
/// Both hold a tile's of so many pixels and filters.
#[inline(always)]
unsafe fn wait(
    sums: *const i32,
    waiting: *mut i64,
    [pixels, filters]: [usize; 2],
    [pixel_step, filter_step]: [usize; 2],
    start: bool,
) {
    for pixel in 0..pixels {
        for filter in 0..filters {
            let at = pixel * pixel_step + filter * filter_step;
            // SAFETY: the caller's.
            unsafe {
                let sum = i64::from(sums.add(at).read());
                let waiting = waiting.add(at);
                let before = if start { 0 } else { waiting.read() };
                waiting.write(before.wrapping_add(sum));
            }
        }
    }
}
