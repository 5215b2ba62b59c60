//! Every way in which a call can be refused: what it says, and that it has written nothing.

mod common;

use common::levels_f32;
use microconv::{
    Activation, Argument, Axis, ConvF32, Error, Geometry, Level, Padding, Quantity, Weights,
    receptive_field, reference,
};

const AXES: [Axis; 3] = [Axis::Depth, Axis::Height, Axis::Width];

fn layer() -> Geometry {
    Geometry::conv2d([4, 5, 6], 4, [3, 3])
        .padding(Padding::Same)
        .groups(2)
}

fn refusal(geometry: Geometry) -> Error {
    let error = ConvF32::new(geometry, Activation::NONE).expect_err("a bad geometry");
    if error != Error::Overflow(Quantity::PackedLen) {
        assert_eq!(geometry.sizes(), Err(error));
        let reference = reference::chain(&geometry, &[], Weights::Ohwi(&[]), None, &mut []);
        assert_eq!(reference, Err(error));
    }
    error
}

#[test]
fn zeros() {
    let zero = |geometry: Geometry, quantity| {
        assert_eq!(refusal(geometry), Error::Zero(quantity));
        assert_eq!(
            receptive_field(&[layer(), geometry]),
            Err(Error::Zero(quantity))
        );
    };
    zero(layer().batch(0), Quantity::Batch);
    zero(
        Geometry {
            channels: 0,
            ..layer()
        },
        Quantity::Channels,
    );
    zero(
        Geometry {
            filters: 0,
            ..layer()
        },
        Quantity::Filters,
    );
    zero(layer().groups(0), Quantity::Groups);
    for (n, axis) in AXES.into_iter().enumerate() {
        let without = |numbers: [usize; 3]| {
            let mut numbers = numbers;
            numbers[n] = 0;
            numbers
        };
        let layer = layer();
        zero(
            Geometry {
                input: without(layer.input),
                ..layer
            },
            Quantity::Input(axis),
        );
        zero(
            Geometry {
                kernel: without(layer.kernel),
                ..layer
            },
            Quantity::Kernel(axis),
        );
        zero(layer.strides(without(layer.stride)), Quantity::Stride(axis));
        zero(
            layer.dilations(without(layer.dilation)),
            Quantity::Dilation(axis),
        );
    }
    // A depthwise layer has as many groups as channels.
    assert_eq!(
        refusal(Geometry::depthwise2d([4, 4, 0], 1, [3, 3])),
        Error::Zero(Quantity::Channels)
    );
    assert_eq!(
        refusal(Geometry::depthwise2d([4, 4, 2], 0, [3, 3])),
        Error::Zero(Quantity::Filters)
    );
}

#[test]
fn groups() {
    let groups = |groups, channels, filters| {
        let geometry = Geometry::conv2d([4, 4, channels], filters, [1, 1]).groups(groups);
        assert_eq!(
            refusal(geometry),
            Error::Groups {
                groups,
                channels,
                filters
            }
        );
    };
    groups(4, 6, 8);
    groups(4, 8, 6);
    groups(7, 6, 6);
    groups(usize::MAX, 6, 6);
}

#[test]
fn windows() {
    for (n, axis) in AXES.into_iter().enumerate() {
        let mut geometry = Geometry::conv3d([9, 9, 9, 1], 1, [1, 1, 1]).padding(Padding::cube(1));
        geometry.kernel[n] = 4;
        geometry.dilation[n] = 4;
        assert_eq!(
            refusal(geometry),
            Error::Window {
                axis,
                needed: 13,
                given: 11
            }
        );
        geometry.input[n] = 11;
        assert_eq!(geometry.sizes().map(|sizes| sizes.output[n]), Ok(1));
    }
    let valid = Geometry::conv2d([2, 2, 1], 1, [1, 3]);
    assert_eq!(
        refusal(valid),
        Error::Window {
            axis: Axis::Width,
            needed: 3,
            given: 2
        }
    );
}

