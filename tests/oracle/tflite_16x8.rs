//! What tests/oracle/tflite_16x8.py writes: int16 activations under int8 weights.

use microconv::{ConvI16, Level, RangeI16};

use super::case::Case;
use super::tflite::Layer;
use super::{Oracle, differing};

pub const TFLITE_16X8: Oracle = Oracle {
    name: "cases_16x8",
    least: 500,
    telling: "biases of 32 bits give otherwise",
    least_telling: 1000,
    kernels: Level::for_i16,
    check,
};

/// Counts the outputs that the contract of biases of 32 bits gives otherwise.
fn check(case: &mut Case) -> usize {
    let layer = Layer::read(case);
    let geometry = layer.geometry;
    let input = case.array::<i16>();
    let weights = case.array();
    let bias = case.array::<i64>();
    let [other, reference, auto] = [(); 3].map(|()| case.array::<i16>());
    let range = RangeI16::activation(layer.activation, layer.scales[1]);
    let plan = ConvI16::new(geometry, range).unwrap_or_else(|error| case.refused(&geometry, error));
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
        output.fill(0x5555);
        plan.run(level, input, packed, output)
            .unwrap_or_else(|error| case.refused(&geometry, error));
        for expected in [reference, auto] {
            case.same(
                output,
                expected,
                &level,
                format_args!("{geometry:?} {range:?}"),
            );
        }
    }
    differing(reference, other)
}
