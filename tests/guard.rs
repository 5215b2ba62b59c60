//! No run reads or writes an element outside its slices: each slice lies against unmapped pages, at
//! its end, at its beginning, and at every alignment that a slice of its elements can have.
#![cfg(unix)]

mod common;

use common::guard::{Arena, At, signal_of};
use common::int8::{CaseI8, levels_i8};
use common::int16::{CaseI16, levels_i16};
use common::{Case, Pair, UNWRITTEN, assert_same, fit, levels_f32};
use microconv::{Geometry, Level, Padding};
use std::ops::Range;

/// One arena per slice that a run takes.
struct Arenas {
    input: Arena,
    packed: Arena,
    output: Arena,
    scratch: Arena,
}

/// Floats that the largest slice of these tests has.
const ROOM: usize = 1 << 14;

impl Arenas {
    fn new() -> Arenas {
        let [input, packed, output, scratch] = [ROOM; 4].map(Arena::new);
        Arenas {
            input,
            packed,
            output,
            scratch,
        }
    }

    /// Some rows of a case with its four slices at these places.
    fn run(&mut self, case: &Case, level: Level, rows: Range<usize>, at: [At; 4]) -> Vec<f32> {
        let plan = &case.plan;
        let [in_input, in_packed, in_output, in_scratch] = at;
        let (row, len) = (plan.input_row_len(), rows.len() * plan.output_row_len());
        let from = plan.input_rows(rows.clone()).expect("rows of the plan");
        let input = &case.input[from.start * row..from.end * row];
        plan.run_rows(
            level,
            rows,
            self.input.read_only(input, in_input),
            self.packed.read_only(&case.packed, in_packed),
            self.output.writable(&vec![f32::NAN; len], in_output),
            self.scratch
                .writable(&vec![f32::NAN; plan.scratch_len()], in_scratch),
        )
        .unwrap_or_else(|error| panic!("{error}: {case}"));
        self.scratch.intact::<f32>(plan.scratch_len(), in_scratch);
        self.output.intact(len, in_output).to_vec()
    }
}

impl Arenas {
    /// In place, with memory, packed weights and lines at these places; returns the memory.
    fn run_in_place(&mut self, case: &Case, level: Level, memory: usize, at: [At; 3]) -> Vec<f32> {
        let [in_memory, in_packed, in_lines] = at;
        let plan = &case.plan;
        let lines = plan.in_place_lines_len(memory).expect("enough memory");
        plan.run_in_place(
            level,
            self.input.writable(&case.memory(memory), in_memory),
            self.packed.read_only(&case.packed, in_packed),
            self.output.writable(&vec![f32::NAN; lines], in_lines),
            &mut vec![f32::NAN; plan.scratch_len()],
        )
        .unwrap_or_else(|error| panic!("{error}: {case}"));
        self.output.intact::<f32>(lines, in_lines);
        self.input.intact(memory, in_memory).to_vec()
    }

    /// Some rows of an int8 case with its slices at these places, as sums and as bytes.
    fn run_i8(
        &mut self,
        case: &CaseI8,
        level: Level,
        rows: Range<usize>,
        [in_input, in_packed, in_output]: [At; 3],
    ) -> (Vec<i32>, Vec<u8>) {
        let len = rows.len() * case.plan.output_row_len();
        let input = self.input.read_only(case.input_of(rows.clone()), in_input);
        let packed = self.packed.read_only(&case.packed, in_packed);
        let sums = self.output.writable(&vec![0x0bad_0bad; len], in_output);
        case.sum_rows_at(level, rows.clone(), input, packed, sums);
        let sums = self.output.intact(len, in_output).to_vec();
        let bytes = self.output.writable(&vec![0x5au8; len], in_output);
        case.run_rows_at(level, rows, input, packed, bytes);
        (sums, self.output.intact(len, in_output).to_vec())
    }
}