#[test]
fn clamps() {
    let refused = |min: f32, max: f32| match ConvF32::new(layer(), Activation { min, max }) {
        Err(Error::Clamp { min: a, max: b }) => {
            assert_eq!((a.to_bits(), b.to_bits()), (min.to_bits(), max.to_bits()));
        }
        other => panic!("{min}..{max}: {other:?}"),
    };
    refused(1.0, 0.0);
    refused(f32::NAN, 0.0);
    refused(0.0, f32::NAN);
    refused(f32::NAN, f32::NAN);
    refused(f32::INFINITY, f32::NEG_INFINITY);
    for (min, max) in [
        (0.0, 0.0),
        (-0.0, 0.0),
        (0.0, -0.0),
        (f32::INFINITY, f32::INFINITY),
    ] {
        assert!(
            ConvF32::new(layer(), Activation { min, max }).is_ok(),
            "{min}..{max}"
        );
    }
}

/// Sizes that no slice has. Half the bits of an address, so that a product of two does not fit.
#[test]
fn overflows() {
    const HALF: usize = 1 << (usize::BITS / 2);
    const MOST: usize = usize::MAX;
    let overflow = |geometry: Geometry, quantity| {
        assert_eq!(refusal(geometry), Error::Overflow(quantity), "{geometry:?}");
    };
    let one = Geometry::conv2d([1, 1, 1], 1, [1, 1]);

    overflow(
        Geometry::conv2d([HALF, HALF, 1], 1, [1, 1]),
        Quantity::InputLen,
    );
    overflow(
        Geometry::conv2d([HALF, 1, HALF], 1, [1, 1]),
        Quantity::InputLen,
    );
    overflow(one.batch(MOST), Quantity::InputLen);
    overflow(
        Geometry {
            channels: MOST,
            ..one
        },
        Quantity::InputLen,
    );
    overflow(one.padding(Padding::square(HALF)), Quantity::InputLen);
    overflow(
        Geometry::conv2d([1, 1, HALF], 1, [1, 1]).stride(HALF),
        Quantity::InputLen,
    );
    overflow(
        Geometry::conv2d([HALF, 1, 1], HALF, [1, 1]),
        Quantity::OutputLen,
    );
    overflow(
        Geometry {
            filters: MOST,
            ..one
        },
        Quantity::Filters,
    );
    // So many filters that even their number has no place; it is then as large as it can be.
    let filters = Geometry::depthwise2d([1, 1, HALF], HALF, [1, 1]).filters;
    assert_eq!(filters, MOST);
    for (channels, multiplier) in [(HALF, HALF), (HALF + 1, HALF), (3, MOST - 2)] {
        overflow(
            Geometry::depthwise2d([1, 1, channels], multiplier, [1, 1]),
            Quantity::Filters,
        );
    }
    // Weights that fit, but not when a filter is filled up to four.
    let side = 1 << (usize::BITS / 2 - 3);
    overflow(
        Geometry::conv2d([side, side, 1], 1, [side, side]),
        Quantity::PackedLen,
    );
    overflow(
        Geometry::conv2d([1, 1, HALF / 2], HALF / 2, [1, 1]),
        Quantity::PackedLen,
    );
    for (n, axis) in AXES.into_iter().enumerate() {
        let with = |number: usize| {
            let mut numbers = [1; 3];
            numbers[n] = number;
            numbers
        };
        overflow(
            Geometry {
                input: with(MOST),
                ..one
            },
            Quantity::Input(axis),
        );
        overflow(one.strides(with(MOST)), Quantity::Stride(axis));
        overflow(one.dilations(with(MOST)), Quantity::Dilation(axis));
        overflow(
            Geometry {
                kernel: with(MOST),
                ..one
            },
            Quantity::Kernel(axis),
        );
        overflow(
            Geometry {
                kernel: with(HALF),
                ..one
            }
            .dilations(with(HALF)),
            Quantity::Kernel(axis),
        );
        for padding in [[MOST, 0], [0, MOST], [MOST, MOST], [MOST / 2, MOST / 2]] {
            let mut sides = [[0; 2]; 3];
            sides[n] = padding;
            overflow(one.padding(Padding::Explicit(sides)), Quantity::Input(axis));
        }
        let same = Geometry {
            kernel: with(HALF),
            ..one
        }
        .dilations(with(HALF));
        overflow(same.padding(Padding::Same), Quantity::Kernel(axis));

        let far = one.strides(with(HALF));
        let field = receptive_field(&[
            far,
            far,
            Geometry {
                kernel: with(2),
                ..one
            },
        ]);
        assert_eq!(field, Err(Error::Overflow(Quantity::ReceptiveField(axis))));
    }
    #[cfg(target_pointer_width = "64")]
    {
        let kernel = [1 << 15, 1 << 15];
        let image = Geometry::conv2d([1 << 20, 1 << 20, 1], 1, kernel).padding(Padding::Same);
        overflow(image, Quantity::Macs);
        // What a 32-bit target refuses has its sizes here.
        for geometry in only_on_64_bits() {
            assert!(
                ConvF32::new(geometry, Activation::NONE).is_ok(),
                "{geometry:?}"
            );
        }
    }
    #[cfg(target_pointer_width = "32")]
    for geometry in only_on_64_bits() {
        assert!(
            matches!(refusal(geometry), Error::Overflow(_)),
            "{geometry:?}"
        );
    }
}

