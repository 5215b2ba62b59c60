//! Fills the buffers of a layer and calls it. Everything here but the calls costs the same number of instructions whatever the number
//! of calls is, so that the difference between two counts is the calls alone.

use core::hint::black_box;

use microconv::{Activation, Algorithm, ConvF32, Error, Limits, Weights};

use crate::layer::Job;

pub struct Outcome {
    pub macs: u64,
    pub first: f32,
}

/// Bytes of scratch that the algorithm may use; the bare machines have no such room.
const SCRATCH: usize = if cfg!(target_os = "none") { 0 } else { 4 << 20 };

pub fn plan(job: &Job) -> Result<ConvF32, Error> {
    let limits = Limits::scratch(SCRATCH);
    ConvF32::with_algorithm(job.geometry, Activation::NONE, Algorithm::Auto, limits)
}

/// Elements of memory that [`run`] takes.
pub fn memory(plan: &ConvF32) -> usize {
    lengths(plan).iter().sum()
}

fn lengths(plan: &ConvF32) -> [usize; 6] {
    [
        plan.weights_len(),
        plan.output_shape()[4],
        plan.packed_len(),
        plan.input_len(),
        plan.scratch_len(),
        plan.output_len(),
    ]
}

pub fn run(job: &Job, plan: &ConvF32, memory: &mut [f32]) -> Result<Outcome, Error> {
    let [weights, bias, packed, input, scratch, output] = cut(memory, lengths(plan));
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
        first: output[0],
    })
}

fn cut<const N: usize>(memory: &mut [f32], lengths: [usize; N]) -> [&mut [f32]; N] {
    let mut rest = memory;
    lengths.map(|length| {
        rest.split_off_mut(..length)
            .expect("memory() elements were given")
    })
}

/// Numbers in -1..1 from a linear congruential generator (Knuth's MMIX constants). None is a zero or a subnormal, which no count may
/// depend on, but a reader might wonder.
fn fill(values: &mut [f32], seed: &mut u64) {
    for value in values {
        *seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        *value = ((*seed >> 40) as i32 | 1) as f32 / (1 << 23) as f32 - 1.0;
    }
}
