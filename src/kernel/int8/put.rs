//! From the sums of a panel to outputs, for cores without vectors.

use super::quads::{Pair, Quads};
use super::{JobI8, Outputs, rolled};
use crate::kernel::Implied;
use crate::pack_i8::HEADER;
use crate::quant::{Quant, Rounding};
use crate::simd::SCALAR_I8;

/// The sums of a panel's filters for two pixels, and where their outputs go.
///
/// The layout is known to loops.
#[repr(C)]
pub(crate) struct Panel<'a> {
    pub sums: *mut Pair,
    /// The header of the first filter, and how many there are in the panel.
    pub header: *const i32,
    pub width: usize,
    pub filters: usize,
    /// The outputs of the first pixel.
    pub to: *mut u8,
    /// Bytes from there to those of the second pixel; zero says that there is none.
    pub step: usize,
    pub quant: &'a Quant,
    /// Bytes of an output.
    pub element: usize,
    /// See [`JobI8::plain`].
    pub plain: bool,
    finish: Finish,
}

impl<'a> Panel<'a> {
    /// The first of a job, so far without filters.
    #[inline(always)]
    pub fn of(job: &mut JobI8<'a>, sums: *mut Pair) -> Self {
        let (to, element) = match &mut job.output {
            Outputs::Bytes(output) => (output.as_mut_ptr().cast(), 1),
            Outputs::Sums(output) => (output.as_mut_ptr().cast(), size_of::<i32>()),
        };
        Panel {
            sums,
            header: job.packed.as_ptr(),
            width: 0,
            filters: 0,
            to,
            step: 0,
            quant: job.quant,
            element,
            plain: job.plain,
            finish: job.finish,
        }
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

    /// Turns the sums into outputs.
    ///
    /// # Safety
    /// The sums have been computed, the header is that of a panel so wide, and so many outputs are writable.
    #[inline(always)]
    pub unsafe fn put(&self) {
        // SAFETY: the caller's; the function is one of those of this file.
        unsafe { (self.finish.0.0)(self) };
    }

    /// [`put`](Self::put), output by output: the sum, its filter's words, and its place.
    ///
    /// # Safety
    /// As for that.
    #[inline(always)]
    pub unsafe fn each<T>(&self, output: impl Fn(i32, [i32; 2]) -> T) {
        for filter in 0..self.filters {
            // SAFETY: the caller's.
            unsafe {
                let words = [self.word(2, filter), self.word(3, filter)];
                let to = self.to.cast::<T>().add(filter);
                let mut sum = self.sums.add(filter).cast::<i32>();
                let mut at = 0;
                // The second pixel's, if it has a place of its own.
                loop {
                    to.byte_add(at).write(output(sum.read(), words));
                    if at == self.step {
                        break;
                    }
                    sum = sum.add(1);
                    at = self.step;
                    rolled();
                }
            }
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
    unsafe { rounded(panel, |sum, words| panel.quant.tflite(sum, words)) };
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
    unsafe { rounded(panel, |sum, words| panel.quant.byte(sum, words)) };
}

/// By the loop of the target if the filters allow it.
///
/// # Safety
/// As for [`Panel::put`].
#[inline(always)]
unsafe fn rounded(panel: &Panel<'_>, output: impl Fn(i32, [i32; 2]) -> i8) {
    // SAFETY: the caller's.
    unsafe {
        if panel.plain {
            SCALAR_I8.plain(panel);
        } else {
            panel.each(output);
        }
    }
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
