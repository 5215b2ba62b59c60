/**
 * @file
 * CMSIS-NN's int8 convolutions, answered by microconv: the same arguments, the same bits. A program that
 * calls `arm_convolve_wrapper_s8` and `arm_depthwise_conv_wrapper_s8` tries microconv by renaming them to
 * `microconv_convolve_wrapper_s8` and `microconv_depthwise_conv_wrapper_s8`, and the functions that tell
 * the size of their buffers likewise (`..._get_buffer_size`).
 *
 * The structs are laid out as CMSIS-NN's are. Where its own header, arm_nn_types.h, is needed too, include
 * it before this one.
 *
 * microconv packs weights, and has the context's buffer for that, which therefore is larger than
 * CMSIS-NN's. It is packed anew in each call, as other layers may have used the buffer in between. Where
 * each layer has a buffer of its own that nobody else writes, define `MICROCONV_SHIM_OWN_BUFFERS`, and
 * clear the buffer before the first call: packing is then done in that call only. Firmware that wants no
 * packing at all, and its weights in flash, uses `microconv_i8_run` with weights that examples/flash packed.
 *
 * Refused with an argument error, unlike by CMSIS-NN: weights with which a sum could leave the 32-bit
 * integers, multipliers that are negative, an output smaller than input and window make it, and filters whose
 * channels do not divide the input's.
 */
#ifndef MICROCONV_CMSIS_SHIM_H
#define MICROCONV_CMSIS_SHIM_H

#include <microconv.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef ARM_NN_TYPES_H
typedef enum {
    ARM_CMSIS_NN_SUCCESS = 0,
    ARM_CMSIS_NN_ARG_ERROR = -1,
    ARM_CMSIS_NN_NO_IMPL_ERROR = -2,
    ARM_CMSIS_NN_FAILURE = -3
} arm_cmsis_nn_status;

/** Working memory and its bytes. */
typedef struct {
    void *buf;
    int32_t size;
} cmsis_nn_context;

/** Images, height, width, channels. */
typedef struct {
    int32_t n;
    int32_t h;
    int32_t w;
    int32_t c;
} cmsis_nn_dims;

typedef struct {
    int32_t w;
    int32_t h;
} cmsis_nn_tile;

/** What outputs are clamped to. */
typedef struct {
    int32_t min;
    int32_t max;
} cmsis_nn_activation;

/** One of each for every filter. */
typedef struct {
    int32_t *multiplier;
    int32_t *shift;
} cmsis_nn_per_channel_quant_params;

/** The input's offset is its zero point with the sign changed. Padding is that of the top and the left. */
typedef struct {
    int32_t input_offset;
    int32_t output_offset;
    cmsis_nn_tile stride;
    cmsis_nn_tile padding;
    cmsis_nn_tile dilation;
    cmsis_nn_activation activation;
} cmsis_nn_conv_params;

typedef struct {
    int32_t input_offset;
    int32_t output_offset;
    int32_t ch_mult;
    cmsis_nn_tile stride;
    cmsis_nn_tile padding;
    cmsis_nn_tile dilation;
    cmsis_nn_activation activation;
} cmsis_nn_dw_conv_params;
#endif

/** What lies at the start of the buffer, before the packed weights. */
typedef struct {
    microconv_i8 plan;
    /* What was packed, with MICROCONV_SHIM_OWN_BUFFERS. */
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multipliers;
    size_t packed_len;
} microconv_shim_layer;

/** The padding behind the input that makes the output as long as it is said to be. */
static inline size_t microconv_shim_behind(int32_t input, int32_t kernel, int32_t stride, int32_t dilation, int32_t before, int32_t output) {
    const int32_t behind = (output - 1) * stride + (kernel - 1) * dilation + 1 - before - input;
    return behind > 0 ? (size_t)behind : 0;
}

static inline int32_t microconv_shim_buffer_size(size_t packed_len) {
    /* The buffer may start anywhere. */
    return (int32_t)(sizeof(microconv_shim_layer) + packed_len * sizeof(int32_t) + 7);
}

