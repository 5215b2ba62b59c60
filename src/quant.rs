//! Quantized numbers: what they stand for, and how a sum becomes one again.
//!
//! A quantized number `q` stands for `scale * (q - zero_point)`; weights have the zero point 0 and a
//! scale for each filter (TensorFlow Lite's 8-bit quantization specification; Jacob et al.,
//! *Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference*,
//! 2018, sections 2.1 and 2.2). So an output is
//!
//! ```text
//! sum = bias + sum over the window of weight * (input - input_zero_point)
//! output = clamp(output_zero_point + round(sum * M)),  M = input_scale * weight_scale / output_scale
//! ```
//!
//! and all that implementations differ in is how `sum * M` is rounded: see [`Rounding`].

use crate::activation::Activation;
use crate::error::{Argument, Error};
use crate::fixed_point::by_halves;
pub(crate) use crate::fixed_point::{tflite, tflite_single};
use crate::soft_float;

/// How `sum * M` becomes an integer. Each is a contract that holds on every level, to the bit.
///
/// | sum, M | `Tflite` | `TfliteSingle` | `Float` |
/// |---|---|---|---|
/// | -3, 1/2 | -1 | -1 | -2 |
/// | 1, 1/2 | 1 | 1 | 0 |
/// | -2, 1/4 | -1 | 0 | 0 |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u32)]
#[non_exhaustive]
pub enum Rounding {
    /// TensorFlow Lite's reference kernels, TensorFlow Lite Micro and CMSIS-NN. M is `m * 2^(s - 31)`
    /// ([`Multiplier`]) and the product is rounded twice: with `l` the larger of `s` and 0, `r` of
    /// `-s` and 0,
    ///
    /// ```text
    /// h = floor((sum * 2^l * m + 2^30) / 2^31)       sum * 2^l saturated to int32
    /// result = h / 2^r, to the nearest, ties away from zero
    /// ```
    ///
    /// (gemmlowp's `SaturatingRoundingDoublingHighMul` and `RoundingDivideByPOT`.)
    #[default]
    Tflite,
    /// TensorFlow Lite built with `TFLITE_SINGLE_ROUNDING`: `floor((sum * m + 2^(t-1)) / 2^t)`,
    /// `t = 31 - s`, in 64 bits, saturated to int32.
    TfliteSingle,
    /// XNNPACK's, and with it ONNX's `QLinearConv`: M is an `f32`, the sum is converted to one, the
    /// product is clamped and rounded to the nearest, ties to even.
    Float,
}

/// A number of zero and more as TensorFlow Lite's integer kernels have it:
/// `value * 2^(shift - 31)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Multiplier {
    value: i32,
    shift: i32,
}

impl Multiplier {
    /// From what a converter or another library computed: `value` of 31 bits, and a shift to the
    /// left (positive) or to the right.
    ///
    /// # Errors
    ///
    /// [`Error::Multiplier`] if `value` is negative or `shift` not within -31..=30.
    pub const fn new(value: i32, shift: i32) -> Result<Self, Error> {
        if value < 0 || shift < -31 || shift > 30 {
            return Err(Error::Multiplier { filter: 0 });
        }
        Ok(Multiplier { value, shift })
    }

    /// The nearest to a real number, ties upwards; below 2^-32 it is zero (TensorFlow Lite's
    /// `QuantizeMultiplier`).
    ///
    /// ```
    /// use microconv::Multiplier;
    /// let half = Multiplier::from_real(0.5)?;
    /// assert_eq!((half.value(), half.shift()), (1 << 30, 0));
    /// // The fraction rounds up to 1, which is carried.
    /// let carried = Multiplier::from_real(0.9999999999)?;
    /// assert_eq!((carried.value(), carried.shift()), (1 << 30, 1));
    /// # Ok::<(), microconv::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Multiplier`] if it is negative, not a number, or 2^30 and more.
    pub const fn from_real(real: f64) -> Result<Self, Error> {
        const FRACTION: u32 = 52;
        // Written so that NaN fails it.
        if !(real >= 0.0 && real < (1u64 << 30) as f64) {
            return Err(Error::Multiplier { filter: 0 });
        }
        let bits = real.to_bits() & !(1 << 63);
        let mut shift = (bits >> FRACTION) as i32 - 1022;
        if shift < -31 - 1 {
            // Zero, a subnormal number, or nothing that 31 bits of shift could bring up.
            return Ok(Multiplier { value: 0, shift: 0 });
        }
        // The fraction is in 2^52..2^53 and stands for 0.5..1, of which 31 bits are kept.
        let fraction = bits & ((1 << FRACTION) - 1) | 1 << FRACTION;
        let mut value = (fraction + (1 << (FRACTION - 31))) >> (FRACTION - 30);
        if value == 1 << 31 {
            value >>= 1;
            shift += 1;
        }
        if shift < -31 {
            return Ok(Multiplier { value: 0, shift: 0 });
        }
        if shift > 30 {
            return Err(Error::Multiplier { filter: 0 });
        }
        Ok(Multiplier {
            value: value as i32,
            shift,
        })
    }

