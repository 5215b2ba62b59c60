//! What the targets of floats have in common.

use crate::noise;
use arbitrary::{Arbitrary, Result, Unstructured};
use microconv::Activation;

/// What no layer computes.
pub const UNWRITTEN: f32 = 1.234e-33;

/// A clamp, good or bad.
pub fn activation(u: &mut Unstructured) -> Result<Activation> {
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
pub fn numbers(u: &mut Unstructured, len: usize) -> Result<Vec<f32>> {
    let some: [f32; 4] = u.arbitrary()?;
    Ok(noise(u)?
        .take(len)
        .map(|state| match state >> 58 {
            n @ 0..4 => some[n as usize],
            _ => (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0,
        })
        .collect())
}

/// Whether all have the same bits; one NaN is as good as another.
pub fn same(a: &[f32], b: &[f32]) -> bool {
    let alike = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
    a.len() == b.len() && a.iter().zip(b).all(alike)
}

/// What a clamp makes of a sum: a NaN passes.
pub fn clamp(x: f32, Activation { min, max }: Activation) -> f32 {
    if x < min {
        min
    } else if x > max {
        max
    } else {
        x
    }
}
