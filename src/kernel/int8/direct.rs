//! Dense, for cores without vectors: the windows of two pixels, widened on the stack a piece at a time.
//!
//! Windows of any shape, groups and ragged rows are all the same to what comes after: see [`pair`].

use super::pair::{self, Memory};
use super::put::Panel;
use super::quads::{Offset, PIXELS, Quads};
use super::windows::{Window, Windows, steps};
use super::{JobI8, rolled};
use crate::kernel::window::count;
use crate::pack_i8::QUAD;
use core::mem::MaybeUninit;
use core::ptr;

/// Inputs of a pixel that are widened at a time, if a tap's channels are whole quads: a row of three taps of 16
/// channels.
const PIECE: usize = 48;

/// The same if they are not. What is left of the memory then holds the bytes of the one pixel and of the other in
/// turn, one after the other.
const RAGGED: usize = (PIECE * PIXELS * 2 - APART) / (PIXELS * 2 + 1) / QUAD * QUAD;

/// Bytes from the one pixel's place in a quad to the other's, at most.
const APART: usize = QUAD * size_of::<i16>();

/// The bytes of a ragged piece, behind it: `first` is the place of either pixel in the first quad.
#[inline(always)]
fn bytes(first: *mut i16) -> *mut i8 {
    first.wrapping_add(RAGGED * PIXELS).cast()
}

/// Not inlined, as what the levels here use needs no function of its own: the frame of the one algorithm
/// shall not be that of the other too.
#[inline(never)]
pub(crate) fn run<S: Quads>(simd: S, job: &mut JobI8<'_>) {
    let mut panel = Panel::of(job, ptr::null_mut());
    let job = &*job;
    let sizes = job.sizes;
    let shape = Shape::of(job);
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
            panel.header = header;
            // SAFETY: the walk's windows are those of pixels of the job, and each that exists has outputs.
            unsafe { two(simd, &shape, [&first, &walk.window], &mut panel) };
            // Past the other groups' outputs, and those of the second pixel.
            panel.to = panel.to.wrapping_add(pixel - group + panel.step);
            left = left.saturating_sub(PIXELS);
        }
        header = panel.header;
        output = output.wrapping_add(group);
    }
}

/// Computes the outputs of two pixels with [`pair::run`].
///
/// # Safety
/// As for that; the windows are those of pixels of a job of this shape.
// The memory is gone when the next windows are looked for.
#[inline(never)]
unsafe fn two<S: Quads>(
    simd: S,
    shape: &Shape<'_>,
    windows: [&Window; PIXELS],
    panel: &mut Panel<'_>,
) {
    let mut memory = MaybeUninit::<Memory<PIECE>>::uninit();
    let cut = [shape.depth(), shape.piece];
    let mut piece = Piece {
        plane: 0,
        row: 0,
        column: 0,
        at: 0,
        len: shape.piece,
        wide: memory.as_mut_ptr().cast(),
    };
    let [first, second] = windows;
    let stage = |at, len, wide: *mut i16| {
        if at == 0 {
            [piece.plane, piece.row, piece.column, piece.at] = [0; 4];
        }
        piece.len = len;
        piece.wide = wide;
        // SAFETY: the caller's.
        unsafe { stage(simd, shape, first, &piece) };
        piece.wide = wide.wrapping_add(S::APART);
        // SAFETY: the caller's.
        unsafe { stage(simd, shape, second, &piece) };
        piece.next(shape);
    };
    // SAFETY: the caller's; the piece is no longer than `PIECE`, or `RAGGED`.
    unsafe { pair::run(simd, shape.job, &mut memory, cut, panel, stage) };
}

/// What all windows of a layer have in common, and what follows from the job at once.
struct Shape<'a> {
    job: &'a JobI8<'a>,
    /// Pieces of a row of the window that lie apart; channels of a piece.
    columns: usize,
    line: usize,
    /// What of a window is widened at a time.
    piece: usize,
    /// There is one tap, and its channels are all widened together.
    point: bool,
    /// There is one plane, and a row of the window is one piece.
    flat: bool,
    /// The channels of a tap are whole quads.
    whole: bool,
}

