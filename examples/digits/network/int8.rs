//! The network in int8, quantized after training as TensorFlow Lite does it (see quantize.py).

use microconv::{Activation, ConvI8, Error, Level, Quantization, Scales, Weights};

use super::images::Pixels;
use super::{AVERAGE, CLASSES, DEPTHWISE, GEOMETRIES, LAYERS};

/// weights_int8.bin, three ways: layer after layer, none for the average, and in each
///
/// ```text
/// weights  bias   weight scales  output scale  output zero point
/// int8     int32  f32            f32           int32
/// ```
const BYTES: &[u8] = include_bytes!("../weights_int8.bin");
const INT8: &[i8] = &{
    let mut numbers = [0; BYTES.len()];
    let mut at = 0;
    while at < numbers.len() {
        numbers[at] = BYTES[at] as i8;
        at += 1;
    }
    numbers
};
const INT32: &[i32] = &{
    let mut numbers = [0; BYTES.len() / 4];
    let mut at = 0;
    while at < numbers.len() {
        numbers[at] = i32::from_le_bytes(BYTES.as_chunks().0[at]);
        at += 1;
    }
    numbers
};
const F32: &[f32] = &{
    let mut numbers = [0.0; BYTES.len() / 4];
    let mut at = 0;
    while at < numbers.len() {
        numbers[at] = f32::from_bits(INT32[at] as u32);
        at += 1;
    }
    numbers
};

/// Where a layer begins in the file, in words; for `LAYERS`, where the last one ends.
const fn start(layer: usize) -> usize {
    let mut at = 0;
    let mut before = 0;
    while before < layer {
        if before != AVERAGE {
            at += weight_words(before) + 2 * GEOMETRIES[before].filters + 2;
        }
        before += 1;
    }
    at
}

const _: () = assert!(start(LAYERS) * 4 == BYTES.len());

/// The weights of each layer fill whole words.
const fn weight_words(layer: usize) -> usize {
    let geometry = &GEOMETRIES[layer];
    let [_, height, width] = geometry.kernel;
    height * width * (geometry.channels / geometry.groups) * geometry.filters / 4
}

/// Scale and zero point of what a layer reads.
const fn input_scale(layer: usize) -> (f32, i32) {
    match layer {
        // A pixel of 0 to 16 stands for 0 to 1, and is read as it is.
        0 => (1.0 / 16.0, 0),
        _ => output_scale(layer - 1),
    }
}

/// Scale and zero point of what it writes.
const fn output_scale(layer: usize) -> (f32, i32) {
    match layer {
        AVERAGE => input_scale(layer),
        _ => (F32[start(layer + 1) - 2], INT32[start(layer + 1) - 1]),
    }
}

pub const PLANS: [ConvI8; LAYERS] = {
    let mut plans = [plan(0); LAYERS];
    let mut layer = 1;
    while layer < LAYERS {
        plans[layer] = plan(layer);
        layer += 1;
    }
    plans
};

/// A layer that cannot be is a compile error here.
const fn plan(layer: usize) -> ConvI8 {
    let (_, input_zero) = input_scale(layer);
    let (scale, zero) = output_scale(layer);
    let mut quantization = Quantization::int8(input_zero, zero);
    if super::has_relu(layer) {
        quantization = quantization.activation(Activation::RELU, scale);
    }
    match ConvI8::new(GEOMETRIES[layer], quantization) {
        Ok(plan) => plan,
        Err(_) => panic!("the layer is refused"),
    }
}

/// What goes into flash.
pub static PACKED: [&[i32]; LAYERS] = [
    &packed::<{ PLANS[0].packed_len() }>(0),
    &packed::<{ PLANS[1].packed_len() }>(1),
    &packed::<{ PLANS[2].packed_len() }>(2),
    &packed::<{ PLANS[3].packed_len() }>(3),
    &packed::<{ PLANS[4].packed_len() }>(4),
    &packed::<{ PLANS[5].packed_len() }>(5),
];

const fn packed<const N: usize>(layer: usize) -> [i32; N] {
    let plan = &PLANS[layer];
    let (at, filters) = (start(layer), GEOMETRIES[layer].filters);
    let bias_at = at + weight_words(layer);
    let (weights, bias, scales) = match layer {
        AVERAGE => (&ONES as &[i8], None, &[1.0f32 / 16.0] as &[f32]),
        _ => (
            part(INT8, at * 4, plan.weights_len()),
            Some(part(INT32, bias_at, filters)),
            part(F32, bias_at + filters, filters),
        ),
    };
    let weights = match layer {
        // A depthwise filter reads one channel, so TensorFlow Lite's 1HWO is HWIO with I = 1.
        DEPTHWISE | AVERAGE => Weights::Hwio(weights),
        _ => Weights::Ohwi(weights),
    };
    let scales = Scales::Real {
        input: input_scale(layer).0,
        weights: scales,
        output: output_scale(layer).0,
    };
    match plan.packed(weights, bias, scales) {
        Ok(packed) => packed,
        Err(_) => panic!("the layer's weights are refused"),
    }
}

const ONES: [i8; PLANS[AVERAGE].weights_len()] = [1; _];

const fn part<T>(numbers: &[T], at: usize, len: usize) -> &[T] {
    numbers.split_at(at).1.split_at(len).0
}

/// Bytes of input and output together, the most of any layer.
pub const RAM: usize = {
    let mut largest = 0;
    let mut layer = 0;
    while layer < LAYERS {
        let both = PLANS[layer].input_len() + PLANS[layer].output_len();
        if both > largest {
            largest = both;
        }
        layer += 1;
    }
    largest
};

/// All the RAM that an image needs, but for some stack.
pub struct Memory {
    maps: [i8; RAM],
}

impl Memory {
    pub const fn new() -> Memory {
        Memory { maps: [0; _] }
    }
}

/// The digit in the image.
///
/// # Errors
///
/// None for a level of this CPU: the lengths are the plans' own.
pub fn classify(level: Level, pixels: &Pixels, memory: &mut Memory) -> Result<u8, Error> {
    let Memory { maps } = memory;
    for (value, &pixel) in maps.iter_mut().zip(pixels) {
        *value = pixel.cast_signed();
    }
    // Input and output lie at the two ends, and what was written is what the next layer reads.
    let mut at_front = true;
    for (plan, packed) in PLANS.iter().zip(PACKED) {
        let (input, output) = super::ends(maps, plan.input_len(), plan.output_len(), at_front);
        plan.run(level, input, packed, output)?;
        at_front = !at_front;
    }
    let (scores, _) = super::ends(maps, CLASSES, 0, at_front);
    Ok(super::largest(scores))
}
