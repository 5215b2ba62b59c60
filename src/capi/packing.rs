//! What packing 8-bit weights takes, whatever the activations are.

use super::error::{CallArgument, ErrorInfo, Info, Status, end};
use super::geometry::ordered;
use super::memory::{Region, apart, slice, slice_mut};
use super::plan::Lent;
use crate::{Error, Scales, Weights};

/// The arguments of packing: what of them is an array, as pointer and length. A bias is a `B`.
pub(super) struct Packing<P, B> {
    pub plan: *const P,
    pub order: u32,
    pub weights: (*const i8, usize),
    pub bias: (*const B, usize),
    pub scales: GivenScales,
    pub packed: (*mut i32, usize),
}

/// Scales or multipliers.
pub(super) enum GivenScales {
    Real {
        input: f32,
        weights: (*const f32, usize),
        output: f32,
    },
    Parts {
        values: (*const i32, usize),
        shifts: (*const i32, usize),
    },
}

impl GivenScales {
    fn regions(&self) -> [Region; 2] {
        match *self {
            GivenScales::Real {
                weights: (start, len),
                ..
            } => [
                Region::new(CallArgument::Scales, start, len),
                Region::new(CallArgument::Scales, start, 0),
            ],
            GivenScales::Parts { values, shifts } => [
                Region::new(CallArgument::Scales, values.0, values.1),
                Region::new(CallArgument::Shifts, shifts.0, shifts.1),
            ],
        }
    }

    /// # Safety
    ///
    /// The [regions](Self::regions) have passed, and nobody writes there for `'a`.
    unsafe fn scales<'a>(&self) -> Scales<'a> {
        // SAFETY: the caller's.
        unsafe {
            match *self {
                GivenScales::Real {
                    input,
                    weights,
                    output,
                } => Scales::Real {
                    input,
                    weights: slice(weights.0, weights.1),
                    output,
                },
                GivenScales::Parts { values, shifts } => Scales::Parts {
                    values: slice(values.0, values.1),
                    shifts: slice(shifts.0, shifts.1),
                },
            }
        }
    }
}

impl<P: Lent, B> Packing<P, B> {
    /// The whole of a call: `pack` is the plan's method.
    ///
    /// # Safety
    ///
    /// Pointers are null, or so many elements lie there.
    pub unsafe fn pack(
        self,
        error: *mut ErrorInfo,
        pack: impl FnOnce(
            &P::Plan,
            Weights<'_, i8>,
            Option<&[B]>,
            Scales<'_>,
            &mut [i32],
        ) -> Result<(), Error>,
    ) -> Status {
        // SAFETY: the caller's; what is written overlaps nothing.
        unsafe {
            let info = Info::at(error);
            let packed = P::get(self.plan, info).and_then(|plan| {
                let [scales, shifts] = self.scales.regions();
                let read = [
                    Region::new(CallArgument::Plan, self.plan, 1),
                    Region::new(CallArgument::Weights, self.weights.0, self.weights.1),
                    Region::new(CallArgument::Bias, self.bias.0, self.bias.1),
                    scales,
                    shifts,
                ];
                let packed = Region::new(CallArgument::Packed, self.packed.0, self.packed.1);
                apart(&[packed], &read, info)?;
                let weights = slice(self.weights.0, self.weights.1);
                info.passed(&pack(
                    plan,
                    ordered(self.order, weights, info)?,
                    (!self.bias.0.is_null()).then(|| slice(self.bias.0, self.bias.1)),
                    self.scales.scales(),
                    slice_mut(self.packed.0, self.packed.1),
                ))
            });
            end(packed, info)
        }
    }
}
