//! A depthwise separable convolution: two layers, of which the second is pointwise and takes up the
//! rows of the first a few at a time.
//!
//! A pointwise layer needs of each row only the same row before it, so nothing is computed twice.
//! The map between the layers lies in a few rows of scratch, which the cache keeps.

use crate::bands::{Apart, Jobs, TwoLayers};
use crate::conv::{ConvF32, at_least, length};
use crate::error::{Argument, Axis, Error, Quantity};
use crate::geometry::divide;
use crate::in_place::{Overlap, Parts};
use crate::kernel::{CACHED, Memory};
use crate::simd::Level;
use core::ops::Range;
use core::ptr;

/// A spatial convolution and the pointwise one behind it, run together so that the map between them
/// never exists.
///
/// Where the spatial one is depthwise this is the block that MobileNets are made of (Howard et al.,
/// *MobileNets: efficient convolutional neural networks for mobile vision applications*, 2017). Any
/// other will do, such as the 3x3 before the last 1x1 of a ResNet bottleneck.
///
/// Each layer has its clamp, and gives the same bits as if it ran alone.
///
/// ```
/// use microconv::{Activation, ConvF32, Geometry, Level, Padding, SeparableF32, Weights};
///
/// // MobileNetV2: 3x3 over each of 144 channels of 56x56 pixels, then to 24 channels.
/// let spatial = Geometry::depthwise2d([56, 56, 144], 1, [3, 3]).padding(Padding::Same);
/// let plan = SeparableF32::new(
///     ConvF32::new(spatial, Activation::RELU6)?,
///     ConvF32::new(Geometry::conv2d([56, 56, 144], 24, [1, 1]), Activation::NONE)?,
/// )?;
/// let pack = |layer: &ConvF32| {
///     let mut packed = vec![0.0; layer.packed_len()];
///     let weights = vec![0.25; layer.weights_len()];
///     layer.pack(Weights::Ohwi(&weights), None, &mut packed).map(|()| packed)
/// };
/// let packed = [pack(plan.spatial())?, pack(plan.pointwise())?];
/// let packed = [&packed[0][..], &packed[1]];
///
/// let input = vec![1.0; plan.spatial().input_len()];
/// let mut output = vec![0.0; plan.pointwise().output_len()];
/// let mut scratch = vec![0.0; plan.band_scratch_len()];
/// plan.run(Level::detect(), &input, packed, &mut output, &mut scratch)?;
/// assert_eq!(output[0], 4.0 * 0.25 * 144.0 * 0.25);
///
/// // The map between would be 1,806,336 bytes. One row is enough.
/// assert_eq!(plan.spatial().output_len() * 4, 1_806_336);
/// assert_eq!(plan.band_scratch_len() * 4, 129_024);
/// assert_eq!(plan.scratch_len() * 4, 32_256);
/// # let (first, second) = (plan.spatial(), plan.pointwise());
/// # let mut between = vec![0.0; first.output_len()];
/// # first.run(Level::detect(), &input, packed[0], &mut between, &mut [])?;
/// # let mut apart = vec![0.0; second.output_len()];
/// # second.run(Level::detect(), &between, packed[1], &mut apart, &mut [])?;
/// # assert_eq!(apart, output);
/// # Ok::<(), microconv::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeparableF32 {
    spatial: ConvF32,
    pointwise: ConvF32,
}

impl SeparableF32 {
    /// Checks that the second layer can follow the first row by row: it takes the first one's output,
    /// and is pointwise, which is a window of one pixel, a stride of one and no padding. It may have
    /// groups.
    ///
    /// # Errors
    ///
    /// [`Error::Pointwise`] with the first number that is not as needed; [`Error::RowGranularity`] if
    /// the first layer's algorithm does not compute single rows.
    pub const fn new(spatial: ConvF32, pointwise: ConvF32) -> Result<Self, Error> {
        if let Err(error) = spatial.check_by_rows() {
            return Err(error);
        }
        let [batch, depth, height, width, channels] = spatial.output_shape();
        let second = pointwise.geometry();
        if let Err(error) = equal(&[
            (Quantity::Batch, batch, second.batch),
            (Quantity::Input(Axis::Depth), depth, second.input[0]),
            (Quantity::Input(Axis::Height), height, second.input[1]),
            (Quantity::Input(Axis::Width), width, second.input[2]),
            (Quantity::Channels, channels, second.channels),
        ]) {
            return Err(error);
        }
        let mut axis = 0;
        while axis < 3 {
            let name = Axis::ALL[axis];
            let [before, after] = pointwise.sizes().padding[axis];
            if let Err(error) = equal(&[
                (Quantity::Kernel(name), 1, second.kernel[axis]),
                (Quantity::Stride(name), 1, second.stride[axis]),
                (Quantity::Padding(name), 0, before + after),
            ]) {
                return Err(error);
            }
            axis += 1;
        }
        Ok(SeparableF32 { spatial, pointwise })
    }

