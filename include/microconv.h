/**
 * @file
 * Convolution for firmware and edge programs, in float, 8-bit and 16-bit integers: no allocation, no
 * global state, no initialization. Made by cbindgen of the crate microconv (MIT OR Apache-2.0): do not
 * edit.
 *
 * A program describes a layer (`microconv_geometry`), has it checked (`microconv_f32_init`,
 * `microconv_i8_init`, `microconv_i16_init`), packs its weights once (`..._pack`; or has them packed
 * beforehand, into flash), and runs it (`..._run`). It lends all memory: `MICROCONV_F32_PACKED_LEN` and its kin give lengths as
 * constant expressions, for static arrays, and `..._sizes` gives them at run time.
 *
 * Every call returns a status, 0 for done. The last parameter may be NULL, or point at where the call
 * tells more: which argument, what was needed, what was given. A refused call has written nothing else.
 * Pointers may be NULL where their length is 0. Arrays need the alignment of their elements; those that
 * start at a multiple of 64 bytes are faster on the largest processors.
 *
 * Plans of int8 can be constants: the crate's example flash writes them beside packed weights, checked.
 * Nothing is left to be done when a program starts, and of the kernels those of its plans are linked.
 *
 * Float layers that take turns in little RAM can overwrite their input (`microconv_f32_run_in_place`), and a
 * depthwise layer can run together with the pointwise one behind it (`microconv_separable_f32`).
 *
 * Images are channels-last: `[batch][depth][height][width][channel]`.
 */

#ifndef MICROCONV_H
#define MICROCONV_H

#include <stddef.h>
#include <stdint.h>

/** The best level that the CPU has. */
#define MICROCONV_LEVEL_BEST 0

/**
 * A `microconv_geometry` of two axes: height, width and channels of the input, filters, height and width
 * of the window. Stride, dilation and groups are 1 and there is no padding until the fields are set.
 */
#define MICROCONV_CONV2D(height, width, channels, filters, kernel_height, kernel_width)            \
    {1, {1, height, width}, channels, filters, {1, kernel_height, kernel_width},                   \
     {1, 1, 1}, {1, 1, 1}, 1, MICROCONV_PADDING_VALID, {{0, 0}, {0, 0}, {0, 0}}}

/** Likewise with each channel on its own, under `multiplier` filters each. */
#define MICROCONV_DEPTHWISE2D(height, width, channels, multiplier, kernel_height, kernel_width)    \
    {1, {1, height, width}, channels, (channels) * (multiplier),                                   \
     {1, kernel_height, kernel_width}, {1, 1, 1}, {1, 1, 1}, channels, MICROCONV_PADDING_VALID,    \
     {{0, 0}, {0, 0}, {0, 0}}}

/** A `microconv_quantization` of int8 without a clamp, rounded as TensorFlow Lite does. */
#define MICROCONV_QUANTIZATION_INT8(input_zero_point, output_zero_point)                           \
    {MICROCONV_TYPE_INT8, MICROCONV_TYPE_INT8, input_zero_point, output_zero_point, -128, 127,     \
     MICROCONV_ROUNDING_TFLITE}

/** Likewise of uint8. */
#define MICROCONV_QUANTIZATION_UINT8(input_zero_point, output_zero_point)                          \
    {MICROCONV_TYPE_UINT8, MICROCONV_TYPE_UINT8, input_zero_point, output_zero_point, 0, 255,      \
     MICROCONV_ROUNDING_TFLITE}

/** Size of the output along an axis; `padding` is that of both sides. */
#define MICROCONV_OUTPUT_SIZE(input, kernel, stride, dilation, padding)                            \
    (((size_t)(input) + (padding) - ((size_t)(kernel) - 1) * (dilation) - 1) / (stride) + 1)

/** The same with `MICROCONV_PADDING_SAME`. */
#define MICROCONV_SAME_OUTPUT_SIZE(input, stride) (((size_t)(input) - 1) / (stride) + 1)

/**
 * Floats of packed weights of the direct algorithm, as a constant expression. `taps` is the product of
 * the window's sizes. Right for every geometry that `microconv_f32_init` accepts.
 */
#define MICROCONV_F32_PACKED_LEN(channels, filters, groups, taps)                                  \
    (MICROCONV_DEPTHWISE_(channels, groups)                                                        \
         ? MICROCONV_LANES_(filters) * (1 + (size_t)(taps)) + 4                                    \
         : MICROCONV_DENSE_(channels, filters, groups, taps) + 4)

/**
 * Floats of packed weights of a Winograd algorithm with tiles of 2x2, 4x4 or 6x6 (`tile` is 2, 4, 6).
 */
#define MICROCONV_WINOGRAD_PACKED_LEN(tile, channels, filters, groups)                             \
    (MICROCONV_DENSE_(channels, filters, groups, MICROCONV_POINTS_(tile)) + 4)

/** Floats of scratch that a Winograd algorithm needs at least. More makes it faster. */
#define MICROCONV_WINOGRAD_LEAST_SCRATCH_LEN(tile, channels, groups)                               \
    (MICROCONV_POINTS_(tile) * (MICROCONV_PLANE_((size_t)(channels) / (groups)) + 16) + 15)

/** Words of packed int8 weights: see `MICROCONV_F32_PACKED_LEN`. */
#define MICROCONV_I8_PACKED_LEN(channels, filters, groups, taps)                                   \
    (MICROCONV_DEPTHWISE_(channels, groups)                                                        \
         ? MICROCONV_LANES_(filters) / 4 * (16 + (size_t)(taps)) + 4                               \
         : (size_t)(groups) * MICROCONV_LANES_((size_t)(filters) / (groups))                       \
                   * (4 + ((size_t)(taps) * ((size_t)(channels) / (groups)) + 3) / 4)              \
               + 4)

/** Words of packed int8 weights for 16-bit activations: see `MICROCONV_F32_PACKED_LEN`. */
#define MICROCONV_I16_PACKED_LEN(channels, filters, groups, taps)                                  \
    MICROCONV_I8_PACKED_LEN(channels, filters, groups, taps)

/**
 * Floats of lines of a layer that overwrites its input, as a constant expression: what
 * `microconv_f32_in_place_lines_len` says for so many floats of memory, where there is one image of two
 * axes. `rows` and `row_len` are the input's, the others the output's rows, the floats of one of them, the
 * stride along the height and the padding above; no window may lie in the padding with all its rows. For
 * two layers at once, input and padding are the first one's, the output the second one's.
 */
#define MICROCONV_IN_PLACE_LINES_LEN(memory, rows, row_len, output_rows, output_row_len, stride,    \
                                     padding)                                                      \
    (MICROCONV_SHORT_(                                                                             \
         MICROCONV_MOST_(                                                                          \
             MICROCONV_LAG_((padding) / (stride), row_len, output_rows, output_row_len, stride,    \
                            padding),                                                              \
             MICROCONV_LAG_((padding) / (stride) + 1, row_len, output_rows, output_row_len, stride,\
                            padding),                                                              \
             MICROCONV_LAG_((size_t)(output_rows) - 1, row_len, output_rows, output_row_len, stride,\
                            padding))                                                              \
             + (ptrdiff_t)(output_row_len),                                                        \
         (ptrdiff_t)((memory) - (size_t)(rows) * (row_len)))                                       \
     + (size_t)(output_row_len) - 1)                                                               \
        / (output_row_len) * (output_row_len)

/**
 * Floats of scratch with which two layers at once are fast, as a constant expression. `rows` and `row_len`
 * are those of the map between them, of which one row is the least that is needed.
 */
#define MICROCONV_SEPARABLE_SCRATCH_LEN(rows, row_len)                                             \
    ((size_t)(row_len)                                                                             \
     * ((size_t)(row_len) > 32768                       ? 1                                        \
        : 32768 / (size_t)(row_len) > (size_t)(rows)    ? (size_t)(rows)                           \
                                                        : 32768 / (size_t)(row_len)))

