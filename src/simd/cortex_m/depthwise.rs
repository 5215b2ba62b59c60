//! The loops of depthwise layers, four filters at a time: naked functions, as those of [`dense`](super::dense) are.

use crate::kernel::small::strip::{Span, Strip};
use core::arch::naked_asm;
use core::mem::offset_of;

/// Four fused multiply-adds, lane by lane: the sums of one pixel, the weights of one tap, and the
/// input in `s28` to `s31`.
macro_rules! lanes {
    ($a:literal $b:literal $c:literal $d:literal, 0) => {
        concat!(fma!(28: $a 16), fma!(29: $b 17), fma!(30: $c 18), fma!(31: $d 19))
    };
    ($a:literal $b:literal $c:literal $d:literal, 1) => {
        concat!(fma!(28: $a 20), fma!(29: $b 21), fma!(30: $c 22), fma!(31: $d 23))
    };
    ($a:literal $b:literal $c:literal $d:literal, 2) => {
        concat!(fma!(28: $a 24), fma!(29: $b 25), fma!(30: $c 26), fma!(31: $d 27))
    };
}

/// One input, and the pixels that meet it, each with the tap that it meets it under.
macro_rules! input {
    ($($pixel:tt $tap:tt),*) => {
        concat!("vldmia r1, {{s28-s31}}\n", $(input!(@ $pixel $tap)),*)
    };
    (@ 0 $tap:tt) => { lanes!(0 1 2 3, $tap) };
    (@ 1 $tap:tt) => { lanes!(4 5 6 7, $tap) };
    (@ 2 $tap:tt) => { lanes!(8 9 10 11, $tap) };
    (@ 3 $tap:tt) => { lanes!(12 13 14 15, $tap) };
}

/// A function for tiles of some pixels under windows of three columns: how many inputs a row has under a tile; where the sums of
/// each pixel are, and all of them; and what is done with the first input, which may be missed, those between, and the last, which
/// may be.
macro_rules! slide {
    ($name:ident $pixels:literal $inputs:literal, $($sums:literal)*, $($sum:literal)*:
        $first:expr; $($between:expr),*; $last:expr) => {
        /// # Safety
        /// As for [`slide`].
        #[unsafe(naked)]
        unsafe extern "C" fn $name(strip: &mut Strip) {
            naked_asm!(
                "push {{r4-r11, lr}}",
                "vpush {{d8-d15}}",
                "ldr lr, [r0, #{tiles}]",
                "ldr r4, [r0, #{piece}]",
                "ldr r5, [r0, #{width}]",
                // From the last input but one to the first of the next row.
                "ldr r6, [r0, #{input_row}]",
                "mov r7, #{inputs} - 2",
                "mls r6, r7, r4, r6",
                "ldr r7, [r0, #{missed}]",
                // A tile.
                "2:",
                "ldr r9, [r0, #{bias}]",
                $(concat!("vldmia r9, {{", $sums, "}}"),)*
                // input, weights, planes
                "ldm r0, {{r1, r2, r12}}",
                "cmp r12, #0",
                "beq 9f",
                // A plane and a row of the window.
                "3:",
                "ldr r8, [r0, #{rows}]",
                "4:",
                "vldmia r2, {{s16-s19}}",
                "add r2, r2, r5",
                "vldmia r2, {{s20-s23}}",
                "add r2, r2, r5",
                "vldmia r2, {{s24-s27}}",
                "add r2, r2, r5",
                "lsls r9, r7, #31",
                "bne 5f",
                $first,
                "5:",
                $("add r1, r1, r4", $between,)*
                "lsls r9, r7, #30",
                "bmi 6f",
                "add r1, r1, r4",
                $last,
                "sub r1, r1, r4",
                "6:",
                "add r1, r1, r6",
                "subs r8, r8, #1",
                "bne 4b",
                "subs r12, r12, #1",
                "beq 9f",
                "ldrd r9, r10, [r0, #{input_gap}]",
                "add r1, r1, r9",
                "add r2, r2, r10",
                "b 3b",
                "9:",
                clamp!(s16 s17: $($sum)*),
                "ldr r9, [r0, #{output}]",
                "ldr r10, [r0, #{output_pixel}]",
                $(concat!("vstmia r9, {{", $sums, "}}"), "add r9, r9, r10",)*
                "str r9, [r0, #{output}]",
                "ldr r9, [r0]",
                "ldr r10, [r0, #{pixel}]",
                "mov r11, #{pixels}",
                "mla r9, r10, r11, r9",
                "str r9, [r0]",
                "subs lr, lr, #1",
                "bne 2b",
                // The next line.
                "ldr r9, [r0, #{lines}]",
                "subs r9, r9, #1",
                "beq 10f",
                "str r9, [r0, #{lines}]",
                "ldr lr, [r0, #{tiles}]",
                "ldrd r9, r10, [r0, #{input_line}]",
                "ldr r11, [r0]",
                "add r11, r11, r9",
                "str r11, [r0]",
                "ldr r11, [r0, #{output}]",
                "add r11, r11, r10",
                "str r11, [r0, #{output}]",
                "b 2b",
                "10:",
                "vpop {{d8-d15}}",
                "pop {{r4-r11, pc}}",
                inputs = const $inputs,
                pixels = const $pixels,
                tiles = const offset_of!(Strip, tiles),
                lines = const offset_of!(Strip, lines),
                input_line = const offset_of!(Strip, input_line),
                piece = const offset_of!(Strip, piece),
                width = const offset_of!(Strip, width),
                input_row = const offset_of!(Strip, input_row),
                missed = const offset_of!(Strip, missed),
                bias = const offset_of!(Strip, bias),
                rows = const offset_of!(Strip, rows),
                input_gap = const offset_of!(Strip, input_gap),
                clamp = const offset_of!(Strip, clamp),
                output = const offset_of!(Strip, output),
                output_pixel = const offset_of!(Strip, output_pixel),
                pixel = const offset_of!(Strip, pixel),
            )
        }
    };
}

