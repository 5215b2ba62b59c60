//! Depthwise with half a vector of channels, windows of three columns at a stride of 1: pixels and
//! channels are one contiguous axis, so a vector holds two pixels, and the weights twice.
//!
//! The vector's inputs under one tap start where its first pixel's do, and two pixels are a step:
//! these are the windows of one pixel of twice the channels at a stride of 2, whose inputs lie half a
//! vector apart.

use super::Job;
use super::depthwise::{Layer, Segment, Strip};
use super::rows::{Columns, Cut, Lines, cut};
use crate::pack::PANEL;
use crate::simd::Simd;

/// The most taps of a window: 3x3x3.
const TAPS: usize = 27;
/// The fewest pixels of a row. A border is a pixel by itself, and must not be a large part of it.
const FEWEST: usize = 16;

/// The biases and the weights, each row of them twice.
pub(super) struct Doubled {
    rows: [f32; (1 + TAPS) * PANEL],
}

impl Doubled {
    /// Whether the level has vectors of two pixels: so wide are the registers of x86 alone.
    #[inline(always)]
    pub const fn on<S: Simd>() -> bool {
        S::LANES >= 8
    }

    /// Those of a job whose windows slide, if it has so many channels.
    #[inline(always)]
    pub fn of<S: Simd>(job: &Job<'_>) -> Option<Self> {
        let geometry = job.geometry();
        let half = S::LANES / 2;
        if !Self::on::<S>()
            || geometry.filters != half
            || geometry.stride[2] != 1
            || job.sizes().output[2] < FEWEST
            || job.sizes().taps > TAPS
        {
            return None;
        }
        let mut rows = [0.0; (1 + TAPS) * PANEL];
        // (Chunks would bring a panic for those of no length.)
        for tap in 0..1 + job.sizes().taps {
            for lane in 0..S::LANES {
                let from = tap * half + lane % half.max(1);
                let to = rows.get_mut(tap * S::LANES + lane);
                if let (Some(to), true) = (to, from < job.memory.packed.len()) {
                    // SAFETY: it is one of the packed weights.
                    *to = unsafe { job.packed().add(from).read() };
                }
            }
        }
        Some(Doubled { rows })
    }

    /// The next tiles of pairs of pixels, from pixel `x` on. There are none at a border, nor where a
    /// single pixel is left.
    #[inline(always)]
    pub fn pairs<S: Simd>(&self, columns: &Columns, x: usize) -> Cut {
        let inside = if columns.interior.contains(&x) {
            columns.interior.end - x
        } else {
            0
        };
        let (tile, tiles) = cut(inside / 2, S::SLIDE);
        Cut {
            x,
            tile,
            tiles,
            taps: [0, 0, 3, 3],
        }
    }

    /// The strip of these tiles: of one vector, at a stride of 2.
    #[inline(always)]
    pub fn strip<S: Simd>(
        &self,
        layer: &Layer<'_>,
        lines: &Lines,
        pairs: &Cut,
        columns: &Columns,
        output: *mut f32,
    ) -> Strip {
        let segment = Segment {
            filter: 0,
            vectors: 1,
            filters: S::LANES,
            panel: 0,
            width: S::LANES,
        };
        let bias = self.rows.as_ptr();
        let mut strip = layer.strip(bias, lines, pairs, columns, &segment, output);
        strip.pixel *= 2;
        strip.output_pixel *= 2;
        strip
    }
}
