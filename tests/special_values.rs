//! Numbers that are not ordinary: NaN, infinities, zeros of both signs, subnormals, overflow.

mod common;

use common::{Case, Values, levels_f32, same};
use microconv::{Activation, Geometry, Padding};

fn layers() -> [Geometry; 6] {
    [
        Geometry::conv2d([5, 9, 3], 21, [3, 3]).padding(Padding::Same),
        Geometry::conv2d([4, 4, 6], 10, [3, 3])
            .groups(2)
            .padding(Padding::square(2)),
        Geometry::conv2d([3, 20, 5], 5, [1, 1]),
        Geometry::depthwise2d([5, 6, 21], 1, [3, 3]).padding(Padding::Same),
        Geometry::depthwise2d([4, 5, 6], 3, [3, 3])
            .dilation(2)
            .padding(Padding::Same),
        Geometry::conv3d([3, 3, 3, 2], 4, [2, 3, 3]).padding(Padding::cube(1)),
    ]
}

/// A case of small whole numbers, for which every order of summation is exact.
fn whole(layer: Geometry, activation: Activation) -> Case {
    let mut case = Case::with(layer, activation, Values::Unit, 3);
    for (n, x) in case.input.iter_mut().chain(&mut case.weights).enumerate() {
        *x = (n % 7) as f32 - 3.0;
    }
    case.bias = Some((0..layer.filters).map(|n| n as f32).collect());
    case.pack();
    case
}

/// In the padding a tap contributes nothing, whatever its weight is: a window whose infinite or
/// undefined weight lies outside the image gives what it gives without.
#[test]
fn weights_over_padding_contribute_nothing() {
    let levels = levels_f32();
    for layer in layers() {
        let taps: usize = layer.kernel.iter().product();
        for bad in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
            for tap in [0, taps / 2, taps - 1] {
                let mut case = whole(layer, Activation::NONE);
                let filters = layer.filters;
                // Marks each output that the tap reaches the image for: its weight alone is one.
                let mut mark = whole(layer, Activation::NONE);
                mark.input.fill(1.0);
                mark.weights.fill(0.0);
                mark.bias = None;
                for filter in 0..filters {
                    for channel in 0..layer.channels / layer.groups {
                        let at = mark.weight_at(filter, tap, channel);
                        mark.weights[at] = 1.0;
                        case.weights[at] = 0.0;
                    }
                }
                mark.pack();
                case.pack();
                for &level in &levels {
                    let (reached, without) = (mark.run(level), case.run(level));
                    let mut with = whole(layer, Activation::NONE);
                    with.weights.clone_from(&case.weights);
                    for filter in 0..filters {
                        for channel in 0..layer.channels / layer.groups {
                            let at = with.weight_at(filter, tap, channel);
                            with.weights[at] = bad;
                        }
                    }
                    with.pack();
                    let output = with.run(level);
                    for index in 0..output.len() {
                        let finite = output[index].is_finite();
                        assert_eq!(finite, reached[index] == 0.0, "[{index}] {level}: {case}");
                        assert!(
                            !finite || output[index] == without[index],
                            "{level}: {case}"
                        );
                    }
                }
            }
        }
    }
}

/// NaN in the input is in the outputs whose windows it lies in, and in no other.
#[test]
fn a_nan_stays_in_its_windows() {
    let levels = levels_f32();
    for layer in layers() {
        let clean = whole(layer, Activation::RELU6);
        for &level in &levels {
            let before = clean.run(level);
            for place in (0..clean.input.len()).step_by(5) {
                let mut case = whole(layer, Activation::RELU6);
                case.input[place] = f32::NAN;
                let after = case.run(level);
                let expected = case.expected(level.is_fused());
                for index in 0..after.len() {
                    assert_eq!(
                        after[index].is_nan(),
                        expected[index].is_nan(),
                        "{level}: {case}"
                    );
                    assert!(after[index].is_nan() || after[index] == before[index]);
                }
                assert!(after.iter().any(|x| x.is_nan()), "{level} {place}: {case}");
            }
        }
    }
}

