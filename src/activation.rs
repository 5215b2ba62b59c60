//! What is fused into the end of a layer.

use crate::Error;

/// The range that every output is clamped to.
///
/// The output is `min` where it is smaller, `max` where it is larger, and itself elsewhere: NaN
/// stays NaN, and a zero keeps its sign even where a bound is a zero of the other sign. Every
/// level does exactly this.
///
/// ```
/// use microconv::Activation;
/// let swish_like = Activation { min: -0.278, max: f32::INFINITY };
/// assert!(swish_like.min < Activation::RELU.min);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Activation {
    pub min: f32,
    pub max: f32,
}

impl Activation {
    /// No clamp.
    pub const NONE: Self = Activation {
        min: f32::NEG_INFINITY,
        max: f32::INFINITY,
    };
    /// `max(0, x)`
    pub const RELU: Self = Activation {
        min: 0.0,
        max: f32::INFINITY,
    };
    /// `min(max(0, x), 6)`
    pub const RELU6: Self = Activation { min: 0.0, max: 6.0 };

    /// Refuses an empty range and NaN.
    pub(crate) const fn check(self) -> Result<(), Error> {
        // Written so that a NaN on either side fails it.
        if self.min <= self.max {
            Ok(())
        } else {
            Err(Error::Clamp {
                min: self.min,
                max: self.max,
            })
        }
    }

    /// The ends of the range, or nothing if it changes no number.
    #[cfg_attr(all(target_arch = "arm", target_os = "none"), allow(dead_code))] // a Cortex-M looks at the bits
    pub(crate) fn range(self) -> Option<[f32; 2]> {
        (self != Activation::NONE).then_some([self.min, self.max])
    }
}
