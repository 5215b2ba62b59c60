//! The products at the points: for each, the transformed inputs of some tiles times the transformed
//! filters, summed over the channels.
//!
//! It is a convolution of one pixel whose pixels are tiles, with the register tiles and the inner
//! loop of the direct convolution; what that does around the loop for windows, borders and biases
//! would cost as much as the loop where channels are few.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::dense::{self, Block};
use super::piece::piece;
use super::rows::cut;
use super::tile::{Span, Strip, each};
use crate::simd::{Kernel, Simd};

/// The products of a block of tiles with some filters.
pub(super) struct Products {
    /// `[point][tile][channel]`, and the floats between points.
    pub inputs: *const f32,
    pub inputs_plane: usize,
    /// The panel of the first filter.
    pub packed: *const f32,
    pub filters: usize,
    /// Rows of a panel.
    pub rows: usize,
    pub depth: usize,
    pub tiles: usize,
    /// `[point][tile][filter]`, and the floats between points and between tiles.
    pub to: *mut f32,
    pub plane: usize,
    pub pixel: usize,
}

impl Products {
    /// # Safety
    /// The planes and panels are there, and a tile's row of products is whole panels long.
    #[inline(always)]
    pub unsafe fn multiply<S: Simd>(&self, simd: S, points: usize) {
        let most = dense::vectors::<S>(self.tiles);
        for point in 0..points {
            let (mut first, mut panel) = (0, 0);
            while first < self.filters {
                let block = Block::new::<S>(most, true, self.filters, self.rows, first, panel);
                let lanes = block.vectors * S::LANES;
                let head = self.packed.wrapping_add(block.panel + block.lane);
                let mut strip = Strip {
                    blocks: block.count,
                    block: block.step,
                    tiles: 0,
                    lines: 1,
                    input_line: 0,
                    output_line: 0,
                    pixel: self.depth,
                    input: self.inputs.wrapping_add(point * self.inputs_plane),
                    planes: 1,
                    rows: 1,
                    plane: 0,
                    row: 0,
                    piece: 0,
                    spans: [Span::EMPTY; 3],
                    bias: head,
                    weights: head.wrapping_add((1 + point * self.depth) * block.width),
                    width: block.width,
                    panel: block.panel_len,
                    weights_plane: 0,
                    weights_row: 0,
                    output: self.to.wrapping_add(point * self.plane + first),
                    output_pixel: self.pixel,
                    channels: lanes,
                    clamp: None,
                };
                strip.spans[1] = Span {
                    at: 0,
                    pieces: 1,
                    len: self.depth,
                };
                let mut tile = 0;
                while tile < self.tiles {
                    let (pixels, tiles) = cut(self.tiles - tile, S::TILES[block.vectors]);
                    strip.tiles = tiles;
                    // SAFETY: the caller's.
                    unsafe { tiles_of(simd, &strip, pixels, block.vectors) };
                    let done = pixels * tiles;
                    strip.input = strip.input.wrapping_add(done * self.depth);
                    strip.output = strip.output.wrapping_add(done * self.pixel);
                    tile += done;
                }
                first += block.count * lanes;
                panel = block.next;
            }
        }
    }
}

/// `M` pixels times `V` vectors: sums without a bias, all of whose lanes are written.
struct Tile<'a, const M: usize, const V: usize>(&'a Strip);

/// Runs a strip in tiles of `pixels` times `vectors`.
///
/// # Safety
/// The tile is one of the level's; the inputs, weights and products are there.
#[inline(always)]
unsafe fn tiles_of<S: Simd>(simd: S, strip: &Strip, pixels: usize, vectors: usize) {
    macro_rules! tiles {
        ($($v:literal: $($m:literal)*;)*) => {
            match vectors {
                $($v if const { S::TILES[$v] > 0 } => match pixels {
                    $($m if const { $m <= S::TILES[$v] } => simd.run(Tile::<$m, $v>(strip)),)*
                    _ => {}
                },)*
                _ => {}
            }
        };
    }
    tiles! {
        1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14;
        2: 1 2 3 4 5 6 7 8 9 10 11 12 13 14;
        4: 1 2 3 4 5 6;
    }
}

impl<const M: usize, const V: usize> Kernel for Tile<'_, M, V> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let strip = self.0;
        let len = strip.spans[1].len;
        each::<S, M, V>(strip, |[_, weights, input], mut output| {
            let mut acc = [[simd.splat(0.0); V]; M];
            // SAFETY: `tiles_of` passes its caller's promise on.
            unsafe {
                piece::<S, M, V, 0, M>(simd, &mut acc, strip, input, weights, len);
                for acc in acc {
                    for (v, x) in acc.into_iter().enumerate() {
                        simd.store(output.wrapping_add(v * S::LANES), x);
                    }
                    output = output.wrapping_add(strip.output_pixel);
                }
            }
            output
        });
    }
}
