/* What the tests in C share: a check that counts, and random numbers. */
#ifndef TEST_H
#define TEST_H

#include <stdint.h>
#include <stdio.h>

/* With another number, checks must fail: .ci/c tries it. */
#ifndef SABOTAGE
#define SABOTAGE 0
#endif

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static unsigned long checks, failures;

/* Counts a check, and says which failed. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        checks++;                                                                                  \
        if (!(condition)) {                                                                        \
            failures++;                                                                            \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                 \
        }                                                                                          \
    } while (0)

/* The same numbers everywhere (xorshift64*). */
static inline uint32_t random_below(uint32_t end) {
    static uint64_t state = 0x9e3779b97f4a7c15u;
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * 0x2545f4914f6cdd1du) >> 33) % end;
}

/* A test fails that checked nothing. */
static int result(const char *name) {
    printf("%s: %lu checks, %lu failed\n", name, checks, failures);
    return failures != 0 || checks == 0;
}

#endif
