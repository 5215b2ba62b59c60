//! Plans of 16-bit activations and 8-bit weights: [`ConvI16`] for C.

use super::error::{CallArgument, ErrorInfo, Info, Status, end};
use super::geometry::{LayerGeometry, PlanSizes, plan_sizes};
use super::level::level;
use super::memory::{Region, reference, slice};
use super::packing::{GivenScales, Packing};
use super::plan::{Lent, lent, tell, tell_rows};
use crate::kernel::int16::JobI16;
use crate::{ConvI16, Level, RangeI16};
use core::fmt;
use core::mem::{MaybeUninit, offset_of};
use core::ops::Range;

/// A checked convolution of 16-bit activations with 8-bit weights, TensorFlow Lite's "16x8", made by
/// `microconv_i16_init`. The caller lends the memory; it points at no other, so it may be copied and moved
/// within the program. Many threads may use one at a time.
///
/// Zero points are 0. Outputs have the bits of TensorFlow Lite's reference kernels with biases of int64, and
/// of CMSIS-NN's.
#[repr(C)]
pub struct PlanI16 {
    /// Tells a plan from other memory.
    seal: u64,
    /// What is known of the layer.
    words: [MaybeUninit<usize>; 60],
}

lent!(PlanI16 from words, ConvI16, u64::from_le_bytes(*b"mcint16\x01"));

/// Checks a geometry and makes a plan of it, whose outputs are clamped to `min` and `max`: -32768 and 32767 for
/// no clamp.
///
/// @param plan Where the plan is made.
/// @param geometry The layer.
/// @param min The least output.
/// @param max The greatest output.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or point at what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_i16_init(
    plan: *mut PlanI16,
    geometry: *const LayerGeometry,
    min: i16,
    max: i16,
    error: *mut ErrorInfo,
) -> Status {
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    let init = || {
        // SAFETY: the caller's.
        unsafe {
            Region::new(CallArgument::Plan, plan, 1).end(info)?;
            let geometry = reference(CallArgument::Geometry, geometry, info)?.checked(info)?;
            let made = info.passed_on(ConvI16::new(geometry, RangeI16 { min, max }))?;
            PlanI16::put(plan, made);
            Ok(())
        }
    };
    end(init(), info)
}

/// Tells all sizes of a plan.
///
/// @param plan The plan.
/// @param sizes Where the sizes are told.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or point at what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_i16_sizes(
    plan: *const PlanI16,
    sizes: *mut PlanSizes,
    error: *mut ErrorInfo,
) -> Status {
    // SAFETY: the caller's.
    unsafe { tell(plan, sizes, error, |plan| Ok(plan_sizes!(plan, 0, 0, 1))) }
}

/// Tells which input rows, `*first` up to but not including `*end`, the output rows `first_row` up to
/// but not including `end_row` need. Rows are counted through batch, depth and height.
///
/// @param plan The plan.
/// @param first_row The first row of the output, counted through batch, depth and height.
/// @param end_row The row behind the last one.
/// @param first Where the first input row is told.
/// @param end Where the input row behind the last one is told.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or point at what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_i16_input_rows(
    plan: *const PlanI16,
    first_row: usize,
    end_row: usize,
    first: *mut usize,
    end: *mut usize,
    error: *mut ErrorInfo,
) -> Status {
    let known = |plan: &ConvI16| plan.input_rows(first_row..end_row);
    // SAFETY: the caller's.
    unsafe { tell_rows(plan, [first, end], error, known) }
}

/// Packs weights, in a `microconv_weights_order`, biases (NULL and 0 for none) and scales, once for any
/// number of runs. `scales` are those of the weights, one for each filter or one for all; biases are in
/// units of input scale times weight scale. The result is the same on every level and target.
///
/// Refused, among others: `MICROCONV_STATUS_ACCUMULATOR` if there is an input for which a filter's sum
/// would leave the integers of 48 bits.
///
/// @param plan The plan.
/// @param order How the weights lie: a `microconv_weights_order`.
/// @param weights The weights.
/// @param weights_len How many there are: `weights_len` of the plan's sizes.
/// @param bias A bias for each filter, or NULL for zeros.
/// @param bias_len The number of filters, or 0.
/// @param input_scale What one step of an input stands for.
/// @param scales What one step of a weight stands for, for each filter or for all.
/// @param scales_len The number of filters, or 1.
/// @param output_scale What one step of an output stands for.
/// @param packed Where the packed weights are written.
/// @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or so many elements lie there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_i16_pack(
    plan: *const PlanI16,
    order: u32,
    weights: *const i8,
    weights_len: usize,
    bias: *const i64,
    bias_len: usize,
    input_scale: f32,
    scales: *const f32,
    scales_len: usize,
    output_scale: f32,
    packed: *mut i32,
    packed_len: usize,
    error: *mut ErrorInfo,
) -> Status {
    let packing = Packing {
        plan,
        order,
        weights: (weights, weights_len),
        bias: (bias, bias_len),
        scales: GivenScales::Real {
            input: input_scale,
            weights: (scales, scales_len),
            output: output_scale,
        },
        packed: (packed, packed_len),
    };
    // SAFETY: the caller's.
    unsafe { packing.pack(error, ConvI16::pack) }
}

