//! The layers under test. The compiler packs their weights; the program has the result in flash and no code that packs.

use microconv::{Activation, ConvF32, Geometry, Padding};

/// One layer, and what the check needs to compute it again.
pub struct Layer {
    pub name: &'static str,
    pub plan: ConvF32,
    /// Zeros in front of each axis, worked out by hand where the geometry says `Same`.
    pub before: [usize; 3],
    pub weights: &'static [f32],
    pub bias: &'static [f32],
    pub packed: &'static [f32],
    pub input: &'static [f32],
}

/// `N` numbers in -1..1, by xorshift (Marsaglia 2003). The compiler runs it.
const fn random<const N: usize>(seed: u32) -> [f32; N] {
    let mut values = [0.0; N];
    let mut state = seed;
    let mut i = 0;
    while i < N {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        values[i] = (state >> 8) as f32 / (1 << 23) as f32 - 1.0;
        i += 1;
    }
    values
}

macro_rules! layer {
    ($name:literal, $geometry:expr, $before:expr, $activation:expr) => {{
        use microconv::Weights;
        const GEOMETRY: Geometry = $geometry;
        const PLAN: ConvF32 = match ConvF32::new(GEOMETRY, $activation) {
            Ok(plan) => plan,
            Err(_) => panic!("the geometry is refused"),
        };
        static WEIGHTS: [f32; PLAN.weights_len()] = random(1);
        static BIAS: [f32; GEOMETRY.filters] = random(2);
        static INPUT: [f32; PLAN.input_len()] = random(3);
        static PACKED: [f32; PLAN.packed_len()] = {
            // A constant may read a constant only, not the static above; the numbers are the same.
            const UNPACKED: [f32; PLAN.weights_len()] = random(1);
            const ADDED: [f32; GEOMETRY.filters] = random(2);
            match PLAN.packed(Weights::Ohwi(&UNPACKED), Some(&ADDED)) {
                Ok(packed) => packed,
                Err(_) => panic!("packing is refused"),
            }
        };
        Layer {
            name: $name,
            plan: PLAN,
            before: $before,
            weights: &WEIGHTS,
            bias: &BIAS,
            packed: &PACKED,
            input: &INPUT,
        }
    }};
}

pub const COUNT: usize = 16;

pub fn all() -> [Layer; COUNT] {
    [
        layer!(
            "3x3, 16 to 24, ReLU",
            Geometry::conv2d([8, 9, 16], 24, [3, 3]).padding(Padding::Same),
            [0, 1, 1],
            Activation::RELU
        ),
        layer!(
            "1x1, 16 to 32",
            Geometry::conv2d([6, 5, 16], 32, [1, 1]),
            [0, 0, 0],
            Activation::NONE
        ),
        layer!(
            "3x3, 5 to 7, ReLU",
            Geometry::conv2d([9, 11, 5], 7, [3, 3]).padding(Padding::Same),
            [0, 1, 1],
            Activation::RELU
        ),
        layer!(
            "1x1, 5 to 7, ReLU6",
            Geometry::conv2d([7, 3, 5], 7, [1, 1]),
            [0, 0, 0],
            Activation::RELU6
        ),
        // Ten rows at stride 2 need one row of zeros, and `Same` puts it after the image.
        layer!(
            "3x3, stride 2, 3 to 10",
            Geometry::conv2d([10, 10, 3], 10, [3, 3])
                .stride(2)
                .padding(Padding::Same),
            [0, 0, 0],
            Activation::RELU
        ),
        layer!(
            "3x3 on one pixel, 3 to 2",
            Geometry::conv2d([1, 1, 3], 2, [3, 3]).padding(Padding::Same),
            [0, 1, 1],
            Activation::NONE
        ),
        layer!(
            "3x3, dilation 2, 2 groups, 6 to 10",
            Geometry::conv2d([7, 8, 6], 10, [3, 3])
                .dilation(2)
                .groups(2)
                .padding(Padding::square(2)),
            [0, 2, 2],
            Activation::RELU
        ),
        layer!(
            "3x3, depthwise, 13 channels",
            Geometry::depthwise2d([6, 7, 13], 1, [3, 3]).padding(Padding::Same),
            [0, 1, 1],
            Activation::RELU6
        ),
        layer!(
            "3x3, depthwise, stride 1, rows of 13",
            Geometry::depthwise2d([4, 13, 8], 1, [3, 3]).padding(Padding::Same),
            [0, 1, 1],
            Activation::RELU6
        ),
        layer!(
            "3x3, depthwise, stride 1, rows of 5",
            Geometry::depthwise2d([3, 5, 20], 1, [3, 3]).padding(Padding::Same),
            [0, 1, 1],
            Activation::NONE
        ),
        layer!(
            "3x3, depthwise, stride 1, rows of 1",
            Geometry::depthwise2d([5, 1, 4], 1, [3, 3]).padding(Padding::Same),
            [0, 1, 1],
            Activation::RELU
        ),
        layer!(
            "3x3, depthwise, stride 2, rows of 13",
            Geometry::depthwise2d([5, 25, 4], 1, [3, 3])
                .stride(2)
                .padding(Padding::Same),
            [0, 1, 1],
            Activation::RELU
        ),
        layer!(
            "3x3, depthwise, stride 2, rows of 5",
            Geometry::depthwise2d([4, 9, 16], 1, [3, 3])
                .stride(2)
                .padding(Padding::square(1)),
            [0, 1, 1],
            Activation::NONE
        ),
        layer!(
            "3x3, depthwise, stride 2, rows of 1",
            Geometry::depthwise2d([2, 2, 12], 1, [3, 3])
                .stride(2)
                .padding(Padding::Same),
            [0, 0, 0],
            Activation::NONE
        ),
        layer!(
            "3x3x3, depthwise, 2 images",
            Geometry::conv3d([3, 2, 6, 8], 8, [3, 3, 3])
                .batch(2)
                .groups(8)
                .padding(Padding::cube(1)),
            [1, 1, 1],
            Activation::RELU
        ),
        layer!(
            "3x3x3, 2 images, 3 to 5",
            Geometry::conv3d([3, 4, 5, 3], 5, [3, 3, 3])
                .batch(2)
                .padding(Padding::cube(1)),
            [1, 1, 1],
            Activation::RELU
        ),
    ]
}
