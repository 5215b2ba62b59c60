/* Calls from C: right ones on every level against naive loops, and wrong ones, which must write nothing. */
#include "test.h"
#include <math.h>
#include <microconv.h>
#include <string.h>

enum { HEIGHT = 7, WIDTH = 6, CHANNELS = 5, FILTERS = 9, WINDOW = 3, STRIDE = 2, ROWS = 4, COLUMNS = 3 };

static float weights[FILTERS * WINDOW * WINDOW * CHANNELS], bias[FILTERS];
static float packed[MICROCONV_F32_PACKED_LEN(CHANNELS, FILTERS, 1, WINDOW * WINDOW)];
static float image[HEIGHT * WIDTH * CHANNELS], output[ROWS * COLUMNS * FILTERS], part[ROWS * COLUMNS * FILTERS];
static int8_t weights_i8[LEN(weights)], image_i8[LEN(image)], output_i8[LEN(output)], part_i8[LEN(output)];
static uint8_t image_u8[LEN(image)], output_u8[LEN(output)], part_u8[LEN(output)];
static int32_t bias_i8[FILTERS], sums[LEN(output)], part_sums[LEN(output)];
static int32_t packed_i8[MICROCONV_I8_PACKED_LEN(CHANNELS, FILTERS, 1, WINDOW * WINDOW)], packed_u8[LEN(packed_i8)];
static int32_t packed_again[LEN(packed_i8)];
static microconv_geometry layer = MICROCONV_CONV2D(HEIGHT, WIDTH, CHANNELS, FILTERS, WINDOW, WINDOW);
static microconv_f32 plan;
static microconv_i8 plan_i8, plan_u8;
static microconv_error error;

static void fill(void) {
    size_t i;
    for (i = 0; i < LEN(weights); i++) weights[i] = (float)(weights_i8[i] = (int8_t)((int)random_below(255) - 127));
    for (i = 0; i < LEN(image); i++) {
        image[i] = (float)(image_i8[i] = (int8_t)((int)random_below(256) - 128));
        image_u8[i] = (uint8_t)(image_i8[i] + 128);
    }
    for (i = 0; i < FILTERS; i++) bias[i] = (float)(bias_i8[i] = (int32_t)random_below(2000) - 1000);
    layer.padding = MICROCONV_PADDING_SAME;
    layer.stride[1] = layer.stride[2] = STRIDE;
}

/* The sum of an output; the padding is one row and column on either side, at the top and left one or none. */
static int32_t naive(size_t row, size_t column, size_t filter, int32_t zero) {
    int32_t sum = bias_i8[filter];
    int y, x, channel;
    for (y = 0; y < WINDOW; y++)
        for (x = 0; x < WINDOW; x++) {
            const int i = (int)row * STRIDE - 1 + y, j = (int)column * STRIDE + x;
            if (i < 0 || j < 0 || i >= HEIGHT || j >= WIDTH) continue;
            for (channel = 0; channel < CHANNELS; channel++)
                sum += weights_i8[((filter * WINDOW + (size_t)y) * WINDOW + (size_t)x) * CHANNELS + (size_t)channel] *
                       (image_i8[(i * WIDTH + j) * CHANNELS + channel] - zero);
        }
    return sum;
}

/* The sum divided by 1024, ties away from zero, as far as TensorFlow Lite's double rounding is that; clamped. */
static int32_t requantized(int32_t sum, int32_t zero) {
    const int32_t magnitude = ((sum < 0 ? -sum : sum) + 512) >> 10;
    const int32_t number = (sum < 0 ? -magnitude : magnitude) + zero;
    return number < -100 ? -100 : number > 100 ? 100 : number;
}

