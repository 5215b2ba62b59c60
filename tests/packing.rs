//! The packed buffer: the same whenever and from whatever order it is made, and whole after a trip
//! through text or bytes.

mod common;

use common::{Case, ORDERS, Order, Rng, Values, assert_same, levels_f32};
use microconv::{Activation, ConvF32, Error, Geometry, Padding, Weights};

fn plan(geometry: Geometry) -> ConvF32 {
    ConvF32::new(geometry, Activation::NONE).expect("a good geometry")
}

fn layers() -> impl Iterator<Item = Geometry> {
    (1..=40).flat_map(|filters| {
        [
            Geometry::conv2d([5, 6, 3], filters, [3, 2]),
            Geometry::conv2d([5, 6, 6], 3 * filters, [2, 3]).groups(3),
            Geometry::depthwise2d([5, 6, filters], 2, [3, 3]),
            Geometry::conv3d([3, 4, 5, 2], filters, [3, 2, 2]),
        ]
    })
}

fn bits(packed: &[f32]) -> Vec<u32> {
    packed.iter().map(|x| x.to_bits()).collect()
}

/// The same weights in three orders, laid out here from a list of (filter, tap, channel).
#[test]
fn three_orders_are_one() {
    for (seed, layer) in layers().enumerate() {
        let mut case = Case::new(layer, seed as u64);
        let taps: usize = layer.kernel.iter().product();
        let depth = layer.channels / layer.groups;
        let mut first = None;
        for order in ORDERS {
            case.order = order;
            for filter in 0..layer.filters {
                for tap in 0..taps {
                    for channel in 0..depth {
                        let at = case.weight_at(filter, tap, channel);
                        case.weights[at] = (filter * 10_000 + tap * 100 + channel) as f32;
                    }
                }
            }
            case.pack();
            let packed = bits(&case.packed);
            assert_eq!(*first.get_or_insert(packed.clone()), packed, "{case}");
        }
    }
}

/// The format, word by word: it is stored in flash and files, and must not change unless its
/// version does.
#[test]
fn the_format_stays() {
    // Five filters of two channels: one panel of eight.
    let layer = plan(Geometry::conv2d([4, 4, 2], 5, [1, 1]));
    let weights = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0];
    let mut packed = vec![f32::NAN; layer.packed_len()];
    let bias = [-1.0, -2.0, -3.0, -4.0, -5.0];
    layer
        .pack(Weights::Ohwi(&weights), Some(&bias), &mut packed)
        .expect("good weights");
    #[rustfmt::skip]
    let panel = [
        -1.0, -2.0, -3.0, -4.0, -5.0, 0.0, 0.0, 0.0,
         1.0,  3.0,  5.0,  7.0,  9.0, 0.0, 0.0, 0.0,
         2.0,  4.0,  6.0,  8.0, 10.0, 0.0, 0.0, 0.0,
    ];
    let (panels, seal) = packed.split_at(24);
    assert_eq!(bits(panels), bits(&panel));
    assert_eq!(bits(seal), [0x7263_696d, 0x766e_6f63, 0x2000_0002, DIGEST]);

    // Two groups of eighteen filters of two channels: a panel of sixteen and one of four each.
    let layer = plan(Geometry::conv2d([4, 4, 4], 36, [1, 1]).groups(2));
    let weights: Vec<f32> = (0..72).map(|n| n as f32).collect();
    let mut packed = vec![f32::NAN; layer.packed_len()];
    layer
        .pack(Weights::Hwio(&weights), None, &mut packed)
        .expect("good weights");
    let mut expected = vec![];
    for group in 0..2 {
        let channels = [0, 1].map(|channel| &weights[channel * 36 + group * 18..][..18]);
        expected.extend([0.0; 16]);
        expected.extend(channels.iter().flat_map(|filters| &filters[..16]));
        expected.extend([0.0; 4]);
        expected.extend(channels.iter().flat_map(|f| [f[16], f[17], 0.0, 0.0]));
    }
    assert_eq!(bits(&packed[..120]), bits(&expected));
    assert_eq!(packed.len(), 124);
}

/// What the digest of that layer is.
const DIGEST: u32 = 0x39eb_1476;

const CONST_PLAN: ConvF32 = {
    let geometry = Geometry::conv2d([6, 6, 3], 18, [3, 3]).padding(Padding::Same);
    match ConvF32::new(geometry, Activation::RELU) {
        Ok(plan) => plan,
        Err(_) => panic!("bad geometry"),
    }
};
const CONST_WEIGHTS: [f32; CONST_PLAN.weights_len()] = {
    let mut weights = [0.0; CONST_PLAN.weights_len()];
    let mut n = 0;
    while n < weights.len() {
        weights[n] = n as f32 / 7.0 - 30.0;
        n += 1;
    }
    weights
};
const BIAS: [f32; 18] = [0.1; 18];
static PACKED: [f32; CONST_PLAN.packed_len()] =
    match CONST_PLAN.packed(Weights::Oihw(&CONST_WEIGHTS), Some(&BIAS)) {
        Ok(packed) => packed,
        Err(_) => panic!("bad weights"),
    };
static IN_PLACE: [f32; CONST_PLAN.packed_len()] = {
    let mut packed = [0.0; CONST_PLAN.packed_len()];
    match CONST_PLAN.pack(Weights::Hwio(&CONST_WEIGHTS), None, &mut packed) {
        Ok(()) => packed,
        Err(_) => panic!("bad weights"),
    }
};
const REFUSED: Result<[f32; 3], Error> = CONST_PLAN.packed(Weights::Ohwi(&CONST_WEIGHTS), None);