fn only_on_64_bits() -> [Geometry; 4] {
    [
        Geometry::conv2d([65_536, 65_536, 1], 1, [1, 1]),
        Geometry::conv2d([65_536, 1, 1], 65_536, [1, 1]),
        Geometry::conv2d([1, 1, 65_536], 65_536, [1, 1]),
        Geometry::conv1d([1, 1], 1, 1).padding(Padding::sides([[0, 0], [1 << 30, 1 << 30]])),
    ]
}

/// All that a run of `layer` takes, right.
struct Run {
    plan: ConvF32,
    input: Vec<f32>,
    packed: Vec<f32>,
    weights: Vec<f32>,
    output: Vec<f32>,
}

fn right() -> Run {
    let plan = ConvF32::new(layer(), Activation::RELU).expect("a good geometry");
    let weights = vec![0.5; plan.weights_len()];
    let mut packed = vec![0.0; plan.packed_len()];
    plan.pack(Weights::Ohwi(&weights), None, &mut packed)
        .expect("good weights");
    let (input, output) = (
        vec![1.0; plan.input_len()],
        vec![PATTERN; plan.output_len()],
    );
    Run {
        plan,
        input,
        packed,
        weights,
        output,
    }
}

const PATTERN: f32 = -123.456;

/// A change to a run's slices is refused by `run` and `run_rows` on every level, and the output is
/// as it was.
fn refused(expected: Error, change: impl Fn(&mut Run)) {
    let mut run = right();
    change(&mut run);
    let Run {
        plan,
        input,
        packed,
        mut output,
        ..
    } = run;
    for level in Level::all() {
        let rows = 0..plan.output_rows();
        let result = plan.run(level, &input, &packed, &mut output, &mut []);
        assert_eq!(result, Err(expected), "{level}");
        let result = plan.run_rows(level, rows, &input, &packed, &mut output, &mut []);
        assert_eq!(result, Err(expected), "{level}");
    }
    assert!(output.iter().all(|x| *x == PATTERN));
}

fn length(argument: Argument, needed: usize, given: usize) -> Error {
    Error::Length {
        argument,
        needed,
        given,
    }
}

/// Lengths that are not `needed`.
fn wrong(needed: usize) -> [usize; 5] {
    [0, 1, needed - 1, needed + 1, 2 * needed]
}

#[test]
fn lengths_of_a_run() {
    levels_f32();
    let plan = right().plan;
    for given in wrong(plan.input_len()) {
        let error = length(Argument::Input, plan.input_len(), given);
        refused(error, |run| run.input.resize(given, 1.0));
    }
    for given in wrong(plan.packed_len()) {
        let error = length(Argument::Packed, plan.packed_len(), given);
        refused(error, |run| run.packed.resize(given, 1.0));
    }
    for given in wrong(plan.output_len()) {
        let error = length(Argument::Output, plan.output_len(), given);
        refused(error, |run| run.output.resize(given, PATTERN));
    }
}

