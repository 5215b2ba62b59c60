//! The kernels of aarch64, which multiplies signed bytes: inputs and weights as they are.

use self::dense::Dense;
use self::tile::Multiply;
use super::JobI8;
use crate::kernel::Direct;
use crate::pack::{PANEL, width};
use crate::pack_i8::HEADER;
use crate::simd::NeonI8;
use core::arch::aarch64::*;

mod dense;
mod depthwise;
mod depthwise3;
mod depthwise3_bands;
mod depthwise3_words;
mod finish;
mod peak;
mod stage;
mod tile;

pub(crate) use peak::multiply_adds;

/// Runs a dense job, unless multiplying pixels in pairs would not pay, and gives back any other: that is
/// for a lesser level.
#[inline(always)]
pub(crate) fn dense<S: NeonI8>(simd: S, job: JobI8<'_>) -> Option<JobI8<'_>> {
    match job.shape.panels.algorithm {
        Direct::Dense if !S::PAIRS || dense::pairs_pay(&job) => {
            let multiply = Multiply {
                pixels: S::PIXELS,
                vectors: S::VECTORS,
                pairs: S::PAIRS,
                // SAFETY: whoever calls it has what it points to.
                tiles: &|tiles| unsafe { tile::run(simd, tiles) },
            };
            simd.plain(Dense { job, multiply });
            None
        }
        _ => Some(job),
    }
}

#[inline(always)]
pub(crate) fn depthwise<S: NeonI8>(simd: S, job: JobI8<'_>) {
    depthwise::run(simd, job);
}

/// Whether no weight is -128: then two products fit 16 bits together.
#[inline(never)]
pub(crate) fn pairs_fit(job: &JobI8<'_>) -> bool {
    let panels = &job.shape.panels;
    let mut panel = job.packed;
    // SAFETY: the caller is compiled for NEON; panels follow each other as `PanelsI8` counts them, and
    // a row of one is at least 16 bytes long, or 4 under depthwise windows.
    unsafe {
        let mut least = vdupq_n_s8(0);
        for _ in 0..panels.panels.groups {
            let mut first = 0;
            while first < panels.panels.filters {
                let width = width(panels.panels.filters - first);
                let words = panels.panel(width) - HEADER * width;
                let weights = panel.wrapping_add(HEADER * width);
                let mut word = 0;
                while word + 16 <= words {
                    let four = [0, 4, 8, 12].map(|at| vld1q_s8(weights.add(word + at).cast()));
                    let [a, b, c, d] = four;
                    least = vminq_s8(least, vminq_s8(vminq_s8(a, b), vminq_s8(c, d)));
                    word += 16;
                }
                while word + 4 <= words {
                    least = vminq_s8(least, vld1q_s8(weights.add(word).cast()));
                    word += 4;
                }
                while word < words {
                    let rest = vdupq_n_s32(weights.add(word).read());
                    least = vminq_s8(least, vreinterpretq_s8_s32(rest));
                    word += 1;
                }
                panel = weights.wrapping_add(words);
                first += PANEL;
            }
        }
        vminvq_s8(least) > i8::MIN
    }
}
