"""How far a marked signal is from its host, without a listener: noise ratios, loudness, picture fidelity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from birthmark.errors import ArgumentError
from birthmark.loudness import block_powers, gated_loudness

_SEGMENT_S = 0.02
_SEGMENT_RANGE = (-10.0, 35.0)
_LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class AudioQuality:
    """`snr_db` and `segmental_snr_db` of the host against the difference; loudness change in LU; sample peak after."""

    snr_db: float
    segmental_snr_db: float
    loudness_change_lu: float
    peak: float


def _pair(host: ArrayLike, marked: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    one, two = np.asarray(host, np.float64), np.asarray(marked, np.float64)
    if one.shape != two.shape or one.ndim not in (1, 2) or one.size == 0:
        raise ArgumentError(
            f"host has shape {one.shape} and marked {two.shape}; equal, not empty, 1 or 2 axes are needed"
        )
    return one, two


def snr_db(host: ArrayLike, marked: ArrayLike) -> float:
    """Energy of the host over energy of the difference, in dB; inf when they are equal."""
    one, two = _pair(host, marked)
    return _ratio_db(float(np.sum(one**2)), float(np.sum((two - one) ** 2)))


def _ratio_db(signal: float, noise: float) -> float:
    if noise == 0:
        return float("inf")
    return 10 * float(np.log10(signal / noise)) if signal > 0 else float("-inf")


def segmental_snr_db(host: ArrayLike, marked: ArrayLike, rate: int) -> float:
    """Mean SNR of 20 ms segments, each limited to -10 ... 35 dB; segments 40 dB below the loudest are left out.

    As in Hansen and Pellom, "An effective quality evaluation protocol for speech enhancement algorithms" (1998), with
    pauses left out.
    """
    one, two = _pair(host, marked)
    size = max(1, round(_SEGMENT_S * rate))
    count = max(1, len(one) // size)
    used = min(len(one), count * size)
    shape = (count, -1)
    signal = np.sum(one[:used].reshape(shape) ** 2, axis=1)
    noise = np.sum((two[:used] - one[:used]).reshape(shape) ** 2, axis=1)
    kept = signal > signal.max() * 1e-4
    if not kept.any():
        return float("-inf") if noise.any() else float("inf")
    ratios = 10 * np.log10(signal[kept] / np.maximum(noise[kept], 1e-30))
    return float(np.mean(np.clip(ratios, *_SEGMENT_RANGE)))


def loudness_change(host: ArrayLike, marked: ArrayLike, rate: int) -> float:
    """Integrated loudness of `marked` minus that of `host` in LU (ITU-R BS.1770); 0 when both are silent."""
    one, two = _pair(host, marked)
    before, after = (gated_loudness(block_powers(signal, rate)) for signal in (one, two))
    return 0.0 if before == after else after - before


def audio_quality(host: ArrayLike, marked: ArrayLike, rate: int) -> AudioQuality:
    """All figures for (frames,) or (frames, channels) signals of equal shape; raises ArgumentError otherwise."""
    return AudioQuality(
        snr_db(host, marked),
        segmental_snr_db(host, marked, rate),
        loudness_change(host, marked, rate),
        float(np.max(np.abs(np.asarray(marked)), initial=0.0)),
    )


def psnr_db(one: ArrayLike, two: ArrayLike) -> float:
    """Peak signal-to-noise ratio of 8-bit pictures or stacks of them, in dB; inf when they are equal."""
    first, second = np.asarray(one), np.asarray(two)
    if first.shape != second.shape or first.size == 0:
        raise ArgumentError(f"pictures have shapes {first.shape} and {second.shape}; equal and not empty is needed")
    error = float(np.mean((first.astype(np.float64) - second.astype(np.float64)) ** 2))
    return _ratio_db(255.0**2, error)


def ssim(one: ArrayLike, two: ArrayLike) -> float:
    """Structural similarity of two 8-bit pictures' luma: Wang et al. 2004, Gaussian window of 11 pixels, sigma 1.5."""
    first, second = (_luma(np.asarray(picture)) for picture in (one, two))
    if first.shape != second.shape or min(first.shape) < 11:
        raise ArgumentError(f"pictures have sizes {first.shape} and {second.shape}; equal and at least 11x11 is needed")

    def smooth(picture: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(ndimage.gaussian_filter(picture, 1.5, truncate=3.5)[5:-5, 5:-5])

    mean_1, mean_2 = smooth(first), smooth(second)
    power_1 = smooth(first * first) - mean_1**2
    power_2 = smooth(second * second) - mean_2**2
    shared = smooth(first * second) - mean_1 * mean_2
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    structure = (2 * shared + c2) / (power_1 + power_2 + c2)
    return float(np.mean((2 * mean_1 * mean_2 + c1) / (mean_1**2 + mean_2**2 + c1) * structure))


def _luma(picture: NDArray[np.generic]) -> NDArray[np.float64]:
    if picture.ndim == 3:
        return np.asarray(picture.astype(np.float64) @ _LUMA)
    return np.asarray(picture, np.float64)
