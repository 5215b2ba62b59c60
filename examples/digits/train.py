"""Trains the digits example's network and writes weights.bin, weights_int8.bin and images.bin.

    pip install -r requirements.txt
    python train.py              # trains, writes the files, checks them
    python train.py --validate   # cross-validates on the training images only

Data: scikit-learn's load_digits, 1,797 images of 8x8 pixels of 0..16, which is
the test part of E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten
Digits", UCI Machine Learning Repository, 1998, CC BY 4.0. 36 images of each
digit, drawn with SPLIT_SEED, are held out; the other 1,437 train.

weights.bin: f32, little-endian, no header. The layers with weights in the order
of layers.network(), each its weights, then its bias:

    conv 3x3, 1 to 16             [16, 3, 3, 1]     [16]
    conv 3x3 stride 2, 16 to 32   [32, 3, 3, 16]    [32]
    depthwise 3x3, 32             [1, 3, 3, 32]     [32]
    conv 1x1, 32 to 64            [64, 1, 1, 32]    [64]
    conv 1x1, 64 to 10            [10, 1, 1, 64]    [10]

Weights are [out, height, width, in], the depthwise's [1, height, width, out].
The network's input is pixel / 16. quantize.py makes weights_int8.bin of it.

images.bin: one record of 65 bytes for each held-out image: 64 pixels of 0..16,
row after row, then the label, 0..9.
"""

import os

# One thread, and one kernel set on every x86-64 with AVX2: another order of
# summation would give other weights.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")

import argparse
import pathlib

import numpy as np

import check
import layers
import quantize
from data import SPLIT_SEED, as_input, split

HERE = pathlib.Path(__file__).resolve().parent
TRAIN_SEED = 1

# Chosen by --validate, which never sees the held-out images.
EPOCHS = 300
BATCH = 64
RATE = 4e-3
DECAY = 2e-2  # of the weights, not the biases
SMOOTHING = 0.05  # of the labels: keeps scores, and so the activations' ranges, small
AVERAGING = 0.998  # share of the old value in the running mean of the weights


def distort(rng, x):
    """Shifts, turns, scales and slants each image a little (bilinear, zeros outside)."""
    n, h, w, _ = x.shape
    each = (n, 1, 1)
    turn = rng.uniform(-0.2, 0.2, each)
    slant = rng.uniform(-0.15, 0.15, each)
    high, wide = rng.uniform(0.88, 1.12, (2, *each))
    down, across = rng.integers(-1, 2, (2, *each)) + rng.uniform(-0.3, 0.3, (2, *each))
    keeps_place = rng.random(each) < 0.3
    down[keeps_place] = across[keeps_place] = 0

    # Where each pixel of the result is read from, in an image with a margin of zeros.
    margin, middle = 4, 3.5
    row, column = np.mgrid[0:h, 0:w] - middle
    y = (np.cos(turn) * row + np.sin(turn) * column) * high + down
    z = ((slant - np.sin(turn)) * row + np.cos(turn) * column) * wide + across
    y = np.clip(y + middle + margin, 0, h + 2 * margin - 1.001)
    z = np.clip(z + middle + margin, 0, w + 2 * margin - 1.001)
    padded = np.pad(x[..., 0], [(0, 0), (margin, margin), (margin, margin)])
    top, left = y.astype(int), z.astype(int)
    fy, fz = y - top, z - left
    image = np.arange(n).reshape(each)
    out = (
        padded[image, top, left] * (1 - fy) * (1 - fz)
        + padded[image, top, left + 1] * (1 - fy) * fz
        + padded[image, top + 1, left] * fy * (1 - fz)
        + padded[image, top + 1, left + 1] * fy * fz
    )
    return out.astype(np.float32)[..., None]


def loss_gradient(logits, labels):
    """Gradient of the mean cross-entropy against smoothed labels."""
    z = np.exp(logits - logits.max(-1, keepdims=True))
    p = z / z.sum(-1, keepdims=True)
    target = np.full(p.shape, SMOOTHING / 10, np.float32)
    target[np.arange(len(labels)), 0, 0, labels] += 1 - SMOOTHING
    return (p - target) / np.float32(len(labels))


def train(images, labels, seed):
    """AdamW with a rate that falls as a cosine; returns layers with averaged weights."""
    rng = np.random.default_rng(seed)
    net = layers.network(rng)
    parameters = [p for layer in net for p in layer.parameters]
    means = [np.zeros_like(p) for p in parameters]
    squares = [np.zeros_like(p) for p in parameters]
    averages = [p.copy() for p in parameters]
    x = as_input(images)
    step, steps = 0, EPOCHS * (len(x) // BATCH)
    for _ in range(EPOCHS):
        order = rng.permutation(len(x))
        for batch in order[: len(x) // BATCH * BATCH].reshape(-1, BATCH):
            logits = layers.forward(net, distort(rng, x[batch]))
            layers.backward(net, loss_gradient(logits, labels[batch]))
            gradients = [g for layer in net for g in layer.gradients]
            step += 1
            rate = RATE * min(1, step / 100) * 0.5 * (1 + np.cos(np.pi * step / steps))
            keep = min(AVERAGING, step / (step + 10))
            for p, g, m, s, a in zip(parameters, gradients, means, squares, averages):
                m += 0.1 * (g - m)
                s += 0.01 * (g * g - s)
                change = m / (1 - 0.9**step) / (np.sqrt(s / (1 - 0.99**step)) + 1e-8)
                if p.ndim > 1:
                    change = change + DECAY * p
                p -= (rate * change).astype(np.float32)
                a += np.float32(1 - keep) * (p - a)
    for p, a in zip(parameters, averages):
        p[...] = a
    return net


def right(net, images, labels):
    """How many images the network names rightly."""
    return int((layers.forward(net, as_input(images)).argmax(-1).ravel() == labels).sum())


def validate(images, labels, seeds, folds=4):
    """Trains on three quarters of the training images, tests on the fourth, in turn."""
    fold = np.random.default_rng(SPLIT_SEED).permutation(len(labels)) % folds
    for seed in seeds:
        counts = []
        for f in range(folds):
            net = train(images[fold != f], labels[fold != f], seed)
            counts.append(right(net, images[fold == f], labels[fold == f]))
        total = sum(counts)
        print(f"seed {seed}: {100 * total / len(labels):.2f} % ({total} of {len(labels)})", flush=True)


def export(net, images, labels):
    """Writes weights and images in the formats given above."""
    arrays = [p.ravel() for layer in net for p in layer.parameters]
    np.concatenate(arrays).astype("<f4").tofile(HERE / "weights.bin")
    records = np.concatenate([images.reshape(-1, 64), labels[:, None]], 1)
    records.astype(np.uint8).tofile(HERE / "images.bin")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--validate", action="store_true")
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4])
    arguments = arguments.parse_args()
    training, held_out = split()
    if arguments.validate:
        validate(*training, arguments.seeds)
        return
    net = train(*training, TRAIN_SEED)
    for name, part in (("training", training), ("held out", held_out)):
        count, size = right(net, *part), len(part[1])
        print(f"{name}: {100 * count / size:.2f} % ({count} of {size})")
    export(net, *held_out)
    quantize.main()
    check.main([])
    check.main(["--dtype", "int8"])


if __name__ == "__main__":
    main()