impl<'a> Shape<'a> {
    // So that what is kept in memory anyway is not kept on the stack again by whoever looks at it.
    #[inline(never)]
    fn of(job: &'a JobI8<'a>) -> Self {
        let (geometry, sizes) = (job.geometry, job.sizes);
        let channels = sizes.group_channels;
        let depth = sizes.taps * channels;
        // Taps that lie side by side are one piece.
        let [columns, line] = if geometry.dilation[2] == 1 && geometry.groups == 1 {
            [1, geometry.kernel[2] * channels]
        } else {
            [geometry.kernel[2], channels]
        };
        let whole = channels.is_multiple_of(QUAD);
        let mut piece = if whole { PIECE } else { RAGGED };
        if depth <= piece {
            piece = depth;
        } else if whole && line < PIECE {
            // Whole rows.
            piece -= PIECE.checked_rem(line).unwrap_or(0);
        }
        Shape {
            job,
            columns,
            line,
            piece,
            flat: geometry.kernel[0] == 1 && columns == 1,
            point: sizes.taps == 1 && whole && depth <= PIECE,
            whole,
        }
    }

    /// Channels of the whole window.
    #[inline(always)]
    fn depth(&self) -> usize {
        self.job.sizes.taps * self.job.sizes.group_channels
    }

    #[inline(always)]
    fn offset(&self) -> Offset {
        Offset::of(self.job.quant)
    }
}

/// A piece of a window: a place in it, in the order of the weights; and what of it is to be widened, to where.
#[derive(Clone, Copy)]
struct Piece {
    plane: usize,
    row: usize,
    column: usize,
    /// Along the line.
    at: usize,
    len: usize,
    wide: *mut i16,
}

impl Piece {
    /// To the next piece.
    // Not inlined, so that the piece lies in memory and nowhere else.
    #[inline(never)]
    fn next(&mut self, shape: &Shape<'_>) {
        let mut len = self.len;
        while len > 0 {
            let run = (shape.line - self.at).min(len);
            self.go(shape, run);
            len -= run;
        }
    }

    /// The place is moved along, at most to the start of the next line.
    #[inline(always)]
    fn go(&mut self, shape: &Shape<'_>, len: usize) {
        self.at += len;
        if self.at < shape.line {
            return;
        }
        self.at -= shape.line;
        self.column += 1;
        if self.column == shape.columns {
            self.column = 0;
            self.row += 1;
            if self.row == shape.job.geometry.kernel[1] {
                self.row = 0;
                self.plane += 1;
            }
        }
    }
}

/// Widens a piece of a window.
///
/// # Safety
/// The window is that of a pixel of a job of this shape, which has so many taps and channels from
/// there on, and they fit: see [`PIECE`].
#[inline(never)]
unsafe fn stage<S: Quads>(simd: S, shape: &Shape<'_>, window: &Window, piece: &Piece) {
    // SAFETY: the caller's.
    unsafe {
        if window.inner && shape.point {
            simd.widen(window.origin, shape.offset(), piece.len / QUAD, piece.wide);
        } else if window.inner && shape.flat {
            stage_inner(simd, shape, window, piece);
        } else {
            stage_any(simd, shape, window, piece);
        }
    }
}

