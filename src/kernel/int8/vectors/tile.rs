//! The dense inner loop: some staged pixels times some vectors of filters.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use crate::pack::PANEL;
use crate::pack_i8::{HEADER, QUAD};
use crate::simd::{KernelI8, SimdI8};

/// Some vectors of filters that stand side by side, and where their weights are.
#[derive(Clone, Copy)]
pub(super) struct Block {
    pub vectors: usize,
    /// Filters that exist.
    pub filters: usize,
    /// The header's entry of the first filter.
    pub header: *const i32,
    /// Width of the panel, and words to the next.
    pub width: usize,
    pub panel: usize,
}

impl Block {
    /// Where vector `v` lies in a row of the panels: words from the first.
    #[inline(always)]
    pub fn lane<S: SimdI8>(&self, v: usize) -> usize {
        v * S::LANES / PANEL * self.panel + v * S::LANES % PANEL
    }
}

/// Tiles one after the other of one block, over a part of the sum.
pub(super) struct Tiles<S: SimdI8> {
    /// Pixels of a tile, and tiles.
    pub pixels: usize,
    pub tiles: usize,
    pub block: Block,
    /// Inputs of the first pixel; those of the next are [`Self::stride`] further on.
    pub inputs: *const S::Input,
    /// The quads to add, counted from the start of the sum.
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

struct Tile<'a, S: SimdI8, const M: usize, const V: usize, const STRIDE: usize>(&'a Tiles<S>);

/// Runs the tiles.
///
/// # Safety
///
/// The tile is one of the level's, all pixels are staged `STRIDE` elements apart, the block's weights
/// are whole panels', and there is room for the sums.
#[inline(always)]
pub(super) unsafe fn run<S: SimdI8, const STRIDE: usize>(simd: S, tiles: &Tiles<S>) {
    macro_rules! tiles {
        ($($v:literal: $($m:literal)*;)*) => {
            match tiles.block.vectors {
                $($v if const { $v <= S::VECTORS } => match tiles.pixels {
                    $($m if const { $m <= S::TILES[$v] } => simd.run(Tile::<S, $m, $v, STRIDE>(tiles)),)*
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

impl<S: SimdI8, const M: usize, const V: usize, const STRIDE: usize> KernelI8<S>
    for Tile<'_, S, M, V, STRIDE>
{
    #[inline(always)]
    fn run(self, simd: S) {
        let tiles = self.0;
        let block = &tiles.block;
        let mask = simd.mask(block.width);
        // A panel's header, then its quads.
        let weights = block
            .header
            .wrapping_add((HEADER + tiles.first) * block.width);
        let mut inputs = tiles.inputs;
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
                let (mut w, mut x) = (weights, inputs);
                for _ in 0..tiles.quads {
                    let mut b = [simd.weights(w, mask); V];
                    for v in 1..V {
                        b[v] = simd.weights(w.add(block.lane::<S>(v)), mask);
                    }
                    for m in 0..M {
                        let a = simd.quad(x.add(m * STRIDE));
                        for v in 0..V {
                            sums[m][v] = simd.dot(sums[m][v], a, b[v]);
                        }
                    }
                    w = w.wrapping_add(block.width);
                    x = x.wrapping_add(QUAD);
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
            inputs = inputs.wrapping_add(M * STRIDE);
            to = to.wrapping_add(M * V);
        }
    }
}