/// More scratch than is needed is no error.
#[test]
fn scratch_may_be_longer() -> Result<(), Error> {
    let Run {
        plan,
        input,
        packed,
        mut output,
        ..
    } = right();
    let mut scratch = vec![PATTERN; plan.scratch_len() + 100];
    plan.run(Level::detect(), &input, &packed, &mut output, &mut scratch)?;
    assert!(scratch[plan.scratch_len()..].iter().all(|x| *x == PATTERN));
    Ok(())
}

#[test]
fn lengths_of_rows() {
    let Run {
        plan,
        input,
        packed,
        mut output,
        ..
    } = right();
    let (row, len) = (plan.input_row_len(), plan.output_row_len());
    let from = plan.input_rows(1..2).expect("a row");
    assert_eq!(from, 0..3);
    for level in levels_f32() {
        let mut part = |rows: std::ops::Range<usize>, input: &[f32], output_len: usize| {
            let output = &mut output[..output_len];
            let result = plan.run_rows(level, rows, input, &packed, output, &mut []);
            assert!(result.is_ok() || output.iter().all(|x| *x == PATTERN));
            output.fill(PATTERN);
            result
        };
        assert_eq!(part(1..2, &input[..3 * row], len), Ok(()));
        // The whole image is not the rows that these need.
        let error = length(Argument::Input, 3 * row, input.len());
        assert_eq!(part(1..2, &input, len), Err(error));
        let error = length(Argument::Input, 3 * row, 2 * row);
        assert_eq!(part(1..2, &input[..2 * row], len), Err(error));
        let error = length(Argument::Output, len, 2 * len);
        assert_eq!(part(1..2, &input[..3 * row], 2 * len), Err(error));
        let error = length(Argument::Output, len, 0);
        assert_eq!(part(1..2, &input[..3 * row], 0), Err(error));
        // No rows need nothing and write nothing.
        assert_eq!(part(2..2, &[], 0), Ok(()));
        assert_eq!(
            part(2..2, &input[..row], 0),
            Err(length(Argument::Input, 0, row))
        );
        assert_eq!(part(2..2, &[], len), Err(length(Argument::Output, 0, len)));
    }
}

#[test]
fn rows() {
    let Run {
        plan,
        input,
        packed,
        mut output,
        ..
    } = right();
    assert_eq!(plan.output_rows(), 4);
    let backwards = std::ops::Range { start: 3, end: 2 };
    for rows in [
        0..5,
        4..5,
        5..5,
        5..6,
        backwards,
        0..usize::MAX,
        usize::MAX..usize::MAX,
    ] {
        let error = Error::Rows {
            needed: 4,
            start: rows.start,
            end: rows.end,
        };
        assert_eq!(plan.input_rows(rows.clone()), Err(error));
        for level in levels_f32() {
            let result = plan.run_rows(level, rows.clone(), &input, &packed, &mut output, &mut []);
            assert_eq!(result, Err(error));
        }
    }
    assert!(output.iter().all(|x| *x == PATTERN));
    assert_eq!(plan.input_rows(4..4), Ok(0..0));
}

