//! Dense, for cores without vectors: the windows of two pixels, widened on the stack a piece at a time.
//!
//! Windows of any shape, groups and ragged rows are all the same to what comes after: see [`pair`].

use super::pair::{self, Memory, PIECE, bytes};
use super::put::Panel;
use super::quads::{Offset, PIXELS, Quads};
use super::windows::{Window, Windows, steps};
use super::{JobI8, rolled, zeroed};
use crate::geometry::{Geometry, Sizes};
use crate::kernel::window::count;
use crate::pack_i8::QUAD;
use crate::quant::Quant;
use core::mem::MaybeUninit;

/// Not inlined, as what the levels here use needs no function of its own: the frame of the one algorithm
/// shall not be that of the other too.
#[inline(never)]
pub(crate) fn run<S: Quads>(simd: S, job: &mut JobI8<'_>) {
    let mut memory = MaybeUninit::<Memory>::uninit();
    let memory: *mut Memory = zeroed(&mut memory);
    let mut panel = Panel::of(job, pair::sums(memory));
    let sizes = job.sizes;
    let shape = Shape::of(job.geometry, sizes, job.quant);
    let pixels = count(&job.rows) * sizes.output[2];
    let pixel = job.geometry.filters * panel.element;
    let group = sizes.group_filters * panel.element;
    let mut output = panel.to;
    let mut header = panel.header;
    for channel in (0..job.geometry.groups).map(|group| group * sizes.group_channels) {
        let mut walk = Windows::of(job, channel);
        let mut left = pixels;
        panel.to = output;
        while left > 0 {
            // A second pixel that does not exist is computed as another first.
            walk.next(job);
            let first = walk.window;
            panel.step = 0;
            if left >= PIXELS {
                walk.next(job);
                panel.step = pixel;
            }
            let windows = [&first, &walk.window];
            let cut = [shape.depth, shape.piece];
            let mut place = Place::default();
            let stage = |at, len, wide| {
                if at == 0 {
                    place = Place::default();
                }
                // SAFETY: the walk's windows are those of pixels of the job.
                unsafe { stage(simd, &shape, &windows, &mut place, len, wide) };
            };
            panel.header = header;
            // SAFETY: each pixel that exists has outputs; the piece is no longer than `PIECE`, or half of it.
            unsafe { pair::run(simd, job, memory, cut, &mut panel, stage) };
            // Past the other groups' outputs, and those of the second pixel.
            panel.to = panel.to.wrapping_add(pixel - group + panel.step);
            left = left.saturating_sub(PIXELS);
        }
        header = panel.header;
        output = output.wrapping_add(group);
    }
}

/// What all windows of a layer have in common.
struct Shape {
    /// Rows of the window; pieces of a row that lie apart; channels of a piece.
    rows: usize,
    columns: usize,
    line: usize,
    /// Channels of a tap.
    channels: usize,
    /// Channels of the whole window.
    depth: usize,
    /// What of that is widened at a time.
    piece: usize,
    /// Bytes from one plane, row and column of the window to the next.
    steps: [usize; 3],
    /// There is one tap, and its channels are all widened together.
    point: bool,
    /// There is one plane, and a row of the window is one piece.
    flat: bool,
    /// The channels of a tap are whole quads.
    whole: bool,
    offset: Offset,
}

impl Shape {
    // So that what is kept in memory anyway is not kept on the stack again by whoever looks at it.
    #[inline(never)]
    fn of(geometry: &Geometry, sizes: &Sizes, quant: &Quant) -> Self {
        let channels = sizes.group_channels;
        let depth = sizes.taps * channels;
        // Taps that lie side by side are one piece.
        let [columns, line] = if geometry.dilation[2] == 1 && geometry.groups == 1 {
            [1, geometry.kernel[2] * channels]
        } else {
            [geometry.kernel[2], channels]
        };
        let whole = channels.is_multiple_of(QUAD);
        let mut piece = if whole { PIECE } else { PIECE / 2 };
        if depth <= piece {
            piece = depth;
        } else if whole && line < PIECE {
            // Whole rows.
            piece -= PIECE.checked_rem(line).unwrap_or(0);
        }
        Shape {
            rows: geometry.kernel[1],
            columns,
            line,
            channels,
            depth,
            piece,
            steps: steps(geometry),
            flat: geometry.kernel[0] == 1 && columns == 1,
            point: sizes.taps == 1 && whole && depth <= PIECE,
            whole,
            offset: Offset::of(quant),
        }
    }
}

/// A place in a window, in the order of the weights.
#[derive(Clone, Copy, Default)]
struct Place {
    plane: usize,
    row: usize,
    column: usize,
    /// Along the line.
    at: usize,
}

