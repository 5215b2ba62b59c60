//! Plans of `f32`: [`ConvF32`] for C.

use super::error::{CallArgument, ErrorInfo, Info, Status, end};
use super::geometry::{LayerGeometry, PlanSizes, algorithm, ordered, plan_sizes};
use super::level::level;
use super::memory::{Region, apart, reference, slice, slice_mut};
use super::plan::{Lent, lent, tell, tell_rows};
use crate::kernel::{Job, Memory};
use crate::{Activation, Algorithm, ConvF32, Level, Limits};
use core::fmt;
use core::mem::{MaybeUninit, offset_of};
use core::ops::Range;
use core::ptr::{slice_from_raw_parts, slice_from_raw_parts_mut};

/// A checked convolution of float, made by `microconv_f32_init`. The caller lends the memory; it points
/// at no other, so it may be copied and moved within the program. Many threads may use one at a time.
#[repr(C)]
pub struct PlanF32 {
    /// Tells a plan from other memory.
    seal: u64,
    /// What is known of the layer.
    words: [MaybeUninit<usize>; 64],
}

lent!(PlanF32 from words, ConvF32, u64::from_le_bytes(*b"mcf32\x01\0\0"));

/// # Safety
///
/// As for [`microconv_f32_init_algorithm`].
unsafe fn init(
    plan: *mut PlanF32,
    geometry: *const LayerGeometry,
    make: impl FnOnce(crate::Geometry) -> Result<ConvF32, crate::Error>,
    info: Info,
) -> Result<(), Status> {
    // SAFETY: the caller's.
    unsafe {
        let geometry = reference(CallArgument::Geometry, geometry, info)?.checked(info)?;
        let conv = info.passed_on(make(geometry))?;
        Region::new(CallArgument::Plan, plan, 1).end(info)?;
        PlanF32::put(plan, conv);
        Ok(())
    }
}

/// # Safety
///
/// As for [`microconv_f32_init_algorithm`].
unsafe fn init_within(
    plan: *mut PlanF32,
    geometry: *const LayerGeometry,
    [min, max]: [f32; 2],
    algorithm: u32,
    limits: Limits,
    info: Info,
) -> Result<(), Status> {
    let algorithm: Algorithm = self::algorithm(algorithm, info)?;
    let make =
        |geometry| ConvF32::with_algorithm(geometry, Activation { min, max }, algorithm, limits);
    // SAFETY: the caller's.
    unsafe { init(plan, geometry, make, info) }
}

/// Checks a geometry and makes a plan of it, with the direct algorithm, which needs no scratch.
/// Outputs are clamped to `min` and `max`: `-INFINITY` and `INFINITY` for none, 0 and `INFINITY` for a
/// ReLU.
///
/// @param plan Where the plan is made.
/// @param geometry The layer.
/// @param min The least output.
/// @param max The greatest output.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or point at what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_f32_init(
    plan: *mut PlanF32,
    geometry: *const LayerGeometry,
    min: f32,
    max: f32,
    error: *mut ErrorInfo,
) -> Status {
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    // SAFETY: the caller's.
    unsafe {
        let make = |geometry| ConvF32::new(geometry, Activation { min, max });
        end(init(plan, geometry, make, info), info)
    }
}

/// As `microconv_f32_init`, with another algorithm: a `microconv_algorithm`, which must keep within so
/// many bytes of scratch and such a bound of the error (in units of a sum of magnitudes; `INFINITY`
/// allows any). `microconv_f32_sizes` says how much scratch was chosen.
///
/// @param plan Where the plan is made.
/// @param geometry The layer.
/// @param min The least output.
/// @param max The greatest output.
/// @param algorithm A `microconv_algorithm`.
/// @param scratch_bytes The most scratch that it may take, in bytes.
/// @param error_bound The largest error that it may have, in units of a sum of magnitudes.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or point at what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_f32_init_algorithm(
    plan: *mut PlanF32,
    geometry: *const LayerGeometry,
    min: f32,
    max: f32,
    algorithm: u32,
    scratch_bytes: usize,
    error_bound: f64,
    error: *mut ErrorInfo,
) -> Status {
    let limits = Limits::scratch(scratch_bytes).error(error_bound);
    // SAFETY: the caller's.
    unsafe {
        let info = Info::at(error);
        let made = init_within(plan, geometry, [min, max], algorithm, limits, info);
        end(made, info)
    }
}

