//! Compares a Cortex-M in QEMU with the answers of TensorFlow Lite or ONNX, as tests/oracle.rs compares the levels of other machines.
//! The argument is the file, whose name says which it is; it is read from the debugger. The first output that is wrong ends it.

#![no_std]
#![no_main]

#[path = "../../../oracle/cases.rs"]
mod cases;
#[path = "../semihosting.rs"]
mod semihosting;

use core::ffi::CStr;

use cortex_m_rt::entry;
use cortex_m_semihosting::{hprintln, syscall};
use microconv::Level;

use cases::{MEMORY, ONNX, TFLITE, TFLITE_16X8};

#[entry]
fn main() -> ! {
    static mut MEMORY_OF_CASES: [u64; MEMORY] = [0; MEMORY];
    let mut line = [0; 64];
    let name = semihosting::arguments(&mut line).expect("no argument");
    let oracle = [TFLITE, TFLITE_16X8, ONNX]
        .into_iter()
        .find(|oracle| name.to_str() == Ok(oracle.name))
        .expect("the name of a file of cases");
    let file = File::open(name);
    // A Cortex-M has one level for each type.
    let level = (oracle.kernels)(Level::detect());
    let counts = oracle.compare(&mut |bytes| file.read(bytes), MEMORY_OF_CASES, &[level]);
    hprintln!("PASS {}, {}: {}", level, oracle.name, counts);
    semihosting::exit(true)
}

/// A file of the machine that the debugger runs on.
struct File(usize);

impl File {
    fn open(name: &CStr) -> File {
        const READ_BINARY: usize = 1;
        // SAFETY: the call reads the name, whose length it is told, and the zero after it.
        let handle = unsafe { syscall!(OPEN, name.as_ptr(), READ_BINARY, name.count_bytes()) };
        assert!(handle != usize::MAX, "{name:?} cannot be opened");
        File(handle)
    }

    /// How many bytes were read; none at the end.
    fn read(&self, bytes: &mut [u8]) -> usize {
        // SAFETY: the call writes as many bytes as there is room for, at most.
        let unread = unsafe { syscall!(READ, self.0, bytes.as_mut_ptr(), bytes.len()) };
        bytes
            .len()
            .checked_sub(unread)
            .expect("a file that can be read")
    }
}
