//! Dense layers of many channels on narrow maps, tap by tap.
//!
//! What reaches a tap of the window is a rectangle of outputs, a column narrower where the tap lies in the
//! padding of a border. On a narrow map that may cut into fewer tiles, or into better ones, than whole rows
//! of which pixels miss taps: seven pixels are a tile of three and two of two, each with all weights to
//! read, but six are two of three. The sums wait in the output from one tap to the next. Each is the same
//! chain of multiply-adds.

use super::Job;
use super::block::{self, Block};
use super::finish::{finish, store};
use super::piece::{piece, sums};
use super::rows::{Columns, cut};
use super::strip::{Span, Strip, Tile, each};
use super::window::{Axis, count, quotient};
use crate::simd::{Kernel, Simd};
use core::ops::Range;

/// Pixels that go from tap to tap together, so that their sums stay in the first-level cache.
const PIXELS: usize = 60;

/// Channels from which on sums may wait in the output. To store the twelve of a tile, one in a cycle, takes as
/// long as two channels. (What was measured is layers of 512.)
const CHANNELS: usize = 128;

/// Whether whole blocks of a layer's filters are computed so: if that takes a twentieth less.
#[inline(always)]
pub(super) fn can<S: Simd>(job: &Job<'_>, columns: &Columns) -> bool {
    if !S::RECTANGLES || job.panels().depth < CHANNELS || columns.pixels > PIXELS {
        return false;
    }
    let (mut rows, mut rectangles) = (0, 0);
    let cost = |pixels| block::cost(pixels, S::TILES[S::WIDE], S::WIDE, block::step);
    for tap in 0..job.geometry().kernel[2] {
        let reaching = within(columns.axis.reaching(tap), 0..columns.pixels);
        rows += cost(columns.pixels);
        if !reaching.is_empty() {
            rectangles += cost(count(&reaching));
        }
    }
    rectangles + rectangles / 20 < rows
}

/// A block of filters, all of which exist.
pub(super) struct Rectangles<'a> {
    pub job: &'a Job<'a>,
    pub block: &'a Block,
    /// The group's first channel, and the block's bias and first output.
    pub input: *const f32,
    pub bias: *const f32,
    pub output: *mut f32,
}

/// Neighbouring outputs, what lies under them, and what is added to their sums: so many channels of a tap,
/// whose first weight lies in such a row of the panel. Or nothing is: they begin or end.
#[derive(Clone, Copy)]
struct Part {
    input: *const f32,
    output: *mut f32,
    lines: usize,
    pixels: usize,
    row: usize,
    channels: usize,
    begins: bool,
    ends: bool,
}

impl Rectangles<'_> {
    /// Computes rows of the job.
    ///
    /// # Safety
    /// The block has [`Simd::WIDE`] whole vectors, of the panel at `bias`; the rows are the job's.
    #[inline(always)]
    pub unsafe fn rows<S: Simd>(&self, simd: S, rows: Range<usize>) {
        let [_, height, width] = self.job.sizes().output;
        let most = quotient(PIXELS, width).max(1);
        let mut next = rows.start;
        while next < rows.end {
            let row = self.job.rows.start + next;
            let plane = quotient(row, height);
            let lines = most.min(rows.end - next).min((plane + 1) * height - row);
            let pixel = next * width;
            let all = Part {
                input: self.input,
                output: self
                    .output
                    .wrapping_add(pixel * self.job.geometry().filters),
                lines,
                pixels: width,
                row: 0,
                channels: 0,
                begins: false,
                ends: false,
            };
            // SAFETY: the caller's; no input is read where sums begin and end.
            unsafe {
                self.part(
                    simd,
                    &Part {
                        begins: true,
                        ..all
                    },
                );
                self.taps(simd, plane, row - plane * height, &all);
                self.part(simd, &Part { ends: true, ..all });
            }
            next += lines;
        }
    }

    /// Adds all taps to the sums of lines from `y` on of a plane, which is counted through batch and depth.
    ///
    /// # Safety
    /// As for [`rows`](Self::rows).
    #[inline(always)]
    unsafe fn taps<S: Simd>(&self, simd: S, plane: usize, y: usize, all: &Part) {
        let (geometry, sizes) = (self.job.geometry(), self.job.sizes());
        let [kernel_depth, kernel_height, kernel_width] = geometry.kernel;
        let [depth, height, width] = [0, 1, 2].map(|axis| Axis::of(geometry, sizes, axis));
        let image = quotient(plane, sizes.output[0]);
        let z = plane - image * sizes.output[0];
        for tap in 0..kernel_depth * kernel_height * kernel_width {
            let row = quotient(tap, kernel_width);
            let tap_z = quotient(row, kernel_height);
            let (tap_y, tap_x) = (row - tap_z * kernel_height, tap - row * kernel_width);
            let ys = within(height.reaching(tap_y), y..y + all.lines);
            let xs = within(width.reaching(tap_x), 0..all.pixels);
            if ys.is_empty() || xs.is_empty() || !depth.inside(z).contains(&tap_z) {
                continue;
            }
            let plane = image * geometry.input[0] + depth.position(z, tap_z);
            let row = plane * geometry.input[1] + height.position(ys.start, tap_y);
            let row = row - self.job.first_input_row;
            let pixel = row * geometry.input[2] + width.position(xs.start, tap_x);
            let skipped = (ys.start - y) * all.pixels + xs.start;
            let part = Part {
                input: self.input.wrapping_add(pixel * geometry.channels),
                output: all.output.wrapping_add(skipped * geometry.filters),
                lines: count(&ys),
                pixels: count(&xs),
                row: 1 + tap * sizes.group_channels,
                channels: sizes.group_channels,
                ..*all
            };
            // SAFETY: the caller's; for all of the rectangle the tap lies inside the input.
            unsafe { self.part(simd, &part) };
        }
    }

    /// # Safety
    /// As for [`rows`](Self::rows); the outputs are the job's, and what they reach lies inside the input.
    #[inline(always)]
    unsafe fn part<S: Simd>(&self, simd: S, part: &Part) {
        let (geometry, block) = (self.job.geometry(), self.block);
        let mut strip = Strip {
            blocks: 1,
            block: 0,
            tiles: 0,
            lines: part.lines,
            // A step that is never taken may be past all bounds.
            input_line: geometry.stride[1].wrapping_mul(geometry.input[2] * geometry.channels),
            output_line: self.job.sizes().output[2] * geometry.filters,
            pixel: geometry.stride[2] * geometry.channels,
            input: part.input,
            planes: 1,
            rows: 1,
            plane: 0,
            row: 0,
            piece: 0,
            spans: [Span::EMPTY; 3],
            bias: self.bias,
            weights: self.bias.wrapping_add(part.row * block.width),
            width: block.width,
            panel: block.panel_len,
            weights_plane: 0,
            weights_row: 0,
            output: part.output,
            output_pixel: geometry.filters,
            channels: block.channels,
            clamp: self.job.activation().range(),
        };
        let mut x = 0;
        while x < part.pixels {
            let (tile, tiles) = cut(part.pixels - x, S::TILES[S::WIDE]);
            strip.tiles = tiles;
            strip.input = part.input.wrapping_add(x * strip.pixel);
            strip.output = part.output.wrapping_add(x * geometry.filters);
            // SAFETY: the caller's.
            unsafe { run(simd, &strip, part, tile) };
            x += tile * tiles;
        }
    }
}

