//! A layer that overwrites its own input.
//!
//! The rows of the output are computed in order, and a row may go where input lies that no later
//! row needs. Rows that come too early for that wait in a line buffer. How many they are at most
//! follows from the geometry.
//!
//! Instead the output may lie some rows before the input, so that no row has to wait: Blacker,
//! Bridges and Hadfield, *Diagonal memory optimisation for machine learning on micro-controllers*,
//! 2020.

use crate::bands::{Bands, Jobs, OneLayer, slice};
use crate::conv::{ConvF32, at_least};
use crate::error::{Argument, Error};
use crate::geometry::divide;
use crate::kernel::Memory;
use crate::simd::Level;
use core::ops::Range;

/// The input of a plan at the end of some memory, and its output at the start.
pub(crate) struct Overlap<'a> {
    /// The plan that reads the input.
    plan: &'a ConvF32,
    /// Floats of an output row.
    row: usize,
    /// Floats between the start of the memory and the input.
    lead: usize,
}

impl<'a> Overlap<'a> {
    /// `row` is the length of an output row, `memory` that of the memory.
    pub const fn new(plan: &'a ConvF32, row: usize, memory: usize) -> Result<Self, Error> {
        if let Err(error) = plan.check_by_rows() {
            return Err(error);
        }
        let output = plan.output_rows() * row;
        let needed = if output > plan.input_len() {
            output
        } else {
            plan.input_len()
        };
        match memory.checked_sub(plan.input_len()) {
            Some(lead) if memory >= needed => Ok(Overlap { plan, row, lead }),
            _ => Err(Error::Length {
                argument: Argument::Memory,
                needed,
                given: memory,
            }),
        }
    }

    /// Floats of the rows that wait at most, the one that is being computed among them.
    ///
    /// Output row `r` ends at `(r + 1) * row`, and the first input row that it and the later ones
    /// need starts at `lead + first * input_row`. By how much the one passes the other is a sum of
    /// one term for each axis, as rows are counted through batch, depth and height; so the most is
    /// the sum of the most that each term comes to.
    pub const fn lines_len(&self) -> usize {
        let geometry = self.plan.geometry();
        let sizes = self.plan.sizes();
        let [depth, height, _] = geometry.input;
        let [output_depth, output_height, _] = sizes.output;
        // Output and input floats from one row, plane and image to the next. All are within the
        // lengths of buffers, whose sums and differences fit.
        let line = [self.row, self.plan.input_row_len()];
        let plane = [output_height * line[0], height * line[1]];
        let image = [output_depth * plane[0], depth * plane[1]];
        let last = (geometry.batch - 1) as isize;
        let images = last * (image[0] as isize - image[1] as isize);
        let (Some(planes), Some(lines)) = (self.lag::<0>(plane), self.lag::<1>(line)) else {
            // Only padding is read.
            return 0;
        };
        let past = if images > 0 { images } else { 0 } + planes + lines + self.row as isize;
        let past = if past > 0 { past as usize } else { 0 };
        let short = past.saturating_sub(self.lead);
        // Whole rows, rounded up.
        divide(short + self.row - 1, self.row).0 * self.row
    }

    /// The most that the output's step times a position, less the input's step times the first
    /// place that the window there reaches, comes to along an axis. Nothing if no window reaches
    /// any place.
    const fn lag<const AXIS: usize>(&self, [output, input]: [usize; 2]) -> Option<isize> {
        let geometry = self.plan.geometry();
        let reaching = geometry.reaching(self.plan.sizes(), AXIS);
        if reaching.start >= reaching.end {
            return None;
        }
        let before = self.plan.sizes().padding[AXIS][0];
        let last = reaching.end - 1;
        // Up to the window that starts where the input does, the first place is the same; from then
        // on it grows by the stride. So the most is at the end of one part or of the other.
        let level = divide(before, geometry.stride[AXIS]).0;
        let turn = if level > reaching.start {
            level
        } else {
            reaching.start
        };
        let mut most = isize::MIN;
        let mut candidates: &[usize] = &[turn, turn + 1, last];
        while let [at, rest @ ..] = candidates {
            let at = if *at < last { *at } else { last };
            let first = (at * geometry.stride[AXIS]).saturating_sub(before);
            let lag = (at * output) as isize - (first * input) as isize;
            if lag > most {
                most = lag;
            }
            candidates = rest;
        }
        Some(most)
    }

