//! What a call returns, and what it says of an error.

use super::geometry::AlgorithmName;
use crate::error::{Reason, Refused};
use crate::{Argument, Axis, Error, Quantity};
use core::ffi::{CStr, c_char};
use core::mem::MaybeUninit;

/// What a call returns: 0, or why it was refused. Nothing has been written when it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// Done.
    Ok = 0,
    /// A pointer is NULL that must not be.
    Null = 1,
    /// A pointer is not a multiple of its type's alignment: `needed`, and the remainder `given`.
    Misaligned = 2,
    /// So many elements cannot lie at a pointer.
    NoMemory = 3,
    /// What is to be written overlaps another argument, `other_argument`.
    Overlap = 4,
    /// The plan was never made by the function that makes such plans.
    NoPlan = 5,
    /// A number is none of those that have a name.
    NoSuchName = 6,
    /// A number is zero that must be at least one: `quantity`.
    Zero = 7,
    /// A number is larger than this target can address: `quantity`.
    TooLarge = 8,
    /// The groups, `needed`, do not divide the channels or the filters, whichever `quantity` says,
    /// which are `given`.
    Groups = 9,
    /// The dilated window is `needed` long, the padded input `given`, along `axis`.
    Window = 10,
    /// The range to clamp to is empty, or one of its ends is not a number of the type.
    Clamp = 11,
    /// The algorithm cannot compute this geometry.
    Algorithm = 12,
    /// The algorithm may be further off than is allowed: `needed_bound`, `given_bound`.
    ErrorBound = 13,
    /// The algorithm needs more bytes of scratch than are allowed.
    ScratchBytes = 14,
    /// A zero point is not a number of the input's or output's type.
    ZeroPoint = 15,
    /// The scale or multiplier of filter `at` is negative, not a number, or too large.
    Multiplier = 16,
    /// The sums of filter `at` can leave the integers that hold them: 32 bits, or 48 with int16.
    Accumulator = 17,
    /// The function is not for the type that the plan says.
    Type = 18,
    /// An array has the wrong number of elements.
    Length = 19,
    /// A layer cannot follow another at once.
    Pointwise = 20,
    /// Rows `at` to `given` are not all rows of the output, which has `needed`.
    Rows = 21,
    /// Rows `at` to `given` do not start and end at a multiple of `needed`.
    RowGranularity = 22,
    /// Bytes that should hold packed weights lie `given` past a multiple of `needed`.
    Alignment = 23,
    /// The packed weights carry no seal: they were never packed.
    NotPacked = 24,
    /// The packed weights are in another version of the format.
    PackedVersion = 25,
    /// The packed weights were packed for another layer.
    PackedGeometry = 26,
    /// The weights were packed for another algorithm: numbers of `microconv_algorithm`.
    PackedAlgorithm = 27,
    /// No level has this name on any CPU.
    LevelUnknown = 28,
    /// This CPU or this build does not have the level.
    LevelAbsent = 29,
}

/// Which argument an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum CallArgument {
    None = 0,
    Plan = 1,
    Geometry = 2,
    Quantization = 3,
    Input = 4,
    Weights = 5,
    Bias = 6,
    /// Scales or multipliers.
    Scales = 7,
    Shifts = 8,
    Packed = 9,
    Scratch = 10,
    Output = 11,
    Level = 12,
    /// The name of a level.
    Name = 13,
    /// The order of the weights, the rounding, the type, the kind of padding or the algorithm.
    Choice = 14,
    /// Where the call writes what it was asked for.
    Result = 15,
    /// Input and output of a layer that overwrites its input.
    Memory = 16,
    Lines = 17,
    Magnitudes = 18,
    /// The packed weights of the second of two layers.
    PackedPointwise = 19,
    /// The plan of the first of two layers.
    Spatial = 20,
    /// The plan of the second.
    Pointwise = 21,
}

