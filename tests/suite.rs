//! Chosen geometries through every level. In f32, each against the chain of multiply-adds to the bit,
//! and against the sum in double precision within its bound; of int8 and int16, against the sum in 64
//! bits, and what the rounding makes of it.

mod common;

use common::int8::{CaseI8, levels_i8};
use common::int16::{CaseI16, levels_i16};
use common::{ACTIVATIONS, Case, ORDERS, Values, fit, levels_f32};
use microconv::{Error, Geometry, Padding, Weights, reference};

/// Runs every geometry, each with numbers, clamp, bias and weight order of its own.
fn check(geometries: impl IntoIterator<Item = Geometry>) {
    let (f32s, int8s, int16s) = (levels_f32(), levels_i8(), levels_i16());
    let mut count = 0;
    for (seed, geometry) in geometries.into_iter().enumerate() {
        Case::new(geometry, seed as u64).check(&f32s);
        CaseI8::new(geometry, seed as u64).check(&int8s);
        CaseI16::new(geometry, seed as u64).check(&int16s);
        count += 1;
    }
    assert!(count > 0);
}

/// Every width of a tile beside every number of vectors, whole and ragged: a tile is at most 14
/// pixels, and a block of output channels at most 32 wide.
#[test]
fn tiles() {
    let pointwise = (1..=70).flat_map(|filters| {
        (1..=40).map(move |width| Geometry::conv1d([width, 1 + width % 5], filters, 1))
    });
    let bordered = (1..=40).flat_map(|width| {
        let filters = [
            1, 3, 4, 5, 8, 9, 12, 15, 16, 17, 20, 24, 25, 31, 32, 33, 48, 49, 64, 70,
        ];
        filters.map(|filters| {
            Geometry::conv2d([2, width, 1 + width % 3], filters, [2, 3]).padding(Padding::Same)
        })
    });
    check(pointwise.chain(bordered));
}

/// Pixels that are alone in their rows, at a border or behind whole tiles: those one under the other make tiles of
/// every number of pixels, and leave every number over.
#[test]
fn columns() {
    let first_layers = (3..=30).flat_map(|height| {
        [(1, 8), (3, 8), (3, 16), (3, 64)].map(|(channels, filters)| {
            let width = 14 + height % 5;
            let layer = Geometry::conv2d([height, width, channels], filters, [3, 3]);
            layer.stride(1 + height % 2).padding(Padding::Same)
        })
    });
    let others = [3, 8, 17].into_iter().flat_map(|height| {
        [
            Geometry::conv2d([height, 1, 5], 32, [1, 1]).strides([1, 2, 1]),
            Geometry::conv2d([height, 4, 3], 9, [2, 3]).batch(3),
            Geometry::conv3d([2, height, 16, 3], 16, [2, 3, 3]).padding(Padding::cube(1)),
        ]
    });
    check(first_layers.chain(others));
}

/// Few input channels under windows of three columns: the tiles of first layers, which leave every
/// number of pixels over, and what comes close to having them.
#[test]
fn first_layers() {
    let padding = |index: usize| match index % 3 {
        0 => Padding::Valid,
        1 => Padding::Same,
        _ => Padding::sides([[0, 1], [2, 0]]),
    };
    let whole = (3..=40).flat_map(|width| {
        [
            (1, 8),
            (1, 16),
            (1, 32),
            (1, 64),
            (3, 8),
            (3, 16),
            (3, 24),
            (3, 32),
            (3, 40),
            (3, 64),
        ]
        .map(|(channels, filters)| {
            let layer = Geometry::conv2d([4, width, channels], filters, [3, 3]);
            layer.padding(padding(width + channels + filters / 8))
        })
    });
    let ragged = (1..=4).flat_map(|channels| {
        (1..=16).map(move |filters| {
            let width = 14 + 5 * (channels + filters) % 11;
            let layer = Geometry::conv2d([3, width, channels], filters, [2, 3]);
            layer.padding(padding(channels + filters))
        })
    });
    let others = [8, 16].into_iter().flat_map(|filters| {
        [
            Geometry::conv2d([5, 22, 3], filters, [3, 3]).dilations([1, 2, 1]),
            Geometry::conv2d([3, 24, 3], filters, [1, 3]).dilation(2),
            Geometry::conv2d([5, 25, 3], filters, [5, 5]).padding(Padding::Same),
            Geometry::conv2d([3, 25, 6], 2 * filters, [3, 3]).groups(2),
            Geometry::conv2d([4, 21, 1], filters, [3, 3]).batch(2),
            Geometry::conv1d([29, 3], filters, 3),
            Geometry::conv3d([3, 4, 19, 3], filters, [3, 2, 3]).padding(Padding::cube(1)),
        ]
    });
    let layers = whole.chain(ragged).chain(others);
    check(layers.flat_map(|layer| [1, 2].map(|stride| layer.stride(stride))));
}

