//! A layer and the pointwise one behind it, run together.

mod common;

use common::{Case, Pair, UNWRITTEN, assert_same, levels_f32};
use microconv::{
    Activation, Argument, Axis, ConvF32, Error, Geometry, Level, Padding, Quantity, SeparableF32,
};
use std::ops::Range;

fn depthwise(input: [usize; 3]) -> Geometry {
    Geometry::depthwise2d(input, 1, [3, 3]).padding(Padding::Same)
}

fn pairs() -> Vec<Pair> {
    let layers = [
        (depthwise([7, 9, 16]), 24, 1),
        (depthwise([12, 12, 24]).stride(2), 8, 1),
        (depthwise([5, 30, 3]), 17, 1),
        (depthwise([3, 3, 40]), 33, 1),
        (depthwise([6, 5, 8]).batch(3), 12, 4),
        (depthwise([9, 4, 6]).dilation(2), 6, 6),
        (
            Geometry::depthwise2d([6, 6, 5], 3, [5, 5]).padding(Padding::square(3)),
            9,
            1,
        ),
        // Rows of padding alone.
        (
            Geometry::depthwise2d([3, 4, 8], 1, [2, 2]).padding(Padding::square(4)),
            5,
            1,
        ),
        (
            Geometry::conv2d([6, 6, 4], 8, [3, 3]).padding(Padding::Same),
            16,
            1,
        ),
        (Geometry::conv1d([20, 4], 8, 3).batch(2), 5, 1),
        (
            Geometry::conv3d([3, 4, 5, 4], 4, [3, 3, 3])
                .groups(4)
                .padding(Padding::cube(1))
                .batch(2),
            7,
            1,
        ),
    ];
    let case =
        |(seed, (layer, filters, groups))| Pair::new(Case::new(layer, seed), filters, groups);
    (0..).zip(layers).map(case).collect()
}

fn plan(geometry: Geometry) -> ConvF32 {
    ConvF32::new(geometry, Activation::NONE).expect("a good geometry")
}

/// With every number of rows of scratch, and some floats that make no row.
#[test]
fn same_bits_as_two_layers() {
    let levels = levels_f32();
    for mut pair in pairs() {
        for &level in &levels {
            let expected = pair.expected(level.is_fused());
            let rows = pair.first.plan.output_rows();
            for rows in 1..=rows + 1 {
                assert_same(&pair.run(level, rows), &expected, || {
                    format!("{level}, {rows} rows: {pair}")
                });
            }
        }
    }
}

fn run_part(pair: &Pair, level: Level, rows: Range<usize>, scratch: usize) -> Vec<f32> {
    let plan = &pair.plan;
    let row = plan.spatial().input_row_len();
    let from = plan.input_rows(rows.clone()).expect("rows of the plan");
    let input = &pair.first.input[from.start * row..from.end * row];
    let mut output = vec![UNWRITTEN; rows.len() * plan.pointwise().output_row_len()];
    let mut scratch = vec![UNWRITTEN; scratch];
    plan.run_rows(level, rows, input, pair.packed(), &mut output, &mut scratch)
        .unwrap_or_else(|error| panic!("{error}: {pair}"));
    output
}

#[test]
fn every_part_is_part_of_the_whole() {
    let levels = levels_f32();
    for pair in pairs() {
        let (rows, row) = (
            pair.first.plan.output_rows(),
            pair.second.plan.output_row_len(),
        );
        let least = pair.plan.scratch_len();
        for &level in &levels {
            let whole = pair.run(level, 1);
            for start in 0..=rows {
                for end in start..=rows {
                    let part = run_part(&pair, level, start..end, least * (1 + end % 3) + end % 2);
                    assert_same(&part, &whole[start * row..end * row], || {
                        format!("{level} {start}..{end}: {pair}")
                    });
                }
            }
        }
    }
}