/// The number of a geometry that an error is about, or one that follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum GeometryNumber {
    None = 0,
    Batch = 1,
    Input = 2,
    Channels = 3,
    Filters = 4,
    Kernel = 5,
    Stride = 6,
    Dilation = 7,
    Groups = 8,
    Padding = 9,
    /// Elements of the padded input.
    InputLen = 10,
    OutputLen = 11,
    PackedLen = 12,
    /// Multiply-accumulates.
    Macs = 13,
    ReceptiveField = 14,
}

/// The spatial axis that an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum SpatialAxis {
    None = 0,
    Depth = 1,
    Height = 2,
    Width = 3,
}

/// What was wrong. Every call takes a pointer to one, or NULL, and fills it in whatever it returns.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct ErrorInfo {
    /// What the call returned.
    pub status: Status,
    /// The argument that it is about.
    pub argument: CallArgument,
    /// The other argument that it is about, when two overlap.
    pub other_argument: CallArgument,
    /// The number of the geometry that it is about.
    pub quantity: GeometryNumber,
    /// Its axis.
    pub axis: SpatialAxis,
    /// What was needed, where that is a number.
    pub needed: usize,
    /// What was given instead.
    pub given: usize,
    /// The filter, or the first row.
    pub at: usize,
    /// The bound of an error that is needed, in units of a sum of magnitudes.
    pub needed_bound: f64,
    /// The bound that is allowed.
    pub given_bound: f64,
}

/// Where a call tells why it is refused. What it returns in itself is only the status, so that no call
/// that passes carries more along.
#[derive(Clone, Copy)]
pub(super) struct Info(*mut ErrorInfo);

impl Info {
    /// Nobody wants to know.
    pub const NONE: Self = Info(core::ptr::null_mut());

    /// # Safety
    ///
    /// The pointer is null or misaligned, or can be written as long as this is used.
    pub const unsafe fn at(info: *mut ErrorInfo) -> Self {
        Info(info)
    }

    /// Whether anybody wants to know.
    #[inline(always)]
    fn is_wanted(self) -> bool {
        !self.0.is_null() && self.0.is_aligned()
    }

    /// Where to tell, so far of a call that passed; nothing if nobody wants to know.
    #[inline(always)]
    fn told<'a>(self) -> Option<&'a mut ErrorInfo> {
        if !self.is_wanted() {
            return None;
        }
        let info = self.0;
        const WORD: usize = size_of::<u32>();
        const { assert!(size_of::<ErrorInfo>().is_multiple_of(WORD)) };
        for word in 0..size_of::<ErrorInfo>() / WORD {
            // SAFETY: see `at`; all zeros are of each member. Word by word, as the compiler would call `memset` for
            // so many, and small firmware would not link that for anything else.
            unsafe { info.cast::<u32>().add(word).write_volatile(0) };
        }
        // SAFETY: as above.
        Some(unsafe { &mut *info })
    }

    /// Something that only C can get wrong.
    pub fn about(self, status: Status, argument: CallArgument) -> Status {
        self.numbers(status, [argument, CallArgument::None], [0, 0])
    }

    /// The same, with what was needed and given, and another argument.
    #[inline(never)]
    pub fn numbers(
        self,
        status: Status,
        [argument, other_argument]: [CallArgument; 2],
        [needed, given]: [usize; 2],
    ) -> Status {
        if let Some(told) = self.told() {
            told.status = status;
            told.argument = argument;
            told.other_argument = other_argument;
            told.needed = needed;
            told.given = given;
        }
        status
    }

    /// What a method of Rust refuses.
    #[inline(always)]
    pub fn passed_on<T>(self, result: Result<T, Error>) -> Result<T, Status> {
        result.map_err(|error| self.layer(&error))
    }

    /// The same of a method that has nothing to return.
    #[inline(always)]
    pub fn passed(self, result: &Result<(), Error>) -> Result<(), Status> {
        match result {
            Ok(()) => Ok(()),
            Err(error) => Err(self.layer(error)),
        }
    }

