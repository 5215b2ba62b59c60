//! Shapes and counts: numbers from textbooks and papers, and the same arithmetic done another way.

mod common;

use microconv::{Activation, ConvF32, Error, Geometry, Padding, Sizes, receptive_field};

fn plan(geometry: Geometry) -> ConvF32 {
    ConvF32::new(geometry, Activation::NONE).unwrap_or_else(|error| panic!("{error}: {geometry:?}"))
}

fn sizes(geometry: Geometry) -> Sizes {
    geometry
        .sizes()
        .unwrap_or_else(|error| panic!("{error}: {geometry:?}"))
}

/// A 5x5 image of 3 channels under a 3x3x3 filter gives 3x3x1, whether the channels are channels
/// or the depth of a volume.
#[test]
fn five_by_five_under_three_by_three() {
    let image = plan(Geometry::conv2d([5, 5, 3], 1, [3, 3]));
    assert_eq!(image.output_shape(), [1, 1, 3, 3, 1]);
    assert_eq!(image.weights_len(), 27);
    let volume = plan(Geometry::conv3d([5, 5, 3, 1], 1, [3, 3, 3]));
    assert_eq!(volume.output_shape(), [1, 3, 3, 1, 1]);
    assert_eq!(volume.weights_len(), 27);
    assert_eq!(volume.macs(), image.macs());
}

#[test]
fn four_filters_have_108_weights() {
    let layer = plan(Geometry::conv2d([5, 5, 3], 4, [3, 3]));
    assert_eq!(layer.weights_len(), 108);
    assert_eq!(layer.geometry().sizes().unwrap().taps, 9);
    assert_eq!(layer.parameters(), 112);
    assert_eq!(layer.output_shape(), [1, 1, 3, 3, 4]);
}

/// 7x7x3 under 128 filters of 3x3x3, and as a depthwise and a pointwise layer.
#[test]
fn depthwise_separable_saves_multiplications() {
    let whole = plan(Geometry::conv2d([7, 7, 3], 128, [3, 3]));
    assert_eq!(whole.macs(), 86_400);
    let depthwise = plan(Geometry::depthwise2d([7, 7, 3], 1, [3, 3]));
    let pointwise = plan(Geometry::conv2d([5, 5, 3], 128, [1, 1]));
    assert_eq!((depthwise.macs(), pointwise.macs()), (675, 9_600));
    assert_eq!(depthwise.output_shape(), [1, 1, 5, 5, 3]);
    assert_eq!(pointwise.output_shape(), whole.output_shape());
}

/// First layers of published networks: AlexNet 55x55x96 with 34,944 parameters, VGG-16 1,792
/// parameters, ResNet 112x112x64 and 118,013,952 multiply-accumulates.
#[test]
fn first_layers() {
    let alexnet = plan(Geometry::conv2d([227, 227, 3], 96, [11, 11]).stride(4));
    assert_eq!(alexnet.output_shape(), [1, 1, 55, 55, 96]);
    assert_eq!(alexnet.parameters(), 34_944);
    let vgg = plan(Geometry::conv2d([224, 224, 3], 64, [3, 3]).padding(Padding::Same));
    assert_eq!(vgg.output_shape(), [1, 1, 224, 224, 64]);
    assert_eq!(vgg.parameters(), 1_792);
    let resnet = Geometry::conv2d([224, 224, 3], 64, [7, 7])
        .stride(2)
        .padding(Padding::square(3));
    assert_eq!(plan(resnet).output_shape(), [1, 1, 112, 112, 64]);
    assert_eq!(plan(resnet).macs(), 118_013_952);
}

/// TensorFlow's `SAME`: `ceil(input / stride)` outputs, the odd zero behind.
#[test]
fn same_padding_on_even_and_odd_sizes() {
    let along = |size, kernel, stride| {
        let geometry = Geometry::conv1d([size, 1], 1, kernel)
            .stride(stride)
            .padding(Padding::Same);
        let sizes = sizes(geometry);
        (sizes.output[2], sizes.padding[2])
    };
    assert_eq!(along(224, 3, 2), (112, [0, 1]));
    assert_eq!(along(225, 3, 2), (113, [1, 1]));
    assert_eq!(along(224, 7, 2), (112, [2, 3]));
    assert_eq!(along(5, 2, 2), (3, [0, 1]));
    assert_eq!(along(6, 2, 2), (3, [0, 0]));
    assert_eq!(along(6, 1, 2), (3, [0, 0]));
    assert_eq!(along(6, 4, 1), (6, [1, 2]));
    assert_eq!(along(1, 5, 3), (1, [2, 2]));
    for size in 1..40 {
        for stride in 1..6 {
            for kernel in 1..8 {
                let (output, [before, after]) = along(size, kernel, stride);
                assert_eq!(output, size.div_ceil(stride));
                assert!(after == before || after == before + 1);
                // The last window ends with the padded input, if there is padding at all.
                let end = (output - 1) * stride + kernel;
                assert_eq!(end.saturating_sub(size), before + after);
            }
        }
    }
}

