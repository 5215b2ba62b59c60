/* The macros that give lengths as constant expressions, against the functions, over random shapes. */
#include "test.h"
#include <math.h>
#include <microconv.h>

/* They are constant expressions. */
static float packed_f32[MICROCONV_F32_PACKED_LEN(3, 20, 1, 9)];
static int32_t packed_i8[MICROCONV_I8_PACKED_LEN(8, 8, 8, 9)];
static int32_t packed_i16[MICROCONV_I16_PACKED_LEN(8, 8, 1, 9)];
static float packed_winograd[MICROCONV_WINOGRAD_PACKED_LEN(4, 16, 16, 1)];
static float scratch[MICROCONV_WINOGRAD_LEAST_SCRATCH_LEN(6, 16, 1)];
static float lines[MICROCONV_IN_PLACE_LINES_LEN(9 * 7, 9, 7, 9, 7, 1, 1)];
static float band[MICROCONV_SEPARABLE_SCRATCH_LEN(9, 7)];
static float output[MICROCONV_OUTPUT_SIZE(9, 3, 2, 1, 2) * MICROCONV_SAME_OUTPUT_SIZE(9, 2)];

static size_t between(size_t least, size_t most) {
    return least + random_below((uint32_t)(most - least + 1));
}

/* Layers that overwrite their input, alone and with a pointwise one behind them, in memory that is as long as they need, or longer. */
static void in_place(const microconv_geometry *layer, const microconv_f32 *plan, const microconv_sizes *sizes) {
    const size_t span = (layer->kernel[1] - 1) * layer->dilation[1] + 1, filters = between(1, 70);
    const size_t rows = layer->input[1], row = sizes->input_row_len, output_rows = sizes->output[2], output_row = sizes->output_row_len;
    const size_t pointwise_row = sizes->output[3] * filters, stride = layer->stride[1];
    const size_t padded = (output_rows - 1) * stride + span;
    const size_t top = layer->padding == MICROCONV_PADDING_EXPLICIT ? layer->sides[1][0] : padded > rows ? (padded - rows) / 2 : 0;
    const size_t more = random_below(2) ? 0 : between(0, 3 * output_row);
    const size_t memory = (sizes->input_len > sizes->output_len ? sizes->input_len : sizes->output_len) + more;
    microconv_geometry behind = MICROCONV_CONV2D(output_rows, sizes->output[3], layer->filters, filters, 1, 1);
    microconv_f32 pointwise;
    microconv_separable_f32 both;
    microconv_separable_sizes of_both;
    microconv_error error;
    size_t len = 99;

    CHECK(microconv_f32_init(&pointwise, &behind, -INFINITY, INFINITY, NULL) == MICROCONV_STATUS_OK);
    CHECK(microconv_separable_f32_init(&both, plan, &pointwise, &error) == MICROCONV_STATUS_OK);
    CHECK(microconv_separable_f32_sizes(&both, &of_both, NULL) == MICROCONV_STATUS_OK);
    CHECK(of_both.scratch_len == MICROCONV_SEPARABLE_SCRATCH_LEN(output_rows, output_row));
    CHECK(of_both.least_scratch_len == output_row && of_both.output_row_len == pointwise_row && of_both.output_rows == output_rows);
    CHECK(of_both.packed_len == sizes->packed_len && of_both.input_len == sizes->input_len && of_both.input_row_len == row);
    CHECK(of_both.pointwise_packed_len == MICROCONV_F32_PACKED_LEN(layer->filters, filters, 1, 1));
    CHECK(of_both.output_len == output_rows * pointwise_row && of_both.macs == sizes->macs + of_both.output_len * layer->filters);
    /* Where no window lies in the padding. */
    if (top >= span || (output_rows - 1) * stride >= rows + top) return;
    CHECK(microconv_f32_in_place_lines_len(plan, memory, &len, NULL) == MICROCONV_STATUS_OK);
    CHECK(len == MICROCONV_IN_PLACE_LINES_LEN(memory, rows, row, output_rows, output_row, stride, top) + SABOTAGE);
    if (of_both.output_len > memory) return;
    CHECK(microconv_separable_f32_in_place_lines_len(&both, memory, &len, NULL) == MICROCONV_STATUS_OK);
    CHECK(len == MICROCONV_IN_PLACE_LINES_LEN(memory, rows, row, output_rows, pointwise_row, stride, top));
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
    microconv_i16 plan_i16;
    microconv_sizes sizes;
    int tile;

    layer.batch = between(1, 3);
    layer.groups = groups;
    layer.padding = (uint32_t)between(MICROCONV_PADDING_SAME, MICROCONV_PADDING_EXPLICIT);
    for (axis = 1; axis < 3; axis++) {
        layer.stride[axis] = between(1, 3);
        layer.dilation[axis] = between(1, 2);
        /* Any window fits. */
        layer.sides[axis][0] = between(random_below(2) ? 0 : 4, 8);
        layer.sides[axis][1] = between(8 - layer.sides[axis][0], 8);
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

    if (layer.batch == 1) in_place(&layer, &plan, &sizes);

    CHECK(microconv_i8_init(&plan_i8, &layer, &quantization, NULL) == MICROCONV_STATUS_OK);
    CHECK(microconv_i8_sizes(&plan_i8, &sizes, NULL) == MICROCONV_STATUS_OK);
    CHECK(sizes.packed_len == MICROCONV_I8_PACKED_LEN(channels, filters, groups, taps));

    CHECK(microconv_i16_init(&plan_i16, &layer, -32768, 32767, NULL) == MICROCONV_STATUS_OK);
    CHECK(microconv_i16_sizes(&plan_i16, &sizes, NULL) == MICROCONV_STATUS_OK);
    CHECK(sizes.packed_len == MICROCONV_I16_PACKED_LEN(channels, filters, groups, taps));
    CHECK(sizes.scratch_len == 0 && sizes.least_scratch_len == 0 && sizes.row_granularity == 1);

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
    CHECK(LEN(packed_i16) == 8 * 22 + 4 && LEN(lines) == 2 * 7 && LEN(band) == 9 * 7);
    CHECK(LEN(scratch) == 64 * (16 + 16) + 15 && LEN(output) == 5 * 5);
    return result("lengths");
}
