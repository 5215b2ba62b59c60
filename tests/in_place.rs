//! Layers that overwrite their own input.

mod common;

use common::{Case, assert_same, fit, levels_f32};
use microconv::{Activation, Argument, ConvF32, Error, Geometry, Level, Padding};

fn layers() -> Vec<Geometry> {
    let square = Padding::square;
    let mut layers = vec![
        Geometry::depthwise2d([7, 5, 9], 1, [3, 3]).padding(Padding::Same),
        Geometry::depthwise2d([8, 6, 16], 1, [3, 3])
            .stride(2)
            .padding(Padding::Same),
        Geometry::depthwise2d([8, 6, 3], 1, [3, 3])
            .strides([1, 1, 2])
            .padding(Padding::Same),
        Geometry::depthwise2d([9, 4, 5], 1, [5, 5]).padding(Padding::Same),
        Geometry::depthwise2d([9, 4, 5], 1, [3, 3])
            .padding(Padding::Same)
            .batch(3),
        Geometry::depthwise2d([9, 4, 5], 1, [3, 3])
            .stride(3)
            .padding(square(2))
            .batch(2),
        Geometry::depthwise2d([9, 9, 4], 2, [3, 3])
            .stride(2)
            .padding(square(1)),
        Geometry::depthwise2d([6, 5, 4], 1, [3, 3])
            .dilation(2)
            .padding(Padding::Same),
        // Rows before and behind that reach nothing.
        Geometry::depthwise2d([4, 3, 4], 1, [2, 2]).padding(square(4)),
        Geometry::depthwise2d([4, 3, 4], 1, [2, 2])
            .stride(3)
            .padding(square(7)),
        // More of everything than there was.
        Geometry::depthwise2d([6, 5, 4], 3, [3, 3]).padding(Padding::Same),
        Geometry::conv2d([6, 5, 4], 9, [1, 1]),
        Geometry::conv2d([6, 5, 4], 7, [3, 3])
            .padding(Padding::Same)
            .batch(2),
        Geometry::conv2d([6, 5, 9], 4, [1, 1]),
        Geometry::conv1d([40, 3], 3, 5).padding(Padding::Same),
        Geometry::conv1d([12, 3], 4, 3).batch(4),
        Geometry::conv3d([4, 3, 4, 6], 6, [3, 3, 3])
            .groups(6)
            .padding(Padding::cube(1)),
        Geometry::conv3d([5, 4, 3, 4], 4, [3, 2, 3])
            .groups(2)
            .strides([2, 1, 1])
            .padding(Padding::cube(2))
            .batch(2),
        Geometry::conv3d([3, 6, 3, 4], 4, [2, 2, 2])
            .strides([1, 2, 1])
            .padding(Padding::Explicit([[4, 0], [3, 0], [0, 2]])),
    ];
    // Windows that step over the rest of the input, or see padding alone.
    let far = Padding::sides([[3, 0], [0, 0]]);
    layers.push(Geometry::conv2d([9, 2, 2], 2, [1, 1]).stride(8));
    layers.push(
        Geometry::conv2d([3, 2, 2], 2, [1, 1])
            .strides([1, 9, 1])
            .padding(far),
    );
    for height in 1..=4 {
        for before in 0..=3 {
            for stride in 1..=3 {
                layers.push(fit(Geometry::conv3d([2, height, 2, 1], 1, [2, 2, 1])
                    .strides([1, stride, 1])
                    .dilations([1, 2, 1])
                    .padding(Padding::Explicit([[before / 2, 1], [before, 2], [0, 0]]))));
            }
        }
    }
    layers
}

fn plan(layer: Geometry) -> ConvF32 {
    ConvF32::new(layer, Activation::NONE).expect("a good geometry")
}

/// The rows that wait at most, found by going through all rows: the output row that is computed is
/// one of them, unless it and all before it lie before what is still needed.
fn lines_by_hand(plan: &ConvF32, memory: usize) -> usize {
    let (rows, row) = (plan.output_rows(), plan.output_row_len());
    let lead = memory - plan.input_len();
    let first = |row: usize| plan.input_rows(row..row + 1).expect("a row of the plan");
    let mut waiting = 0;
    for next in 0..rows {
        let needed = (next..rows).map(first).filter(|rows| !rows.is_empty());
        let free = needed.map(|rows| lead + rows.start * plan.input_row_len());
        let free = free.min().unwrap_or(usize::MAX);
        let room = (0..=next).take_while(|at| (at + 1) * row <= free).count();
        waiting = waiting.max(next + 1 - room);
    }
    waiting * row
}

/// Lengths of memory around those at which something changes.
fn memories(plan: &ConvF32) -> Vec<usize> {
    let least = plan.input_len().max(plan.output_len());
    let row = plan.output_row_len();
    let mut memories = vec![];
    for rows in 0..=plan.output_rows().min(9) {
        memories.extend([
            rows * row,
            rows * row + 1,
            ((rows + 1) * row).saturating_sub(1),
        ]);
    }
    memories.sort_unstable();
    memories.dedup();
    memories.into_iter().map(|more| least + more).collect()
}

#[test]
fn lines_are_as_few_as_can_be() -> Result<(), Error> {
    for layer in layers() {
        let plan = plan(layer);
        for memory in memories(&plan) {
            let (given, by_hand) = (
                plan.in_place_lines_len(memory)?,
                lines_by_hand(&plan, memory),
            );
            assert_eq!(given, by_hand, "{memory}: {layer:?}");
        }
    }
    Ok(())
}

