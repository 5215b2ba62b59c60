//! Cortex-M with the DSP extension: M4, M7, M33, M55, M85.
//!
//! `smlad` multiplies two pairs of 16-bit numbers and adds both products. Its intrinsic is unstable, and
//! the compiler spills what a loop keeps in registers, so the loops are naked functions.

use super::{LevelI8, Scalar, Token};
use crate::kernel::int8::put::Panel;
use crate::kernel::int8::quads::{Offset, Pair, Quads};
use crate::kernel::int8::strips::Strip;
use crate::kernel::int8::{self, JobI8, Kernels};
use crate::pack::PANEL;
use crate::pack_i8::QUAD;
use crate::quant::Quant;
use core::arch::naked_asm;
use core::hint::black_box;
use core::mem::offset_of;

/// Cortex-M with the DSP extension, for int8; f32 is computed as on [`Scalar`]. On such a target the int8 of
/// [`Scalar`] is this one's too.
///
/// Targets with an FPU are taken to have it: an M4 and an M7 always do, and no M33 with an FPU but
/// without DSP is known. For others, the Cargo feature `dsp` says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dsp(());

impl Dsp {
    /// The target has it, or is said to.
    pub(super) const TOKEN: Self = Dsp(());

    /// The target has it, or is said to.
    pub const fn detect() -> Option<Self> {
        Some(Self::TOKEN)
    }
}

impl Token for Dsp {
    type F32 = Scalar;
    type I8 = Dsp;
    type I16 = Dsp;

    #[inline(always)]
    fn f32(self) -> Scalar {
        Scalar
    }

    #[inline(always)]
    fn i8(self) -> Dsp {
        self
    }

    #[inline(always)]
    fn i16(self) -> Dsp {
        self
    }
}

impl LevelI8 for Dsp {
    #[inline(always)] // so that what is known of the kernels leaves the others out
    fn run_i8(self, kernels: Kernels, job: &mut JobI8<'_>) {
        int8::without_vectors(self, kernels, job);
    }

    fn multiply_adds_i8(self, rounds: u64) -> u64 {
        // One starts in every cycle, and waits for none before it: the registers are enough for so many chains.
        const CHAINS: usize = 4;
        let (x, w) = black_box((1u32, 1u32));
        let mut sums = black_box([0u32; CHAINS]);
        for _ in 0..rounds {
            for sum in &mut sums {
                // SAFETY: a value exists only where the target has the instruction, which touches registers alone.
                unsafe {
                    core::arch::asm!(
                        ".cpu cortex-m4",
                        "smlad {sum}, {x}, {w}, {sum}",
                        sum = inout(reg) *sum,
                        x = in(reg) x,
                        w = in(reg) w,
                        options(pure, nomem, nostack)
                    );
                }
            }
        }
        black_box(sums);
        rounds * (CHAINS * 2) as u64
    }
}

// SAFETY: a value exists only where the target has the extension.
unsafe impl Quads for Dsp {
    const APART: usize = QUAD;
    const STRIPS: bool = true;

    #[inline(always)]
    unsafe fn widen(self, from: *const i8, offset: Offset, quads: usize, to: *mut i16) {
        let flip = u32::from(offset.flip as u8).wrapping_mul(0x0101_0101);
        let zero = u32::from(-offset.zero as u16).wrapping_mul(0x0001_0001);
        // SAFETY: the caller's.
        unsafe {
            core::arch::asm!(
                ".cpu cortex-m4",
                "2:",
                "ldr {even}, [{from}], #4",
                "eor {even}, {even}, {flip}",
                "sxtab16 {odd}, {zero}, {even}, ror #8",
                "sxtab16 {even}, {zero}, {even}",
                "strd {even}, {odd}, [{to}], #16",
                "subs {quads}, {quads}, #1",
                "bne 2b",
                from = inout(reg) from => _,
                to = inout(reg) to => _,
                quads = inout(reg) quads => _,
                flip = in(reg) flip,
                zero = in(reg) zero,
                even = out(reg) _,
                odd = out(reg) _,
                options(nostack)
            );
        }
    }

    #[inline(always)]
    unsafe fn fill(self, _offset: Offset, quads: usize, to: *mut i16) {
        let mut to = to.cast::<[u32; 4]>();
        for _ in 0..quads {
            // SAFETY: the caller's. The other half is the other pixel's.
            unsafe { to.cast::<[u32; 2]>().write([0; 2]) };
            to = to.wrapping_add(1);
        }
    }

