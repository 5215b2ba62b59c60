use core::hint::black_box;

use microconv::{Activation, Algorithm, ConvF32, Error, Limits, Weights};

use super::{Outcome, cut, next};
use crate::layer::Job;

/// Bytes of scratch that an algorithm may use that was not asked for by name; the bare machines have no such room.
const SCRATCH: usize = if cfg!(target_os = "none") { 0 } else { 4 << 20 };

/// And of one that was.
const NAMED: usize = 256 << 10;

pub fn plan(job: &Job, algorithm: Algorithm) -> Result<ConvF32, Error> {
    let limits = Limits::scratch(match algorithm {
        Algorithm::Auto => SCRATCH,
        _ => NAMED,
    });
    ConvF32::with_algorithm(job.geometry, Activation::NONE, algorithm, limits)
}

pub fn lengths(plan: &ConvF32) -> [usize; 6] {
    [
        plan.weights_len(),
        plan.output_shape()[4],
        plan.packed_len(),
        plan.input_len(),
        plan.scratch_len(),
        plan.output_len(),
    ]
}

pub fn run(job: &Job, plan: &ConvF32, memory: &mut [u32]) -> Result<Outcome, Error> {
    let [weights, bias, packed, input, scratch, output] =
        cut(bytemuck::must_cast_slice_mut(memory), lengths(plan));
    let mut seed = 1;
    fill(weights, &mut seed);
    fill(bias, &mut seed);
    fill(input, &mut seed);
    plan.pack(Weights::Ohwi(weights), Some(bias), packed)?;
    for _ in 0..black_box(job.calls) {
        black_box(plan).run(
            job.level,
            black_box(input),
            black_box(packed),
            output,
            scratch,
        )?;
        black_box(&mut *output);
    }
    Ok(Outcome {
        macs: plan.macs(),
        first: output[0].to_bits(),
    })
}

/// Numbers in -1..1. None is a zero or a subnormal, which no count may depend on, but a reader might wonder.
fn fill(values: &mut [f32], seed: &mut u64) {
    for value in values {
        *value = ((next(seed) >> 40) as i32 | 1) as f32 / (1 << 23) as f32 - 1.0;
    }
}
