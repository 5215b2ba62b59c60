//! The checked int8 plan: everything `unsafe` below it leans on what [`ConvI8::new`] proved,
//! [`ConvI8::pack`] refused, and [`ConvI8::run_rows`] checks.

use crate::constant_plan::CInitializer;
use crate::conv::length;
use crate::error::{Argument, Error, Quantity, Reason, Refused};
use crate::geometry::{Geometry, Sizes};
use crate::kernel::Direct;
use crate::kernel::int8::put::Finish;
use crate::kernel::int8::{JobI8, JobShape, Kernels, Outputs, RunnerI8};
use crate::pack::Weights;
use crate::pack_i8::{self, PanelsI8};
use crate::quant::{Bytes, Quant, Quantization, Scales};
use crate::shape::plan_shape;
use crate::simd::Level;
use core::ops::Range;

/// A convolution of 8-bit integers that has been checked and is ready to run.
///
/// The input is `[batch][depth][height][width][channel]`, the output likewise with filters for
/// channels. An output is
///
/// ```text
/// clamp(zero_point + round((bias + sum of weight * (input - input_zero_point)) * M))
/// ```
///
/// over the window and the channels of its group, as [`Quantization`] and
/// [`Rounding`](crate::Rounding) define it. Padding stands for a real zero. Weights are int8, -128
/// among them, with the zero point 0 and a scale for each filter or for all; biases are int32, in
/// units of input scale times weight scale.
///
/// The sums are exact: [`pack`](Self::pack) refuses weights that could make one leave the 32-bit
/// integers. So every level gives the same bits: those of TensorFlow Lite's reference kernels, or
/// whichever [`Rounding`](crate::Rounding) is asked for.
///
/// Input and output are int8 or uint8, as the quantization says. An output of int32 gets the sums as
/// they are, before requantization: ONNX's `ConvInteger`.
///
/// ```
/// use microconv::{ConvI8, Geometry, Level, Padding, Quantization, Scales, Weights};
///
/// // 3x3 over 8x8 pixels of 3 channels, 16 filters, same size out.
/// let geometry = Geometry::conv2d([8, 8, 3], 16, [3, 3]).padding(Padding::Same);
/// let plan = ConvI8::new(geometry, Quantization::int8(-1, 3))?;
/// let weights = vec![2; plan.weights_len()];
/// let scales = Scales::Real { input: 0.5, weights: &[0.25; 16], output: 0.75 };
/// let mut packed = vec![0; plan.packed_len()];
/// plan.pack(Weights::Ohwi(&weights), Some(&[10; 16]), scales, &mut packed)?;
///
/// let input = vec![4i8; plan.input_len()];
/// let mut output = vec![0i8; plan.output_len()];
/// plan.run(Level::detect(), &input, &packed, &mut output)?;
/// // Four taps of three channels in the corner: 10 + 12 * 2 * 5 = 130, times 1/6 is 21.7.
/// assert_eq!(output[0], 3 + 22);
///
/// let mut sums = vec![0i32; plan.output_len()];
/// plan.run(Level::detect(), &input, &packed, &mut sums)?;
/// assert_eq!(sums[0], 130);
/// # Ok::<(), microconv::Error>(())
/// ```
// The order is that of `constant_plan`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct ConvI8 {
    pub(crate) runner: RunnerI8,
    pub(crate) finish: Finish,
    pub(crate) algorithm: Direct,
    pub(crate) packed_len: usize,
    pub(crate) geometry: Geometry,
    pub(crate) sizes: Sizes,
    pub(crate) quantization: Quantization,
    pub(crate) quant: Quant,
    pub(crate) digest: u32,
}

impl ConvI8 {
    /// Checks geometry and quantization, and chooses the algorithm.
    ///
    /// # Errors
    ///
    /// Those of [`Geometry::sizes`], [`Error::ZeroPoint`], [`Error::Clamp`], and [`Error::Overflow`]
    /// if the packed weights cannot be addressed.
    pub const fn new(geometry: Geometry, quantization: Quantization) -> Result<Self, Error> {
        match Checked::of(&geometry, &quantization) {
            Ok(checked) => {
                Ok(checked.plan(geometry, quantization, Finish::of(quantization.rounding)))
            }
            Err(error) => Err(error),
        }
    }

