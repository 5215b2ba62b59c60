//! Layers of float that overwrite their input: [`ConvF32::run_in_place`] for C.

use super::error::{CallArgument, ErrorInfo, Info, Status, end};
use super::f32::PlanF32;
use super::level::level;
use super::memory::{Region, apart, slice, slice_mut};
use super::plan::{Lent, tell};
use crate::ConvF32;
use crate::bands::Jobs;

/// Tells the fewest floats of lines with which `microconv_f32_run_in_place` runs in so many floats of memory.
/// `MICROCONV_IN_PLACE_LINES_LEN` is it as a constant expression.
///
/// Refused: `MICROCONV_STATUS_LENGTH` if the memory is shorter than the input or the output,
/// `MICROCONV_STATUS_ROW_GRANULARITY` if the plan's algorithm does not compute single rows.
///
/// @param plan The plan.
/// @param memory_len How many floats, at least as many as input and output each have.
/// @param lines_len Where the number of floats is told.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or point at what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_f32_in_place_lines_len(
    plan: *const PlanF32,
    memory_len: usize,
    lines_len: *mut usize,
    error: *mut ErrorInfo,
) -> Status {
    let known = |plan: &ConvF32| plan.in_place_lines_len(memory_len);
    // SAFETY: the caller's.
    unsafe { tell(plan, lines_len, error, known) }
}

/// Computes the whole output in the memory of the input: the input is the last floats of `memory`, and the
/// output becomes the first. The bits are those of `microconv_f32_run`.
///
/// Rows that must not overwrite input yet wait in `lines`, which holds at least as many floats as
/// `microconv_f32_in_place_lines_len` says (NULL and 0 if that is 0). Memory that is longer than the input
/// needs fewer lines, and some rows more of either make it faster.
///
/// Refused: `MICROCONV_STATUS_OVERLAP` if memory, lines or scratch overlap each other or anything else.
///
/// @param plan The plan.
/// @param level A level: a number below `microconv_level_count()`.
/// @param memory The input at its end, which becomes the output at its start.
/// @param memory_len How many floats, at least as many as input and output each have.
/// @param packed The packed weights.
/// @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
/// @param lines Where rows wait, or NULL.
/// @param lines_len How many floats, at least as many as `microconv_f32_in_place_lines_len` tells.
/// @param scratch Memory to work in, or NULL.
/// @param scratch_len How many floats, at least `least_scratch_len` of the plan's sizes.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or so many elements lie there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_f32_run_in_place(
    plan: *const PlanF32,
    level: u32,
    memory: *mut f32,
    memory_len: usize,
    packed: *const f32,
    packed_len: usize,
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
            packed: (packed, packed_len),
            memory: (memory, memory_len),
            lines: (lines, lines_len),
            scratch: (scratch, scratch_len),
        };
        // SAFETY: the caller's; what is written overlaps nothing.
        unsafe {
            let conv = arguments.lent(plan, info)?;
            arguments.check(conv, info)?;
            Ok(conv.in_place(
                slice_mut(memory, memory_len),
                slice(packed, packed_len),
                slice_mut(lines, lines_len),
                slice_mut(scratch, scratch_len),
            ))
        }
    })
}

/// Runs what is ready, or tells why nothing is.
#[inline(always)]
pub(super) fn run<J: Jobs>(
    level: u32,
    info: Info,
    ready: impl FnOnce() -> Result<J, Status>,
) -> Status {
    let ready = self::level(level, info).and_then(|level| Ok((level, ready()?)));
    match ready {
        Ok((level, mut jobs)) => {
            jobs.run(level);
            end(Ok(()), info)
        }
        Err(status) => status,
    }
}

/// What a call lends beside the plan.
struct Arguments {
    packed: (*const f32, usize),
    memory: (*mut f32, usize),
    lines: (*mut f32, usize),
    scratch: (*mut f32, usize),
}

impl Arguments {
    /// The plan, once it is known that the memory can be slices, and what is written overlaps nothing.
    ///
    /// # Safety
    ///
    /// As for [`microconv_f32_run_in_place`].
    // Its frame is gone when the kernels run, as is that of the next.
    #[inline(never)]
    unsafe fn lent<'a>(&self, plan: *const PlanF32, info: Info) -> Result<&'a ConvF32, Status> {
        let read = [
            Region::new(CallArgument::Plan, plan, 1),
            Region::new(CallArgument::Packed, self.packed.0, self.packed.1),
        ];
        let written = [
            Region::new(CallArgument::Memory, self.memory.0, self.memory.1),
            Region::new(CallArgument::Lines, self.lines.0, self.lines.1),
            Region::new(CallArgument::Scratch, self.scratch.0, self.scratch.1),
        ];
        apart(&written, &read, info)?;
        // SAFETY: the caller's; the plan's region has passed.
        unsafe { PlanF32::sealed(plan, info) }
    }

    /// Refuses what the plan refuses.
    ///
    /// # Safety
    ///
    /// As for [`microconv_f32_run_in_place`]; [`lent`](Self::lent) has passed.
    #[inline(never)]
    unsafe fn check(&self, conv: &ConvF32, info: Info) -> Result<(), Status> {
        // SAFETY: the caller's.
        let packed = unsafe { slice(self.packed.0, self.packed.1) };
        let lens = [self.memory.1, self.lines.1, self.scratch.1];
        info.passed(&conv.check_in_place(lens, packed))
    }
}
