//! What int8 promises beside sums: the roundings, the multipliers, the proof that no sum overflows,
//! the packed format, and the errors.

mod common;

use common::int8::{
    CaseI8, FACTORS, NUMBERS, Numbers, OwnScales, ROUNDINGS, levels_i8, quantize_multiplier,
};
use common::{ORDERS, Rng};
use microconv::{
    Activation, Argument, Bytes, ConvI8, Error, Geometry, Level, Multiplier, Padding, Quantization,
    Rounding, Scales, Weights, reference,
};

/// A layer that multiplies one number by one weight.
fn one_by_one(quantization: Quantization) -> ConvI8 {
    ConvI8::new(Geometry::conv1d([1, 1], 1, 1), quantization).expect("a good layer")
}

/// A sum, requantized by a plan of its own: the bias is the sum.
fn requantized(level: Level, rounding: Rounding, sum: i32, multiplier: Multiplier) -> i32 {
    let plan = one_by_one(Quantization::int8(0, 0).rounding(rounding));
    let mut packed = vec![0; plan.packed_len()];
    let scales = Scales::Multipliers(&[multiplier]);
    plan.pack(Weights::Ohwi(&[0]), Some(&[sum]), scales, &mut packed)
        .expect("good weights");
    let mut output = [0i8];
    plan.run(level, &[0i8], &packed, &mut output)
        .expect("good slices");
    output[0].into()
}

/// The table of the documentation, worked out by hand.
#[test]
fn the_roundings_differ_as_documented() -> Result<(), Error> {
    let table = [
        (-3, 0.5, [-1, -1, -2]),
        (1, 0.5, [1, 1, 0]),
        (-2, 0.25, [-1, 0, 0]),
        (3, 0.5, [2, 2, 2]),
        (-1, 0.5, [0, 0, 0]),
        (2, 0.25, [1, 1, 0]),
        (5, 3.0, [15, 15, 15]),
        (100, 8.0, [127, 127, 127]),
        (-100, 8.0, [-128, -128, -128]),
    ];
    for level in levels_i8() {
        for (sum, scale, expected) in table {
            let multiplier = Multiplier::from_real(scale)?;
            for (rounding, expected) in ROUNDINGS.into_iter().zip(expected) {
                let given = requantized(level, rounding, sum, multiplier);
                assert_eq!(given, expected, "{level}: {sum} * {scale}, {rounding:?}");
            }
        }
    }
    Ok(())
}

/// Sums around ties and at the ends of int32, through every shift and the ends of the multiplier.
#[test]
fn requantization_over_its_whole_range() -> Result<(), Error> {
    const FILTERS: usize = 64;
    let plan_of = |rounding| {
        ConvI8::new(
            Geometry::conv1d([1, 1], FILTERS, 1),
            Quantization::int8(0, 0).rounding(rounding),
        )
    };
    let levels = levels_i8();
    let mut rng = Rng(7);
    for shift in -31..=30 {
        for value in [0, 1, 0x4000_0000, 0x7fff_ffff, 0x5a82_799a, 0x4000_0001] {
            let multiplier = Multiplier::new(value, shift)?;
            // Half of the sums lie where the result is within the range of a byte.
            let bias: [i32; FILTERS] = std::array::from_fn(|n| match n {
                0 => i32::MAX,
                1 => i32::MIN,
                2 => i32::MAX - 1,
                3 => i32::MIN + 1,
                4..20 => rng.next() as i32,
                // About where a level may take a shorter way: alone, and with one beyond.
                24..32 => (1 << 28) * if n % 2 == 0 { 1 } else { -1 } + (24 - n as i32) / 2,
                32..40 => (1 << 28) * if n % 2 == 0 { 1 } else { -1 } - (36 - n as i32),
                _ => {
                    let factor = f64::from(value) * 2f64.powi(shift - 31);
                    let result = rng.below(600) as f64 / 2.0 - 150.0;
                    ((result / factor) as i32).saturating_add(rng.below(3) as i32 - 1)
                }
            });
            for rounding in [Rounding::Tflite, Rounding::TfliteSingle] {
                let plan = plan_of(rounding)?;
                let mut packed = vec![0; plan.packed_len()];
                let scales = Scales::Multipliers(&[multiplier]);
                plan.pack(
                    Weights::Ohwi(&[0; FILTERS]),
                    Some(&bias),
                    scales,
                    &mut packed,
                )?;
                let expected = bias.map(|sum| {
                    reference::requantize(rounding, sum, multiplier).clamp(-128, 127) as i8
                });
                for &level in &levels {
                    let mut output = [0i8; FILTERS];
                    plan.run(level, &[0i8], &packed, &mut output)?;
                    assert_eq!(
                        output, expected,
                        "{level} {rounding:?} {multiplier:?} {bias:?}"
                    );
                }
            }
        }
    }
    Ok(())
}

