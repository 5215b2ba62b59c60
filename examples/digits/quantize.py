"""Quantizes the trained network: reads weights.bin, writes weights_int8.bin.

    pip install -r requirements.txt
    python quantize.py

TensorFlow Lite's 8-bit scheme, after training. A number q stands for scale * (q - zero point).
Weights have a scale for each filter, its largest magnitude / 127, and the zero point 0. Activations
have one scale and zero point for each map, from the smallest and the largest value that the 1,437
training images give there. The held-out images have no part in it.

The input is the pixel itself, 0..16, with the scale 1/16 and the zero point 0. The average keeps
scale and zero point of the map that it reads.

weights_int8.bin: little-endian, no header. The layers with weights in the order of weights.bin, each

    weights         int8[..]        shape and order as in weights.bin
    bias            int32[filters]  in units of the scales of input and weights together
    weight scales   f32[filters]
    output scale    f32
    output zero     int32

9,000 bytes. Every part starts at a multiple of four bytes.
"""

import pathlib

import numpy as np

import layers
from data import as_input, split

HERE = pathlib.Path(__file__).resolve().parent


def load():
    """The network with the weights of weights.bin."""
    values = np.fromfile(HERE / "weights.bin", "<f4")
    net = layers.network(np.random.default_rng())
    at = 0
    for layer in net:
        for p in layer.parameters:
            p[...] = values[at : at + p.size].reshape(p.shape)
            at += p.size
    assert at == len(values), "weights.bin has another length"
    return net


def ranges(net, x):
    """(smallest, largest) of what each layer with weights gives, after its ReLU if it has one, and 0."""
    found = []
    for layer in net:
        x = layer.forward(x)
        if layer.parameters:
            found.append(None)
        if not isinstance(layer, layers.AveragePool):
            found[-1] = min(float(x.min()), 0.0) + 0.0, max(float(x.max()), 0.0)
    return found


def affine(low, high):
    """Scale and zero point with which int8 covers low..high, and zero is a number of its own."""
    scale = np.float32((high - low) / 255)
    return scale, int(np.clip(round(-128 - low / float(scale)), -128, 127))


def quantized(layer, input_scale):
    """Weights, bias and weight scales of a layer in int8, int32 and f32."""
    weights, bias = layer.parameters
    # The filter's axis: first, or last in the depthwise layer.
    axis = weights.ndim - 1 if isinstance(layer, layers.Depthwise) else 0
    others = tuple(a for a in range(weights.ndim) if a != axis)
    scales = (np.abs(weights).max(others) / 127).astype(np.float32)
    steps = weights / (scales if axis else scales[:, None, None, None])
    bias = np.round(bias / (float(input_scale) * scales.astype(float)))
    return np.clip(np.round(steps), -127, 127).astype(np.int8), bias.astype("<i4"), scales.astype("<f4")


def main():
    net = load()
    (images, _), _ = split()
    blob = b""
    scale = np.float32(1 / 16)
    with_weights = [layer for layer in net if layer.parameters]
    for layer, (low, high) in zip(with_weights, ranges(net, as_input(images))):
        for array in quantized(layer, scale):
            blob += array.tobytes()
        scale, zero = affine(low, high)
        blob += np.array([scale], "<f4").tobytes() + np.array([zero], "<i4").tobytes()
        print(f"{type(layer).__name__:10} {low:9.4f} to {high:8.4f}: scale {scale:.6f}, zero point {zero}")
    (HERE / "weights_int8.bin").write_bytes(blob)


if __name__ == "__main__":
    main()
