"""The keypoints and descriptors of one picture, written for clarity: what the C++ kernels are proved against."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d, maximum_filter

SIDE = 16
SPACING = 1.2
MARGIN = 8


def order() -> list[tuple[int, int]]:
    """The 96 coefficients: the 95 lowest, and (8, 8), which is its own mirror image."""
    everything = [(u, v) for u in range(SIDE) for v in range(SIDE) if u + v > 0]
    everything.sort(key=lambda c: (c[0] ** 2 + c[1] ** 2, c[0] + c[1], c[0]))
    return [*everything[:95], (8, 8)]


def response(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root of the determinant of the Hessian after smoothing with sigma 1.4 over 9 pixels, edges mirrored."""
    taps = np.exp(-0.5 * (np.arange(-4, 5) / 1.4) ** 2)
    taps /= taps.sum()
    smooth = correlate1d(correlate1d(picture, taps, 0, mode="mirror"), taps, 1, mode="mirror")
    second, first, sides = np.array([1.0, -2.0, 1.0]), np.array([-1.0, 0.0, 1.0]), np.array([1.0, 2.0, 1.0])
    xx = correlate1d(correlate1d(smooth, second, 1), sides, 0)
    yy = correlate1d(correlate1d(smooth, second, 0), sides, 1)
    xy = correlate1d(correlate1d(smooth, first, 1), first, 0)
    return np.asarray(np.sqrt(np.maximum(xx * yy - xy**2, 0.0)), np.float64)


def keypoints(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """(x, y, strength) of the largest values of 5 x 5 above 0.6, the strongest first, refined by parabolas."""
    strength = response(picture)
    largest = (strength == maximum_filter(strength, 5)) & (strength > 0.6)
    largest[:MARGIN] = largest[-MARGIN:] = False
    largest[:, :MARGIN] = largest[:, -MARGIN:] = False

    def vertex(before: float, here: float, after: float) -> float:
        curvature = before - 2 * here + after
        return float(np.clip(0.5 * (before - after) / curvature, -0.5, 0.5)) if abs(curvature) > 1e-6 else 0.0

    found = []
    for y, x in zip(*np.nonzero(largest), strict=True):
        here = strength[y, x]
        dx = vertex(strength[y, x - 1], here, strength[y, x + 1])
        dy = vertex(strength[y - 1, x], here, strength[y + 1, x])
        found.append((x + dx, y + dy, here))
    found.sort(key=lambda point: -point[2])
    return np.array(found)


def coefficients(picture: NDArray[np.float64], x: float, y: float) -> NDArray[np.float64]:
    """DCT-II of 16 x 16 bilinear samples around a point, 1.2 pixels apart; in `order`."""
    offsets = (np.arange(SIDE) - (SIDE - 1) / 2) * SPACING

    def taps(centre: float, length: int) -> NDArray[np.float64]:
        weights = np.zeros((SIDE, length))
        for i, at in enumerate(centre + offsets):
            low = int(np.floor(at))
            weights[i, np.clip(low, 0, length - 1)] += 1 - (at - low)
            weights[i, np.clip(low + 1, 0, length - 1)] += at - low
        return weights

    patch = taps(y, picture.shape[0]) @ picture @ taps(x, picture.shape[1]).T
    basis = np.cos(np.pi * (np.arange(SIDE) + 0.5) * np.arange(SIDE)[:, None] / SIDE)
    transform = basis @ patch @ basis.T
    return np.array([transform[u, v] for u, v in order()])
