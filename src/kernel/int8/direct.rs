//! Dense, for cores without vectors: the windows of two pixels, widened on the stack a piece at a time,
//! under one filter after the other.
//!
//! Widened inputs are 16 bits wide and less the zero point, so a tap in the padding is a zero. What a
//! tile of registers would widen again for every filter is widened once for a panel, and windows of any
//! shape, groups and ragged rows are all the same to the loop that multiplies.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::{JobI8, To};
use crate::geometry::Geometry;
use crate::kernel::rows::{Columns, Lines, Rows};
use crate::kernel::window::count;
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use crate::quant::Quant;
use core::ops::Range;

/// Pixels side by side.
pub(crate) const PIXELS: usize = 2;

/// Inputs of a pixel that are widened at a time, if a tap's channels are whole quads. If not, half as
/// many: the other half of the memory then holds their bytes, one after the other.
const PIECE: usize = 64;

/// The sums of a panel: `[filter][pixel]`.
pub(crate) type Sums = [[i32; PIXELS]; PANEL];

/// The loops of a level.
///
/// # Safety
///
/// A value is made only where the CPU has the instructions that the methods use.
pub(crate) unsafe trait Quads: Copy {
    /// Widens quads of one pixel, in whatever order within a quad: `to` is its place in the first
    /// quad, and in each next one `PIXELS * QUAD` elements further on.
    ///
    /// # Safety
    /// So many quads of bytes are readable, and as many places writable.
    #[inline(always)]
    unsafe fn widen(self, from: *const i8, offset: Offset, quads: usize, to: *mut i16) {
        for quad in 0..quads {
            for i in 0..QUAD {
                // SAFETY: the caller's.
                unsafe {
                    let input = offset.of(from.add(quad * QUAD + i).read());
                    to.add(quad * PIXELS * QUAD + i).write(input as i16);
                }
            }
        }
    }

    /// Adds `quads` widened quads of both pixels, times the weights of so many filters: those of the
    /// first lie at `weights`, of the next one a word further on, those of the next quad `width`
    /// words. Sums of filters that do not exist may change, up to the next even number.
    ///
    /// # Safety
    /// All of that can be read; there is a quad and a filter.
    #[inline(always)]
    unsafe fn add_quads(
        self,
        sums: &mut Sums,
        filters: usize,
        wide: *const i16,
        weights: *const i32,
        width: usize,
        quads: usize,
    ) {
        for (filter, sums) in sums.iter_mut().enumerate().take(filters) {
            let [mut a, mut b] = *sums;
            for quad in 0..quads {
                let x = wide.wrapping_add(quad * PIXELS * QUAD);
                // SAFETY: the caller's.
                let word = unsafe { weights.add(quad * width + filter).read() };
                for i in 0..QUAD {
                    let weight = byte(word, i);
                    // SAFETY: the caller's.
                    let [x, y] = unsafe { [x.add(i).read(), x.add(QUAD + i).read()] };
                    a = a.wrapping_add(i32::from(x).wrapping_mul(weight));
                    b = b.wrapping_add(i32::from(y).wrapping_mul(weight));
                }
            }
            *sums = [a, b];
        }
    }

    /// Writes the sums of so many filters, requantized: those of the second pixel, if there is one,
    /// `step` bytes further on than those of the first. Whether it did; nothing counts as written
    /// if not, and [`To::put`] does it.
    ///
    /// # Safety
    /// All of that is writable, and the header is that of the first filter in a panel so wide.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    unsafe fn put(
        self,
        _quant: &Quant,
        _sums: &Sums,
        _filters: usize,
        _header: *const i32,
        _width: usize,
        _to: *mut i8,
        _step: usize,
    ) -> bool {
        false
    }
}

/// What turns a byte of the image into a number.
#[derive(Clone, Copy)]
pub(crate) struct Offset {
    pub flip: i8,
    pub zero: i32,
}

impl Offset {
    #[inline(always)]
    pub fn of(self, byte: i8) -> i32 {
        i32::from(byte ^ self.flip) - self.zero
    }