/// Widens `len` inputs of both windows, from a place on, which is moved.
///
/// # Safety
/// The windows are those of pixels of a job of this shape, which has so many taps and channels from
/// there on, and they fit in `wide`: see [`PIECE`].
#[inline(always)]
unsafe fn stage<S: Quads>(
    simd: S,
    shape: &Shape,
    windows: &[&Window; PIXELS],
    place: &mut Place,
    len: usize,
    wide: *mut i16,
) {
    let mut from = *place;
    for (pixel, window) in windows.iter().enumerate() {
        let to = wide.wrapping_add(pixel * S::APART);
        // SAFETY: the caller's.
        unsafe {
            if window.inner && shape.point {
                simd.widen(window.origin, shape.offset, len / QUAD, to);
            } else {
                from = *place;
                if window.inner && shape.flat {
                    stage_inner(simd, shape, window.origin, &mut from, len, to);
                } else {
                    stage_one(simd, shape, window, &mut from, len, to);
                }
            }
        }
    }
    *place = from;
}

/// [`stage`], for one pixel whose taps are all inside, in one plane.
///
/// # Safety
/// As for that.
#[inline(never)]
unsafe fn stage_inner<S: Quads>(
    simd: S,
    shape: &Shape,
    origin: *const i8,
    place: &mut Place,
    mut len: usize,
    first: *mut i16,
) {
    let Place {
        mut row, mut at, ..
    } = *place;
    let (mut to, mut byte) = (first, bytes(first));
    let quads = len.div_ceil(QUAD);
    let mut line = origin.wrapping_add(row.wrapping_mul(shape.steps[1]));
    while len > 0 {
        let run = (shape.line - at).min(len);
        let input = line.wrapping_add(at);
        len -= run;
        at += run;
        if at == shape.line {
            at = 0;
            row += 1;
            line = line.wrapping_add(shape.steps[1]);
        }
        // SAFETY: the taps are inside; what is written fits.
        unsafe {
            if shape.whole {
                simd.widen(input, shape.offset, run / QUAD, to);
                to = to.wrapping_add(run / QUAD * PIXELS * QUAD);
            } else {
                simd.copy(input, byte, run);
                byte = byte.wrapping_add(run);
            }
        }
    }
    place.row = row;
    place.at = at;
    if !shape.whole {
        // The last quad may not be full; its weights are zeros there.
        // SAFETY: the bytes are those just written, or widened inputs of another piece.
        unsafe { simd.widen(bytes(first), shape.offset, quads, first) };
    }
}

/// [`stage`], for one pixel.
///
/// # Safety
/// As for that.
#[inline(never)]
unsafe fn stage_one<S: Quads>(
    simd: S,
    shape: &Shape,
    window: &Window,
    place: &mut Place,
    mut len: usize,
    first: *mut i16,
) {
    let quads = len.div_ceil(QUAD);
    let (mut to, mut byte) = (first, bytes(first));
    while len > 0 {
        let line = window.tap([place.plane, place.row, place.column], &shape.steps);
        // What of the line is inside.
        let [planes, rows, columns] = &window.inside;
        let [mut start, mut end] = [shape.line; 2];
        if contains(planes, place.plane) && contains(rows, place.row) {
            if shape.columns == 1 {
                start = columns[0] * shape.channels;
                end = columns[1] * shape.channels;
            } else if contains(columns, place.column) {
                start = 0;
            }
        }
        while len > 0 && place.at < shape.line {
            let at = place.at;
            let inside = contains(&[start, end], at);
            let bound = if inside {
                end
            } else if at < start {
                start
            } else {
                shape.line
            };
            let run = (bound - at).min(len);
            let input = line.wrapping_add(at);
            place.at += run;
            len -= run;
            // SAFETY: the taps are inside; what is written fits.
            unsafe {
                if shape.whole {
                    let quads = run / QUAD;
                    if inside {
                        simd.widen(input, shape.offset, quads, to);
                    } else {
                        simd.fill(shape.offset, quads, to);
                    }
                    to = to.wrapping_add(quads * PIXELS * QUAD);
                } else {
                    if inside {
                        simd.copy(input, byte, run);
                    } else {
                        for i in 0..run {
                            byte.add(i).write(shape.offset.zero());
                            rolled();
                        }
                    }
                    byte = byte.wrapping_add(run);
                }
            }
        }
        if place.at == shape.line {
            place.at = 0;
            place.column += 1;
            if place.column == shape.columns {
                place.column = 0;
                place.row += 1;
                if place.row == shape.rows {
                    place.row = 0;
                    place.plane += 1;
                }
            }
        }
    }
    if !shape.whole {
        // The last quad may not be full; its weights are zeros there.
        // SAFETY: the bytes are those just written, or widened inputs of another piece.
        unsafe { simd.widen(bytes(first), shape.offset, quads, first) };
    }
}

#[inline(always)]
fn contains([start, end]: &[usize; 2], at: usize) -> bool {
    *start <= at && at < *end
}
