//! What the targets have in common.

pub mod floats;

use arbitrary::{Arbitrary, Result, Unstructured};
use microconv::{Error, Geometry, Padding, Weights};

/// A number from `low` on, rather a small one, for a layer of large ones takes too long.
fn number(u: &mut Unstructured, low: usize, high: usize) -> Result<usize> {
    let most = low + ((high - low) >> u.int_in_range(0..=3)?);
    u.int_in_range(low..=most)
}

/// A small geometry, good or bad.
pub fn geometry(u: &mut Unstructured) -> Result<Geometry> {
    let axes = u.int_in_range(1..=3)?;
    let mut per_axis = |high: usize| -> Result<[usize; 3]> {
        let mut numbers = [1; 3];
        for n in &mut numbers[3 - axes..] {
            *n = number(u, 1, high)?;
        }
        Ok(numbers)
    };
    let (input, kernel) = (per_axis(40)?, per_axis(7)?);
    let (stride, dilation) = (per_axis(4)?, per_axis(4)?);
    let mut sides = [[0; 2]; 3];
    for side in sides[3 - axes..].as_flattened_mut() {
        *side = number(u, 0, 12)?;
    }
    let padding = match u.int_in_range(0..=4)? {
        0 => Padding::Valid,
        1 => Padding::Same,
        _ => Padding::Explicit(sides),
    };
    let groups = number(u, 1, 40)?;
    let channels = groups * number(u, 1, 40)?;
    let filters = groups * number(u, 1, 40)?;
    let [d, h, w] = input;
    Ok(Geometry::conv3d([d, h, w, channels], filters, kernel)
        .strides(stride)
        .dilations(dilation)
        .groups(groups)
        .batch(u.int_in_range(1..=3)?)
        .padding(padding))
}

/// Many channels on a map of a few pixels, of which some reach no tap of the window.
pub fn narrow(u: &mut Unstructured) -> Result<Geometry> {
    let (h, w) = (u.int_in_range(1..=3)?, u.int_in_range(1..=12)?);
    let kernel = u.int_in_range(2..=5)?;
    let stride = if u.ratio(1, 4)? { 2 } else { 1 };
    let groups = u.int_in_range(1..=2)?;
    let channels = groups * u.int_in_range(120..=200)?;
    // The wide kernels take 32 at a time.
    let filters = match u.arbitrary()? {
        true => 32,
        false => u.int_in_range(1..=40)?,
    };
    let filters = groups * filters;
    let (before, after) = (u.int_in_range(0..=4)?, u.int_in_range(0..=4)?);
    Ok(Geometry::conv2d([h, w, channels], filters, [1, kernel])
        .groups(groups)
        .strides([1, 1, stride])
        .padding(Padding::sides([[0, 0], [before, after]])))
}

/// Numbers without end, from a few bytes (Marsaglia's xorshift).
pub fn noise(u: &mut Unstructured) -> Result<impl Iterator<Item = u64> + use<>> {
    let mut state = u64::from(u32::arbitrary(u)?) | 1;
    Ok(std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }))
}

/// Bytes of all kinds, from a few however many there are.
pub fn fill(u: &mut Unstructured, len: usize) -> Result<Vec<u8>> {
    let some: [u8; 4] = u.arbitrary()?;
    let few = u.int_in_range(0..=64)?;
    Ok(noise(u)?
        .take(len)
        .map(|state| {
            if state >> 58 < few {
                some[(state >> 32) as usize % some.len()]
            } else {
                (state >> 40) as u8
            }
        })
        .collect())
}

/// The weights, in one of the three orders.
pub fn ordered<'a, T>(u: &mut Unstructured, weights: &'a [T]) -> Result<Weights<'a, T>> {
    Ok(match u.int_in_range(0..=2)? {
        0 => Weights::Ohwi(weights),
        1 => Weights::Oihw(weights),
        _ => Weights::Hwio(weights),
    })
}

/// Index of a weight in one of the three orders.
fn weight_at(geometry: &Geometry, weights: &Weights<'_, i8>, filter: usize, term: usize) -> usize {
    let taps = geometry.kernel.iter().product::<usize>();
    let depth = geometry.channels / geometry.groups;
    let (tap, channel) = (term / depth, term % depth);
    match weights {
        Weights::Ohwi(_) => (filter * taps + tap) * depth + channel,
        Weights::Oihw(_) => (filter * depth + channel) * taps + tap,
        _ => (tap * depth + channel) * geometry.filters + filter,
    }
}

/// The first filter for which there is an input whose sum, whole or in part, does not fit: inputs, less their
/// zero point, lie between the two ends.
pub fn overflows(
    geometry: &Geometry,
    weights: &Weights<'_, i8>,
    slice: &[i8],
    bias: impl Fn(usize) -> i128,
    ends: [i128; 2],
    fits: impl Fn(i128) -> bool,
) -> Option<usize> {
    let terms = slice.len() / geometry.filters;
    (0..geometry.filters).find(|&filter| {
        let (mut least, mut most) = (bias(filter), bias(filter));
        for term in 0..terms {
            let weight = i128::from(slice[weight_at(geometry, weights, filter, term)]);
            let [a, b] = ends.map(|end| end * weight);
            least += a.min(b);
            most += a.max(b);
        }
        !fits(least) || !fits(most)
    })
}

/// What packing has to refuse, it has refused with the right filter and written nothing, and nothing else.
/// Whether it has packed.
pub fn packed_rightly(
    outcome: std::result::Result<(), Error>,
    untouched: bool,
    too_large: Option<usize>,
    no_scale: Option<usize>,
) -> bool {
    match outcome {
        Ok(()) => {
            assert_eq!([too_large, no_scale], [None; 2]);
            return true;
        }
        Err(Error::Accumulator { filter, .. }) => assert_eq!(too_large, Some(filter)),
        Err(Error::Multiplier { filter }) => assert_eq!(no_scale, Some(filter)),
        Err(error) => panic!("{error}"),
    }
    assert!(untouched);
    false
}