/// Small layers of every path: numbers of filters around the widths of vectors and panels, rows
/// around the lengths of tiles, and each kind of border.
fn layers() -> Vec<Geometry> {
    let mut layers = vec![];
    for filters in [
        1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 20, 24, 25, 31, 32, 33, 47,
    ] {
        layers.push(Geometry::conv2d([1, 1 + filters % 29, 3], filters, [1, 1]));
        layers.push(Geometry::conv2d([3, 5, 1 + filters % 7], filters, [3, 3]));
        layers.push(
            Geometry::conv2d([3, 1 + filters % 16, 5], filters, [3, 3]).padding(Padding::Same),
        );
        layers.push(
            Geometry::conv2d([2, 4, 6], 2 * filters, [2, 2])
                .groups(2)
                .padding(Padding::Same),
        );
        layers.push(Geometry::depthwise2d([3, 4, filters], 1, [3, 3]).padding(Padding::Same));
        layers.push(Geometry::depthwise2d([3, 4, filters], 1, [2, 2]).stride(2));
        layers.push(Geometry::depthwise2d([3, 21, filters], 1, [3, 3]));
        layers.push(
            Geometry::depthwise2d([2, 3, filters], 3, [2, 2])
                .dilation(2)
                .padding(Padding::square(1)),
        );
    }
    // Narrow maps of many channels, whose sums wait in the output.
    for width in [4, 7] {
        let layer = Geometry::conv2d([3, width, 128], 32 + width, [1, 3]);
        layers.push(layer.padding(Padding::Same));
    }
    // Depthwise layers of blocks of channels, whole and not, under windows of three.
    for (index, channels) in [3, 4, 8, 12, 24, 40, 64, 72, 100, 140]
        .into_iter()
        .enumerate()
    {
        for stride in [1, 2] {
            for width in [3, 10, 19] {
                let padding = [Padding::Valid, Padding::Same][index % 2];
                let layer = Geometry::depthwise2d([4 + stride, width, channels], 1, [3, 3]);
                layers.push(layer.stride(stride).padding(padding));
            }
        }
    }
    // First layers: one tile, more, and one that is moved back to the end of the row.
    for channels in [1, 3] {
        for filters in [8, 16, 32, 64] {
            for stride in [1, 2] {
                for pixels in [3, 6, 8, 13, 14, 18] {
                    let width = (pixels - 1) * stride + 3;
                    let layer = Geometry::conv2d([2 + stride, width, channels], filters, [3, 3]);
                    layers.push(layer.stride(stride));
                }
            }
        }
    }
    // Their pixels at a border, one under the other.
    for filters in [8, 16, 64] {
        let layer = Geometry::conv2d([15, 16, 3], filters, [3, 3]);
        layers.push(layer.padding(Padding::Same));
    }
    for width in 1..=30 {
        layers.push(Geometry::conv1d([width, 4], 20, 1).stride(1 + width % 3));
        layers.push(Geometry::conv2d([2, width, 2], 33, [2, 3]).padding(Padding::square(1)));
        layers.push(fit(Geometry::conv1d([width, 3], 6, 4)
            .stride(1 + width % 2)
            .dilation(1 + width % 3)
            .padding(Padding::sides([[0, 0], [width % 5, width % 4]]))));
    }
    layers.push(Geometry::conv3d([3, 4, 3, 2], 17, [2, 3, 3]).padding(Padding::cube(1)));
    layers.push(
        Geometry::conv3d([3, 4, 3, 9], 9, [2, 3, 3])
            .groups(9)
            .padding(Padding::cube(1)),
    );
    layers.push(
        Geometry::conv3d([2, 2, 2, 5], 3, [1, 1, 1])
            .stride(2)
            .batch(3),
    );
    layers.push(Geometry::conv2d([1, 1, 3], 5, [3, 3]).padding(Padding::square(4)));
    // More channels and longer sums than int8 kernels take at once.
    layers.push(Geometry::depthwise2d([2, 3, 300], 1, [2, 2]).padding(Padding::Same));
    layers.push(Geometry::depthwise2d([2, 3, 150], 2, [2, 1]));
    layers.push(Geometry::conv2d([2, 3, 401], 5, [2, 2]).padding(Padding::Same));
    layers.push(
        Geometry::conv2d([4, 4, 1], 6, [3, 3])
            .padding(Padding::Same)
            .batch(2),
    );
    layers
}

#[test]
fn flush_against_a_guard_page() {
    let levels = levels_f32();
    let mut arenas = Arenas::new();
    for (seed, layer) in layers().into_iter().enumerate() {
        let case = Case::new(layer, seed as u64);
        for &level in &levels {
            let expected = case.expected(level.is_fused());
            for at in [At::Start, At::End] {
                let output = arenas.run(&case, level, 0..case.plan.output_rows(), [at; 4]);
                assert_same(&output, &expected, || format!("{level} {at:?}: {case}"));
            }
        }
    }
}

/// A part of the rows gets the input rows that it needs and no other.
#[test]
fn rows_flush_against_a_guard_page() {
    let levels = levels_f32();
    let mut arenas = Arenas::new();
    for (seed, layer) in layers().into_iter().enumerate() {
        let case = Case::new(layer, seed as u64);
        let (rows, row) = (case.plan.output_rows(), case.plan.output_row_len());
        let parts = [
            0..rows / 2,
            rows / 2..rows,
            rows / 3..rows / 3 + 1,
            rows - 1..rows,
            0..0,
        ];
        for &level in &levels {
            let expected = case.expected(level.is_fused());
            for part in parts.clone() {
                let expected = &expected[part.start * row..part.end * row];
                for at in [At::Start, At::End] {
                    let output = arenas.run(&case, level, part.clone(), [at; 4]);
                    assert_same(&output, expected, || {
                        format!("{level} {at:?} {part:?}: {case}")
                    });
                }
            }
        }
    }
}

