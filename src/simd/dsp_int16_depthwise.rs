//! Depthwise layers of int16 activations on Cortex-M with the DSP extension.

use crate::kernel::int16::Fours;
use core::arch::naked_asm;
use core::mem::offset_of;

/// Four channels of a tap: eight instructions of four bytes each.
macro_rules! tap {
    () => {
        "ldr r8, [r1]
        ldr r9, [r1, #4]
        ldrd r10, r11, [r2], #8
        add.w r1, r1, r12
        smlabb r4, r8, r10, r4
        smlatt r5, r8, r10, r5
        smlabb r6, r9, r11, r6
        smlatt r7, r9, r11, r7\n"
    };
}

/// Computes the outputs of a strip.
///
/// # Safety
/// It has a pixel, and all that it names can be read and written.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn depthwise(strip: &mut Fours) {
    naked_asm!(
        ".cpu cortex-m4",
        "push {{r4-r11, lr}}",
        // A row is entered at the tap that leaves whole rounds.
        "ldr r1, [r0, #{short}]",
        "adr r2, 3f",
        "adr r3, 4f",
        "subs r3, r3, r2",
        "mla r1, r1, r3, r2",
        "adds r1, r1, #1",
        "str r1, [r0, #{entry}]",
        // A pixel. input, weights, rows, tap
        "2:",
        "add lr, r0, #{input}",
        "ldm lr, {{r1, r2, r3, r12}}",
        "ldm r0, {{r4-r7}}",
        "cmp r3, #0",
        "beq 6f",
        "5:",
        "ldr lr, [r0, #{columns}]",
        "ldr pc, [r0, #{entry}]",
        ".p2align 2",
        "3:",
        tap!(),
        "4:",
        tap!(),
        tap!(),
        "subs lr, lr, #3",
        "bne 3b",
        "ldrd r8, r9, [r0, #{line}]",
        "add r1, r1, r8",
        "add r2, r2, r9",
        "subs r3, r3, #1",
        "bne 5b",
        "6:",
        "add r12, r0, #{multipliers}",
        "ldm r12, {{r8-r11}}",
        "smmulr r4, r4, r8",
        "smmulr r5, r5, r9",
        "smmulr r6, r6, r10",
        "smmulr r7, r7, r11",
        "ssat r4, #16, r4",
        "ssat r5, #16, r5",
        "ssat r6, #16, r6",
        "ssat r7, #16, r7",
        "pkhbt r4, r4, r5, lsl #16",
        "pkhbt r6, r6, r7, lsl #16",
        "ldrd r8, r9, [r0, #{min}]",
        "ssub16 r5, r4, r8",
        "sel r4, r4, r8",
        "ssub16 r5, r9, r4",
        "sel r4, r4, r9",
        "ssub16 r5, r6, r8",
        "sel r6, r6, r8",
        "ssub16 r5, r9, r6",
        "sel r6, r6, r9",
        // output, end, pixel, step
        "add r12, r0, #{output}",
        "ldm r12, {{r1, r2, r3, r5}}",
        "str r4, [r1]",
        "str r6, [r1, #4]",
        "add r1, r1, r5",
        "str r1, [r12]",
        "ldr r5, [r0, #{input}]",
        "add r5, r5, r3",
        "str r5, [r0, #{input}]",
        "cmp r1, r2",
        "bne 2b",
        "pop {{r4-r11, pc}}",
        input = const offset_of!(Fours, input),
        multipliers = const offset_of!(Fours, multipliers),
        columns = const offset_of!(Fours, columns),
        short = const offset_of!(Fours, short),
        line = const offset_of!(Fours, line),
        entry = const offset_of!(Fours, entry),
        output = const offset_of!(Fours, output),
        min = const offset_of!(Fours, min),
    )
}