/** Makes a static array start at a multiple of 64 bytes, where the compiler can. */
#if defined(__cplusplus) && __cplusplus >= 201103L
#define MICROCONV_ALIGNED alignas(64)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define MICROCONV_ALIGNED _Alignas(64)
#elif defined(__GNUC__)
#define MICROCONV_ALIGNED __attribute__((aligned(64)))
#else
#define MICROCONV_ALIGNED
#endif

/** @cond Parts of the above. */
#define MICROCONV_DEPTHWISE_(channels, groups) ((groups) > 1 && (channels) == (groups))
#define MICROCONV_LANES_(filters)                                                                  \
    ((size_t)(filters) / 16 * 16                                                                   \
     + ((filters) % 16 == 0 ? 0 : (filters) % 16 <= 4 ? 4 : (filters) % 16 <= 8 ? 8 : 16))
#define MICROCONV_DENSE_(channels, filters, groups, points)                                        \
    ((size_t)(groups) * MICROCONV_LANES_((size_t)(filters) / (groups))                             \
     * (1 + (size_t)(points) * ((size_t)(channels) / (groups))))
#define MICROCONV_POINTS_(tile) (((size_t)(tile) + 2) * ((tile) + 2))
#define MICROCONV_PLANE_(floats) ((((floats) + 15) / 16 | 1) * 16)
/* By how much an output row of this number, or of the last, is ahead of the input that it and the later
   ones need. */
#define MICROCONV_LAG_(row, row_len, output_rows, output_row_len, stride, padding)                 \
    MICROCONV_LAG_OF_(((size_t)(row) < (size_t)(output_rows) - 1 ? (size_t)(row)                   \
                                                                 : (size_t)(output_rows) - 1),     \
                      row_len, output_row_len, stride, padding)
#define MICROCONV_LAG_OF_(row, row_len, output_row_len, stride, padding)                           \
    ((ptrdiff_t)((row) * (output_row_len))                                                         \
     - ((row) * (stride) > (size_t)(padding)                                                       \
            ? (ptrdiff_t)(((row) * (stride) - (padding)) * (row_len))                              \
            : 0))
#define MICROCONV_MOST_(a, b, c) ((a) > (b) ? (a) > (c) ? (a) : (c) : (b) > (c) ? (b) : (c))
#define MICROCONV_SHORT_(past, lead) ((past) > (lead) ? (size_t)((past) - (lead)) : 0)
/* Of plans that are constants: two numbers of 32 bits. Where the higher bytes come first, such plans do not
   compile. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#elif SIZE_MAX > 0xffffffff
#define MICROCONV_PAIR_(low, high) ((size_t)(high) << 32 | (size_t)(low))
#else
#define MICROCONV_PAIR_(low, high) low, high
#endif
#ifdef __cplusplus
extern "C" {
#endif
void microconv_i8_dense(void);
void microconv_i8_depthwise(void);
void microconv_i8_pointwise(void);
void microconv_i8_tflite(void);
void microconv_i8_rounded(void);
#ifdef __cplusplus
}
#endif
/** @endcond */

/**
 * What a call returns: 0, or why it was refused. Nothing has been written when it was.
 */
enum microconv_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Done.
   */
  MICROCONV_STATUS_OK = 0,
  /**
   * A pointer is NULL that must not be.
   */
  MICROCONV_STATUS_NULL = 1,
  /**
   * A pointer is not a multiple of its type's alignment: `needed`, and the remainder `given`.
   */
  MICROCONV_STATUS_MISALIGNED = 2,
  /**
   * So many elements cannot lie at a pointer.
   */
  MICROCONV_STATUS_NO_MEMORY = 3,
  /**
   * What is to be written overlaps another argument, `other_argument`.
   */
  MICROCONV_STATUS_OVERLAP = 4,
  /**
   * The plan was never made by the function that makes such plans.
   */
  MICROCONV_STATUS_NO_PLAN = 5,
  /**
   * A number is none of those that have a name.
   */
  MICROCONV_STATUS_NO_SUCH_NAME = 6,
  /**
   * A number is zero that must be at least one: `quantity`.
   */
  MICROCONV_STATUS_ZERO = 7,
  /**
   * A number is larger than this target can address: `quantity`.
   */
  MICROCONV_STATUS_TOO_LARGE = 8,
  /**
   * The groups, `needed`, do not divide the channels or the filters, whichever `quantity` says,
   * which are `given`.
   */
  MICROCONV_STATUS_GROUPS = 9,
  /**
   * The dilated window is `needed` long, the padded input `given`, along `axis`.
   */
  MICROCONV_STATUS_WINDOW = 10,
  /**
   * The range to clamp to is empty, or one of its ends is not a number of the type.
   */
  MICROCONV_STATUS_CLAMP = 11,
  /**
   * The algorithm cannot compute this geometry.
   */
  MICROCONV_STATUS_ALGORITHM = 12,
  /**
   * The algorithm may be further off than is allowed: `needed_bound`, `given_bound`.
   */
  MICROCONV_STATUS_ERROR_BOUND = 13,
  /**
   * The algorithm needs more bytes of scratch than are allowed.
   */
  MICROCONV_STATUS_SCRATCH_BYTES = 14,
  /**
   * A zero point is not a number of the input's or output's type.
   */
  MICROCONV_STATUS_ZERO_POINT = 15,
  /**
   * The scale or multiplier of filter `at` is negative, not a number, or too large.
   */
  MICROCONV_STATUS_MULTIPLIER = 16,
  /**
   * The sums of filter `at` can leave the integers that hold them: 32 bits, or 48 with int16.
   */
  MICROCONV_STATUS_ACCUMULATOR = 17,
  /**
   * The function is not for the type that the plan says.
   */
  MICROCONV_STATUS_TYPE = 18,
  /**
   * An array has the wrong number of elements.
   */
  MICROCONV_STATUS_LENGTH = 19,
  /**
   * A layer cannot follow another at once.
   */
  MICROCONV_STATUS_POINTWISE = 20,
  /**
   * Rows `at` to `given` are not all rows of the output, which has `needed`.
   */
  MICROCONV_STATUS_ROWS = 21,
  /**
   * Rows `at` to `given` do not start and end at a multiple of `needed`.
   */
  MICROCONV_STATUS_ROW_GRANULARITY = 22,
  /**
   * Bytes that should hold packed weights lie `given` past a multiple of `needed`.
   */
  MICROCONV_STATUS_ALIGNMENT = 23,
  /**
   * The packed weights carry no seal: they were never packed.
   */
  MICROCONV_STATUS_NOT_PACKED = 24,
  /**
   * The packed weights are in another version of the format.
   */
  MICROCONV_STATUS_PACKED_VERSION = 25,
  /**
   * The packed weights were packed for another layer.
   */
  MICROCONV_STATUS_PACKED_GEOMETRY = 26,
  /**
   * The weights were packed for another algorithm: numbers of `microconv_algorithm`.
   */
  MICROCONV_STATUS_PACKED_ALGORITHM = 27,
  /**
   * No level has this name on any CPU.
   */
  MICROCONV_STATUS_LEVEL_UNKNOWN = 28,
  /**
   * This CPU or this build does not have the level.
   */
  MICROCONV_STATUS_LEVEL_ABSENT = 29,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum microconv_status microconv_status;
#else
typedef uint32_t microconv_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Which argument an error is about.
 */
