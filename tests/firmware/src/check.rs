//! Compares an output with the reference, and with the chain of operations that the library promises.

use core::fmt;

use microconv::{Activation, Level, Weights, reference};

use crate::layers::Layer;

/// Elements of the largest output.
pub const MOST: usize = 2048;

pub struct Buffers {
    pub sums: [f64; MOST],
    pub magnitudes: [f64; MOST],
}

/// The first output that is wrong.
pub struct Wrong {
    at: usize,
    given: f32,
    needed: f32,
    what: &'static str,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "output {} is {:e}, {} is {:e}",
            self.at, self.given, self.what, self.needed
        )
    }
}

/// Within the bound of any order of summation: `terms * 2^-23 * sum of |products|`, the bias
/// being one of the products.
pub fn near_reference(layer: &Layer, output: &[f32], buffers: &mut Buffers) -> Result<(), Wrong> {
    let geometry = layer.plan.geometry();
    let sums = &mut buffers.sums[..output.len()];
    let magnitudes = &mut buffers.magnitudes[..output.len()];
    let computed = reference::conv(
        geometry,
        layer.input,
        Weights::Ohwi(layer.weights),
        Some(layer.bias),
        sums,
        magnitudes,
    );
    if let Err(error) = computed {
        panic!("the reference refuses the layer: {error}");
    }
    let terms =
        geometry.kernel.iter().product::<usize>() * (geometry.channels / geometry.groups) + 1;
    for (at, &given) in output.iter().enumerate() {
        let bound =
            terms as f64 * f64::from(f32::EPSILON) * magnitudes[at] + f64::from(f32::MIN_POSITIVE);
        // Clamping brings no two numbers further apart.
        let needed = sums[at].clamp(
            f64::from(layer.plan.activation().min),
            f64::from(layer.plan.activation().max),
        );
        let error = (f64::from(given) - needed).abs();
        // Asked so that NaN is wrong.
        let near = error <= bound;
        if !near {
            return Err(Wrong {
                at,
                given,
                needed: needed as f32,
                what: "the reference",
            });
        }
    }
    Ok(())
}

/// Bit for bit: the bias, then one multiply-add, fused where the core has an FPU, for each tap inside the image, by plane, row, column and channel, then the clamp.
pub fn same_chain(layer: &Layer, output: &[f32]) -> Result<(), Wrong> {
    let [_, depth, height, width, filters] = layer.plan.output_shape();
    for (at, &given) in output.iter().enumerate() {
        let pixel = at / filters;
        let place = [
            pixel / width / height % depth,
            pixel / width % height,
            pixel % width,
        ];
        let image = pixel / width / height / depth;
        let needed = clamp(
            chain(layer, image, place, at % filters),
            layer.plan.activation(),
        );
        if given.to_bits() != needed.to_bits() {
            return Err(Wrong {
                at,
                given,
                needed,
                what: "the chain",
            });
        }
    }
    Ok(())
}

/// Comparisons, unlike `f32::max`, say which of two zeros stays.
fn clamp(sum: f32, to: Activation) -> f32 {
    let low = if sum < to.min { to.min } else { sum };
    if low > to.max { to.max } else { low }
}

fn chain(layer: &Layer, image: usize, place: [usize; 3], filter: usize) -> f32 {
    let geometry = layer.plan.geometry();
    let part = geometry.channels / geometry.groups;
    let first = filter / (geometry.filters / geometry.groups) * part;
    let [planes, rows, columns] = geometry.kernel;
    let mut sum = layer.bias[filter];
    for tap in 0..planes * rows * columns {
        let Some(pixel) = inside(
            layer,
            place,
            [tap / columns / rows, tap / columns % rows, tap % columns],
        ) else {
            continue;
        };
        let pixel = image * geometry.input.iter().product::<usize>() + pixel;
        let input = &layer.input[pixel * geometry.channels + first..][..part];
        let weights = &layer.weights[(filter * planes * rows * columns + tap) * part..][..part];
        for (x, w) in input.iter().zip(weights) {
            sum = if Level::detect().is_fused() {
                libm::fmaf(*x, *w, sum)
            } else {
                x * w + sum
            };
        }
    }
    sum
}

/// The pixel under a tap, if it is not in the padding.
fn inside(layer: &Layer, place: [usize; 3], tap: [usize; 3]) -> Option<usize> {
    let geometry = layer.plan.geometry();
    let mut pixel = 0;
    for axis in 0..3 {
        let along = place[axis] * geometry.stride[axis] + tap[axis] * geometry.dilation[axis];
        let along = along
            .checked_sub(layer.before[axis])
            .filter(|&along| along < geometry.input[axis])?;
        pixel = pixel * geometry.input[axis] + along;
    }
    Some(pixel)
}