#[test]
fn lines_of_known_layers() -> Result<(), Error> {
    let map = Geometry::depthwise2d([48, 48, 8], 1, [3, 3]).padding(Padding::Same);
    let rows = |layer: Geometry| {
        let plan = plan(layer);
        let lines = plan.in_place_lines_len(plan.input_len())?;
        Ok::<_, Error>(lines / plan.output_row_len())
    };
    assert_eq!(rows(map)?, 2);
    assert_eq!(rows(map.batch(7))?, 2);
    assert_eq!(rows(map.stride(2))?, 1);
    assert_eq!(rows(map.padding(Padding::Valid))?, 1);
    assert_eq!(
        rows(Geometry::depthwise2d([48, 48, 8], 1, [7, 7]).padding(Padding::Same))?,
        4
    );
    assert_eq!(rows(Geometry::conv2d([9, 9, 4], 4, [1, 1]))?, 1);
    // A plane before, and a row.
    let volume = Geometry::conv3d([9, 10, 11, 4], 4, [3, 3, 3]).padding(Padding::Same);
    assert_eq!(rows(volume)?, 10 + 1 + 1);
    Ok(())
}

/// With the fewest lines, some floats more, and rows more, in memory of many lengths: the same bits,
/// and nothing else of the memory is written.
#[test]
fn same_bits() -> Result<(), Error> {
    let levels = levels_f32();
    for (seed, layer) in layers().into_iter().enumerate() {
        let case = Case::new(layer, seed as u64);
        let row = case.plan.output_row_len();
        for &level in &levels {
            let output = case.expected(level.is_fused());
            for memory in memories(&case.plan) {
                let mut expected = case.memory(memory);
                expected[..output.len()].copy_from_slice(&output);
                let fewest = case.plan.in_place_lines_len(memory)?;
                for more in [0, row / 2, row, 3 * row, output.len()] {
                    let given = case.run_in_place(level, memory, fewest + more);
                    assert_same(&given, &expected, || {
                        format!("{level}, {memory}, {fewest} + {more}: {case}")
                    });
                }
            }
        }
    }
    Ok(())
}

fn refused(plan: &ConvF32, memory: usize, packed: &[f32], lines: usize) -> Error {
    let (mut memory, mut lines) = (vec![1.5; memory], vec![2.5; lines]);
    let level = Level::detect();
    let error = plan
        .run_in_place(level, &mut memory, packed, &mut lines, &mut [])
        .expect_err("wrong lengths");
    assert!(memory.iter().all(|x| *x == 1.5), "{error}");
    assert!(lines.iter().all(|x| *x == 2.5), "{error}");
    error
}

#[test]
fn refusals() -> Result<(), Error> {
    let length = |argument, needed, given| Error::Length {
        argument,
        needed,
        given,
    };
    let layer = Geometry::depthwise2d([6, 5, 4], 1, [3, 3]).padding(Padding::Same);
    let wider = Geometry::depthwise2d([6, 5, 4], 2, [3, 3]).padding(Padding::Same);
    for (layer, needed) in [(layer, 120), (wider, 240)] {
        let case = Case::new(layer, 1);
        let plan = &case.plan;
        let fewest = plan.in_place_lines_len(needed)?;
        for memory in [0, 1, needed - 1] {
            let error = length(Argument::Memory, needed, memory);
            assert_eq!(plan.in_place_lines_len(memory), Err(error));
            assert_eq!(refused(plan, memory, &case.packed, fewest), error);
        }
        for lines in [0, fewest - 1] {
            let error = length(Argument::Lines, fewest, lines);
            assert_eq!(refused(plan, needed, &case.packed, lines), error);
        }
        let given = case.packed.len() - 1;
        let error = length(Argument::Packed, case.packed.len(), given);
        assert_eq!(refused(plan, needed, &case.packed[1..], fewest), error);
        let zeros = vec![0.0; case.packed.len()];
        assert_eq!(refused(plan, needed, &zeros, fewest), Error::NotPacked);
    }
    Ok(())
}

/// Known at compile time, whatever the numbers.
#[test]
fn lengths_are_const() {
    const PLAN: ConvF32 = match ConvF32::new(
        Geometry::depthwise2d([9, 5, 4], 1, [3, 1]),
        Activation::NONE,
    ) {
        Ok(plan) => plan,
        Err(_) => panic!("bad geometry"),
    };
    const LINES: [Result<usize, Error>; 3] = [
        PLAN.in_place_lines_len(PLAN.input_len()),
        PLAN.in_place_lines_len(usize::MAX),
        PLAN.in_place_lines_len(0),
    ];
    assert_eq!(LINES[..2], [Ok(20), Ok(0)]);
    assert!(LINES[2].is_err());
    // More padding than could ever be walked.
    let far = usize::MAX >> 10;
    for axis in 0..2 {
        for side in 0..2 {
            let mut padding = [[0; 2]; 3];
            padding[axis][side] = far;
            let layer = Geometry::conv3d([2, 2, 1, 1], 1, [1, 1, 1]).batch(3);
            let plan = plan(layer.padding(Padding::Explicit(padding)));
            let (input, output) = (plan.input_len(), plan.output_len());
            assert_eq!(
                plan.in_place_lines_len(output - 1),
                Err(Error::Length {
                    argument: Argument::Memory,
                    needed: output,
                    given: output - 1
                })
            );
            assert_eq!(plan.in_place_lines_len(output + input), Ok(0));
        }
    }
}
