//! The pixels of an output, one after the other across the ends of rows, and what each one's window
//! covers.

use super::JobI16;
use crate::kernel::rows::{Columns, Lines, Rows};
use crate::kernel::window::count;
use core::ops::Range;

/// How the windows of a group are walked.
pub(super) struct Walk<'a> {
    pub job: &'a JobI16<'a>,
    rows: Rows,
    pub columns: Columns,
    /// Taps of a window row lie side by side in memory.
    folded: bool,
    /// Elements from one column, row and plane under the window to the next.
    column: usize,
    row: usize,
    plane: usize,
    /// The group's first channel.
    input: *const i16,
}

/// A pixel of the output.
#[derive(Clone)]
pub(super) struct Cursor {
    /// The row, counted from the job's first, and the column.
    row: usize,
    x: usize,
    lines: Lines,
}

/// What of a window lies inside the input.
pub(super) struct Window {
    planes: Range<usize>,
    rows: Range<usize>,
    columns: Range<usize>,
    /// The first tap of them.
    input: *const i16,
    /// All taps do.
    pub whole: bool,
}

impl<'a> Walk<'a> {
    #[inline(always)]
    pub fn new(job: &'a JobI16<'a>, group: usize) -> Self {
        let (geometry, sizes) = (job.geometry(), job.sizes());
        let [_, height, width] = geometry.input;
        let row = width.wrapping_mul(geometry.channels);
        Walk {
            job,
            rows: Rows::of(geometry, sizes, job.rows.start, job.first_input_row),
            columns: Columns::of(geometry, sizes),
            folded: geometry.dilation[2] == 1 && job.panels().panels.groups == 1,
            // A step that is never taken may be past all bounds.
            column: geometry.dilation[2].wrapping_mul(geometry.channels),
            row: geometry.dilation[1].wrapping_mul(row),
            plane: geometry.dilation[0].wrapping_mul(height.wrapping_mul(row)),
            input: job.input.wrapping_add(group * job.panels().panels.depth),
        }
    }

    #[inline(always)]
    pub fn cursor(&self, row: usize) -> Cursor {
        Cursor {
            row,
            x: 0,
            lines: self.rows.lines(row, row + 1),
        }
    }

    /// Goes to the next pixel, if there is one.
    #[inline(always)]
    pub fn step(&self, cursor: &mut Cursor) {
        cursor.x += 1;
        if cursor.x == self.columns.pixels && cursor.row + 1 < count(&self.job.rows) {
            *cursor = self.cursor(cursor.row + 1);
        }
    }

    #[inline(always)]
    pub fn window(&self, cursor: &Cursor) -> Window {
        let geometry = self.job.geometry();
        let columns = self.columns.axis.inside(cursor.x);
        let (planes, rows) = (cursor.lines.planes.clone(), cursor.lines.rows.clone());
        let at = (cursor.lines.input)
            .wrapping_mul(geometry.input[2])
            .wrapping_add(self.columns.axis.position(cursor.x, columns.start))
            .wrapping_mul(geometry.channels);
        let whole = [count(&planes), count(&rows), count(&columns)] == geometry.kernel;
        Window {
            planes,
            rows,
            columns,
            input: self.input.wrapping_add(at),
            whole,
        }
    }

    /// Calls `put` with where a run of inputs lies, where it stands in the part of the window, and how
    /// long it is: of all that lies inside, in ascending order.
    #[inline(always)]
    pub fn each(
        &self,
        window: &Window,
        part: &Range<usize>,
        mut put: impl FnMut(*const i16, usize, usize),
    ) {
        let [_, rows, columns] = self.job.geometry().kernel;
        let depth = self.job.panels().panels.depth;
        let line = columns * depth;
        let mut run = |from: *const i16, at: usize, len: usize| {
            let (start, end) = (at.max(part.start), (at + len).min(part.end));
            if start < end {
                put(
                    from.wrapping_add(start - at),
                    start - part.start,
                    end - start,
                );
            }
        };
        let mut plane = window.input;
        for z in window.planes.clone() {
            let mut row = plane;
            for y in window.rows.clone() {
                let at = (z * rows + y) * line;
                if at < part.end && at + line > part.start {
                    let first = at + window.columns.start * depth;
                    if self.folded {
                        run(row, first, count(&window.columns) * depth);
                    } else {
                        let (mut tap, mut at) = (row, first);
                        for _ in window.columns.clone() {
                            run(tap, at, depth);
                            tap = tap.wrapping_add(self.column);
                            at += depth;
                        }
                    }
                }
                row = row.wrapping_add(self.row);
            }
            plane = plane.wrapping_add(self.plane);
        }
    }
}
