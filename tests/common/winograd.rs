//! Layers whose outputs by Winograd's algorithms are known to the bit, for the test suite and for firmware, which is too small to
//! compute them another way.

use microconv::{Activation, Algorithm, Geometry, Padding};

pub const ALGORITHMS: [Algorithm; 3] = [
    Algorithm::Winograd2x2,
    Algorithm::Winograd4x4,
    Algorithm::Winograd6x6,
];

pub struct Layer {
    pub name: &'static str,
    pub geometry: Geometry,
    pub activation: Activation,
    /// The checksum of the output by each algorithm, where multiply and add are fused and where they are not.
    pub known: [[u32; 2]; 3],
}

/// Numbers in -1..1, by xorshift (Marsaglia 2003).
pub fn random(seed: u32, values: &mut [f32]) {
    let mut state = seed;
    for value in values {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        *value = (state >> 8) as f32 / (1 << 23) as f32 - 1.0;
    }
}

/// FNV-1a (Fowler, Noll and Vo) of the bits, a float at a time.
pub fn checksum(values: &[f32]) -> u32 {
    let step = |hash: u32, value: &f32| (hash ^ value.to_bits()).wrapping_mul(16_777_619);
    values.iter().fold(2_166_136_261, step)
}

pub fn layers() -> [Layer; 8] {
    let layer = |name, geometry, activation, known| Layer {
        name,
        geometry,
        activation,
        known,
    };
    [
        layer(
            "3 to 5",
            Geometry::conv2d([9, 8, 3], 5, [3, 3]).padding(Padding::Same),
            Activation::RELU6,
            [
                [0x1a3a_3b47, 0xaea1_33f6],
                [0x697b_1cf1, 0xb4a3_71e6],
                [0xa562_3702, 0x692c_df15],
            ],
        ),
        layer(
            "13 to 20, uneven padding",
            Geometry::conv2d([7, 11, 13], 20, [3, 3]).padding(Padding::sides([[2, 0], [1, 3]])),
            Activation::NONE,
            [
                [0xf71c_aca1, 0x591f_cdac],
                [0x5ace_3700, 0x95d5_111c],
                [0xe85c_950d, 0xdb19_e61f],
            ],
        ),
        layer(
            "2 groups, 6 to 26",
            Geometry::conv2d([6, 6, 6], 26, [3, 3])
                .groups(2)
                .padding(Padding::Same),
            Activation {
                min: -0.5,
                max: 0.75,
            },
            [
                [0x7992_1f3d, 0xa95c_3171],
                [0x9c92_9792, 0x9fb7_dafb],
                [0xbc87_5aac, 0x08e2_dab3],
            ],
        ),
        layer(
            "2 images, 16 to 24",
            Geometry::conv2d([5, 7, 16], 24, [3, 3])
                .padding(Padding::Same)
                .batch(2),
            Activation::RELU,
            [
                [0xe355_323b, 0xc997_9cf7],
                [0x48be_4726, 0xdc06_f3cf],
                [0xf6ce_79a8, 0x6f58_2d4a],
            ],
        ),
        layer(
            "2 volumes, planes of padding, 5 to 20",
            Geometry::conv3d([3, 4, 5, 5], 20, [1, 3, 3])
                .strides([2, 1, 1])
                .padding(Padding::Explicit([[1, 2], [1, 1], [0, 1]]))
                .batch(2),
            Activation::NONE,
            [
                [0x3e5f_1e97, 0x5282_b9f5],
                [0xd6b5_eeda, 0xdc7e_5d4c],
                [0x3c3a_198b, 0x69c0_44bb],
            ],
        ),
        layer(
            "tiles of padding, 4 to 1",
            Geometry::conv2d([2, 3, 4], 1, [3, 3]).padding(Padding::square(9)),
            Activation::RELU,
            [
                [0xf9d5_6fd2, 0x80bb_b7a3],
                [0xe051_b2fe, 0x3947_09a4],
                [0xb453_9252, 0xefdf_47e2],
            ],
        ),
        layer(
            "one pixel, 17 to 9",
            Geometry::conv2d([1, 1, 17], 9, [3, 3]).padding(Padding::Same),
            Activation::NONE,
            [
                [0x94c3_4710, 0x42f4_17e0],
                [0x59fe_c658, 0x6551_59d7],
                [0x46f4_b286, 0x89be_5552],
            ],
        ),
        layer(
            "no padding, 8 to 40",
            Geometry::conv2d([8, 8, 8], 40, [3, 3]),
            Activation::NONE,
            [
                [0x5985_fc27, 0x8799_dedb],
                [0x4a39_eb5c, 0x7dc2_bb0b],
                [0xd4ab_ba7f, 0xe78c_e3d8],
            ],
        ),
    ]
}
