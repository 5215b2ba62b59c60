//! Runs of [`PlanI8`].

use super::PlanI8;
use crate::capi::error::{CallArgument, ErrorInfo, Info, Status, end};
use crate::capi::level::level;
use crate::capi::memory::{Region, slice};
use crate::capi::plan::Lent;
use crate::kernel::int8::JobI8;
use crate::{ConvI8, Input8, Level, Output8};
use core::ops::Range;

/// An array as pointer and length.
type Array<T> = (*const T, usize);

/// One that is written.
type ArrayMut<T> = (*mut T, usize);

/// The whole of a call that computes all rows.
///
/// # Safety
///
/// As for [`microconv_i8_run`].
#[inline(always)]
unsafe fn whole<I: Input8, O: Output8>(
    plan: *const PlanI8,
    level: u32,
    input: Array<I>,
    packed: Array<i32>,
    output: ArrayMut<O>,
    error: *mut ErrorInfo,
) -> Status {
    // SAFETY: the caller's.
    unsafe {
        let info = Info::at(error);
        let level = match self::level(level, info) {
            Ok(level) => level,
            Err(status) => return status,
        };
        run(
            plan,
            level,
            &whole_job(plan, input, packed, output, info),
            info,
        )
    }
}

/// The whole of a call that computes some rows.
///
/// # Safety
///
/// As for [`microconv_i8_run`].
#[inline(always)]
unsafe fn part<I: Input8, O: Output8>(
    plan: *const PlanI8,
    level: u32,
    rows: Range<usize>,
    input: Array<I>,
    packed: Array<i32>,
    output: ArrayMut<O>,
    error: *mut ErrorInfo,
) -> Status {
    // SAFETY: the caller's.
    unsafe {
        let info = Info::at(error);
        let level = match self::level(level, info) {
            Ok(level) => level,
            Err(status) => return status,
        };
        run(
            plan,
            level,
            &part_job(plan, rows, input, packed, output, info),
            info,
        )
    }
}

/// Runs a job, or tells why there is none. It stays where it is: a copy would take as much of the stack again.
///
/// # Safety
///
/// If there is a job, it is one of the plan's.
#[inline(always)]
unsafe fn run(
    plan: *const PlanI8,
    level: Level,
    job: &Result<JobI8<'_>, Status>,
    info: Info,
) -> Status {
    match job {
        Ok(job) => {
            // SAFETY: the caller's.
            unsafe { PlanI8::trusted(plan) }.runner.run(level, job);
            end(Ok(()), info)
        }
        Err(status) => *status,
    }
}

/// The job of all rows, once it is known that these are its arguments.
///
/// # Safety
///
/// As for [`microconv_i8_run`].
// Its frame is gone when the kernels run.
#[inline(never)]
unsafe fn whole_job<'a, I: Input8, O: Output8>(
    plan: *const PlanI8,
    input: Array<I>,
    packed: Array<i32>,
    output: ArrayMut<O>,
    info: Info,
) -> Result<JobI8<'a>, Status> {
    // SAFETY: the caller's; what is written overlaps nothing.
    unsafe {
        let conv = lent(plan, input, packed, output, info)?;
        let rows = 0..conv.output_rows();
        let needed = [conv.input_len(), conv.output_len()];
        checked(conv, rows, 0, needed, input, packed, output, info)
    }
}

/// The same of some rows.
///
/// # Safety
///
/// As for [`microconv_i8_run`].
#[inline(never)]
unsafe fn part_job<'a, I: Input8, O: Output8>(
    plan: *const PlanI8,
    rows: Range<usize>,
    input: Array<I>,
    packed: Array<i32>,
    output: ArrayMut<O>,
    info: Info,
) -> Result<JobI8<'a>, Status> {
    // SAFETY: the caller's; what is written overlaps nothing.
    unsafe {
        let conv = lent(plan, input, packed, output, info)?;
        let from = info.passed_on(conv.input_rows(rows.clone()))?;
        let needed = conv.rows_len(&rows, &from);
        checked(conv, rows, from.start, needed, input, packed, output, info)
    }
}

