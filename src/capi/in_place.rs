//! Layers of float that overwrite their input: [`ConvF32::run_in_place`] for C.

use super::error::{CallArgument, ErrorInfo, Info, Status, end};
use super::f32::PlanF32;
use super::level::level;
use super::memory::{Region, apart, slice, slice_mut};
use super::plan::{Lent, tell};
use crate::ConvF32;

/// Tells the fewest floats of lines with which `microconv_f32_run_in_place` runs in so many floats of memory.
/// `MICROCONV_IN_PLACE_LINES_LEN` is it as a constant expression.
///
/// Refused: `MICROCONV_STATUS_LENGTH` if the memory is shorter than the input or the output,
/// `MICROCONV_STATUS_ROW_GRANULARITY` if the plan's algorithm does not compute single rows.
///
/// # Safety
///
/// Pointers are NULL, or point at what they say.
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
/// # Safety
///
/// Pointers are NULL, or so many elements lie there.
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
    let run = || {
        // SAFETY: the caller's; what is written overlaps nothing.
        unsafe {
            let conv = PlanF32::get(plan, info)?;
            let read = [
                Region::new(CallArgument::Plan, plan, 1),
                Region::new(CallArgument::Packed, packed, packed_len),
            ];
            let written = [
                Region::new(CallArgument::Memory, memory, memory_len),
                Region::new(CallArgument::Lines, lines, lines_len),
                Region::new(CallArgument::Scratch, scratch, scratch_len),
            ];
            apart(&written, &read, info)?;
            info.passed(&conv.run_in_place(
                self::level(level, info)?,
                slice_mut(memory, memory_len),
                slice(packed, packed_len),
                slice_mut(lines, lines_len),
                slice_mut(scratch, scratch_len),
            ))
        }
    };
    end(run(), info)
}