static void init(void) {
    microconv_quantization quantization = MICROCONV_QUANTIZATION_INT8(-3, 5);
    microconv_quantization of_uint8 = MICROCONV_QUANTIZATION_UINT8(125, 133);
    const float scale = 1.0f / 1024;
    const int32_t value = 1 << 30, shift = -9;
    microconv_sizes sizes;

    quantization.min = -100, quantization.max = 100;
    of_uint8.min = 28, of_uint8.max = 228;
    CHECK(microconv_f32_init(&plan, &layer, -INFINITY, INFINITY, &error) == MICROCONV_STATUS_OK);
    CHECK(microconv_f32_sizes(&plan, &sizes, &error) == MICROCONV_STATUS_OK);
    CHECK(sizes.input_len == LEN(image) && sizes.output_len == LEN(output) && sizes.packed_len == LEN(packed));
    CHECK(sizes.macs == (uint64_t)LEN(output) * WINDOW * WINDOW * CHANNELS);
    CHECK(microconv_f32_pack(&plan, MICROCONV_WEIGHTS_ORDER_OHWI, weights, LEN(weights), bias, LEN(bias), packed, LEN(packed), &error) ==
          MICROCONV_STATUS_OK);
    CHECK(microconv_i8_init(&plan_i8, &layer, &quantization, &error) == MICROCONV_STATUS_OK);
    CHECK(microconv_i8_init(&plan_u8, &layer, &of_uint8, &error) == MICROCONV_STATUS_OK);
    CHECK(microconv_i8_pack(&plan_i8, MICROCONV_WEIGHTS_ORDER_OHWI, weights_i8, LEN(weights_i8), bias_i8, LEN(bias_i8), 0.5f, &scale, 1,
                            0.5f, packed_i8, LEN(packed_i8), &error) == MICROCONV_STATUS_OK);
    CHECK(microconv_i8_pack_multipliers(&plan_i8, MICROCONV_WEIGHTS_ORDER_OHWI, weights_i8, LEN(weights_i8), bias_i8, LEN(bias_i8),
                                        &value, 1, &shift, 1, packed_again, LEN(packed_again), &error) == MICROCONV_STATUS_OK);
    CHECK(memcmp(packed_i8, packed_again, sizeof packed_i8) == 0);
    CHECK(microconv_i8_pack(&plan_u8, MICROCONV_WEIGHTS_ORDER_OHWI, weights_i8, LEN(weights_i8), bias_i8, LEN(bias_i8), 0.5f, &scale, 1,
                            0.5f, packed_u8, LEN(packed_u8), &error) == MICROCONV_STATUS_OK);
}

static void on_level(uint32_t level) {
    size_t row, column, filter;
    printf("level %s\n", microconv_level_name(level));
    memset(output, 0x55, sizeof output), memset(output_i8, 0x55, sizeof output_i8);
    CHECK(microconv_f32_run(&plan, level, image, LEN(image), packed, LEN(packed), output, LEN(output), NULL, 0, &error) == 0);
    CHECK(microconv_i8_run(&plan_i8, level, image_i8, LEN(image_i8), packed_i8, LEN(packed_i8), output_i8, LEN(output_i8), &error) == 0);
    CHECK(microconv_i8_run_sums(&plan_i8, level, image_i8, LEN(image_i8), packed_i8, LEN(packed_i8), sums, LEN(sums), &error) == 0);
    CHECK(microconv_i8_run_u8(&plan_u8, level, image_u8, LEN(image_u8), packed_u8, LEN(packed_u8), output_u8, LEN(output_u8), &error) == 0);
    for (row = 0; row < ROWS; row++)
        for (column = 0; column < COLUMNS; column++)
            for (filter = 0; filter < FILTERS; filter++) {
                const size_t at = (row * COLUMNS + column) * FILTERS + filter;
                const int32_t sum = naive(row, column, filter, -3);
                /* Integers of this size are exact in a float. */
                CHECK(output[at] == (float)naive(row, column, filter, 0));
                CHECK(sums[at] == sum);
                CHECK(output_i8[at] == requantized(sum, 5) + SABOTAGE);
                CHECK(output_u8[at] == requantized(sum, 5) + 128);
            }
    for (row = 0; row < ROWS; row++) {
        size_t first = 99, end = 99, line = WIDTH * CHANNELS, n = COLUMNS * FILTERS, to = row * n;
        CHECK(microconv_f32_input_rows(&plan, row, row + 1, &first, &end, &error) == 0);
        CHECK(first < end && end <= HEIGHT);
        CHECK(microconv_f32_run_rows(&plan, level, row, row + 1, image + first * line, (end - first) * line, packed, LEN(packed),
                                     part + to, n, NULL, 0, &error) == 0);
        CHECK(microconv_i8_input_rows(&plan_i8, row, row + 1, &first, &end, &error) == 0);
        CHECK(microconv_i8_run_rows(&plan_i8, level, row, row + 1, image_i8 + first * line, (end - first) * line, packed_i8,
                                    LEN(packed_i8), part_i8 + to, n, &error) == 0);
        CHECK(microconv_i8_run_rows_u8(&plan_u8, level, row, row + 1, image_u8 + first * line, (end - first) * line, packed_u8,
                                       LEN(packed_u8), part_u8 + to, n, &error) == 0);
        CHECK(microconv_i8_run_rows_sums(&plan_i8, level, row, row + 1, image_i8 + first * line, (end - first) * line, packed_i8,
                                         LEN(packed_i8), part_sums + to, n, &error) == 0);
    }
    CHECK(memcmp(part, output, sizeof part) == 0 && memcmp(part_i8, output_i8, sizeof part_i8) == 0);
    CHECK(memcmp(part_u8, output_u8, sizeof part_u8) == 0 && memcmp(part_sums, sums, sizeof part_sums) == 0);
}

