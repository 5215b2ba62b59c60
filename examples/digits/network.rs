//! The network: what its layers are, their packed weights, and how it is run.
//!
//! It needs `core`, `microconv` and images.rs only, and no heap, so firmware can include it.
//! Everything that can be known before the program runs is computed by the compiler: the checked
//! plans, the packed weights and the size of the buffers.

use microconv::{Activation, ConvF32, Error, Geometry, Level, Padding, SeparableF32, Weights};

use super::images::Pixels;

pub const CLASSES: usize = 10;

pub const LAYERS: usize = 6;

pub const NAMES: [&str; LAYERS] = [
    "conv 3x3",
    "conv 3x3, stride 2",
    "depthwise 3x3",
    "conv 1x1",
    "average 4x4",
    "conv 1x1",
];

const DEPTHWISE: usize = 2;
const POINTWISE: usize = 3;
const AVERAGE: usize = 4;

pub const PLANS: [ConvF32; LAYERS] = [
    relu(Geometry::conv2d([8, 8, 1], 16, [3, 3])),
    relu(Geometry::conv2d([8, 8, 16], 32, [3, 3]).stride(2)),
    relu(Geometry::depthwise2d([4, 4, 32], 1, [3, 3])),
    relu(Geometry::conv2d([4, 4, 32], 64, [1, 1])),
    // An average over the whole image is a depthwise layer whose weights are all 1/16. Its stride
    // leaves one window even under `Same`.
    linear(Geometry::depthwise2d([4, 4, 64], 1, [4, 4]).stride(4)),
    linear(Geometry::conv2d([1, 1, 64], CLASSES, [1, 1])),
];

const fn relu(geometry: Geometry) -> ConvF32 {
    plan(geometry, Activation::RELU)
}

const fn linear(geometry: Geometry) -> ConvF32 {
    plan(geometry, Activation::NONE)
}

/// A geometry that cannot be is a compile error here.
const fn plan(geometry: Geometry, activation: Activation) -> ConvF32 {
    match ConvF32::new(geometry.padding(Padding::Same), activation) {
        Ok(plan) => plan,
        Err(_) => panic!("the layer's geometry is refused"),
    }
}

/// weights.bin as numbers: layer after layer, weights, then bias; none for the average.
const VALUES: &[f32] = &{
    let (words, _) = BYTES.as_chunks::<4>();
    let mut values = [0.0; BYTES.len() / 4];
    let mut at = 0;
    while at < values.len() {
        values[at] = f32::from_le_bytes(words[at]);
        at += 1;
    }
    values
};
const BYTES: &[u8] = include_bytes!("weights.bin");

/// Where a layer's numbers begin in `VALUES`; for `LAYERS`, where the last ones end.
const fn start(layer: usize) -> usize {
    let mut at = 0;
    let mut before = 0;
    while before < layer {
        if before != AVERAGE {
            at += PLANS[before].weights_len() + filters(before);
        }
        before += 1;
    }
    at
}

const _: () = assert!(start(LAYERS) == VALUES.len());

/// A layer has one bias per channel of its output.
const fn filters(layer: usize) -> usize {
    PLANS[layer].output_shape()[4]
}

/// What goes into flash.
pub static PACKED: [&[f32]; LAYERS] = [
    &packed::<{ PLANS[0].packed_len() }>(0),
    &packed::<{ PLANS[1].packed_len() }>(1),
    &packed::<{ PLANS[2].packed_len() }>(2),
    &packed::<{ PLANS[3].packed_len() }>(3),
    &packed::<{ PLANS[4].packed_len() }>(4),
    &packed::<{ PLANS[5].packed_len() }>(5),
];