#[test]
fn in_place() -> Result<(), Error> {
    let levels = levels_f32();
    for mut pair in pairs() {
        let plan = pair.plan;
        let (input, output) = (plan.spatial().input_len(), plan.pointwise().output_len());
        let row = plan.pointwise().output_row_len();
        for &level in &levels {
            let result = pair.expected(level.is_fused());
            for lead in [0, 1, row / 2, row, 2 * row, 5 * row] {
                let memory = input.max(output) + lead;
                let mut expected = pair.first.memory(memory);
                expected[..output].copy_from_slice(&result);
                let fewest = plan.in_place_lines_len(memory)?;
                for more in [0, row - 1, 2 * row] {
                    let given = pair.run_in_place(level, memory, fewest + more);
                    assert_same(&given, &expected, || {
                        format!("{level}, {memory}, {fewest} + {more}: {pair}")
                    });
                }
            }
        }
    }
    Ok(())
}

#[test]
fn lengths() -> Result<(), Error> {
    const SPATIAL: Geometry =
        Geometry::depthwise2d([56, 56, 144], 1, [3, 3]).padding(Padding::Same);
    const PLAN: SeparableF32 = match (
        ConvF32::new(SPATIAL, Activation::RELU6),
        ConvF32::new(
            Geometry::conv2d([56, 56, 144], 24, [1, 1]),
            Activation::NONE,
        ),
    ) {
        (Ok(spatial), Ok(pointwise)) => match SeparableF32::new(spatial, pointwise) {
            Ok(plan) => plan,
            Err(_) => panic!("bad pair"),
        },
        _ => panic!("bad geometry"),
    };
    const LENGTHS: [usize; 2] = [PLAN.scratch_len(), PLAN.band_scratch_len()];
    const LINES: Result<usize, Error> = PLAN.in_place_lines_len(PLAN.spatial().input_len());
    const ROWS: Result<Range<usize>, Error> = PLAN.input_rows(1..2);
    let row = 56 * 144;
    assert_eq!(LENGTHS, [row, 4 * row]);
    assert_eq!(LINES, Ok(2 * 56 * 24));
    assert_eq!(ROWS, Ok(0..3));
    for (input, rows) in [([4, 4, 32], 4), ([14, 14, 576], 4), ([2, 300, 200], 1)] {
        let [height, width, channels] = input;
        let pointwise = Geometry::conv2d([height, width, channels], 8, [1, 1]);
        let both = SeparableF32::new(plan(depthwise(input)), plan(pointwise))?;
        let row = width * channels;
        assert_eq!(both.scratch_len(), row);
        assert_eq!(both.band_scratch_len(), rows * row);
    }
    Ok(())
}

#[test]
fn layers_that_do_not_follow() {
    let first = plan(depthwise([6, 5, 4]));
    let follows = Geometry::conv2d([6, 5, 4], 8, [1, 1]);
    assert!(SeparableF32::new(first, plan(follows)).is_ok());
    let refused = |second: Geometry, quantity, needed, given| {
        let error = Error::Pointwise {
            quantity,
            needed,
            given,
        };
        assert_eq!(SeparableF32::new(first, plan(second)), Err(error));
    };
    refused(follows.batch(2), Quantity::Batch, 1, 2);
    let input = |input| Geometry { input, ..follows };
    refused(input([2, 6, 5]), Quantity::Input(Axis::Depth), 1, 2);
    refused(input([1, 7, 5]), Quantity::Input(Axis::Height), 6, 7);
    refused(input([1, 6, 4]), Quantity::Input(Axis::Width), 5, 4);
    let channels = Geometry {
        channels: 8,
        ..follows
    };
    refused(channels, Quantity::Channels, 4, 8);
    for (at, axis) in [Axis::Depth, Axis::Height, Axis::Width]
        .into_iter()
        .enumerate()
    {
        let only = |n: usize, others: usize| {
            let mut numbers = [others; 3];
            numbers[at] = n;
            numbers
        };
        if axis != Axis::Depth {
            let kernel = Geometry {
                kernel: only(3, 1),
                ..follows
            };
            refused(kernel, Quantity::Kernel(axis), 1, 3);
        }
        refused(follows.strides(only(2, 1)), Quantity::Stride(axis), 1, 2);
        let padding = only(1, 0).map(|n| [n, 2 * n]);
        let padded = follows.padding(Padding::Explicit(padding));
        refused(padded, Quantity::Padding(axis), 0, 3);
    }
    // A window of one pixel stays one pixel however it is dilated.
    assert!(SeparableF32::new(first, plan(follows.dilation(3))).is_ok());
}

