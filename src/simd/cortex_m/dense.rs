//! The loops of dense layers: a naked function for each tile, for the registers are just enough if no compiler has a use for some of
//! them, and sums that stay in them take no stack.

use crate::kernel::small::strip::{Span, Strip};
use core::arch::naked_asm;
use core::mem::offset_of;

/// The weights of a channel, eight or four, of which `r3` is the place, and one or two pixels.
macro_rules! channel {
    (1 1: $a:literal) => {
        concat!("vldmia r3, {{s16-s19}}\nadd r3, r3, r4\n", fma!($a: 0 16, 1 17, 2 18, 3 19))
    };
    (2 1: $a:literal $b:literal) => {
        concat!(channel!(1 1: $a), fma!($b: 4 16, 5 17, 6 18, 7 19))
    };
    (1 2: $a:literal) => {
        concat!(
            "vldmia r3, {{s16-s23}}\nadd r3, r3, r4\n",
            fma!($a: 0 16, 1 17, 2 18, 3 19, 4 20, 5 21, 6 22, 7 23)
        )
    };
    (2 2: $a:literal $b:literal) => {
        concat!(
            channel!(1 2: $a),
            fma!($b: 8 16, 9 17, 10 18, 11 19, 12 20, 13 21, 14 22, 15 23)
        )
    };
    // The second pixel alone.
    (0 1: $b:literal) => {
        concat!("vldmia r3, {{s16-s19}}\nadd r3, r3, r4\n", fma!($b: 4 16, 5 17, 6 18, 7 19))
    };
    (0 2: $b:literal) => {
        concat!(
            "vldmia r3, {{s16-s23}}\nadd r3, r3, r4\n",
            fma!($b: 8 16, 9 17, 10 18, 11 19, 12 20, 13 21, 14 22, 15 23)
        )
    };
}

/// Channels, as many as `r5` says, four at a time and then one at a time.
macro_rules! channels {
    ($four:expr, $one:expr) => {
        concat!(
            "subs r5, r5, #4\nblo 22f\n21:\n",
            $four,
            "subs r5, r5, #4\nbhs 21b\n22:\nadds r5, r5, #4\nbeq 24f\n23:\n",
            $one,
            "subs r5, r5, #1\nbne 23b\n24:\n"
        )
    };
    (1 $v:tt) => {
        channels!(
            concat!(
                "vldmia r1!, {{s24-s27}}\n",
                channel!(1 $v: 24), channel!(1 $v: 25), channel!(1 $v: 26), channel!(1 $v: 27)
            ),
            concat!("vldmia r1!, {{s24}}\n", channel!(1 $v: 24))
        )
    };
    (2 $v:tt) => {
        channels!(
            concat!(
                "vldmia r1!, {{s24-s27}}\nvldmia r2!, {{s28-s31}}\n",
                channel!(2 $v: 24 28), channel!(2 $v: 25 29), channel!(2 $v: 26 30), channel!(2 $v: 27 31)
            ),
            concat!("vldmia r1!, {{s24}}\nvldmia r2!, {{s28}}\n", channel!(2 $v: 24 28))
        )
    };
}

/// The pieces of a span that one of two pixels reaches: as many as `r6` says, the first at `r9`.
macro_rules! alone {
    ($span:literal $which:tt $v:tt) => {
        concat!(
            "ldr r9, [r0, #", $span, "]\n",
            "add r9, r10, r9\n",
            "25:\nmov r1, r9\n",
            "ldr r5, [r0, #", $span, " + {len}]\n",
            "cbz r5, 27f\n26:\n",
            "vldmia r1!, {{s24}}\n",
            channel!($which $v: 24),
            "subs r5, r5, #1\nbne 26b\n27:\n",
            "ldr r5, [r0, #{piece}]\nadd r9, r9, r5\n",
            "subs r6, r6, #1\nbne 25b\n"
        )
    };
}

