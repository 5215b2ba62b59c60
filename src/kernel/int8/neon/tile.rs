//! The dense inner loop: some pixels times a block of filters.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::dense::Block;
use super::finish::{Ends, tflite};
use crate::pack::PANEL;
use crate::simd::{KernelNeon, NeonI8};
use core::arch::aarch64::*;

/// What lies side by side under a window: rows of the image, or one row that is laid out.
#[derive(Clone, Copy)]
pub(super) struct Pieces<'a> {
    /// Where each starts: bytes from the first.
    pub starts: &'a [usize],
    /// Of a piece.
    pub quads: usize,
}

/// Tiles one after the other.
pub(super) struct Tiles<'a> {
    /// Pixels of a tile, and tiles.
    pub pixels: usize,
    pub tiles: usize,
    /// The first pixel's inputs, and bytes to the next pixel, and to the next tile.
    pub inputs: *const i8,
    pub pixel: usize,
    pub step: usize,
    pub pieces: Pieces<'a>,
    pub block: Block,
    /// The weights of the first quad.
    pub weights: *const i32,
    /// What a sum starts with.
    pub bias: *const i32,
    /// `[pixel][filter]`
    pub sums: *mut i32,
    /// Whether there are sums so far, which are then added.
    pub go_on: bool,
    /// Instead of keeping the sums, writes the bytes that [`tflite`] makes of them. There are at least two
    /// vectors, of filters that all exist.
    pub write: bool,
    pub bytes: Bytes<'a>,
}

/// Where bytes go, and how they are made.
pub(super) struct Bytes<'a> {
    pub ends: &'a Ends,
    pub multiplier: *const i32,
    pub shift: *const i32,
    /// Each pixel's output, counted from that of the first filter of `output`.
    pub places: *const usize,
    pub output: *mut i8,
}

/// A level's multiplication, for what is the same on all levels.
#[derive(Clone, Copy)]
pub(super) struct Multiply<'a> {
    /// What [`NeonI8`] says of the level.
    pub pixels: usize,
    pub vectors: usize,
    pub pairs: bool,
    /// [`run`] of the level.
    pub tiles: &'a dyn Fn(&Tiles<'_>),
}

struct Tile<'a, const M: usize, const V: usize, const W: usize>(&'a Tiles<'a>);

/// Runs the tiles.
///
/// # Safety
/// All that is pointed to is there.
#[inline(always)]
pub(super) unsafe fn run<S: NeonI8>(simd: S, tiles: &Tiles<'_>) {
    macro_rules! pixels {
        ($vectors:literal $width:expr; $($m:literal)*) => {
            match if S::PAIRS { tiles.pixels.next_multiple_of(2) } else { tiles.pixels } {
                $($m if const { $m <= S::PIXELS && !(S::PAIRS && $m % 2 == 1) } => {
                    simd.run(Tile::<$m, $vectors, { $width }>(tiles));
                })*
                _ => {}
            }
        };
    }
    macro_rules! vectors {
        ($vectors:literal $width:expr) => {
            pixels!($vectors $width; 1 2 3 4 5 6 8 10 12)
        };
    }
    match (tiles.block.vectors, tiles.block.width) {
        (4, _) if const { S::VECTORS == 4 } => vectors!(4 PANEL),
        (2, PANEL) if const { S::VECTORS == 2 } => vectors!(2 PANEL),
        (2, _) => vectors!(2 8),
        _ => vectors!(1 4),
    }
}

impl<const M: usize, const V: usize, const W: usize> KernelNeon for Tile<'_, M, V, W> {
    #[inline(always)]
    fn run<S: NeonI8>(self, simd: S) {
        let tiles = self.0;
        let pieces = tiles.pieces;
        let (mut inputs, mut to) = (tiles.inputs, tiles.sums);
        let mut first = 0;
        for _ in 0..tiles.tiles {
            // SAFETY: `run` above passes its caller's promise on.
            unsafe {
                let mut bias = [vdupq_n_s32(0); V];
                for v in 0..V {
                    bias[v] = vld1q_s32(tiles.bias.add(4 * v));
                }
                let mut sums = simd.start::<M, V>(bias);
                let mut w = tiles.weights;
                for start in pieces.starts {
                    let x = inputs.wrapping_add(*start);
                    simd.add::<M, V, W>(&mut sums, x, tiles.pixel, w, pieces.quads);
                    w = w.wrapping_add(pieces.quads * W);
                }
                let sums = simd.lanes(sums);
                if V > 1 && tiles.write {
                    tiles.bytes.write(sums, first, tiles.pixels);
                } else {
                    // Of a pair of which there is one pixel only, the other has room.
                    for m in 0..M {
                        for v in 0..V {
                            let to = to.add((m * V + v) * 4);
                            let sum = if tiles.go_on {
                                vaddq_s32(sums[m][v], vld1q_s32(to))
                            } else {
                                sums[m][v]
                            };
                            vst1q_s32(to, sum);
                        }
                    }
                    to = to.wrapping_add(M * V * 4);
                }
            }
            inputs = inputs.wrapping_add(tiles.step);
            first += M;
        }
    }
}

impl Bytes<'_> {
    /// Writes those of a tile, from pixel `first` on, of which `exist` exist: `M`, or one less.
    ///
    /// # Safety
    /// All that it points to is there, and the caller is compiled for NEON.
    #[inline(always)]
    unsafe fn write<const M: usize, const V: usize>(
        &self,
        mut sums: [[int32x4_t; V]; M],
        first: usize,
        exist: usize,
    ) {
        // SAFETY: the caller's.
        unsafe {
            let mut scales = [[vdupq_n_s32(0); 2]; V];
            for v in 0..V {
                scales[v] = [self.multiplier, self.shift].map(|p| vld1q_s32(p.add(4 * v)));
            }
            // Pixel by pixel, or there are not enough registers.
            for m in 0..M {
                for v in 0..V {
                    sums[m][v] = tflite(sums[m][v], scales[v][0], scales[v][1]);
                }
            }
            let ends = *self.ends;
            let places = self.places.add(first);
            let to = |m: usize| self.output.wrapping_add(places.add(m).read());
            if V == 4 {
                let mut bytes = [vdupq_n_s8(0); M];
                for m in 0..M {
                    let four = [sums[m][0], sums[m][1], sums[m][2 % V], sums[m][3 % V]];
                    bytes[m] = ends.narrow(four);
                }
                ends.clamp(&mut bytes);
                for m in (0..M).step_by(2) {
                    let next = (m + 1).min(M - 1);
                    let [a, b] = [to(m), to(next)];
                    vst1q_s8(a, bytes[m]);
                    if next > m {
                        vst1q_s8(b, bytes[next]);
                    }
                }
            } else {
                let mut bytes = [vdup_n_s8(0); M];
                for m in 0..M {
                    bytes[m] = ends.narrow_half([sums[m][0], sums[m][1 % V]]);
                }
                ends.clamp_half(&mut bytes);
                // Two places are one load; that of the other of a pair of which there is one pixel is there, and
                // nothing is written to it.
                for m in (0..M - 1).step_by(2) {
                    let [a, b] = [to(m), to(m + 1)];
                    vst1_s8(a, bytes[m]);
                    if m + 2 < M || exist == M {
                        vst1_s8(b, bytes[m + 1]);
                    }
                }
                if M % 2 == 1 {
                    vst1_s8(to(M - 1), bytes[M - 1]);
                }
            }
        }
    }
}
