//! The calls to the debugger that cortex-m-semihosting has no functions for.

use core::ffi::CStr;
use core::panic::PanicInfo;

// Linked for its critical section, which printing takes.
use cortex_m as _;
use cortex_m_semihosting::{debug, hprintln, syscall1};

/// What QEMU was given as arguments, if it has room in `line` with a zero after it, by the semihosting call `SYS_GET_CMDLINE`.
pub fn arguments(line: &mut [u8]) -> Option<&CStr> {
    const SYS_GET_CMDLINE: usize = 0x15;
    #[repr(C)]
    struct Block {
        text: *mut u8,
        length: usize,
    }
    let mut block = Block {
        text: line.as_mut_ptr(),
        length: line.len(),
    };
    // SAFETY: the call writes at most `length` bytes at `text`, then the length of the string there.
    let status = unsafe { syscall1(SYS_GET_CMDLINE, &raw mut block as usize) };
    if status != 0 {
        return None;
    }
    CStr::from_bytes_until_nul(line).ok()
}

pub fn exit(well: bool) -> ! {
    debug::exit(if well {
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