enum microconv_argument
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  MICROCONV_ARGUMENT_NONE = 0,
  MICROCONV_ARGUMENT_PLAN = 1,
  MICROCONV_ARGUMENT_GEOMETRY = 2,
  MICROCONV_ARGUMENT_QUANTIZATION = 3,
  MICROCONV_ARGUMENT_INPUT = 4,
  MICROCONV_ARGUMENT_WEIGHTS = 5,
  MICROCONV_ARGUMENT_BIAS = 6,
  /**
   * Scales or multipliers.
   */
  MICROCONV_ARGUMENT_SCALES = 7,
  MICROCONV_ARGUMENT_SHIFTS = 8,
  MICROCONV_ARGUMENT_PACKED = 9,
  MICROCONV_ARGUMENT_SCRATCH = 10,
  MICROCONV_ARGUMENT_OUTPUT = 11,
  MICROCONV_ARGUMENT_LEVEL = 12,
  /**
   * The name of a level.
   */
  MICROCONV_ARGUMENT_NAME = 13,
  /**
   * The order of the weights, the rounding, the type, the kind of padding or the algorithm.
   */
  MICROCONV_ARGUMENT_CHOICE = 14,
  /**
   * Where the call writes what it was asked for.
   */
  MICROCONV_ARGUMENT_RESULT = 15,
  /**
   * Input and output of a layer that overwrites its input.
   */
  MICROCONV_ARGUMENT_MEMORY = 16,
  MICROCONV_ARGUMENT_LINES = 17,
  MICROCONV_ARGUMENT_MAGNITUDES = 18,
  /**
   * The packed weights of the second of two layers.
   */
  MICROCONV_ARGUMENT_PACKED_POINTWISE = 19,
  /**
   * The plan of the first of two layers.
   */
  MICROCONV_ARGUMENT_SPATIAL = 20,
  /**
   * The plan of the second.
   */
  MICROCONV_ARGUMENT_POINTWISE = 21,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum microconv_argument microconv_argument;
#else
typedef uint32_t microconv_argument;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The number of a geometry that an error is about, or one that follows from it.
 */
enum microconv_quantity
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  MICROCONV_QUANTITY_NONE = 0,
  MICROCONV_QUANTITY_BATCH = 1,
  MICROCONV_QUANTITY_INPUT = 2,
  MICROCONV_QUANTITY_CHANNELS = 3,
  MICROCONV_QUANTITY_FILTERS = 4,
  MICROCONV_QUANTITY_KERNEL = 5,
  MICROCONV_QUANTITY_STRIDE = 6,
  MICROCONV_QUANTITY_DILATION = 7,
  MICROCONV_QUANTITY_GROUPS = 8,
  MICROCONV_QUANTITY_PADDING = 9,
  /**
   * Elements of the padded input.
   */
  MICROCONV_QUANTITY_INPUT_LEN = 10,
  MICROCONV_QUANTITY_OUTPUT_LEN = 11,
  MICROCONV_QUANTITY_PACKED_LEN = 12,
  /**
   * Multiply-accumulates.
   */
  MICROCONV_QUANTITY_MACS = 13,
  MICROCONV_QUANTITY_RECEPTIVE_FIELD = 14,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum microconv_quantity microconv_quantity;
#else
typedef uint32_t microconv_quantity;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The spatial axis that an error is about.
 */
enum microconv_axis
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  MICROCONV_AXIS_NONE = 0,
  MICROCONV_AXIS_DEPTH = 1,
  MICROCONV_AXIS_HEIGHT = 2,
  MICROCONV_AXIS_WIDTH = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum microconv_axis microconv_axis;
#else
typedef uint32_t microconv_axis;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The zeros that surround an image.
 */
enum microconv_padding
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * None: every window lies inside the input.
   */
  MICROCONV_PADDING_VALID = 0,
  /**
   * As much as makes the output `ceil(input / stride)`; the odd one comes after.
   */
  MICROCONV_PADDING_SAME = 1,
  /**
   * As the sides say.
   */
  MICROCONV_PADDING_EXPLICIT = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum microconv_padding microconv_padding;
#else
typedef uint32_t microconv_padding;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The order of weights, row-major. A filter reads `channels / groups` channels.
 */
enum microconv_weights_order
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * `[filter][depth][height][width][channel]`: TensorFlow Lite.
   */
  MICROCONV_WEIGHTS_ORDER_OHWI = 0,
  /**
   * `[filter][channel][depth][height][width]`: ONNX, PyTorch.
   */
  MICROCONV_WEIGHTS_ORDER_OIHW = 1,
  /**
   * `[depth][height][width][channel][filter]`: TensorFlow, Keras; and TensorFlow Lite's depthwise
   * `1HWO`, where a filter reads one channel.
   */
  MICROCONV_WEIGHTS_ORDER_HWIO = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum microconv_weights_order microconv_weights_order;
#else
typedef uint32_t microconv_weights_order;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How a convolution of float is computed.
 */
enum microconv_algorithm
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The one that is expected to be the fastest of those that keep the limits.
   */
  MICROCONV_ALGORITHM_AUTO = 0,
  /**
   * Sums of products, without scratch.
   */
  MICROCONV_ALGORITHM_DIRECT = 1,
  /**
   * The fastest of the next three that keeps the limits.
   */
  MICROCONV_ALGORITHM_WINOGRAD = 2,
  /**
   * Winograd's minimal filtering, for windows of 3x3 with stride and dilation 1; tiles of 2x2.
   */
  MICROCONV_ALGORITHM_WINOGRAD2X2 = 3,
  /**
   * Tiles of 4x4.
   */
  MICROCONV_ALGORITHM_WINOGRAD4X4 = 4,
  /**
   * Tiles of 6x6.
   */
  MICROCONV_ALGORITHM_WINOGRAD6X6 = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum microconv_algorithm microconv_algorithm;
#else
typedef uint32_t microconv_algorithm;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How a sum times its multiplier becomes an integer. Each is a contract that holds on every level, to
 * the bit.
 */
enum microconv_rounding
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * TensorFlow Lite's double rounding; also TensorFlow Lite Micro's and CMSIS-NN's.
   */
  MICROCONV_ROUNDING_TFLITE = 0,
  /**
   * TensorFlow Lite's single rounding.
   */
  MICROCONV_ROUNDING_TFLITE_SINGLE = 1,
  /**
   * XNNPACK's, and ONNX's `QLinearConv`: a float multiplier, ties to even.
   */
  MICROCONV_ROUNDING_FLOAT = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum microconv_rounding microconv_rounding;
#else
typedef uint32_t microconv_rounding;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The type of activations.
 */
enum microconv_type
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  MICROCONV_TYPE_INT8 = 0,
  MICROCONV_TYPE_UINT8 = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum microconv_type microconv_type;
#else
typedef uint32_t microconv_type;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A checked convolution of float, made by `microconv_f32_init`. The caller lends the memory; it points
 * at no other, so it may be copied and moved within the program. Many threads may use one at a time.
 */
typedef struct microconv_f32 {
  /**
   * Tells a plan from other memory.
   */
  uint64_t seal;
  /**
   * What is known of the layer.
   */
  size_t words[64];
} microconv_f32;

/**
 * One convolution. The three axes are depth, height and width; what has fewer is 1 along the first.
 * `MICROCONV_CONV2D` and its kin fill one in.
 */
typedef struct microconv_geometry {
  /**
   * Images.
   */
  size_t batch;
  /**
   * Depth, height and width of the input.
   */
  size_t input[3];
  /**
   * Channels of the input.
   */
  size_t channels;
  /**
   * Channels of the output.
   */
  size_t filters;
  /**
   * Depth, height and width of the window.
   */
  size_t kernel[3];
  /**
   * Distance between windows.
   */
  size_t stride[3];
  /**
   * Distance between taps.
   */
  size_t dilation[3];
  /**
   * Channels and filters are cut into so many equal parts, and part meets part only. Depthwise: as
   * many as channels.
   */
  size_t groups;
  /**
   * A `microconv_padding`.
   */
  uint32_t padding;
  /**
   * With `MICROCONV_PADDING_EXPLICIT`: front and back, top and bottom, left and right.
   */
  size_t sides[3][2];
} microconv_geometry;