#[test]
fn lengths_of_packing() {
    let Run { plan, weights, .. } = right();
    let mut packed = vec![PATTERN; plan.packed_len()];
    for given in wrong(plan.weights_len()) {
        let weights = vec![1.0; given];
        let error = Err(length(Argument::Weights, plan.weights_len(), given));
        assert_eq!(plan.pack(Weights::Ohwi(&weights), None, &mut packed), error);
        assert_eq!(
            plan.pack(Weights::Oihw(&weights), Some(&[0.0; 4]), &mut packed),
            error
        );
        assert_eq!(plan.pack(Weights::Hwio(&weights), None, &mut packed), error);
    }
    for given in wrong(4) {
        let error = Err(length(Argument::Bias, 4, given));
        let bias = vec![1.0; given];
        assert_eq!(
            plan.pack(Weights::Ohwi(&weights), Some(&bias), &mut packed),
            error
        );
    }
    assert!(packed.iter().all(|x| *x == PATTERN));
    for given in wrong(plan.packed_len()) {
        let error = Err(length(Argument::Packed, plan.packed_len(), given));
        let mut packed = vec![PATTERN; given];
        assert_eq!(plan.pack(Weights::Ohwi(&weights), None, &mut packed), error);
        assert!(packed.iter().all(|x| *x == PATTERN));
    }
    let error = Err(length(Argument::Packed, plan.packed_len(), 7));
    assert_eq!(plan.packed::<7>(Weights::Ohwi(&weights), None), error);
}

#[test]
fn lengths_of_the_references() {
    let geometry = layer();
    let Run {
        plan,
        input,
        weights,
        ..
    } = right();
    let len = plan.output_len();
    // Lengths of input, weights, bias, sums and magnitudes.
    let lengths = [input.len(), weights.len(), 4, len, len];
    let arguments = [
        Argument::Input,
        Argument::Weights,
        Argument::Bias,
        Argument::Output,
        Argument::Magnitudes,
    ];
    for (which, argument) in arguments.into_iter().enumerate() {
        for given in wrong(lengths[which]) {
            let mut lengths = lengths;
            let needed = std::mem::replace(&mut lengths[which], given);
            let [input, weights, bias, ..] = lengths.map(|len| vec![1.0; len]);
            let (mut sums, mut magnitudes) = (vec![7.0; lengths[3]], vec![7.0; lengths[4]]);
            let mut chain = vec![7.0; lengths[3]];
            let (weights, bias) = (Weights::Hwio(&weights), Some(&bias[..]));
            let error = Err(length(argument, needed, given));
            let result =
                reference::conv(&geometry, &input, weights, bias, &mut sums, &mut magnitudes);
            assert_eq!(result, error);
            assert!(sums.iter().chain(&magnitudes).all(|x| *x == 7.0));
            if argument != Argument::Magnitudes {
                let result = reference::chain(&geometry, &input, weights, bias, &mut chain);
                assert_eq!(result, error);
                assert!(chain.iter().all(|x| *x == 7.0));
            }
        }
    }
}

/// The seal's words from the back: layer, version, and two that say whose it is.
#[test]
fn seals() {
    let at = |run: &Run, word: usize| run.packed.len() - word;
    refused(Error::NotPacked, |run| run.packed.fill(0.0));
    refused(Error::NotPacked, |run| run.packed.fill(f32::NAN));
    for word in [3, 4] {
        for bit in 0..32 {
            refused(Error::NotPacked, |run| {
                let at = at(run, word);
                run.packed[at] = f32::from_bits(run.packed[at].to_bits() ^ 1 << bit);
            });
        }
    }
    let run = right();
    let digest = run.packed[at(&run, 1)].to_bits();
    for bit in 0..32 {
        let given = digest ^ 1 << bit;
        refused(
            Error::PackedGeometry {
                needed: digest,
                given,
            },
            |run| {
                let at = at(run, 1);
                run.packed[at] = f32::from_bits(given);
            },
        );
    }
    let version = run.packed[at(&run, 2)].to_bits();
    for (given, other) in [(version - 1, 1), (version + 1, 3), (version + 255, 257)] {
        refused(
            Error::PackedVersion {
                needed: 2,
                given: other,
            },
            |run| {
                let at = at(run, 2);
                run.packed[at] = f32::from_bits(given);
            },
        );
    }
    for bit in 0..32 {
        let Run {
            plan,
            input,
            mut packed,
            mut output,
            ..
        } = right();
        let at = packed.len() - 2;
        packed[at] = f32::from_bits(version ^ 1 << bit);
        let result = plan.run(Level::detect(), &input, &packed, &mut output, &mut []);
        // Two bits make it the word of weights that are packed for a Winograd algorithm.
        let refused = match bit {
            17 | 18 => matches!(result, Err(Error::PackedAlgorithm { .. })),
            _ => matches!(result, Err(Error::PackedVersion { .. })),
        };
        assert!(refused, "{bit}: {result:?}");
        assert!(output.iter().all(|x| *x == PATTERN));
    }
}

