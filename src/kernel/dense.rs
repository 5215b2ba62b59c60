//! Direct convolution: the output is cut into tiles, and each tile into the taps that its pixels
//! reach.
//!
//! No image is copied or padded. A tile is some neighbouring pixels of one output row, and all its
//! pixels reach the same taps, but that the first may miss some on the left and the last some on
//! the right. Rows and planes of the window outside the input are skipped as a whole.

use super::block::{Block, parts, vectors};
use super::pointwise;
use super::rectangles::{self, Rectangles};
use super::rows::{Columns, Cut, Rows};
use super::stem::{self, Shape};
use super::strip::{Span, Strip};
use super::tile;
use super::upright;
use super::window::{count, quotient};
use super::{CACHED, Job};
use crate::simd::Simd;
use core::ops::Range;

#[inline(always)]
pub(super) fn run<S: Simd>(simd: S, job: &Job<'_>) {
    if const { S::Half::LANES < S::LANES } && job.panels().filters <= S::Half::LANES {
        return either(simd.half(), job);
    }
    either(simd, job);
}

#[inline(always)]
fn either<S: Simd>(simd: S, job: &Job<'_>) {
    match pointwise::is(job) {
        true => pointwise::run(simd, job),
        false => whole(simd, job),
    }
}

#[inline(always)]
fn whole<S: Simd>(simd: S, job: &Job<'_>) {
    let walk = Walk::new::<S>(job);
    let panels = job.panels();
    let packed = job.packed();
    let output = job.output();
    let mut from = 0;
    while from < walk.units {
        let units = from..(from + walk.at_once).min(walk.units);
        from = units.end;
        let mut panel = 0;
        for group in 0..panels.groups {
            let mut first = 0;
            while first < panels.filters {
                let (most, together) = (walk.vectors, walk.together);
                let block =
                    Block::new::<S>(most, together, panels.filters, panels.rows(), first, panel);
                let output = output.wrapping_add(group * panels.filters + first);
                // SAFETY: the panels of a group follow each other as `Panels` counts them, and the
                // output's pixels have every group's filters.
                unsafe { walk.block(simd, job, &block, group, units.clone(), packed, output) };
                first += block.count * block.vectors * S::LANES;
                panel = block.next;
            }
        }
    }
}

/// How a job's output is walked, the same for every block of channels.
struct Walk {
    rows: Rows,
    columns: Columns,
    /// Taps of a window row lie side by side in memory.
    folded: bool,
    /// Rows: how many there are, and how many are taken through all output channels before the next.
    units: usize,
    at_once: usize,
    /// The most vectors of a tile.
    vectors: usize,
    /// The cache keeps all weights, so that a strip may hold many blocks of output channels.
    together: bool,
    /// Whole blocks go from tap to tap.
    rectangles: bool,
}

impl Walk {
    #[inline(always)]
    fn new<S: Simd>(job: &Job<'_>) -> Self {
        let (geometry, sizes) = (job.geometry(), job.sizes());
        let columns = Columns::of(geometry, sizes);
        let pixels = columns.pixels;
        let units = count(&job.rows);
        let mut at_once = units;
        if job.memory.input.len() > CACHED {
            // Pixels that a stride steps over are not read.
            let skip = |axis: usize| quotient(geometry.stride[axis], geometry.kernel[axis]).max(1);
            let read = quotient(job.memory.input.len(), skip(1).saturating_mul(skip(2)));
            if let Some(parts) = parts::<S>(job, read) {
                at_once = quotient(units, parts).max(1);
            }
        }
        let rectangles = rectangles::can::<S>(job, &columns);
        Walk {
            rows: Rows::of(geometry, sizes, job.rows.start, job.first_input_row),
            columns,
            folded: geometry.dilation[2] == 1 && geometry.groups == 1,
            units,
            at_once,
            vectors: match rectangles {
                true => S::WIDE,
                false => vectors::<S>(pixels, job.panels()),
            },
            together: job.memory.packed.len() <= 2 * CACHED && !rectangles,
            rectangles,
        }
    }