/**
 * What was wrong. Every call takes a pointer to one, or NULL, and fills it in whatever it returns.
 */
typedef struct microconv_error {
  /**
   * What the call returned.
   */
  microconv_status status;
  /**
   * The argument that it is about.
   */
  microconv_argument argument;
  /**
   * The other argument that it is about, when two overlap.
   */
  microconv_argument other_argument;
  /**
   * The number of the geometry that it is about.
   */
  microconv_quantity quantity;
  /**
   * Its axis.
   */
  microconv_axis axis;
  /**
   * What was needed, where that is a number.
   */
  size_t needed;
  /**
   * What was given instead.
   */
  size_t given;
  /**
   * The filter, or the first row.
   */
  size_t at;
  /**
   * The bound of an error that is needed, in units of a sum of magnitudes.
   */
  double needed_bound;
  /**
   * The bound that is allowed.
   */
  double given_bound;
} microconv_error;

/**
 * All sizes of a plan. Lengths are numbers of elements, not of bytes.
 */
typedef struct microconv_sizes {
  /**
   * Elements of the input, the whole batch.
   */
  size_t input_len;
  /**
   * Elements of the output, the whole batch.
   */
  size_t output_len;
  /**
   * Elements of the weights before they are packed.
   */
  size_t weights_len;
  /**
   * Elements of the packed weights: floats, or words of 32 bits for int8.
   */
  size_t packed_len;
  /**
   * Floats of scratch that a run makes the best use of; 0 for the direct algorithm and int8.
   */
  size_t scratch_len;
  /**
   * Floats of scratch that a run needs at least.
   */
  size_t least_scratch_len;
  /**
   * Batch, depth, height, width and channels of the output.
   */
  size_t output[5];
  /**
   * Rows of the output, counted through batch, depth and height.
   */
  size_t output_rows;
  /**
   * Elements of an output row: `[width][channel]`.
   */
  size_t output_row_len;
  /**
   * Elements of an input row: `[width][channel]`.
   */
  size_t input_row_len;
  /**
   * What ranges of rows must start and end at a multiple of, within each plane of rows.
   */
  size_t row_granularity;
  /**
   * Multiply-accumulates of a run, with the taps in the padding counted.
   */
  uint64_t macs;
} microconv_sizes;

/**
 * A checked convolution of 16-bit activations with 8-bit weights, TensorFlow Lite's "16x8", made by
 * `microconv_i16_init`. The caller lends the memory; it points at no other, so it may be copied and moved
 * within the program. Many threads may use one at a time.
 *
 * Zero points are 0. Outputs have the bits of TensorFlow Lite's reference kernels with biases of int64, and
 * of CMSIS-NN's.
 */
typedef struct microconv_i16 {
  /**
   * Tells a plan from other memory.
   */
  uint64_t seal;
  /**
   * What is known of the layer.
   */
  size_t words[60];
} microconv_i16;

/**
 * A checked convolution of 8-bit integers, made by `microconv_i8_init` in memory that the caller lends, or a
 * constant that the crate's example flash has written. It holds no pointer to other memory, so it may be
 * copied and moved. Many threads may use one at a time.
 */
typedef struct microconv_i8 {
  /**
   * Tells a plan from other memory.
   */
  uint64_t seal;
  /**
   * What runs it.
   */
  void (*kernels)(void);
  /**
   * What rounds its outputs.
   */
  void (*rounding)(void);
  /**
   * What is known of the layer.
   */
  size_t words[62];
} microconv_i8;

/**
 * How the 8-bit numbers of a layer stand for real ones, but for the scales.
 * `MICROCONV_QUANTIZATION_INT8` fills one in.
 */
typedef struct microconv_quantization {
  /**
   * The type of the input, a `microconv_type`.
   */
  uint32_t input;
  /**
   * The type of the output.
   */
  uint32_t output;
  /**
   * The number that stands for zero in the input, and in its padding.
   */
  int32_t input_zero_point;
  /**
   * The number that stands for zero in the output.
   */
  int32_t output_zero_point;
  /**
   * The smallest output.
   */
  int32_t min;
  /**
   * The largest output.
   */
  int32_t max;
  /**
   * A `microconv_rounding`.
   */
  uint32_t rounding;
} microconv_quantization;

/**
 * A convolution of float, such as a depthwise one, and the pointwise one behind it, run together so that the map
 * between them never exists: a few of its rows lie in scratch. Made by `microconv_separable_f32_init`. The
 * caller lends the memory; it points at no other, so it may be copied and moved within the program. Many
 * threads may use one at a time.
 */
typedef struct microconv_separable_f32 {
  /**
   * Tells a plan from other memory.
   */
  uint64_t seal;
  /**
   * What is known of the layers.
   */
  size_t words[126];
} microconv_separable_f32;

/**
 * All sizes of a plan of two layers. Lengths are numbers of elements, not of bytes.
 */
typedef struct microconv_separable_sizes {
  /**
   * Elements of the input, the whole batch.
   */
  size_t input_len;
  /**
   * Elements of the output, the whole batch.
   */
  size_t output_len;
  /**
   * Floats of the first layer's packed weights.
   */
  size_t packed_len;
  /**
   * Floats of the second layer's packed weights.
   */
  size_t pointwise_packed_len;
  /**
   * Floats of scratch with which a run is fast.
   */
  size_t scratch_len;
  /**
   * Floats of scratch that a run needs at least: a row between the layers.
   */
  size_t least_scratch_len;
  /**
   * Rows of the output, counted through batch, depth and height.
   */
  size_t output_rows;
  /**
   * Elements of an output row: `[width][channel]`.
   */
  size_t output_row_len;
  /**
   * Elements of an input row: `[width][channel]`.
   */
  size_t input_row_len;
  /**
   * Multiply-accumulates of a run, with the taps in the padding counted.
   */
  uint64_t macs;
} microconv_separable_sizes;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of this library, such as `"0.1.0"`.
 *
 * @return A static string.
 */
const char *microconv_version(void);

/**
 * A text for a status, of one line, in English. Never NULL.
 *
 * @param status What a call has returned.
 * @return A static string.
 */
const char *microconv_status_text(uint32_t status);

/**
 * The name of an argument, as the errors have it. Never NULL.
 *
 * @param argument An argument of an error.
 * @return A static string.
 */
const char *microconv_argument_text(uint32_t argument);

/**
 * The name of a number of a geometry, as the errors have it. Never NULL.
 *
 * @param quantity A quantity of an error.
 * @return A static string.
 */
const char *microconv_quantity_text(uint32_t quantity);

/**
 * Checks a geometry and makes a plan of it, with the direct algorithm, which needs no scratch.
 * Outputs are clamped to `min` and `max`: `-INFINITY` and `INFINITY` for none, 0 and `INFINITY` for a
 * ReLU.
 *
 * @param plan Where the plan is made.
 * @param geometry The layer.
 * @param min The least output.
 * @param max The greatest output.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or point at what they say.
 */
microconv_status microconv_f32_init(struct microconv_f32 *plan,
                                    const struct microconv_geometry *geometry,
                                    float min,
                                    float max,
                                    struct microconv_error *error);

/**
 * As `microconv_f32_init`, with another algorithm: a `microconv_algorithm`, which must keep within so
 * many bytes of scratch and such a bound of the error (in units of a sum of magnitudes; `INFINITY`
 * allows any). `microconv_f32_sizes` says how much scratch was chosen.
 *
 * @param plan Where the plan is made.
 * @param geometry The layer.
 * @param min The least output.
 * @param max The greatest output.
 * @param algorithm A `microconv_algorithm`.
 * @param scratch_bytes The most scratch that it may take, in bytes.
 * @param error_bound The largest error that it may have, in units of a sum of magnitudes.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or point at what they say.
 */
