//! Fills the buffers of a layer and calls it. Everything here but the calls costs the same number of instructions whatever the number
//! of calls is, so that the difference between two counts is the calls alone.

use microconv::Error;

use crate::layer::{Dtype, Job};

#[path = "run_f32.rs"]
mod f32;
#[path = "run_i16.rs"]
mod i16;
#[path = "run_i8.rs"]
mod i8;

pub struct Outcome {
    pub macs: u64,
    /// The bits of the first output.
    pub first: u32,
}

/// A checked layer.
pub enum Plan {
    F32(microconv::ConvF32),
    Int8(microconv::ConvI8),
    Int16(microconv::ConvI16),
}

pub fn plan(job: &Job) -> Result<Plan, Error> {
    Ok(match job.dtype {
        Dtype::F32(algorithm) => Plan::F32(f32::plan(job, algorithm)?),
        Dtype::Int8 => Plan::Int8(i8::plan(job)?),
        Dtype::Int16 => Plan::Int16(i16::plan(job)?),
    })
}

/// Words of memory that [`run`] takes.
pub fn memory(plan: &Plan) -> usize {
    match plan {
        Plan::F32(plan) => f32::lengths(plan).iter().sum(),
        Plan::Int8(plan) => i8::lengths(plan).iter().sum(),
        Plan::Int16(plan) => i16::lengths(plan).iter().sum(),
    }
}

pub fn run(job: &Job, plan: &Plan, memory: &mut [u32]) -> Result<Outcome, Error> {
    match plan {
        Plan::F32(plan) => f32::run(job, plan, memory),
        Plan::Int8(plan) => i8::run(job, plan, memory),
        Plan::Int16(plan) => i16::run(job, plan, memory),
    }
}

fn cut<T, const N: usize>(memory: &mut [T], lengths: [usize; N]) -> [&mut [T]; N] {
    let mut rest = memory;
    lengths.map(|length| {
        rest.split_off_mut(..length)
            .expect("memory() elements were given")
    })
}

/// The next number of a linear congruential generator (Knuth's MMIX constants); its upper bits are the good ones.
fn next(seed: &mut u64) -> u64 {
    *seed = seed
        .wrapping_mul(6364136223846793005)
        .wrapping_add(1442695040888963407);
    *seed
}
