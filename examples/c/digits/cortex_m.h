/* What a Cortex-M needs before `main`, and a stack whose use can be seen. For QEMU's boards: code at 0, RAM at 0x20000000. */
#ifndef CORTEX_M_H
#define CORTEX_M_H

#include <stdint.h>
#include <stdlib.h>

extern uint32_t stack_top[], stack_limit[], bss_start[], bss_end[], data_start[], data_end[], data_load[];

int main(void);
void initialise_monitor_handles(void);

static void reset(void) {
    uint32_t *to;
    const uint32_t *from = data_load;
    for (to = data_start; to < data_end;) *to++ = *from++;
    for (to = bss_start; to < bss_end;) *to++ = 0;
#ifdef __ARM_FP
    *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; /* the FPU */
    __asm__ volatile("dsb\nisb" ::: "memory");
#endif
    initialise_monitor_handles();
    exit(main());
}

/* What is not expected ends the program, with a status that says so. */
static void fault(void) {
    _Exit(3);
}

__attribute__((section(".vectors"), used)) static void *const vectors[16] = {
    stack_top, (void *)reset, (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault,
};

/* Bytes of code, constants and initial values: flash starts at 0. */
static inline unsigned flash_used(void) {
    return (unsigned)((uintptr_t)data_load + (uintptr_t)data_end - (uintptr_t)data_start);
}

/* Bytes of variables. */
static inline unsigned ram_used(void) {
    return (unsigned)((uintptr_t)data_end - (uintptr_t)data_start + (uintptr_t)bss_end - (uintptr_t)bss_start);
}

#define PAINT 0xa5a5a5a5u

/* Fills what is free of the stack. */
__attribute__((noinline)) static void paint_stack(void) {
    volatile uint32_t *at = stack_limit;
    const uint32_t *end = (const uint32_t *)((uintptr_t)__builtin_frame_address(0) - 64);
    while (at < end) *at++ = PAINT;
}

/* The lowest word that has been written since. */
__attribute__((noinline)) static uintptr_t painted_stack_end(void) {
    const volatile uint32_t *at = stack_limit;
    while (*at == PAINT) at++;
    return (uintptr_t)at;
}

/* Bytes below the frame of the caller that have been written since. Inline, for a frame of its own would hide its size of them. */
__attribute__((always_inline)) static inline unsigned painted_stack_used(void) {
    uintptr_t here;
    __asm__ volatile("mov %0, sp" : "=r"(here));
    return (unsigned)(here - painted_stack_end());
}

/* The same from the start of the stack, with all frames. */
static inline unsigned painted_stack_from_start(void) {
    return (unsigned)((uintptr_t)stack_top - painted_stack_end());
}

#endif
