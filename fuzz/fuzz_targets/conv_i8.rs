//! Small int8 layers on every level: what is refused had to be, and what is not is computed to the
//! bit as the definitions say, whole and in parts.

#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use microconv::{
    Bytes, ConvI8, Error, Input8, Level, Multiplier, Output8, Quantization, Rounding, Scales,
    reference,
};
use microconv_fuzz::{fill, geometry, ordered, overflows, packed_rightly};
use std::fmt::Debug;
use std::ops::Range;

/// Multiply-adds that a layer may have, so that a run is quick.
const MOST: u64 = 20_000;

fn bytes(u: &mut Unstructured) -> Result<Bytes> {
    Ok(if u.arbitrary()? {
        Bytes::Int8
    } else {
        Bytes::Uint8
    })
}

fn range(bytes: Bytes) -> [i32; 2] {
    match bytes {
        Bytes::Int8 => [-128, 127],
        Bytes::Uint8 => [0, 255],
    }
}

/// A number of the type, or now and then any.
fn number(u: &mut Unstructured, bytes: Bytes) -> Result<i32> {
    let [low, high] = range(bytes);
    Ok(match u.int_in_range(0..=63)? {
        0 => u.arbitrary()?,
        1..=8 => low,
        9..=16 => high,
        _ => u.int_in_range(low..=high)?,
    })
}

fn quantization(u: &mut Unstructured) -> Result<Quantization> {
    let (input, output) = (bytes(u)?, bytes(u)?);
    let ends = [number(u, output)?, number(u, output)?];
    Ok(Quantization {
        input,
        output,
        input_zero_point: number(u, input)?,
        output_zero_point: number(u, output)?,
        // In the wrong order if the first says so, which is refused.
        min: if u.ratio(15, 16)? {
            ends[0].min(ends[1])
        } else {
            ends[0]
        },
        max: ends[0].max(ends[1]),
        rounding: match u.int_in_range(0..=2)? {
            0 => Rounding::Tflite,
            1 => Rounding::TfliteSingle,
            _ => Rounding::Float,
        },
    })
}

/// Whether the numbers may stand together.
fn is_sound(quantization: &Quantization) -> bool {
    let holds = |bytes, number| {
        let [low, high] = range(bytes);
        (low..=high).contains(&number)
    };
    let Quantization { min, max, .. } = *quantization;
    let outputs = [quantization.output_zero_point, min, max];
    holds(quantization.input, quantization.input_zero_point)
        && outputs.map(|n| holds(quantization.output, n)) == [true; 3]
        && min <= max
}

fn bias(u: &mut Unstructured, filters: usize) -> Result<Vec<i32>> {
    let (some, small): ([i32; 4], i16) = u.arbitrary()?;
    let pick = u.int_in_range(0..=7)?;
    Ok((0..filters)
        .map(|filter| match pick {
            0 => some[filter % 4],
            _ => i32::from(small).wrapping_mul(filter as i32 % 16),
        })
        .collect())
}

/// Scales as numbers of their own.
enum Own {
    Real(f32, Vec<f32>, f32),
    Multipliers(Vec<Multiplier>),
}

impl Own {
    fn any(u: &mut Unstructured, filters: usize) -> Result<Own> {
        let count = if u.arbitrary()? { 1 } else { filters };
        let scale = |u: &mut Unstructured| -> Result<f32> {
            Ok(match u.int_in_range(0..=31)? {
                0 => u.arbitrary()?,
                _ => {
                    let power = u.int_in_range(-20..=4)?;
                    (1.0 + f32::from(u8::arbitrary(u)?) / 256.0) * 2f32.powi(power)
                }
            })
        };
        // A few numbers, taken in turn.
        let few = count.min(5);
        if u.arbitrary()? {
            let some = (0..few).map(|_| scale(u)).collect::<Result<Vec<_>>>()?;
            let weights = (0..count).map(|i| some[i % few]).collect();
            Ok(Own::Real(scale(u)?, weights, scale(u)?))
        } else {
            let some = (0..few)
                .map(|_| {
                    let value = u.int_in_range(0..=i32::MAX)?;
                    let shift = u.int_in_range(-31..=30)?;
                    Ok(Multiplier::new(value, shift).expect("within its range"))
                })
                .collect::<Result<Vec<_>>>()?;
            let multipliers = (0..count).map(|i| some[i % few]).collect();
            Ok(Own::Multipliers(multipliers))
        }
    }

