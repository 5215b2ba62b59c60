//! Runs that compute some rows of an output after the others.
//!
//! A run has been checked when it is made. What it needs lies in it, and what finds the next rows has
//! returned when they are computed: that takes little stack.

use crate::conv::ConvF32;
use crate::geometry::divide;
use crate::kernel::{Job, Memory};
use crate::separable::SeparableF32;
use crate::simd::Level;
use core::mem::take;
use core::ops::Range;
use core::ptr::{slice_from_raw_parts, slice_from_raw_parts_mut};

/// The rows of a layer's output, band by band.
pub(crate) trait Bands {
    /// The next rows of a layer whose output's rows have so many floats, at most so many, and the first
    /// input row that they need; of these rows the memory gets the input and the output. Nothing if all
    /// have been computed.
    fn next(
        &mut self,
        plan: &ConvF32,
        row: usize,
        most: usize,
        memory: &mut Memory,
    ) -> Option<(Range<usize>, usize)>;
}

/// The input of some rows and their output, from first to last.
pub(crate) struct Apart<'a> {
    /// Those that are left, and their output.
    pub rows: Range<usize>,
    pub output: &'a mut [f32],
    /// Just the input rows that all need, of which this is the first.
    pub first_input_row: usize,
    pub input: &'a [f32],
}

impl Bands for Apart<'_> {
    fn next(
        &mut self,
        plan: &ConvF32,
        row: usize,
        most: usize,
        memory: &mut Memory,
    ) -> Option<(Range<usize>, usize)> {
        let left = self.rows.len();
        if left == 0 || most == 0 {
            return None;
        }
        // Bands of equal length, but for a row.
        let bands = divide(left - 1, most).0 + 1;
        let count = divide(left - 1, bands).0 + 1;
        let rows = self.rows.start..self.rows.start + count;
        let from = (plan.geometry()).input_rows(plan.sizes(), rows.start, rows.end);
        let input_row = plan.input_row_len();
        // Where no row is needed, the empty range need not lie within the others.
        let at = from.start.saturating_sub(self.first_input_row) * input_row;
        memory.input = slice(self.input, at, from.len() * input_row)?;
        let output = take(&mut self.output);
        let (head, tail) = output.split_at_mut_checked(count * row)?;
        memory.output = head;
        self.output = tail;
        self.rows.start = rows.end;
        Some((rows, from.start))
    }
}

/// Jobs that are run in order.
pub(crate) trait Jobs {
    // Its frame is gone when the kernels run.
    fn next(&mut self) -> Option<Job<'_>>;

    #[inline(always)]
    fn run(&mut self, level: Level) {
        // (Jobs stay where they are: a copy would take as much of the stack again.)
        while let Some(job) = &self.next() {
            job.plan.runner.run(level, job);
        }
    }
}

/// A layer whose rows are computed band by band.
pub(crate) struct OneLayer<'a, B> {
    pub plan: &'a ConvF32,
    pub bands: B,
    pub memory: Memory,
}

impl<B: Bands> Jobs for OneLayer<'_, B> {
    #[inline(never)]
    fn next(&mut self) -> Option<Job<'_>> {
        let (plan, most) = (self.plan, usize::MAX);
        let (rows, first_input_row) =
            self.bands
                .next(plan, plan.output_row_len(), most, &mut self.memory)?;
        Some(Job {
            plan,
            rows,
            first_input_row,
            memory: &self.memory,
        })
    }
}

/// Two layers, of which the second takes each band up once the first has computed it.
pub(crate) struct TwoLayers<'a, B> {
    /// Of the first layer's rows, with the second one's output.
    pub bands: B,
    pub plan: &'a SeparableF32,
    /// As long as each plan has it.
    pub packed: [*const f32; 2],
    /// Holds some rows between the layers, one at least.
    pub between: *mut [f32],
    /// The rows that the first layer has computed and the second has not, and their output.
    pub rows: Range<usize>,
    pub output: *mut f32,
    pub memory: Memory,
}

impl<B: Bands> Jobs for TwoLayers<'_, B> {
    #[inline(never)]
    fn next(&mut self) -> Option<Job<'_>> {
        if !self.rows.is_empty() {
            let (second, rows) = (self.plan.pointwise(), take(&mut self.rows));
            let len = rows.len() * second.output_row_len();
            self.memory.input = self.memory.output;
            self.memory.output = slice_from_raw_parts_mut(self.output, len);
            self.memory.packed = slice_from_raw_parts(self.packed[1], second.packed_len());
            return Some(Job {
                plan: second,
                first_input_row: rows.start,
                rows,
                memory: &self.memory,
            });
        }
        let (plan, second) = (self.plan.spatial(), self.plan.pointwise());
        let row = second.input_row_len();
        let most = divide(self.between.len(), row).0;
        let (rows, first_input_row) =
            self.bands
                .next(plan, second.output_row_len(), most, &mut self.memory)?;
        self.rows = rows.clone();
        self.output = self.memory.output.cast();
        self.memory.output = slice_from_raw_parts_mut(self.between.cast(), rows.len() * row);
        self.memory.packed = slice_from_raw_parts(self.packed[0], plan.packed_len());
        Some(Job {
            plan,
            rows,
            first_input_row,
            memory: &self.memory,
        })
    }
}

/// `len` floats from `at` on; if there are to be none, from wherever.
pub(crate) fn slice(floats: &[f32], at: usize, len: usize) -> Option<&[f32]> {
    match len {
        0 => Some(&[]),
        len => floats.get(at..)?.get(..len),
    }
}
