"""Runs the network from weights.bin over images.bin, one multiplication at a time.

Shares no code with train.py and needs no package, so it tells whether the files
say what their description says.
"""

import array
import pathlib
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


def read_weights():
    """A list of (weights, bias), one per layer; the average has none."""
    values = array.array("f", (HERE / "weights.bin").read_bytes())
    if sys.byteorder == "big":
        values.byteswap()
    layers, at = [], 0
    for kind, window, _, _, c_in, c_out, _ in LAYERS:
        count = {"conv": window**2 * c_in * c_out, "depthwise": window**2 * c_out, "average": 0}[kind]
        biases = 0 if kind == "average" else c_out
        layers.append((values[at : at + count], values[at + count : at + count + biases]))
        at += count + biases
    assert at == len(values), "weights.bin has another length"
    return layers


def layer(x, shape, weights, bias):
    kind, window, stride, size, c_in, c_out, relu = shape
    out_size = -(-size // stride)
    before = max((out_size - 1) * stride + window - size, 0) // 2
    out = []
    for row in range(out_size):
        for column in range(out_size):
            sums = list(bias) or [0.0] * c_out
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
                            row_weights = weights[start : start + c_in]
                            sums[o] += sum(a * b for a, b in zip(pixel, row_weights))
                        elif kind == "depthwise":
                            sums[o] += pixel[o] * weights[tap * c_out + o]
                        else:
                            sums[o] += pixel[o] / window**2
            out += [max(s, 0.0) for s in sums] if relu else sums
    return out


def main():
    layers = read_weights()
    records = (HERE / "images.bin").read_bytes()
    assert len(records) % 65 == 0, "images.bin has another length"
    total, right = len(records) // 65, 0
    for n in range(total):
        *pixels, label = records[n * 65 : (n + 1) * 65]
        x = [p / 16 for p in pixels]
        for shape, (weights, bias) in zip(LAYERS, layers):
            x = layer(x, shape, weights, bias)
        right += x.index(max(x)) == label
    print(f"accuracy {100 * right / total:.2f} % ({right} of {total})")


if __name__ == "__main__":
    main()
