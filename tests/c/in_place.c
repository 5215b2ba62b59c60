/*
 * Layers that overwrite their input, and two layers at once: on every level the bits of the layers one by one, and wrong calls, which must
 * write nothing.
 */
#include "test.h"
#include <math.h>
#include <microconv.h>
#include <string.h>

enum { HEIGHT = 7, WIDTH = 6, CHANNELS = 5, FILTERS = 9, WINDOW = 3, TAPS = WINDOW * WINDOW };
enum { INPUT = HEIGHT * WIDTH * CHANNELS, OUTPUT = HEIGHT * WIDTH * FILTERS, ROW = WIDTH * CHANNELS, OUTPUT_ROW = WIDTH * FILTERS };
/* What a depthwise layer needs in the memory of its input, and with the pointwise one behind it in the memory of the output. */
enum {
    LINES = MICROCONV_IN_PLACE_LINES_LEN(INPUT, HEIGHT, ROW, HEIGHT, ROW, 1, 1),
    LINES_BOTH = MICROCONV_IN_PLACE_LINES_LEN(OUTPUT, HEIGHT, ROW, HEIGHT, OUTPUT_ROW, 1, 1)
};

static float weights[CHANNELS * TAPS], pointwise_weights[FILTERS * CHANNELS], image[INPUT], between[INPUT], expected[OUTPUT];
static float packed[MICROCONV_F32_PACKED_LEN(CHANNELS, CHANNELS, CHANNELS, TAPS)];
static float pointwise_packed[MICROCONV_F32_PACKED_LEN(CHANNELS, FILTERS, 1, 1)];
static float output[OUTPUT], memory[OUTPUT], lines[LINES + LINES_BOTH + 1], scratch[MICROCONV_SEPARABLE_SCRATCH_LEN(HEIGHT, ROW)];
static microconv_f32 depthwise, pointwise;
static microconv_separable_f32 plan;
static microconv_error error;

static void init(void) {
    microconv_geometry first = MICROCONV_DEPTHWISE2D(HEIGHT, WIDTH, CHANNELS, 1, WINDOW, WINDOW);
    microconv_geometry second = MICROCONV_CONV2D(HEIGHT, WIDTH, CHANNELS, FILTERS, 1, 1);
    microconv_separable_sizes sizes;
    size_t i, len = 99;
    for (i = 0; i < LEN(weights); i++) weights[i] = (float)random_below(2001) / 1000 - 1;
    for (i = 0; i < LEN(pointwise_weights); i++) pointwise_weights[i] = (float)random_below(2001) / 1000 - 1;
    for (i = 0; i < INPUT; i++) image[i] = (float)random_below(2001) / 1000 - 1;
    first.padding = MICROCONV_PADDING_SAME;
    CHECK(microconv_f32_init(&depthwise, &first, 0, 6, &error) == MICROCONV_STATUS_OK);
    CHECK(microconv_f32_init(&pointwise, &second, -INFINITY, INFINITY, &error) == MICROCONV_STATUS_OK);
    CHECK(microconv_separable_f32_init(&plan, &depthwise, &pointwise, &error) == MICROCONV_STATUS_OK);
    CHECK(microconv_f32_pack(&depthwise, MICROCONV_WEIGHTS_ORDER_HWIO, weights, LEN(weights), NULL, 0, packed, LEN(packed), &error) == 0);
    CHECK(microconv_f32_pack(&pointwise, MICROCONV_WEIGHTS_ORDER_OHWI, pointwise_weights, LEN(pointwise_weights), NULL, 0, pointwise_packed,
                             LEN(pointwise_packed), &error) == MICROCONV_STATUS_OK);
    CHECK(microconv_separable_f32_sizes(&plan, &sizes, &error) == MICROCONV_STATUS_OK);
    CHECK(sizes.input_len == INPUT && sizes.output_len == OUTPUT && sizes.output_rows == HEIGHT && sizes.output_row_len == OUTPUT_ROW);
    CHECK(sizes.packed_len == LEN(packed) && sizes.pointwise_packed_len == LEN(pointwise_packed) && sizes.input_row_len == ROW);
    CHECK(sizes.scratch_len == LEN(scratch) && sizes.least_scratch_len == ROW && sizes.macs == INPUT * TAPS + OUTPUT * CHANNELS);
    CHECK(microconv_f32_in_place_lines_len(&depthwise, INPUT, &len, &error) == MICROCONV_STATUS_OK && len == LINES && LINES > 0);
    CHECK(microconv_separable_f32_in_place_lines_len(&plan, OUTPUT, &len, &error) == MICROCONV_STATUS_OK && len == LINES_BOTH);
}

