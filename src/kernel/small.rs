//! Convolution of f32 for cores without vectors: small code on a small stack.
//!
//! The other kernels keep what they need of a layer in variables, and have a copy for each size of a tile. Here a strip of tiles
//! lies in memory, loops take what they need from there, and what computes it has returned when they run.

use super::Job;

mod passes;
mod plain;
pub(crate) mod strip;
mod walk;
pub(crate) mod winograd;

/// The job is one of a direct method.
#[inline(always)]
pub(super) fn run(job: &Job<'_>) {
    passes::all(job);
}