/// Layers whose packed weights are as long, and mean something else.
#[test]
fn weights_of_another_layer() {
    let pointwise = Geometry::conv2d([8, 8, 6], 4, [1, 1]);
    let others = [
        (layer(), layer().dilation(2)),
        (
            layer(),
            Geometry {
                kernel: [1, 9, 1],
                ..layer()
            },
        ),
        (
            layer(),
            Geometry {
                kernel: [9, 1, 1],
                ..layer()
            },
        ),
        (
            layer(),
            Geometry {
                channels: 3,
                groups: 1,
                filters: 8,
                ..layer()
            },
        ),
        (
            layer(),
            Geometry {
                filters: 6,
                ..layer()
            },
        ),
        (
            pointwise,
            Geometry {
                filters: 3,
                ..pointwise
            },
        ),
        (
            pointwise,
            Geometry {
                channels: 3,
                kernel: [1, 1, 2],
                ..pointwise
            },
        ),
    ];
    for (packed_for, run_as) in others {
        let plan = |geometry| ConvF32::new(geometry, Activation::NONE).expect("a good geometry");
        let (whose, plan) = (plan(packed_for), plan(run_as));
        assert_eq!(
            whose.packed_len(),
            plan.packed_len(),
            "{packed_for:?} {run_as:?}"
        );
        let mut packed = vec![0.0; whose.packed_len()];
        let weights = vec![1.0; whose.weights_len()];
        whose
            .pack(Weights::Ohwi(&weights), None, &mut packed)
            .expect("good weights");
        let mut output = vec![PATTERN; plan.output_len()];
        let input = vec![1.0; plan.input_len()];
        for level in levels_f32() {
            let result = plan.run(level, &input, &packed, &mut output, &mut []);
            assert!(
                matches!(result, Err(Error::PackedGeometry { .. })),
                "{result:?}: {run_as:?}"
            );
            assert!(output.iter().all(|x| *x == PATTERN));
        }
    }
}

#[test]
fn bytes() {
    let Run { plan, packed, .. } = right();
    let len = plan.packed_len();
    // Room for a float more, to be off by a byte in.
    let mut floats = packed.clone();
    floats.push(0.0);
    // SAFETY: floats are bytes, and the vector outlives the slice.
    let bytes: &[u8] =
        unsafe { std::slice::from_raw_parts(floats.as_ptr().cast(), 4 * floats.len()) };
    assert_eq!(plan.packed_from_bytes(&bytes[..4 * len]), Ok(&packed[..]));
    for given in 1..4 {
        let error = Error::Alignment { needed: 4, given };
        assert_eq!(
            plan.packed_from_bytes(&bytes[given..][..4 * len]),
            Err(error)
        );
    }
    let wrong = |count: usize, given| {
        let error = length(Argument::Packed, len, given);
        assert_eq!(
            plan.packed_from_bytes(&bytes[..count]),
            Err(error),
            "{count} bytes"
        );
    };
    wrong(0, 0);
    wrong(4 * len - 4, len - 1);
    wrong(4 * len + 4, len + 1);
    // A part of a float is one float more than fits.
    for part in [4 * len - 3, 4 * len - 1, 4 * len + 1, 4 * len + 3] {
        let result = plan.packed_from_bytes(&bytes[..part]);
        assert!(
            matches!(result, Err(Error::Length { .. })),
            "{part} bytes: {result:?}"
        );
    }
    let zeros = vec![0u32; len];
    // SAFETY: words are bytes, and the vector outlives the slice.
    let zeros = unsafe { std::slice::from_raw_parts(zeros.as_ptr().cast(), 4 * len) };
    assert_eq!(plan.packed_from_bytes(zeros), Err(Error::NotPacked));
}