#[test]
fn multipliers_are_those_of_tensorflow_lite() {
    let check = |real: f64| {
        let given = Multiplier::from_real(real).expect("in range");
        assert_eq!(given, quantize_multiplier(real), "{real:e}");
    };
    let mut rng = Rng(3);
    for _ in 0..100_000 {
        let fraction = 0.5 + (rng.next() >> 12) as f64 / (1u64 << 53) as f64;
        check(fraction * 2f64.powi(rng.below(62) as i32 - 33));
    }
    for exponent in -60..=29 {
        let power = 2f64.powi(exponent);
        for real in [power, power.next_up(), power.next_down()] {
            check(real);
        }
        // Fractions that round to a tie, and just beside one.
        for step in [0u64, 1, 2, 0x3fff_ffff] {
            let fraction = (1u64 << 52) + (step << 22) + (1 << 21);
            for fraction in [fraction - 1, fraction, fraction + 1] {
                check(fraction as f64 / (1u64 << 53) as f64 * power);
            }
        }
    }
    check(0.0);
    check(-0.0);
    check(f64::MIN_POSITIVE);
    check(f64::from_bits(1));
    for real in [
        -1.0,
        f64::NAN,
        f64::INFINITY,
        2f64.powi(30),
        -f64::from_bits(1),
    ] {
        let given = Multiplier::from_real(real);
        assert_eq!(given, Err(Error::Multiplier { filter: 0 }), "{real:e}");
    }
    for (value, shift) in [(-1, 0), (i32::MIN, 0), (1, 31), (1, -32), (1, i32::MAX)] {
        let given = Multiplier::new(value, shift);
        assert_eq!(given, Err(Error::Multiplier { filter: 0 }));
    }
}

/// A plan and its weights at compile time, and the same numbers at run time.
#[test]
fn packing_at_compile_time_is_packing() -> Result<(), Error> {
    const PLAN: ConvI8 = {
        let geometry = Geometry::conv2d([6, 6, 3], 18, [3, 3]).padding(Padding::Same);
        match ConvI8::new(geometry, Quantization::int8(5, -7)) {
            Ok(plan) => plan,
            Err(_) => panic!("bad layer"),
        }
    };
    const WEIGHTS: [i8; PLAN.weights_len()] = {
        let mut weights = [0; PLAN.weights_len()];
        let mut n = 0;
        while n < weights.len() {
            weights[n] = (n * 37 % 256) as u8 as i8;
            n += 1;
        }
        weights
    };
    const SCALES: Scales<'_> = Scales::Real {
        input: 0.02,
        weights: &[0.003],
        output: 0.05,
    };
    static PACKED: [i32; PLAN.packed_len()] =
        match PLAN.packed(Weights::Ohwi(&WEIGHTS), Some(&[100; 18]), SCALES) {
            Ok(packed) => packed,
            Err(_) => panic!("bad weights"),
        };
    let mut packed = vec![0; PLAN.packed_len()];
    PLAN.pack(
        Weights::Ohwi(&WEIGHTS),
        Some(&[100; 18]),
        SCALES,
        &mut packed,
    )?;
    assert_eq!(packed, PACKED);
    // And through bytes.
    let bytes: Vec<u8> = PACKED.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let mut words = vec![0i32; PACKED.len() + 1];
    // SAFETY: bytes of words that are there.
    let room =
        unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast::<u8>(), bytes.len() + 4) };
    room[..bytes.len()].copy_from_slice(&bytes);
    assert_eq!(PLAN.packed_from_bytes(&room[..bytes.len()])?, PACKED);
    room.copy_within(..bytes.len(), 1);
    assert_eq!(
        PLAN.packed_from_bytes(&room[1..=bytes.len()]),
        Err(Error::Alignment {
            needed: 4,
            given: 1
        })
    );
    Ok(())
}