slide!(one 1 3, "s0-s3", 0 1 2 3: input!(0 0); input!(0 1); input!(0 2));
slide!(two 2 4, "s0-s3" "s4-s7", 0 1 2 3 4 5 6 7:
    input!(0 0); input!(0 1, 1 0), input!(0 2, 1 1); input!(1 2));
slide!(three 3 5, "s0-s3" "s4-s7" "s8-s11", 0 1 2 3 4 5 6 7 8 9 10 11:
    input!(0 0);
    input!(0 1, 1 0), input!(0 2, 1 1, 2 0), input!(1 2, 2 1);
    input!(2 2));
slide!(four 4 6, "s0-s3" "s4-s7" "s8-s11" "s12-s15", 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15:
    input!(0 0);
    input!(0 1, 1 0), input!(0 2, 1 1, 2 0), input!(1 2, 2 1, 3 0), input!(2 2, 3 1);
    input!(3 2));
slide!(two_of_two 2 5, "s0-s3" "s4-s7", 0 1 2 3 4 5 6 7:
    input!(0 0); input!(0 1), input!(0 2, 1 0), input!(1 1); input!(1 2));
slide!(three_of_two 3 7, "s0-s3" "s4-s7" "s8-s11", 0 1 2 3 4 5 6 7 8 9 10 11:
    input!(0 0);
    input!(0 1), input!(0 2, 1 0), input!(1 1), input!(1 2, 2 0), input!(2 1);
    input!(2 2));
slide!(four_of_two 4 9, "s0-s3" "s4-s7" "s8-s11" "s12-s15", 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15:
    input!(0 0);
    input!(0 1), input!(0 2, 1 0), input!(1 1), input!(1 2, 2 0), input!(2 1),
    input!(2 2, 3 0), input!(3 1);
    input!(3 2));