/// The job, once the lengths are as they are needed, and the packed weights the plan's.
///
/// # Safety
///
/// As for [`microconv_i8_run`]; the arrays can be slices, and the rows are rows of the plan.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn checked<'a, I: Input8, O: Output8>(
    conv: &'a ConvI8,
    rows: Range<usize>,
    first_input_row: usize,
    needed: [usize; 2],
    input: Array<I>,
    packed: Array<i32>,
    output: ArrayMut<O>,
    info: Info,
) -> Result<JobI8<'a>, Status> {
    let types = [Some(I::TYPE), O::TYPE];
    // SAFETY: the caller's; the job is made once the check has passed.
    unsafe {
        let words = slice(packed.0, packed.1);
        match conv.check(types, needed, [input.1, output.1], words) {
            Ok(plain) => Ok(conv.job(rows, first_input_row, plain, input, packed.0, output.0)),
            Err(refused) => Err(info.refused(&refused)),
        }
    }
}

/// The plan, once it is known that the memory can be slices.
///
/// # Safety
///
/// As for [`microconv_i8_run`].
#[inline(always)]
unsafe fn lent<'a, I, O>(
    plan: *const PlanI8,
    input: Array<I>,
    packed: Array<i32>,
    output: ArrayMut<O>,
    info: Info,
) -> Result<&'a ConvI8, Status> {
    let output = Region::new(CallArgument::Output, output.0, output.1);
    let read = [
        Region::new(CallArgument::Plan, plan, 1),
        Region::new(CallArgument::Input, input.0, input.1),
        Region::new(CallArgument::Packed, packed.0, packed.1),
    ];
    output.apart_from(&read, info)?;
    // SAFETY: the caller's; the plan's region has passed.
    unsafe { PlanI8::sealed(plan, info) }
}

/// Computes the whole output of int8 from an input of int8, on a level (`MICROCONV_LEVEL_BEST` for the
/// best). `packed` was filled by `microconv_i8_pack` for the same layer.
///
/// Refused: `MICROCONV_STATUS_OVERLAP` if the output overlaps anything else.
///
/// @param plan The plan.
/// @param level A level: a number below `microconv_level_count()`.
/// @param input The input.
/// @param input_len How many elements that is.
/// @param packed The packed weights.
/// @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
/// @param output Where the output is written.
/// @param output_len How many elements that is.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or so many elements lie there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_i8_run(
    plan: *const PlanI8,
    level: u32,
    input: *const i8,
    input_len: usize,
    packed: *const i32,
    packed_len: usize,
    output: *mut i8,
    output_len: usize,
    error: *mut ErrorInfo,
) -> Status {
    let (input, output) = ((input, input_len), (output, output_len));
    // SAFETY: the caller's.
    unsafe { whole(plan, level, input, (packed, packed_len), output, error) }
}

/// Computes the output rows `first_row` up to but not including `end_row`. The input is just the rows
/// of `microconv_i8_input_rows`, the output just the rows asked for.
///
/// @param plan The plan.
/// @param level A level: a number below `microconv_level_count()`.
/// @param first_row The first row of the output, counted through batch, depth and height.
/// @param end_row The row behind the last one.
/// @param input Just the input rows that these rows need.
/// @param input_len How many elements that is.
/// @param packed The packed weights.
/// @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
/// @param output Where just these rows are written.
/// @param output_len How many elements that is.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or so many elements lie there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_i8_run_rows(
    plan: *const PlanI8,
    level: u32,
    first_row: usize,
    end_row: usize,
    input: *const i8,
    input_len: usize,
    packed: *const i32,
    packed_len: usize,
    output: *mut i8,
    output_len: usize,
    error: *mut ErrorInfo,
) -> Status {
    let (input, output) = ((input, input_len), (output, output_len));
    let rows = first_row..end_row;
    // SAFETY: the caller's.
    unsafe {
        part(
            plan,
            level,
            rows,
            input,
            (packed, packed_len),
            output,
            error,
        )
    }
}

