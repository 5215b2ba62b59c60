//! Buffers that start where a cache line does.

use core::ops::{Deref, DerefMut};

/// A value that starts at a multiple of 64 bytes.
///
/// No call needs it. But a register of 64 bytes that straddles two cache lines takes two loads, so
/// weights, inputs and outputs that start at one are faster where registers are that long.
///
/// ```
/// use microconv::Aligned;
/// static WEIGHTS: Aligned<[f32; 100]> = Aligned([0.5; 100]);
/// assert_eq!(WEIGHTS.as_ptr() as usize % 64, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(64))]
pub struct Aligned<T>(pub T);

impl<T> Deref for Aligned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
