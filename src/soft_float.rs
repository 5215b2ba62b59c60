//! [`Rounding::Float`](crate::Rounding::Float) by integers, for cores on which floats are functions.
//! Those are larger than all that is needed of them here.

/// The nearest integer, ties to even, of `sum as f32 * scale`, whose bits are given: finite and not
/// negative. Past int16 any number past int16 stands for it.
#[inline(always)]
pub(crate) fn product(sum: i32, scale: u32) -> i32 {
    let exponent = (scale >> 23) as i32;
    // The scale is `fraction * 2^(exponent - 150)`; a subnormal one has no leading bit.
    let fraction = scale & 0x7f_ffff | u32::from(exponent > 0) << 23;
    let right = 150 - exponent.max(1);
    // Below 2^31 times 2^24. If it is subnormal as a float, it is nearest to zero in any case.
    let product = to_float(to_float(u64::from(sum.unsigned_abs())) * u64::from(fraction));
    let steps = if right <= 0 {
        // Zero, or past every clamp.
        product
    } else if right > 63 {
        0
    } else {
        shift_to_even(product, right as u32)
    };
    let steps = steps.min(1 << 16) as i32;
    if sum < 0 { -steps } else { steps }
}

/// Rounds to what a float can hold: 24 bits from the first one on.
// Shifts by one only, which are instructions; by a variable number they are functions, which take stack.
#[inline(never)]
fn to_float(number: u64) -> u64 {
    let (mut left, mut unit) = (number, 1);
    while left >= 1 << 24 {
        left >>= 1;
        unit <<= 1;
    }
    if unit == 1 {
        return number;
    }
    // Half a unit, less one if the last digit is even.
    (number + (unit >> 1) - 1 + (left & 1)) & !(unit - 1)
}

/// `number / 2^right` to the nearest, ties to even; the number is below 2^56.
#[inline(always)]
fn shift_to_even(number: u64, right: u32) -> u64 {
    if right == 0 {
        return number;
    }
    let odd = number >> right & 1;
    number.wrapping_add((1 << right >> 1) - 1 + odd) >> right
}