    #[inline(always)]
    unsafe fn start(self, panel: &Panel<'_>, _offset: Offset) {
        // SAFETY: the caller's, and a panel holds an even number of filters.
        unsafe {
            core::arch::asm!(
                "2:",
                "ldrd {a}, {b}, [{biases}], #8",
                "strd {a}, {a}, [{sums}], #8",
                "strd {b}, {b}, [{sums}], #8",
                "subs {filters}, {filters}, #2",
                "bhi 2b",
                biases = inout(reg) panel.header => _,
                sums = inout(reg) panel.sums => _,
                filters = inout(reg) panel.filters => _,
                a = out(reg) _,
                b = out(reg) _,
                options(nostack)
            );
        }
    }

    /// Not by `memcpy`, which the compiler makes of any loop in Rust, and which is slow for a few.
    #[inline(always)]
    unsafe fn copy(self, from: *const i8, to: *mut i8, len: usize) {
        // SAFETY: the caller's.
        unsafe {
            core::arch::asm!(
                "subs {len}, {len}, #4",
                "blo 3f",
                "2:",
                "ldr {word}, [{from}], #4",
                "str {word}, [{to}], #4",
                "subs {len}, {len}, #4",
                "bhs 2b",
                "3:",
                "adds {len}, {len}, #4",
                "beq 5f",
                "4:",
                "ldrb {word}, [{from}], #1",
                "strb {word}, [{to}], #1",
                "subs {len}, {len}, #1",
                "bne 4b",
                "5:",
                from = inout(reg) from => _,
                to = inout(reg) to => _,
                len = inout(reg) len => _,
                word = out(reg) _,
                options(nostack)
            );
        }
    }

    #[inline(always)]
    unsafe fn add_quads(
        self,
        panel: &Panel<'_>,
        wide: *const i16,
        weights: *const i32,
        quads: usize,
    ) {
        let end = panel.sums.wrapping_add(panel.filters);
        let row = panel.width * size_of::<i32>();
        // SAFETY: the caller's; a panel holds an even number of filters.
        unsafe { add_quads(weights, panel.sums, wide, quads, end, row) };
    }

    #[inline(always)]
    unsafe fn plain(self, panel: &Panel<'_>) {
        // SAFETY: the caller's.
        unsafe { requantize(panel) };
    }

    #[inline(always)]
    unsafe fn strip(self, strip: &mut Strip, unsigned: bool) {
        let run = if unsigned {
            depthwise::<1>
        } else {
            depthwise::<0>
        };
        // SAFETY: the caller's.
        unsafe { run(strip) };
    }
}

/// One quad of two pixels and of two filters: fourteen instructions for sixteen products, if it takes one to
/// load weights and go on.
macro_rules! quad {
    ($weights:literal) => {
        concat!(
            "ldm r2!, {{r8-r11}}\n",
            $weights,
            "
        sxtb16 lr, r4
        smlad r6, lr, r8, r6
        smlad r7, lr, r10, r7
        sxtb16 r4, r4, ror #8
        smlad r6, r4, r9, r6
        smlad r7, r4, r11, r7
        sxtb16 lr, r5
        smlad r1, lr, r8, r1
        smlad r12, lr, r10, r12
        sxtb16 r5, r5, ror #8
        smlad r1, r5, r9, r1
        smlad r12, r5, r11, r12\n"
        )
    };
}

/// Adds `quads` quads of two pixels to the sums up to `end`, two filters at a time, whose weights are
/// two words at `weights`, and `row` bytes further on for each next quad.
///
/// # Safety
/// All of that can be read and written, up to an even number of filters; there is a quad and a sum.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn add_quads(
    weights: *const i32,
    sums: *mut Pair,
    wide: *const i16,
    quads: usize,
    end: *mut Pair,
    row: usize,
) {
    naked_asm!(
        ".cpu cortex-m4",
        "push {{r4-r11, lr}}",
        "ldrd r4, r5, [sp, #36]",
        "cmp r5, #{row}",
        "bne 7f",
        // Of a full panel, the loop does four quads; the first time it is entered at the one that leaves
        // whole fours.
        "rsb r5, r3, #0",
        "and r5, r5, #3",
        "add r3, r3, r5",
        "adr r6, 3f",
        "adr r7, 4f",
        "subs r7, r7, r6",
        "muls r5, r7, r5",
        "b 8f",
        // Of a narrower one, one. Two instructions more for each, but most layers have no such panel. Quads
        // are counted above the bytes of a row.
        "7:",
        "subs r3, r3, #1",
        "orr r3, r5, r3, lsl #16",
        "movs r5, #0",
        "adr r6, 9f",
        "8:",
        "add r5, r5, r6",
        "adds r5, r5, #1",
        // weights, sums, wide, quads; end, entry
        "push {{r4, r5}}",
        "push {{r0-r3}}",
        "2:",
        "ldm sp, {{r0-r3}}",
        "ldm r1, {{r6, r7}}",
        "ldrd r1, r12, [r1, #8]",
        "ldr pc, [sp, #20]",
        ".p2align 2",
        "3:",
        quad!("ldrd r4, r5, [r0], #{row}"),
        "4:",
        quad!("ldrd r4, r5, [r0], #{row}"),
        quad!("ldrd r4, r5, [r0], #{row}"),
        quad!("ldrd r4, r5, [r0], #{row}"),
        "subs r3, r3, #4",
        "bne 3b",
        "5:",
        "ldrd r4, r5, [sp]",
        "ldr r2, [sp, #16]",
        "strd r6, r7, [r5], #8",
        "strd r1, r12, [r5], #8",
        "adds r4, r4, #8",
        "strd r4, r5, [sp]",
        "cmp r5, r2",
        "blo 2b",
        "add sp, sp, #24",
        "pop {{r4-r11, pc}}",
        ".p2align 2",
        "9:",
        quad!("ldrd r4, r5, [r0]\nuxtah r0, r0, r3"),
        "subs r3, r3, #0x10000",
        "bhs 9b",
        "b 5b",
        row = const PANEL * size_of::<i32>(),
    )
}

