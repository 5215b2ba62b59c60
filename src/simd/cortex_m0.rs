//! The loops of int8 for a Cortex-M0+: eight registers, and a multiplication of 32 bits.

use crate::kernel::int8::nine::Nine;
use crate::kernel::int8::put::Panel;
use crate::quant::Quant;
use core::arch::naked_asm;
use core::mem::offset_of;

/// One weight in r7, the inputs of two pixels in a word.
macro_rules! two {
    ($inputs:literal) => {
        concat!(
            "muls ",
            $inputs,
            ", r7, ",
            $inputs,
            "\n",
            "adds r2, r2, ",
            $inputs,
            "\n",
            "lsrs ",
            $inputs,
            ", ",
            $inputs,
            ", #16\n",
            "adds r3, r3, ",
            $inputs,
            "\n",
        )
    };
}

/// [`Quads::products`](crate::kernel::int8::quads::Quads::products), with inputs up to `end` and
/// weights `step` bytes apart: the sum of both, and above it that of the second pixel.
///
/// # Safety
/// All of that can be read, and there is a quad.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn products(
    wide: *const u32,
    weights: *const i32,
    step: usize,
    end: *const u32,
) -> u64 {
    naked_asm!(
        "push {{r4-r7, lr}}",
        "mov r12, r2",
        "mov lr, r3",
        "movs r2, #0",
        "movs r3, #0",
        "2:",
        "ldr r4, [r1]",
        "add r1, r1, r12",
        "ldr r7, 8f",
        "eors r4, r4, r7",
        "ldmia r0!, {{r5, r6}}",
        "lsls r7, r4, #24",
        "lsrs r7, r7, #24",
        two!("r5"),
        "lsls r7, r4, #16",
        "lsrs r7, r7, #24",
        two!("r6"),
        "ldmia r0!, {{r5, r6}}",
        "lsls r7, r4, #8",
        "lsrs r7, r7, #24",
        two!("r5"),
        "lsrs r7, r4, #24",
        two!("r6"),
        "cmp r0, lr",
        "bne 2b",
        "mov r0, r2",
        "mov r1, r3",
        "pop {{r4-r7, pc}}",
        ".p2align 2",
        "8:",
        ".word 0x80808080",
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
        "ldr r1, [r0, #{quant}]",
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
        quant = const offset_of!(Panel<'_>, quant),
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
        ldmia r2!, {{r5}}
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
        "adr r4, 4f",
        "adr r6, 5f",
        "subs r6, r6, r4",
        "muls r5, r6, r5",
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
        ".p2align 2",
        "5:",
        tap!(),
        tap!(),
        "add r1, r8",
        "add r2, r9",
        "mov r4, r10",
        "subs r4, r4, #1",
        "bne 3b",
        "6:",
        "add r2, lr",
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