    /// The same, of an argument that the error itself does not tell from another.
    pub fn passed_about(
        self,
        result: &Result<(), Error>,
        argument: CallArgument,
    ) -> Result<(), Status> {
        let passed = self.passed(result);
        if passed.is_err() && self.is_wanted() {
            // SAFETY: see `at`; it has been told.
            unsafe { (*self.0).argument = argument };
        }
        passed
    }

    /// What a run of int8 refuses: small firmware links no more than that.
    #[inline(always)]
    pub fn refused(self, refused: &Refused) -> Status {
        let status = match refused.reason {
            Reason::Type => Status::Type,
            Reason::Length => Status::Length,
            Reason::NotPacked => Status::NotPacked,
            Reason::PackedVersion => Status::PackedVersion,
            Reason::PackedGeometry => Status::PackedGeometry,
        };
        let numbers = match refused.reason {
            // They have names, which C does not have.
            Reason::Type => [0; 2],
            _ => [refused.needed, refused.given],
        };
        let argument = match refused.argument {
            Argument::Input => CallArgument::Input,
            Argument::Output => CallArgument::Output,
            _ => CallArgument::Packed,
        };
        self.numbers(status, [argument, CallArgument::None], numbers)
    }

    // One copy for all functions.
    #[inline(never)]
    fn layer(self, error: &Error) -> Status {
        let mut aside = ErrorInfo::ok();
        let told = self.told().unwrap_or(&mut aside);
        (told.status, told.argument) = told.fill(error);
        told.status
    }
}

impl ErrorInfo {
    /// What is told of a call that passed.
    fn ok() -> Self {
        let mut told = MaybeUninit::uninit();
        Info(told.as_mut_ptr()).told();
        // SAFETY: it was told.
        unsafe { told.assume_init() }
    }

    fn about_numbers(&mut self, needed: usize, given: usize) {
        self.needed = needed;
        self.given = given;
    }

    fn about_quantity(&mut self, quantity: Quantity) {
        let (number, axis) = match quantity {
            Quantity::Batch => (GeometryNumber::Batch, None),
            Quantity::Input(axis) => (GeometryNumber::Input, Some(axis)),
            Quantity::Channels => (GeometryNumber::Channels, None),
            Quantity::Filters => (GeometryNumber::Filters, None),
            Quantity::Kernel(axis) => (GeometryNumber::Kernel, Some(axis)),
            Quantity::Stride(axis) => (GeometryNumber::Stride, Some(axis)),
            Quantity::Dilation(axis) => (GeometryNumber::Dilation, Some(axis)),
            Quantity::Groups => (GeometryNumber::Groups, None),
            Quantity::Padding(axis) => (GeometryNumber::Padding, Some(axis)),
            Quantity::InputLen => (GeometryNumber::InputLen, None),
            Quantity::OutputLen => (GeometryNumber::OutputLen, None),
            Quantity::PackedLen => (GeometryNumber::PackedLen, None),
            Quantity::Macs => (GeometryNumber::Macs, None),
            Quantity::ReceptiveField(axis) => (GeometryNumber::ReceptiveField, Some(axis)),
        };
        self.quantity = number;
        if let Some(axis) = axis {
            self.axis = axis.into();
        }
    }

