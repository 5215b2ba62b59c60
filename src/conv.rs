//! The checked plan: everything `unsafe` below it leans on what [`ConvF32::new`] proved and
//! [`ConvF32::run_rows`] checks.

use crate::activation::Activation;
use crate::error::{Argument, Error, Quantity};
use crate::geometry::{Geometry, Sizes};
use crate::kernel::{Algorithm, Job};
use crate::pack::{self, Panels, Weights};
use crate::shape::plan_shape;
use crate::simd::Level;
use core::ops::Range;

/// A convolution of `f32` that has been checked and is ready to run.
///
/// The input is `[batch][depth][height][width][channel]`, the output likewise with filters for
/// channels. An output is the bias plus the sum, over the window and the channels of its group, of
/// input times weight, then clamped ([`Activation`]); it is computed as one chain of multiply-adds,
/// bias first, then window depth, row, column and channel in ascending order. Taps that lie in the
/// padding are left out of the chain: they contribute nothing, whatever their weights are.
///
/// Infinities and NaN go through as IEEE 754 has it. Every level that fuses multiplication and
/// addition gives the same bits, but for the bits inside a NaN.
///
/// ```
/// use microconv::{Activation, ConvF32, Geometry, Level, Padding, Weights};
///
/// // 3x3 over 8x8 pixels of 3 channels, 16 filters, same size out.
/// let plan = ConvF32::new(
///     Geometry::conv2d([8, 8, 3], 16, [3, 3]).padding(Padding::Same),
///     Activation::RELU,
/// )?;
/// let weights = vec![0.5; plan.weights_len()];
/// let mut packed = vec![0.0; plan.packed_len()];
/// plan.pack(Weights::Ohwi(&weights), Some(&[0.1; 16]), &mut packed)?;
///
/// let input = vec![1.0; plan.input_len()];
/// let mut output = vec![0.0; plan.output_len()];
/// plan.run(Level::detect(), &input, &packed, &mut output, &mut [])?;
/// assert_eq!(output[0], 0.1 + 0.5 * (2 * 2 * 3) as f32);
/// # Ok::<(), microconv::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvF32 {
    geometry: Geometry,
    sizes: Sizes,
    activation: Activation,
    algorithm: Algorithm,
    panels: Panels,
    packed_len: usize,
    digest: u32,
}

impl ConvF32 {
    /// Checks the geometry and the clamp, and chooses the algorithm.
    ///
    /// # Errors
    ///
    /// Those of [`Geometry::sizes`], [`Error::Clamp`], and [`Error::Overflow`] if the packed
    /// weights cannot be addressed.
    pub const fn new(geometry: Geometry, activation: Activation) -> Result<Self, Error> {
        let sizes = match geometry.sizes() {
            Ok(sizes) => sizes,
            Err(error) => return Err(error),
        };
        if let Err(error) = activation.check() {
            return Err(error);
        }
        let algorithm = Algorithm::of(&geometry, &sizes);
        let panels = algorithm.panels(&geometry, &sizes);
        match panels.len() {
            Some(packed_len) => Ok(ConvF32 {
                geometry,
                sizes,
                activation,
                algorithm,
                panels,
                packed_len,
                digest: pack::digest(&geometry, &[]),
            }),
            None => Err(Error::Overflow(Quantity::PackedLen)),
        }
    }

    plan_shape!();

    pub const fn activation(&self) -> Activation {
        self.activation
    }

    /// Floats of the packed weights, biases included.
    pub const fn packed_len(&self) -> usize {
        self.packed_len
    }

    /// Floats of scratch that a run needs: none, as every algorithm so far is direct.
    pub const fn scratch_len(&self) -> usize {
        0
    }

    /// Bytes that a run must move if every float is read or written once: input, packed weights and
    /// output. With [`macs`](Self::macs) it tells whether arithmetic or memory is the limit.
    pub const fn bytes_moved(&self) -> u64 {
        // Each is a length of a slice of floats, so the sum of their bytes fits.
        (self.input_len() as u64 + self.packed_len() as u64 + self.output_len() as u64) * 4
    }