/// Writes the sums of filters that exist of a pixel, as many as `r5` says, fewer than all.
macro_rules! ragged {
    ($label:literal: $first:literal $($sum:literal $at:literal $count:literal),*) => {
        concat!(
            "vstr s", $first, ", [r6]\n",
            $("cmp r5, #", $count, "\nble ", $label, "f\nvstr s", $sum, ", [r6, #", $at, "]\n",)*
            $label, ":\n"
        )
    };
}

/// What there is only if a tile has a second pixel.
macro_rules! second {
    (1: $text:expr) => {
        ""
    };
    (2: $text:expr) => {
        $text
    };
}

/// The loop of a strip of tiles of so many pixels, vectors of four filters, and filters: how each pixel's sums are started and written,
/// and written where some of the filters do not exist; all sums; and what only a second pixel has to know, of which structure.
macro_rules! tile {
    (
        $(#[$doc:meta])*
        $name:ident: $pixels:tt $vectors:tt $filters:literal;
        start $($start:literal)*;
        write $($write:literal)*;
        ragged $($ragged:expr)*;
        sums $($sum:literal)*;
        $($of:ident $operand:ident)*
    ) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// As for [`dense`](super::dense).
        #[unsafe(naked)]
        unsafe extern "C" fn $name(strip: &mut Strip) {
            naked_asm!(
                "push {{r4-r11, lr}}",
                "vpush {{d8-d15}}",
                "ldr lr, [r0, #{tiles}]",
                "ldr r4, [r0, #{width}]",
                "ldr r7, [r0, #{pixel}]",
                // A tile.
                "2:",
                "ldr r5, [r0, #{bias}]",
                $($start,)*
                // input, weights, planes
                "ldm r0, {{r10, r11, r12}}",
                "cmp r12, #0",
                "beq 9f",
                // A plane and a row of the window.
                "3:",
                "ldr r8, [r0, #{rows}]",
                "4:",
                "mov r3, r11",
                second!($pixels: "ldr r6, [r0, #{but_first} + {pieces}]\ncmp r6, #0\nbne 50f"),
                "5:",
                "ldrd r9, r6, [r0, #{all}]",
                "cmp r6, #0",
                "beq 7f",
                "add r9, r10, r9",
                "6:",
                "mov r1, r9",
                second!($pixels: "add r2, r9, r7"),
                "ldr r5, [r0, #{all} + {len}]",
                channels!($pixels $vectors),
                "subs r6, r6, #1",
                "beq 7f",
                "ldr r5, [r0, #{piece}]",
                "add r9, r9, r5",
                "b 6b",
                "7:",
                second!($pixels: "ldr r6, [r0, #{but_last} + {pieces}]\ncmp r6, #0\nbne 60f"),
                "8:",
                "ldrd r5, r6, [r0, #{input_row}]",
                "add r10, r10, r5",
                "add r11, r11, r6",
                "subs r8, r8, #1",
                "bne 4b",
                "subs r12, r12, #1",
                "beq 9f",
                "ldrd r5, r6, [r0, #{input_gap}]",
                "add r10, r10, r5",
                "add r11, r11, r6",
                "b 3b",
                "9:",
                clamp!(s16 s17: $($sum)*),
                "ldr r5, [r0, #{filters}]",
                "ldr r6, [r0, #{output}]",
                "ldr r8, [r0, #{output_pixel}]",
                concat!("cmp r5, #", $filters),
                "bne 40f",
                $($write, "add r6, r6, r8",)*
                "41:",
                "str r6, [r0, #{output}]",
                "ldr r5, [r0]",
                concat!("add r5, r5, r7", second!($pixels: ", lsl #1")),
                "str r5, [r0]",
                "subs lr, lr, #1",
                "bne 2b",
                // The next line.
                "ldr r5, [r0, #{lines}]",
                "subs r5, r5, #1",
                "beq 10f",
                "str r5, [r0, #{lines}]",
                "ldr lr, [r0, #{tiles}]",
                "ldrd r5, r6, [r0, #{input_line}]",
                "ldr r8, [r0]",
                "add r8, r8, r5",
                "str r8, [r0]",
                "ldr r8, [r0, #{output}]",
                "add r8, r8, r6",
                "str r8, [r0, #{output}]",
                "b 2b",
                "10:",
                "vpop {{d8-d15}}",
                "pop {{r4-r11, pc}}",
                // Filters that do not exist.
                "40:",
                $($ragged, "add r6, r6, r8",)*
                "b 41b",
                // Taps that the first pixel misses, and those that the last does.
                second!($pixels: concat!("50:\n", alone!("{but_first}" 0 $vectors), "b 5b")),
                second!($pixels: concat!("60:\n", alone!("{but_last}" 1 $vectors), "b 8b")),
                $($operand = const offset_of!($of, $operand),)*
                all = const offset_of!(Strip, all),
                bias = const offset_of!(Strip, bias),
                clamp = const offset_of!(Strip, clamp),
                filters = const offset_of!(Strip, filters),
                input_gap = const offset_of!(Strip, input_gap),
                input_line = const offset_of!(Strip, input_line),
                input_row = const offset_of!(Strip, input_row),
                len = const offset_of!(Span, len),
                lines = const offset_of!(Strip, lines),
                output = const offset_of!(Strip, output),
                output_pixel = const offset_of!(Strip, output_pixel),
                piece = const offset_of!(Strip, piece),
                pixel = const offset_of!(Strip, pixel),
                rows = const offset_of!(Strip, rows),
                tiles = const offset_of!(Strip, tiles),
                width = const offset_of!(Strip, width),
            )
        }
    };
}

