/* Firmware that checks and runs layers of 16-bit activations whose weights lie packed in flash: what .ci/c measures the size of. */
#include <microconv.h>

microconv_i16 plan;
volatile unsigned status;
extern microconv_geometry layer;
extern int16_t input[];
extern int32_t packed[];
extern int16_t output[];
extern size_t lengths[3];

int main(void) {
    status = microconv_i16_init(&plan, &layer, -32768, 32767, NULL);
    status = microconv_i16_run(&plan, MICROCONV_LEVEL_BEST, input, lengths[0], packed, lengths[1], output, lengths[2], NULL);
    return 0;
}