    /// The first layer: its input is the input, its packed weights are the first.
    pub const fn spatial(&self) -> &ConvF32 {
        &self.spatial
    }

    /// The second layer: its output is the output, its packed weights are the second.
    pub const fn pointwise(&self) -> &ConvF32 {
        &self.pointwise
    }

    /// The fewest floats of scratch that a run needs: one row of the map between the layers.
    pub const fn scratch_len(&self) -> usize {
        self.spatial.output_row_len()
    }

    /// Floats of scratch with which a run is fast: as many rows as the cache keeps beside what else
    /// is read and written, or the whole map if that is less.
    ///
    /// That is 128 KiB at most, unless one row is longer.
    pub const fn band_scratch_len(&self) -> usize {
        let row = self.spatial.output_row_len();
        let rows = divide(CACHED / 2, row).0;
        let all = self.spatial.output_rows();
        let rows = match rows {
            0 => 1,
            rows if rows > all => all,
            rows => rows,
        };
        rows * row
    }

    /// The input rows that some output rows need: those of [`ConvF32::input_rows`] of the first layer.
    ///
    /// # Errors
    ///
    /// [`Error::Rows`] if they are not rows of the output.
    pub const fn input_rows(&self, rows: Range<usize>) -> Result<Range<usize>, Error> {
        self.spatial.input_rows(rows)
    }

    /// Computes the whole output.
    ///
    /// `input` and `packed[0]` are the first layer's, `output` and `packed[1]` the second one's.
    /// `scratch` holds at least [`scratch_len`](Self::scratch_len) floats; as many rows as it holds
    /// are run at a time, and [`band_scratch_len`](Self::band_scratch_len) is a good length.
    ///
    /// # Errors
    ///
    /// As [`ConvF32::run`]; [`Argument::PackedPointwise`] tells the second layer's weights from the
    /// first one's. Nothing has been written then.
    pub fn run(
        &self,
        level: Level,
        input: &[f32],
        packed: [&[f32]; 2],
        output: &mut [f32],
        scratch: &mut [f32],
    ) -> Result<(), Error> {
        let rows = self.whole();
        self.checked(level, rows, input, packed, output, scratch)
    }

    /// Computes some rows of the output from the input rows that they need.
    ///
    /// `input` is just the rows of [`input_rows`](Self::input_rows), `output` just the rows asked
    /// for, as for [`ConvF32::run_rows`].
    ///
    /// # Errors
    ///
    /// [`Error::Rows`] and those of [`run`](Self::run). Nothing has been written then.
    pub fn run_rows(
        &self,
        level: Level,
        rows: Range<usize>,
        input: &[f32],
        packed: [&[f32]; 2],
        output: &mut [f32],
        scratch: &mut [f32],
    ) -> Result<(), Error> {
        let rows = self.some(rows)?;
        self.checked(level, rows, input, packed, output, scratch)
    }

    /// The fewest floats of lines with which the layers run in place in so many floats of memory, as
    /// [`ConvF32::in_place_lines_len`] has it for one.
    ///
    /// ```
    /// # use microconv::{Activation, ConvF32, Geometry, Padding, SeparableF32};
    /// # let spatial = Geometry::depthwise2d([56, 56, 144], 1, [3, 3]).padding(Padding::Same);
    /// # let plan = SeparableF32::new(
    /// #     ConvF32::new(spatial, Activation::RELU6)?,
    /// #     ConvF32::new(Geometry::conv2d([56, 56, 144], 24, [1, 1]), Activation::NONE)?,
    /// # )?;
    /// // The layers of the example above, with rows of 56x144 and 56x24 floats: 1,806,336 bytes of
    /// // input, and 43,008 of scratch and lines for all that is computed from it.
    /// let map = plan.spatial().input_len();
    /// let more = plan.scratch_len() + plan.in_place_lines_len(map)?;
    /// assert_eq!((map * 4, more * 4), (1_806_336, 43_008));
    /// # Ok::<(), microconv::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Length`] if the memory is shorter than the input or the output.
    pub const fn in_place_lines_len(&self, memory: usize) -> Result<usize, Error> {
        match self.overlap(memory) {
            Ok(overlap) => Ok(overlap.lines_len()),
            Err(error) => Err(error),
        }
    }

    /// Computes the whole output in the memory of the input: the input is the end of `memory`, the
    /// output its start, as [`ConvF32::run_in_place`] has it for one layer.
    ///
    /// # Errors
    ///
    /// Those of [`in_place_lines_len`](Self::in_place_lines_len), and those of [`run`](Self::run).
    /// Nothing has been written then.
    pub fn run_in_place(
        &self,
        level: Level,
        memory: &mut [f32],
        packed: [&[f32]; 2],
        lines: &mut [f32],
        scratch: &mut [f32],
    ) -> Result<(), Error> {
        self.check_in_place([memory.len(), lines.len(), scratch.len()])?;
        self.check_packed(packed)?;
        self.in_place(memory, packed, lines, scratch).run(level);
        Ok(())
    }

