//! Two layers of float that run together: [`SeparableF32`] for C.

use super::error::{CallArgument, ErrorInfo, Info, Status, end};
use super::f32::PlanF32;
use super::in_place::run;
use super::memory::{Region, apart, slice, slice_mut};
use super::plan::{Lent, lent, tell, tell_rows};
use crate::SeparableF32;
use crate::bands::{Apart, TwoLayers};
use core::fmt;
use core::mem::{MaybeUninit, offset_of};
use core::ops::Range;

/// A convolution of float, such as a depthwise one, and the pointwise one behind it, run together so that the map
/// between them never exists: a few of its rows lie in scratch. Made by `microconv_separable_f32_init`. The
/// caller lends the memory; it points at no other, so it may be copied and moved within the program. Many
/// threads may use one at a time.
#[repr(C)]
pub struct PlanSeparableF32 {
    /// Tells a plan from other memory.
    seal: u64,
    /// What is known of the layers.
    words: [MaybeUninit<usize>; 126],
}

lent!(PlanSeparableF32 from words, SeparableF32, u64::from_le_bytes(*b"mcsepf32"));

/// All sizes of a plan of two layers. Lengths are numbers of elements, not of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct SeparableSizes {
    /// Elements of the input, the whole batch.
    pub input_len: usize,
    /// Elements of the output, the whole batch.
    pub output_len: usize,
    /// Floats of the first layer's packed weights.
    pub packed_len: usize,
    /// Floats of the second layer's packed weights.
    pub pointwise_packed_len: usize,
    /// Floats of scratch with which a run is fast.
    pub scratch_len: usize,
    /// Floats of scratch that a run needs at least: a row between the layers.
    pub least_scratch_len: usize,
    /// Rows of the output, counted through batch, depth and height.
    pub output_rows: usize,
    /// Elements of an output row: `[width][channel]`.
    pub output_row_len: usize,
    /// Elements of an input row: `[width][channel]`.
    pub input_row_len: usize,
    /// Multiply-accumulates of a run, with the taps in the padding counted.
    pub macs: u64,
}

