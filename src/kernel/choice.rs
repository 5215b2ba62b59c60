//! Which algorithm a plan gets.

use super::winograd::Variant;
use super::winograd_cost::machines;
use super::{Direct, Method};
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

/// The one that is by the model of the cost nowhere far from the fastest, of all machines that the limits
/// name: of the Winograd algorithms, and for `Auto` the direct one.
const fn best(
    geometry: &Geometry,
    sizes: &Sizes,
    algorithm: Algorithm,
    limits: Limits,
    direct: Choice,
) -> Result<Choice, Error> {
    let mut first = Err(Error::Algorithm(algorithm));
    let auto = matches!(algorithm, Algorithm::Auto);
    if auto {
        first = Ok(direct);
    }
    let mut allowed = [None; Variant::ALL.len()];
    let mut index = 0;
    while index < allowed.len() {
        match scratch(geometry, sizes, algorithm, Variant::ALL[index], limits) {
            Ok(len) => allowed[index] = Some(len),
            // The first reason, of the algorithm that is the easiest to satisfy.
            Err(error) => {
                if let Err(Error::Algorithm(_)) = first {
                    first = Err(error);
                }
            }
        }
        index += 1;
    }

    // The cost by that of the fastest, on the machine where that is more; of the direct algorithm last.
    let mut losses = [1.0; Variant::ALL.len() + 1];
    let mut machines = machines(limits.tuning);
    while let [machine, rest @ ..] = machines {
        let mut costs = [f32::INFINITY; Variant::ALL.len() + 1];
        if auto {
            costs[Variant::ALL.len()] = machine.direct(geometry, sizes);
        }
        let mut least = costs[Variant::ALL.len()];
        let mut index = 0;
        while index < allowed.len() {
            if let Some(len) = allowed[index] {
                costs[index] = machine.winograd(Variant::ALL[index], geometry, sizes, len);
                if costs[index] < least {
                    least = costs[index];
                }
            }
            index += 1;
        }
        let mut index = 0;
        while index < costs.len() {
            let loss = costs[index] / least;
            if loss > losses[index] {
                losses[index] = loss;
            }
            index += 1;
        }
        machines = rest;
    }

    let mut best = first;
    let mut least = if auto {
        losses[Variant::ALL.len()]
    } else {
        f32::INFINITY
    };
    let mut index = 0;
    while index < allowed.len() {
        if let Some(scratch_len) = allowed[index]
            && (losses[index] < least || best.is_err())
        {
            least = losses[index];
            best = Ok(Choice {
                method: Method::Winograd(Variant::ALL[index]),
                scratch_len,
            });
        }
        index += 1;
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