#[test]
fn the_output_is_as_many_windows_as_fit() {
    for padded in 1..20usize {
        for kernel in 1..6 {
            for stride in 1..5 {
                for dilation in 1..4 {
                    let geometry = Geometry::conv1d([1, 1], 1, kernel)
                        .stride(stride)
                        .dilation(dilation)
                        .padding(Padding::sides([
                            [0, 0],
                            [padded / 2, padded - 1 - padded / 2],
                        ]));
                    let last_tap = (kernel - 1) * dilation;
                    let fit = (0..padded)
                        .step_by(stride)
                        .filter(|at| at + last_tap < padded);
                    match geometry.sizes() {
                        Ok(sizes) => assert_eq!(sizes.output, [1, 1, fit.count()]),
                        Err(error) => {
                            assert!(matches!(error, Error::Window { .. }), "{error}");
                            assert_eq!(fit.count(), 0);
                        }
                    }
                }
            }
        }
    }
}

/// Small layers are counted without asking of each product whether it fits. On both sides of where that ends, and where
/// the padding alone ends it, the counts are those of numbers that have room; and what does not fit is refused on either.
#[test]
fn counts_on_both_sides_of_small() {
    let near = [1, 2, 2047, 2048, 2049];
    let mut refused = 0;
    for height in near {
        for channels in near {
            for batch in near {
                for [kernel, stride, dilation] in [[1, 1, 1], [2, 2049, 1], [2, 1, 2048]] {
                    for pad in [0, 1023, 1024, 4096, usize::MAX / 16] {
                        let layer =
                            Geometry::conv2d([height, 2049, channels], channels, [1, kernel])
                                .strides([1, 1, stride])
                                .dilations([1, 1, dilation])
                                .padding(Padding::Explicit([[0, 0], [pad, pad], [pad, pad]]))
                                .batch(batch);
                        // The largest element count that a buffer may have: see `Sizes`.
                        let limit = isize::MAX as u128 / 8;
                        let wide = |x: usize| x as u128;
                        let padded = [height, 2049].map(|size| wide(size) + 2 * wide(pad));
                        let reach = wide(kernel - 1) * wide(dilation);
                        let output = [padded[0], (padded[1] - reach - 1) / wide(stride) + 1];
                        let pixels = |[h, w]: [u128; 2]| {
                            let part = wide(batch).saturating_mul(h);
                            part.saturating_mul(w).saturating_mul(wide(channels))
                        };
                        let weights = wide(channels) * wide(channels) * wide(kernel);
                        let macs = pixels(output).saturating_mul(wide(kernel) * wide(channels));
                        let fits = pixels(padded) <= limit && macs <= u64::MAX as u128;
                        match layer.sizes() {
                            Ok(sizes) => {
                                assert!(fits, "{layer:?}");
                                assert_eq!(sizes.output.map(wide), [1, output[0], output[1]]);
                                assert_eq!(wide(sizes.input_len), pixels([height, 2049].map(wide)));
                                assert_eq!(wide(sizes.output_len), pixels(output));
                                assert_eq!(wide(sizes.weights_len), weights);
                                assert_eq!(sizes.macs as u128, macs);
                            }
                            Err(Error::Overflow(_)) => {
                                assert!(!fits, "{layer:?}");
                                refused += 1;
                            }
                            Err(error) => panic!("{error}: {layer:?}"),
                        }
                    }
                }
            }
        }
    }
    assert!(refused > 0);
}