    pub const fn value(self) -> i32 {
        self.value
    }

    pub const fn shift(self) -> i32 {
        self.shift
    }

    /// The two words that a panel holds.
    const fn words(&self, rounding: Rounding) -> [i32; 2] {
        match rounding {
            Rounding::Float => [self.to_f32().to_bits() as i32, 0],
            _ => [self.value, self.shift],
        }
    }

    /// The number itself, rounded to an `f32`.
    const fn to_f32(self) -> f32 {
        // 2^(shift - 31), which is normal: the exponent is at least -62.
        let power = f32::from_bits(((self.shift - 31 + 127) as u32) << 23);
        self.value as f32 * power
    }
}

/// What the sums are multiplied by: one number for every filter, or one for all.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Scales<'a> {
    /// The scales of input, weights and output. M is `input * weights / output`, in double precision
    /// for the integer roundings (as TensorFlow Lite does), in single for [`Rounding::Float`] (as
    /// XNNPACK does).
    Real {
        input: f32,
        weights: &'a [f32],
        output: f32,
    },
    /// The multipliers themselves; rounded to `f32` for [`Rounding::Float`].
    Multipliers(&'a [Multiplier]),
    /// Their parts, as many of the one as of the other, as TensorFlow Lite Micro and CMSIS-NN keep
    /// them; otherwise as `Multipliers`.
    Parts {
        values: &'a [i32],
        shifts: &'a [i32],
    },
}

impl Scales<'_> {
    /// M is 1: for layers whose sums are wanted as they are.
    pub const ONE: Scales<'static> = Scales::Real {
        input: 1.0,
        weights: &[1.0],
        output: 1.0,
    };

    /// Refuses a number of scales that is neither 1 nor `filters`.
    pub(crate) const fn check(&self, filters: usize) -> Result<(), Error> {
        let given = match self {
            Scales::Real { weights, .. } => weights.len(),
            Scales::Multipliers(multipliers) => multipliers.len(),
            Scales::Parts { values, shifts } => {
                if values.len() != shifts.len() {
                    return Err(Error::Length {
                        argument: Argument::Scales,
                        needed: values.len(),
                        given: shifts.len(),
                    });
                }
                values.len()
            }
        };
        if given == 1 || given == filters {
            Ok(())
        } else {
            Err(Error::Length {
                argument: Argument::Scales,
                needed: filters,
                given,
            })
        }
    }

    /// The two words that a panel holds of a filter: multiplier and shift, or the bits of a float
    /// and nothing.
    pub(crate) const fn words(&self, filter: usize, rounding: Rounding) -> Result<[i32; 2], Error> {
        let refused = Err(Error::Multiplier { filter });
        match (self, rounding) {
            (
                Scales::Real {
                    input,
                    weights,
                    output,
                },
                _,
            ) => {
                let Some(weight) = one_of(weights, filter) else {
                    return refused;
                };
                // Written so that NaN fails it. (An infinite scale of the output would make M zero; the others make it
                // infinite, or NaN, which is refused below.)
                let sound =
                    *input > 0.0 && *output > 0.0 && *output < f32::INFINITY && *weight >= 0.0;
                if !sound {
                    return refused;
                }
                if let Rounding::Float = rounding {
                    let scale = *input * *weight / *output;
                    return if scale >= 0.0 && scale < f32::INFINITY {
                        Ok([scale.to_bits() as i32, 0])
                    } else {
                        refused
                    };
                }
                match Multiplier::from_real(*input as f64 * *weight as f64 / *output as f64) {
                    Ok(Multiplier { value, shift }) => Ok([value, shift]),
                    Err(_) => refused,
                }
            }
            (Scales::Multipliers(multipliers), _) => {
                let Some(multiplier) = one_of(multipliers, filter) else {
                    return refused;
                };
                Ok(multiplier.words(rounding))
            }
            (Scales::Parts { values, shifts }, _) => {
                match (one_of(values, filter), one_of(shifts, filter)) {
                    (Some(value), Some(shift)) => match Multiplier::new(*value, *shift) {
                        Ok(multiplier) => Ok(multiplier.words(rounding)),
                        Err(_) => refused,
                    },
                    _ => refused,
                }
            }
        }
    }
}

