/* Firmware with one plan, a constant, of a 1x1 layer: what .ci/c measures the size of. */
#include <microconv.h>

volatile unsigned status;
extern microconv_i8 pointwise;
extern int8_t input[];
extern int32_t packed[];
extern int8_t output[];
extern size_t lengths[3];

int main(void) {
    status = microconv_i8_run(&pointwise, MICROCONV_LEVEL_BEST, input, lengths[0], packed, lengths[1], output, lengths[2], NULL);
    return 0;
}
