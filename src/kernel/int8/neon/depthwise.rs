//! Depthwise: vectors run along the channels, and all channels of some pixels are done before the
//! next.
//!
//! Each tap of a pixel's window is an address: where its channels lie in the image, or a line of zero
//! points in the padding. So there is one loop for any window, stride, dilation and padding. Windows of
//! 3x3 have better ones: [`super::depthwise3`] and [`super::depthwise3_bands`].

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::depthwise3::Depthwise3;
use super::depthwise3_bands::{self, Bands};
use super::depthwise3_words::LANES;
use super::finish::{Ends, Requantize};
use super::pairs_fit;
use crate::kernel::int8::walk::{Cursor, Walk};
use crate::kernel::int8::{JobI8, Outputs, taps};
use crate::kernel::window::{count, quotient};
use crate::pack::{PANEL, width};
use crate::pack_i8::HEADER;
use crate::simd::{KernelNeon, NeonI8};
use core::arch::aarch64::*;

/// The most taps of a window.
const TAPS: usize = 64;
/// Filters that are taken at a time, as many as the line of zero points is long.
const CHUNK: usize = 256;

/// Where the taps of a pixel's window are.
type Taps = [*const i8; TAPS];

#[inline(always)]
pub(super) fn run<S: NeonI8>(simd: S, job: JobI8<'_>) {
    let geometry = job.geometry();
    let three =
        geometry.kernel == [1, 3, 3] && geometry.filters == geometry.channels && pairs_fit(&job);
    if three && depthwise3_bands::can(&job) {
        simd.run(Bands(job));
    } else if three && geometry.channels >= LANES && job.quant().flip_input == 0 {
        simd.run(Depthwise3(job));
    } else if job.shape.panels.panels.taps <= TAPS {
        simd.run(Depthwise(job));
    } else {
        taps::run(crate::simd::SCALAR_I8, &job, 0);
    }
}

struct Depthwise<'a>(JobI8<'a>);

/// Some filters of a job.
struct Chunk<'a> {
    job: &'a JobI8<'a>,
    walk: &'a Walk<'a>,
    /// The first, and how many.
    first: usize,
    filters: usize,
    /// Filters of a channel.
    multiplier: usize,
    /// The first panel.
    panel: *const i32,
    /// Biases, less what the zero point adds to a sum.
    bias: [i32; CHUNK],
    zeros: [i8; CHUNK],
    requantize: Requantize,
    ends: Ends,
    output: Outputs,
}

impl KernelNeon for Depthwise<'_> {
    #[inline(always)]
    fn run<S: NeonI8>(self, _simd: S) {
        let job = self.0;
        let output = job.output;
        let geometry = job.geometry();
        let filters = geometry.filters;
        let walk = Walk::new(&job, 0);
        let mut first = 0;
        while first < filters {
            let mut chunk = Chunk {
                job: &job,
                walk: &walk,
                first,
                filters: (filters - first).min(CHUNK),
                multiplier: quotient(filters, geometry.channels),
                panel: job
                    .packed
                    .wrapping_add(first / PANEL * job.shape.panels.panel(PANEL)),
                bias: [0; CHUNK],
                zeros: [(job.quant().input_zero as u8 ^ job.quant().flip_input) as i8; CHUNK],
                requantize: Requantize::of(job.quant(), false),
                ends: Ends::of(job.quant()),
                output: output.at(first),
            };
            // SAFETY: the filters are the job's, and the caller is compiled for NEON.
            unsafe {
                chunk.load();
                chunk.lines();
            }
            first += CHUNK;
        }
    }
}