/// NaN in a filter's weight or bias is in that filter's outputs, not in its neighbours'.
#[test]
fn a_nan_stays_in_its_filter() {
    let levels = levels_f32();
    for layer in layers() {
        let clean = whole(layer, Activation::RELU);
        for &level in &levels {
            let before = clean.run(level);
            for filter in 0..layer.filters {
                let mut case = whole(layer, Activation::RELU);
                // The middle tap reaches the image from every output of these layers but padding.
                let taps: usize = layer.kernel.iter().product();
                let at = case.weight_at(filter, taps / 2, 0);
                if filter % 2 == 0 {
                    case.weights[at] = f32::NAN;
                } else {
                    case.bias.as_mut().expect("a bias")[filter] = f32::NAN;
                }
                case.pack();
                let after = case.run(level);
                for (index, (after, before)) in after.iter().zip(&before).enumerate() {
                    let own = index % layer.filters == filter;
                    assert!(own || same(*after, *before), "{level} {filter}: {case}");
                }
                assert!(after.iter().any(|x| x.is_nan()), "{level} {filter}: {case}");
            }
        }
    }
}

/// One pixel under one filter, as (input, weight) pairs in the order of the chain.
fn pixel(pairs: &[(f32, f32)], bias: Option<f32>, activation: Activation) -> Vec<(String, f32)> {
    let filters = 5;
    let layer = Geometry::conv2d([1, 1, pairs.len()], filters, [1, 1]);
    let mut case = Case::with(layer, activation, Values::Unit, 0);
    case.order = common::Order::Ohwi;
    case.input = pairs.iter().map(|pair| pair.0).collect();
    case.weights = (0..filters)
        .flat_map(|_| pairs.iter().map(|pair| pair.1))
        .collect();
    case.bias = bias.map(|bias| vec![bias; filters]);
    case.pack();
    levels_f32()
        .into_iter()
        .map(|level| {
            let output = case.run(level);
            assert!(
                output.iter().all(|x| same(*x, output[0])),
                "{level}: {output:?}"
            );
            (level.to_string(), output[0])
        })
        .collect()
}

#[track_caller]
fn gives(pairs: &[(f32, f32)], bias: Option<f32>, activation: Activation, expected: f32) {
    for (level, given) in pixel(pairs, bias, activation) {
        assert!(same(given, expected), "{level}: {given} is not {expected}");
    }
}

const INFINITY: f32 = f32::INFINITY;
const NONE: Activation = Activation::NONE;

#[test]
fn infinities() {
    gives(&[(INFINITY, 1.0)], None, NONE, INFINITY);
    gives(&[(INFINITY, -1.0), (1.0, 1.0)], Some(5.0), NONE, -INFINITY);
    gives(&[(INFINITY, 0.0)], None, NONE, f32::NAN);
    gives(&[(INFINITY, 1.0), (-INFINITY, 1.0)], None, NONE, f32::NAN);
    gives(&[(1.0, 1.0)], Some(-INFINITY), NONE, -INFINITY);
    gives(&[(INFINITY, 1.0)], None, Activation::RELU6, 6.0);
    gives(&[(INFINITY, -1.0)], None, Activation::RELU6, 0.0);
    gives(&[(INFINITY, 1.0)], None, Activation::RELU, INFINITY);
}

#[test]
fn nan_goes_through_a_clamp() {
    for activation in common::ACTIVATIONS {
        gives(&[(f32::NAN, 1.0)], None, activation, f32::NAN);
        gives(&[(1.0, f32::NAN)], Some(1.0), activation, f32::NAN);
        gives(&[(1.0, 1.0)], Some(f32::NAN), activation, f32::NAN);
        gives(
            &[(f32::NAN, 0.0), (INFINITY, 1.0)],
            None,
            activation,
            f32::NAN,
        );
    }
}

