//! One input channel per filter: vectors run along the channels, and meet no other channel.

use super::double::Doubled;
use super::pair;
use super::rows::{Columns, Cut, Lines, Rows, can_slide};
use super::slide;
use super::taps;
use super::window::{count, quotient};
use super::{CACHED, Job};
use crate::pack::{self, PANEL};
use crate::simd::Simd;

/// Tiles side by side in output rows that lie one under the other, for vectors of filters side by
/// side.
pub(super) struct Strip {
    pub lines: usize,
    pub tiles: usize,
    /// The first tap of the first pixel, in the input row under the first window row that lies
    /// inside; it may lie outside itself.
    pub input: *const f32,
    /// Floats between the windows of neighbouring lines and pixels, and between the taps of
    /// neighbouring window planes, rows and columns.
    pub input_line: usize,
    pub pixel: usize,
    pub plane: usize,
    pub row: usize,
    pub tap: usize,
    /// Window planes and rows that lie inside, and the columns as [`Cut::taps`] has them.
    pub planes: usize,
    pub rows: usize,
    pub taps: [usize; 4],

    /// Vectors of filters side by side; the panel of the first starts at `bias`, and each next one
    /// lies [`lane`](crate::kernel::piece::lane) further.
    pub vectors: usize,
    pub panel: usize,
    pub bias: *const f32,
    /// The weights of the first column of the first window row that lies inside.
    pub weights: *const f32,
    /// Floats between the weights of neighbouring columns, rows and planes.
    pub width: usize,
    pub weights_row: usize,
    pub weights_plane: usize,

    pub output: *mut f32,
    pub output_line: usize,
    pub output_pixel: usize,
    /// Filters of each vector: as many as it has lanes, but for a last one that stands alone.
    pub filters: usize,
    /// Filters of one channel, and where the first stands among its channel's.
    pub multiplier: usize,
    pub turn: usize,
    pub clamp: Option<[f32; 2]>,
}

/// Filters whose vectors are alike: those of all full panels, those of full vectors of a narrower
/// one, those of the last vector.
pub(super) struct Segment {
    pub filter: usize,
    pub vectors: usize,
    /// Filters of each vector.
    pub filters: usize,
    /// Where the panel starts, and its width.
    pub panel: usize,
    pub width: usize,
}

#[inline(always)]
pub(super) fn run<S: Simd>(simd: S, job: &Job<'_>) {
    let geometry = job.geometry();
    let packed = job.packed();
    let output = job.output();
    let row = geometry.input[2] * geometry.channels;
    let (rows, columns) = (
        Rows::of(geometry, job.sizes(), job.rows.start, job.first_input_row),
        Columns::of(geometry, job.sizes()),
    );
    let end = count(&job.rows);
    let slides = can_slide(geometry);
    let pairs = slides && pair::can::<S>(geometry);
    // Rows of output whose input the cache keeps while one vector after the other passes over them.
    let band = match job.memory.input.len() <= CACHED {
        true => end,
        false => quotient(CACHED, row.saturating_mul(geometry.stride[1])).max(2),
    };
    let doubled = if slides { Doubled::of::<S>(job) } else { None };
    let layer = Layer::of(job);
    // Of a narrow map one cut is a whole row, and so the same for all rows that are cut so.
    let (mut cut, mut narrow) = (Cut::NONE, 0);
    let mut index = 0;
    while index < end {
        let mut lines = rows.lines(index, (index + band).min(end));
        let paired = pairs && pair::reaches(&lines);
        let most = if paired {
            pair::most::<S>(geometry)
        } else if doubled.is_some() {
            1
        } else {
            S::SLIDE
        };
        if paired {
            lines.count -= lines.count % 2;
        }
        let mut x = 0;
        while x < columns.pixels {
            // Asked again: else levels that never have them keep their place on the stack.
            if Doubled::on::<S>()
                && let Some(doubled) = &doubled
            {
                let pairs = doubled.pairs::<S>(&columns, x);
                if pairs.tile > 0 {
                    let strip = doubled.strip::<S>(&layer, &lines, &pairs, &columns, output);
                    // SAFETY: as below; two pixels are as one of twice the channels.
                    unsafe { slide::run(simd, &strip, pairs.tile, 2) };
                    x += 2 * pairs.tile * pairs.tiles;
                    continue;
                }
            }
            if narrow != most {
                cut = columns.cut(x, most);
                narrow = match cut.tile * cut.tiles == columns.pixels {
                    true => most,
                    false => 0,
                };
            }
            segments::<S>(job, |segment| {
                let strip = layer.strip(packed, &lines, &cut, &columns, &segment, output);
                // SAFETY: the panels follow each other as `Panels` counts them, the output's pixels
                // have every filter, and a cut names the taps that lie inside the input.
                unsafe {
                    if !(slides && cut.slides()) {
                        taps::run(simd, &strip, cut.tile);
                    } else if paired && cut.tile >= pair::LEAST && strip.filters == S::LANES {
                        pair::run(simd, &strip, cut.tile, geometry.stride[2]);
                    } else {
                        slide::run(simd, &strip, cut.tile, geometry.stride[2]);
                    }
                }
            });
            x += cut.tile * cut.tiles;
        }
        index += lines.count;
    }
}

