/* Firmware that measures the stack of f32 calls which run some rows at a time: in place, and a depthwise layer with a pointwise one. */
#include "stack.h"

static const microconv_geometry depthwise = {1, {1, 8, 8}, 16, 16, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, 16, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}};
static const microconv_geometry pointwise = {1, {1, 8, 8}, 16, 16, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 1, MICROCONV_PADDING_VALID, {{0, 0}, {0, 0}, {0, 0}}};

static float memory[MOST], weights[MOST], packed[2][MOST], output[MOST], lines[MOST], scratch[MOST];
static microconv_f32 plans[2];
static microconv_sizes sizes[2];
static microconv_separable_f32 both;

enum { IN_PLACE, BOTH, BOTH_IN_PLACE, KINDS };

static const char *const names[KINDS] = {"in place", "two layers", "two layers in place"};

#define PACKED packed[0], sizes[0].packed_len
#define PACKED_BOTH PACKED, packed[1], sizes[1].packed_len

__attribute__((noinline)) static unsigned stack_of(int kind) {
    const size_t len = sizes[0].input_len;
    uint32_t status;
    unsigned used;
    paint_stack();
    if (kind == IN_PLACE)
        status = microconv_f32_run_in_place(&plans[0], MICROCONV_LEVEL_BEST, memory, len, PACKED, lines, MOST, NULL, 0, NULL);
    else if (kind == BOTH)
        status = microconv_separable_f32_run(&both, MICROCONV_LEVEL_BEST, memory, len, PACKED_BOTH, output, len, scratch, MOST, NULL);
    else
        status = microconv_separable_f32_run_in_place(&both, MICROCONV_LEVEL_BEST, memory, len, PACKED_BOTH, lines, MOST, scratch, MOST, NULL);
    used = painted_stack_used();
    /* Not the last call, which would be made without this frame. */
    if (status != MICROCONV_STATUS_OK) exit(2);
    return used;
}

static void plan(int layer, const microconv_geometry *geometry) {
    if (microconv_f32_init(&plans[layer], geometry, 0, 6, NULL) || microconv_f32_sizes(&plans[layer], &sizes[layer], NULL) ||
        microconv_f32_pack(&plans[layer], MICROCONV_WEIGHTS_ORDER_OHWI, weights, sizes[layer].weights_len, NULL, 0, packed[layer], sizes[layer].packed_len,
                           NULL))
        exit(1);
}

int main(void) {
    unsigned most = 0;
    int kind;
    plan(0, &depthwise);
    plan(1, &pointwise);
    if (microconv_separable_f32_init(&both, &plans[0], &plans[1], NULL)) exit(1);
    for (kind = 0; kind < KINDS; kind++) {
        const unsigned used = stack_of(kind);
        printf("%s: %u bytes\n", names[kind], used);
        most = larger(most, used);
    }
    printf("most: %u bytes\n", most);
    return 0;
}
