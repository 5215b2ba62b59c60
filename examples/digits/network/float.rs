//! The network in f32.

use microconv::{Activation, ConvF32, Error, Level, SeparableF32, Weights};

use super::images::Pixels;
use super::{AVERAGE, CLASSES, DEPTHWISE, GEOMETRIES, LAYERS, POINTWISE};

pub const PLANS: [ConvF32; LAYERS] = {
    let mut plans = [plan(0); LAYERS];
    let mut layer = 1;
    while layer < LAYERS {
        plans[layer] = plan(layer);
        layer += 1;
    }
    plans
};

/// A geometry that cannot be is a compile error here.
const fn plan(layer: usize) -> ConvF32 {
    let activation = if super::has_relu(layer) {
        Activation::RELU
    } else {
        Activation::NONE
    };
    match ConvF32::new(GEOMETRIES[layer], activation) {
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
const BYTES: &[u8] = include_bytes!("../weights.bin");

/// Where a layer's numbers begin in `VALUES`; for `LAYERS`, where the last ones end.
const fn start(layer: usize) -> usize {
    let mut at = 0;
    let mut before = 0;
    while before < layer {
        if before != AVERAGE {
            at += PLANS[before].weights_len() + GEOMETRIES[before].filters;
        }
        before += 1;
    }
    at
}

const _: () = assert!(start(LAYERS) * 4 == BYTES.len());

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
        _ => Some(rest.split_at(GEOMETRIES[layer].filters).0),
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
const MAPS: usize = largest_step(true);

/// Elements of RAM with the two layers fused: a row of the map between them is scratch.
pub const RAM_FUSED: usize = MAPS + FUSED.scratch_len();

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

/// All the RAM that an image needs, but for some stack.
pub struct Memory {
    maps: [f32; MAPS],
    scratch: [f32; FUSED.scratch_len()],
}

impl Memory {
    pub const fn new() -> Memory {
        Memory {
            maps: [0.0; _],
            scratch: [0.0; _],
        }
    }
}

/// The digit in the image.
///
/// # Errors
///
/// None for a level of this CPU: the lengths are the plans' own.
pub fn classify(level: Level, pixels: &Pixels, memory: &mut Memory) -> Result<u8, Error> {
    let Memory { maps, scratch } = memory;
    for (value, &pixel) in maps.iter_mut().zip(pixels) {
        *value = f32::from(pixel) / 16.0;
    }
    // Input and output lie at the two ends, and what was written is what the next step reads.
    let mut at_front = true;
    let mut layer = 0;
    while layer < LAYERS {
        let fused = layer == DEPTHWISE;
        let last = if fused { POINTWISE } else { layer };
        let (from, to) = (PLANS[layer].input_len(), PLANS[last].output_len());
        let (input, output) = super::ends(maps, from, to, at_front);
        if fused {
            let packed = [PACKED[layer], PACKED[last]];
            FUSED.run(level, input, packed, output, scratch)?;
        } else {
            PLANS[layer].run(level, input, PACKED[layer], output, &mut [])?;
        }
        at_front = !at_front;
        layer = last + 1;
    }
    let (scores, _) = super::ends(maps, CLASSES, 0, at_front);
    Ok(super::largest(scores))
}