impl Chunk<'_> {
    /// The panel from filter `at` of the chunk on, and its width.
    #[inline(always)]
    fn panel(&self, at: usize) -> (*const i32, usize) {
        let panel = self
            .panel
            .wrapping_add(at / PANEL * self.job.shape.panels.panel(PANEL));
        (panel, width(self.job.geometry().filters - self.first - at))
    }

    /// Reads the headers.
    ///
    /// # Safety
    /// The panels are there.
    #[inline(always)]
    unsafe fn load(&mut self) {
        let mut left = false;
        let mut at = 0;
        while at < self.filters {
            let (panel, width) = self.panel(at);
            let exist = (self.filters - at).min(PANEL);
            for (lane, bias) in self.bias.iter_mut().skip(at).take(exist).enumerate() {
                // SAFETY: the caller's.
                let [first, sum, _, shift] =
                    [0, 1, 2, 3].map(|row| unsafe { panel.add(row * width + lane).read() });
                *bias = first.wrapping_sub(sum.wrapping_mul(self.job.quant().input_zero));
                left |= shift >= 0;
            }
            at += PANEL;
        }
        self.requantize = Requantize::of(self.job.quant(), left);
    }

    /// # Safety
    /// The chunk is loaded, and the caller is compiled for NEON.
    #[inline(always)]
    unsafe fn lines(&self) {
        let pixels = self.walk.columns.pixels;
        for line in 0..count(&self.job.rows) {
            let mut cursor = self.walk.cursor(line, 0);
            for x in 0..pixels {
                cursor.x = x;
                let output = self
                    .output
                    .at((line * pixels + x) * self.job.geometry().filters);
                let taps = self.taps(&cursor);
                // SAFETY: the taps are inside the input, or a line of zero points as long as a chunk;
                // the outputs are there.
                unsafe {
                    self.any(&taps, output);
                }
            }
        }
    }

    /// The taps of the pixel at the cursor.
    #[inline(always)]
    fn taps(&self, cursor: &Cursor) -> Taps {
        let channel = quotient(self.first, self.multiplier);
        let zeros = self.zeros.as_ptr();
        let mut taps = [zeros; TAPS];
        let to = taps.as_mut_ptr();
        self.walk.window(
            cursor,
            1,
            |from: Option<*const i8>, at: usize, len: usize| {
                let tap = from.map_or(zeros, |from| from.wrapping_add(channel));
                for at in at..at + len {
                    // SAFETY: a window has at most so many taps.
                    unsafe { to.add(at).write(tap) };
                }
            },
        );
        taps
    }

    /// All filters of a pixel with any window.
    ///
    /// # Safety
    /// The taps and outputs are there.
    #[inline(always)]
    unsafe fn any(&self, taps: &Taps, output: Outputs) {
        let mut at = 0;
        while at < self.filters {
            let exist = (self.filters - at).min(PANEL);
            // SAFETY: the caller's.
            unsafe {
                match self.panel(at).1 {
                    PANEL => self.any_filters::<4>(taps, at, exist, output),
                    8 => self.any_filters::<2>(taps, at, exist, output),
                    _ => self.any_filters::<1>(taps, at, exist, output),
                }
            }
            at += PANEL;
        }
    }

    /// # Safety
    /// As for [`any`](Self::any).
    #[inline(always)]
    unsafe fn any_filters<const V: usize>(
        &self,
        taps: &Taps,
        at: usize,
        exist: usize,
        output: Outputs,
    ) {
        let (panel, _) = self.panel(at);
        let mut w = panel.wrapping_add(HEADER * 4 * V).cast::<i8>();
        let mut sums = self.start::<V>(at);
        // The channels of these filters, counted from that of the chunk's first, and for each filter
        // which of them.
        let (mut channel, mut channels, mut which) = (at, exist, [0u8; PANEL]);
        // Some filters share a channel.
        let shared = self.multiplier > 1;
        if shared {
            let base = quotient(self.first, self.multiplier);
            let of = |filter| quotient(self.first + filter, self.multiplier) - base;
            channel = of(at);
            channels = of(at + exist - 1) - channel + 1;
            for (lane, which) in which.iter_mut().enumerate().take(exist) {
                *which = (of(at + lane) - channel) as u8;
            }
        }
        // SAFETY: the caller's.
        unsafe {
            let which = vld1q_u8(which.as_ptr());
            let flip = vdupq_n_s8(self.job.quant().flip_input as i8);
            for tap in taps.iter().take(self.job.shape.panels.panels.taps) {
                let mut x = veorq_s8(load(tap.wrapping_add(channel), channels), flip);
                if shared {
                    x = vqtbl1q_s8(x, which);
                }
                let weights = load(w, 4 * V);
                let low = vmull_s8(vget_low_s8(x), vget_low_s8(weights));
                widen(&mut sums, low, vmull_high_s8(x, weights));
                w = w.wrapping_add(4 * V);
            }
            self.write::<V>(sums, panel, exist, output.at(at));
        }
    }

    /// The sums of filter `at` and those after it, before the first tap.
    #[inline(always)]
    fn start<const V: usize>(&self, at: usize) -> [int32x4_t; V] {
        // SAFETY: the caller is compiled for NEON; a chunk is a number of panels.
        unsafe {
            let bias = self.bias.as_ptr().add(at);
            let mut sums = [vdupq_n_s32(0); V];
            for v in 0..V {
                sums[v] = vld1q_s32(bias.add(4 * v));
            }
            sums
        }
    }

    /// Writes the results of `exist` filters.
    ///
    /// # Safety
    /// The panel and the outputs are there.
    #[inline(always)]
    unsafe fn write<const V: usize>(
        &self,
        mut sums: [int32x4_t; V],
        panel: *const i32,
        exist: usize,
        output: Outputs,
    ) {
        // SAFETY: the caller's.
        unsafe {
            match output {
                Outputs::Sums(to) => {
                    let mut copy = [0; PANEL];
                    for v in 0..V {
                        vst1q_s32(copy.as_mut_ptr().add(4 * v), sums[v]);
                    }
                    to.copy_from_nonoverlapping(copy.as_ptr(), exist);
                }
                Outputs::Bytes(to) => {
                    for v in 0..V {
                        let [multiplier, shift] =
                            [2, 3].map(|row| vld1q_s32(panel.add(row * 4 * V + 4 * v)));
                        sums[v] = self.requantize.run(sums[v], multiplier, shift);
                    }
                    let of = |v: usize| if v < V { sums[v] } else { vdupq_n_s32(0) };
                    store(to, self.ends.bytes([of(0), of(1), of(2), of(3)]), exist);
                }
            }
        }
    }
}