/// The chain starts at the bias, +0 if there is none, and a sum of zeros is -0 only if all are.
#[test]
fn zeros_have_signs() {
    gives(&[(-0.0, 1.0)], None, NONE, 0.0);
    gives(&[(-0.0, 1.0)], Some(-0.0), NONE, -0.0);
    gives(&[(-0.0, 1.0), (0.0, -3.0)], Some(-0.0), NONE, -0.0);
    gives(&[(-0.0, 1.0), (0.0, 3.0)], Some(-0.0), NONE, 0.0);
    gives(&[(1.0, 1.0), (-1.0, 1.0)], None, NONE, 0.0);
    // A zero on the bound keeps its sign; a number beyond the bound becomes it, sign and all.
    gives(&[(-0.0, 1.0)], Some(-0.0), Activation::RELU, -0.0);
    gives(&[(-0.0, 1.0)], Some(-0.0), Activation::RELU6, -0.0);
    gives(&[(-1.0, 1.0)], None, Activation::RELU, 0.0);
    gives(
        &[(-1.0, 1.0)],
        None,
        Activation {
            min: -0.0,
            max: 1.0,
        },
        -0.0,
    );
    gives(
        &[(1.0, 1.0)],
        None,
        Activation {
            min: -1.0,
            max: -0.0,
        },
        -0.0,
    );
    gives(
        &[(0.0, 1.0)],
        None,
        Activation {
            min: -1.0,
            max: -0.0,
        },
        0.0,
    );
    gives(
        &[(0.0, 1.0)],
        None,
        Activation {
            min: -0.0,
            max: -0.0,
        },
        0.0,
    );
}

#[test]
fn subnormals_are_kept() {
    let least = f32::from_bits(1);
    gives(&[(least, 1.0)], None, NONE, least);
    gives(&[(least, -3.0)], None, NONE, f32::from_bits(0x8000_0003));
    gives(
        &[(f32::MIN_POSITIVE, 0.5)],
        None,
        NONE,
        f32::MIN_POSITIVE / 2.0,
    );
    gives(
        &[(f32::MIN_POSITIVE, 1.0)],
        Some(-least),
        NONE,
        f32::from_bits(0x7f_ffff),
    );
    gives(&[(1e30, least)], None, NONE, 1e30 * least);
    gives(&[(least, 0.25)], None, NONE, 0.0);
    gives(
        &[(least, 1.0)],
        None,
        Activation {
            min: 2.0 * least,
            max: 1.0,
        },
        2.0 * least,
    );
}

#[test]
fn overflow_is_infinite() {
    gives(&[(f32::MAX, 2.0)], None, NONE, INFINITY);
    // Once over, the chain does not come back.
    gives(
        &[(f32::MAX, 1.0), (f32::MAX, 1.0), (f32::MAX, -1.0)],
        None,
        NONE,
        INFINITY,
    );
    // In this order it never is over.
    gives(
        &[(f32::MAX, 1.0), (f32::MAX, -1.0), (f32::MAX, 1.0)],
        None,
        NONE,
        f32::MAX,
    );
    gives(&[(f32::MAX, 2.0)], None, Activation::RELU6, 6.0);
}

/// What fusing does, seen on one product: 1 + 2^-12 squared less 1 + 2^-11 is 2^-24, which a product
/// that was rounded by itself has lost.
#[test]
fn fused_levels_round_once() {
    let x = 1.0 + (-12f32).exp2();
    let bias = -(1.0 + (-11f32).exp2());
    for (level, given) in pixel(&[(x, x)], Some(bias), NONE) {
        let fused = levels_f32()
            .iter()
            .any(|l| l.name() == level && l.is_fused());
        assert_eq!(given, if fused { (-24f32).exp2() } else { 0.0 }, "{level}");
    }
}
