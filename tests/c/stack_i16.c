/* Firmware that measures the stack of runs of int16 activations, layer by layer. */
#include "stack.h"

static int16_t input[MOST], output[MOST];
static int8_t weights[MOST];
static int32_t packed[MOST];
static microconv_i16 plan;
static microconv_sizes sizes;

/* The whole layer, all its rows as a range, or the last of them. */
enum { WHOLE, ROWS, ROW, KINDS };

__attribute__((noinline)) static unsigned stack_of(int kind) {
    uint32_t status;
    unsigned used;
    size_t first = sizes.output_rows - 1, from = 0, end = 0;
    if (kind == ROW && microconv_i16_input_rows(&plan, first, sizes.output_rows, &from, &end, NULL)) exit(2);
    paint_stack();
    if (kind == WHOLE)
        status = microconv_i16_run(&plan, MICROCONV_LEVEL_BEST, input, sizes.input_len, packed, sizes.packed_len, output, sizes.output_len, NULL);
    else if (kind == ROWS)
        status = microconv_i16_run_rows(&plan, MICROCONV_LEVEL_BEST, 0, sizes.output_rows, input, sizes.input_len, packed, sizes.packed_len, output,
                                        sizes.output_len, NULL);
    else
        status = microconv_i16_run_rows(&plan, MICROCONV_LEVEL_BEST, first, sizes.output_rows, input, (end - from) * sizes.input_row_len, packed,
                                        sizes.packed_len, output, sizes.output_row_len, NULL);
    used = painted_stack_used();
    /* Not the last call, which would be made without this frame. */
    if (status != MICROCONV_STATUS_OK) exit(2);
    return used;
}

/* The most that a layer's calls take: with multipliers such as converters make, and with some that take 64 bits of a product. */
static unsigned most_of(size_t layer) {
    static const float scales[] = {0.01f, 8.0f};
    unsigned most = 0;
    size_t scale;
    int kind;
    printf("%s, int16:", layers[layer].name);
    for (scale = 0; scale < LEN(scales); scale++) {
        if (microconv_i16_init(&plan, &layers[layer].geometry, -32768, 32767, NULL) || microconv_i16_sizes(&plan, &sizes, NULL) ||
            sizes.input_len > MOST || sizes.output_len > MOST || sizes.packed_len > MOST || sizes.weights_len > MOST ||
            microconv_i16_pack(&plan, MICROCONV_WEIGHTS_ORDER_OHWI, weights, sizes.weights_len, NULL, 0, 0.5f, &scales[scale], 1, 0.5f, packed,
                               sizes.packed_len, NULL))
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
    for (i = 0; i < MOST; i++) input[i] = (int16_t)(i * 2741), weights[i] = (int8_t)(i * 59);
    for (i = 0; i < LEN(layers); i++) most = larger(most, most_of(i));
    printf("most: %u bytes\n", most);
    return 0;
}