    /// What an error says, but for status and argument, which are returned.
    fn fill(&mut self, error: &Error) -> (Status, CallArgument) {
        let mut argument = CallArgument::None;
        let status = match *error {
            Error::Zero(quantity) => {
                argument = CallArgument::Geometry;
                self.about_quantity(quantity);
                Status::Zero
            }
            Error::Overflow(quantity) => {
                argument = CallArgument::Geometry;
                self.about_quantity(quantity);
                Status::TooLarge
            }
            Error::Groups {
                groups,
                channels,
                filters,
            } => {
                let divides = channels.checked_rem(groups) == Some(0);
                let (quantity, given) = match divides {
                    true => (GeometryNumber::Filters, filters),
                    false => (GeometryNumber::Channels, channels),
                };
                argument = CallArgument::Geometry;
                self.quantity = quantity;
                self.about_numbers(groups, given);
                Status::Groups
            }
            Error::Window {
                axis,
                needed,
                given,
            } => {
                argument = CallArgument::Geometry;
                self.axis = axis.into();
                self.about_numbers(needed, given);
                Status::Window
            }
            Error::Clamp { min: _, max: _ } => Status::Clamp,
            Error::Algorithm(_) => {
                argument = CallArgument::Choice;
                Status::Algorithm
            }
            Error::ErrorBound {
                algorithm: _,
                needed,
                given,
            } => {
                self.needed_bound = needed;
                self.given_bound = given;
                Status::ErrorBound
            }
            Error::ScratchBytes {
                algorithm: _,
                needed,
                given,
            } => {
                self.about_numbers(needed, given);
                Status::ScratchBytes
            }
            Error::ZeroPoint {
                argument: whose,
                given: _,
            } => {
                argument = whose.into();
                Status::ZeroPoint
            }
            Error::Multiplier { filter } => {
                self.at = filter;
                argument = CallArgument::Scales;
                Status::Multiplier
            }
            Error::Accumulator { filter } => {
                self.at = filter;
                argument = CallArgument::Weights;
                Status::Accumulator
            }
            Error::Pointwise {
                quantity,
                needed,
                given,
            } => {
                argument = CallArgument::Pointwise;
                self.about_quantity(quantity);
                self.about_numbers(needed, given);
                Status::Pointwise
            }
            Error::Rows { needed, start, end } => {
                self.at = start;
                self.about_numbers(needed, end);
                Status::Rows
            }
            Error::RowGranularity { needed, start, end } => {
                self.at = start;
                self.about_numbers(needed, end);
                Status::RowGranularity
            }
            Error::LevelUnknown => {
                argument = CallArgument::Name;
                Status::LevelUnknown
            }
            Error::LevelAbsent(_) => {
                argument = CallArgument::Name;
                Status::LevelAbsent
            }
            Error::Alignment { needed, given } => {
                argument = CallArgument::Packed;
                self.about_numbers(needed, given);
                Status::Alignment
            }
            Error::Type {
                argument: whose,
                needed: _,
                given: _,
            } => {
                argument = whose.into();
                Status::Type
            }
            Error::Length {
                argument: whose,
                needed,
                given,
            } => {
                argument = whose.into();
                self.about_numbers(needed, given);
                Status::Length
            }
            Error::NotPacked => {
                argument = CallArgument::Packed;
                Status::NotPacked
            }
            Error::PackedVersion { needed, given } => {
                argument = CallArgument::Packed;
                self.about_numbers(needed as usize, given as usize);
                Status::PackedVersion
            }
            Error::PackedGeometry { needed, given } => {
                argument = CallArgument::Packed;
                self.about_numbers(needed as usize, given as usize);
                Status::PackedGeometry
            }
            Error::PackedAlgorithm { needed, given } => {
                argument = CallArgument::Packed;
                let [needed, given] = [needed, given].map(AlgorithmName::from);
                self.about_numbers(needed as usize, given as usize);
                Status::PackedAlgorithm
            }
        };
        (status, argument)
    }
}

impl From<Axis> for SpatialAxis {
    fn from(axis: Axis) -> Self {
        match axis {
            Axis::Depth => SpatialAxis::Depth,
            Axis::Height => SpatialAxis::Height,
            Axis::Width => SpatialAxis::Width,
        }
    }
}

impl From<Argument> for CallArgument {
    fn from(argument: Argument) -> Self {
        match argument {
            Argument::Input => CallArgument::Input,
            Argument::Weights => CallArgument::Weights,
            Argument::Bias => CallArgument::Bias,
            Argument::Scales => CallArgument::Scales,
            Argument::Packed => CallArgument::Packed,
            Argument::Scratch => CallArgument::Scratch,
            Argument::Output => CallArgument::Output,
            Argument::Magnitudes => CallArgument::Magnitudes,
            Argument::Memory => CallArgument::Memory,
            Argument::Lines => CallArgument::Lines,
            Argument::PackedPointwise => CallArgument::PackedPointwise,
        }
    }
}

