//! Runs each layer on a Cortex-M in QEMU and compares it with what it should be. Says PASS or FAIL for each check and exits by
//! semihosting, so that QEMU's own status tells how it went.
//!
//! With the argument `sabotage` one weight of each layer is changed first, and every comparison should fail.

#![no_std]
#![no_main]

mod check;
mod float;
mod int16;
mod int8;
mod layers;
mod sizes;
mod winograd;

use core::fmt;
use core::panic::PanicInfo;

// Linked for its critical section, which printing takes.
use cortex_m as _;
use cortex_m_rt::entry;
use cortex_m_semihosting::{debug, hprintln, syscall1};

#[entry]
fn main() -> ! {
    static mut FLOAT: float::Memory = float::Memory::ZERO;
    static mut WINOGRAD: winograd::Memory = winograd::Memory::ZERO;
    static mut INT8: int8::Memory = int8::Memory::ZERO;
    static mut INT16: int16::Memory = int16::Memory::ZERO;
    let sabotage = asked_for_sabotage();
    let mut failures = 0;
    let mut report =
        |name: &dyn fmt::Display, check: &str, problem: Option<&dyn fmt::Display>| match problem {
            None => hprintln!("PASS {}: {}", name, check),
            Some(problem) => {
                failures += 1;
                hprintln!("FAIL {}: {}: {}", name, check, problem);
            }
        };
    float::all(sabotage, FLOAT, &mut report);
    winograd::all(sabotage, WINOGRAD, &mut FLOAT.check, &mut report);
    int8::all(sabotage, INT8, &mut report);
    int16::all(sabotage, INT16, &mut report);
    exit(failures)
}

type Report<'a> = &'a mut dyn FnMut(&dyn fmt::Display, &str, Option<&dyn fmt::Display>);
type Say<'a> = &'a mut dyn FnMut(&str, Option<&dyn fmt::Display>);

/// Whether QEMU was given the argument, by the semihosting call `SYS_GET_CMDLINE`.
fn asked_for_sabotage() -> bool {
    const SYS_GET_CMDLINE: usize = 0x15;
    #[repr(C)]
    struct Block {
        text: *mut u8,
        length: usize,
    }
    let mut line = [0; 64];
    let mut block = Block {
        text: line.as_mut_ptr(),
        length: line.len(),
    };
    // SAFETY: the call writes at most `length` bytes at `text`, then the length of the string there.
    let status = unsafe { syscall1(SYS_GET_CMDLINE, &raw mut block as usize) };
    status == 0 && line.get(..block.length) == Some(b"sabotage")
}

fn exit(failures: usize) -> ! {
    hprintln!("{} failures", failures);
    debug::exit(if failures == 0 {
        debug::EXIT_SUCCESS
    } else {
        debug::EXIT_FAILURE
    });
    unreachable!()
}

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    hprintln!("FAIL {}", info);
    debug::exit(debug::EXIT_FAILURE);
    loop {}
}
