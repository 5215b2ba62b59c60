//! The instruction that multiplies int8 and nothing else: see [`crate::kernel::peak`].

use crate::kernel::peak::CHAINS;
use crate::pack::PANEL;
use crate::pack_i8::QUAD;
use crate::simd::{KernelI8, SimdI8};
use core::hint::black_box;

/// [`Peak`](crate::kernel::peak::Peak) for the instruction that multiplies int8, without an addition that is one of its own.
pub(crate) struct PeakI8<'a> {
    pub rounds: u64,
    pub macs: &'a mut u64,
}

impl<S: SimdI8> KernelI8<S> for PeakI8<'_> {
    #[inline(always)]
    fn run(self, simd: S) {
        let zeros = black_box([0; 64]);
        // SAFETY: no vector of weights or inputs is longer than that.
        let (a, b) = unsafe {
            (
                simd.quad(zeros.as_ptr().cast()),
                simd.weights(zeros.as_ptr(), simd.mask(PANEL)),
            )
        };
        // A level that holds fewer sums in its registers has longer ones.
        let chains = CHAINS.min(S::TILES[1]);
        let mut sums = [black_box(simd.zero()); CHAINS];
        for _ in 0..self.rounds {
            for sums in sums.iter_mut().take(chains) {
                *sums = simd.multiply_only(*sums, a, b);
            }
        }
        black_box(sums);
        *self.macs = self.rounds * (chains * S::LANES * QUAD) as u64;
    }
}