/// Ends a call: gives the status, which has been told unless the call passed.
pub(super) fn end(result: Result<(), Status>, info: Info) -> Status {
    match result {
        Ok(()) => info.about(Status::Ok, CallArgument::None),
        Err(status) => status,
    }
}

/// The text at an index, or one that says that there is none.
fn text(texts: &[&'static CStr], index: u32) -> *const c_char {
    match texts.get(index as usize) {
        Some(text) => text.as_ptr(),
        None => c"unknown".as_ptr(),
    }
}

/// A text for a status, of one line, in English. Never NULL.
///
/// @param status What a call has returned.
/// @return A static string.
#[unsafe(no_mangle)]
pub extern "C" fn microconv_status_text(status: u32) -> *const c_char {
    const TEXTS: [&CStr; 30] = [
        c"done",
        c"a pointer is NULL",
        c"a pointer is misaligned for its type",
        c"so many elements cannot lie at a pointer",
        c"what is to be written overlaps another argument",
        c"the plan was never made",
        c"a number is none of those that have a name",
        c"a number is 0, at least 1 is needed",
        c"a number is larger than this target can address",
        c"groups must divide both input channels and filters",
        c"the dilated window is longer than the padded input",
        c"the range to clamp to is empty or not of the type",
        c"the algorithm cannot compute this geometry",
        c"the algorithm may be further off than is allowed",
        c"the algorithm needs more scratch than is allowed",
        c"a zero point is not a number of the type",
        c"a filter's scale is negative, not a number, or too large",
        c"a filter's sums can leave the integers that hold them",
        c"the function is not for the type of the plan",
        c"an array has the wrong number of elements",
        c"a layer cannot follow another at once",
        c"these are not rows of the output",
        c"the rows are not whole tiles of the algorithm",
        c"packed weights are misaligned",
        c"the packed weights carry no seal",
        c"the packed weights are in another version of the format",
        c"the weights were packed for another layer",
        c"the weights were packed for another algorithm",
        c"no level has this name",
        c"this CPU or this build does not have the level",
    ];
    const { assert!(TEXTS.len() == Status::LevelAbsent as usize + 1) };
    text(&TEXTS, status)
}

/// The name of an argument, as the errors have it. Never NULL.
///
/// @param argument An argument of an error.
/// @return A static string.
#[unsafe(no_mangle)]
pub extern "C" fn microconv_argument_text(argument: u32) -> *const c_char {
    const TEXTS: [&CStr; 22] = [
        c"none",
        c"plan",
        c"geometry",
        c"quantization",
        c"input",
        c"weights",
        c"bias",
        c"scales",
        c"shifts",
        c"packed",
        c"scratch",
        c"output",
        c"level",
        c"name",
        c"choice",
        c"result",
        c"memory",
        c"lines",
        c"magnitudes",
        c"packed pointwise",
        c"spatial",
        c"pointwise",
    ];
    const { assert!(TEXTS.len() == CallArgument::Pointwise as usize + 1) };
    text(&TEXTS, argument)
}

/// The name of a number of a geometry, as the errors have it. Never NULL.
///
/// @param quantity A quantity of an error.
/// @return A static string.
#[unsafe(no_mangle)]
pub extern "C" fn microconv_quantity_text(quantity: u32) -> *const c_char {
    const TEXTS: [&CStr; 15] = [
        c"none",
        c"batch",
        c"input",
        c"channels",
        c"filters",
        c"kernel",
        c"stride",
        c"dilation",
        c"groups",
        c"padding",
        c"padded input length",
        c"output length",
        c"packed length",
        c"multiply-accumulates",
        c"receptive field",
    ];
    const { assert!(TEXTS.len() == GeometryNumber::ReceptiveField as usize + 1) };
    text(&TEXTS, quantity)
}
