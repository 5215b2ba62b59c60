//! What runs before `main` on QEMU's virt machine, on the first processor, at exception level 1.
//!
//! It turns on the caches and the MMU with addresses as they are: without, all memory is a device's, where vectors that are not
//! aligned are a fault. Any exception ends the program with an error.

use core::arch::global_asm;

global_asm!(
    r#"
    .section .vectors, "ax"
    .balign 2048
    .rept 16
    b _fault
    .balign 128
    .endr

    .section .text._start, "ax"
    .global _start
_start:
    adrp x0, __vector_table
    add x0, x0, :lo12:__vector_table
    msr vbar_el1, x0
    mov x0, #(3 << 20)              // no trap of floating point and vectors
    msr cpacr_el1, x0

    adrp x0, _pages                 // blocks of 1 GiB, addresses of 39 bits
    add x0, x0, :lo12:_pages
    msr ttbr0_el1, x0
    mov x0, #0xFF00                 // attribute 0 a device, 1 memory that is cached
    msr mair_el1, x0
    movz x0, #0x3519                // 64 - 39 bits, pages of 4 KiB, tables cached
    movk x0, #0x0080, lsl #16       // no second half
    msr tcr_el1, x0
    isb
    mrs x0, sctlr_el1
    mov x1, #0x1005                 // MMU, data cache, instruction cache
    orr x0, x0, x1
    bic x0, x0, #2                  // no check of alignment
    msr sctlr_el1, x0
    isb

    adrp x0, _stack_start
    mov sp, x0
    adrp x0, __sbss
    add x0, x0, :lo12:__sbss
    adrp x1, __ebss
    add x1, x1, :lo12:__ebss
1:  cmp x0, x1
    b.hs 2f
    stp xzr, xzr, [x0], #16
    b 1b
2:  bl main

_fault:
    adrp x1, _failure
    add x1, x1, :lo12:_failure
    mov w0, #0x18                   // SYS_EXIT
    hlt #0xF000
    b _fault

    .section .rodata._pages, "a"
    .balign 4096
_pages:
    .quad 0x401                     // the first GiB: devices
    .quad 0x40000705                // the second: memory
    .fill 510, 8, 0
_failure:
    .quad 0x20023, 1
    "#
);