    /// Some blocks of output channels, of some rows.
    ///
    /// # Safety
    /// The blocks' panels lie at `packed`, their first channel of the job's first pixel at `output`.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)] // what the loops around it vary
    unsafe fn block<S: Simd>(
        &self,
        simd: S,
        job: &Job<'_>,
        block: &Block,
        group: usize,
        units: Range<usize>,
        packed: *const f32,
        output: *mut f32,
    ) {
        let (geometry, sizes) = (job.geometry(), job.sizes());
        let [_, input_height, input_width] = geometry.input;
        let depth = sizes.group_channels;
        let [_, kernel_height, kernel_width] = geometry.kernel;
        let row = input_width * geometry.channels;
        let output_row = self.columns.pixels * geometry.filters;
        let bias = packed.wrapping_add(block.panel + block.lane);
        let weights = bias.wrapping_add(block.width);
        let weights_tap = depth * block.width;
        let input = job.input().wrapping_add(group * depth);
        if self.rectangles && block.channels == S::WIDE * S::LANES {
            let rectangles = Rectangles {
                job,
                block,
                input,
                bias,
                output,
            };
            // SAFETY: the caller's.
            unsafe { rectangles.rows(simd, units) };
            return;
        }
        let mut strip = Strip {
            blocks: block.count,
            block: block.step,
            tiles: 0,
            lines: 1,
            // A step that is never taken may be past all bounds.
            input_line: geometry.stride[1].wrapping_mul(row),
            output_line: output_row,
            pixel: geometry.stride[2] * geometry.channels,
            input,
            planes: 1,
            rows: 1,
            plane: geometry.dilation[0].wrapping_mul(input_height * row),
            row: geometry.dilation[1].wrapping_mul(row),
            piece: geometry.dilation[2] * geometry.channels,
            spans: [Span::EMPTY; 3],
            bias,
            weights,
            width: block.width,
            panel: block.panel_len,
            weights_plane: kernel_height * kernel_width * weights_tap,
            weights_row: kernel_width * weights_tap,
            output,
            output_pixel: geometry.filters,
            channels: block.channels,
            clamp: job.activation().range(),
        };
        let most = S::TILES[block.vectors];
        let stem = Shape::of::<S>(geometry, &self.columns, block);
        // Of a narrow map one cut is a whole row, and so all rows' own.
        let (mut cut, mut stems, mut narrow) = (Cut::NONE, false, false);
        let mut index = units.start;
        while index < units.end {
            let lines = self.rows.lines(index, units.end);
            strip.lines = lines.count;
            (strip.planes, strip.rows) = (count(&lines.planes), count(&lines.rows));
            strip.input = input.wrapping_add(lines.input * row);
            let weights = weights.wrapping_add(
                (lines.planes.start * kernel_height + lines.rows.start) * strip.weights_row,
            );
            let output = output.wrapping_add(lines.index * output_row);
            let mut x = 0;
            while x < self.columns.pixels {
                if !narrow {
                    let tiles = match &stem {
                        Some(stem) => stem.cut(&self.columns, x),
                        None => None,
                    };
                    stems = tiles.is_some();
                    cut = match tiles {
                        Some(cut) => cut,
                        None => {
                            // Of the pixels before such tiles, only those at the border.
                            let border = self.columns.interior.start.saturating_sub(x);
                            let alone = stem.is_some() && border > 0;
                            self.columns
                                .cut(x, if alone { most.min(border) } else { most })
                        }
                    };
                    narrow = cut.tile * cut.tiles == self.columns.pixels;
                    strip.tiles = cut.tiles;
                    strip.spans = self.spans(&cut, geometry.channels, depth);
                }
                strip.weights = weights.wrapping_add(cut.taps[0] * weights_tap);
                strip.output = output.wrapping_add(cut.x * geometry.filters);
                // SAFETY: the caller's; the spans are taps that lie inside the input, of rows and
                // planes that do.
                unsafe {
                    match &stem {
                        Some(stem) if stems => stem::run(simd, &strip, stem),
                        _ if upright::pays(&cut, lines.count, most, block.vectors) => {
                            upright::run(simd, &strip, cut.tile, most, block.vectors);
                        }
                        _ => tile::run::<S, false>(simd, &strip, cut.tile, block.vectors),
                    }
                }
                x = cut.x + cut.tile * cut.tiles;
            }
            index += lines.count;
        }
    }

    /// The three spans of a cut, in floats.
    #[inline(always)]
    fn spans(&self, cut: &Cut, channels: usize, depth: usize) -> [Span; 3] {
        let [a, b, c, d] = cut.taps;
        let span = |x: usize, from: usize, to: usize| {
            if from >= to {
                return Span::EMPTY;
            }
            let at = self.columns.axis.position(x, from).wrapping_mul(channels);
            if self.folded {
                Span {
                    at,
                    pieces: 1,
                    len: (to - from) * depth,
                }
            } else {
                Span {
                    at,
                    pieces: to - from,
                    len: depth,
                }
            }
        };
        [span(cut.x + 1, a, b), span(cut.x, b, c), span(cut.x, c, d)]
    }
}
