//! The walk over a job's output, strip by strip.

use super::strip::{Span, Strip};
use crate::activation::Activation;
use crate::geometry::Geometry;
use crate::kernel::Job;
#[cfg(target_abi = "eabihf")]
use crate::kernel::rows::Cut;
use crate::kernel::rows::{Columns, Rows, cut};
use crate::kernel::window::count;
use core::ptr;

/// Bytes of so many floats. A step that is never taken may be past all bounds.
#[inline(always)]
pub(super) const fn bytes(floats: usize) -> usize {
    floats.wrapping_mul(size_of::<f32>())
}

/// Lines of the output, one under the other, that reach the same taps, and in each of them tiles side by side that do.
pub(super) struct Walk {
    pub strip: Strip,
    /// In the first of the lines: the input row under the first window row that lies inside, and the outputs of the tiles' first
    /// pixel, both from their first channel on.
    pub input: *const f32,
    pub output: *mut f32,
    pub lines: usize,
    /// Pixels of a tile.
    pub tile: usize,
    /// Taps of the window before the first that lies inside, in all and in its row.
    pub taps: usize,
    column: usize,
    /// Pixels of a line, and how many are done.
    pixels: usize,
    x: usize,
    /// The rows of the job that are done once these lines are.
    row: usize,
}

impl Walk {
    /// Before the first strip.
    // Its frame is gone when strips are computed, as are those of `enter` and `cut`.
    #[inline(never)]
    pub fn of(job: &Job<'_>) -> Self {
        let geometry = job.geometry();
        let Activation { min, max } = job.activation();
        Walk {
            strip: Strip {
                input: ptr::null(),
                weights: ptr::null(),
                planes: 1,
                rows: 1,
                input_row: bytes(geometry.dilation[1].wrapping_mul(row(geometry))),
                weights_row: 0,
                input_gap: 0,
                weights_gap: 0,
                piece: bytes(geometry.dilation[2].wrapping_mul(geometry.channels)),
                step: size_of::<f32>(),
                width: 0,
                all: Span::EMPTY,
                #[cfg(target_abi = "eabihf")]
                but_first: Span::EMPTY,
                #[cfg(target_abi = "eabihf")]
                but_last: Span::EMPTY,
                #[cfg(target_abi = "eabihf")]
                missed: 0,
                tiles: 0,
                lines: 0,
                input_line: 0,
                output_line: 0,
                pixel: bytes(geometry.stride[2].wrapping_mul(geometry.channels)),
                output_pixel: bytes(geometry.filters),
                bias: ptr::null(),
                filters: 0,
                clamp: [min, max],
                output: ptr::null_mut(),
            },
            input: job.input(),
            output: job.output(),
            lines: 0,
            tile: 0,
            taps: 0,
            column: 0,
            pixels: 0,
            x: 0,
            row: 0,
        }
    }

    /// To the next strip, of tiles of at most `most` pixels, if there is one.
    #[inline(always)]
    pub fn next(&mut self, job: &Job<'_>, most: usize) -> bool {
        // Past the tiles before, and past the lines if those were their last.
        let done = self.tile * self.strip.tiles;
        self.x += done;
        self.output = self
            .output
            .wrapping_byte_add(done.wrapping_mul(self.strip.output_pixel));
        self.taps -= self.column;
        if self.x == self.pixels {
            if self.row == count(&job.rows) {
                return false;
            }
            self.enter(job);
        }
        self.cut(job, most);
        true
    }

    /// To the next lines.
    #[inline(never)]
    fn enter(&mut self, job: &Job<'_>) {
        let (geometry, sizes) = (job.geometry(), job.sizes());
        // The output goes on behind the lines, of which it has passed one.
        let behind = self.lines.saturating_sub(1).wrapping_mul(self.pixels);
        self.output = self
            .output
            .wrapping_byte_add(behind.wrapping_mul(self.strip.output_pixel));
        self.x = 0;
        if is_flat(job) {
            self.row = count(&job.rows);
            self.lines = 1;
            self.pixels = self.row * sizes.output[2];
            return;
        }
        let [_, height, columns] = geometry.kernel;
        let rows = Rows::of(geometry, sizes, job.rows.start, job.first_input_row);
        let lines = rows.lines(self.row, count(&job.rows));
        let row = row(geometry);
        let strip = &mut self.strip;
        (strip.planes, strip.rows) = (count(&lines.planes), count(&lines.rows));
        let plane = bytes(geometry.dilation[0].wrapping_mul(geometry.input[1].wrapping_mul(row)));
        strip.input_gap = plane.wrapping_sub(strip.rows.wrapping_mul(strip.input_row));
        self.input = job.input().wrapping_add(lines.input * row);
        self.lines = lines.count;
        self.taps = (lines.planes.start * height + lines.rows.start) * columns;
        self.column = 0;
        self.pixels = sizes.output[2];
        self.row += lines.count;
    }