static inline arm_cmsis_nn_status microconv_shim_run(const cmsis_nn_context *ctx, const cmsis_nn_conv_params *params, int32_t groups,
                                                     microconv_weights_order order, const cmsis_nn_per_channel_quant_params *quant_params,
                                                     const cmsis_nn_dims *input_dims, const int8_t *input, const cmsis_nn_dims *filter_dims,
                                                     const int8_t *weights, const int32_t *bias, const cmsis_nn_dims *output_dims,
                                                     int8_t *output) {
    const size_t filters = (size_t)output_dims->c, height = (size_t)output_dims->h, width = (size_t)output_dims->w;
    const size_t taps = (size_t)filter_dims->h * (size_t)filter_dims->w;
    const size_t channels = (size_t)input_dims->c, of_group = groups > 0 ? channels / (size_t)groups : 0;
    const size_t packed_len = groups > 0 ? MICROCONV_I8_PACKED_LEN(channels, filters, (size_t)groups, taps) : 0;
    const size_t images = (size_t)input_dims->n;
    const uintptr_t start = ((uintptr_t)ctx->buf + 7) / 8 * 8;
    microconv_shim_layer *const layer = (microconv_shim_layer *)start;
    int32_t *const packed = (int32_t *)(start + sizeof *layer);

    if (ctx->buf == NULL || ctx->size < microconv_shim_buffer_size(packed_len)) return ARM_CMSIS_NN_ARG_ERROR;
#ifdef MICROCONV_SHIM_OWN_BUFFERS
    if (layer->weights != weights || layer->bias != bias || layer->multipliers != quant_params->multiplier ||
        layer->packed_len != packed_len)
#endif
    {
        microconv_geometry geometry = MICROCONV_CONV2D((size_t)input_dims->h, (size_t)input_dims->w, channels, filters,
                                                       (size_t)filter_dims->h, (size_t)filter_dims->w);
        microconv_quantization quantization = MICROCONV_QUANTIZATION_INT8(-params->input_offset, params->output_offset);
        microconv_sizes sizes;
        geometry.batch = images;
        geometry.groups = (size_t)groups;
        geometry.stride[1] = (size_t)params->stride.h;
        geometry.stride[2] = (size_t)params->stride.w;
        geometry.dilation[1] = (size_t)params->dilation.h;
        geometry.dilation[2] = (size_t)params->dilation.w;
        geometry.padding = MICROCONV_PADDING_EXPLICIT;
        geometry.sides[1][0] = (size_t)params->padding.h;
        geometry.sides[1][1] = microconv_shim_behind(input_dims->h, filter_dims->h, params->stride.h, params->dilation.h,
                                                     params->padding.h, output_dims->h);
        geometry.sides[2][0] = (size_t)params->padding.w;
        geometry.sides[2][1] = microconv_shim_behind(input_dims->w, filter_dims->w, params->stride.w, params->dilation.w,
                                                     params->padding.w, output_dims->w);
        quantization.min = params->activation.min;
        quantization.max = params->activation.max;
        if (microconv_i8_init(&layer->plan, &geometry, &quantization, NULL) != MICROCONV_STATUS_OK ||
            microconv_i8_sizes(&layer->plan, &sizes, NULL) != MICROCONV_STATUS_OK || sizes.output[2] != height || sizes.output[3] != width)
            return ARM_CMSIS_NN_ARG_ERROR;
        layer->weights = NULL;
        if (microconv_i8_pack_multipliers(&layer->plan, order, weights, filters * taps * of_group, bias, bias ? filters : 0,
                                          quant_params->multiplier, filters, quant_params->shift, filters, packed, packed_len,
                                          NULL) != MICROCONV_STATUS_OK)
            return ARM_CMSIS_NN_ARG_ERROR;
        layer->weights = weights;
        layer->bias = bias;
        layer->multipliers = quant_params->multiplier;
        layer->packed_len = packed_len;
    }
    if (microconv_i8_run(&layer->plan, MICROCONV_LEVEL_BEST, input, images * (size_t)input_dims->h * (size_t)input_dims->w * channels, packed,
                         packed_len, output, images * height * width * filters, NULL) != MICROCONV_STATUS_OK)
        return ARM_CMSIS_NN_ARG_ERROR;
    return ARM_CMSIS_NN_SUCCESS;
}

