//! Dense layers of a window of one pixel at a stride of 1: the image is walked as a single row, whose pixels
//! reach one tap each, and all of them reach it. And those of a window that is the image: each image is such a pixel then.
//!
//! Apart from other windows, for the walk over those costs more than the smallest of these layers computes.

use super::block::{Block, parts, vectors};
use super::rows::cut;
use super::strip::{Span, Strip};
use super::tile;
use super::window::{count, quotient};
use super::{CACHED, Job};
use crate::simd::Simd;

/// Whether a job's layer is one.
#[inline(always)]
pub(super) fn is(job: &Job<'_>) -> bool {
    let (geometry, sizes) = (job.geometry(), job.sizes());
    if sizes.taps == 1 {
        // At this stride there are as many outputs as inputs only if nothing is padded.
        return geometry.stride == [1; 3] && sizes.output == geometry.input;
    }
    geometry.kernel == geometry.input
        && geometry.groups == 1
        && geometry.dilation == [1; 3]
        && sizes.padding == [[0; 2]; 3]
}

/// Pixels are taken through all output channels in a multiple of this, which whole tiles of every level fill.
const MULTIPLE: usize = 84;

/// Computes a job of such a layer.
#[inline(always)]
pub(super) fn run<S: Simd>(simd: S, job: &Job<'_>) {
    let (geometry, panels) = (job.geometry(), job.panels());
    // Of a pixel, or of a group of its channels.
    let depth = panels.taps * panels.depth;
    let pixel = panels.taps * geometry.channels;
    let pixels = count(&job.rows) * job.sizes().output[2];
    let at_once = at_once::<S>(job, pixels);
    let most = vectors::<S>(at_once, panels);
    // The cache keeps all weights, so that a strip may hold many blocks of output channels.
    let together = job.memory.packed.len() <= 2 * CACHED;
    let mut strip = Strip {
        blocks: 1,
        block: 0,
        tiles: 0,
        lines: 1,
        input_line: 0,
        output_line: 0,
        pixel,
        input: job.input(),
        planes: 1,
        rows: 1,
        plane: 0,
        row: 0,
        piece: 0,
        spans: [
            Span::EMPTY,
            Span {
                at: 0,
                pieces: 1,
                len: depth,
            },
            Span::EMPTY,
        ],
        bias: job.packed(),
        weights: job.packed(),
        width: 0,
        panel: 0,
        weights_plane: 0,
        weights_row: 0,
        output: job.output(),
        output_pixel: geometry.filters,
        channels: 0,
        clamp: job.activation().range(),
    };
    let mut from = 0;
    while from < pixels {
        let end = (from + at_once).min(pixels);
        let mut panel = 0;
        for group in 0..panels.groups {
            let input = job.input().wrapping_add(group * depth);
            let mut first = 0;
            while first < panels.filters {
                let block =
                    Block::new::<S>(most, together, panels.filters, 1 + depth, first, panel);
                let output = job.output().wrapping_add(group * panels.filters + first);
                strip.blocks = block.count;
                strip.block = block.step;
                // The panels of a group follow each other as `Panels` counts them.
                strip.bias = job.packed().wrapping_add(block.panel + block.lane);
                strip.weights = strip.bias.wrapping_add(block.width);
                strip.width = block.width;
                strip.panel = block.panel_len;
                strip.channels = block.channels;
                let tallest = S::TILES[block.vectors];
                let mut x = from;
                while x < end {
                    let (tile, tiles) = cut(end - x, tallest);
                    strip.tiles = tiles;
                    strip.input = input.wrapping_add(x * pixel);
                    strip.output = output.wrapping_add(x * geometry.filters);
                    // SAFETY: the window reaches the pixel it is at, the block's panels lie at the bias,
                    // and the output's pixels have every group's filters.
                    unsafe { tile::run::<S, true>(simd, &strip, tile, block.vectors) };
                    x += tile * tiles;
                }
                first += block.count * block.vectors * S::LANES;
                panel = block.next;
            }
        }
        from = end;
    }
}

/// How many of the pixels are taken through all output channels before the next.
#[inline(always)]
fn at_once<S: Simd>(job: &Job<'_>, pixels: usize) -> usize {
    let read = job.memory.input.len();
    if read > CACHED
        && let Some(parts) = parts::<S>(job, read)
    {
        return quotient(pixels, parts).max(1).next_multiple_of(MULTIPLE);
    }
    pixels
}