    plan_shape!();

    /// Any rows can be computed.
    const fn check_cuts(&self, _start: usize, _end: usize) -> Result<(), Error> {
        Ok(())
    }

    /// The shape of the packed weights.
    #[inline(always)]
    const fn panels(&self) -> PanelsI8 {
        PanelsI8::of(self.algorithm, &self.geometry, &self.sizes)
    }

    pub const fn quantization(&self) -> &Quantization {
        &self.quantization
    }

    /// Words of the packed weights, biases and scales included.
    pub const fn packed_len(&self) -> usize {
        self.packed_len
    }

    /// Bytes that a run must move if every element is read or written once: input, packed weights
    /// and an output of bytes. With [`macs`](Self::macs) it tells whether arithmetic or memory is
    /// the limit.
    pub const fn bytes_moved(&self) -> u64 {
        self.input_len() as u64 + self.packed_len() as u64 * 4 + self.output_len() as u64
    }

    /// The plan as the initializer of a `microconv_i8` in C, for firmware whose plans lie in flash: nothing
    /// is checked when it starts, and no kernels are linked but those of its plans. It is for this version of
    /// the library; others refuse it. The example `flash` writes it beside the packed weights.
    ///
    /// ```
    /// use microconv::{ConvI8, Geometry, Quantization};
    /// let plan = ConvI8::new(Geometry::conv2d([8, 8, 3], 16, [3, 3]), Quantization::int8(-1, 3))?;
    /// let line = format!("const microconv_i8 conv1_plan = {};", plan.c_initializer());
    /// assert!(line.contains("microconv_i8_dense"));
    /// # Ok::<(), microconv::Error>(())
    /// ```
    pub const fn c_initializer(&self) -> CInitializer<'_> {
        CInitializer::of(self)
    }

    /// Packs weights, biases and scales, once for any number of runs.
    ///
    /// `bias` is one number per filter, or none for zeros. The result is the same on every level
    /// and every target, and fits every batch, image size, stride and padding of the layer, and
    /// every output zero point and clamp; it does not fit another input zero point or rounding.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] unless `weights` is [`weights_len`](Self::weights_len), `bias` the number
    /// of filters, `scales` that or 1, and `packed` [`packed_len`](Self::packed_len) long;
    /// [`Error::Multiplier`] for a scale that is none; [`Error::Accumulator`] if there is an input
    /// for which a filter's sum would leave the 32-bit integers. Nothing has been written then.
    pub const fn pack(
        &self,
        weights: Weights<'_, i8>,
        bias: Option<&[i32]>,
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
        let rounding = self.quant.rounding;
        let panels = self.panels();
        // SAFETY: the lengths were just checked, and packing follows only upon the check.
        unsafe {
            let plain = match pack_i8::check(&panels, &self.quant, &weights, bias, &scales) {
                Ok(plain) => plain,
                Err(error) => return Err(error),
            };
            pack_i8::pack(
                &panels,
                rounding,
                self.digest,
                plain,
                &weights,
                bias,
                &scales,
                packed,
            );
        }
        Ok(())
    }

    /// [`pack`](Self::pack) into an array, for weights that a `const` packs into flash.
    ///
    /// ```
    /// use microconv::{ConvI8, Geometry, Quantization, Scales, Weights};
    ///
    /// const PLAN: ConvI8 = match ConvI8::new(Geometry::conv2d([4, 4, 2], 4, [1, 1]), Quantization::int8(0, 0)) {
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
        bias: Option<&[i32]>,
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
    /// `packed` was filled by [`pack`](Self::pack) for the same layer. The types are those of the
    /// quantization, or int32 for the output.
    ///
    /// # Errors
    ///
    /// [`Error::Type`], [`Error::Length`], [`Error::NotPacked`], [`Error::PackedVersion`],
    /// [`Error::PackedGeometry`]. Nothing has been written then.
    #[inline]
    pub fn run<I: Input8, O: Output8>(
        &self,
        level: Level,
        input: &[I],
        packed: &[i32],
        output: &mut [O],
    ) -> Result<(), Error> {
        let needed = [self.sizes.input_len, self.sizes.output_len];
        let plain = self.check(
            [Some(I::TYPE), O::TYPE],
            needed,
            [input.len(), output.len()],
            packed,
        )?;
        let rows = 0..self.output_rows();
        // SAFETY: the arrays are as long as such rows need them, and the packed weights are the layer's.
        unsafe { self.run_job(level, rows, 0, plain, input, packed, output) };
        Ok(())
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
    pub fn run_rows<I: Input8, O: Output8>(
        &self,
        level: Level,
        rows: Range<usize>,
        input: &[I],
        packed: &[i32],
        output: &mut [O],
    ) -> Result<(), Error> {
        let from = self.input_rows(rows.clone())?;
        let needed = self.rows_len(&rows, &from);
        let plain = self.check(
            [Some(I::TYPE), O::TYPE],
            needed,
            [input.len(), output.len()],
            packed,
        )?;
        // SAFETY: as in `run`.
        unsafe { self.run_job(level, rows, from.start, plain, input, packed, output) };
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

    /// `rows` of the output, from the input rows from `first_input_row` on; `plain` is what [`check`](Self::check) told.
    ///
    /// # Safety
    ///
    /// The check has passed for these arrays, with what [`rows_len`](Self::rows_len) says that the rows need; and for as long as
    /// the job lives nobody writes to any of them, or reads the output.
    // In the frame of its caller: the stack is what a microcontroller is short of.
    #[inline(always)]
    pub(crate) unsafe fn job<I: Input8, O: Output8>(
        &self,
        rows: Range<usize>,
        first_input_row: usize,
        plain: bool,
        input: (*const I, usize),
        packed: *const i32,
        output: *mut O,
    ) -> JobI8<'_> {
        JobI8 {
            plan: self,
            shape: JobShape::of(self.algorithm, &self.geometry, &self.sizes, input.1),
            rows,
            first_input_row,
            input: input.0.cast(),
            packed,
            output: O::outputs(output),
            plain: plain && O::TYPE.is_some(),
            finish: O::finish(self.finish),
        }
    }

    /// Runs the [`job`](Self::job).
    ///
    /// # Safety
    ///
    /// As for that.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    unsafe fn run_job<I: Input8, O: Output8>(
        &self,
        level: Level,
        rows: Range<usize>,
        first_input_row: usize,
        plain: bool,
        input: &[I],
        packed: &[i32],
        output: &mut [O],
    ) {
        let input = (input.as_ptr(), input.len());
        let (packed, output) = (packed.as_ptr(), output.as_mut_ptr());
        // SAFETY: the caller's.
        let job = unsafe { self.job(rows, first_input_row, plain, input, packed, output) };
        self.runner.run(level, &job);
    }

    /// Refuses the wrong types and lengths of input and output, and packed weights that are not this layer's. Tells
    /// whether all their filters are [plain](JobI8::plain).
    // Out of line, once for all types: its frame is gone when the kernels run.
    #[inline(never)]
    pub(crate) fn check(
        &self,
        types: [Option<Bytes>; 2],
        needed: [usize; 2],
        given: [usize; 2],
        packed: &[i32],
    ) -> Result<bool, Refused> {
        same_type(Argument::Input, self.quantization.input, types[0])?;
        same_type(Argument::Output, self.quantization.output, types[1])?;
        same_length(Argument::Input, needed[0], given[0])?;
        same_length(Argument::Output, needed[1], given[1])?;
        same_length(Argument::Packed, self.packed_len, packed.len())?;
        pack_i8::check_seal(self.digest, packed)
    }
}

