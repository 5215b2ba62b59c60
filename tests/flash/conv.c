/* The layer conv, made by microconv's example flash: do not edit. */
#include <math.h>
#include <microconv.h>

const microconv_geometry conv_geometry = {
    1, {1, 7, 6}, 2, 5, {1, 3, 3}, {1, 2, 1}, {1, 1, 1}, 1, MICROCONV_PADDING_SAME, {{0, 0}, {0, 0}, {0, 0}},
};

/* What outputs are clamped to: the arguments min and max of microconv_f32_init. */
const float conv_clamp[2] = {-1.5e0f, 2e0f};

/* Weights and biases, packed. */
MICROCONV_ALIGNED const float conv_packed[156] = {
    0e0f, -0e0f, 1e-40f, 1.5e0f, -3.25e0f, 0e0f, 0e0f, 0e0f,
    -5.2407074e-1f, 4.6362422e-2f, 7.5773335e-1f, 3.425471e-1f, -4.122175e-1f, 0e0f, 0e0f, 0e0f,
    8.845845e-2f, 4.825037e-1f, -8.050914e-1f, -6.7380077e-1f, 5.3758377e-1f, 0e0f, 0e0f, 0e0f,
    -2.6008967e-1f, 3.4282294e-1f, -7.280623e-1f, 7.212751e-1f, 7.4553406e-1f, 0e0f, 0e0f, 0e0f,
    2.0784007e-1f, -8.719371e-1f, -5.660261e-1f, 9.292659e-1f, -9.116199e-1f, 0e0f, 0e0f, 0e0f,
    2.514406e-1f, 5.164605e-1f, 9.309603e-1f, 8.09392e-1f, 2.2906506e-1f, 0e0f, 0e0f, 0e0f,
    -8.6894226e-1f, 1.8219917e-1f, -1.2767626e-1f, 1.38215e-1f, -9.1011953e-1f, 0e0f, 0e0f, 0e0f,
    -9.7366405e-1f, -3.974647e-1f, 2.5329658e-1f, 4.2763403e-1f, 4.3688095e-1f, 0e0f, 0e0f, 0e0f,
    6.7493814e-1f, -9.379765e-1f, -3.979476e-1f, -5.7775e-1f, -3.380917e-1f, 0e0f, 0e0f, 0e0f,
    -4.8129198e-1f, 7.310545e-1f, 1.4485967e-2f, 6.632159e-1f, 7.618106e-1f, 0e0f, 0e0f, 0e0f,
    -5.313381e-1f, -5.4501824e-2f, -2.2826748e-1f, 1.470647e-1f, 9.612715e-1f, 0e0f, 0e0f, 0e0f,
    9.912897e-1f, 4.3764785e-1f, -2.9817903e-1f, -4.3008506e-1f, 1.08407475e-2f, 0e0f, 0e0f, 0e0f,
    -5.9472986e-2f, 7.576256e-1f, 1.7014821e-1f, -8.730788e-1f, 9.970179e-1f, 0e0f, 0e0f, 0e0f,
    6.729229e-1f, 4.2825896e-1f, 1.6850358e-1f, 7.0788497e-1f, -3.8065988e-1f, 0e0f, 0e0f, 0e0f,
    -4.729358e-2f, 8.4219736e-1f, 8.0840355e-1f, 9.7961205e-1f, -8.460586e-1f, 0e0f, 0e0f, 0e0f,
    2.7813628e-1f, -2.1007319e-1f, 3.6396426e-1f, -8.2296383e-1f, 1.9952562e-1f, 0e0f, 0e0f, 0e0f,
    -6.987671e-1f, 6.0181755e-1f, 8.578912e-1f, 6.011906e-1f, -9.372445e-1f, 0e0f, 0e0f, 0e0f,
    2.6972133e-1f, -1.1075789e-1f, 7.1280116e-1f, -1.7907634e-1f, -6.052303e-1f, 0e0f, 0e0f, 0e0f,
    7.360906e-1f, 8.7117344e-1f, 9.819793e-1f, -6.984692e-1f, -1.8412773e-1f, 0e0f, 0e0f, 0e0f,
    4.504355e30f, 1.2090096e33f, 1.0842024e-19f, 1.7038832e-15f,
};

/* Does not compile if this header packs the layer otherwise. */
typedef char conv_is_packed_for_this_header[MICROCONV_F32_PACKED_LEN(2, 5, 1, 9) == 156 ? 1 : -1];
