//! The pixels of an output, one after the other across the ends of rows, and what each one's window
//! covers.

use crate::kernel::int8::JobI8;
use crate::kernel::rows::{Columns, Lines, Rows};
use crate::kernel::window::{count, quotient};
use core::ops::Range;

/// How the windows of a group are walked.
pub(super) struct Walk<'a> {
    pub job: &'a JobI8<'a>,
    pub rows: Rows,
    pub columns: Columns,
    /// The window is one pixel and the image is walked as a single row.
    pub flat: bool,
    /// Taps of a window row lie side by side in memory.
    pub folded: bool,
    /// Bytes between the input rows and planes under neighbouring window rows and planes.
    pub row: usize,
    pub plane: usize,
    /// The group's first channel, and the end of the input.
    pub input: *const i8,
    #[cfg_attr(target_arch = "aarch64", allow(dead_code))]
    pub end: *const i8,
}

/// A pixel of the output.
#[derive(Clone)]
pub(super) struct Cursor {
    /// The row, counted from the job's first, and the column.
    pub row: usize,
    pub x: usize,
    pub lines: Lines,
    /// The input row under the first window row that lies inside.
    pub base: *const i8,
}

/// What becomes of a piece of a window. (A closure that takes more than a few instructions is left out
/// of line, and compiled without those of the level; a method need not be.)
pub(super) trait Piece {
    /// Where it lies (nowhere, if in the padding), where it stands in the window, and how long it is.
    fn put(&self, from: Option<*const i8>, at: usize, len: usize);
}

impl<F: Fn(Option<*const i8>, usize, usize)> Piece for F {
    #[inline(always)]
    fn put(&self, from: Option<*const i8>, at: usize, len: usize) {
        self(from, at, len);
    }
}

impl<'a> Walk<'a> {
    #[inline(always)]
    pub fn new(job: &'a JobI8<'a>, group: usize) -> Self {
        let (geometry, sizes) = (job.geometry(), job.sizes());
        let [_, height, width] = geometry.input;
        let row = width * geometry.channels;
        let input = job.input;
        Walk {
            job,
            rows: Rows::of(geometry, sizes, job.rows.start, job.first_input_row),
            columns: Columns::of(geometry, sizes),
            flat: geometry.kernel == [1; 3]
                && geometry.stride == [1; 3]
                && sizes.padding == [[0; 2]; 3],
            folded: geometry.dilation[2] == 1 && geometry.groups == 1,
            // A step that is never taken may be past all bounds.
            row: geometry.dilation[1].wrapping_mul(row),
            plane: geometry.dilation[0].wrapping_mul(height * row),
            input: input.wrapping_add(group * sizes.group_channels),
            end: input.wrapping_add(job.shape.input_len),
        }
    }

    #[inline(always)]
    pub fn cursor(&self, row: usize, x: usize) -> Cursor {
        let lines = self.rows.lines(row, row + 1);
        let [_, _, width] = self.job.geometry().input;
        Cursor {
            row,
            x,
            base: self
                .input
                .wrapping_add(lines.input * width * self.job.geometry().channels),
            lines,
        }
    }

    /// How many pixels from the cursor on, `most` at most, have windows that cover the same taps and
    /// follow each other in the input: each lies [`right`](Self::right) of the one before.
    #[cfg_attr(target_arch = "aarch64", allow(dead_code))]
    #[inline(always)]
    pub fn alike(&self, cursor: &Cursor, most: usize) -> usize {
        if self.flat {
            most
        } else if self.columns.interior.contains(&cursor.x) {
            (self.columns.interior.end - cursor.x).min(most)
        } else {
            1
        }
    }

    /// Bytes from a window to the next.
    #[cfg_attr(target_arch = "aarch64", allow(dead_code))]
    #[inline(always)]
    pub fn right(&self) -> usize {
        let geometry = self.job.geometry();
        // A step that is never taken may be past all bounds.
        geometry.stride[2].wrapping_mul(geometry.channels)
    }

    /// Goes on by so many pixels that are [`alike`](Self::alike), if there is one after them.
    #[cfg_attr(target_arch = "aarch64", allow(dead_code))]
    #[inline(always)]
    pub fn step(&self, cursor: &mut Cursor, pixels: usize) {
        cursor.x += pixels;
        if cursor.x >= self.columns.pixels {
            let rows = quotient(cursor.x, self.columns.pixels);
            if cursor.row + rows < count(&self.job.rows) {
                let x = cursor.x - rows * self.columns.pixels;
                *cursor = self.cursor(cursor.row + rows, x);
            }
        }
    }

    /// Puts the pieces of the window, in ascending order.
    #[inline(always)]
    pub fn window(&self, cursor: &Cursor, depth: usize, piece: impl Piece) {
        let geometry = self.job.geometry();
        let [planes, rows, columns] = geometry.kernel;
        let len = columns * depth;
        let inside = self.inside(cursor);
        let first = self.columns.axis.position(cursor.x, inside.start);
        let base = cursor
            .base
            .wrapping_add(first.wrapping_mul(geometry.channels));
        let step = geometry.dilation[2].wrapping_mul(geometry.channels);
        let mut at = 0;
        let mut plane = base;
        for z in 0..planes {
            let plane_inside = cursor.lines.planes.contains(&z);
            let mut row = plane;
            for y in 0..rows {
                if plane_inside && cursor.lines.rows.contains(&y) && !inside.is_empty() {
                    if inside.start > 0 {
                        piece.put(None, at, inside.start * depth);
                    }
                    if self.folded {
                        let len = count(&inside) * depth;
                        piece.put(Some(row), at + inside.start * depth, len);
                    } else {
                        let mut tap = row;
                        for column in inside.clone() {
                            piece.put(Some(tap), at + column * depth, depth);
                            tap = tap.wrapping_add(step);
                        }
                    }
                    if inside.end < columns {
                        let start = at + inside.end * depth;
                        piece.put(None, start, (columns - inside.end) * depth);
                    }
                    row = row.wrapping_add(self.row);
                } else {
                    piece.put(None, at, len);
                }
                at += len;
            }
            if plane_inside {
                plane = plane.wrapping_add(self.plane);
            }
        }
    }

    /// The columns of the window that lie inside the input.
    #[inline(always)]
    pub fn inside(&self, cursor: &Cursor) -> Range<usize> {
        if self.columns.interior.contains(&cursor.x) {
            0..self.job.geometry().kernel[2]
        } else {
            self.columns.axis.inside(cursor.x)
        }
    }
}
