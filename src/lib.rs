//! Convolution microkernels for firmware and edge programs: `no_std`, no allocation, no panic.
//!
//! ```
//! use microconv::{Activation, ConvF32, Geometry, Level, Padding, Weights};
//!
//! // What is computed: 3x3 over a 32x32 image of 3 channels, 8 filters, the same size out.
//! const LAYER: Geometry = Geometry::conv2d([32, 32, 3], 8, [3, 3]).padding(Padding::Same);
//!
//! // Checked once; every size is known from here on, at compile time if wanted.
//! let plan = ConvF32::new(LAYER, Activation::RELU)?;
//!
//! // Weights are packed once, for every instruction set and image size.
//! let weights = vec![0.1; plan.weights_len()];
//! let mut packed = vec![0.0; plan.packed_len()];
//! plan.pack(Weights::Ohwi(&weights), None, &mut packed)?;
//!
//! // The instruction set is asked for once and handed along.
//! let level = Level::detect();
//! let image = vec![1.0; plan.input_len()];
//! let mut output = vec![0.0; plan.output_len()];
//! plan.run(level, &image, &packed, &mut output, &mut [])?;
//! # assert!((output[0] - 1.2).abs() < 1e-6);
//! # Ok::<(), microconv::Error>(())
//! ```
//!
//! # int8
//!
//! [`ConvI8`] is the same for quantized layers: int8 or uint8 activations and int8 weights, with the
//! bits of TensorFlow Lite's reference kernels, or of whichever [`Rounding`] is asked for.
//!
//! [`ConvI16`] does so with int16 activations, TensorFlow Lite's "16x8".
//!
//! # The words
//!
//! A *geometry* ([`Geometry`]) is shapes, window, stride, dilation, padding and groups. A *plan*
//! ([`ConvF32`]) is a checked geometry with the algorithm chosen. A *level* ([`Level`]) is an
//! instruction set that this CPU is known to have. A *panel* is up to 16 filters of packed weights.
//! A *tile* is the outputs that are held in registers at once, pixels times vectors of channels. A
//! *tap* is one position of the window, a *span* the taps of a window row that lie side by side in
//! memory.
//!
//! # The promises
//!
//! * No allocation, no panic, not one element read or written outside the slices given, any
//!   alignment. What is wrong is an [`Error`] that says what was needed and what was given, before
//!   anything is written. Buffers that start at a multiple of 64 bytes are faster, by up to 8 % with
//!   AVX-512 ([`Aligned`]).
//! * Direct kernels need no scratch, whatever the window and the padding. The int8 kernels of vector
//!   levels take some 45 KiB of stack, those of int16 there 9 KiB; on a Cortex-M a run takes
//!   at most 512 bytes, of all layers and types that `.ci/c` measures (profile `firmware`), but for
//!   f32 layers in place or two at once on a Cortex-M0+: 560.
//! * Sizes are `const fn`, from the same numbers that the kernels run on.
//! * Weights are packed in one format for every level and target.
//! * Every level that fuses multiplication and addition gives the same bits ([`ConvF32`] says
//!   which; [`Level::is_fused`] tells). With integers every level does.
//! * Any range of output rows can be computed alone, from only the input rows that it needs
//!   ([`ConvF32::run_rows`]); by Winograd's algorithms, any of whole rows of tiles
//!   ([`ConvF32::row_granularity`]).
//!
//! # Fewer multiplications
//!
//! [`ConvF32::with_algorithm`] computes 3x3 windows by Winograd's minimal filtering, within
//! [`Limits`] of scratch and of error, chosen for any vectors or [tuned](Limits::tuned) for those of a
//! level. [`ConvF32::new`] always takes the direct kernels.
//!
//! # Less RAM
//!
//! Two ways lead there, and they can be combined. [`SeparableF32`] runs a depthwise layer and the
//! pointwise one behind it a few rows at a time, so that the map between them, often the largest of
//! a network, never exists. [`ConvF32::run_in_place`] leaves the output in the memory of the input,
//! with a few rows of scratch or of distance between them.
//!
//! # How it is built
//!
//! An algorithm is written once, over a trait that every level implements; a level is one file that
//! holds its instructions, its detection and the shape of its tile. The kernels choose nothing at
//! run time but from the plan.
//!
//! Five decisions are worth knowing for whoever reads the code:
//!
//! * *Padding is left out, not multiplied.* A tile is pixels of one output row; of each tap it is
//!   known whether the first or the last pixel misses it, and what lies in the padding is not
//!   computed. No pointers to zeros, no copy of the image, and less work: a 7x7 map under a padded
//!   3x3 window needs 82 % of the multiplications that are counted. It also makes the result of an
//!   infinite weight over padding plain: none.
//! * *int8 inputs are laid out on the stack* where there are vectors, with the zero point in the
//!   padding: rows of the image where the columns of a window lie side by side, else windows. They have
//!   to be widened or have a bit flipped anyway, which is then done once for all filters, and the inner
//!   loop knows no borders. Without vectors the image is read as it lies, and widened again for every
//!   two filters: a Cortex-M4 takes a tenth more instructions for it, and half of the stack. Only where the
//!   channels of a tap are no multiple of four, 28 bytes of two windows are gathered at a time.
//! * *The seal of packed weights stands at their end*, not at their start, so that the panels keep
//!   the alignment of the buffer.
//! * *The tile of AVX-512 is 7 pixels by 2 vectors*, half of what its registers hold. The larger
//!   one is no faster over long sums, and slower over short ones and where 14 pixels fall into the
//!   same set of the first-level cache. Short sums of many filters take 3 pixels by 4 vectors, and
//!   filters that fill no more than half a vector are computed by AVX2's kernels.
//! * *f32 has kernels of their own shape on a Cortex-M.* Where vectors are, each size of a tile is a
//!   copy of the code, which keeps what it needs in variables. There a strip of tiles lies in memory
//!   and loops in assembly take from it what they need: half of the flash, a quarter of the stack.
//!   Winograd's tiles are transformed where they lie in the scratch, which takes a tenth of the flash
//!   that the other targets' code takes there, and a third of the stack or less.