/// As `microconv_i16_pack`, with the multipliers that TensorFlow Lite Micro and CMSIS-NN work with: a
/// value of 31 bits and a shift to the left (to the right if negative), for each filter or for all.
///
/// @param plan The plan.
/// @param order How the weights lie: a `microconv_weights_order`.
/// @param weights The weights.
/// @param weights_len How many there are: `weights_len` of the plan's sizes.
/// @param bias A bias for each filter, or NULL for zeros.
/// @param bias_len The number of filters, or 0.
/// @param multipliers Multipliers in units of 2^-31, for each filter or for all.
/// @param multipliers_len The number of filters, or 1.
/// @param shifts Powers of two that go with the multipliers.
/// @param shifts_len As many as multipliers.
/// @param packed Where the packed weights are written.
/// @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or so many elements lie there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_i16_pack_multipliers(
    plan: *const PlanI16,
    order: u32,
    weights: *const i8,
    weights_len: usize,
    bias: *const i64,
    bias_len: usize,
    multipliers: *const i32,
    multipliers_len: usize,
    shifts: *const i32,
    shifts_len: usize,
    packed: *mut i32,
    packed_len: usize,
    error: *mut ErrorInfo,
) -> Status {
    let packing = Packing {
        plan,
        order,
        weights: (weights, weights_len),
        bias: (bias, bias_len),
        scales: GivenScales::Parts {
            values: (multipliers, multipliers_len),
            shifts: (shifts, shifts_len),
        },
        packed: (packed, packed_len),
    };
    // SAFETY: the caller's.
    unsafe { packing.pack(error, ConvI16::pack) }
}

/// Computes the whole output on a level (`MICROCONV_LEVEL_BEST` for the best). `packed` was filled by
/// `microconv_i16_pack` for the same layer.
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
pub unsafe extern "C" fn microconv_i16_run(
    plan: *const PlanI16,
    level: u32,
    input: *const i16,
    input_len: usize,
    packed: *const i32,
    packed_len: usize,
    output: *mut i16,
    output_len: usize,
    error: *mut ErrorInfo,
) -> Status {
    let mut job = MaybeUninit::uninit();
    // SAFETY: the caller's.
    unsafe {
        let info = Info::at(error);
        let level = match self::level(level, info) {
            Ok(level) => level,
            Err(status) => return status,
        };
        give(job.as_mut_ptr(), 0..0, input, packed, output);
        let checked = whole_job(
            job.as_mut_ptr(),
            plan,
            input_len,
            packed_len,
            output_len,
            info,
        );
        run(level, &job, checked, info)
    }
}

/// Computes the output rows `first_row` up to but not including `end_row`. The input is just the rows
/// of `microconv_i16_input_rows`, the output just the rows asked for.
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
pub unsafe extern "C" fn microconv_i16_run_rows(
    plan: *const PlanI16,
    level: u32,
    first_row: usize,
    end_row: usize,
    input: *const i16,
    input_len: usize,
    packed: *const i32,
    packed_len: usize,
    output: *mut i16,
    output_len: usize,
    error: *mut ErrorInfo,
) -> Status {
    let mut job = MaybeUninit::uninit();
    // SAFETY: the caller's.
    unsafe {
        let info = Info::at(error);
        let level = match self::level(level, info) {
            Ok(level) => level,
            Err(status) => return status,
        };
        give(job.as_mut_ptr(), first_row..end_row, input, packed, output);
        let checked = part_job(
            job.as_mut_ptr(),
            plan,
            input_len,
            packed_len,
            output_len,
            info,
        );
        run(level, &job, checked, info)
    }
}

