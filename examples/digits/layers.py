"""Forward and backward passes of the network's layers, in numpy, channels last.

Each layer keeps what its backward pass needs. `parameters` and `gradients` are
lists of arrays of equal shapes; the first is the weights, the second the bias.
"""

import numpy as np


def same_padding(size, stride, window):
    """TensorFlow's 'same' rule: (before, after); an odd pixel goes after."""
    total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def he(rng, shape, fan_in):
    return rng.normal(0, np.sqrt(2 / fan_in), shape).astype(np.float32)


class Taps:
    """Moves between an image and its taps: [n, h, w, c] and [n, oh, ow, k, k, c]."""

    def __init__(self, window, stride):
        self.window, self.stride = window, stride

    def gather(self, x):
        k, s = self.window, self.stride
        self.sides = [same_padding(size, s, k) for size in x.shape[1:3]]
        self.shape = x.shape
        x = np.pad(x, [(0, 0), *self.sides, (0, 0)])
        views = np.lib.stride_tricks.sliding_window_view(x, (k, k), (1, 2))
        return views[:, ::s, ::s].transpose(0, 1, 2, 4, 5, 3)

    def scatter(self, taps):
        (n, h, w, c), s = self.shape, self.stride
        (top, bottom), (left, right) = self.sides
        x = np.zeros((n, h + top + bottom, w + left + right, c), np.float32)
        oh, ow = taps.shape[1:3]
        for i in range(self.window):
            for j in range(self.window):
                x[:, i : i + oh * s : s, j : j + ow * s : s] += taps[:, :, :, i, j]
        return x[:, top : top + h, left : left + w]


class Conv:
    """Convolution; weights [out, k, k, in] (OHWI)."""

    def __init__(self, rng, c_in, c_out, window, stride=1):
        self.taps = Taps(window, stride)
        shape = (c_out, window, window, c_in)
        weights = he(rng, shape, window * window * c_in)
        self.parameters = [weights, np.zeros(c_out, np.float32)]

    def forward(self, x):
        weights, bias = self.parameters
        taps = self.taps.gather(x)
        self.out_shape = taps.shape[:3] + (len(bias),)
        self.columns = taps.reshape(-1, weights[0].size)
        out = self.columns @ weights.reshape(len(bias), -1).T + bias
        return out.reshape(self.out_shape)

    def backward(self, d, wants_input=True):
        weights, bias = self.parameters
        d = d.reshape(-1, len(bias))
        self.gradients = [(d.T @ self.columns).reshape(weights.shape), d.sum(0)]
        if wants_input:
            columns = d @ weights.reshape(len(bias), -1)
            return self.taps.scatter(columns.reshape(self.out_shape[:3] + weights.shape[1:]))


class Depthwise:
    """One window per channel; weights [1, k, k, channels] (TFLite's 1HWO)."""

    def __init__(self, rng, channels, window):
        self.taps = Taps(window, 1)
        weights = he(rng, (1, window, window, channels), window * window)
        self.parameters = [weights, np.zeros(channels, np.float32)]

    def forward(self, x):
        weights, bias = self.parameters
        self.gathered = self.taps.gather(x)
        return (self.gathered * weights[0]).sum((3, 4)) + bias

    def backward(self, d, wants_input=True):
        d = d[:, :, :, None, None]
        weights = (self.gathered * d).sum((0, 1, 2))[None]
        self.gradients = [weights, d.sum((0, 1, 2, 3, 4))]
        return self.taps.scatter(d * self.parameters[0][0])


class Relu:
    parameters = gradients = ()

    def forward(self, x):
        self.positive = x > 0
        return x * self.positive

    def backward(self, d, wants_input=True):
        return d * self.positive


class AveragePool:
    """The mean over the whole image."""

    parameters = gradients = ()

    def forward(self, x):
        self.shape = x.shape
        return x.mean((1, 2), keepdims=True)

    def backward(self, d, wants_input=True):
        _, h, w, _ = self.shape
        return np.broadcast_to(d / np.float32(h * w), self.shape)


def network(rng):
    """Input [n, 8, 8, 1], output [n, 1, 1, 10]."""
    return [
        Conv(rng, 1, 16, 3),
        Relu(),
        Conv(rng, 16, 32, 3, stride=2),
        Relu(),
        Depthwise(rng, 32, 3),
        Relu(),
        Conv(rng, 32, 64, 1),
        Relu(),
        AveragePool(),
        Conv(rng, 64, 10, 1),
    ]


def forward(layers, x):
    for layer in layers:
        x = layer.forward(x)
    return x


def backward(layers, d):
    for layer in reversed(layers):
        d = layer.backward(d, wants_input=layer is not layers[0])
