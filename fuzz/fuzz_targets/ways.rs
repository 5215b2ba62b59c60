//! Small layers computed in the other ways there are, on every level: by Winograd's algorithms, in the memory of
//! the input, and two layers at once. Each must give what it stands for.

#![no_main]

use arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use microconv::{
    Activation, Algorithm, ConvF32, Geometry, Level, Limits, Padding, SeparableF32, reference,
};
use microconv_fuzz::floats::{UNWRITTEN, activation, numbers, same};
use microconv_fuzz::{geometry, noise, ordered};
use std::ops::Range;

/// Multiply-adds that a layer may have, so that a run is quick.
const MOST: u64 = 20_000;

/// Bytes of scratch that a layer may have.
const BUDGET: usize = 1 << 18;

/// Whether a layer is quick to run.
fn is_small(plan: &ConvF32) -> bool {
    plan.macs() <= MOST && plan.input_len() <= 1 << 14 && plan.output_len() <= 1 << 14
}

/// A plan's packed weights, of any numbers.
fn packed(u: &mut Unstructured, plan: &ConvF32) -> Result<Vec<f32>> {
    let weights = numbers(u, plan.weights_len())?;
    let bias = numbers(u, plan.geometry().filters)?;
    let bias = u.arbitrary::<bool>()?.then_some(&bias[..]);
    let mut packed = vec![UNWRITTEN; plan.packed_len()];
    plan.pack(ordered(u, &weights)?, bias, &mut packed)
        .expect("weights of this plan");
    Ok(packed)
}

/// From as few as are needed to more than are of use.
fn around(u: &mut Unstructured, least: usize, good: usize) -> Result<usize> {
    u.int_in_range(least..=good.max(least) + 3)
}

fn run(plan: &ConvF32, level: Level, input: &[f32], packed: &[f32], scratch: usize) -> Vec<f32> {
    let mut output = vec![UNWRITTEN; plan.output_len()];
    let mut scratch = vec![UNWRITTEN; scratch];
    plan.run(level, input, packed, &mut output, &mut scratch)
        .expect("right lengths");
    output
}

fn winograd(u: &mut Unstructured) -> Result<()> {
    let any = geometry(u)?;
    let ([depth, ..], [_, h, w]) = (any.kernel, any.input);
    let layer = Geometry {
        kernel: [depth, 3, 3],
        stride: [any.stride[0], 1, 1],
        dilation: [any.dilation[0], 1, 1],
        padding: if h.min(w) < 3 {
            Padding::Same
        } else {
            any.padding
        },
        ..any
    };
    let algorithm = *u.choose(&[
        Algorithm::Winograd2x2,
        Algorithm::Winograd4x4,
        Algorithm::Winograd6x6,
    ])?;
    let limits = Limits::scratch(BUDGET - u.int_in_range(0..=BUDGET)?);
    let Ok(plan) = ConvF32::with_algorithm(layer, activation(u)?, algorithm, limits) else {
        return Ok(());
    };
    assert_eq!(plan.algorithm(), algorithm);
    assert!(plan.scratch_len() * 4 <= limits.scratch_bytes);
    if !is_small(&plan) {
        return Ok(());
    }
    if u.arbitrary()? {
        return bounded(u, plan);
    }
    let input = numbers(u, plan.input_len())?;
    let packed = packed(u, &plan)?;
    let (least, good) = (plan.least_scratch_len(), plan.scratch_len());
    let whole = run(&plan, Level::detect(), &input, &packed, good);
    let (rows, step) = (plan.output_rows(), plan.row_granularity());
    let plane = plan.output_shape()[2];
    let plane_start = u.int_in_range(0..=rows / plane - 1)? * plane;
    let cut = (u.int_in_range(0..=plane / step)? * step).min(plane);
    for level in Level::all() {
        let scratch = around(u, least, good)?;
        let output = run(&plan, level, &input, &packed, scratch);
        let fused = level.is_fused();
        assert!(!fused || same(&output, &whole), "{level}: {plan:?}");
        for rows in [0..plane_start + cut, plane_start + cut..rows] {
            let from = plan.input_rows(rows.clone()).expect("rows of this plan");
            let part = part(
                &plan,
                level,
                rows.clone(),
                &input[bounds(&from, plan.input_row_len())],
                &packed,
                scratch,
            );
            let of_whole = &output[bounds(&rows, plan.output_row_len())];
            assert!(same(&part, of_whole), "{level} {rows:?}: {plan:?}");
        }
    }
    Ok(())
}

