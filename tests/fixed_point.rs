//! The rounding by products of 16 bits, against the one by products of 64.

#[path = "../src/fixed_point.rs"]
#[allow(dead_code)]
mod fixed_point;

use fixed_point::{by_halves, tflite};

#[test]
fn halves_make_the_whole() {
    // xorshift (Marsaglia 2003)
    let mut state = 0x9e37_79b9_u32;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let ends = [0, 1, 0x7fff, 0x8000, 0xffff, 1 << 16, 1 << 30, i32::MAX];
    let compare = |sum: i32, value: i32| {
        for shift in -31..=30 {
            let words = [value, shift];
            assert_eq!(by_halves(sum, words), tflite(sum, words), "{sum} {words:?}");
        }
    };
    for sum in ends {
        for value in ends {
            for sum in [sum, -sum, !sum] {
                compare(sum, value);
            }
        }
    }
    for _ in 0..100_000 {
        let [sum, value] = [next() as i32, (next() >> 1) as i32];
        compare(sum, value);
        compare(sum >> 16, value);
    }
}
