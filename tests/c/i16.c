/* Calls of 16-bit activations: right ones on every level against naive loops, and wrong ones, which must write nothing. */
#include "test.h"
#include <microconv.h>
#include <string.h>

enum { HEIGHT = 7, WIDTH = 6, CHANNELS = 5, FILTERS = 9, WINDOW = 3, STRIDE = 2, ROWS = 4, COLUMNS = 3 };

static int8_t weights[FILTERS * WINDOW * WINDOW * CHANNELS];
static int64_t bias[FILTERS];
static int16_t image[HEIGHT * WIDTH * CHANNELS], output[ROWS * COLUMNS * FILTERS], part[ROWS * COLUMNS * FILTERS];
static int32_t packed[MICROCONV_I16_PACKED_LEN(CHANNELS, FILTERS, 1, WINDOW * WINDOW)], packed_again[LEN(packed)];
static microconv_geometry layer = MICROCONV_CONV2D(HEIGHT, WIDTH, CHANNELS, FILTERS, WINDOW, WINDOW);
static microconv_i16 plan;
static microconv_error error;

static void init(void) {
    const float scale = 1.0f / 8192;
    const int32_t value = 1 << 30, shift = -12;
    microconv_sizes sizes;
    size_t i;

    for (i = 0; i < LEN(weights); i++) weights[i] = (int8_t)((int)random_below(256) - 128);
    for (i = 0; i < LEN(image); i++) image[i] = (int16_t)((int)random_below(65536) - 32768);
    for (i = 0; i < FILTERS; i++) bias[i] = (int64_t)random_below(2000000) - 1000000;
    /* One that no int32 holds. */
    bias[3] = (int64_t)5 << 32;
    layer.padding = MICROCONV_PADDING_SAME;
    layer.stride[1] = layer.stride[2] = STRIDE;
    CHECK(microconv_i16_init(&plan, &layer, -20000, 30000, &error) == MICROCONV_STATUS_OK);
    CHECK(microconv_i16_sizes(&plan, &sizes, &error) == MICROCONV_STATUS_OK);
    CHECK(sizes.input_len == LEN(image) && sizes.output_len == LEN(output) && sizes.packed_len == LEN(packed));
    CHECK(sizes.macs == (uint64_t)LEN(output) * WINDOW * WINDOW * CHANNELS);
    CHECK(microconv_i16_pack(&plan, MICROCONV_WEIGHTS_ORDER_OHWI, weights, LEN(weights), bias, LEN(bias), 0.5f, &scale, 1, 0.5f, packed,
                             LEN(packed), &error) == MICROCONV_STATUS_OK);
    CHECK(microconv_i16_pack_multipliers(&plan, MICROCONV_WEIGHTS_ORDER_OHWI, weights, LEN(weights), bias, LEN(bias), &value, 1, &shift, 1,
                                         packed_again, LEN(packed_again), &error) == MICROCONV_STATUS_OK);
    CHECK(memcmp(packed, packed_again, sizeof packed) == 0);
}

/* The sum of an output, divided by 8192, ties upwards, and clamped. The padding is one row on either side, and a column on the right. */
static int16_t naive(size_t row, size_t column, size_t filter) {
    int64_t sum = bias[filter];
    int y, x, channel;
    for (y = 0; y < WINDOW; y++)
        for (x = 0; x < WINDOW; x++) {
            const int i = (int)row * STRIDE - 1 + y, j = (int)column * STRIDE + x;
            if (i < 0 || j < 0 || i >= HEIGHT || j >= WIDTH) continue;
            for (channel = 0; channel < CHANNELS; channel++)
                sum += weights[((filter * WINDOW + (size_t)y) * WINDOW + (size_t)x) * CHANNELS + (size_t)channel] *
                       image[(i * WIDTH + j) * CHANNELS + channel];
        }
    sum += 4096;
    sum = (sum - (sum & 8191)) / 8192;
    return (int16_t)(sum < -20000 ? -20000 : sum > 30000 ? 30000 : sum);
}

