//! The definition of a convolution: naive loops, for tests, benchmarks and doubters.
//!
//! ```text
//! y[n, o, f] = b[f] + sum over t, c of x[n, o s + t d - p, g c' + c] w[f, t, c]
//! ```
//!
//! for image `n`, output position `o` and filter `f`, with `t` over the window's taps and `c` over
//! the `c'` channels of the filter's group `g`; `s`, `d`, `p` are stride, dilation and padding
//! before, each along every axis, and taps outside the image are left out of the sum. This is the
//! cross-correlation that neural networks call convolution (Goodfellow, Bengio and Courville, *Deep
//! Learning*, 2016, equation 9.6; strides, dilation and padding as in Dumoulin and Visin, *A guide
//! to convolution arithmetic for deep learning*, 2016).

use crate::conv::length;
use crate::conv_i8::Input8;
use crate::error::{Argument, Error};
use crate::geometry::{Geometry, Sizes};
use crate::pack::Weights;
use crate::quant::{Multiplier, Quantization, Rounding};

/// The sums in double precision, before any clamp, and beside each the sum of the magnitudes of its
/// terms, which the error of a computation in single precision is measured by.
///
/// A sum of `n` terms in a chain of fused multiply-adds of unit roundoff `u` is off by at most
/// `n u / (1 - n u)` times the sum of magnitudes, twice that where the multiplication is rounded
/// too (Higham, *Accuracy and Stability of Numerical Algorithms*, 2002, section 3.1).
///
/// # Errors
///
/// Those of [`Geometry::sizes`], and [`Error::Length`]: `sums` and `magnitudes` are as long as the
/// output.
pub fn conv(
    geometry: &Geometry,
    input: &[f32],
    weights: Weights<'_, f32>,
    bias: Option<&[f32]>,
    sums: &mut [f64],
    magnitudes: &mut [f64],
) -> Result<(), Error> {
    let sizes = check(geometry, input.len(), &weights, bias, sums.len())?;
    length(Argument::Magnitudes, sizes.output_len, magnitudes.len())?;
    let mut to = sums.iter_mut().zip(magnitudes);
    each_output(geometry, &sizes, |output| {
        let mut sum = bias.map_or(0.0, |bias| f64::from(at(bias, output.filter)));
        let mut magnitude = sum.abs();
        each_term(geometry, &sizes, output, input, &weights, |x, weight| {
            let product = f64::from(*x) * f64::from(*weight);
            sum += product;
            magnitude += product.abs();
        });
        if let Some((to_sum, to_magnitude)) = to.next() {
            (*to_sum, *to_magnitude) = (sum, magnitude);
        }
    });
    Ok(())
}

/// The sums as a chain of single-precision multiply-adds, each rounded once, in the order that
/// [`ConvF32`](crate::ConvF32) promises: to the bit, what a level computes that fuses, before any
/// clamp.
///
/// # Errors
///
/// Those of [`Geometry::sizes`], and [`Error::Length`].
pub fn chain(
    geometry: &Geometry,
    input: &[f32],
    weights: Weights<'_, f32>,
    bias: Option<&[f32]>,
    sums: &mut [f32],
) -> Result<(), Error> {
    let sizes = check(geometry, input.len(), &weights, bias, sums.len())?;
    let mut to = sums.iter_mut();
    each_output(geometry, &sizes, |output| {
        let mut sum = bias.map_or(0.0, |bias| at(bias, output.filter));
        each_term(geometry, &sizes, output, input, &weights, |x, weight| {
            sum = libm::fmaf(*x, *weight, sum);
        });
        if let Some(to) = to.next() {
            *to = sum;
        }
    });
    Ok(())
}

/// The sums of a [`ConvI8`](crate::ConvI8) in 64 bits, before requantization: `x` in the formula
/// above is the input less its zero point.
///
/// # Errors
///
/// Those of [`Geometry::sizes`], and [`Error::Length`].
pub fn conv_i8<I: Input8>(
    geometry: &Geometry,
    quantization: &Quantization,
    input: &[I],
    weights: Weights<'_, i8>,
    bias: Option<&[i32]>,
    sums: &mut [i64],
) -> Result<(), Error> {
    let zero = i64::from(quantization.input_zero_point);
    let value = |x: &I| i64::from(x.value()) - zero;
    integers(geometry, input, value, weights, bias, sums)
}

/// The sums of a [`ConvI16`](crate::ConvI16), before requantization.
///
/// # Errors
///
/// Those of [`Geometry::sizes`], and [`Error::Length`].
pub fn conv_i16(
    geometry: &Geometry,
    input: &[i16],
    weights: Weights<'_, i8>,
    bias: Option<&[i64]>,
    sums: &mut [i64],
) -> Result<(), Error> {
    integers(geometry, input, |x| i64::from(*x), weights, bias, sums)
}

/// The sums in 64 bits, of inputs of such values.
fn integers<I, B: Copy + Into<i64>>(
    geometry: &Geometry,
    input: &[I],
    value: impl Fn(&I) -> i64,
    weights: Weights<'_, i8>,
    bias: Option<&[B]>,
    sums: &mut [i64],
) -> Result<(), Error> {
    let sizes = check(geometry, input.len(), &weights, bias, sums.len())?;
    let mut to = sums.iter_mut();
    each_output(geometry, &sizes, |output| {
        let mut sum = bias
            .and_then(|bias| bias.get(output.filter))
            .map_or(0, |bias| (*bias).into());
        each_term(geometry, &sizes, output, input, &weights, |x, weight| {
            sum += i64::from(*weight) * value(x);
        });
        if let Some(to) = to.next() {
            *to = sum;
        }
    });
    Ok(())
}

