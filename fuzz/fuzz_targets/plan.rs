//! Any numbers at all as a geometry: a plan is refused or made, nothing panics or hangs, and what a
//! plan says agrees with the same arithmetic in 128 bits.

#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use microconv::{Activation, ConvF32, Error, Geometry, Padding, Quantity, receptive_field};

/// A number near nothing, near a power of two, or anywhere.
fn number(u: &mut Unstructured) -> Result<usize> {
    Ok(match u.int_in_range(0..=3)? {
        0 => u.int_in_range(0..=4)?,
        1 => usize::from(u8::arbitrary(u)?),
        2 => {
            let power = 1usize << u.int_in_range(0..=usize::BITS - 1)?;
            power.wrapping_add(u.int_in_range(0..=4)?).wrapping_sub(2)
        }
        _ => u.arbitrary()?,
    })
}

fn numbers<const N: usize>(u: &mut Unstructured) -> Result<[usize; N]> {
    let mut numbers = [0; N];
    for n in &mut numbers {
        *n = number(u)?;
    }
    Ok(numbers)
}

fn geometry(u: &mut Unstructured) -> Result<Geometry> {
    let [d, h, w, channels, filters] = numbers(u)?;
    let geometry = if u.arbitrary()? {
        Geometry::depthwise2d([h, w, channels], filters, numbers(u)?)
    } else {
        Geometry::conv3d([d, h, w, channels], filters, numbers(u)?).groups(number(u)?)
    };
    Ok(geometry
        .strides(numbers(u)?)
        .dilations(numbers(u)?)
        .batch(number(u)?)
        .padding(match u.int_in_range(0..=2)? {
            0 => Padding::Valid,
            1 => Padding::Same,
            _ => Padding::Explicit([numbers(u)?, numbers(u)?, numbers(u)?]),
        }))
}

/// A product, as large as can be if it is larger than that.
fn product(factors: &[usize]) -> u128 {
    factors
        .iter()
        .fold(1, |product: u128, n| product.saturating_mul(*n as u128))
}

/// The most floats that a slice may have.
const LIMIT: u128 = isize::MAX as u128 / 8;

/// The output along an axis, and its padding.
fn positions(geometry: &Geometry, axis: usize) -> (u128, [u128; 2]) {
    let of = |numbers: [usize; 3]| numbers[axis] as u128;
    let (size, stride) = (of(geometry.input), of(geometry.stride));
    let extent = (of(geometry.kernel) - 1) * of(geometry.dilation) + 1;
    match geometry.padding {
        Padding::Same => {
            let count = size.div_ceil(stride);
            let total = ((count - 1) * stride + extent).saturating_sub(size);
            (count, [total / 2, total - total / 2])
        }
        padding => {
            let sides = match padding {
                Padding::Explicit(sides) => sides[axis].map(|side| side as u128),
                _ => [0, 0],
            };
            ((size + sides[0] + sides[1] - extent) / stride + 1, sides)
        }
    }
}

fn plan(u: &mut Unstructured) -> Result<()> {
    let geometry = geometry(u)?;
    let other = Geometry {
        kernel: numbers(u)?,
        stride: numbers(u)?,
        ..geometry
    };
    let _ = receptive_field(&[geometry, other, geometry]);
    let plan = match ConvF32::new(geometry, Activation::RELU) {
        Ok(plan) => plan,
        Err(error) => {
            refused(&geometry, error);
            return Ok(());
        }
    };
    let sizes = geometry.sizes().expect("a plan's geometry");
    for axis in 0..3 {
        let (count, padding) = positions(&geometry, axis);
        assert_eq!(sizes.output[axis] as u128, count);
        assert_eq!(sizes.padding[axis].map(|side| side as u128), padding);
    }
    let Geometry {
        batch,
        input: [d, h, w],
        channels,
        filters,
        groups,
        kernel,
        ..
    } = geometry;
    let [kd, kh, kw] = kernel;
    let [od, oh, ow] = sizes.output;
    let depth = channels / groups;
    assert_eq!((depth * groups, filters % groups), (channels, 0));
    let lengths = [
        (plan.input_len(), product(&[batch, d, h, w, channels])),
        (plan.output_len(), product(&[batch, od, oh, ow, filters])),
        (plan.weights_len(), product(&[filters, kd, kh, kw, depth])),
        (
            plan.parameters(),
            product(&[filters, kd, kh, kw, depth]) + filters as u128,
        ),
        (plan.output_rows(), product(&[batch, od, oh])),
        (plan.output_row_len(), product(&[ow, filters])),
        (plan.input_row_len(), product(&[w, channels])),
    ];
    for (given, expected) in lengths {
        assert_eq!(given as u128, expected, "{geometry:?}");
        assert!(expected <= LIMIT + filters as u128);
    }
    assert_eq!(plan.output_shape(), [batch, od, oh, ow, filters]);
    let macs = product(&[batch, od, oh, ow, filters]) * product(&[kd, kh, kw, depth]);
    assert_eq!(u128::from(plan.macs()), macs);
    let floats = [plan.input_len(), plan.packed_len(), plan.output_len()];
    let floats: u128 = floats.into_iter().map(|len| len as u128).sum();
    assert_eq!(u128::from(plan.bytes_moved()), 4 * floats);
    // Filters filled up to four at most quadruple, and each has a bias.
    let least = plan.parameters() as u128;
    assert!((least..=4 * least + 4).contains(&(plan.packed_len() as u128)));
    assert!(plan.packed_len() as u128 <= LIMIT);
    rows(u, &plan)
}

