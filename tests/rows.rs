//! Parts of the output, each from the input rows that it needs.

mod common;

use common::int8::{CaseI8, levels_i8};
use common::int16::{CaseI16, levels_i16};
use common::{Case, assert_same, cases, fit, levels_f32};
use microconv::{Error, Geometry, Level, Padding};
use std::ops::Range;

fn layers() -> Vec<Geometry> {
    let mut layers = vec![
        Geometry::conv1d([9, 3], 5, 3).batch(5),
        Geometry::conv2d([7, 5, 3], 6, [3, 3]),
        Geometry::conv2d([7, 5, 3], 17, [3, 3]).padding(Padding::Same),
        Geometry::conv2d([5, 4, 2], 3, [3, 3])
            .padding(Padding::Same)
            .batch(2),
        Geometry::conv2d([9, 4, 2], 3, [3, 2])
            .stride(2)
            .padding(Padding::sides([[1, 3], [0, 1]])),
        Geometry::conv2d([8, 5, 4], 9, [1, 1]),
        Geometry::conv2d([8, 5, 4], 9, [1, 1]).stride(3).batch(2),
        Geometry::conv2d([3, 5, 4], 9, [2, 2])
            .stride(4)
            .padding(Padding::square(6)),
        Geometry::conv2d([2, 3, 4], 8, [2, 2])
            .dilation(4)
            .padding(Padding::square(5)),
        Geometry::conv2d([6, 3, 4], 4, [3, 3])
            .groups(2)
            .dilation(2)
            .padding(Padding::Same),
        Geometry::depthwise2d([6, 5, 9], 1, [3, 3])
            .padding(Padding::Same)
            .batch(2),
        Geometry::depthwise2d([7, 5, 3], 2, [3, 3])
            .stride(2)
            .padding(Padding::square(4)),
        Geometry::conv3d([3, 3, 2, 2], 3, [2, 2, 2])
            .padding(Padding::cube(1))
            .batch(2),
        Geometry::conv3d([4, 2, 3, 4], 4, [3, 1, 1])
            .groups(4)
            .strides([2, 1, 1])
            .padding(Padding::Explicit([[4, 0], [1, 0], [0, 2]])),
    ];
    // A last window just behind the input, under windows that step over its last row.
    let geometry = Geometry::conv2d([4, 2, 1], 1, [1, 1]).stride(2);
    layers.push(geometry.padding(Padding::sides([[0, 1], [0, 0]])));
    for dilation in 1..=4 {
        for before in 0..=4 {
            let geometry = Geometry::conv2d([3, 1, 1], 1, [2, 1])
                .dilation(dilation)
                .padding(Padding::sides([[before, 4 - before], [0, 0]]));
            layers.push(fit(geometry));
        }
    }
    layers
}

/// Rows of the output from the input rows that the plan names.
fn run_part(case: &Case, level: Level, rows: Range<usize>) -> Vec<f32> {
    let plan = &case.plan;
    let from = plan.input_rows(rows.clone()).expect("rows of the plan");
    let input = &case.input[from.start * plan.input_row_len()..from.end * plan.input_row_len()];
    let mut output = vec![f32::NAN; rows.len() * plan.output_row_len()];
    let mut scratch = vec![0.0; plan.scratch_len()];
    plan.run_rows(level, rows, input, &case.packed, &mut output, &mut scratch)
        .unwrap_or_else(|error| panic!("{error}: {case}"));
    output
}

/// Every part of the output, the empty ones too, is that part of the whole.
#[test]
fn every_part_is_part_of_the_whole() {
    let levels = levels_f32();
    for (seed, layer) in layers().into_iter().enumerate() {
        let case = Case::new(layer, seed as u64);
        let (rows, row) = (case.plan.output_rows(), case.plan.output_row_len());
        for &level in &levels {
            let whole = case.run(level);
            for start in 0..=rows {
                for end in start..=rows {
                    let part = run_part(&case, level, start..end);
                    assert_same(&part, &whole[start * row..end * row], || {
                        format!("{level} {start}..{end}: {case}")
                    });
                }
            }
        }
    }
}

#[test]
fn every_part_is_part_of_the_whole_in_int8() {
    let levels = levels_i8();
    for (seed, layer) in layers().into_iter().enumerate() {
        let case = CaseI8::new(layer, seed as u64);
        let (rows, row) = (case.plan.output_rows(), case.plan.output_row_len());
        let sums = case.sums();
        let bytes = case.bytes(&sums);
        for &level in &levels {
            for start in 0..=rows {
                for end in start..=rows {
                    let (given_sums, given_bytes) = case.run_rows(level, start..end);
                    let part = start * row..end * row;
                    case.compare(level, "sum", &given_sums, &sums[part.clone()]);
                    case.compare(level, "byte", &given_bytes, &bytes[part]);
                }
            }
        }
    }
}

#[test]
fn every_part_is_part_of_the_whole_in_int16() {
    let levels = levels_i16();
    for (seed, layer) in layers().into_iter().enumerate() {
        let case = CaseI16::new(layer, seed as u64);
        let (rows, row) = (case.plan.output_rows(), case.plan.output_row_len());
        let expected = case.expected();
        for &level in &levels {
            for start in 0..=rows {
                for end in start..=rows {
                    let given = case.run_rows(level, start..end);
                    case.compare(level, &given, &expected[start * row..end * row]);
                }
            }
        }
    }
}

