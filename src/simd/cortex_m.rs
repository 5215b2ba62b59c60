//! Inner loops for a Cortex-M with an FPU.
//!
//! Stable Rust gives no access to a single fused multiply-add there: the intrinsics are unstable,
//! and `asm!` takes no `f32` operand, because rustc asks for the feature `vfp2` and an FPU of single
//! precision does not have it. An `asm!` block may name the registers that it overwrites, though. So
//! each loop is one block, and the sums come and go through memory.

use super::WindowRows;
use core::arch::asm;

/// Four or eight fused multiply-adds: each sum, a weight of its own, and one input.
macro_rules! fma {
    ($x:literal: $($sum:literal $w:literal),*) => {
        concat!($("vfma.f32 s", $sum, ", s", $w, ", s", $x, "\n"),*)
    };
}

/// The weights of one channel, and one or two pixels of it.
macro_rules! channel {
    (1 1: $a:literal) => {
        concat!(
            "vldmia {w}, {{s16-s19}}\nadd {w}, {w}, {row}\n",
            fma!($a: 0 16, 1 17, 2 18, 3 19)
        )
    };
    (2 1: $a:literal $b:literal) => {
        concat!(channel!(1 1: $a), fma!($b: 4 16, 5 17, 6 18, 7 19))
    };
    (1 2: $a:literal) => {
        concat!(
            "vldmia {w}, {{s16-s23}}\nadd {w}, {w}, {row}\n",
            fma!($a: 0 16, 1 17, 2 18, 3 19, 4 20, 5 21, 6 22, 7 23)
        )
    };
    (2 2: $a:literal $b:literal) => {
        concat!(
            channel!(1 2: $a),
            fma!($b: 8 16, 9 17, 10 18, 11 19, 12 20, 13 21, 14 22, 15 23)
        )
    };
}

/// A block that adds channels, four at a time and then one at a time, to the sums in `$sums`.
macro_rules! channels {
    ($sums:literal, $acc:ident $x:ident $y:ident $w:ident $row:ident $count:ident: $four:expr, $one:expr) => {
        asm!(
            concat!("vldmia {acc}, {{", $sums, "}}"),
            "subs {count}, {count}, #4",
            "blo 3f",
            "2:",
            $four,
            "subs {count}, {count}, #4",
            "bhs 2b",
            "3:",
            "adds {count}, {count}, #4",
            "beq 5f",
            "4:",
            $one,
            "subs {count}, {count}, #1",
            "bne 4b",
            "5:",
            concat!("vstmia {acc}, {{", $sums, "}}"),
            "/* {y} */",
            acc = in(reg) $acc,
            x = inout(reg) $x => _,
            y = inout(reg) $y => _,
            w = inout(reg) $w => _,
            row = in(reg) $row,
            count = inout(reg) $count => _,
            out("s0") _, out("s1") _, out("s2") _, out("s3") _,
            out("s4") _, out("s5") _, out("s6") _, out("s7") _,
            out("s8") _, out("s9") _, out("s10") _, out("s11") _,
            out("s12") _, out("s13") _, out("s14") _, out("s15") _,
            out("s16") _, out("s17") _, out("s18") _, out("s19") _,
            out("s20") _, out("s21") _, out("s22") _, out("s23") _,
            out("s24") _, out("s25") _, out("s26") _, out("s27") _,
            out("s28") _, out("s29") _, out("s30") _, out("s31") _,
            options(nostack)
        )
    };
}

