//! The panel format of int8 weights under int16 activations: that of [`crate::pack_i8`] with another
//! header.
//!
//! ```text
//! panel     = bias[W]  bias[W]  multiplier[W]  shift[W]  weights
//! ```
//!
//! A bias is two words, of which the first is the lower. Multiplier and shift are those of
//! [`crate::quant_i16`].

use crate::error::Error;
use crate::geometry::Geometry;
use crate::pack::{self, PANEL, Weights, width};
use crate::pack_i8::{self, PanelsI8};
use crate::quant::{Rounding, Scales};
use crate::quant_i16::words;

/// What the packed words depend on, beside the layer's shape: see [`pack::digest`].
pub(crate) const fn digest(geometry: &Geometry) -> u32 {
    pack::digest(geometry, &[16])
}

/// Refuses weights whose sums can leave 48 bits, and scales that are none.
///
/// An input lies in `-2^15..2^15`, so no sum of a filter, whole or in part, is above the bias plus what
/// its positive weights make of the one end and its negative ones of the other.
///
/// # Safety
///
/// As for [`pack`].
pub(crate) const unsafe fn check(
    shape: &PanelsI8,
    weights: &Weights<'_, i8>,
    bias: Option<&[i64]>,
    scales: &Scales<'_>,
) -> Result<(), Error> {
    const LOW: i64 = i16::MIN as i64;
    const HIGH: i64 = i16::MAX as i64;
    let mut filter = 0;
    while filter < shape.panels.groups * shape.panels.filters {
        // SAFETY: the caller's, for a filter that exists.
        let [positive, negative] = unsafe { pack_i8::sums(shape, weights, filter) };
        let bias = match bias {
            // SAFETY: the caller's.
            Some(bias) => unsafe { *bias.as_ptr().add(filter) },
            None => 0,
        };
        // Where one of these saturates, the sum is far beyond.
        let most = (positive.saturating_mul(HIGH))
            .saturating_add(negative.saturating_mul(LOW))
            .saturating_add(bias);
        let least = (positive.saturating_mul(LOW))
            .saturating_add(negative.saturating_mul(HIGH))
            .saturating_add(bias);
        if most >= 1 << 47 || least < -(1 << 47) {
            return Err(Error::Accumulator { filter });
        }
        if let Err(error) = words(scales, filter) {
            return Err(error);
        }
        filter += 1;
    }
    Ok(())
}

/// Writes panels and seal.
///
/// # Safety
///
/// As for [`pack_i8::pack`], after [`check`].
pub(crate) const unsafe fn pack(
    shape: &PanelsI8,
    digest: u32,
    weights: &Weights<'_, i8>,
    bias: Option<&[i64]>,
    scales: &Scales<'_>,
    packed: &mut [i32],
) {
    let panels = &shape.panels;
    // SAFETY: the caller's; panels follow each other as `PanelsI8` counts them, and begin with a header.
    unsafe {
        pack_i8::pack(
            shape,
            Rounding::Tflite,
            digest,
            false,
            weights,
            None,
            scales,
            packed,
        );
        let packed = packed.as_mut_ptr();
        let mut at = 0;
        let mut filter = 0;
        let mut left = panels.filters;
        while filter < panels.groups * panels.filters {
            let width = width(left);
            let filters = if left < PANEL { left } else { PANEL };
            let mut lane = 0;
            while lane < filters {
                let header = packed.add(at + lane);
                let bias = match bias {
                    Some(bias) => *bias.as_ptr().add(filter),
                    None => 0,
                };
                *header = bias as i32;
                *header.add(width) = (bias >> 32) as i32;
                if let Ok([multiplier, shift]) = words(scales, filter) {
                    *header.add(2 * width) = multiplier;
                    *header.add(3 * width) = shift;
                }
                filter += 1;
                lane += 1;
            }
            at += shape.panel(width);
            left -= filters;
            if left == 0 {
                left = panels.filters;
            }
        }
    }
}
