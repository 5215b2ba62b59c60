//! int16 activations on Cortex-M with the DSP extension.
//!
//! Of sums that fit 32 bits, `smlad` makes two products at a time: a quad holds the first and third input in a word, then the
//! others.

use super::dsp::Dsp;
use super::dsp_int16_depthwise::depthwise;
use super::{LevelI8, LevelI16};
use crate::kernel::int16::{self, JobI16, Pair, Pairs, Panel, STEP};
use crate::pack::PANEL;
use core::arch::naked_asm;

impl LevelI16 for Dsp {
    #[inline(always)]
    fn run_i16(self, job: &JobI16<'_>) {
        int16::without_vectors(self, job, |job, first| int16::fours(job, first, depthwise));
    }

    /// The loop that multiplies is that of int8.
    fn multiply_adds_i16(self, rounds: u64) -> u64 {
        self.multiply_adds_i8(rounds)
    }
}

// SAFETY: a value exists only where the target has the extension.
unsafe impl Pairs for Dsp {
    #[inline(always)]
    fn place(input: usize) -> usize {
        (input & 1) << 1 | input >> 1
    }

    #[inline(always)]
    unsafe fn lay_out(self, from: *const i16, quads: usize, to: *mut i16) {
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
                "strd {even}, {odd}, [{to}], #{step}",
                "subs {quads}, {quads}, #1",
                "bne 2b",
                from = inout(reg) from => _,
                to = inout(reg) to => _,
                quads = inout(reg) quads => _,
                step = const STEP * size_of::<i16>(),
                a = out(reg) _,
                b = out(reg) _,
                even = out(reg) _,
                odd = out(reg) _,
                options(nostack)
            );
        }
    }

    #[inline(always)]
    unsafe fn add(self, panel: &Panel<'_>, inputs: *const i16, quads: usize, weights: *const i32) {
        // SAFETY: the caller's.
        unsafe {
            add_quads(
                weights,
                panel.sums,
                inputs,
                quads,
                panel.sums.add(panel.filters),
                panel.width * size_of::<i32>(),
            );
        }
    }

    #[inline(always)]
    unsafe fn add_alone(
        self,
        panel: &Panel<'_>,
        inputs: *const i16,
        quads: usize,
        weights: *const i32,
    ) {
        // SAFETY: the caller's.
        unsafe {
            add_quads_alone(
                weights,
                panel.sums,
                inputs,
                quads,
                panel.sums.add(panel.filters),
                panel.width * size_of::<i32>(),
            );
        }
    }
}

/// One quad of two pixels and of two filters: fourteen instructions for sixteen products, if it takes one to
/// load weights and go on.
macro_rules! quad {
    ($weights:literal) => {
        concat!(
            "ldm r2!, {{r8-r11}}\n",
            $weights,
            "
        sxtb16 lr, r4
        smlad r6, lr, r8, r6
        smlad r7, lr, r10, r7
        sxtb16 r4, r4, ror #8
        smlad r6, r4, r9, r6
        smlad r7, r4, r11, r7
        sxtb16 lr, r5
        smlad r1, lr, r8, r1
        smlad r12, lr, r10, r12
        sxtb16 r5, r5, ror #8
        smlad r1, r5, r9, r1
        smlad r12, r5, r11, r12\n"
        )
    };
}