microconv_status microconv_f32_init_algorithm(struct microconv_f32 *plan,
                                              const struct microconv_geometry *geometry,
                                              float min,
                                              float max,
                                              uint32_t algorithm,
                                              size_t scratch_bytes,
                                              double error_bound,
                                              struct microconv_error *error);

/**
 * As `microconv_f32_init_algorithm`, tuned for a level (`MICROCONV_LEVEL_BEST` for the best):
 * `MICROCONV_ALGORITHM_AUTO` and `MICROCONV_ALGORITHM_WINOGRAD` then choose what is the fastest on its
 * vectors, not what is nowhere far behind. The plan runs on every level. But plans that are tuned for
 * different levels may have different algorithms, and so other packed weights, other scratch, another
 * error bound and other roundings.
 *
 * @param plan Where the plan is made.
 * @param geometry The layer.
 * @param min The least output.
 * @param max The greatest output.
 * @param algorithm A `microconv_algorithm`.
 * @param scratch_bytes The most scratch that it may take, in bytes.
 * @param error_bound The largest error that it may have, in units of a sum of magnitudes.
 * @param level A level: a number below `microconv_level_count()`.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or point at what they say.
 */
microconv_status microconv_f32_init_tuned(struct microconv_f32 *plan,
                                          const struct microconv_geometry *geometry,
                                          float min,
                                          float max,
                                          uint32_t algorithm,
                                          size_t scratch_bytes,
                                          double error_bound,
                                          uint32_t level,
                                          struct microconv_error *error);

/**
 * Tells all sizes of a plan.
 *
 * @param plan The plan.
 * @param sizes Where the sizes are told.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or point at what they say.
 */
microconv_status microconv_f32_sizes(const struct microconv_f32 *plan,
                                     struct microconv_sizes *sizes,
                                     struct microconv_error *error);

/**
 * Tells which input rows, `*first` up to but not including `*end`, the output rows `first_row` up to
 * but not including `end_row` need. Rows are counted through batch, depth and height.
 *
 * @param plan The plan.
 * @param first_row The first row of the output, counted through batch, depth and height.
 * @param end_row The row behind the last one.
 * @param first Where the first input row is told.
 * @param end Where the input row behind the last one is told.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or point at what they say.
 */
microconv_status microconv_f32_input_rows(const struct microconv_f32 *plan,
                                          size_t first_row,
                                          size_t end_row,
                                          size_t *first,
                                          size_t *end,
                                          struct microconv_error *error);

/**
 * Packs weights, in a `microconv_weights_order`, and biases (NULL and 0 for none), once for any number
 * of runs. The result is the same on every level and target.
 *
 * @param plan The plan.
 * @param order How the weights lie: a `microconv_weights_order`.
 * @param weights The weights.
 * @param weights_len How many there are: `weights_len` of the plan's sizes.
 * @param bias A bias for each filter, or NULL for zeros.
 * @param bias_len The number of filters, or 0.
 * @param packed Where the packed weights are written.
 * @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or so many elements lie there.
 */
microconv_status microconv_f32_pack(const struct microconv_f32 *plan,
                                    uint32_t order,
                                    const float *weights,
                                    size_t weights_len,
                                    const float *bias,
                                    size_t bias_len,
                                    float *packed,
                                    size_t packed_len,
                                    struct microconv_error *error);

/**
 * Computes the whole output on a level (`MICROCONV_LEVEL_BEST` for the best). `packed` was filled by
 * `microconv_f32_pack` for the same layer; scratch is NULL and 0 for the direct algorithm.
 *
 * Refused: `MICROCONV_STATUS_OVERLAP` if the output or the scratch overlaps anything else.
 *
 * @param plan The plan.
 * @param level A level: a number below `microconv_level_count()`.
 * @param input The input.
 * @param input_len How many elements that is.
 * @param packed The packed weights.
 * @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
 * @param output Where the output is written.
 * @param output_len How many elements that is.
 * @param scratch Memory to work in, or NULL.
 * @param scratch_len How many floats, at least `least_scratch_len` of the plan's sizes.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or so many elements lie there.
 */
microconv_status microconv_f32_run(const struct microconv_f32 *plan,
                                   uint32_t level,
                                   const float *input,
                                   size_t input_len,
                                   const float *packed,
                                   size_t packed_len,
                                   float *output,
                                   size_t output_len,
                                   float *scratch,
                                   size_t scratch_len,
                                   struct microconv_error *error);

/**
 * Computes the output rows `first_row` up to but not including `end_row`. The input is just the rows
 * of `microconv_f32_input_rows`, the output just the rows asked for.
 *
 * @param plan The plan.
 * @param level A level: a number below `microconv_level_count()`.
 * @param first_row The first row of the output, counted through batch, depth and height.
 * @param end_row The row behind the last one.
 * @param input Just the input rows that these rows need.
 * @param input_len How many elements that is.
 * @param packed The packed weights.
 * @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
 * @param output Where just these rows are written.
 * @param output_len How many elements that is.
 * @param scratch Memory to work in, or NULL.
 * @param scratch_len How many floats, at least `least_scratch_len` of the plan's sizes.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or so many elements lie there.
 */
microconv_status microconv_f32_run_rows(const struct microconv_f32 *plan,
                                        uint32_t level,
                                        size_t first_row,
                                        size_t end_row,
                                        const float *input,
                                        size_t input_len,
                                        const float *packed,
                                        size_t packed_len,
                                        float *output,
                                        size_t output_len,
                                        float *scratch,
                                        size_t scratch_len,
                                        struct microconv_error *error);

/**
 * Checks a geometry and makes a plan of it, whose outputs are clamped to `min` and `max`: -32768 and 32767 for
 * no clamp.
 *
 * @param plan Where the plan is made.
 * @param geometry The layer.
 * @param min The least output.
 * @param max The greatest output.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or point at what they say.
 */
microconv_status microconv_i16_init(struct microconv_i16 *plan,
                                    const struct microconv_geometry *geometry,
                                    int16_t min,
                                    int16_t max,
                                    struct microconv_error *error);

/**
 * Tells all sizes of a plan.
 *
 * @param plan The plan.
 * @param sizes Where the sizes are told.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or point at what they say.
 */
microconv_status microconv_i16_sizes(const struct microconv_i16 *plan,
                                     struct microconv_sizes *sizes,
                                     struct microconv_error *error);

/**
 * Tells which input rows, `*first` up to but not including `*end`, the output rows `first_row` up to
 * but not including `end_row` need. Rows are counted through batch, depth and height.
 *
 * @param plan The plan.
 * @param first_row The first row of the output, counted through batch, depth and height.
 * @param end_row The row behind the last one.
 * @param first Where the first input row is told.
 * @param end Where the input row behind the last one is told.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or point at what they say.
 */
microconv_status microconv_i16_input_rows(const struct microconv_i16 *plan,
                                          size_t first_row,
                                          size_t end_row,
                                          size_t *first,
                                          size_t *end,
                                          struct microconv_error *error);

/**
 * Packs weights, in a `microconv_weights_order`, biases (NULL and 0 for none) and scales, once for any
 * number of runs. `scales` are those of the weights, one for each filter or one for all; biases are in
 * units of input scale times weight scale. The result is the same on every level and target.
 *
 * Refused, among others: `MICROCONV_STATUS_ACCUMULATOR` if there is an input for which a filter's sum
 * would leave the integers of 48 bits.
 *
 * @param plan The plan.
 * @param order How the weights lie: a `microconv_weights_order`.
 * @param weights The weights.
 * @param weights_len How many there are: `weights_len` of the plan's sizes.
 * @param bias A bias for each filter, or NULL for zeros.
 * @param bias_len The number of filters, or 0.
 * @param input_scale What one step of an input stands for.
 * @param scales What one step of a weight stands for, for each filter or for all.
 * @param scales_len The number of filters, or 1.
 * @param output_scale What one step of an output stands for.
 * @param packed Where the packed weights are written.
 * @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or so many elements lie there.
 */
