// The layer depthwise, made by microconv's example flash: do not edit.

/// The layer. A geometry that cannot be is a compile error.
pub const DEPTHWISE: microconv::ConvI8 = match microconv::ConvI8::new(
    microconv::Geometry {
        layout: microconv::Layout::ChannelsLast,
        batch: 1,
        input: [1, 6, 5],
        channels: 3,
        filters: 6,
        kernel: [1, 3, 3],
        stride: [1, 1, 1],
        dilation: [1, 1, 1],
        padding: microconv::Padding::Explicit([[0, 0], [1, 0], [1, 1]]),
        groups: 3,
    },
    microconv::Quantization {
        input: microconv::Bytes::Int8,
        output: microconv::Bytes::Int8,
        input_zero_point: -3,
        output_zero_point: 4,
        min: -128,
        max: 127,
        rounding: microconv::Rounding::Tflite,
    },
) {
    Ok(plan) => plan,
    Err(_) => panic!("the geometry is refused"),
};

/// Weights and biases, packed. Does not compile if this version packs the layer otherwise.
pub static DEPTHWISE_PACKED: microconv::Aligned<[i32; DEPTHWISE.packed_len()]> = microconv::Aligned([
    3662, -484, 3756, 8624, 3420, -8835, 0, 0,
    -142, 186, 190, 48, 705, 37, 0, 0,
    1815336442, 1556578404, 1709856943, 1857594363, 1739543984, 1939004376, 0, 0,
    -6, -8, -10, -6, -6, -6, 0, 0,
    2139062144, 17791, 2139062196, 32795, -2143256492, 13439, -1618997708, 127,
    2139127935, 32895, -2131656819, 24192, -2139127936, 61228, 2140242047, 11903,
    360657067, 12671, 1919117677, 1986948963, 536870914, 849432539,
]);