/// The format, word by word: it is stored in flash and files, and must not change unless its version
/// does.
#[test]
fn the_format_stays() -> Result<(), Error> {
    // Five filters of one tap of six channels: a panel of eight, and two quads.
    let plan = ConvI8::new(
        Geometry::conv2d([4, 4, 6], 5, [1, 1]),
        Quantization::int8(-3, 9),
    )?;
    let weights: Vec<i8> = (1..=30).map(|n| if n % 2 == 0 { n } else { -n }).collect();
    let mut packed = vec![0x5555_5555; plan.packed_len()];
    let scales = Scales::Multipliers(&[Multiplier::new(1 << 30, -4)?]);
    plan.pack(
        Weights::Ohwi(&weights),
        Some(&[1, 2, 3, 4, 5]),
        scales,
        &mut packed,
    )?;
    let quad = |a: i8, b: i8, c: i8, d: i8| i32::from_le_bytes([a, b, c, d].map(|x| x as u8));
    #[rustfmt::skip]
    let panel = [
        1, 2, 3, 4, 5, 0, 0, 0,
        3, 3, 3, 3, 3, 0, 0, 0,
        1 << 30, 1 << 30, 1 << 30, 1 << 30, 1 << 30, 0, 0, 0,
        -4, -4, -4, -4, -4, 0, 0, 0,
        quad(-1, 2, -3, 4), quad(-7, 8, -9, 10), quad(-13, 14, -15, 16), quad(-19, 20, -21, 22),
        quad(-25, 26, -27, 28), 0, 0, 0,
        quad(-5, 6, 0, 0), quad(-11, 12, 0, 0), quad(-17, 18, 0, 0), quad(-23, 24, 0, 0),
        quad(-29, 30, 0, 0), 0, 0, 0,
    ];
    let (panels, seal) = packed.split_at(panel.len());
    assert_eq!(panels, panel);
    assert_eq!(seal, [0x7263_696d, 0x766e_6f63, 0x2000_0002, DENSE ^ PLAIN]);
    // One filter whose M is not below 1/2, or whose sums may leave half of an int32.
    let mut multipliers = [Multiplier::new(1 << 30, -4)?; 5];
    multipliers[4] = Multiplier::new(1 << 30, 0)?;
    for (bias, scales) in [
        (5, Scales::Multipliers(&multipliers)),
        (1 << 30, scales),
        (-1 << 30, scales),
    ] {
        let bias = [1, 2, 3, 4, bias];
        plan.pack(Weights::Ohwi(&weights), Some(&bias), scales, &mut packed)?;
        assert_eq!(packed.last(), Some(&DENSE));
    }

    // Depthwise: five channels under two taps.
    let plan = ConvI8::new(
        Geometry::depthwise2d([4, 4, 5], 1, [1, 2]),
        Quantization::int8(0, 0),
    )?;
    let mut packed = vec![0x5555_5555; plan.packed_len()];
    let weights = [1, -2, 3, -4, 5, 6, -7, 8, -9, 10];
    plan.pack(Weights::Hwio(&weights), None, scales, &mut packed)?;
    let (panels, seal) = packed.split_at(36);
    assert_eq!(&panels[8..16], [7, -9, 11, -13, 15, 0, 0, 0]);
    assert_eq!(
        &panels[32..],
        [quad(1, -2, 3, -4), 5, quad(6, -7, 8, -9), 10]
    );
    assert_eq!(seal[..3], [0x7263_696d, 0x766e_6f63, 0x2000_0002]);
    Ok(())
}

/// What the digest of that layer is.
const DENSE: i32 = 795_952_639;

/// What it is changed by if all filters are plain.
const PLAIN: i32 = 0x1555_5555;

/// A program links the rounding that a constant plan names and no other, so weights for another are refused.
#[test]
fn a_plan_runs_no_rounding_but_its_own() -> Result<(), Error> {
    let geometry = Geometry::conv2d([2, 3, 4], 5, [1, 1]);
    let roundings = [
        (Rounding::Tflite, "microconv_i8_tflite"),
        (Rounding::TfliteSingle, "microconv_i8_rounded"),
        (Rounding::Float, "microconv_i8_rounded"),
    ];
    for (rounding, name) in roundings {
        let plan = ConvI8::new(geometry, Quantization::int8(0, 0).rounding(rounding))?;
        let text = plan.c_initializer().to_string();
        assert!(
            text.contains(&format!("microconv_i8_pointwise, {name}, {{")),
            "{text}"
        );
        for (other, _) in roundings {
            let packing = ConvI8::new(geometry, Quantization::int8(0, 0).rounding(other))?;
            let mut packed = vec![0; plan.packed_len()];
            packing.pack(Weights::Ohwi(&[1; 20]), None, Scales::ONE, &mut packed)?;
            let ran = plan.run(Level::detect(), &[1i8; 24], &packed, &mut [0i8; 30]);
            if other == rounding {
                assert_eq!(ran, Ok(()));
            } else {
                assert!(matches!(ran, Err(Error::PackedGeometry { .. })), "{ran:?}");
            }
        }
    }
    Ok(())
}

