#!/usr/bin/env python3
"""Times the layers of layers.csv in other engines and in microconv, by turns: see ../peers.sh.

A layer is a model of one operator, run on one thread. What the engine takes for the smallest layer there is is taken off, so that
neither Python nor the engine's own calls count against it. Each engine is asked in each way that it offers (layouts, algorithms), and
the fastest answers for it. Conversions of layout inside the engine do count: an image is given and taken as its interface has it.
"""
import argparse
import csv
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version

import flatbuffers  # noqa: F401, needed by the models of TensorFlow Lite
import ncnn
import numpy as np
import onnxruntime
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/oracle"))
import tflite  # noqa: E402, its models are those of the tests


class Layer:
    """A line of layers.csv."""

    def __init__(self, row):
        self.name = row["name"]
        number = {key: int(row[key]) for key in ("h", "w", "c_in", "c_out", "k", "stride", "groups", "depth")}
        self.__dict__.update(number)
        pads = [int(x) for x in row["pad"].split(":")]
        self.pads = pads * 4 if len(pads) == 1 else pads  # top, bottom, left, right
        self.depthwise = self.groups == self.c_in > 1


SMALLEST = dict(name="smallest", h="1", w="1", c_in="1", c_out="1", k="1", stride="1", pad="0", groups="1", depth="1")


