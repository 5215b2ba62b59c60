//! Dense, for cores without vectors: the windows of two pixels, widened on the stack a piece at a time,
//! under one filter after the other.
//!
//! Widened inputs are 16 bits wide. What a tile of registers would widen again for every filter is
//! widened once for a panel, and windows of any shape, groups and ragged rows are all the same to the
//! loop that multiplies.
//!
//! Without a better instruction, one multiplication makes two products: of a weight, and the inputs of
//! both pixels in one word, both as unsigned bytes. With `u = w + 128`, `v = x + 128` and the zero point
//! `z` in those terms, `sum w (v - z) = sum u v - 128 sum v - z sum w`.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::strips::Strip;
use super::{JobI8, To};
use crate::geometry::Geometry;
use crate::kernel::rows::{Columns, Rows};
use crate::kernel::window::{count, quotient};
use crate::pack::{PANEL, Panels, width};
use crate::pack_i8::{HEADER, QUAD};
use crate::quant::{Quant, Rounding};

/// Pixels side by side.
pub(crate) const PIXELS: usize = 2;

/// Inputs of a pixel that are widened at a time, if a tap's channels are whole quads. If not, half as
/// many: the other half of the memory then holds their bytes, one after the other.
const PIECE: usize = 64;

/// A piece of the windows of two pixels, widened.
type Wide = [u32; PIECE * PIXELS / 2];

/// The sums of a panel: `[filter][pixel]`.
pub(crate) type Sums = [[i32; PIXELS]; PANEL];

/// The loops of a level.
///
/// # Safety
///
/// A value is made only where the CPU has the instructions that the methods use.
pub(crate) unsafe trait Quads: Copy {
    /// Elements from a widened input of the first pixel to that of the second.
    const APART: usize = 1;

    /// Widens quads of one pixel: `to` is its place in the first quad, and in each next one
    /// `PIXELS * QUAD` elements further on.
    ///
    /// # Safety
    /// So many quads of bytes are readable, and as many places writable.
    #[inline(always)]
    unsafe fn widen(self, from: *const i8, offset: Offset, quads: usize, to: *mut i16) {
        for i in 0..quads * QUAD {
            // SAFETY: the caller's.
            unsafe {
                let byte = (from.add(i).read() ^ offset.flip) as u8 ^ 128;
                to.add(i * PIXELS).write(i16::from(byte));
            }
        }
    }

    /// Writes quads of padding.
    ///
    /// # Safety
    /// So many places are writable.
    #[inline(always)]
    unsafe fn fill(self, offset: Offset, quads: usize, to: *mut i16) {
        for i in 0..quads * QUAD {
            // SAFETY: the caller's.
            unsafe { to.add(i * PIXELS).write((offset.zero + 128) as i16) };
        }
    }

    /// Sets the sums of so many filters to their biases.
    ///
    /// # Safety
    /// The header is a panel's, so wide.
    #[inline(always)]
    unsafe fn start(
        self,
        sums: &mut Sums,
        filters: usize,
        header: *const i32,
        width: usize,
        offset: Offset,
    ) {
        let zero = offset.zero + 128;
        let sums = sums.as_mut_ptr();
        for filter in 0..filters {
            let header = header.wrapping_add(filter);
            // SAFETY: the caller's; a panel has no more filters than there are sums.
            unsafe {
                let [bias, weights] = [header.read(), header.add(width).read()];
                let sum = bias.wrapping_sub(zero.wrapping_mul(weights));
                sums.add(filter).write([sum; PIXELS]);
            }
        }
    }

    /// Copies bytes.
    ///
    /// # Safety
    /// So many are readable and writable; there is one.
    #[inline(always)]
    unsafe fn copy(self, from: *const i8, to: *mut i8, len: usize) {
        // SAFETY: the caller's.
        unsafe { to.copy_from_nonoverlapping(from, len) };
    }

