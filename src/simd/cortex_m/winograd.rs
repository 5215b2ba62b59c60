//! The transforms of Winograd's algorithms along one axis: a naked function for each, for the numbers of a line, what they become and
//! what they are multiplied by are just the registers that there are.
//!
//! The order of the operations is that of `kernel/winograd_transform.rs`. A factor of one is multiplied by, which rounds alike.

use crate::kernel::Variant;
use crate::kernel::small::winograd::lines::Lines;
use core::arch::naked_asm;
use core::mem::offset_of;

/// `sum = x, sum += a * c ...`; without `x` the sum is there already.
macro_rules! sum {
    ($sum:literal = $x:literal $(, $a:literal $c:literal)*) => {
        concat!("vmov.f32 s", $sum, ", s", $x, "\n", sum!($sum $(, $a $c)*))
    };
    ($sum:literal = $x:literal * $by:literal $(, $a:literal $c:literal)*) => {
        concat!("vmul.f32 s", $sum, ", s", $x, ", s", $by, "\n", sum!($sum $(, $a $c)*))
    };
    ($sum:literal $(, $a:literal $c:literal)*) => {
        concat!($("vfma.f32 s", $sum, ", s", $a, ", s", $c, "\n"),*)
    };
}

/// A pair of points from the two halves of their polynomials: `even` becomes `even + odd * point`, and `other` the difference.
macro_rules! points {
    ($even:literal $odd:literal, $point:literal => $other:literal) => {
        concat!(
            "vmov.f32 s",
            $other,
            ", s",
            $even,
            "\n",
            "vfma.f32 s",
            $even,
            ", s",
            $odd,
            ", s",
            $point,
            "\n",
            "vfms.f32 s",
            $other,
            ", s",
            $odd,
            ", s",
            $point,
            "\n"
        )
    };
}

/// The sum and the difference of a pair's products.
macro_rules! halves {
    ($a:literal $b:literal => $sum:literal $difference:literal) => {
        concat!(
            "vadd.f32 s",
            $sum,
            ", s",
            $a,
            ", s",
            $b,
            "\n",
            "vsub.f32 s",
            $difference,
            ", s",
            $a,
            ", s",
            $b,
            "\n"
        )
    };
}

/// A function for all lines: the registers that it saves, those of the constants, the places of a line's points but the first, each
/// after the one before, and what is done with a number of each.
macro_rules! lines {
    (
        $(#[$doc:meta])*
        $name:ident: $save:literal $restore:literal $constants:literal;
        $($place:literal $before:literal)*;
        $($line:expr)*
    ) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// The numbers are there, and so are the constants.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(lines: &mut Lines, constants: *const f32) {
            naked_asm!(
                "push {{r4-r9, lr}}",
                $save,
                $constants,
                "2:",
                "ldr r12, [r0, #{step}]",
                "ldr r9, [r0, #{numbers}]",
                "ldr r1, [r0, #{at}]",
                $(concat!("add r", $place, ", r", $before, ", r12"),)*
                "3:",
                $($line,)*
                "subs r9, r9, #1",
                "bne 3b",
                "ldr r12, [r0, #{line}]",
                "ldr r1, [r0, #{at}]",
                "ldr r9, [r0, #{lines}]",
                "add r1, r1, r12",
                "str r1, [r0, #{at}]",
                "subs r9, r9, #1",
                "str r9, [r0, #{lines}]",
                "bne 2b",
                $restore,
                "pop {{r4-r9, pc}}",
                at = const offset_of!(Lines, at),
                step = const offset_of!(Lines, step),
                line = const offset_of!(Lines, line),
                lines = const offset_of!(Lines, lines),
                numbers = const offset_of!(Lines, numbers),
            )
        }
    };
}

/// Loads a number of so many points, of which each has a place.
macro_rules! load {
    ($($x:literal $place:literal)*) => {
        concat!($("vldr s", $x, ", [r", $place, "]\n"),*)
    };
}

/// The same of points that nothing is written to.
macro_rules! load_next {
    ($($x:literal $place:literal)*) => {
        concat!($("vldmia r", $place, "!, {{s", $x, "}}\n"),*)
    };
}

/// Writes numbers back, and goes on to the next.
macro_rules! store_next {
    ($($x:literal $place:literal)*) => {
        concat!($("vstmia r", $place, "!, {{s", $x, "}}\n"),*)
    };
}

lines! {
    /// Inputs of tiles of two. All factors are one.
    inputs_of_two: "" "" "";
    2 1 3 2 4 3;
    load!(0 1 1 2 2 3 3 4)
    "vsub.f32 s0, s2, s0\nvsub.f32 s3, s3, s1"
    halves!(2 1 => 4 5)
    store_next!(0 1 4 2 5 3 3 4)
}

