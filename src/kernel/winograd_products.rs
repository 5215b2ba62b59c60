//! The products at the points: for each, the transformed inputs of some tiles times the transformed
//! filters, summed over the channels.
//!
//! It is a convolution of one pixel whose pixels are tiles, with the register tiles and the inner
//! loop of the direct convolution; what that does around the loop for windows, borders and biases
//! would cost as much as the loop where channels are few.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::block::{Block, cost};
use super::piece::{load, piece};
use super::rows::cut;
use super::strip::{Span, Strip, Tile, each};
use super::window::quotient;
use super::winograd::CACHED;
use crate::pack::PANEL;
use crate::simd::{Kernel, Simd};

/// The products of a block of tiles with some filters.
pub(super) struct Products {
    /// `[point][tile][channel]`, and the floats between tiles and between points.
    pub inputs: *const f32,
    pub inputs_row: usize,
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
        let most = vectors::<S>(self.tiles);
        let far = S::PREFETCH && points * self.depth * self.filters > CACHED;
        for point in 0..points {
            let (mut first, mut panel) = (0, 0);
            while first < self.filters {
                let block = Block::new::<S>(most, !far, self.filters, self.rows, first, panel);
                let lanes = block.vectors * S::LANES;
                let weights = |panel: usize, point: usize| {
                    let row = (1 + point * self.depth) * block.width;
                    self.packed.wrapping_add(panel + row)
                };
                let mut strip = Strip {
                    blocks: block.count,
                    block: block.step,
                    tiles: 0,
                    lines: 1,
                    input_line: 0,
                    output_line: 0,
                    pixel: self.inputs_row,
                    input: self.inputs.wrapping_add(point * self.inputs_plane),
                    planes: 1,
                    rows: 1,
                    plane: 0,
                    row: 0,
                    piece: 0,
                    spans: [Span::EMPTY; 3],
                    bias: self.packed,
                    weights: weights(block.panel + block.lane, point),
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
                first += block.count * lanes;
                panel = block.next;
                // Where there is no need, a line that is there.
                let mut ahead = Ahead {
                    from: if !far {
                        strip.weights
                    } else if first < self.filters {
                        weights(panel, point)
                    } else {
                        weights(0, point + 1)
                    },
                    bytes: 0,
                };
                let row = block.width * size_of::<f32>();
                let mut tile = 0;
                while tile < self.tiles {
                    let (pixels, tiles) = cut(self.tiles - tile, S::PRODUCTS[block.vectors]);
                    strip.tiles = tiles;
                    let done = pixels * tiles;
                    if far {
                        ahead.bytes = quotient(row * pixels, self.tiles);
                    }
                    // SAFETY: the caller's.
                    unsafe { tiles_of(simd, &strip, ahead, pixels, block.vectors) };
                    let asked = ahead.bytes * tiles * self.depth;
                    ahead.from = ahead.from.wrapping_byte_add(asked);
                    strip.input = strip.input.wrapping_add(done * self.inputs_row);
                    strip.output = strip.output.wrapping_add(done * self.pixel);
                    tile += done;
                }
            }
        }
    }
}

/// The weights that are multiplied next: with each channel, the line of each panel at some address is
/// asked for, so many bytes further each time.
#[derive(Clone, Copy)]
struct Ahead {
    from: *const f32,
    bytes: usize,
}

/// How many vectors the register tiles for so many tiles have: those with the fewest multiply-adds and
/// waits for them.
#[inline(always)]
fn vectors<S: Simd>(tiles: usize) -> usize {
    let cost = |vectors| cost(tiles, S::PRODUCTS[vectors], vectors, |sums| sums.max(8));
    let [many, few] = [S::VECTORS, S::WIDE];
    if few > many && cost(few) * many < cost(many) * few {
        few
    } else {
        many
    }
}

/// `M` pixels times `V` vectors: sums without a bias, all of whose lanes are written.
struct Product<'a, const M: usize, const V: usize>(&'a Strip, Ahead);