tile! {
    /// Two pixels and eight filters: sixteen sums, eight weights and four channels of either pixel are the 32 registers, and
    /// twelve of 76 instructions are no multiply-adds.
    two_of_eight: 2 2 8;
    start "vldmia r5, {{s0-s7}}" "vldmia r5, {{s8-s15}}";
    write "vstmia r6, {{s0-s7}}" "vstmia r6, {{s8-s15}}";
    ragged
        ragged!(42: 0 1 4 1, 2 8 2, 3 12 3, 4 16 4, 5 20 5, 6 24 6)
        ragged!(43: 8 9 4 1, 10 8 2, 11 12 3, 12 16 4, 13 20 5, 14 24 6);
    sums 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15;
    Strip but_first Strip but_last Span pieces
}

tile! {
    /// Two pixels and four filters.
    two_of_four: 2 1 4;
    start "vldmia r5, {{s0-s3}}" "vldmia r5, {{s4-s7}}";
    write "vstmia r6, {{s0-s3}}" "vstmia r6, {{s4-s7}}";
    ragged ragged!(42: 0 1 4 1, 2 8 2) ragged!(43: 4 5 4 1, 6 8 2);
    sums 0 1 2 3 4 5 6 7;
    Strip but_first Strip but_last Span pieces
}

tile! {
    /// A pixel and eight filters.
    one_of_eight: 1 2 8;
    start "vldmia r5, {{s0-s7}}";
    write "vstmia r6, {{s0-s7}}";
    ragged ragged!(42: 0 1 4 1, 2 8 2, 3 12 3, 4 16 4, 5 20 5, 6 24 6);
    sums 0 1 2 3 4 5 6 7;
}

tile! {
    /// A pixel and four filters.
    one_of_four: 1 1 4;
    start "vldmia r5, {{s0-s3}}";
    write "vstmia r6, {{s0-s3}}";
    ragged ragged!(42: 0 1 4 1, 2 8 2);
    sums 0 1 2 3;
}

/// Computes a strip in tiles of one or two pixels.
///
/// # Safety
/// Every tap of the spans lies in the input for the pixels that the span stands for, the weights are a whole panel's, and the
/// outputs of the filters, of which there are at most eight, can be written.
#[inline(always)]
pub(crate) unsafe fn dense(strip: &mut Strip, pixels: usize) {
    let run = match (pixels, strip.width > size_of::<[f32; 4]>()) {
        (2, true) => two_of_eight,
        (2, false) => two_of_four,
        (_, true) => one_of_eight,
        (_, false) => one_of_four,
    };
    // SAFETY: the caller's.
    unsafe { run(strip) };
}
