//! What int16 activations promise beside sums: the rounding, the proof that sums fit 48 bits, the packed
//! format, and the errors.

mod common;

use common::int16::{CaseI16, FACTORS, NUMBERS, Numbers, levels_i16};
use common::{ORDERS, Rng};
use microconv::{
    Activation, Argument, ConvI8, ConvI16, Error, Geometry, Multiplier, Padding, Quantization,
    RangeI16, Scales, Weights, reference,
};

/// Sums of no product: the biases, under a multiplier each.
fn requantized<const N: usize>(
    level: microconv::Level,
    sums: [i64; N],
    multipliers: &[Multiplier],
) -> [i16; N] {
    let plan = ConvI16::new(Geometry::conv1d([1, 1], N, 1), RangeI16::FULL).expect("a good layer");
    let mut packed = vec![0; plan.packed_len()];
    let scales = Scales::Multipliers(multipliers);
    plan.pack(Weights::Ohwi(&[0; N]), Some(&sums), scales, &mut packed)
        .expect("good weights");
    let mut output = [0x5a5a; N];
    plan.run(level, &[123], &packed, &mut output)
        .expect("good slices");
    output
}

/// Worked out by hand: ties go up, and of a multiplier 15 bits are kept.
#[test]
fn the_rounding_is_as_documented() -> Result<(), Error> {
    let table = [
        (-3, 0.5, -1),
        (-1, 0.5, 0),
        (1, 0.5, 1),
        (3, 0.5, 2),
        (-2, 0.25, 0),
        (-6, 0.25, -1),
        (30_000, 0.999_999, 29_999), // 0x7fff / 2^15: 29999.08
        (30_000, 1.0, 30_000),
        (1 << 20, 1.0, 32_767),
        (-(1 << 47), 127.0, -32_768),
        ((1 << 47) - 1, 127.0, 32_767),
        ((1 << 47) - 1, 1.0 / (1u64 << 33) as f64, 0),
        ((1 << 47) - 1, 1.0 / (1u64 << 32) as f64, 32_767),
    ];
    for level in levels_i16() {
        for (sum, scale, expected) in table {
            let multiplier = Multiplier::from_real(scale)?;
            let given = requantized(level, [sum], &[multiplier]);
            assert_eq!(given, [expected], "{level}: {sum} * {scale}");
        }
    }
    Ok(())
}

/// Sums around ties and at the ends of 48 bits, through every shift and where the multiplier's 15 bits
/// change.
#[test]
fn requantization_over_its_whole_range() -> Result<(), Error> {
    const FILTERS: usize = 64;
    let levels = levels_i16();
    let mut rng = Rng(7);
    for shift in -31..=7 {
        for value in [
            0,
            1,
            0x7fff,
            0x8000,
            0x4000_0000,
            0x4000_7fff,
            0x4000_8000,
            0x5a82_799a,
            0x7ffe_7fff,
            0x7ffe_8000,
            0x7ffe_ffff,
            0x7fff_0000,
            0x7fff_ffff,
        ] {
            let multiplier = Multiplier::new(value, shift)?;
            let sums: [i64; FILTERS] = std::array::from_fn(|n| match n {
                0 => (1 << 47) - 1,
                1 => -(1 << 47),
                2 => i32::MAX.into(),
                3 => i32::MIN.into(),
                4 => 1 << 31,
                5 => -(1 << 31) - 1,
                6..16 => rng.next() as i64 >> 16,
                // Half of the sums lie where the result is within the range of an int16.
                _ => {
                    let factor = f64::from(value.max(1)) * 2f64.powi(shift - 31);
                    let result = rng.below(1 << 17) as f64 / 2.0 - 32768.0;
                    let sum = (result / factor).clamp(-2f64.powi(48), 2f64.powi(48)) as i64
                        + rng.below(3) as i64
                        - 1;
                    sum.clamp(-(1 << 47), (1 << 47) - 1)
                }
            });
            let expected = sums
                .map(|sum| reference::requantize_i16(sum, multiplier).clamp(-32768, 32767) as i16);
            for &level in &levels {
                let given = requantized(level, sums, &[multiplier]);
                assert_eq!(given, expected, "{level} {multiplier:?} {sums:?}");
            }
        }
    }
    Ok(())
}