    /// To the next pixels of the lines.
    #[inline(never)]
    fn cut(&mut self, job: &Job<'_>, most: usize) {
        let geometry = job.geometry();
        let strip = &mut self.strip;
        if is_flat(job) {
            (self.tile, strip.tiles) = cut(self.pixels - self.x, most);
            strip.all = Span {
                at: bytes(self.x * geometry.channels),
                pieces: 1,
                len: job.panels().depth,
            };
            return;
        }
        let columns = Columns::of(geometry, job.sizes());
        let cut = columns.cut(self.x, most);
        #[cfg(target_abi = "eabihf")]
        let cut = if most == SLIDE {
            sliding(strip, &columns, cut)
        } else {
            cut
        };
        (self.tile, strip.tiles) = (cut.tile, cut.tiles);
        let done = cut.tile * cut.tiles;
        let line = bytes(geometry.stride[1].wrapping_mul(row(geometry)));
        strip.input_line = line.wrapping_sub(done.wrapping_mul(strip.pixel));
        strip.output_line = (self.pixels - done).wrapping_mul(strip.output_pixel);
        self.column = cut.taps[0];
        self.taps += self.column;
        // Dense loops know of no steps but from a float to the next.
        let single = job.panels().depth == 1 && most != DENSE;
        if single {
            strip.step = strip.piece;
        }
        let folded = single || geometry.dilation[2] == 1 && geometry.groups == 1;
        let span = |x: usize, from: usize, to: usize| {
            let taps = to.saturating_sub(from);
            let position = columns.axis.position(x, from);
            let depth = job.sizes().group_channels;
            Span {
                at: bytes(position.wrapping_mul(geometry.channels)),
                pieces: if folded { 1 } else { taps },
                len: if folded { taps * depth } else { depth },
            }
        };
        strip.all = span(cut.x, cut.taps[1], cut.taps[2]);
        #[cfg(target_abi = "eabihf")]
        {
            strip.but_first = span(cut.x + 1, cut.taps[0], cut.taps[1]);
            strip.but_last = span(cut.x, cut.taps[2], cut.taps[3]);
        }
    }
}

/// The most pixels of a tile of a dense layer, where it is not computed output by output.
pub(super) const DENSE: usize = 2;

/// The most pixels of a tile of windows that slide; no other tile has as many.
#[cfg(target_abi = "eabihf")]
pub(super) const SLIDE: usize = 4;

/// [`Strip::missed`] of pixels that miss more taps than tiles of windows that slide may.
#[cfg(target_abi = "eabihf")]
pub(super) const NO_SLIDE: usize = 4;

/// The same tiles with whole windows, of which the loop leaves out what pixels miss; or the first pixel alone.
#[cfg(target_abi = "eabihf")]
#[inline(always)]
fn sliding(strip: &mut Strip, columns: &Columns, cut: Cut) -> Cut {
    if !cut.slides() {
        strip.missed = NO_SLIDE;
        return columns.cut(cut.x, 1);
    }
    let [_, first, last, _] = cut.taps;
    strip.missed = usize::from(first > 0) + 2 * usize::from(last < 3);
    Cut {
        taps: [0, 0, 3, 3],
        ..cut
    }
}

/// Whether the window is one pixel and the image is walked as a single row.
#[inline(always)]
fn is_flat(job: &Job<'_>) -> bool {
    let (geometry, sizes) = (job.geometry(), job.sizes());
    let ([kd, kh, kw], [sd, sh, sw]) = (geometry.kernel, geometry.stride);
    let [[front, back], [top, bottom], [left, right]] = sizes.padding;
    // Each is at least 1.
    kd | kh | kw | sd | sh | sw == 1 && front | back | top | bottom | left | right == 0
}

/// Floats of a row of the input.
#[inline(always)]
fn row(geometry: &Geometry) -> usize {
    geometry.input[2].wrapping_mul(geometry.channels)
}