/// `microconv_i8_run` for a plan of `MICROCONV_TYPE_UINT8`.
///
/// @param plan The plan.
/// @param level A level: a number below `microconv_level_count()`.
/// @param input The input.
/// @param input_len How many elements that is.
/// @param packed The packed weights.
/// @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
/// @param output Where the output is written.
/// @param output_len How many elements that is.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or so many elements lie there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_i8_run_u8(
    plan: *const PlanI8,
    level: u32,
    input: *const u8,
    input_len: usize,
    packed: *const i32,
    packed_len: usize,
    output: *mut u8,
    output_len: usize,
    error: *mut ErrorInfo,
) -> Status {
    let (input, output) = ((input, input_len), (output, output_len));
    // SAFETY: the caller's.
    unsafe { whole(plan, level, input, (packed, packed_len), output, error) }
}

/// `microconv_i8_run_rows` for a plan of `MICROCONV_TYPE_UINT8`.
///
/// @param plan The plan.
/// @param level A level: a number below `microconv_level_count()`.
/// @param first_row The first row of the output, counted through batch, depth and height.
/// @param end_row The row behind the last one.
/// @param input Just the input rows that these rows need.
/// @param input_len How many elements that is.
/// @param packed The packed weights.
/// @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
/// @param output Where just these rows are written.
/// @param output_len How many elements that is.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or so many elements lie there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_i8_run_rows_u8(
    plan: *const PlanI8,
    level: u32,
    first_row: usize,
    end_row: usize,
    input: *const u8,
    input_len: usize,
    packed: *const i32,
    packed_len: usize,
    output: *mut u8,
    output_len: usize,
    error: *mut ErrorInfo,
) -> Status {
    let (input, output) = ((input, input_len), (output, output_len));
    let rows = first_row..end_row;
    // SAFETY: the caller's.
    unsafe {
        part(
            plan,
            level,
            rows,
            input,
            (packed, packed_len),
            output,
            error,
        )
    }
}

/// `microconv_i8_run` without the requantization: the sums as they are.
///
/// @param plan The plan.
/// @param level A level: a number below `microconv_level_count()`.
/// @param input The input.
/// @param input_len How many elements that is.
/// @param packed The packed weights.
/// @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
/// @param output Where the output is written.
/// @param output_len How many elements that is.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or so many elements lie there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_i8_run_sums(
    plan: *const PlanI8,
    level: u32,
    input: *const i8,
    input_len: usize,
    packed: *const i32,
    packed_len: usize,
    output: *mut i32,
    output_len: usize,
    error: *mut ErrorInfo,
) -> Status {
    let (input, output) = ((input, input_len), (output, output_len));
    // SAFETY: the caller's.
    unsafe { whole(plan, level, input, (packed, packed_len), output, error) }
}

/// `microconv_i8_run_rows` without the requantization: the sums as they are.
///
/// @param plan The plan.
/// @param level A level: a number below `microconv_level_count()`.
/// @param first_row The first row of the output, counted through batch, depth and height.
/// @param end_row The row behind the last one.
/// @param input Just the input rows that these rows need.
/// @param input_len How many elements that is.
/// @param packed The packed weights.
/// @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
/// @param output Where just these rows are written.
/// @param output_len How many elements that is.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or so many elements lie there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_i8_run_rows_sums(
    plan: *const PlanI8,
    level: u32,
    first_row: usize,
    end_row: usize,
    input: *const i8,
    input_len: usize,
    packed: *const i32,
    packed_len: usize,
    output: *mut i32,
    output_len: usize,
    error: *mut ErrorInfo,
) -> Status {
    let (input, output) = ((input, input_len), (output, output_len));
    let rows = first_row..end_row;
    // SAFETY: the caller's.
    unsafe {
        part(
            plan,
            level,
            rows,
            input,
            (packed, packed_len),
            output,
            error,
        )
    }
}