const fn packed<const N: usize>(layer: usize) -> [f32; N] {
    let plan = &PLANS[layer];
    let (weights, rest) = match layer {
        AVERAGE => (&SIXTEENTHS as &[f32], VALUES),
        _ => VALUES.split_at(start(layer)).1.split_at(plan.weights_len()),
    };
    let bias = match layer {
        AVERAGE => None,
        _ => Some(rest.split_at(filters(layer)).0),
    };
    let weights = match layer {
        // A depthwise filter reads one channel, so TensorFlow Lite's 1HWO is HWIO with I = 1.
        DEPTHWISE | AVERAGE => Weights::Hwio(weights),
        _ => Weights::Ohwi(weights),
    };
    match plan.packed(weights, bias) {
        Ok(packed) => packed,
        Err(_) => panic!("the layer's weights are refused"),
    }
}

const SIXTEENTHS: [f32; PLANS[AVERAGE].weights_len()] = [1.0 / 16.0; _];

/// The depthwise layer and the 1x1 behind it, run together.
pub const FUSED: SeparableF32 = match SeparableF32::new(PLANS[DEPTHWISE], PLANS[POINTWISE]) {
    Ok(plan) => plan,
    Err(_) => panic!("the layers do not follow each other"),
};

/// Elements of input and output together, the most of any step.
const MEMORY: usize = largest_step(true);

/// Elements of RAM with the two layers fused: a row of the map between them is scratch.
pub const RAM_FUSED: usize = MEMORY + FUSED.scratch_len();

/// Elements of RAM if each layer were run alone.
pub const RAM_APART: usize = largest_step(false);

const fn largest_step(fused: bool) -> usize {
    let mut largest = 0;
    let mut layer = 0;
    while layer < LAYERS {
        let last = if fused && layer == DEPTHWISE {
            POINTWISE
        } else {
            layer
        };
        let step = PLANS[layer].input_len() + PLANS[last].output_len();
        if step > largest {
            largest = step;
        }
        layer = last + 1;
    }
    largest
}

// All layers are direct kernels, which need no scratch.
const _: () = {
    let mut layer = 0;
    while layer < LAYERS {
        assert!(PLANS[layer].scratch_len() == 0);
        layer += 1;
    }
};

/// The digit in the image, and the score of each of the ten.
///
/// # Errors
///
/// None for a level of this CPU: the lengths are the plans' own.
pub fn classify(level: Level, pixels: &Pixels) -> Result<(u8, [f32; CLASSES]), Error> {
    let mut memory = [0.0; MEMORY];
    let mut scratch = [0.0; FUSED.scratch_len()];
    for (value, &pixel) in memory.iter_mut().zip(pixels) {
        *value = f32::from(pixel) / 16.0;
    }
    // Input and output lie at the two ends, and what was written is what the next step reads.
    let mut at_front = true;
    let mut layer = 0;
    while layer < LAYERS {
        let fused = layer == DEPTHWISE;
        let last = if fused { POINTWISE } else { layer };
        let (from, to) = (PLANS[layer].input_len(), PLANS[last].output_len());
        let (input, output) = ends(&mut memory, from, to, at_front);
        if fused {
            let packed = [PACKED[layer], PACKED[last]];
            FUSED.run(level, input, packed, output, &mut scratch)?;
        } else {
            PLANS[layer].run(level, input, PACKED[layer], output, &mut [])?;
        }
        at_front = !at_front;
        layer = last + 1;
    }
    let (result, _) = ends(&mut memory, CLASSES, 0, at_front);
    let mut scores = [0.0; CLASSES];
    scores.copy_from_slice(result);
    Ok((largest(&scores), scores))
}

/// So many elements of input and of output, the input at the front or at the back.
fn ends(memory: &mut [f32], input: usize, output: usize, at_front: bool) -> (&[f32], &mut [f32]) {
    let len = memory.len();
    if at_front {
        let (front, back) = memory.split_at_mut(len - output);
        (&front[..input], back)
    } else {
        let (front, back) = memory.split_at_mut(len - input);
        (back, &mut front[..output])
    }
}

/// The first index of the largest score.
fn largest(scores: &[f32; CLASSES]) -> u8 {
    let mut best = 0;
    for (digit, &score) in (0..).zip(scores) {
        if score > scores[usize::from(best)] {
            best = digit;
        }
    }
    best
}
