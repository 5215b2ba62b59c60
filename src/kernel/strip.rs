//! Tiles side by side, and the walk over them.

use crate::simd::Simd;

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

/// Tiles side by side in output rows that lie one under the other, for blocks of output channels.
pub(super) struct Strip {
    /// Blocks of vectors side by side, and the floats from one's bias to the next one's.
    pub blocks: usize,
    pub block: usize,
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

    /// The bias and the weights of the first tap, of the first block.
    pub bias: *const f32,
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
    /// Output channels of a block that exist.
    pub channels: usize,
    pub clamp: Option<[f32; 2]>,
}

/// What a strip's tiles are made of. A method, for a closure of this size is left out of line, without the
/// instructions of its caller.
pub(super) trait Tile<S> {
    /// The tile whose bias, weights and input begin there, and whose output does; returns where the next
    /// one's output begins.
    ///
    /// # Safety
    /// As for [`tile::run`](super::tile::run).
    unsafe fn tile(&mut self, simd: S, from: [*const f32; 3], output: *mut f32) -> *mut f32;
}

/// Makes each tile of a strip, of `M` pixels times `V` vectors.
///
/// # Safety
/// As for [`tile::run`](super::tile::run).
#[inline(always)]
pub(super) unsafe fn each<S: Simd, const M: usize, const V: usize>(
    simd: S,
    strip: &Strip,
    mut tile: impl Tile<S>,
) {
    let (mut bias, mut weights, mut block) = (strip.bias, strip.weights, strip.output);
    for _ in 0..strip.blocks {
        let (mut input_line, mut output_line) = (strip.input, block);
        for _ in 0..strip.lines {
            let (mut input, mut output) = (input_line, output_line);
            for _ in 0..strip.tiles {
                // SAFETY: the caller's, for each block, line and tile.
                output = unsafe { tile.tile(simd, [bias, weights, input], output) };
                input = input.wrapping_add(M * strip.pixel);
            }
            input_line = input_line.wrapping_add(strip.input_line);
            output_line = output_line.wrapping_add(strip.output_line);
        }
        bias = bias.wrapping_add(strip.block);
        weights = weights.wrapping_add(strip.block);
        block = block.wrapping_add(V * S::LANES);
    }
}
