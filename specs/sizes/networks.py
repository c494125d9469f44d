"""Functions of 101, 5,560 and 25,557,032 parameters with gradients by hand: linear regression, a small classifier, and
a loss over the parameter arrays of ResNet-50. NumPy only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# Linear regression: 100 weights and a bias, 200 observations.
_RNG = np.random.default_rng(2024)
FEATURES = _RNG.normal(size=(200, 100))
TARGETS = FEATURES @ _RNG.normal(size=100) + 0.5 + 0.1 * _RNG.normal(size=200)


def squared_error(w: Array, b: float) -> float:
    residual = FEATURES @ w + b - TARGETS
    return residual @ residual / len(TARGETS)


def squared_error_gradient(w: Array, b: float) -> tuple[Array, float]:
    residual = FEATURES @ w + b - TARGETS
    return 2 * FEATURES.T @ residual / len(TARGETS), 2 * residual.sum() / len(TARGETS)


# A classifier with one hidden layer: 100 inputs, 50 hidden units, 10 classes, 5,560 parameters; 128 images.
IMAGES = _RNG.normal(size=(128, 100))
LABELS = _RNG.integers(0, 10, size=128)


def cross_entropy(W1: Array, b1: Array, W2: Array, b2: Array) -> float:
    hidden = np.tanh(IMAGES @ W1 + b1)
    logits = hidden @ W2 + b2
    top = logits.max(axis=1)
    log_sum = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return (log_sum - logits[np.arange(len(LABELS)), LABELS]).mean()


def cross_entropy_gradient(W1: Array, b1: Array, W2: Array, b2: Array) -> tuple[Array, Array, Array, Array]:
    hidden = np.tanh(IMAGES @ W1 + b1)
    logits = hidden @ W2 + b2
    probability = np.exp(logits - logits.max(axis=1)[:, None])
    probability /= probability.sum(axis=1)[:, None]
    probability[np.arange(len(LABELS)), LABELS] -= 1
    back = probability / len(LABELS)
    below = (back @ W2.T) * (1 - hidden**2)
    return IMAGES.T @ below, below.sum(axis=0), hidden.T @ back, back.sum(axis=0)


# The parameter arrays of ResNet-50 (He, Zhang, Ren & Sun 2016, table 1, as torchvision lays them out): 25,557,032
# numbers in 161 arrays. The loss has a term for each parameter and couples each array with its neighbours; it stands
# for a forward pass, which would take longer.


def resnet50_shapes() -> dict[str, tuple[int, ...]]:
    """The name and shape of each array."""
    shapes: dict[str, tuple[int, ...]] = {"conv1": (64, 3, 7, 7), "bn1_weight": (64,), "bn1_bias": (64,)}

    def convolution(name: str, out: int, into: int, side: int) -> None:
        shapes[name] = (out, into, side, side)
        shapes[f"{name}_bn_weight"] = shapes[f"{name}_bn_bias"] = (out,)

    into = 64
    for layer, (blocks, width) in enumerate(zip((3, 4, 6, 3), (64, 128, 256, 512), strict=True), start=1):
        for block in range(blocks):
            name = f"layer{layer}_{block}"
            convolution(f"{name}_conv1", width, into, 1)
            convolution(f"{name}_conv2", width, width, 3)
            convolution(f"{name}_conv3", 4 * width, width, 1)
            if block == 0:
                convolution(f"{name}_downsample", 4 * width, into, 1)
            into = 4 * width
    return shapes | {"fc_weight": (1000, 2048), "fc_bias": (1000,)}


def resnet50_size() -> int:
    return sum(math.prod(shape) for shape in resnet50_shapes().values())


def resnet50_loss(*arrays: Array) -> float:
    means = []
    total = 0.0
    for w in arrays:
        means.append(np.tanh(w).mean())
        total += np.logaddexp(w, -w).mean() - math.log(2)  # log cosh w, which overflows for no w
    return total + sum((a - b) ** 2 for a, b in zip(means[1:], means[:-1], strict=True))


def resnet50_gradient(*arrays: Array) -> Sequence[Array]:
    coupling = np.zeros(len(arrays))
    difference = 2 * np.diff([np.tanh(w).mean() for w in arrays])
    coupling[1:] += difference
    coupling[:-1] -= difference
    found = []
    for w, c in zip(arrays, coupling, strict=True):
        t = np.tanh(w)
        found.append((t + c * (1 - t * t)) / w.size)
    return found
