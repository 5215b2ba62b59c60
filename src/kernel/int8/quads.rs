//! The loops that a level without vectors has of its own.
//!
//! Dense layers multiply the bytes under the windows of two pixels as they lie in the image, less the zero point, by the weights
//! of some filters at a time; nothing is laid out before, so little of the stack is taken.

use super::JobI8;
use super::nine::Nine;
use super::put::Panel;
use super::rolled;
use super::strips::Strip;
use crate::pack_i8::QUAD;
use crate::quant::Quant;
use core::ptr;

/// Pixels side by side.
pub(crate) const PIXELS: usize = 2;

/// The sums of a filter. Those of a panel lie one after the other.
pub(crate) type Pair = [i32; PIXELS];

/// Rows of taps of two pixels, each of quads that lie side by side.
///
/// The layout is known to loops.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Taps {
    /// The first quad's weights of the first filter: those of the next filter lie a word further on, those of the next quad a
    /// row of the panel; and the first input of either pixel.
    pub weights: *const i32,
    pub inputs: [*const i8; PIXELS],
    /// Bytes of a row, of whole quads.
    pub line: usize,
    pub rows: usize,
    /// Bytes from after a row's inputs to those of the next, and the same of weights.
    pub input_gap: usize,
    pub weight_gap: usize,
    pub reach: Reach,
}

impl Taps {
    /// One row for both pixels, so far of nothing.
    pub const NONE: Self = Taps {
        weights: ptr::null(),
        inputs: [ptr::null(); PIXELS],
        line: 0,
        rows: 1,
        input_gap: 0,
        weight_gap: 0,
        reach: Reach::Both,
    };
}

/// Whose inputs are multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Reach {
    Both,
    /// Those of the first pixel; the second one's sums stay as they are.
    First,
    Second,
}

/// The loops of a level.
///
/// # Safety
///
/// A value is made only where the CPU has the instructions that the methods use.
pub(crate) unsafe trait Quads: Copy {
    /// Filters whose sums are held at a time: with more, a window is walked less often, and more of the stack is taken.
    const FILTERS: usize;

    /// Room for those sums.
    type Sums;

    /// What the loops know of a job.
    type Constants: Copy;

    fn constants(self, job: &JobI8<'_>) -> Self::Constants;

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

    /// Adds inputs of either pixel, less the zero point, times the weights of a panel's filters. Sums of filters that do not
    /// exist may change, up to the next even number.
    ///
    /// # Safety
    /// All [`Taps`] can be read, of a pixel that is not reached too; there are a row, a quad and a filter.
    #[inline(always)]
    unsafe fn add(self, panel: &Panel<'_>, taps: &Taps, _constants: &Self::Constants) {
        let offset = Offset::of(panel.job.quant());
        for filter in 0..panel.filters {
            let mut sums = [0i32; PIXELS];
            let mut weights = taps.weights.wrapping_add(filter);
            let mut inputs = taps.inputs;
            for _ in 0..taps.rows {
                for _ in 0..taps.line / QUAD {
                    // SAFETY: the caller's.
                    let word = unsafe { weights.read() };
                    weights = weights.wrapping_add(panel.width);
                    for channel in 0..QUAD {
                        let weight = i32::from((word >> (8 * channel)) as i8);
                        for (sum, input) in sums.iter_mut().zip(inputs) {
                            // SAFETY: the caller's.
                            let byte = unsafe { input.add(channel).read() };
                            let product = offset.number(byte).wrapping_mul(weight);
                            *sum = sum.wrapping_add(product);
                        }
                    }
                    inputs = inputs.map(|input| input.wrapping_add(QUAD));
                }
                inputs = inputs.map(|input| input.wrapping_add(taps.input_gap));
                weights = weights.wrapping_byte_add(taps.weight_gap);
            }
            // SAFETY: the caller's.
            unsafe {
                let to = panel.sums.add(filter).cast::<i32>();
                if taps.reach != Reach::Second {
                    to.write(to.read().wrapping_add(sums[0]));
                }
                if taps.reach != Reach::First {
                    to.add(1).write(to.add(1).read().wrapping_add(sums[1]));
                }
            }
        }
    }

    /// Whether the level brings the next method.
    const OUTPUTS: bool = false;

    /// [`Panel::start`], [`add`](Self::add) of all that a window has, and [`Panel::put`], of any number of a panel's filters. The
    /// panel stands behind them afterwards.
    ///
    /// # Safety
    /// [`OUTPUTS`](Self::OUTPUTS). As for the three; both pixels are reached.
    #[inline(always)]
    unsafe fn outputs(
        self,
        _panel: &mut Panel<'_>,
        _taps: &mut Taps,
        _constants: &Self::Constants,
    ) {
    }

    /// [`Panel::put`] for filters that are [`plain`](super::JobI8::plain).
    ///
    /// # Safety
    /// As for that.
    #[inline(always)]
    unsafe fn plain(self, panel: &Panel<'_>) {
        // SAFETY: the caller's.
        unsafe { panel.each(|sum, words| panel.job.quant().tflite(sum, words)) };
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

    /// Whether the bytes are those of uint8, and the number that stands for zero if they are taken as they are.
    #[allow(dead_code)] // but on a Cortex-M0+
    #[inline(always)]
    pub fn as_it_lies(self) -> (bool, i32) {
        match self.flip {
            0 => (false, self.zero),
            _ => (true, self.zero + 128),
        }
    }
}