/// What two ranges have in common.
#[inline(always)]
fn within(a: Range<usize>, b: Range<usize>) -> Range<usize> {
    let start = a.start.max(b.start);
    start..a.end.min(b.end).max(start)
}

/// `M` pixels times `V` vectors.
struct Sums<'a, const M: usize, const V: usize>(&'a Strip, &'a Part);

/// Runs a strip in tiles of so many pixels.
///
/// # Safety
/// The tile is one of the level's; the inputs, weights and outputs are there.
#[inline(always)]
unsafe fn run<S: Simd>(simd: S, strip: &Strip, part: &Part, pixels: usize) {
    macro_rules! tiles {
        ($($m:literal)*) => {
            match pixels {
                $($m if const { S::RECTANGLES && S::WIDE == 4 && $m <= S::TILES[4] } => {
                    simd.run(Sums::<$m, 4>(strip, part));
                })*
                _ => {}
            }
        };
    }
    tiles!(1 2 3);
}

impl<const M: usize, const V: usize> Kernel for Sums<'_, M, V> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        // SAFETY: `run` above passes its caller's promise on.
        unsafe { each::<S, M, V>(simd, self.0, self) }
    }
}

impl<S: Simd, const M: usize, const V: usize> Tile<S> for Sums<'_, M, V> {
    #[inline(always)]
    unsafe fn tile(
        &mut self,
        simd: S,
        [bias, weights, input]: [*const f32; 3],
        output: *mut f32,
    ) -> *mut f32 {
        let Sums(strip, part) = *self;
        // SAFETY: the caller's.
        unsafe {
            let mut acc = match part.begins {
                true => sums::<S, M, V>(simd, strip, bias),
                false => waiting::<S, M, V>(simd, strip, output),
            };
            piece::<S, M, V, 0, M>(simd, &mut acc, strip, input, weights, part.channels);
            match part.ends {
                true => finish(simd, strip, acc, output),
                false => store(simd, strip, &acc, output),
            }
        }
    }
}

/// The sums of a tile as they lie in the output.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn waiting<S: Simd, const M: usize, const V: usize>(
    simd: S,
    strip: &Strip,
    output: *const f32,
) -> [[S::F32; V]; M] {
    let mut acc = [[simd.splat(0.0); V]; M];
    let mut from = output;
    for acc in &mut acc {
        // Else each would have an address of its own.
        from = simd.opaque(from);
        for (v, acc) in acc.iter_mut().enumerate() {
            // SAFETY: the caller's.
            *acc = unsafe { simd.load(from.wrapping_add(v * S::LANES)) };
        }
        from = from.wrapping_add(strip.output_pixel);
    }
    acc
}