/// Adds products of 16 channels, or of as many as there are sums.
#[inline(always)]
fn widen<const V: usize>(sums: &mut [int32x4_t; V], low: int16x8_t, high: int16x8_t) {
    // SAFETY: the caller is compiled for NEON, as all here.
    unsafe {
        sums[0] = vaddw_s16(sums[0], vget_low_s16(low));
        if V > 1 {
            sums[1] = vaddw_high_s16(sums[1], low);
        }
        if V > 2 {
            sums[2] = vaddw_s16(sums[2], vget_low_s16(high));
            sums[3] = vaddw_high_s16(sums[3], high);
        }
    }
}

/// So many bytes, at most 16, and zeros. None beyond them is touched.
///
/// # Safety
/// They are readable.
#[inline(always)]
pub(super) unsafe fn load(p: *const i8, exist: usize) -> int8x16_t {
    // SAFETY: the caller's. Two pieces that overlap are the same where they do.
    unsafe {
        if exist >= 16 {
            return vld1q_s8(p);
        }
        let at = |byte: usize| p.wrapping_add(byte);
        let (low, high) = if exist >= 8 {
            let last = at(exist - 8).cast::<u64>().read_unaligned();
            let high = last.unbounded_shr(8 * (16 - exist) as u32);
            (at(0).cast::<u64>().read_unaligned(), high)
        } else if exist >= 4 {
            let [first, last] =
                [0, exist - 4].map(|byte| u64::from(at(byte).cast::<u32>().read_unaligned()));
            (first | last << (8 * (exist - 4)), 0)
        } else if exist > 0 {
            let mut low = 0;
            for byte in [0, exist / 2, exist - 1] {
                low |= u64::from(at(byte).cast::<u8>().read()) << (8 * byte);
            }
            (low, 0)
        } else {
            (0, 0)
        };
        vcombine_s8(vcreate_s8(low), vcreate_s8(high))
    }
}

/// Stores the first `exist` bytes, at most 16.
///
/// # Safety
/// They are writable.
#[inline(always)]
unsafe fn store(to: *mut i8, bytes: int8x16_t, exist: usize) {
    // SAFETY: the caller's.
    unsafe {
        if exist >= 16 {
            vst1q_s8(to, bytes);
        } else if exist == 8 {
            vst1_s8(to, vget_low_s8(bytes));
        } else {
            let mut copy = [0; 16];
            vst1q_s8(copy.as_mut_ptr(), bytes);
            to.copy_from_nonoverlapping(copy.as_ptr(), exist);
        }
    }
}
