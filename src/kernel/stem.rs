//! The tile of a network's first layer, whose input has one or three channels: a row of its window is a
//! few floats, fewer than the loops of other tiles are worth.
//!
//! Under a window of three columns the length of such a row is known, and how far neighbouring pixels
//! reach into each other's. So a row is straight code, and needs one address. A level that multiplies by a
//! lane loads the floats under all pixels of a tile once, as whole vectors, of which each pixel has its own
//! lanes.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::block::Block;
use super::finish::{clamp, finish_with, store};
use super::piece::{lane, sums};
use super::rows::{Columns, Cut};
use super::strip::{Strip, Tile, each};
use super::window::{count, quotient};
use crate::geometry::Geometry;
use crate::pack::PANEL;
use crate::simd::{Kernel, Simd};

/// Columns of the window.
const COLUMNS: usize = 3;
/// The most vectors under a row of a tile.
const MOST: usize = 13;

/// `M` pixels times `V` vectors that all reach the same taps: rows of three columns of `DEPTH` channels
/// each, at a stride of `STRIDE`.
struct Stem<'a, const M: usize, const V: usize, const DEPTH: usize, const STRIDE: usize>(&'a Strip);

/// Which tiles a block of output channels has.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pixels: usize,
    vectors: usize,
    depth: usize,
    stride: usize,
}

/// Pixels, vectors, channels and stride of the tiles. For levels that multiply by a lane: as many pixels as
/// 32 registers hold beside the vectors under a row and two of weights, but no more than other tiles have,
/// which narrow images need. For the others: those of other tiles.
macro_rules! shapes {
    ($shape:ident) => {
        $shape! {
            8 2 1 1;
            8 2 1 2;
            8 2 3 1;
            8 2 3 2;
            6 4 1 1;
            6 4 1 2;
            6 4 3 1;
            5 4 3 2;

            12 1 1 1;
            12 1 1 2;
            12 1 3 1;
            12 1 3 2;
            6 2 1 1;
            6 2 1 2;
            6 2 3 1;
            6 2 3 2;
            3 4 1 1;
            3 4 1 2;
            3 4 3 1;
            3 4 3 2;

            14 1 1 1;
            14 1 1 2;
            14 1 3 1;
            14 1 3 2;
            7 2 1 1;
            7 2 1 2;
            7 2 3 1;
            7 2 3 2;
        }
    };
}

/// Whether such a tile is one of the level's: as large as its others, or, where the vectors under a row leave no room for that, a
/// pixel smaller.
const fn is<S: Simd>(pixels: usize, vectors: usize) -> bool {
    let most = S::TILES[vectors];
    S::STEM && (pixels == most || S::BLOCK > 1 && vectors == 4 && pixels + 1 == most)
}

impl Shape {
    /// That of the tiles of a block of output channels, if it has such tiles.
    #[inline(always)]
    pub fn of<S: Simd>(geometry: &Geometry, columns: &Columns, block: &Block) -> Option<Self> {
        let lanes = block.vectors * S::LANES;
        if !S::STEM
            || geometry.groups != 1
            || geometry.kernel[2] != COLUMNS
            || geometry.dilation[2] != 1
            || block.width != lanes.min(PANEL)
            || block.channels != lanes
        {
            return None;
        }
        let (vectors, depth, stride) = (block.vectors, geometry.channels, geometry.stride[2]);
        macro_rules! pixels {
            ($($m:literal $v:literal $depth:literal $stride:literal;)*) => {
                match (vectors, depth, stride) {
                    $(($v, $depth, $stride) if const { is::<S>($m, $v) } => $m,)*
                    _ => return None,
                }
            };
        }
        let pixels = shapes!(pixels);
        (count(&columns.interior) >= pixels).then_some(Shape {
            pixels,
            vectors,
            depth,
            stride,
        })
    }

