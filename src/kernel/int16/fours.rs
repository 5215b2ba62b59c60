//! Depthwise, for a core without vectors that brings a loop for it: strips of pixels under four filters,
//! each of a channel of its own.

use super::{Finish, JobI16, byte, depthwise};
use crate::kernel::int8::rolled;
use crate::kernel::rows::{Columns, Rows};
use crate::kernel::window::count;
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use crate::quant_i16::NARROW;
use core::mem::MaybeUninit;
use core::ptr;

/// Taps of the largest window that there is room for.
const TAPS: usize = 25;

/// Twice the weights of a tap: two to a word, the first filter's in the lower half of the first.
type Tap = [i32; QUAD / 2];

/// Taps that the loop multiplies in a round.
const ROUND: usize = 3;

/// Pixels side by side that reach the same taps.
///
/// The layout is known to the loop.
#[repr(C)]
pub(crate) struct Strip {
    /// Twice the biases, as all sums are doubled: the upper half of a product with a multiplier is the
    /// output then.
    pub biases: [i32; QUAD],
    pub multipliers: [i32; QUAD],
    /// The first tap of the first pixel, and its weights. Those of a row lie side by side.
    pub input: *const i16,
    weights: *const Tap,
    /// Rows of the window that are reached.
    rows: usize,
    /// Bytes from one column of the window to the next.
    tap: usize,
    /// Columns that are reached, and so many more that the first round leaves out; together rounds.
    pub columns: usize,
    pub short: usize,
    /// Bytes from after the last tap of a row to the first of the next, of inputs and weights.
    pub line: usize,
    skip: usize,
    /// For the loop's use.
    pub entry: usize,
    /// The first pixel's outputs, and the end of all.
    pub output: *mut i16,
    pub end: *mut i16,
    /// Bytes from pixel to pixel, of inputs and outputs.
    pub pixel: usize,
    pub step: usize,
    /// The range, each end twice in a word.
    pub min: u32,
    pub max: u32,
}

/// Computes whole fours of filters by the loop, `run`; returns the first filter that is left.
#[inline(never)]
pub(crate) fn run(job: &mut JobI16<'_>, run: unsafe extern "C" fn(&mut Strip)) -> usize {
    let geometry = job.geometry;
    let [planes, _, kernel_width] = geometry.kernel;
    let (filters, channels) = (geometry.filters, geometry.channels);
    if planes > 1 || filters != channels || job.panels.panels.taps > TAPS {
        return 0;
    }
    const ELEMENT: usize = size_of::<i16>();
    let rows = Rows::of(geometry, job.sizes, job.rows.start, job.first_input_row);
    let columns = Columns::of(geometry, job.sizes);
    // A step that is never taken may be past all bounds.
    let row = geometry.input[2].wrapping_mul(channels);
    let line = geometry.dilation[1].wrapping_mul(row);
    let tap = geometry.dilation[2].wrapping_mul(channels);
    let twice = |end: i16| u32::from(end as u16) * 0x0001_0001;
    let mut weights = [const { MaybeUninit::<Tap>::uninit() }; TAPS];
    let mut strip = Strip {
        biases: [0; QUAD],
        multipliers: [0; QUAD],
        input: ptr::null(),
        weights: ptr::null(),
        rows: 0,
        tap: tap.wrapping_mul(ELEMENT),
        columns: 0,
        short: 0,
        line: 0,
        skip: 0,
        entry: 0,
        output: ptr::null_mut(),
        end: ptr::null_mut(),
        pixel: geometry.stride[2]
            .wrapping_mul(channels)
            .wrapping_mul(ELEMENT),
        step: filters * ELEMENT,
        min: twice(job.range.min),
        max: twice(job.range.max),
    };
    let end = count(&job.rows);
    let mut first = 0;
    while filters - first >= QUAD {
        if !load(job, first, &mut strip, &mut weights) {
            depthwise::run(job, first..first + QUAD);
            first += QUAD;
            continue;
        }
        // The outputs of pixels follow one another.
        strip.end = job.output.as_mut_ptr().wrapping_add(first);
        let mut index = 0;
        while index < end {
            let lines = rows.lines(index, end);
            let mut input = (lines.input.wrapping_mul(row)).wrapping_add(first);
            for _ in 0..lines.count {
                let mut x = 0;
                while x < columns.pixels {
                    let inside = columns.axis.inside(x);
                    let reached = count(&inside);
                    let mut pixels = 1;
                    if columns.interior.contains(&x) {
                        pixels = columns.interior.end - x;
                    }
                    let at = (columns.axis.position(x, inside.start)).wrapping_mul(channels);
                    strip.input = job.input.as_ptr().wrapping_add(input.wrapping_add(at));
                    let at = lines.rows.start * kernel_width + inside.start;
                    strip.weights = weights.as_ptr().cast::<Tap>().wrapping_add(at);
                    strip.rows = if reached == 0 { 0 } else { count(&lines.rows) };
                    strip.columns = reached.next_multiple_of(ROUND);
                    strip.short = strip.columns - reached;
                    strip.line = line
                        .wrapping_sub(reached.wrapping_mul(tap))
                        .wrapping_mul(ELEMENT);
                    strip.skip = (kernel_width - reached) * size_of::<Tap>();
                    strip.output = strip.end;
                    strip.end = strip.end.wrapping_add(pixels * filters);
                    // SAFETY: the taps are inside, and each pixel has these outputs.
                    unsafe { run(&mut strip) };
                    x += pixels;
                }
                input = input.wrapping_add(geometry.stride[1].wrapping_mul(row));
            }
            index += lines.count;
        }
        first += QUAD;
    }
    first
}

/// Loads what a strip needs of the four filters from `first` on, which exist, no more taps than there is
/// room for; tells whether twice their sums fit an int32, and such a product makes their outputs.
// Its frame is gone when they are multiplied.
#[inline(never)]
fn load(
    job: &JobI16<'_>,
    first: usize,
    strip: &mut Strip,
    weights: &mut [MaybeUninit<Tap>; TAPS],
) -> bool {
    let lane = first % PANEL;
    let width = width(job.geometry.filters - (first - lane));
    let panel = job
        .packed
        .as_ptr()
        .wrapping_add(first / PANEL * job.panels.panel(PANEL));
    let taps = job.panels.panels.taps;
    let room = Finish::room(2 * taps) >> 1;
    for filter in 0..QUAD {
        // SAFETY: the header of a panel.
        let [bias, high, multiplier, shift] =
            [0, 1, 2, 3].map(|row| unsafe { panel.add(row * width + lane + filter).read() });
        let sign = bias >> 31;
        if high != sign || bias ^ sign > room || !NARROW.contains(&shift) {
            return false;
        }
        strip.biases[filter] = 2 * bias;
        strip.multipliers[filter] = multiplier << (NARROW.end() - shift);
        rolled();
    }
    let mut from = panel.wrapping_add(HEADER * width + lane / QUAD);
    for weights in weights.iter_mut().take(taps) {
        // SAFETY: the weights of a panel.
        let word = unsafe { from.read() };
        let pair = |i: usize| 2 * byte(word, i) & 0xffff | byte(word, i + 1) << 17;
        weights.write([pair(0), pair(2)]);
        from = from.wrapping_add(width / QUAD);
        rolled();
    }
    true
}