    /// The byte that turns into zero.
    #[inline(always)]
    fn zero(self) -> i8 {
        self.zero as i8 ^ self.flip
    }
}

/// Weight `i` of a word.
#[inline(always)]
pub(super) fn byte(word: i32, i: usize) -> i32 {
    i32::from((word >> (8 * i as u32)) as i8)
}

#[inline(always)]
pub(crate) fn run<S: Quads>(simd: S, mut job: JobI8<'_>) {
    let geometry = job.geometry;
    let panels = &job.panels.panels;
    let shape = Shape::of(geometry, panels.depth, job.quant);
    let output = To::start(&mut job.output);
    let pixels = count(&job.rows) * job.sizes.output[2];
    let depth = job.panels.depth();
    let piece = if shape.whole { PIECE } else { PIECE / 2 };
    let mut wide = [0i16; PIECE * PIXELS];
    let mut panel = job.packed.as_ptr();
    for group in 0..panels.groups {
        let mut walk = Walk::of(&job, group * panels.depth);
        let mut pixel = 0;
        let mut end = panel;
        while pixel < pixels {
            let here = (pixels - pixel).min(PIXELS);
            // A second pixel that does not exist is computed as another first.
            let first = walk.next();
            let windows = [first.clone(), if here > 1 { walk.next() } else { first }];
            let output = output.at(pixel * geometry.filters + group * panels.filters);
            let mut header = panel;
            let mut first = 0;
            while first < panels.filters {
                let filters = (panels.filters - first).min(PANEL);
                let width = width(filters);
                let mut sums = [[0; PIXELS]; PANEL];
                for (filter, sums) in sums.iter_mut().enumerate().take(filters) {
                    // SAFETY: a panel begins with the biases of its filters.
                    *sums = [unsafe { header.add(filter).read() }; PIXELS];
                }
                let mut weights = header.wrapping_add(HEADER * width);
                let mut from = Place::default();
                let mut left = depth;
                while left > 0 {
                    let len = left.min(piece);
                    let quads = len.div_ceil(QUAD);
                    // SAFETY: a piece fits in `wide`; the walk's windows are those of pixels of the
                    // job; the weights are a panel's, as `PanelsI8` counts them.
                    unsafe {
                        // One piece that is all serves every panel.
                        if first == 0 || depth > piece {
                            from = stage(simd, &shape, &windows, from, len, &mut wide);
                        }
                        let wide = wide.as_ptr();
                        simd.add_quads(&mut sums, filters, wide, weights, width, quads);
                    }
                    weights = weights.wrapping_add(quads * width);
                    left -= len;
                }
                // SAFETY: each pixel that exists has so many outputs from here on.
                unsafe {
                    let output = output.at(first);
                    put(simd, &job, &sums, [here, filters, width], header, output)
                };
                header = header.wrapping_add(job.panels.panel(width));
                first += PANEL;
            }
            end = header;
            pixel += here;
        }
        panel = end;
    }
}

/// Writes the sums of so many pixels and filters in a panel so wide.
///
/// # Safety
/// That is writable, and the header is the panel's.
#[inline(always)]
unsafe fn put<S: Quads>(
    simd: S,
    job: &JobI8<'_>,
    sums: &Sums,
    [pixels, filters, width]: [usize; 3],
    header: *const i32,
    output: To,
) {
    let step = job.geometry.filters;
    if let To::Bytes(to) = output {
        // SAFETY: the caller's.
        let done = unsafe {
            let step = if pixels < PIXELS { 0 } else { step };
            simd.put(job.quant, sums, filters, header, width, to, step)
        };
        if done {
            return;
        }
    }
    for (filter, sums) in sums.iter().enumerate().take(filters) {
        for (pixel, &sum) in sums.iter().enumerate().take(pixels) {
            let to = output.at(pixel * step + filter);
            // SAFETY: the caller's.
            unsafe { to.put(job.quant, sum, header.wrapping_add(filter), width) };
        }
    }
}