/// Each says what was needed and what was given.
#[test]
fn texts() {
    let text = |error: Error, expected: &str| assert_eq!(error.to_string(), expected);
    text(
        Error::Zero(Quantity::Batch),
        "batch is 0, at least 1 is needed",
    );
    text(
        Error::Zero(Quantity::Input(Axis::Depth)),
        "input depth is 0, at least 1 is needed",
    );
    text(
        Error::Zero(Quantity::Kernel(Axis::Height)),
        "kernel height is 0, at least 1 is needed",
    );
    text(
        Error::Zero(Quantity::Stride(Axis::Width)),
        "stride width is 0, at least 1 is needed",
    );
    text(
        Error::Zero(Quantity::Dilation(Axis::Width)),
        "dilation width is 0, at least 1 is needed",
    );
    text(
        Error::Zero(Quantity::Channels),
        "input channels is 0, at least 1 is needed",
    );
    text(
        Error::Zero(Quantity::Filters),
        "filters is 0, at least 1 is needed",
    );
    text(
        Error::Zero(Quantity::Groups),
        "groups is 0, at least 1 is needed",
    );
    for (quantity, name) in [
        (Quantity::InputLen, "padded input length"),
        (Quantity::OutputLen, "output length"),
        (Quantity::PackedLen, "packed length"),
        (Quantity::Macs, "multiply-accumulates"),
        (
            Quantity::ReceptiveField(Axis::Height),
            "receptive field height",
        ),
    ] {
        let expected = format!("{name} is larger than this target can address");
        text(Error::Overflow(quantity), &expected);
    }
    text(
        Error::Groups {
            groups: 4,
            channels: 6,
            filters: 8,
        },
        "4 groups must divide both 6 input channels and 8 filters",
    );
    text(
        Error::Window {
            axis: Axis::Width,
            needed: 5,
            given: 3,
        },
        "the window needs 5 along width, the padded input has 3",
    );
    text(
        Error::Clamp {
            min: 1.0,
            max: -0.5,
        },
        "the range 1 to -0.5 holds no number to clamp to",
    );
    for (argument, name) in [
        (Argument::Input, "input"),
        (Argument::Weights, "weights"),
        (Argument::Bias, "bias"),
        (Argument::Packed, "packed weights"),
        (Argument::Scratch, "scratch"),
        (Argument::Output, "output"),
        (Argument::Magnitudes, "magnitudes"),
        (Argument::Memory, "memory"),
        (Argument::Lines, "lines"),
        (Argument::PackedPointwise, "packed pointwise weights"),
    ] {
        text(
            length(argument, 12, 11),
            &format!("{name}: 12 elements needed, 11 given"),
        );
    }
    text(
        Error::Pointwise {
            quantity: Quantity::Padding(Axis::Width),
            needed: 0,
            given: 2,
        },
        "padding width of the pointwise layer is 2, 0 is needed",
    );
    text(
        Error::Rows {
            needed: 4,
            start: 3,
            end: 5,
        },
        "rows 3..5 are not within the 4 rows of the output",
    );
    text(
        Error::Alignment {
            needed: 4,
            given: 3,
        },
        "packed weights must lie at a multiple of 4 bytes, they lie 3 past one",
    );
    text(
        Error::NotPacked,
        "the packed weights carry no seal of this crate",
    );
    text(
        Error::PackedVersion {
            needed: 1,
            given: 2,
        },
        "the weights are packed in format version 2, version 1 is needed",
    );
    text(
        Error::PackedGeometry {
            needed: 0x2000_0001,
            given: 0x3000_0000,
        },
        "the weights were packed for layer 0x30000000, layer 0x20000001 is needed",
    );
    text(Error::LevelUnknown, "no level has this name");
    text(
        Error::LevelAbsent("neon"),
        "level neon is not available on this CPU or in this build",
    );
    let error: &dyn std::error::Error = &Error::NotPacked;
    assert!(error.source().is_none());
}