/// The element of a filter, where one may stand for all.
const fn one_of<T>(slice: &[T], filter: usize) -> Option<&T> {
    match (slice, slice.split_at_checked(filter)) {
        ([one], _) | (_, Some((_, [one, ..]))) => Some(one),
        _ => None,
    }
}

/// The type of 8-bit activations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u32)]
pub enum Bytes {
    /// -128..=127
    #[default]
    Int8,
    /// 0..=255
    Uint8,
}

impl Bytes {
    /// What must be subtracted to make it an int8.
    const fn offset(self) -> i32 {
        match self {
            Bytes::Int8 => 0,
            Bytes::Uint8 => 128,
        }
    }

    /// The bit that does so.
    pub(crate) const fn flip(self) -> u8 {
        self.offset() as u8
    }

    const fn holds(self, number: i32) -> bool {
        // What wraps around is far from both ends.
        let number = number.wrapping_sub(self.offset());
        -128 <= number && number <= 127
    }
}

/// How the 8-bit numbers of a layer stand for real ones, but for the scales.
///
/// ```
/// use microconv::{Activation, Quantization, Rounding};
/// // Outputs in steps of 0.05 with the zero at -20, after a ReLU6: -20..=100.
/// let quantization = Quantization::int8(3, -20).activation(Activation::RELU6, 0.05);
/// assert_eq!((quantization.min, quantization.max), (-20, 100));
/// assert_eq!(quantization.rounding, Rounding::Tflite);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Quantization {
    /// The types of input and output.
    pub input: Bytes,
    pub output: Bytes,
    /// The number that stands for zero in the input, and in its padding.
    pub input_zero_point: i32,
    /// The number that stands for zero in the output.
    pub output_zero_point: i32,
    /// The range that outputs are clamped to.
    pub min: i32,
    pub max: i32,
    pub rounding: Rounding,
}

impl Quantization {
    /// Signed activations with these zero points, no clamp, [`Rounding::Tflite`].
    pub const fn int8(input_zero_point: i32, output_zero_point: i32) -> Self {
        Quantization {
            input: Bytes::Int8,
            output: Bytes::Int8,
            input_zero_point,
            output_zero_point,
            min: -128,
            max: 127,
            rounding: Rounding::Tflite,
        }
    }

    /// Unsigned activations with these zero points, no clamp, [`Rounding::Tflite`].
    pub const fn uint8(input_zero_point: i32, output_zero_point: i32) -> Self {
        Quantization {
            input: Bytes::Uint8,
            output: Bytes::Uint8,
            min: 0,
            max: 255,
            ..Self::int8(input_zero_point, output_zero_point)
        }
    }

    pub const fn rounding(mut self, rounding: Rounding) -> Self {
        self.rounding = rounding;
        self
    }

    /// Clamps outputs to `min..=max`.
    pub const fn clamp(mut self, min: i32, max: i32) -> Self {
        self.min = min;
        self.max = max;
        self
    }

    /// Clamps outputs to the range of an activation function, which TensorFlow Lite rounds to whole
    /// steps of the output, ties away from zero (`CalculateActivationRangeQuantized`).
    pub const fn activation(mut self, activation: Activation, output_scale: f32) -> Self {
        if activation.min > f32::NEG_INFINITY {
            let min = steps(activation.min / output_scale).saturating_add(self.output_zero_point);
            if min > self.min {
                self.min = min;
            }
        }
        if activation.max < f32::INFINITY {
            let max = steps(activation.max / output_scale).saturating_add(self.output_zero_point);
            if max < self.max {
                self.max = max;
            }
        }
        self
    }

