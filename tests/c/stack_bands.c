/* Firmware that measures the stack of f32 calls which run some rows at a time: in place, and a layer with a pointwise one. */
#include "stack.h"

static float memory[MOST], weights[MOST], packed[2][MOST], output[MOST], lines[MOST], scratch[MOST];
static microconv_f32 plans[2];
static microconv_sizes sizes[2];
static microconv_separable_f32 both;

enum { IN_PLACE, BOTH, BOTH_ROWS, BOTH_IN_PLACE, KINDS };

static const char *const names[KINDS] = {"in place", "two layers", "rows of two layers", "two layers in place"};

#define PACKED packed[0], sizes[0].packed_len
#define PACKED_BOTH PACKED, packed[1], sizes[1].packed_len
#define ARRAYS memory, sizes[0].input_len, PACKED_BOTH, output, sizes[1].output_len, scratch, MOST, NULL

__attribute__((noinline)) static unsigned stack_of(int kind) {
    uint32_t status;
    unsigned used;
    paint_stack();
    if (kind == IN_PLACE)
        status = microconv_f32_run_in_place(&plans[0], MICROCONV_LEVEL_BEST, memory, MOST, PACKED, lines, MOST, NULL, 0, NULL);
    else if (kind == BOTH)
        status = microconv_separable_f32_run(&both, MICROCONV_LEVEL_BEST, ARRAYS);
    else if (kind == BOTH_ROWS)
        status = microconv_separable_f32_run_rows(&both, MICROCONV_LEVEL_BEST, 0, sizes[1].output_rows, ARRAYS);
    else
        status = microconv_separable_f32_run_in_place(&both, MICROCONV_LEVEL_BEST, memory, MOST, PACKED_BOTH, lines, MOST, scratch, MOST, NULL);
    used = painted_stack_used();
    /* Not the last call, which would be made without this frame. */
    if (status != MICROCONV_STATUS_OK) exit(2);
    return used;
}

static void plan(int layer, const microconv_geometry *geometry) {
    if (microconv_f32_init(&plans[layer], geometry, 0, 6, NULL) || microconv_f32_sizes(&plans[layer], &sizes[layer], NULL) ||
        sizes[layer].input_len > MOST || sizes[layer].output_len > MOST || sizes[layer].packed_len > MOST || sizes[layer].weights_len > MOST ||
        microconv_f32_pack(&plans[layer], MICROCONV_WEIGHTS_ORDER_OHWI, weights, sizes[layer].weights_len, NULL, 0, packed[layer], sizes[layer].packed_len,
                           NULL))
        exit(1);
}

/* Plans a layer and a pointwise one behind it. (No padding is explicit: an axis is its stride shorter, rounded up.) */
static void plan_both(const microconv_geometry *first) {
    microconv_geometry second = MICROCONV_CONV2D(1, 1, 1, 12, 1, 1);
    int axis;
    second.batch = first->batch;
    second.channels = first->filters;
    for (axis = 0; axis < 3; axis++) second.input[axis] = (first->input[axis] + first->stride[axis] - 1) / first->stride[axis];
    plan(0, first);
    plan(1, &second);
    if (microconv_separable_f32_init(&both, &plans[0], &plans[1], NULL)) exit(1);
}

int main(void) {
    unsigned most = 0;
    size_t i;
    int kind;
    for (i = 0; i < MOST; i++) memory[i] = (float)(i * 37 % 256) / 256, weights[i] = (float)(i * 59 % 255) / 256;
    for (kind = 0; kind < KINDS; kind++) {
        unsigned all = 0;
        for (i = 0; i < LEN(layers); i++) {
            plan_both(&layers[i].geometry);
            all = larger(all, stack_of(kind));
        }
        printf("%s: at most %u bytes\n", names[kind], all);
        most = larger(most, all);
    }
    printf("most: %u bytes\n", most);
    return 0;
}
