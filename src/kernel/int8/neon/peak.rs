//! The instruction that multiplies int8 and nothing else: see [`crate::kernel::peak`].

use crate::kernel::peak::CHAINS;
use crate::simd::{KernelNeon, NeonI8};
use core::arch::aarch64::*;
use core::hint::black_box;

struct Peak<'a> {
    rounds: u64,
    macs: &'a mut u64,
}

/// [`Peak`](crate::kernel::peak::Peak) for the instruction that multiplies int8, without an addition
/// that is one of its own.
pub(crate) fn multiply_adds<S: NeonI8>(simd: S, rounds: u64) -> u64 {
    let mut macs = 0;
    simd.run(Peak {
        rounds,
        macs: &mut macs,
    });
    macs
}

impl KernelNeon for Peak<'_> {
    #[inline(always)]
    fn run<S: NeonI8>(self, simd: S) {
        let zeros = black_box([0i8; 16]);
        // SAFETY: the caller is compiled for NEON; 16 bytes are there.
        let (mut x, mut w) = unsafe { (vld1q_s8(zeros.as_ptr()), vld1q_s8(zeros.as_ptr())) };
        let mut sums = [black_box(simd.zero()); CHAINS];
        for _ in 0..self.rounds {
            for sums in &mut sums {
                // Of numbers that stay the same the compiler would make one product, and leave an addition in the loop.
                // SAFETY: no instruction.
                unsafe {
                    core::arch::asm!("/* {0:v} {1:v} */", inout(vreg) x, inout(vreg) w,
                        options(nomem, nostack, preserves_flags));
                }
                *sums = simd.multiply(*sums, x, w);
            }
        }
        black_box(sums);
        *self.macs = self.rounds * (CHAINS * S::MACS) as u64;
    }
}
