//! Winograd's minimal filtering: within its error of the definition, to the bit the same on every
//! level, in every scratch, and by parts.

mod common;

use common::{ACTIVATIONS, Case, Values, assert_same, cases, levels_f32};
use microconv::{
    Activation, Algorithm, Argument, ConvF32, Error, Geometry, Level, Limits, Padding,
    SeparableF32, Tuning, Weights, reference,
};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use std::sync::LazyLock;

static LEVELS: LazyLock<Vec<Level>> = LazyLock::new(levels_f32);

const VARIANTS: [Algorithm; 3] = [
    Algorithm::Winograd2x2,
    Algorithm::Winograd4x4,
    Algorithm::Winograd6x6,
];

const ANY: Limits = Limits::scratch(1 << 20);

fn plan(layer: Geometry, algorithm: Algorithm, limits: Limits) -> Result<ConvF32, Error> {
    ConvF32::with_algorithm(layer, Activation::NONE, algorithm, limits)
}

/// A case under another algorithm.
fn case(layer: Geometry, algorithm: Algorithm, values: Values, seed: u64) -> Case {
    let activation = ACTIVATIONS[seed as usize % ACTIVATIONS.len()];
    let mut case = Case::with(layer, activation, values, seed);
    case.plan = ConvF32::with_algorithm(layer, activation, algorithm, ANY)
        .unwrap_or_else(|error| panic!("{error}: {layer:?}"));
    case.pack();
    case
}

/// Windows of 3x3 under every border, number of channels and of filters that the kernels tell apart.
fn layers() -> Vec<Geometry> {
    let mut layers = vec![];
    for (n, filters) in [1, 3, 4, 5, 8, 9, 15, 16, 17, 24, 31, 33, 48, 65, 80]
        .into_iter()
        .enumerate()
    {
        let (h, w) = (3 + n % 7, 3 + 2 * n % 17);
        layers.push(Geometry::conv2d([h, w, 1 + n], filters, [3, 3]));
        layers.push(Geometry::conv2d([w, h, 16], filters, [3, 3]).padding(Padding::Same));
        layers.push(
            Geometry::conv2d([h, w, 10], 2 * filters, [3, 3])
                .groups(2)
                .padding(Padding::square(1 + n % 4)),
        );
    }
    for channels in 1..=20 {
        let sides = Padding::sides([[channels % 5, channels % 3], [channels % 2, channels % 6]]);
        layers.push(Geometry::conv2d([9, 14, channels], 7, [3, 3]).padding(sides));
    }
    // One pixel, and an image smaller than a tile; padding that whole tiles lie in.
    layers.push(Geometry::conv2d([1, 1, 5], 6, [3, 3]).padding(Padding::Same));
    layers.push(Geometry::conv2d([2, 3, 5], 6, [3, 3]).padding(Padding::square(9)));
    // Groups of one channel, several images, and planes of a volume at a stride and in its padding.
    layers.push(Geometry::depthwise2d([7, 6, 9], 2, [3, 3]).padding(Padding::Same));
    layers.push(
        Geometry::conv2d([7, 6, 8], 20, [3, 3])
            .padding(Padding::Same)
            .batch(3),
    );
    layers.push(
        Geometry::conv3d([4, 6, 5, 3], 18, [1, 3, 3])
            .strides([2, 1, 1])
            .dilations([3, 1, 1])
            .padding(Padding::Explicit([[3, 2], [1, 0], [2, 1]]))
            .batch(2),
    );
    layers
}

