//! int16 activations on Cortex-M with the DSP extension.
//!
//! Sums that fit 32 bits are made by the loop of int8 ([`super::dsp`]), which multiplies 16-bit inputs
//! by weights too. Its quads hold the first and third input in a word, then the others.

use super::dsp::{Dsp, add_quads};
use super::{LevelI8, LevelI16};
use crate::kernel::int8::quads::Pair;
use crate::kernel::int16::{self, JobI16, SimdI16, Tile};
use crate::pack::PANEL;

const PIXELS: usize = 2;

impl LevelI16 for Dsp {
    #[inline(never)]
    fn run_i16(self, job: JobI16<'_>) {
        int16::run::<Dsp, PIXELS, 256>(self, job);
    }

    /// The loop that multiplies is that of int8.
    fn multiply_adds_i16(self, rounds: u64) -> u64 {
        self.multiply_adds_i8(rounds)
    }
}

// SAFETY: a value exists only where the target has the extension.
unsafe impl SimdI16 for Dsp {
    const INTERLEAVED: bool = true;
    const LANES: usize = 2;
    const STEPS: [usize; 2] = [1, PIXELS];

    #[inline(always)]
    unsafe fn lay_out(self, from: *const i16, quads: usize, to: *mut i16, step: usize) {
        if quads == 0 {
            return;
        }
        // SAFETY: the caller's. A word may lie at any even address.
        unsafe {
            core::arch::asm!(
                ".cpu cortex-m4",
                "2:",
                "ldr {a}, [{from}], #4",
                "ldr {b}, [{from}], #4",
                "pkhbt {even}, {a}, {b}, lsl #16",
                "pkhtb {odd}, {b}, {a}, asr #16",
                "strd {even}, {odd}, [{to}]",
                "add {to}, {to}, {step}",
                "subs {quads}, {quads}, #1",
                "bne 2b",
                from = inout(reg) from => _,
                to = inout(reg) to => _,
                quads = inout(reg) quads => _,
                step = in(reg) step * size_of::<i16>(),
                a = out(reg) _,
                b = out(reg) _,
                even = out(reg) _,
                odd = out(reg) _,
                options(nostack)
            );
        }
    }

    #[inline(always)]
    unsafe fn sums(self, tile: Tile, sums: *mut i32) {
        let sums: *mut Pair = sums.cast();
        // SAFETY: the caller's. The sums of a second pixel that does not exist are of whatever was laid out
        // last, and not used.
        unsafe {
            sums.cast::<[Pair; PANEL]>().write([[0; PIXELS]; PANEL]);
            add_quads(
                tile.weights,
                sums,
                tile.inputs,
                tile.quads,
                sums.add(tile.filters),
                tile.width * size_of::<i32>(),
            );
        }
    }
}
