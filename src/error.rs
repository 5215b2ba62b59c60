//! What can be wrong, and what was needed.

use crate::algorithm::Algorithm;
use core::fmt;

/// One of the three spatial axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    Depth,
    Height,
    Width,
}

impl Axis {
    pub(crate) const ALL: [Axis; 3] = [Axis::Depth, Axis::Height, Axis::Width];
}

/// A number of a [`Geometry`](crate::Geometry), or one that follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quantity {
    Batch,
    /// The input's size along an axis.
    Input(Axis),
    /// Input channels.
    Channels,
    Filters,
    /// The window's size along an axis.
    Kernel(Axis),
    Stride(Axis),
    Dilation(Axis),
    Groups,
    /// The padding on both sides along an axis.
    Padding(Axis),
    /// Elements of the whole input, its padding included.
    InputLen,
    /// Elements of the whole output.
    OutputLen,
    /// Elements of the packed weights.
    PackedLen,
    /// Multiply-accumulates.
    Macs,
    /// The receptive field of a chain of layers, along an axis.
    ReceptiveField(Axis),
}

/// A slice that a call takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Argument {
    Input,
    Weights,
    Bias,
    /// The scales or multipliers of [`Scales`](crate::Scales).
    Scales,
    Packed,
    Scratch,
    Output,
    /// The second output of [`reference::conv`](crate::reference::conv).
    Magnitudes,
    /// Input and output of a layer that overwrites its input.
    Memory,
    /// Output rows of a layer that overwrites its input.
    Lines,
    /// The packed weights of a [`SeparableF32`](crate::SeparableF32)'s pointwise layer.
    PackedPointwise,
}

/// Why a call was refused. Nothing has been written when one is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A number is zero that must be at least one.
    Zero(Quantity),
    /// A number is larger than this target can address.
    Overflow(Quantity),
    /// `groups` does not divide the input channels, or does not divide the filters.
    Groups {
        groups: usize,
        channels: usize,
        filters: usize,
    },
    /// The dilated window is longer than the padded input along an axis.
    Window {
        axis: Axis,
        /// Length of the dilated window.
        needed: usize,
        /// Length of the input with its padding.
        given: usize,
    },
    /// The range to clamp to is empty, or one of its ends is not a number.
    Clamp { min: f32, max: f32 },
    /// The algorithm cannot compute this geometry: a Winograd algorithm needs a window of 3x3 pixels,
    /// one deep, with stride and dilation 1 along both.
    Algorithm(Algorithm),
    /// The algorithm may be further off than the [`Limits`](crate::Limits) allow.
    ErrorBound {
        algorithm: Algorithm,
        /// What the algorithm would need to be allowed.
        needed: f64,
        given: f64,
    },
    /// The algorithm needs more scratch than the [`Limits`](crate::Limits) allow. In bytes.
    ScratchBytes {
        algorithm: Algorithm,
        needed: usize,
        given: usize,
    },
    /// A zero point is not a number of the input's or output's type.
    ZeroPoint { argument: Argument, given: i32 },
    /// A filter's scale or multiplier is negative, not a number, or too large.
    Multiplier { filter: usize },
    /// The sums of this filter can leave the integers that they are to fit, of 32 bits, or of 48 where
    /// activations are int16: its weights are too many or too large.
    Accumulator { filter: usize },
    /// A slice is of another type than the plan's [`Quantization`](crate::Quantization) says.
    Type {
        argument: Argument,
        needed: &'static str,
        given: &'static str,
    },
    /// A slice has the wrong number of elements.
    Length {
        argument: Argument,
        needed: usize,
        given: usize,
    },
    /// A layer cannot follow another at once: it is not pointwise, or its input is not the other's
    /// output.
    Pointwise {
        quantity: Quantity,
        needed: usize,
        given: usize,
    },
    /// The rows asked for are not all rows of the output.
    Rows {
        /// Rows that the output has.
        needed: usize,
        start: usize,
        end: usize,
    },
    /// The algorithm computes several rows at once, and the rows asked for cut through them: see
    /// [`ConvF32::row_granularity`](crate::ConvF32::row_granularity).
    RowGranularity {
        needed: usize,
        start: usize,
        end: usize,
    },
    /// Bytes that should hold packed weights do not lie at a multiple of `needed`.
    Alignment {
        needed: usize,
        /// The remainder of the address.
        given: usize,
    },
    /// The packed weights end with no seal: they were never packed, or not by this crate.
    NotPacked,
    /// The packed weights are in another version of the format.
    PackedVersion { needed: u32, given: u32 },
    /// The packed weights were packed for another layer (kernel, dilation, channels, filters or
    /// groups differ).
    PackedGeometry { needed: u32, given: u32 },
    /// The weights were packed for another algorithm.
    PackedAlgorithm { needed: Algorithm, given: Algorithm },
    /// No level has this name on any CPU.
    LevelUnknown,
    /// The level is one of this crate's, and this CPU or this build does not have it.
    LevelAbsent(&'static str),
}

/// Why a run of int8 is refused, in so few words that firmware in C need not know all of [`Error`].
pub(crate) struct Refused {
    pub reason: Reason,
    pub argument: Argument,
    /// Of types, their numbers.
    pub needed: usize,
    pub given: usize,
}

