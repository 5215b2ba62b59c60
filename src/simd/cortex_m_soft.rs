//! The loop of f32 for a Cortex-M without an FPU, where a multiplication and an addition are functions of a hundred instructions:
//! few others beside them, of those that every Cortex-M has, and no more stack than nothing else will do for.

use crate::kernel::small::strip::{Span, Strip};
use crate::soft_arithmetic::{add, multiply};
use core::arch::naked_asm;
use core::mem::offset_of;

/// A function that adds a window, whose first tap and the weight of the first filter lie there, to the sums of some filters: for each,
/// where its input and its own numbers lie among theirs, in bytes.
macro_rules! window {
    ($name:ident: $($input:literal $filter:literal),*) => {
        /// # Safety
        /// All taps that the strip names lie in the input of each filter, and so do their weights in a panel.
        #[unsafe(naked)]
        pub(crate) unsafe extern "C" fn $name(
            strip: &Strip,
            input: *const f32,
            weights: *const f32,
            sums: *mut f32,
        ) {
            naked_asm!(
                "push {{r4-r7, lr}}",
                // A piece; a row and its weights; pieces, rows and planes left; the strip.
                "sub sp, #28",
                "str r1, [sp, #4]",
                "str r2, [sp, #8]",
                "mov r7, r3",
                "str r0, [sp, #24]",
                "ldr r4, [r0, #{planes}]",
                "cmp r4, #0",
                "beq 9f",
                "2:",
                "str r4, [sp, #20]",
                "ldr r0, [sp, #24]",
                "ldr r4, [r0, #{rows}]",
                "3:",
                "str r4, [sp, #16]",
                "ldr r0, [sp, #24]",
                "ldr r5, [sp, #8]",
                "ldr r6, [r0, #{all} + {len}]",
                "cmp r6, #0",
                "beq 8f",
                "ldr r4, [r0, #{all} + {pieces}]",
                "cmp r4, #0",
                "beq 8f",
                "str r4, [sp, #12]",
                "ldr r4, [sp, #4]",
                "4:",
                "str r4, [sp]",
                "5:",
                $(concat!(
                    "ldr r0, [r4, #", $input, "]\nldr r1, [r5, #", $filter, "]\nbl {multiply}\n",
                    "ldr r1, [r7, #", $filter, "]\nbl {add}\nstr r0, [r7, #", $filter, "]\n"
                ),)*
                "ldr r0, [sp, #24]",
                "ldr r1, [r0, #{step}]",
                "adds r4, r4, r1",
                "ldr r1, [r0, #{width}]",
                "adds r5, r5, r1",
                "subs r6, r6, #1",
                "bne 5b",
                "ldr r0, [sp, #12]",
                "subs r0, r0, #1",
                "beq 8f",
                "str r0, [sp, #12]",
                "ldr r0, [sp, #24]",
                "ldr r6, [r0, #{all} + {len}]",
                "ldr r1, [r0, #{piece}]",
                "ldr r4, [sp]",
                "adds r4, r4, r1",
                "b 4b",
                "8:",
                "ldr r0, [sp, #24]",
                "ldr r1, [r0, #{input_row}]",
                "ldr r2, [r0, #{weights_row}]",
                "ldr r4, [sp, #4]",
                "adds r4, r4, r1",
                "str r4, [sp, #4]",
                "ldr r5, [sp, #8]",
                "adds r5, r5, r2",
                "str r5, [sp, #8]",
                "ldr r3, [sp, #16]",
                "subs r3, r3, #1",
                "beq 6f",
                "movs r4, r3",
                "b 3b",
                "6:",
                "ldr r1, [r0, #{input_gap}]",
                "ldr r2, [r0, #{weights_gap}]",
                "adds r4, r4, r1",
                "str r4, [sp, #4]",
                "adds r5, r5, r2",
                "str r5, [sp, #8]",
                "ldr r4, [sp, #20]",
                "subs r4, r4, #1",
                "bne 2b",
                "9:",
                "add sp, #28",
                "pop {{r4-r7, pc}}",
                multiply = sym multiply,
                add = sym add,
                step = const offset_of!(Strip, step),
                width = const offset_of!(Strip, width),
                planes = const offset_of!(Strip, planes),
                rows = const offset_of!(Strip, rows),
                all = const offset_of!(Strip, all),
                len = const offset_of!(Span, len),
                pieces = const offset_of!(Span, pieces),
                piece = const offset_of!(Strip, piece),
                input_row = const offset_of!(Strip, input_row),
                weights_row = const offset_of!(Strip, weights_row),
                input_gap = const offset_of!(Strip, input_gap),
                weights_gap = const offset_of!(Strip, weights_gap),
            )
        }
    };
}

window!(one: 0 0);
window!(four: 0 0, 0 4, 0 8, 0 12);
window!(four_channels: 0 0, 4 4, 8 8, 12 12);
