//! Two layers of float that run together: [`SeparableF32`] for C.

use super::error::{CallArgument, ErrorInfo, Info, Status, end};
use super::f32::PlanF32;
use super::level::level;
use super::memory::{Region, apart, slice, slice_mut};
use super::plan::{Lent, lent, tell, tell_rows};
use crate::{Level, SeparableF32};
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
/// # Safety
///
/// Pointers are NULL, or point at what they say.
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
/// # Safety
///
/// Pointers are NULL, or point at what they say.
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
/// # Safety
///
/// Pointers are NULL, or point at what they say.
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
/// # Safety
///
/// Pointers are NULL, or so many elements lie there.
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
    let run = Run {
        plan,
        packed: [
            (packed, packed_len),
            (pointwise_packed, pointwise_packed_len),
        ],
        scratch: (scratch, scratch_len),
    };
    // SAFETY: the caller's.
    unsafe { run.rows(level, None, (input, input_len), (output, output_len), error) }
}

/// Computes the output rows `first_row` up to but not including `end_row`. The input is just the rows
/// of `microconv_separable_f32_input_rows`, the output just the rows asked for.
///
/// # Safety
///
/// Pointers are NULL, or so many elements lie there.
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
    let run = Run {
        plan,
        packed: [
            (packed, packed_len),
            (pointwise_packed, pointwise_packed_len),
        ],
        scratch: (scratch, scratch_len),
    };
    let rows = Some(first_row..end_row);
    // SAFETY: the caller's.
    unsafe { run.rows(level, rows, (input, input_len), (output, output_len), error) }
}

/// Tells the fewest floats of lines with which `microconv_separable_f32_run_in_place` runs in so many floats of
/// memory. `MICROCONV_IN_PLACE_LINES_LEN` is it as a constant expression.
///
/// Refused: `MICROCONV_STATUS_LENGTH` if the memory is shorter than the input or the output.
///
/// # Safety
///
/// Pointers are NULL, or point at what they say.
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
/// # Safety
///
/// Pointers are NULL, or so many elements lie there.
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
    let run = Run {
        plan,
        packed: [
            (packed, packed_len),
            (pointwise_packed, pointwise_packed_len),
        ],
        scratch: (scratch, scratch_len),
    };
    // SAFETY: the caller's.
    unsafe { run.in_place(level, (memory, memory_len), (lines, lines_len), error) }
}

/// What all runs have in common.
struct Run {
    plan: *const PlanSeparableF32,
    packed: [(*const f32, usize); 2],
    scratch: (*mut f32, usize),
}

/// The same as Rust has it.
struct Ready<'a> {
    plan: &'a SeparableF32,
    level: Level,
    packed: [&'a [f32]; 2],
    scratch: &'a mut [f32],
}

impl Run {
    /// The whole of a call: all rows, or some.
    ///
    /// # Safety
    ///
    /// As for [`microconv_separable_f32_run`].
    unsafe fn rows(
        self,
        level: u32,
        rows: Option<Range<usize>>,
        input: (*const f32, usize),
        output: (*mut f32, usize),
        error: *mut ErrorInfo,
    ) -> Status {
        let read = Region::new(CallArgument::Input, input.0, input.1);
        let written = Region::new(CallArgument::Output, output.0, output.1);
        // SAFETY: the caller's; what is written overlaps nothing.
        unsafe {
            let info = Info::at(error);
            let ran = self
                .ready(level, &[read], &[written], info)
                .and_then(|ready| {
                    let Ready {
                        plan,
                        level,
                        packed,
                        scratch,
                    } = ready;
                    let (input, output) = (slice(input.0, input.1), slice_mut(output.0, output.1));
                    info.passed(&match rows {
                        None => plan.run(level, input, packed, output, scratch),
                        Some(rows) => plan.run_rows(level, rows, input, packed, output, scratch),
                    })
                });
            end(ran, info)
        }
    }

    /// The whole of a call.
    ///
    /// # Safety
    ///
    /// As for [`microconv_separable_f32_run_in_place`].
    unsafe fn in_place(
        self,
        level: u32,
        memory: (*mut f32, usize),
        lines: (*mut f32, usize),
        error: *mut ErrorInfo,
    ) -> Status {
        let written = [
            Region::new(CallArgument::Memory, memory.0, memory.1),
            Region::new(CallArgument::Lines, lines.0, lines.1),
        ];
        // SAFETY: the caller's; what is written overlaps nothing.
        unsafe {
            let info = Info::at(error);
            let ran = self.ready(level, &[], &written, info).and_then(|ready| {
                let Ready {
                    plan,
                    level,
                    packed,
                    scratch,
                } = ready;
                let (memory, lines) = (slice_mut(memory.0, memory.1), slice_mut(lines.0, lines.1));
                info.passed(&plan.run_in_place(level, memory, packed, lines, scratch))
            });
            end(ran, info)
        }
    }

    /// Plan, level, packed weights and scratch, once it is known that they can be slices, that what is written
    /// overlaps nothing, and that the second layer's weights are that layer's: of those, Rust's errors do not
    /// all say whose they are.
    ///
    /// # Safety
    ///
    /// Pointers are null, or so many elements lie there, for `'a`.
    unsafe fn ready<'a>(
        &self,
        level: u32,
        read: &[Region],
        written: &[Region],
        info: Info,
    ) -> Result<Ready<'a>, Status> {
        let [first, second] = self.packed;
        let read_always = [
            Region::new(CallArgument::Plan, self.plan, 1),
            Region::new(CallArgument::Packed, first.0, first.1),
            Region::new(CallArgument::PackedPointwise, second.0, second.1),
        ];
        let scratch = Region::new(CallArgument::Scratch, self.scratch.0, self.scratch.1);
        // SAFETY: the caller's; the regions have passed where slices are made.
        unsafe {
            let plan = PlanSeparableF32::get(self.plan, info)?;
            apart(written, read, info)?;
            apart(written, &read_always, info)?;
            scratch.apart_from(read, info)?;
            scratch.apart_from(&read_always, info)?;
            scratch.apart_from(written, info)?;
            let level = self::level(level, info)?;
            let packed = self.packed.map(|(start, len)| slice(start, len));
            let own = plan.pointwise().check_packed(packed[1]);
            info.passed_about(&own, CallArgument::PackedPointwise)?;
            Ok(Ready {
                plan,
                level,
                packed,
                scratch: slice_mut(self.scratch.0, self.scratch.1),
            })
        }
    }
}
