//! Sums that become outputs.

use crate::quant_i16::RangeI16;

/// The sums of some pixels under the filters of a panel, and where their outputs go.
#[derive(Clone, Copy)]
pub(crate) struct Finish {
    pub pixels: usize,
    pub filters: usize,
    /// What is still to be added to the bias, in 32 bits, and, if anything, in 64.
    pub sums: *const i32,
    pub waiting: Option<*const i64>,
    /// Elements from pixel to pixel and from filter to filter, of both.
    pub steps: [usize; 2],
    /// The panel.
    pub header: *const i32,
    pub width: usize,
    /// The largest bias, and that of the other sign less 1, that no sum of 32 bits carries out of 32 bits;
    /// negative if there is none: see [`room`](super::room).
    pub room: i32,
    pub range: RangeI16,
    /// The first filter's output of the first pixel, and elements to the next pixel.
    pub output: *mut i16,
    pub output_step: usize,
}

impl Finish {
    /// One by one, from a filter on.
    ///
    /// # Safety
    /// All that it names can be read and written.
    #[inline(always)]
    pub unsafe fn each(&self, first: usize) {
        let [pixel_step, filter_step] = self.steps;
        for filter in first..self.filters {
            // SAFETY: the caller's.
            let [bias, words] = unsafe { header(self.header.wrapping_add(filter), self.width) };
            let bias = i64::from(bias[0] as u32) | i64::from(bias[1]) << 32;
            let mut output = self.output.wrapping_add(filter);
            for pixel in 0..self.pixels {
                let at = pixel * pixel_step + filter * filter_step;
                // SAFETY: the caller's.
                unsafe {
                    let mut sum = bias.wrapping_add(self.sums.add(at).read().into());
                    if let Some(waiting) = self.waiting {
                        sum = sum.wrapping_add(waiting.add(at).read());
                    }
                    output.write(self.range.requantize(sum, words));
                }
                output = output.wrapping_add(self.output_step);
            }
        }
    }
}

/// The bias of a filter, and its multiplier and shift.
///
/// # Safety
/// Its header, in a panel so wide, is readable.
#[inline(always)]
pub(super) unsafe fn header(header: *const i32, width: usize) -> [[i32; 2]; 2] {
    // SAFETY: the caller's.
    unsafe {
        [
            [header.read(), header.add(width).read()],
            [header.add(2 * width).read(), header.add(3 * width).read()],
        ]
    }
}