/// As published for AlexNet, VGG-16 and MobileNet by Araujo, Norris and Sim, *Computing receptive
/// fields of convolutional neural networks*, Distill 2019. A pooling layer is a window like any.
#[test]
fn receptive_fields_of_known_networks() {
    let layer = |kernel, stride| Geometry::conv2d([8, 8, 1], 1, [kernel, kernel]).stride(stride);
    let field = |layers: &[(usize, usize)]| {
        let layers: Vec<_> = layers
            .iter()
            .map(|&(kernel, stride)| layer(kernel, stride))
            .collect();
        let [depth, height, width] = receptive_field(&layers).expect("small numbers");
        assert_eq!((depth, height), (1, width));
        width
    };
    let alexnet = [
        (11, 4),
        (3, 2),
        (5, 1),
        (3, 2),
        (3, 1),
        (3, 1),
        (3, 1),
        (3, 2),
    ];
    assert_eq!(field(&alexnet), 195);

    let block = |convolutions| [vec![(3, 1); convolutions], vec![(2, 2)]].concat();
    let vgg16: Vec<_> = [2, 2, 3, 3, 3].into_iter().flat_map(block).collect();
    assert_eq!(field(&vgg16), 212);

    let strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1];
    let mobilenet: Vec<_> = [(3, 2)]
        .into_iter()
        .chain(strides.into_iter().flat_map(|s| [(3, s), (1, 1)]))
        .collect();
    assert_eq!(field(&mobilenet), 315);

    assert_eq!(field(&[]), 1);
    // WaveNet's block: two taps at dilations 1, 2, 4 ... 512.
    let wavenet: Vec<_> = (0..10)
        .map(|n| Geometry::conv1d([1024, 1], 1, 2).dilation(1 << n))
        .collect();
    assert_eq!(receptive_field(&wavenet), Ok([1, 1, 1024]));
}

/// The field is what it says: it is the input that one output pixel of the chain needs.
#[test]
fn a_receptive_field_is_the_input_of_one_output() {
    for n in 0..200 {
        let mut rng = common::Rng(n);
        let layers: Vec<_> = (0..1 + rng.below(4))
            .map(|_| {
                Geometry::conv1d([1, 1], 1, 1 + rng.below(4))
                    .stride(1 + rng.below(3))
                    .dilation(1 + rng.below(3))
            })
            .collect();
        let [_, _, field] = receptive_field(&layers).expect("small numbers");
        // From so many input pixels the chain makes one output, and from one fewer none.
        let through = |pixels: usize| {
            layers.iter().try_fold(pixels, |pixels, layer| {
                let layer = Geometry {
                    input: [1, 1, pixels],
                    ..*layer
                };
                layer.sizes().map(|sizes| sizes.output[2])
            })
        };
        assert_eq!(through(field), Ok(1));
        assert!(through(field - 1).is_err());
    }
}

#[test]
fn lengths_and_rows() {
    let geometry = Geometry::conv3d([4, 6, 7, 3], 5, [2, 3, 3])
        .strides([1, 2, 1])
        .padding(Padding::Explicit([[0, 1], [1, 1], [1, 0]]))
        .batch(2);
    let plan = plan(geometry);
    assert_eq!(plan.output_shape(), [2, 4, 3, 6, 5]);
    assert_eq!(plan.input_len(), 2 * 4 * 6 * 7 * 3);
    assert_eq!(plan.output_len(), 2 * 4 * 3 * 6 * 5);
    assert_eq!(plan.weights_len(), 5 * 2 * 3 * 3 * 3);
    assert_eq!(plan.parameters(), plan.weights_len() + 5);
    assert_eq!(plan.macs(), (2 * 4 * 3 * 6 * 5 * 2 * 3 * 3 * 3) as u64);
    assert_eq!(plan.output_rows(), 2 * 4 * 3);
    assert_eq!(plan.output_row_len(), 6 * 5);
    assert_eq!(plan.input_row_len(), 7 * 3);
    assert_eq!(
        plan.output_rows() * plan.output_row_len(),
        plan.output_len()
    );
    assert_eq!(plan.input_rows(0..plan.output_rows()), Ok(0..2 * 4 * 6));
    assert_eq!(*plan.geometry(), geometry);
    assert_eq!(plan.activation(), Activation::NONE);
}

#[test]
fn bytes_are_those_of_input_weights_and_output() {
    // 8x8x3 in, 8x8x16 out, one panel of 16 filters of 27 weights and a bias, 4 words of seal.
    let plan = plan(Geometry::conv2d([8, 8, 3], 16, [3, 3]).padding(Padding::Same));
    assert_eq!(plan.bytes_moved(), 4 * (192 + 1024 + (16 * 28 + 4)));
}

