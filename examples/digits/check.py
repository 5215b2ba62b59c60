"""Runs the network from weights.bin over images.bin, one multiplication at a time.

    python check.py                 # in f32's place Python's own floats
    python check.py --dtype int8    # weights_int8.bin, in integers

Shares no code with train.py and needs no package, so it tells whether the files
say what their description says.
"""

import argparse
import array
import math
import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent

# (kind, window, stride, input size, channels in, channels out, ReLU)
LAYERS = [
    ("conv", 3, 1, 8, 1, 16, True),
    ("conv", 3, 2, 8, 16, 32, True),
    ("depthwise", 3, 1, 4, 32, 32, True),
    ("conv", 1, 1, 4, 32, 64, True),
    ("average", 4, 4, 4, 64, 64, False),
    ("conv", 1, 1, 1, 64, 10, False),
]


def counts(kind, window, c_in, c_out):
    """Weights and biases that a layer has in the files."""
    weights = {"conv": window**2 * c_in * c_out, "depthwise": window**2 * c_out, "average": 0}[kind]
    return weights, 0 if kind == "average" else c_out


def sums(x, shape, weights, bias):
    """What each filter sums up at each pixel; the average's weights are 1."""
    kind, window, stride, size, c_in, c_out, _ = shape
    out_size = -(-size // stride)
    before = max((out_size - 1) * stride + window - size, 0) // 2
    for row in range(out_size):
        for column in range(out_size):
            out = list(bias) or [0] * c_out
            for i in range(window):
                for j in range(window):
                    y, z = row * stride + i - before, column * stride + j - before
                    if not (0 <= y < size and 0 <= z < size):
                        continue
                    pixel = x[(y * size + z) * c_in : (y * size + z + 1) * c_in]
                    tap = i * window + j
                    for o in range(c_out):
                        if kind == "conv":
                            start = (o * window**2 + tap) * c_in
                            out[o] += sum(a * b for a, b in zip(pixel, weights[start : start + c_in]))
                        elif kind == "depthwise":
                            out[o] += pixel[o] * weights[tap * c_out + o]
                        else:
                            out[o] += pixel[o]
            yield out


def read(data, kind, count):
    """So many little-endian numbers, and the rest of the data."""
    values = array.array(kind)
    size = count * values.itemsize
    values.frombytes(data[:size])
    if sys.byteorder == "big":
        values.byteswap()
    return values.tolist(), data[size:]


class Float:
    """f32, computed in Python's double precision."""

    def __init__(self):
        rest, self.layers = (HERE / "weights.bin").read_bytes(), []
        for kind, window, _, _, c_in, c_out, _ in LAYERS:
            weights, biases = counts(kind, window, c_in, c_out)
            weights, rest = read(rest, "f", weights)
            bias, rest = read(rest, "f", biases)
            self.layers.append((weights, bias))
        assert not rest, "weights.bin has another length"

    def scores(self, pixels):
        x = [p / 16 for p in pixels]
        for shape, (weights, bias) in zip(LAYERS, self.layers):
            kind, window, *_, relu = shape
            divisor = window**2 if kind == "average" else 1
            x = [s / divisor for out in sums(x, shape, weights, bias) for s in out]
            if relu:
                x = [max(s, 0.0) for s in x]
        return x


class Int8:
    """int8 as TensorFlow Lite's reference kernels compute it."""

    def __init__(self):
        rest, self.layers = (HERE / "weights_int8.bin").read_bytes(), []
        scale, zero = 1 / 16, 0
        for kind, window, _, _, c_in, c_out, _ in LAYERS:
            weights, biases = counts(kind, window, c_in, c_out)
            weights, rest = read(rest, "b", weights)
            bias, rest = read(rest, "i", biases)
            scales, rest = read(rest, "f", biases)
            before, zero_before = scale, zero
            if kind == "average":
                scales = [1 / window**2] * c_out
            else:
                (scale, zero), rest = struct.unpack("<fi", rest[:8]), rest[8:]
            multipliers = [self.multiplier(before * s / scale) for s in scales]
            self.layers.append((weights, bias, zero_before, multipliers, zero))
        assert not rest, "weights_int8.bin has another length"

    @staticmethod
    def multiplier(real):
        """31 bits and a shift to the left (QuantizeMultiplier)."""
        fraction, shift = math.frexp(real)
        value = math.floor(fraction * 2**31 + 0.5)
        return (value, shift) if value < 2**31 else (value // 2, shift + 1)

    @staticmethod
    def requantized(s, value, shift):
        """MultiplyByQuantizedMultiplier, with its two roundings."""
        high = (s * 2 ** max(shift, 0) * value + 2**30) >> 31
        right = max(-shift, 0)
        # To the nearest, ties away from zero.
        rounded = (abs(high) + (2**right >> 1)) >> right
        return rounded if high >= 0 else -rounded

    def scores(self, pixels):
        x = list(pixels)
        for shape, (weights, bias, zero_before, multipliers, zero) in zip(LAYERS, self.layers):
            real = [q - zero_before for q in x]
            low = zero if shape[-1] else -128
            x = [
                min(max(self.requantized(s, *m) + zero, low), 127)
                for out in sums(real, shape, weights, bias)
                for s, m in zip(out, multipliers)
            ]
        return x


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dtype", choices=["f32", "int8"], default="f32")
    network = {"f32": Float, "int8": Int8}[parser.parse_args(arguments).dtype]()
    records = (HERE / "images.bin").read_bytes()
    assert len(records) % 65 == 0, "images.bin has another length"
    total, right = len(records) // 65, 0
    for n in range(total):
        *pixels, label = records[n * 65 : (n + 1) * 65]
        scores = network.scores(pixels)
        right += scores.index(max(scores)) == label
    print(f"accuracy {100 * right / total:.2f} % ({right} of {total})")


if __name__ == "__main__":
    main()
