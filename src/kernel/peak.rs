//! The multiply instruction of a level and nothing else: the limit that every kernel is
//! measured by.

use crate::simd::{Kernel, Simd, opaque};
use core::hint::black_box;
use core::ptr::without_provenance;

/// Independent chains, enough to hide the latency of the instruction, few enough for the registers.
pub(crate) const CHAINS: usize = 12;

/// Runs so many multiply-adds in each chain.
pub(crate) struct Peak<'a> {
    pub rounds: u64,
    /// Where to count the multiply-accumulates done, lane by lane.
    pub macs: &'a mut u64,
}

impl Kernel for Peak<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (a, b) = (simd.splat(black_box(1.0)), simd.splat(black_box(1.0)));
        let mut acc = [simd.splat(black_box(0.0)); CHAINS];
        for _ in 0..self.rounds {
            for acc in &mut acc {
                *acc = simd.mul_add(a, b, *acc);
            }
        }
        black_box(acc);
        *self.macs = self.rounds * (CHAINS * S::LANES) as u64;
    }
}

/// Integer multiplications one after the other, for a level without vectors.
pub(crate) fn scalar_integers(rounds: u64) -> u64 {
    let factor: u32 = black_box(1);
    let mut sums = black_box([1u32; CHAINS]);
    for _ in 0..rounds {
        for sum in &mut sums {
            // Else the compiler would multiply some of them at once. A `black_box` goes through memory.
            let product = sum.wrapping_mul(factor);
            *sum = opaque(without_provenance::<u8>(product as usize)).addr() as u32;
        }
    }
    black_box(sums);
    rounds * CHAINS as u64
}