/// For each output, the sum that [`ConvF32::error_bound`] is in units of.
fn units(case: &Case) -> Vec<f64> {
    let geometry = case.plan.geometry();
    let padding = geometry.sizes().expect("a plan's geometry").padding;
    let [batch, depth, height, width, filters] = case.plan.output_shape();
    let m = case.plan.row_granularity();
    let (group_channels, group_filters) = (
        geometry.channels / geometry.groups,
        filters / geometry.groups,
    );
    let [planes, rows, columns] = geometry.input;
    let mut units = vec![0.0; case.plan.output_len()];
    let mut largest = vec![0.0_f64; geometry.channels];
    for plane in 0..batch * depth {
        let z = (plane % depth * geometry.stride[0]).checked_sub(padding[0][0]);
        for top in (0..height).step_by(m) {
            for left in (0..width).step_by(m) {
                largest.fill(0.0);
                for (y, x) in (0..m + 2).flat_map(|y| (0..m + 2).map(move |x| (y, x))) {
                    let (y, x) = (
                        (top + y).checked_sub(padding[1][0]),
                        (left + x).checked_sub(padding[2][0]),
                    );
                    let (Some(z), Some(y), Some(x)) = (z, y, x) else {
                        continue;
                    };
                    if z >= planes || y >= rows || x >= columns {
                        continue;
                    }
                    let at = ((plane / depth * planes + z) * rows + y) * columns + x;
                    for (channel, largest) in largest.iter_mut().enumerate() {
                        let input = case.input[at * geometry.channels + channel];
                        *largest = largest.max(f64::from(input.abs()));
                    }
                }
                for filter in 0..filters {
                    let mut sum = case
                        .bias()
                        .map_or(0.0, |bias| f64::from(bias[filter].abs()));
                    let group = filter / group_filters;
                    for channel in 0..group_channels {
                        let taps = (0..9).map(|tap| {
                            f64::from(case.weights[case.weight_at(filter, tap, channel)].abs())
                        });
                        sum += taps.sum::<f64>() * largest[group * group_channels + channel];
                    }
                    for y in top..height.min(top + m) {
                        for x in left..width.min(left + m) {
                            units[((plane * height + y) * width + x) * filters + filter] = sum;
                        }
                    }
                }
            }
        }
    }
    units
}

/// Checks every level against the definition, and those that fuse against each other. Returns the
/// largest error in units of the bound.
fn check(case: &Case) -> f64 {
    let len = case.plan.output_len();
    let (mut sums, mut magnitudes) = (vec![0.0; len], vec![0.0; len]);
    reference::conv(
        case.plan.geometry(),
        &case.input,
        case.weights(),
        case.bias(),
        &mut sums,
        &mut magnitudes,
    )
    .expect("a plan's slices");
    let Activation { min, max } = case.plan.activation();
    let units = units(case);
    let mut worst = 0.0_f64;
    let mut fused: Option<Vec<f32>> = None;
    for &level in LEVELS.iter() {
        let output = case.run(level);
        // Roundings that are not fused are twice as many.
        let bound = case.plan.error_bound() * if level.is_fused() { 1.0 } else { 2.01 };
        for (at, y) in output.iter().enumerate() {
            let expected = sums[at].clamp(f64::from(min), f64::from(max));
            let error = (f64::from(*y) - expected).abs();
            assert!(
                error <= bound * units[at],
                "{level}, {}: [{at}] {y} for {expected}, off by {error:e}, allowed {:e}: {case}",
                case.plan.algorithm(),
                bound * units[at],
            );
            worst = worst.max(error / (bound * units[at]).max(f64::MIN_POSITIVE));
        }
        if level.is_fused() {
            match &fused {
                Some(first) => assert_same(&output, first, || format!("{level}: {case}")),
                None => fused = Some(output),
            }
        }
    }
    worst
}

#[test]
fn every_border_and_channel_count() {
    for algorithm in VARIANTS {
        for (seed, layer) in layers().into_iter().enumerate() {
            for values in [Values::Unit, Values::Wide] {
                check(&case(layer, algorithm, values, seed as u64));
            }
        }
    }
}