/// What all windows of a layer have in common.
struct Shape {
    /// Rows and columns of the window, and channels.
    kernel: [usize; 2],
    depth: usize,
    /// Bytes from one plane, row and column of the window to the next.
    steps: [usize; 3],
    /// The taps of a row lie side by side.
    dense: bool,
    /// The channels of a tap are whole quads.
    whole: bool,
    offset: Offset,
}

impl Shape {
    #[inline(always)]
    fn of(geometry: &Geometry, depth: usize, quant: &Quant) -> Self {
        let [_, height, width] = geometry.input;
        let row = width.wrapping_mul(geometry.channels);
        let [z, y, x] = geometry.dilation;
        Shape {
            kernel: [geometry.kernel[1], geometry.kernel[2]],
            depth,
            // A step that is never taken may be past all bounds.
            steps: [
                z.wrapping_mul(height.wrapping_mul(row)),
                y.wrapping_mul(row),
                x.wrapping_mul(geometry.channels),
            ],
            dense: x == 1 && geometry.groups == 1,
            whole: depth.is_multiple_of(QUAD),
            offset: Offset {
                flip: quant.flip_input as i8,
                zero: quant.input_zero,
            },
        }
    }
}

/// The window of a pixel.
#[derive(Clone)]
struct Window {
    /// Where its first tap would lie if there were an image all around.
    origin: *const i8,
    /// The taps inside the image.
    planes: Range<usize>,
    rows: Range<usize>,
    columns: Range<usize>,
}

/// A place in a window.
#[derive(Clone, Copy, Default)]
struct Place {
    plane: usize,
    row: usize,
    column: usize,
    channel: usize,
}

/// The walk over the windows of a job's pixels.
struct Walk<'a> {
    rows: Rows,
    columns: Columns,
    geometry: &'a Geometry,
    /// The first byte of the group's channels.
    input: *const i8,
    /// Rows of the job.
    end: usize,
    lines: Lines,
    /// The row among `lines`, and the pixel.
    line: usize,
    x: usize,
    origin: *const i8,
}

impl<'a> Walk<'a> {
    #[inline(always)]
    fn of(job: &JobI8<'a>, channel: usize) -> Self {
        let rows = Rows::of(job.geometry, job.sizes, job.rows.start, job.first_input_row);
        let mut walk = Walk {
            columns: Columns::of(job.geometry, job.sizes),
            geometry: job.geometry,
            input: job.input.as_ptr().wrapping_add(channel),
            end: count(&job.rows),
            lines: rows.lines(0, count(&job.rows)),
            rows,
            line: 0,
            x: 0,
            origin: job.input.as_ptr(),
        };
        walk.start();
        walk
    }

    /// To the first pixel of a row.
    #[inline(always)]
    fn start(&mut self) {
        let [_, height, width] = self.geometry.input;
        let row = width.wrapping_mul(self.geometry.channels);
        let [depth, step, _] = self.geometry.dilation;
        let lines = &self.lines;
        let below = lines.input + self.line.wrapping_mul(self.geometry.stride[1]);
        let above = (lines.rows.start.wrapping_mul(step))
            .wrapping_add(lines.planes.start.wrapping_mul(depth).wrapping_mul(height));
        let left = self
            .columns
            .axis
            .position(0, 0)
            .wrapping_mul(self.geometry.channels);
        self.x = 0;
        self.origin = self
            .input
            .wrapping_add(below.wrapping_sub(above).wrapping_mul(row))
            .wrapping_add(left);
    }

    /// The window of the next pixel, which exists.
    #[inline(always)]
    fn next(&mut self) -> Window {
        if self.x == self.columns.pixels {
            self.line += 1;
            if self.line == self.lines.count {
                self.lines = self.rows.lines(self.lines.index + self.line, self.end);
                self.line = 0;
            }
            self.start();
        }
        let window = Window {
            origin: self.origin,
            planes: self.lines.planes.clone(),
            rows: self.lines.rows.clone(),
            columns: if self.columns.interior.contains(&self.x) {
                0..self.geometry.kernel[2]
            } else {
                self.columns.axis.inside(self.x)
            },
        };
        self.x += 1;
        let step = self.geometry.stride[2].wrapping_mul(self.geometry.channels);
        self.origin = self.origin.wrapping_add(step);
        window
    }
}

