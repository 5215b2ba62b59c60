//! Small layers of int16 activations on every level: what is refused had to be, and what is not is computed
//! to the bit as the definitions say, whole and in parts.

#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use microconv::{ConvI16, Error, Level, Multiplier, RangeI16, Scales, reference};
use microconv_fuzz::{fill, geometry, ordered, overflows, packed_rightly};
use std::ops::Range;

/// Multiply-adds that a layer may have, so that a run is quick.
const MOST: u64 = 20_000;

/// What a sum may be: 48 bits.
const SUMS: Range<i128> = -(1 << 47)..1 << 47;

const UNWRITTEN: i16 = 0x5a5a;

/// Biases of all sizes.
fn bias(u: &mut Unstructured, filters: usize) -> Result<Vec<i64>> {
    let (some, small): ([i64; 4], i16) = u.arbitrary()?;
    let right = u.int_in_range(0..=63)?;
    let pick = u.int_in_range(0..=3)?;
    Ok((0..filters)
        .map(|filter| match pick {
            0 => some[filter % 4] >> right,
            _ => i64::from(small) * (filter as i64 % 16),
        })
        .collect())
}

/// One multiplier for each filter or for all, now and then too large.
fn multipliers(u: &mut Unstructured, filters: usize) -> Result<Vec<Multiplier>> {
    let count = if u.arbitrary()? { 1 } else { filters };
    let some = (0..count.min(5))
        .map(|_| {
            let value = u.int_in_range(0..=i32::MAX)?;
            let shift = u.int_in_range(-31..=7)?;
            let shift = if u.ratio(1, 64)? { 8 } else { shift };
            Ok(Multiplier::new(value, shift).expect("within its range"))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok((0..count).map(|filter| some[filter % some.len()]).collect())
}

struct Case {
    plan: ConvI16,
    input: Vec<i16>,
    packed: Vec<i32>,
    expected: Vec<i16>,
}

fn layer(u: &mut Unstructured) -> Result<()> {
    let geometry = geometry(u)?;
    let (min, max): (i16, i16) = u.arbitrary()?;
    let range = if u.arbitrary()? {
        RangeI16::FULL
    } else {
        RangeI16 { min, max }
    };
    let plan = match ConvI16::new(geometry, range) {
        Ok(plan) => plan,
        Err(Error::Clamp { .. }) => {
            assert!(range.min > range.max);
            return Ok(());
        }
        Err(_) => {
            assert!(geometry.sizes().is_err(), "{geometry:?}");
            return Ok(());
        }
    };
    assert!(range.min <= range.max);
    if plan.macs() > MOST || plan.input_len() > 1 << 16 || plan.output_len() > 1 << 14 {
        return Ok(());
    }
    let input: Vec<i16> = fill(u, 2 * plan.input_len())?
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    let slice: Vec<i8> = fill(u, plan.weights_len())?
        .into_iter()
        .map(|byte| byte as i8)
        .collect();
    let weights = ordered(u, &slice)?;
    let bias = match u.arbitrary()? {
        true => Some(bias(u, geometry.filters)?),
        false => None,
    };
    let bias = bias.as_deref();
    let multipliers = multipliers(u, geometry.filters)?;
    let of = |filter: usize| multipliers[filter % multipliers.len()];

    const EMPTY: i32 = 0x5a5a_a5a5;
    let mut packed = vec![EMPTY; plan.packed_len()];
    let outcome = plan.pack(
        weights,
        bias,
        Scales::Multipliers(&multipliers),
        &mut packed,
    );
    let too_large = overflows(
        &geometry,
        &weights,
        &slice,
        |filter| bias.map_or(0, |bias| bias[filter].into()),
        [-32768, 32767],
        |sum| SUMS.contains(&sum),
    );
    let no_scale = (0..geometry.filters).find(|&filter| of(filter).shift() > 7);
    let untouched = packed.iter().all(|word| *word == EMPTY);
    if !packed_rightly(outcome, untouched, too_large, no_scale) {
        return Ok(());
    }

    let mut sums = vec![0; plan.output_len()];
    reference::conv_i16(&geometry, &input, weights, bias, &mut sums).expect("a plan's geometry");
    let expected = sums
        .iter()
        .enumerate()
        .map(|(index, sum)| {
            let steps = reference::requantize_i16(*sum, of(index % geometry.filters));
            steps.clamp(range.min.into(), range.max.into()) as i16
        })
        .collect();
    let case = Case {
        plan,
        input,
        packed,
        expected,
    };
    let (cut, all) = (u.int_in_range(0..=plan.output_rows())?, plan.output_rows());
    for level in Level::all() {
        for rows in [0..all, 0..cut, cut..all] {
            case.check(level, rows);
        }
    }
    case.wrong_lengths(u)
}

impl Case {
    fn check(&self, level: Level, rows: Range<usize>) {
        let plan = &self.plan;
        let from = plan.input_rows(rows.clone()).expect("rows of this plan");
        let row = plan.input_row_len();
        // Vectors of their own, so that a sanitizer sees their ends.
        let input = self.input[from.start * row..from.end * row].to_vec();
        let mut output = vec![UNWRITTEN; rows.len() * plan.output_row_len()];
        plan.run_rows(level, rows.clone(), &input, &self.packed, &mut output)
            .expect("right lengths");
        let start = rows.start * plan.output_row_len();
        assert_eq!(
            output,
            self.expected[start..start + output.len()],
            "{level} {rows:?}: {:?}",
            plan.geometry()
        );
    }

    /// One slice longer or shorter than it should be, or a bit of the seal changed.
    fn wrong_lengths(mut self, u: &mut Unstructured) -> Result<()> {
        let mut output = vec![UNWRITTEN; self.plan.output_len()];
        let len = usize::from(u8::arbitrary(u)?);
        let wrong = match u.int_in_range(0..=3)? {
            0 => {
                let wrong = len != self.input.len();
                self.input.resize(len, 0);
                wrong
            }
            1 => {
                let wrong = len != self.packed.len();
                self.packed.resize(len, 0);
                wrong
            }
            2 => {
                let wrong = len != output.len();
                output.resize(len, UNWRITTEN);
                wrong
            }
            _ => {
                let at = self.packed.len() - u.int_in_range(1..=4)?;
                self.packed[at] ^= 1 << u.int_in_range(0..=31)?;
                true
            }
        };
        if wrong {
            for level in Level::all() {
                let outcome = self.plan.run(level, &self.input, &self.packed, &mut output);
                assert!(outcome.is_err());
            }
            assert!(output.iter().all(|x| *x == UNWRITTEN));
        }
        Ok(())
    }
}

fuzz_target!(|bytes: &[u8]| {
    // Bytes that are too few make no layer.
    let _ = layer(&mut Unstructured::new(bytes));
});