/// Numbers chosen against the algorithm: signs in step with the matrices' rows, inputs and weights
/// that cancel, one that dwarfs all others beside windows of zeros. The bound holds, and is not
/// so wide that it says nothing.
#[test]
fn adversarial_numbers() {
    let layer = Geometry::conv2d([14, 14, 32], 16, [3, 3]).padding(Padding::Same);
    for algorithm in VARIANTS {
        let mut worst = 0.0_f64;
        for pattern in 0..6 {
            for seed in 0..4 {
                let mut case = case(layer, algorithm, Values::Unit, seed * 6);
                for (at, x) in case.input.iter_mut().enumerate() {
                    let (pixel, channel) = (at / 32, at % 32);
                    let (row, column) = (pixel / 14, pixel % 14);
                    let sign = |odd: usize| if odd % 2 == 1 { -1.0 } else { 1.0 };
                    match pattern {
                        0 => *x = sign(row + column) * x.abs(),
                        1 => *x = sign(column) * (1.0 + *x * 1e-3),
                        2 => *x *= if (row, column) == (5, 6) { 1e6 } else { 1e-6 },
                        3 => *x = sign(channel) * 1000.5,
                        4 => *x *= (row as f32 * 3.0 - 20.0).exp2(),
                        _ => *x = sign((row / 2) + (column / 2)) * 0.7,
                    }
                }
                if pattern % 2 == 1 {
                    for (at, w) in case.weights.iter_mut().enumerate() {
                        *w = if at % 2 == 1 { -0.3 } else { 0.3 } + *w * 1e-4;
                    }
                }
                case.pack();
                worst = worst.max(check(&case));
            }
        }
        assert!(worst > 1e-4, "{algorithm}: {worst:e} of the bound at most");
    }
}

/// What the documentation says was measured: the error of noise by the sum of magnitudes.
#[test]
fn noise_is_as_far_off_as_documented() {
    let layer = Geometry::conv2d([24, 24, 64], 32, [3, 3]);
    let algorithms = [Algorithm::Direct].into_iter().chain(VARIANTS);
    let documented = [1.8e-7, 7.4e-8, 3.4e-7, 2.1e-6];
    for (algorithm, most) in algorithms.zip(documented) {
        let case = case(layer, algorithm, Values::Unit, 0);
        let len = case.plan.output_len();
        let (mut sums, mut magnitudes) = (vec![0.0; len], vec![0.0; len]);
        let arguments = (case.plan.geometry(), &case.input, case.weights());
        let (geometry, input, weights) = arguments;
        reference::conv(
            geometry,
            input,
            weights,
            case.bias(),
            &mut sums,
            &mut magnitudes,
        )
        .expect("a plan's slices");
        let output = case.run(Level::detect());
        let errors = output.iter().zip(sums.iter().zip(&magnitudes));
        let worst = errors
            .map(|(y, (sum, magnitude))| (f64::from(*y) - sum).abs() / magnitude)
            .fold(0.0, f64::max);
        println!("{algorithm}: {worst:e} bound {:e}", case.plan.error_bound());
        assert!(worst < most, "{algorithm}: {worst:e}");
    }
}

/// The bound of the documentation's formula.
#[test]
fn error_bounds() {
    let layer = Geometry::conv2d([9, 9, 128], 16, [3, 3]).groups(2);
    for (algorithm, amplification, m) in [
        (VARIANTS[0], 16.0, 2),
        (VARIANTS[1], 175.5, 4),
        (VARIANTS[2], 1565.0, 6),
    ] {
        let bound = plan(layer, algorithm, ANY).expect("a plan").error_bound();
        let n = f64::from(64 + 2 * m + 6) / f64::from(1 << 24);
        let formula = amplification * n / (1.0 - n);
        assert!(
            (bound / formula - 1.0).abs() < 1e-3,
            "{algorithm}: {bound} {formula}"
        );
    }
    let direct = ConvF32::new(layer, Activation::NONE).expect("a plan");
    let n = 577.0 / f64::from(1 << 24);
    assert_eq!(direct.error_bound(), n / (1.0 - n));
}