/// Makes a plan of two layers that run together: the second takes the first one's output, and has a window of
/// one pixel, a stride of one and no padding. The two plans are copied; they are still needed to pack each
/// layer's weights with `microconv_f32_pack`, and not to run.
///
/// Refused: `MICROCONV_STATUS_POINTWISE` with the first number that is not as needed,
/// `MICROCONV_STATUS_ROW_GRANULARITY` if the first layer's algorithm does not compute single rows.
///
/// @param plan Where the plan is made.
/// @param spatial The plan of the first layer.
/// @param pointwise The plan of the second layer.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or point at what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_separable_f32_init(
    plan: *mut PlanSeparableF32,
    spatial: *const PlanF32,
    pointwise: *const PlanF32,
    error: *mut ErrorInfo,
) -> Status {
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    let init = || {
        // SAFETY: the caller's.
        unsafe {
            let read = [
                Region::new(CallArgument::Spatial, spatial, 1),
                Region::new(CallArgument::Pointwise, pointwise, 1),
            ];
            apart(&[Region::new(CallArgument::Plan, plan, 1)], &read, info)?;
            let spatial = PlanF32::get_as(CallArgument::Spatial, spatial, info)?;
            let pointwise = PlanF32::get_as(CallArgument::Pointwise, pointwise, info)?;
            let made = info.passed_on(SeparableF32::new(*spatial, *pointwise))?;
            PlanSeparableF32::put(plan, made);
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
pub unsafe extern "C" fn microconv_separable_f32_sizes(
    plan: *const PlanSeparableF32,
    sizes: *mut SeparableSizes,
    error: *mut ErrorInfo,
) -> Status {
    let known = |plan: &SeparableF32| {
        let (spatial, pointwise) = (plan.spatial(), plan.pointwise());
        Ok(SeparableSizes {
            input_len: spatial.input_len(),
            output_len: pointwise.output_len(),
            packed_len: spatial.packed_len(),
            pointwise_packed_len: pointwise.packed_len(),
            scratch_len: plan.band_scratch_len(),
            least_scratch_len: plan.scratch_len(),
            output_rows: pointwise.output_rows(),
            output_row_len: pointwise.output_row_len(),
            input_row_len: spatial.input_row_len(),
            macs: spatial.macs().saturating_add(pointwise.macs()),
        })
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
pub unsafe extern "C" fn microconv_separable_f32_input_rows(
    plan: *const PlanSeparableF32,
    first_row: usize,
    end_row: usize,
    first: *mut usize,
    end: *mut usize,
    error: *mut ErrorInfo,
) -> Status {
    let known = |plan: &SeparableF32| plan.input_rows(first_row..end_row);
    // SAFETY: the caller's.
    unsafe { tell_rows(plan, [first, end], error, known) }
}

/// Computes the whole output on a level (`MICROCONV_LEVEL_BEST` for the best), with the bits of the two layers
/// one after the other. `packed` and `pointwise_packed` were filled by `microconv_f32_pack` for the first and for
/// the second layer. As many rows are run at a time as `scratch` holds.
///
/// Refused: `MICROCONV_STATUS_OVERLAP` if the output or the scratch overlaps anything else.
///
/// @param plan The plan.
/// @param level A level: a number below `microconv_level_count()`.
/// @param input The input.
/// @param input_len How many elements that is.
/// @param packed The packed weights of the first layer.
/// @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
/// @param pointwise_packed The packed weights of the second layer.
/// @param pointwise_packed_len How many floats lie there: `pointwise_packed_len` of the plan's sizes.
/// @param output Where the output is written.
/// @param output_len How many elements that is.
/// @param scratch Memory to work in, or NULL.
/// @param scratch_len How many floats, at least `least_scratch_len` of the plan's sizes.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or so many elements lie there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_separable_f32_run(
    plan: *const PlanSeparableF32,
    level: u32,
    input: *const f32,
    input_len: usize,
    packed: *const f32,
    packed_len: usize,
    pointwise_packed: *const f32,
    pointwise_packed_len: usize,
    output: *mut f32,
    output_len: usize,
    scratch: *mut f32,
    scratch_len: usize,
    error: *mut ErrorInfo,
) -> Status {
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    run(level, info, || {
        let arguments = Arguments {
            packed: [
                (packed, packed_len),
                (pointwise_packed, pointwise_packed_len),
            ],
            scratch: (scratch, scratch_len),
            first: (input.cast_mut(), input_len),
            second: (output, output_len),
        };
        // SAFETY: the caller's.
        unsafe { arguments.apart(plan, None, info) }
    })
}

/// Computes the output rows `first_row` up to but not including `end_row`. The input is just the rows
/// of `microconv_separable_f32_input_rows`, the output just the rows asked for.
///
/// @param plan The plan.
/// @param level A level: a number below `microconv_level_count()`.
/// @param first_row The first row of the output, counted through batch, depth and height.
/// @param end_row The row behind the last one.
/// @param input Just the input rows that these rows need.
/// @param input_len How many elements that is.
/// @param packed The packed weights of the first layer.
/// @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
/// @param pointwise_packed The packed weights of the second layer.
/// @param pointwise_packed_len How many floats lie there: `pointwise_packed_len` of the plan's sizes.
/// @param output Where just these rows are written.
/// @param output_len How many elements that is.
/// @param scratch Memory to work in, or NULL.
/// @param scratch_len How many floats, at least `least_scratch_len` of the plan's sizes.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or so many elements lie there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_separable_f32_run_rows(
    plan: *const PlanSeparableF32,
    level: u32,
    first_row: usize,
    end_row: usize,
    input: *const f32,
    input_len: usize,
    packed: *const f32,
    packed_len: usize,
    pointwise_packed: *const f32,
    pointwise_packed_len: usize,
    output: *mut f32,
    output_len: usize,
    scratch: *mut f32,
    scratch_len: usize,
    error: *mut ErrorInfo,
) -> Status {
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    run(level, info, || {
        let arguments = Arguments {
            packed: [
                (packed, packed_len),
                (pointwise_packed, pointwise_packed_len),
            ],
            scratch: (scratch, scratch_len),
            first: (input.cast_mut(), input_len),
            second: (output, output_len),
        };
        // SAFETY: the caller's.
        unsafe { arguments.apart(plan, Some(first_row..end_row), info) }
    })
}

/// Tells the fewest floats of lines with which `microconv_separable_f32_run_in_place` runs in so many floats of
/// memory. `MICROCONV_IN_PLACE_LINES_LEN` is it as a constant expression.
///
/// Refused: `MICROCONV_STATUS_LENGTH` if the memory is shorter than the input or the output.
///
/// @param plan The plan.
/// @param memory_len How many floats, at least as many as input and output each have.
/// @param lines_len Where the number of floats is told.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or point at what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_separable_f32_in_place_lines_len(
    plan: *const PlanSeparableF32,
    memory_len: usize,
    lines_len: *mut usize,
    error: *mut ErrorInfo,
) -> Status {
    let known = |plan: &SeparableF32| plan.in_place_lines_len(memory_len);
    // SAFETY: the caller's.
    unsafe { tell(plan, lines_len, error, known) }
}

/// Computes the whole output in the memory of the input, which is the last floats of `memory`; the output
/// becomes the first: see `microconv_f32_run_in_place`.
///
/// @param plan The plan.
/// @param level A level: a number below `microconv_level_count()`.
/// @param memory The input at its end, which becomes the output at its start.
/// @param memory_len How many floats, at least as many as input and output each have.
/// @param packed The packed weights of the first layer.
/// @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
/// @param pointwise_packed The packed weights of the second layer.
/// @param pointwise_packed_len How many floats lie there: `pointwise_packed_len` of the plan's sizes.
/// @param lines Where rows wait, or NULL.
/// @param lines_len How many floats, at least as many as `microconv_separable_f32_in_place_lines_len` tells.
/// @param scratch Memory to work in, or NULL.
/// @param scratch_len How many floats, at least `least_scratch_len` of the plan's sizes.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or so many elements lie there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_separable_f32_run_in_place(
    plan: *const PlanSeparableF32,
    level: u32,
    memory: *mut f32,
    memory_len: usize,
    packed: *const f32,
    packed_len: usize,
    pointwise_packed: *const f32,
    pointwise_packed_len: usize,
    lines: *mut f32,
    lines_len: usize,
    scratch: *mut f32,
    scratch_len: usize,
    error: *mut ErrorInfo,
) -> Status {
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    run(level, info, || {
        let arguments = Arguments {
            packed: [
                (packed, packed_len),
                (pointwise_packed, pointwise_packed_len),
            ],
            scratch: (scratch, scratch_len),
            first: (memory, memory_len),
            second: (lines, lines_len),
        };
        // SAFETY: the caller's; what is written overlaps nothing.
        unsafe {
            let plan = arguments.lent(plan, true, info)?;
            arguments.check(plan, None, info)?;
            Ok(plan.in_place(
                slice_mut(memory, memory_len),
                [
                    slice(packed, packed_len),
                    slice(pointwise_packed, pointwise_packed_len),
                ],
                slice_mut(lines, lines_len),
                slice_mut(scratch, scratch_len),
            ))
        }
    })
}

/// What a call lends beside the plan.
struct Arguments {
    packed: [(*const f32, usize); 2],
    scratch: (*mut f32, usize),
    /// The input, which is only read, and the output; in place, the memory of both and the lines.
    first: (*mut f32, usize),
    second: (*mut f32, usize),
}

impl Arguments {
    /// The run of some rows, or of all, once it is known that these are its arguments.
    ///
    /// # Safety
    ///
    /// As for [`microconv_separable_f32_run_rows`].
    #[inline(always)]
    unsafe fn apart<'a>(
        &self,
        plan: *const PlanSeparableF32,
        some_rows: Option<Range<usize>>,
        info: Info,
    ) -> Result<TwoLayers<'a, Apart<'a>>, Status> {
        // SAFETY: the caller's; what is written overlaps nothing.
        unsafe {
            let plan = self.lent(plan, false, info)?;
            let mut rows = plan.whole();
            if let Some(some_rows) = some_rows {
                some(plan, some_rows, &mut rows, info)?;
            }
            self.check(plan, Some(&rows), info)?;
            let [packed, pointwise] = self.packed;
            Ok(plan.apart(
                rows,
                slice(self.first.0, self.first.1),
                [slice(packed.0, packed.1), slice(pointwise.0, pointwise.1)],
                slice_mut(self.second.0, self.second.1),
                slice_mut(self.scratch.0, self.scratch.1),
            ))
        }
    }

    /// The plan, once it is known that the memory can be slices, and what is written overlaps nothing.
    ///
    /// # Safety
    ///
    /// As for [`microconv_separable_f32_run`], or, in place, [`microconv_separable_f32_run_in_place`].
    // Its frame is gone when the kernels run, as are those of the next ones.
    #[inline(never)]
    unsafe fn lent<'a>(
        &self,
        plan: *const PlanSeparableF32,
        in_place: bool,
        info: Info,
    ) -> Result<&'a SeparableF32, Status> {
        let [packed, pointwise] = self.packed;
        let (first, second) = match in_place {
            false => (CallArgument::Input, CallArgument::Output),
            true => (CallArgument::Memory, CallArgument::Lines),
        };
        let regions = [
            Region::new(first, self.first.0, self.first.1),
            Region::new(second, self.second.0, self.second.1),
            Region::new(CallArgument::Scratch, self.scratch.0, self.scratch.1),
            Region::new(CallArgument::Plan, plan, 1),
            Region::new(CallArgument::Packed, packed.0, packed.1),
            Region::new(CallArgument::PackedPointwise, pointwise.0, pointwise.1),
        ];
        let (written, read) = regions.split_at(3);
        if in_place {
            apart(written, read, info)?;
        } else {
            let (input, written) = written.split_at(1);
            apart(written, input, info)?;
            apart(written, read, info)?;
        }
        // SAFETY: the caller's; the plan's region has passed.
        unsafe { PlanSeparableF32::sealed(plan, info) }
    }

    /// Refuses what the plan refuses: given rows, and the input rows that they need, of a run of those; else of one in place.
    ///
    /// # Safety
    ///
    /// As for [`lent`](Self::lent), which has passed.
    #[inline(never)]
    unsafe fn check(
        &self,
        plan: &SeparableF32,
        rows: Option<&[Range<usize>; 2]>,
        info: Info,
    ) -> Result<(), Status> {
        // SAFETY: the caller's.
        let packed = self.packed.map(|(start, len)| unsafe { slice(start, len) });
        // Of the packed weights, Rust's errors do not all say whose they are.
        let own = plan.pointwise().check_packed(packed[1]);
        info.passed_about(&own, CallArgument::PackedPointwise)?;
        info.passed(&plan.spatial().check_packed(packed[0]))?;
        let lens = [self.first.1, self.second.1, self.scratch.1];
        info.passed(&match rows {
            Some(rows) => plan.check_apart(rows, lens),
            None => plan.check_in_place(lens),
        })
    }
}

/// Writes down some rows, and the input rows that they need. (To return them would take the caller's stack twice.)
#[inline(never)]
fn some(
    plan: &SeparableF32,
    some_rows: Range<usize>,
    rows: &mut [Range<usize>; 2],
    info: Info,
) -> Result<(), Status> {
    *rows = info.passed_on(plan.some(some_rows))?;
    Ok(())
}