#[test]
fn three_orders_are_one() {
    for (seed, layer) in [
        Geometry::conv2d([5, 6, 3], 21, [3, 2]),
        Geometry::conv2d([5, 6, 6], 15, [2, 3]).groups(3),
        Geometry::depthwise2d([5, 6, 7], 2, [3, 3]),
        Geometry::conv3d([3, 4, 5, 2], 5, [3, 2, 2]),
    ]
    .into_iter()
    .enumerate()
    {
        let mut case = CaseI8::new(layer, seed as u64);
        let taps: usize = layer.kernel.iter().product();
        let depth = layer.channels / layer.groups;
        case.bias = None;
        let mut first = None;
        for order in ORDERS {
            case.order = order;
            for filter in 0..layer.filters {
                for tap in 0..taps {
                    for channel in 0..depth {
                        let at = case.weight_at(filter, tap, channel);
                        case.weights[at] = (filter * 31 + tap * 7 + channel) as i8;
                    }
                }
            }
            case.pack();
            assert_eq!(
                *first.get_or_insert(case.packed.clone()),
                case.packed,
                "{case}"
            );
        }
    }
}

/// The proof is sharp: the largest bias is packed, runs on every level, and one more is refused.
#[test]
fn sums_reach_the_ends_of_int32_and_no_further() -> Result<(), Error> {
    let levels = levels_i8();
    for (seed, layer) in [
        Geometry::conv2d([3, 3, 40], 18, [3, 3]).padding(Padding::Same),
        Geometry::conv1d([2, 3000], 3, 1),
        Geometry::depthwise2d([4, 4, 19], 1, [3, 3]).padding(Padding::Same),
    ]
    .into_iter()
    .enumerate()
    {
        for zero in [-128, -1, 0, 77, 127] {
            let mut case = CaseI8::with(
                layer,
                Rounding::Tflite,
                Numbers::Extreme,
                FACTORS[3],
                seed as u64,
            );
            case.plan = ConvI8::new(layer, Quantization::int8(zero, 0))?;
            let ends: Vec<_> = (0..layer.filters)
                .map(|filter| case.reach(filter))
                .collect();
            let most = ends
                .iter()
                .map(|[_, most]| (i64::from(i32::MAX) - most) as i32);
            let least = ends
                .iter()
                .map(|[least, _]| (i64::from(i32::MIN) - least) as i32);
            for (bias, more) in [(most.collect::<Vec<_>>(), 1), (least.collect(), -1)] {
                case.bias = Some(bias.clone());
                case.pack();
                case.check(&levels);
                for filter in [0, layer.filters - 1] {
                    let mut beyond = bias.clone();
                    beyond[filter] += more;
                    let mut packed = vec![7; case.plan.packed_len()];
                    let refused = case.plan.pack(
                        case.weights(),
                        Some(&beyond),
                        case.scales.scales(),
                        &mut packed,
                    );
                    assert_eq!(refused, Err(Error::Accumulator { filter }), "{case}");
                    assert!(packed.iter().all(|word| *word == 7));
                }
            }
        }
    }
    Ok(())
}

/// Weights too many for int32, without any bias.
#[test]
fn too_many_weights_are_refused() -> Result<(), Error> {
    let plan = ConvI8::new(
        Geometry::conv1d([1, 70_000], 1, 1),
        Quantization::int8(-128, 0),
    )?;
    let mut packed = vec![0; plan.packed_len()];
    let mut weights = vec![127; plan.weights_len()];
    let refused = plan.pack(Weights::Ohwi(&weights), None, Scales::ONE, &mut packed);
    assert_eq!(refused, Err(Error::Accumulator { filter: 0 }));
    weights.truncate(35_000);
    weights.resize(70_000, -100);
    plan.pack(Weights::Ohwi(&weights), None, Scales::ONE, &mut packed)
}

#[test]
fn a_plan_refuses_what_is_wrong() {
    let layer = Geometry::conv2d([4, 4, 2], 3, [3, 3]);
    let good = Quantization::int8(0, 0);
    let refused = |quantization| ConvI8::new(layer, quantization).err();
    let zero_point = |argument, given| Some(Error::ZeroPoint { argument, given });
    for given in [-129, 128, i32::MIN, i32::MAX] {
        assert_eq!(
            refused(Quantization::int8(given, 0)),
            zero_point(Argument::Input, given)
        );
        assert_eq!(
            refused(Quantization::int8(0, given)),
            zero_point(Argument::Output, given)
        );
    }
    for given in [-1, 256] {
        assert_eq!(
            refused(Quantization::uint8(given, 0)),
            zero_point(Argument::Input, given)
        );
        assert_eq!(
            refused(Quantization::uint8(0, given)),
            zero_point(Argument::Output, given)
        );
    }
    for (min, max) in [(1, 0), (-129, 127), (0, 128), (i32::MIN, i32::MAX)] {
        let (low, high) = (min as f32, max as f32);
        assert_eq!(
            refused(good.clamp(min, max)),
            Some(Error::Clamp {
                min: low,
                max: high
            })
        );
    }
    let empty = Geometry { batch: 0, ..layer };
    assert_eq!(
        ConvI8::new(empty, good).err(),
        empty.sizes().err(),
        "a geometry's own errors"
    );
    assert_eq!(refused(good), None);
}

