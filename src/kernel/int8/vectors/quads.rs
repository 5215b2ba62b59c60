//! Depthwise 3x3 at a stride of 1 or 2, for levels that multiply four bytes of each channel at once.
//!
//! The quads of a strip of the image are laid out on the stack first, with the zero point in the padding; then
//! they are multiplied, and what comes out is requantized where it is. At a stride of 1 a quad is a column of
//! four rows: those under two output rows, and three columns lie under a window. At a stride of 2 it is a square
//! of two rows and two columns, each of which is laid out once, and four squares lie under a window. Weights
//! that a quad has too many of are zero.
//!
//! A register holds bytes of as many channels as there are, up to all it has room for, or else those of
//! neighbouring pixels.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

mod dots;
mod filters;
mod lay;

use self::dots::{Dots, Place};
use self::filters::{FLOAT, Filters, SMALL, TFLITE};
use self::lay::{Lay, Strip};
use super::depthwise3;
use crate::kernel::Direct;
use crate::kernel::int8::{JobI8, Outputs};
use crate::kernel::window::{count, quotient};
use crate::pack::PANEL;
use crate::quant::Rounding;
use crate::simd::{KernelI8, QuadsI8};
use core::mem::MaybeUninit;
use core::ops::Range;

/// Rows and columns of the window.
const TAPS: usize = 3;
/// Registers that hold the quads of as many bytes as one holds bytes; and rows that are interleaved.
const QUADS: usize = 4;
/// Quads that lie under a window at most: three columns, or four squares.
const UNDER: usize = 4;
/// The widest register.
const WIDEST: usize = 64;
/// Bytes of the quads that are laid out at once, of each of the four, and from one to the next: not a power of two,
/// or all four would compete for the same places in the cache.
const ROOM: usize = 4 << 10;
const APART: usize = ROOM + 2 * WIDEST;
/// Blocks of channels that are taken over a part of the input one after the other, and bytes of that part: what a
/// first-level cache keeps beside the quads. Blocks share cache lines.
const BLOCKS: usize = 4;
const BAND: usize = 32 << 10;
const LINE: usize = 64;

/// Room on the stack: `[quad of four][pixel][channel]`.
#[repr(C, align(64))]
struct Stage(MaybeUninit<[u8; QUADS * APART]>);

/// Runs a job of any kind.
#[inline(always)]
pub(crate) fn run<S: QuadsI8>(simd: S, job: JobI8<'_>) {
    if can(&job) {
        simd.run(Depthwise(job));
    } else {
        super::run(simd, job);
    }
}

/// Whether a job is for the kernel of this file. Multipliers of 1/2 and more, and sums as they are, are rare.
#[inline(always)]
fn can(job: &JobI8<'_>) -> bool {
    matches!(job.shape.panels.algorithm, Direct::Depthwise)
        && matches!(job.output, Outputs::Bytes(_))
        && (job.plain || matches!(job.quant().rounding, Rounding::Float))
        && depthwise3::is(job)
}

/// A job that [`can`].
struct Depthwise<'a>(JobI8<'a>);

/// Channels that are computed together.
#[derive(Clone, Copy)]
struct Block {
    /// The first.
    first: usize,
    /// How many there are.
    channels: usize,
    /// Bytes that a pixel takes in a register, and pixels in one.
    unit: usize,
    pixels: usize,
    /// Whether a register's bytes lie side by side in the image.
    close: bool,
}

impl Block {
    /// The channels from `first` on.
    #[inline(always)]
    fn of<S: QuadsI8>(job: &JobI8<'_>, first: usize) -> Self {
        let bytes = size_of::<S::I32>();
        let geometry = job.geometry();
        let left = geometry.channels - first;
        let one = geometry.stride[2] == 1;
        let unit = if one && (left == 4 || left == 8) && first == 0 {
            left
        } else {
            let mut unit = bytes;
            while unit > left && unit > PANEL {
                unit /= 2;
            }
            unit
        };
        Block {
            first,
            channels: left.min(unit),
            unit,
            pixels: quotient(bytes, unit),
            close: geometry.channels == unit || unit == bytes,
        }
    }
}

