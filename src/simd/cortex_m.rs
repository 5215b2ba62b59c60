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
mod winograd;
pub(crate) use dense::dense;
pub(crate) use depthwise::{slide, taps};
pub(crate) use winograd::{input_lines, output_lines};

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