/// Any scratch gives the same bits, from the least on.
#[test]
fn scratch_of_every_length() {
    let layers = [
        Geometry::conv2d([9, 7, 5], 6, [3, 3]).padding(Padding::Same),
        Geometry::conv2d([13, 14, 3], 50, [3, 3]).padding(Padding::Same),
    ];
    for algorithm in VARIANTS {
        for layer in layers {
            let case = case(layer, algorithm, Values::Unit, 0);
            let plan = &case.plan;
            let (least, most) = (plan.least_scratch_len(), plan.scratch_len());
            assert!(0 < least && least <= most);
            for &level in LEVELS.iter() {
                let expected = case.run(level);
                let step = ((most - least) / 150).max(1) | 1;
                let lengths = (least..most + 40).step_by(step);
                for len in lengths.chain(least..least + 20) {
                    let mut scratch = vec![f32::NAN; len];
                    let mut output = vec![f32::NAN; plan.output_len()];
                    plan.run(level, &case.input, &case.packed, &mut output, &mut scratch)
                        .unwrap_or_else(|error| panic!("{error}: {case}"));
                    assert_same(&output, &expected, || format!("{level} {len}: {case}"));
                }
            }
            let mut output = vec![7.0; plan.output_len()];
            let mut scratch = vec![7.0; least - 1];
            let level = Level::detect();
            assert_eq!(
                plan.run(level, &case.input, &case.packed, &mut output, &mut scratch),
                Err(Error::Length {
                    argument: Argument::Scratch,
                    needed: least,
                    given: least - 1
                })
            );
            assert!(output.iter().chain(&scratch).all(|x| *x == 7.0));
        }
    }
}

/// Ranges of whole tiles are parts of the whole; others are refused.
#[test]
fn rows() {
    let layers = [
        Geometry::conv2d([11, 5, 3], 6, [3, 3]).padding(Padding::Same),
        Geometry::conv2d([9, 6, 4], 17, [3, 3]).batch(2),
        Geometry::conv2d([3, 4, 2], 3, [3, 3]).padding(Padding::square(6)),
        Geometry::conv3d([3, 5, 4, 2], 5, [1, 3, 3]).padding(Padding::Explicit([
            [1, 0],
            [2, 1],
            [0, 1],
        ])),
    ];
    for algorithm in VARIANTS {
        for (seed, layer) in layers.into_iter().enumerate() {
            let case = case(layer, algorithm, Values::Unit, seed as u64);
            let plan = &case.plan;
            let (m, height) = (plan.row_granularity(), plan.output_shape()[2]);
            let aligned = |row: usize| (row % height).is_multiple_of(m);
            let (row, input_row) = (plan.output_row_len(), plan.input_row_len());
            for &level in LEVELS.iter() {
                let whole = case.run(level);
                for start in 0..=plan.output_rows() {
                    for end in start..=plan.output_rows() {
                        let rows = start..end;
                        if !aligned(start) || !aligned(end) {
                            let refused = Err(Error::RowGranularity {
                                needed: m,
                                start,
                                end,
                            });
                            assert_eq!(plan.input_rows(rows), refused);
                            continue;
                        }
                        let from = plan.input_rows(rows.clone()).expect("whole tiles");
                        let input = &case.input[from.start * input_row..from.end * input_row];
                        let mut output = vec![f32::NAN; rows.len() * row];
                        let mut scratch = vec![f32::NAN; plan.least_scratch_len() + start];
                        plan.run_rows(level, rows, input, &case.packed, &mut output, &mut scratch)
                            .unwrap_or_else(|error| panic!("{error}: {case}"));
                        assert_same(&output, &whole[start * row..end * row], || {
                            format!("{level} {start}..{end}: {case}")
                        });
                    }
                }
            }
        }
    }
}

/// What is not a number reaches the outputs that read it, and none outside the tiles over it.
#[test]
fn tiles_are_apart() {
    let layer = Geometry::conv2d([12, 12, 2], 3, [3, 3]).padding(Padding::Same);
    for algorithm in VARIANTS {
        let mut case = case(layer, algorithm, Values::Unit, 0);
        let m = case.plan.row_granularity();
        let level = Level::detect();
        let before = case.run(level);
        case.input[(5 * 12 + 7) * 2] = f32::NAN;
        let after = case.run(level);
        for (at, (a, b)) in before.iter().zip(&after).enumerate() {
            let (y, x) = (at / 3 / 12, at / 3 % 12);
            let under = |tile: usize, pixel: usize| {
                (tile / m * m..tile / m * m + m + 2).contains(&(pixel + 1))
            };
            let read = y.abs_diff(5) <= 1 && x.abs_diff(7) <= 1;
            assert!(b.is_nan() || !read, "{algorithm} {y} {x}");
            let reached = under(y, 5) && under(x, 7);
            assert!(reached || a.to_bits() == b.to_bits(), "{algorithm} {y} {x}");
        }
    }
}

