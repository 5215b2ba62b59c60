//! Inner loops for a Cortex-M with an FPU.
//!
//! Stable Rust gives no access to a single fused multiply-add there: the intrinsics are unstable,
//! and `asm!` takes no `f32` operand, because rustc asks for the feature `vfp2` and an FPU of single
//! precision does not have it. So each loop is a function in assembly, which takes what it needs from
//! memory.

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

/// `a * b + sums`, lane by lane.
#[inline(always)]
pub(super) fn mul_add(a: [f32; 4], b: [f32; 4], mut sums: [f32; 4]) -> [f32; 4] {
    // SAFETY: instructions that the target has. Nothing but the sums is written.
    unsafe {
        asm!(
            "vldmia {sums}, {{s0-s3}}",
            "vldmia {a}, {{s4-s7}}",
            "vldmia {b}, {{s8-s11}}",
            "vfma.f32 s0, s4, s8",
            "vfma.f32 s1, s5, s9",
            "vfma.f32 s2, s6, s10",
            "vfma.f32 s3, s7, s11",
            "vstmia {sums}, {{s0-s3}}",
            sums = in(reg) &raw mut sums,
            a = in(reg) &raw const a,
            b = in(reg) &raw const b,
            out("s0") _, out("s1") _, out("s2") _, out("s3") _,
            out("s4") _, out("s5") _, out("s6") _, out("s7") _,
            out("s8") _, out("s9") _, out("s10") _, out("s11") _,
            options(nostack, preserves_flags)
        );
    }
    sums
}
