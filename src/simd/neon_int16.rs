//! int16 activations on NEON.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::{LevelI16, Neon, opaque};
use crate::kernel::int16::{self, COLUMNS, Finish, JobI16, MOST, SimdI16, Strip, Strips, Tile};
use crate::kernel::peak::CHAINS;
use crate::pack::PANEL;
use crate::pack_i8::QUAD;
use crate::quant_i16::{NARROW, RangeI16};
use core::arch::aarch64::*;
use core::hint::black_box;

/// 24 accumulators, 2 registers of weights, and an input of 32 registers.
const PIXELS: usize = 6;

/// Inputs of a pixel that are laid out at a time.
const PIECE: usize = MOST;

/// Filters whose sums are one vector.
const LANES: usize = 4;

/// Channels of a strip: a vector of inputs.
const CHANNELS: usize = 8;

impl LevelI16 for Neon {
    #[inline]
    fn run_i16(self, job: &JobI16<'_>) {
        #[target_feature(enable = "neon")]
        #[inline(never)]
        fn enabled(simd: Neon, job: &JobI16<'_>) {
            int16::run::<Neon, PIXELS, PIECE>(simd, job, |job| {
                int16::strips::<Neon, CHANNELS>(simd, job, 0)
            });
        }
        // SAFETY: a `Neon` exists only where the CPU has it.
        unsafe { enabled(self, job) }
    }

    fn multiply_adds_i16(self, rounds: u64) -> u64 {
        #[target_feature(enable = "neon")]
        #[inline(never)]
        fn enabled(rounds: u64) {
            let (x, w) = (black_box(vdup_n_s16(0)), black_box(vdup_n_s16(0)));
            let mut sums = [black_box(vdupq_n_s32(0)); CHAINS];
            for _ in 0..rounds {
                for sums in &mut sums {
                    // Of the intrinsic the compiler would leave an addition in the loop, of one product.
                    // SAFETY: an instruction of NEON, on registers alone.
                    unsafe {
                        core::arch::asm!("smlal {sums:v}.4s, {x:v}.4h, {w:v}.4h",
                            sums = inout(vreg) *sums, x = in(vreg) x, w = in(vreg) w,
                            options(pure, nomem, nostack, preserves_flags));
                    }
                }
            }
            black_box(sums);
        }
        // SAFETY: a `Neon` exists only where the CPU has it.
        unsafe { enabled(rounds) };
        rounds * (CHAINS * LANES) as u64
    }
}

// SAFETY: `detect` makes a value only where the CPU has NEON, and `run_i16` enables it. The arithmetic of
// the methods needs only that; an address that is used is the caller's.
#[allow(clippy::undocumented_unsafe_blocks)]
unsafe impl SimdI16 for Neon {
    const LANES: usize = LANES;
    const STEPS: [usize; 2] = [PANEL, 1];

    #[inline(always)]
    unsafe fn sums(self, tile: Tile, sums: *mut i32) {
        let mut first = 0;
        while first < tile.filters {
            let sums = sums.wrapping_add(first);
            unsafe {
                match tile.pixels {
                    1 => vector::<1>(&tile, first, sums),
                    2 => vector::<2>(&tile, first, sums),
                    3 => vector::<3>(&tile, first, sums),
                    4 => vector::<4>(&tile, first, sums),
                    5 => vector::<5>(&tile, first, sums),
                    _ => vector::<PIXELS>(&tile, first, sums),
                }
            }
            first += LANES;
        }
    }

    #[inline(always)]
    unsafe fn finish(self, finish: &Finish) {
        let whole = finish.filters / LANES * LANES;
        let mut first = 0;
        while first < whole {
            unsafe {
                let mut output = finish.output.wrapping_add(first);
                if let Some(filters) = Narrow::load(finish, first) {
                    for pixel in 0..finish.pixels {
                        let sums = vld1q_s32(finish.sums.wrapping_add(pixel * PANEL + first));
                        let steps = filters.requantize(vaddq_s32(sums, filters.bias));
                        vst1_s16(output, clamp(steps, finish.range));
                        output = output.wrapping_add(finish.output_step);
                    }
                } else {
                    let filters = Filters::load(finish, first);
                    for pixel in 0..finish.pixels {
                        let steps = filters.requantize(finish, pixel * PANEL + first);
                        vst1_s16(output, clamp(steps, finish.range));
                        output = output.wrapping_add(finish.output_step);
                    }
                }
            }
            first += LANES;
        }
        unsafe { finish.each(whole) };
    }
}

