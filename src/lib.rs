#![no_std]
#![deny(unsafe_op_in_unsafe_fn)]
#![deny(clippy::undocumented_unsafe_blocks)]

#[cfg(feature = "std")]
extern crate std;

mod activation;
mod conv;
mod error;
mod geometry;
mod kernel;
mod pack;
pub mod reference;
mod simd;

pub use activation::Activation;
pub use conv::ConvF32;
pub use error::{Argument, Axis, Error, Quantity};
pub use geometry::{Geometry, Layout, Padding, Sizes, receptive_field};
pub use pack::Weights;
pub use simd::*;
