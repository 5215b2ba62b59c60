//! The network, in f32 ([`float`]) and in int8 ([`int8`]), and the images that it reads.
//!
//! It needs `core` and `microconv` only, and no heap, so firmware includes it as it is. Everything
//! that can be known before the program runs is computed by the compiler: the checked plans, the
//! packed weights and the size of the buffers.

pub mod float;
pub mod images;
pub mod int8;

use microconv::{Geometry, Padding};

pub const CLASSES: usize = 10;

pub const LAYERS: usize = 6;

pub const NAMES: [&str; LAYERS] = [
    "conv 3x3",
    "conv 3x3, stride 2",
    "depthwise 3x3",
    "conv 1x1",
    "average 4x4",
    "conv 1x1",
];

const DEPTHWISE: usize = 2;
const POINTWISE: usize = 3;
const AVERAGE: usize = 4;

const GEOMETRIES: [Geometry; LAYERS] = [
    Geometry::conv2d([8, 8, 1], 16, [3, 3]).padding(Padding::Same),
    Geometry::conv2d([8, 8, 16], 32, [3, 3])
        .stride(2)
        .padding(Padding::Same),
    Geometry::depthwise2d([4, 4, 32], 1, [3, 3]).padding(Padding::Same),
    Geometry::conv2d([4, 4, 32], 64, [1, 1]),
    // An average over the whole image is a depthwise layer whose weights are all alike.
    Geometry::depthwise2d([4, 4, 64], 1, [4, 4]),
    Geometry::conv2d([1, 1, 64], CLASSES, [1, 1]),
];

/// A ReLU follows the convolutions but the last, and not the average.
const fn has_relu(layer: usize) -> bool {
    layer < AVERAGE
}

/// What stands for all answers so far, in order, so that two programs can be compared (FNV-1a, which
/// begins with [`NO_ANSWERS`]).
pub const fn digest(before: u32, class: u8) -> u32 {
    (before ^ class as u32).wrapping_mul(0x0100_0193)
}

pub const NO_ANSWERS: u32 = 0x811c_9dc5;

/// So many elements of input and of output, the input at the front or at the back.
fn ends<T>(memory: &mut [T], input: usize, output: usize, at_front: bool) -> (&[T], &mut [T]) {
    let len = memory.len();
    if at_front {
        let (front, back) = memory.split_at_mut(len - output);
        (&front[..input], back)
    } else {
        let (front, back) = memory.split_at_mut(len - input);
        (back, &mut front[..output])
    }
}

/// The first index of the largest score.
fn largest<T: PartialOrd>(scores: &[T]) -> u8 {
    let mut best = 0;
    for (digit, score) in (0..).zip(scores) {
        if *score > scores[usize::from(best)] {
            best = digit;
        }
    }
    best
}