microconv_status microconv_i16_pack(const struct microconv_i16 *plan,
                                    uint32_t order,
                                    const int8_t *weights,
                                    size_t weights_len,
                                    const int64_t *bias,
                                    size_t bias_len,
                                    float input_scale,
                                    const float *scales,
                                    size_t scales_len,
                                    float output_scale,
                                    int32_t *packed,
                                    size_t packed_len,
                                    struct microconv_error *error);

/**
 * As `microconv_i16_pack`, with the multipliers that TensorFlow Lite Micro and CMSIS-NN work with: a
 * value of 31 bits and a shift to the left (to the right if negative), for each filter or for all.
 *
 * @param plan The plan.
 * @param order How the weights lie: a `microconv_weights_order`.
 * @param weights The weights.
 * @param weights_len How many there are: `weights_len` of the plan's sizes.
 * @param bias A bias for each filter, or NULL for zeros.
 * @param bias_len The number of filters, or 0.
 * @param multipliers Multipliers in units of 2^-31, for each filter or for all.
 * @param multipliers_len The number of filters, or 1.
 * @param shifts Powers of two that go with the multipliers.
 * @param shifts_len As many as multipliers.
 * @param packed Where the packed weights are written.
 * @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or so many elements lie there.
 */
microconv_status microconv_i16_pack_multipliers(const struct microconv_i16 *plan,
                                                uint32_t order,
                                                const int8_t *weights,
                                                size_t weights_len,
                                                const int64_t *bias,
                                                size_t bias_len,
                                                const int32_t *multipliers,
                                                size_t multipliers_len,
                                                const int32_t *shifts,
                                                size_t shifts_len,
                                                int32_t *packed,
                                                size_t packed_len,
                                                struct microconv_error *error);

/**
 * Computes the whole output on a level (`MICROCONV_LEVEL_BEST` for the best). `packed` was filled by
 * `microconv_i16_pack` for the same layer.
 *
 * Refused: `MICROCONV_STATUS_OVERLAP` if the output overlaps anything else.
 *
 * @param plan The plan.
 * @param level A level: a number below `microconv_level_count()`.
 * @param input The input.
 * @param input_len How many elements that is.
 * @param packed The packed weights.
 * @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
 * @param output Where the output is written.
 * @param output_len How many elements that is.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or so many elements lie there.
 */
microconv_status microconv_i16_run(const struct microconv_i16 *plan,
                                   uint32_t level,
                                   const int16_t *input,
                                   size_t input_len,
                                   const int32_t *packed,
                                   size_t packed_len,
                                   int16_t *output,
                                   size_t output_len,
                                   struct microconv_error *error);

/**
 * Computes the output rows `first_row` up to but not including `end_row`. The input is just the rows
 * of `microconv_i16_input_rows`, the output just the rows asked for.
 *
 * @param plan The plan.
 * @param level A level: a number below `microconv_level_count()`.
 * @param first_row The first row of the output, counted through batch, depth and height.
 * @param end_row The row behind the last one.
 * @param input Just the input rows that these rows need.
 * @param input_len How many elements that is.
 * @param packed The packed weights.
 * @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
 * @param output Where just these rows are written.
 * @param output_len How many elements that is.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or so many elements lie there.
 */
microconv_status microconv_i16_run_rows(const struct microconv_i16 *plan,
                                        uint32_t level,
                                        size_t first_row,
                                        size_t end_row,
                                        const int16_t *input,
                                        size_t input_len,
                                        const int32_t *packed,
                                        size_t packed_len,
                                        int16_t *output,
                                        size_t output_len,
                                        struct microconv_error *error);

/**
 * Checks a geometry and a quantization and makes a plan of them.
 *
 * @param plan Where the plan is made.
 * @param geometry The layer.
 * @param quantization Types, zero points, clamp and rounding.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or point at what they say.
 */
microconv_status microconv_i8_init(struct microconv_i8 *plan,
                                   const struct microconv_geometry *geometry,
                                   const struct microconv_quantization *quantization,
                                   struct microconv_error *error);

/**
 * Tells all sizes of a plan.
 *
 * @param plan The plan.
 * @param sizes Where the sizes are told.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or point at what they say.
 */
microconv_status microconv_i8_sizes(const struct microconv_i8 *plan,
                                    struct microconv_sizes *sizes,
                                    struct microconv_error *error);

/**
 * Tells which input rows, `*first` up to but not including `*end`, the output rows `first_row` up to
 * but not including `end_row` need. Rows are counted through batch, depth and height.
 *
 * @param plan The plan.
 * @param first_row The first row of the output, counted through batch, depth and height.
 * @param end_row The row behind the last one.
 * @param first Where the first input row is told.
 * @param end Where the input row behind the last one is told.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or point at what they say.
 */
microconv_status microconv_i8_input_rows(const struct microconv_i8 *plan,
                                         size_t first_row,
                                         size_t end_row,
                                         size_t *first,
                                         size_t *end,
                                         struct microconv_error *error);

/**
 * Packs weights, in a `microconv_weights_order`, biases (NULL and 0 for none) and scales, once for any
 * number of runs. `scales` are those of the weights, one for each filter or one for all; biases are in
 * units of input scale times weight scale. The result is the same on every level and target.
 *
 * Refused, among others: `MICROCONV_STATUS_ACCUMULATOR` if there is an input for which a filter's sum
 * would leave the 32-bit integers.
 *
 * @param plan The plan.
 * @param order How the weights lie: a `microconv_weights_order`.
 * @param weights The weights.
 * @param weights_len How many there are: `weights_len` of the plan's sizes.
 * @param bias A bias for each filter, or NULL for zeros.
 * @param bias_len The number of filters, or 0.
 * @param input_scale What one step of an input stands for.
 * @param scales What one step of a weight stands for, for each filter or for all.
 * @param scales_len The number of filters, or 1.
 * @param output_scale What one step of an output stands for.
 * @param packed Where the packed weights are written.
 * @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or so many elements lie there.
 */
microconv_status microconv_i8_pack(const struct microconv_i8 *plan,
                                   uint32_t order,
                                   const int8_t *weights,
                                   size_t weights_len,
                                   const int32_t *bias,
                                   size_t bias_len,
                                   float input_scale,
                                   const float *scales,
                                   size_t scales_len,
                                   float output_scale,
                                   int32_t *packed,
                                   size_t packed_len,
                                   struct microconv_error *error);

/**
 * As `microconv_i8_pack`, with the multipliers that TensorFlow Lite Micro and CMSIS-NN work with: a
 * value of 31 bits and a shift to the left (to the right if negative), for each filter or for all.
 *
 * @param plan The plan.
 * @param order How the weights lie: a `microconv_weights_order`.
 * @param weights The weights.
 * @param weights_len How many there are: `weights_len` of the plan's sizes.
 * @param bias A bias for each filter, or NULL for zeros.
 * @param bias_len The number of filters, or 0.
 * @param multipliers Multipliers in units of 2^-31, for each filter or for all.
 * @param multipliers_len The number of filters, or 1.
 * @param shifts Powers of two that go with the multipliers.
 * @param shifts_len As many as multipliers.
 * @param packed Where the packed weights are written.
 * @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or so many elements lie there.
 */
microconv_status microconv_i8_pack_multipliers(const struct microconv_i8 *plan,
                                               uint32_t order,
                                               const int8_t *weights,
                                               size_t weights_len,
                                               const int32_t *bias,
                                               size_t bias_len,
                                               const int32_t *multipliers,
                                               size_t multipliers_len,
                                               const int32_t *shifts,
                                               size_t shifts_len,
                                               int32_t *packed,
                                               size_t packed_len,
                                               struct microconv_error *error);