/// What follows from a geometry and a quantization that hold together. A plan is made of all three where
/// it is to lie, without a copy on the way.
pub(crate) struct Checked {
    sizes: Sizes,
    quant: Quant,
    algorithm: Direct,
    packed_len: usize,
    digest: u32,
}

impl Checked {
    #[inline(always)]
    pub const fn of(geometry: &Geometry, quantization: &Quantization) -> Result<Self, Error> {
        let sizes = match geometry.sizes() {
            Ok(sizes) => sizes,
            Err(error) => return Err(error),
        };
        let quant = match quantization.check() {
            Ok(quant) => quant,
            Err(error) => return Err(error),
        };
        let algorithm = Direct::of(geometry, &sizes);
        match PanelsI8::of(algorithm, geometry, &sizes).len() {
            Some(packed_len) => Ok(Checked {
                sizes,
                quant,
                algorithm,
                packed_len,
                digest: pack_i8::digest(geometry, &quant),
            }),
            None => Err(Error::Overflow(Quantity::PackedLen)),
        }
    }

    /// The geometry and the quantization are those of [`of`](Self::of).
    #[inline(always)]
    pub const fn plan(
        self,
        geometry: Geometry,
        quantization: Quantization,
        finish: Finish,
    ) -> ConvI8 {
        // Field by field: more than 64 bytes at once would be a call of `memcpy` on small cores, which
        // small firmware has none of.
        let sizes = Sizes {
            parameters: self.sizes.weights_len + geometry.filters,
            ..self.sizes
        };
        ConvI8 {
            runner: RunnerI8::of(Kernels::of(&geometry, &self.sizes, self.algorithm)),
            finish,
            algorithm: self.algorithm,
            geometry,
            sizes,
            quantization,
            quant: self.quant,
            digest: self.digest,
            packed_len: self.packed_len,
        }
    }
}

