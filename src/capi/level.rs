//! Levels as C has them: numbers in the list of what this CPU has.

use super::error::{CallArgument, ErrorInfo, Info, Status, end};
use super::memory;
use crate::{Error, Level};
use core::ffi::{c_char, c_uchar};

/// What this CPU has, which is asked once in the life of the program, behind one relaxed atomic.
#[cfg(not(all(target_arch = "arm", target_os = "none")))]
fn levels() -> impl Iterator<Item = Level> {
    Level::all()
}

/// The best alone: what a Cortex-M has is known when the library is built, and a level that nobody
/// wants to run would be linked, as C chooses levels at run time.
#[cfg(all(target_arch = "arm", target_os = "none"))]
fn levels() -> impl Iterator<Item = Level> {
    core::iter::once(Level::detect())
}

pub(super) fn level(number: u32, info: Info) -> Result<Level, Status> {
    match levels().nth(number as usize) {
        Some(level) => Ok(level),
        None => Err(info.numbers(
            Status::LevelAbsent,
            [CallArgument::Level, CallArgument::None],
            [levels().count(), number as usize],
        )),
    }
}

/// How many levels (instruction sets that the kernels are written for) this CPU has. A level is the
/// number of its place among them, the best first: 0, `MICROCONV_LEVEL_BEST`, is always there, and the
/// last is `"scalar"`; but of a Cortex-M with DSP instructions there is only that.
///
/// The CPU is asked once in the life of the program.
///
/// @return How many, at least 1.
#[unsafe(no_mangle)]
pub extern "C" fn microconv_level_count() -> u32 {
    levels().count() as u32
}

/// The name of a level, such as `"avx2"` or `"scalar"`; NULL if this CPU has not so many.
///
/// @param level A level.
/// @return A static string, or NULL.
#[unsafe(no_mangle)]
pub extern "C" fn microconv_level_name(level: u32) -> *const c_char {
    match self::level(level, Info::NONE) {
        Ok(level) => level.c_name().as_ptr(),
        Err(_) => core::ptr::null(),
    }
}

/// Finds the level of a name, which ends with a zero.
///
/// Refused: `MICROCONV_STATUS_LEVEL_ABSENT` if this CPU does not have it,
/// `MICROCONV_STATUS_LEVEL_UNKNOWN` if no CPU does.
///
/// @param name The name, ended by a zero.
/// @param level Where the level is told.
/// @param error Where more is told of a call that is refused, or NULL.
/// @return `MICROCONV_STATUS_OK`, or why the call is refused.
/// @pre `name` is NULL or a string, `level` is NULL or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn microconv_level_named(
    name: *const c_char,
    level: *mut u32,
    error: *mut ErrorInfo,
) -> Status {
    // SAFETY: the caller's.
    let info = unsafe { Info::at(error) };
    // SAFETY: the caller's.
    unsafe {
        let found = find(name, info)
            .and_then(|found| memory::write(CallArgument::Level, level, found, info));
        end(found, info)
    }
}

/// # Safety
///
/// `name` is null or a string.
unsafe fn find(name: *const c_char, info: Info) -> Result<u32, Status> {
    if name.is_null() {
        return Err(info.about(Status::Null, CallArgument::Name));
    }
    // SAFETY: the caller's.
    let is = |known: &str| unsafe { equal(name, known) };
    match levels().position(|level| is(level.name())) {
        Some(position) => Ok(position as u32),
        None => match Level::NAMES.into_iter().find(|known| is(known)) {
            Some(known) => info.passed_on(Err(Error::LevelAbsent(known))),
            None => info.passed_on(Err(Error::LevelUnknown)),
        },
    }
}

/// Whether a string in C is this one. Nothing is read behind its end.
///
/// # Safety
///
/// `name` is a string.
unsafe fn equal(name: *const c_char, known: &str) -> bool {
    let mut at = name.cast::<c_uchar>();
    for &letter in known.as_bytes() {
        // SAFETY: what was read so far are letters of the known name, none of them zero.
        if unsafe { at.read() } != letter {
            return false;
        }
        at = at.wrapping_add(1);
    }
    // SAFETY: as above.
    unsafe { at.read() == 0 }
}
