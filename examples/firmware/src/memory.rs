//! What the program takes of its memories, by the linker's symbols and by paint on the stack.

use core::hint::black_box;
use core::ptr;

unsafe extern "C" {
    static __vector_table: u8;
    static __sidata: u8;
    static __sdata: u8;
    static __edata: u8;
    static __sbss: u8;
    static __ebss: u8;
    static _stack_end: u8;
    static _stack_start: u8;
}

/// The address of a symbol; what lies there is not read.
macro_rules! address {
    ($symbol:ident) => {
        (&raw const $symbol).addr()
    };
}

/// Bytes of code, constants and initial values.
pub fn flash() -> usize {
    address!(__sidata) - address!(__vector_table) + address!(__edata) - address!(__sdata)
}

/// Bytes of statics.
pub fn ram() -> usize {
    address!(__edata) - address!(__sdata) + address!(__ebss) - address!(__sbss)
}

/// What a byte of stack is that nobody has written; the network would have to write just this.
const PAINT: u32 = 0x5AFE_57AC;

/// Left as it is below a frame, for whatever its function may still put there.
const MARGIN: usize = 256;

/// Fills the stack below the caller.
#[inline(never)]
pub fn paint_stack() {
    let here = black_box(0u32);
    let top = (&raw const here).addr() - MARGIN;
    let mut at = (&raw const _stack_end).cast_mut().cast::<u32>();
    while at.addr() < top {
        // SAFETY: between the end of the statics and the frames in use, by more than a margin, lies nothing but stack to come.
        unsafe {
            ptr::write_volatile(at, PAINT);
            at = at.add(1);
        }
    }
}

/// Bytes from the start of the stack to the last that was written since it was painted.
#[inline(never)]
pub fn stack_used() -> usize {
    let mut at = (&raw const _stack_end).cast::<u32>();
    // SAFETY: the stack below `_stack_start` is memory, and above some address it is in use, where this ends.
    while at.addr() < address!(_stack_start) && unsafe { ptr::read_volatile(at) } == PAINT {
        at = at.wrapping_add(1);
    }
    address!(_stack_start) - at.addr()
}