static void on_level(uint32_t level) {
    size_t row, rows;
    printf("level %s\n", microconv_level_name(level));
    CHECK(microconv_f32_run(&depthwise, level, image, INPUT, packed, LEN(packed), between, INPUT, NULL, 0, &error) == MICROCONV_STATUS_OK);
    CHECK(microconv_f32_run(&pointwise, level, between, INPUT, pointwise_packed, LEN(pointwise_packed), expected, OUTPUT, NULL, 0, &error) ==
          MICROCONV_STATUS_OK);
    expected[OUTPUT - 1] += SABOTAGE;

    memcpy(memory, image, sizeof image);
    CHECK(microconv_f32_run_in_place(&depthwise, level, memory, INPUT, packed, LEN(packed), lines, LINES, NULL, 0, &error) ==
          MICROCONV_STATUS_OK);
    CHECK(memcmp(memory, between, sizeof between) == 0);

    for (rows = 1; rows <= HEIGHT; rows++) {
        memset(output, 0x55, sizeof output);
        CHECK(microconv_separable_f32_run(&plan, level, image, INPUT, packed, LEN(packed), pointwise_packed, LEN(pointwise_packed), output,
                                          OUTPUT, scratch, rows * ROW, &error) == MICROCONV_STATUS_OK);
        CHECK(memcmp(output, expected, sizeof output) == 0);
    }
    memset(output, 0x55, sizeof output);
    for (row = 0; row < HEIGHT; row++) {
        size_t first = 99, end = 99;
        CHECK(microconv_separable_f32_input_rows(&plan, row, row + 1, &first, &end, &error) == MICROCONV_STATUS_OK);
        CHECK(first < end && end <= HEIGHT);
        CHECK(microconv_separable_f32_run_rows(&plan, level, row, row + 1, image + first * ROW, (end - first) * ROW, packed, LEN(packed),
                                               pointwise_packed, LEN(pointwise_packed), output + row * OUTPUT_ROW, OUTPUT_ROW, scratch, ROW,
                                               &error) == MICROCONV_STATUS_OK);
    }
    CHECK(memcmp(output, expected, sizeof output) == 0);

    memcpy(memory + OUTPUT - INPUT, image, sizeof image);
    CHECK(microconv_separable_f32_run_in_place(&plan, level, memory, OUTPUT, packed, LEN(packed), pointwise_packed, LEN(pointwise_packed), lines,
                                               LINES_BOTH, scratch, ROW, &error) == MICROCONV_STATUS_OK);
    CHECK(memcmp(memory, expected, sizeof memory) == 0);
}

/* A call is refused with this status about this argument, and has not touched the output nor the memory. */
#define REFUSED(call, code, about)                                                                 \
    do {                                                                                           \
        size_t i_;                                                                                 \
        memset(output, 0x55, sizeof output), memset(memory, 0x55, sizeof memory);                  \
        CHECK((call) == (code));                                                                   \
        CHECK(error.status == (code) && error.argument == (about));                                \
        for (i_ = 0; i_ < sizeof output && ((const unsigned char *)output)[i_] == 0x55;) i_++;     \
        CHECK(i_ == sizeof output && memcmp(output, memory, sizeof output) == 0);                  \
    } while (0)

#define IN_PLACE(plan, level, memory, memory_len, packed, packed_len, lines, lines_len, scratch, scratch_len) \
    microconv_f32_run_in_place(plan, level, memory, memory_len, packed, packed_len, lines, lines_len, scratch, scratch_len, &error)
#define RUN(plan, level, input, input_len, packed, packed_len, second, second_len, output, output_len, scratch, scratch_len) \
    microconv_separable_f32_run(plan, level, input, input_len, packed, packed_len, second, second_len, output, output_len, scratch, scratch_len, &error)
#define BOTH_IN_PLACE(plan, memory, memory_len, second, second_len, lines, lines_len, scratch, scratch_len) \
    microconv_separable_f32_run_in_place(plan, 0, memory, memory_len, packed, LEN(packed), second, second_len, lines, lines_len, scratch, \
                                         scratch_len, &error)

