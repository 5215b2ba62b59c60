#!/usr/bin/env python3
"""Writes quantized convolutions and what ONNX answers to them: onnx_cases.py FILE [CASES] [SEED]

First the cases of ConvInteger and QLinearConv among the tests for backends that the onnx package holds, with the answers written down
there; then random ones, answered by the package's reference evaluator. The evaluator multiplies in double precision and adds the zero
point before it rounds, where runtimes multiply in single precision and round first; so random scales are such that no product is near a
tie, or powers of two with an even zero point, where ties are exact. The file is read by tests/oracle.rs: 32-bit little-endian words,
bytes filled up to whole words, channels last.
"""
import struct
import sys
import warnings

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases
from onnx.reference import ReferenceEvaluator

ROLES = {
    "ConvInteger": ["x", "w", "x_zero", "w_zero"],
    "QLinearConv": ["x", "x_scale", "x_zero", "w", "w_scale", "w_zero", "y_scale", "y_zero", "bias"],
}


def channels_last(x):
    """N, C, then one to three axes, as N, three axes, C."""
    x = x.reshape(x.shape[:2] + (1,) * (5 - x.ndim) + x.shape[2:])
    return np.moveaxis(x, 1, -1)


def small_weights(x, w, groups):
    """Weights that are no int8, as sums of such, and the input with its channels as often."""
    parts = []
    while not parts or w.any():
        parts.append(np.clip(w, -128, 127))
        w = w - parts[-1]
    n, c = x.shape[:2]
    x = x.reshape(n, groups, 1, c // groups, *x.shape[2:])
    x = np.repeat(x, len(parts), 2).reshape(n, c * len(parts), *x.shape[4:])
    return x, np.concatenate(parts, 1).astype(np.int8)


def record(kind, attributes, tensors, answer):
    """The words that tests/oracle.rs reads."""
    axes = tensors["x"].ndim - 2
    three = lambda values: [1] * (3 - axes) + list(values)
    groups = attributes.get("group", 1)
    assert "auto_pad" not in attributes
    pads = list(attributes.get("pads", [0] * 2 * axes))
    sides = [0] * 2 * (3 - axes) + [side for pair in zip(pads[:axes], pads[axes:]) for side in pair]
    zero = lambda name: np.asarray(tensors.get(name, 0)).astype(int)
    w = tensors["w"].astype(int) - zero("w_zero").reshape((-1,) + (1,) * (axes + 1))
    x, w = small_weights(tensors["x"], w, groups)
    kernel = three(w.shape[2:])
    words = [int(kind == "QLinearConv"), x.shape[0], *three(x.shape[2:]), x.shape[1], w.shape[0], *kernel]
    words += three(attributes.get("strides", [1] * axes)) + three(attributes.get("dilations", [1] * axes))
    words += [*sides, groups]
    words += [int(t == np.uint8) for t in (x.dtype, answer.dtype)] + [int(zero("x_zero").item()), int(zero("y_zero").item())]
    blob = struct.pack(f"<{len(words)}i", *words)
    scales = np.atleast_1d(tensors.get("w_scale", 1)).astype("<f4")
    blob += struct.pack("<2fi", tensors.get("x_scale", 1), tensors.get("y_scale", 1), len(scales)) + scales.tobytes()
    bias = np.asarray(tensors.get("bias", []), "<i4")
    for array in (channels_last(x), w, bias, channels_last(answer)):
        data = array.astype(array.dtype.newbyteorder("<")).tobytes()
        blob += struct.pack("<i", len(data)) + data + bytes(-len(data) % 4)
    return blob


def from_backend_tests():
    # Making the cases of other operators overflows here and there, and warns.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        cases = collect_testcases(None)
    array = lambda t: numpy_helper.to_array(t) if isinstance(t, TensorProto) else np.asarray(t)
    for case in cases:
        kinds = [node.op_type for node in case.model.graph.node]
        if len(kinds) == 1 and kinds[0] in ROLES:
            [node] = case.model.graph.node
            attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            for inputs, [answer] in case.data_sets:
                given = {role: array(value) for role, value in zip(ROLES[kinds[0]], inputs)}
                yield kinds[0], attributes, given, array(answer)


def random(rng, index):
    pick = lambda *values: int(rng.choice(values))
    kind = ["QLinearConv", "ConvInteger"][index % 2]
    axes = pick(1, 2, 2, 2, 3)
    groups = pick(1, 1, 1, 2, 3, 8)
    depth = 1 if groups == 8 else pick(1, 2, 3, 5, 8, 16, 20)
    filters = groups * pick(1, 2, 3, 5, 8, 17)
    kernel = [pick(1, 2, 3, 3, 5) for _ in range(axes)]
    dilation = [pick(1, 1, 2, 3) for _ in range(axes)]
    extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    size = [e + int(rng.integers(0, 9)) for e in extent]
    attributes = {"kernel_shape": kernel, "dilations": dilation, "strides": [pick(1, 1, 2, 3) for _ in range(axes)], "group": groups}
    attributes["pads"] = [int(rng.integers(0, e)) for e in 2 * extent]
    byte = lambda: [np.int8, np.uint8][rng.integers(2)]
    number = lambda kind, shape=(): rng.integers(np.iinfo(kind).min, np.iinfo(kind).max + 1, shape).astype(kind)
    x_type, w_type, y_type = byte(), byte(), byte()
    tensors = {"x": number(x_type, (pick(1, 1, 2), groups * depth, *size)), "w": number(w_type, (filters, depth, *kernel))}
    tensors["x_zero"] = number(x_type)
    tensors["w_zero"] = np.zeros((), w_type) if w_type == np.int8 else np.full((), 128, w_type) if rng.integers(3) else number(w_type)
    if kind == "QLinearConv":
        usual = 60 / (74 * 74 * np.sqrt(np.prod(kernel) * depth))
        # The evaluator takes a scale for each filter in two dimensions only.
        shape = filters if axes == 2 and filters > 1 and rng.integers(2) else ()
        tensors["y_zero"] = number(y_type)
        if index % 4 == 0:
            tensors["y_zero"] &= y_type(0xFE) if y_type == np.uint8 else y_type(-2)
            tensors["x_scale"], tensors["y_scale"] = (np.float32(2.0 ** rng.integers(-8, 0)) for _ in range(2))
            factor = 2.0 ** (np.round(np.log2(usual)) + rng.integers(-1, 2, shape))
        else:
            tensors["x_scale"], tensors["y_scale"] = (np.float32(rng.uniform(0.002, 0.3)) for _ in range(2))
            factor = usual * 2.0 ** rng.uniform(-1, 1, shape)
        tensors["w_scale"] = (factor * float(tensors["y_scale"]) / float(tensors["x_scale"])).astype(np.float32)
        if rng.integers(2):
            tensors["bias"] = rng.integers(-9999, 10000, filters).astype(np.int32)
    return kind, attributes, tensors


def evaluated(kind, attributes, tensors, y_type):
    """What the reference evaluator answers."""
    types = {np.dtype(t): getattr(TensorProto, t.upper()) for t in ("int8", "uint8", "int32")} | {np.dtype("float32"): TensorProto.FLOAT}
    given = {name: np.asarray(tensors[name]) for name in ROLES[kind] if name in tensors}
    inputs = [helper.make_tensor_value_info(name, types[value.dtype], value.shape) for name, value in given.items()]
    output = helper.make_tensor_value_info("y", types[np.dtype(y_type)], None)
    node = helper.make_node(kind, list(given), ["y"], **attributes)
    model = helper.make_model(helper.make_graph([node], "one", inputs, [output]), opset_imports=[helper.make_opsetid("", 10)])
    return ReferenceEvaluator(model).run(None, given)[0]


def near_tie(attributes, tensors):
    """Whether single precision could round a product to the other side."""
    sums = {name: tensors[name] for name in ("x", "w", "x_zero", "w_zero")}
    sums = evaluated("ConvInteger", attributes, sums, np.int32).astype(float)
    by_filter = lambda values: np.reshape(values, (-1,) + (1,) * (sums.ndim - 2))
    sums += by_filter(tensors.get("bias", 0))
    product = sums * by_filter(float(tensors["x_scale"]) * tensors["w_scale"].astype(float) / float(tensors["y_scale"]))
    return bool((np.abs(product % 1 - 0.5) < 1e-5 * np.maximum(np.abs(product), 1)).any())


def random_case(rng, index):
    while True:
        kind, attributes, tensors = random(rng, index)
        if kind == "ConvInteger" or index % 4 == 0 or not near_tie(attributes, tensors):
            y_type = np.int32 if kind == "ConvInteger" else tensors["y_zero"].dtype
            return kind, attributes, tensors, evaluated(kind, attributes, tensors, y_type)


def main():
    path, count, seed = sys.argv[1], int((sys.argv[2:] or [400])[0]), int((sys.argv[3:] or [1])[0])
    cases = list(from_backend_tests())
    assert len(cases) >= 3, f"{len(cases)} cases in the package"
    cases += [random_case(np.random.default_rng([seed, index]), index) for index in range(count)]
    with open(path, "wb") as file:
        file.write(struct.pack("<i", len(cases)))
        for case in cases:
            file.write(record(*case))


if __name__ == "__main__":
    main()
