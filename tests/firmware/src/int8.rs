//! int8: each layer on every level, against the reference in 64 bits.

use core::fmt;
use core::ops::Range;

use microconv::{
    Bytes, ConvI8, Error, Geometry, Level, Multiplier, Padding, Quantization, Rounding, Scales,
    Weights, reference,
};

use crate::Say;

/// Elements of the largest output, and words of the most weights.
const MOST: usize = 2048;

/// One layer, and what the check needs to compute it again.
struct Layer {
    name: &'static str,
    plan: ConvI8,
    weights: &'static [i8],
    bias: &'static [i32],
    multipliers: &'static [Multiplier],
    packed: &'static [i32],
    input: &'static [i8],
}

pub struct Memory {
    output: [i8; MOST],
    words: [i32; MOST],
    packed: [i32; MOST],
    sums: [i64; MOST],
    needed: [i32; MOST],
}

impl Memory {
    pub const ZERO: Memory = Memory {
        output: [0; MOST],
        words: [0; MOST],
        packed: [0; MOST],
        sums: [0; MOST],
        needed: [0; MOST],
    };
}

/// `N` bytes by xorshift (Marsaglia 2003). The compiler runs it.
pub const fn random<const N: usize>(seed: u32) -> [i8; N] {
    let mut values = [0; N];
    let mut state = seed;
    let mut i = 0;
    while i < N {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        values[i] = (state >> 16) as i8;
        i += 1;
    }
    values
}

const fn biases<const N: usize>() -> [i32; N] {
    let bytes = random::<N>(5);
    let mut values = [0; N];
    let mut i = 0;
    while i < N {
        values[i] = bytes[i] as i32 * 100;
        i += 1;
    }
    values
}

/// Multipliers of 2^shift and somewhat less, each filter's its own.
pub const fn multipliers<const N: usize>(shift: i32) -> [Multiplier; N] {
    let bytes = random::<N>(7);
    let mut values = [match Multiplier::new(0, 0) {
        Ok(zero) => zero,
        Err(_) => panic!("zero is refused"),
    }; N];
    let mut i = 0;
    while i < N {
        let value = (1 << 30) + (((bytes[i] as i32 & 127) << 23) | 12345);
        values[i] = match Multiplier::new(value, shift - i as i32 % 3) {
            Ok(multiplier) => multiplier,
            Err(_) => panic!("a multiplier is refused"),
        };
        i += 1;
    }
    values
}

