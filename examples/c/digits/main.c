/*
 * The digits network of examples/digits in int8, in C: reads the held-out images and prints how many it gets right. The weights are C
 * sources that layers.sh makes. .ci/c builds it for the host, and for a Cortex-M4 with the files beside this one.
 */
#include "layer0.c"
#include "layer1.c"
#include "layer2.c"
#include "layer3.c"
#include "layer4.c"
#include "layer5.c"
#include <stdio.h>
#ifdef __arm__
#include "cortex_m.h"
#endif

/* How often all images are read: what an image takes is the difference between two programs. */
#ifndef PASSES
#define PASSES 1
#endif

enum { LAYERS = 6, PIXELS = 64, CLASSES = 10, RAM = 1536 };

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* Records of 64 pixels and a label. */
extern const int8_t images[], images_end[];
__asm__(".section .rodata\n"
        ".balign 4\n"
        ".global images, images_end\n"
        "images: .incbin \"examples/digits/images.bin\"\n"
        "images_end:\n"
        ".balign 4\n"
        ".text\n");

/* The plans are constants: nothing is to be done before the first image. */
#define LAYER(n) {&layer##n##_plan, layer##n##_packed, LEN(layer##n##_packed)}
static const struct {
    const microconv_i8 *plan;
    const int32_t *packed;
    size_t packed_len;
} layers[LAYERS] = {LAYER(0), LAYER(1), LAYER(2), LAYER(3), LAYER(4), LAYER(5)};

/* Elements of the maps between the layers. */
static const size_t map_len[LAYERS + 1] = {PIXELS, 8 * 8 * 16, 4 * 4 * 32, 4 * 4 * 32, 4 * 4 * 64, 64, CLASSES};

/* Input and output lie at the two ends, and what was written is what the next layer reads. */
static int8_t maps[RAM];

/* The digit in an image, or 10 if a call was refused. */
static int classify(const int8_t *pixels) {
    const int8_t *scores = maps;
    int best = 0, digit;
    size_t i, layer;
    for (i = 0; i < PIXELS; i++) maps[i] = pixels[i];
    for (layer = 0; layer < LAYERS; layer++) {
        const int front = layer % 2 == 0;
        const size_t input_len = map_len[layer], output_len = map_len[layer + 1];
        const int8_t *input = front ? maps : maps + RAM - input_len;
        int8_t *output = front ? maps + RAM - output_len : maps;
        if (microconv_i8_run(layers[layer].plan, MICROCONV_LEVEL_BEST, input, input_len, layers[layer].packed, layers[layer].packed_len,
                             output, output_len, NULL) != MICROCONV_STATUS_OK)
            return CLASSES;
    }
    for (digit = 1; digit < CLASSES; digit++)
        if (scores[digit] > scores[best]) best = digit;
    return best;
}

int main(void) {
    const int8_t *image;
    unsigned right = 0, all = 0, flash = 0, layer, pass;
    for (layer = 0; layer < LAYERS; layer++) flash += (unsigned)(layers[layer].packed_len * sizeof(int32_t));
    for (pass = 0; pass < PASSES; pass++) {
        for (image = images, right = all = 0; image < images_end; image += PIXELS + 1, all++) {
#ifdef __arm__
            const int first = pass == 0 && all == 0;
            if (first) paint_stack();
#endif
            right += classify(image) == image[PIXELS];
#ifdef __arm__
            /* Before anything is printed, which takes more. */
            if (first) {
                const unsigned used = painted_stack_used(), from_start = painted_stack_from_start();
                printf("stack of an image: %u bytes\n", used);
                printf("flash %u bytes, ram %u bytes, stack %u bytes\n", flash_used(), ram_used(), from_start);
            }
#endif
        }
    }
    printf("weights: %u bytes of flash; maps: %u bytes of RAM\n", flash, (unsigned)sizeof maps);
    printf("accuracy %u.%02u %% (%u of %u)\n", right * 100 / all, right * 10000 / all % 100, right, all);
    return 0;
}