static void one_layer(void) {
    const size_t pack = LEN(packed);
    microconv_f32 none, winograd;
    microconv_geometry layer = MICROCONV_CONV2D(8, 8, 4, 4, 3, 3);
    size_t len = 99;

    memset(&none, 0, sizeof none);
    layer.padding = MICROCONV_PADDING_SAME;
    CHECK(microconv_f32_init_algorithm(&winograd, &layer, 0, 6, MICROCONV_ALGORITHM_WINOGRAD2X2, 1 << 20, INFINITY, NULL) == 0);
    REFUSED(microconv_f32_in_place_lines_len(&none, INPUT, &len, &error), MICROCONV_STATUS_NO_PLAN, MICROCONV_ARGUMENT_PLAN);
    REFUSED(microconv_f32_in_place_lines_len(&depthwise, INPUT, NULL, &error), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_RESULT);
    REFUSED(microconv_f32_in_place_lines_len(&depthwise, INPUT - 1, &len, &error), MICROCONV_STATUS_LENGTH, MICROCONV_ARGUMENT_MEMORY);
    CHECK(error.needed == INPUT && error.given == INPUT - 1);
    REFUSED(microconv_f32_in_place_lines_len(&winograd, 256, &len, &error), MICROCONV_STATUS_ROW_GRANULARITY, MICROCONV_ARGUMENT_NONE);
    CHECK(len == 99);
    REFUSED(IN_PLACE(NULL, 0, memory, INPUT, packed, pack, lines, LINES, NULL, 0), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_PLAN);
    REFUSED(IN_PLACE(&none, 0, memory, INPUT, packed, pack, lines, LINES, NULL, 0), MICROCONV_STATUS_NO_PLAN, MICROCONV_ARGUMENT_PLAN);
    REFUSED(IN_PLACE(&depthwise, 9, memory, INPUT, packed, pack, lines, LINES, NULL, 0), MICROCONV_STATUS_LEVEL_ABSENT,
            MICROCONV_ARGUMENT_LEVEL);
    REFUSED(IN_PLACE(&depthwise, 0, NULL, INPUT, packed, pack, lines, LINES, NULL, 0), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_MEMORY);
    REFUSED(IN_PLACE(&depthwise, 0, memory, INPUT - 1, packed, pack, lines, LINES, NULL, 0), MICROCONV_STATUS_LENGTH, MICROCONV_ARGUMENT_MEMORY);
    REFUSED(IN_PLACE(&depthwise, 0, memory, INPUT, packed, pack, NULL, LINES, NULL, 0), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_LINES);
    REFUSED(IN_PLACE(&depthwise, 0, memory, INPUT, packed, pack, lines, LINES - 1, NULL, 0), MICROCONV_STATUS_LENGTH, MICROCONV_ARGUMENT_LINES);
    CHECK(error.needed == LINES && error.given == LINES - 1);
    REFUSED(IN_PLACE(&depthwise, 0, memory, INPUT, packed, pack - 1, lines, LINES, NULL, 0), MICROCONV_STATUS_LENGTH, MICROCONV_ARGUMENT_PACKED);
    REFUSED(IN_PLACE(&depthwise, 0, memory, INPUT, packed, pack, memory + INPUT - 1, LINES, NULL, 0), MICROCONV_STATUS_OVERLAP,
            MICROCONV_ARGUMENT_LINES);
    CHECK(error.other_argument == MICROCONV_ARGUMENT_MEMORY);
    REFUSED(IN_PLACE(&depthwise, 0, memory, INPUT, packed, pack, packed, LINES, NULL, 0), MICROCONV_STATUS_OVERLAP, MICROCONV_ARGUMENT_LINES);
    CHECK(error.other_argument == MICROCONV_ARGUMENT_PACKED);
    REFUSED(IN_PLACE(&depthwise, 0, memory, INPUT, memory + 1, pack, lines, LINES, NULL, 0), MICROCONV_STATUS_OVERLAP, MICROCONV_ARGUMENT_MEMORY);
    REFUSED(IN_PLACE(&depthwise, 0, memory, INPUT, packed, pack, lines, LINES, lines, 1), MICROCONV_STATUS_OVERLAP, MICROCONV_ARGUMENT_SCRATCH);
    CHECK(error.other_argument == MICROCONV_ARGUMENT_LINES);
    /* They may be neighbours. */
    CHECK(IN_PLACE(&depthwise, 0, memory, INPUT, packed, pack, memory + INPUT, LINES, NULL, 0) == MICROCONV_STATUS_OK);
}