static void on_level(uint32_t level) {
    size_t row, column, filter, line = WIDTH * CHANNELS, n = COLUMNS * FILTERS;
    printf("level %s\n", microconv_level_name(level));
    memset(output, 0x55, sizeof output), memset(part, 0x55, sizeof part);
    CHECK(microconv_i16_run(&plan, level, image, LEN(image), packed, LEN(packed), output, LEN(output), &error) == MICROCONV_STATUS_OK);
    for (row = 0; row < ROWS; row++)
        for (column = 0; column < COLUMNS; column++)
            for (filter = 0; filter < FILTERS; filter++)
                CHECK(output[(row * COLUMNS + column) * FILTERS + filter] == naive(row, column, filter) + SABOTAGE);
    for (row = 0; row < ROWS; row++) {
        size_t first = 99, end = 99;
        CHECK(microconv_i16_input_rows(&plan, row, row + 1, &first, &end, &error) == MICROCONV_STATUS_OK);
        CHECK(first < end && end <= HEIGHT);
        CHECK(microconv_i16_run_rows(&plan, level, row, row + 1, image + first * line, (end - first) * line, packed, LEN(packed),
                                     part + row * n, n, &error) == MICROCONV_STATUS_OK);
    }
    CHECK(memcmp(part, output, sizeof part) == 0);
}

/* A call is refused with this status about this argument, and has not touched the output. */
#define REFUSED(call, code, about)                                                                 \
    do {                                                                                           \
        size_t i_;                                                                                 \
        memset(output, 0x55, sizeof output);                                                       \
        CHECK((call) == (code));                                                                   \
        CHECK(error.status == (code) && error.argument == (about));                                \
        for (i_ = 0; i_ < LEN(output) && output[i_] == 0x5555;) i_++;                              \
        CHECK(i_ == LEN(output));                                                                  \
    } while (0)

#define RUN(plan, level, input, input_len, packed, packed_len, output, output_len)                 \
    microconv_i16_run(plan, level, input, input_len, packed, packed_len, output, output_len, &error)

static const int16_t *odd(const int16_t *p) {
    return (const int16_t *)(const void *)((const char *)(const void *)p + 1);
}

