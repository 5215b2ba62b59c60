//! The checked plan of int16 activations: as [`ConvI8`](crate::ConvI8), but for the types and what they
//! are proved to fit.

use crate::conv::length;
use crate::error::{Argument, Error, Quantity};
use crate::geometry::{Geometry, Sizes};
use crate::kernel::Direct;
use crate::kernel::int16::JobI16;
use crate::pack::Weights;
use crate::pack_i8::{self, PanelsI8};
use crate::pack_i16;
use crate::quant::Scales;
use crate::quant_i16::RangeI16;
use crate::shape::plan_shape;
use crate::simd::Level;
use core::ops::Range;

/// A convolution of int16 activations with int8 weights, TensorFlow Lite's "16x8", that has been
/// checked and is ready to run.
///
/// The input is `[batch][depth][height][width][channel]`, the output likewise with filters for
/// channels. Both are symmetric: their zero points are 0. An output is
///
/// ```text
/// clamp(round((bias + sum of weight * input) * M))
/// ```
///
/// over the window and the channels of its group. Padding is zero. Weights are int8, -128 among them,
/// with a scale for each filter or for all; biases are int64, in units of input scale times weight scale.
///
/// Every level gives the bits of TensorFlow Lite's reference kernels with biases of int64, which the
/// converter makes, and of CMSIS-NN's: 15 bits of the multiplier, one rounding, ties upwards.
///
/// ```text
/// M = m 2^(s - 31), as a Multiplier is      m' = floor((m + 2^15) / 2^16), at most 2^15 - 1
/// round(sum * M) = floor((sum m' + 2^(t - 1)) / 2^t), t = 15 - s
/// ```
///
/// (`MultiplyByQuantizedMultiplier` for int64.) Models whose biases are int32 have another contract
/// there: sums of 32 bits, rounded as [`Rounding::Tflite`](crate::Rounding::Tflite) does.
///
/// The sums are exact: [`pack`](Self::pack) refuses weights that could make one leave the 48 bits that
/// the formula has room for. Where a requantized number leaves int32, which TensorFlow Lite forbids, it
/// is clamped.
///
/// ```
/// use microconv::{ConvI16, Geometry, Level, Padding, RangeI16, Scales, Weights};
///
/// // 3x3 over 8x8 pixels of 3 channels, 16 filters, same size out.
/// let geometry = Geometry::conv2d([8, 8, 3], 16, [3, 3]).padding(Padding::Same);
/// let plan = ConvI16::new(geometry, RangeI16::FULL)?;
/// let weights = vec![2; plan.weights_len()];
/// let scales = Scales::Real { input: 0.5, weights: &[0.25; 16], output: 0.75 };
/// let mut packed = vec![0; plan.packed_len()];
/// plan.pack(Weights::Ohwi(&weights), Some(&[10; 16]), scales, &mut packed)?;
///
/// let input = vec![500; plan.input_len()];
/// let mut output = vec![0; plan.output_len()];
/// plan.run(Level::detect(), &input, &packed, &mut output)?;
/// // Four taps of three channels in the corner: 10 + 12 * 2 * 500 = 12010, times 1/6 is 2001.67.
/// assert_eq!(output[0], 2002);
/// # Ok::<(), microconv::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvI16 {
    pub(crate) geometry: Geometry,
    pub(crate) sizes: Sizes,
    pub(crate) range: RangeI16,
    pub(crate) panels: PanelsI8,
    packed_len: usize,
    digest: u32,
}