// SAFETY: as above.
#[allow(clippy::undocumented_unsafe_blocks)]
unsafe impl Strips<CHANNELS> for Neon {
    /// 16 accumulators, 3 registers of weights, and inputs; of a loop over more columns than 13 the compiler
    /// makes no straight line.
    const PIXELS: [usize; 3] = [8, 8, 6];

    type Narrow = [Narrow; 2];

    #[inline(always)]
    unsafe fn narrow(self, finish: &Finish) -> Option<[Narrow; 2]> {
        unsafe {
            match (Narrow::load(finish, 0), Narrow::load(finish, LANES)) {
                (Some(low), Some(high)) => Some([low, high]),
                _ => None,
            }
        }
    }

    #[inline(always)]
    unsafe fn strip<const M: usize>(
        self,
        strip: &Strip,
        mut finish: Finish,
        narrow: Option<&[Narrow; 2]>,
    ) {
        unsafe {
            let start = match narrow {
                Some([low, high]) => [low.bias, high.bias],
                None => [vdupq_n_s32(0); 2],
            };
            let mut acc = [start; M];
            match strip.slides {
                1 => slide::<M, 1>(strip, &mut acc),
                2 if const { M <= <Self as Strips<CHANNELS>>::PIXELS[2] } => {
                    slide::<M, 2>(strip, &mut acc)
                }
                _ => taps(strip, &mut acc),
            }
            let Some([low, high]) = narrow else {
                let mut sums = [[0; PANEL]; M];
                for m in 0..M {
                    vst1q_s32(sums[m].as_mut_ptr(), acc[m][0]);
                    vst1q_s32(sums[m].as_mut_ptr().add(LANES), acc[m][1]);
                }
                finish.sums = sums.as_ptr().cast();
                return self.finish(&finish);
            };
            for m in 0..M {
                let [low, high] = [low.requantize(acc[m][0]), high.requantize(acc[m][1])];
                let (min, max) = (finish.range.min, finish.range.max);
                let steps = vmaxq_s16(vcombine_s16(low, high), vdupq_n_s16(min));
                vst1q_s16(finish.output, vminq_s16(steps, vdupq_n_s16(max)));
                let next = finish.output.wrapping_add(finish.output_step);
                finish.output = opaque(next).cast_mut();
            }
        }
    }
}

/// Adds the products of an input, eight channels of it, and a tap's weights.
#[inline(always)]
fn multiply_add(acc: &mut [int32x4_t; 2], input: int16x8_t, weights: int16x8_t) {
    // SAFETY: the caller is compiled for NEON.
    unsafe {
        acc[0] = vmlal_s16(acc[0], vget_low_s16(input), vget_low_s16(weights));
        acc[1] = vmlal_high_s16(acc[1], input, weights);
    }
}

/// The weights of a tap.
///
/// # Safety
/// The caller is compiled for NEON, and they are there.
#[inline(always)]
unsafe fn weights(from: *const i32) -> int16x8_t {
    // SAFETY: the caller's.
    unsafe { vmovl_s8(vld1_s8(from.cast())) }
}

/// Adds the products of a strip's window that slides by `STRIDE` columns.
///
/// # Safety
/// As for [`Strips::strip`].
#[inline(always)]
unsafe fn slide<const M: usize, const STRIDE: usize>(strip: &Strip, acc: &mut [[int32x4_t; 2]; M]) {
    let columns = (M - 1) * STRIDE + COLUMNS;
    for plane in 0..strip.taps[0] {
        for row in 0..strip.taps[1] {
            let (x, w) = strip.row(plane, row);
            // Else each column has an address of its own through all rows, and those on the stack.
            let (mut x, w) = (opaque(x), opaque(w));
            // SAFETY: the caller's; a column that is missed is not touched.
            unsafe {
                let mut row = [vdupq_n_s16(0); COLUMNS];
                for column in 0..COLUMNS {
                    row[column] = weights(w.wrapping_add(column * strip.weight_steps[2]));
                }
                for column in 0..columns {
                    let input = if strip.misses(column, columns) {
                        vdupq_n_s16(0)
                    } else {
                        vld1q_s16(x)
                    };
                    for m in 0..M {
                        if column >= m * STRIDE && column - m * STRIDE < COLUMNS {
                            multiply_add(&mut acc[m], input, row[column - m * STRIDE]);
                        }
                    }
                    x = x.wrapping_add(strip.steps[2]);
                }
            }
        }
    }
}