/// Runs a strip in tiles of `pixels` times `vectors`.
///
/// # Safety
/// The tile is one of the level's; the inputs, weights and products are there.
#[inline(always)]
unsafe fn tiles_of<S: Simd>(simd: S, strip: &Strip, ahead: Ahead, pixels: usize, vectors: usize) {
    macro_rules! tiles {
        ($($v:literal: $($m:literal)*;)*) => {
            match vectors {
                $($v if const { S::PRODUCTS[$v] > 0 } => match pixels {
                    $($m if const { $m <= S::PRODUCTS[$v] } => {
                        simd.run(Product::<$m, $v>(strip, ahead));
                    })*
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

impl<const M: usize, const V: usize> Kernel for Product<'_, M, V> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        // SAFETY: `tiles_of` passes its caller's promise on.
        unsafe { each::<S, M, V>(simd, self.0, self) }
    }
}

impl<S: Simd, const M: usize, const V: usize> Tile<S> for Product<'_, M, V> {
    #[inline(always)]
    unsafe fn tile(
        &mut self,
        simd: S,
        [_, weights, input]: [*const f32; 3],
        mut output: *mut f32,
    ) -> *mut f32 {
        let Product(strip, ahead) = self;
        let len = strip.spans[1].len;
        let mut acc = [[simd.splat(0.0); V]; M];
        // SAFETY: the caller's.
        unsafe {
            if S::PREFETCH {
                near::<S, M, V>(simd, &mut acc, strip, *ahead, input, weights);
                ahead.from = ahead.from.wrapping_byte_add(ahead.bytes * len);
            } else {
                piece::<S, M, V, 0, M>(simd, &mut acc, strip, input, weights, len);
            }
            for acc in acc {
                for (v, x) in acc.into_iter().enumerate() {
                    simd.store(output.wrapping_add(v * S::LANES), x);
                }
                output = output.wrapping_add(strip.output_pixel);
            }
        }
        output
    }
}

/// Adds all channels to the sums of a tile, and asks for what comes next.
///
/// # Safety
/// The inputs and weights are there.
#[inline(always)]
unsafe fn near<S: Simd, const M: usize, const V: usize>(
    simd: S,
    acc: &mut [[S::F32; V]; M],
    strip: &Strip,
    ahead: Ahead,
    input: *const f32,
    mut weights: *const f32,
) {
    let pixel = strip.pixel;
    let panels = (V * S::LANES).div_ceil(PANEL);
    let mut next = ahead.from;
    // One address serves three pixels.
    let mut bases = [input; 5];
    for (i, base) in bases.iter_mut().enumerate().take(M.div_ceil(3)) {
        *base = simd.opaque(input.wrapping_add(3 * i * pixel));
    }
    for _ in 0..strip.spans[1].len {
        // One vector is as many as a cache keeps.
        if V > 1 {
            for panel in 0..panels {
                simd.prefetch(next.wrapping_add(panel * strip.panel));
            }
            next = next.wrapping_byte_add(ahead.bytes);
        }
        // SAFETY: the caller's.
        unsafe {
            let mut b = [simd.splat(0.0); V];
            for v in 0..V {
                b[v] = load::<S, V>(simd, weights, v, strip);
            }
            // Written out, for the compiler unrolls no loop of so many.
            macro_rules! pixels {
                ($($m:literal)*) => {
                    $(if $m < M {
                        let a = simd.splat(bases[$m / 3].wrapping_add($m % 3 * pixel).read());
                        for v in 0..V {
                            acc[$m][v] = simd.mul_add(a, b[v], acc[$m][v]);
                        }
                    })*
                };
            }
            pixels!(0 1 2 3 4 5 6 7 8 9 10 11 12 13);
        }
        weights = weights.wrapping_add(strip.width);
        for base in bases.iter_mut().take(M.div_ceil(3)) {
            // Else each pixel would have an address, more than there are registers.
            *base = simd.opaque(base.wrapping_add(1));
        }
    }
}
