//! Plans of 8-bit integers: [`ConvI8`] for C.

use super::error::{CallArgument, ErrorInfo, Info, Status, end};
use super::geometry::{LayerGeometry, PlanSizes, no_such_name, ordered, plan_sizes};
use super::level::level;
use super::memory::{Region, lent, reference, slice, slice_mut, write};
use crate::constant_plan::SEAL_I8;
use crate::conv_i8::Checked;
use crate::kernel::int8::put::Finish;
use crate::{Bytes, ConvI8, Input8, Level, Output8, Quantization, Rounding, Scales};
use core::fmt;
use core::mem::{MaybeUninit, offset_of};
use core::ops::Range;
use core::slice::{from_raw_parts, from_raw_parts_mut};

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
/// # Safety
///
/// Pointers are NULL, or point at what they say.
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
/// # Safety
///
/// Pointers are NULL, or point at what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_i8_sizes(
    plan: *const PlanI8,
    sizes: *mut PlanSizes,
    error: *mut ErrorInfo,
) -> Status {
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    // SAFETY: the caller's.
    unsafe {
        let told = PlanI8::get(plan, info).and_then(|plan| {
            write(
                CallArgument::Result,
                sizes,
                plan_sizes!(plan, 0, 0, 1),
                info,
            )
        });
        end(told, info)
    }
}

/// Tells which input rows, `*first` up to but not including `*end`, the output rows `first_row` up to
/// but not including `end_row` need. Rows are counted through batch, depth and height.
///
/// # Safety
///
/// Pointers are NULL, or point at what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_i8_input_rows(
    plan: *const PlanI8,
    first_row: usize,
    end_row: usize,
    first: *mut usize,
    end: *mut usize,
    error: *mut ErrorInfo,
) -> Status {
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    // SAFETY: the caller's.
    unsafe {
        let told = PlanI8::get(plan, info).and_then(|plan| {
            let rows = info.passed_on(plan.input_rows(first_row..end_row))?;
            Region::new(CallArgument::Result, end, 1).end(info)?;
            write(CallArgument::Result, first, rows.start, info)?;
            write(CallArgument::Result, end, rows.end, info)
        });
        self::end(told, info)
    }
}

/// The arguments of packing, but for the scales.
struct Packing {
    plan: *const PlanI8,
    order: u32,
    weights: (*const i8, usize),
    bias: (*const i32, usize),
    packed: (*mut i32, usize),
}

impl Packing {
    /// `scales` are read, and lie in the other regions.
    ///
    /// # Safety
    ///
    /// As for [`microconv_i8_pack`].
    unsafe fn pack(self, scales: Scales<'_>, regions: &[Region], info: Info) -> Result<(), Status> {
        // SAFETY: the caller's; what is written overlaps nothing.
        unsafe {
            let conv = PlanI8::get(self.plan, info)?;
            let reads = [
                Region::new(CallArgument::Plan, self.plan, 1),
                Region::new(CallArgument::Weights, self.weights.0, self.weights.1),
                Region::new(CallArgument::Bias, self.bias.0, self.bias.1),
            ];
            let packed = Region::new(CallArgument::Packed, self.packed.0, self.packed.1);
            packed.apart_from(&reads, info)?;
            packed.apart_from(regions, info)?;
            let bias = (!self.bias.0.is_null()).then(|| slice(self.bias.0, self.bias.1));
            info.passed(&conv.pack(
                ordered(self.order, slice(self.weights.0, self.weights.1), info)?,
                bias,
                scales,
                slice_mut(self.packed.0, self.packed.1),
            ))?;
            Ok(())
        }
    }
}

/// Packs weights, in a `microconv_weights_order`, biases (NULL and 0 for none) and scales, once for any
/// number of runs. `scales` are those of the weights, one for each filter or one for all; biases are in
/// units of input scale times weight scale. The result is the same on every level and target.
///
/// Refused, among others: `MICROCONV_STATUS_ACCUMULATOR` if there is an input for which a filter's sum
/// would leave the 32-bit integers.
///
/// # Safety
///
/// Pointers are NULL, or so many elements lie there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_i8_pack(
    plan: *const PlanI8,
    order: u32,
    weights: *const i8,
    weights_len: usize,
    bias: *const i32,
    bias_len: usize,
    input_scale: f32,
    scales: *const f32,
    scales_len: usize,
    output_scale: f32,
    packed: *mut i32,
    packed_len: usize,
    error: *mut ErrorInfo,
) -> Status {
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    let pack = || {
        let packing = Packing {
            plan,
            order,
            weights: (weights, weights_len),
            bias: (bias, bias_len),
            packed: (packed, packed_len),
        };
        // SAFETY: the caller's; the scales' region has passed.
        unsafe {
            let region = Region::new(CallArgument::Scales, scales, scales_len);
            region.end(info)?;
            let scales = Scales::Real {
                input: input_scale,
                weights: slice(scales, scales_len),
                output: output_scale,
            };
            packing.pack(scales, &[region], info)
        }
    };
    end(pack(), info)
}