#[test]
fn packing_refuses_what_is_wrong() -> Result<(), Error> {
    let plan = ConvI8::new(
        Geometry::conv2d([4, 4, 2], 3, [3, 3]),
        Quantization::int8(0, 0),
    )?;
    let weights = vec![1; plan.weights_len()];
    let mut packed = vec![7; plan.packed_len() + 1];
    let (len, needed) = (plan.packed_len(), plan.weights_len());
    let mut pack = |weights: &[i8], bias: &[i32], scales: Scales<'_>, len: usize| {
        let result = plan.pack(
            Weights::Ohwi(weights),
            Some(bias),
            scales,
            &mut packed[..len],
        );
        assert!(packed.iter().all(|word| *word == 7), "nothing is written");
        result
    };
    let wrong = |argument, needed, given| {
        Err(Error::Length {
            argument,
            needed,
            given,
        })
    };
    assert_eq!(
        pack(&weights[1..], &[0; 3], Scales::ONE, len),
        wrong(Argument::Weights, needed, needed - 1)
    );
    assert_eq!(
        pack(&weights, &[0; 2], Scales::ONE, len),
        wrong(Argument::Bias, 3, 2)
    );
    assert_eq!(
        pack(&weights, &[0; 3], Scales::Multipliers(&[]), len),
        wrong(Argument::Scales, 3, 0)
    );
    for short in [len - 1, len + 1] {
        assert_eq!(
            pack(&weights, &[0; 3], Scales::ONE, short),
            wrong(Argument::Packed, len, short)
        );
    }
    for (input, weight, output) in [
        (0.0, 1.0, 1.0),
        (-1.0, 1.0, 1.0),
        (f32::NAN, 1.0, 1.0),
        (1.0, -1.0, 1.0),
        (1.0, f32::NAN, 1.0),
        (1.0, f32::INFINITY, 1.0),
        (1.0, 1.0, 0.0),
        (1.0, 1.0, f32::NAN),
        (1.0, 1.0, f32::INFINITY),
        (f32::INFINITY, 1.0, 1.0),
        (f32::INFINITY, 1.0, f32::INFINITY),
        (f32::INFINITY, 0.0, 1.0),
        (1e30, 1e30, 1e-30),
    ] {
        let weight_scales = [1.0, weight, 1.0];
        let scales = Scales::Real {
            input,
            weights: &weight_scales,
            output,
        };
        // All filters share two of the scales, so the first is refused, unless it is the weights'.
        let filter = usize::from(input == 1.0 && output == 1.0);
        let expected = Err(Error::Multiplier { filter });
        assert_eq!(pack(&weights, &[0; 3], scales, len), expected);
    }
    Ok(())
}

#[test]
fn a_run_refuses_what_is_wrong() -> Result<(), Error> {
    let layer = Geometry::conv2d([4, 4, 2], 3, [3, 3]);
    let plan = ConvI8::new(layer, Quantization::int8(4, 0))?;
    let mut packed = vec![0; plan.packed_len()];
    let weights = vec![1; plan.weights_len()];
    plan.pack(Weights::Ohwi(&weights), None, Scales::ONE, &mut packed)?;
    let input = [1i8; 32];
    let wrong = |argument, needed, given| {
        Err(Error::Length {
            argument,
            needed,
            given,
        })
    };
    let mut output = [9i8; 13];
    for level in Level::all() {
        assert_eq!(
            plan.run(level, &input[1..], &packed, &mut output[1..]),
            wrong(Argument::Input, 32, 31)
        );
        assert_eq!(
            plan.run(level, &input, &packed[1..], &mut output[1..]),
            wrong(Argument::Packed, packed.len(), packed.len() - 1)
        );
        assert_eq!(
            plan.run(level, &input, &packed, &mut output),
            wrong(Argument::Output, 12, 13)
        );
        assert_eq!(
            plan.run(level, &[1u8; 32], &packed, &mut output[1..]),
            Err(Error::Type {
                argument: Argument::Input,
                needed: "int8",
                given: "uint8"
            })
        );
        assert_eq!(
            plan.run(level, &input, &packed, &mut [0u8; 12]),
            Err(Error::Type {
                argument: Argument::Output,
                needed: "int8",
                given: "uint8"
            })
        );
        assert_eq!(
            plan.run_rows(level, 1..3, &input, &packed, &mut output[1..]),
            Err(Error::Rows {
                needed: 2,
                start: 1,
                end: 3
            })
        );
        // The proof was made for another zero point, the words for another rounding.
        for other in [
            Quantization::int8(5, 0),
            Quantization::int8(4, 0).rounding(Rounding::Float),
            Quantization::int8(4, 0).rounding(Rounding::TfliteSingle),
        ] {
            let other = ConvI8::new(layer, other)?;
            let refused = other.run(level, &input, &packed, &mut output[1..]);
            assert!(
                matches!(refused, Err(Error::PackedGeometry { .. })),
                "{refused:?}"
            );
        }
        assert_eq!(output, [9; 13], "nothing is written");
        // Another output zero point and clamp, and uint8 with the same zero, are served.
        let other = ConvI8::new(layer, Quantization::int8(4, 20).clamp(0, 60))?;
        other.run(level, &input, &packed, &mut output[1..])?;
        assert_eq!(output[1..], [0; 12]);
        let unsigned = ConvI8::new(layer, Quantization::uint8(132, 0))?;
        unsigned.run(level, &[133u8; 32], &packed, &mut [0u8; 12])?;
        output = [9; 13];
    }
    Ok(())
}

