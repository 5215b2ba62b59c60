#!/usr/bin/env python3
"""Writes random convolutions of int16 activations and int8 weights and what TensorFlow Lite answers to them: tflite_16x8.py FILE [CASES] [SEED]

As tflite.py, but for the types and the numbers. The interpreter runs each model by its reference kernels, with biases of int64, as
the converter makes them, and CONV_2D, where they fit, with biases of int32, for which the rounding is another.
"""
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import OpResolverType

import tflite


class Case(tflite.Case):
    types = (schema.TensorType.INT16, schema.TensorType.INT8, schema.TensorType.INT64)

    def numbers(self, rng, terms, small):
        """Scales, and numbers such that outputs use their range."""
        self.input_zero = self.output_zero = 0
        shape = [self.batch, *self.size, self.channels]
        depth = self.channels // self.groups
        weights = [1, *self.kernel, self.filters] if self.depthwise else [self.filters, *self.kernel, depth]
        if small:
            self.input = rng.integers(-2300, 2301, shape).astype(np.int16)
            self.weights = rng.integers(-3, 4, weights).astype(np.int8)
        else:
            self.input = rng.integers(-32768, 32768, shape).astype(np.int16)
            self.weights = rng.integers(self.least, 128, weights).astype(np.int8)
        # A sum is about the root of its terms times what two such numbers are.
        usual = 15000 / (np.sqrt(terms) * (74 * 19000 if not small else 2700))
        factor = {
            "mixed": lambda: 2.0 ** rng.uniform(-9, 2, self.filters),
            "powers": lambda: 2.0 ** (round(np.log2(usual)) + rng.integers(-2, 2, self.filters)),
            "generic": lambda: usual * 2.0 ** rng.uniform(-1.5, 1, self.filters),
            "large": lambda: 2.0 ** rng.uniform(0, 3.5, self.filters),
            "tiny": lambda: 2.0 ** rng.uniform(-31, -12, self.filters),
            "one scale": lambda: usual * 2.0 ** rng.uniform(-1, 1, 1),
        }[self.scales]()
        if self.scales == "powers":
            self.input_scale, self.output_scale = (np.float32(2.0 ** rng.integers(-16, -11)) for _ in range(2))
        else:
            self.input_scale, self.output_scale = (np.float32(rng.uniform(0.00001, 0.0003)) for _ in range(2))
        self.weight_scales = (factor * float(self.output_scale) / float(self.input_scale)).astype(np.float32)
        # Biases that bring tiny outputs up take more than 32 bits.
        reach = np.minimum(25000 / np.broadcast_to(factor, self.filters), 2.0 ** 46)
        self.bias = np.round(rng.uniform(-reach, reach)).astype(np.int64)

    def record(self):
        answers = [self.answer(OpResolverType.BUILTIN_REF), self.answer(OpResolverType.AUTO)]
        bias, other = self.bias, np.zeros(0, np.int16)
        # Depthwise ones must be of int64. The interpreter does not ask whether a sum of 32 bits overflows.
        if not self.depthwise and np.abs(bias).max() < 2 ** 30 and np.prod(self.weights.shape) / self.filters < 200:
            self.types, self.bias = (schema.TensorType.INT16, schema.TensorType.INT8, schema.TensorType.INT32), bias.astype(np.int32)
            other = self.answer(OpResolverType.BUILTIN_REF)
        return self.words((self.input, self.weights, bias.astype("<i8"), other, *answers))


if __name__ == "__main__":
    tflite.write(Case)
