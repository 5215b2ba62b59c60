/* The functions with CMSIS-NN's arguments, against naive loops with the roundings written out. */
#include "test.h"
#include <cmsis_shim.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4096 };

static int8_t input[MOST], weights[MOST], output[3 * MOST], expected[3 * MOST];
static int32_t bias[64], multipliers[64], shifts[64];
static uint64_t buffer[MOST];

/* Numbers of which some are the largest and the smallest. */
static int8_t byte(void) {
    switch (random_below(8)) {
    case 0: return -128;
    case 1: return 127;
    default: return (int8_t)((int)random_below(256) - 128);
    }
}

/* floor((sum * multiplier + 2^30) / 2^31), then a shift to the right, ties away from zero. */
static int32_t requantize(int32_t sum, int32_t multiplier, int32_t shift) {
    const int64_t product = (int64_t)sum * (shift > 0 ? 1 << shift : 1) * multiplier + (1 << 30);
    const int32_t high = (int32_t)((product - (product & 0x7fffffff)) / 0x80000000);
    const int32_t right = shift < 0 ? -shift : 0;
    const int64_t magnitude = ((high < 0 ? -(int64_t)high : high) + (right ? (int64_t)1 << (right - 1) : 0)) >> right;
    return (int32_t)(high < 0 ? -magnitude : magnitude);
}

/* A weight of CMSIS-NN's two orders. */
static int32_t weight(int depthwise, const cmsis_nn_dims *filter_dims, int filters, int filter, int y, int x, int channel) {
    if (depthwise) return weights[(y * filter_dims->w + x) * filters + filter];
    return weights[((filter * filter_dims->h + y) * filter_dims->w + x) * filter_dims->c + channel];
}

static void naive(int depthwise, const cmsis_nn_conv_params *params, const cmsis_nn_dims *in, const cmsis_nn_dims *filter_dims,
                  const cmsis_nn_dims *out, const int32_t *biases) {
    const int of_group = depthwise ? 1 : filter_dims->c, filters_of_group = out->c / (in->c / of_group);
    int n, i, j, f, y, x, c;
    int8_t *to = expected;
    for (n = 0; n < out->n; n++)
        for (i = 0; i < out->h; i++)
            for (j = 0; j < out->w; j++)
                for (f = 0; f < out->c; f++) {
                    int32_t sum = biases ? biases[f] : 0, result;
                    for (y = 0; y < filter_dims->h; y++)
                        for (x = 0; x < filter_dims->w; x++) {
                            const int row = i * params->stride.h - params->padding.h + y * params->dilation.h;
                            const int column = j * params->stride.w - params->padding.w + x * params->dilation.w;
                            if (row < 0 || column < 0 || row >= in->h || column >= in->w) continue;
                            for (c = 0; c < of_group; c++)
                                sum += weight(depthwise, filter_dims, out->c, f, y, x, c) *
                                       (input[((n * in->h + row) * in->w + column) * in->c + f / filters_of_group * of_group + c] +
                                        params->input_offset);
                        }
                    result = requantize(sum, multipliers[f], shifts[f]) + params->output_offset;
                    if (result < params->activation.min) result = params->activation.min;
                    if (result > params->activation.max) result = params->activation.max;
                    *to++ = (int8_t)result;
                }
}

static int between(int least, int most) {
    return least + (int)random_below((uint32_t)(most - least + 1));
}

static int out_size(int size, int kernel, int stride, int dilation, int padding) {
    return (size + 2 * padding - (kernel - 1) * dilation - 1) / stride + 1;
}