/// In a constant, to the bit what is packed at run time; and the sizes are constants too.
#[test]
fn packed_by_the_compiler() {
    const LAYER: Geometry = Geometry::conv2d([8, 8, 2], 5, [3, 3]);
    const WEIGHTS: [f32; 90] = {
        let mut weights = [0.0; 90];
        let mut n = 0;
        while n < 90 {
            weights[n] = (n * 37 % 101) as f32 / 101.0 - 0.5;
            n += 1;
        }
        weights
    };
    macro_rules! packed {
        ($algorithm:ident) => {{
            const PLAN: ConvF32 = match ConvF32::with_algorithm(
                LAYER,
                Activation::NONE,
                Algorithm::$algorithm,
                ANY,
            ) {
                Ok(plan) => plan,
                Err(_) => panic!("bad geometry"),
            };
            static PACKED: [f32; PLAN.packed_len()] =
                match PLAN.packed(Weights::Oihw(&WEIGHTS), None) {
                    Ok(packed) => packed,
                    Err(_) => panic!("bad weights"),
                };
            const SCRATCH: [usize; 2] = [PLAN.least_scratch_len(), PLAN.scratch_len()];
            assert!(SCRATCH[0] <= SCRATCH[1]);
            let mut packed = vec![f32::NAN; PLAN.packed_len()];
            PLAN.pack(Weights::Oihw(&WEIGHTS), None, &mut packed)
                .expect("good weights");
            let bits = |packed: &[f32]| packed.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&PACKED), bits(&packed));
            let seal = &PACKED[PACKED.len() - 4..];
            assert!(seal.iter().all(|word| word.is_normal()));
        }};
    }
    packed!(Winograd2x2);
    packed!(Winograd4x4);
    packed!(Winograd6x6);
}

/// F(2x2, 3x3) of one filter by hand: `G g Gᵀ` with the rows 1 0 0, ½ ½ ½, ½ -½ ½, 0 0 1 of Lavin
/// and Gray, in this crate's scale (the row of zero, and its input, have the other sign).
#[test]
fn a_filter_by_hand() {
    let layer = Geometry::conv2d([3, 3, 1], 1, [3, 3]);
    let plan = plan(layer, Algorithm::Winograd2x2, ANY).expect("a plan");
    let mut packed = vec![0.0; plan.packed_len()];
    let taps = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
    plan.pack(Weights::Ohwi(&taps), Some(&[10.0]), &mut packed)
        .expect("nine taps");
    let filter: Vec<f32> = packed[..packed.len() - 4]
        .iter()
        .step_by(4)
        .copied()
        .collect();
    let expected = [
        10.0, // the bias
        1.0, -3.0, -1.0, -3.0, //
        -6.0, 11.25, 3.75, 9.0, //
        -2.0, 3.75, 1.25, 3.0, //
        -7.0, 12.0, 4.0, 9.0,
    ];
    assert_eq!(filter, expected);
}

#[test]
fn limits() -> Result<(), Error> {
    let layer = Geometry::conv2d([28, 28, 64], 64, [3, 3]).padding(Padding::Same);
    let auto = |limits| plan(layer, Algorithm::Auto, limits).map(|plan| plan.algorithm());
    assert_eq!(auto(Limits::scratch(0))?, Algorithm::Direct);
    assert_eq!(
        auto(Limits::scratch(usize::MAX).error(0.0))?,
        Algorithm::Direct
    );
    assert_eq!(
        auto(Limits::scratch(usize::MAX).error(f64::NAN))?,
        Algorithm::Direct
    );
    assert_eq!(auto(ANY.error(1e-4))?, Algorithm::Winograd2x2);
    assert_ne!(auto(ANY)?, Algorithm::Direct);
    for bytes in (0..1 << 20).step_by(9_999) {
        let plan = plan(layer, Algorithm::Auto, Limits::scratch(bytes))?;
        assert!(plan.least_scratch_len() <= plan.scratch_len());
        assert!(plan.scratch_len() * 4 <= bytes, "{bytes}");
    }
    for algorithm in VARIANTS {
        let free = plan(layer, algorithm, Limits::scratch(usize::MAX))?;
        assert_eq!(free.algorithm(), algorithm);
        let (bound, least) = (free.error_bound(), free.least_scratch_len() * 4);
        let tight = plan(layer, algorithm, Limits::scratch(least).error(bound))?;
        assert_eq!(tight.scratch_len() * 4, least);
        assert_eq!(
            plan(layer, algorithm, Limits::scratch(least - 1)),
            Err(Error::ScratchBytes {
                algorithm,
                needed: least,
                given: least - 1
            })
        );
        let given = bound * 0.999;
        assert_eq!(
            plan(layer, algorithm, ANY.error(given)),
            Err(Error::ErrorBound {
                algorithm,
                needed: bound,
                given
            })
        );
    }
    let forbidden = plan(layer, Algorithm::Winograd, ANY.error(0.0));
    assert!(
        matches!(forbidden, Err(Error::ErrorBound { .. })),
        "{forbidden:?}"
    );
    Ok(())
}