    fn scales(&self) -> Scales<'_> {
        match self {
            Own::Real(input, weights, output) => Scales::Real {
                input: *input,
                weights,
                output: *output,
            },
            Own::Multipliers(multipliers) => Scales::Multipliers(multipliers),
        }
    }

    /// What a sum becomes, unless the scale is none.
    fn requantized(&self, q: &Quantization, sum: i32, filter: usize) -> Result<i32, Error> {
        let pick = |len: usize| if len == 1 { 0 } else { filter };
        let [low, high] = [q.min, q.max].map(|end| (end - q.output_zero_point) as f32);
        let float = |scale: f32| {
            if scale >= 0.0 && scale < f32::INFINITY {
                Ok(reference::requantize_float(sum, scale, low, high))
            } else {
                Err(Error::Multiplier { filter })
            }
        };
        let steps = match (self, q.rounding) {
            (Own::Real(input, weights, output), rounding) => {
                let weight = weights[pick(weights.len())];
                if !(*input > 0.0 && weight >= 0.0 && *output > 0.0) {
                    return Err(Error::Multiplier { filter });
                }
                if rounding == Rounding::Float {
                    float(input * weight / output)?
                } else {
                    let real = f64::from(*input) * f64::from(weight) / f64::from(*output);
                    let multiplier =
                        Multiplier::from_real(real).map_err(|_| Error::Multiplier { filter })?;
                    reference::requantize(rounding, sum, multiplier)
                }
            }
            (Own::Multipliers(all), Rounding::Float) => {
                let multiplier = all[pick(all.len())];
                let power = 2f64.powi(multiplier.shift() - 31);
                float((f64::from(multiplier.value()) * power) as f32)?
            }
            (Own::Multipliers(all), rounding) => {
                reference::requantize(rounding, sum, all[pick(all.len())])
            }
        };
        let output = i64::from(steps) + i64::from(q.output_zero_point);
        Ok(output.clamp(q.min.into(), q.max.into()) as i32)
    }
}

struct Case {
    plan: ConvI8,
    input: Vec<u8>,
    packed: Vec<i32>,
    /// The sums, and the bits of the outputs.
    sums: Vec<i32>,
    bytes: Vec<u8>,
}

fn layer(u: &mut Unstructured) -> Result<()> {
    let (geometry, quantization) = (geometry(u)?, quantization(u)?);
    let plan = match ConvI8::new(geometry, quantization) {
        Ok(plan) => plan,
        Err(Error::ZeroPoint { .. } | Error::Clamp { .. }) => {
            assert!(!is_sound(&quantization), "{quantization:?}");
            return Ok(());
        }
        Err(_) => {
            assert!(geometry.sizes().is_err(), "{geometry:?}");
            return Ok(());
        }
    };
    assert!(is_sound(&quantization), "{quantization:?}");
    if plan.macs() > MOST || plan.input_len() > 1 << 16 || plan.output_len() > 1 << 14 {
        return Ok(());
    }
    let input = fill(u, plan.input_len())?;
    let slice: Vec<i8> = fill(u, plan.weights_len())?
        .into_iter()
        .map(|byte| byte as i8)
        .collect();
    let weights = ordered(u, &slice)?;
    let bias = match u.arbitrary()? {
        true => Some(bias(u, geometry.filters)?),
        false => None,
    };
    let own = Own::any(u, geometry.filters)?;

    const UNWRITTEN: i32 = 0x5a5a_a5a5;
    let mut packed = vec![UNWRITTEN; plan.packed_len()];
    let outcome = plan.pack(weights, bias.as_deref(), own.scales(), &mut packed);
    let too_large = overflows(
        &geometry,
        &weights,
        &slice,
        |filter| bias.as_ref().map_or(0, |bias| bias[filter].into()),
        range(quantization.input).map(|end| (end - quantization.input_zero_point).into()),
        |sum| i32::try_from(sum).is_ok(),
    );
    let no_scale =
        (0..geometry.filters).find(|&filter| own.requantized(&quantization, 0, filter).is_err());
    let untouched = packed.iter().all(|word| *word == UNWRITTEN);
    if !packed_rightly(outcome, untouched, too_large, no_scale) {
        return Ok(());
    }

    let mut sums = vec![0; plan.output_len()];
    let signed: Vec<i8> = input.iter().map(|byte| *byte as i8).collect();
    let bias = bias.as_deref();
    match quantization.input {
        Bytes::Int8 => {
            reference::conv_i8(&geometry, &quantization, &signed, weights, bias, &mut sums)
        }
        Bytes::Uint8 => {
            reference::conv_i8(&geometry, &quantization, &input, weights, bias, &mut sums)
        }
    }
    .expect("a plan's geometry");
    let sums: Vec<i32> = sums
        .into_iter()
        .map(|sum| i32::try_from(sum).expect("packing proved it"))
        .collect();
    let output = |(index, sum): (usize, &i32)| {
        let filter = index % geometry.filters;
        own.requantized(&quantization, *sum, filter)
            .expect("checked above") as u8
    };
    let case = Case {
        bytes: sums.iter().enumerate().map(output).collect(),
        plan,
        input,
        packed,
        sums,
    };
    let cut = u.int_in_range(0..=plan.output_rows())?;
    match quantization.input {
        Bytes::Int8 => case.check(cut, |byte| byte as i8),
        Bytes::Uint8 => case.check(cut, |byte| byte),
    }
    case.wrong_lengths(u)
}

