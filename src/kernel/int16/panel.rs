//! The sums of some filters of a panel, and their outputs, where there are no vectors.

use super::{JobI16, MOST, room};
use crate::kernel::int8::rolled;
use crate::kernel::windows::Two;
use crate::pack_i8::QUAD;
use crate::quant_i16::NARROW;
use crate::simd::reread;

/// Pixels that filters pass over together.
pub(crate) const PIXELS: usize = 2;

/// A filter's sums.
pub(crate) type Pair = [i32; PIXELS];

/// Sums of 16 bits that wait below those of which 32 bits are counted.
const LOW: u32 = 16;

/// Sums below this, of either sign, are small.
const SMALL: u32 = 1 << 30;

// So many products still fit beside what is left of a sum.
const _: () = assert!((MOST << 22) + (1 << LOW) < 1 << 31);

/// Some filters of a panel, whole fours unless they are the last.
pub(crate) struct Panel<'a> {
    pub job: &'a JobI16<'a>,
    /// The sums, and, if a window has more than [`MOST`] inputs, room for as many again behind them.
    pub sums: *mut Pair,
    /// The header of the first of the filters, how wide the panel is, and how many filters there are.
    pub header: *const i32,
    pub width: usize,
    pub filters: usize,
    /// The outputs of the first pixel, and pixels that exist.
    pub output: *mut i16,
    pub pixels: usize,
}

impl<'a> Panel<'a> {
    /// The first of a job, so far without filters.
    #[inline(always)]
    pub fn of(job: &'a JobI16<'_>, sums: *mut Pair) -> Self {
        Panel {
            job,
            sums,
            header: job.packed,
            width: 0,
            filters: 0,
            output: job.output,
            pixels: 0,
        }
    }

    /// To the next pixels.
    // Its frame is gone when they are computed.
    #[inline(never)]
    pub fn step(&mut self, two: &mut Two, end: *mut i16) {
        let last = self.output.wrapping_add(self.job.geometry().filters) == end;
        self.pixels = two.next(self.job, last);
    }

    /// Whether sums may leave 32 bits.
    #[inline(always)]
    pub fn is_long(&self) -> bool {
        self.job.panels().depth() > MOST
    }

    /// The outputs of the last pixel.
    #[inline(always)]
    pub fn last(&self) -> *mut i16 {
        let pixels = (self.pixels - 1) * self.job.geometry().filters;
        self.output.wrapping_add(pixels)
    }

    /// What is above the lower bits of the sums.
    #[inline(always)]
    fn high(&self) -> *mut Pair {
        self.sums.wrapping_add(self.filters.next_multiple_of(QUAD))
    }

    /// Sets the sums to zero.
    ///
    /// # Safety
    /// There is room for them.
    // Its frame is gone when they are added to.
    #[inline(never)]
    pub unsafe fn start(&self) {
        let mut sums = self.sums.cast::<[Pair; 2]>();
        let mut left = self.filters.next_multiple_of(QUAD) / 2;
        if self.is_long() {
            left *= 2;
        }
        for _ in 0..left {
            // SAFETY: the caller's.
            unsafe { sums.write([[0; PIXELS]; 2]) };
            sums = sums.wrapping_add(1);
            rolled();
        }
    }

    /// Makes room in the sums of a long window for [`MOST`] products more.
    ///
    /// # Safety
    /// They have been started.
    #[inline(never)]
    pub unsafe fn carry(&self) {
        let (sums, high) = (self.sums.cast::<i32>(), self.high().cast::<i32>());
        for at in 0..self.filters * PIXELS {
            // SAFETY: the caller's.
            unsafe {
                let sum = sums.add(at).read();
                high.add(at)
                    .write(high.add(at).read().wrapping_add(sum >> LOW));
                sums.add(at).write(sum & ((1 << LOW) - 1));
            }
            rolled();
        }
    }

    /// The largest bias, and that of the other sign less 1, that no sum carries out of 32 bits; negative if there is none. What
    /// waits of long sums is added to them if all are small.
    ///
    /// # Safety
    /// The sums have been computed.
    #[inline(never)]
    unsafe fn room(&self) -> i32 {
        if !self.is_long() {
            return room(self.job.panels().depth());
        }
        // SAFETY: the caller's.
        unsafe { self.carry() };
        let (sums, high) = (self.sums.cast::<i32>(), self.high().cast::<i32>());
        for at in 0..self.filters * PIXELS {
            // SAFETY: the caller's.
            let above = unsafe { high.add(at).read() };
            if above.unsigned_abs() >= SMALL >> LOW {
                return -1;
            }
            rolled();
        }
        for at in 0..self.filters * PIXELS {
            // SAFETY: the caller's.
            unsafe {
                let whole = sums.add(at).read() | high.add(at).read() << LOW;
                sums.add(at).write(whole);
                high.add(at).write(0);
            }
            rolled();
        }
        (SMALL - 1) as i32
    }

    /// Turns the sums into outputs. A second pixel that does not exist has the first's sums, and its outputs.
    ///
    /// # Safety
    /// The sums have been computed, the header is that of a panel so wide, and the outputs are writable.
    #[inline(never)]
    pub unsafe fn finish(&self) {
        // SAFETY: the caller's.
        let room = unsafe { self.room() };
        let (mut header, mut sums, mut output) = (self.header, self.sums, self.output);
        let second = self.last().addr() - output.addr();
        let end = sums.wrapping_add(self.filters);
        while sums != end {
            let panel = reread(self);
            // SAFETY: the caller's.
            unsafe {
                let word = |row: usize| header.add(row * panel.width).read();
                let [low, high, multiplier, shift] = [word(0), word(1), word(2), word(3)];
                let sign = low >> 31;
                let outputs = if high == sign && low ^ sign <= room && NARROW.contains(&shift) {
                    let range = reread(self).job.range();
                    let [first, second] = sums.read();
                    let words = [multiplier, shift];
                    [
                        range.narrow(low.wrapping_add(first), words),
                        range.narrow(low.wrapping_add(second), words),
                    ]
                } else {
                    let first: *const i32 = sums.cast();
                    [self.wide(first, header), self.wide(first.add(1), header)]
                };
                output.wrapping_byte_add(second).write(outputs[1]);
                output.write(outputs[0]);
            }
            header = header.wrapping_add(1);
            sums = sums.wrapping_add(1);
            output = output.wrapping_add(1);
        }
    }

    /// The output of a sum that may be long, or of a filter whose bias or multiplier is.
    ///
    /// # Safety
    /// It is one of the sums, and the filter's header.
    #[inline(never)]
    unsafe fn wide(&self, sum: *const i32, header: *const i32) -> i16 {
        // SAFETY: the caller's; the other half is as far away as that of the first sum.
        unsafe {
            let word = |row: usize| header.add(row * self.width).read();
            let bias = i64::from(word(0) as u32) | i64::from(word(1)) << 32;
            let mut whole = bias.wrapping_add(sum.read().into());
            if self.is_long() {
                let above = self.high().addr() - self.sums.addr();
                let above = sum.wrapping_byte_add(above).read();
                whole = whole.wrapping_add(i64::from(above) << LOW);
            }
            self.job.range().requantize(whole, [word(2), word(3)])
        }
    }
}
