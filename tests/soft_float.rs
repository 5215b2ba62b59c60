//! The integers that stand for floats on cores without them, against floats.

#[path = "../src/soft_arithmetic.rs"]
mod soft_arithmetic;
#[path = "../src/soft_float.rs"]
mod soft_float;

#[test]
fn products_and_sums_are_those_of_floats() {
    // xorshift (Marsaglia 2003)
    let mut state = 0x2545_f491_u32;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let is = |needed: f32, given: u32| {
        needed.to_bits() == given || needed.is_nan() && f32::from_bits(given).is_nan()
    };
    let check = |a: u32, b: u32| {
        let floats = [a, b].map(f32::from_bits);
        let (product, sum) = (floats[0] * floats[1], floats[0] + floats[1]);
        let given = [soft_arithmetic::multiply(a, b), soft_arithmetic::add(a, b)];
        assert!(
            is(product, given[0]),
            "{a:#x} times {b:#x}: {:#x}, not {product:e}",
            given[0]
        );
        assert!(
            is(sum, given[1]),
            "{a:#x} plus {b:#x}: {:#x}, not {sum:e}",
            given[1]
        );
    };
    // Around all that is special of exponents and fractions, of both signs.
    let mut special = vec![];
    for exponent in [
        0, 1, 2, 63, 64, 103, 104, 126, 127, 128, 150, 190, 191, 192, 253, 254, 255,
    ] {
        for fraction in [
            0, 1, 2, 3, 0x7f_ffff, 0x7f_fffe, 0x40_0000, 0x3f_ffff, 0x40_0001, 0x0f_0f0f,
            0x00_ffff, 0x01_0000,
        ] {
            special.extend([
                exponent << 23 | fraction,
                1 << 31 | exponent << 23 | fraction,
            ]);
        }
    }
    for &a in &special {
        for &b in &special {
            check(a, b);
        }
    }
    for _ in 0..4_000_000 {
        let (a, b) = (next(), next());
        check(a, b);
        // Products that are subnormal or nearly so, and those that are ties.
        let exponent = (a >> 23 & 0xff).min(150);
        let other = 127u32.saturating_sub(exponent).min(254) + (next() % 4);
        check(a, b & 0x807f_ffff | other.min(254) << 23);
        check(a & !0xfff, b & !0xff8);
        // Sums of numbers of about the same size.
        let near = ((a >> 23 & 0xff) + next() % 29).saturating_sub(14).min(254);
        check(a, b & 0x807f_ffff | near << 23);
        check(a, (a ^ 1 << 31) + next() % 3);
    }
}

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