impl Case {
    /// The whole output and two parts of it, as bytes and as sums.
    fn check<I: Input8>(&self, cut: usize, input: fn(u8) -> I) {
        let all = self.plan.output_rows();
        for level in Level::all() {
            for rows in [0..all, 0..cut, cut..all] {
                match self.plan.quantization().output {
                    Bytes::Int8 => {
                        self.check_rows(level, &rows, input, 0x55i8, |n| self.bytes[n] as i8)
                    }
                    Bytes::Uint8 => self.check_rows(level, &rows, input, 0x55u8, |n| self.bytes[n]),
                }
                self.check_rows(level, &rows, input, 0x5555_5555, |n| self.sums[n]);
            }
        }
    }

    fn check_rows<I: Input8, O: Output8 + Clone + PartialEq + Debug>(
        &self,
        level: Level,
        rows: &Range<usize>,
        input: fn(u8) -> I,
        unwritten: O,
        expected: impl Fn(usize) -> O,
    ) {
        let plan = &self.plan;
        let from = plan.input_rows(rows.clone()).expect("rows of this plan");
        let row = plan.input_row_len();
        // Vectors of their own, so that a sanitizer sees their ends.
        let input: Vec<I> = self.input[from.start * row..from.end * row]
            .iter()
            .map(|byte| input(*byte))
            .collect();
        let mut output = vec![unwritten; rows.len() * plan.output_row_len()];
        plan.run_rows(level, rows.clone(), &input, &self.packed, &mut output)
            .expect("right lengths");
        let start = rows.start * plan.output_row_len();
        let expected: Vec<O> = (start..start + output.len()).map(expected).collect();
        assert_eq!(
            output,
            expected,
            "{level} {rows:?}: {:?} {:?}",
            plan.geometry(),
            plan.quantization()
        );
    }

    /// One slice longer or shorter than it should be, of another type, or a bit of the seal changed.
    fn wrong_lengths(self, u: &mut Unstructured) -> Result<()> {
        let Case {
            plan,
            mut input,
            mut packed,
            ..
        } = self;
        const UNWRITTEN: i32 = 0x5555_5555;
        let mut output = vec![UNWRITTEN; plan.output_len()];
        let mut is_other_type = false;
        let len = usize::from(u8::arbitrary(u)?);
        let wrong = match u.int_in_range(0..=4)? {
            0 => {
                let wrong = len != input.len();
                input.resize(len, 0);
                wrong
            }
            1 => {
                let wrong = len != packed.len();
                packed.resize(len, 0);
                wrong
            }
            2 => {
                let wrong = len != output.len();
                output.resize(len, UNWRITTEN);
                wrong
            }
            3 => {
                is_other_type = true;
                true
            }
            _ => {
                let at = packed.len() - u.int_in_range(1..=4)?;
                packed[at] ^= 1 << u.int_in_range(0..=31)?;
                true
            }
        };
        let signed: Vec<i8> = input.iter().map(|byte| *byte as i8).collect();
        let as_int8 = (plan.quantization().input == Bytes::Int8) != is_other_type;
        if wrong {
            for level in Level::all() {
                let outcome = if as_int8 {
                    plan.run(level, &signed, &packed, &mut output)
                } else {
                    plan.run(level, &input, &packed, &mut output)
                };
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