    /// All rows of the output, and the input rows that they are computed from.
    pub(crate) const fn whole(&self) -> [Range<usize>; 2] {
        let inputs = self.spatial.geometry().input_row_count();
        [0..self.spatial.output_rows(), 0..inputs]
    }

    /// The same of some rows.
    pub(crate) const fn some(&self, rows: Range<usize>) -> Result<[Range<usize>; 2], Error> {
        match self.input_rows(rows.start..rows.end) {
            Ok(from) => Ok([rows, from]),
            Err(error) => Err(error),
        }
    }

    /// Runs some rows, from the input rows that they are computed from.
    fn checked(
        &self,
        level: Level,
        rows: [Range<usize>; 2],
        input: &[f32],
        packed: [&[f32]; 2],
        output: &mut [f32],
        scratch: &mut [f32],
    ) -> Result<(), Error> {
        self.check_apart(&rows, [input.len(), output.len(), scratch.len()])?;
        self.check_packed(packed)?;
        self.apart(rows, input, packed, output, scratch).run(level);
        Ok(())
    }

    /// Refuses the wrong lengths of input, output and scratch.
    // Its frame is gone when the kernels run, as is that of the next.
    #[inline(never)]
    pub(crate) fn check_apart(
        &self,
        [rows, from]: &[Range<usize>; 2],
        [input, output, scratch]: [usize; 3],
    ) -> Result<(), Error> {
        let needed = from.len() * self.spatial.input_row_len();
        length(Argument::Input, needed, input)?;
        let needed = rows.len() * self.pointwise.output_row_len();
        length(Argument::Output, needed, output)?;
        at_least(Argument::Scratch, self.scratch_len(), scratch)
    }

    /// The same of memory, lines and scratch.
    #[inline(never)]
    pub(crate) fn check_in_place(&self, [memory, lines, scratch]: [usize; 3]) -> Result<(), Error> {
        let overlap = self.overlap(memory)?;
        at_least(Argument::Lines, overlap.lines_len(), lines)?;
        at_least(Argument::Scratch, self.scratch_len(), scratch)
    }

    /// The run of arguments that have been checked.
    #[inline(always)]
    pub(crate) fn apart<'a>(
        &'a self,
        [rows, from]: [Range<usize>; 2],
        input: &'a [f32],
        packed: [&'a [f32]; 2],
        output: &'a mut [f32],
        scratch: &'a mut [f32],
    ) -> TwoLayers<'a, Apart<'a>> {
        let bands = Apart {
            rows,
            output,
            first_input_row: from.start,
            input,
        };
        self.layers(bands, packed, scratch)
    }

    /// The same of a run in place.
    #[inline(always)]
    pub(crate) fn in_place<'a>(
        &'a self,
        memory: &'a mut [f32],
        packed: [&'a [f32]; 2],
        lines: &'a mut [f32],
        scratch: &'a mut [f32],
    ) -> TwoLayers<'a, Parts<'a>> {
        self.layers(Parts::new(memory, lines), packed, scratch)
    }

    const fn overlap(&self, memory: usize) -> Result<Overlap<'_>, Error> {
        Overlap::new(&self.spatial, self.pointwise.output_row_len(), memory)
    }

    fn check_packed(&self, [first, second]: [&[f32]; 2]) -> Result<(), Error> {
        self.spatial.check_packed(first)?;
        let needed = self.pointwise.packed_len();
        length(Argument::PackedPointwise, needed, second.len())?;
        self.pointwise.check_packed(second)
    }

    #[inline(always)]
    fn layers<'a, B>(
        &'a self,
        bands: B,
        packed: [&'a [f32]; 2],
        between: &'a mut [f32],
    ) -> TwoLayers<'a, B> {
        TwoLayers {
            bands,
            plan: self,
            packed: [packed[0].as_ptr(), packed[1].as_ptr()],
            between,
            rows: 0..0,
            output: ptr::null_mut(),
            memory: Memory {
                input: &[],
                packed: &[],
                output: &mut [],
                // Neither layer's algorithm takes any.
                scratch: &mut [],
            },
        }
    }
}

/// Refuses the first number that is not as needed.
const fn equal(numbers: &[(Quantity, usize, usize)]) -> Result<(), Error> {
    let mut rest = numbers;
    while let [(quantity, needed, given), tail @ ..] = rest {
        if *needed != *given {
            return Err(Error::Pointwise {
                quantity: *quantity,
                needed: *needed,
                given: *given,
            });
        }
        rest = tail;
    }
    Ok(())
}