/// What the algorithms do not compute, and `Auto` does directly.
#[test]
fn other_windows() {
    let layer = Geometry::conv2d([9, 9, 4], 4, [3, 3]);
    let others = [
        Geometry::conv2d([9, 9, 4], 4, [3, 2]),
        Geometry::conv2d([9, 9, 4], 4, [5, 5]),
        Geometry::conv3d([3, 9, 9, 4], 4, [3, 3, 3]),
        layer.stride(2),
        layer.strides([1, 1, 2]),
        layer.dilations([1, 2, 1]),
    ];
    for layer in others {
        for algorithm in VARIANTS.into_iter().chain([Algorithm::Winograd]) {
            assert_eq!(
                plan(layer, algorithm, ANY),
                Err(Error::Algorithm(algorithm))
            );
        }
        let auto = plan(layer, Algorithm::Auto, ANY).expect("a direct plan");
        assert_eq!(auto, ConvF32::new(layer, Activation::NONE).expect("a plan"));
        assert_eq!((auto.scratch_len(), auto.row_granularity()), (0, 1));
    }
}

/// Weights packed for another algorithm are refused, each by each, though of one length.
#[test]
fn packed_for_another_algorithm() {
    let layer = Geometry::conv2d([6, 6, 3], 4, [3, 3]);
    let all = [Algorithm::Direct].into_iter().chain(VARIANTS);
    let plans: Vec<ConvF32> = all
        .map(|algorithm| plan(layer, algorithm, ANY).expect("a plan"))
        .collect();
    let weights = vec![0.25; plans[0].weights_len()];
    let input = vec![1.0; plans[0].input_len()];
    for from in &plans {
        let mut packed = vec![0.0; from.packed_len()];
        from.pack(Weights::Ohwi(&weights), None, &mut packed)
            .expect("good weights");
        let seal = packed[packed.len() - 4..].to_vec();
        for to in &plans {
            let mut packed = vec![0.0; to.packed_len()];
            let at = packed.len() - 4;
            packed[at..].copy_from_slice(&seal);
            let mut output = vec![7.0; to.output_len()];
            let mut scratch = vec![7.0; to.scratch_len()];
            let result = to.run(Level::detect(), &input, &packed, &mut output, &mut scratch);
            if from == to {
                assert_eq!(result, Ok(()));
                continue;
            }
            let (needed, given) = (to.algorithm(), from.algorithm());
            assert_eq!(result, Err(Error::PackedAlgorithm { needed, given }));
            assert!(output.iter().chain(&scratch).all(|x| *x == 7.0));
        }
    }
}

/// One packed buffer serves every image of an algorithm.
#[test]
fn weights_fit_every_image() {
    for algorithm in VARIANTS {
        let layer = Geometry::conv2d([8, 9, 6], 10, [3, 3]).groups(2);
        let first = case(layer, algorithm, Values::Unit, 1);
        for (seed, input) in [[1, 3, 3], [1, 20, 5], [2, 7, 6]].into_iter().enumerate() {
            let image = Geometry { input, ..layer }.padding(Padding::square(seed));
            let mut case = case(image.batch(1 + seed), algorithm, Values::Unit, seed as u64);
            case.order = first.order;
            case.weights.clone_from(&first.weights);
            case.bias.clone_from(&first.bias);
            case.packed.clone_from(&first.packed);
            check(&case);
        }
    }
}

