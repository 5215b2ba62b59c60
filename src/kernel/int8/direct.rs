//! Dense, for cores without vectors: four filters at a time over the image as it lies.
//!
//! Each input is taken less the zero point, so a tap in the padding contributes nothing and is left
//! out.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::{JobI8, To};
use crate::kernel::rows::{Columns, Rows};
use crate::kernel::window::count;
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use core::ops::Range;

/// The inner loop of a level.
///
/// # Safety
///
/// A value is made only where the CPU has the instructions that the method uses.
pub(crate) unsafe trait Quads: Copy {
    /// The most pixels of a tile: 1 or 2.
    const PIXELS: usize;

    /// Adds `count` quads of each pixel, `[channel][..]` of the image less the zero point times the
    /// weights, to the sums of four filters.
    ///
    /// The first quad of a pixel lies at `x` and of each next one `pixel` further on; the weights of
    /// the four filters at `w`, those of the next quad `width` words further on.
    ///
    /// # Safety
    /// All of that can be read.
    #[allow(clippy::too_many_arguments)]
    #[inline(always)]
    unsafe fn add_quads<const M: usize>(
        self,
        sums: &mut [[i32; QUAD]; M],
        mut x: *const i8,
        pixel: usize,
        offset: Offset,
        mut w: *const i32,
        width: usize,
        count: usize,
    ) {
        for _ in 0..count {
            let mut inputs = [[0; QUAD]; M];
            for m in 0..M {
                for i in 0..QUAD {
                    // SAFETY: the caller's.
                    inputs[m][i] = offset.of(unsafe { x.wrapping_add(m * pixel + i).read() });
                }
            }
            for filter in 0..QUAD {
                // SAFETY: the caller's.
                let word = unsafe { w.wrapping_add(filter).read() };
                for i in 0..QUAD {
                    let weight = byte(word, i);
                    for m in 0..M {
                        sums[m][filter] =
                            sums[m][filter].wrapping_add(inputs[m][i].wrapping_mul(weight));
                    }
                }
            }
            x = x.wrapping_add(QUAD);
            w = w.wrapping_add(width);
        }
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
}

/// Weight `i` of a word.
#[inline(always)]
pub(super) fn byte(word: i32, i: usize) -> i32 {
    i32::from((word >> (8 * i as u32)) as i8)
}

/// Four filters.
struct Block {
    header: *const i32,
    weights: *const i32,
    width: usize,
    /// Filters that exist.
    filters: usize,
}

/// The taps that a tile reaches, and where the first of each lies.
struct Taps<'a> {
    planes: &'a Range<usize>,
    rows: &'a Range<usize>,
    columns: Range<usize>,
    /// Under the first plane, row and column.
    input: *const i8,
}

#[inline(always)]
pub(crate) fn run<S: Quads>(simd: S, mut job: JobI8<'_>) {
    let (geometry, sizes) = (job.geometry, job.sizes);
    let rows = Rows::of(geometry, sizes, job.rows.start, job.first_input_row);
    let columns = Columns::of(geometry, sizes);
    let panels = &job.panels.panels;
    let row = geometry.input[2] * geometry.channels;
    let output = To::start(&mut job.output);
    let end = count(&job.rows);
    let mut panel = 0;
    for group in 0..panels.groups {
        let input = job.input.as_ptr().wrapping_add(group * panels.depth);
        let mut first = 0;
        while first < panels.filters {
            let lane = first % PANEL;
            let width = width(panels.filters - (first - lane));
            let header = job.packed.as_ptr().wrapping_add(panel + lane);
            let block = Block {
                header,
                weights: header.wrapping_add(HEADER * width),
                width,
                filters: (panels.filters - first).min(QUAD),
            };
            let output = output.at(group * panels.filters + first);
            let mut index = 0;
            while index < end {
                let lines = rows.lines(index, end);
                for line in 0..lines.count {
                    // A step that is never taken may be past all bounds.
                    let input = input.wrapping_add(
                        (lines.input + line.wrapping_mul(geometry.stride[1])).wrapping_mul(row),
                    );
                    let output =
                        output.at((lines.index + line) * columns.pixels * geometry.filters);
                    let mut x = 0;
                    while x < columns.pixels {
                        let inside = columns.axis.inside(x);
                        let at = columns.axis.position(x, inside.start);
                        let taps = Taps {
                            planes: &lines.planes,
                            rows: &lines.rows,
                            input: input.wrapping_add(at.wrapping_mul(geometry.channels)),
                            columns: inside,
                        };
                        let output = output.at(x * geometry.filters);
                        let both = S::PIXELS > 1
                            && columns.interior.contains(&x)
                            && columns.interior.contains(&(x + 1));
                        // SAFETY: the taps lie inside the input; panels follow each other as
                        // `PanelsI8` counts them, and each output pixel has every filter.
                        unsafe {
                            if both {
                                tile::<S, 2>(simd, &job, &block, &taps, output);
                                x += 2;
                            } else {
                                tile::<S, 1>(simd, &job, &block, &taps, output);
                                x += 1;
                            }
                        }
                    }
                }
                index += lines.count;
            }
            first += QUAD;
            if first % PANEL == 0 || first >= panels.filters {
                panel += job.panels.panel(width);
            }
        }
    }
}