/// What a [`Rounding`] with integer multipliers makes of a sum, in as many bits as it takes.
/// [`Rounding::Float`] is [`requantize_float`].
pub fn requantize(rounding: Rounding, sum: i32, multiplier: Multiplier) -> i32 {
    const INT32: [i128; 2] = [i32::MIN as i128, i32::MAX as i128];
    let saturated = |x: i128| x.max(INT32[0]).min(INT32[1]);
    let (sum, value) = (i128::from(sum), i128::from(multiplier.value()));
    let (left, right) = (multiplier.shift().max(0), (-multiplier.shift()).max(0));
    let result = match rounding {
        Rounding::Tflite => {
            let high = saturated((saturated(sum << left) * value + (1 << 30)) >> 31);
            // To the nearest, ties away from zero: half of the divisor on top of the magnitude.
            let magnitude = ((high.abs() << 1) + (1 << right)) >> (right + 1);
            if high < 0 { -magnitude } else { magnitude }
        }
        _ => {
            let total = 31 - multiplier.shift();
            saturated((sum * value + (1 << (total - 1))) >> total)
        }
    };
    result as i32
}

/// What a [`ConvI16`](crate::ConvI16) makes of a sum, before any clamp, in as many bits as it takes.
pub fn requantize_i16(sum: i64, multiplier: Multiplier) -> i64 {
    let reduced = ((i128::from(multiplier.value()) + (1 << 15)) >> 16).min(0x7fff);
    let total = 15 - multiplier.shift();
    ((i128::from(sum) * reduced + (1 << (total - 1))) >> total) as i64
}

/// What [`Rounding::Float`] makes of a sum and a scale: within `low..=high`, to the nearest, ties to
/// even.
pub fn requantize_float(sum: i32, scale: f32, low: f32, high: f32) -> i32 {
    libm::rintf((sum as f32 * scale).max(low).min(high)) as i32
}

/// One element of the output.
#[derive(Clone, Copy)]
struct Output {
    image: usize,
    position: [usize; 3],
    filter: usize,
}

/// Calls `body` for each output, in the order in which they lie in memory.
fn each_output(geometry: &Geometry, sizes: &Sizes, mut body: impl FnMut(Output)) {
    for image in 0..geometry.batch {
        for z in 0..sizes.output[0] {
            for y in 0..sizes.output[1] {
                for x in 0..sizes.output[2] {
                    for filter in 0..geometry.filters {
                        body(Output {
                            image,
                            position: [z, y, x],
                            filter,
                        });
                    }
                }
            }
        }
    }
}

/// Calls `body` with the input and the weight of each term of an output's sum.
fn each_term<I, W>(
    geometry: &Geometry,
    sizes: &Sizes,
    output: Output,
    input: &[I],
    weights: &Weights<'_, W>,
    mut body: impl FnMut(&I, &W),
) {
    let Output {
        image,
        position,
        filter,
    } = output;
    let [depth, height, width] = geometry.input;
    // Where a tap lies along an axis, if inside the image.
    let inside = |axis: usize, tap: usize| {
        (position[axis] * geometry.stride[axis] + tap * geometry.dilation[axis])
            .checked_sub(sizes.padding[axis][0])
            .filter(|at| *at < geometry.input[axis])
    };
    let group = filter.checked_div(sizes.group_filters).unwrap_or(0);
    for kz in 0..geometry.kernel[0] {
        let Some(z) = inside(0, kz) else { continue };
        for ky in 0..geometry.kernel[1] {
            let Some(y) = inside(1, ky) else { continue };
            for kx in 0..geometry.kernel[2] {
                let Some(x) = inside(2, kx) else { continue };
                let pixel = ((image * depth + z) * height + y) * width + x;
                let from = pixel * geometry.channels + group * sizes.group_channels;
                let (mut at, step) = weights.channels(geometry, sizes, filter, [kz, ky, kx]);
                let terms = input.get(from..from + sizes.group_channels);
                // Both are there, as `check` has shown.
                for input in terms.unwrap_or(&[]) {
                    if let Some(weight) = weights.slice().get(at) {
                        body(input, weight);
                    }
                    at += step;
                }
            }
        }
    }
}

fn check<W, B>(
    geometry: &Geometry,
    input: usize,
    weights: &Weights<'_, W>,
    bias: Option<&[B]>,
    output: usize,
) -> Result<Sizes, Error> {
    let sizes = geometry.sizes()?;
    length(Argument::Input, sizes.input_len, input)?;
    length(Argument::Weights, sizes.weights_len, weights.slice().len())?;
    if let Some(bias) = bias {
        length(Argument::Bias, geometry.filters, bias.len())?;
    }
    length(Argument::Output, sizes.output_len, output)?;
    Ok(sizes)
}

/// An element, after [`check`] has shown that it is there.
fn at(slice: &[f32], index: usize) -> f32 {
    slice.get(index).copied().unwrap_or(f32::NAN)
}

impl<T> Weights<'_, T> {
    /// Where the weights of a filter's tap (its depth, height and width in the window) lie: that of
    /// the group's first channel, and how far it is from each to the next.
    fn channels(
        &self,
        geometry: &Geometry,
        sizes: &Sizes,
        filter: usize,
        [z, y, x]: [usize; 3],
    ) -> (usize, usize) {
        let [kd, kh, kw] = geometry.kernel;
        let (tap, taps) = ((z * kh + y) * kw + x, kd * kh * kw);
        let channels = sizes.group_channels;
        match self {
            Weights::Ohwi(_) => ((filter * taps + tap) * channels, 1),
            Weights::Oihw(_) => (filter * channels * taps + tap, taps),
            Weights::Hwio(_) => (tap * channels * geometry.filters + filter, geometry.filters),
        }
    }
}
