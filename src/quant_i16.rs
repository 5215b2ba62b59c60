//! int16 activations: the range of outputs, and how a sum of 48 bits becomes one.
//!
//! Both activations are symmetric, with the zero point 0, so an output is
//!
//! ```text
//! output = clamp(round((bias + sum over the window of weight * input) * M))
//! ```
//!
//! with M as for int8. TensorFlow Lite's `MultiplyByQuantizedMultiplier` for a sum of 64 bits keeps 15
//! bits of a [`Multiplier`](crate::Multiplier)'s 31, so that the product fits 64, and rounds once:
//!
//! ```text
//! m' = floor((m + 2^15) / 2^16), at most 2^15 - 1       t = 15 - s
//! round(sum * M) = floor((sum * m' + 2^(t-1)) / 2^t)
//! ```

use crate::activation::Activation;
use crate::error::Error;
use crate::fixed_point::{high, high_by_halves};
use crate::quant::{Rounding, SOFT, Scales, steps};
use core::ops::RangeInclusive;

/// The range that int16 outputs are clamped to.
///
/// ```
/// use microconv::{Activation, RangeI16};
/// // Outputs in steps of 0.001, after a ReLU6.
/// let range = RangeI16::activation(Activation::RELU6, 0.001);
/// assert_eq!((range.min, range.max), (0, 6000));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeI16 {
    pub min: i16,
    pub max: i16,
}

impl RangeI16 {
    /// All that an int16 can be.
    pub const FULL: Self = RangeI16 {
        min: i16::MIN,
        max: i16::MAX,
    };

    /// The range of an activation function, which TensorFlow Lite rounds to whole steps of the output,
    /// ties away from zero (`CalculateActivationRangeQuantized`).
    pub const fn activation(activation: Activation, output_scale: f32) -> Self {
        let mut range = RangeI16::FULL;
        if activation.min > f32::NEG_INFINITY {
            let min = steps(activation.min / output_scale);
            if min > range.min as i32 {
                range.min = saturated(min);
            }
        }
        if activation.max < f32::INFINITY {
            let max = steps(activation.max / output_scale);
            if max < range.max as i32 {
                range.max = saturated(max);
            }
        }
        range
    }

    pub(crate) const fn check(self) -> Result<(), Error> {
        if self.min > self.max {
            return Err(Error::Clamp {
                min: self.min as f32,
                max: self.max as f32,
            });
        }
        Ok(())
    }

    /// Requantizes a sum of 48 bits by the two words of its filter ([`words`]).
    #[inline(always)]
    pub(crate) fn requantize(self, sum: i64, [multiplier, shift]: [i32; 2]) -> i16 {
        let narrow = sum as i32;
        if i64::from(narrow) == sum && NARROW.contains(&shift) {
            self.narrow(narrow, [multiplier, shift])
        } else {
            self.clamp(wide(sum, [multiplier, shift]))
        }
    }

    /// The same of a sum of 32 bits, under a shift that is [`NARROW`].
    #[inline(always)]
    pub(crate) fn narrow(self, sum: i32, [multiplier, shift]: [i32; 2]) -> i16 {
        // A core without floats need not have products of 64 bits.
        let high = if SOFT { high_by_halves } else { high };
        self.clamp(high(sum, multiplier << (NARROW.end() - shift)))
    }

    #[inline(always)]
    fn clamp(self, steps: i32) -> i16 {
        steps.max(self.min.into()).min(self.max.into()) as i16
    }
}

/// Shifts of filters whose sums of 32 bits take 32 bits of a product, as `m' 2^(31 - t)` is a
/// multiplier of 31: the usual case, M from 2^-17 up to 1.
pub(crate) const NARROW: RangeInclusive<i32> = 15..=31;

/// Any sum under any shift, saturated.
#[inline]
fn wide(sum: i64, [multiplier, shift]: [i32; 2]) -> i32 {
    // Within 2^62. The shift is at least 8, and what it drops beside the last bit, no tie needs.
    let product = if SOFT {
        // Nor those of 64 bits: the multiplier has 15.
        let part = |part: i32, shift: u32| i64::from(part.wrapping_mul(multiplier)) << shift;
        part((sum >> 32) as i32, 32)
            .wrapping_add(part((sum >> 16) as i32 & 0xffff, 16))
            .wrapping_add(part(sum as i32 & 0xffff, 0))
    } else {
        sum.wrapping_mul(i64::from(multiplier))
    };
    let twice = product >> ((shift - 1) & 63);
    let steps = twice.wrapping_add(1) >> 1;
    steps.max(i16::MIN.into()).min(i16::MAX.into()) as i32
}

impl Default for RangeI16 {
    fn default() -> Self {
        RangeI16::FULL
    }
}

const fn saturated(x: i32) -> i16 {
    if x < i16::MIN as i32 {
        i16::MIN
    } else if x > i16::MAX as i32 {
        i16::MAX
    } else {
        x as i16
    }
}

/// The two words that a panel holds of a filter: m' and t.
pub(crate) const fn words(scales: &Scales<'_>, filter: usize) -> Result<[i32; 2], Error> {
    match scales.words(filter, Rounding::Tflite) {
        Ok([multiplier, shift]) => {
            // TensorFlow Lite takes no larger shift.
            if shift > 7 {
                return Err(Error::Multiplier { filter });
            }
            let reduced = if multiplier < 0x7fff_0000 {
                (multiplier + (1 << 15)) >> 16
            } else {
                0x7fff
            };
            Ok([reduced, 15 - shift])
        }
        Err(error) => Err(error),
    }
}
