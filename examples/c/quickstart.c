/*
 * A first convolution in float, and one in int8, from C. All memory is static, and its sizes are known to
 * the compiler.
 *
 *     cargo rustc --profile capi --features capi --crate-type staticlib
 *     gcc -Iinclude examples/c/quickstart.c target/capi/libmicroconv.a -o quickstart && ./quickstart
 */
#include <math.h>
#include <microconv.h>
#include <stdio.h>

enum { HEIGHT = 32, WIDTH = 32, CHANNELS = 3, FILTERS = 8, WINDOW = 3 };

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* Prints what is wrong, and says whether something is. */
static int failed(const microconv_error *error) {
    if (error->status == MICROCONV_STATUS_OK) return 0;
    printf("%s (%s): %lu needed, %lu given\n", microconv_status_text(error->status),
           microconv_argument_text(error->argument), (unsigned long)error->needed, (unsigned long)error->given);
    return 1;
}

static int in_float(void) {
    /* Weights are [filter][height][width][channel], images [height][width][channel]. */
    static float weights[FILTERS * WINDOW * WINDOW * CHANNELS];
    static float packed[MICROCONV_F32_PACKED_LEN(CHANNELS, FILTERS, 1, WINDOW * WINDOW)];
    static float image[HEIGHT * WIDTH * CHANNELS], output[HEIGHT * WIDTH * FILTERS];
    microconv_geometry layer = MICROCONV_CONV2D(HEIGHT, WIDTH, CHANNELS, FILTERS, WINDOW, WINDOW);
    microconv_f32 plan;
    microconv_error error;
    size_t i;

    layer.padding = MICROCONV_PADDING_SAME;
    for (i = 0; i < LEN(weights); i++) weights[i] = 0.125f;
    for (i = 0; i < LEN(image); i++) image[i] = 1;

    /* Checked once, with a ReLU; packed once, for every processor. */
    microconv_f32_init(&plan, &layer, 0, INFINITY, &error);
    if (failed(&error)) return 1;
    microconv_f32_pack(&plan, MICROCONV_WEIGHTS_ORDER_OHWI, weights, LEN(weights), NULL, 0, packed, LEN(packed), &error);
    if (failed(&error)) return 1;
    microconv_f32_run(&plan, MICROCONV_LEVEL_BEST, image, LEN(image), packed, LEN(packed), output, LEN(output), NULL, 0, &error);
    if (failed(&error)) return 1;
    /* Four taps of three channels lie inside at a corner, nine in the middle. */
    printf("float: corner %g, middle %g\n", output[0], output[(HEIGHT / 2 * WIDTH + WIDTH / 2) * FILTERS]);
    return 0;
}

static int in_int8(void) {
    static int8_t weights[FILTERS * WINDOW * WINDOW * CHANNELS];
    static int32_t packed[MICROCONV_I8_PACKED_LEN(CHANNELS, FILTERS, 1, WINDOW * WINDOW)];
    static int8_t image[HEIGHT * WIDTH * CHANNELS], output[HEIGHT * WIDTH * FILTERS];
    const float scale = 0.25f; /* of the weights: one for all filters */
    const microconv_quantization quantization = MICROCONV_QUANTIZATION_INT8(-1, 3);
    microconv_geometry layer = MICROCONV_CONV2D(HEIGHT, WIDTH, CHANNELS, FILTERS, WINDOW, WINDOW);
    microconv_i8 plan;
    microconv_error error;
    size_t i;

    layer.padding = MICROCONV_PADDING_SAME;
    for (i = 0; i < LEN(weights); i++) weights[i] = 2;
    for (i = 0; i < LEN(image); i++) image[i] = 4;

    microconv_i8_init(&plan, &layer, &quantization, &error);
    if (failed(&error)) return 1;
    microconv_i8_pack(&plan, MICROCONV_WEIGHTS_ORDER_OHWI, weights, LEN(weights), NULL, 0, 0.5f, &scale, 1, 0.75f,
                      packed, LEN(packed), &error);
    if (failed(&error)) return 1;
    microconv_i8_run(&plan, MICROCONV_LEVEL_BEST, image, LEN(image), packed, LEN(packed), output, LEN(output), &error);
    if (failed(&error)) return 1;
    /* 12 products of 2 and 4 + 1, times 0.5 * 0.25 / 0.75, are 20; the zero point is 3. */
    printf("int8: corner %d, middle %d\n", output[0], output[(HEIGHT / 2 * WIDTH + WIDTH / 2) * FILTERS]);
    return 0;
}

int main(void) {
    printf("microconv %s on %s\n", microconv_version(), microconv_level_name(MICROCONV_LEVEL_BEST));
    return in_float() || in_int8();
}
