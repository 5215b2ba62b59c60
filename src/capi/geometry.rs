//! Geometries, choices and sizes as C has them.

use super::error::{CallArgument, Info, Status};
use crate::{Algorithm, Geometry, Layout, Padding, Weights};

/// The zeros that surround an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum PaddingName {
    /// None: every window lies inside the input.
    Valid = 0,
    /// As much as makes the output `ceil(input / stride)`; the odd one comes after.
    Same = 1,
    /// As the sides say.
    Explicit = 2,
}

/// One convolution. The three axes are depth, height and width; what has fewer is 1 along the first.
/// `MICROCONV_CONV2D` and its kin fill one in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct LayerGeometry {
    /// Images.
    pub batch: usize,
    /// Depth, height and width of the input.
    pub input: [usize; 3],
    /// Channels of the input.
    pub channels: usize,
    /// Channels of the output.
    pub filters: usize,
    /// Depth, height and width of the window.
    pub kernel: [usize; 3],
    /// Distance between windows.
    pub stride: [usize; 3],
    /// Distance between taps.
    pub dilation: [usize; 3],
    /// Channels and filters are cut into so many equal parts, and part meets part only. Depthwise: as
    /// many as channels.
    pub groups: usize,
    /// A `microconv_padding`.
    pub padding: u32,
    /// With `MICROCONV_PADDING_EXPLICIT`: front and back, top and bottom, left and right.
    pub sides: [[usize; 2]; 3],
}

impl LayerGeometry {
    pub(super) fn checked(&self, info: Info) -> Result<Geometry, Status> {
        Ok(self.with(self.named_padding(info)?))
    }

    #[inline(always)]
    pub(super) fn named_padding(&self, info: Info) -> Result<Padding, Status> {
        match self.padding {
            0 => Ok(Padding::Valid),
            1 => Ok(Padding::Same),
            2 => Ok(Padding::Explicit(self.sides)),
            other => Err(no_such_name(PaddingName::Explicit as usize, other, info)),
        }
    }

    #[inline(always)]
    pub(super) fn with(&self, padding: Padding) -> Geometry {
        Geometry {
            layout: Layout::ChannelsLast,
            batch: self.batch,
            input: self.input,
            channels: self.channels,
            filters: self.filters,
            kernel: self.kernel,
            stride: self.stride,
            dilation: self.dilation,
            padding,
            groups: self.groups,
        }
    }
}

/// The order of weights, row-major. A filter reads `channels / groups` channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum WeightsOrder {
    /// `[filter][depth][height][width][channel]`: TensorFlow Lite.
    Ohwi = 0,
    /// `[filter][channel][depth][height][width]`: ONNX, PyTorch.
    Oihw = 1,
    /// `[depth][height][width][channel][filter]`: TensorFlow, Keras; and TensorFlow Lite's depthwise
    /// `1HWO`, where a filter reads one channel.
    Hwio = 2,
}

pub(super) fn ordered<T>(order: u32, weights: &[T], info: Info) -> Result<Weights<'_, T>, Status> {
    match order {
        0 => Ok(Weights::Ohwi(weights)),
        1 => Ok(Weights::Oihw(weights)),
        2 => Ok(Weights::Hwio(weights)),
        other => Err(no_such_name(WeightsOrder::Hwio as usize, other, info)),
    }
}

/// How a convolution of float is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum AlgorithmName {
    /// The one that is expected to be the fastest of those that keep the limits.
    Auto = 0,
    /// Sums of products, without scratch.
    Direct = 1,
    /// The fastest of the next three that keeps the limits.
    Winograd = 2,
    /// Winograd's minimal filtering, for windows of 3x3 with stride and dilation 1; tiles of 2x2.
    Winograd2x2 = 3,
    /// Tiles of 4x4.
    Winograd4x4 = 4,
    /// Tiles of 6x6.
    Winograd6x6 = 5,
}

impl From<Algorithm> for AlgorithmName {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Auto => AlgorithmName::Auto,
            Algorithm::Direct => AlgorithmName::Direct,
            Algorithm::Winograd => AlgorithmName::Winograd,
            Algorithm::Winograd2x2 => AlgorithmName::Winograd2x2,
            Algorithm::Winograd4x4 => AlgorithmName::Winograd4x4,
            Algorithm::Winograd6x6 => AlgorithmName::Winograd6x6,
        }
    }
}

pub(super) fn algorithm(number: u32, info: Info) -> Result<Algorithm, Status> {
    Ok(match number {
        0 => Algorithm::Auto,
        1 => Algorithm::Direct,
        2 => Algorithm::Winograd,
        3 => Algorithm::Winograd2x2,
        4 => Algorithm::Winograd4x4,
        5 => Algorithm::Winograd6x6,
        other => {
            return Err(no_such_name(
                AlgorithmName::Winograd6x6 as usize,
                other,
                info,
            ));
        }
    })
}

/// `needed` is the last number that has a name.
pub(super) fn no_such_name(last: usize, given: u32, info: Info) -> Status {
    info.numbers(
        Status::NoSuchName,
        [CallArgument::Choice, CallArgument::None],
        [last, given as usize],
    )
}

/// All sizes of a plan. Lengths are numbers of elements, not of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct PlanSizes {
    /// Elements of the input, the whole batch.
    pub input_len: usize,
    /// Elements of the output, the whole batch.
    pub output_len: usize,
    /// Elements of the weights before they are packed.
    pub weights_len: usize,
    /// Elements of the packed weights: floats, or words of 32 bits for int8.
    pub packed_len: usize,
    /// Floats of scratch that a run makes the best use of; 0 for the direct algorithm and int8.
    pub scratch_len: usize,
    /// Floats of scratch that a run needs at least.
    pub least_scratch_len: usize,
    /// Batch, depth, height, width and channels of the output.
    pub output: [usize; 5],
    /// Rows of the output, counted through batch, depth and height.
    pub output_rows: usize,
    /// Elements of an output row: `[width][channel]`.
    pub output_row_len: usize,
    /// Elements of an input row: `[width][channel]`.
    pub input_row_len: usize,
    /// What ranges of rows must start and end at a multiple of, within each plane of rows.
    pub row_granularity: usize,
    /// Multiply-accumulates of a run, with the taps in the padding counted.
    pub macs: u64,
}

/// The sizes that all plans have.
macro_rules! plan_sizes {
    ($plan:expr, $scratch_len:expr, $least_scratch_len:expr, $row_granularity:expr) => {
        PlanSizes {
            input_len: $plan.input_len(),
            output_len: $plan.output_len(),
            weights_len: $plan.weights_len(),
            packed_len: $plan.packed_len(),
            scratch_len: $scratch_len,
            least_scratch_len: $least_scratch_len,
            output: $plan.output_shape(),
            output_rows: $plan.output_rows(),
            output_row_len: $plan.output_row_len(),
            input_row_len: $plan.input_row_len(),
            row_granularity: $row_granularity,
            macs: $plan.macs(),
        }
    };
}

pub(super) use plan_sizes;
