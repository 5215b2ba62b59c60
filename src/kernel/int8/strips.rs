//! Depthwise, for cores without vectors that bring a loop for it: strips of pixels under four filters,
//! each of a channel of its own.

use super::quads::Quads;
use super::{JobI8, Outputs, depthwise_panel, rolled, taps};
use crate::kernel::window::count;
use crate::kernel::windows::{Windows, steps};
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use crate::quant::Quant;
use crate::simd::reread;
use core::mem::MaybeUninit;
use core::ptr;

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

impl Ends {
    #[inline(always)]
    pub fn of(quant: &Quant) -> Self {
        let four = |byte: i32| u32::from(byte as u8).wrapping_mul(0x0101_0101);
        Ends {
            zero: 2 * quant.zero + 1,
            // No bit of it is set if the ends are those of an int8.
            clamp: (quant.min ^ -128) as u32 | (quant.max ^ 127) as u32 | u32::from(quant.flip),
            min: four(quant.min),
            max: four(quant.max),
            flip: four(i32::from(quant.flip)),
        }
    }
}

/// What makes no strips is left to [`taps`].
#[inline(always)]
pub(crate) fn run<S: Quads>(simd: S, job: &JobI8<'_>) {
    let done = strips(simd, job);
    if done < job.geometry().filters {
        taps::run(simd, job, done);
    }
}

/// Tells how many filters are done.
#[inline(never)]
fn strips<S: Quads>(simd: S, job: &JobI8<'_>) -> usize {
    let geometry = job.geometry();
    let whole = geometry.filters - geometry.filters % QUAD;
    let fits = geometry.kernel[0] == 1
        && geometry.filters == geometry.channels
        && job.sizes().taps <= TAPS
        && job.plain;
    let mut output = match job.output {
        Outputs::Bytes(output) if fits => output,
        _ => return 0,
    };
    let mut weights = [const { MaybeUninit::<Tap>::uninit() }; TAPS];
    const EMPTY: Quad = [const { MaybeUninit::uninit() }; QUAD];
    let mut strip = Strip {
        biases: EMPTY,
        multipliers: EMPTY,
        shifts: EMPTY,
        weights: ptr::null(),
        rows: 0,
        // An uint8 is widened without a sign, so its own zero point is the one to take off.
        zero: {
            let zero = -job.quant().input_zero - i32::from(job.quant().flip_input);
            u32::from(zero as u16).wrapping_mul(0x0001_0001)
        },
        tap: steps(job)[2],
        columns: 0,
        line: 0,
        skip: 0,
        left: 0,
        input: ptr::null(),
        output,
        pixel: geometry.stride[2].wrapping_mul(geometry.channels),
        step: geometry.filters,
        end: output,
        ends: Ends::of(job.quant()),
    };
    let mut windows = Windows::NONE;
    let mut base = job.packed;
    let mut first = 0;
    while first < reread(job).geometry().filters / QUAD * QUAD {
        // SAFETY: the panel that these filters are of begins there.
        unsafe { load(reread(job), base, first, &mut strip, &mut weights) };
        windows.start(reread(job), first);
        strip.end = output;
        let mut left = {
            let job = reread(job);
            count(&job.rows) * job.sizes().output[2]
        };
        while left > 0 {
            windows.next(reread(job));
            // The outputs of pixels follow one another.
            strip.output = strip.end;
            aim(reread(job), &windows, &mut strip, &weights);
            let job = reread(job);
            let pixels = windows.skip(job);
            strip.end = strip.output.wrapping_add(pixels * job.geometry().filters);
            // SAFETY: the taps are inside, each pixel has these outputs.
            unsafe { simd.strip(&mut strip, job.quant().flip_input != 0) };
            left -= pixels;
        }
        output = output.wrapping_add(QUAD);
        first += QUAD;
        if first.is_multiple_of(PANEL) {
            base = base.wrapping_add(depthwise_panel(reread(job)));
        }
    }
    whole
}

/// Loads what a strip needs of the four filters from `first` on.
///
/// # Safety
/// They exist, and their panel begins at `panel`.
// Its frame is gone when they are multiplied.
#[inline(never)]
unsafe fn load(
    job: &JobI8<'_>,
    panel: *const i32,
    first: usize,
    strip: &mut Strip,
    weights: &mut [MaybeUninit<Tap>; TAPS],
) {
    let lane = first % PANEL;
    let width = width(job.geometry().filters - (first - lane));
    for filter in 0..QUAD {
        let word = |row: usize| panel.wrapping_add(row * width + lane + filter);
        // SAFETY: the header of a panel.
        unsafe {
            strip.biases[filter].write(word(0).read());
            strip.multipliers[filter].write(word(2).read());
            strip.shifts[filter].write(!word(3).read());
        }
        rolled();
    }
    let mut from = panel.wrapping_add(HEADER * width + lane / QUAD);
    for weights in weights.iter_mut().take(job.sizes().taps) {
        // SAFETY: the weights of a panel.
        weights.write(unsafe { from.read() });
        from = from.wrapping_add(width / QUAD);
        rolled();
    }
}

/// Makes it the strip of the window's taps that are inside.
#[inline(never)]
fn aim(job: &JobI8<'_>, windows: &Windows, strip: &mut Strip, weights: &[MaybeUninit<Tap>; TAPS]) {
    let steps = steps(job);
    let kernel_width = job.geometry().kernel[2];
    let (planes, rows, columns) = (windows.planes, windows.rows, windows.pixel.columns);
    let reached = columns[1] - columns[0];
    strip.rows = if planes[0] == planes[1] || reached == 0 {
        0
    } else {
        rows[1] - rows[0]
    };
    strip.input = windows.tap([0, rows[0], columns[0]], &steps);
    strip.line = steps[1];
    strip.columns = 0;
    if reached != 3 || kernel_width != 3 || strip.rows == 0 {
        // None would say three.
        strip.columns = reached.max(1);
        strip.line = strip.line.wrapping_sub(reached.wrapping_mul(strip.tap));
        strip.skip = (kernel_width - reached) * size_of::<Tap>();
    }
    strip.weights =
        (weights.as_ptr().cast::<Tap>()).wrapping_add(rows[0] * kernel_width + columns[0]);
}
