"""A synthetic moving picture, the same on every machine: smooth texture that drifts, a flat part, some sensor noise."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from birthmark.keys import Key

KEY = Key(bytes(range(32)))
PAYLOAD = 0x0123456789ABCDEF
RATE = 20.0

Luma = NDArray[np.uint8]


def luma_frames(seconds: float, width: int = 320, height: int = 240, seed: int = 0) -> Iterator[Luma]:
    """Luma planes at RATE frames per second."""
    rng = np.random.default_rng(seed)
    field = np.zeros((2 * height, 2 * width))
    for scale in (1, 2, 5, 12, 30):
        field += cv2.GaussianBlur(rng.standard_normal(field.shape), (0, 0), scale) * 8 * scale
    field = 128 + 22 * field / field.std()
    field[: height // 3] = 150.0
    for index in range(round(seconds * RATE)):
        left, top = width / 4 + 6 * np.sin(index / 17), height / 4 + 0.3 * index % (height / 2)
        moved = cv2.warpAffine(field, np.array([[1.0, 0, -left], [0, 1.0, -top]]), (width, height))
        yield np.clip(np.rint(moved + rng.standard_normal(moved.shape)), 0, 255).astype(np.uint8)