/// TensorFlow Lite's clamps: quantized bounds, ties away from zero, within the type.
#[test]
fn activations_are_quantized() {
    let range = |zero, activation, scale| {
        let quantization = Quantization::int8(0, zero).activation(activation, scale);
        (quantization.min, quantization.max)
    };
    assert_eq!(range(-128, Activation::RELU, 0.1), (-128, 127));
    assert_eq!(range(5, Activation::RELU, 0.1), (5, 127));
    assert_eq!(range(-20, Activation::RELU6, 0.05), (-20, 100));
    assert_eq!(range(0, Activation::RELU6, 0.01), (0, 127));
    let symmetric = Activation {
        min: -1.0,
        max: 1.0,
    };
    assert_eq!(range(0, symmetric, 0.4), (-3, 3));
    assert_eq!(range(3, symmetric, 1e-30), (-128, 127));
    let quantization = Quantization::uint8(0, 10).activation(Activation::RELU6, 0.5);
    assert_eq!((quantization.min, quantization.max), (10, 22));
}

/// Every rounding with every kind of number, over a few layers.
#[test]
fn numbers() {
    let levels = levels_i8();
    let layers = [
        Geometry::conv2d([4, 17, 5], 21, [3, 3]).padding(Padding::Same),
        Geometry::conv2d([3, 7, 6], 22, [2, 2]).groups(2),
        Geometry::conv2d([5, 5, 16], 32, [1, 1]),
        Geometry::depthwise2d([4, 7, 21], 1, [3, 3]).padding(Padding::Same),
        Geometry::depthwise2d([4, 5, 5], 3, [3, 3]).padding(Padding::Same),
    ];
    for layer in layers {
        for rounding in ROUNDINGS {
            for numbers in NUMBERS {
                for factors in FACTORS {
                    let mut seen = vec![];
                    for seed in 0..12 {
                        let case = CaseI8::with(layer, rounding, numbers, factors, seed);
                        case.check(&levels);
                        seen.push(case.plan.quantization().input);
                    }
                    assert!(seen.contains(&Bytes::Int8) && seen.contains(&Bytes::Uint8));
                }
            }
        }
    }
}

/// Depthwise windows of 3x3, which have kernels of their own: every width of a row, every way in which
/// neighbouring windows overlap, channels that fill vectors and that do not.
#[test]
fn depthwise_of_three() {
    let levels = levels_i8();
    let mut seed = 0;
    for channels in [5, 8, 16, 19, 40, 256, 263, 272] {
        for [stride, dilation] in [[1, 1], [2, 1], [3, 1], [1, 2], [2, 2], [4, 2]] {
            for width in [1, 2, 5, 7, 9, 12, 17] {
                if channels > 40 && width > 9 {
                    continue;
                }
                let side = seed as usize % 4;
                let padding = Padding::sides([[side, 3], [3 - side / 2, 1 + side]]);
                let layer = Geometry::depthwise2d([3, width, channels], 1, [3, 3])
                    .stride(stride)
                    .dilation(dilation)
                    .padding(padding);
                let rounding = ROUNDINGS[seed as usize % ROUNDINGS.len()];
                let factors = FACTORS[seed as usize % FACTORS.len()];
                CaseI8::with(layer, rounding, NUMBERS[0], factors, seed).check(&levels);
                CaseI8::with(layer, Rounding::Tflite, NUMBERS[0], factors, seed).check(&levels);
                // Without a weight of -128, which some kernels leave to others.
                CaseI8::with(layer, Rounding::Tflite, Numbers::Small, factors, seed).check(&levels);
                seed += 1;
            }
        }
    }
}