/// Adds `count` channels of `pixels` pixels to `vectors` times four sums each.
///
/// Two pixels and eight filters: sixteen sums, eight weights and four channels of either pixel are
/// the 32 registers, and twelve of 76 instructions are no multiply-adds.
///
/// # Safety
///
/// `pixels` and `vectors` are 1 or 2. `count` floats are readable from `x`, and, for a second pixel,
/// from `pixel` further on; so are `count` rows of weights, `width` floats apart. The sums lie at
/// `acc`, pixel by pixel.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(super) unsafe fn add_channels(
    acc: *mut f32,
    pixels: usize,
    vectors: usize,
    x: *const f32,
    pixel: usize,
    w: *const f32,
    width: usize,
    count: usize,
) {
    let (y, row) = (x.wrapping_add(pixel), width * size_of::<f32>());
    // SAFETY: the caller's. Nothing but the sums is written.
    unsafe {
        match (pixels, vectors) {
            (2, 2) => channels!("s0-s15", acc x y w row count:
                concat!(
                    "vldmia {x}!, {{s24-s27}}\nvldmia {y}!, {{s28-s31}}\n",
                    channel!(2 2: 24 28), channel!(2 2: 25 29),
                    channel!(2 2: 26 30), channel!(2 2: 27 31),
                ),
                concat!("vldmia {x}!, {{s24}}\nvldmia {y}!, {{s28}}\n", channel!(2 2: 24 28))),
            (2, _) => channels!("s0-s7", acc x y w row count:
                concat!(
                    "vldmia {x}!, {{s24-s27}}\nvldmia {y}!, {{s28-s31}}\n",
                    channel!(2 1: 24 28), channel!(2 1: 25 29),
                    channel!(2 1: 26 30), channel!(2 1: 27 31),
                ),
                concat!("vldmia {x}!, {{s24}}\nvldmia {y}!, {{s28}}\n", channel!(2 1: 24 28))),
            (_, 2) => channels!("s0-s7", acc x y w row count:
                concat!(
                    "vldmia {x}!, {{s24-s27}}\n",
                    channel!(1 2: 24), channel!(1 2: 25), channel!(1 2: 26), channel!(1 2: 27),
                ),
                concat!("vldmia {x}!, {{s24}}\n", channel!(1 2: 24))),
            _ => channels!("s0-s3", acc x y w row count:
                concat!(
                    "vldmia {x}!, {{s24-s27}}\n",
                    channel!(1 1: 24), channel!(1 1: 25), channel!(1 1: 26), channel!(1 1: 27),
                ),
                concat!("vldmia {x}!, {{s24}}\n", channel!(1 1: 24))),
        }
    }
}

/// Adds `count` taps to four sums, lane by lane: inputs lie `tap` floats apart, weights `width`.
///
/// # Safety
///
/// `count` is not zero, and four floats are readable at each of so many inputs and weights.
#[inline(always)]
pub(super) unsafe fn add_taps(
    mut sums: [f32; 4],
    x: *const f32,
    tap: usize,
    w: *const f32,
    width: usize,
    count: usize,
) -> [f32; 4] {
    // SAFETY: the caller's. Nothing but the sums is written.
    unsafe {
        asm!(
            "vldmia {sums}, {{s0-s3}}",
            "2:",
            "vldmia {x}, {{s4-s7}}",
            "add {x}, {x}, {tap}",
            "vldmia {w}, {{s8-s11}}",
            "add {w}, {w}, {width}",
            fma!(4: 0 8),
            fma!(5: 1 9),
            fma!(6: 2 10),
            fma!(7: 3 11),
            "subs {count}, {count}, #1",
            "bne 2b",
            "vstmia {sums}, {{s0-s3}}",
            sums = in(reg) &raw mut sums,
            x = inout(reg) x => _,
            tap = in(reg) tap * size_of::<f32>(),
            w = inout(reg) w => _,
            width = in(reg) width * size_of::<f32>(),
            count = inout(reg) count => _,
            out("s0") _, out("s1") _, out("s2") _, out("s3") _,
            out("s4") _, out("s5") _, out("s6") _, out("s7") _,
            out("s8") _, out("s9") _, out("s10") _, out("s11") _,
            options(nostack)
        );
    }
    sums
}

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
        concat!("vldmia {x}, {{s28-s31}}\n", $(input!(@ $pixel $tap)),*)
    };
    (@ 0 $tap:tt) => { lanes!(0 1 2 3, $tap) };
    (@ 1 $tap:tt) => { lanes!(4 5 6 7, $tap) };
    (@ 2 $tap:tt) => { lanes!(8 9 10 11, $tap) };
    (@ 3 $tap:tt) => { lanes!(12 13 14 15, $tap) };
}