    /// The tiles from pixel `x` on. Where only a part of a tile is left, it begins earlier: what is
    /// computed again comes out the same. None at a border, nor for a few pixels.
    #[inline(always)]
    pub fn cut(&self, columns: &Columns, x: usize) -> Option<Cut> {
        if !columns.interior.contains(&x) {
            return None;
        }
        let left = columns.interior.end - x;
        let (x, tiles) = if left >= self.pixels {
            (x, quotient(left, self.pixels))
        } else if 2 * left > self.pixels {
            (columns.interior.end - self.pixels, 1)
        } else {
            return None;
        };
        Some(Cut {
            x,
            tile: self.pixels,
            tiles,
            taps: [0, 0, COLUMNS, COLUMNS],
        })
    }
}

/// Runs a strip in tiles of the shape.
///
/// # Safety
///
/// The strip is one of [`Shape::cut`], of the geometry and the block that the shape is of; and what
/// [`tile::run`](super::tile::run) demands.
#[inline(always)]
pub(super) unsafe fn run<S: Simd>(simd: S, strip: &Strip, shape: &Shape) {
    macro_rules! run {
        ($($m:literal $v:literal $depth:literal $stride:literal;)*) => {
            match (shape.vectors, shape.depth, shape.stride) {
                $(($v, $depth, $stride) if const { is::<S>($m, $v) } => {
                    simd.run(Stem::<$m, $v, $depth, $stride>(strip));
                })*
                _ => {}
            }
        };
    }
    shapes!(run);
}

impl<const M: usize, const V: usize, const DEPTH: usize, const STRIDE: usize> Kernel
    for Stem<'_, M, V, DEPTH, STRIDE>
{
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        // SAFETY: `run` above passes its caller's promise on.
        unsafe { each::<S, M, V>(simd, self.0, self) }
    }
}

impl<S: Simd, const M: usize, const V: usize, const DEPTH: usize, const STRIDE: usize> Tile<S>
    for Stem<'_, M, V, DEPTH, STRIDE>
{
    #[inline(always)]
    unsafe fn tile(
        &mut self,
        simd: S,
        [bias, weights, input]: [*const f32; 3],
        output: *mut f32,
    ) -> *mut f32 {
        let strip = self.0;
        // The widest tiles write the most for their few terms, more than the second-level cache holds: measured on Zen 4,
        // VGG's first layer takes 1 to 1.5 % less if the next tile's lines are there when it is computed.
        if V == S::WIDE {
            let next = output.wrapping_add(M * strip.output_pixel);
            for m in 0..M {
                for v in 0..V {
                    let at = m * strip.output_pixel + v * S::LANES;
                    simd.prefetch_for_stores(next.wrapping_add(at));
                }
            }
        }
        // SAFETY: the caller's.
        unsafe {
            let mut acc = sums::<S, M, V>(simd, strip, bias);
            let (mut plane, mut weights_plane) = (input.wrapping_add(strip.spans[1].at), weights);
            for z in 0..strip.planes {
                let (mut row, mut weights) = (plane, weights_plane);
                for y in 0..strip.rows {
                    let last = z + 1 == strip.planes && y + 1 == strip.rows;
                    if const { S::LATE[V] == COLUMNS } && last {
                        // The last taps are left to the stores.
                        let w = add::<S, M, V, DEPTH, STRIDE, COLUMNS>(
                            simd, &mut acc, strip, row, weights,
                        );
                        let x = row.wrapping_add((DEPTH - 1) * COLUMNS);
                        let (pixel, width) = (STRIDE * DEPTH, width::<S>(V));
                        return finish_with(simd, strip, acc, x, pixel, w, width, output);
                    }
                    weights = add::<S, M, V, DEPTH, STRIDE, 0>(simd, &mut acc, strip, row, weights);
                    row = row.wrapping_add(strip.row);
                }
                plane = plane.wrapping_add(strip.plane);
                weights_plane = weights_plane.wrapping_add(strip.weights_plane);
            }
            clamp(simd, strip, &mut acc);
            store(simd, strip, &acc, output)
        }
    }
}