static void refusals(void) {
    const size_t in = LEN(image), pack = LEN(packed), out = LEN(output);
    const float scale = 1, negative = -1;
    microconv_i16 none;
    microconv_i8 other;
    microconv_quantization quantization = MICROCONV_QUANTIZATION_INT8(0, 0);
    microconv_geometry wrong = layer;
    size_t first = 99, end = 99;

    memset(&none, 0, sizeof none);
    CHECK(microconv_i8_init(&other, &layer, &quantization, NULL) == MICROCONV_STATUS_OK);
    REFUSED(RUN(NULL, 0, image, in, packed, pack, output, out), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_PLAN);
    REFUSED(RUN(&none, 0, image, in, packed, pack, output, out), MICROCONV_STATUS_NO_PLAN, MICROCONV_ARGUMENT_PLAN);
    REFUSED(RUN((const microconv_i16 *)(const void *)&other, 0, image, in, packed, pack, output, out), MICROCONV_STATUS_NO_PLAN,
            MICROCONV_ARGUMENT_PLAN);
    REFUSED(RUN(&plan, 9, image, in, packed, pack, output, out), MICROCONV_STATUS_LEVEL_ABSENT, MICROCONV_ARGUMENT_LEVEL);
    REFUSED(RUN(&plan, 0, NULL, in, packed, pack, output, out), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_INPUT);
    REFUSED(RUN(&plan, 0, odd(image), in - 1, packed, pack, output, out), MICROCONV_STATUS_MISALIGNED, MICROCONV_ARGUMENT_INPUT);
    CHECK(error.needed == 2 && error.given == 1);
    REFUSED(RUN(&plan, 0, image, in, NULL, pack, output, out), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_PACKED);
    REFUSED(RUN(&plan, 0, image, in, packed, pack, NULL, out), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_OUTPUT);
    REFUSED(RUN(&plan, 0, image, in - 1, packed, pack, output, out), MICROCONV_STATUS_LENGTH, MICROCONV_ARGUMENT_INPUT);
    CHECK(error.needed == in && error.given == in - 1);
    REFUSED(RUN(&plan, 0, image, in, packed, pack - 1, output, out), MICROCONV_STATUS_LENGTH, MICROCONV_ARGUMENT_PACKED);
    REFUSED(RUN(&plan, 0, image, in, packed, pack, output, out - 1), MICROCONV_STATUS_LENGTH, MICROCONV_ARGUMENT_OUTPUT);
    REFUSED(RUN(&plan, 0, image, SIZE_MAX / 2 + 1, packed, pack, output, out), MICROCONV_STATUS_NO_MEMORY, MICROCONV_ARGUMENT_INPUT);
    REFUSED(RUN(&plan, 0, output, in, packed, pack, output, out), MICROCONV_STATUS_OVERLAP, MICROCONV_ARGUMENT_OUTPUT);
    CHECK(error.other_argument == MICROCONV_ARGUMENT_INPUT);
    memset(packed_again, 0, sizeof packed_again);
    REFUSED(RUN(&plan, 0, image, in, packed_again, pack, output, out), MICROCONV_STATUS_NOT_PACKED, MICROCONV_ARGUMENT_PACKED);
    REFUSED(microconv_i16_run_rows(&plan, 0, 2, ROWS + 1, image, in, packed, pack, output, out, &error), MICROCONV_STATUS_ROWS,
            MICROCONV_ARGUMENT_NONE);
    CHECK(error.at == 2 && error.given == ROWS + 1 && error.needed == ROWS);
    REFUSED(microconv_i16_input_rows(&plan, 2, 1, &first, &end, &error), MICROCONV_STATUS_ROWS, MICROCONV_ARGUMENT_NONE);
    REFUSED(microconv_i16_input_rows(&plan, 0, 1, &first, NULL, &error), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_RESULT);
    CHECK(first == 99 && end == 99);

    REFUSED(microconv_i16_pack(&plan, 3, weights, LEN(weights), NULL, 0, 1, &scale, 1, 1, packed_again, pack, &error),
            MICROCONV_STATUS_NO_SUCH_NAME, MICROCONV_ARGUMENT_CHOICE);
    REFUSED(microconv_i16_pack(&plan, 0, weights, LEN(weights) - 1, NULL, 0, 1, &scale, 1, 1, packed_again, pack, &error),
            MICROCONV_STATUS_LENGTH, MICROCONV_ARGUMENT_WEIGHTS);
    REFUSED(microconv_i16_pack(&plan, 0, weights, LEN(weights), bias, FILTERS - 1, 1, &scale, 1, 1, packed_again, pack, &error),
            MICROCONV_STATUS_LENGTH, MICROCONV_ARGUMENT_BIAS);
    REFUSED(microconv_i16_pack(&plan, 0, weights, LEN(weights), NULL, 0, 1, &negative, 1, 1, packed_again, pack, &error),
            MICROCONV_STATUS_MULTIPLIER, MICROCONV_ARGUMENT_SCALES);
    REFUSED(microconv_i16_pack(&plan, 0, weights, LEN(weights), NULL, 0, 1, NULL, 1, 1, packed_again, pack, &error), MICROCONV_STATUS_NULL,
            MICROCONV_ARGUMENT_SCALES);
    REFUSED(microconv_i16_pack_multipliers(&plan, 0, weights, LEN(weights), NULL, 0, packed, 1, NULL, 1, packed_again, pack, &error),
            MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_SHIFTS);
    REFUSED(microconv_i16_pack_multipliers(&plan, 0, weights, LEN(weights), NULL, 0, packed_again + 1, 1, packed, 1, packed_again, pack, &error),
            MICROCONV_STATUS_OVERLAP, MICROCONV_ARGUMENT_PACKED);
    CHECK(error.other_argument == MICROCONV_ARGUMENT_SCALES && packed_again[0] == 0);
    bias[4] = (int64_t)1 << 47;
    REFUSED(microconv_i16_pack(&plan, 0, weights, LEN(weights), bias, FILTERS, 1, &scale, 1, 1, packed_again, pack, &error),
            MICROCONV_STATUS_ACCUMULATOR, MICROCONV_ARGUMENT_WEIGHTS);
    CHECK(error.at == 4);

    REFUSED(microconv_i16_init(NULL, &layer, 0, 1, &error), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_PLAN);
    REFUSED(microconv_i16_init(&none, NULL, 0, 1, &error), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_GEOMETRY);
    REFUSED(microconv_i16_init(&none, &layer, 1, 0, &error), MICROCONV_STATUS_CLAMP, MICROCONV_ARGUMENT_NONE);
    wrong.groups = 3;
    REFUSED(microconv_i16_init(&none, &wrong, 0, 1, &error), MICROCONV_STATUS_GROUPS, MICROCONV_ARGUMENT_GEOMETRY);
    /* None of them has made a plan. */
    REFUSED(microconv_i16_sizes(&none, NULL, &error), MICROCONV_STATUS_NO_PLAN, MICROCONV_ARGUMENT_PLAN);
    REFUSED(microconv_i16_sizes(&plan, NULL, &error), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_RESULT);
}

int main(void) {
    uint32_t level;
    init();
    for (level = 0; level < microconv_level_count(); level++) on_level(level);
    refusals();
    return result("i16");
}
