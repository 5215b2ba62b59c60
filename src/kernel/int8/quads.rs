//! The loops that a level without vectors has of its own.
//!
//! Inputs are widened to 16 bits, two pixels side by side. Without a better instruction, one multiplication
//! makes two products: of a weight, and the inputs of both pixels in one word, both as unsigned bytes. With
//! `u = w + 128`, `v = x + 128` and the zero point `z` in those terms,
//! `sum w (v - z) = sum u v - 128 sum v - z sum w`.

// Plain loops over constant bounds are what the compiler unrolls best.
#![allow(clippy::needless_range_loop)]

use super::nine::Nine;
use super::put::Panel;
use super::rolled;
use super::strips::Strip;
use crate::pack_i8::QUAD;
use crate::quant::Quant;

/// Pixels side by side.
pub(crate) const PIXELS: usize = 2;

/// The sums of a filter. Those of a panel lie one after the other.
pub(crate) type Pair = [i32; PIXELS];

/// The loops of a level.
///
/// # Safety
///
/// A value is made only where the CPU has the instructions that the methods use.
pub(crate) unsafe trait Quads: Copy {
    /// Elements from a widened input of the first pixel to that of the second.
    const APART: usize = 1;

    /// Widens quads of one pixel: `to` is its place in the first quad, and in each next one
    /// `PIXELS * QUAD` elements further on.
    ///
    /// # Safety
    /// So many quads of bytes are readable, and as many places writable.
    #[inline(always)]
    unsafe fn widen(self, from: *const i8, offset: Offset, quads: usize, to: *mut i16) {
        for i in 0..quads * QUAD {
            // SAFETY: the caller's.
            unsafe {
                let byte = (from.add(i).read() ^ offset.flip) as u8 ^ 128;
                to.add(i * PIXELS).write(i16::from(byte));
            }
        }
    }

    /// Writes quads of padding.
    ///
    /// # Safety
    /// So many places are writable.
    #[inline(always)]
    unsafe fn fill(self, offset: Offset, quads: usize, to: *mut i16) {
        for i in 0..quads * QUAD {
            // SAFETY: the caller's.
            unsafe { to.add(i * PIXELS).write((offset.zero + 128) as i16) };
        }
    }

    /// Sets the sums of a panel to the biases.
    ///
    /// # Safety
    /// The header is the panel's, and there are sums of so many filters, up to the next even number.
    #[inline(always)]
    unsafe fn start(self, panel: &Panel<'_>, offset: Offset) {
        let zero = offset.zero + 128;
        for filter in 0..panel.filters {
            // SAFETY: the caller's.
            unsafe {
                let [bias, weights] = [panel.word(0, filter), panel.word(1, filter)];
                let sum = bias.wrapping_sub(zero.wrapping_mul(weights));
                panel.sums.add(filter).write([sum; PIXELS]);
            }
        }
    }

    /// Copies bytes.
    ///
    /// # Safety
    /// So many are readable and writable; there is one.
    #[inline(always)]
    unsafe fn copy(self, from: *const i8, to: *mut i8, len: usize) {
        for i in 0..len {
            // SAFETY: the caller's.
            unsafe { to.add(i).write(from.add(i).read()) };
            rolled();
        }
    }

    /// The products of unsigned bytes: the sum of those of both pixels in one word, and of the second
    /// alone.
    ///
    /// # Safety
    /// As for [`add_quads`](Self::add_quads).
    #[inline(always)]
    unsafe fn products(
        self,
        wide: *const u32,
        mut weights: *const i32,
        width: usize,
        quads: usize,
    ) -> [u32; 2] {
        let [mut both, mut second] = [0u32; 2];
        let mut x = wide;
        for _ in 0..quads {
            // SAFETY: the caller's.
            let word = unsafe { weights.read() } as u32 ^ 0x8080_8080;
            for i in 0..QUAD {
                let weight = word << (24 - 8 * i) >> 24;
                // SAFETY: the caller's.
                let product = unsafe { x.add(i).read() }.wrapping_mul(weight);
                both = both.wrapping_add(product);
                second = second.wrapping_add(product >> 16);
            }
            x = x.wrapping_add(QUAD);
            weights = weights.wrapping_add(width);
        }
        [both, second]
    }

    /// Adds `quads` widened quads of both pixels, times the weights of a panel's filters: those of the
    /// first lie at `weights`, of the next one a word further on, those of the next quad a row. Sums of
    /// filters that do not exist may change, up to the next even number.
    ///
    /// # Safety
    /// All of that can be read; there is a quad and a filter.
    #[inline(always)]
    unsafe fn add_quads(
        self,
        panel: &Panel<'_>,
        wide: *const i16,
        weights: *const i32,
        quads: usize,
    ) {
        // Both pixels in one word. A piece is so short that neither sum leaves its half.
        let wide = wide.cast::<u32>();
        let mut inputs = 0u32;
        for i in 0..quads * QUAD {
            // SAFETY: the caller's.
            inputs = inputs.wrapping_add(unsafe { wide.add(i).read() });
        }
        for filter in 0..panel.filters {
            let weights = weights.wrapping_add(filter);
            // SAFETY: the caller's.
            unsafe {
                let [both, second] = self.products(wide, weights, panel.width, quads);
                let first = both.wrapping_sub(second << 16);
                let of = |products: u32, inputs: u32| products.wrapping_sub(inputs << 7) as i32;
                let sums = panel.sums.add(filter);
                let [a, b] = sums.read();
                sums.write([
                    a.wrapping_add(of(first, inputs & 0xffff)),
                    b.wrapping_add(of(second, inputs >> 16)),
                ]);
            }
        }
    }

    /// [`Panel::put`] for filters that are [`plain`](super::JobI8::plain).
    ///
    /// # Safety
    /// As for that.
    #[inline(always)]
    unsafe fn plain(self, panel: &Panel<'_>) {
        // SAFETY: the caller's.
        unsafe { panel.each(|sum, words| panel.quant.tflite(sum, words)) };
    }

    /// Whether the level brings the next method.
    const NINE: bool = false;

    /// Computes the sums of a window, each of which lies a [`Pair`] further on.
    ///
    /// # Safety
    /// [`NINE`](Self::NINE); the taps can be read, and so many sums written.
    #[inline(always)]
    unsafe fn nine(self, _window: &Nine, _sums: *mut i32) {}

    /// Whether the level brings the next method.
    const STRIPS: bool = false;

    /// Runs a strip; `unsigned`: of uint8.
    ///
    /// # Safety
    /// [`STRIPS`](Self::STRIPS), and the filters are [`plain`](super::JobI8::plain); the strip has a pixel, and all that it
    /// names can be read and written.
    #[inline(always)]
    unsafe fn strip(self, _strip: &mut Strip, _unsigned: bool) {}
}

/// What turns a byte of the image into a number.
#[derive(Clone, Copy)]
pub(crate) struct Offset {
    pub flip: i8,
    pub zero: i32,
}

impl Offset {
    #[inline(always)]
    pub fn of(quant: &Quant) -> Self {
        Offset {
            flip: quant.flip_input as i8,
            zero: quant.input_zero,
        }
    }

    #[inline(always)]
    pub fn number(self, byte: i8) -> i32 {
        i32::from(byte ^ self.flip) - self.zero
    }

    /// The byte that turns into zero.
    #[inline(always)]
    pub fn zero(self) -> i8 {
        self.zero as i8 ^ self.flip
    }
}
