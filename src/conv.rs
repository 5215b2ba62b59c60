//! The checked plan: everything `unsafe` below it leans on what [`ConvF32::new`] proved and
//! [`ConvF32::run_rows`] checks.

use crate::activation::Activation;
use crate::algorithm::{Algorithm, Limits};
use crate::error::{Argument, Error, Quantity};
use crate::geometry::{Geometry, Sizes};
use crate::kernel::{self, Choice, Direct, Job, Memory, Method, Runner};
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
/// That is the direct algorithm's chain; [`with_algorithm`](Self::with_algorithm) plans for another
/// algorithm, which sums otherwise ([`error_bound`](Self::error_bound)).
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
    pub(crate) geometry: Geometry,
    pub(crate) sizes: Sizes,
    pub(crate) activation: Activation,
    pub(crate) method: Method,
    pub(crate) runner: Runner,
    pub(crate) panels: Panels,
    packed_len: usize,
    scratch_len: usize,
    digest: u32,
}

impl ConvF32 {
    /// Checks the geometry and the clamp. The algorithm is the direct one, which needs no scratch.
    ///
    /// # Errors
    ///
    /// Those of [`Geometry::sizes`], [`Error::Clamp`], and [`Error::Overflow`] if the packed
    /// weights cannot be addressed.
    pub const fn new(geometry: Geometry, activation: Activation) -> Result<Self, Error> {
        // Not by way of `with_algorithm`, which names the other algorithms' kernels.
        let sizes = match checked(&geometry, activation) {
            Ok(sizes) => sizes,
            Err(error) => return Err(error),
        };
        let chosen = Choice {
            method: Method::Direct(Direct::of(&geometry, &sizes)),
            scratch_len: 0,
        };
        Self::of(geometry, sizes, activation, chosen, Runner::DIRECT)
    }

    /// Checks the geometry and the clamp, and chooses the algorithm within limits.
    ///
    /// [`Algorithm::Auto`] and [`Algorithm::Winograd`] stand for the algorithm that a model of its
    /// cost finds the fastest, of those that compute the geometry and keep the limits. The choice is
    /// the same on every level and target, unless the limits are [`tuned`](Limits::tuned) for one. It
    /// depends on the image's size, and packed weights are an algorithm's: whoever packs once for
    /// several sizes names one algorithm for all.
    ///
    /// ```
    /// use microconv::{Activation, Algorithm, ConvF32, Geometry, Level, Limits, Padding, Weights};
    ///
    /// let layer = Geometry::conv2d([28, 28, 64], 64, [3, 3]).padding(Padding::Same);
    /// let limits = Limits::scratch(256 << 10);
    /// let plan = ConvF32::with_algorithm(layer, Activation::RELU, Algorithm::Auto, limits)?;
    /// assert_ne!(plan.algorithm(), Algorithm::Direct);
    ///
    /// let weights = vec![0.1; plan.weights_len()];
    /// let mut packed = vec![0.0; plan.packed_len()];
    /// plan.pack(Weights::Ohwi(&weights), None, &mut packed)?;
    /// let mut scratch = vec![0.0; plan.scratch_len()];
    /// let input = vec![1.0; plan.input_len()];
    /// let mut output = vec![0.0; plan.output_len()];
    /// plan.run(Level::detect(), &input, &packed, &mut output, &mut scratch)?;
    /// assert!((output[0] - 0.1 * 4.0 * 64.0).abs() < 1e-3);
    /// # Ok::<(), microconv::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new); and unless the algorithm is `Auto` or `Direct`,
    /// [`Error::Algorithm`] if it does not compute this geometry, [`Error::ErrorBound`] and
    /// [`Error::ScratchBytes`] if it does not keep the limits.
    pub const fn with_algorithm(
        geometry: Geometry,
        activation: Activation,
        algorithm: Algorithm,
        limits: Limits,
    ) -> Result<Self, Error> {
        let sizes = match checked(&geometry, activation) {
            Ok(sizes) => sizes,
            Err(error) => return Err(error),
        };
        let chosen = match kernel::choose(&geometry, &sizes, algorithm, limits) {
            Ok(chosen) => chosen,
            Err(error) => return Err(error),
        };
        let runner = match chosen.method {
            Method::Direct(_) => Runner::DIRECT,
            Method::Winograd(_) => Runner::WINOGRAD,
        };
        Self::of(geometry, sizes, activation, chosen, runner)
    }