/**
 * Computes the whole output of int8 from an input of int8, on a level (`MICROCONV_LEVEL_BEST` for the
 * best). `packed` was filled by `microconv_i8_pack` for the same layer.
 *
 * Refused: `MICROCONV_STATUS_OVERLAP` if the output overlaps anything else.
 *
 * @param plan The plan.
 * @param level A level: a number below `microconv_level_count()`.
 * @param input The input.
 * @param input_len How many elements that is.
 * @param packed The packed weights.
 * @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
 * @param output Where the output is written.
 * @param output_len How many elements that is.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or so many elements lie there.
 */
microconv_status microconv_i8_run(const struct microconv_i8 *plan,
                                  uint32_t level,
                                  const int8_t *input,
                                  size_t input_len,
                                  const int32_t *packed,
                                  size_t packed_len,
                                  int8_t *output,
                                  size_t output_len,
                                  struct microconv_error *error);

/**
 * Computes the output rows `first_row` up to but not including `end_row`. The input is just the rows
 * of `microconv_i8_input_rows`, the output just the rows asked for.
 *
 * @param plan The plan.
 * @param level A level: a number below `microconv_level_count()`.
 * @param first_row The first row of the output, counted through batch, depth and height.
 * @param end_row The row behind the last one.
 * @param input Just the input rows that these rows need.
 * @param input_len How many elements that is.
 * @param packed The packed weights.
 * @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
 * @param output Where just these rows are written.
 * @param output_len How many elements that is.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or so many elements lie there.
 */
microconv_status microconv_i8_run_rows(const struct microconv_i8 *plan,
                                       uint32_t level,
                                       size_t first_row,
                                       size_t end_row,
                                       const int8_t *input,
                                       size_t input_len,
                                       const int32_t *packed,
                                       size_t packed_len,
                                       int8_t *output,
                                       size_t output_len,
                                       struct microconv_error *error);

/**
 * `microconv_i8_run` for a plan of `MICROCONV_TYPE_UINT8`.
 *
 * @param plan The plan.
 * @param level A level: a number below `microconv_level_count()`.
 * @param input The input.
 * @param input_len How many elements that is.
 * @param packed The packed weights.
 * @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
 * @param output Where the output is written.
 * @param output_len How many elements that is.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or so many elements lie there.
 */
microconv_status microconv_i8_run_u8(const struct microconv_i8 *plan,
                                     uint32_t level,
                                     const uint8_t *input,
                                     size_t input_len,
                                     const int32_t *packed,
                                     size_t packed_len,
                                     uint8_t *output,
                                     size_t output_len,
                                     struct microconv_error *error);

/**
 * `microconv_i8_run_rows` for a plan of `MICROCONV_TYPE_UINT8`.
 *
 * @param plan The plan.
 * @param level A level: a number below `microconv_level_count()`.
 * @param first_row The first row of the output, counted through batch, depth and height.
 * @param end_row The row behind the last one.
 * @param input Just the input rows that these rows need.
 * @param input_len How many elements that is.
 * @param packed The packed weights.
 * @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
 * @param output Where just these rows are written.
 * @param output_len How many elements that is.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or so many elements lie there.
 */
microconv_status microconv_i8_run_rows_u8(const struct microconv_i8 *plan,
                                          uint32_t level,
                                          size_t first_row,
                                          size_t end_row,
                                          const uint8_t *input,
                                          size_t input_len,
                                          const int32_t *packed,
                                          size_t packed_len,
                                          uint8_t *output,
                                          size_t output_len,
                                          struct microconv_error *error);

/**
 * `microconv_i8_run` without the requantization: the sums as they are.
 *
 * @param plan The plan.
 * @param level A level: a number below `microconv_level_count()`.
 * @param input The input.
 * @param input_len How many elements that is.
 * @param packed The packed weights.
 * @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
 * @param output Where the output is written.
 * @param output_len How many elements that is.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or so many elements lie there.
 */
microconv_status microconv_i8_run_sums(const struct microconv_i8 *plan,
                                       uint32_t level,
                                       const int8_t *input,
                                       size_t input_len,
                                       const int32_t *packed,
                                       size_t packed_len,
                                       int32_t *output,
                                       size_t output_len,
                                       struct microconv_error *error);

/**
 * `microconv_i8_run_rows` without the requantization: the sums as they are.
 *
 * @param plan The plan.
 * @param level A level: a number below `microconv_level_count()`.
 * @param first_row The first row of the output, counted through batch, depth and height.
 * @param end_row The row behind the last one.
 * @param input Just the input rows that these rows need.
 * @param input_len How many elements that is.
 * @param packed The packed weights.
 * @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
 * @param output Where just these rows are written.
 * @param output_len How many elements that is.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or so many elements lie there.
 */
microconv_status microconv_i8_run_rows_sums(const struct microconv_i8 *plan,
                                            uint32_t level,
                                            size_t first_row,
                                            size_t end_row,
                                            const int8_t *input,
                                            size_t input_len,
                                            const int32_t *packed,
                                            size_t packed_len,
                                            int32_t *output,
                                            size_t output_len,
                                            struct microconv_error *error);

/**
 * Tells the fewest floats of lines with which `microconv_f32_run_in_place` runs in so many floats of memory.
 * `MICROCONV_IN_PLACE_LINES_LEN` is it as a constant expression.
 *
 * Refused: `MICROCONV_STATUS_LENGTH` if the memory is shorter than the input or the output,
 * `MICROCONV_STATUS_ROW_GRANULARITY` if the plan's algorithm does not compute single rows.
 *
 * @param plan The plan.
 * @param memory_len How many floats, at least as many as input and output each have.
 * @param lines_len Where the number of floats is told.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or point at what they say.
 */
microconv_status microconv_f32_in_place_lines_len(const struct microconv_f32 *plan,
                                                  size_t memory_len,
                                                  size_t *lines_len,
                                                  struct microconv_error *error);

/**
 * Computes the whole output in the memory of the input: the input is the last floats of `memory`, and the
 * output becomes the first. The bits are those of `microconv_f32_run`.
 *
 * Rows that must not overwrite input yet wait in `lines`, which holds at least as many floats as
 * `microconv_f32_in_place_lines_len` says (NULL and 0 if that is 0). Memory that is longer than the input
 * needs fewer lines, and some rows more of either make it faster.
 *
 * Refused: `MICROCONV_STATUS_OVERLAP` if memory, lines or scratch overlap each other or anything else.
 *
 * @param plan The plan.
 * @param level A level: a number below `microconv_level_count()`.
 * @param memory The input at its end, which becomes the output at its start.
 * @param memory_len How many floats, at least as many as input and output each have.
 * @param packed The packed weights.
 * @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
 * @param lines Where rows wait, or NULL.
 * @param lines_len How many floats, at least as many as `microconv_f32_in_place_lines_len` tells.
 * @param scratch Memory to work in, or NULL.
 * @param scratch_len How many floats, at least `least_scratch_len` of the plan's sizes.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or so many elements lie there.
 */
microconv_status microconv_f32_run_in_place(const struct microconv_f32 *plan,
                                            uint32_t level,
                                            float *memory,
                                            size_t memory_len,
                                            const float *packed,
                                            size_t packed_len,
                                            float *lines,
                                            size_t lines_len,
                                            float *scratch,
                                            size_t scratch_len,
                                            struct microconv_error *error);

/**
 * How many levels (instruction sets that the kernels are written for) this CPU has. A level is the
 * number of its place among them, the best first: 0, `MICROCONV_LEVEL_BEST`, is always there, and the
 * last is `"scalar"`; but of a Cortex-M with DSP instructions there is only that.
 *
 * The CPU is asked once in the life of the program.
 *
 * @return How many, at least 1.
 */
uint32_t microconv_level_count(void);

