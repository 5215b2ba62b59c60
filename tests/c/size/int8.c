/* Firmware that checks and runs int8 layers whose weights lie packed in flash: what .ci/c measures the size of. */
#include <microconv.h>

microconv_i8 plan;
volatile unsigned status;
extern microconv_geometry layer;
extern microconv_quantization quantization;
extern int8_t input[];
extern int32_t packed[];
extern int8_t output[];
extern size_t lengths[3];

int main(void) {
    status = microconv_i8_init(&plan, &layer, &quantization, NULL);
    status = microconv_i8_run(&plan, MICROCONV_LEVEL_BEST, input, lengths[0], packed, lengths[1], output, lengths[2], NULL);
    return 0;
}
