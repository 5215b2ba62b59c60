//! Cortex-M with the DSP extension: M4, M7, M33, M55, M85.
//!
//! `smlad` multiplies two pairs of 16-bit numbers and adds both products. Its intrinsic is unstable, and
//! the compiler spills what a loop keeps in registers, so the loops are naked functions.

use super::{LevelI8, Scalar, Token};
use crate::conv_i8::ConvI8;
use crate::kernel::int8::put::Panel;
use crate::kernel::int8::quads::{Pair, Quads, Reach, Taps};
use crate::kernel::int8::strips::{Ends, Strip};
use crate::kernel::int8::{self, JobI8, Kernels};
use crate::pack::PANEL;
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
    fn run_i8(self, kernels: Kernels, job: &JobI8<'_>) {
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
    const FILTERS: usize = 2;
    type Sums = [Pair; Self::FILTERS];
    type Constants = Constants;

    #[inline(always)]
    fn constants(self, job: &JobI8<'_>) -> Constants {
        Constants {
            zero: u32::from(-job.quant().input_zero as u16).wrapping_mul(0x0001_0001),
            ends: Ends::of(job.quant()),
            element: job.element(),
        }
    }

    const OUTPUTS: bool = true;
    const STRIPS: bool = true;

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
    unsafe fn add(self, panel: &Panel<'_>, taps: &Taps, constants: &Constants) {
        let (panel, taps) = (
            (&raw const *panel).cast_mut(),
            (&raw const *taps).cast_mut(),
        );
        // SAFETY: the caller's; there are sums of an even number of filters. Neither is written if sums are added to.
        unsafe { dense(panel, taps, constants, Then::Add) };
    }

    #[inline(always)]
    unsafe fn outputs(self, panel: &mut Panel<'_>, taps: &mut Taps, constants: &Constants) {
        let then = if panel.job.plain {
            Then::Plain
        } else {
            Then::Finish
        };
        // SAFETY: the caller's; a panel holds an even number of filters.
        unsafe { dense(panel, taps, constants, then) };
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

/// One quad of two pixels and of two filters: nineteen instructions for sixteen products, if it takes one to
/// load weights and go on.
macro_rules! quad {
    ($weights:literal) => {
        quad!($weights, "")
    };
    ($weights:literal, $flip:literal) => {
        concat!(
            $weights,
            "
        ldr r12, [r1], #4\n",
            $flip,
            "
        sxtab16 lr, r3, r12, ror #8
        sxtab16 r12, r3, r12
        sxtb16 r9, r8
        sxtb16 r8, r8, ror #8
        sxtb16 r11, r10
        sxtb16 r10, r10, ror #8
        smlad r4, r12, r9, r4
        smlad r4, lr, r8, r4
        smlad r6, r12, r11, r6
        smlad r6, lr, r10, r6
        ldr r12, [r2], #4\n",
            $flip,
            "
        sxtab16 lr, r3, r12, ror #8
        sxtab16 r12, r3, r12
        smlad r5, r12, r9, r5
        smlad r5, lr, r8, r5
        smlad r7, r12, r11, r7
        smlad r7, lr, r10, r7\n"
        )
    };
}

/// What [`dense`] knows of a job.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Constants {
    /// What is added to an input, twice in a word.
    zero: u32,
    ends: Ends,
    /// Bytes of an output.
    element: usize,
}

/// What becomes of the sums that [`dense`] computes.
#[repr(usize)]
enum Then {
    /// They are added to those that lie there.
    Add,
    /// Outputs, of filters that are [plain](JobI8::plain).
    Plain,
    /// Outputs, as the job's [`Finish`](crate::kernel::int8::put::Finish) makes them.
    Finish,
}

/// [`Quads::add`] for two filters; or [`Quads::outputs`].
///
/// # Safety
/// As for those.
#[unsafe(naked)]
unsafe extern "C" fn dense(
    panel: *mut Panel<'_>,
    taps: *mut Taps,
    constants: &Constants,
    then: Then,
) {
    naked_asm!(
        ".cpu cortex-m4",
        "push {{r4-r11, lr}}",
        "ldr r7, [r0, #{job}]",
        "ldr r7, [r7, #{plan}]",
        "ldrb r7, [r7, #{quant} + {flip_input}]",
        "ldr r5, [r0, #{width}]",
        "adr r4, 16f",
        "cbnz r7, 8f",
        "adr r4, 9f",
        "cmp r5, #{panel}",
        "bne 8f",
        // Of a full panel, the loop does three quads; each time it is entered at the one that leaves whole threes.
        "ldr r6, [r1, #{line}]",
        "adds r6, r6, #8",
        "movs r5, #12",
        "udiv r7, r6, r5",
        "mls r6, r7, r5, r6",
        // Quads that are not left over, less 1, times 4; now those to leave out, of so many instructions each.
        "rsbs r6, r6, #8",
        "adr r4, 3f",
        "movs r5, #19",
        "muls r6, r5, r6",
        "adds r4, r4, r6",
        "8:",
        "adds r4, r4, #1",
        // panel, taps, constants, then, entry; the end of the row, rows left
        "push {{r0-r6}}",
        // Two filters.
        "2:",
        "ldrd r12, lr, [sp]",
        "ldr r3, [sp, #12]",
        "cbz r3, 10f",
        "ldr r3, [r12, #{header}]",
        "ldrd r4, r6, [r3]",
        "mov r5, r4",
        "mov r7, r6",
        "11:",
        // weights, first, second, line, rows
        "ldm lr, {{r0, r1, r2, r8, r9}}",
        "ldr r3, [sp, #8]",
        "ldr r3, [r3]",
        "add r8, r8, r1",
        "strd r8, r9, [sp, #20]",
        "ldr pc, [sp, #16]",
        // No biases: sums that lie there.
        "10:",
        "ldr r3, [r12, #{sums}]",
        "ldm r3, {{r4-r7}}",
        "b 11b",
        ".p2align 2",
        "3:",
        quad!("ldrd r8, r10, [r0], #{row}"),
        "4:",
        quad!("ldrd r8, r10, [r0], #{row}"),
        quad!("ldrd r8, r10, [r0], #{row}"),
        "ldr r12, [sp, #20]",
        "cmp r1, r12",
        "bne 3b",
        "5:",
        "ldr r3, [sp, #24]",
        "ldr r12, [sp, #4]",
        "subs r3, r3, #1",
        "beq 6f",
        // The next row.
        "str r3, [sp, #24]",
        "ldrd r9, r10, [r12, #{input_gap}]",
        "ldr r3, [r12, #{line}]",
        "add r1, r1, r9",
        "add r2, r2, r9",
        "add r0, r0, r10",
        "adds r3, r3, r1",
        "str r3, [sp, #20]",
        "ldr r3, [sp, #8]",
        "ldr r3, [r3]",
        "ldr pc, [sp, #16]",
        // panel, taps, constants
        "6:",
        "ldm sp, {{r0-r3}}",
        "cmp r3, #{plain}",
        "bne 12f",
        // The next weights.
        "ldr r3, [r1]",
        "adds r3, r3, #8",
        "str r3, [r1]",
        // Multipliers and shifts.
        "ldr r1, [r0, #{header}]",
        "ldr r3, [r0, #{width}]",
        "add r12, r1, r3, lsl #3",
        "ldrd r8, r9, [r12]",
        "add r12, r12, r3, lsl #2",
        "ldrd r10, r11, [r12]",
        "mvn r10, r10",
        "mvn r11, r11",
        "adds r1, r1, #8",
        "str r1, [r0, #{header}]",
        "ldrd r3, r1, [r2, #{ends}]",
        round!("r4", "r8", "r10", "r3"),
        round!("r5", "r8", "r10", "r3"),
        round!("r6", "r9", "r11", "r3"),
        round!("r7", "r9", "r11", "r3"),
        "bfi r4, r6, #8, #8",
        "bfi r5, r7, #8, #8",
        "cbz r1, 13f",
        "pkhbt r4, r4, r5, lsl #16",
        "ldrd r5, r6, [r2, #{ends} + 8]",
        "ssub8 r7, r4, r5",
        "sel r4, r4, r5",
        "ssub8 r7, r6, r4",
        "sel r4, r4, r6",
        "ldr r5, [r2, #{ends} + 16]",
        "eors r4, r4, r5",
        "lsrs r5, r4, #16",
        "13:",
        "ldr r1, [r0, #{filters}]",
        "ldrd r2, r3, [r0, #{to}]",
        "subs r1, r1, #2",
        // In this order: with a step of zero the first pixel's stay.
        "itete lo",
        "strblo r5, [r2, r3]",
        "strhhs r5, [r2, r3]",
        "strblo r4, [r2], #1",
        "strhhs r4, [r2], #2",
        "str r2, [r0, #{to}]",
        "str r1, [r0, #{filters}]",
        "bhi 2b",
        "14:",
        "add sp, sp, #28",
        "pop {{r4-r11, pc}}",
        "12:",
        "ldr r3, [r0, #{sums}]",
        "bhi 17f",
        // The sums as they are, or those of one pixel alone.
        "ldr r0, [r1, #{reach}]",
        "cmp r0, #{only_first}",
        "itt ne",
        "strne r5, [r3, #4]",
        "strne r7, [r3, #12]",
        "cmp r0, #{only_second}",
        "itt ne",
        "strne r4, [r3]",
        "strne r6, [r3, #8]",
        "b 14b",
        // Two filters' outputs by the job's function.
        "17:",
        "stm r3!, {{r4-r7}}",
        "ldr r3, [r1]",
        "adds r3, r3, #8",
        "str r3, [r1]",
        "ldr r7, [r2, #{element}]",
        "mov r4, r0",
        "ldr r5, [r4, #{filters}]",
        "movs r6, #2",
        "cmp r5, r6",
        "it lo",
        "movlo r6, r5",
        "str r6, [r4, #{filters}]",
        "ldr r1, [r4, #{job}]",
        "ldr r1, [r1, #{finish}]",
        "blx r1",
        "ldr r1, [r4, #{to}]",
        "mla r1, r6, r7, r1",
        "str r1, [r4, #{to}]",
        "ldr r1, [r4, #{header}]",
        "adds r1, r1, #8",
        "str r1, [r4, #{header}]",
        "subs r5, r5, r6",
        "str r5, [r4, #{filters}]",
        "bne 2b",
        "b 14b",
        // A quad of a narrower panel.
        "9:",
        quad!("ldr lr, [sp]\nldr lr, [lr, #{width}]\nldrd r8, r10, [r0]\nadd r0, r0, lr, lsl #2"),
        "ldr r12, [sp, #20]",
        "cmp r1, r12",
        "bne 9b",
        "b 5b",
        // The same of uint8, of any panel.
        "16:",
        quad!(
            "ldr lr, [sp]\nldr lr, [lr, #{width}]\nldrd r8, r10, [r0]\nadd r0, r0, lr, lsl #2",
            "eor r12, r12, #0x80808080\n"
        ),
        "ldr r12, [sp, #20]",
        "cmp r1, r12",
        "bne 16b",
        "b 5b",
        plain = const Then::Plain as usize,
        panel = const PANEL,
        job = const offset_of!(Panel<'_>, job),
        plan = const offset_of!(JobI8<'_>, plan),
        quant = const offset_of!(ConvI8, quant),
        finish = const offset_of!(JobI8<'_>, finish),
        flip_input = const offset_of!(Quant, flip_input),
        element = const offset_of!(Constants, element),
        row = const PANEL * size_of::<i32>(),
        sums = const offset_of!(Panel<'_>, sums),
        header = const offset_of!(Panel<'_>, header),
        width = const offset_of!(Panel<'_>, width),
        filters = const offset_of!(Panel<'_>, filters),
        to = const offset_of!(Panel<'_>, to),
        line = const offset_of!(Taps, line),
        input_gap = const offset_of!(Taps, input_gap),
        reach = const offset_of!(Taps, reach),
        ends = const offset_of!(Constants, ends),
        only_first = const Reach::First as usize,
        only_second = const Reach::Second as usize,
    )
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
        "ldr r1, [r0, #{job}]",
        "ldr r1, [r1, #{plan}]",
        "add r1, r1, #{quant}",
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
        job = const offset_of!(Panel<'_>, job),
        plan = const offset_of!(JobI8<'_>, plan),
        quant = const offset_of!(ConvI8, quant),
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
