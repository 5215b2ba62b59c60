//! What kernels with vectors need of a job besides.

use crate::geometry::{Geometry, Sizes};
use crate::kernel::Direct;
use crate::pack_i8::PanelsI8;

#[derive(Clone, Copy)]
pub(crate) struct JobShape {
    pub panels: PanelsI8,
    /// Bytes of the input.
    pub input_len: usize,
}

impl JobShape {
    #[inline(always)]
    pub const fn of(
        algorithm: Direct,
        geometry: &Geometry,
        sizes: &Sizes,
        input_len: usize,
    ) -> Self {
        JobShape {
            panels: PanelsI8::of(algorithm, geometry, sizes),
            input_len,
        }
    }
}
