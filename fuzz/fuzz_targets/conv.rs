//! Small layers on every level: each must compute the chain of multiply-adds, whole and in parts,
//! and refuse slices of the wrong length.

#![no_main]

use arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use microconv::{ConvF32, Level, reference};
use microconv_fuzz::floats::{UNWRITTEN, activation, clamp, numbers, same};
use microconv_fuzz::{geometry, narrow, ordered};

/// Multiply-adds that a layer may have, so that a run is quick.
const MOST: u64 = 20_000;

/// The same of a layer of many channels.
const MOST_NARROW: u64 = 200_000;

fn layer(u: &mut Unstructured) -> Result<()> {
    let (geometry, most) = if u.ratio(1, 8)? {
        (narrow(u)?, MOST_NARROW)
    } else {
        (geometry(u)?, MOST)
    };
    let activation = activation(u)?;
    let Ok(plan) = ConvF32::new(geometry, activation) else {
        return Ok(());
    };
    if plan.macs() > most || plan.input_len() > 1 << 16 || plan.output_len() > 1 << 14 {
        return Ok(());
    }
    let input = numbers(u, plan.input_len())?;
    let weights = numbers(u, plan.weights_len())?;
    let bias = if u.arbitrary()? {
        Some(numbers(u, geometry.filters)?)
    } else {
        None
    };
    let (weights, bias) = (ordered(u, &weights)?, bias.as_deref());
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