/// In just the memory of the larger of input and output, and with the fewest lines.
#[test]
fn in_place_flush_against_a_guard_page() {
    let levels = levels_f32();
    let mut arenas = Arenas::new();
    for (seed, layer) in layers().into_iter().enumerate() {
        let case = Case::new(layer, seed as u64);
        let memory = case.input.len().max(case.plan.output_len());
        for &level in &levels {
            let output = case.expected(level.is_fused());
            let mut expected = case.memory(memory);
            expected[..output.len()].copy_from_slice(&output);
            for at in [At::Start, At::End, At::Offset(17)] {
                let given = arenas.run_in_place(&case, level, memory, [at; 3]);
                assert_same(&given, &expected, || format!("{level} {at:?}: {case}"));
            }
        }
    }
}

/// Two layers with the least scratch, and with a row more.
#[test]
fn separable_flush_against_a_guard_page() {
    let levels = levels_f32();
    let mut arenas = Arenas::new();
    let mut pointwise = Arena::new(ROOM);
    for (seed, layer) in layers().into_iter().enumerate() {
        let mut pair = Pair::new(Case::new(layer, seed as u64), 1 + seed * 7 % 37, 1);
        let plan = pair.plan;
        let len = plan.pointwise().output_len();
        for &level in &levels {
            let expected = pair.expected(level.is_fused());
            let least = plan.scratch_len();
            for (at, scratch) in [(At::Start, least), (At::End, least), (At::End, 2 * least)] {
                let packed = [
                    arenas.packed.read_only(&pair.first.packed, at),
                    pointwise.read_only(&pair.second.packed, at),
                ];
                plan.run(
                    level,
                    arenas.input.read_only(&pair.first.input, at),
                    packed,
                    arenas.output.writable(&vec![UNWRITTEN; len], at),
                    arenas.scratch.writable(&vec![UNWRITTEN; scratch], at),
                )
                .unwrap_or_else(|error| panic!("{error}: {pair}"));
                arenas.scratch.intact::<f32>(scratch, at);
                let output = arenas.output.intact(len, at);
                assert_same(output, &expected, || format!("{level} {at:?}: {pair}"));
            }
        }
    }
}

/// Every address modulo 64 bytes that a float can have, the four slices at different ones.
#[test]
fn odd_addresses() {
    let levels = levels_f32();
    let mut arenas = Arenas::new();
    for (seed, layer) in layers().into_iter().enumerate().step_by(3) {
        let case = Case::new(layer, seed as u64);
        for &level in &levels {
            let expected = case.expected(level.is_fused());
            for offset in 0..16 {
                let at = [1, 3, 5, 7].map(|odd| At::Offset((offset * odd + odd / 2) % 16 + 16));
                let output = arenas.run(&case, level, 0..case.plan.output_rows(), at);
                assert_same(&output, &expected, || format!("{level} {at:?}: {case}"));
            }
        }
    }
}

/// The whole, parts of the rows, and odd addresses, in int8.
#[test]
fn int8_against_a_guard_page() {
    let levels = levels_i8();
    let mut arenas = Arenas::new();
    for (seed, layer) in layers().into_iter().enumerate() {
        let case = CaseI8::new(layer, seed as u64);
        let (rows, row) = (case.plan.output_rows(), case.plan.output_row_len());
        let sums = case.sums();
        let bytes = case.bytes(&sums);
        for &level in &levels {
            let mut check = |part: Range<usize>, at: [At; 3]| {
                let (given_sums, given_bytes) = arenas.run_i8(&case, level, part.clone(), at);
                let part = part.start * row..part.end * row;
                case.compare(level, "sum", &given_sums, &sums[part.clone()]);
                case.compare(level, "byte", &given_bytes, &bytes[part]);
            };
            for at in [At::Start, At::End] {
                for part in [0..rows, 0..rows / 2, rows / 2..rows, rows - 1..rows, 0..0] {
                    check(part, [at; 3]);
                }
            }
            for offset in 0..16 {
                let at = [1, 3, 5].map(|odd| At::Offset((offset * odd + odd / 2) % 16 + 16));
                check(0..rows, at);
            }
        }
    }
}

