//! Depthwise layers of int16 activations on Cortex-M0+: the compiler keeps sums in memory.

use crate::kernel::int16::{Four, Taps};
use core::arch::naked_asm;
use core::mem::offset_of;

/// One filter of a tap: its input times eight bits of the word.
macro_rules! filter {
    ($channel:literal, $weight:literal, $sum:literal) => {
        concat!(
            "ldr r2, [sp, #",
            $channel,
            "]\n",
            "ldrsh r2, [r0, r2]\n",
            $weight,
            "\n",
            "muls r2, r3, r2\n",
            "adds ",
            $sum,
            ", ",
            $sum,
            ", r2\n"
        )
    };
}

/// Adds the products of taps to one of each two sums.
///
/// # Safety
/// They are inside, and have weights.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn add(four: &Four, taps: &Taps, sums: *mut i32) {
    naked_asm!(
        "push {{r4-r7, lr}}",
        "mov r4, r8",
        "mov r5, r9",
        "mov r6, r10",
        "mov r7, r11",
        "push {{r4-r7}}",
        // channels; taps, sums
        "push {{r1, r2}}",
        "movs r4, r0",
        "adds r4, #{channels}",
        "ldm r4!, {{r3, r5, r6, r7}}",
        "push {{r3, r5, r6, r7}}",
        "ldr r3, [r0, #{tap}]",
        "mov r9, r3",
        "ldr r3, [r0, #{step}]",
        "mov r10, r3",
        "ldr r3, [r1, #{rows}]",
        "mov r12, r3",
        "ldr r3, [r1, #{weights}]",
        "mov r8, r3",
        "ldr r0, [r1, #{input}]",
        "ldr r4, [r2]",
        "ldr r5, [r2, #8]",
        "ldr r6, [r2, #16]",
        "ldr r7, [r2, #24]",
        // A row, up to its end.
        "2:",
        "ldr r2, [r1, #{columns}]",
        "mov r3, r10",
        "muls r2, r3, r2",
        "adds r2, r2, r0",
        "mov r11, r2",
        "3:",
        "mov r2, r8",
        "ldr r1, [r2]",
        "add r8, r9",
        filter!("0", "sxtb r3, r1", "r4"),
        filter!("4", "lsls r3, r1, #16\nasrs r3, r3, #24", "r5"),
        filter!("8", "lsls r3, r1, #8\nasrs r3, r3, #24", "r6"),
        filter!("12", "asrs r3, r1, #24", "r7"),
        "add r0, r10",
        "cmp r0, r11",
        "bne 3b",
        "mov r3, r12",
        "subs r3, r3, #1",
        "beq 4f",
        "mov r12, r3",
        "ldr r1, [sp, #16]",
        "ldr r2, [r1, #{gap}]",
        "adds r0, r0, r2",
        "ldr r2, [r1, #{skip}]",
        "add r8, r2",
        "b 2b",
        "4:",
        "ldr r2, [sp, #20]",
        "str r4, [r2]",
        "str r5, [r2, #8]",
        "str r6, [r2, #16]",
        "str r7, [r2, #24]",
        "add sp, #24",
        "pop {{r4-r7}}",
        "mov r8, r4",
        "mov r9, r5",
        "mov r10, r6",
        "mov r11, r7",
        "pop {{r4-r7, pc}}",
        channels = const offset_of!(Four, channels),
        tap = const offset_of!(Four, tap),
        step = const offset_of!(Four, steps) + 2 * size_of::<usize>(),
        rows = const offset_of!(Taps, rows),
        weights = const offset_of!(Taps, weights),
        input = const offset_of!(Taps, input),
        columns = const offset_of!(Taps, columns),
        gap = const offset_of!(Taps, gap),
        skip = const offset_of!(Taps, skip),
    )
}