impl<S: QuadsI8> KernelI8<S> for Depthwise<'_> {
    #[inline(always)]
    fn run(self, simd: S) {
        let job = self.0;
        let Outputs::Bytes(output) = job.output else {
            return;
        };
        let geometry = job.geometry();
        let [_, _, stride] = geometry.stride;
        let [_, _, columns] = job.sizes().output;
        let mut stage = Stage(MaybeUninit::uninit());
        let mut first = 0;
        while first < geometry.channels {
            let start = first;
            let mut blocks = [const { MaybeUninit::<(Block, Filters<S>)>::uninit() }; BLOCKS];
            let mut loaded = 0;
            let mut least = WIDEST;
            while loaded < BLOCKS && first < geometry.channels {
                let block = Block::of::<S>(&job, first);
                // SAFETY: the block is the job's.
                blocks[loaded].write((block, unsafe { Filters::load(simd, &job, &block) }));
                first += block.channels;
                least = least.min(block.pixels);
                loaded += 1;
            }
            // Two rows of squares are there at a time. Beside the pixels' registers there is one before, one that
            // is begun, one behind, and what the last window ends in.
            let room = quotient(ROOM / size_of::<S::I32>(), stride) - 3 - quotient(TAPS, stride);
            let chunk = (room * least).min(columns);
            let row = (chunk * stride + TAPS).saturating_mul((first - start).max(LINE));
            let band = quotient(BAND, row.saturating_mul(stride)).max(2) & !1;
            let end = count(&job.rows);
            let mut line = 0;
            while line < end {
                let lines = line..line.saturating_add(band).min(end);
                line = lines.end;
                let mut x = 0;
                while x < columns {
                    let pixels = x..(x + chunk).min(columns);
                    x = pixels.end;
                    for block in blocks.iter().take(loaded) {
                        // SAFETY: so many are there, which are the job's; the pixels, rounded up to whole
                        // registers, have room.
                        unsafe {
                            let (block, filters) = block.assume_init_ref();
                            let part = Part {
                                job: &job,
                                block: *block,
                                filters,
                                output: output.add(block.first),
                                stage: stage.0.as_mut_ptr().cast(),
                            };
                            part.pixels(simd, &lines, &pixels);
                        }
                    }
                }
            }
        }
    }
}

/// A block of a job.
struct Part<'a, S: QuadsI8> {
    job: &'a JobI8<'a>,
    block: Block,
    filters: &'a Filters<S>,
    /// The output of the first channel.
    output: *mut i8,
    stage: *mut u8,
}

