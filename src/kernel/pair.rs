//! Depthwise 3x3, two output rows at a time: they share the input rows that both reach, so that a
//! third fewer inputs are loaded (a sixth at a stride of 2), and twice as many sums take turns.

use super::depthwise::Strip;
use super::piece::lane;
use super::rows::Lines;
use super::slide;
use super::window::count;
use crate::geometry::Geometry;
use crate::simd::{Kernel, Simd};

/// The fewest pixels of a tile. Rows of more are cut into tiles of at least as many.
pub(super) const LEAST: usize = 3;

/// Channels that pass over a strip together, eight cache lines of each pixel: so few that the
/// first-level cache keeps their weights, and of most maps the rows that the next pair of lines reads
/// again; so many that memory is passed over nearly in its order, of whose lines the caches fetch more
/// than is asked for.
const ABREAST: usize = 128;

/// `M` pixels of two neighbouring lines, at a stride of `STRIDE` both ways, of which the first may
/// miss the first tap of its rows (`FIRST`) and the last the last (`LAST`).
struct Pair<'a, const M: usize, const STRIDE: usize, const FIRST: bool, const LAST: bool>(
    &'a Strip,
);

/// Whether a geometry's lines come in pairs, where its windows slide. With a single vector of
/// channels, one line at a time is faster (measured on Zen 3, 48x48 pixels of 8 channels).
pub(super) fn can<S: Simd>(geometry: &Geometry) -> bool {
    geometry.filters > S::LANES
        && geometry.kernel[1] == 3
        && geometry.dilation[1] == 1
        && geometry.stride[1] == geometry.stride[2]
        && most::<S>(geometry) > 0
}

/// The most pixels of a tile.
pub(super) fn most<S: Simd>(geometry: &Geometry) -> usize {
    match geometry.stride[2] {
        1 => S::PAIR[1],
        _ => S::PAIR[2],
    }
}

/// Whether there are two lines that reach a whole window, of one plane.
pub(super) fn reaches(lines: &Lines) -> bool {
    lines.count >= 2 && count(&lines.planes) == 1 && count(&lines.rows) == 3
}

/// Runs a strip of an even number of lines in tiles of `pixels`.
///
/// # Safety
///
/// [`can`] and [`reaches`] hold, vectors are whole, and what [`slide::run`] demands.
#[inline(always)]
pub(super) unsafe fn run<S: Simd>(simd: S, strip: &Strip, pixels: usize, stride: usize) {
    macro_rules! tiles {
        ($($m:literal)*) => {
            match (pixels, stride) {
                $(
                    ($m, 1) if const { $m <= S::PAIR[1] } => tiles!($m, 1),
                    ($m, 2) if const { $m <= S::PAIR[2] } => tiles!($m, 2),
                )*
                _ => {}
            }
        };
        ($m:literal, $stride:literal) => {
            match slide::missed(strip) {
                [false, false] => simd.run(Pair::<$m, $stride, false, false>(strip)),
                [true, false] => simd.run(Pair::<$m, $stride, true, false>(strip)),
                [false, true] => simd.run(Pair::<$m, $stride, false, true>(strip)),
                [true, true] => simd.run(Pair::<$m, $stride, true, true>(strip)),
            }
        };
    }
    tiles!(3 4 5 6 7 8);
}

impl<const M: usize, const STRIDE: usize, const FIRST: bool, const LAST: bool> Kernel
    for Pair<'_, M, STRIDE, FIRST, LAST>
{
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let strip = self.0;
        let mut next = 0;
        while next < strip.vectors {
            let vectors = next..(next + const { ABREAST / S::LANES }).min(strip.vectors);
            next = vectors.end;
            let (mut input_line, mut output_line) = (strip.input, strip.output);
            for _ in 0..strip.lines / 2 {
                let (mut input, mut output) = (input_line, output_line);
                for _ in 0..strip.tiles {
                    for vector in vectors.clone() {
                        let shift = vector * S::LANES;
                        let panel = lane::<S>(vector, strip.panel);
                        let [bias, weights] =
                            [strip.bias, strip.weights].map(|p| p.wrapping_add(panel));
                        let (from, to) = (input.wrapping_add(shift), output.wrapping_add(shift));
                        let missed = [FIRST, LAST];
                        // SAFETY: `run` above passes its caller's promise on, for each vector, pair
                        // and tile.
                        unsafe {
                            tile::<S, M, STRIDE>(simd, strip, missed, [bias, weights], from, to);
                        }
                    }
                    input = input.wrapping_add(M * strip.pixel);
                    output = output.wrapping_add(M * strip.output_pixel);
                }
                input_line = input_line.wrapping_add(2 * strip.input_line);
                output_line = output_line.wrapping_add(2 * strip.output_line);
            }
        }
    }
}

/// One tile of two lines.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn tile<S: Simd, const M: usize, const STRIDE: usize>(
    simd: S,
    strip: &Strip,
    missed: [bool; 2],
    [bias, weights]: [*const f32; 2],
    input: *const f32,
    output: *mut f32,
) {
    // Else each row, if not each input, would have an address of its own, and those on the stack.
    let (mut weights, mut input) = (simd.opaque(weights), simd.opaque(input));
    // SAFETY: the caller's.
    unsafe {
        let mut acc = [[simd.load(bias); M]; 2];
        // One for each input row, though the last ones have none of their own.
        let mut taps = [[acc[0][0]; 3]; 5];
        macro_rules! row {
            ($($r:literal)*) => {$(
                if $r < 3 + STRIDE {
                    let mut w = [None; 2];
                    if $r < 3 {
                        taps[$r] = slide::taps::<S, true>(simd, strip, weights);
                        weights = simd.opaque(weights.wrapping_add(strip.weights_row));
                        w[0] = Some(taps[$r]);
                    }
                    if $r >= STRIDE {
                        w[1] = Some(taps[$r - STRIDE]);
                    }
                    slide::row::<S, 2, M, STRIDE, true>(simd, strip, &mut acc, w, missed, input);
                    input = simd.opaque(input.wrapping_add(strip.row));
                }
            )*};
        }
        row!(0 1 2 3 4);
        let _ = (weights, input);
        slide::clamp(simd, strip, &mut acc);
        slide::write::<S, M, true>(simd, strip, &acc[0], output);
        let output = output.wrapping_add(strip.output_line);
        slide::write::<S, M, true>(simd, strip, &acc[1], output);
    }
}
