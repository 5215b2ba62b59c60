#!/usr/bin/env python3
"""Writes random int8 convolutions and what TensorFlow Lite answers to them: tflite.py FILE [CASES] [SEED]

Each case is a model of one operator, CONV_2D or DEPTHWISE_CONV_2D, which TensorFlow Lite's own interpreter runs twice: by its reference
kernels (BUILTIN_REF), which follow the quantization specification, and by what it would choose (AUTO), which is XNNPACK with float
scales. The file is read by tests/oracle.rs: 32-bit little-endian words, bytes filled up to whole words.
"""
import struct
import sys

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

ACTIVATIONS = ["NONE", "RELU", "RELU_N1_TO_1", "RELU6"]
# What the scales are like; the first three tell the roundings apart.
CLASSES = ["mixed", "powers", "generic", "large", "tiny", "one scale"]


class Case:
    """One random layer with its numbers."""
    # Of activations, weights and biases.
    types = (schema.TensorType.INT8, schema.TensorType.INT8, schema.TensorType.INT32)

    def __init__(self, rng, index):
        pick = lambda *values: int(rng.choice(values))
        self.depthwise = index % 2 == 1
        self.scales = CLASSES[index // 2 % len(CLASSES)]
        small = self.scales in ("large", "mixed")
        self.kernel = [pick(1, 2, 3, 3, 5) for _ in range(2)] if not small else [pick(1, 2, 3) for _ in range(2)]
        self.stride = [pick(1, 1, 2, 3) for _ in range(2)]
        self.dilation = [pick(1, 1, 2, 3) for _ in range(2)]
        self.same = bool(rng.integers(2))
        self.batch = pick(1, 1, 2)
        self.activation = pick(0, 0, 1, 2, 3)
        # Converters leave out the one that has no opposite; the kernels take it as any other.
        self.least = -128 if index % 3 == 0 else -127
        self.groups = 1
        if self.depthwise:
            self.channels = self.groups = pick(1, 2, 3, 4, 8, 13, 16, 17, 32, 40)
            self.filters = self.channels * pick(1, 1, 1, 2, 3)
        elif index % 5 == 0:
            self.groups = pick(2, 3, 4)
            self.channels = self.groups * pick(2, 3, 4, 8)
            self.filters = self.groups * pick(1, 2, 5, 16)
        else:
            self.channels = pick(1, 2, 3, 4, 5, 8, 16, 17, 33, 64) if not small else pick(1, 2, 3, 8)
            self.filters = pick(1, 2, 3, 5, 8, 16, 19, 32, 35)
        extent = [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation)]
        self.size = [e + int(rng.integers(0, 12)) for e in extent]
        terms = self.kernel[0] * self.kernel[1] * self.channels // self.groups
        self.numbers(rng, terms, small)

    def numbers(self, rng, terms, small):
        """Zero points, scales, and numbers such that outputs use their range."""
        ends = rng.integers(3) == 0
        zero = lambda: int(rng.choice([-128, 127])) if ends else int(rng.integers(-128, 128))
        self.input_zero, self.output_zero = zero(), zero()
        shape = [self.batch, *self.size, self.channels]
        depth = self.channels // self.groups
        weights = [1, *self.kernel, self.filters] if self.depthwise else [self.filters, *self.kernel, depth]
        if small:
            self.input = np.clip(self.input_zero + rng.integers(-9, 10, shape), -128, 127).astype(np.int8)
            self.weights = rng.integers(-3, 4, weights).astype(np.int8)
        else:
            self.input = rng.integers(-128, 128, shape).astype(np.int8)
            self.weights = rng.integers(self.least, 128, weights).astype(np.int8)
        # A sum is about the root of its terms times what two such numbers are.
        usual = 60 / (np.sqrt(terms) * (74 * 74 if not small else 11))
        factor = {
            "mixed": lambda: 2.0 ** rng.uniform(-9, 2, self.filters),
            "powers": lambda: 2.0 ** (round(np.log2(usual)) + rng.integers(-2, 2, self.filters)),
            "generic": lambda: usual * 2.0 ** rng.uniform(-1.5, 1, self.filters),
            "large": lambda: 2.0 ** rng.uniform(0, 3.5, self.filters),
            "tiny": lambda: 2.0 ** rng.uniform(-24, -16, self.filters),
            "one scale": lambda: usual * 2.0 ** rng.uniform(-1, 1, 1),
        }[self.scales]()
        if self.scales == "powers":
            self.input_scale, self.output_scale = (np.float32(2.0 ** rng.integers(-8, -3)) for _ in range(2))
        else:
            self.input_scale, self.output_scale = (np.float32(rng.uniform(0.002, 0.3)) for _ in range(2))
        self.weight_scales = (factor * float(self.output_scale) / float(self.input_scale)).astype(np.float32)
        reach = np.minimum(100 / np.broadcast_to(factor, self.filters), 2.0 ** 28)
        self.bias = np.round(rng.uniform(-reach, reach)).astype(np.int32)

    def model(self):
        """A TensorFlow Lite model of the one operator."""
        model = schema.ModelT()
        model.version = 3
        model.buffers = [schema.BufferT()]
        graph = schema.SubGraphT()
        graph.tensors = []
        model.subgraphs = [graph]

        def tensor(name, kind, shape, data, scales, zero, axis=0):
            t = schema.TensorT()
            t.name, t.type, t.shape, t.buffer = name, kind, list(shape), 0
            if data is not None:
                buffer = schema.BufferT()
                buffer.data = np.frombuffer(data.tobytes(), np.uint8)
                t.buffer = len(model.buffers)
                model.buffers.append(buffer)
            q = schema.QuantizationParametersT()
            q.scale, q.zeroPoint, q.quantizedDimension = [float(s) for s in scales], [zero] * len(scales), axis
            t.quantization = q
            graph.tensors.append(t)

        output = [-(-n // s) if self.same else (n - (k - 1) * d - 1) // s + 1
                  for n, s, k, d in zip(self.size, self.stride, self.kernel, self.dilation)]
        activations, filters, biases = self.types
        tensor(b"input", activations, self.input.shape, None, [self.input_scale], self.input_zero)
        tensor(b"weights", filters, self.weights.shape, self.weights, self.weight_scales, 0, 3 if self.depthwise else 0)
        bias_scales = (float(self.input_scale) * self.weight_scales.astype(float)).astype(np.float32)
        tensor(b"bias", biases, self.bias.shape, self.bias, bias_scales, 0)
        tensor(b"output", activations, [self.batch, *output, self.filters], None, [self.output_scale], self.output_zero)
        operator, code = schema.OperatorT(), schema.OperatorCodeT()
        if self.depthwise:
            options = schema.DepthwiseConv2DOptionsT()
            options.depthMultiplier = self.filters // self.channels
            code.builtinCode = schema.BuiltinOperator.DEPTHWISE_CONV_2D
            operator.builtinOptionsType = schema.BuiltinOptions.DepthwiseConv2DOptions
        else:
            options = schema.Conv2DOptionsT()
            code.builtinCode = schema.BuiltinOperator.CONV_2D
            operator.builtinOptionsType = schema.BuiltinOptions.Conv2DOptions
        code.deprecatedBuiltinCode, code.version = code.builtinCode, 5
        options.padding = schema.Padding.SAME if self.same else schema.Padding.VALID
        options.strideH, options.strideW = self.stride
        options.dilationHFactor, options.dilationWFactor = self.dilation
        options.fusedActivationFunction = self.activation
        operator.builtinOptions, operator.opcodeIndex, operator.inputs, operator.outputs = options, 0, [0, 1, 2], [3]
        graph.operators, graph.inputs, graph.outputs, model.operatorCodes = [operator], [0], [3], [code]
        builder = flatbuffers.Builder(4096)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def answer(self, resolver):
        interpreter = Interpreter(model_content=self.model(), num_threads=1, experimental_op_resolver_type=resolver)
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], self.input)
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

    def record(self):
        """The words that tests/oracle.rs reads."""
        arrays = (self.input, self.weights, self.bias.astype("<i4"), self.answer(OpResolverType.BUILTIN_REF), self.answer(OpResolverType.AUTO))
        return self.words(arrays)

    def words(self, arrays):
        words = [int(self.depthwise), self.batch, *self.size, self.channels, self.filters, *self.kernel, *self.stride, *self.dilation,
                 int(self.same), self.groups, self.activation, self.input_zero, self.output_zero]
        blob = struct.pack(f"<{len(words)}i", *words)
        blob += struct.pack("<2fi", self.input_scale, self.output_scale, len(self.weight_scales))
        blob += self.weight_scales.astype("<f4").tobytes()
        for array in arrays:
            data = array.tobytes()
            blob += struct.pack("<i", len(data)) + data + bytes(-len(data) % 4)
        return blob


def write(case):
    """Writes as many cases as the arguments say."""
    path, count, seed = sys.argv[1], int((sys.argv[2:] or [2400])[0]), int((sys.argv[3:] or [1])[0])
    with open(path, "wb") as file:
        file.write(struct.pack("<i", count))
        for index in range(count):
            file.write(case(np.random.default_rng([seed, index]), index).record())


if __name__ == "__main__":
    write(Case)