/// Adds the products of any window.
///
/// # Safety
/// As for [`Strips::strip`].
#[inline(always)]
unsafe fn taps<const M: usize>(strip: &Strip, acc: &mut [[int32x4_t; 2]; M]) {
    for plane in 0..strip.taps[0] {
        for row in 0..strip.taps[1] {
            let (mut x, mut w) = strip.row(plane, row);
            for _ in 0..strip.taps[2] {
                // SAFETY: the caller's.
                unsafe {
                    let weights = weights(w);
                    let mut x = opaque(x);
                    for m in 0..M {
                        multiply_add(&mut acc[m], vld1q_s16(x), weights);
                        x = x.wrapping_add(strip.pixel);
                    }
                }
                x = x.wrapping_add(strip.steps[2]);
                w = w.wrapping_add(strip.weight_steps[2]);
            }
        }
    }
}

/// The sums of so many pixels under a vector of filters, from one of the panel's on.
///
/// # Safety
/// As for [`SimdI16::sums`].
#[inline(always)]
unsafe fn vector<const M: usize>(tile: &Tile, first: usize, sums: *mut i32) {
    // SAFETY: the caller's, who is compiled for NEON.
    unsafe {
        // Four parts of each filter's sum.
        let mut acc = [[vdupq_n_s32(0); LANES]; M];
        let mut w = tile.weights.wrapping_add(first);
        let mut x = tile.inputs;
        for _ in 0..tile.quads {
            let weights = vld1q_s8(w.cast());
            let weights = [vmovl_s8(vget_low_s8(weights)), vmovl_high_s8(weights)];
            for m in 0..M {
                let quad = vld1q_dup_s64(x.wrapping_add(m * PIECE).cast());
                let quad = vreinterpretq_s16_s64(quad);
                for half in 0..2 {
                    let weights = weights[half];
                    let acc = &mut acc[m];
                    acc[2 * half] =
                        vmlal_s16(acc[2 * half], vget_low_s16(quad), vget_low_s16(weights));
                    acc[2 * half + 1] = vmlal_high_s16(acc[2 * half + 1], quad, weights);
                }
            }
            w = w.wrapping_add(tile.width);
            x = x.wrapping_add(QUAD);
        }
        for m in 0..M {
            let [a, b, c, d] = acc[m];
            let lanes = vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d));
            vst1q_s32(sums.add(m * PANEL), lanes);
        }
    }
}

/// Outputs within a range.
#[inline(always)]
fn clamp(steps: int16x4_t, range: RangeI16) -> int16x4_t {
    // SAFETY: the caller is compiled for NEON.
    unsafe {
        vmin_s16(
            vmax_s16(steps, vdup_n_s16(range.min)),
            vdup_n_s16(range.max),
        )
    }
}

/// What requantizes four filters whose sums fit 32 bits with the bias, by a multiplier over 2^31.
#[derive(Clone, Copy)]
pub(crate) struct Narrow {
    bias: int32x4_t,
    multiplier: int32x4_t,
}