/// The same, of images that are cut into parts: narrow and high, or wide, or both; of int8 and uint8.
#[test]
fn depthwise_of_three_in_parts() {
    let levels = levels_i8();
    let mut seed = 0;
    for input in [
        [70, 5, 64],
        [23, 3, 80],
        [40, 4, 17],
        [12, 1, 33],
        [3, 1100, 3],
        [4, 601, 7],
        [3, 515, 8],
        [3, 300, 12],
        [4, 300, 20],
        [90, 30, 12],
        [80, 61, 8],
        [50, 70, 1],
    ] {
        let mut seen = vec![];
        for stride in [1, 2] {
            let layer = Geometry::depthwise2d(input, 1, [3, 3])
                .stride(stride)
                .padding(Padding::Same);
            for factors in FACTORS.into_iter().cycle().take(8) {
                let case = CaseI8::with(layer, Rounding::Tflite, Numbers::Small, factors, seed);
                case.check(&levels);
                seen.push(case.plan.quantization().input);
                seed += 1;
            }
        }
        assert!(seen.contains(&Bytes::Int8) && seen.contains(&Bytes::Uint8));
    }
}

/// Channels that are no whole vectors, in all the ways that they can be shared out among blocks; one pixel and more
/// than fit at once; and zero points, clamps and biases of any size, up to where a sum is no longer small.
#[test]
fn depthwise_of_three_in_blocks() {
    let levels = levels_i8();
    let mut rng = Rng(5);
    let mut seed = 0;
    for channels in [
        1, 4, 8, 12, 16, 24, 31, 32, 48, 52, 60, 64, 72, 100, 116, 144, 330,
    ] {
        for stride in [1, 2] {
            for [height, width] in [[1, 1], [2, 3], [5, 8], [4, 33], [3, 131]] {
                if channels > 64 && width > 33 {
                    continue;
                }
                let padding = match seed % 3 {
                    0 => Padding::Same,
                    1 => Padding::sides([[1, 1], [1, 1]]),
                    _ => Padding::sides([[2, 0], [0, 3]]),
                };
                let layer = Geometry::depthwise2d([height, width, channels], 1, [3, 3])
                    .batch(1 + seed as usize % 2)
                    .stride(stride)
                    .padding(padding);
                let mut case = CaseI8::with(layer, Rounding::Tflite, NUMBERS[0], FACTORS[0], seed);
                case.check(&levels);
                // Every shift to the right, and biases about the ends of what is small.
                let multipliers = (0..channels).map(|_| {
                    let value = (1 << 30) + rng.below(1 << 30) as i32;
                    Multiplier::new(value, -1 - rng.below(31) as i32).expect("in range")
                });
                case.scales = OwnScales::Multipliers(multipliers.collect());
                for limit in [1 << 22, (1 << 22) - 9 * 255 * 128, 1 << 29] {
                    let bias = (0..channels).map(|_| {
                        let bias = limit + rng.below(3) as i32 - 1;
                        if rng.below(2) == 0 { bias } else { -bias }
                    });
                    case.bias = Some(bias.collect());
                    case.pack();
                    case.check(&levels);
                }
                seed += 1;
            }
        }
    }
}

/// Layers that are worth it to be multiplied two pixels at a time, where a level can.
#[test]
fn wide_layers() {
    let levels = levels_i8();
    let layers = [
        Geometry::conv2d([7, 9, 32], 64, [3, 3]).padding(Padding::Same),
        Geometry::conv2d([5, 11, 36], 75, [3, 3])
            .padding(Padding::Same)
            .stride(2),
        Geometry::conv2d([3, 5, 128], 134, [1, 1]),
        Geometry::conv2d([4, 6, 128], 250, [2, 2]).groups(2),
        Geometry::conv2d([9, 9, 40], 61, [3, 3])
            .padding(Padding::Same)
            .dilation(2),
        Geometry::conv2d([3, 4, 240], 61, [3, 3]).padding(Padding::Same),
        Geometry::conv2d([2, 4, 300], 61, [3, 3]).padding(Padding::Same),
    ];
    let mut seed = 0;
    for layer in layers {
        for rounding in ROUNDINGS {
            for _ in 0..4 {
                let factors = FACTORS[seed as usize % FACTORS.len()];
                CaseI8::with(layer, rounding, NUMBERS[0], factors, seed).check(&levels);
                seed += 1;
            }
        }
    }
}

/// A sum longer than any block that a kernel may cut it into.
#[test]
fn long_sums() {
    let levels = levels_i8();
    for (seed, layer) in [
        Geometry::conv2d([5, 5, 700], 37, [3, 3]).padding(Padding::Same),
        Geometry::conv1d([19, 9001], 5, 1),
        Geometry::conv2d([4, 3, 5001], 20, [1, 1]),
        Geometry::conv2d([3, 9, 514], 300, [2, 2]).stride(2),
        Geometry::conv2d([9, 9, 1], 20, [9, 9]).padding(Padding::square(8)),
        Geometry::depthwise2d([20, 20, 33], 1, [11, 13]).padding(Padding::Same),
    ]
    .into_iter()
    .enumerate()
    {
        for rounding in ROUNDINGS {
            CaseI8::with(layer, rounding, NUMBERS[seed % 3], FACTORS[0], seed as u64)
                .check(&levels);
        }
    }
}