/// Refuses a slice of the wrong type.
fn same_type(argument: Argument, needed: Bytes, given: Option<Bytes>) -> Result<(), Refused> {
    match given {
        Some(given) if given != needed => Err(Refused {
            reason: Reason::Type,
            argument,
            needed: needed as usize,
            given: given as usize,
        }),
        _ => Ok(()),
    }
}

/// Refuses the wrong number of elements.
fn same_length(argument: Argument, needed: usize, given: usize) -> Result<(), Refused> {
    if needed == given {
        return Ok(());
    }
    Err(Refused {
        reason: Reason::Length,
        argument,
        needed,
        given,
    })
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for i8 {}
    impl Sealed for u8 {}
    impl Sealed for i32 {}
}

/// An element that a [`ConvI8`] reads: `i8` or `u8`, of one byte.
pub trait Input8: sealed::Sealed + Sized {
    #[doc(hidden)]
    const TYPE: Bytes;
    #[doc(hidden)]
    fn value(&self) -> i32;
}

impl Input8 for i8 {
    const TYPE: Bytes = Bytes::Int8;

    fn value(&self) -> i32 {
        i32::from(*self)
    }
}

impl Input8 for u8 {
    const TYPE: Bytes = Bytes::Uint8;

    fn value(&self) -> i32 {
        i32::from(*self)
    }
}

/// An element that a [`ConvI8`] writes: `i8`, `u8`, or `i32` for the sums before requantization.
pub trait Output8: sealed::Sealed + Sized {
    #[doc(hidden)]
    const TYPE: Option<Bytes>;
    #[doc(hidden)]
    fn outputs(output: *mut Self) -> Outputs;
    #[doc(hidden)]
    fn finish(planned: Finish) -> Finish {
        planned
    }
}

impl Output8 for i8 {
    const TYPE: Option<Bytes> = Some(Bytes::Int8);

    fn outputs(output: *mut i8) -> Outputs {
        Outputs::Bytes(output)
    }
}

impl Output8 for u8 {
    const TYPE: Option<Bytes> = Some(Bytes::Uint8);

    fn outputs(output: *mut u8) -> Outputs {
        Outputs::Bytes(output.cast())
    }
}

impl Output8 for i32 {
    const TYPE: Option<Bytes> = None;

    fn outputs(output: *mut i32) -> Outputs {
        Outputs::Sums(output)
    }

    fn finish(_: Finish) -> Finish {
        Finish::SUMS
    }
}