/// Products that are all as large as can be: what fits 32 bits together, and one quad more.
#[test]
fn the_largest_sums() -> Result<(), Error> {
    let levels = levels_i16();
    let long = [
        504, 507, 508, 509, 511, 512, 513, 1015, 1016, 1017, 1020, 2047, 5000,
    ];
    let dense = long.map(|channels| Geometry::conv1d([9, channels], 9, 1));
    let windows = [(13, 3), (43, 4), (16, 8)].map(|(channels, kernel)| {
        Geometry::conv2d([kernel, kernel + 2, channels], 5, [kernel, kernel])
            .padding(Padding::square(1))
    });
    let depthwise = [(127, 4), (169, 3), (510, 1), (256, 2)].map(|(width, height)| {
        Geometry::depthwise2d([height, width + 1, 6], 1, [height, width])
            .padding(Padding::sides([[1, 0], [0, 1]]))
    });
    for (seed, layer) in dense
        .into_iter()
        .chain(windows)
        .chain(depthwise)
        .enumerate()
    {
        for numbers in NUMBERS {
            CaseI16::with(layer, numbers, FACTORS[3], seed as u64).check(&levels);
        }
        for (weight, input) in [(-128, i16::MIN), (127, i16::MIN), (-128, i16::MAX)] {
            let mut case = CaseI16::with(layer, Numbers::Usual, FACTORS[0], seed as u64);
            case.weights.fill(weight);
            case.input.fill(input);
            // The whole sum comes to about a thousand.
            let reach = case.weights.len() / layer.filters * (1 << 22);
            case.scales = common::int8::OwnScales::Multipliers(vec![Multiplier::from_real(
                1000.0 / reach as f64,
            )?]);
            case.bias = None;
            case.plan = ConvI16::new(layer, RangeI16::FULL)?;
            case.pack();
            case.check(&levels);
        }
    }
    Ok(())
}

