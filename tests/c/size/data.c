/* What the layers are made of is not code of the library: it all lies in RAM here. */
#include <microconv.h>
microconv_geometry layer;
microconv_quantization quantization;
float input[4], packed[4], output[4], scratch[4];
size_t lengths[3], scratch_len;
/* Of plans, only the kernels matter. */
microconv_i8 dense = {1, microconv_i8_dense, microconv_i8_tflite, {0}};
microconv_i8 depthwise = {1, microconv_i8_depthwise, microconv_i8_tflite, {0}};
microconv_i8 pointwise = {1, microconv_i8_pointwise, microconv_i8_tflite, {0}};
