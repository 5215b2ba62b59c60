//! Small layers on every level: each must compute the chain of multiply-adds, whole and in parts,
//! and refuse slices of the wrong length.

#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use microconv::{Activation, ConvF32, Level, Weights, reference};
use microconv_fuzz::{geometry, noise};

/// Multiply-adds that a layer may have, so that a run is quick.
const MOST: u64 = 20_000;

const UNWRITTEN: f32 = 1.234e-33;

fn activation(u: &mut Unstructured) -> Result<Activation> {
    Ok(match u.int_in_range(0..=3)? {
        0 => Activation::NONE,
        1 => Activation::RELU,
        2 => Activation::RELU6,
        _ => Activation {
            min: f32::arbitrary(u)?,
            max: f32::arbitrary(u)?,
        },
    })
}

/// Numbers of all kinds, from a few bytes however many there are.
fn numbers(u: &mut Unstructured, len: usize) -> Result<Vec<f32>> {
    let some: [f32; 4] = u.arbitrary()?;
    Ok(noise(u)?
        .take(len)
        .map(|state| match state >> 58 {
            n @ 0..4 => some[n as usize],
            _ => (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0,
        })
        .collect())
}

fn same(a: &[f32], b: &[f32]) -> bool {
    let alike = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
    a.len() == b.len() && a.iter().zip(b).all(alike)
}

fn clamp(x: f32, Activation { min, max }: Activation) -> f32 {
    if x < min {
        min
    } else if x > max {
        max
    } else {
        x
    }
}

fn layer(u: &mut Unstructured) -> Result<()> {
    let (geometry, activation) = (geometry(u)?, activation(u)?);
    let Ok(plan) = ConvF32::new(geometry, activation) else {
        return Ok(());
    };
    if plan.macs() > MOST || plan.input_len() > 1 << 16 || plan.output_len() > 1 << 14 {
        return Ok(());
    }
    let input = numbers(u, plan.input_len())?;
    let weights = numbers(u, plan.weights_len())?;
    let bias = if u.arbitrary()? {
        Some(numbers(u, geometry.filters)?)
    } else {
        None
    };
    let (weights, bias) = match u.int_in_range(0..=2)? {
        0 => (Weights::Ohwi(&weights), bias.as_deref()),
        1 => (Weights::Oihw(&weights), bias.as_deref()),
        _ => (Weights::Hwio(&weights), bias.as_deref()),
    };
    let mut packed = vec![0.0; plan.packed_len()];
    plan.pack(weights, bias, &mut packed)
        .expect("weights of this plan");

    let mut expected = vec![0.0; plan.output_len()];
    reference::chain(&geometry, &input, weights, bias, &mut expected).expect("a good geometry");
    for x in &mut expected {
        *x = clamp(*x, activation);
    }
    let mut scratch = vec![0.0; plan.scratch_len()];
    let cut = u.int_in_range(0..=plan.output_rows())?;
    for level in Level::all() {
        let mut output = vec![UNWRITTEN; plan.output_len()];
        plan.run(level, &input, &packed, &mut output, &mut scratch)
            .expect("right lengths");
        if level.is_fused() {
            assert!(
                same(&output, &expected),
                "{level}: {geometry:?} {activation:?}"
            );
        }
        for rows in [0..cut, cut..plan.output_rows()] {
            let from = plan.input_rows(rows.clone()).expect("rows of this plan");
            let row = plan.input_row_len();
            // Vectors of their own, so that a sanitizer sees their ends.
            let input = input[from.start * row..from.end * row].to_vec();
            let mut part = vec![UNWRITTEN; rows.len() * plan.output_row_len()];
            plan.run_rows(
                level,
                rows.clone(),
                &input,
                &packed,
                &mut part,
                &mut scratch,
            )
            .expect("right lengths");
            let start = rows.start * plan.output_row_len();
            assert!(
                same(&part, &output[start..][..part.len()]),
                "{level} {rows:?}: {geometry:?}"
            );
        }
    }
    wrong_lengths(u, &plan, input, packed)
}

/// One slice longer or shorter than it should be, or a bit of the seal changed.
fn wrong_lengths(
    u: &mut Unstructured,
    plan: &ConvF32,
    mut input: Vec<f32>,
    mut packed: Vec<f32>,
) -> Result<()> {
    let mut output = vec![UNWRITTEN; plan.output_len()];
    let which = u.int_in_range(0..=3)?;
    let change = |slice: &mut Vec<f32>, len: u8| -> bool {
        let len = usize::from(len);
        let wrong = len != slice.len();
        slice.resize(len, UNWRITTEN);
        wrong
    };
    let wrong = match which {
        0 => change(&mut input, u.arbitrary()?),
        1 => change(&mut packed, u.arbitrary()?),
        2 => change(&mut output, u.arbitrary()?),
        _ => {
            let at = packed.len() - u.int_in_range(1..=4)?;
            packed[at] = f32::from_bits(packed[at].to_bits() ^ 1 << u.int_in_range(0..=31)?);
            true
        }
    };
    if wrong {
        for level in Level::all() {
            assert!(
                plan.run(level, &input, &packed, &mut output, &mut [])
                    .is_err()
            );
        }
        assert!(output.iter().all(|x| *x == UNWRITTEN));
    }
    Ok(())
}

fuzz_target!(|bytes: &[u8]| {
    // Bytes that are too few make no layer.
    let _ = layer(&mut Unstructured::new(bytes));
});