/**
 * The name of a level, such as `"avx2"` or `"scalar"`; NULL if this CPU has not so many.
 *
 * @param level A level.
 * @return A static string, or NULL.
 */
const char *microconv_level_name(uint32_t level);

/**
 * Finds the level of a name, which ends with a zero.
 *
 * Refused: `MICROCONV_STATUS_LEVEL_ABSENT` if this CPU does not have it,
 * `MICROCONV_STATUS_LEVEL_UNKNOWN` if no CPU does.
 *
 * @param name The name, ended by a zero.
 * @param level Where the level is told.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre `name` is NULL or a string, `level` is NULL or can be written.
 */
microconv_status microconv_level_named(const char *name,
                                       uint32_t *level,
                                       struct microconv_error *error);

/**
 * Makes a plan of two layers that run together: the second takes the first one's output, and has a window of
 * one pixel, a stride of one and no padding. The two plans are copied; they are still needed to pack each
 * layer's weights with `microconv_f32_pack`, and not to run.
 *
 * Refused: `MICROCONV_STATUS_POINTWISE` with the first number that is not as needed,
 * `MICROCONV_STATUS_ROW_GRANULARITY` if the first layer's algorithm does not compute single rows.
 *
 * @param plan Where the plan is made.
 * @param spatial The plan of the first layer.
 * @param pointwise The plan of the second layer.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or point at what they say.
 */
microconv_status microconv_separable_f32_init(struct microconv_separable_f32 *plan,
                                              const struct microconv_f32 *spatial,
                                              const struct microconv_f32 *pointwise,
                                              struct microconv_error *error);

/**
 * Tells all sizes of a plan.
 *
 * @param plan The plan.
 * @param sizes Where the sizes are told.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or point at what they say.
 */
microconv_status microconv_separable_f32_sizes(const struct microconv_separable_f32 *plan,
                                               struct microconv_separable_sizes *sizes,
                                               struct microconv_error *error);

/**
 * Tells which input rows, `*first` up to but not including `*end`, the output rows `first_row` up to
 * but not including `end_row` need. Rows are counted through batch, depth and height.
 *
 * @param plan The plan.
 * @param first_row The first row of the output, counted through batch, depth and height.
 * @param end_row The row behind the last one.
 * @param first Where the first input row is told.
 * @param end Where the input row behind the last one is told.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or point at what they say.
 */
microconv_status microconv_separable_f32_input_rows(const struct microconv_separable_f32 *plan,
                                                    size_t first_row,
                                                    size_t end_row,
                                                    size_t *first,
                                                    size_t *end,
                                                    struct microconv_error *error);

/**
 * Computes the whole output on a level (`MICROCONV_LEVEL_BEST` for the best), with the bits of the two layers
 * one after the other. `packed` and `pointwise_packed` were filled by `microconv_f32_pack` for the first and for
 * the second layer. As many rows are run at a time as `scratch` holds.
 *
 * Refused: `MICROCONV_STATUS_OVERLAP` if the output or the scratch overlaps anything else.
 *
 * @param plan The plan.
 * @param level A level: a number below `microconv_level_count()`.
 * @param input The input.
 * @param input_len How many elements that is.
 * @param packed The packed weights of the first layer.
 * @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
 * @param pointwise_packed The packed weights of the second layer.
 * @param pointwise_packed_len How many floats lie there: `pointwise_packed_len` of the plan's sizes.
 * @param output Where the output is written.
 * @param output_len How many elements that is.
 * @param scratch Memory to work in, or NULL.
 * @param scratch_len How many floats, at least `least_scratch_len` of the plan's sizes.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or so many elements lie there.
 */
microconv_status microconv_separable_f32_run(const struct microconv_separable_f32 *plan,
                                             uint32_t level,
                                             const float *input,
                                             size_t input_len,
                                             const float *packed,
                                             size_t packed_len,
                                             const float *pointwise_packed,
                                             size_t pointwise_packed_len,
                                             float *output,
                                             size_t output_len,
                                             float *scratch,
                                             size_t scratch_len,
                                             struct microconv_error *error);

/**
 * Computes the output rows `first_row` up to but not including `end_row`. The input is just the rows
 * of `microconv_separable_f32_input_rows`, the output just the rows asked for.
 *
 * @param plan The plan.
 * @param level A level: a number below `microconv_level_count()`.
 * @param first_row The first row of the output, counted through batch, depth and height.
 * @param end_row The row behind the last one.
 * @param input Just the input rows that these rows need.
 * @param input_len How many elements that is.
 * @param packed The packed weights of the first layer.
 * @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
 * @param pointwise_packed The packed weights of the second layer.
 * @param pointwise_packed_len How many floats lie there: `pointwise_packed_len` of the plan's sizes.
 * @param output Where just these rows are written.
 * @param output_len How many elements that is.
 * @param scratch Memory to work in, or NULL.
 * @param scratch_len How many floats, at least `least_scratch_len` of the plan's sizes.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or so many elements lie there.
 */
microconv_status microconv_separable_f32_run_rows(const struct microconv_separable_f32 *plan,
                                                  uint32_t level,
                                                  size_t first_row,
                                                  size_t end_row,
                                                  const float *input,
                                                  size_t input_len,
                                                  const float *packed,
                                                  size_t packed_len,
                                                  const float *pointwise_packed,
                                                  size_t pointwise_packed_len,
                                                  float *output,
                                                  size_t output_len,
                                                  float *scratch,
                                                  size_t scratch_len,
                                                  struct microconv_error *error);

/**
 * Tells the fewest floats of lines with which `microconv_separable_f32_run_in_place` runs in so many floats of
 * memory. `MICROCONV_IN_PLACE_LINES_LEN` is it as a constant expression.
 *
 * Refused: `MICROCONV_STATUS_LENGTH` if the memory is shorter than the input or the output.
 *
 * @param plan The plan.
 * @param memory_len How many floats, at least as many as input and output each have.
 * @param lines_len Where the number of floats is told.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or point at what they say.
 */
microconv_status microconv_separable_f32_in_place_lines_len(const struct microconv_separable_f32 *plan,
                                                            size_t memory_len,
                                                            size_t *lines_len,
                                                            struct microconv_error *error);

/**
 * Computes the whole output in the memory of the input, which is the last floats of `memory`; the output
 * becomes the first: see `microconv_f32_run_in_place`.
 *
 * @param plan The plan.
 * @param level A level: a number below `microconv_level_count()`.
 * @param memory The input at its end, which becomes the output at its start.
 * @param memory_len How many floats, at least as many as input and output each have.
 * @param packed The packed weights of the first layer.
 * @param packed_len How many elements lie there: `packed_len` of the plan's sizes.
 * @param pointwise_packed The packed weights of the second layer.
 * @param pointwise_packed_len How many floats lie there: `pointwise_packed_len` of the plan's sizes.
 * @param lines Where rows wait, or NULL.
 * @param lines_len How many floats, at least as many as `microconv_separable_f32_in_place_lines_len` tells.
 * @param scratch Memory to work in, or NULL.
 * @param scratch_len How many floats, at least `least_scratch_len` of the plan's sizes.
 * @param error Where more is told of a call that is refused, or NULL.
 * @return `MICROCONV_STATUS_OK`, or why the call is refused.
 * @pre Pointers are NULL, or so many elements lie there.
 */
microconv_status microconv_separable_f32_run_in_place(const struct microconv_separable_f32 *plan,
                                                      uint32_t level,
                                                      float *memory,
                                                      size_t memory_len,
                                                      const float *packed,
                                                      size_t packed_len,
                                                      const float *pointwise_packed,
                                                      size_t pointwise_packed_len,
                                                      float *lines,
                                                      size_t lines_len,
                                                      float *scratch,
                                                      size_t scratch_len,
                                                      struct microconv_error *error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* MICROCONV_H */
