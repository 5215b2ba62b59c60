//! The register tile: some pixels times some vectors of output channels, held in registers while
//! the taps go by.
//!
//! Each output is one chain of multiply-adds: the bias, then window plane, row, column and channel
//! in ascending order. Taps outside the input are left out of the chain.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use crate::pack;
use crate::simd::{Kernel, Simd};

/// Neighbouring taps of a window row that the same pixels of a tile reach.
#[derive(Clone, Copy)]
pub(super) struct Span {
    /// Where the first such pixel's first tap lies in an input row.
    pub at: usize,
    /// Pieces that are contiguous in memory.
    pub pieces: usize,
    /// Floats of a piece.
    pub len: usize,
}

impl Span {
    pub const EMPTY: Self = Span {
        at: 0,
        pieces: 0,
        len: 0,
    };
}

/// Tiles side by side in output rows that lie one under the other, for one block of output
/// channels.
pub(super) struct Strip {
    pub tiles: usize,
    /// Output rows, and the floats between their windows and between their outputs.
    pub lines: usize,
    pub input_line: usize,
    pub output_line: usize,
    /// Floats between the windows of neighbouring pixels.
    pub pixel: usize,
    /// The input row under the first window row that lies inside.
    pub input: *const f32,
    /// Window planes and rows that lie inside, and the floats between the input rows under them.
    pub planes: usize,
    pub rows: usize,
    pub plane: usize,
    pub row: usize,
    /// Floats between the pieces of a span.
    pub piece: usize,
    /// The taps that all pixels but the first reach, those that all reach, and those that all but
    /// the last reach.
    pub spans: [Span; 3],

    pub bias: *const f32,
    /// The weights of the first tap.
    pub weights: *const f32,
    /// Width of the panel: the floats between the weights of neighbouring channels.
    pub width: usize,
    /// Floats to the next panel.
    pub panel: usize,
    /// Floats between the weights of window planes and rows.
    pub weights_plane: usize,
    pub weights_row: usize,

    pub output: *mut f32,
    /// Floats between neighbouring output pixels.
    pub output_pixel: usize,
    /// Output channels of the block that exist.
    pub channels: usize,
    pub clamp: Option<[f32; 2]>,
}

/// `M` pixels times `V` vectors.
struct Tile<'a, const M: usize, const V: usize>(&'a Strip);

