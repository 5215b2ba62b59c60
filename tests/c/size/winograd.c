/* Firmware that checks and runs float layers by a Winograd algorithm: what .ci/c measures the size of. */
#include <microconv.h>

microconv_f32 plan;
volatile unsigned status;
extern microconv_geometry layer;
extern float input[];
extern float packed[];
extern float output[];
extern float scratch[];
extern size_t lengths[3], scratch_len;

int main(void) {
    status = microconv_f32_init_algorithm(&plan, &layer, 0, 6, MICROCONV_ALGORITHM_WINOGRAD4X4, scratch_len, 1, NULL);
    status = microconv_f32_run(&plan, MICROCONV_LEVEL_BEST, input, lengths[0], packed, lengths[1], output, lengths[2], scratch, scratch_len, NULL);
    return 0;
}
