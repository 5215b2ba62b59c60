/* The macros that give lengths as constant expressions, against the functions, over random shapes. */
#include "test.h"
#include <math.h>
#include <microconv.h>

/* They are constant expressions. */
static float packed_f32[MICROCONV_F32_PACKED_LEN(3, 20, 1, 9)];
static int32_t packed_i8[MICROCONV_I8_PACKED_LEN(8, 8, 8, 9)];
static float packed_winograd[MICROCONV_WINOGRAD_PACKED_LEN(4, 16, 16, 1)];
static float scratch[MICROCONV_WINOGRAD_LEAST_SCRATCH_LEN(6, 16, 1)];
static float output[MICROCONV_OUTPUT_SIZE(9, 3, 2, 1, 2) * MICROCONV_SAME_OUTPUT_SIZE(9, 2)];

static size_t between(size_t least, size_t most) {
    return least + random_below((uint32_t)(most - least + 1));
}

static void shape(void) {
    const microconv_quantization quantization = MICROCONV_QUANTIZATION_INT8(0, 0);
    static const size_t common[] = {1, 1, 1, 2, 4, 7, 16};
    size_t groups = common[random_below(LEN(common))], taps, axis;
    const size_t channels = groups * between(1, random_below(2) ? 40 : 1);
    const size_t filters = groups * between(1, 70);
    microconv_geometry layer = MICROCONV_CONV2D(between(1, 40), between(1, 40), channels, filters, between(1, 5), between(1, 5));
    microconv_f32 plan;
    microconv_i8 plan_i8;
    microconv_sizes sizes;
    int tile;

    layer.batch = between(1, 3);
    layer.groups = groups;
    layer.padding = (uint32_t)between(MICROCONV_PADDING_SAME, MICROCONV_PADDING_EXPLICIT);
    for (axis = 1; axis < 3; axis++) {
        layer.stride[axis] = between(1, 3);
        layer.dilation[axis] = between(1, 2);
        layer.sides[axis][0] = between(4, 8);
        layer.sides[axis][1] = between(4, 8);
    }
    taps = layer.kernel[0] * layer.kernel[1] * layer.kernel[2];

    CHECK(microconv_f32_init(&plan, &layer, -INFINITY, INFINITY, NULL) == MICROCONV_STATUS_OK);
    CHECK(microconv_f32_sizes(&plan, &sizes, NULL) == MICROCONV_STATUS_OK);
    CHECK(sizes.packed_len == MICROCONV_F32_PACKED_LEN(channels, filters, groups, taps) + SABOTAGE);
    CHECK(sizes.scratch_len == 0 && sizes.least_scratch_len == 0 && sizes.row_granularity == 1);
    CHECK(sizes.weights_len == filters * taps * (channels / groups));
    for (axis = 1; axis < 3; axis++) {
        const size_t size = layer.input[axis];
        const size_t needed = layer.padding == MICROCONV_PADDING_SAME
                                  ? MICROCONV_SAME_OUTPUT_SIZE(size, layer.stride[axis])
                                  : MICROCONV_OUTPUT_SIZE(size, layer.kernel[axis], layer.stride[axis], layer.dilation[axis],
                                                          layer.sides[axis][0] + layer.sides[axis][1]);
        CHECK(sizes.output[1 + axis] == needed);
    }
    CHECK(sizes.input_len == layer.batch * layer.input[1] * layer.input[2] * channels);
    CHECK(sizes.output_len == layer.batch * sizes.output[2] * sizes.output[3] * filters);

    CHECK(microconv_i8_init(&plan_i8, &layer, &quantization, NULL) == MICROCONV_STATUS_OK);
    CHECK(microconv_i8_sizes(&plan_i8, &sizes, NULL) == MICROCONV_STATUS_OK);
    CHECK(sizes.packed_len == MICROCONV_I8_PACKED_LEN(channels, filters, groups, taps));

    layer.kernel[1] = layer.kernel[2] = 3;
    for (axis = 1; axis < 3; axis++) layer.stride[axis] = layer.dilation[axis] = 1;
    for (tile = 2; tile <= 6; tile += 2) {
        const uint32_t algorithm = (uint32_t)(MICROCONV_ALGORITHM_WINOGRAD2X2 + tile / 2 - 1);
        const size_t least = MICROCONV_WINOGRAD_LEAST_SCRATCH_LEN(tile, channels, groups);
        microconv_error error;
        CHECK(microconv_f32_init_algorithm(&plan, &layer, 0, 6, algorithm, least * sizeof(float), INFINITY, &error) == MICROCONV_STATUS_OK);
        CHECK(microconv_f32_sizes(&plan, &sizes, NULL) == MICROCONV_STATUS_OK);
        CHECK(sizes.packed_len == MICROCONV_WINOGRAD_PACKED_LEN(tile, channels, filters, groups));
        CHECK(sizes.least_scratch_len == least && sizes.scratch_len == least);
        CHECK(sizes.row_granularity == (size_t)tile);
        CHECK(microconv_f32_init_algorithm(&plan, &layer, 0, 6, algorithm, least * sizeof(float) - 1, INFINITY, &error) ==
              MICROCONV_STATUS_SCRATCH_BYTES);
        CHECK(error.needed == least * sizeof(float) && error.given == error.needed - 1);
    }
}

int main(void) {
    int count;
    for (count = 0; count < 10000; count++) shape();
    CHECK(LEN(packed_f32) == 20 * 28 + 4 && LEN(packed_i8) == 2 * 25 + 4 && LEN(packed_winograd) == 16 * (1 + 36 * 16) + 4);
    CHECK(LEN(scratch) == 64 * (16 + 16) + 15 && LEN(output) == 5 * 5);
    return result("lengths");
}
