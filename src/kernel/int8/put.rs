//! From the sums of a panel to outputs, for cores without vectors.

use super::quads::{PIXELS, Pair, Quads};
use super::{JobI8, Outputs, rolled};
use crate::kernel::Implied;
use crate::pack_i8::HEADER;
use crate::quant::Rounding;
use crate::simd::reread;

/// The sums of some filters of a panel for two pixels, and where their outputs go.
///
/// The layout is known to loops.
#[repr(C)]
pub(crate) struct Panel<'a> {
    pub sums: *mut Pair,
    /// The header of the first of the filters, how wide the panel is, and how many filters there are.
    pub header: *const i32,
    pub width: usize,
    pub filters: usize,
    /// The outputs of the first pixel.
    pub to: *mut u8,
    /// Bytes from there to those of the second pixel; zero says that there is none.
    pub step: usize,
    pub job: &'a JobI8<'a>,
}

impl<'a> Panel<'a> {
    /// The first of a job, so far without filters.
    #[inline(always)]
    pub fn of(job: &'a JobI8<'_>, sums: *mut Pair) -> Self {
        let to = match job.output {
            Outputs::Bytes(output) => output.cast(),
            Outputs::Sums(output) => output.cast(),
        };
        Panel {
            sums,
            header: job.packed,
            width: 0,
            filters: 0,
            to,
            step: 0,
            job,
        }
    }

    /// The weights of the first of the filters.
    #[inline(always)]
    pub fn weights(&self) -> *const i32 {
        self.header.wrapping_add(HEADER * self.width)
    }

    /// Words of the header of a filter.
    ///
    /// # Safety
    /// There is such a row, and such a filter.
    #[inline(always)]
    pub unsafe fn word(&self, row: usize, filter: usize) -> i32 {
        const { assert!(HEADER == 4) };
        // SAFETY: the caller's.
        unsafe { self.header.add(row * self.width + filter).read() }
    }

    /// Sets the sums to the biases.
    ///
    /// # Safety
    /// The header is that of the filters, and there are sums of so many.
    // Its frame is gone when they are added to.
    #[inline(never)]
    pub unsafe fn start(&self) {
        for filter in 0..self.filters {
            // SAFETY: the caller's.
            unsafe { self.sums.add(filter).write([self.word(0, filter); PIXELS]) };
            rolled();
        }
    }

    /// To the filters behind these, whose outputs have been put.
    #[inline(never)]
    pub fn go_on(&mut self) {
        self.header = self.header.wrapping_add(self.filters);
        self.to = self.to.wrapping_add(self.filters * self.job.element());
    }

    /// Turns the sums into outputs.
    ///
    /// # Safety
    /// The sums have been computed, the header is that of a panel so wide, and so many outputs are writable.
    #[inline(always)]
    pub unsafe fn put<S: Quads>(&self, simd: S) {
        // SAFETY: the caller's; the function is one of those of this file.
        unsafe {
            if self.job.plain {
                simd.plain(self);
            } else {
                (self.job.finish.0.0)(self);
            }
        }
    }

    /// [`put`](Self::put), output by output: the sum, its filter's words, and its place.
    ///
    /// # Safety
    /// As for that.
    #[inline(always)]
    pub unsafe fn each<T>(&self, output: impl Fn(i32, [i32; 2]) -> T) {
        let mut at = 0;
        loop {
            let panel = reread(self);
            if at >= panel.filters * PIXELS {
                break;
            }
            let [filter, pixel] = [at / PIXELS, at % PIXELS];
            // SAFETY: the caller's.
            unsafe {
                let words = [panel.word(2, filter), panel.word(3, filter)];
                let sum = panel.sums.cast::<i32>().add(at).read();
                let to = panel.to.cast::<T>().add(filter);
                to.byte_add(pixel * panel.step).write(output(sum, words));
            }
            // The second pixel's, if it has a place of its own.
            at += if reread(panel).step == 0 { PIXELS } else { 1 };
        }
    }
}

/// How sums become outputs. A plan carries it as it does its [`RunnerI8`](super::RunnerI8), so that a
/// program whose plans are constants links no rounding but theirs.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
#[allow(improper_ctypes_definitions)] // see `RunnerI8`
pub struct Finish(Implied<unsafe extern "C" fn(&Panel<'_>)>);

impl Finish {
    /// Any rounding.
    pub(crate) const ANY: Self = Finish(Implied(microconv_i8_rounded));

    /// Sums as they are.
    pub(crate) const SUMS: Self = Finish(Implied(sums));

    /// The smallest for a rounding.
    pub(crate) const fn of(rounding: Rounding) -> Self {
        match rounding {
            Rounding::Tflite => Finish(Implied(microconv_i8_tflite)),
            Rounding::TfliteSingle | Rounding::Float => Self::ANY,
        }
    }
}

/// [`Rounding::Tflite`].
///
/// # Safety
/// As for [`Panel::put`].
// The name is known to C, for plans that are constants there.
#[cfg_attr(feature = "capi", unsafe(no_mangle))]
#[allow(improper_ctypes_definitions)] // see `RunnerI8`
unsafe extern "C" fn microconv_i8_tflite(panel: &Panel<'_>) {
    // SAFETY: the caller's.
    unsafe { panel.each(|sum, words| reread(panel).job.quant().tflite(sum, words)) };
}

/// Any rounding.
///
/// # Safety
/// As for [`Panel::put`].
// As is this one.
#[cfg_attr(feature = "capi", unsafe(no_mangle))]
#[allow(improper_ctypes_definitions)] // see `RunnerI8`
unsafe extern "C" fn microconv_i8_rounded(panel: &Panel<'_>) {
    // SAFETY: the caller's.
    unsafe { panel.each(|sum, words| reread(panel).job.quant().byte(sum, words)) };
}

/// No rounding.
///
/// # Safety
/// As for [`Panel::put`].
#[allow(improper_ctypes_definitions)] // see `RunnerI8`
unsafe extern "C" fn sums(panel: &Panel<'_>) {
    // SAFETY: the caller's.
    unsafe { panel.each(|sum, _| sum) };
}
