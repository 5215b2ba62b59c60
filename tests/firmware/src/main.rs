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
mod semihosting;
mod sizes;
mod winograd;

use core::fmt;

use cortex_m_rt::entry;
use cortex_m_semihosting::hprintln;

#[entry]
fn main() -> ! {
    static mut FLOAT: float::Memory = float::Memory::ZERO;
    static mut WINOGRAD: winograd::Memory = winograd::Memory::ZERO;
    static mut INT8: int8::Memory = int8::Memory::ZERO;
    static mut INT16: int16::Memory = int16::Memory::ZERO;
    let sabotage = semihosting::arguments(&mut [0; 64]) == Some(c"sabotage");
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
    hprintln!("{} failures", failures);
    semihosting::exit(failures == 0)
}

type Report<'a> = &'a mut dyn FnMut(&dyn fmt::Display, &str, Option<&dyn fmt::Display>);
type Say<'a> = &'a mut dyn FnMut(&str, Option<&dyn fmt::Display>);