/// As `microconv_f32_init_algorithm`, tuned for a level (`MICROCONV_LEVEL_BEST` for the best):
/// `MICROCONV_ALGORITHM_AUTO` and `MICROCONV_ALGORITHM_WINOGRAD` then choose what is the fastest on its
/// vectors, not what is nowhere far behind. The plan runs on every level. But plans that are tuned for
/// different levels may have different algorithms, and so other packed weights, other scratch, another
/// error bound and other roundings.
///
/// @param plan Where the plan is made.
/// @param geometry The layer.
/// @param min The least output.
/// @param max The greatest output.
/// @param algorithm A `microconv_algorithm`.
/// @param scratch_bytes The most scratch that it may take, in bytes.
/// @param error_bound The largest error that it may have, in units of a sum of magnitudes.
/// @param level A level: a number below `microconv_level_count()`.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or point at what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_f32_init_tuned(
    plan: *mut PlanF32,
    geometry: *const LayerGeometry,
    min: f32,
    max: f32,
    algorithm: u32,
    scratch_bytes: usize,
    error_bound: f64,
    level: u32,
    error: *mut ErrorInfo,
) -> Status {
    // SAFETY: the caller's.
    unsafe {
        let info = Info::at(error);
        let limits = Limits::scratch(scratch_bytes).error(error_bound);
        let made = self::level(level, info).and_then(|level: Level| {
            let limits = limits.tuned(level.tuning());
            init_within(plan, geometry, [min, max], algorithm, limits, info)
        });
        end(made, info)
    }
}

/// Tells all sizes of a plan.
///
/// @param plan The plan.
/// @param sizes Where the sizes are told.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or point at what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_f32_sizes(
    plan: *const PlanF32,
    sizes: *mut PlanSizes,
    error: *mut ErrorInfo,
) -> Status {
    let known = |plan: &ConvF32| {
        Ok(plan_sizes!(
            plan,
            plan.scratch_len(),
            plan.least_scratch_len(),
            plan.row_granularity()
        ))
    };
    // SAFETY: the caller's.
    unsafe { tell(plan, sizes, error, known) }
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
pub unsafe extern "C" fn microconv_f32_input_rows(
    plan: *const PlanF32,
    first_row: usize,
    end_row: usize,
    first: *mut usize,
    end: *mut usize,
    error: *mut ErrorInfo,
) -> Status {
    let known = |plan: &ConvF32| plan.input_rows(first_row..end_row);
    // SAFETY: the caller's.
    unsafe { tell_rows(plan, [first, end], error, known) }
}

/// Packs weights, in a `microconv_weights_order`, and biases (NULL and 0 for none), once for any number
/// of runs. The result is the same on every level and target.
///
/// @param plan The plan.
/// @param order How the weights lie: a `microconv_weights_order`.
/// @param weights The weights.
/// @param weights_len How many there are: `weights_len` of the plan's sizes.
/// @param bias A bias for each filter, or NULL for zeros.
/// @param bias_len The number of filters, or 0.
/// @param packed Where the packed weights are written.
/// @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or so many elements lie there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_f32_pack(
    plan: *const PlanF32,
    order: u32,
    weights: *const f32,
    weights_len: usize,
    bias: *const f32,
    bias_len: usize,
    packed: *mut f32,
    packed_len: usize,
    error: *mut ErrorInfo,
) -> Status {
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    let pack = || {
        // SAFETY: the caller's; what is written overlaps nothing.
        unsafe {
            let conv = PlanF32::get(plan, info)?;
            let reads = [
                Region::new(CallArgument::Plan, plan, 1),
                Region::new(CallArgument::Weights, weights, weights_len),
                Region::new(CallArgument::Bias, bias, bias_len),
            ];
            Region::new(CallArgument::Packed, packed, packed_len).apart_from(&reads, info)?;
            let bias = (!bias.is_null()).then(|| slice(bias, bias_len));
            info.passed(&conv.pack(
                ordered(order, slice(weights, weights_len), info)?,
                bias,
                slice_mut(packed, packed_len),
            ))?;
            Ok(())
        }
    };
    end(pack(), info)
}

/// Computes the whole output on a level (`MICROCONV_LEVEL_BEST` for the best). `packed` was filled by
/// `microconv_f32_pack` for the same layer; scratch is NULL and 0 for the direct algorithm.
///
/// Refused: `MICROCONV_STATUS_OVERLAP` if the output or the scratch overlaps anything else.
///
/// @param plan The plan.
/// @param level A level: a number below `microconv_level_count()`.
/// @param input The input.
/// @param input_len How many elements that is.
/// @param packed The packed weights.
/// @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
/// @param output Where the output is written.
/// @param output_len How many elements that is.
/// @param scratch Memory to work in, or NULL.
/// @param scratch_len How many floats, at least `least_scratch_len` of the plan's sizes.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or so many elements lie there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_f32_run(
    plan: *const PlanF32,
    level: u32,
    input: *const f32,
    input_len: usize,
    packed: *const f32,
    packed_len: usize,
    output: *mut f32,
    output_len: usize,
    scratch: *mut f32,
    scratch_len: usize,
    error: *mut ErrorInfo,
) -> Status {
    let memory = Memory {
        input: slice_from_raw_parts(input, input_len),
        packed: slice_from_raw_parts(packed, packed_len),
        output: slice_from_raw_parts_mut(output, output_len),
        scratch: slice_from_raw_parts_mut(scratch, scratch_len),
    };
    // SAFETY: the caller's.
    unsafe {
        let info = Info::at(error);
        let level = match self::level(level, info) {
            Ok(level) => level,
            Err(status) => return status,
        };
        run(plan, level, &whole_job(plan, &memory, info), info)
    }
}