    /// How many rows of the output fit into memory while those from `row` on are still to be
    /// computed.
    fn room(&self, row: usize) -> usize {
        let (plan, rows) = (self.plan, self.plan.output_rows());
        let needed = plan.geometry().input_rows(plan.sizes(), row, rows);
        if needed.is_empty() {
            return rows;
        }
        let free = self.lead + needed.start * plan.input_row_len();
        divide(free, self.row).0.min(rows)
    }
}

/// A run in place: some rows of the output after the others.
pub(crate) struct Parts<'a> {
    memory: &'a mut [f32],
    lines: &'a mut [f32],
    /// The row to be computed next, and how many of those before it wait.
    next: usize,
    waiting: usize,
}

impl<'a> Parts<'a> {
    /// [`Overlap::new`] takes memory so long, and `lines` holds at least [`Overlap::lines_len`] floats;
    /// the more it holds, the more rows are computed at once.
    pub const fn new(memory: &'a mut [f32], lines: &'a mut [f32]) -> Self {
        Parts {
            memory,
            lines,
            next: 0,
            waiting: 0,
        }
    }
}

impl Bands for Parts<'_> {
    fn next(
        &mut self,
        plan: &ConvF32,
        row: usize,
        most: usize,
        to: &mut Memory,
    ) -> Option<(Range<usize>, usize)> {
        let Parts {
            ref mut memory,
            ref mut lines,
            next,
            waiting,
        } = *self;
        let lead = memory.len().saturating_sub(plan.input_len());
        let overlap = Overlap { plan, row, lead };
        let rows = plan.output_rows();
        let room = overlap.room(next);
        let ready = room.min(next) - (next - waiting);
        let place = (next - waiting) * row;
        settle(lines, ready * row, waiting * row, memory, place);
        let waiting = waiting - ready;
        if next == rows {
            return None;
        }
        let direct = room > next;
        let held = divide(lines.len(), row).0;
        let fitting = match direct {
            true => room,
            false => (next + held - waiting).min(rows),
        };
        let end = fitting.min(next.saturating_add(most));
        let from = plan.geometry().input_rows(plan.sizes(), next, end);
        let input_row = plan.input_row_len();
        // What memory is split at, the output's end, is not past the input if there is any.
        let split = if direct { end * row } else { 0 };
        let (front, back) = memory.split_at_mut_checked(split)?;
        let at = (lead + from.start * input_row).saturating_sub(split);
        to.input = slice(back, at, from.len() * input_row)?;
        let (output, first) = match direct {
            true => (front, next),
            false => (&mut **lines, waiting),
        };
        to.output = output.get_mut(first * row..(first + end - next) * row)?;
        self.waiting = match direct {
            true => waiting,
            false => waiting + end - next,
        };
        self.next = end;
        Some((next..end, from.start))
    }
}

/// Copies the first `ready` of `waiting` floats to memory, and moves the others to the front.
fn settle(lines: &mut [f32], ready: usize, waiting: usize, memory: &mut [f32], at: usize) {
    if let (Some(from), Some(to)) = (lines.get(..ready), memory.get_mut(at..at + ready)) {
        to.copy_from_slice(from);
    }
    if ready < waiting && waiting <= lines.len() {
        lines.copy_within(ready..waiting, 0);
    }
}