/// `M` neighbouring pixels that reach the same taps, times four filters.
///
/// # Safety
/// The taps lie in the input, the weights are a panel's, the outputs can be written.
#[inline(always)]
unsafe fn tile<S: Quads, const M: usize>(
    simd: S,
    job: &JobI8<'_>,
    block: &Block,
    taps: &Taps<'_>,
    output: To,
) {
    let geometry = job.geometry;
    let [_, kernel_height, kernel_width] = geometry.kernel;
    let [_, height, width] = geometry.input;
    let depth = job.panels.panels.depth;
    let row = width * geometry.channels;
    let offset = Offset {
        flip: job.quant.flip_input as i8,
        zero: job.quant.input_zero,
    };
    // Taps of a row that lie side by side are one piece.
    let [pieces, len] = if geometry.dilation[2] == 1 && geometry.groups == 1 {
        [
            usize::from(!taps.columns.is_empty()),
            taps.columns.len() * depth,
        ]
    } else {
        [taps.columns.len(), depth]
    };
    let mut bias = [0; QUAD];
    for (filter, bias) in bias.iter_mut().enumerate() {
        // SAFETY: the caller's; a panel is at least four wide.
        *bias = unsafe { block.header.add(filter).read() };
    }
    let mut sums = [bias; M];
    let mut plane = taps.input;
    for z in taps.planes.clone() {
        let mut line = plane;
        for y in taps.rows.clone() {
            let mut x = line;
            let mut at = ((z * kernel_height + y) * kernel_width + taps.columns.start) * depth;
            for _ in 0..pieces {
                let pixel = geometry.stride[2] * geometry.channels;
                // SAFETY: the caller's.
                unsafe { piece::<S, M>(simd, &mut sums, x, pixel, offset, block, at, len) };
                x = x.wrapping_add(geometry.dilation[2].wrapping_mul(geometry.channels));
                at += len;
            }
            line = line.wrapping_add(geometry.dilation[1].wrapping_mul(row));
        }
        plane = plane.wrapping_add(geometry.dilation[0].wrapping_mul(height * row));
    }
    for m in 0..M {
        for filter in 0..QUAD {
            if filter < block.filters {
                let to = output.at(m * geometry.filters + filter);
                let header = block.header.wrapping_add(filter);
                // SAFETY: the caller's, for a filter that exists.
                unsafe { to.put(job.quant, sums[m][filter], header, block.width) };
            }
        }
    }
}

/// Adds `len` neighbouring inputs, whose weights are those from `at` on.
///
/// # Safety
/// As for [`tile`].
#[allow(clippy::too_many_arguments)]
#[inline(always)]
unsafe fn piece<S: Quads, const M: usize>(
    simd: S,
    sums: &mut [[i32; QUAD]; M],
    mut x: *const i8,
    pixel: usize,
    offset: Offset,
    block: &Block,
    mut at: usize,
    mut len: usize,
) {
    // Up to the next whole quad, whole quads, and the rest.
    while len > 0 {
        let w = block.weights.wrapping_add(at / QUAD * block.width);
        if at.is_multiple_of(QUAD) && len >= QUAD {
            let quads = len / QUAD;
            // SAFETY: the caller's.
            unsafe { simd.add_quads::<M>(sums, x, pixel, offset, w, block.width, quads) };
            x = x.wrapping_add(quads * QUAD);
            at += quads * QUAD;
            len -= quads * QUAD;
        } else {
            for filter in 0..QUAD {
                // SAFETY: the caller's.
                let weight = byte(unsafe { w.add(filter).read() }, at % QUAD);
                for m in 0..M {
                    // SAFETY: the caller's.
                    let input = offset.of(unsafe { x.wrapping_add(m * pixel).read() });
                    sums[m][filter] = sums[m][filter].wrapping_add(input.wrapping_mul(weight));
                }
            }
            x = x.wrapping_add(1);
            at += 1;
            len -= 1;
        }
    }
}