    /// The products of unsigned bytes: the sum of those of both pixels in one word, and of the second
    /// alone.
    ///
    /// # Safety
    /// As for [`add_quads`](Self::add_quads).
    #[inline(always)]
    unsafe fn products(
        self,
        wide: *const u32,
        mut weights: *const i32,
        width: usize,
        quads: usize,
    ) -> [u32; 2] {
        let [mut both, mut second] = [0u32; 2];
        let mut x = wide;
        for _ in 0..quads {
            // SAFETY: the caller's.
            let word = unsafe { weights.read() } as u32 ^ 0x8080_8080;
            for i in 0..QUAD {
                let weight = word << (24 - 8 * i) >> 24;
                // SAFETY: the caller's.
                let product = unsafe { x.add(i).read() }.wrapping_mul(weight);
                both = both.wrapping_add(product);
                second = second.wrapping_add(product >> 16);
            }
            x = x.wrapping_add(QUAD);
            weights = weights.wrapping_add(width);
        }
        [both, second]
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
        // Both pixels in one word. A piece is so short that neither sum leaves its half.
        let wide = wide.cast::<u32>();
        let mut inputs = 0u32;
        for i in 0..quads * QUAD {
            // SAFETY: the caller's.
            inputs = inputs.wrapping_add(unsafe { wide.add(i).read() });
        }
        let sums = sums.as_mut_ptr();
        for filter in 0..filters {
            let weights = weights.wrapping_add(filter);
            // SAFETY: the caller's; a panel has no more filters than there are sums.
            unsafe {
                let [both, second] = self.products(wide, weights, width, quads);
                let first = both.wrapping_sub(second << 16);
                let of = |products: u32, inputs: u32| products.wrapping_sub(inputs << 7) as i32;
                let [a, b] = sums.add(filter).read();
                sums.add(filter).write([
                    a.wrapping_add(of(first, inputs & 0xffff)),
                    b.wrapping_add(of(second, inputs >> 16)),
                ]);
            }
        }
    }

    /// Writes the sums of so many filters, requantized: those of the second pixel `step` bytes further
    /// on than those of the first, or, if `step` is zero, none.
    ///
    /// # Safety
    /// The filters are [`plain`]; all of that is writable, and the header is that of the first filter in
    /// a panel so wide.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    unsafe fn put(
        self,
        quant: &Quant,
        sums: &Sums,
        filters: usize,
        header: *const i32,
        width: usize,
        to: *mut i8,
        step: usize,
    ) {
        for filter in 0..filters {
            let sums = sums_of(sums, filter);
            let header = header.wrapping_add(filter);
            // SAFETY: the caller's.
            unsafe {
                let [multiplier, shift] =
                    [header.add(2 * width).read(), header.add(3 * width).read()];
                let to = to.add(filter);
                // The second pixel first: with a step of zero the first stays.
                to.add(step).write(quant.plain(sums[1], multiplier, shift));
                to.write(quant.plain(sums[0], multiplier, shift));
            }
        }
    }

    /// Whether the level brings the next method.
    const STRIPS: bool = false;

    /// Runs a strip; `unsigned`: of uint8.
    ///
    /// # Safety
    /// [`STRIPS`](Self::STRIPS), and the filters are [`plain`]; the strip has a pixel, and all that it
    /// names can be read and written.
    #[inline(always)]
    unsafe fn strip(self, _strip: &mut Strip, _unsigned: bool) {}
}