#![no_std]
#![deny(unsafe_op_in_unsafe_fn)]
#![deny(clippy::undocumented_unsafe_blocks)]
#![warn(missing_debug_implementations)]

#[cfg(feature = "std")]
extern crate std;

mod activation;
mod algorithm;
mod aligned;
mod bands;
#[cfg(feature = "capi")]
pub mod capi;
mod constant_plan;
mod conv;
mod conv_i16;
mod conv_i8;
mod error;
mod fixed_point;
mod geometry;
mod in_place;
mod kernel;
mod pack;
mod pack_i16;
mod pack_i8;
mod quant;
mod quant_i16;
pub mod reference;
mod separable;
mod shape;
mod simd;
#[cfg(all(
    target_arch = "arm",
    target_os = "none",
    not(target_abi = "eabihf"),
    not(target_has_atomic = "64"),
))]
mod soft_arithmetic;
mod soft_float;

pub use activation::Activation;
pub use algorithm::{Algorithm, Limits, Tuning};
pub use aligned::Aligned;
pub use constant_plan::CInitializer;
pub use conv::ConvF32;
pub use conv_i8::{ConvI8, Input8, Output8};
pub use conv_i16::ConvI16;
pub use error::{Argument, Axis, Error, Quantity};
pub use geometry::{Geometry, Layout, Padding, Sizes, receptive_field};
pub use pack::Weights;
pub use quant::{Bytes, Multiplier, Quantization, Rounding, Scales};
pub use quant_i16::RangeI16;
pub use separable::SeparableF32;
pub use simd::*;

/// The code of the README is tested with the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
