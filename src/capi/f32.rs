//! Plans of `f32`: [`ConvF32`] for C.

use super::error::{CallArgument, ErrorInfo, Info, Status, end};
use super::geometry::{LayerGeometry, PlanSizes, algorithm, ordered, plan_sizes};
use super::level::level;
use super::memory::{Region, apart, reference, slice, slice_mut};
use super::plan::{Lent, lent, tell, tell_rows};
use crate::{Activation, Algorithm, ConvF32, Limits};
use core::fmt;
use core::mem::{MaybeUninit, offset_of};
use core::ops::Range;

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

/// Checks a geometry and makes a plan of it, with the direct algorithm, which needs no scratch.
/// Outputs are clamped to `min` and `max`: `-INFINITY` and `INFINITY` for none, 0 and `INFINITY` for a
/// ReLU.
///
/// # Safety
///
/// Pointers are NULL, or point at what they say.
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
/// # Safety
///
/// Pointers are NULL, or point at what they say.
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
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    // SAFETY: the caller's.
    unsafe {
        let made = self::algorithm(algorithm, info).and_then(|algorithm: Algorithm| {
            let limits = Limits::scratch(scratch_bytes).error(error_bound);
            let make = |geometry| {
                ConvF32::with_algorithm(geometry, Activation { min, max }, algorithm, limits)
            };
            init(plan, geometry, make, info)
        });
        end(made, info)
    }
}

/// Tells all sizes of a plan.
///
/// # Safety
///
/// Pointers are NULL, or point at what they say.
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
/// # Safety
///
/// Pointers are NULL, or point at what they say.
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
/// # Safety
///
/// Pointers are NULL, or so many elements lie there.
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
/// # Safety
///
/// Pointers are NULL, or so many elements lie there.
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
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    // SAFETY: the caller's.
    unsafe {
        let arrays = Arrays {
            input: (input, input_len),
            packed: (packed, packed_len),
            output: (output, output_len),
            scratch: (scratch, scratch_len),
        };
        end(arrays.run(plan, level, None, info), info)
    }
}

/// Computes the output rows `first_row` up to but not including `end_row`. The input is just the rows
/// of `microconv_f32_input_rows`, the output just the rows asked for.
///
/// # Safety
///
/// Pointers are NULL, or so many elements lie there.
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
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    // SAFETY: the caller's.
    unsafe {
        let arrays = Arrays {
            input: (input, input_len),
            packed: (packed, packed_len),
            output: (output, output_len),
            scratch: (scratch, scratch_len),
        };
        end(
            arrays.run(plan, level, Some(first_row..end_row), info),
            info,
        )
    }
}

/// The memory of a run.
struct Arrays {
    input: (*const f32, usize),
    packed: (*const f32, usize),
    output: (*mut f32, usize),
    scratch: (*mut f32, usize),
}

impl Arrays {
    /// All rows, or some.
    ///
    /// # Safety
    ///
    /// As for [`microconv_f32_run`].
    #[inline(never)]
    unsafe fn run(
        self,
        plan: *const PlanF32,
        level: u32,
        rows: Option<Range<usize>>,
        info: Info,
    ) -> Result<(), Status> {
        // SAFETY: the caller's; what is written overlaps nothing.
        unsafe {
            let conv = PlanF32::get(plan, info)?;
            let reads = [
                Region::new(CallArgument::Plan, plan, 1),
                Region::new(CallArgument::Input, self.input.0, self.input.1),
                Region::new(CallArgument::Packed, self.packed.0, self.packed.1),
            ];
            let output = Region::new(CallArgument::Output, self.output.0, self.output.1);
            let scratch = Region::new(CallArgument::Scratch, self.scratch.0, self.scratch.1);
            apart(&[output, scratch], &reads, info)?;
            let level = self::level(level, info)?;
            let input = slice(self.input.0, self.input.1);
            let packed = slice(self.packed.0, self.packed.1);
            let output = slice_mut(self.output.0, self.output.1);
            let scratch = slice_mut(self.scratch.0, self.scratch.1);
            match rows {
                None => info.passed(&conv.run(level, input, packed, output, scratch))?,
                Some(rows) => {
                    info.passed(&conv.run_rows(level, rows, input, packed, output, scratch))?
                }
            }
            Ok(())
        }
    }
}