/// The input rows are those that a window lies on, first to last, found here by trying each.
#[test]
fn input_rows_are_what_windows_cover() {
    for layer in layers() {
        let case = Case::new(layer, 0);
        let plan = &case.plan;
        let [_, depth, height, ..] = plan.output_shape();
        let padding = layer.sizes().expect("a plan's geometry").padding;
        // Whether a window at a position covers a place of the input, along an axis.
        let covers = |axis: usize, at: usize, place: usize| {
            let start = at * layer.stride[axis];
            let extent = (layer.kernel[axis] - 1) * layer.dilation[axis] + 1;
            (start..start + extent).contains(&(place + padding[axis][0]))
        };
        let covered = |row: usize| {
            let (image, z, y) = (row / height / depth, row / height % depth, row % height);
            let [planes, lines, _] = layer.input;
            (0..layer.batch * planes * lines).filter(move |input| {
                input / lines / planes == image
                    && covers(0, z, input / lines % planes)
                    && covers(1, y, input % lines)
            })
        };
        for start in 0..=plan.output_rows() {
            for end in start..=plan.output_rows() {
                let all = || (start..end).flat_map(covered);
                let needed = plan.input_rows(start..end).expect("rows of the plan");
                match (all().min(), all().max()) {
                    (Some(first), Some(last)) => {
                        assert_eq!(needed, first..last + 1, "{start}..{end} of {layer:?}");
                    }
                    _ => assert!(
                        needed.is_empty(),
                        "{needed:?} for {start}..{end} of {layer:?}"
                    ),
                }
            }
        }
    }
}

/// Input rows that no window of the part lies on have no part in it, nor have other images.
#[test]
fn parts_meet_no_other_rows() {
    for (seed, layer) in layers().into_iter().enumerate() {
        let mut case = Case::new(layer, seed as u64);
        let level = Level::detect();
        let (rows, row) = (case.plan.output_rows(), case.plan.input_row_len());
        for at in 0..rows {
            let whole = run_part(&case, level, at..at + 1);
            let from = case.plan.input_rows(at..at + 1).expect("a row of the plan");
            let kept = case.input.clone();
            case.input[..from.start * row].fill(f32::NAN);
            case.input[from.end * row..].fill(f32::NAN);
            let all = case.run(level);
            let len = case.plan.output_row_len();
            assert_same(&all[at * len..][..len], &whole, || {
                format!("row {at}: {case}")
            });
            case.input = kept;
        }
    }
}

/// As threads share a layer, in parts of every size.
#[test]
fn threads_share_a_layer() {
    let levels = levels_f32();
    for (seed, layer) in layers().into_iter().enumerate() {
        let case = Case::new(layer, seed as u64);
        let plan = &case.plan;
        for &level in &levels {
            let whole = case.run(level);
            for rows in [1, 2, 3, plan.output_rows()] {
                let mut output = vec![f32::NAN; plan.output_len()];
                let (row, len) = (plan.input_row_len(), plan.output_row_len());
                std::thread::scope(|threads| {
                    for (part, output) in output.chunks_mut(rows * len).enumerate() {
                        let case = &case;
                        threads.spawn(move || {
                            let rows = part * rows..part * rows + output.len() / len;
                            let from = plan.input_rows(rows.clone())?;
                            let input = &case.input[from.start * row..from.end * row];
                            plan.run_rows(level, rows, input, &case.packed, output, &mut [])
                        });
                    }
                });
                assert_same(&output, &whole, || format!("{level}, {rows} rows: {case}"));
            }
        }
    }
}

/// The rows of a plan with more padding than could ever be walked.
#[test]
fn input_rows_of_endless_padding() -> Result<(), Error> {
    let far = usize::MAX >> 10;
    for axis in 0..2 {
        for side in 0..2 {
            let mut padding = [[0; 2]; 3];
            padding[axis][side] = far;
            let geometry = Geometry::conv3d([2, 2, 1, 1], 1, [1, 1, 1]).batch(3);
            let geometry = geometry.padding(Padding::Explicit(padding));
            let plan = microconv::ConvF32::new(geometry, microconv::Activation::NONE)?;
            let rows = plan.output_rows();
            assert_eq!(plan.input_rows(0..rows)?, 0..12);
            assert_eq!(plan.input_rows(rows..rows)?, 0..0);
            let half = plan.input_rows(0..rows / 2)?;
            assert!(half.end <= 12, "{half:?}");
        }
    }
    Ok(())
}

/// Random layers, cut at random rows.
#[test]
fn random_parts() {
    let levels = levels_f32();
    let mut rng = common::Rng(42);
    for seed in 0..cases(300) {
        let mut below = |n: usize| rng.below(n);
        let groups = 1 + below(3);
        let geometry = Geometry::conv3d(
            [
                1 + below(3),
                1 + below(6),
                1 + below(6),
                groups * (1 + below(3)),
            ],
            groups * (1 + below(9)),
            [1 + below(2), 1 + below(4), 1 + below(3)],
        );
        let geometry = geometry
            .groups(groups)
            .batch(1 + below(3))
            .strides([1 + below(2), 1 + below(3), 1 + below(2)])
            .dilations([1 + below(2), 1 + below(3), 1 + below(2)])
            .padding(Padding::Explicit([0; 3].map(|_| [below(4), below(4)])));
        let case = Case::new(fit(geometry), u64::from(seed));
        let (rows, row) = (case.plan.output_rows(), case.plan.output_row_len());
        let (a, b) = (rng.below(rows + 1), rng.below(rows + 1));
        let (start, end) = (a.min(b), a.max(b));
        for &level in &levels {
            let whole = case.expected(level.is_fused());
            let part = run_part(&case, level, start..end);
            assert_same(&part, &whole[start * row..end * row], || {
                format!("{level} {start}..{end}: {case}")
            });
        }
    }
}
