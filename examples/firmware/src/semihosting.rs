//! The calls to the debugger that the programs make (Arm's semihosting specification, version 3).

use core::arch::asm;
use core::fmt;

const SYS_WRITEC: usize = 0x03;
const SYS_GET_CMDLINE: usize = 0x15;
const SYS_EXIT: usize = 0x18;
const ADP_STOPPED_RUN_TIME_ERROR: usize = 0x2_0023;
const ADP_STOPPED_APPLICATION_EXIT: usize = 0x2_0026;

/// # Safety
///
/// `parameter` is what the operation wants, and points at nothing that it must not write.
unsafe fn call(operation: usize, parameter: usize) -> usize {
    let result;
    // SAFETY: the caller's. The debugger changes no register but the result's.
    unsafe {
        #[cfg(target_arch = "arm")]
        asm!("bkpt 0xAB", inlateout("r0") operation => result, in("r1") parameter);
        #[cfg(target_arch = "aarch64")]
        asm!("hlt 0xF000", inlateout("x0") operation => result, in("x1") parameter);
    }
    result
}

pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.as_bytes() {
            // SAFETY: the call reads one byte.
            unsafe { call(SYS_WRITEC, (&raw const *byte).addr()) };
        }
        Ok(())
    }
}

/// Prints a line.
macro_rules! say {
    ($($text:tt)*) => {{
        use core::fmt::Write;
        // The console takes everything.
        let _ = writeln!($crate::semihosting::Console, $($text)*);
    }};
}
pub(crate) use say;

/// The number that QEMU was given as the program's argument.
pub fn argument() -> Option<usize> {
    #[repr(C)]
    struct Block {
        text: *mut u8,
        length: usize,
    }
    let mut line = [0; 32];
    let mut block = Block {
        text: line.as_mut_ptr(),
        length: line.len(),
    };
    // SAFETY: the call writes at most `length` bytes at `text`, then the length of the string there.
    let status = unsafe { call(SYS_GET_CMDLINE, (&raw mut block).addr()) };
    if status != 0 {
        return None;
    }
    core::str::from_utf8(line.get(..block.length)?)
        .ok()?
        .parse()
        .ok()
}

/// Ends the program, and QEMU with it.
pub fn exit(well: bool) -> ! {
    let reason = if well {
        ADP_STOPPED_APPLICATION_EXIT
    } else {
        ADP_STOPPED_RUN_TIME_ERROR
    };
    let block = [reason, usize::from(!well)];
    // On 64 bits the call takes a block of reason and status, on 32 the reason itself.
    let parameter = if cfg!(target_pointer_width = "64") {
        block.as_ptr().addr()
    } else {
        reason
    };
    // SAFETY: the call writes nothing.
    unsafe { call(SYS_EXIT, parameter) };
    loop {}
}