impl<S: QuadsI8> Part<'_, S> {
    /// Computes some pixels of lines of the job.
    ///
    /// # Safety
    /// They are the job's, and there is room for the pixels.
    #[inline(always)]
    unsafe fn pixels(self, simd: S, lines: &Range<usize>, pixels: &Range<usize>) {
        let at_once = self.block.pixels;
        // SAFETY: the caller's; a register is loaded in as many pieces as there are places that it comes from.
        unsafe {
            if self.job.geometry().stride[2] == 1 {
                match at_once {
                    _ if self.block.close => self.columns::<1>(simd, lines, pixels),
                    2 => self.columns::<2>(simd, lines, pixels),
                    _ => self.columns::<4>(simd, lines, pixels),
                }
            } else {
                match at_once {
                    1 => self.squares::<1>(simd, lines, pixels),
                    2 => self.squares::<2>(simd, lines, pixels),
                    _ => self.squares::<4>(simd, lines, pixels),
                }
            }
        }
    }

    /// Computes some pixels of lines at a stride of 1. A register is loaded in so many pieces.
    ///
    /// # Safety
    /// As for [`pixels`](Self::pixels).
    #[inline(always)]
    unsafe fn columns<const PIECES: usize>(
        &self,
        simd: S,
        lines: &Range<usize>,
        pixels: &Range<usize>,
    ) {
        let lay = Lay::of(self.job, &self.block, pixels);
        let places: [_; TAPS] =
            core::array::from_fn(|tap| self.places(lay.lead + tap * self.block.unit));
        let mut walk = Walk::of(self.job, lines);
        while walk.line < lines.end {
            let rows = 2.min(walk.left());
            // SAFETY: the caller's: the rows of the window are the job's, or in the padding.
            unsafe {
                let mut strip = Strip::<PIECES, 1> {
                    lay: &lay,
                    rows: [lay.nothing(); QUADS],
                    to: self.stage.wrapping_add(lay.lead),
                };
                for row in 0..TAPS - 1 + rows {
                    strip.rows[row] = lay.row(walk.row(row));
                }
                simd.run(strip);
                let place = self.place(walk.line, pixels);
                if rows == 2 {
                    self.dots::<2, TAPS>(simd, places, place);
                } else {
                    self.dots::<1, TAPS>(simd, places, place);
                }
            }
            walk.step(rows);
        }
    }

    /// Computes some pixels of lines at a stride of 2.
    ///
    /// # Safety
    /// As for [`pixels`](Self::pixels).
    #[inline(always)]
    unsafe fn squares<const PIECES: usize>(
        &self,
        simd: S,
        lines: &Range<usize>,
        pixels: &Range<usize>,
    ) {
        let lay = Lay::of(self.job, &self.block, pixels);
        let mut walk = Walk::of(self.job, lines);
        // Rows of squares alternate between the halves of the room.
        let half = |row: usize| lay.lead + row % 2 * (ROOM / 2);
        let mut fresh = true;
        while walk.line < lines.end {
            // SAFETY: the caller's: the rows of the window are the job's, or in the padding.
            unsafe {
                // The last row of the last square is in no window.
                let last = walk.left() == 1;
                let begin = if fresh { 0 } else { 1 };
                for below in begin..2 {
                    let upper = lay.row(walk.row(2 * below));
                    let lower = if below == 1 && last {
                        lay.nothing()
                    } else {
                        lay.row(walk.row(2 * below + 1))
                    };
                    simd.run(Strip::<PIECES, 2> {
                        lay: &lay,
                        rows: [upper, upper, lower, lower],
                        to: self.stage.wrapping_add(half(walk.line + below)),
                    });
                }
                let places: [_; UNDER] = core::array::from_fn(|tap| {
                    self.places(half(walk.line + tap / 2) + tap % 2 * self.block.unit)
                });
                self.dots::<1, UNDER>(simd, places, self.place(walk.line, pixels));
                fresh = last;
            }
            walk.step(1);
        }
    }

    /// Where the four registers of quads lie whose first is `bytes` from the start of its room.
    #[inline(always)]
    fn places(&self, bytes: usize) -> [usize; QUADS] {
        core::array::from_fn(|quad| {
            // Channels are shared out among the registers by fours of each 16.
            let quad = quad + bytes % PANEL / QUADS;
            bytes / PANEL * PANEL + quad / QUADS * PANEL + quad % QUADS * APART
        })
    }

    /// Where the outputs of a line go.
    #[inline(always)]
    fn place(&self, line: usize, pixels: &Range<usize>) -> Place {
        let geometry = self.job.geometry();
        let [_, _, columns] = self.job.sizes().output;
        let pixel = line * columns + pixels.start;
        Place {
            to: self.output.wrapping_add(pixel * geometry.channels),
            pixels: count(pixels),
            line: columns * geometry.channels,
            step: geometry.channels,
        }
    }

    /// Multiplies what is laid out.
    ///
    /// # Safety
    /// It is, for all the pixels rounded up to whole registers.
    #[inline(always)]
    unsafe fn dots<const ROWS: usize, const UNDER: usize>(
        &self,
        simd: S,
        places: [[usize; QUADS]; UNDER],
        place: Place,
    ) {
        macro_rules! way {
            ($way:ident) => {
                simd.run(Dots::<S, ROWS, UNDER, $way> {
                    filters: self.filters,
                    block: self.block,
                    stage: self.stage,
                    places,
                    place,
                })
            };
        }
        match self.filters.way {
            FLOAT => way!(FLOAT),
            SMALL => way!(SMALL),
            _ => way!(TFLITE),
        }
    }
}

/// The walk down the lines.
struct Walk {
    /// The line, and the end of the lines.
    line: usize,
    end: usize,
    /// The row of the output.
    y: usize,
    /// Rows of an image of the output, and of the input.
    height: usize,
    input_height: usize,
    stride: usize,
    above: usize,
    /// The first row of the image, counted from the job's first.
    first: usize,
}

impl Walk {
    #[inline(always)]
    fn of(job: &JobI8<'_>, lines: &Range<usize>) -> Self {
        let [_, height, _] = job.sizes().output;
        let [_, input_height, _] = job.geometry().input;
        let row = job.rows.start + lines.start;
        let image = quotient(row, height);
        Walk {
            line: lines.start,
            end: lines.end,
            y: row - image * height,
            height,
            input_height,
            stride: job.geometry().stride[1],
            above: job.sizes().padding[1][0],
            first: (image * input_height).wrapping_sub(job.first_input_row),
        }
    }

    /// Lines from here on of the same image.
    #[inline(always)]
    fn left(&self) -> usize {
        (self.end - self.line).min(self.height - self.y)
    }

    /// The input row under a row of the window, counted from the job's first; nothing if it is in the padding.
    #[inline(always)]
    fn row(&self, tap: usize) -> Option<usize> {
        let row = (self.y * self.stride + tap).wrapping_sub(self.above);
        (row < self.input_height).then(|| self.first.wrapping_add(row))
    }

    #[inline(always)]
    fn step(&mut self, lines: usize) {
        self.line += lines;
        self.y += lines;
        if self.y == self.height {
            self.y = 0;
            self.first = self.first.wrapping_add(self.input_height);
        }
    }
}
