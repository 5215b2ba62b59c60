//! The transforms along one axis, of numbers that lie in planes.
//!
//! A polynomial in even powers sees every second input: see `kernel/winograd_transform.rs`, whose order of operations this is.

use crate::kernel::winograd::Variant;
use crate::kernel::winograd_points::Points;

cfg_if::cfg_if! {
    if #[cfg(target_abi = "eabihf")] {
        use crate::simd::cortex_m;

        /// What inputs are multiplied by, in the order in which the loops load it.
        static INPUTS_4: [f32; 6] = {
            let (ends, others, pairs) = (Points::<4>::ENDS, Points::<4>::OTHERS, Points::<4>::PAIRS);
            [ends[0], ends[1], others[0][0], others[1][0], pairs[0], pairs[1]]
        };
        static INPUTS_6: [f32; 12] = {
            let (ends, others, pairs) = (Points::<6>::ENDS, Points::<6>::OTHERS, Points::<6>::PAIRS);
            [
                ends[0], ends[1], ends[2],
                others[0][0], others[0][1], others[1][0], others[1][1], others[2][0], others[2][1],
                pairs[0], pairs[1], pairs[2],
            ]
        };

        /// And products: the powers of each pair's number from the first on.
        static OUTPUTS_4: [[f32; 2]; 3] = powers::<4, 2, 3>();
        static OUTPUTS_6: [[f32; 3]; 5] = powers::<6, 3, 5>();

        const fn powers<const M: usize, const PAIRS: usize, const POWERS: usize>() -> [[f32; PAIRS]; POWERS] {
            let mut result = [[0.0; PAIRS]; POWERS];
            let mut power = 0;
            while power < POWERS {
                let mut pair = 0;
                while pair < PAIRS {
                    result[power][pair] = Points::<M>::POWERS[pair][1 + power];
                    pair += 1;
                }
                power += 1;
            }
            result
        }

        // Tiles of two need none.
        const _: () = assert!(Points::<2>::ENDS[0] == -1.0 && Points::<2>::PAIRS[0] == 1.0);

        /// `Bᵀ d` of each line.
        ///
        /// # Safety
        /// There are lines and numbers.
        #[inline(always)]
        pub(super) unsafe fn input_lines(variant: Variant, lines: &mut Lines) {
            let constants = match variant {
                Variant::Two | Variant::Four => INPUTS_4.as_ptr(),
                Variant::Six => INPUTS_6.as_ptr(),
            };
            // SAFETY: the caller's.
            unsafe { cortex_m::input_lines(variant, lines, constants) };
        }

        /// `Aᵀ p` of each line, whose last two numbers are not written.
        ///
        /// # Safety
        /// There are lines and numbers.
        #[inline(always)]
        pub(super) unsafe fn output_lines(variant: Variant, lines: &mut Lines) {
            let constants = match variant {
                Variant::Two | Variant::Four => OUTPUTS_4.as_ptr().cast(),
                Variant::Six => OUTPUTS_6.as_ptr().cast(),
            };
            // SAFETY: the caller's.
            unsafe { cortex_m::output_lines(variant, lines, constants) };
        }
    } else {
        mod soft;
        pub(super) use soft::{input_lines, output_lines};
    }
}

/// Lines of points, in each of which all numbers, side by side, are transformed where they lie. Steps are bytes.
///
/// The layout is known to the loops, which leave the place and the lines as they are at the end.
#[repr(C)]
pub(crate) struct Lines {
    /// The first number of the first line's first point.
    pub at: *mut f32,
    /// From one point of a line to the next.
    pub step: usize,
    /// From one line to the next.
    pub line: usize,
    pub lines: usize,
    pub numbers: usize,
}