/// Windows of three columns, which AVX2 computes by fewer products of larger numbers: those of the
/// longest windows that it does so for, at the ends of every range, where what is added wraps; one past
/// them; rows of odd lengths; windows that reach into the padding and out of it.
#[test]
fn three_columns() {
    let levels = levels_i8();
    let mut seed = 0;
    for layer in [
        Geometry::conv2d([3, 6, 3640], 9, [3, 3]),
        Geometry::conv2d([3, 6, 3644], 9, [3, 3]),
        Geometry::conv2d([1, 7, 10920], 8, [1, 3]).padding(Padding::Same),
        Geometry::conv2d([9, 7, 64], 33, [3, 3]).padding(Padding::Same),
        Geometry::conv2d([6, 5, 12], 19, [5, 3]).padding(Padding::square(3)),
        Geometry::conv2d([13, 26, 20], 5, [3, 3]).dilation(2),
        Geometry::conv3d([3, 4, 9, 8], 17, [3, 2, 3]).padding(Padding::Same),
    ] {
        for numbers in NUMBERS {
            seed += 1;
            CaseI8::with(layer, ROUNDINGS[seed % 3], numbers, FACTORS[0], seed as u64)
                .check(&levels);
        }
    }
}

/// Windows of rows of the image that are laid out once and kept: in strips, with rows that no window
/// reaches between those of two images, and any range of output rows.
#[test]
fn rows_that_are_kept() {
    let levels = levels_i8();
    let mut seed = 0;
    for layer in [
        Geometry::conv2d([7, 400, 24], 20, [3, 3]).padding(Padding::Same),
        Geometry::conv2d([9, 123, 100], 35, [3, 3]).stride(2),
        Geometry::conv2d([12, 40, 4], 5, [7, 5]).padding(Padding::square(6)),
        Geometry::conv2d([16, 33, 8], 17, [2, 3]).stride(5).batch(3),
        Geometry::conv2d([3, 29, 8], 9, [1, 3]).padding(Padding::Same),
        Geometry::conv2d([20, 17, 12], 33, [8, 1]).padding(Padding::Same),
        Geometry::conv2d([40, 14, 16], 64, [3, 3]).padding(Padding::Same),
    ] {
        for numbers in NUMBERS {
            seed += 1;
            let case = CaseI8::with(layer, ROUNDINGS[seed % 3], numbers, FACTORS[0], seed as u64);
            case.check(&levels);
            let (sums, bytes) = case.run_rows(Level::named("scalar").unwrap(), 1..3);
            for &level in &levels {
                let (given_sums, given_bytes) = case.run_rows(level, 1..3);
                case.compare(level, "sum", &given_sums, &sums);
                case.compare(level, "byte", &given_bytes, &bytes);
            }
        }
    }
}

/// No kernel takes more stack than the crate's documentation says, with some room for what calls it: a
/// thread with less than two kernels' would end the process. (Without optimisation, frames are larger.)
#[test]
#[cfg(not(debug_assertions))]
fn stack() {
    for layer in [
        Geometry::conv2d([9, 8, 64], 64, [3, 3]).padding(Padding::Same),
        Geometry::conv2d([9, 8, 64], 64, [3, 3]).stride(2),
        Geometry::conv2d([9, 8, 64], 64, [1, 1]),
        Geometry::depthwise2d([9, 8, 64], 1, [3, 3]).padding(Padding::Same),
        Geometry::depthwise2d([9, 8, 64], 1, [5, 5]),
    ] {
        let case = CaseI8::new(layer, 1);
        let sums = case.sums();
        let expected = (sums.clone(), case.bytes(&sums));
        for level in levels_i8() {
            let given = std::thread::scope(|scope| {
                std::thread::Builder::new()
                    .stack_size(64 << 10)
                    .spawn_scoped(scope, || case.run_rows(level, 0..case.plan.output_rows()))
                    .expect("a thread")
                    .join()
                    .expect("no panic")
            });
            assert!(given == expected, "{level}: {case}");
        }
    }
}

/// A scale for all filters is the same as one for each.
#[test]
fn one_scale_stands_for_all() {
    let mut case = CaseI8::with(
        Geometry::conv2d([4, 4, 3], 21, [2, 2]),
        Rounding::Tflite,
        Numbers::Usual,
        FACTORS[4],
        1,
    );
    let packed = case.packed.clone();
    if let OwnScales::Real { weights, .. } = &mut case.scales {
        *weights = vec![weights[0]; 21];
    }
    case.pack();
    assert_eq!(case.packed, packed);
}