/** How many groups make filters of so many channels of the input's; 0, which is refused, if they do not divide those. */
static inline int32_t microconv_shim_groups(int32_t channels, int32_t of_filter) {
    return of_filter > 0 && channels % of_filter == 0 ? channels / of_filter : 0;
}

/** Bytes of the buffer of `microconv_convolve_wrapper_s8`. */
static inline int32_t microconv_convolve_wrapper_s8_get_buffer_size(const cmsis_nn_conv_params *conv_params, const cmsis_nn_dims *input_dims,
                                                                    const cmsis_nn_dims *filter_dims, const cmsis_nn_dims *output_dims) {
    const int32_t groups = microconv_shim_groups(input_dims->c, filter_dims->c);
    (void)conv_params;
    if (groups <= 0) return 0;
    return microconv_shim_buffer_size(MICROCONV_I8_PACKED_LEN((size_t)input_dims->c, (size_t)output_dims->c, (size_t)groups,
                                                              (size_t)filter_dims->h * (size_t)filter_dims->w));
}

/** `arm_convolve_wrapper_s8`. The filters are `[filter][height][width][channel]`; fewer channels than the input's make groups. */
static inline arm_cmsis_nn_status microconv_convolve_wrapper_s8(const cmsis_nn_context *ctx, const cmsis_nn_conv_params *conv_params,
                                                                const cmsis_nn_per_channel_quant_params *quant_params,
                                                                const cmsis_nn_dims *input_dims, const int8_t *input_data,
                                                                const cmsis_nn_dims *filter_dims, const int8_t *filter_data,
                                                                const cmsis_nn_dims *bias_dims, const int32_t *bias_data,
                                                                const cmsis_nn_dims *output_dims, int8_t *output_data) {
    (void)bias_dims;
    return microconv_shim_run(ctx, conv_params, microconv_shim_groups(input_dims->c, filter_dims->c),
                              MICROCONV_WEIGHTS_ORDER_OHWI, quant_params, input_dims, input_data, filter_dims, filter_data, bias_data, output_dims, output_data);
}

/** Bytes of the buffer of `microconv_depthwise_conv_wrapper_s8`. */
static inline int32_t microconv_depthwise_conv_wrapper_s8_get_buffer_size(const cmsis_nn_dw_conv_params *dw_conv_params,
                                                                          const cmsis_nn_dims *input_dims, const cmsis_nn_dims *filter_dims,
                                                                          const cmsis_nn_dims *output_dims) {
    const size_t channels = (size_t)input_dims->c;
    (void)dw_conv_params;
    if (input_dims->c <= 0) return 0;
    return microconv_shim_buffer_size(
        MICROCONV_I8_PACKED_LEN(channels, (size_t)output_dims->c, channels, (size_t)filter_dims->h * (size_t)filter_dims->w));
}

/** `arm_depthwise_conv_wrapper_s8`. The filters are `[height][width][filter]`. */
static inline arm_cmsis_nn_status microconv_depthwise_conv_wrapper_s8(const cmsis_nn_context *ctx, const cmsis_nn_dw_conv_params *dw_conv_params,
                                                                      const cmsis_nn_per_channel_quant_params *quant_params,
                                                                      const cmsis_nn_dims *input_dims, const int8_t *input_data,
                                                                      const cmsis_nn_dims *filter_dims, const int8_t *filter_data,
                                                                      const cmsis_nn_dims *bias_dims, const int32_t *bias_data,
                                                                      const cmsis_nn_dims *output_dims, int8_t *output_data) {
    cmsis_nn_conv_params params;
    (void)bias_dims;
    if (output_dims->c != input_dims->c * dw_conv_params->ch_mult) return ARM_CMSIS_NN_ARG_ERROR;
    params.input_offset = dw_conv_params->input_offset;
    params.output_offset = dw_conv_params->output_offset;
    params.stride = dw_conv_params->stride;
    params.padding = dw_conv_params->padding;
    params.dilation = dw_conv_params->dilation;
    params.activation = dw_conv_params->activation;
    return microconv_shim_run(ctx, &params, input_dims->c, MICROCONV_WEIGHTS_ORDER_HWIO, quant_params, input_dims, input_data, filter_dims,
                              filter_data, bias_data, output_dims, output_data);
}

#ifdef __cplusplus
}
#endif

#endif