#[test]
fn every_number_of_channels() {
    check((1..=70).flat_map(|channels| {
        [
            Geometry::conv2d([3, 5, channels], 7, [2, 2]),
            Geometry::conv2d([4, 4, channels], 18, [3, 3]).padding(Padding::Same),
            Geometry::conv2d([2, 15, channels], channels, [1, 1]),
        ]
    }));
}

/// Along one axis all small sizes, windows, strides, dilations and paddings, those longer than the
/// window and the map among them. What does not fit is refused, and nothing else is.
#[test]
fn one_axis() {
    let (f32s, int8s, int16s) = (levels_f32(), levels_i8(), levels_i16());
    let mut seed = 0;
    let sizes = [1, 2, 3, 5, 8, 13, 17];
    for size in sizes {
        for kernel in 1..=5 {
            for stride in 1..=3 {
                for dilation in 1..=3 {
                    for before in [0, 1, 2, 7] {
                        for after in [0, 1, 3, 9] {
                            seed += 1;
                            let filters = [1, 5][seed % 2];
                            let geometry = Geometry::conv1d([size, 1 + seed % 3], filters, kernel)
                                .stride(stride)
                                .dilation(dilation)
                                .padding(Padding::sides([[0, 0], [before, after]]));
                            let needed = (kernel - 1) * dilation + 1;
                            if needed <= size + before + after {
                                Case::new(geometry, seed as u64).check(&f32s);
                                CaseI8::new(geometry, seed as u64).check(&int8s);
                                CaseI16::new(geometry, seed as u64).check(&int16s);
                            } else {
                                let sizes = geometry.sizes();
                                assert!(matches!(sizes, Err(Error::Window { .. })), "{sizes:?}");
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Strides and dilations of 1 to 3 on each axis by itself, under uneven padding.
#[test]
fn two_axes() {
    let steps = || (1..=3).flat_map(|a| (1..=3).map(move |b| [1, a, b]));
    check(steps().flat_map(|stride| {
        steps().flat_map(move |dilation| {
            [
                [[0, 0], [0, 0]],
                [[1, 1], [1, 1]],
                [[0, 2], [3, 1]],
                [[4, 0], [1, 5]],
            ]
            .map(|padding| {
                let geometry = Geometry::conv2d([7, 9, 3], 6, [3, 3])
                    .strides(stride)
                    .dilations(dilation)
                    .padding(Padding::sides(padding));
                fit(geometry)
            })
        })
    }));
}

#[test]
fn three_axes() {
    check((0..81).map(|n| {
        let steps = [1 + n % 3, 1 + n / 3 % 3, 1 + n / 9 % 3];
        let other = [1 + n / 27, 1 + (n + 1) % 2, 1 + n % 2];
        let padding = [[n % 2, n % 3], [n % 4, n % 2], [n % 3, n % 5]];
        let geometry = Geometry::conv3d([3 + n % 3, 4, 5, 1 + n % 4], 1 + n % 19, [2, 3, 2])
            .strides(steps)
            .dilations(other)
            .padding(Padding::Explicit(padding))
            .batch(1 + n % 2);
        fit(geometry)
    }));
}

/// Maps of one pixel, and maps smaller than the window on one axis or all.
#[test]
fn small_maps() {
    let sizes = [[1, 1], [1, 2], [2, 1], [3, 1], [1, 6], [2, 2]];
    check(sizes.into_iter().flat_map(|[height, width]| {
        [1, 2, 3, 5, 7].into_iter().flat_map(move |kernel| {
            [1, 2, 3].into_iter().flat_map(move |dilation| {
                let layer =
                    Geometry::conv2d([height, width, 3], 5, [kernel, kernel]).dilation(dilation);
                let depthwise = Geometry::depthwise2d([height, width, 9], 1, [kernel, kernel])
                    .dilation(dilation);
                [
                    layer.padding(Padding::Same),
                    layer.padding(Padding::square((kernel - 1) * dilation)),
                    layer.padding(Padding::square((kernel - 1) * dilation + 2)),
                    fit(layer.padding(Padding::sides([[kernel, 0], [0, kernel]]))),
                    depthwise.padding(Padding::Same),
                    fit(depthwise.padding(Padding::sides([[0, 1], [kernel + 3, 0]]))),
                ]
            })
        })
    }));
}

/// TensorFlow's padding at every stride, where the odd zero falls now here, now there.
#[test]
fn same_padding() {
    check((1..=12).flat_map(|size| {
        (1..=4).flat_map(move |stride| {
            [2, 3, 5].map(|kernel| {
                Geometry::conv2d([size, size + 1, 2], 4, [kernel, kernel])
                    .stride(stride)
                    .padding(Padding::Same)
            })
        })
    }));
}

/// Filters per group around the widths of panels, in groups of one channel and of more.
#[test]
fn groups() {
    let filters = [1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 16, 17, 25, 28, 33, 48];
    check(filters.into_iter().flat_map(|filters| {
        [1, 2, 3, 4, 5, 9].into_iter().flat_map(move |channels| {
            [2, 3, 5].map(|groups| {
                Geometry::conv2d([3, 5, groups * channels], groups * filters, [3, 3])
                    .groups(groups)
                    .dilation(1 + filters % 2)
                    .padding(Padding::square(1 + filters % 2))
            })
        })
    }));
}

#[test]
fn depthwise() {
    let one = (1..=70).flat_map(|channels| {
        [1, 2, 3].map(|stride| {
            Geometry::depthwise2d([5, 6, channels], 1, [3, 3])
                .stride(stride)
                .padding(Padding::Same)
        })
    });
    let several = (1..=20).flat_map(|channels| {
        [2, 3, 4, 17].map(|multiplier| {
            Geometry::depthwise2d([4, 5, channels], multiplier, [3, 2])
                .dilation(1 + channels % 3)
                .padding(Padding::square(3))
        })
    });
    let wide = (1..=40).map(|width| {
        Geometry::depthwise2d([1, width, 24], 1, [1, 5])
            .padding(Padding::sides([[0, 0], [width % 4, width % 6 + 4]]))
    });
    let deep = (1..=20).map(|channels| {
        let geometry = Geometry::conv3d([3, 4, 3, channels], 2 * channels, [2, 3, 3]);
        geometry.groups(channels).padding(Padding::cube(1)).batch(2)
    });
    check(one.chain(several).chain(wide).chain(deep));
}

/// So few channels that a vector of some level holds those of two pixels, and with more, so many that
/// they pass over the rows in parts; rows of both parities, and of each length of a last tile.
#[test]
fn depthwise_of_two_pixels_a_vector() {
    let narrow = [4, 8].into_iter().flat_map(|channels| {
        (15..40).flat_map(move |width| {
            let layer = Geometry::depthwise2d([5, width, channels], 1, [3, 3]);
            [
                layer,
                layer.padding(Padding::Same),
                layer.padding(Padding::sides([[0, 2], [2, 1]])),
            ]
        })
    });
    let windows = [4, 8].into_iter().flat_map(|channels| {
        let deep = Geometry::conv3d([4, 5, 22, channels], channels, [3, 3, 3]).groups(channels);
        let tall = Geometry::depthwise2d([12, 21, channels], 1, [10, 3]);
        let flat = Geometry::depthwise2d([3, 21, channels], 1, [1, 3]).batch(2);
        [
            deep.padding(Padding::Same),
            tall,
            flat.padding(Padding::Same),
            Geometry::depthwise2d([9, 24, channels], 1, [3, 3]).dilation(2),
            Geometry::depthwise2d([9, 40, channels], 1, [3, 3]).stride(2),
        ]
    });
    let many = [120, 129, 272]
        .map(|channels| Geometry::depthwise2d([6, 9, channels], 1, [3, 3]).padding(Padding::Same));
    check(narrow.chain(windows).chain(many));
}

#[test]
fn batches() {
    check((1..=4).flat_map(|batch| {
        [
            Geometry::conv1d([9, 3], 5, 3).batch(batch),
            Geometry::conv2d([1, 1, 8], 20, [1, 1]).batch(batch),
            Geometry::conv2d([4, 5, 3], 9, [3, 3])
                .padding(Padding::Same)
                .batch(batch),
            Geometry::depthwise2d([5, 4, 10], 1, [3, 3])
                .stride(2)
                .batch(batch),
        ]
    }));
}

/// Layers of published networks, the images cut down.
#[test]
fn known_layers() {
    check([
        Geometry::conv2d([21, 20, 3], 64, [7, 7])
            .stride(2)
            .padding(Padding::square(3)),
        Geometry::conv2d([7, 7, 64], 64, [3, 3]).padding(Padding::Same),
        Geometry::conv2d([14, 14, 24], 144, [1, 1]),
        Geometry::conv2d([15, 15, 3], 32, [3, 3])
            .stride(2)
            .padding(Padding::Same),
        Geometry::depthwise2d([14, 14, 96], 1, [3, 3]).padding(Padding::Same),
        Geometry::depthwise2d([14, 14, 144], 1, [5, 5])
            .stride(2)
            .padding(Padding::Same),
        Geometry::conv2d([9, 9, 48], 48, [3, 3])
            .groups(4)
            .padding(Padding::Same),
        Geometry::conv2d([5, 40, 1], 64, [4, 10])
            .stride(2)
            .padding(Padding::Same),
        Geometry::conv1d([50, 40], 30, 9)
            .dilation(4)
            .padding(Padding::Same),
        Geometry::conv2d([13, 13, 10], 10, [3, 3])
            .dilation(6)
            .padding(Padding::square(6)),
        Geometry::conv3d([4, 6, 6, 4], 16, [3, 3, 3]).padding(Padding::cube(1)),
    ]);
}

/// Maps a few pixels wide, of so many channels that the weights of a tap are multiplied at once: of every border, in whole blocks of
/// filters and not.
#[test]
fn narrow_maps_of_many_channels() {
    let layer = |width, channels, filters| {
        Geometry::conv2d([3, width, channels], filters, [3, 3]).padding(Padding::Same)
    };
    check((1..=8).map(|width| layer(width, 128, 32)));
    check([
        layer(7, 130, 36).batch(2),
        layer(4, 256, 66).groups(2),
        layer(7, 128, 33).stride(2),
        layer(9, 128, 32).dilation(2),
        // More rows than go from tap to tap together.
        Geometry::conv2d([17, 4, 128], 32, [2, 3]).padding(Padding::square(1)),
        Geometry::conv2d([2, 7, 128], 32, [3, 5]).padding(Padding::Same),
        Geometry::conv3d([2, 2, 4, 128], 32, [2, 2, 3]).padding(Padding::cube(1)),
        Geometry::conv1d([7, 140], 32, 3).padding(Padding::Same),
    ]);
}

/// Images and weights that no cache holds at once, which are walked in parts: as one row of pixels,
/// by rows, and channel by channel.
#[test]
fn more_than_a_cache_holds() {
    check([
        Geometry::conv2d([20, 25, 260], 37, [1, 1]),
        Geometry::conv2d([30, 9, 500], 33, [2, 1]).padding(Padding::square(1)),
        Geometry::conv2d([40, 9, 300], 34, [1, 1])
            .groups(2)
            .stride(2),
        Geometry::conv1d([300, 260], 33, 1).batch(2),
        Geometry::depthwise2d([40, 20, 150], 1, [3, 3]).padding(Padding::Same),
        Geometry::depthwise2d([40, 25, 150], 1, [3, 3]).stride(2),
        Geometry::depthwise2d([30, 30, 75], 2, [2, 2]).dilation(2),
        Geometry::depthwise2d([3, 1100, 70], 1, [3, 3])
            .padding(Padding::Same)
            .batch(2),
        Geometry::conv3d([6, 12, 20, 50], 50, [2, 3, 3])
            .groups(50)
            .padding(Padding::cube(1)),
    ]);
}

/// A stride that is never taken, and a dilation between taps that are not there, may be as large as
/// an address.
#[test]
fn distances_that_are_never_walked() {
    // The largest that a pixel of eight channels may have.
    let far = usize::MAX / 16 / 8;
    check((0..3).flat_map(|axis| {
        let (mut steps, mut kernel) = ([1; 3], [2; 3]);
        steps[axis] = far;
        kernel[axis] = 1;
        let dense = Geometry::conv3d([3, 8, 20, 8], 5, kernel);
        let depthwise = Geometry::conv3d([3, 8, 20, 8], 8, kernel).groups(8);
        [dense, depthwise].into_iter().flat_map(move |layer| {
            let pointwise = Geometry {
                kernel: [1; 3],
                ..layer
            };
            [layer, pointwise]
                .into_iter()
                .flat_map(move |layer| [layer.strides(steps), layer.dilations(steps)])
        })
    }));
    // The same where sums wait in the output, on a map that so many columns of padding make narrow.
    let narrow =
        Geometry::conv2d([1, 30, 128], 32, [1, 30]).padding(Padding::sides([[0; 2], [0, 29]]));
    let furthest = usize::MAX / 16;
    check([
        narrow.strides([furthest, furthest, 1]),
        narrow.dilations([furthest, furthest, 1]),
    ]);
}

/// Every clamp, order and kind of number over a few layers.
#[test]
fn numbers() {
    let levels = levels_f32();
    let layers = [
        Geometry::conv2d([4, 17, 5], 21, [3, 3]).padding(Padding::Same),
        Geometry::conv2d([4, 17, 3], 24, [3, 3]).padding(Padding::Same),
        Geometry::conv2d([3, 7, 6], 22, [2, 2]).groups(2),
        Geometry::depthwise2d([4, 7, 21], 1, [3, 3]).padding(Padding::Same),
        Geometry::depthwise2d([4, 5, 5], 3, [3, 3]).padding(Padding::Same),
    ];
    for layer in layers {
        for activation in ACTIVATIONS {
            for values in [Values::Unit, Values::Wide, Values::Tiny, Values::Special] {
                let mut seen = vec![];
                for seed in 0..12 {
                    let case = Case::with(layer, activation, values, seed);
                    case.check(&levels);
                    seen.push((case.order, case.bias.is_some()));
                }
                for order in ORDERS {
                    assert!(seen.iter().any(|(used, _)| *used == order));
                }
                assert!(seen.iter().any(|(_, bias)| !bias));
            }
        }
    }
}

/// The crate's own reference is a second opinion of the same sums.
#[test]
fn the_references_agree() {
    let layers = (0..60).map(|n| {
        let geometry = Geometry::conv3d([1 + n % 3, 4, 5, 6], 12, [2, 3, 3])
            .strides([1, 1 + n % 2, 1 + n % 3])
            .dilations([1, 1 + n % 3, 1 + n % 2])
            .groups([1, 2, 3, 6][n % 4])
            .batch(1 + n % 2)
            .padding(Padding::Explicit([[n % 2, 1], [1, n % 3], [n % 4, 2]]));
        fit(geometry)
    });
    for (seed, layer) in layers.enumerate() {
        for values in [Values::Unit, Values::Tiny, Values::Special] {
            let case = Case::with(layer, ACTIVATIONS[seed % 6], values, seed as u64);
            common::assert_same(&case.reference_chain(), &case.expected(true), || {
                case.to_string()
            });
        }
    }
}

/// A sum worked out by hand, for both references and all levels:
///
/// ```text
/// 1 2 3        . 1        the window's left column is zero; the top right pixel of each window
/// 4 5 6   *    . 10   =   once, the bottom right one ten times, and 100
/// ```
#[test]
fn a_sum_by_hand() -> Result<(), Error> {
    let geometry = Geometry::conv2d([2, 3, 1], 1, [2, 2]).padding(Padding::sides([[0, 0], [0, 1]]));
    let (input, bias) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [100.0]);
    let weights = Weights::Ohwi(&[0.0, 1.0, 0.0, 10.0]);
    let expected = [152.0, 163.0, 100.0];

    let (mut sums, mut magnitudes) = ([0.0; 3], [0.0; 3]);
    reference::conv(
        &geometry,
        &input,
        weights,
        Some(&bias),
        &mut sums,
        &mut magnitudes,
    )?;
    assert_eq!(sums, expected.map(f64::from));
    assert_eq!(magnitudes, sums);
    let mut chain = [0.0; 3];
    reference::chain(&geometry, &input, weights, Some(&bias), &mut chain)?;
    assert_eq!(chain, expected);

    let plan = microconv::ConvF32::new(geometry, microconv::Activation::NONE)?;
    let mut packed = vec![0.0; plan.packed_len()];
    plan.pack(weights, Some(&bias), &mut packed)?;
    for level in levels_f32() {
        let mut output = [0.0; 3];
        plan.run(level, &input, &packed, &mut output, &mut [])?;
        assert_eq!(output, expected, "{level}");
    }
    Ok(())
}

/// A magnitude is the sum of magnitudes, where terms cancel too.
#[test]
fn magnitudes_add_up() -> Result<(), Error> {
    let geometry = Geometry::conv1d([2, 2], 1, 2);
    let (mut sum, mut magnitude) = ([0.0], [0.0]);
    let (input, weights) = (
        [1.0, -2.0, 3.0, -4.0],
        Weights::Ohwi(&[1.0, 1.0, -1.0, 0.5]),
    );
    reference::conv(
        &geometry,
        &input,
        weights,
        Some(&[-10.0]),
        &mut sum,
        &mut magnitude,
    )?;
    assert_eq!((sum, magnitude), ([-16.0], [18.0]));
    Ok(())
}
