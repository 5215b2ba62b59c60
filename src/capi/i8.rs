//! Plans of 8-bit integers: [`ConvI8`] for C.

use super::error::{CallArgument, ErrorInfo, Info, Status, end};
use super::geometry::{LayerGeometry, PlanSizes, no_such_name, plan_sizes};
use super::memory::{Region, reference};
use super::plan::{Lent, lent, tell, tell_rows};
use crate::constant_plan::SEAL_I8;
use crate::conv_i8::Checked;
use crate::kernel::int8::put::Finish;
use crate::{Bytes, ConvI8, Quantization, Rounding};
use core::fmt;
use core::mem::{MaybeUninit, offset_of};

mod pack;
mod run;

pub use self::pack::*;
pub use self::run::*;

/// A checked convolution of 8-bit integers, made by `microconv_i8_init` in memory that the caller lends, or a
/// constant that the crate's example flash has written. It holds no pointer to other memory, so it may be
/// copied and moved. Many threads may use one at a time.
#[repr(C)]
pub struct PlanI8 {
    /// Tells a plan from other memory.
    seal: u64,
    /// What runs it.
    kernels: MaybeUninit<Option<extern "C" fn()>>,
    /// What rounds its outputs.
    rounding: MaybeUninit<Option<extern "C" fn()>>,
    /// What is known of the layer.
    words: [MaybeUninit<usize>; 62],
}

lent!(PlanI8 from kernels, ConvI8, SEAL_I8);

/// How a sum times its multiplier becomes an integer. Each is a contract that holds on every level, to
/// the bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum RoundingName {
    /// TensorFlow Lite's double rounding; also TensorFlow Lite Micro's and CMSIS-NN's.
    Tflite = 0,
    /// TensorFlow Lite's single rounding.
    TfliteSingle = 1,
    /// XNNPACK's, and ONNX's `QLinearConv`: a float multiplier, ties to even.
    Float = 2,
}

/// The type of activations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ElementType {
    Int8 = 0,
    Uint8 = 1,
}

/// How the 8-bit numbers of a layer stand for real ones, but for the scales.
/// `MICROCONV_QUANTIZATION_INT8` fills one in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct LayerQuantization {
    /// The type of the input, a `microconv_type`.
    pub input: u32,
    /// The type of the output.
    pub output: u32,
    /// The number that stands for zero in the input, and in its padding.
    pub input_zero_point: i32,
    /// The number that stands for zero in the output.
    pub output_zero_point: i32,
    /// The smallest output.
    pub min: i32,
    /// The largest output.
    pub max: i32,
    /// A `microconv_rounding`.
    pub rounding: u32,
}

impl LayerQuantization {
    fn checked(&self, info: Info) -> Result<Quantization, Status> {
        let bytes = |number| match number {
            0 => Ok(Bytes::Int8),
            1 => Ok(Bytes::Uint8),
            other => Err(no_such_name(ElementType::Uint8 as usize, other, info)),
        };
        let rounding = match self.rounding {
            0 => Rounding::Tflite,
            1 => Rounding::TfliteSingle,
            2 => Rounding::Float,
            other => return Err(no_such_name(RoundingName::Float as usize, other, info)),
        };
        Ok(Quantization {
            input: bytes(self.input)?,
            output: bytes(self.output)?,
            input_zero_point: self.input_zero_point,
            output_zero_point: self.output_zero_point,
            min: self.min,
            max: self.max,
            rounding,
        })
    }
}

/// Checks a geometry and a quantization and makes a plan of them.
///
/// @param plan Where the plan is made.
/// @param geometry The layer.
/// @param quantization Types, zero points, clamp and rounding.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre Pointers are NULL, or point at what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_i8_init(
    plan: *mut PlanI8,
    geometry: *const LayerGeometry,
    quantization: *const LayerQuantization,
    error: *mut ErrorInfo,
) -> Status {
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    let init = || {
        // SAFETY: the caller's.
        unsafe {
            Region::new(CallArgument::Plan, plan, 1).end(info)?;
            let layer = reference(CallArgument::Geometry, geometry, info)?;
            let padding = layer.named_padding(info)?;
            let quantization = reference(CallArgument::Quantization, quantization, info)?;
            let quantization = quantization.checked(info)?;
            let checked = info.passed_on(Checked::of(&layer.with(padding), &quantization))?;
            // Firmware that makes plans has to link all roundings, and need not link one of them twice.
            let conv = checked.plan(layer.with(padding), quantization, Finish::ANY);
            PlanI8::put(plan, conv);
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
pub unsafe extern "C" fn microconv_i8_sizes(
    plan: *const PlanI8,
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
pub unsafe extern "C" fn microconv_i8_input_rows(
    plan: *const PlanI8,
    first_row: usize,
    end_row: usize,
    first: *mut usize,
    end: *mut usize,
    error: *mut ErrorInfo,
) -> Status {
    let known = |plan: &ConvI8| plan.input_rows(first_row..end_row);
    // SAFETY: the caller's.
    unsafe { tell_rows(plan, [first, end], error, known) }
}
