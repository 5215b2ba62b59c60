use core::hint::black_box;

use microconv::{ConvI8, Error, Quantization, Scales, Weights};

use super::{Outcome, cut, next};
use crate::layer::Job;

/// TensorFlow Lite's: int8, zero points that are not zero, its double rounding, no clamp within the int8.
pub fn plan(job: &Job) -> Result<ConvI8, Error> {
    ConvI8::new(job.geometry, Quantization::int8(5, -3))
}

/// In words of four bytes: weights, bias, scales, packed, input, output.
pub fn lengths(plan: &ConvI8) -> [usize; 6] {
    let filters = plan.output_shape()[4];
    [
        plan.weights_len().div_ceil(4),
        filters,
        filters,
        plan.packed_len(),
        plan.input_len().div_ceil(4),
        plan.output_len().div_ceil(4),
    ]
}

pub fn run(job: &Job, plan: &ConvI8, memory: &mut [u32]) -> Result<Outcome, Error> {
    let [weights, bias, scales, packed, input, output] = cut(memory, lengths(plan));
    let weights = &mut bytemuck::must_cast_slice_mut(weights)[..plan.weights_len()];
    let bias = bytemuck::must_cast_slice_mut(bias);
    let scales = bytemuck::must_cast_slice_mut(scales);
    let packed = bytemuck::must_cast_slice_mut(packed);
    let input = &mut bytemuck::must_cast_slice_mut(input)[..plan.input_len()];
    let output: &mut [i8] = &mut bytemuck::must_cast_slice_mut(output)[..plan.output_len()];
    let mut seed = 1;
    for byte in weights.iter_mut().chain(input.iter_mut()) {
        *byte = (next(&mut seed) >> 56) as i8;
    }
    // As TensorFlow Lite's specification has them.
    for weight in &mut *weights {
        *weight = (*weight).max(-127);
    }
    for bias in &mut *bias {
        *bias = (next(&mut seed) >> 48) as i32 - (1 << 15);
    }
    // Of such bytes a product is about 75 * 75, and a sum of n of them sqrt(n) times as much.
    let taps = plan.weights_len() / plan.output_shape()[4];
    let root = (1..taps).find(|root| root * root >= taps).unwrap_or(1);
    for scale in &mut *scales {
        let spread = 1.0 + (next(&mut seed) >> 40) as f32 / (1 << 24) as f32;
        *scale = spread * 30.0 / (75 * 75 * root) as f32;
    }
    let real = Scales::Real {
        input: 1.0,
        weights: scales,
        output: 1.0,
    };
    plan.pack(Weights::Ohwi(weights), Some(bias), real, packed)?;
    for _ in 0..black_box(job.calls) {
        black_box(plan).run(job.level, black_box(&*input), black_box(packed), output)?;
        black_box(&mut *output);
    }
    Ok(Outcome {
        macs: plan.macs(),
        first: output[0] as u32,
    })
}