#[cfg(unix)]
mod guard {
    use super::*;
    use common::guard::{Arena, At};

    /// No float beside a slice is touched, wherever the slices lie: at either end of their pages
    /// and at every alignment; with the least scratch and with the most.
    #[test]
    fn slices_against_guard_pages() {
        let [mut input, mut packed, mut output, mut scratch] = [1 << 18; 4].map(Arena::new);
        for (seed, layer) in layers().into_iter().enumerate() {
            for algorithm in VARIANTS {
                let case = case(layer, algorithm, Values::Unit, seed as u64);
                let plan = &case.plan;
                let m = plan.row_granularity().min(plan.output_shape()[2]);
                for (turn, &level) in LEVELS.iter().enumerate() {
                    let whole = case.run(level);
                    let odd = At::Offset((seed * 5 + turn) % 16 + 16);
                    for (n, at) in [At::Start, At::End, odd].into_iter().enumerate() {
                        let len = [plan.least_scratch_len(), plan.scratch_len()][(seed + n) % 2];
                        // All rows, or just the first tiles' with no more of the input.
                        let rows = 0..if n == seed % 3 { m } else { plan.output_rows() };
                        let from = plan.input_rows(rows.clone()).expect("whole tiles");
                        let row = plan.input_row_len();
                        let part = rows.len() * plan.output_row_len();
                        plan.run_rows(
                            level,
                            rows,
                            input.read_only(&case.input[from.start * row..from.end * row], at),
                            packed.read_only(&case.packed, at),
                            output.writable(&vec![f32::NAN; part], at),
                            scratch.writable(&vec![f32::NAN; len], at),
                        )
                        .unwrap_or_else(|error| panic!("{error}: {case}"));
                        scratch.intact::<f32>(len, at);
                        assert_same(output.intact(part, at), &whole[..part], || {
                            format!("{level} {at:?}: {case}")
                        });
                    }
                }
            }
        }
    }
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: cases(1_000),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}