/// Numbers that neither overflow nor underflow: no output is further off than is allowed, of the sum that it
/// would have with the largest input everywhere.
fn bounded(u: &mut Unstructured, plan: ConvF32) -> Result<()> {
    let mut unit = noise(u)?.map(|state| (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0);
    let mut numbers = |len| unit.by_ref().take(len).collect::<Vec<f32>>();
    let filters = plan.geometry().filters;
    let (input, weights, bias) = (
        numbers(plan.input_len()),
        numbers(plan.weights_len()),
        numbers(filters),
    );
    let weights = ordered(u, &weights)?;
    let mut packed = vec![UNWRITTEN; plan.packed_len()];
    plan.pack(weights, Some(&bias), &mut packed)
        .expect("weights of this plan");
    let len = plan.output_len();
    let (mut sums, mut magnitudes) = (vec![0.0; len], vec![0.0; len]);
    let geometry = plan.geometry();
    reference::conv(
        geometry,
        &input,
        weights,
        Some(&bias),
        &mut sums,
        &mut magnitudes,
    )
    .expect("a plan's slices");
    let most = input.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
    // The same layer of inputs that are all so large has those sums where its windows lie inside.
    let terms = plan.weights_len() / filters;
    let unit = terms as f64 * f64::from(most) + 1.0;
    let Activation { min, max } = plan.activation();
    for level in Level::all() {
        let output = run(&plan, level, &input, &packed, plan.scratch_len());
        // Roundings that are not fused are twice as many.
        let allowed = plan.error_bound() * unit * if level.is_fused() { 1.0 } else { 2.01 };
        for (y, sum) in output.iter().zip(&sums) {
            let expected = sum.clamp(min.into(), max.into());
            let error = (f64::from(*y) - expected).abs();
            assert!(error <= allowed, "{level}: {y} for {expected}: {plan:?}");
        }
    }
    Ok(())
}

fn bounds(rows: &Range<usize>, row: usize) -> Range<usize> {
    rows.start * row..rows.end * row
}

/// Some rows, from a vector that holds just what they need, so that a sanitizer sees its ends.
fn part(
    plan: &ConvF32,
    level: Level,
    rows: Range<usize>,
    input: &[f32],
    packed: &[f32],
    scratch: usize,
) -> Vec<f32> {
    let mut output = vec![UNWRITTEN; rows.len() * plan.output_row_len()];
    let mut scratch = vec![UNWRITTEN; scratch];
    plan.run_rows(
        level,
        rows,
        &input.to_vec(),
        packed,
        &mut output,
        &mut scratch,
    )
    .expect("right lengths");
    output
}

/// The memory of a run in place: the input at its end, and what it holds afterwards if that leaves the rest alone.
fn memory(input: &[f32], output: &[f32], len: usize) -> [Vec<f32>; 2] {
    let mut memory = vec![UNWRITTEN; len - input.len()];
    memory.extend(input);
    let mut expected = memory.clone();
    expected[..output.len()].copy_from_slice(output);
    [memory, expected]
}

fn in_place(u: &mut Unstructured) -> Result<()> {
    let Ok(plan) = ConvF32::new(geometry(u)?, activation(u)?) else {
        return Ok(());
    };
    if !is_small(&plan) {
        return Ok(());
    }
    let input = numbers(u, plan.input_len())?;
    let packed = packed(u, &plan)?;
    let len = around(
        u,
        plan.input_len().max(plan.output_len()),
        plan.input_len() + plan.output_len(),
    )?;
    let least = plan.in_place_lines_len(len).expect("memory enough");
    for level in Level::all() {
        let output = run(&plan, level, &input, &packed, 0);
        let [mut memory, expected] = memory(&input, &output, len);
        let mut lines = vec![UNWRITTEN; around(u, least, plan.output_len())?];
        plan.run_in_place(level, &mut memory, &packed, &mut lines, &mut [])
            .expect("right lengths");
        assert!(
            same(&memory, &expected),
            "{level}, {len}, {}: {plan:?}",
            lines.len()
        );
    }
    if least > 0 {
        let [mut memory, _] = memory(&input, &[], len);
        let before = memory.clone();
        let mut lines = vec![UNWRITTEN; u.int_in_range(0..=least - 1)?];
        plan.run_in_place(Level::detect(), &mut memory, &packed, &mut lines, &mut [])
            .expect_err("too few lines");
        assert!(same(&memory, &before));
    }
    Ok(())
}

fn two_layers(u: &mut Unstructured) -> Result<()> {
    let Ok(spatial) = ConvF32::new(geometry(u)?, activation(u)?) else {
        return Ok(());
    };
    let [batch, d, h, w, channels] = spatial.output_shape();
    let groups = *u.choose(&[1, channels])?;
    let filters = match groups {
        1 => u.int_in_range(1..=40)?,
        _ => channels * u.int_in_range(1..=2)?,
    };
    let pointwise = Geometry::conv3d([d, h, w, channels], filters, [1, 1, 1])
        .groups(groups)
        .batch(batch);
    let pointwise = match ConvF32::new(pointwise, activation(u)?) {
        Ok(pointwise) if is_small(&spatial) && is_small(&pointwise) => pointwise,
        _ => return Ok(()),
    };
    let plan =
        SeparableF32::new(spatial, pointwise).expect("a layer and a pointwise one behind it");
    let input = numbers(u, spatial.input_len())?;
    let (first, second) = (packed(u, &spatial)?, packed(u, &pointwise)?);
    let packed = [&first[..], &second[..]];
    let len = around(
        u,
        input.len().max(pointwise.output_len()),
        input.len() + pointwise.output_len(),
    )?;
    let least = plan.in_place_lines_len(len).expect("memory enough");
    let rows = pointwise.output_rows();
    let cut = u.int_in_range(0..=rows)?;
    for level in Level::all() {
        let between = run(&spatial, level, &input, &first, 0);
        let expected = run(&pointwise, level, &between, &second, 0);
        let mut scratch = vec![UNWRITTEN; around(u, plan.scratch_len(), between.len())?];
        let mut output = vec![UNWRITTEN; pointwise.output_len()];
        plan.run(level, &input, packed, &mut output, &mut scratch)
            .expect("right lengths");
        assert!(same(&output, &expected), "{level}: {plan:?}");
        for rows in [0..cut, cut..rows] {
            let from = plan.input_rows(rows.clone()).expect("rows of this plan");
            let from = input[bounds(&from, spatial.input_row_len())].to_vec();
            let of_whole = &expected[bounds(&rows, pointwise.output_row_len())];
            let mut output = vec![UNWRITTEN; of_whole.len()];
            plan.run_rows(
                level,
                rows.clone(),
                &from,
                packed,
                &mut output,
                &mut scratch,
            )
            .expect("right lengths");
            assert!(same(&output, of_whole), "{level} {rows:?}: {plan:?}");
        }
        let [mut memory, expected] = memory(&input, &expected, len);
        let mut lines = vec![UNWRITTEN; around(u, least, pointwise.output_len())?];
        plan.run_in_place(level, &mut memory, packed, &mut lines, &mut scratch)
            .expect("right lengths");
        assert!(same(&memory, &expected), "{level}, {len}: {plan:?}");
    }
    Ok(())
}

fuzz_target!(|bytes: &[u8]| {
    let u = &mut Unstructured::new(bytes);
    // Bytes that are too few make no layer.
    let _ = match u.int_in_range(0..=2) {
        Ok(0) => winograd(u),
        Ok(1) => in_place(u),
        _ => two_layers(u),
    };
});
