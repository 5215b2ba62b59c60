//! The C face: the functions behind `include/microconv.h`, in the feature `capi`.
//!
//! It has no logic of its own. A function checks what only C can get wrong (null and misaligned
//! pointers, overlapping memory, plans that were never made, numbers that name nothing), makes slices
//! of pointers and lengths, and calls the method of the same name. Every function returns a
//! [`Status`], and an [`ErrorInfo`] says more to whoever asks. Nothing is written when a call is
//! refused, but for that.
//!
//! The names of the types in C are those of `cbindgen.toml`, which makes the header of this module. What
//! documents its functions is written for Doxygen.
//!
//! Each function is in a section of its own, and calls nothing of the other data type, so a linker
//! that collects unused sections keeps what a program calls.
//!
//! Cargo cannot let a feature decide that a crate is also a static library, and a library that always
//! is one could not do without a panic handler. So the library is built by
//!
//! ```text
//! cargo rustc --profile capi --features capi --crate-type staticlib [--target TARGET]
//! ```
//!
//! whose profile adds link-time optimisation: it hides all symbols but those of the header. For a
//! microcontroller there is the profile `firmware`, the same at opt-level `s`.

// The header is read by programmers of C, who look for what is demanded of them at `@pre`.
#![allow(clippy::missing_safety_doc)]

mod error;
mod f32;
mod geometry;
mod i16;
mod i8;
mod in_place;
mod level;
mod memory;
mod packing;
mod plan;
mod separable;

pub use self::error::*;
pub use self::f32::*;
pub use self::geometry::*;
pub use self::i8::*;
pub use self::i16::*;
pub use self::in_place::*;
pub use self::level::*;
pub use self::separable::*;

use core::ffi::{CStr, c_char};

/// The version of this library, such as `"0.1.0"`.
///
/// @return A static string.
#[unsafe(no_mangle)]
pub extern "C" fn microconv_version() -> *const c_char {
    const VERSION: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => c"",
        };
    VERSION.as_ptr()
}

/// No function of this crate panics, which `.ci/no-panic` shows; but a static library is not built
/// without a handler. The standard library brings one, and a program in Rust has its own.
#[cfg(all(not(feature = "capi-rust"), not(feature = "std"), panic = "abort"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
