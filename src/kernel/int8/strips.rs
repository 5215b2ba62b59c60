//! Depthwise, for cores without vectors that bring a loop for it: strips of pixels under four filters,
//! each of a channel of its own.

use super::quads::Quads;
use super::windows::{Windows, steps};
use super::{JobI8, Outputs, depthwise_panel, rolled, taps};
use crate::kernel::window::count;
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use core::mem::MaybeUninit;

/// Taps of the largest window that a strip has room for.
const TAPS: usize = 25;

/// Weights of a tap, one in each byte: the first filter's in the lowest.
type Tap = i32;

/// A number for each filter.
type Quad = [MaybeUninit<i32>; QUAD];

/// Pixels side by side that reach the same taps.
///
/// The layout is known to the loops.
#[repr(C)]
pub(crate) struct Strip {
    pub biases: Quad,
    pub multipliers: Quad,
    /// To the right, less 1.
    pub shifts: Quad,
    /// Of the first tap that is reached. Those of a row lie side by side.
    pub weights: *const Tap,
    /// Rows of the window that are reached.
    pub rows: usize,
    /// What is added to an input, twice in a word.
    pub zero: u32,
    /// Bytes from one column of the window to the next.
    pub tap: usize,
    /// Columns of the window that are reached; zero says all three of them.
    pub columns: usize,
    /// Bytes to the next row of the window: from the first tap of a row if there are three, else from
    /// after the last.
    pub line: usize,
    /// Bytes of weights of the columns that are not reached.
    pub skip: usize,
    /// For the loop's use.
    pub left: usize,
    /// The first tap of the first pixel, and its outputs.
    pub input: *const i8,
    pub output: *mut i8,
    /// Bytes to the next pixel of either.
    pub pixel: usize,
    pub step: usize,
    /// The end of the outputs.
    pub end: *mut i8,
    pub ends: Ends,
}

/// What becomes of a requantized number.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Ends {
    /// Twice the zero point, and 1 for the rounding.
    pub zero: i32,
    /// Whether the next three say anything. They are four times in a word.
    pub clamp: u32,
    pub min: u32,
    pub max: u32,
    pub flip: u32,
}

/// What makes no strips is left to [`taps`].
#[inline(always)]
pub(crate) fn run<S: Quads>(simd: S, job: &mut JobI8<'_>) {
    let done = strips(simd, job);
    if done < job.geometry.filters {
        taps::run(job, done);
    }
}

/// Tells how many filters are done.
#[inline(never)]
fn strips<S: Quads>(simd: S, job: &mut JobI8<'_>) -> usize {
    let geometry = job.geometry;
    let [planes, _, kernel_width] = geometry.kernel;
    let whole = geometry.filters - geometry.filters % QUAD;
    let fits =
        planes == 1 && geometry.filters == geometry.channels && job.sizes.taps <= TAPS && job.plain;
    let start = match &mut job.output {
        Outputs::Bytes(output) if fits => output.as_mut_ptr(),
        _ => return 0,
    };
    let steps = steps(geometry);
    let pixels = count(&job.rows) * job.sizes.output[2];
    let quant = job.quant;
    let four = |byte: i32| u32::from(byte as u8).wrapping_mul(0x0101_0101);
    // An uint8 is widened without a sign, so its own zero point is the one to take off.
    let zero = -quant.input_zero - i32::from(quant.flip_input);
    let mut weights = [const { MaybeUninit::<Tap>::uninit() }; TAPS];
    const EMPTY: Quad = [const { MaybeUninit::uninit() }; QUAD];
    let mut strip = Strip {
        biases: EMPTY,
        multipliers: EMPTY,
        shifts: EMPTY,
        weights: weights.as_ptr().cast(),
        rows: 0,
        zero: u32::from(zero as u16).wrapping_mul(0x0001_0001),
        tap: steps[2],
        columns: 0,
        line: 0,
        skip: 0,
        left: 0,
        input: job.input.as_ptr(),
        output: start,
        pixel: geometry.stride[2].wrapping_mul(geometry.channels),
        step: geometry.filters,
        end: start,
        ends: Ends {
            zero: 2 * quant.zero + 1,
            clamp: u32::from(quant.min > -128 || quant.max < 127 || quant.flip != 0),
            min: four(quant.min),
            max: four(quant.max),
            flip: four(i32::from(quant.flip)),
        },
    };
    let mut base = job.packed.as_ptr();
    let mut first = 0;
    while first < whole {
        let lane = first % PANEL;
        let width = width(geometry.filters - (first - lane));
        let header = base.wrapping_add(lane);
        for filter in 0..QUAD {
            let word = |row: usize| header.wrapping_add(row * width + filter);
            // SAFETY: the header of a panel.
            unsafe {
                strip.biases[filter].write(word(0).read());
                strip.multipliers[filter].write(word(2).read());
                strip.shifts[filter].write(!word(3).read());
            }
        }
        let packed = base.wrapping_add(HEADER * width + lane / QUAD);
        for (tap, weights) in weights.iter_mut().enumerate().take(job.sizes.taps) {
            // SAFETY: the weights of a panel.
            weights.write(unsafe { packed.add(tap * (width / QUAD)).read() });
            rolled();
        }
        let mut windows = Windows::of(job, first);
        let mut output = start.wrapping_add(first);
        let mut left = pixels;
        while left > 0 {
            windows.next(job);
            let window = &windows.window;
            let [planes, lines, columns] = window.inside.map(|[start, end]| end - start);
            let [_, [row, _], [column, _]] = window.inside;
            strip.rows = if planes == 0 || columns == 0 {
                0
            } else {
                lines
            };
            strip.input = window.tap([0, row, column], &steps);
            strip.line = steps[1];
            strip.columns = 0;
            if columns != 3 || kernel_width != 3 || strip.rows == 0 {
                // None would say three.
                strip.columns = columns.max(1);
                strip.line = strip.line.wrapping_sub(columns.wrapping_mul(strip.tap));
                strip.skip = (kernel_width - columns) * size_of::<Tap>();
            }
            strip.weights = weights
                .as_ptr()
                .cast::<Tap>()
                .wrapping_add(row * kernel_width + column);
            strip.output = output;
            let pixels = windows.skip();
            output = output.wrapping_add(pixels * geometry.filters);
            strip.end = output;
            // SAFETY: the taps are inside, each pixel has these outputs.
            unsafe { simd.strip(&mut strip, quant.flip_input != 0) };
            left -= pixels;
        }
        first += QUAD;
        if first.is_multiple_of(PANEL) {
            base = base.wrapping_add(depthwise_panel(job));
        }
    }
    whole
}