/// In place: input and output share their memory.
///
/// The input is the last [`input_len`](Self::input_len) floats of `memory`, the output becomes the
/// first [`output_len`](Self::output_len). Where memory is as long as the input, a layer with equal
/// shapes overwrites it, and one with a stride leaves its output in front. Any plan with the direct
/// algorithm can do it.
///
/// Output rows that are not yet to overwrite input wait in `lines`. Memory that is longer by as many
/// floats needs no lines: the output then lies that much before the input, and nothing is copied.
///
/// What that saves: the first depthwise layer of MLPerf Tiny's person detection, 48x48x8 in and
/// out, takes 147,456 bytes for two maps. In place it takes 73,728 and two rows of 1,536: 52 %.
impl ConvF32 {
    /// The fewest floats of lines with which a plan runs in place in so many floats of memory.
    ///
    /// It is exact: with a row less, input would be lost.
    ///
    /// ```
    /// use microconv::{Activation, ConvF32, Geometry, Padding};
    /// let layer = Geometry::depthwise2d([48, 48, 8], 1, [3, 3]).padding(Padding::Same);
    /// let plan = ConvF32::new(layer, Activation::RELU)?;
    /// let (map, row) = (plan.input_len(), plan.output_row_len());
    /// assert_eq!(plan.in_place_lines_len(map)?, 2 * row);
    /// assert_eq!(plan.in_place_lines_len(map + row)?, row);
    /// assert_eq!(plan.in_place_lines_len(map + 2 * row)?, 0);
    /// // Only the first row meets its own input.
    /// let plan = ConvF32::new(layer.stride(2), Activation::RELU)?;
    /// assert_eq!(plan.in_place_lines_len(map)?, plan.output_row_len());
    /// # Ok::<(), microconv::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Length`] if the memory is shorter than the input or the output;
    /// [`Error::RowGranularity`] if the plan's algorithm does not compute single rows.
    pub const fn in_place_lines_len(&self, memory: usize) -> Result<usize, Error> {
        match Overlap::new(self, self.output_row_len(), memory) {
            Ok(overlap) => Ok(overlap.lines_len()),
            Err(error) => Err(error),
        }
    }

    /// Computes the whole output in the memory of the input, with the same bits as
    /// [`run`](Self::run).
    ///
    /// `lines` holds at least [`in_place_lines_len`](Self::in_place_lines_len) floats for this
    /// memory. With the fewest, one row is computed at a time. Eight rows more of memory come near
    /// to the speed of `run`. Eight rows more of lines do too where the maps are larger than the
    /// cache; where they are not, to copy each row adds a quarter or so. `packed` and `scratch`
    /// are as for `run`.
    ///
    /// ```
    /// use microconv::{Activation, ConvF32, Geometry, Level, Padding, Weights};
    /// let layer = Geometry::depthwise2d([8, 8, 4], 1, [3, 3]).padding(Padding::Same);
    /// let plan = ConvF32::new(layer, Activation::RELU)?;
    /// let mut packed = vec![0.0; plan.packed_len()];
    /// plan.pack(Weights::Hwio(&vec![0.5; plan.weights_len()]), None, &mut packed)?;
    ///
    /// let mut memory = vec![1.0; plan.input_len()];
    /// let mut lines = vec![0.0; plan.in_place_lines_len(memory.len())?];
    /// # let mut output = vec![0.0; plan.output_len()];
    /// # plan.run(Level::detect(), &memory, &packed, &mut output, &mut [])?;
    /// plan.run_in_place(Level::detect(), &mut memory, &packed, &mut lines, &mut [])?;
    /// assert_eq!(memory[..5], [2.0, 2.0, 2.0, 2.0, 3.0]);
    /// # assert_eq!(memory, output);
    /// # Ok::<(), microconv::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of `in_place_lines_len`, and those of [`run`](Self::run). Nothing has been written then.
    pub fn run_in_place(
        &self,
        level: Level,
        memory: &mut [f32],
        packed: &[f32],
        lines: &mut [f32],
        scratch: &mut [f32],
    ) -> Result<(), Error> {
        let lens = [memory.len(), lines.len(), scratch.len()];
        self.check_in_place(lens, packed)?;
        self.in_place(memory, packed, lines, scratch).run(level);
        Ok(())
    }

    /// Refuses the wrong lengths of memory, lines and scratch, and packed weights that are not this
    /// layer's.
    // Its frame is gone when the kernels run.
    #[inline(never)]
    pub(crate) fn check_in_place(
        &self,
        [memory, lines, scratch]: [usize; 3],
        packed: &[f32],
    ) -> Result<(), Error> {
        let overlap = Overlap::new(self, self.output_row_len(), memory)?;
        self.check_packed(packed)?;
        at_least(Argument::Lines, overlap.lines_len(), lines)?;
        at_least(Argument::Scratch, self.scratch_len(), scratch)
    }

    /// The run of arguments that have been checked.
    #[inline(always)]
    pub(crate) fn in_place<'a>(
        &'a self,
        memory: &'a mut [f32],
        packed: &'a [f32],
        lines: &'a mut [f32],
        scratch: &'a mut [f32],
    ) -> OneLayer<'a, Parts<'a>> {
        OneLayer {
            plan: self,
            bands: Parts::new(memory, lines),
            memory: Memory {
                input: &[],
                packed,
                output: &mut [],
                scratch,
            },
        }
    }
}