/// Runs a strip in tiles of `pixels` times `vectors`.
///
/// # Safety
///
/// The tile is one of the level's. Every tap of the spans lies in the input for the pixels that the
/// span stands for, the weights are a whole panel's, and `channels` floats of each output pixel are
/// there to be written.
#[inline(always)]
pub(super) unsafe fn run<S: Simd>(simd: S, strip: &Strip, pixels: usize, vectors: usize) {
    macro_rules! tiles {
        ($($v:literal: $($m:literal)*;)*) => {
            match vectors {
                $($v if S::TILES[$v] > 0 => match pixels {
                    $($m if $m <= S::TILES[$v] => simd.run(Tile::<$m, $v>(strip)),)*
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
        let (mut input_line, mut output_line) = (strip.input, strip.output);
        for _ in 0..strip.lines {
            let (mut input, mut output) = (input_line, output_line);
            for _ in 0..strip.tiles {
                // SAFETY: `run` above passes its caller's promise on, for each line and tile.
                unsafe {
                    let acc = accumulate::<S, M, V>(simd, strip, input);
                    output = finish::<S, M, V>(simd, strip, acc, output);
                }
                input = input.wrapping_add(M * strip.pixel);
            }
            input_line = input_line.wrapping_add(strip.input_line);
            output_line = output_line.wrapping_add(strip.output_line);
        }
    }
}

/// Where vector `v` of a block lies in a row of weights: floats from the first.
#[inline(always)]
pub(super) fn lane<S: Simd>(v: usize, panel: usize) -> usize {
    v * S::LANES / pack::PANEL * panel + v * S::LANES % pack::PANEL
}

/// Loads vector `v` of a row of weights or biases.
///
/// # Safety
/// A row of the block's panels is readable at `p`.
#[inline(always)]
unsafe fn load<S: Simd, const V: usize>(
    simd: S,
    p: *const f32,
    v: usize,
    panel: usize,
    mask: S::Mask,
) -> S::F32 {
    // SAFETY: the caller's; a panel narrower than a register is read under the mask.
    unsafe {
        if S::LANES > pack::NARROWEST && V < S::VECTORS {
            simd.load_masked(p.add(lane::<S>(v, panel)), mask)
        } else {
            simd.load(p.add(lane::<S>(v, panel)))
        }
    }
}

/// The sums of the tile whose first window row lies in the row at `input`.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn accumulate<S: Simd, const M: usize, const V: usize>(
    simd: S,
    strip: &Strip,
    input: *const f32,
) -> [[S::F32; V]; M] {
    let mask = simd.mask(if strip.width < S::LANES {
        strip.width
    } else {
        S::LANES
    });
    let mut acc = [[simd.splat(0.0); V]; M];
    // SAFETY: the caller's.
    unsafe {
        for v in 0..V {
            let bias = load::<S, V>(simd, strip.bias, v, strip.panel, mask);
            for acc in &mut acc {
                acc[v] = bias;
            }
        }
        let mut input_plane = input;
        let mut weights_plane = strip.weights;
        for _ in 0..strip.planes {
            let mut input = input_plane;
            let mut weights = weights_plane;
            for _ in 0..strip.rows {
                let mut w = weights;
                let [first, all, last] = strip.spans;
                if M > 1 {
                    w = span::<S, M, V, 1, M>(simd, &mut acc, strip, input, first, w, mask);
                }
                w = span::<S, M, V, 0, M>(simd, &mut acc, strip, input, all, w, mask);
                if M > 1 {
                    // `M - 1` cannot be written as a parameter; the last pixel is left out by `END`.
                    span::<S, M, V, 0, 0>(simd, &mut acc, strip, input, last, w, mask);
                }
                input = input.wrapping_add(strip.row);
                weights = weights.wrapping_add(strip.weights_row);
            }
            input_plane = input_plane.wrapping_add(strip.plane);
            weights_plane = weights_plane.wrapping_add(strip.weights_plane);
        }
    }
    acc
}

/// Adds the taps of a span to pixels `START..END` (`END` of 0 stands for `M - 1`), and returns where
/// the weights go on.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn span<S: Simd, const M: usize, const V: usize, const START: usize, const END: usize>(
    simd: S,
    acc: &mut [[S::F32; V]; M],
    strip: &Strip,
    input: *const f32,
    span: Span,
    mut w: *const f32,
    mask: S::Mask,
) -> *const f32 {
    let end = if END == 0 { M - 1 } else { END };
    let (pixel, panel) = (strip.pixel, strip.panel);
    // So many vectors stand in full panels only, whose width the compiler can then fold in.
    let width = if S::BLOCK > 1 && (V - 1) * S::LANES >= pack::PANEL / 2 {
        pack::PANEL
    } else {
        strip.width
    };
    // SAFETY: the caller's.
    unsafe {
        let mut x = input.wrapping_add(span.at);
        for _ in 0..span.pieces {
            let mut p = simd.opaque(x);
            let mut left = span.len;
            if S::LOOPS && left > 0 {
                simd.add_channels(acc, START..end, p, pixel, w, width, left);
                w = w.wrapping_add(width * left);
                left = 0;
            }
            macro_rules! channel {
                ($pixels:ident $i:literal) => {
                    if $i < S::BLOCK {
                        for v in 0..V {
                            let b = load::<S, V>(simd, w, v, panel, mask);
                            for m in START..end {
                                acc[m][v] = simd.mul_add_channel::<$i>($pixels[m], b, acc[m][v]);
                            }
                        }
                        w = w.wrapping_add(width);
                    }
                };
            }
            // Pixels stay in registers while their channels are used up, and each weight passes by.
            // One address serves three pixels: at it, `pixel` further on and twice that.
            if S::BLOCK > 1 && !S::LOOPS {
                let mut bases = [p; M];
                for (i, base) in bases.iter_mut().enumerate() {
                    *base = p.wrapping_add(3 * i * pixel);
                }
                for _ in 0..left / S::BLOCK {
                    let mut pixels = [simd.pixel(bases[0]); M];
                    for m in START..end {
                        let i = m - START;
                        pixels[m] = simd.pixel(bases[i / 3].wrapping_add(i % 3 * pixel));
                    }
                    channel!(pixels 0);
                    channel!(pixels 1);
                    channel!(pixels 2);
                    channel!(pixels 3);
                    for base in &mut bases {
                        *base = base.wrapping_add(S::BLOCK);
                    }
                }
                p = bases[0];
                left %= S::BLOCK;
            }
            // Fewer pixels than vectors: they stay in registers, and each weight passes by.
            while S::BLOCK == 1 && M < V && left > 0 {
                let mut a = [simd.splat(0.0); M];
                for m in START..end {
                    a[m] = simd.splat(p.add((m - START) * pixel).read());
                }
                for v in 0..V {
                    let b = load::<S, V>(simd, w, v, panel, mask);
                    for m in START..end {
                        acc[m][v] = simd.mul_add(a[m], b, acc[m][v]);
                    }
                }
                w = w.wrapping_add(width);
                p = p.wrapping_add(1);
                left -= 1;
            }
            // Weights stay in registers, and each pixel's channel passes by.
            while left > 0 {
                let mut b = [simd.splat(0.0); V];
                for (v, b) in b.iter_mut().enumerate() {
                    *b = load::<S, V>(simd, w, v, panel, mask);
                }
                for m in START..end {
                    let a = simd.splat(p.add((m - START) * pixel).read());
                    for v in 0..V {
                        acc[m][v] = simd.mul_add(a, b[v], acc[m][v]);
                    }
                }
                w = w.wrapping_add(width);
                p = p.wrapping_add(1);
                left -= 1;
            }
            x = x.wrapping_add(strip.piece);
        }
    }
    w
}

/// Clamps the sums, writes those of channels that exist, and returns where the next tile goes.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn finish<S: Simd, const M: usize, const V: usize>(
    simd: S,
    strip: &Strip,
    mut acc: [[S::F32; V]; M],
    mut output: *mut f32,
) -> *mut f32 {
    if let Some([min, max]) = strip.clamp {
        if min > f32::NEG_INFINITY {
            let min = simd.splat(min);
            for acc in &mut acc {
                for x in acc {
                    *x = simd.at_least(*x, min);
                }
            }
        }
        if max < f32::INFINITY {
            let max = simd.splat(max);
            for acc in &mut acc {
                for x in acc {
                    *x = simd.at_most(*x, max);
                }
            }
        }
    }
    // SAFETY: the caller's.
    unsafe {
        if strip.channels >= V * S::LANES {
            for acc in &acc {
                for (v, x) in acc.iter().enumerate() {
                    simd.store(output.add(v * S::LANES), *x);
                }
                output = output.wrapping_add(strip.output_pixel);
            }
        } else {
            for acc in &acc {
                for (v, x) in acc.iter().enumerate() {
                    let count = strip.channels.saturating_sub(v * S::LANES).min(S::LANES);
                    let output = output.wrapping_add(v * S::LANES);
                    simd.store_masked(output, *x, simd.mask(count));
                }
                output = output.wrapping_add(strip.output_pixel);
            }
        }
    }
    output
}