    /// Packs weights and biases, once for any number of runs.
    ///
    /// `bias` is one number per filter, or none for zeros. The result is the same on every level
    /// and every target, and fits every batch, image size, stride and padding of the layer.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] unless `weights` is [`weights_len`](Self::weights_len), `bias` the number
    /// of filters and `packed` [`packed_len`](Self::packed_len) long.
    pub const fn pack(
        &self,
        weights: Weights<'_, f32>,
        bias: Option<&[f32]>,
        packed: &mut [f32],
    ) -> Result<(), Error> {
        if let Err(error) = length(Argument::Weights, self.weights_len(), weights.slice().len()) {
            return Err(error);
        }
        if let Some(bias) = bias
            && let Err(error) = length(Argument::Bias, self.geometry.filters, bias.len())
        {
            return Err(error);
        }
        if let Err(error) = length(Argument::Packed, self.packed_len, packed.len()) {
            return Err(error);
        }
        // SAFETY: the three lengths were just checked.
        unsafe { pack::pack(&self.panels, self.digest, &weights, bias, packed) };
        Ok(())
    }

    /// [`pack`](Self::pack) into an array, for weights that a `const` packs into flash.
    ///
    /// ```
    /// use microconv::{Activation, ConvF32, Geometry, Weights};
    ///
    /// const PLAN: ConvF32 = match ConvF32::new(Geometry::conv2d([4, 4, 2], 4, [1, 1]), Activation::NONE) {
    ///     Ok(plan) => plan,
    ///     Err(_) => panic!("bad geometry"),
    /// };
    /// static PACKED: [f32; PLAN.packed_len()] =
    ///     match PLAN.packed(Weights::Oihw(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]), None) {
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
        weights: Weights<'_, f32>,
        bias: Option<&[f32]>,
    ) -> Result<[f32; N], Error> {
        let mut packed = [0.0; N];
        match self.pack(weights, bias, &mut packed) {
            Ok(()) => Ok(packed),
            Err(error) => Err(error),
        }
    }

    /// Packed weights in bytes, such as a file or a flash partition holds, in place.
    ///
    /// The bytes are those of the packed floats in this machine's byte order.
    ///
    /// # Errors
    ///
    /// [`Error::Alignment`], [`Error::Length`], and those of a packed buffer that is not this
    /// layer's.
    pub fn packed_from_bytes<'a>(&self, bytes: &'a [u8]) -> Result<&'a [f32], Error> {
        let past = bytes.as_ptr().addr() % align_of::<f32>();
        if past != 0 {
            return Err(Error::Alignment {
                needed: align_of::<f32>(),
                given: past,
            });
        }
        match bytemuck::try_cast_slice(bytes) {
            Ok(packed) => {
                self.check_packed(packed)?;
                Ok(packed)
            }
            Err(_) => Err(Error::Length {
                argument: Argument::Packed,
                needed: self.packed_len,
                given: bytes.len() / size_of::<f32>(),
            }),
        }
    }

    /// Computes the whole output.
    ///
    /// `input` is [`input_len`](Self::input_len) long, `output` [`output_len`](Self::output_len);
    /// `packed` was filled by [`pack`](Self::pack) for the same layer; `scratch` holds at least
    /// [`scratch_len`](Self::scratch_len) floats.
    ///
    /// # Errors
    ///
    /// [`Error::Length`], [`Error::NotPacked`], [`Error::PackedVersion`],
    /// [`Error::PackedGeometry`]. Nothing has been written then.
    pub fn run(
        &self,
        level: Level,
        input: &[f32],
        packed: &[f32],
        output: &mut [f32],
        scratch: &mut [f32],
    ) -> Result<(), Error> {
        self.compute(
            level,
            0..self.output_rows(),
            0..self.geometry.input_row_count(),
            input,
            packed,
            output,
            scratch,
        )
    }

    /// Computes some rows of the output from the input rows that they need.
    ///
    /// `input` is just the rows of [`input_rows`](Self::input_rows), `output` just the rows asked
    /// for. This is how threads share a layer,
    ///
    /// ```
    /// # use microconv::{Activation, ConvF32, Geometry, Level, Padding, Weights};
    /// # let geometry = Geometry::conv2d([32, 32, 4], 8, [3, 3]).padding(Padding::Same);
    /// # let plan = ConvF32::new(geometry, Activation::NONE)?;
    /// # let mut packed = vec![0.0; plan.packed_len()];
    /// # plan.pack(Weights::Ohwi(&vec![0.5; plan.weights_len()]), None, &mut packed)?;
    /// # let input = vec![1.0; plan.input_len()];
    /// # let mut output = vec![0.0; plan.output_len()];
    /// let level = Level::detect();
    /// let (rows, row) = (8, plan.input_row_len());
    /// let (input, packed) = (&input[..], &packed[..]);
    /// std::thread::scope(|threads| {
    ///     for (part, output) in output.chunks_mut(rows * plan.output_row_len()).enumerate() {
    ///         threads.spawn(move || {
    ///             let rows = part * rows..part * rows + output.len() / plan.output_row_len();
    ///             let from = plan.input_rows(rows.clone())?;
    ///             let input = &input[from.start * row..from.end * row];
    ///             plan.run_rows(level, rows, input, packed, output, &mut [])
    ///         });
    ///     }
    /// });
    /// # let mut whole = vec![0.0; plan.output_len()];
    /// # plan.run(level, input, packed, &mut whole, &mut [])?;
    /// # assert_eq!(output, whole);
    /// # Ok::<(), microconv::Error>(())
    /// ```
    ///
    /// and how a camera is convolved while its lines come in:
    ///
    /// ```
    /// # use microconv::{Activation, ConvF32, Geometry, Level, Padding, Weights};
    /// # let geometry = Geometry::conv2d([6, 16, 1], 8, [3, 3]).padding(Padding::Same);
    /// # let plan = ConvF32::new(geometry, Activation::NONE)?;
    /// # let mut packed = vec![0.0; plan.packed_len()];
    /// # plan.pack(Weights::Ohwi(&vec![0.5; plan.weights_len()]), None, &mut packed)?;
    /// # let image: Vec<f32> = (0..plan.input_len()).map(|i| i as f32).collect();
    /// # let mut camera = image.chunks(plan.input_row_len());
    /// # let mut result = vec![];
    /// let level = Level::detect();
    /// let mut lines = vec![]; // the last three lines at most
    /// let mut held = 0..0; // which lines they are
    /// let mut output = vec![0.0; plan.output_row_len()];
    /// for row in 0..plan.output_rows() {
    ///     let needed = plan.input_rows(row..row + 1)?;
    ///     while held.end < needed.end {
    ///         lines.extend_from_slice(camera.next().expect("a line"));
    ///         held.end += 1;
    ///     }
    ///     lines.drain(..(needed.start - held.start) * plan.input_row_len());
    ///     held.start = needed.start;
    ///     plan.run_rows(level, row..row + 1, &lines, &packed, &mut output, &mut [])?;
    ///     // ... use the row
    /// #   result.extend_from_slice(&output);
    /// }
    /// # let mut whole = vec![0.0; plan.output_len()];
    /// # plan.run(level, &image, &packed, &mut whole, &mut [])?;
    /// # assert_eq!(result, whole);
    /// # Ok::<(), microconv::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Rows`] and those of [`run`](Self::run). Nothing has been written then.
    pub fn run_rows(
        &self,
        level: Level,
        rows: Range<usize>,
        input: &[f32],
        packed: &[f32],
        output: &mut [f32],
        scratch: &mut [f32],
    ) -> Result<(), Error> {
        let from = self.input_rows(rows.clone())?;
        self.compute(level, rows, from, input, packed, output, scratch)
    }

    /// `rows` of the output, from the input rows `from`.
    #[allow(clippy::too_many_arguments)] // the two callers' arguments, and what they differ in
    fn compute(
        &self,
        level: Level,
        rows: Range<usize>,
        from: Range<usize>,
        input: &[f32],
        packed: &[f32],
        output: &mut [f32],
        scratch: &mut [f32],
    ) -> Result<(), Error> {
        length(
            Argument::Input,
            from.len() * self.input_row_len(),
            input.len(),
        )?;
        self.check_packed(packed)?;
        length(
            Argument::Output,
            rows.len() * self.output_row_len(),
            output.len(),
        )?;
        if scratch.len() < self.scratch_len() {
            length(Argument::Scratch, self.scratch_len(), scratch.len())?;
        }
        level.run(Job {
            geometry: &self.geometry,
            sizes: &self.sizes,
            algorithm: self.algorithm,
            panels: self.panels,
            activation: self.activation,
            rows,
            first_input_row: from.start,
            input,
            packed,
            output,
        });
        Ok(())
    }

    fn check_packed(&self, packed: &[f32]) -> Result<(), Error> {
        length(Argument::Packed, self.packed_len, packed.len())?;
        pack::check_seal(self.digest, packed)
    }
}

/// Refuses a slice of the wrong length.
pub(crate) const fn length(argument: Argument, needed: usize, given: usize) -> Result<(), Error> {
    if needed == given {
        Ok(())
    } else {
        Err(Error::Length {
            argument,
            needed,
            given,
        })
    }
}