/// Calls `body` for each segment of the filters.
#[inline(always)]
fn segments<S: Simd>(job: &Job<'_>, mut body: impl FnMut(Segment)) {
    let filters = job.geometry().filters;
    let last = filters % PANEL;
    let full = filters - last;
    let width = pack::width(last);
    let whole = last / S::LANES;
    let panel = full * job.panels().rows();
    if full > 0 {
        body(Segment {
            filter: 0,
            vectors: full / S::LANES,
            filters: S::LANES,
            panel: 0,
            width: PANEL,
        });
    }
    if whole > 0 {
        body(Segment {
            filter: full,
            vectors: whole,
            filters: S::LANES,
            panel,
            width,
        });
    }
    if !last.is_multiple_of(S::LANES) {
        body(Segment {
            filter: full + whole * S::LANES,
            vectors: 1,
            filters: last % S::LANES,
            panel: panel + whole * S::LANES,
            width,
        });
    }
}

/// What all strips of a job have in common.
pub(super) struct Layer<'a> {
    job: &'a Job<'a>,
    /// Floats of an input row and of an output row.
    row: usize,
    output_row: usize,
    /// Rows of a panel.
    rows: usize,
    multiplier: usize,
    clamp: Option<[f32; 2]>,
}

impl<'a> Layer<'a> {
    #[inline(always)]
    fn of(job: &'a Job<'a>) -> Self {
        let geometry = job.geometry();
        Layer {
            job,
            row: geometry.input[2] * geometry.channels,
            output_row: job.sizes().output[2] * geometry.filters,
            rows: 1 + job.sizes().taps,
            multiplier: quotient(geometry.filters, geometry.channels),
            clamp: job.activation().range(),
        }
    }

    /// The strip of a segment's filters, whose panels lie at `packed`, for the tiles of a cut in some lines.
    #[inline(always)]
    pub fn strip(
        &self,
        packed: *const f32,
        lines: &Lines,
        cut: &Cut,
        columns: &Columns,
        segment: &Segment,
        output: *mut f32,
    ) -> Strip {
        let geometry = self.job.geometry();
        let [_, kernel_height, kernel_width] = geometry.kernel;
        let channel = quotient(segment.filter, self.multiplier);
        let bias = packed.wrapping_add(segment.panel);
        let weights_row = kernel_width * segment.width;
        let first = lines.planes.start * kernel_height + lines.rows.start;
        let at = columns
            .axis
            .position(cut.x, 0)
            .wrapping_mul(geometry.channels);
        Strip {
            lines: lines.count,
            tiles: cut.tiles,
            input: self
                .job
                .input()
                .wrapping_add(lines.input * self.row + channel)
                .wrapping_add(at),
            // A step that is never taken may be past all bounds.
            input_line: geometry.stride[1].wrapping_mul(self.row),
            pixel: geometry.stride[2] * geometry.channels,
            plane: geometry.dilation[0].wrapping_mul(geometry.input[1] * self.row),
            row: geometry.dilation[1].wrapping_mul(self.row),
            tap: geometry.dilation[2] * geometry.channels,
            planes: count(&lines.planes),
            rows: count(&lines.rows),
            taps: cut.taps,
            vectors: segment.vectors,
            panel: segment.width * self.rows,
            bias,
            weights: bias.wrapping_add(segment.width + first * weights_row),
            width: segment.width,
            weights_row,
            weights_plane: kernel_height * weights_row,
            output: output.wrapping_add(
                lines.index * self.output_row + cut.x * geometry.filters + segment.filter,
            ),
            output_line: self.output_row,
            output_pixel: geometry.filters,
            filters: segment.filters,
            multiplier: self.multiplier,
            turn: segment.filter - channel * self.multiplier,
            clamp: self.clamp,
        }
    }
}