impl ConvI16 {
    /// Checks the geometry and the range that outputs are clamped to, and chooses the algorithm.
    ///
    /// # Errors
    ///
    /// Those of [`Geometry::sizes`], [`Error::Clamp`], and [`Error::Overflow`] if the packed weights
    /// cannot be addressed.
    pub const fn new(geometry: Geometry, range: RangeI16) -> Result<Self, Error> {
        let sizes = match geometry.sizes() {
            Ok(sizes) => sizes,
            Err(error) => return Err(error),
        };
        if let Err(error) = range.check() {
            return Err(error);
        }
        let algorithm = Direct::of(&geometry, &sizes);
        let panels = PanelsI8::of(algorithm, &geometry, &sizes);
        match panels.len() {
            Some(packed_len) => Ok(ConvI16 {
                geometry,
                sizes,
                range,
                panels,
                packed_len,
                digest: pack_i16::digest(&geometry),
            }),
            None => Err(Error::Overflow(Quantity::PackedLen)),
        }
    }

    plan_shape!();

    /// Any rows can be computed.
    const fn check_cuts(&self, _start: usize, _end: usize) -> Result<(), Error> {
        Ok(())
    }

    /// The range that outputs are clamped to.
    pub const fn range(&self) -> RangeI16 {
        self.range
    }

    /// Words of the packed weights, biases and scales included.
    pub const fn packed_len(&self) -> usize {
        self.packed_len
    }

    /// Bytes that a run must move if every element is read or written once: input, packed weights and
    /// output. With [`macs`](Self::macs) it tells whether arithmetic or memory is the limit.
    pub const fn bytes_moved(&self) -> u64 {
        let activations = self.input_len() as u64 + self.output_len() as u64;
        activations * 2 + self.packed_len() as u64 * 4
    }

    /// Packs weights, biases and scales, once for any number of runs.
    ///
    /// `bias` is one number per filter, or none for zeros. The result is the same on every level and
    /// every target, and fits every batch, image size, stride and padding of the layer, and every
    /// clamp.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] unless `weights` is [`weights_len`](Self::weights_len), `bias` the number of
    /// filters, `scales` that or 1, and `packed` [`packed_len`](Self::packed_len) long;
    /// [`Error::Multiplier`] for a scale that is none, or M of 2^7 and more; [`Error::Accumulator`] if
    /// there is an input for which a filter's sum would leave -2^47..2^47. Nothing has been written
    /// then.
    pub const fn pack(
        &self,
        weights: Weights<'_, i8>,
        bias: Option<&[i64]>,
        scales: Scales<'_>,
        packed: &mut [i32],
    ) -> Result<(), Error> {
        if let Err(error) = length(Argument::Weights, self.weights_len(), weights.slice().len()) {
            return Err(error);
        }
        if let Some(bias) = bias
            && let Err(error) = length(Argument::Bias, self.geometry.filters, bias.len())
        {
            return Err(error);
        }
        if let Err(error) = scales.check(self.geometry.filters) {
            return Err(error);
        }
        if let Err(error) = length(Argument::Packed, self.packed_len, packed.len()) {
            return Err(error);
        }
        // SAFETY: the lengths were just checked, and packing follows only upon the check.
        unsafe {
            if let Err(error) = pack_i16::check(&self.panels, &weights, bias, &scales) {
                return Err(error);
            }
            pack_i16::pack(&self.panels, self.digest, &weights, bias, &scales, packed);
        }
        Ok(())
    }

    /// [`pack`](Self::pack) into an array, for weights that a `const` packs into flash.
    ///
    /// ```
    /// use microconv::{ConvI16, Geometry, RangeI16, Scales, Weights};
    ///
    /// const PLAN: ConvI16 = match ConvI16::new(Geometry::conv2d([4, 4, 2], 4, [1, 1]), RangeI16::FULL) {
    ///     Ok(plan) => plan,
    ///     Err(_) => panic!("bad geometry"),
    /// };
    /// static PACKED: [i32; PLAN.packed_len()] =
    ///     match PLAN.packed(Weights::Oihw(&[1, 2, 3, 4, 5, 6, 7, 8]), None, Scales::ONE) {
    ///         Ok(packed) => packed,
    ///         Err(_) => panic!("bad weights"),
    ///     };
    /// ```
    ///
    /// # Errors
    ///
    /// As [`pack`](Self::pack).
    pub const fn packed<const N: usize>(
        &self,
        weights: Weights<'_, i8>,
        bias: Option<&[i64]>,
        scales: Scales<'_>,
    ) -> Result<[i32; N], Error> {
        let mut packed = [0; N];
        match self.pack(weights, bias, scales, &mut packed) {
            Ok(()) => Ok(packed),
            Err(error) => Err(error),
        }
    }