/// Widens `len` inputs of both windows, from a place on; the place after them.
///
/// # Safety
/// The windows are those of pixels of a job of this shape, which has so many taps and channels from
/// there on, and they fit in `wide`: see [`PIECE`].
#[inline(always)]
unsafe fn stage<S: Quads>(
    simd: S,
    shape: &Shape,
    windows: &[Window; PIXELS],
    from: Place,
    len: usize,
    wide: &mut [i16; PIECE * PIXELS],
) -> Place {
    let mut place = from;
    let bytes = wide
        .as_mut_ptr()
        .wrapping_add(PIECE / 2 * PIXELS)
        .cast::<i8>();
    for (pixel, window) in windows.iter().enumerate() {
        let mut to = wide.as_mut_ptr().wrapping_add(pixel * QUAD);
        let first = to;
        let mut byte = bytes;
        let mut left = len;
        place = from;
        let full = shape.dense && count(&window.columns) == shape.kernel[1];
        while left > 0 {
            let mut run = shape.depth - place.channel;
            if full {
                run += (shape.kernel[1] - 1 - place.column) * shape.depth;
            }
            let run = run.min(left);
            let inside = window.planes.contains(&place.plane)
                && window.rows.contains(&place.row)
                && window.columns.contains(&place.column);
            let input = window
                .origin
                .wrapping_add(place.plane.wrapping_mul(shape.steps[0]))
                .wrapping_add(place.row.wrapping_mul(shape.steps[1]))
                .wrapping_add(place.column.wrapping_mul(shape.steps[2]))
                .wrapping_add(place.channel);
            // SAFETY: the tap is inside; what is written fits.
            unsafe {
                if shape.whole {
                    let quads = run / QUAD;
                    if inside {
                        simd.widen(input, shape.offset, quads, to);
                    } else {
                        for quad in 0..quads {
                            let to = to.add(quad * PIXELS * QUAD);
                            to.cast::<[i16; QUAD]>().write([0; QUAD]);
                        }
                    }
                    to = to.wrapping_add(quads * PIXELS * QUAD);
                } else {
                    if inside {
                        copy(input, byte, run);
                    } else {
                        byte.write_bytes(shape.offset.zero() as u8, run);
                    }
                    byte = byte.wrapping_add(run);
                }
            }
            left -= run;
            place.channel += run;
            while place.channel >= shape.depth {
                place.channel -= shape.depth;
                place.column += 1;
            }
            if place.column == shape.kernel[1] {
                place.column = 0;
                place.row += 1;
                if place.row == shape.kernel[0] {
                    place.row = 0;
                    place.plane += 1;
                }
            }
        }
        if !shape.whole {
            // The last quad may not be full; its weights are zeros there.
            // SAFETY: the bytes are those just written, or widened inputs of another piece.
            unsafe { simd.widen(bytes, shape.offset, len.div_ceil(QUAD), first) };
        }
    }
    place
}

/// Copies a few bytes.
///
/// # Safety
/// They can be read and written.
#[inline(always)]
unsafe fn copy(mut from: *const i8, mut to: *mut i8, mut len: usize) {
    // SAFETY: the caller's.
    unsafe {
        while len >= size_of::<u32>() {
            let word = from.cast::<u32>().read_unaligned();
            to.cast::<u32>().write_unaligned(word);
            from = from.add(size_of::<u32>());
            to = to.add(size_of::<u32>());
            len -= size_of::<u32>();
        }
        while len > 0 {
            to.write(from.read());
            from = from.add(1);
            to = to.add(1);
            len -= 1;
        }
    }
}