/// Computes a strip of windows that slide, in tiles of so many pixels at a stride of 1 or 2.
///
/// Four pixels: sixteen sums, twelve weights and an input are the 32 registers, and 24 of 72
/// instructions a row (33 of 81 at a stride of 2) are no multiply-adds.
///
/// # Safety
/// There are one to four pixels. The inputs that are not missed lie in the input, the weights are a whole panel's, and the outputs of
/// four filters can be written.
#[inline(always)]
pub(crate) unsafe fn slide(strip: &mut Strip, pixels: usize, stride: usize) {
    let run = match (pixels, stride) {
        (1, _) => one,
        (2, 1) => two,
        (3, 1) => three,
        (_, 1) => four,
        (2, _) => two_of_two,
        (3, _) => three_of_two,
        (_, _) => four_of_two,
    };
    // SAFETY: the caller's.
    unsafe { run(strip) };
}

/// Computes a strip of tiles of one pixel, tap by tap.
///
/// # Safety
/// The taps lie in the input, the weights are a whole panel's, and the outputs of four filters can be written.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn taps(strip: &mut Strip) {
    naked_asm!(
        "push {{r4-r11, lr}}",
        "ldr lr, [r0, #{tiles}]",
        "ldr r4, [r0, #{piece}]",
        "ldr r5, [r0, #{width}]",
        // A tile.
        "2:",
        "ldr r9, [r0, #{bias}]",
        "vldmia r9, {{s0-s3}}",
        // input, weights, planes
        "ldm r0, {{r10, r11, r12}}",
        "ldr r7, [r0, #{all} + {len}]",
        "cmp r12, #0",
        "it ne",
        "cmpne r7, #0",
        "beq 9f",
        // A plane and a row of the window.
        "3:",
        "ldr r8, [r0, #{rows}]",
        "4:",
        "mov r1, r10",
        "mov r2, r11",
        "mov r6, r7",
        "5:",
        "vldmia r1, {{s4-s7}}",
        "add r1, r1, r4",
        "vldmia r2, {{s8-s11}}",
        "add r2, r2, r5",
        fma!(4: 0 8),
        fma!(5: 1 9),
        fma!(6: 2 10),
        fma!(7: 3 11),
        "subs r6, r6, #1",
        "bne 5b",
        "ldrd r1, r2, [r0, #{input_row}]",
        "add r10, r10, r1",
        "add r11, r11, r2",
        "subs r8, r8, #1",
        "bne 4b",
        "subs r12, r12, #1",
        "beq 9f",
        "ldrd r1, r2, [r0, #{input_gap}]",
        "add r10, r10, r1",
        "add r11, r11, r2",
        "b 3b",
        "9:",
        clamp!(s4 s5: 0 1 2 3),
        "ldr r9, [r0, #{output}]",
        "vstmia r9, {{s0-s3}}",
        "ldr r10, [r0, #{output_pixel}]",
        "add r9, r9, r10",
        "str r9, [r0, #{output}]",
        "ldr r9, [r0]",
        "ldr r10, [r0, #{pixel}]",
        "add r9, r9, r10",
        "str r9, [r0]",
        "subs lr, lr, #1",
        "bne 2b",
        // The next line.
        "ldr r1, [r0, #{lines}]",
        "subs r1, r1, #1",
        "beq 10f",
        "str r1, [r0, #{lines}]",
        "ldr lr, [r0, #{tiles}]",
        "ldrd r1, r2, [r0, #{input_line}]",
        "ldr r9, [r0]",
        "add r9, r9, r1",
        "str r9, [r0]",
        "ldr r9, [r0, #{output}]",
        "add r9, r9, r2",
        "str r9, [r0, #{output}]",
        "b 2b",
        "10:",
        "pop {{r4-r11, pc}}",
        tiles = const offset_of!(Strip, tiles),
        lines = const offset_of!(Strip, lines),
        input_line = const offset_of!(Strip, input_line),
        piece = const offset_of!(Strip, piece),
        width = const offset_of!(Strip, width),
        bias = const offset_of!(Strip, bias),
        all = const offset_of!(Strip, all),
        len = const offset_of!(Span, len),
        rows = const offset_of!(Strip, rows),
        input_row = const offset_of!(Strip, input_row),
        input_gap = const offset_of!(Strip, input_gap),
        clamp = const offset_of!(Strip, clamp),
        output = const offset_of!(Strip, output),
        output_pixel = const offset_of!(Strip, output_pixel),
        pixel = const offset_of!(Strip, pixel),
    )
}
