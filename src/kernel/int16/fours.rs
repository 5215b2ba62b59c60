//! Depthwise, for a core without vectors that brings a loop for it: strips of pixels under four filters,
//! each of a channel of its own.

use super::{JobI16, byte, room};
use crate::kernel::int8::rolled;
use crate::kernel::window::{Axis, count, quotient};
use crate::kernel::windows::{Image, steps};
use crate::pack::{PANEL, width};
use crate::pack_i8::{HEADER, QUAD};
use crate::quant_i16::NARROW;
use crate::simd::reread;
use core::mem::MaybeUninit;
use core::ptr;

/// Taps of the largest window that there is room for.
const TAPS: usize = 25;

/// Twice the weights of a tap: two to a word, the first filter's in the lower half of the first.
type Tap = [i32; QUAD / 2];

/// A number for each filter.
type Quad = [MaybeUninit<i32>; QUAD];

/// Taps that the loop multiplies in a round.
const ROUND: usize = 3;

/// Pixels side by side that reach the same taps.
///
/// The layout is known to the loop.
#[repr(C)]
pub(crate) struct Strip {
    /// Twice the biases, as all sums are doubled: the upper half of a product with a multiplier is the
    /// output then.
    pub biases: Quad,
    pub multipliers: Quad,
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

/// Computes whole fours of filters from one on by the loop, `run`; returns the first filter that it is not for.
#[inline(never)]
pub(crate) fn run(
    job: &JobI16<'_>,
    mut first: usize,
    run: unsafe extern "C" fn(&mut Strip),
) -> usize {
    let geometry = job.geometry();
    if geometry.kernel[0] > 1
        || geometry.filters != geometry.channels
        || job.panels().panels.taps > TAPS
    {
        return first;
    }
    let twice = |end: i16| u32::from(end as u16) * 0x0001_0001;
    let mut weights = [const { MaybeUninit::<Tap>::uninit() }; TAPS];
    const EMPTY: Quad = [const { MaybeUninit::uninit() }; QUAD];
    let mut strip = Strip {
        biases: EMPTY,
        multipliers: EMPTY,
        input: ptr::null(),
        weights: ptr::null(),
        rows: 0,
        tap: steps(job)[2],
        columns: 0,
        short: 0,
        line: 0,
        skip: 0,
        entry: 0,
        output: ptr::null_mut(),
        end: ptr::null_mut(),
        pixel: 0,
        step: 0,
        min: twice(job.range().min),
        max: twice(job.range().max),
    };
    while first + QUAD <= reread(job).geometry().filters && load(reread(job), first, &mut strip) {
        double(reread(job), first, &mut weights);
        let mut at = [0, 0];
        while at[0] < count(&reread(job).rows) {
            let inside = enter(reread(job), at[0], &mut strip);
            let lines = down(reread(job), at[0], &mut strip, &weights);
            if !inside {
                strip.rows = 0;
            }
            let pixels = across(reread(job), first, at[1], &mut strip);
            let mut field = field(reread(job), first, at, [lines, pixels], &mut strip);
            while field.strips > 0 {
                let (input, output) = (strip.input, strip.output);
                // SAFETY: the taps are inside, and each pixel has these outputs.
                unsafe { run(&mut strip) };
                strip.input = input.wrapping_byte_add(field.input);
                strip.output = output.wrapping_byte_add(field.output);
                strip.end = strip.end.wrapping_byte_add(field.output);
                field.strips -= 1;
            }
            at = field.next;
        }
        first += QUAD;
    }
    first
}

/// Strips one after the other whose pixels reach the same taps.
struct Field {
    strips: usize,
    /// Bytes from one to the next, of inputs and outputs.
    input: usize,
    output: usize,
    /// The row and the column of the first pixel that is not in them.
    next: [usize; 2],
}

/// Makes it a strip of rows from one on that reach the same taps, so many as it tells: in the first column of window and image.
// Its frame is gone when they are multiplied, as are those of the next two.
#[inline(never)]
fn down(
    job: &JobI16<'_>,
    index: usize,
    strip: &mut Strip,
    weights: &[MaybeUninit<Tap>; TAPS],
) -> usize {
    let height = job.sizes().output[1];
    let plane = quotient(job.rows.start + index, height);
    let y = job.rows.start + index - plane * height;
    let axis = Axis::of(job.geometry(), job.sizes(), 1);
    let rows = axis.inside(y);
    strip.rows = count(&rows);
    strip.weights =
        (weights.as_ptr().cast::<Tap>()).wrapping_add(rows.start * job.geometry().kernel[2]);
    let line = axis.position(y, rows.start);
    strip.input = (strip.input).wrapping_byte_add(line.wrapping_mul(row(job)));
    axis.alike(y).min(count(&job.rows) - index)
}

/// Makes its input the plane under a row; tells whether that is one, or padding.
#[inline(never)]
fn enter(job: &JobI16<'_>, index: usize, strip: &mut Strip) -> bool {
    let [depth, height, _] = job.geometry().input;
    let plane = quotient(job.rows.start + index, job.sizes().output[1]);
    let image = quotient(plane, job.sizes().output[0]);
    let z = plane - image * job.sizes().output[0];
    let axis = Axis::of(job.geometry(), job.sizes(), 0);
    let first = (image * depth)
        .wrapping_add(axis.position(z, 0))
        .wrapping_mul(height)
        .wrapping_sub(job.first_input_row);
    strip.input = (job.input).wrapping_byte_add(first.wrapping_mul(row(job)));
    !axis.inside(z).is_empty()
}

/// Makes it a strip of pixels from one on that reach the same columns, so many as it tells.
#[inline(never)]
fn across(job: &JobI16<'_>, first: usize, x: usize, strip: &mut Strip) -> usize {
    let axis = Axis::of(job.geometry(), job.sizes(), 2);
    let columns = axis.inside(x);
    let reached = count(&columns);
    let at = axis.position(x, columns.start).wrapping_mul(job.pixel());
    strip.input = strip.input.wrapping_byte_add(at).wrapping_add(first);
    strip.weights = strip.weights.wrapping_add(columns.start);
    if reached == 0 {
        strip.rows = 0;
    }
    strip.columns = reached.next_multiple_of(ROUND);
    strip.short = strip.columns - reached;
    strip.line = (steps(job)[1]).wrapping_sub(reached.wrapping_mul(strip.tap));
    strip.skip = (job.geometry().kernel[2] - reached) * size_of::<Tap>();
    axis.alike(x).min(job.sizes().output[2] - x)
}

/// Makes it the first of those pixels' strips, with its outputs. Where but one of a row reaches these taps, strips go down.
#[inline(never)]
fn field(
    job: &JobI16<'_>,
    first: usize,
    [index, x]: [usize; 2],
    [lines, pixels]: [usize; 2],
    strip: &mut Strip,
) -> Field {
    let width = job.sizes().output[2];
    strip.output = (job.output)
        .wrapping_byte_add((index * width + x) * job.pixel())
        .wrapping_add(first);
    let stride = job.geometry().stride;
    let along = [pixels, stride[2].wrapping_mul(job.pixel()), job.pixel()];
    let down = [lines, stride[1].wrapping_mul(row(job)), width * job.pixel()];
    let ([many, pixel, step], [strips, input, output]) = if pixels > 1 {
        (along, down)
    } else {
        (down, along)
    };
    (strip.pixel, strip.step) = (pixel, step);
    strip.end = strip.output.wrapping_byte_add(many * step);
    Field {
        strips,
        input,
        output,
        next: if x + pixels < width {
            [index, x + pixels]
        } else {
            [index + lines, 0]
        },
    }
}

/// Bytes of a row of the input.
#[inline(always)]
fn row(job: &JobI16<'_>) -> usize {
    job.geometry().input[2].wrapping_mul(job.pixel())
}

/// Loads headers of the four filters from `first` on, which exist, no more taps than there is room for; tells whether twice their
/// sums fit an int32, and such a product makes their outputs.
// Its frame is gone when they are multiplied.
#[inline(never)]
fn load(job: &JobI16<'_>, first: usize, strip: &mut Strip) -> bool {
    let (panel, lane, width) = panel(job, first);
    let mut header = panel.wrapping_add(lane);
    let room = room(2 * job.panels().panels.taps) >> 1;
    for filter in 0..QUAD {
        // SAFETY: the header of a panel.
        let [bias, high, multiplier, shift] = unsafe {
            let word = |row: usize| header.add(row * width).read();
            [word(0), word(1), word(2), word(3)]
        };
        let sign = bias >> 31;
        if high != sign || bias ^ sign > room || !NARROW.contains(&shift) {
            return false;
        }
        strip.biases[filter].write(2 * bias);
        strip.multipliers[filter].write(multiplier << (NARROW.end() - shift));
        header = header.wrapping_add(1);
        rolled();
    }
    true
}

/// Doubles their weights.
#[inline(never)]
fn double(job: &JobI16<'_>, first: usize, weights: &mut [MaybeUninit<Tap>; TAPS]) {
    let (mut from, lane, width) = panel(job, first);
    from = from.wrapping_add(HEADER * width + lane / QUAD);
    for weights in weights.iter_mut().take(job.panels().panels.taps) {
        // SAFETY: the weights of a panel.
        let word = unsafe { from.read() };
        let pair = |i: usize| 2 * byte(word, i) & 0xffff | byte(word, i + 1) << 17;
        weights.write([pair(0), pair(2)]);
        from = from.wrapping_add(width / QUAD);
        rolled();
    }
}

/// The panel of a filter, which of its filters that is, and how wide it is.
#[inline(always)]
fn panel(job: &JobI16<'_>, filter: usize) -> (*const i32, usize, usize) {
    let lane = filter % PANEL;
    let panel = (job.packed).wrapping_add(filter / PANEL * job.panels().panel(PANEL));
    (panel, lane, width(job.geometry().filters - (filter - lane)))
}
