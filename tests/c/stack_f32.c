/* Firmware that measures the stack of f32 runs, layer by layer. */
#include "stack.h"
#include <math.h>

static float input[MOST], weights[MOST], packed[MOST], output[MOST];
static microconv_f32 plan;
static microconv_sizes sizes;

/* The whole layer, or all its rows as a range. */
enum { WHOLE, ROWS, KINDS };

#define ARRAYS input, sizes.input_len, packed, sizes.packed_len, output, sizes.output_len, NULL, 0, NULL

__attribute__((noinline)) static unsigned stack_of(int kind) {
    uint32_t status;
    unsigned used;
    paint_stack();
    if (kind == WHOLE)
        status = microconv_f32_run(&plan, MICROCONV_LEVEL_BEST, ARRAYS);
    else
        status = microconv_f32_run_rows(&plan, MICROCONV_LEVEL_BEST, 0, sizes.output_rows, ARRAYS);
    used = painted_stack_used();
    /* Not the last call, which would be made without this frame. */
    if (status != MICROCONV_STATUS_OK) exit(2);
    return used;
}

/* The most that a layer's calls take, with a clamp and without. */
static unsigned most_of(size_t layer) {
    static const float clamps[][2] = {{-INFINITY, INFINITY}, {0, 6}};
    unsigned most = 0;
    size_t clamp;
    int kind;
    printf("%s, f32:", layers[layer].name);
    for (clamp = 0; clamp < LEN(clamps); clamp++) {
        if (microconv_f32_init(&plan, &layers[layer].geometry, clamps[clamp][0], clamps[clamp][1], NULL) || microconv_f32_sizes(&plan, &sizes, NULL) ||
            sizes.input_len > MOST || sizes.output_len > MOST || sizes.packed_len > MOST || sizes.weights_len > MOST ||
            microconv_f32_pack(&plan, MICROCONV_WEIGHTS_ORDER_OHWI, weights, sizes.weights_len, NULL, 0, packed, sizes.packed_len, NULL))
            exit(1);
        for (kind = 0; kind < KINDS; kind++) {
            const unsigned used = stack_of(kind);
            printf(" %u", used);
            most = larger(most, used);
        }
    }
    printf(" bytes\n");
    return most;
}

int main(void) {
    unsigned most = 0;
    size_t i;
    for (i = 0; i < MOST; i++) input[i] = (float)(i * 37 % 256) / 256, weights[i] = (float)(i * 59 % 255) / 256;
    for (i = 0; i < LEN(layers); i++) most = larger(most, most_of(i));
    printf("most: %u bytes\n", most);
    return 0;
}
