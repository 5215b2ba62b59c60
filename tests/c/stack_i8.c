/* Firmware that measures the stack of int8 runs, layer by layer. */
#include "stack.h"

static int8_t input[MOST], weights[MOST], output[MOST];
static int32_t packed[MOST], sums[MOST];

static microconv_i8 plan;
static microconv_sizes sizes;

/* The whole layer, all its rows as a range, or the sums of either. */
enum { WHOLE, ROWS, SUMS, ROWS_SUMS, KINDS };

#define ARRAYS(from, to) from, sizes.input_len, packed, sizes.packed_len, to, sizes.output_len, NULL

__attribute__((noinline)) static unsigned stack_of(int kind, uint32_t type) {
    uint32_t status;
    unsigned used;
    paint_stack();
    if (kind == WHOLE && type == MICROCONV_TYPE_UINT8)
        status = microconv_i8_run_u8(&plan, MICROCONV_LEVEL_BEST, ARRAYS((uint8_t *)input, (uint8_t *)output));
    else if (kind == WHOLE)
        status = microconv_i8_run(&plan, MICROCONV_LEVEL_BEST, ARRAYS(input, output));
    else if (kind == ROWS && type == MICROCONV_TYPE_UINT8)
        status = microconv_i8_run_rows_u8(&plan, MICROCONV_LEVEL_BEST, 0, sizes.output_rows, ARRAYS((uint8_t *)input, (uint8_t *)output));
    else if (kind == ROWS)
        status = microconv_i8_run_rows(&plan, MICROCONV_LEVEL_BEST, 0, sizes.output_rows, ARRAYS(input, output));
    else if (kind == SUMS)
        status = microconv_i8_run_sums(&plan, MICROCONV_LEVEL_BEST, ARRAYS(input, sums));
    else
        status = microconv_i8_run_rows_sums(&plan, MICROCONV_LEVEL_BEST, 0, sizes.output_rows, ARRAYS(input, sums));
    used = painted_stack_used();
    /* Not the last call, which would be made without this frame. */
    if (status != MICROCONV_STATUS_OK) exit(2);
    return used;
}

/* The most that a layer's calls take, with each rounding. */
static unsigned most_of(size_t layer, microconv_quantization quantization) {
    const float scale = 0.01f;
    unsigned most = 0;
    int kind;
    for (quantization.rounding = MICROCONV_ROUNDING_TFLITE; quantization.rounding <= MICROCONV_ROUNDING_FLOAT; quantization.rounding++) {
        if (microconv_i8_init(&plan, &layers[layer].geometry, &quantization, NULL) || microconv_i8_sizes(&plan, &sizes, NULL) ||
            sizes.input_len > MOST || sizes.output_len > MOST || sizes.packed_len > MOST || sizes.weights_len > MOST ||
            microconv_i8_pack(&plan, MICROCONV_WEIGHTS_ORDER_OHWI, weights, sizes.weights_len, NULL, 0, 0.5f, &scale, 1, 0.5f, packed,
                              sizes.packed_len, NULL))
            exit(1);
        printf("%s, %s, rounding %u:", layers[layer].name, quantization.input == MICROCONV_TYPE_UINT8 ? "uint8" : "int8",
               (unsigned)quantization.rounding);
        /* Sums have an input of int8. */
        for (kind = 0; kind < (quantization.input == MICROCONV_TYPE_UINT8 ? SUMS : KINDS); kind++) {
            const unsigned used = stack_of(kind, quantization.input);
            printf(" %u", used);
            most = larger(most, used);
        }
        printf(" bytes\n");
    }
    return most;
}

int main(void) {
    microconv_quantization signed_bytes = MICROCONV_QUANTIZATION_INT8(-3, 5), unsigned_bytes = MICROCONV_QUANTIZATION_INT8(125, 133);
    unsigned most = 0;
    size_t i;
    unsigned_bytes.input = unsigned_bytes.output = MICROCONV_TYPE_UINT8;
    unsigned_bytes.min = 0, unsigned_bytes.max = 255;
    for (i = 0; i < MOST; i++) input[i] = (int8_t)(i * 37), weights[i] = (int8_t)(i * 59 % 255 - 127);
    for (i = 0; i < LEN(layers); i++) most = larger(larger(most, most_of(i, signed_bytes)), most_of(i, unsigned_bytes));
    printf("most: %u bytes\n", most);
    return 0;
}
