//! The inner loop of int8 for a Cortex-M0+: eight registers, and a multiplication of 32 bits.

use core::arch::naked_asm;

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
