//! The loops of int8 for a Cortex-M0+: eight registers, and a multiplication of 32 bits.

use crate::conv_i8::ConvI8;
use crate::kernel::int8::JobI8;
use crate::kernel::int8::nine::Nine;
use crate::kernel::int8::put::Panel;
use crate::kernel::int8::quads::{Reach, Taps};
use crate::quant::Quant;
use core::arch::naked_asm;
use core::mem::offset_of;

/// One channel of two pixels: its weight in r4, which also goes to the sum of the weights.
macro_rules! channel {
    () => {
        "ldrsb r4, [r2, r3]
        .if {unsigned}
        ldrb r5, [r0, r3]
        .else
        ldrsb r5, [r0, r3]
        .endif
        muls r5, r4, r5
        adds r6, r6, r5
        .if {unsigned}
        ldrb r5, [r1, r3]
        .else
        ldrsb r5, [r1, r3]
        .endif
        muls r5, r4, r5
        adds r7, r7, r5
        add r8, r4
        adds r3, r3, #1\n"
    };
}

/// [`Quads::add`](crate::kernel::int8::quads::Quads::add): `zero` times the sum of the weights is taken off at the end, which
/// costs less than to take it off each input.
///
/// # Safety
/// As for that.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn add<const UNSIGNED: usize>(
    panel: &Panel<'_>,
    taps: &Taps,
    zero: i32,
) {
    naked_asm!(
        "push {{r1, r2, r4-r7, lr}}",
        "mov r4, r8",
        "mov r5, r9",
        "mov r6, r10",
        "mov r7, r11",
        "push {{r4-r7}}",
        // sums, header, width, filters
        "ldmia r0!, {{r4-r7}}",
        "mov r12, r4",
        "lsls r7, r7, #3",
        "adds r4, r4, r7",
        "mov lr, r4",
        // From after the last weight of a quad to the next quad, as seen from the input.
        "lsls r6, r6, #2",
        "subs r6, r6, #4",
        "mov r9, r6",
        "ldr r4, [r1, #{line}]",
        "mov r10, r4",
        // Bytes from the first filter's weights.
        "movs r4, #0",
        "push {{r4}}",
        "2:",
        "ldr r4, [sp, #{taps}]",
        // weights, first, second
        "ldmia r4!, {{r2}}",
        "ldmia r4!, {{r0, r1}}",
        "ldr r4, [r4, #{rows} - 12]",
        "ldr r5, [sp]",
        "adds r2, r2, r5",
        "adds r5, r5, #4",
        "str r5, [sp]",
        "mov r11, r4",
        "movs r6, #0",
        "movs r7, #0",
        "mov r8, r6",
        "3:",
        "movs r3, #0",
        "4:",
        channel!(),
        channel!(),
        channel!(),
        channel!(),
        "add r2, r9",
        "cmp r3, r10",
        "bne 4b",
        "mov r4, r11",
        "subs r4, r4, #1",
        "beq 5f",
        "mov r11, r4",
        // The next row.
        "adds r2, r2, r3",
        "ldr r5, [sp, #{taps}]",
        "ldr r4, [r5, #{weight_gap}]",
        "adds r2, r2, r4",
        "ldr r4, [r5, #{input_gap}]",
        "adds r3, r3, r4",
        "adds r0, r0, r3",
        "adds r1, r1, r3",
        "b 3b",
        "5:",
        "mov r3, r8",
        "ldr r2, [sp, #{zero}]",
        "muls r3, r2, r3",
        "mov r4, r12",
        "ldr r5, [sp, #{taps}]",
        "ldr r5, [r5, #{reach}]",
        "cmp r5, #{only_second}",
        "beq 6f",
        "subs r6, r6, r3",
        "ldr r2, [r4]",
        "adds r2, r2, r6",
        "str r2, [r4]",
        "6:",
        "cmp r5, #{only_first}",
        "beq 7f",
        "subs r7, r7, r3",
        "ldr r2, [r4, #4]",
        "adds r2, r2, r7",
        "str r2, [r4, #4]",
        "7:",
        "adds r4, r4, #8",
        "mov r12, r4",
        "cmp r4, lr",
        "bne 2b",
        "pop {{r3, r4-r7}}",
        "mov r8, r4",
        "mov r9, r5",
        "mov r10, r6",
        "mov r11, r7",
        "pop {{r1, r2, r4-r7, pc}}",
        unsigned = const UNSIGNED,
        // What was pushed.
        taps = const 20,
        zero = const 24,
        line = const offset_of!(Taps, line),
        rows = const offset_of!(Taps, rows),
        input_gap = const offset_of!(Taps, input_gap),
        weight_gap = const offset_of!(Taps, weight_gap),
        reach = const offset_of!(Taps, reach),
        only_first = const Reach::First as usize,
        only_second = const Reach::Second as usize,
    )
}