/// A sum, doubled, times the multiplier, shifted with ties away from zero, plus the zero point.
/// `smmulr` rounds as the contract says.
macro_rules! round {
    ($sum:literal, $multiplier:literal, $shift:literal, $zero:literal) => {
        concat!(
            "qadd ",
            $sum,
            ", ",
            $sum,
            ", ",
            $sum,
            "\n",
            "smmulr ",
            $sum,
            ", ",
            $sum,
            ", ",
            $multiplier,
            "\n",
            "add ",
            $sum,
            ", ",
            $sum,
            ", ",
            $sum,
            ", asr #31\n",
            "asr ",
            $sum,
            ", ",
            $sum,
            ", ",
            $shift,
            "\n",
            "add ",
            $sum,
            ", ",
            $sum,
            ", ",
            $zero,
            "\n",
            "ssat ",
            $sum,
            ", #8, ",
            $sum,
            ", asr #1\n",
        )
    };
}

/// [`Quads::plain`].
///
/// # Safety
/// As for that.
#[unsafe(naked)]
unsafe extern "C" fn requantize(panel: &Panel<'_>) {
    naked_asm!(
        ".cpu cortex-m4",
        "push {{r4-r11, lr}}",
        "ldr r1, [r0, #{quant}]",
        "ldrd r7, r9, [r1, #{zero}]",
        "ldr r12, [r1, #{max}]",
        "ldrb lr, [r1, #{flip}]",
        // sums, header, width, filters, to; and the step
        "ldm r0, {{r1-r5}}",
        "ldr r6, [r0, #{step}]",
        "sub r0, r12, r9",
        "cmp r0, #255",
        "it eq",
        "cmpeq lr, #0",
        // The ends twice in a word. The flip also tells that none of them says anything.
        "pkhbt r9, r9, r9, lsl #16",
        "pkhbt r12, r12, r12, lsl #16",
        "pkhbt lr, lr, lr, lsl #16",
        "it eq",
        "moveq lr, #1",
        // Twice the zero point, and 1 for the rounding.
        "lsls r7, r7, #1",
        "adds r7, r7, #1",
        // The places of sums, multipliers, outputs; the step; bytes of a row; filters.
        "mov r0, r1",
        "lsls r8, r3, #3",
        "add r1, r2, r8",
        "mov r2, r5",
        "mov r5, r4",
        "lsls r4, r3, #2",
        "mov r3, r6",
        "2:",
        // The shift to the right, less 1.
        "ldr r10, [r1, r4]",
        "mvn r10, r10",
        "ldr r11, [r1], #4",
        "ldrd r6, r8, [r0], #8",
        round!("r6", "r11", "r10", "r7"),
        round!("r8", "r11", "r10", "r7"),
        "cmp lr, #1",
        "beq 3f",
        "pkhbt r6, r6, r8, lsl #16",
        "ssub16 r8, r6, r9",
        "sel r6, r6, r9",
        "ssub16 r8, r12, r6",
        "sel r6, r6, r12",
        "eor r6, r6, lr",
        "lsr r8, r6, #16",
        "3:",
        // In this order: with a step of zero the first pixel's stays.
        "strb r8, [r2, r3]",
        "strb r6, [r2], #1",
        "subs r5, r5, #1",
        "bne 2b",
        "pop {{r4-r11, pc}}",
        quant = const offset_of!(Panel<'_>, quant),
        step = const offset_of!(Panel<'_>, step),
        zero = const offset_of!(Quant, zero),
        max = const offset_of!(Quant, max),
        flip = const offset_of!(Quant, flip),
    )
}

/// Four channels of the input in r11, and their products.
macro_rules! tap {
    () => {
        "ldr lr, [r2], #4
        .if {unsigned}
        uxtab16 r10, r8, r11
        uxtab16 r11, r8, r11, ror #8
        .else
        sxtab16 r10, r8, r11
        sxtab16 r11, r8, r11, ror #8
        .endif
        sxtb16 r12, lr
        sxtb16 lr, lr, ror #8
        smlabb r4, r10, r12, r4
        smlatt r6, r10, r12, r6
        smlabb r5, r11, lr, r5
        smlatt r7, r11, lr, r7\n"
    };
}

/// [`Quads::strip`].
///
/// # Safety
/// As for that.
#[unsafe(naked)]
unsafe extern "C" fn depthwise<const UNSIGNED: usize>(strip: &mut Strip) {
    naked_asm!(
        ".cpu cortex-m4",
        "push {{r4-r11, lr}}",
        "ldr r1, [r0, #{input}]",
        "2:",
        "ldm r0, {{r4-r7}}",
        "add r12, r0, #{weights}",
        // weights, rows, zero, tap, columns
        "ldm r12, {{r2, r3, r8, r9, r10}}",
        "cmp r10, #0",
        "bne 7f",
        "3:",
        "ldr r11, [r1]",
        tap!(),
        "ldr r11, [r1, r9]",
        tap!(),
        "ldr r11, [r1, r9, lsl #1]",
        tap!(),
        "ldr r10, [r0, #{line}]",
        "add r1, r1, r10",
        "subs r3, r3, #1",
        "bne 3b",
        "4:",
        "add r12, r0, #{multipliers}",
        "ldm r12, {{r8-r11}}",
        "ldr r3, [r0, #{ends}]",
        "ldrd r12, lr, [r0, #{shifts}]",
        round!("r4", "r8", "r12", "r3"),
        round!("r5", "r9", "lr", "r3"),
        "ldrd r12, lr, [r0, #{shifts} + 8]",
        round!("r6", "r10", "r12", "r3"),
        round!("r7", "r11", "lr", "r3"),
        "bfi r4, r5, #8, #8",
        "bfi r6, r7, #8, #8",
        "pkhbt r4, r4, r6, lsl #16",
        "ldr r3, [r0, #{ends} + 4]",
        "cbz r3, 5f",
        "ldr r5, [r0, #{ends} + 8]",
        "ssub8 r3, r4, r5",
        "sel r4, r4, r5",
        "ldr r5, [r0, #{ends} + 12]",
        "ssub8 r3, r5, r4",
        "sel r4, r4, r5",
        "ldr r5, [r0, #{ends} + 16]",
        "eor r4, r4, r5",
        "5:",
        "ldrd r1, r2, [r0, #{input}]",
        "ldrd r3, r5, [r0, #{pixel}]",
        "str r4, [r2]",
        "add r1, r1, r3",
        "add r2, r2, r5",
        "strd r1, r2, [r0, #{input}]",
        "ldr r3, [r0, #{end}]",
        "cmp r2, r3",
        "bne 2b",
        "pop {{r4-r11, pc}}",
        // Any other window: row by row.
        "6:",
        "ldr r10, [r0, #{columns}]",
        "7:",
        "cmp r3, #0",
        "beq 4b",
        "str r3, [r0, #{left}]",
        "mov r3, r10",
        "8:",
        "ldr r11, [r1]",
        "add r1, r1, r9",
        tap!(),
        "subs r3, r3, #1",
        "bne 8b",
        "ldrd r10, r12, [r0, #{line}]",
        "add r1, r1, r10",
        "add r2, r2, r12",
        "ldr r3, [r0, #{left}]",
        "sub r3, r3, #1",
        "b 6b",
        unsigned = const UNSIGNED,
        input = const offset_of!(Strip, input),
        weights = const offset_of!(Strip, weights),
        line = const offset_of!(Strip, line),
        multipliers = const offset_of!(Strip, multipliers),
        shifts = const offset_of!(Strip, shifts),
        ends = const offset_of!(Strip, ends),
        pixel = const offset_of!(Strip, pixel),
        end = const offset_of!(Strip, end),
        columns = const offset_of!(Strip, columns),
        left = const offset_of!(Strip, left),
    )
}