    /// Packed weights in bytes, such as a file or a flash partition holds, in place.
    ///
    /// The bytes are those of the packed words in this machine's byte order.
    ///
    /// # Errors
    ///
    /// [`Error::Alignment`], [`Error::Length`], and those of a packed buffer that is not this
    /// layer's.
    pub fn packed_from_bytes<'a>(&self, bytes: &'a [u8]) -> Result<&'a [i32], Error> {
        pack_i8::from_bytes(self.digest, self.packed_len, bytes)
    }

    /// Computes the whole output.
    ///
    /// `input` is [`input_len`](Self::input_len) long, `output` [`output_len`](Self::output_len);
    /// `packed` was filled by [`pack`](Self::pack) for the same layer.
    ///
    /// # Errors
    ///
    /// [`Error::Length`], [`Error::NotPacked`], [`Error::PackedVersion`], [`Error::PackedGeometry`].
    /// Nothing has been written then.
    pub fn run(
        &self,
        level: Level,
        input: &[i16],
        packed: &[i32],
        output: &mut [i16],
    ) -> Result<(), Error> {
        self.compute(
            level,
            0..self.output_rows(),
            0..self.geometry.input_row_count(),
            input,
            packed,
            output,
        )
    }

    /// Computes some rows of the output from the input rows that they need.
    ///
    /// `input` is just the rows of [`input_rows`](Self::input_rows), `output` just the rows asked
    /// for. [`ConvF32::run_rows`](crate::ConvF32::run_rows) shows how threads share a layer with it,
    /// and how a camera is convolved line by line.
    ///
    /// # Errors
    ///
    /// [`Error::Rows`] and those of [`run`](Self::run). Nothing has been written then.
    pub fn run_rows(
        &self,
        level: Level,
        rows: Range<usize>,
        input: &[i16],
        packed: &[i32],
        output: &mut [i16],
    ) -> Result<(), Error> {
        let from = self.input_rows(rows.clone())?;
        self.compute(level, rows, from, input, packed, output)
    }

    /// `rows` of the output, from the input rows `from`.
    fn compute(
        &self,
        level: Level,
        rows: Range<usize>,
        from: Range<usize>,
        input: &[i16],
        packed: &[i32],
        output: &mut [i16],
    ) -> Result<(), Error> {
        let needed = self.rows_len(&rows, &from);
        self.check(needed, [input.len(), output.len()], packed)?;
        level.run_i16(&JobI16 {
            plan: self,
            rows,
            first_input_row: from.start,
            input: input.as_ptr(),
            packed: packed.as_ptr(),
            output: output.as_mut_ptr(),
        });
        Ok(())
    }

    /// What a run of some rows needs of input and output, given the input rows that they need.
    #[inline(always)]
    pub(crate) const fn rows_len(&self, rows: &Range<usize>, from: &Range<usize>) -> [usize; 2] {
        [
            (from.end - from.start) * self.input_row_len(),
            (rows.end - rows.start) * self.output_row_len(),
        ]
    }

    /// Refuses slices that are not as long as needed, input and output, and packed weights that are not this layer's.
    // Out of line: its frame is gone when the kernels run.
    #[inline(never)]
    pub(crate) fn check(
        &self,
        needed: [usize; 2],
        given: [usize; 2],
        packed: &[i32],
    ) -> Result<(), Error> {
        length(Argument::Input, needed[0], given[0])?;
        length(Argument::Packed, self.packed_len, packed.len())?;
        pack_i8::check_seal(self.digest, packed)?;
        length(Argument::Output, needed[1], given[1])
    }
}