/// Computes the output rows `first_row` up to but not including `end_row`. The input is just the rows
/// of `microconv_f32_input_rows`, the output just the rows asked for.
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
/// @param scratch Memory to work in, or NULL.
/// @param scratch_len How many floats, at least `least_scratch_len` of the plan's sizes.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or so many elements lie there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_f32_run_rows(
    plan: *const PlanF32,
    level: u32,
    first_row: usize,
    end_row: usize,
    input: *const f32,
    input_len: usize,
    packed: *const f32,
    packed_len: usize,
    output: *mut f32,
    output_len: usize,
    scratch: *mut f32,
    scratch_len: usize,
    error: *mut ErrorInfo,
) -> Status {
    let memory = Memory {
        input: slice_from_raw_parts(input, input_len),
        packed: slice_from_raw_parts(packed, packed_len),
        output: slice_from_raw_parts_mut(output, output_len),
        scratch: slice_from_raw_parts_mut(scratch, scratch_len),
    };
    // SAFETY: the caller's.
    unsafe {
        let info = Info::at(error);
        let level = match self::level(level, info) {
            Ok(level) => level,
            Err(status) => return status,
        };
        let rows = first_row..end_row;
        run(plan, level, &part_job(plan, rows, &memory, info), info)
    }
}

/// Runs a job, or tells why there is none. It stays where it is: a copy would take as much of the stack again.
///
/// # Safety
///
/// If there is a job, it is one of the plan's.
#[inline(always)]
unsafe fn run(
    plan: *const PlanF32,
    level: Level,
    job: &Result<Job<'_>, Status>,
    info: Info,
) -> Status {
    match job {
        Ok(job) => {
            // SAFETY: the caller's.
            unsafe { PlanF32::trusted(plan) }.runner.run(level, job);
            end(Ok(()), info)
        }
        Err(status) => *status,
    }
}

/// The job of all rows, once it is known that these are its arguments.
///
/// # Safety
///
/// As for [`microconv_f32_run`].
// Its frame is gone when the kernels run.
#[inline(never)]
unsafe fn whole_job<'a>(
    plan: *const PlanF32,
    memory: &'a Memory,
    info: Info,
) -> Result<Job<'a>, Status> {
    // SAFETY: the caller's; what is written overlaps nothing.
    unsafe {
        let conv = lent(plan, memory, info)?;
        let rows = 0..conv.output_rows();
        let needed = [conv.input_len(), conv.output_len()];
        checked(conv, rows, 0, needed, memory, info)
    }
}

/// The same of some rows.
///
/// # Safety
///
/// As for [`microconv_f32_run`].
#[inline(never)]
unsafe fn part_job<'a>(
    plan: *const PlanF32,
    rows: Range<usize>,
    memory: &'a Memory,
    info: Info,
) -> Result<Job<'a>, Status> {
    // SAFETY: the caller's; what is written overlaps nothing.
    unsafe {
        let conv = lent(plan, memory, info)?;
        let from = info.passed_on(conv.input_rows(rows.clone()))?;
        let needed = conv.rows_len(&rows, &from);
        checked(conv, rows, from.start, needed, memory, info)
    }
}

/// The plan, once it is known that the memory can be slices, and what is written overlaps nothing.
///
/// # Safety
///
/// As for [`microconv_f32_run`].
#[inline(always)]
unsafe fn lent<'a>(
    plan: *const PlanF32,
    memory: &Memory,
    info: Info,
) -> Result<&'a ConvF32, Status> {
    let region =
        |argument, slice: *const [f32]| Region::new(argument, slice.cast::<f32>(), slice.len());
    let reads = [
        Region::new(CallArgument::Plan, plan, 1),
        region(CallArgument::Input, memory.input),
        region(CallArgument::Packed, memory.packed),
    ];
    let writes = [
        region(CallArgument::Output, memory.output),
        region(CallArgument::Scratch, memory.scratch),
    ];
    apart(&writes, &reads, info)?;
    // SAFETY: the caller's; the plan's region has passed.
    unsafe { PlanF32::sealed(plan, info) }
}

/// The job, once the lengths are as they are needed, and the packed weights the plan's.
///
/// # Safety
///
/// As for [`microconv_f32_run`]; [`lent`] has passed, and the rows are rows of the plan.
#[inline(always)]
unsafe fn checked<'a>(
    conv: &'a ConvF32,
    rows: Range<usize>,
    first_input_row: usize,
    needed: [usize; 2],
    memory: &'a Memory,
    info: Info,
) -> Result<Job<'a>, Status> {
    // SAFETY: the caller's.
    let packed = unsafe { slice(memory.packed.cast(), memory.packed.len()) };
    let given = [
        memory.input.len(),
        memory.output.len(),
        memory.scratch.len(),
    ];
    info.passed(&conv.check(needed, given, packed))?;
    Ok(Job {
        plan: conv,
        rows,
        first_input_row,
        memory,
    })
}
