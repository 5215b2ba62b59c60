//! Tiles of pixels that lie one under the other.
//!
//! A pixel alone, at a border or behind whole tiles, makes few sums, and each multiply-add waits for the one before. The
//! pixels under it lie as far from each other as the rows do, and where those reach the same taps they make a tile as
//! neighbours do. (Measured on Zen 3: ResNet-8's first layer takes 5 % less.)

use super::block::{cost, step};
use super::rows::{self, Cut};
use super::strip::Strip;
use super::tile;
use crate::simd::Simd;

/// Whether the few pixels of a cut take less time so, in tiles of at most `most` pixels. They all must reach the same taps.
#[inline(always)]
pub(super) fn pays(cut: &Cut, lines: usize, most: usize, vectors: usize) -> bool {
    let [after_first, first, last, before_last] = cut.taps;
    // More lines change nothing but products, which could overflow.
    let lines = lines.min(1000);
    lines > 1
        && cut.tiles == 1
        && (after_first, before_last) == (first, last)
        && cut.tile * cost(lines, most, vectors, step) < lines * step(cut.tile * vectors)
}

/// Runs a strip of one tile of so many pixels in each line, column by column.
///
/// # Safety
/// As for [`tile::run`], and all pixels reach the same taps.
#[inline(always)]
pub(super) unsafe fn run<S: Simd>(
    simd: S,
    strip: &Strip,
    pixels: usize,
    most: usize,
    vectors: usize,
) {
    for x in 0..pixels {
        let mut y = 0;
        while y < strip.lines {
            let (tile, tiles) = rows::cut(strip.lines - y, most);
            let input = x * strip.pixel + y * strip.input_line;
            let output = x * strip.output_pixel + y * strip.output_line;
            let column = Strip {
                lines: 1,
                tiles,
                pixel: strip.input_line,
                output_pixel: strip.output_line,
                input: strip.input.wrapping_add(input),
                output: strip.output.wrapping_add(output),
                ..*strip
            };
            // SAFETY: each pixel is one of the strip's, and reaches the taps that the strip says all do.
            unsafe { tile::run::<S, false>(simd, &column, tile, vectors) };
            y += tile * tiles;
        }
    }
}
