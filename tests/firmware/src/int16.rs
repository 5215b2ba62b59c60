//! int16 activations: each layer on every level, against the reference in 64 bits.

use core::fmt;

use microconv::{
    ConvI16, Error, Geometry, Level, Multiplier, Padding, RangeI16, Scales, Weights, reference,
};

use crate::Say;
use crate::int8::{Wrong, multipliers, random};

/// Elements of the largest output, and words of the most weights.
const MOST: usize = 2048;

/// One layer, and what the check needs to compute it again.
struct Layer {
    name: &'static str,
    plan: ConvI16,
    weights: &'static [i8],
    bias: &'static [i64],
    multipliers: &'static [Multiplier],
    packed: &'static [i32],
    input: &'static [i16],
}

pub struct Memory {
    output: [i16; MOST],
    packed: [i32; MOST],
    sums: [i64; MOST],
}

impl Memory {
    pub const ZERO: Memory = Memory {
        output: [0; MOST],
        packed: [0; MOST],
        sums: [0; MOST],
    };
}

/// `N` numbers, each of two bytes.
const fn wide<const N: usize>() -> [i16; N] {
    let [low, high] = [random::<N>(3), random::<N>(11)];
    let mut values = [0; N];
    let mut i = 0;
    while i < N {
        values[i] = (high[i] as i16) << 8 | low[i] as u8 as i16;
        i += 1;
    }
    values
}

/// Those of filters 4 to 7 so many times as large.
const fn biases<const N: usize>(second_four: i64) -> [i64; N] {
    let bytes = random::<N>(5);
    let mut values = [0; N];
    let mut i = 0;
    while i < N {
        values[i] = bytes[i] as i64 * 20_000;
        if i / 4 == 1 {
            values[i] *= second_four;
        }
        i += 1;
    }
    values
}

macro_rules! layer {
    ($name:literal, $geometry:expr, $range:expr, $shift:literal) => {
        layer!($name, $geometry, $range, $shift, 1)
    };
    ($name:literal, $geometry:expr, $range:expr, $shift:literal, $second_four:literal) => {{
        const GEOMETRY: Geometry = $geometry;
        const PLAN: ConvI16 = match ConvI16::new(GEOMETRY, $range) {
            Ok(plan) => plan,
            Err(_) => panic!("the layer is refused"),
        };
        static WEIGHTS: [i8; PLAN.weights_len()] = random(1);
        static BIAS: [i64; GEOMETRY.filters] = biases($second_four);
        static MULTIPLIERS: [Multiplier; GEOMETRY.filters] = multipliers($shift);
        static INPUT: [i16; PLAN.input_len()] = wide();
        static PACKED: [i32; PLAN.packed_len()] = {
            // A constant may read a constant only, not the statics above; the numbers are the same.
            const UNPACKED: [i8; PLAN.weights_len()] = random(1);
            const ADDED: [i64; GEOMETRY.filters] = biases($second_four);
            const SCALES: [Multiplier; GEOMETRY.filters] = multipliers($shift);
            let scales = Scales::Multipliers(&SCALES);
            match PLAN.packed(Weights::Ohwi(&UNPACKED), Some(&ADDED), scales) {
                Ok(packed) => packed,
                Err(_) => panic!("packing is refused"),
            }
        };
        Layer {
            name: $name,
            plan: PLAN,
            weights: &WEIGHTS,
            bias: &BIAS,
            multipliers: &MULTIPLIERS,
            packed: &PACKED,
            input: &INPUT,
        }
    }};
}