macro_rules! layer {
    ($name:literal, $geometry:expr, $quantization:expr, $shift:literal) => {{
        const GEOMETRY: Geometry = $geometry;
        const PLAN: ConvI8 = match ConvI8::new(GEOMETRY, $quantization) {
            Ok(plan) => plan,
            Err(_) => panic!("the layer is refused"),
        };
        static WEIGHTS: [i8; PLAN.weights_len()] = random(1);
        static BIAS: [i32; GEOMETRY.filters] = biases();
        static MULTIPLIERS: [Multiplier; GEOMETRY.filters] = multipliers($shift);
        static INPUT: [i8; PLAN.input_len()] = random(3);
        static PACKED: [i32; PLAN.packed_len()] = {
            // A constant may read a constant only, not the statics above; the numbers are the same.
            const UNPACKED: [i8; PLAN.weights_len()] = random(1);
            const ADDED: [i32; GEOMETRY.filters] = biases();
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

const SIGNED: Quantization = Quantization::int8(5, -3);

/// An odd number of pixels, panels of 16, 8 and 4 filters, more and less of them than a panel, pieces of a window, channels that
/// are whole quads or not, neighbours whose windows reach other taps, all roundings, uint8, clamps, multipliers of more than 1 and
/// of next to nothing.
fn layers() -> [Layer; 27] {
    [
        layer!(
            "int8 3x3, 16 to 24",
            Geometry::conv2d([5, 7, 16], 24, [3, 3]).padding(Padding::Same),
            SIGNED,
            -8
        ),
        layer!(
            "int8 1x1, 64 to 20",
            Geometry::conv2d([5, 7, 64], 20, [1, 1]),
            SIGNED,
            -7
        ),
        layer!(
            "int8 1x1, 5 to 7",
            Geometry::conv2d([7, 3, 5], 7, [1, 1]),
            SIGNED.clamp(-20, 90),
            -5
        ),
        layer!(
            "int8 3x3, stride 2, 3 to 10",
            Geometry::conv2d([10, 10, 3], 10, [3, 3])
                .stride(2)
                .padding(Padding::Same),
            SIGNED,
            -7
        ),
        layer!(
            "int8 3x3, 5 to 40, uneven padding, uint8",
            Geometry::conv2d([6, 5, 5], 40, [3, 3]).padding(Padding::sides([[2, 0], [0, 1]])),
            Quantization::uint8(129, 100).clamp(3, 250),
            -7
        ),
        layer!(
            "int8 3x3, 16 to 4, single rounding",
            Geometry::conv2d([5, 7, 16], 4, [3, 3]).padding(Padding::Same),
            SIGNED.rounding(Rounding::TfliteSingle),
            -8
        ),
        layer!(
            "int8 3x3, 12 to 9, float rounding",
            Geometry::conv2d([5, 7, 12], 9, [3, 3]).padding(Padding::Same),
            SIGNED.rounding(Rounding::Float),
            -8
        ),
        layer!(
            "int8 1x1, 4 to 6, multipliers up to 4",
            Geometry::conv2d([3, 4, 4], 6, [1, 1]),
            SIGNED,
            2
        ),
        layer!(
            "int8 1x1, 4 to 5, multipliers next to nothing",
            Geometry::conv2d([3, 4, 4], 5, [1, 1]),
            SIGNED,
            -26
        ),
        layer!(
            "int8 3x3, dilation 2, 2 groups, 6 to 10",
            Geometry::conv2d([7, 8, 6], 10, [3, 3])
                .dilation(2)
                .groups(2)
                .padding(Padding::square(2)),
            SIGNED,
            -6
        ),
        layer!(
            "int8 3x3x3, 2 images, 8 to 5",
            Geometry::conv3d([3, 4, 5, 8], 5, [3, 3, 3])
                .batch(2)
                .padding(Padding::cube(1)),
            SIGNED,
            -8
        ),
        layer!(
            "int8 3x1, 8 to 18, rows of a pixel",
            Geometry::conv2d([9, 1, 8], 18, [3, 1]).padding(Padding::Same),
            SIGNED,
            -7
        ),
        layer!(
            "int8 1x1, 12 to 3, stride 2, uint8",
            Geometry::conv2d([7, 9, 12], 3, [1, 1]).stride(2),
            Quantization::uint8(129, 100).clamp(3, 250),
            -6
        ),
        layer!(
            "int8 3x3, 8 to 21, 2 images, uint8",
            Geometry::conv2d([4, 6, 8], 21, [3, 3])
                .batch(2)
                .padding(Padding::Same),
            Quantization::uint8(7, 255).rounding(Rounding::TfliteSingle),
            -7
        ),
        layer!(
            "int8 5x5 on 3x3, 4 to 8",
            Geometry::conv2d([3, 3, 4], 8, [5, 5]).padding(Padding::Same),
            SIGNED.clamp(-90, 110),
            -7
        ),
        layer!(
            "int8 3x3, dilation 3, 2 groups, 8 to 6",
            Geometry::conv2d([8, 9, 8], 6, [3, 3])
                .dilation(3)
                .groups(2)
                .padding(Padding::square(3)),
            SIGNED,
            -6
        ),
        layer!(
            "int8 2x3, 4 to 6, windows without taps",
            Geometry::conv2d([4, 5, 4], 6, [2, 3])
                .stride(3)
                .padding(Padding::sides([[4, 1], [2, 5]])),
            SIGNED,
            -6
        ),
        layer!(
            "int8 5x5, 3 to 6, uint8",
            Geometry::conv2d([6, 7, 3], 6, [5, 5]).padding(Padding::Same),
            Quantization::uint8(129, 100),
            -7
        ),
        layer!(
            "int8 depthwise 3x3, 13 channels",
            Geometry::depthwise2d([6, 7, 13], 1, [3, 3]).padding(Padding::Same),
            SIGNED,
            -6
        ),
        layer!(
            "int8 depthwise 3x3, 6 channels, stride 2, dilation 2",
            Geometry::depthwise2d([9, 12, 6], 1, [3, 3])
                .stride(2)
                .dilation(2)
                .padding(Padding::Same),
            SIGNED.clamp(-100, 90),
            -6
        ),
        layer!(
            "int8 depthwise 2x3, 5 channels, windows without taps",
            Geometry::depthwise2d([4, 5, 5], 1, [2, 3])
                .stride(3)
                .padding(Padding::sides([[4, 1], [2, 5]])),
            SIGNED,
            -6
        ),
        layer!(
            "int8 depthwise 9x1, 20 channels",
            Geometry::depthwise2d([7, 4, 20], 1, [9, 1]).padding(Padding::Same),
            SIGNED,
            1
        ),
        layer!(
            "int8 depthwise 4x2, 17 channels, 2 images, float rounding",
            Geometry::depthwise2d([6, 5, 17], 1, [4, 2]).batch(2),
            SIGNED.rounding(Rounding::Float),
            -6
        ),
        layer!(
            "int8 depthwise 3x3, 24 channels, stride 2, uint8",
            Geometry::depthwise2d([9, 8, 24], 1, [3, 3])
                .stride(2)
                .padding(Padding::Same),
            Quantization::uint8(129, 100).clamp(3, 250),
            -6
        ),
        layer!(
            "int8 depthwise 5x5, 8 channels",
            Geometry::depthwise2d([6, 4, 8], 1, [5, 5]).padding(Padding::Same),
            SIGNED.rounding(Rounding::TfliteSingle),
            -6
        ),
        layer!(
            "int8 depthwise 7x7, 4 channels, dilation 2",
            Geometry::depthwise2d([9, 15, 4], 1, [7, 7])
                .dilation(2)
                .padding(Padding::Same),
            SIGNED,
            -7
        ),
        layer!(
            "int8 depthwise 3x3, 4 channels, 2 filters each",
            Geometry::depthwise2d([5, 6, 4], 2, [3, 3]).padding(Padding::Same),
            SIGNED,
            -6
        ),
    ]
}

/// The first output that is wrong.
pub struct Wrong {
    pub level: Level,
    pub at: usize,
    pub given: i32,
    pub needed: i32,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wrong {
            level,
            at,
            given,
            needed,
        } = self;
        write!(f, "on {level}, output {at} is {given} instead of {needed}")
    }
}

/// Runs all layers. `report` is told of each check.
pub fn all(sabotage: bool, memory: &mut Memory, report: crate::Report) {
    for layer in &layers() {
        for level in Level::all().filter(|level| level.for_i8() == *level) {
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
        // The first number is a bias; the loops for usual biases still take this one.
        let copy = &mut memory.packed[..layer.packed.len()];
        copy.copy_from_slice(layer.packed);
        copy[0] ^= 1 << 28;
        copy
    } else {
        layer.packed
    };
    let needed = &mut memory.needed[..len];
    let sums = &mut memory.sums[..len];
    let reference = Weights::Ohwi(layer.weights);
    if unsigned(plan) {
        let input: &[u8] = bytemuck::must_cast_slice(layer.input);
        reference::conv_i8(
            plan.geometry(),
            plan.quantization(),
            input,
            reference,
            Some(layer.bias),
            sums,
        )?;
    } else {
        reference::conv_i8(
            plan.geometry(),
            plan.quantization(),
            layer.input,
            reference,
            Some(layer.bias),
            sums,
        )?;
    }
    let filters = layer.multipliers.len();
    for (at, (needed, &sum)) in needed.iter_mut().zip(&*sums).enumerate() {
        *needed = requantized(
            plan.quantization(),
            sum as i32,
            layer.multipliers[at % filters],
        );
    }

    let mut compare = |check: &str, given: &mut dyn Iterator<Item = i32>, needed: &[i32]| {
        let mut wrong = None;
        for (at, (given, &needed)) in given.zip(needed).enumerate() {
            if given != needed && wrong.is_none() {
                wrong = Some(Wrong {
                    level,
                    at,
                    given,
                    needed,
                });
            }
        }
        say(
            check,
            wrong.as_ref().map(|wrong| wrong as &dyn fmt::Display),
        );
    };
    let number = |byte: i8| {
        if unsigned(plan) {
            i32::from(byte as u8)
        } else {
            i32::from(byte)
        }
    };
    let output = &mut memory.output[..len];
    run(
        plan,
        level,
        0..plan.output_rows(),
        packed,
        layer.input,
        output,
    )?;
    compare(
        "the reference's bytes",
        &mut output.iter().map(|&byte| number(byte)),
        needed,
    );

    // Row by row, as a firmware does that never holds a whole image.
    output.fill(0);
    for (row, part) in output.chunks_exact_mut(plan.output_row_len()).enumerate() {
        run(plan, level, row..row + 1, packed, layer.input, part)?;
    }
    compare(
        "the reference's bytes, row by row",
        &mut output.iter().map(|&byte| number(byte)),
        needed,
    );

    let words = &mut memory.words[..len];
    if unsigned(plan) {
        let input: &[u8] = bytemuck::must_cast_slice(layer.input);
        plan.run(level, input, packed, words)?;
    } else {
        plan.run(level, layer.input, packed, words)?;
    }
    for (needed, &sum) in needed.iter_mut().zip(&*sums) {
        *needed = sum as i32;
    }
    compare("the reference's sums", &mut words.iter().copied(), needed);
    Ok(())
}

fn unsigned(plan: &ConvI8) -> bool {
    plan.quantization().input == Bytes::Uint8
}

/// Some rows, of whichever type.
fn run(
    plan: &ConvI8,
    level: Level,
    rows: Range<usize>,
    packed: &[i32],
    input: &[i8],
    output: &mut [i8],
) -> Result<(), Error> {
    let from = plan.input_rows(rows.clone())?;
    let input = &input[from.start * plan.input_row_len()..from.end * plan.input_row_len()];
    if unsigned(plan) {
        let input: &[u8] = bytemuck::must_cast_slice(input);
        let output: &mut [u8] = bytemuck::must_cast_slice_mut(output);
        plan.run_rows(level, rows, input, packed, output)
    } else {
        plan.run_rows(level, rows, input, packed, output)
    }
}

fn requantized(quantization: &Quantization, sum: i32, multiplier: Multiplier) -> i32 {
    let zero = quantization.output_zero_point;
    let [low, high] = [quantization.min, quantization.max];
    if let Rounding::Float = quantization.rounding {
        let scale = libm::scalbnf(multiplier.value() as f32, multiplier.shift() - 31);
        let [low, high] = [(low - zero) as f32, (high - zero) as f32];
        return reference::requantize_float(sum, scale, low, high) + zero;
    }
    let steps = reference::requantize(quantization.rounding, sum, multiplier);
    steps.saturating_add(zero).clamp(low, high)
}