/// The whole, parts of the rows, and odd addresses, in int16.
#[test]
fn int16_against_a_guard_page() {
    let levels = levels_i16();
    let mut arenas = Arenas::new();
    for (seed, layer) in layers().into_iter().enumerate() {
        let case = CaseI16::new(layer, seed as u64);
        let (rows, row) = (case.plan.output_rows(), case.plan.output_row_len());
        let expected = case.expected();
        for &level in &levels {
            let mut check = |part: Range<usize>, [in_input, in_packed, in_output]: [At; 3]| {
                let len = part.len() * row;
                let input = arenas
                    .input
                    .read_only(case.input_of(part.clone()), in_input);
                let packed = arenas.packed.read_only(&case.packed, in_packed);
                let output = arenas.output.writable(&vec![0x5a5a; len], in_output);
                case.plan
                    .run_rows(level, part.clone(), input, packed, output)
                    .unwrap_or_else(|error| panic!("{level}: {error}: {case}"));
                let given = arenas.output.intact::<i16>(len, in_output);
                case.compare(level, given, &expected[part.start * row..part.end * row]);
            };
            for at in [At::Start, At::End] {
                for part in [0..rows, 0..rows / 2, rows / 2..rows, rows - 1..rows, 0..0] {
                    check(part, [at; 3]);
                }
            }
            for offset in 0..16 {
                let at = [1, 3, 5].map(|odd| At::Offset((offset * odd + odd / 2) % 16 + 16));
                check(0..rows, at);
            }
        }
    }
}

/// What the tests above rest on: a float too far on either side, and a write to an input, is death.
#[test]
fn the_harness_can_fail() {
    let mut arena = Arena::new(100);
    let killed = |signal| signal == Some(libc::SIGSEGV) || signal == Some(libc::SIGBUS);
    for at in [At::Start, At::End] {
        let slice = arena.writable(&[1f32; 100], at);
        let (first, last) = (slice.as_mut_ptr(), &raw mut slice[99]);
        let beyond = if at == At::Start {
            first.wrapping_sub(1)
        } else {
            last.wrapping_add(1)
        };
        // SAFETY: inside the slice.
        let inside = signal_of(|| unsafe {
            first.write_volatile(2.0);
            assert!(last.read_volatile() == 1.0);
        });
        assert_eq!(inside, None, "{at:?}");
        // SAFETY: there is none. The child is to die of it, which is what is tested.
        assert!(
            killed(signal_of(|| unsafe { _ = beyond.read_volatile() })),
            "{at:?}"
        );
        // SAFETY: as above.
        assert!(
            killed(signal_of(|| unsafe { beyond.write_volatile(2.0) })),
            "{at:?}"
        );
    }
    for at in [At::Start, At::End] {
        let constant = arena.read_only(&[1f32; 100], at);
        let inside = constant.as_ptr().cast_mut();
        let beyond = match at {
            At::Start => inside.wrapping_sub(1),
            _ => inside.wrapping_add(100),
        };
        assert!(constant.iter().all(|&float| float == 1.0), "{at:?}");
        // SAFETY: as above.
        let written = signal_of(|| unsafe { inside.write_volatile(2.0) });
        // SAFETY: as above.
        let read = signal_of(|| unsafe { _ = beyond.read_volatile() });
        assert!(killed(written) && killed(read), "{at:?}");
    }
}

#[test]
#[should_panic(expected = "written beside a slice of 3")]
fn a_write_beside_a_slice_is_seen() {
    let mut arena = Arena::new(100);
    let first = arena.writable(&[1f32; 3], At::Offset(5)).as_mut_ptr();
    // SAFETY: beside the slice, inside the arena's pages, which nothing borrows now.
    unsafe { first.add(3).write(0.0) };
    arena.intact::<f32>(3, At::Offset(5));
}

/// What measures memory writes the whole cache lines of its buffer, and nothing else.
#[test]
fn streams_stay_in_their_buffers() {
    let mut arenas = Arenas::new();
    for level in levels_f32() {
        for [read, write] in [
            [0, 0],
            [0, 16],
            [15, 40],
            [100, 15],
            [16, 700],
            [3_000, 50],
            [1_111, 1_213],
        ] {
            for at in [At::Start, At::End] {
                let from = arenas.input.read_only(&vec![1.0; read], at);
                let to = arenas.output.writable(&vec![f32::NAN; write], at);
                level.stream(from, to);
                let (lines, rest) = to.split_at(write / 16 * 16);
                let case = format!("{level}: {read} to {write}");
                assert!(lines.iter().all(|float| !float.is_nan()), "{case}");
                assert!(rest.iter().all(|float| float.is_nan()), "{case}");
                arenas.output.intact::<f32>(write, at);
            }
        }
    }
}
