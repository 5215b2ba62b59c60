/*
 * Firmware that measures the stack of int8 runs, layer by layer: it is painted before a run and looked at after. What counts lies below the
 * frame of the caller.
 */
#include "../../examples/c/digits/cortex_m.h"
#include <microconv.h>
#include <stdio.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

enum { MOST = 4096 };

static int8_t input[MOST], weights[MOST], output[MOST];
static int32_t packed[MOST], sums[MOST];

static const struct {
    const char *name;
    microconv_geometry geometry;
} layers[] = {
    {"dense", {1, {1, 8, 8}, 16, 20, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, 1, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
    {"dense of ragged channels", {1, {1, 9, 8}, 3, 20, {1, 3, 3}, {1, 2, 2}, {1, 1, 1}, 1, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
    {"long dense of ragged channels", {2, {1, 5, 5}, 13, 5, {1, 5, 5}, {1, 1, 1}, {1, 1, 1}, 1, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
    {"grouped, dilated", {1, {1, 9, 8}, 8, 12, {1, 3, 3}, {1, 1, 1}, {1, 2, 2}, 2, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
    {"three axes", {1, {3, 5, 5}, 4, 4, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, 1, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
    {"1x1", {1, {1, 5, 5}, 72, 40, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 1, MICROCONV_PADDING_VALID, {{0, 0}, {0, 0}, {0, 0}}}},
    {"depthwise 3x3", {1, {1, 8, 8}, 16, 16, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, 16, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
    {"depthwise 5x5", {1, {1, 8, 8}, 9, 9, {1, 5, 5}, {1, 1, 1}, {1, 1, 1}, 9, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
    {"depthwise with two filters a channel", {1, {1, 8, 8}, 6, 12, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, 6, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}}}},
};

static microconv_i8 plan;
static microconv_sizes sizes;

/* The whole layer, all its rows as a range, or its sums. */
enum { WHOLE, ROWS, SUMS, KINDS };

__attribute__((noinline)) static unsigned stack_of(int kind) {
    uint32_t status;
    unsigned used;
    paint_stack();
    if (kind == WHOLE)
        status = microconv_i8_run(&plan, MICROCONV_LEVEL_BEST, input, sizes.input_len, packed, sizes.packed_len, output, sizes.output_len, NULL);
    else if (kind == ROWS)
        status = microconv_i8_run_rows(&plan, MICROCONV_LEVEL_BEST, 0, sizes.output_rows, input, sizes.input_len, packed, sizes.packed_len,
                                       output, sizes.output_len, NULL);
    else
        status = microconv_i8_run_sums(&plan, MICROCONV_LEVEL_BEST, input, sizes.input_len, packed, sizes.packed_len, sums, sizes.output_len, NULL);
    used = painted_stack_used();
    /* Not the last call, which would be made without this frame. */
    if (status != MICROCONV_STATUS_OK) exit(2);
    return used;
}

int main(void) {
    microconv_quantization quantization = MICROCONV_QUANTIZATION_INT8(-3, 5);
    const float scale = 0.01f;
    unsigned most = 0;
    size_t i, layer;
    int kind;
    for (i = 0; i < MOST; i++) input[i] = (int8_t)(i * 37), weights[i] = (int8_t)(i * 59 % 255 - 127);
    for (layer = 0; layer < LEN(layers); layer++) {
        /* With each rounding. */
        for (quantization.rounding = MICROCONV_ROUNDING_TFLITE; quantization.rounding <= MICROCONV_ROUNDING_FLOAT; quantization.rounding++) {
            if (microconv_i8_init(&plan, &layers[layer].geometry, &quantization, NULL) || microconv_i8_sizes(&plan, &sizes, NULL) ||
                sizes.input_len > MOST || sizes.output_len > MOST || sizes.packed_len > MOST || sizes.weights_len > MOST ||
                microconv_i8_pack(&plan, MICROCONV_WEIGHTS_ORDER_OHWI, weights, sizes.weights_len, NULL, 0, 0.5f, &scale, 1, 0.5f, packed,
                                  sizes.packed_len, NULL))
                return 1;
            printf("%s, rounding %u: run, rows and sums", layers[layer].name, (unsigned)quantization.rounding);
            for (kind = 0; kind < KINDS; kind++) {
                const unsigned used = stack_of(kind);
                printf(" %u", used);
                if (used > most) most = used;
            }
            printf(" bytes\n");
        }
    }
    printf("most: %u bytes\n", most);
    return 0;
}