/// [`stage`], for a pixel whose taps are all inside, in one plane.
///
/// # Safety
/// As for that.
#[inline(never)]
unsafe fn stage_inner<S: Quads>(simd: S, shape: &Shape<'_>, window: &Window, piece: &Piece) {
    let (mut to, mut byte) = (piece.wide, bytes(piece.wide));
    let step = steps(shape.job.geometry)[1];
    let mut line = window.origin.wrapping_add(piece.row.wrapping_mul(step));
    let mut at = piece.at;
    let mut len = piece.len;
    while len > 0 {
        let run = (shape.line - at).min(len);
        let input = line.wrapping_add(at);
        len -= run;
        at = 0;
        line = line.wrapping_add(step);
        // SAFETY: the taps are inside; what is written fits.
        unsafe {
            if shape.whole {
                simd.widen(input, shape.offset(), run / QUAD, to);
                to = to.wrapping_add(run / QUAD * PIXELS * QUAD);
            } else {
                simd.copy(input, byte, run);
                byte = byte.wrapping_add(run);
            }
        }
    }
    if !shape.whole {
        // SAFETY: the bytes have just been written.
        unsafe { widen_bytes(simd, shape.offset(), byte, piece.wide) };
    }
}

/// [`stage`], for any pixel.
///
/// # Safety
/// As for that.
#[inline(never)]
unsafe fn stage_any<S: Quads>(simd: S, shape: &Shape<'_>, window: &Window, piece: &Piece) {
    let (mut to, mut byte) = (piece.wide, bytes(piece.wide));
    let mut place = *piece;
    while place.len > 0 {
        let (input, run) = shape.segment(window, &place);
        place.len -= run;
        place.go(shape, run);
        // SAFETY: the taps are inside; what is written fits.
        unsafe {
            if shape.whole {
                let quads = run / QUAD;
                if input.is_null() {
                    simd.fill(shape.offset(), quads, to);
                } else {
                    simd.widen(input, shape.offset(), quads, to);
                }
                to = to.wrapping_add(quads * PIXELS * QUAD);
            } else {
                if input.is_null() {
                    for i in 0..run {
                        byte.add(i).write(shape.offset().zero());
                        rolled();
                    }
                } else {
                    simd.copy(input, byte, run);
                }
                byte = byte.wrapping_add(run);
            }
        }
    }
    if !shape.whole {
        // SAFETY: the bytes have just been written.
        unsafe { widen_bytes(simd, shape.offset(), byte, piece.wide) };
    }
}

impl Shape<'_> {
    /// What lies at the start of a piece, null if that is in the padding; and how many channels of the piece lie so
    /// too, in the same line.
    #[inline(never)]
    fn segment(&self, window: &Window, piece: &Piece) -> (*const i8, usize) {
        let [planes, rows, columns] = &window.inside;
        // What of the line is inside.
        let [mut start, mut end] = [self.line; 2];
        if contains(planes, piece.plane) && contains(rows, piece.row) {
            if self.columns == 1 {
                let channels = self.job.sizes.group_channels;
                [start, end] = columns.map(|column| column * channels);
            } else if contains(columns, piece.column) {
                start = 0;
            }
        }
        let mut input = ptr::null();
        let mut bound = self.line;
        if piece.at < start {
            bound = start;
        } else if piece.at < end {
            bound = end;
            let steps = steps(self.job.geometry);
            input = window.tap([piece.plane, piece.row, piece.column], &steps);
            input = input.wrapping_add(piece.at);
        }
        (input, (bound - piece.at).min(piece.len))
    }
}

/// Widens the bytes of a ragged piece, up to `end`: `first` is the place of the pixel in the first quad.
///
/// # Safety
/// So many have been written, at least one; and there is room for whole quads of them.
#[inline(never)]
unsafe fn widen_bytes<S: Quads>(simd: S, offset: Offset, mut end: *mut i8, first: *mut i16) {
    let start = bytes(first);
    // The weights are zeros where the last quad is not full.
    while !(end.addr() - start.addr()).is_multiple_of(QUAD) {
        // SAFETY: the caller's.
        unsafe { end.write(0) };
        end = end.wrapping_add(1);
        rolled();
    }
    // SAFETY: the caller's.
    unsafe { simd.widen(start, offset, (end.addr() - start.addr()) / QUAD, first) };
}

#[inline(always)]
fn contains([start, end]: &[usize; 2], at: usize) -> bool {
    *start <= at && at < *end
}
