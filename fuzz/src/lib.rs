//! What the targets have in common.

use arbitrary::{Result, Unstructured};
use microconv::{Geometry, Padding};

/// A small geometry, good or bad.
pub fn geometry(u: &mut Unstructured) -> Result<Geometry> {
    let axes = u.int_in_range(1..=3)?;
    let mut per_axis = |low: usize, high: usize| -> Result<[usize; 3]> {
        let mut numbers = [low.max(1); 3];
        for number in &mut numbers[3 - axes..] {
            *number = u.int_in_range(low..=high)?;
        }
        Ok(numbers)
    };
    let (input, kernel) = (per_axis(1, 40)?, per_axis(1, 7)?);
    let (stride, dilation) = (per_axis(1, 4)?, per_axis(1, 4)?);
    let mut sides = [[0; 2]; 3];
    for side in sides[3 - axes..].as_flattened_mut() {
        *side = u.int_in_range(0..=12)?;
    }
    let padding = match u.int_in_range(0..=4)? {
        0 => Padding::Valid,
        1 => Padding::Same,
        _ => Padding::Explicit(sides),
    };
    let groups = u.int_in_range(1..=40)?;
    let channels = groups * u.int_in_range(1..=40)?;
    let filters = groups * u.int_in_range(1..=40)?;
    let [d, h, w] = input;
    Ok(Geometry::conv3d([d, h, w, channels], filters, kernel)
        .strides(stride)
        .dilations(dilation)
        .groups(groups)
        .batch(u.int_in_range(1..=3)?)
        .padding(padding))
}