/// A plan and its weights at compile time, and the same numbers at run time.
#[test]
fn packing_at_compile_time_is_packing() -> Result<(), Error> {
    const PLAN: ConvI16 = {
        let geometry = Geometry::conv2d([6, 6, 3], 18, [3, 3]).padding(Padding::Same);
        match ConvI16::new(geometry, RangeI16::activation(Activation::RELU, 0.001)) {
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
        input: 0.0002,
        weights: &[0.003],
        output: 0.0005,
    };
    static PACKED: [i32; PLAN.packed_len()] =
        match PLAN.packed(Weights::Ohwi(&WEIGHTS), Some(&[1 << 33; 18]), SCALES) {
            Ok(packed) => packed,
            Err(_) => panic!("bad weights"),
        };
    let mut packed = vec![0; PLAN.packed_len()];
    let bias = [1 << 33; 18];
    PLAN.pack(Weights::Ohwi(&WEIGHTS), Some(&bias), SCALES, &mut packed)?;
    assert_eq!(packed, PACKED);
    assert_eq!((PLAN.range().min, PLAN.range().max), (0, 32767));
    // And through bytes.
    let mut words = vec![0i32; PACKED.len() + 1];
    words[..PACKED.len()].copy_from_slice(&PACKED);
    // SAFETY: bytes of words that are there.
    let bytes =
        unsafe { std::slice::from_raw_parts(words.as_ptr().cast::<u8>(), PACKED.len() * 4 + 1) };
    assert_eq!(PLAN.packed_from_bytes(&bytes[..PACKED.len() * 4])?, PACKED);
    assert_eq!(
        PLAN.packed_from_bytes(&bytes[1..]),
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
    // Two groups of a filter of one tap of six channels: panels of four, and two quads.
    let layer = Geometry::conv2d([4, 4, 12], 2, [1, 1]).groups(2);
    let plan = ConvI16::new(layer, RangeI16::FULL)?;
    let weights = [-1, 2, -3, 4, -5, 6, 7, -8, 9, -10, 11, -12];
    let mut packed = vec![0x5555_5555; plan.packed_len()];
    let multipliers = [
        Multiplier::new(0x4000_8000, -4)?,
        Multiplier::new(i32::MAX, 7)?,
    ];
    plan.pack(
        Weights::Ohwi(&weights),
        Some(&[-1, (5 << 32) + 6]),
        Scales::Multipliers(&multipliers),
        &mut packed,
    )?;
    let quad = |a: i8, b: i8, c: i8, d: i8| i32::from_le_bytes([a, b, c, d].map(|x| x as u8));
    #[rustfmt::skip]
    let panels = [
        -1, 0, 0, 0,
        -1, 0, 0, 0,
        0x4001, 0, 0, 0,
        19, 0, 0, 0,
        quad(-1, 2, -3, 4), 0, 0, 0,
        quad(-5, 6, 0, 0), 0, 0, 0,
        6, 0, 0, 0,
        5, 0, 0, 0,
        0x7fff, 0, 0, 0,
        8, 0, 0, 0,
        quad(7, -8, 9, -10), 0, 0, 0,
        quad(11, -12, 0, 0), 0, 0, 0,
    ];
    let (given, seal) = packed.split_at(panels.len());
    assert_eq!(given, panels);
    assert_eq!(seal[..3], [0x7263_696d, 0x766e_6f63, 0x2000_0002]);

    // It is no other plan's.
    let other = ConvI8::new(layer, Quantization::int8(0, 0))?;
    assert_eq!(other.packed_len(), plan.packed_len());
    let refused = other.run(levels_i16()[0], &[0i8; 192], &packed, &mut [0i8; 32]);
    assert!(
        matches!(refused, Err(Error::PackedGeometry { .. })),
        "{refused:?}"
    );
    other.pack(Weights::Ohwi(&weights), None, Scales::ONE, &mut packed)?;
    let refused = plan.run(levels_i16()[0], &[0; 192], &packed, &mut [0; 32]);
    assert!(
        matches!(refused, Err(Error::PackedGeometry { .. })),
        "{refused:?}"
    );
    Ok(())
}

#[test]
fn three_orders_are_one() {
    for (seed, layer) in [
        Geometry::conv2d([5, 6, 3], 21, [3, 2]),
        Geometry::conv2d([5, 6, 6], 15, [2, 3]).groups(3),
        Geometry::depthwise2d([5, 6, 7], 2, [3, 3]),
    ]
    .into_iter()
    .enumerate()
    {
        let mut case = CaseI16::new(layer, seed as u64);
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
            let expected = first.get_or_insert(case.packed.clone());
            assert_eq!(*expected, case.packed, "{case}");
        }
    }
}

/// The proof is sharp: the largest bias is packed, runs on every level, and one more is refused.
#[test]
fn sums_reach_the_ends_of_48_bits_and_no_further() {
    let levels = levels_i16();
    for (seed, layer) in [
        Geometry::conv2d([3, 3, 40], 18, [3, 3]).padding(Padding::Same),
        Geometry::conv1d([2, 3000], 3, 1),
        Geometry::conv2d([3, 3, 6], 40, [2, 2]).groups(2),
        Geometry::depthwise2d([4, 4, 19], 1, [3, 3]).padding(Padding::Same),
    ]
    .into_iter()
    .enumerate()
    {
        let mut case = CaseI16::with(layer, Numbers::Extreme, FACTORS[3], seed as u64);
        let ends: Vec<_> = (0..layer.filters)
            .map(|filter| case.biases(filter))
            .collect();
        for (end, more) in [(0, -1), (1, 1)] {
            let bias: Vec<i64> = ends.iter().map(|ends| ends[end]).collect();
            case.bias = Some(bias.clone());
            case.pack();
            case.check(&levels);
            for filter in [0, layer.filters / 2, layer.filters - 1] {
                for beyond in [
                    bias[filter] + more,
                    if more > 0 { i64::MAX } else { i64::MIN },
                ] {
                    let mut biases = bias.clone();
                    biases[filter] = beyond;
                    let mut packed = vec![7; case.plan.packed_len()];
                    let scales = case.scales.scales();
                    let refused =
                        case.plan
                            .pack(case.weights(), Some(&biases), scales, &mut packed);
                    assert_eq!(refused, Err(Error::Accumulator { filter }), "{case}");
                    assert!(packed.iter().all(|word| *word == 7));
                }
            }
        }
    }
}

/// What is wrong is refused, and nothing has been written then.
#[test]
fn what_is_wrong_is_refused() -> Result<(), Error> {
    let layer = Geometry::conv2d([4, 4, 2], 3, [3, 3]);
    let range = RangeI16 { min: 1, max: 0 };
    assert_eq!(
        ConvI16::new(layer, range).err(),
        Some(Error::Clamp { min: 1.0, max: 0.0 })
    );
    assert!(ConvI16::new(layer.groups(2), RangeI16::FULL).is_err());

    let plan = ConvI16::new(layer, RangeI16::FULL)?;
    let length = |argument, needed, given| {
        Err(Error::Length {
            argument,
            needed,
            given,
        })
    };
    let mut packed = vec![7; plan.packed_len()];
    let mut pack = |weights: usize, bias: usize, scales: Scales<'_>, short: usize| {
        let len = packed.len() - short;
        let bias = vec![0; bias];
        let result = plan.pack(
            Weights::Ohwi(&vec![0; weights]),
            Some(&bias),
            scales,
            &mut packed[..len],
        );
        assert!(packed.iter().all(|word| *word == 7));
        result
    };
    let words = plan.packed_len();
    assert_eq!(
        pack(53, 3, Scales::ONE, 0),
        length(Argument::Weights, 54, 53)
    );
    assert_eq!(pack(54, 4, Scales::ONE, 0), length(Argument::Bias, 3, 4));
    assert_eq!(
        pack(54, 3, Scales::ONE, 1),
        length(Argument::Packed, words, words - 1)
    );
    let two = [Multiplier::new(1 << 30, 0)?; 2];
    assert_eq!(
        pack(54, 3, Scales::Multipliers(&two), 0),
        length(Argument::Scales, 3, 2)
    );
    // 2^7 and more, and what is no scale at all.
    let good = Multiplier::new(i32::MAX, 7)?;
    for bad in [Multiplier::new(1 << 30, 8)?, Multiplier::new(0, 30)?] {
        let scales = [good, bad, good];
        let refused = pack(54, 3, Scales::Multipliers(&scales), 0);
        assert_eq!(refused, Err(Error::Multiplier { filter: 1 }));
    }
    for weights in [[1.0, 1.0, 128.0], [1.0, 1.0, f32::NAN]] {
        let scales = Scales::Real {
            input: 1.0,
            weights: &weights,
            output: 1.0,
        };
        assert_eq!(pack(54, 3, scales, 0), Err(Error::Multiplier { filter: 2 }));
    }

    plan.pack(Weights::Ohwi(&[0; 54]), None, Scales::ONE, &mut packed)?;
    let mut output = [0x5a5a; 12];
    for level in levels_i16() {
        let mut run = |input: usize, packed: &[i32], len: usize| {
            let result = plan.run(level, &vec![1; input], packed, &mut output[..len]);
            assert_eq!(output, [0x5a5a; 12]);
            result
        };
        assert_eq!(run(31, &packed, 12), length(Argument::Input, 32, 31));
        assert_eq!(run(32, &packed, 11), length(Argument::Output, 12, 11));
        assert_eq!(
            run(32, &packed[1..], 12),
            length(Argument::Packed, words, words - 1)
        );
        assert_eq!(run(32, &vec![0; words], 12), Err(Error::NotPacked));
        let rows = plan.run_rows(level, 1..3, &[], &packed, &mut output);
        assert_eq!(
            rows,
            Err(Error::Rows {
                needed: 2,
                start: 1,
                end: 3
            })
        );
    }
    Ok(())
}

#[test]
fn activations_become_ranges() {
    let range = |activation, scale| {
        let RangeI16 { min, max } = RangeI16::activation(activation, scale);
        (min, max)
    };
    assert_eq!(range(Activation::NONE, 1.0), (-32768, 32767));
    assert_eq!(range(Activation::RELU, 0.5), (0, 32767));
    assert_eq!(range(Activation::RELU6, 0.001), (0, 6000));
    assert_eq!(range(Activation::RELU6, 0.0001), (0, 32767));
    let one = Activation {
        min: -1.0,
        max: 1.0,
    };
    assert_eq!(range(one, 0.4), (-3, 3));
    // Beyond all numbers of the type.
    let above = Activation { min: 1e6, max: 2e6 };
    assert_eq!(range(above, 1.0), (32767, 32767));
    assert_eq!(RangeI16::default(), RangeI16::FULL);
}
