"""Tail of a weighted sum of random signs."""

import math

import numpy as np
from numpy.typing import NDArray


def log10_tail(weights: NDArray[np.float64], value: float) -> float:
    """log10 of P(sum of weights[i] * e[i] >= value) for independent fair signs e.

    Saddlepoint approximation of Lugannani and Rice (1980) for the lattice-free case: relative error below some per
    cent wherever many weights share the variance. 0 < weights norm. Above the largest possible sum the answer is that
    of the largest sum, 2^-n.
    """
    w = np.abs(weights[weights != 0]).astype(np.float64)
    if value <= 0 or len(w) == 0:
        return math.log10(min(1.0, 0.5 * math.erfc(value / math.sqrt(2.0 * max(float(w @ w), 1e-300)))))
    most = float(w.sum())
    if value >= most * (1 - 1e-9):
        return -len(w) * math.log10(2.0)
    low, high = 0.0, 1.0
    while float(w @ np.tanh(high * w)) < value:
        high *= 2.0
    for _ in range(80):
        s = 0.5 * (low + high)
        if float(w @ np.tanh(s * w)) < value:
            low = s
        else:
            high = s
    s = 0.5 * (low + high)
    t = s * w
    cumulant = float(np.sum(np.logaddexp(t, -t) - math.log(2.0)))
    curvature = float(np.sum((w / np.cosh(np.minimum(t, 300.0))) ** 2))
    r = math.sqrt(max(2.0 * (s * value - cumulant), 0.0))
    u = s * math.sqrt(curvature)
    if r < 1e-3:
        return math.log10(0.5 * math.erfc(value / math.sqrt(2.0 * float(w @ w))))
    # log of the normal density times (Mills ratio + 1/u - 1/r), which keeps its digits far into the tail
    mills = _mills(r)
    factor = mills + 1.0 / u - 1.0 / r
    return (-0.5 * r * r - 0.5 * math.log(2.0 * math.pi) + math.log(max(factor, 1e-300))) / math.log(10.0)


def _mills(r: float) -> float:
    """Normal upper tail over density."""
    if r < 25.0:
        return 0.5 * math.erfc(r / math.sqrt(2.0)) * math.sqrt(2.0 * math.pi) * math.exp(0.5 * r * r)
    return (1.0 - 1.0 / r**2 + 3.0 / r**4) / r
