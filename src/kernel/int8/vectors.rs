//! The kernels of vector levels. They are compiled for the targets that have one.

use super::JobI8;
use crate::kernel::Direct;
use crate::simd::SimdI8;

mod block;
mod depthwise;
mod depthwise3;
mod finish;
pub(crate) mod minimal;
mod peak;
pub(crate) mod quads;
mod spans;
mod staged;
mod tile;

pub(crate) use peak::PeakI8;

#[inline(always)]
pub(crate) fn run<S: SimdI8>(simd: S, job: JobI8<'_>) {
    match job.shape.panels.algorithm {
        Direct::Dense if spans::can::<S>(&job) => simd.run(spans::Spans(job)),
        Direct::Dense => simd.run(staged::Staged(job)),
        Direct::Depthwise if depthwise::can::<S>(&job) => depthwise::run(simd, job),
        Direct::Depthwise => super::taps::run(crate::simd::SCALAR_I8, &job, 0),
    }
}
