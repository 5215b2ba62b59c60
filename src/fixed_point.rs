//! Sums times multipliers of 31 bits and a power of two, in integers: words of a panel, value and shift.

/// A number times a power of two, saturated.
#[inline(always)]
fn up(number: i32, shift: i32) -> i32 {
    let left = shift & 31;
    let product = number << left;
    if product >> left == number {
        product
    } else if number < 0 {
        i32::MIN
    } else {
        i32::MAX
    }
}

/// A number over a power of two, the shift below 0, to the nearest, ties away from zero; the number is
/// neither the largest nor the smallest int32.
#[inline(always)]
fn down(number: i32, shift: i32) -> i32 {
    // A negative number that is one less rounds ties down. Neither step overflows.
    let lower = number.wrapping_add(number >> 31);
    (lower >> ((-1 - shift) & 31)).wrapping_add(1) >> 1
}

/// A number times a multiplier over 2^31, to the nearest, ties upwards: at most 2^31 - 2 and at least
/// 1 - 2^31, as the multiplier is below 2^31.
#[inline(always)]
pub(crate) fn high(number: i32, multiplier: i32) -> i32 {
    let product = i64::from(number) * i64::from(multiplier);
    (product.wrapping_add(1 << 30) >> 31) as i32
}

/// TensorFlow Lite's double rounding: [`Rounding::Tflite`](crate::Rounding::Tflite).
#[inline(always)]
pub(crate) fn tflite(sum: i32, [value, shift]: [i32; 2]) -> i32 {
    let factor = if shift > 0 { up(sum, shift) } else { sum };
    let high = high(factor, value);
    if shift < 0 { down(high, shift) } else { high }
}

/// Its single rounding: [`Rounding::TfliteSingle`](crate::Rounding::TfliteSingle).
#[inline(always)]
pub(crate) fn tflite_single(sum: i32, [value, shift]: [i32; 2]) -> i32 {
    // Within 1..=62. (A vector's lane without a filter has any words, and is not used.)
    let right = 31i32.wrapping_sub(shift) & 63;
    let product = i64::from(sum) * i64::from(value);
    // Below 2^62 + 2^61.
    let rounded = product.wrapping_add((1i64 << right) >> 1) >> right;
    rounded.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

/// [`high`] by products of 16 bits: not every core has those of 64.
#[inline(always)]
pub(crate) fn high_by_halves(number: i32, multiplier: i32) -> i32 {
    let [number_low, number_high] = [number & 0xffff, number >> 16];
    let [low, high] = [multiplier & 0xffff, multiplier >> 16];
    // The product is `number_high * high * 2^32 + (middle + unsigned) * 2^16` and less than 2^16
    // more. `unsigned`, with what rounds, is below 2^31 + 2^14, and `middle` an int32. With its sign
    // the other way round, the sum has 33 bits, and is 2^31 / 2^15 too large.
    let unsigned = (number_low.wrapping_mul(high) as u32)
        .wrapping_add(number_low.wrapping_mul(low) as u32 >> 16)
        .wrapping_add(1 << 14);
    let middle = number_high.wrapping_mul(low) as u32 ^ 1 << 31;
    let (sum, carry) = unsigned.overflowing_add(middle);
    (number_high.wrapping_mul(high) << 1)
        .wrapping_add((u32::from(carry) << 17 | sum >> 15) as i32)
        .wrapping_sub(1 << 16)
}

/// [`tflite`] by [`high_by_halves`].
#[inline(always)]
pub(crate) fn by_halves(sum: i32, [multiplier, shift]: [i32; 2]) -> i32 {
    let factor = if shift > 0 { up(sum, shift) } else { sum };
    let high = high_by_halves(factor, multiplier);
    if shift < 0 { down(high, shift) } else { high }
}
