//! What tests/oracle/onnx_cases.py writes: QLinearConv, and ConvInteger, which is the sums.

use bytemuck::{must_cast_slice, must_cast_slice_mut};
use microconv::{
    Bytes, ConvI8, Error, Geometry, Input8, Level, Padding, Quantization, Rounding, Scales, Weights,
};

use super::case::Case;
use super::{Oracle, differing};

pub const ONNX: Oracle = Oracle {
    name: "onnx",
    least: 100,
    telling: "TensorFlow Lite's rounding has otherwise",
    least_telling: 100,
    kernels: Level::for_i8,
    check,
};

/// Counts the outputs that TensorFlow Lite's rounding has otherwise.
fn check(case: &mut Case) -> usize {
    let [is_requantized] = case.sizes().map(|kind| kind == 1);
    let [batch, depth, height, width, channels, filters] = case.sizes();
    let [kernel, stride, dilation] = [(); 3].map(|()| case.sizes::<3>());
    let sides = [(); 3].map(|()| case.sizes::<2>());
    let [groups] = case.sizes();
    let [input_type, output_type] = case.sizes().map(|is_uint8| match is_uint8 {
        0 => Bytes::Int8,
        _ => Bytes::Uint8,
    });
    let [input_zero_point, output_zero_point] = case.ints();
    let [input_scale, output_scale] = case.floats();
    let weight_scales = case.scales();
    let [input, weights] = [case.array::<i8>(), case.array()];
    let bias = Some(case.array::<i32>()).filter(|bias| !bias.is_empty());
    let answer = case.array::<i8>();

    let geometry = Geometry::conv3d([depth, height, width, channels], filters, kernel)
        .batch(batch)
        .groups(groups)
        .strides(stride)
        .dilations(dilation)
        .padding(Padding::Explicit(sides));
    let [min, max] = match output_type {
        Bytes::Int8 => [-128, 127],
        Bytes::Uint8 => [0, 255],
    };
    let quantization = Quantization {
        input: input_type,
        output: output_type,
        input_zero_point,
        output_zero_point,
        min,
        max,
        rounding: Rounding::Float,
    };
    let scales = Scales::Real {
        input: input_scale,
        weights: weight_scales,
        output: output_scale,
    };
    let packed_len = ConvI8::new(geometry, quantization)
        .unwrap_or_else(|error| case.refused(&geometry, error))
        .packed_len();
    let packed = case.room(packed_len);
    let output = case.room(answer.len().div_ceil(size_of::<i32>()));
    let mut compute = |rounding, level, output: &mut [i32]| {
        let plan = ConvI8::new(geometry, quantization.rounding(rounding))?;
        plan.pack(Weights::Oihw(weights), bias, scales, packed)?;
        match input_type {
            Bytes::Int8 => run(&plan, level, input, packed, output, is_requantized),
            Bytes::Uint8 => {
                let input = must_cast_slice::<i8, u8>(input);
                run(&plan, level, input, packed, output, is_requantized)
            }
        }
    };
    for &level in case.levels {
        output.fill(0x5555_5555);
        compute(Rounding::Float, level, output)
            .unwrap_or_else(|error| case.refused(&geometry, error));
        case.same(
            &must_cast_slice(output)[..answer.len()],
            answer,
            &level,
            format_args!("{geometry:?} {quantization:?}"),
        );
    }
    compute(Rounding::Tflite, Level::detect(), output)
        .unwrap_or_else(|error| case.refused(&geometry, error));
    differing(answer, must_cast_slice(output))
}

/// Writes the sums, or bytes of the type that the quantization says.
fn run<I: Input8>(
    plan: &ConvI8,
    level: Level,
    input: &[I],
    packed: &[i32],
    output: &mut [i32],
    is_requantized: bool,
) -> Result<(), Error> {
    if !is_requantized {
        return plan.run(level, input, packed, output);
    }
    let len = plan.output_len();
    match plan.quantization().output {
        Bytes::Int8 => {
            let output = &mut must_cast_slice_mut::<i32, i8>(output)[..len];
            plan.run(level, input, packed, output)
        }
        Bytes::Uint8 => {
            let output = &mut must_cast_slice_mut::<i32, u8>(output)[..len];
            plan.run(level, input, packed, output)
        }
    }
}
