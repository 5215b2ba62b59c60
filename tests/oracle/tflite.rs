//! What tests/oracle/tflite.py writes: int8 in both of TensorFlow Lite's roundings.

use microconv::{
    Activation, ConvI8, Geometry, Level, Padding, Quantization, Rounding, Scales, Weights,
};

use super::case::Case;
use super::{Oracle, differing};

pub const TFLITE: Oracle = Oracle {
    name: "cases",
    least: 1000,
    telling: "tell the roundings apart",
    least_telling: 1000,
    kernels: Level::for_i8,
    check,
};

/// What a case of TensorFlow Lite begins with.
pub struct Layer<'a> {
    pub geometry: Geometry,
    depthwise: bool,
    pub activation: Activation,
    /// Of input and output.
    zero_points: [i32; 2],
    pub scales: [f32; 2],
    weight_scales: &'a [f32],
}

impl<'a> Layer<'a> {
    pub fn read(case: &mut Case<'a>) -> Layer<'a> {
        let [depthwise, batch, height, width, channels, filters] = case.sizes();
        let [kernel, stride, dilation] = [(); 3].map(|()| case.sizes::<2>());
        let [same, groups, activation] = case.sizes();
        let activation = match activation {
            0 => Activation::NONE,
            1 => Activation::RELU,
            2 => Activation {
                min: -1.0,
                max: 1.0,
            },
            _ => Activation::RELU6,
        };
        let geometry = Geometry::conv2d([height, width, channels], filters, kernel)
            .batch(batch)
            .groups(groups)
            .strides([1, stride[0], stride[1]])
            .dilations([1, dilation[0], dilation[1]])
            .padding(if same == 1 {
                Padding::Same
            } else {
                Padding::Valid
            });
        Layer {
            geometry,
            depthwise: depthwise == 1,
            activation,
            zero_points: case.ints(),
            scales: case.floats(),
            weight_scales: case.scales(),
        }
    }

    pub fn weights(&self, weights: &'a [i8]) -> Weights<'a, i8> {
        if self.depthwise {
            Weights::Hwio(weights)
        } else {
            Weights::Ohwi(weights)
        }
    }

    pub fn real_scales(&self) -> Scales<'a> {
        let [input, output] = self.scales;
        Scales::Real {
            input,
            weights: self.weight_scales,
            output,
        }
    }
}

/// Counts the outputs in which the two roundings differ.
fn check(case: &mut Case) -> usize {
    let layer = Layer::read(case);
    let geometry = layer.geometry;
    let [input_zero, output_zero] = layer.zero_points;
    let [input, weights] = [case.array::<i8>(), case.array()];
    let bias = case.array::<i32>();
    let [reference, xnnpack] = [case.array::<i8>(), case.array()];
    for (rounding, expected) in [(Rounding::Tflite, reference), (Rounding::Float, xnnpack)] {
        let quantization = Quantization::int8(input_zero, output_zero)
            .activation(layer.activation, layer.scales[1])
            .rounding(rounding);
        let plan = ConvI8::new(geometry, quantization)
            .unwrap_or_else(|error| case.refused(&geometry, error));
        let packed = case.room(plan.packed_len());
        let output = case.room(plan.output_len());
        plan.pack(
            layer.weights(weights),
            Some(bias),
            layer.real_scales(),
            packed,
        )
        .unwrap_or_else(|error| case.refused(&geometry, error));
        for &level in case.levels {
            output.fill(0x55i8);
            plan.run(level, input, packed, output)
                .unwrap_or_else(|error| case.refused(&geometry, error));
            case.same(
                output,
                expected,
                &level,
                format_args!("{geometry:?} {quantization:?}"),
            );
        }
    }
    differing(reference, xnnpack)
}
