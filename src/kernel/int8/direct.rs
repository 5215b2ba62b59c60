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
use super::windows::{Window, Windows, steps};
use super::{JobI8, To, panel, rolled, zeroed};
use crate::geometry::Geometry;
use crate::kernel::window::count;
use crate::pack::{PANEL, Panels, width};
use crate::pack_i8::{HEADER, QUAD};
use crate::quant::{Quant, Rounding};
use core::mem::MaybeUninit;

/// Pixels side by side.
pub(crate) const PIXELS: usize = 2;

/// Inputs of a pixel that are widened at a time, if a tap's channels are whole quads. If not, half as
/// many: the other half of the memory then holds their bytes, one after the other.
const PIECE: usize = 64;

/// A piece of the windows of two pixels, widened.
type Wide = [u32; PIECE * PIXELS / 2];

/// The sums of a filter. Those of a panel lie one after the other.
pub(crate) type Pair = [i32; PIXELS];

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
    /// The header is a panel's, so wide, and there are sums of so many filters, up to the next even
    /// number.
    #[inline(always)]
    unsafe fn start(
        self,
        sums: *mut Pair,
        filters: usize,
        header: *const i32,
        width: usize,
        offset: Offset,
    ) {
        let zero = offset.zero + 128;
        for filter in 0..filters {
            let header = header.wrapping_add(filter);
            // SAFETY: the caller's.
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
        for i in 0..len {
            // SAFETY: the caller's.
            unsafe { to.add(i).write(from.add(i).read()) };
            rolled();
        }
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
        sums: *mut Pair,
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
        for filter in 0..filters {
            let weights = weights.wrapping_add(filter);
            // SAFETY: the caller's.
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
        sums: *const Pair,
        filters: usize,
        header: *const i32,
        width: usize,
        to: *mut i8,
        step: usize,
    ) {
        for filter in 0..filters {
            let header = header.wrapping_add(filter);
            // SAFETY: the caller's.
            unsafe {
                let [multiplier, shift] =
                    [header.add(2 * width).read(), header.add(3 * width).read()];
                let [first, second] = sums.add(filter).read();
                let to = to.add(filter);
                to.write(quant.plain(first, multiplier, shift));
                if step != 0 {
                    to.add(step).write(quant.plain(second, multiplier, shift));
                }
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
                rolled();
                if bias.unsigned_abs() >= 1 << 29 || shift >= 0 {
                    return false;
                }
            }
            header = header.wrapping_add(panel(job, width));
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

/// Not inlined, as what the levels here use needs no function of its own: the frame of the one algorithm
/// shall not be that of the other too.
#[inline(never)]
pub(crate) fn run<S: Quads>(simd: S, job: &mut JobI8<'_>) {
    let panels = &job.panels.panels;
    let output = To::start(&mut job.output);
    let shape = Shape::of(job.geometry, panels, job.quant);
    let pixels = count(&job.rows) * job.sizes.output[2];
    let plain = plain(job);
    let mut wide = MaybeUninit::uninit();
    let wide: &mut Wide = zeroed(&mut wide);
    let mut sums = MaybeUninit::<[u32; PANEL * PIXELS]>::uninit();
    let sums: *mut Pair = zeroed(&mut sums).as_mut_ptr().cast();
    let mut header = job.packed.as_ptr();
    for group in 0..panels.groups {
        let mut walk = Windows::of(job, group * panels.depth);
        let packed = header;
        let mut pixel = 0;
        while pixel < pixels {
            // A second pixel that does not exist is computed as another first.
            walk.next(job);
            let first = walk.window;
            if pixel + 1 < pixels {
                walk.next(job);
            }
            let windows = [first, walk.window];
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
                    simd.start(sums, filters, header, width, shape.offset);
                    while left > 0 {
                        let len = left.min(shape.piece);
                        // One piece that is all serves every panel.
                        if shape.piece < shape.depth || filters_left == panels.filters {
                            stage(simd, &shape, &windows, &mut place, len, wide);
                        }
                        let quads = len.div_ceil(QUAD);
                        let wide = wide.as_ptr().cast();
                        simd.add_quads(sums, filters, wide, weights, width, quads);
                        weights = weights.wrapping_add(quads * width);
                        left -= len;
                    }
                }
                let pixels = (pixels - pixel).min(PIXELS);
                let outputs = [pixels, filters, width];
                // SAFETY: each pixel that exists has so many outputs from here on.
                unsafe { put(simd, job, plain, sums, outputs, header, output.at(at)) };
                header = header.wrapping_add(panel(job, width));
                at += filters;
                filters_left -= filters;
            }
            pixel += PIXELS;
        }
    }
}

/// Writes the sums of so many pixels and filters, of a panel so wide.
///
/// # Safety
/// That is writable, the header is that of the first filter, and `plain` says what [`plain()`] does.
// One copy for both algorithms.
#[inline(never)]
pub(super) unsafe fn put<S: Quads>(
    simd: S,
    job: &JobI8<'_>,
    plain: bool,
    sums: *const Pair,
    [pixels, filters, width]: [usize; 3],
    header: *const i32,
    output: To,
) {
    // SAFETY: the caller's.
    unsafe {
        match output {
            To::Bytes(to) if plain => {
                let step = if pixels > 1 { job.geometry.filters } else { 0 };
                simd.put(job.quant, sums, filters, header, width, to, step);
            }
            _ => put_each(job, sums, [pixels, filters, width], header, output),
        }
    }
}

/// [`put`], one by one.
///
/// # Safety
/// As for that.
#[inline(never)]
unsafe fn put_each(
    job: &JobI8<'_>,
    sums: *const Pair,
    [pixels, filters, width]: [usize; 3],
    header: *const i32,
    output: To,
) {
    for pixel in 0..pixels {
        for filter in 0..filters {
            let to = output.at(pixel * job.geometry.filters + filter);
            // SAFETY: the caller's.
            unsafe {
                let sum = sums.add(filter).cast::<i32>().add(pixel).read();
                to.put(job.quant, sum, header.wrapping_add(filter), width);
            }
        }
    }
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
    // So that what is kept in memory anyway is not kept on the stack again by whoever looks at it.
    #[inline(never)]
    fn of(geometry: &Geometry, panels: &Panels, quant: &Quant) -> Self {
        let depth = panels.taps * panels.depth;
        // Taps that lie side by side are one piece.
        let [columns, line] = if geometry.dilation[2] == 1 && panels.groups == 1 {
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
        }
        Shape {
            rows: geometry.kernel[1],
            columns,
            line,
            channels: panels.depth,
            depth,
            piece,
            steps: steps(geometry),
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

/// A place in a window, in the order of the weights.
#[derive(Clone, Copy, Default)]
struct Place {
    plane: usize,
    row: usize,
    column: usize,
    /// Along the line.
    at: usize,
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
        let line = window.tap([plane, row, column], &shape.steps);
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
                        for i in 0..run {
                            byte.add(i).write(shape.offset.zero());
                            rolled();
                        }
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
