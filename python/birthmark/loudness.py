"""Loudness as broadcasters measure it (ITU-R BS.1770-4): K-weighted, gated, in LUFS."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import signal

_BLOCK_S = 0.4
_HOP_S = 0.1
_ABSOLUTE_GATE = -70.0
_RELATIVE_GATE = -10.0
_SURROUND = 1.41


def k_weighting(rate: int) -> NDArray[np.float64]:
    """The K filter as two second-order sections for any rate: head shelf, then high-pass (BS.1770-4 annex 1).

    The standard lists coefficients at 48 kHz only; these are the analogue prototypes behind them, after the
    bilinear transform at `rate`.
    """
    shelf = _section(1681.974450955533, 0.7071752369554196, 3.999843853973347, rate)
    frequency, quality = 38.13547087602444, 0.5003270373238773
    k = np.tan(np.pi * frequency / rate)
    a0 = 1 + k / quality + k * k
    high = np.array([1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / quality + k * k) / a0])
    return np.stack([shelf, high])


def _section(frequency: float, quality: float, gain_db: float, rate: int) -> NDArray[np.float64]:
    k = np.tan(np.pi * frequency / rate)
    high = 10 ** (gain_db / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / quality + k * k
    b = np.array([high + band * k / quality + k * k, 2 * (k * k - high), high - band * k / quality + k * k])
    a = np.array([a0, 2 * (k * k - 1), 1 - k / quality + k * k])
    return np.asarray(np.concatenate([b, a]) / a0, np.float64)


def block_powers(samples: ArrayLike, rate: int) -> NDArray[np.float64]:
    """K-weighted, channel-summed power of each 400 ms block at 100 ms steps; shorter signals give one block."""
    array = np.asarray(samples, dtype=np.float64)
    columns = array[:, None] if array.ndim == 1 else array
    if len(columns) == 0:
        return np.zeros(0)
    weighted = signal.sosfilt(k_weighting(rate), columns, axis=0)
    gains = np.ones(columns.shape[1])
    if columns.shape[1] >= 5:
        gains[3:5] = _SURROUND
    power = (weighted**2) @ gains
    hop, block = round(_HOP_S * rate), round(_BLOCK_S * rate)
    if len(power) <= block:
        return np.array([float(np.mean(power))])
    sums = np.concatenate([[0.0], np.cumsum(power)])
    starts = np.arange(0, len(power) - block + 1, hop)
    return np.asarray((sums[starts + block] - sums[starts]) / block)


def gated_loudness(powers: NDArray[np.float64]) -> float:
    """Integrated loudness in LUFS of block powers; -inf when every block is below -70 LUFS."""
    with np.errstate(divide="ignore"):
        levels = -0.691 + 10 * np.log10(powers)
    loud = levels > _ABSOLUTE_GATE
    if not loud.any():
        return float("-inf")
    gate = -0.691 + 10 * np.log10(np.mean(powers[loud])) + _RELATIVE_GATE
    kept = powers[loud & (levels > gate)]
    return float(-0.691 + 10 * np.log10(np.mean(kept)))


def integrated_loudness(samples: ArrayLike, rate: int) -> float:
    """Integrated loudness in LUFS of (frames,) or (frames, channels) samples; -inf for silence."""
    return gated_loudness(block_powers(samples, rate))