#[test]
fn packed_by_the_compiler() {
    let mut packed = vec![f32::NAN; CONST_PLAN.packed_len()];
    CONST_PLAN
        .pack(Weights::Oihw(&CONST_WEIGHTS), Some(&BIAS), &mut packed)
        .expect("good weights");
    assert_eq!(bits(&PACKED), bits(&packed));
    CONST_PLAN
        .pack(Weights::Hwio(&CONST_WEIGHTS), None, &mut packed)
        .expect("good weights");
    assert_eq!(bits(&IN_PLACE), bits(&packed));
    assert!(matches!(REFUSED, Err(Error::Length { given: 3, .. })));
}

/// As a build script would write them into a source file. The seal is made of numbers too.
#[test]
fn printed_and_parsed() {
    for (seed, layer) in layers().enumerate() {
        let values = [Values::Unit, Values::Wide, Values::Tiny][seed % 3];
        let case = Case::with(layer, Activation::NONE, values, seed as u64);
        let seal = &case.packed[case.packed.len() - 4..];
        assert!(seal.iter().all(|word| word.is_normal()), "{seal:?}");
        let parsed: Vec<f32> = case
            .packed
            .iter()
            .map(|x| format!("{x:?}").parse().expect("a float literal"))
            .collect();
        assert_eq!(bits(&parsed), bits(&case.packed));
    }
}

/// As a file or a flash partition holds them.
#[test]
fn through_bytes() {
    for (seed, layer) in layers().enumerate() {
        let case = Case::new(layer, seed as u64);
        // SAFETY: floats are bytes, and the case outlives the slice.
        let bytes: &[u8] = unsafe {
            std::slice::from_raw_parts(case.packed.as_ptr().cast(), 4 * case.packed.len())
        };
        let packed = case.plan.packed_from_bytes(bytes).expect("its own weights");
        assert_eq!(
            (packed.as_ptr(), packed.len()),
            (case.packed.as_ptr(), case.packed.len())
        );
    }
}

/// Packing writes every word, whatever was there.
#[test]
fn nothing_is_left_over() {
    for (seed, layer) in layers().enumerate() {
        let case = Case::new(layer, seed as u64);
        let mut other = vec![1e30; case.packed.len()];
        case.plan
            .pack(case.weights(), case.bias(), &mut other)
            .expect("its own weights");
        assert_eq!(bits(&other), bits(&case.packed));
        assert!(
            other
                .iter()
                .all(|x| x.abs() < 1e29 || other[other.len() - 4..].contains(x))
        );
    }
}

/// One packed buffer serves every image, batch, stride and padding.
#[test]
fn weights_fit_every_image() {
    let levels = levels_f32();
    let layers = [
        Geometry::conv2d([8, 8, 3], 5, [3, 3]),
        Geometry::conv2d([8, 8, 4], 6, [2, 3]).groups(2),
        Geometry::depthwise2d([9, 9, 5], 2, [3, 3]).dilation(2),
        Geometry::conv2d([8, 8, 4], 4, [1, 1]),
        Geometry::conv2d([8, 8, 4], 4, [1, 3]).dilation(2),
    ];
    for layer in layers {
        let first = Case::new(layer, 1);
        let images = [[1, 8, 8], [1, 1, 1], [1, 1, 9], [1, 20, 1], [2, 7, 6]];
        for (seed, input) in images.into_iter().enumerate() {
            for padding in [Padding::Same, Padding::square(4)] {
                let image = Geometry { input, ..layer }
                    .padding(padding)
                    .batch(1 + seed)
                    .strides([1, 1 + seed % 2, 1 + seed % 3]);
                let mut case = Case::new(image, seed as u64);
                case.order = first.order;
                case.weights.clone_from(&first.weights);
                case.bias.clone_from(&first.bias);
                case.packed.clone_from(&first.packed);
                for &level in &levels {
                    let expected = case.expected(level.is_fused());
                    assert_same(&case.run(level), &expected, || format!("{level}: {case}"));
                }
            }
        }
    }
}

/// A bias of nothing is a bias of zeros.
#[test]
fn no_bias_is_zero() {
    for (seed, layer) in layers().enumerate() {
        let mut case = Case::new(layer, seed as u64);
        case.bias = None;
        case.pack();
        let without = bits(&case.packed);
        case.bias = Some(vec![0.0; layer.filters]);
        case.pack();
        assert_eq!(bits(&case.packed), without);
    }
}

/// TensorFlow Lite's depthwise weights, `[1][height][width][channel]`, are `Hwio`; a channel's
/// several filters stand side by side.
#[test]
fn depthwise_weights_of_tensorflow() -> Result<(), Error> {
    let layer = plan(Geometry::depthwise2d([1, 2, 3], 2, [1, 2]));
    // Tap by tap, the six filters: two of each channel.
    let weights = [
        1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0,
    ];
    let input = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let expected = [41.0, 82.0, 156.0, 208.0, 315.0, 378.0];
    let mut packed = vec![0.0; layer.packed_len()];
    layer.pack(Weights::Hwio(&weights), None, &mut packed)?;
    for level in levels_f32() {
        let mut output = [0.0; 6];
        layer.run(level, &input, &packed, &mut output, &mut [])?;
        assert_eq!(output, expected, "{level}");
    }
    Ok(())
}

#[test]
fn orders_are_told_apart() {
    let mut case = Case::new(Geometry::conv2d([5, 6, 3], 4, [3, 2]), 5);
    let mut rng = Rng(9);
    case.weights = rng.values(case.weights.len(), Values::Unit);
    let packed = [Order::Ohwi, Order::Oihw, Order::Hwio].map(|order| {
        case.order = order;
        case.pack();
        bits(&case.packed)
    });
    assert!(packed[0] != packed[1] && packed[1] != packed[2] && packed[0] != packed[2]);
}