static void levels(void) {
    const uint32_t count = microconv_level_count();
    uint32_t level, found = 99;
    CHECK(count >= 1);
    for (level = 0; level < count; level++) {
        CHECK(microconv_level_named(microconv_level_name(level), &found, &error) == 0 && found == level);
        on_level(level);
    }
    CHECK(strcmp(microconv_level_name(count - 1), "scalar") == 0);
    CHECK(microconv_level_name(count) == NULL && microconv_level_name(0xffffffffu) == NULL);
    CHECK(microconv_level_named("sca", &found, &error) == MICROCONV_STATUS_LEVEL_UNKNOWN && found == count - 1);
    CHECK(microconv_level_named("scalars", &found, NULL) == MICROCONV_STATUS_LEVEL_UNKNOWN);
    CHECK(microconv_level_named("", &found, NULL) == MICROCONV_STATUS_LEVEL_UNKNOWN);
    CHECK(microconv_level_named(NULL, &found, &error) == MICROCONV_STATUS_NULL && error.argument == MICROCONV_ARGUMENT_NAME);
    CHECK(microconv_level_named("scalar", NULL, &error) == MICROCONV_STATUS_NULL && error.argument == MICROCONV_ARGUMENT_LEVEL);
#ifdef __x86_64__
    CHECK(microconv_level_named("neon", &found, &error) == MICROCONV_STATUS_LEVEL_ABSENT);
#endif
}

/* A call is refused with this status about this argument, and has not touched the output. */
#define REFUSED(call, code, about)                                                                 \
    do {                                                                                           \
        size_t i_;                                                                                 \
        memset(output, 0x55, sizeof output), memset(output_i8, 0x55, sizeof output_i8);            \
        CHECK((call) == (code));                                                                   \
        CHECK(error.status == (code) && error.argument == (about));                                \
        for (i_ = 0; i_ < sizeof output; i_++)                                                     \
            if (((const unsigned char *)output)[i_] != 0x55) break;                                \
        CHECK(i_ == sizeof output);                                                                \
        for (i_ = 0; i_ < sizeof output_i8 && output_i8[i_] == 0x55;) i_++;                        \
        CHECK(i_ == sizeof output_i8);                                                             \
    } while (0)

#define RUN(plan, level, input, input_len, packed, packed_len, output, output_len, scratch, scratch_len) \
    microconv_f32_run(plan, level, input, input_len, packed, packed_len, output, output_len, scratch, scratch_len, &error)
#define RUN_I8(plan, level, input, input_len, packed, packed_len, output, output_len)              \
    microconv_i8_run(plan, level, input, input_len, packed, packed_len, output, output_len, &error)

static const float *odd(const float *p) {
    return (const float *)(const void *)((const char *)(const void *)p + 1);
}

