"""The images: scikit-learn's load_digits, of which 36 of each digit are held out."""

import numpy as np
from sklearn.datasets import load_digits

SPLIT_SEED = 1
HELD_OUT_PER_DIGIT = 36


def split():
    """(training images, labels), (held-out images, labels); pixels of 0..16."""
    digits = load_digits()
    rng = np.random.default_rng(SPLIT_SEED)
    held_out = np.zeros(len(digits.target), bool)
    for digit in range(10):
        own = np.flatnonzero(digits.target == digit)
        held_out[rng.choice(own, HELD_OUT_PER_DIGIT, replace=False)] = True
    images, labels = digits.images.astype(np.uint8), digits.target.astype(np.uint8)
    return (images[~held_out], labels[~held_out]), (images[held_out], labels[held_out])


def as_input(images):
    return images.astype(np.float32)[..., None] / np.float32(16)
