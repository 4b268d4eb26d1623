"""Array helpers that every audio attack shares: shapes, levels, resampling and seeded randomness."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import soxr
from numpy.typing import ArrayLike, NDArray

from birthmark.errors import ArgumentError

Samples = NDArray[np.float32]


def as_columns(samples: ArrayLike) -> Samples:
    """Return `samples` as float32 of shape (frames, channels); raise ArgumentError for any other number of axes."""
    array = np.asarray(samples, dtype=np.float32)
    if array.ndim == 1:
        return array[:, None]
    if array.ndim == 2 and array.shape[1] > 0:
        return array
    raise ArgumentError(f"samples must have shape (frames,) or (frames, channels), not {array.shape}")


def like(result: NDArray[np.floating], original: ArrayLike) -> Samples:
    """Return `result` as float32 with as many axes as `original` has."""
    out = np.ascontiguousarray(result, dtype=np.float32)
    if np.ndim(original) == 1 and out.ndim == 2:
        return np.ascontiguousarray(out[:, 0])
    return out


def per_channel(samples: ArrayLike, process: Callable[[Samples], NDArray[np.floating]]) -> Samples:
    """Apply a mono function to each channel; results are cut to the shortest."""
    columns = as_columns(samples)
    results = [np.asarray(process(np.ascontiguousarray(columns[:, c]))) for c in range(columns.shape[1])]
    frames = min(len(result) for result in results)
    return like(np.stack([result[:frames] for result in results], axis=1), samples)


def fit_length(samples: Samples, frames: int) -> Samples:
    """Cut or zero-pad the first axis to `frames`."""
    if len(samples) >= frames:
        return samples[:frames]
    pad = [(0, frames - len(samples))] + [(0, 0)] * (samples.ndim - 1)
    return np.pad(samples, pad)


def shift(samples: Samples, delay: int, frames: int) -> Samples:
    """Drop `delay` leading frames (or prepend -`delay` zeros) and fit to `frames`."""
    if delay >= 0:
        return fit_length(samples[delay:], frames)
    pad = [(-delay, 0)] + [(0, 0)] * (samples.ndim - 1)
    return fit_length(np.pad(samples, pad), frames)


def resample(samples: Samples, rate_in: float, rate_out: float) -> Samples:
    """Linear-phase resampling along the first axis (libsoxr, high quality)."""
    if rate_in == rate_out or len(samples) == 0:
        return samples
    return np.asarray(soxr.resample(samples, rate_in, rate_out, quality="HQ"), dtype=np.float32)


def active_rms(samples: ArrayLike, rate: int) -> float:
    """RMS over the 50 ms blocks within 30 dB of the loudest, so that pauses do not count."""
    mono = as_columns(samples).mean(axis=1, dtype=np.float64)
    block = max(1, rate // 20)
    if len(mono) == 0:
        return 0.0
    padded = np.pad(mono, (0, -len(mono) % block)).reshape(-1, block)
    power = np.mean(padded**2, axis=1)
    kept = power[power >= power.max() * 1e-3]
    return float(np.sqrt(np.mean(kept)))


def limit_peak(samples: NDArray[np.floating], ceiling: float = 0.999) -> Samples:
    """Scale the whole signal down when a sample exceeds `ceiling`."""
    peak = float(np.max(np.abs(samples), initial=0.0))
    scaled = samples * (ceiling / peak) if peak > ceiling else samples
    return np.asarray(scaled, dtype=np.float32)


def check_rate(rate: int) -> None:
    """Raise ArgumentError unless 4 kHz <= rate <= 384 kHz."""
    if not 4000 <= rate <= 384000:
        raise ArgumentError(f"rate is {rate}; allowed are 4000 to 384000 Hz")
