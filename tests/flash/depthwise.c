/* The layer depthwise, made by microconv's example flash: do not edit. */
#include <microconv.h>

const microconv_geometry depthwise_geometry = {
    1, {1, 6, 5}, 3, 6, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, 3, MICROCONV_PADDING_EXPLICIT, {{0, 0}, {1, 0}, {1, 1}},
};

const microconv_quantization depthwise_quantization = {
    MICROCONV_TYPE_INT8, MICROCONV_TYPE_INT8, -3, 4, -128, 127, MICROCONV_ROUNDING_TFLITE,
};

/* The plan, checked: no call of microconv_i8_init is needed. It is for the version that made it. */
const microconv_i8 depthwise_plan =
    {0x338746e69636dULL, microconv_i8_depthwise, microconv_i8_tflite, {1, 54, 0, 1, 1, 6, 5, 3, 6, 1,
     3, 3, 1, 1, 1, 1, 1, 1, 2, 0, 0, 1, 0, 1, 1, 3, MICROCONV_PAIR_(1350, 0), 1, 5, 5, 0, 0, 1, 0, 1,
     1, 90, 150, 54, 9, 60, 1, 2, MICROCONV_PAIR_(0, 0), MICROCONV_PAIR_(4294967293, 4),
     MICROCONV_PAIR_(4294967168, 127), MICROCONV_PAIR_(0, 4294967293), MICROCONV_PAIR_(4, 4294967168),
     MICROCONV_PAIR_(127, 0), MICROCONV_PAIR_(0, 670309006), 0}};

/* Weights and biases, packed. */
MICROCONV_ALIGNED const int32_t depthwise_packed[54] = {
    3662, -484, 3756, 8624, 3420, -8835, 0, 0,
    -142, 186, 190, 48, 705, 37, 0, 0,
    1815336442, 1556578404, 1709856943, 1857594363, 1739543984, 1939004376, 0, 0,
    -6, -8, -10, -6, -6, -6, 0, 0,
    2139062144, 17791, 2139062196, 32795, -2143256492, 13439, -1618997708, 127,
    2139127935, 32895, -2131656819, 24192, -2139127936, 61228, 2140242047, 11903,
    360657067, 12671, 1919117677, 1986948963, 536870914, 849432539,
};

/* Does not compile if this header packs the layer otherwise. */
typedef char depthwise_is_packed_for_this_header[MICROCONV_I8_PACKED_LEN(3, 6, 3, 9) == 54 ? 1 : -1];