static void two_layers(void) {
    const size_t pack = LEN(packed), pack2 = LEN(pointwise_packed), most = LEN(scratch);
    microconv_separable_f32 none;
    microconv_f32 no_layer;
    float wrong[LEN(pointwise_packed)];
    size_t len = 99;

    memset(&none, 0, sizeof none), memset(&no_layer, 0, sizeof no_layer), memset(wrong, 0, sizeof wrong);
    REFUSED(microconv_separable_f32_init(NULL, &depthwise, &pointwise, &error), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_PLAN);
    REFUSED(microconv_separable_f32_init(&none, NULL, &pointwise, &error), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_SPATIAL);
    REFUSED(microconv_separable_f32_init(&none, &no_layer, &pointwise, &error), MICROCONV_STATUS_NO_PLAN, MICROCONV_ARGUMENT_SPATIAL);
    REFUSED(microconv_separable_f32_init(&none, &depthwise, &no_layer, &error), MICROCONV_STATUS_NO_PLAN, MICROCONV_ARGUMENT_POINTWISE);
    REFUSED(microconv_separable_f32_init(&none, &depthwise, &depthwise, &error), MICROCONV_STATUS_POINTWISE, MICROCONV_ARGUMENT_POINTWISE);
    CHECK(error.quantity == MICROCONV_QUANTITY_KERNEL && error.axis == MICROCONV_AXIS_HEIGHT && error.needed == 1 && error.given == WINDOW);
    REFUSED(microconv_separable_f32_init((microconv_separable_f32 *)(void *)&no_layer, &no_layer, &pointwise, &error), MICROCONV_STATUS_OVERLAP,
            MICROCONV_ARGUMENT_PLAN);
    CHECK(error.other_argument == MICROCONV_ARGUMENT_SPATIAL);
    REFUSED(microconv_separable_f32_sizes(&none, NULL, &error), MICROCONV_STATUS_NO_PLAN, MICROCONV_ARGUMENT_PLAN);
    REFUSED(microconv_separable_f32_in_place_lines_len(&plan, OUTPUT - 1, &len, &error), MICROCONV_STATUS_LENGTH, MICROCONV_ARGUMENT_MEMORY);
    REFUSED(microconv_separable_f32_input_rows(&plan, 0, HEIGHT + 1, &len, &len, &error), MICROCONV_STATUS_ROWS, MICROCONV_ARGUMENT_NONE);

    REFUSED(RUN(&none, 0, image, INPUT, packed, pack, pointwise_packed, pack2, output, OUTPUT, scratch, most), MICROCONV_STATUS_NO_PLAN,
            MICROCONV_ARGUMENT_PLAN);
    REFUSED(RUN(&plan, 9, image, INPUT, packed, pack, pointwise_packed, pack2, output, OUTPUT, scratch, most), MICROCONV_STATUS_LEVEL_ABSENT,
            MICROCONV_ARGUMENT_LEVEL);
    REFUSED(RUN(&plan, 0, image, INPUT - 1, packed, pack, pointwise_packed, pack2, output, OUTPUT, scratch, most), MICROCONV_STATUS_LENGTH,
            MICROCONV_ARGUMENT_INPUT);
    REFUSED(RUN(&plan, 0, image, INPUT, packed, pack - 1, pointwise_packed, pack2, output, OUTPUT, scratch, most), MICROCONV_STATUS_LENGTH,
            MICROCONV_ARGUMENT_PACKED);
    REFUSED(RUN(&plan, 0, image, INPUT, packed, pack, pointwise_packed, pack2 - 1, output, OUTPUT, scratch, most), MICROCONV_STATUS_LENGTH,
            MICROCONV_ARGUMENT_PACKED_POINTWISE);
    CHECK(error.needed == pack2 && error.given == pack2 - 1);
    REFUSED(RUN(&plan, 0, image, INPUT, packed, pack, wrong, pack2, output, OUTPUT, scratch, most), MICROCONV_STATUS_NOT_PACKED,
            MICROCONV_ARGUMENT_PACKED_POINTWISE);
    CHECK(RUN(&plan, 0, image, INPUT, wrong, pack, pointwise_packed, pack2, output, OUTPUT, scratch, most) == MICROCONV_STATUS_NOT_PACKED);
    CHECK(error.argument == MICROCONV_ARGUMENT_PACKED);
    REFUSED(RUN(&plan, 0, image, INPUT, packed, pack, NULL, pack2, output, OUTPUT, scratch, most), MICROCONV_STATUS_NULL,
            MICROCONV_ARGUMENT_PACKED_POINTWISE);
    REFUSED(RUN(&plan, 0, image, INPUT, packed, pack, pointwise_packed, pack2, output, OUTPUT - 1, scratch, most), MICROCONV_STATUS_LENGTH,
            MICROCONV_ARGUMENT_OUTPUT);
    REFUSED(RUN(&plan, 0, image, INPUT, packed, pack, pointwise_packed, pack2, output, OUTPUT, scratch, ROW - 1), MICROCONV_STATUS_LENGTH,
            MICROCONV_ARGUMENT_SCRATCH);
    CHECK(error.needed == ROW && error.given == ROW - 1);
    REFUSED(RUN(&plan, 0, output, INPUT, packed, pack, pointwise_packed, pack2, output, OUTPUT, scratch, most), MICROCONV_STATUS_OVERLAP,
            MICROCONV_ARGUMENT_OUTPUT);
    CHECK(error.other_argument == MICROCONV_ARGUMENT_INPUT);
    REFUSED(RUN(&plan, 0, image, INPUT, packed, pack, output, pack2, output, OUTPUT, scratch, most), MICROCONV_STATUS_OVERLAP,
            MICROCONV_ARGUMENT_OUTPUT);
    CHECK(error.other_argument == MICROCONV_ARGUMENT_PACKED_POINTWISE);
    REFUSED(RUN(&plan, 0, image, INPUT, packed, pack, pointwise_packed, pack2, output, OUTPUT, output, ROW), MICROCONV_STATUS_OVERLAP,
            MICROCONV_ARGUMENT_SCRATCH);
    CHECK(error.other_argument == MICROCONV_ARGUMENT_OUTPUT);
    REFUSED(RUN(&plan, 0, image, INPUT, packed, pack, pointwise_packed, pack2, output, OUTPUT, image, ROW), MICROCONV_STATUS_OVERLAP,
            MICROCONV_ARGUMENT_SCRATCH);
    REFUSED(microconv_separable_f32_run_rows(&plan, 0, 1, HEIGHT + 1, image, INPUT, packed, pack, pointwise_packed, pack2, output, OUTPUT,
                                             scratch, most, &error),
            MICROCONV_STATUS_ROWS, MICROCONV_ARGUMENT_NONE);

    REFUSED(BOTH_IN_PLACE(&none, memory, OUTPUT, pointwise_packed, pack2, lines, LINES_BOTH, scratch, ROW), MICROCONV_STATUS_NO_PLAN,
            MICROCONV_ARGUMENT_PLAN);
    REFUSED(BOTH_IN_PLACE(&plan, memory, OUTPUT - 1, pointwise_packed, pack2, lines, LINES_BOTH, scratch, ROW), MICROCONV_STATUS_LENGTH,
            MICROCONV_ARGUMENT_MEMORY);
    REFUSED(BOTH_IN_PLACE(&plan, memory, OUTPUT, wrong, pack2, lines, LINES_BOTH, scratch, ROW), MICROCONV_STATUS_NOT_PACKED,
            MICROCONV_ARGUMENT_PACKED_POINTWISE);
    REFUSED(BOTH_IN_PLACE(&plan, memory, OUTPUT, pointwise_packed, pack2, lines, LINES_BOTH, scratch, ROW - 1), MICROCONV_STATUS_LENGTH,
            MICROCONV_ARGUMENT_SCRATCH);
    REFUSED(BOTH_IN_PLACE(&plan, memory, OUTPUT, pointwise_packed, pack2, memory, LINES_BOTH, scratch, ROW), MICROCONV_STATUS_OVERLAP,
            MICROCONV_ARGUMENT_LINES);
    REFUSED(BOTH_IN_PLACE(&plan, memory, OUTPUT, pointwise_packed, pack2, lines, LINES_BOTH, lines, ROW), MICROCONV_STATUS_OVERLAP,
            MICROCONV_ARGUMENT_SCRATCH);
}

int main(void) {
    uint32_t level;
    init();
    for (level = 0; level < microconv_level_count(); level++) on_level(level);
    one_layer();
    two_layers();
    return result("in_place");
}
