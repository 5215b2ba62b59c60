//! Which algorithm a plan gets.

use super::winograd::Variant;
use super::{Direct, Method, winograd_cost};
use crate::algorithm::{Algorithm, Limits};
use crate::error::Error;
use crate::geometry::{Geometry, Sizes};

/// An algorithm, and the floats of scratch that it makes the best use of.
pub(crate) struct Choice {
    pub method: Method,
    pub scratch_len: usize,
}

/// The algorithm asked for, if it computes the geometry and keeps the limits.
pub(crate) const fn choose(
    geometry: &Geometry,
    sizes: &Sizes,
    algorithm: Algorithm,
    limits: Limits,
) -> Result<Choice, Error> {
    let direct = Choice {
        method: Method::Direct(Direct::of(geometry, sizes)),
        scratch_len: 0,
    };
    let variant = match algorithm {
        Algorithm::Direct => return Ok(direct),
        Algorithm::Winograd2x2 => Variant::Two,
        Algorithm::Winograd4x4 => Variant::Four,
        Algorithm::Winograd6x6 => Variant::Six,
        Algorithm::Auto | Algorithm::Winograd => {
            return best(geometry, sizes, algorithm, limits, direct);
        }
    };
    match scratch(geometry, sizes, algorithm, variant, limits) {
        Ok(scratch_len) => Ok(Choice {
            method: Method::Winograd(variant),
            scratch_len,
        }),
        Err(error) => Err(error),
    }
}

/// The fastest by the model of the cost: of the Winograd algorithms, and for `Auto` the direct one.
const fn best(
    geometry: &Geometry,
    sizes: &Sizes,
    algorithm: Algorithm,
    limits: Limits,
    direct: Choice,
) -> Result<Choice, Error> {
    let mut best = Err(Error::Algorithm(algorithm));
    let mut least = f64::INFINITY;
    if matches!(algorithm, Algorithm::Auto) {
        least = winograd_cost::direct(geometry, sizes);
        best = Ok(direct);
    }
    let mut rest: &[Variant] = &Variant::ALL;
    while let [variant, tail @ ..] = rest {
        match scratch(geometry, sizes, algorithm, *variant, limits) {
            Ok(scratch_len) => {
                let cost = winograd_cost::winograd(*variant, geometry, sizes, scratch_len);
                if cost < least || best.is_err() {
                    least = cost;
                    best = Ok(Choice {
                        method: Method::Winograd(*variant),
                        scratch_len,
                    });
                }
            }
            // The first reason, of the algorithm that is the easiest to satisfy.
            Err(error) => {
                if let Err(Error::Algorithm(_)) = best {
                    best = Err(error);
                }
            }
        }
        rest = tail;
    }
    best
}

/// Floats of scratch within the limits, or what limit is not kept.
const fn scratch(
    geometry: &Geometry,
    sizes: &Sizes,
    algorithm: Algorithm,
    variant: Variant,
    limits: Limits,
) -> Result<usize, Error> {
    let Geometry {
        kernel,
        stride,
        dilation,
        ..
    } = geometry;
    let ([1, 3, 3], [_, 1, 1], [_, 1, 1]) = (kernel, stride, dilation) else {
        return Err(Error::Algorithm(algorithm));
    };
    let bound = variant.error_bound(sizes.group_channels);
    // Written so that a limit that is not a number allows nothing.
    if bound <= limits.error_bound {
    } else {
        return Err(Error::ErrorBound {
            algorithm: Algorithm::of(Some(variant)),
            needed: bound,
            given: limits.error_bound,
        });
    }
    let given = limits.scratch_bytes / size_of::<f32>();
    let needed = match variant.least_scratch(sizes) {
        Some(needed) if needed > given => needed,
        Some(_) => {
            let most = variant.scratch(geometry, sizes);
            return Ok(if most < given { most } else { given });
        }
        None => usize::MAX / size_of::<f32>(),
    };
    Err(Error::ScratchBytes {
        algorithm: Algorithm::of(Some(variant)),
        needed: needed * size_of::<f32>(),
        given: limits.scratch_bytes,
    })
}