/// Width of a panel that so many vectors fill.
#[inline(always)]
const fn width<S: Simd>(vectors: usize) -> usize {
    if vectors * S::LANES < PANEL {
        vectors * S::LANES
    } else {
        PANEL
    }
}

/// Adds a row of the window, but for its last `LEFT` taps: the first pixel's lies at `row`. Returns where the weights go on.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn add<
    S: Simd,
    const M: usize,
    const V: usize,
    const DEPTH: usize,
    const STRIDE: usize,
    const LEFT: usize,
>(
    simd: S,
    acc: &mut [[S::F32; V]; M],
    strip: &Strip,
    row: *const f32,
    weights: *const f32,
) -> *const f32 {
    // Else the compiler would have an address for each vector.
    let (row, mut w) = (simd.opaque(row), simd.opaque(weights));
    let width = const { width::<S>(V) };
    // Floats under the tile. The last vector ends with them: it may overlap the one before.
    let floats = const { ((M - 1) * STRIDE + COLUMNS) * DEPTH };
    let last = const { ((M - 1) * STRIDE + COLUMNS) * DEPTH - S::BLOCK };
    // SAFETY: the caller's; no stride is longer than the window, so each float under the tile is a tap.
    unsafe {
        let mut x = [simd.pixel(row); MOST];
        if S::BLOCK > 1 {
            for i in 1..floats.div_ceil(S::BLOCK) {
                x[i] = simd.pixel(row.add((i * S::BLOCK).min(last)));
            }
        }
        macro_rules! taps {
            ($($tap:literal)*) => {$(
                if $tap < COLUMNS * DEPTH - LEFT {
                    let weights = w;
                    // Else a float that is a tap of two pixels would stay where there is no room.
                    let row = simd.opaque(row);
                    macro_rules! add {
                        ($m:ident $v:ident $a:expr, $b:expr) => {
                            acc[$m][$v] = simd.settled(simd.mul_add($a, $b, acc[$m][$v]))
                        };
                    }
                    if S::BLOCK > 1 {
                        for v in 0..V {
                            let b = simd.load(weights.add(lane::<S>(v, strip.panel)));
                            for m in 0..M {
                                let at = m * STRIDE * DEPTH + $tap;
                                let i = at / S::BLOCK;
                                let lane = at - (i * S::BLOCK).min(last);
                                acc[m][v] = match lane {
                                    0 => simd.mul_add_channel::<0>(x[i], b, acc[m][v]),
                                    1 => simd.mul_add_channel::<1>(x[i], b, acc[m][v]),
                                    2 => simd.mul_add_channel::<2>(x[i], b, acc[m][v]),
                                    _ => simd.mul_add_channel::<3>(x[i], b, acc[m][v]),
                                };
                            }
                        }
                    } else if M < V {
                        let mut a = [simd.splat(0.0); M];
                        for m in 0..M {
                            a[m] = simd.splat(row.add(m * STRIDE * DEPTH + $tap).read());
                        }
                        for v in 0..V {
                            let b = simd.load(weights.add(lane::<S>(v, strip.panel)));
                            for m in 0..M {
                                add!(m v a[m], b);
                            }
                        }
                    } else {
                        let mut b = [simd.splat(0.0); V];
                        for v in 0..V {
                            b[v] = simd.load(weights.add(lane::<S>(v, strip.panel)));
                        }
                        for m in 0..M {
                            let a = simd.splat(row.add(m * STRIDE * DEPTH + $tap).read());
                            for v in 0..V {
                                add!(m v a, b[v]);
                            }
                            // Else a sum would take its register, and all of them wander through the registers. (Where it needs
                            // none, as it is a part of the multiply-add, it shall get none.)
                            if S::LANES == 8 {
                                simd.settled(a);
                            }
                        }
                    }
                    w = w.add(width);
                }
            )*};
        }
        taps!(0 1 2 3 4 5 6 7 8);
    }
    w
}
