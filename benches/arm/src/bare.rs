//! The same on a bare Cortex-M in QEMU: the arguments and the exit status go through semihosting.

use core::panic::PanicInfo;

// Linked for its critical section, which printing takes.
use cortex_m as _;
use cortex_m_rt::entry;
use cortex_m_semihosting::{debug, hprintln, syscall1};

use crate::{layer, run};

/// Words: 3 MiB on the machine that runs f32, whose memories hold 4.
const MEMORY: usize = 3 << 18;

#[entry]
fn main() -> ! {
    // cortex-m-rt makes a static of an entry point a reference, handed out once.
    static mut MEMORY_CELLS: [u32; MEMORY] = [0; MEMORY];
    let mut line = [0; 256];
    let job = layer::parse(arguments(&mut line)).unwrap_or_else(|problem| fail(&problem));
    let plan = run::plan(&job).unwrap_or_else(|problem| fail(&problem));
    let Some(memory) = MEMORY_CELLS.get_mut(..run::memory(&plan)) else {
        fail(&"the layer does not fit in memory")
    };
    let outcome = run::run(&job, &plan, memory).unwrap_or_else(|problem| fail(&problem));
    hprintln!("macs {} first {:08x}", outcome.macs, outcome.first);
    debug::exit(debug::EXIT_SUCCESS);
    unreachable!()
}

/// The command line that QEMU was given, by the semihosting call `SYS_GET_CMDLINE`.
fn arguments(line: &mut [u8]) -> &str {
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
    // SAFETY: the call writes at most `length` bytes at `text`, then the length of the string there, its final zero not counted.
    let status = unsafe { syscall1(SYS_GET_CMDLINE, &raw mut block as usize) };
    if status != 0 {
        fail(&"no command line");
    }
    core::str::from_utf8(&line[..block.length]).unwrap_or_else(|problem| fail(&problem))
}

fn fail(problem: &dyn core::fmt::Display) -> ! {
    hprintln!("count: {}", problem);
    debug::exit(debug::EXIT_FAILURE);
    unreachable!()
}

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    fail(info)
}