/// Whether all filters are such as converters make: [`Rounding::Tflite`], M below 1/2, and biases that,
/// with the products, keep the sums within half of an int32.
#[inline(never)]
pub(super) fn plain(job: &JobI8<'_>) -> bool {
    let panels = &job.panels.panels;
    // A product is at most 2^15.
    if job.quant.rounding != Rounding::Tflite || job.panels.depth() > 1 << 14 {
        return false;
    }
    let mut header = job.packed.as_ptr();
    for _ in 0..panels.groups {
        let mut left = panels.filters;
        while left > 0 {
            let filters = left.min(PANEL);
            let width = width(filters);
            for filter in 0..filters {
                let header = header.wrapping_add(filter);
                // SAFETY: panels follow each other as `PanelsI8` counts them, and begin so.
                let [bias, shift] =
                    unsafe { [header.read(), header.wrapping_add(3 * width).read()] };
                if bias.unsigned_abs() >= 1 << 29 || shift >= 0 {
                    return false;
                }
            }
            header = header.wrapping_add(job.panels.panel(width));
            left -= filters;
        }
    }
    true
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
pub(crate) fn byte(word: i32, i: usize) -> i32 {
    i32::from((word >> (8 * i as u32)) as i8)
}

/// Not inlined, as what the levels here use needs no function of its own: the frame of the one algorithm
/// shall not be that of the other too.
#[inline(never)]
pub(crate) fn run<S: Quads>(simd: S, job: &mut JobI8<'_>) {
    let panels = &job.panels.panels;
    let output = To::start(&mut job.output);
    let shape = Shape::of(job.geometry, panels, job.quant);
    let pixels = count(&job.rows) * job.sizes.output[2];
    let plain = plain(job);
    let mut wide = [0; PIECE];
    let mut sums = [[0; PIXELS]; PANEL];
    let mut header = job.packed.as_ptr();
    for group in 0..panels.groups {
        let mut walk = Walk::of(job, group * panels.depth);
        let packed = header;
        let mut pixel = 0;
        while pixel < pixels {
            // A second pixel that does not exist is computed as another first.
            let first = walk.next(job);
            let second = if pixel + 1 < pixels {
                walk.next(job)
            } else {
                first
            };
            let windows = [first, second];
            let mut at = pixel * job.geometry.filters + group * panels.filters;
            let mut filters_left = panels.filters;
            header = packed;
            while filters_left > 0 {
                let filters = filters_left.min(PANEL);
                let width = width(filters);
                let mut weights = header.wrapping_add(HEADER * width);
                let mut place = Place::default();
                let mut left = shape.depth;
                // SAFETY: a panel begins with the biases of its filters; the walk's windows are those
                // of pixels of the job; the weights are a panel's, as `PanelsI8` counts them.
                unsafe {
                    simd.start(&mut sums, filters, header, width, shape.offset);
                    while left > 0 {
                        let len = left.min(shape.piece);
                        // One piece that is all serves every panel.
                        if shape.piece < shape.depth || filters_left == panels.filters {
                            stage(simd, &shape, &windows, &mut place, len, &mut wide);
                        }
                        let quads = len.div_ceil(QUAD);
                        let wide = wide.as_ptr().cast();
                        simd.add_quads(&mut sums, filters, wide, weights, width, quads);
                        weights = weights.wrapping_add(quads * width);
                        left -= len;
                    }
                }
                let output = output.at(at);
                // SAFETY: each pixel that exists has so many outputs from here on.
                unsafe {
                    match output {
                        To::Bytes(to) if plain => {
                            let both = pixel + 1 < pixels;
                            let step = if both { job.geometry.filters } else { 0 };
                            simd.put(job.quant, &sums, filters, header, width, to, step);
                        }
                        _ => {
                            let pixels = (pixels - pixel).min(PIXELS);
                            put_each(job, &sums, [pixels, filters, width], header, output);
                        }
                    }
                }
                header = header.wrapping_add(job.panels.panel(width));
                at += filters;
                filters_left -= filters;
            }
            pixel += PIXELS;
        }
    }
}

/// Writes the sums of so many pixels and filters in a panel so wide, one by one.
///
/// # Safety
/// That is writable, and the header is the panel's.
#[inline(never)]
unsafe fn put_each(
    job: &JobI8<'_>,
    sums: &Sums,
    [pixels, filters, width]: [usize; 3],
    header: *const i32,
    output: To,
) {
    for filter in 0..filters {
        for (pixel, sum) in sums_of(sums, filter).into_iter().enumerate() {
            if pixel < pixels {
                let to = output.at(pixel * job.geometry.filters + filter);
                // SAFETY: the caller's.
                unsafe { to.put_apart(job.quant, sum, header.wrapping_add(filter), width) };
            }
        }
    }
}

/// The sums of a filter, which is in the panel.
#[inline(always)]
fn sums_of(sums: &Sums, filter: usize) -> [i32; PIXELS] {
    // SAFETY: see above. (An iterator over the array makes the compiler unroll for all of a panel.)
    unsafe { *sums.as_ptr().add(filter) }
}

/// What all windows of a layer have in common.
struct Shape {
    /// Rows of the window; pieces of a row that lie apart; channels of a piece.
    rows: usize,
    columns: usize,
    line: usize,
    /// Channels of a tap.
    channels: usize,
    /// Channels of the whole window.
    depth: usize,
    /// What of that is widened at a time.
    piece: usize,
    /// Bytes from one plane, row and column of the window to the next.
    steps: [usize; 3],
    /// There is one tap, and its channels are all widened together.
    point: bool,
    /// There is one plane, and a row of the window is one piece.
    flat: bool,
    /// The channels of a tap are whole quads.
    whole: bool,
    offset: Offset,
}

impl Shape {
    #[inline(always)]
    fn of(geometry: &Geometry, panels: &Panels, quant: &Quant) -> Self {
        let [_, height, width] = geometry.input;
        let row = width.wrapping_mul(geometry.channels);
        let [z, y, x] = geometry.dilation;
        let depth = panels.taps * panels.depth;
        // Taps that lie side by side are one piece.
        let [columns, line] = if x == 1 && panels.groups == 1 {
            [1, geometry.kernel[2] * panels.depth]
        } else {
            [geometry.kernel[2], panels.depth]
        };
        let whole = panels.depth.is_multiple_of(QUAD);
        let mut piece = if whole { PIECE } else { PIECE / 2 };
        if depth <= piece {
            piece = depth;
        } else if whole && line < PIECE {
            // Whole rows.
            piece -= PIECE.checked_rem(line).unwrap_or(0);
        } else if whole {
            // As many to a row, and all of about one size.
            let pieces = quotient(line + PIECE - 1, PIECE);
            piece = quotient(line + pieces - 1, pieces).next_multiple_of(QUAD);
        }
        Shape {
            rows: geometry.kernel[1],
            columns,
            line,
            channels: panels.depth,
            depth,
            piece,
            // A step that is never taken may be past all bounds.
            steps: [
                z.wrapping_mul(height.wrapping_mul(row)),
                y.wrapping_mul(row),
                x.wrapping_mul(geometry.channels),
            ],
            flat: geometry.kernel[0] == 1 && columns == 1,
            point: panels.taps == 1 && whole && depth <= PIECE,
            whole,
            offset: Offset {
                flip: quant.flip_input as i8,
                zero: quant.input_zero,
            },
        }
    }
}

/// The window of a pixel.
#[derive(Clone, Copy)]
struct Window {
    /// Where its first tap would lie if there were an image all around.
    origin: *const i8,
    /// The first and the end of the taps inside the image: planes, rows, columns.
    inside: [[usize; 2]; 3],
    /// All of them are.
    inner: bool,
}

/// A place in a window, in the order of the weights.
#[derive(Clone, Copy, Default)]
struct Place {
    plane: usize,
    row: usize,
    column: usize,
    /// Along the line.
    at: usize,
}

/// The walk over the windows of a job's pixels.
struct Walk {
    /// The last window given, and where that is.
    window: Window,
    row: usize,
    x: usize,
    /// Pixels of the row up to here need no look at the borders.
    easy: usize,
    /// Bytes from one pixel to the next.
    step: usize,
    /// The first of the group's channels.
    channel: usize,
}

impl Walk {
    #[inline(always)]
    fn of(job: &JobI8<'_>, channel: usize) -> Self {
        Walk {
            window: Window {
                origin: job.input.as_ptr(),
                inside: [[0; 2]; 3],
                inner: false,
            },
            // Before the first row.
            row: usize::MAX,
            x: job.sizes.output[2] - 1,
            easy: 0,
            step: job.geometry.stride[2].wrapping_mul(job.geometry.channels),
            channel,
        }
    }

    /// The window of the next pixel, which exists.
    #[inline(always)]
    fn next(&mut self, job: &JobI8<'_>) -> Window {
        self.x += 1;
        self.window.origin = self.window.origin.wrapping_add(self.step);
        if self.x >= self.easy {
            self.turn(job);
        }
        self.window
    }

    /// To a pixel at a border, or one after it, or to the first of a row.
    #[inline(never)]
    fn turn(&mut self, job: &JobI8<'_>) {
        let geometry = job.geometry;
        let columns = Columns::of(geometry, job.sizes);
        if self.x == columns.pixels {
            self.x = 0;
            self.row = self.row.wrapping_add(1);
            let rows = Rows::of(geometry, job.sizes, job.rows.start, job.first_input_row);
            let lines = rows.lines(self.row, count(&job.rows));
            // Of the tap that is reached first, less that of the first tap.
            let above = (lines.planes.start)
                .wrapping_mul(geometry.dilation[0])
                .wrapping_mul(geometry.input[1])
                .wrapping_add(lines.rows.start.wrapping_mul(geometry.dilation[1]));
            let at = lines
                .input
                .wrapping_sub(above)
                .wrapping_mul(geometry.input[2])
                .wrapping_add(columns.axis.position(0, 0))
                .wrapping_mul(geometry.channels);
            self.window.origin = job.input.as_ptr().wrapping_add(at + self.channel);
            self.window.inside[0] = [lines.planes.start, lines.planes.end];
            self.window.inside[1] = [lines.rows.start, lines.rows.end];
        }
        let inside = columns.axis.inside(self.x);
        self.window.inside[2] = [inside.start, inside.end];
        let [planes, lines, taps] = self.window.inside.map(|[start, end]| end - start);
        let [depth, height, width] = geometry.kernel;
        self.window.inner = planes == depth && lines == height && taps == width;
        self.easy = if columns.interior.contains(&self.x) {
            columns.interior.end
        } else {
            0
        };
    }
}

/// Widens `len` inputs of both windows, from a place on, which is moved.
///
/// # Safety
/// The windows are those of pixels of a job of this shape, which has so many taps and channels from
/// there on, and they fit in `wide`: see [`PIECE`].
#[inline(always)]
unsafe fn stage<S: Quads>(
    simd: S,
    shape: &Shape,
    windows: &[Window; PIXELS],
    place: &mut Place,
    len: usize,
    wide: &mut Wide,
) {
    let mut from = *place;
    for (pixel, window) in windows.iter().enumerate() {
        let to = wide
            .as_mut_ptr()
            .cast::<i16>()
            .wrapping_add(pixel * S::APART);
        // SAFETY: the caller's.
        unsafe {
            if window.inner && shape.point {
                simd.widen(window.origin, shape.offset, len / QUAD, to);
            } else {
                from = *place;
                if window.inner && shape.flat {
                    stage_inner(simd, shape, window.origin, &mut from, len, to);
                } else {
                    stage_one(simd, shape, window, &mut from, len, to);
                }
            }
        }
    }
    *place = from;
}

/// The place of either pixel in the first quad leaves room for the bytes of a ragged piece behind it.
#[inline(always)]
fn bytes(first: *mut i16) -> *mut i8 {
    first.wrapping_add(PIECE / 2 * PIXELS).cast()
}

/// [`stage`], for one pixel whose taps are all inside, in one plane.
///
/// # Safety
/// As for that.
#[inline(never)]
unsafe fn stage_inner<S: Quads>(
    simd: S,
    shape: &Shape,
    origin: *const i8,
    place: &mut Place,
    mut len: usize,
    first: *mut i16,
) {
    let Place {
        mut row, mut at, ..
    } = *place;
    let (mut to, mut byte) = (first, bytes(first));
    let quads = len.div_ceil(QUAD);
    let mut line = origin.wrapping_add(row.wrapping_mul(shape.steps[1]));
    while len > 0 {
        let run = (shape.line - at).min(len);
        let input = line.wrapping_add(at);
        len -= run;
        at += run;
        if at == shape.line {
            at = 0;
            row += 1;
            line = line.wrapping_add(shape.steps[1]);
        }
        // SAFETY: the taps are inside; what is written fits.
        unsafe {
            if shape.whole {
                simd.widen(input, shape.offset, run / QUAD, to);
                to = to.wrapping_add(run / QUAD * PIXELS * QUAD);
            } else {
                simd.copy(input, byte, run);
                byte = byte.wrapping_add(run);
            }
        }
    }
    place.row = row;
    place.at = at;
    if !shape.whole {
        // The last quad may not be full; its weights are zeros there.
        // SAFETY: the bytes are those just written, or widened inputs of another piece.
        unsafe { simd.widen(bytes(first), shape.offset, quads, first) };
    }
}

/// [`stage`], for one pixel.
///
/// # Safety
/// As for that.
#[inline(never)]
unsafe fn stage_one<S: Quads>(
    simd: S,
    shape: &Shape,
    window: &Window,
    place: &mut Place,
    mut len: usize,
    first: *mut i16,
) {
    let quads = len.div_ceil(QUAD);
    let (mut to, mut byte) = (first, bytes(first));
    let Place {
        mut plane,
        mut row,
        mut column,
        mut at,
    } = *place;
    while len > 0 {
        let line = window
            .origin
            .wrapping_add(plane.wrapping_mul(shape.steps[0]))
            .wrapping_add(row.wrapping_mul(shape.steps[1]))
            .wrapping_add(column.wrapping_mul(shape.steps[2]));
        // What of the line is inside.
        let [planes, rows, columns] = window.inside;
        let [mut start, mut end] = [shape.line; 2];
        if contains(planes, plane) && contains(rows, row) {
            if shape.columns == 1 {
                [start, end] = columns.map(|column| column * shape.channels);
            } else if contains(columns, column) {
                start = 0;
            }
        }
        while len > 0 && at < shape.line {
            let inside = contains([start, end], at);
            let bound = if inside {
                end
            } else if at < start {
                start
            } else {
                shape.line
            };
            let run = (bound - at).min(len);
            let input = line.wrapping_add(at);
            at += run;
            len -= run;
            // SAFETY: the taps are inside; what is written fits.
            unsafe {
                if shape.whole {
                    let quads = run / QUAD;
                    if inside {
                        simd.widen(input, shape.offset, quads, to);
                    } else {
                        simd.fill(shape.offset, quads, to);
                    }
                    to = to.wrapping_add(quads * PIXELS * QUAD);
                } else {
                    if inside {
                        simd.copy(input, byte, run);
                    } else {
                        byte.write_bytes(shape.offset.zero() as u8, run);
                    }
                    byte = byte.wrapping_add(run);
                }
            }
        }
        if at == shape.line {
            at = 0;
            column += 1;
            if column == shape.columns {
                column = 0;
                row += 1;
                if row == shape.rows {
                    row = 0;
                    plane += 1;
                }
            }
        }
    }
    *place = Place {
        plane,
        row,
        column,
        at,
    };
    if !shape.whole {
        // The last quad may not be full; its weights are zeros there.
        // SAFETY: the bytes are those just written, or widened inputs of another piece.
        unsafe { simd.widen(bytes(first), shape.offset, quads, first) };
    }
}

#[inline(always)]
fn contains([start, end]: [usize; 2], at: usize) -> bool {
    start <= at && at < end
}
