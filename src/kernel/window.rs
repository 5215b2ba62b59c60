//! Which taps of a window lie inside the input.

use crate::geometry::{Geometry, Sizes};
use core::ops::Range;

/// One spatial axis.
#[derive(Clone, Copy)]
pub(crate) struct Axis {
    /// Input pixels.
    size: usize,
    taps: usize,
    stride: usize,
    dilation: usize,
    /// Padding before the first pixel.
    before: usize,
}

impl Axis {
    pub fn of(geometry: &Geometry, sizes: &Sizes, axis: usize) -> Self {
        Axis {
            size: geometry.input[axis],
            taps: geometry.kernel[axis],
            stride: geometry.stride[axis],
            dilation: geometry.dilation[axis],
            before: sizes.padding[axis][0],
        }
    }

    /// The taps of output position `at` that lie inside the input; `start..start` if none does.
    #[inline(always)]
    pub fn inside(&self, at: usize) -> Range<usize> {
        let start = at * self.stride;
        // Padded coordinates: the input is `before..before + size`.
        let low = self.steps(self.before.saturating_sub(start)).min(self.taps);
        let high = self
            .steps((self.before + self.size).saturating_sub(start))
            .min(self.taps);
        low..high.max(low)
    }

    /// How many output positions from `at` on reach the same taps as it does: all that are left of
    /// the interior, or just the one.
    #[inline(always)]
    pub fn alike(&self, at: usize) -> usize {
        let start = at * self.stride;
        match self.last() {
            Some(last) if self.before <= start && start <= last => {
                quotient(last - start, self.stride) + 1
            }
            _ => 1,
        }
    }

    /// The output positions of which a tap lies inside, were there as many.
    #[inline(always)]
    #[cfg_attr(all(target_arch = "arm", target_os = "none"), allow(dead_code))] // no map is cut into rectangles
    pub fn reaching(&self, tap: usize) -> Range<usize> {
        let tap = tap * self.dilation;
        let steps = |distance: usize| quotient(distance + self.stride - 1, self.stride);
        let end = steps((self.before + self.size).saturating_sub(tap));
        steps(self.before.saturating_sub(tap)).min(end)..end
    }

    /// The input position of a tap that lies inside.
    #[inline(always)]
    pub fn position(&self, at: usize, tap: usize) -> usize {
        (at * self.stride + tap * self.dilation).wrapping_sub(self.before)
    }

    /// Where the first tap of an output position lies, inside or not, in line `before` of this axis.
    #[inline(always)]
    pub fn first(&self, before: usize, at: usize) -> usize {
        (before.wrapping_mul(self.size))
            .wrapping_add(at.wrapping_mul(self.stride))
            .wrapping_sub(self.before)
    }

    /// The output positions whose taps all lie inside.
    pub fn interior(&self) -> Range<usize> {
        let Some(last) = self.last() else {
            return 0..0;
        };
        let first = quotient(self.before + self.stride - 1, self.stride);
        first..(quotient(last, self.stride) + 1).max(first)
    }

    /// The last padded coordinate of a first tap from which no tap reaches past the input, if there is one.
    #[inline(always)]
    fn last(&self) -> Option<usize> {
        let extent = (self.taps - 1) * self.dilation;
        (self.before + self.size).checked_sub(extent + 1)
    }

    /// The smallest number of dilations that cover `distance`.
    #[inline(always)]
    fn steps(&self, distance: usize) -> usize {
        match self.dilation {
            1 => distance,
            dilation => quotient(distance + dilation - 1, dilation),
        }
    }
}

cfg_if::cfg_if! {
    if #[cfg(all(target_arch = "arm", target_os = "none", not(target_has_atomic = "8")))] {
        /// `a / b` for `b` that is not zero. A Cortex-M0+ has no instruction for it, and the compiler's function takes
        /// more of the stack than whoever calls this; quotients are small here, so it need not look for large ones.
        #[inline(never)]
        pub(crate) fn quotient(a: usize, b: usize) -> usize {
            // The most frequent divisor, of strides and depths.
            if b == 1 {
                return a;
            }
            let [mut rest, mut part, mut bit] = [a, b, 1];
            while part <= rest >> 1 && part != 0 {
                part <<= 1;
                bit <<= 1;
            }
            let mut quotient = 0;
            while bit != 0 {
                if part <= rest {
                    rest -= part;
                    quotient |= bit;
                }
                part >>= 1;
                bit >>= 1;
            }
            quotient
        }
    } else {
        /// `a / b` for `b` that is not zero, without a path to a panic.
        #[inline(always)]
        pub(crate) fn quotient(a: usize, b: usize) -> usize {
            // A division of 64 bits takes as long as a dozen multiplications, and most here are by one or make zero.
            if cfg!(target_pointer_width = "64") && b == 1 {
                return a;
            }
            if cfg!(target_pointer_width = "64") && a < b {
                return 0;
            }
            a.checked_div(b).unwrap_or(0)
        }
    }
}

/// How many a range holds that does not run backwards. (`len` of a range has an assertion that the
/// optimiser cannot always remove.)
#[inline(always)]
pub(crate) fn count(range: &Range<usize>) -> usize {
    range.end - range.start
}
