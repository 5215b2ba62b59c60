use core::hint::black_box;

use microconv::{ConvI16, Error, RangeI16, Scales, Weights};

use super::{Outcome, cut, next};
use crate::layer::Job;

/// TensorFlow Lite's 16x8, no clamp within the int16.
pub fn plan(job: &Job) -> Result<ConvI16, Error> {
    ConvI16::new(job.geometry, RangeI16::FULL)
}

/// In words of four bytes: weights, scales, packed, input, output. Biases are of eight, which words are not aligned for, so there are
/// none but zeros: they are added all the same.
pub fn lengths(plan: &ConvI16) -> [usize; 5] {
    [
        plan.weights_len().div_ceil(4),
        plan.output_shape()[4],
        plan.packed_len(),
        plan.input_len().div_ceil(2),
        plan.output_len().div_ceil(2),
    ]
}

pub fn run(job: &Job, plan: &ConvI16, memory: &mut [u32]) -> Result<Outcome, Error> {
    let [weights, scales, packed, input, output] = cut(memory, lengths(plan));
    let weights = &mut bytemuck::must_cast_slice_mut(weights)[..plan.weights_len()];
    let scales = bytemuck::must_cast_slice_mut(scales);
    let packed = bytemuck::must_cast_slice_mut(packed);
    let input: &mut [i16] = &mut bytemuck::must_cast_slice_mut(input)[..plan.input_len()];
    let output: &mut [i16] = &mut bytemuck::must_cast_slice_mut(output)[..plan.output_len()];
    let mut seed = 1;
    // As TensorFlow Lite's specification has them.
    for weight in &mut *weights {
        *weight = ((next(&mut seed) >> 56) as i8).max(-127);
    }
    for number in &mut *input {
        *number = (next(&mut seed) >> 48) as i16;
    }
    // Of such numbers a product is about 75 * 19,000, and a sum of n of them sqrt(n) times as much.
    let taps = plan.weights_len() / plan.output_shape()[4];
    let root = (1..taps).find(|root| root * root >= taps).unwrap_or(1);
    for scale in &mut *scales {
        let spread = 1.0 + (next(&mut seed) >> 40) as f32 / (1 << 24) as f32;
        *scale = spread * 7_500.0 / (75 * 19_000 * root) as f32;
    }
    let real = Scales::Real {
        input: 1.0,
        weights: scales,
        output: 1.0,
    };
    plan.pack(Weights::Ohwi(weights), None, real, packed)?;
    for _ in 0..black_box(job.calls) {
        black_box(plan).run(job.level, black_box(&*input), black_box(packed), output)?;
        black_box(&mut *output);
    }
    Ok(Outcome {
        macs: plan.macs(),
        first: output[0] as u32,
    })
}