    /// Checks the numbers, and turns them into those of int8.
    pub(crate) const fn check(&self) -> Result<Quant, Error> {
        if !self.input.holds(self.input_zero_point) {
            return Err(Error::ZeroPoint {
                argument: Argument::Input,
                given: self.input_zero_point,
            });
        }
        if !self.output.holds(self.output_zero_point) {
            return Err(Error::ZeroPoint {
                argument: Argument::Output,
                given: self.output_zero_point,
            });
        }
        let (min, max) = (self.min, self.max);
        if min > max || !self.output.holds(min) || !self.output.holds(max) {
            return Err(Error::Clamp {
                min: min as f32,
                max: max as f32,
            });
        }
        let offset = self.output.offset();
        Ok(Quant {
            input_zero: self.input_zero_point - self.input.offset(),
            zero: self.output_zero_point - offset,
            min: min - offset,
            max: max - offset,
            rounding: self.rounding,
            flip_input: self.input.flip(),
            flip: self.output.flip(),
        })
    }
}

/// Rounds to the nearest, ties away from zero. NaN gives 0.
pub(crate) const fn steps(real: f32) -> i32 {
    // Saturates; where a float has a fraction, the integer part is exact.
    let whole = real as i32;
    let rest = real - whole as f32;
    if rest >= 0.5 {
        whole.saturating_add(1)
    } else if rest <= -0.5 {
        whole.saturating_sub(1)
    } else {
        whole
    }
}

/// A checked [`Quantization`] in terms of int8: a uint8 is one whose highest bit is flipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Quant {
    pub input_zero: i32,
    /// The output's zero point.
    pub zero: i32,
    pub min: i32,
    pub max: i32,
    pub rounding: Rounding,
    /// What the bytes of input and output are to be combined with by exclusive or.
    pub flip_input: u8,
    pub flip: u8,
}

impl Quant {
    /// Requantizes a sum by the two words of its filter ([`Scales::words`]).
    #[inline(always)]
    pub fn byte(&self, sum: i32, words: [i32; 2]) -> i8 {
        let steps = match self.rounding {
            Rounding::Float if SOFT => soft_float::product(sum, words[0] as u32),
            Rounding::Float => {
                let product = sum as f32 * f32::from_bits(words[0] as u32);
                let (low, high) = ((self.min - self.zero) as f32, (self.max - self.zero) as f32);
                float(if product < low {
                    low
                } else if product > high {
                    high
                } else {
                    product
                })
            }
            Rounding::TfliteSingle => tflite_single(sum, words),
            Rounding::Tflite => return self.tflite(sum, words),
        };
        self.at_zero(steps)
    }

    /// [`byte`](Self::byte) for [`Rounding::Tflite`].
    #[inline(always)]
    pub fn tflite(&self, sum: i32, words: [i32; 2]) -> i8 {
        // A core without floats need not have products of 64 bits.
        let rounded = if SOFT { by_halves } else { tflite };
        self.at_zero(rounded(sum, words))
    }

    /// What stands for so many steps.
    #[inline(always)]
    fn at_zero(&self, steps: i32) -> i8 {
        let [low, high] = [self.min - self.zero, self.max - self.zero];
        // Within the clamp, which is within int8.
        (steps.max(low).min(high) + self.zero) as i8 ^ self.flip as i8
    }
}

/// Where floats are not instructions but functions, which are larger than all that is needed of them.
pub(crate) const SOFT: bool = cfg!(all(target_arch = "arm", not(target_abi = "eabihf")));

/// Rounds a number of at most 2^22 to the nearest integer, ties to even.
#[inline(always)]
fn float(number: f32) -> i32 {
    // Where the spacing of floats is 1, adding rounds; the low bits of the sum count the steps.
    const MAGIC: f32 = 12_582_912.0; // 2^23 + 2^22
    ((number + MAGIC).to_bits() as i32).wrapping_sub(MAGIC.to_bits() as i32)
}