/// Whatever is refused has something about it.
fn refused(geometry: &Geometry, error: Error) {
    let Geometry {
        batch,
        input,
        channels,
        filters,
        kernel,
        stride,
        dilation,
        groups,
        ..
    } = *geometry;
    let all = [
        [batch, channels, filters],
        [groups; 3],
        input,
        kernel,
        stride,
        dilation,
    ];
    let zero = all.as_flattened().contains(&0);
    match error {
        Error::Zero(_) => assert!(zero),
        Error::Groups { .. } => assert!(channels % groups != 0 || filters % groups != 0),
        Error::Window { needed, given, .. } => assert!(needed > given),
        Error::Overflow(Quantity::InputLen | Quantity::OutputLen | Quantity::PackedLen) => {
            let reach: Vec<usize> = (0..3)
                .map(|axis| {
                    let (_, padding) = positions(geometry, axis);
                    input[axis].saturating_add(
                        usize::try_from(padding[0] + padding[1]).unwrap_or(usize::MAX),
                    )
                })
                .collect();
            let padded = product(&[batch, reach[0], reach[1], reach[2], channels, filters]);
            let weights = product(&[kernel[0], kernel[1], kernel[2], channels, filters]);
            let steps = product(&[stride[2], channels]).max(product(&[dilation[2], channels]));
            assert!(
                padded
                    .max(steps)
                    .max(weights.saturating_mul(8).saturating_add(64))
                    > LIMIT,
                "{geometry:?}"
            );
        }
        Error::Overflow(_) => assert!(!zero),
        error => panic!("{error}: {geometry:?}"),
    }
}

/// Rows of the output need rows of the input, more rows more of them.
fn rows(u: &mut Unstructured, plan: &ConvF32) -> Result<()> {
    let Geometry { batch, input, .. } = *plan.geometry();
    let all = plan.output_rows();
    let whole = plan.input_rows(0..all).expect("all rows");
    assert!(whole.start <= whole.end && whole.end <= batch * input[0] * input[1]);
    let (start, end) = (number(u)?, number(u)?);
    match plan.input_rows(start..end) {
        Ok(needed) => {
            assert!(start <= end && end <= all);
            assert!(needed.is_empty() || whole.start <= needed.start && needed.end <= whole.end);
            let cut = u.int_in_range(start..=end)?;
            for part in [start..cut, cut..end] {
                let part = plan.input_rows(part).expect("rows within");
                let within = needed.start <= part.start && part.end <= needed.end;
                assert!(
                    part.is_empty() || within,
                    "{part:?} {needed:?} {:?}",
                    plan.geometry()
                );
            }
        }
        Err(error) => {
            assert_eq!(
                error,
                Error::Rows {
                    needed: all,
                    start,
                    end
                }
            );
            assert!(start > end || end > all);
        }
    }
    Ok(())
}

fuzz_target!(|bytes: &[u8]| {
    // Bytes that are too few make no geometry.
    let _ = plan(&mut Unstructured::new(bytes));
});