static void layer(int depthwise) {
    cmsis_nn_context ctx;
    cmsis_nn_conv_params params;
    cmsis_nn_dw_conv_params dw;
    cmsis_nn_per_channel_quant_params quant;
    cmsis_nn_dims in, filter_dims, bias_dims, out;
    const int groups = depthwise || random_below(3) ? 1 : between(2, 3);
    const int32_t *biases = random_below(4) ? bias : NULL;
    arm_cmsis_nn_status status;
    int i, len;

    in.n = between(1, 2), in.h = between(3, 8), in.w = between(3, 8), in.c = groups * between(1, 9);
    dw.ch_mult = between(1, 3);
    filter_dims.h = between(1, 3), filter_dims.w = between(1, 3);
    params.stride.h = between(1, 2), params.stride.w = between(1, 2);
    params.dilation.h = between(1, 2), params.dilation.w = between(1, 2);
    params.padding.h = between(1, 2), params.padding.w = between(1, 2);
    params.input_offset = between(-127, 128), params.output_offset = between(-128, 127);
    params.activation.min = between(-128, 0), params.activation.max = between(0, 127);
    out.n = in.n, out.c = depthwise ? in.c * dw.ch_mult : groups * between(1, 12);
    /* Behind the input there may be less padding than before it. */
    out.h = out_size(in.h, filter_dims.h, params.stride.h, params.dilation.h, params.padding.h);
    out.w = out_size(in.w, filter_dims.w, params.stride.w, params.dilation.w, params.padding.w);
    filter_dims.n = depthwise ? 1 : out.c, filter_dims.c = depthwise ? out.c : in.c / groups;
    bias_dims.n = bias_dims.h = bias_dims.w = 1, bias_dims.c = out.c;
    dw.input_offset = params.input_offset, dw.output_offset = params.output_offset, dw.stride = params.stride;
    dw.padding = params.padding, dw.dilation = params.dilation, dw.activation = params.activation;
    for (i = 0; i < MOST; i++) input[i] = byte(), weights[i] = byte();
    for (i = 0; i < out.c; i++) {
        bias[i] = between(-30000, 30000);
        multipliers[i] = between(1 << 30, 0x7fffffff - 1);
        shifts[i] = between(-12, 1);
    }
    quant.multiplier = multipliers, quant.shift = shifts;
    len = out.n * out.h * out.w * out.c;
    naive(depthwise, &params, &in, &filter_dims, &out, biases);
    memset(output, 0x55, sizeof output);
    /* A buffer of just that size, that starts anywhere. */
    ctx.size = depthwise ? microconv_depthwise_conv_wrapper_s8_get_buffer_size(&dw, &in, &filter_dims, &out)
                         : microconv_convolve_wrapper_s8_get_buffer_size(&params, &in, &filter_dims, &out);
    ctx.buf = (char *)buffer + between(0, 7);
    CHECK(ctx.size > 0 && (size_t)ctx.size + 8 <= sizeof buffer);
    memset(buffer, 0, sizeof buffer);
    for (i = 0; i < 2; i++) {
        memset((char *)ctx.buf + ctx.size, 0x77, 4);
        status = depthwise ? microconv_depthwise_conv_wrapper_s8(&ctx, &dw, &quant, &in, input, &filter_dims, weights, &bias_dims, biases, &out, output)
                           : microconv_convolve_wrapper_s8(&ctx, &params, &quant, &in, input, &filter_dims, weights, &bias_dims, biases, &out, output);
        CHECK(status == ARM_CMSIS_NN_SUCCESS);
        CHECK(memcmp(output, expected, (size_t)len) == SABOTAGE);
        CHECK(output[len] == 0x55 && ((char *)ctx.buf)[ctx.size] == 0x77);
    }
    /* A buffer that is too small. */
    ctx.size--;
    memset(output, 0x55, sizeof output);
    status = depthwise ? microconv_depthwise_conv_wrapper_s8(&ctx, &dw, &quant, &in, input, &filter_dims, weights, &bias_dims, biases, &out, output)
                       : microconv_convolve_wrapper_s8(&ctx, &params, &quant, &in, input, &filter_dims, weights, &bias_dims, biases, &out, output);
    CHECK(status == ARM_CMSIS_NN_ARG_ERROR && output[0] == 0x55);
}

/* Filters of four channels under an input of six: neither one group nor two. */
static void channels_that_do_not_divide(void) {
    const cmsis_nn_conv_params params = {0, 0, {1, 1}, {0, 0}, {1, 1}, {-128, 127}};
    const cmsis_nn_dims in = {1, 6, 6, 6}, filter_dims = {4, 3, 3, 4}, bias_dims = {1, 1, 1, 4}, out = {1, 4, 4, 4};
    const cmsis_nn_per_channel_quant_params quant = {multipliers, shifts};
    const cmsis_nn_context ctx = {buffer, sizeof buffer};
    output[0] = 0x55;
    CHECK(microconv_convolve_wrapper_s8(&ctx, &params, &quant, &in, input, &filter_dims, weights, &bias_dims, bias, &out, output) ==
          ARM_CMSIS_NN_ARG_ERROR);
    CHECK(output[0] == 0x55 && microconv_convolve_wrapper_s8_get_buffer_size(&params, &in, &filter_dims, &out) == 0);
}

int main(void) {
    int count;
    /* The ABI. */
    CHECK(sizeof(cmsis_nn_conv_params) == 40 && sizeof(cmsis_nn_dw_conv_params) == 44 && sizeof(cmsis_nn_dims) == 16);
    for (count = 0; count < 4000; count++) layer(count % 2);
    channels_that_do_not_divide();
    return result("shim");
}
