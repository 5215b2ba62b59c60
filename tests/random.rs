//! Random layers and numbers. A failure is shrunk, and its seed kept in `random.regressions` beside
//! this file, to be tried first ever after.

mod common;

use common::int8::{CaseI8, FACTORS, NUMBERS, ROUNDINGS, levels_i8};
use common::int16::{CaseI16, levels_i16};
use common::{ACTIVATIONS, Case, Pair, Values, assert_same, cases, fit, levels_f32};
use microconv::{Activation, Geometry, Level, Padding};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use std::sync::LazyLock;

/// Asked once, and not for each case.
static LEVELS: LazyLock<Vec<Level>> = LazyLock::new(levels_f32);

static LEVELS_I8: LazyLock<Vec<Level>> = LazyLock::new(levels_i8);
static LEVELS_I16: LazyLock<Vec<Level>> = LazyLock::new(levels_i16);

fn config(usual: u32) -> ProptestConfig {
    ProptestConfig {
        cases: cases(usual),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}

/// The layer with fewer channels or filters, until it is small enough that many can be tried.
fn bounded(mut layer: Geometry) -> Geometry {
    let macs = |layer: Geometry| layer.sizes().map_or(0, |sizes| sizes.macs);
    while macs(layer) > 100_000 {
        let groups = layer.groups;
        let most = groups
            .max(layer.channels / groups)
            .max(layer.filters / groups);
        if most == groups {
            layer.channels = layer.channels / groups * groups.div_ceil(2);
            layer.filters = layer.filters / groups * groups.div_ceil(2);
            layer.groups = groups.div_ceil(2);
        } else if most == layer.channels / groups {
            layer.channels = most.div_ceil(2) * groups;
        } else {
            layer.filters = most.div_ceil(2) * groups;
        }
        if layer.channels * layer.filters == 1 {
            break;
        }
    }
    layer
}

fn steps() -> impl Strategy<Value = [usize; 3]> {
    [1..=3usize, 1..=3, 1..=3]
}

fn padding() -> impl Strategy<Value = Padding> {
    let side = || [0..=6usize, 0..=6];
    prop_oneof![
        Just(Padding::Valid),
        Just(Padding::Same),
        [side(), side(), side()].prop_map(Padding::Explicit),
        (0..=3usize).prop_map(Padding::square),
    ]
}

/// Sizes and windows of one, two or three axes.
fn axes() -> impl Strategy<Value = ([usize; 3], [usize; 3])> {
    prop_oneof![
        ([1..=1usize, 1..=1, 1..=40], [1..=1usize, 1..=1, 1..=9]),
        ([1..=1usize, 1..=9, 1..=20], [1..=1usize, 1..=5, 1..=5]),
        ([1..=4usize, 1..=5, 1..=8], [1..=3usize, 1..=3, 1..=3]),
    ]
}

/// Groups, and channels and filters of each.
fn channels() -> impl Strategy<Value = [usize; 3]> {
    prop_oneof![
        [1..=1usize, 1..=70, 1..=70],
        [1..=5usize, 1..=12, 1..=36],
        [1..=70usize, 1..=1, 1..=3],
    ]
}

prop_compose! {
    fn layer()(
        (input, kernel) in axes(),
        [groups, channels, filters] in channels(),
        stride in steps(),
        dilation in steps(),
        padding in padding(),
        batch in 1..=3usize,
    ) -> Geometry {
        let [d, h, w] = input;
        let geometry = Geometry::conv3d([d, h, w, groups * channels], groups * filters, kernel)
            .groups(groups)
            .strides(stride)
            .dilations(dilation)
            .padding(padding)
            .batch(batch);
        bounded(fit(geometry))
    }
}

prop_compose! {
    /// Narrow maps of so many channels that sums wait in the output from tap to tap, on levels that have them do so.
    fn narrow()(
        [d, h, w] in [1..=2usize, 1..=3, 1..=10],
        [kd, kh, kw] in prop_oneof![
            [1..=1usize, 1..=3, 3..=3],
            [1..=2usize, 1..=2, 2..=5],
        ],
        [groups, channels, filters] in [1..=2usize, 126..=134, 30..=36],
        stride in steps(),
        dilation in steps(),
        padding in padding(),
        batch in 1..=2usize,
    ) -> Geometry {
        // Most at a stride of one, and most without holes.
        let few = |steps: [usize; 3]| steps.map(|step| if step == 3 { 2 } else { 1 });
        fit(Geometry::conv3d([d, h, w, groups * channels], groups * filters, [kd, kh, kw])
            .groups(groups)
            .strides(few(stride))
            .dilations(few(dilation))
            .padding(padding)
            .batch(batch))
    }
}

fn activation() -> impl Strategy<Value = Activation> {
    prop_oneof![
        proptest::sample::select(&ACTIVATIONS[..]),
        (-2f32..2.0, 0f32..2.0).prop_map(|(min, more)| Activation {
            min,
            max: min + more
        }),
    ]
}

fn values() -> impl Strategy<Value = Values> {
    proptest::sample::select(&[Values::Unit, Values::Wide, Values::Tiny, Values::Special][..])
}

proptest! {
#![proptest_config(config(10_000))]

#[test]
fn every_level_computes_the_chain(
    layer in layer(), activation in activation(), values in values(), seed: u64,
) {
    Case::with(layer, activation, values, seed).check(&LEVELS);
}}

proptest! {
    // Each takes as long as many of the others.
    #![proptest_config(ProptestConfig { cases: cases(1_000) / 10, ..config(0) })]

    #[test]
    fn narrow_maps_of_many_channels(
        layer in narrow(), activation in activation(), values in values(), seed: u64,
    ) {
        Case::with(layer, activation, values, seed).check(&LEVELS);
    }
}

proptest! {
    #![proptest_config(config(3_000))]

    #[test]
    fn in_place_is_the_same(
        layer in layer(), activation in activation(), values in values(), seed: u64,
        lead in 0..3usize, part in 0.0..1.0, more in 0..3usize,
    ) {
        let case = Case::with(layer, activation, values, seed);
        let (plan, row) = (&case.plan, case.plan.output_row_len());
        let (input, output) = (plan.input_len(), plan.output_len());
        let memory = input.max(output) + lead * row + (part * row as f64) as usize;
        let lines = plan.in_place_lines_len(memory).expect("enough memory") + more * row / 2;
        for &level in &*LEVELS {
            let mut expected = case.memory(memory);
            expected[..output].copy_from_slice(&case.run(level));
            let given = case.run_in_place(level, memory, lines);
            assert_same(&given, &expected, || format!("{level}, {memory}, {lines}: {case}"));
        }
    }

    #[test]
    fn separable_is_the_same(
        layer in layer(), activation in activation(), values in values(), seed: u64,
        filters in 1..40usize, grouped: bool, rows in 1..5usize, lead in 0..40usize,
    ) {
        let channels = layer.filters;
        let groups = if grouped && filters * channels < 400 { channels } else { 1 };
        let first = Case::with(layer, activation, values, seed);
        let mut pair = Pair::new(first, filters * groups, groups);
        let plan = pair.plan;
        let (input, output) = (plan.spatial().input_len(), plan.pointwise().output_len());
        let memory = input.max(output) + lead;
        let lines = plan.in_place_lines_len(memory).expect("enough memory");
        for &level in &*LEVELS {
            let expected = pair.expected(level.is_fused());
            assert_same(&pair.run(level, rows), &expected, || format!("{level}, {rows}: {pair}"));
            let mut whole = pair.first.memory(memory);
            whole[..output].copy_from_slice(&expected);
            let given = pair.run_in_place(level, memory, lines);
            assert_same(&given, &whole, || format!("{level}, {memory}, {lines}: {pair}"));
        }
    }

    #[test]
    fn every_level_computes_the_integers(
        layer in layer(),
        rounding in proptest::sample::select(&ROUNDINGS[..]),
        numbers in proptest::sample::select(&NUMBERS[..]),
        factors in proptest::sample::select(&FACTORS[..]),
        seed: u64,
    ) {
        CaseI8::with(layer, rounding, numbers, factors, seed).check(&LEVELS_I8);
    }

    #[test]
    fn every_level_computes_the_integers_of_int16(
        layer in layer(),
        numbers in proptest::sample::select(&NUMBERS[..]),
        factors in proptest::sample::select(&FACTORS[..]),
        seed: u64,
    ) {
        CaseI16::with(layer, numbers, factors, seed).check(&LEVELS_I16);
    }
}