class OnnxRuntime:
    """MLAS, in its own layout of channels (all optimizations) and in the plain one."""
    name, package = "onnxruntime", "onnxruntime"

    def ways(self, layer, dtype):
        levels = onnxruntime.GraphOptimizationLevel
        rng = np.random.default_rng(1)
        axes = [layer.h, layer.w] if layer.depth == 1 else [layer.depth, layer.h, layer.w]
        top, bottom, left, right = layer.pads
        before, after = [top, left], [bottom, right]
        if layer.depth > 1:
            before, after = [top, *before], [bottom, *after]
        attributes = dict(kernel_shape=[layer.k] * len(axes), strides=[layer.stride] * len(axes), pads=before + after, group=layer.groups)
        x, w = [1, layer.c_in, *axes], [layer.c_out, layer.c_in // layer.groups] + [layer.k] * len(axes)
        if dtype == "f32":
            image = rng.standard_normal(x, np.float32)
            constants = {"w": rng.standard_normal(w, np.float32), "b": rng.standard_normal(layer.c_out, np.float32)}
            node = helper.make_node("Conv", ["x", "w", "b"], ["y"], **attributes)
            kind = TensorProto.FLOAT
        else:
            image = rng.integers(0, 255, x, np.uint8)
            constants = {
                "xs": np.float32(0.1), "xz": np.uint8(128), "w": rng.integers(-127, 127, w, np.int8), "ws": np.full(layer.c_out, 0.01, np.float32),
                "wz": np.zeros(layer.c_out, np.int8), "ys": np.float32(1), "yz": np.uint8(128), "b": rng.integers(-9999, 9999, layer.c_out, np.int32),
            }
            node = helper.make_node("QLinearConv", ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"], ["y"], **attributes)
            kind = TensorProto.UINT8
        graph = helper.make_graph(
            [node], "layer", [helper.make_tensor_value_info("x", kind, x)], [helper.make_tensor_value_info("y", kind, None)],
            [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
        for level in (levels.ORT_ENABLE_ALL, levels.ORT_ENABLE_BASIC):
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.graph_optimization_level = level
            session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
            binding = session.io_binding()
            binding.bind_ortvalue_input("x", onnxruntime.OrtValue.ortvalue_from_numpy(image))
            shape = session.run(None, {"x": image})[0].shape
            binding.bind_ortvalue_output("y", onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros(shape, image.dtype)))
            yield lambda session=session, binding=binding: session.run_with_iobinding(binding)


class Ncnn:
    """With Winograd, and without."""
    name, package = "ncnn", "ncnn"

    def ways(self, layer, dtype):
        if dtype != "f32" or layer.depth > 1:
            return
        rng = np.random.default_rng(1)
        weights = rng.standard_normal((layer.c_out, layer.c_in // layer.groups, layer.k, layer.k), np.float32)
        top, bottom, left, right = layer.pads
        kind = "ConvolutionDepthWise" if layer.groups > 1 else "Convolution"
        groups = f" 7={layer.groups}" if layer.groups > 1 else ""
        text = (f"7767517\n2 2\nInput in 0 1 in\n{kind} conv 1 1 in out 0={layer.c_out} 1={layer.k} 3={layer.stride} "
                f"4={left} 14={top} 15={right} 16={bottom} 5=1 6={weights.size}{groups}\n")
        for winograd in (True, False):
            net = ncnn.Net()
            net.opt.num_threads = 1
            net.opt.use_winograd_convolution = winograd
            net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_bf16_storage = False
            with tempfile.TemporaryDirectory() as folder:
                param, data = f"{folder}/param", f"{folder}/bin"
                pathlib.Path(param).write_text(text)
                # A word says that the weights are f32.
                pathlib.Path(data).write_bytes(bytes(4) + weights.tobytes() + rng.standard_normal(layer.c_out, np.float32).tobytes())
                net.load_param(param)
                net.load_model(data)
            image = ncnn.Mat(rng.standard_normal((layer.c_in, layer.h, layer.w), np.float32))

            def run(net=net, image=image):
                extractor = net.create_extractor()
                extractor.input("in", image)
                return extractor.extract("out")

            yield run


class Model(tflite.Case):
    """A layer as a model of TensorFlow Lite."""

    def __init__(self, layer, dtype):
        rng = np.random.default_rng(1)
        self.depthwise, self.same, self.activation, self.batch = layer.depthwise, layer.k > 1, 0, 1
        self.size, self.channels, self.filters, self.groups = [layer.h, layer.w], layer.c_in, layer.c_out, layer.groups
        self.kernel, self.stride, self.dilation = [layer.k] * 2, [layer.stride] * 2, [1, 1]
        weights = [1, layer.k, layer.k, layer.c_out] if layer.depthwise else [layer.c_out, layer.k, layer.k, layer.c_in // layer.groups]
        shape = [1, layer.h, layer.w, layer.c_in]
        self.input_scale, self.output_scale = np.float32(0.1), np.float32(1)
        self.input_zero = self.output_zero = 0
        if dtype == "f32":
            self.types = (schema.TensorType.FLOAT32,) * 3
            self.input, self.weights = rng.standard_normal(shape, np.float32), rng.standard_normal(weights, np.float32)
            self.bias, self.weight_scales = rng.standard_normal(layer.c_out, np.float32), np.empty(0, np.float32)
        else:
            self.input, self.weights = rng.integers(-128, 127, shape, np.int8), rng.integers(-127, 127, weights, np.int8)
            self.bias, self.weight_scales = rng.integers(-9999, 9999, layer.c_out, np.int32), np.full(layer.c_out, 0.01, np.float32)


class Xnnpack:
    """TensorFlow Lite's delegate."""
    name, package = "xnnpack", "ai-edge-litert"

    def ways(self, layer, dtype):
        if layer.depth > 1:
            return
        model = Model(layer, dtype)
        interpreter = Interpreter(model_content=model.model(), num_threads=1, experimental_op_resolver_type=OpResolverType.AUTO)
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], model.input)
        self.alive = interpreter
        yield interpreter.invoke


def seconds(run, least):
    """The median of one call, over at least so long."""
    times = []
    end = time.perf_counter() + least
    while len(times) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(prog="benches/peers.sh", description="Compares layers with other engines, one thread, by turns.")
    parser.add_argument("--only", default="", metavar="ROW,ROW", help="these layers alone")
    parser.add_argument("--dtype", default="f32,int8", metavar="f32,int8")
    parser.add_argument("--peer", default="onnxruntime,ncnn,xnnpack", metavar="NAME,NAME")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median is taken")
    parser.add_argument("roofline", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with open(ROOT / "benches/layers.csv") as file:
        layers = [Layer(row) for row in csv.DictReader(line for line in file if not line.startswith("#"))]
    only = [name for name in arguments.only.split(",") if name]
    unknown = set(only) - {layer.name for layer in layers}
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    peers = [peer() for peer in (OnnxRuntime, Ncnn, Xnnpack) if peer.name in arguments.peer.split(",")]
    print("layer,dtype,peer,version,median_us,gflops,peak_gflops,share,microconv_us,microconv_share,speedup", flush=True)
    for dtype in arguments.dtype.split(","):
        calls = {peer.name: min((seconds(way, 0.1) for way in peer.ways(Layer(SMALLEST), dtype)), default=0) for peer in peers}
        for layer in layers:
            if not only or layer.name in only:
                compare(layer, dtype, peers, calls, arguments)


def compare(layer, dtype, peers, calls, arguments):
    """Prints a line for each engine that has the layer."""
    ways = {peer: list(peer.ways(layer, dtype)) for peer in peers}
    ours, theirs = [], {peer: [] for peer in peers}
    for _ in range(arguments.rounds):
        # These engines round int8 by floats, as does microconv if asked.
        command = [arguments.roofline, "--csv", "--dtype", dtype, "--rounding", "float", "--only", layer.name]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        ours.append(next(csv.DictReader(lines)))
        for peer in peers:
            if ways[peer]:
                theirs[peer].append(min(seconds(way, 0.1) for way in ways[peer]) - calls[peer.name])
    median = lambda column: statistics.median(float(row[column]) for row in ours)
    us, peak, share = (median(column) for column in ("median_us", "peak_gflops", "share"))
    for peer, times in theirs.items():
        if times:
            peer_us = statistics.median(times) * 1e6
            gflops = 2 * int(ours[0]["macs"]) / peer_us / 1e3
            print(f"{layer.name},{dtype},{peer.name},{version(peer.package)},{peer_us:.2f},{gflops:.2f},{peak:.1f},{gflops / peak:.3f},"
                  f"{us:.2f},{share:.3f},{peer_us / us:.2f}", flush=True)


if __name__ == "__main__":
    main()