/// Adds `quads` quads of two pixels to the sums up to `end`, two filters at a time, whose weights are
/// two words at `weights`, and `row` bytes further on for each next quad.
///
/// # Safety
/// All of that can be read and written, up to an even number of filters; there is a quad and a sum.
#[unsafe(naked)]
unsafe extern "C" fn add_quads(
    weights: *const i32,
    sums: *mut Pair,
    wide: *const i16,
    quads: usize,
    end: *mut Pair,
    row: usize,
) {
    naked_asm!(
        ".cpu cortex-m4",
        "push {{r4-r11, lr}}",
        "ldrd r4, r5, [sp, #36]",
        "cmp r5, #{row}",
        "bne 7f",
        // Of a full panel, the loop does four quads; the first time it is entered at the one that leaves
        // whole fours.
        "rsb r5, r3, #0",
        "and r5, r5, #3",
        "add r3, r3, r5",
        "adr r6, 3f",
        "adr r7, 4f",
        "subs r7, r7, r6",
        "muls r5, r7, r5",
        "b 8f",
        // Of a narrower one, one. Two instructions more for each, but most layers have no such panel. Quads
        // are counted above the bytes of a row.
        "7:",
        "subs r3, r3, #1",
        "orr r3, r5, r3, lsl #16",
        "movs r5, #0",
        "adr r6, 9f",
        "8:",
        "add r5, r5, r6",
        "adds r5, r5, #1",
        // weights, sums, wide, quads; end, entry
        "push {{r4, r5}}",
        "push {{r0-r3}}",
        "2:",
        "ldm sp, {{r0-r3}}",
        "ldm r1, {{r6, r7}}",
        "ldrd r1, r12, [r1, #8]",
        "ldr pc, [sp, #20]",
        ".p2align 2",
        "3:",
        quad!("ldrd r4, r5, [r0], #{row}"),
        "4:",
        quad!("ldrd r4, r5, [r0], #{row}"),
        quad!("ldrd r4, r5, [r0], #{row}"),
        quad!("ldrd r4, r5, [r0], #{row}"),
        "subs r3, r3, #4",
        "bne 3b",
        "5:",
        "ldrd r4, r5, [sp]",
        "ldr r2, [sp, #16]",
        "strd r6, r7, [r5], #8",
        "strd r1, r12, [r5], #8",
        "adds r4, r4, #8",
        "strd r4, r5, [sp]",
        "cmp r5, r2",
        "blo 2b",
        "add sp, sp, #24",
        "pop {{r4-r11, pc}}",
        ".p2align 2",
        "9:",
        quad!("ldrd r4, r5, [r0]\nuxtah r0, r0, r3"),
        "subs r3, r3, #0x10000",
        "bhs 9b",
        "b 5b",
        row = const PANEL * size_of::<i32>(),
    )
}

/// Adds the products of a word of weights to a sum.
macro_rules! alone {
    ($word:literal, $sum:literal) => {
        concat!(
            "sxtb16 r1, ",
            $word,
            "\n",
            "smlad ",
            $sum,
            ", r1, lr, ",
            $sum,
            "\n",
            "sxtb16 r1, ",
            $word,
            ", ror #8\n",
            "smlad ",
            $sum,
            ", r1, r9, ",
            $sum,
            "\n"
        )
    };
}

/// Adds `quads` quads of one pixel, as they lie in the image, to the first of each pair of sums up to `end`, four filters at a time,
/// whose weights are four words at `weights`, and `row` bytes further on for each next quad.
///
/// # Safety
/// All of that can be read and written, up to a multiple of four filters; there is a quad and a sum.
#[unsafe(naked)]
unsafe extern "C" fn add_quads_alone(
    weights: *const i32,
    sums: *mut Pair,
    inputs: *const i16,
    quads: usize,
    end: *mut Pair,
    row: usize,
) {
    naked_asm!(
        ".cpu cortex-m4",
        "push {{r4-r11, lr}}",
        // weights, sums, inputs, quads
        "push {{r0-r3}}",
        "ldr r12, [sp, #56]",
        "2:",
        "ldm sp, {{r0-r3}}",
        "ldr r4, [r1]",
        "ldr r5, [r1, #8]",
        "ldr r6, [r1, #16]",
        "ldr r7, [r1, #24]",
        "3:",
        // A word may lie at any even address.
        "ldr r8, [r2], #4",
        "ldr r9, [r2], #4",
        "pkhbt lr, r8, r9, lsl #16",
        "pkhtb r9, r9, r8, asr #16",
        "ldrd r10, r11, [r0]",
        alone!("r10", "r4"),
        alone!("r11", "r5"),
        "ldrd r10, r11, [r0, #8]",
        alone!("r10", "r6"),
        alone!("r11", "r7"),
        "add r0, r0, r12",
        "subs r3, r3, #1",
        "bne 3b",
        "ldrd r0, r1, [sp]",
        "str r4, [r1]",
        "str r5, [r1, #8]",
        "str r6, [r1, #16]",
        "str r7, [r1, #24]",
        "adds r0, r0, #16",
        "adds r1, r1, #32",
        "strd r0, r1, [sp]",
        "ldr r2, [sp, #52]",
        "cmp r1, r2",
        "blo 2b",
        "add sp, sp, #16",
        "pop {{r4-r11, pc}}",
    )
}
