//! Products and sums of floats by integers, for cores without an FPU: in less code and stack than the
//! compiler's functions take, which serve all cores and numbers of any width.

const SIGN: u32 = 1 << 31;
const INFINITY: u32 = 0xff << 23;
const NAN: u32 = INFINITY | 1 << 22;
/// The leading bit of a fraction.
const ONE: u32 = 1 << 23;

/// The float nearest to `a * b`, ties to even, all three given by their bits (IEEE 754). A NaN is the one
/// that processors make.
// Out of line, as is the next: they are called from assembly.
#[inline(never)]
pub(crate) extern "C" fn multiply(a: u32, b: u32) -> u32 {
    let sign = (a ^ b) & SIGN;
    let [a, b] = [a & !SIGN, b & !SIGN];
    if a >= INFINITY || b >= INFINITY {
        let is_nan = a > INFINITY || b > INFINITY || a == 0 || b == 0;
        return if is_nan { NAN } else { sign | INFINITY };
    }
    if a == 0 || b == 0 {
        return sign;
    }
    let ([a, a_exponent], [b, b_exponent]) = (parts(a), parts(b));
    // 48 bits: the upper 32, and the lower 16.
    let [high, low] = [a >> 16, a & 0xffff];
    let [b_high, b_low] = [b >> 16, b & 0xffff];
    let lowest = low * b_low;
    let mut product = ((high * b_high) << 16) + high * b_low + low * b_high + (lowest >> 16);
    let mut rest = lowest << 16;
    let mut exponent = a_exponent.wrapping_add(b_exponent).wrapping_sub(126) as i32;
    if product < SIGN {
        product = product << 1 | rest >> 31;
        rest <<= 1;
        exponent -= 1;
    }
    // 24 bits are the fraction, eight what it is rounded by: the last of them says whether there is more.
    product |= u32::from(rest != 0);
    if exponent > 254 {
        return sign | INFINITY;
    }
    if exponent < 1 {
        let right = (1 - exponent) as u32;
        product = match right {
            1..=31 => product >> right | u32::from(product << (32 - right) != 0),
            _ => 1,
        };
        // Without a leading bit it is subnormal; with one, that is the least exponent.
        return sign | rounded(product);
    }
    // The leading bit is added to the exponent; so is what rounding carries.
    sign | ((((exponent - 1) as u32) << 23) + rounded(product))
}

/// The float nearest to `a + b`, as [`multiply`] has it.
#[inline(never)]
pub(crate) extern "C" fn add(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    if a << 1 < b << 1 {
        (a, b) = (b, a);
    }
    // The sum's, and in the last bit whether the signs differ.
    let signs = a & SIGN | (a ^ b) >> 31;
    (a, b) = (a & !SIGN, b & !SIGN);
    if a >= INFINITY {
        let is_nan = a > INFINITY || b == INFINITY && signs & 1 != 0;
        return if is_nan { NAN } else { signs & SIGN | a };
    }
    let mut exponent = (a >> 23).max(1);
    let right = exponent - (b >> 23).max(1);
    let mut sum = more_bits(a);
    let mut less = more_bits(b);
    if right > 31 {
        less = u32::from(less != 0);
    } else if right > 0 {
        less = less >> right | u32::from(less << (32 - right) != 0);
    }
    if signs & 1 != 0 {
        sum -= less;
        if sum == 0 {
            return 0;
        }
        while sum < ONE << 3 && exponent > 1 {
            sum <<= 1;
            exponent -= 1;
        }
    } else {
        sum += less;
        if sum >= ONE << 4 {
            sum = sum >> 1 | sum & 1;
            exponent += 1;
            if exponent == 255 {
                return signs & SIGN | INFINITY;
            }
        }
    }
    let fraction = sum >> 3;
    let up = u32::from((sum & 7) + (fraction & 1) > 4);
    // The leading bit is added to the exponent; so is what rounding carries.
    signs & SIGN | (((exponent - 1) << 23) + fraction + up)
}

/// The fraction of a finite float with three bits more, what a sum is rounded by: the last of them says
/// whether there is more.
#[inline(always)]
fn more_bits(float: u32) -> u32 {
    match float >> 23 {
        0 => float << 3,
        _ => (float << 8 | SIGN) >> 5,
    }
}

/// Fraction and exponent of a finite float that is not zero.
#[inline(always)]
fn parts(float: u32) -> [u32; 2] {
    let exponent = float >> 23;
    if exponent > 0 {
        return [float & (ONE - 1) | ONE, exponent];
    }
    let (mut fraction, mut exponent) = (float, 1u32);
    while fraction < ONE {
        fraction <<= 1;
        exponent = exponent.wrapping_sub(1);
    }
    [fraction, exponent]
}

/// A 256th, to the nearest, ties to even.
#[inline(always)]
fn rounded(product: u32) -> u32 {
    let fraction = product >> 8;
    fraction + u32::from((product & 0xff) + (fraction & 1) > 0x80)
}
