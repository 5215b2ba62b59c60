//! The dense inner loop: some staged pixels times some vectors of filters.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::block::Block;
use crate::pack_i8::{HEADER, QUAD};
use crate::simd::{KernelI8, MOST_PIXELS, SimdI8, opaque};

/// Tiles one after the other of one block, over a part of the sum.
pub(super) struct Tiles<'a, S: SimdI8> {
    /// Pixels of a tile, and tiles.
    pub pixels: usize,
    pub tiles: usize,
    pub block: Block,
    /// Rows of inputs of the first pixel; those of the next are `stride` further on.
    pub rows: &'a [*const S::Input],
    pub stride: usize,
    /// The first quad to add, counted from the start of the sum, and how many each row has.
    pub first: usize,
    pub quads: usize,
    /// `[pixel][vector]`, the sums so far, and afterwards if they are to go on.
    pub sums: *mut S::Sums,
    /// Whether there are sums so far.
    pub go_on: bool,
    /// `[pixel][vector]`, the sums of a word each if these are the last quads. It may be the same
    /// place as `sums`.
    pub last: Option<*mut S::I32>,
}

struct Tile<'a, S: SimdI8, const M: usize, const V: usize>(&'a Tiles<'a, S>);

/// Pixels whose inputs are addressed from one place: x86 adds none, one or two strides to it.
const NEAR: usize = 3;
/// Such places, for the largest tile.
const PLACES: usize = MOST_PIXELS.div_ceil(NEAR);

/// Runs the tiles.
///
/// # Safety
///
/// The tile is one of the level's, all pixels are staged, the block's weights
/// are whole panels', and there is room for the sums.
#[inline(always)]
pub(super) unsafe fn run<S: SimdI8>(simd: S, tiles: &Tiles<'_, S>) {
    macro_rules! tiles {
        ($($v:literal: $($m:literal)*;)*) => {
            match tiles.block.vectors {
                $($v if const { $v <= S::VECTORS } => match tiles.pixels {
                    $($m if const { $m <= S::TILES[$v] } => simd.run(Tile::<S, $m, $v>(tiles)),)*
                    _ => {}
                },)*
                _ => {}
            }
        };
    }
    tiles! {
        1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14;
        2: 1 2 3 4 5 6 7 8 9 10 11 12 13 14;
    }
}

impl<S: SimdI8, const M: usize, const V: usize> KernelI8<S> for Tile<'_, S, M, V> {
    #[inline(always)]
    fn run(self, simd: S) {
        let tiles = self.0;
        let block = &tiles.block;
        let mask = simd.mask(block.width);
        // A panel's header, then its quads.
        let weights = block
            .header
            .wrapping_add((HEADER + tiles.first) * block.width);
        let stride = tiles.stride;
        let mut pixel = 0;
        let mut to = tiles.sums;
        let mut last = tiles.last;
        for _ in 0..tiles.tiles {
            // SAFETY: `run` above passes its caller's promise on, for each tile.
            unsafe {
                let mut sums = [[simd.zero(); V]; M];
                if tiles.go_on {
                    for m in 0..M {
                        for v in 0..V {
                            sums[m][v] = to.add(m * V + v).read();
                        }
                    }
                }
                let mut w = weights;
                for &row in tiles.rows {
                    let mut x = [row.wrapping_add(pixel); PLACES];
                    for place in 1..PLACES {
                        x[place] = x[place - 1].wrapping_add(NEAR.wrapping_mul(stride));
                    }
                    for _ in 0..tiles.quads {
                        let mut b = [simd.weights(w, mask); V];
                        for v in 1..V {
                            b[v] = simd.weights(w.add(block.lane::<S>(v)), mask);
                        }
                        for place in 0..PLACES {
                            for near in 0..NEAR {
                                let m = NEAR * place + near;
                                if m < M {
                                    let a =
                                        simd.quad(x[place].wrapping_add(near.wrapping_mul(stride)));
                                    for v in 0..V {
                                        sums[m][v] = simd.dot(sums[m][v], a, b[v]);
                                    }
                                }
                            }
                        }
                        w = w.wrapping_add(block.width);
                        for x in &mut x {
                            // Or the compiler would keep an address of each pixel.
                            *x = opaque(x.wrapping_add(QUAD));
                        }
                    }
                }
                if let Some(words) = last {
                    for m in 0..M {
                        for v in 0..V {
                            words.add(m * V + v).write(simd.lanes(sums[m][v]));
                        }
                    }
                    last = Some(words.wrapping_add(M * V));
                } else {
                    for m in 0..M {
                        for v in 0..V {
                            to.add(m * V + v).write(sums[m][v]);
                        }
                    }
                }
            }
            pixel = pixel.wrapping_add(M.wrapping_mul(stride));
            to = to.wrapping_add(M * V);
        }
    }
}
