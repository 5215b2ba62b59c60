//! Classifies the held-out digits and says, by semihosting, how many it named rightly and what that takes of flash, RAM and stack.
//!
//! The network is that of `examples/digits`, the very same files. A program takes one argument, how often all images are classified,
//! so that the instructions of an image can be counted: the difference between two runs.

#![no_std]

#[path = "../../digits/network/mod.rs"]
pub mod network;

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod memory;
mod semihosting;

// Linked for what runs before `main`.
#[cfg(target_arch = "arm")]
use cortex_m_rt as _;

use core::panic::PanicInfo;

use microconv::{Error, Level};
use network::images::{self, Pixels};
use semihosting::{exit, say};

/// The program of a network: `float` or `int8`.
#[macro_export]
macro_rules! digits {
    ($network:ident) => {
        #[unsafe(no_mangle)]
        extern "C" fn main() -> ! {
            use $crate::network::$network::{Memory, PACKED, classify};
            static mut MEMORY: Memory = Memory::new();
            // SAFETY: what runs before calls `main` once, and nothing else names the static.
            let memory = unsafe { &mut *(&raw mut MEMORY) };
            let packed = PACKED.iter().map(|layer| size_of_val(*layer)).sum();
            $crate::run(packed, |level, pixels| classify(level, pixels, memory))
        }
    };
}

/// Classifies, reports, and ends the program.
pub fn run(packed: usize, mut classify: impl FnMut(Level, &Pixels) -> Result<u8, Error>) -> ! {
    let passes = semihosting::argument().unwrap_or(1);
    let level = Level::detect();
    memory::paint_stack();
    let (mut right, mut all, mut digest) = (0, 0, 0);
    for _ in 0..passes {
        (right, all, digest) = (0, 0, network::NO_ANSWERS);
        for image in images::held_out() {
            match classify(level, image.pixels) {
                Ok(class) => {
                    right += usize::from(class == image.label);
                    digest = network::digest(digest, class);
                }
                // Its text would take more flash than the network does.
                Err(_) => fail(&"a layer was refused"),
            }
            all += 1;
        }
    }
    // Printing takes more stack than the network does.
    let stack = memory::stack_used();
    let images: usize = images::held_out()
        .map(|image| size_of_val(image.pixels) + 1)
        .sum();
    say!(
        "flash {} bytes: {packed} weights, {images} images, the rest code",
        memory::flash()
    );
    say!("ram {} bytes", memory::ram());
    say!("stack {stack} bytes");
    say!("answers {digest:08x}");
    let hundredths = (right * 10_000 + all / 2) / all.max(1);
    say!(
        "accuracy {}.{:02} % ({right} of {all})",
        hundredths / 100,
        hundredths % 100
    );
    exit(true)
}

fn fail(problem: &dyn core::fmt::Display) -> ! {
    say!("failed: {problem}");
    exit(false)
}

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    fail(info)
}