/// As `microconv_i8_pack`, with the multipliers that TensorFlow Lite Micro and CMSIS-NN work with: a
/// value of 31 bits and a shift to the left (to the right if negative), for each filter or for all.
///
/// # Safety
///
/// Pointers are NULL, or so many elements lie there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_i8_pack_multipliers(
    plan: *const PlanI8,
    order: u32,
    weights: *const i8,
    weights_len: usize,
    bias: *const i32,
    bias_len: usize,
    multipliers: *const i32,
    multipliers_len: usize,
    shifts: *const i32,
    shifts_len: usize,
    packed: *mut i32,
    packed_len: usize,
    error: *mut ErrorInfo,
) -> Status {
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    let pack = || {
        let packing = Packing {
            plan,
            order,
            weights: (weights, weights_len),
            bias: (bias, bias_len),
            packed: (packed, packed_len),
        };
        // SAFETY: the caller's; the regions of multipliers and shifts have passed.
        unsafe {
            let regions = [
                Region::new(CallArgument::Scales, multipliers, multipliers_len),
                Region::new(CallArgument::Shifts, shifts, shifts_len),
            ];
            for region in &regions {
                region.end(info)?;
            }
            let scales = Scales::Parts {
                values: slice(multipliers, multipliers_len),
                shifts: slice(shifts, shifts_len),
            };
            packing.pack(scales, &regions, info)
        }
    };
    end(pack(), info)
}

/// The arguments of a run, but for rows and level.
struct Run<I, O> {
    plan: *const PlanI8,
    input: (*const I, usize),
    packed: (*const i32, usize),
    output: (*mut O, usize),
}

impl<I: Input8, O: Output8> Run<I, O> {
    /// The plan and the level, once it is known that the memory can be slices.
    ///
    /// # Safety
    ///
    /// As for [`microconv_i8_run`].
    #[inline(always)]
    unsafe fn lent<'a>(&self, level: u32, info: Info) -> Result<(&'a ConvI8, Level), Status> {
        let output = Region::new(CallArgument::Output, self.output.0, self.output.1);
        let reads = [
            Region::new(CallArgument::Plan, self.plan, 1),
            Region::new(CallArgument::Input, self.input.0, self.input.1),
            Region::new(CallArgument::Packed, self.packed.0, self.packed.1),
        ];
        // SAFETY: the caller's.
        unsafe { lent(self.plan, &output, &reads, info) }
            .and_then(|conv| Ok((conv, self::level(level, info)?)))
    }

    /// All rows.
    ///
    /// # Safety
    ///
    /// As for [`microconv_i8_run`].
    unsafe fn all(self, level: u32, info: Info) -> Result<(), Status> {
        // SAFETY: the caller's; what is written overlaps nothing.
        unsafe {
            let (conv, level) = self.lent(level, info)?;
            let packed = slice(self.packed.0, self.packed.1);
            let needed = [conv.input_len(), conv.output_len()];
            let given = [self.input.1, self.output.1];
            let plain = match conv.check([Some(I::TYPE), O::TYPE], needed, given, packed) {
                Ok(plain) => plain,
                Err(refused) => return Err(info.refused(&refused)),
            };
            // No layer is empty, so neither of the two is.
            let input = from_raw_parts(self.input.0, self.input.1);
            let output = from_raw_parts_mut(self.output.0, self.output.1);
            let rows = 0..conv.output_rows();
            conv.compute(level, rows, 0, plain, input, packed, output);
        }
        Ok(())
    }

    /// Some rows.
    ///
    /// # Safety
    ///
    /// As for [`microconv_i8_run`].
    unsafe fn rows(self, level: u32, rows: Range<usize>, info: Info) -> Result<(), Status> {
        // SAFETY: the caller's; what is written overlaps nothing.
        unsafe {
            let (conv, level) = self.lent(level, info)?;
            let (input, packed) = (
                slice(self.input.0, self.input.1),
                slice(self.packed.0, self.packed.1),
            );
            let output = slice_mut(self.output.0, self.output.1);
            info.passed(&conv.run_rows(level, rows, input, packed, output))
        }
    }
}

/// The plan, whose region is among what is read, once it is known that the memory can be slices.
///
/// # Safety
///
/// As for [`microconv_i8_run`].
// Its frame is gone when the kernels run.
#[inline(never)]
unsafe fn lent<'a>(
    plan: *const PlanI8,
    output: &Region,
    reads: &[Region; 3],
    info: Info,
) -> Result<&'a ConvI8, Status> {
    output.apart_from(reads, info)?;
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
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    let run = Run {
        plan,
        input: (input, input_len),
        packed: (packed, packed_len),
        output: (output, output_len),
    };
    // SAFETY: the caller's.
    unsafe { end(run.all(level, info), info) }
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
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    let run = Run {
        plan,
        input: (input, input_len),
        packed: (packed, packed_len),
        output: (output, output_len),
    };
    // SAFETY: the caller's.
    unsafe { end(run.rows(level, first_row..end_row, info), info) }
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
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    let run = Run {
        plan,
        input: (input, input_len),
        packed: (packed, packed_len),
        output: (output, output_len),
    };
    // SAFETY: the caller's.
    unsafe { end(run.all(level, info), info) }
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
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    let run = Run {
        plan,
        input: (input, input_len),
        packed: (packed, packed_len),
        output: (output, output_len),
    };
    // SAFETY: the caller's.
    unsafe { end(run.rows(level, first_row..end_row, info), info) }
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
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    let run = Run {
        plan,
        input: (input, input_len),
        packed: (packed, packed_len),
        output: (output, output_len),
    };
    // SAFETY: the caller's.
    unsafe { end(run.all(level, info), info) }
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
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    let run = Run {
        plan,
        input: (input, input_len),
        packed: (packed, packed_len),
        output: (output, output_len),
    };
    // SAFETY: the caller's.
    unsafe { end(run.rows(level, first_row..end_row, info), info) }
}
