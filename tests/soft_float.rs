//! The integers that stand for floats on cores without them, against floats.

#[path = "../src/soft_float.rs"]
mod soft_float;

#[test]
fn integers_multiply_like_floats() {
    // xorshift (Marsaglia 2003)
    let mut state = 0x9e37_79b9_u32;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let scales = [
        0,
        1,
        0x7f_ffff,
        0x80_0000,
        0x3f00_0000,
        0x3f80_0000,
        0x7f7f_ffff,
    ];
    let sums = [
        0,
        1,
        -1,
        2,
        3,
        -3,
        255,
        (1 << 24) + 1,
        (1 << 25) + 2,
        i32::MAX,
        i32::MIN,
    ];
    let check = |sum: i32, scale: u32| {
        let product = sum as f32 * f32::from_bits(scale);
        let needed = product.clamp(-300.0, 300.0).round_ties_even() as i32;
        let given = soft_float::product(sum, scale).clamp(-300, 300);
        assert_eq!(given, needed, "{sum} times {scale:#x}");
    };
    for sum in sums {
        for scale in scales {
            check(sum, scale);
        }
    }
    for _ in 0..1_000_000 {
        // Sums of any size, and scales whose products are mostly within the clamp, or halves.
        let sum = next() as i32 >> (next() % 32);
        let exponent = (127 + 7).min(150 - (next() % 40)) - (next() % 12);
        let bits = if next() % 4 == 0 {
            0
        } else {
            next() & 0x7f_ffff
        };
        check(sum, exponent << 23 | bits);
        check(sum, next() & 0x7f7f_ffff);
    }
}
