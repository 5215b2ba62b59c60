/* Layers that the example flash made: they run as they lie there, and hold what packing makes. */
#include "test.h"
#include "../flash/conv.c"
#include "../flash/depthwise.c"
#include <string.h>

static float image[7 * 6 * 2], output[4 * 6 * 5], weights[5 * 9 * 2], packed[LEN(conv_packed)];
static int8_t image_i8[6 * 5 * 3], output_i8[5 * 5 * 6], again_i8[5 * 5 * 6], weights_i8[54];
static int32_t packed_i8[LEN(depthwise_packed)], bias_i8[6];
static float bias[5], scales[6];

/* The numbers of a .npy file, which stand at its end. */
static void load(const char *path, void *to, size_t bytes) {
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    if (file == NULL) return;
    CHECK(fseek(file, -(long)bytes, SEEK_END) == 0);
    CHECK(fread(to, 1, bytes, file) == bytes);
    fclose(file);
}

int main(void) {
    microconv_f32 plan;
    microconv_i8 plan_i8, other;
    microconv_sizes sizes, same;
    size_t i, row, column, channel, last = LEN(output) - 1;
    float expected = 0;

    CHECK((uintptr_t)conv_packed % 64 == 0 && (uintptr_t)depthwise_packed % 64 == 0);
    load("tests/flash/conv_weights.npy", weights, sizeof weights);
    load("tests/flash/conv_bias.npy", bias, sizeof bias);
    CHECK(microconv_f32_init(&plan, &conv_geometry, conv_clamp[0], conv_clamp[1], NULL) == MICROCONV_STATUS_OK);
    CHECK(microconv_f32_pack(&plan, MICROCONV_WEIGHTS_ORDER_OHWI, weights, LEN(weights), bias, LEN(bias), packed, LEN(packed), NULL) == 0);
    CHECK((memcmp(packed, conv_packed, sizeof packed) != 0) == SABOTAGE);
    for (i = 0; i < LEN(image); i++) image[i] = (float)((int)(i % 7) - 3) / 8;
    CHECK(microconv_f32_run(&plan, MICROCONV_LEVEL_BEST, image, LEN(image), conv_packed, LEN(conv_packed), output, LEN(output), NULL, 0, NULL) == 0);
    /* The last output: rows 5 and 6, columns 4 and 5, of filter 4. */
    expected = bias[4];
    for (row = 0; row < 2; row++)
        for (column = 0; column < 2; column++)
            for (channel = 0; channel < 2; channel++)
                expected += weights[((4 * 3 + row) * 3 + column) * 2 + channel] * image[((5 + row) * 6 + 4 + column) * 2 + channel];
    if (expected < conv_clamp[0]) expected = conv_clamp[0];
    if (expected > conv_clamp[1]) expected = conv_clamp[1];
    CHECK(output[last] - expected < 1e-6f && expected - output[last] < 1e-6f);

    load("tests/flash/depthwise_weights.npy", weights_i8, sizeof weights_i8);
    load("tests/flash/depthwise_bias.npy", bias_i8, sizeof bias_i8);
    load("tests/flash/depthwise_scales.npy", scales, sizeof scales);
    CHECK(microconv_i8_init(&plan_i8, &depthwise_geometry, &depthwise_quantization, NULL) == MICROCONV_STATUS_OK);
    CHECK(microconv_i8_pack(&plan_i8, MICROCONV_WEIGHTS_ORDER_HWIO, weights_i8, LEN(weights_i8), bias_i8, LEN(bias_i8), 0.5f, scales,
                            LEN(scales), 0.7f, packed_i8, LEN(packed_i8), NULL) == MICROCONV_STATUS_OK);
    CHECK((memcmp(packed_i8, depthwise_packed, sizeof packed_i8) != 0) == SABOTAGE);
    for (i = 0; i < LEN(image_i8); i++) image_i8[i] = (int8_t)(i * 29 % 251);
    CHECK(microconv_i8_run(&plan_i8, MICROCONV_LEVEL_BEST, image_i8, LEN(image_i8), depthwise_packed, LEN(depthwise_packed), output_i8,
                           LEN(output_i8), NULL) == MICROCONV_STATUS_OK);

    /* The plan that is a constant is the one that was just made. */
    CHECK(microconv_i8_run(&depthwise_plan, MICROCONV_LEVEL_BEST, image_i8, LEN(image_i8), depthwise_packed, LEN(depthwise_packed), again_i8,
                           LEN(again_i8), NULL) == MICROCONV_STATUS_OK);
    CHECK((memcmp(output_i8, again_i8, sizeof output_i8) != 0) == SABOTAGE);
    CHECK(microconv_i8_sizes(&plan_i8, &sizes, NULL) == MICROCONV_STATUS_OK);
    CHECK(microconv_i8_sizes(&depthwise_plan, &same, NULL) == MICROCONV_STATUS_OK);
    CHECK(memcmp(&sizes, &same, sizeof sizes) == 0);
    /* And one of another version is none. */
    other = depthwise_plan;
    other.seal ^= (uint64_t)3 << 48;
    CHECK(microconv_i8_run(&other, MICROCONV_LEVEL_BEST, image_i8, LEN(image_i8), depthwise_packed, LEN(depthwise_packed), again_i8,
                           LEN(again_i8), NULL) == MICROCONV_STATUS_NO_PLAN);
    return result("flash");
}
