//! Runs of [`PlanI8`].

use super::PlanI8;
use crate::capi::error::{CallArgument, ErrorInfo, Info, Status, end};
use crate::capi::level::level;
use crate::capi::memory::{Region, slice, slice_mut};
use crate::capi::plan::Lent;
use crate::{ConvI8, Input8, Output8};
use core::ops::Range;
use core::slice::{from_raw_parts, from_raw_parts_mut};

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
    // SAFETY: the caller's; what is written overlaps nothing.
    unsafe {
        let info = Info::at(error);
        let run = || {
            let level = self::level(level, info)?;
            let plain = whole_checked(plan, input, packed, output, info)?;
            let conv = PlanI8::trusted(plan);
            // No layer is empty, so none of these is.
            let input = from_raw_parts(input.0, input.1);
            let packed = from_raw_parts(packed.0, packed.1);
            let output = from_raw_parts_mut(output.0, output.1);
            let rows = 0..conv.output_rows();
            conv.compute(level, rows, 0, plain, input, packed, output);
            Ok(())
        };
        end(run(), info)
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
    // SAFETY: the caller's; what is written overlaps nothing.
    unsafe {
        let info = Info::at(error);
        let run = || {
            let level = self::level(level, info)?;
            let conv = lent(plan, input, packed, output, info)?;
            let (input, packed) = (slice(input.0, input.1), slice(packed.0, packed.1));
            let output = slice_mut(output.0, output.1);
            info.passed(&conv.run_rows(level, rows, input, packed, output))
        };
        end(run(), info)
    }
}

/// Whether all filters are plain, once it is known that this is a run of all rows.
///
/// # Safety
///
/// As for [`microconv_i8_run`].
// Its frame is gone when the kernels run.
#[inline(never)]
unsafe fn whole_checked<I: Input8, O: Output8>(
    plan: *const PlanI8,
    input: Array<I>,
    packed: Array<i32>,
    output: ArrayMut<O>,
    info: Info,
) -> Result<bool, Status> {
    // SAFETY: the caller's.
    let conv = unsafe { lent(plan, input, packed, output, info)? };
    let needed = [conv.input_len(), conv.output_len()];
    let types = [Some(I::TYPE), O::TYPE];
    // SAFETY: the caller's; the region has passed.
    let packed = unsafe { slice(packed.0, packed.1) };
    match conv.check(types, needed, [input.1, output.1], packed) {
        Ok(plain) => Ok(plain),
        Err(refused) => Err(info.refused(&refused)),
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
/// # Safety
///
/// Pointers are NULL, or so many elements lie there.
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
/// # Safety
///
/// Pointers are NULL, or so many elements lie there.
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
/// # Safety
///
/// Pointers are NULL, or so many elements lie there.
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
/// # Safety
///
/// Pointers are NULL, or so many elements lie there.
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
/// # Safety
///
/// Pointers are NULL, or so many elements lie there.
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
/// # Safety
///
/// Pointers are NULL, or so many elements lie there.
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
