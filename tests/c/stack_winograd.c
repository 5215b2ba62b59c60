/* Firmware that measures the stack of f32 runs by Winograd's algorithms. */
#include "stack.h"
#include <math.h>

enum { MOST_PACKED = 18000, MOST_SCRATCH = 8192 };

static const struct {
    const char *name;
    microconv_geometry geometry;
} images[] = {
    {"dense", {1, {1, 9, 9}, 12, 20, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, 1, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
    {"of ragged channels", {2, {1, 7, 6}, 3, 5, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, 1, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
    {"grouped", {1, {1, 8, 8}, 10, 14, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, 2, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
    {"of a volume", {2, {3, 5, 5}, 4, 8, {1, 3, 3}, {2, 1, 1}, {1, 1, 1}, 1, MICROCONV_PADDING_EXPLICIT, {{0, 2}, {1, 1}, {0, 2}}}},
};

static float input[MOST], weights[MOST], packed[MOST_PACKED], output[MOST], scratch[MOST_SCRATCH];
static microconv_f32 plan;
static microconv_sizes sizes;

/* The whole layer with as much scratch as there is, or with the least; or all its rows as a range. */
enum { WHOLE, LEAST, ROWS, KINDS };

#define ARRAYS input, sizes.input_len, packed, sizes.packed_len, output, sizes.output_len, scratch

__attribute__((noinline)) static unsigned stack_of(int kind) {
    uint32_t status;
    unsigned used;
    paint_stack();
    if (kind == WHOLE)
        status = microconv_f32_run(&plan, MICROCONV_LEVEL_BEST, ARRAYS, MOST_SCRATCH, NULL);
    else if (kind == LEAST)
        status = microconv_f32_run(&plan, MICROCONV_LEVEL_BEST, ARRAYS, sizes.least_scratch_len, NULL);
    else
        status = microconv_f32_run_rows(&plan, MICROCONV_LEVEL_BEST, 0, sizes.output_rows, ARRAYS, MOST_SCRATCH, NULL);
    used = painted_stack_used();
    /* Not the last call, which would be made without this frame. */
    if (status != MICROCONV_STATUS_OK) exit(2);
    return used;
}

/* The most that an image's calls take by an algorithm, with a clamp and without. */
static unsigned most_of(size_t image, uint32_t algorithm) {
    static const float clamps[][2] = {{-INFINITY, INFINITY}, {0, 6}};
    unsigned most = 0;
    size_t clamp;
    int kind;
    printf("%s:", images[image].name);
    for (clamp = 0; clamp < LEN(clamps); clamp++) {
        if (microconv_f32_init_algorithm(&plan, &images[image].geometry, clamps[clamp][0], clamps[clamp][1], algorithm, SIZE_MAX, INFINITY, NULL) ||
            microconv_f32_sizes(&plan, &sizes, NULL) || sizes.input_len > MOST || sizes.output_len > MOST || sizes.packed_len > MOST_PACKED ||
            sizes.weights_len > MOST || sizes.least_scratch_len > MOST_SCRATCH ||
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
    static const uint32_t algorithms[] = {MICROCONV_ALGORITHM_WINOGRAD2X2, MICROCONV_ALGORITHM_WINOGRAD4X4, MICROCONV_ALGORITHM_WINOGRAD6X6};
    unsigned most = 0, tile;
    size_t i;
    for (i = 0; i < MOST; i++) input[i] = (float)(i * 37 % 256) / 256, weights[i] = (float)(i * 59 % 255) / 256;
    for (tile = 2; tile <= 6; tile += 2) {
        unsigned all = 0;
        for (i = 0; i < LEN(images); i++) all = larger(all, most_of(i, algorithms[tile / 2 - 1]));
        printf("tiles of %u: at most %u bytes\n", tile, all);
        most = larger(most, all);
    }
    printf("most: %u bytes\n", most);
    return 0;
}