/// What is wrong with an argument; the numbers are those of C's statuses.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Reason {
    Type = 18,
    Length = 19,
    NotPacked = 24,
    PackedVersion = 25,
    PackedGeometry = 26,
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        let Refused {
            reason,
            argument,
            needed,
            given,
        } = refused;
        let name = |number| match number {
            0 => "int8",
            _ => "uint8",
        };
        match reason {
            Reason::Type => Error::Type {
                argument,
                needed: name(needed),
                given: name(given),
            },
            Reason::Length => Error::Length {
                argument,
                needed,
                given,
            },
            Reason::NotPacked => Error::NotPacked,
            Reason::PackedVersion => Error::PackedVersion {
                needed: needed as u32,
                given: given as u32,
            },
            Reason::PackedGeometry => Error::PackedGeometry {
                needed: needed as u32,
                given: given as u32,
            },
        }
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Axis::Depth => "depth",
            Axis::Height => "height",
            Axis::Width => "width",
        })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, axis) = match self {
            Quantity::Batch => ("batch", None),
            Quantity::Input(axis) => ("input", Some(axis)),
            Quantity::Channels => ("input channels", None),
            Quantity::Filters => ("filters", None),
            Quantity::Kernel(axis) => ("kernel", Some(axis)),
            Quantity::Stride(axis) => ("stride", Some(axis)),
            Quantity::Dilation(axis) => ("dilation", Some(axis)),
            Quantity::Groups => ("groups", None),
            Quantity::Padding(axis) => ("padding", Some(axis)),
            Quantity::InputLen => ("padded input length", None),
            Quantity::OutputLen => ("output length", None),
            Quantity::PackedLen => ("packed length", None),
            Quantity::Macs => ("multiply-accumulates", None),
            Quantity::ReceptiveField(axis) => ("receptive field", Some(axis)),
        };
        f.write_str(name)?;
        match axis {
            Some(axis) => write!(f, " {axis}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Argument::Input => "input",
            Argument::Weights => "weights",
            Argument::Bias => "bias",
            Argument::Scales => "scales",
            Argument::Packed => "packed weights",
            Argument::Scratch => "scratch",
            Argument::Output => "output",
            Argument::Magnitudes => "magnitudes",
            Argument::Memory => "memory",
            Argument::Lines => "lines",
            Argument::PackedPointwise => "packed pointwise weights",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Error::Zero(quantity) => write!(f, "{quantity} is 0, at least 1 is needed"),
            Error::Overflow(quantity) => {
                write!(f, "{quantity} is larger than this target can address")
            }
            Error::Groups {
                groups,
                channels,
                filters,
            } => write!(
                f,
                "{groups} groups must divide both {channels} input channels and {filters} filters"
            ),
            Error::Window {
                axis,
                needed,
                given,
            } => write!(
                f,
                "the window needs {needed} along {axis}, the padded input has {given}"
            ),
            Error::Clamp { min, max } => {
                write!(f, "the range {min} to {max} holds no number to clamp to")
            }
            Error::Algorithm(algorithm) => write!(
                f,
                "{algorithm} needs a window of 1x3x3 with stride and dilation 1"
            ),
            Error::ErrorBound {
                algorithm,
                needed,
                given,
            } => write!(
                f,
                "{algorithm} may be off by {needed:e}, at most {given:e} is allowed"
            ),
            Error::ScratchBytes {
                algorithm,
                needed,
                given,
            } => write!(
                f,
                "{algorithm} needs {needed} bytes of scratch, {given} are allowed"
            ),
            Error::ZeroPoint { argument, given } => {
                write!(
                    f,
                    "{argument}: its type has no {given} to be the zero point"
                )
            }
            Error::Multiplier { filter } => write!(
                f,
                "filter {filter}: its scale is negative, not a number, or too large"
            ),
            Error::Accumulator { filter } => {
                write!(
                    f,
                    "filter {filter}: its sums can leave the 32-bit integers, with int16 activations those of 48 bits"
                )
            }
            Error::Type {
                argument,
                needed,
                given,
            } => write!(f, "{argument}: {needed} needed, {given} given"),
            Error::Length {
                argument,
                needed,
                given,
            } => write!(f, "{argument}: {needed} elements needed, {given} given"),
            Error::Pointwise {
                quantity,
                needed,
                given,
            } => write!(
                f,
                "{quantity} of the pointwise layer is {given}, {needed} is needed"
            ),
            Error::Rows { needed, start, end } => {
                write!(
                    f,
                    "rows {start}..{end} are not within the {needed} rows of the output"
                )
            }
            Error::RowGranularity { needed, start, end } => write!(
                f,
                "rows {start}..{end} do not start and end at a multiple of {needed} rows of a plane"
            ),
            Error::Alignment { needed, given } => write!(
                f,
                "packed weights must lie at a multiple of {needed} bytes, they lie {given} past one"
            ),
            Error::NotPacked => f.write_str("the packed weights carry no seal of this crate"),
            Error::PackedVersion { needed, given } => write!(
                f,
                "the weights are packed in format version {given}, version {needed} is needed"
            ),
            Error::PackedGeometry { needed, given } => write!(
                f,
                "the weights were packed for layer {given:#010x}, layer {needed:#010x} is needed"
            ),
            Error::PackedAlgorithm { needed, given } => {
                write!(f, "the weights are packed for {given}, not for {needed}")
            }
            Error::LevelUnknown => f.write_str("no level has this name"),
            Error::LevelAbsent(name) => {
                write!(
                    f,
                    "level {name} is not available on this CPU or in this build"
                )
            }
        }
    }
}

impl core::error::Error for Error {}