impl Narrow {
    /// # Safety
    /// The caller is compiled for NEON, and the panel has so many filters.
    #[inline(always)]
    unsafe fn load(finish: &Finish, first: usize) -> Option<Self> {
        // SAFETY: the caller's.
        unsafe {
            let header = finish.header.wrapping_add(first);
            let bias = vld1q_s32(header);
            let high = vld1q_s32(header.wrapping_add(finish.width));
            let multiplier = vld1q_s32(header.wrapping_add(2 * finish.width));
            let shift = vld1q_s32(header.wrapping_add(3 * finish.width));
            let sign = vshrq_n_s32::<31>(bias);
            let left = vsubq_s32(vdupq_n_s32(*NARROW.end()), shift);
            let fits = vandq_u32(
                vceqq_s32(high, sign),
                vandq_u32(
                    vcleq_s32(veorq_s32(bias, sign), vdupq_n_s32(finish.room)),
                    vcleq_u32(
                        vreinterpretq_u32_s32(left),
                        vdupq_n_u32((*NARROW.end() - *NARROW.start()) as u32),
                    ),
                ),
            );
            (vminvq_u32(fits) != 0).then_some(Narrow {
                bias,
                multiplier: vshlq_s32(multiplier, left),
            })
        }
    }

    #[inline(always)]
    fn requantize(&self, sums: int32x4_t) -> int16x4_t {
        // SAFETY: the caller is compiled for NEON.
        unsafe { vqmovn_s32(vqrdmulhq_s32(sums, self.multiplier)) }
    }
}

/// What requantizes four filters, in 64 bits each, two to a vector.
struct Filters {
    bias: [int64x2_t; 2],
    multiplier: [int64x2_t; 2],
    /// To the left, which is what there is: so much less than zero.
    shift: [int64x2_t; 2],
}

impl Filters {
    /// # Safety
    /// The caller is compiled for NEON, and the panel has so many filters.
    #[inline(always)]
    unsafe fn load(finish: &Finish, first: usize) -> Self {
        // SAFETY: the caller's.
        unsafe {
            let header = finish.header.wrapping_add(first);
            let low = vreinterpretq_u32_s32(vld1q_s32(header));
            let high = vld1q_s32(header.wrapping_add(finish.width));
            let multiplier = vld1q_s32(header.wrapping_add(2 * finish.width));
            let shift = vnegq_s32(vld1q_s32(header.wrapping_add(3 * finish.width)));
            Filters {
                bias: [
                    vreinterpretq_s64_u32(vzip1q_u32(low, vreinterpretq_u32_s32(high))),
                    vreinterpretq_s64_u32(vzip2q_u32(low, vreinterpretq_u32_s32(high))),
                ],
                multiplier: [
                    vmovl_s32(vget_low_s32(multiplier)),
                    vmovl_high_s32(multiplier),
                ],
                shift: [vmovl_s32(vget_low_s32(shift)), vmovl_high_s32(shift)],
            }
        }
    }

    /// The four outputs of the sums from one of a pixel's on, before the clamp.
    ///
    /// # Safety
    /// The caller is compiled for NEON, and they are there.
    #[inline(always)]
    unsafe fn requantize(&self, finish: &Finish, at: usize) -> int16x4_t {
        // SAFETY: the caller's.
        unsafe {
            let sums = vld1q_s32(finish.sums.wrapping_add(at));
            let mut sums = [
                vaddw_s32(self.bias[0], vget_low_s32(sums)),
                vaddw_high_s32(self.bias[1], sums),
            ];
            let mut steps = [vdup_n_s32(0); 2];
            for half in 0..2 {
                if let Some(waiting) = finish.waiting {
                    let waiting = vld1q_s64(waiting.wrapping_add(at + 2 * half));
                    sums[half] = vaddq_s64(sums[half], waiting);
                }
                // A multiplier is of 15 bits: the product of the lower 32 and that of the upper.
                let multiplier = vmovn_s64(self.multiplier[half]);
                let low = vmull_u32(
                    vreinterpret_u32_s32(vmovn_s64(sums[half])),
                    vreinterpret_u32_s32(multiplier),
                );
                let high = vmull_s32(vshrn_n_s64::<32>(sums[half]), multiplier);
                let product = vaddq_s64(vreinterpretq_s64_u64(low), vshlq_n_s64::<32>(high));
                // Rounds ties up, and saturates, as does the next one.
                steps[half] = vqmovn_s64(vrshlq_s64(product, self.shift[half]));
            }
            vqmovn_s32(vcombine_s32(steps[0], steps[1]))
        }
    }
}
