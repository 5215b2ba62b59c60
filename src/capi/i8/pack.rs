//! Packing of [`PlanI8`].

use super::PlanI8;
use crate::ConvI8;
use crate::capi::error::{ErrorInfo, Status};
use crate::capi::packing::{GivenScales, Packing};

/// Packs weights, in a `microconv_weights_order`, biases (NULL and 0 for none) and scales, once for any
/// number of runs. `scales` are those of the weights, one for each filter or one for all; biases are in
/// units of input scale times weight scale. The result is the same on every level and target.
///
/// Refused, among others: `MICROCONV_STATUS_ACCUMULATOR` if there is an input for which a filter's sum
/// would leave the 32-bit integers.
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
    unsafe { packing.pack(error, ConvI8::pack) }
}

/// As `microconv_i8_pack`, with the multipliers that TensorFlow Lite Micro and CMSIS-NN work with: a
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
    unsafe { packing.pack(error, ConvI8::pack) }
}