/// A block that adds window rows of three taps to the sums in `$sums`: the first input, which may be
/// missed, those between, and the last, which may be.
macro_rules! rows {
    ($sums:literal, $acc:ident $rows:ident $inputs:literal:
        $first:expr; $($between:expr),*; $last:expr) => {
        asm!(
            concat!("vldmia {acc}, {{", $sums, "}}"),
            "2:",
            "vldmia {w}, {{s16-s19}}",
            "add {w}, {w}, {width}",
            "vldmia {w}, {{s20-s23}}",
            "add {w}, {w}, {width}",
            "vldmia {w}, {{s24-s27}}",
            "add {w}, {w}, {width}",
            "tst {missed}, #1",
            "bne 3f",
            $first,
            "3:",
            $("add {x}, {x}, {tap}", $between,)*
            "tst {missed}, #2",
            "bne 4f",
            "add {x}, {x}, {tap}",
            $last,
            "sub {x}, {x}, {tap}",
            "4:",
            "add {x}, {x}, {row}",
            "subs {rows}, {rows}, #1",
            "bne 2b",
            concat!("vstmia {acc}, {{", $sums, "}}"),
            acc = in(reg) $acc,
            x = inout(reg) $rows.x => _,
            tap = in(reg) $rows.tap * size_of::<f32>(),
            // From the last input but one to the first of the next row.
            row = in(reg) $rows.row.wrapping_sub(($inputs - 2) * $rows.tap) * size_of::<f32>(),
            w = inout(reg) $rows.w => _,
            width = in(reg) $rows.width * size_of::<f32>(),
            rows = inout(reg) $rows.count => _,
            missed = in(reg) usize::from($rows.missed[0]) + 2 * usize::from($rows.missed[1]),
            out("s0") _, out("s1") _, out("s2") _, out("s3") _,
            out("s4") _, out("s5") _, out("s6") _, out("s7") _,
            out("s8") _, out("s9") _, out("s10") _, out("s11") _,
            out("s12") _, out("s13") _, out("s14") _, out("s15") _,
            out("s16") _, out("s17") _, out("s18") _, out("s19") _,
            out("s20") _, out("s21") _, out("s22") _, out("s23") _,
            out("s24") _, out("s25") _, out("s26") _, out("s27") _,
            out("s28") _, out("s29") _, out("s30") _, out("s31") _,
            options(nostack)
        )
    };
}

/// Adds window rows of three taps to the sums of `pixels` pixels, four channels each.
///
/// Four pixels: sixteen sums, twelve weights and an input are the 32 registers, and 24 of 72
/// instructions a row (33 of 81 at a stride of 2) are no multiply-adds.
///
/// # Safety
///
/// `pixels` is 1 to 4, `stride` 1 or 2, and there is a row. Four floats are readable at each weight,
/// and at each input that is not missed. The sums lie at `acc`, pixel by pixel.
#[inline(always)]
pub(super) unsafe fn add_rows(acc: *mut f32, pixels: usize, stride: usize, rows: WindowRows) {
    // SAFETY: the caller's. Nothing but the sums is written.
    unsafe {
        match (pixels, stride) {
            (1, _) => rows!("s0-s3", acc rows 3: input!(0 0); input!(0 1); input!(0 2)),
            (2, 1) => rows!("s0-s7", acc rows 4:
                input!(0 0); input!(0 1, 1 0), input!(0 2, 1 1); input!(1 2)),
            (3, 1) => rows!("s0-s11", acc rows 5:
                input!(0 0);
                input!(0 1, 1 0), input!(0 2, 1 1, 2 0), input!(1 2, 2 1);
                input!(2 2)),
            (_, 1) => rows!("s0-s15", acc rows 6:
                input!(0 0);
                input!(0 1, 1 0), input!(0 2, 1 1, 2 0), input!(1 2, 2 1, 3 0), input!(2 2, 3 1);
                input!(3 2)),
            (2, _) => rows!("s0-s7", acc rows 5:
                input!(0 0); input!(0 1), input!(0 2, 1 0), input!(1 1); input!(1 2)),
            (3, _) => rows!("s0-s11", acc rows 7:
                input!(0 0);
                input!(0 1), input!(0 2, 1 0), input!(1 1), input!(1 2, 2 0), input!(2 1);
                input!(2 2)),
            (_, _) => rows!("s0-s15", acc rows 9:
                input!(0 0);
                input!(0 1), input!(0 2, 1 0), input!(1 1), input!(1 2, 2 0), input!(2 1),
                input!(2 2, 3 0), input!(3 1);
                input!(3 2)),
        }
    }
}