/// Everything that a run takes, changed by `change`, is refused with nothing written.
fn refused(expected: Error, change: impl Fn(&mut [Vec<f32>; 5])) {
    let mut pair = Pair::new(Case::new(depthwise([6, 5, 4]), 1), 8, 1);
    let mut slices = [
        std::mem::take(&mut pair.first.input),
        std::mem::take(&mut pair.first.packed),
        std::mem::take(&mut pair.second.packed),
        vec![1.5; pair.second.plan.output_len()],
        vec![1.5; pair.plan.scratch_len()],
    ];
    change(&mut slices);
    let [input, first, second, mut output, mut scratch] = slices;
    let (level, packed) = (Level::detect(), [&first[..], &second[..]]);
    let result = pair
        .plan
        .run(level, &input, packed, &mut output, &mut scratch);
    assert_eq!(result, Err(expected));
    assert!(
        output.iter().chain(&scratch).all(|x| *x == 1.5),
        "{expected}"
    );
    // And in place: enough memory, of which the input is a part, and lines.
    if let Error::Length {
        argument: Argument::Input | Argument::Output,
        ..
    } = expected
    {
        return;
    }
    let (mut memory, mut lines) = (vec![1.5; 300], vec![1.5; 120]);
    let result = pair
        .plan
        .run_in_place(level, &mut memory, packed, &mut lines, &mut scratch);
    assert_eq!(result, Err(expected));
    let written = memory.iter().chain(&lines).chain(&scratch);
    assert!(written.clone().all(|x| *x == 1.5), "{expected}");
}

#[test]
fn refusals() {
    let arguments = [
        Argument::Input,
        Argument::Packed,
        Argument::PackedPointwise,
        Argument::Output,
        Argument::Scratch,
    ];
    let needed = [120, 4 * 10 + 4, 8 * 5 + 4, 240, 20];
    for (at, argument) in arguments.into_iter().enumerate() {
        let needed = needed[at];
        for given in [0, needed - 1, needed + 1] {
            if argument == Argument::Scratch && given > needed {
                continue;
            }
            let error = Error::Length {
                argument,
                needed,
                given,
            };
            refused(error, |slices| slices[at].resize(given, 1.5));
        }
    }
    for at in [1, 2] {
        refused(Error::NotPacked, |slices| slices[at].fill(0.0));
    }
    // The one layer's weights for the other's are told apart by their length, or by their digest.
    let first = plan(depthwise([6, 5, 4]));
    let both = SeparableF32::new(first, plan(Geometry::conv2d([6, 5, 4], 8, [1, 1])));
    let both = both.expect("layers that follow");
    let (mut memory, mut lines, mut scratch) = ([1.5; 239], [1.5; 200], [1.5; 20]);
    let level = Level::detect();
    let packed = [&[0.0; 44][..], &[0.0; 44]];
    let error = |argument, needed, given| {
        Err(Error::Length {
            argument,
            needed,
            given,
        })
    };
    let result = both.run_in_place(level, &mut memory, packed, &mut lines, &mut scratch);
    assert_eq!(result, error(Argument::Memory, 240, 239));
    assert_eq!(
        both.in_place_lines_len(239),
        Err(result.expect_err("too little memory"))
    );
    let pair = Pair::new(Case::new(depthwise([6, 5, 4]), 1), 8, 1);
    let mut memory = [1.5; 240];
    let needed = both.in_place_lines_len(240).expect("enough memory");
    let few = &mut lines[..needed - 1];
    let result = both.run_in_place(level, &mut memory, pair.packed(), few, &mut scratch);
    assert_eq!(result, error(Argument::Lines, needed, needed - 1));
    let result = both.run_rows(level, 3..7, &[], packed, &mut [], &mut scratch);
    assert_eq!(
        result,
        Err(Error::Rows {
            needed: 6,
            start: 3,
            end: 7
        })
    );
    let untouched = memory.iter().chain(&lines).chain(&scratch);
    assert!(untouched.clone().all(|x| *x == 1.5));
}