lines! {
    /// Inputs of tiles of four.
    inputs_of_four: "" "" "vldmia r1, {{s10-s15}}";
    2 1 3 2 4 3 5 4 6 5;
    load!(0 1 1 2 2 3 3 4 4 5 5 6)
    sum!(6 = 4, 0 10, 2 11)
    sum!(5, 1 10, 3 11)
    sum!(7 = 4, 2 12)
    sum!(8 = 3, 1 12)
    points!(7 8, 14 => 9)
    sum!(4, 2 13)
    sum!(3, 1 13)
    points!(4 3, 15 => 8)
    store_next!(6 1 7 2 9 3 4 4 8 5 5 6)
}

lines! {
    /// Inputs of tiles of six.
    inputs_of_six: "vpush {{d8-d15}}" "vpop {{d8-d15}}" "vldmia r1, {{s20-s31}}";
    2 1 3 2 4 3 5 4 6 5 7 6 8 7;
    load!(0 1 1 2 2 3 3 4 4 5 5 6 6 7 7 8)
    sum!(8 = 6, 0 20, 2 21, 4 22)
    sum!(7, 1 20, 3 21, 5 22)
    sum!(9 = 6, 2 23, 4 24)
    sum!(10 = 5, 1 23, 3 24)
    points!(9 10, 29 => 11)
    sum!(12 = 6, 2 25, 4 26)
    sum!(10 = 5, 1 25, 3 26)
    points!(12 10, 30 => 13)
    sum!(6, 2 27, 4 28)
    sum!(5, 1 27, 3 28)
    points!(6 5, 31 => 14)
    store_next!(8 1 9 2 11 3 12 4 13 5 6 6 14 7 7 8)
}

lines! {
    /// Products of tiles of two. All factors are one.
    outputs_of_two: "" "" "";
    2 1 3 2 4 3;
    load!(0 1 1 2)
    load_next!(2 3 3 4)
    halves!(1 2 => 4 5)
    "vadd.f32 s0, s0, s4\nvadd.f32 s3, s3, s5"
    store_next!(0 1 3 2)
}

lines! {
    /// Products of tiles of four.
    outputs_of_four: "" "" "vldmia r1, {{s10-s15}}";
    2 1 3 2 4 3 5 4 6 5;
    load!(0 1 1 2 2 3 3 4)
    load_next!(4 5 5 6)
    halves!(1 2 => 6 7)
    halves!(3 4 => 8 9)
    "vadd.f32 s0, s0, s6\nvadd.f32 s0, s0, s8"
    sum!(1 = 7 * 10, 9 11)
    sum!(2 = 6 * 12, 8 13)
    sum!(5, 7 14, 9 15)
    store_next!(0 1 1 2 2 3 5 4)
}

lines! {
    /// Products of tiles of six.
    outputs_of_six: "vpush {{d8-d15}}" "vpop {{d8-d15}}" "vldmia r1, {{s16-s30}}";
    2 1 3 2 4 3 5 4 6 5 7 6 8 7;
    load!(0 1 1 2 2 3 3 4 4 5 5 6)
    load_next!(6 7 7 8)
    halves!(1 2 => 8 9)
    halves!(3 4 => 10 11)
    halves!(5 6 => 12 13)
    "vadd.f32 s0, s0, s8\nvadd.f32 s0, s0, s10\nvadd.f32 s0, s0, s12"
    sum!(1 = 9 * 16, 11 17, 13 18)
    sum!(2 = 8 * 19, 10 20, 12 21)
    sum!(3 = 9 * 22, 11 23, 13 24)
    sum!(4 = 8 * 25, 10 26, 12 27)
    sum!(7, 9 28, 11 29, 13 30)
    store_next!(0 1 1 2 2 3 3 4 4 5 7 6)
}

/// Transforms each number of each line of inputs, where it lies.
///
/// # Safety
/// There are lines and numbers. The constants of the tiles are theirs: see `kernel/small/winograd/lines.rs`.
#[inline(always)]
pub(crate) unsafe fn input_lines(variant: Variant, lines: &mut Lines, constants: *const f32) {
    let run = match variant {
        Variant::Two => inputs_of_two,
        Variant::Four => inputs_of_four,
        Variant::Six => inputs_of_six,
    };
    // SAFETY: the caller's.
    unsafe { run(lines, constants) };
}

/// The same of lines of products, of which two numbers less are written.
///
/// # Safety
/// As for [`input_lines`].
#[inline(always)]
pub(crate) unsafe fn output_lines(variant: Variant, lines: &mut Lines, constants: *const f32) {
    let run = match variant {
        Variant::Two => outputs_of_two,
        Variant::Four => outputs_of_four,
        Variant::Six => outputs_of_six,
    };
    // SAFETY: the caller's.
    unsafe { run(lines, constants) };
}