/// Filters come in panels of 16, the last of a group 4, 8 or 16 wide.
#[test]
fn packed_lengths() {
    for filters in 1..=40usize {
        let wide = filters / 16 * 16
            + [0, 4, 4, 4, 4, 8, 8, 8, 8, 16, 16, 16, 16, 16, 16, 16][filters % 16];
        let dense = plan(Geometry::conv2d([5, 5, 3], filters, [3, 3]));
        assert_eq!(dense.packed_len(), wide * 28 + 4, "{filters}");
        let grouped = plan(Geometry::conv2d([5, 5, 6], 3 * filters, [3, 3]).groups(3));
        assert_eq!(grouped.packed_len(), 3 * wide * 19 + 4, "{filters}");
        // A depthwise layer is one group of filters with one channel each.
        let depthwise = plan(Geometry::depthwise2d([5, 5, filters], 1, [3, 3]));
        assert_eq!(depthwise.packed_len(), wide * 10 + 4, "{filters}");
    }
}

#[test]
fn builders_set_what_they_say() {
    let geometry = Geometry::depthwise2d([4, 5, 6], 2, [3, 2]);
    assert_eq!(
        (geometry.input, geometry.channels, geometry.filters),
        ([1, 4, 5], 6, 12)
    );
    assert_eq!(
        (geometry.kernel, geometry.groups, geometry.batch),
        ([1, 3, 2], 6, 1)
    );
    assert_eq!(geometry.padding, Padding::Valid);
    let geometry = geometry.stride(2).dilation(3).batch(4);
    assert_eq!(
        (geometry.stride, geometry.dilation, geometry.batch),
        ([2; 3], [3; 3], 4)
    );
    let geometry = geometry.strides([1, 2, 3]).dilations([4, 5, 6]).groups(3);
    assert_eq!(geometry.stride, [1, 2, 3]);
    assert_eq!((geometry.dilation, geometry.groups), ([4, 5, 6], 3));
    assert_eq!(
        Padding::square(2),
        Padding::Explicit([[0, 0], [2, 2], [2, 2]])
    );
    assert_eq!(Padding::cube(2), Padding::Explicit([[2, 2]; 3]));
    assert_eq!(
        Padding::sides([[1, 2], [3, 4]]),
        Padding::Explicit([[0, 0], [1, 2], [3, 4]])
    );
}

/// All of it is there at compile time.
#[test]
fn everything_is_const() {
    const GEOMETRY: Geometry = Geometry::conv2d([9, 8, 3], 16, [3, 3])
        .strides([1, 2, 1])
        .dilations([1, 1, 2])
        .groups(1)
        .batch(2)
        .padding(Padding::sides([[1, 1], [2, 2]]));
    const PLAN: ConvF32 = match ConvF32::new(GEOMETRY, Activation::RELU6) {
        Ok(plan) => plan,
        Err(_) => panic!("bad geometry"),
    };
    const SIZES: Result<Sizes, Error> = GEOMETRY.sizes();
    const SHAPE: [usize; 5] = PLAN.output_shape();
    const LENGTHS: [usize; 7] = [
        PLAN.input_len(),
        PLAN.output_len(),
        PLAN.weights_len(),
        PLAN.packed_len(),
        PLAN.scratch_len(),
        PLAN.parameters(),
        PLAN.output_rows(),
    ];
    const ROWS: [usize; 2] = [PLAN.output_row_len(), PLAN.input_row_len()];
    const COUNTS: [u64; 2] = [PLAN.macs(), PLAN.bytes_moved()];
    const FIELD: Result<[usize; 3], Error> = receptive_field(&[GEOMETRY, GEOMETRY]);
    const NEEDED: Result<core::ops::Range<usize>, Error> = PLAN.input_rows(0..1);
    const INPUT: [f32; PLAN.input_len()] = [0.0; PLAN.input_len()];
    assert_eq!(SIZES, GEOMETRY.sizes());
    assert_eq!(SHAPE, [2, 1, 5, 8, 16]);
    assert_eq!(LENGTHS, [432, 1280, 432, 452, 0, 448, 10]);
    assert_eq!(ROWS, [128, 24]);
    assert_eq!(COUNTS, [1280 * 27, 4 * (432 + 1280 + 452)]);
    assert_eq!(FIELD, Ok([1, 7, 9]));
    assert_eq!(NEEDED, Ok(0..2));
    assert_eq!(INPUT.len(), 432);
}