/// Writes down in a job what a call was given, before any of it is checked. The job's frame is below the kernels', so nothing of it
/// stands there a second time.
///
/// # Safety
///
/// The job can be written.
#[inline(always)]
unsafe fn give(
    job: *mut JobI16<'_>,
    rows: Range<usize>,
    input: *const i16,
    packed: *const i32,
    output: *mut i16,
) {
    // SAFETY: the caller's.
    unsafe {
        (&raw mut (*job).rows).write(rows);
        (&raw mut (*job).input).write(input);
        (&raw mut (*job).packed).write(packed);
        (&raw mut (*job).output).write(output);
    }
}

/// Runs a job, unless it was refused.
///
/// # Safety
///
/// If it was not, it is whole, and holds what its kernels lean on.
#[inline(always)]
unsafe fn run(
    level: Level,
    job: &MaybeUninit<JobI16<'_>>,
    checked: Result<(), Status>,
    info: Info,
) -> Status {
    if checked.is_ok() {
        // SAFETY: the caller's.
        level.run_i16(unsafe { job.assume_init_ref() });
    }
    end(checked, info)
}

/// Makes a job of all rows, once it is known that these are its arguments.
///
/// # Safety
///
/// As for [`microconv_i16_run`]; the job was [given](give) its arrays.
// Its frame is gone when the kernels run.
#[inline(never)]
unsafe fn whole_job(
    job: *mut JobI16<'_>,
    plan: *const PlanI16,
    input_len: usize,
    packed_len: usize,
    output_len: usize,
    info: Info,
) -> Result<(), Status> {
    // SAFETY: the caller's; what is written overlaps nothing.
    unsafe {
        let conv = lent(job, plan, input_len, packed_len, output_len, info)?;
        (*job).rows = 0..conv.output_rows();
        let needed = [conv.input_len(), conv.output_len()];
        checked(
            job,
            conv,
            0,
            needed,
            [input_len, output_len],
            packed_len,
            info,
        )
    }
}

/// The same of some rows.
///
/// # Safety
///
/// As for [`microconv_i16_run`]; the job was [given](give) its arrays and rows.
#[inline(never)]
unsafe fn part_job(
    job: *mut JobI16<'_>,
    plan: *const PlanI16,
    input_len: usize,
    packed_len: usize,
    output_len: usize,
    info: Info,
) -> Result<(), Status> {
    // SAFETY: the caller's; what is written overlaps nothing.
    unsafe {
        let conv = lent(job, plan, input_len, packed_len, output_len, info)?;
        let rows = (*job).rows.start..(*job).rows.end;
        let from = info.passed_on(conv.input_rows(rows.clone()))?;
        let needed = conv.rows_len(&rows, &from);
        let given = [input_len, output_len];
        checked(job, conv, from.start, needed, given, packed_len, info)
    }
}

/// The plan, once it is known that the memory can be slices.
///
/// # Safety
///
/// As for [`whole_job`].
#[inline(always)]
unsafe fn lent<'a>(
    job: *const JobI16<'_>,
    plan: *const PlanI16,
    input_len: usize,
    packed_len: usize,
    output_len: usize,
    info: Info,
) -> Result<&'a ConvI16, Status> {
    // SAFETY: the caller's; the plan's region has passed.
    unsafe {
        let output = Region::new(CallArgument::Output, (*job).output, output_len);
        let read = [
            Region::new(CallArgument::Plan, plan, 1),
            Region::new(CallArgument::Input, (*job).input, input_len),
            Region::new(CallArgument::Packed, (*job).packed, packed_len),
        ];
        output.apart_from(&read, info)?;
        PlanI16::sealed(plan, info)
    }
}

/// Makes the job whole, once the lengths are as they are needed, and the packed weights the plan's.
///
/// # Safety
///
/// As for [`whole_job`]; [`lent`] has passed, and the rows are rows of the plan.
#[inline(always)]
unsafe fn checked<'a>(
    job: *mut JobI16<'a>,
    plan: &'a ConvI16,
    first_input_row: usize,
    needed: [usize; 2],
    given: [usize; 2],
    packed_len: usize,
    info: Info,
) -> Result<(), Status> {
    // SAFETY: the caller's.
    unsafe {
        let words = slice((*job).packed, packed_len);
        info.passed(&plan.check(needed, given, words))?;
        (&raw mut (*job).plan).write(plan);
        (&raw mut (*job).first_input_row).write(first_input_row);
    }
    Ok(())
}