static void refusals(void) {
    const size_t in = LEN(image), pack = LEN(packed), out = LEN(output), pack_i8 = LEN(packed_i8);
    microconv_f32 none, tuned;
    microconv_i8 none_i8;
    microconv_geometry wrong = layer;
    microconv_quantization quantization = MICROCONV_QUANTIZATION_INT8(0, 0);
    float scale = 1;

    memset(&none, 0, sizeof none), memset(&none_i8, 0, sizeof none_i8);
    REFUSED(RUN(NULL, 0, image, in, packed, pack, output, out, NULL, 0), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_PLAN);
    REFUSED(RUN(&none, 0, image, in, packed, pack, output, out, NULL, 0), MICROCONV_STATUS_NO_PLAN, MICROCONV_ARGUMENT_PLAN);
    REFUSED(RUN(&plan, 9, image, in, packed, pack, output, out, NULL, 0), MICROCONV_STATUS_LEVEL_ABSENT, MICROCONV_ARGUMENT_LEVEL);
    REFUSED(RUN(&plan, 0, NULL, in, packed, pack, output, out, NULL, 0), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_INPUT);
    REFUSED(RUN(&plan, 0, image, in, NULL, pack, output, out, NULL, 0), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_PACKED);
    REFUSED(RUN(&plan, 0, image, in, packed, pack, NULL, out, NULL, 0), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_OUTPUT);
    REFUSED(RUN(&plan, 0, image, in, packed, pack, output, out, NULL, 5), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_SCRATCH);
    REFUSED(RUN(&plan, 0, NULL, 0, packed, pack, output, out, NULL, 0), MICROCONV_STATUS_LENGTH, MICROCONV_ARGUMENT_INPUT);
    REFUSED(RUN(&plan, 0, odd(image), in - 1, packed, pack, output, out, NULL, 0), MICROCONV_STATUS_MISALIGNED, MICROCONV_ARGUMENT_INPUT);
    CHECK(error.needed == sizeof(float) && error.given == 1);
    REFUSED(RUN(&plan, 0, image, in, odd(packed), pack - 1, output, out, NULL, 0), MICROCONV_STATUS_MISALIGNED, MICROCONV_ARGUMENT_PACKED);
    REFUSED(RUN(&plan, 0, image, in, packed, pack, (float *)(uintptr_t)odd(output), out - 1, NULL, 0), MICROCONV_STATUS_MISALIGNED,
            MICROCONV_ARGUMENT_OUTPUT);
    REFUSED(RUN((const microconv_f32 *)(const void *)odd((const float *)(const void *)&plan), 0, image, in, packed, pack, output, out, NULL, 0),
            MICROCONV_STATUS_MISALIGNED, MICROCONV_ARGUMENT_PLAN);
    REFUSED(RUN(&plan, 0, image, in - 1, packed, pack, output, out, NULL, 0), MICROCONV_STATUS_LENGTH, MICROCONV_ARGUMENT_INPUT);
    CHECK(error.needed == in && error.given == in - 1);
    REFUSED(RUN(&plan, 0, image, in, packed, pack - 1, output, out, NULL, 0), MICROCONV_STATUS_LENGTH, MICROCONV_ARGUMENT_PACKED);
    REFUSED(RUN(&plan, 0, image, in, packed, pack, output, out - 1, NULL, 0), MICROCONV_STATUS_LENGTH, MICROCONV_ARGUMENT_OUTPUT);
    REFUSED(RUN(&plan, 0, image, SIZE_MAX, packed, pack, output, out, NULL, 0), MICROCONV_STATUS_NO_MEMORY, MICROCONV_ARGUMENT_INPUT);
    REFUSED(RUN(&plan, 0, output, in, packed, pack, output, out, NULL, 0), MICROCONV_STATUS_OVERLAP, MICROCONV_ARGUMENT_OUTPUT);
    CHECK(error.other_argument == MICROCONV_ARGUMENT_INPUT);
    REFUSED(RUN(&plan, 0, image, in, output + out - 1, pack, output, out, NULL, 0), MICROCONV_STATUS_OVERLAP, MICROCONV_ARGUMENT_OUTPUT);
    CHECK(error.other_argument == MICROCONV_ARGUMENT_PACKED);
    REFUSED(RUN(&plan, 0, image, in, packed, pack, output, out, output + 3, 1), MICROCONV_STATUS_OVERLAP, MICROCONV_ARGUMENT_SCRATCH);
    CHECK(error.other_argument == MICROCONV_ARGUMENT_OUTPUT);
    REFUSED(RUN(&plan, 0, image, in, packed, pack, output, out, image, 1), MICROCONV_STATUS_OVERLAP, MICROCONV_ARGUMENT_SCRATCH);

    REFUSED(RUN_I8(&none_i8, 0, image_i8, in, packed_i8, pack_i8, output_i8, out), MICROCONV_STATUS_NO_PLAN, MICROCONV_ARGUMENT_PLAN);
    REFUSED(RUN_I8((const microconv_i8 *)(const void *)&plan, 0, image_i8, in, packed_i8, pack_i8, output_i8, out), MICROCONV_STATUS_NO_PLAN,
            MICROCONV_ARGUMENT_PLAN);
    REFUSED(RUN_I8(&plan_i8, 0, NULL, in, packed_i8, pack_i8, output_i8, out), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_INPUT);
    REFUSED(RUN_I8(&plan_i8, 0, image_i8, in, packed_i8, pack_i8, NULL, out), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_OUTPUT);
    REFUSED(RUN_I8(&plan_i8, 0, image_i8, in + 1, packed_i8, pack_i8, output_i8, out), MICROCONV_STATUS_LENGTH, MICROCONV_ARGUMENT_INPUT);
    REFUSED(RUN_I8(&plan_i8, 0, image_i8, in, packed_i8, pack_i8, image_i8, out), MICROCONV_STATUS_OVERLAP, MICROCONV_ARGUMENT_OUTPUT);
    REFUSED(RUN_I8(&plan_u8, 0, image_i8, in, packed_u8, pack_i8, output_i8, out), MICROCONV_STATUS_TYPE, MICROCONV_ARGUMENT_INPUT);
    REFUSED(RUN_I8(&plan_u8, 0, image_i8, in, packed_i8, pack_i8, output_i8, out), MICROCONV_STATUS_TYPE, MICROCONV_ARGUMENT_INPUT);
    memset(packed_again, 0, sizeof packed_again);
    REFUSED(RUN_I8(&plan_i8, 0, image_i8, in, packed_again, pack_i8, output_i8, out), MICROCONV_STATUS_NOT_PACKED, MICROCONV_ARGUMENT_PACKED);
    REFUSED(microconv_i8_run_rows(&plan_i8, 0, 2, ROWS + 1, image_i8, in, packed_i8, pack_i8, output_i8, out, &error), MICROCONV_STATUS_ROWS,
            MICROCONV_ARGUMENT_NONE);
    CHECK(error.at == 2 && error.given == ROWS + 1 && error.needed == ROWS);
    REFUSED(microconv_i8_run_rows(&plan_i8, 0, 2, 1, image_i8, in, packed_i8, pack_i8, output_i8, out, &error), MICROCONV_STATUS_ROWS,
            MICROCONV_ARGUMENT_NONE);

    /* Packing. */
    REFUSED(microconv_f32_pack(&plan, 3, weights, LEN(weights), NULL, 0, output, pack, &error), MICROCONV_STATUS_NO_SUCH_NAME,
            MICROCONV_ARGUMENT_CHOICE);
    CHECK(error.needed == 2 && error.given == 3);
    REFUSED(microconv_f32_pack(&plan, 0, weights, LEN(weights), bias, 0, packed, pack, &error), MICROCONV_STATUS_LENGTH, MICROCONV_ARGUMENT_BIAS);
    REFUSED(microconv_f32_pack(&plan, 0, weights, LEN(weights), weights, FILTERS, weights, pack, &error), MICROCONV_STATUS_OVERLAP,
            MICROCONV_ARGUMENT_PACKED);
    REFUSED(microconv_f32_pack(&plan, 0, output, LEN(weights), NULL, 0, output, out, &error), MICROCONV_STATUS_OVERLAP, MICROCONV_ARGUMENT_PACKED);
    scale = -1;
    REFUSED(microconv_i8_pack(&plan_i8, 0, weights_i8, LEN(weights), NULL, 0, 1, &scale, 1, 1, packed_again, pack_i8, &error),
            MICROCONV_STATUS_MULTIPLIER, MICROCONV_ARGUMENT_SCALES);
    REFUSED(microconv_i8_pack(&plan_i8, 0, weights_i8, LEN(weights), NULL, 0, 1, &scale, 2, 1, packed_again, pack_i8, &error),
            MICROCONV_STATUS_LENGTH, MICROCONV_ARGUMENT_SCALES);
    bias_i8[4] = INT32_MAX;
    scale = 1;
    REFUSED(microconv_i8_pack(&plan_i8, 0, weights_i8, LEN(weights), bias_i8, FILTERS, 1, &scale, 1, 1, packed_again, pack_i8, &error),
            MICROCONV_STATUS_ACCUMULATOR, MICROCONV_ARGUMENT_WEIGHTS);
    CHECK(error.at == 4);
    REFUSED(microconv_i8_pack_multipliers(&plan_i8, 0, weights_i8, LEN(weights), NULL, 0, bias_i8, 1, bias_i8, 2, packed_again, pack_i8, &error),
            MICROCONV_STATUS_LENGTH, MICROCONV_ARGUMENT_SCALES);

    /* Plans. */
    REFUSED(microconv_f32_init(NULL, &layer, 0, 1, &error), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_PLAN);
    REFUSED(microconv_f32_init(&none, NULL, 0, 1, &error), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_GEOMETRY);
    REFUSED(microconv_f32_init(&none, &layer, 1, 0, &error), MICROCONV_STATUS_CLAMP, MICROCONV_ARGUMENT_NONE);
    REFUSED(microconv_f32_init(&none, &layer, NAN, 0, &error), MICROCONV_STATUS_CLAMP, MICROCONV_ARGUMENT_NONE);
    wrong.padding = 3;
    REFUSED(microconv_f32_init(&none, &wrong, 0, 1, &error), MICROCONV_STATUS_NO_SUCH_NAME, MICROCONV_ARGUMENT_CHOICE);
    wrong = layer, wrong.stride[2] = 0;
    REFUSED(microconv_f32_init(&none, &wrong, 0, 1, &error), MICROCONV_STATUS_ZERO, MICROCONV_ARGUMENT_GEOMETRY);
    CHECK(error.quantity == MICROCONV_QUANTITY_STRIDE && error.axis == MICROCONV_AXIS_WIDTH);
    wrong = layer, wrong.groups = 3;
    REFUSED(microconv_f32_init(&none, &wrong, 0, 1, &error), MICROCONV_STATUS_GROUPS, MICROCONV_ARGUMENT_GEOMETRY);
    CHECK(error.quantity == MICROCONV_QUANTITY_CHANNELS && error.needed == 3 && error.given == CHANNELS);
    wrong = layer, wrong.kernel[1] = 99, wrong.padding = MICROCONV_PADDING_VALID;
    REFUSED(microconv_f32_init(&none, &wrong, 0, 1, &error), MICROCONV_STATUS_WINDOW, MICROCONV_ARGUMENT_GEOMETRY);
    CHECK(error.axis == MICROCONV_AXIS_HEIGHT && error.needed == 99 && error.given == HEIGHT);
    wrong = layer, wrong.channels = SIZE_MAX / 4;
    REFUSED(microconv_f32_init(&none, &wrong, 0, 1, &error), MICROCONV_STATUS_TOO_LARGE, MICROCONV_ARGUMENT_GEOMETRY);
    REFUSED(microconv_f32_init_algorithm(&none, &layer, 0, 1, MICROCONV_ALGORITHM_WINOGRAD, 1 << 20, INFINITY, &error),
            MICROCONV_STATUS_ALGORITHM, MICROCONV_ARGUMENT_CHOICE);
    REFUSED(microconv_f32_init_algorithm(&none, &layer, 0, 1, 6, 1 << 20, INFINITY, &error), MICROCONV_STATUS_NO_SUCH_NAME,
            MICROCONV_ARGUMENT_CHOICE);
    wrong = layer, wrong.stride[1] = wrong.stride[2] = 1;
    REFUSED(microconv_f32_init_algorithm(&none, &wrong, 0, 1, MICROCONV_ALGORITHM_WINOGRAD4X4, 1 << 20, 1e-6, &error),
            MICROCONV_STATUS_ERROR_BOUND, MICROCONV_ARGUMENT_NONE);
    CHECK(error.given_bound == 1e-6 && error.needed_bound > 1e-6);
    REFUSED(microconv_f32_init_tuned(&none, &wrong, 0, 1, MICROCONV_ALGORITHM_WINOGRAD4X4, 1 << 20, 1e-6, 0, &error),
            MICROCONV_STATUS_ERROR_BOUND, MICROCONV_ARGUMENT_NONE);
    REFUSED(microconv_f32_init_tuned(&none, &wrong, 0, 1, 6, 1 << 20, INFINITY, 0, &error), MICROCONV_STATUS_NO_SUCH_NAME,
            MICROCONV_ARGUMENT_CHOICE);
    REFUSED(microconv_f32_init_tuned(&none, &wrong, 0, 1, MICROCONV_ALGORITHM_AUTO, 1 << 20, INFINITY, 99, &error),
            MICROCONV_STATUS_LEVEL_ABSENT, MICROCONV_ARGUMENT_LEVEL);
    CHECK(error.needed == microconv_level_count() && error.given == 99);
    CHECK(microconv_f32_init_tuned(&tuned, &wrong, 0, 1, MICROCONV_ALGORITHM_AUTO, 1 << 20, INFINITY, MICROCONV_LEVEL_BEST, NULL) ==
          MICROCONV_STATUS_OK);
    quantization.input_zero_point = 128;
    REFUSED(microconv_i8_init(&none_i8, &layer, &quantization, &error), MICROCONV_STATUS_ZERO_POINT, MICROCONV_ARGUMENT_INPUT);
    quantization.input_zero_point = 0, quantization.rounding = 3;
    REFUSED(microconv_i8_init(&none_i8, &layer, &quantization, &error), MICROCONV_STATUS_NO_SUCH_NAME, MICROCONV_ARGUMENT_CHOICE);
    quantization.rounding = 0, quantization.output = 2;
    REFUSED(microconv_i8_init(&none_i8, &layer, &quantization, &error), MICROCONV_STATUS_NO_SUCH_NAME, MICROCONV_ARGUMENT_CHOICE);
    REFUSED(microconv_i8_init(&none_i8, &layer, NULL, &error), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_QUANTIZATION);
    /* None of them has made a plan. */
    REFUSED(microconv_f32_sizes(&none, NULL, &error), MICROCONV_STATUS_NO_PLAN, MICROCONV_ARGUMENT_PLAN);
    REFUSED(microconv_i8_sizes(&none_i8, NULL, &error), MICROCONV_STATUS_NO_PLAN, MICROCONV_ARGUMENT_PLAN);
    REFUSED(microconv_f32_sizes(&plan, NULL, &error), MICROCONV_STATUS_NULL, MICROCONV_ARGUMENT_RESULT);
}

static void texts(void) {
    uint32_t i, j;
    for (i = 0; i <= MICROCONV_STATUS_LEVEL_ABSENT; i++)
        for (j = 0; j < i; j++) CHECK(strcmp(microconv_status_text(i), microconv_status_text(j)) != 0);
    CHECK(strcmp(microconv_status_text(i), "unknown") == 0 && strcmp(microconv_status_text(0xffffffffu), "unknown") == 0);
    CHECK(strcmp(microconv_argument_text(MICROCONV_ARGUMENT_PACKED_POINTWISE), "packed pointwise") == 0);
    CHECK(strcmp(microconv_argument_text(MICROCONV_ARGUMENT_OUTPUT), "output") == 0);
    CHECK(strcmp(microconv_argument_text(MICROCONV_ARGUMENT_POINTWISE), "pointwise") == 0);
    CHECK(strcmp(microconv_argument_text(22), "unknown") == 0);
    CHECK(strcmp(microconv_quantity_text(MICROCONV_QUANTITY_RECEPTIVE_FIELD), "receptive field") == 0);
    CHECK(strcmp(microconv_quantity_text(15), "unknown") == 0);
}

int main(void) {
    fill();
    init();
    levels();
    refusals();
    texts();
    return result("calls");
}