    /// The plan of what has been checked and chosen.
    #[cfg_attr(not(target_os = "none"), inline(always))] // no copy of a plan
    const fn of(
        geometry: Geometry,
        sizes: Sizes,
        activation: Activation,
        chosen: Choice,
        runner: Runner,
    ) -> Result<Self, Error> {
        let panels = chosen.method.panels(&geometry, &sizes);
        match panels.len() {
            Some(packed_len) => Ok(ConvF32 {
                geometry,
                sizes,
                activation,
                method: chosen.method,
                runner,
                panels,
                packed_len,
                scratch_len: chosen.scratch_len,
                digest: pack::digest(&geometry, &[]),
            }),
            None => Err(Error::Overflow(Quantity::PackedLen)),
        }
    }

    plan_shape!();

    pub(crate) const fn sizes(&self) -> &Sizes {
        &self.sizes
    }

    pub const fn activation(&self) -> Activation {
        self.activation
    }

    /// Floats of the packed weights, biases included.
    pub const fn packed_len(&self) -> usize {
        self.packed_len
    }

    /// The algorithm that was chosen: never `Auto` or `Winograd`, which stand for one of the others.
    pub const fn algorithm(&self) -> Algorithm {
        Algorithm::of(self.panels.transform)
    }

    /// Floats of scratch that a run makes the best use of: none for the direct algorithm, else no
    /// more than the limits allowed. With less it runs slower, in smaller blocks.
    pub const fn scratch_len(&self) -> usize {
        self.scratch_len
    }

    /// Floats of scratch that a run needs at least.
    pub const fn least_scratch_len(&self) -> usize {
        match self.method {
            // A plan was only made if there is such a length.
            Method::Winograd(variant) => match variant.least_scratch(&self.sizes) {
                Some(len) => len,
                None => self.scratch_len,
            },
            _ => 0,
        }
    }

    /// How far off an output can be, in units of a sum of magnitudes.
    ///
    /// For the direct algorithm that is the sum of the magnitudes of the output's products and its
    /// bias, which [`reference::conv`](crate::reference::conv) gives. The bound is `n u / (1 - n u)`
    /// with `n` one more than the products of a sum and `u = 2^-24` (Higham, *Accuracy and Stability
    /// of Numerical Algorithms*, 2002, section 3.1), twice the `n` where multiplications are
    /// rounded too ([`Level::is_fused`]).
    ///
    /// A Winograd algorithm computes a tile of outputs from all inputs under it. An output then takes
    /// part of the errors of inputs that it does not read itself, and no sum of its own products
    /// bounds them: where those are all zero, its neighbours' need not be. The sum that does is the
    /// one that the output would have if each input were as large as the largest of its channel
    /// under the tile: of the bias's magnitude, and, over the channels, of that largest magnitude
    /// times the sum of the magnitudes of the filter's nine weights. The bound is the amplification
    /// of the algorithm's matrices (16, 175.5 and 1565 for tiles of 2, 4 and 6) times `n u / (1 - n
    /// u)`, where `n` is `channels + 2 m + 6` for tiles of `m` (twice that if not fused): it holds for
    /// all numbers, so long as nothing overflows or underflows. Of noise the error is far
    /// smaller ([`Algorithm`] has what was measured).
    ///
    /// An infinity or NaN of the input may reach all outputs of the tiles that it lies under, and one
    /// of the weights all outputs of its filter, as NaN. Numbers overflow sooner, by the amplification.
    pub const fn error_bound(&self) -> f64 {
        match self.method {
            Method::Winograd(variant) => variant.error_bound(self.sizes.group_channels),
            _ => {
                let [depth, height, width] = self.geometry.kernel;
                kernel::gamma(depth * height * width * self.sizes.group_channels + 1)
            }
        }
    }