/// An odd number of pixels, panels of 16, 8 and 4 filters, windows in one piece and in two, channels that are whole quads or not,
/// groups, multipliers of more than 1, biases of some filters that 32 bits of a sum have no room for.
fn layers() -> [Layer; 7] {
    [
        layer!(
            "int16 3x3, 16 to 24",
            Geometry::conv2d([5, 7, 16], 24, [3, 3]).padding(Padding::Same),
            RangeI16::FULL,
            -7
        ),
        layer!(
            "int16 3x3, 35 to 5",
            Geometry::conv2d([5, 7, 35], 5, [3, 3]).padding(Padding::Same),
            RangeI16 {
                min: -9000,
                max: 20_000
            },
            -8
        ),
        layer!(
            "int16 3x3, stride 2, 3 to 10",
            Geometry::conv2d([10, 10, 3], 10, [3, 3])
                .stride(2)
                .padding(Padding::Same),
            RangeI16::FULL,
            -6
        ),
        layer!(
            "int16 3x3, dilation 2, 2 groups, 6 to 10",
            Geometry::conv2d([7, 8, 6], 10, [3, 3])
                .dilation(2)
                .groups(2)
                .padding(Padding::square(2)),
            RangeI16::FULL,
            -6
        ),
        layer!(
            "int16 1x1, 4 to 6, multipliers up to 4",
            Geometry::conv2d([3, 4, 4], 6, [1, 1]),
            RangeI16::FULL,
            2
        ),
        layer!(
            "int16 depthwise 3x3, 13 channels",
            Geometry::depthwise2d([6, 7, 13], 1, [3, 3]).padding(Padding::Same),
            RangeI16::FULL,
            -6
        ),
        layer!(
            "int16 depthwise 3x3, 12 channels, four of large biases",
            Geometry::depthwise2d([6, 7, 12], 1, [3, 3]).padding(Padding::Same),
            RangeI16::FULL,
            -16,
            1600
        ),
    ]
}

/// Runs all layers. `report` is told of each check.
pub fn all(sabotage: bool, memory: &mut Memory, report: crate::Report) {
    for layer in &layers() {
        for level in Level::all().filter(|level| level.for_i16() == *level) {
            let mut say = |check: &str, problem: Option<&dyn fmt::Display>| {
                report(&layer.name, check, problem)
            };
            if let Err(error) = computes(layer, level, sabotage, memory, &mut say) {
                say("run", Some(&error));
            }
        }
    }
}

fn computes(
    layer: &Layer,
    level: Level,
    sabotage: bool,
    memory: &mut Memory,
    say: Say,
) -> Result<(), Error> {
    let plan = &layer.plan;
    let len = plan.output_len();
    let packed = if sabotage {
        let copy = &mut memory.packed[..layer.packed.len()];
        copy.copy_from_slice(layer.packed);
        // The higher word of a bias.
        let width = layer.bias.len().next_power_of_two().clamp(4, 16);
        copy[width] ^= 1 << 8;
        copy
    } else {
        layer.packed
    };
    let sums = &mut memory.sums[..len];
    let (geometry, weights) = (plan.geometry(), Weights::Ohwi(layer.weights));
    reference::conv_i16(geometry, layer.input, weights, Some(layer.bias), sums)?;
    let RangeI16 { min, max } = plan.range();
    for (at, sum) in sums.iter_mut().enumerate() {
        let multiplier = layer.multipliers[at % layer.multipliers.len()];
        *sum = reference::requantize_i16(*sum, multiplier).clamp(min.into(), max.into());
    }
    let mut compare = |check: &str, given: &[i16]| {
        let wrong = given
            .iter()
            .zip(&*sums)
            .position(|(given, needed)| i64::from(*given) != *needed)
            .map(|at| Wrong {
                level,
                at,
                given: given[at].into(),
                needed: sums[at] as i32,
            });
        say(
            check,
            wrong.as_ref().map(|wrong| wrong as &dyn fmt::Display),
        );
    };
    let output = &mut memory.output[..len];
    plan.run(level, layer.input, packed, output)?;
    compare("the reference's numbers", output);

    // Row by row, as a firmware does that never holds a whole image.
    output.fill(0);
    for (row, part) in output.chunks_exact_mut(plan.output_row_len()).enumerate() {
        let from = plan.input_rows(row..row + 1)?;
        let input =
            &layer.input[from.start * plan.input_row_len()..from.end * plan.input_row_len()];
        plan.run_rows(level, row..row + 1, input, packed, part)?;
    }
    compare("the reference's numbers, row by row", output);
    Ok(())
}