/// The sum in r0, times the multiplier whose halves are in r4 and r5, shifted and clamped, to r1.
///
/// With halves `s` and `t` of the sum, the lower signed, and `m` and `n` of the multiplier, the product is
/// `t * n * 2^32 + (t * m + s * n) * 2^16 + s * m`. As the sum is within half of an int32, none of what is
/// added leaves one. A shift leaves in the carry what rounds up.
macro_rules! round {
    () => {
        "sxth r1, r0
        subs r2, r0, r1
        asrs r2, r2, #16
        movs r3, r1
        muls r3, r4, r3
        asrs r3, r3, #16
        muls r1, r5, r1
        adds r1, r1, r3
        movs r3, r2
        muls r3, r4, r3
        adds r1, r1, r3
        muls r2, r5, r2
        asrs r1, r1, #15
        adcs r1, r2
        adds r1, r1, r2
        asrs r0, r1, #31
        adds r1, r1, r0
        asrs r1, r6
        adcs r1, r7
        cmp r1, r9
        bge 3f
        mov r1, r9
        3:
        cmp r1, r10
        ble 3f
        mov r1, r10
        3:\n"
    };
}

/// [`Quads::plain`](crate::kernel::int8::quads::Quads::plain).
///
/// # Safety
/// As for that.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn requantize(panel: &Panel<'_>) {
    naked_asm!(
        "push {{r4-r7, lr}}",
        "mov r4, r8",
        "mov r5, r9",
        "mov r6, r10",
        "mov r7, r11",
        "push {{r4-r7}}",
        // To change the highest bit of a byte is to add 128.
        "ldr r1, [r0, #{job}]",
        "ldr r1, [r1, #{plan}]",
        "adds r1, r1, #{quant}",
        "ldrb r2, [r1, #{flip}]",
        "ldr r3, [r1, #{min}]",
        "adds r3, r3, r2",
        "mov r9, r3",
        "ldr r3, [r1, #{max}]",
        "adds r3, r3, r2",
        "mov r10, r3",
        "ldr r7, [r1, #{zero}]",
        "adds r7, r7, r2",
        "ldr r6, [r0, #{step}]",
        // sums, header, width, filters, to
        "ldmia r0!, {{r1-r5}}",
        "mov r8, r1",
        "mov r11, r5",
        "lsls r3, r3, #2",
        "adds r2, r2, r3",
        "adds r2, r2, r3",
        "mov r12, r2",
        "adds r4, r4, r5",
        // The end, the step, bytes of a row.
        "push {{r4}}",
        "push {{r3, r6}}",
        "2:",
        "mov r0, r12",
        "ldr r1, [sp]",
        "ldr r6, [r0, r1]",
        "rsbs r6, r6, #0",
        "ldmia r0!, {{r4}}",
        "mov r12, r0",
        "lsrs r5, r4, #16",
        "uxth r4, r4",
        "mov r1, r8",
        "ldmia r1!, {{r0, r2}}",
        "mov r8, r1",
        "mov lr, r2",
        round!(),
        "mov r0, r11",
        "strb r1, [r0]",
        "ldr r2, [sp, #4]",
        "cmp r2, #0",
        "beq 4f",
        "mov r0, lr",
        round!(),
        "mov r0, r11",
        "ldr r2, [sp, #4]",
        "strb r1, [r0, r2]",
        "4:",
        "adds r0, r0, #1",
        "mov r11, r0",
        "ldr r1, [sp, #8]",
        "cmp r0, r1",
        "bne 2b",
        "add sp, sp, #12",
        "pop {{r4-r7}}",
        "mov r8, r4",
        "mov r9, r5",
        "mov r10, r6",
        "mov r11, r7",
        "pop {{r4-r7, pc}}",
        job = const offset_of!(Panel<'_>, job),
        plan = const offset_of!(JobI8<'_>, plan),
        quant = const offset_of!(ConvI8, quant),
        step = const offset_of!(Panel<'_>, step),
        zero = const offset_of!(Quant, zero),
        min = const offset_of!(Quant, min),
        max = const offset_of!(Quant, max),
        flip = const offset_of!(Quant, flip),
    )
}

/// One tap of the channel of r3, its weight the next.
macro_rules! tap {
    () => {
        "ldrsb r4, [r1, r3]
        adds r1, r1, r7
        ldrsb r5, [r2, r3]
        adds r2, r2, #1
        subs r4, r4, r6
        muls r4, r5, r4
        adds r0, r0, r4\n"
    };
}

/// [`Quads::nine`](crate::kernel::int8::quads::Quads::nine).
///
/// # Safety
/// As for that.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn nine(window: &Nine, sums: *mut i32) {
    naked_asm!(
        "push {{r1, r4-r7, lr}}",
        "mov r4, r8",
        "mov r5, r9",
        "mov r6, r10",
        "mov r7, r11",
        "push {{r4-r7}}",
        "mov r12, r0",
        "ldr r4, [r0, #{line}]",
        "mov r8, r4",
        "ldr r4, [r0, #{skip}]",
        "mov r9, r4",
        "ldr r4, [r0, #{next}]",
        "mov lr, r4",
        // A row is entered at the tap that leaves as many as there are.
        "movs r4, #3",
        "ldr r5, [r0, #{columns}]",
        "subs r5, r4, r5",
        // A tap is seven instructions of two bytes.
        "movs r6, #14",
        "muls r5, r6, r5",
        "adr r4, 4f",
        "adds r4, r4, r5",
        "mov r11, r4",
        "ldr r2, [r0, #{weights}]",
        "ldr r6, [r0, #{zero}]",
        "ldr r7, [r0, #{tap}]",
        "movs r3, #0",
        "2:",
        "mov r5, r12",
        "ldr r1, [r5, #{input}]",
        "ldr r0, [r5, #{biases}]",
        "lsls r4, r3, #2",
        "ldr r0, [r0, r4]",
        "ldr r4, [r5, #{rows}]",
        "cmp r4, #0",
        "beq 6f",
        "3:",
        "mov r10, r4",
        "mov pc, r11",
        ".p2align 2",
        "4:",
        tap!(),
        tap!(),
        tap!(),
        "add r1, r8",
        "add r2, r9",
        "mov r4, r10",
        "subs r4, r4, #1",
        "bne 3b",
        "6:",
        "add r2, lr",
        // As seen from the next filter's number.
        "subs r2, r2, #1",
        "ldr r4, [sp, #16]",
        "str r0, [r4]",
        "adds r4, r4, #8",
        "str r4, [sp, #16]",
        "adds r3, r3, #1",
        "mov r5, r12",
        "ldr r5, [r5, #{filters}]",
        "cmp r3, r5",
        "bne 2b",
        "pop {{r4-r7}}",
        "mov r8, r4",
        "mov r9, r5",
        "mov r10, r6",
        "mov r11, r7",
        "pop {{r1, r4-r7, pc}}",
        input = const offset_of!(Nine, input),
        weights = const offset_of!(Nine, weights),
        biases = const offset_of!(Nine, biases),
        filters = const offset_of!(Nine, filters),
        rows = const offset_of!(Nine, rows),
        columns = const offset_of!(Nine, columns),
        zero = const offset_of!(Nine, zero),
        tap = const offset_of!(Nine, tap),
        line = const offset_of!(Nine, line),
        skip = const offset_of!(Nine, skip),
        next = const offset_of!(Nine, next),
    )
}
