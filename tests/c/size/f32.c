/* Firmware that checks and runs float layers by the direct algorithm: what .ci/c measures the size of. */
#include <microconv.h>

microconv_f32 plan;
volatile unsigned status;
extern microconv_geometry layer;
extern float input[];
extern float packed[];
extern float output[];
extern size_t lengths[3];

int main(void) {
    status = microconv_f32_init(&plan, &layer, 0, 6, NULL);
    status = microconv_f32_run(&plan, MICROCONV_LEVEL_BEST, input, lengths[0], packed, lengths[1], output, lengths[2], NULL, 0, NULL);
    return 0;
}
