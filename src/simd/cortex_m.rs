//! Inner loops for a Cortex-M with an FPU.
//!
//! Stable Rust gives no access to a single fused multiply-add there: the intrinsics are unstable,
//! and `asm!` takes no `f32` operand, because rustc asks for the feature `vfp2` and an FPU of single
//! precision does not have it. An `asm!` block may name the registers that it overwrites, though. So
//! each loop is one block, and the sums come and go through memory.

use core::arch::asm;

/// Four or eight fused multiply-adds: each sum, a weight of its own, and one input.
macro_rules! fma {
    ($x:literal: $($sum:literal $w:literal),*) => {
        concat!($("vfma.f32 s", $sum, ", s", $w, ", s", $x, "\n"),*)
    };
}

/// Clamps sums: a number below the first bound becomes that, and one above the second that; a bound of infinity is none.
macro_rules! clamp {
    ($min:ident $max:ident: $($sum:literal)*) => {
        concat!(
            "ldr r9, [r0, #{clamp}]\ncmn r9, #0x800000\nbeq 31f\n",
            "vmov ", stringify!($min), ", r9\n",
            $(clamp!(@ $sum $min "mi"),)*
            "31:\nldr r9, [r0, #{clamp} + 4]\ncmp r9, #0x7f800000\nbeq 32f\n",
            "vmov ", stringify!($max), ", r9\n",
            $(clamp!(@ $sum $max "gt"),)*
            "32:\n"
        )
    };
    (@ $sum:literal $bound:ident $past:literal) => {
        concat!(
            "vcmp.f32 s", $sum, ", ", stringify!($bound), "\nvmrs APSR_nzcv, fpscr\nit ", $past,
            "\nvmov", $past, ".f32 s", $sum, ", ", stringify!($bound), "\n"
        )
    };
}

mod dense;
mod depthwise;
pub(crate) use dense::dense;
pub(crate) use depthwise::{slide, taps};

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