prop_compose! {
    fn layer()(
        [d, h, w] in [1..=3usize, 1..=16, 1..=24],
        [groups, channels, filters] in prop_oneof![
            [1..=1usize, 1..=40, 1..=70],
            [2..=3usize, 1..=9, 1..=20],
        ],
        [front, back, stride] in [0..=2usize, 0..=2, 1..=2],
        [top, bottom, left, right] in [0..=5usize, 0..=5, 0..=5, 0..=5],
        batch in 1..=2usize,
    ) -> Geometry {
        let short = |size: usize, padding: usize| 3usize.saturating_sub(size + padding);
        let (bottom, right) = (bottom + short(h, top + bottom), right + short(w, left + right));
        Geometry::conv3d([d, h, w, groups * channels], groups * filters, [1, 3, 3])
            .groups(groups)
            .strides([stride, 1, 1])
            .padding(Padding::Explicit([[front, back], [top, bottom], [left, right]]))
            .batch(batch)
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn random_layers(
        layer in layer(),
        algorithm in proptest::sample::select(&VARIANTS[..]),
        values in proptest::sample::select(&[Values::Unit, Values::Wide][..]),
        seed: u64,
    ) {
        check(&case(layer, algorithm, values, seed));
    }
}

/// What suits both vectors best is chosen for any; and there are layers that no choice suits on both.
#[test]
fn tuning() -> Result<(), Error> {
    let (mut alike, mut others) = (0, 0);
    for size in [3, 5, 7, 12, 14, 28, 56] {
        for channels in [4, 8, 32, 96, 512] {
            for filters in [8, 40, 256] {
                let layer = Geometry::conv2d([size, size, channels], filters, [3, 3])
                    .padding(Padding::Same);
                for algorithm in [Algorithm::Auto, Algorithm::Winograd] {
                    let chosen = |tuning| {
                        plan(layer, algorithm, ANY.tuned(tuning)).map(|plan| plan.algorithm())
                    };
                    let [any, eight, sixteen] =
                        [Tuning::Any, Tuning::Avx2, Tuning::Avx512].map(chosen);
                    if eight != sixteen {
                        others += 1;
                        continue;
                    }
                    alike += 1;
                    assert_eq!(any, eight, "{layer:?}");
                }
            }
        }
    }
    assert!(alike > others && others > 0, "{alike} and {others}");
    // Limits hold whatever is tuned for.
    let layer = Geometry::conv2d([28, 28, 64], 64, [3, 3]).padding(Padding::Same);
    for tuning in [Tuning::Any, Tuning::Avx2, Tuning::Avx512] {
        let auto = |limits: Limits| plan(layer, Algorithm::Auto, limits.tuned(tuning));
        assert_eq!(auto(Limits::scratch(0))?.algorithm(), Algorithm::Direct);
        let bound = auto(ANY.error(1e-4))?;
        assert_eq!(bound.algorithm(), Algorithm::Winograd2x2);
        let scratch = auto(Limits::scratch(100_000))?;
        assert!(scratch.scratch_len() * 4 <= 100_000);
    }
    for level in Level::all() {
        let expected = match level.name() {
            name if name.starts_with("avx512") => Tuning::Avx512,
            "avx2" | "avxvnni" => Tuning::Avx2,
            _ => Tuning::Any,
        };
        assert_eq!(level.tuning(), expected, "{level}");
    }
    Ok(())
}

#[test]
fn plans_that_go_row_by_row_are_refused() {
    let layer = Geometry::conv2d([10, 8, 16], 16, [3, 3]).padding(Padding::Same);
    let limits = Limits::scratch(1 << 20);
    let plan =
        ConvF32::with_algorithm(layer, Activation::NONE, Algorithm::Winograd4x4, limits).unwrap();
    let refused = Error::RowGranularity {
        needed: 4,
        start: 0,
        end: 1,
    };
    assert_eq!(plan.in_place_lines_len(plan.input_len()), Err(refused));
    let packed = vec![0.0; plan.packed_len()];
    let mut memory = vec![1.0; plan.input_len()];
    let (mut lines, mut scratch) = (vec![0.0; 1 << 16], vec![0.0; plan.scratch_len()]);
    let level = Level::detect();
    assert_eq!(
        plan.run_in_place(level, &mut memory, &packed, &mut lines, &mut scratch),
        Err(refused)
    );
    assert!(memory.iter().all(|x| *x == 1.0));
    let pointwise = Geometry::conv2d([10, 8, 16], 4, [1, 1]);
    let pointwise = ConvF32::new(pointwise, Activation::NONE).unwrap();
    assert_eq!(SeparableF32::new(plan, pointwise).err(), Some(refused));
}

/// What firmware compares with.
#[test]
fn known_bits() {
    use common::winograd::{ALGORITHMS, checksum, layers, random};
    for layer in layers() {
        for (n, algorithm) in ALGORITHMS.into_iter().enumerate() {
            let plan = ConvF32::with_algorithm(layer.geometry, layer.activation, algorithm, ANY)
                .expect("a layer that there is");
            let [
                mut weights,
                mut bias,
                mut input,
                mut packed,
                mut output,
                mut scratch,
            ] = [
                plan.weights_len(),
                layer.geometry.filters,
                plan.input_len(),
                plan.packed_len(),
                plan.output_len(),
                plan.scratch_len(),
            ]
            .map(|len| vec![0.0; len]);
            random(1, &mut weights);
            random(2, &mut bias);
            random(3, &mut input);
            plan.pack(Weights::Ohwi(&weights), Some(&bias), &mut packed)
                .expect("lengths that are the plan's");
            for &level in LEVELS.iter() {
                plan.run(level, &input, &packed, &mut output, &mut scratch)
                    .expect("lengths that are the plan's");
                assert_eq!(
                    checksum(&output),
                    layer.known[n][usize::from(!level.is_fused())],
                    "{}, {algorithm}, {level}",
                    layer.name
                );
            }
        }
    }
}
