//! Multipliers given in parts pack as the multipliers that they are.

use microconv::{
    Argument, ConvI8, Error, Geometry, Multiplier, Quantization, Rounding, Scales, Weights,
};

const VALUES: [i32; 5] = [1 << 30, 0, i32::MAX, 1, 1_518_500_250];
const SHIFTS: [i32; 5] = [-9, 0, -31, 30, 2];

fn pack(rounding: Rounding, scales: Scales<'_>) -> Result<Vec<i32>, Error> {
    let quantization = Quantization::int8(3, -4).rounding(rounding);
    let plan = ConvI8::new(Geometry::conv2d([4, 4, 3], 5, [2, 2]), quantization)?;
    let mut packed = vec![0; plan.packed_len()];
    plan.pack(Weights::Ohwi(&[7; 60]), None, scales, &mut packed)?;
    Ok(packed)
}

fn parts<'a>(values: &'a [i32], shifts: &'a [i32]) -> Scales<'a> {
    Scales::Parts { values, shifts }
}

#[test]
fn as_multipliers() {
    let multipliers: Vec<Multiplier> = VALUES
        .into_iter()
        .zip(SHIFTS)
        .map(|(value, shift)| Multiplier::new(value, shift).unwrap())
        .collect();
    for rounding in [Rounding::Tflite, Rounding::TfliteSingle, Rounding::Float] {
        let whole = pack(rounding, Scales::Multipliers(&multipliers)).unwrap();
        assert_eq!(pack(rounding, parts(&VALUES, &SHIFTS)).unwrap(), whole);
        let one = pack(rounding, Scales::Multipliers(&multipliers[..1])).unwrap();
        assert_eq!(
            pack(rounding, parts(&VALUES[..1], &SHIFTS[..1])).unwrap(),
            one
        );
    }
}

#[test]
fn refused() {
    let length = |needed, given| {
        Err(Error::Length {
            argument: Argument::Scales,
            needed,
            given,
        })
    };
    let pack = |values: &[i32], shifts: &[i32]| pack(Rounding::Tflite, parts(values, shifts));
    assert_eq!(pack(&VALUES, &SHIFTS[..4]), length(5, 4));
    assert_eq!(pack(&VALUES[..4], &SHIFTS[..4]), length(5, 4));
    assert_eq!(pack(&[], &[]), length(5, 0));
    let (mut values, mut shifts) = (VALUES, SHIFTS);
    values[2] = -1;
    assert_eq!(pack(&values, &SHIFTS), Err(Error::Multiplier { filter: 2 }));
    shifts[4] = 31;
    assert_eq!(pack(&VALUES, &shifts), Err(Error::Multiplier { filter: 4 }));
}