    /// What ranges of rows [`run_rows`](Self::run_rows) computes: those that start and end at a
    /// multiple of this within each plane of output rows (an image, or a depth of one), or at its
    /// end. 1 for the direct algorithm, a tile's height for the others.
    ///
    /// ```
    /// use microconv::{Activation, Algorithm, ConvF32, Error, Geometry, Limits, Padding};
    /// let layer = Geometry::conv2d([10, 8, 16], 16, [3, 3]).padding(Padding::Same).batch(2);
    /// let plan = ConvF32::with_algorithm(
    ///     layer, Activation::NONE, Algorithm::Winograd4x4, Limits::scratch(1 << 20))?;
    /// assert_eq!(plan.row_granularity(), 4);
    /// // Two images of ten rows: they may be cut before rows 4 and 8 of either.
    /// assert_eq!(plan.input_rows(4..10)?, 3..10);
    /// assert_eq!(plan.input_rows(8..14)?, 7..15);
    /// assert_eq!(
    ///     plan.input_rows(8..12),
    ///     Err(Error::RowGranularity { needed: 4, start: 8, end: 12 })
    /// );
    /// # Ok::<(), microconv::Error>(())
    /// ```
    pub const fn row_granularity(&self) -> usize {
        match self.method {
            Method::Winograd(variant) => variant.outputs(),
            _ => 1,
        }
    }

    /// Bytes that a run must move if every float is read or written once: input, packed weights and
    /// output. With [`macs`](Self::macs) it tells whether arithmetic or memory is the limit.
    pub const fn bytes_moved(&self) -> u64 {
        // Each is a length of a slice of floats, so the sum of their bytes fits.
        (self.input_len() as u64 + self.packed_len() as u64 + self.output_len() as u64) * 4
    }

    /// Refuses a plan that cannot compute rows one at a time.
    pub(crate) const fn check_by_rows(&self) -> Result<(), Error> {
        match self.row_granularity() {
            1 => Ok(()),
            needed => Err(Error::RowGranularity {
                needed,
                start: 0,
                end: 1,
            }),
        }
    }

    /// Refuses rows that are not whole tiles of the algorithm.
    const fn check_cuts(&self, start: usize, end: usize) -> Result<(), Error> {
        if self.is_cut(start) && self.is_cut(end) {
            return Ok(());
        }
        Err(Error::RowGranularity {
            needed: self.row_granularity(),
            start,
            end,
        })
    }

    /// Whether a range of rows may start or end before this row.
    const fn is_cut(&self, row: usize) -> bool {
        match row.checked_rem(self.sizes.output[1]) {
            Some(row) => row.is_multiple_of(self.row_granularity()),
            None => true,
        }
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
    /// [`least_scratch_len`](Self::least_scratch_len) floats, [`scratch_len`](Self::scratch_len) for
    /// the best speed. What it holds, before and after, means nothing.
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
    #[allow(clippy::too_many_arguments)] // the callers' arguments, and what they differ in
    #[inline(always)]
    pub(crate) fn compute(
        &self,
        level: Level,
        rows: Range<usize>,
        from: Range<usize>,
        input: &[f32],
        packed: &[f32],
        output: &mut [f32],
        scratch: &mut [f32],
    ) -> Result<(), Error> {
        let lens = [input.len(), output.len(), scratch.len()];
        self.check(self.rows_len(&rows, &from), lens, packed)?;
        let job = Job {
            plan: self,
            rows,
            first_input_row: from.start,
            memory: &Memory {
                input,
                packed,
                output,
                scratch,
            },
        };
        self.runner.run(level, &job);
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

    /// Refuses the wrong lengths of input, output and scratch, of which the first two are needed so long, and packed weights
    /// that are not this layer's.
    // Out of line: its frame is gone when the kernels run.
    #[inline(never)]
    pub(crate) fn check(
        &self,
        needed: [usize; 2],
        given: [usize; 3],
        packed: &[f32],
    ) -> Result<(), Error> {
        length(Argument::Input, needed[0], given[0])?;
        self.check_packed(packed)?;
        length(Argument::Output, needed[1], given[1])?;
        at_least(Argument::Scratch, self.least_scratch_len(), given[2])
    }

    pub(crate) fn check_packed(&self, packed: &[f32]) -> Result<(), Error> {
        length(Argument::Packed, self.packed_len, packed.len())?;
        pack::check(&self.panels, self.digest, packed)
    }
}

/// The sizes of a geometry, if it and the clamp hold together.
#[cfg_attr(not(target_os = "none"), inline(always))]
const fn checked(geometry: &Geometry, activation: Activation) -> Result<Sizes, Error> {
    match geometry.sizes() {
        Ok(sizes) => match activation.check() {
            Ok(()) => Ok(sizes),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
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

/// Refuses a slice that is too short.
pub(crate) const fn at_least(argument: Argument, needed: usize, given: usize) -> Result<(), Error> {
    if given < needed {
        length(argument, needed, given)
    } else {
        Ok(())
    }
}
