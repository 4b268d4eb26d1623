"""The voice signature in plain numpy, for tests: whole recordings at 16 kHz, float64, nothing streamed."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RATE, SIZE, HOP = 16000, 512, 128
LOOKAHEAD, MEAN_FRAMES, PEAK_DECAY = 125, 250.0, 0.016
FEATURE_BANDS, FEATURES, CLASS_WIDTH, SMOOTH = 20, 3, 0.3, 7


def mel(hz: Array) -> Array:
    return np.asarray(2595 * np.log10(1 + hz / 700))


def edges(count: int, low: float, high: float) -> Array:
    return np.asarray(700 * (10 ** (np.linspace(mel(np.array(low)), mel(np.array(high)), count + 2) / 2595) - 1))


def triangles(hz: Array) -> Array:
    """Filters of shape (bins, bands)."""
    f = np.arange(SIZE // 2 + 1)[:, None] * RATE / SIZE
    up = (f - hz[:-2]) / (hz[1:-1] - hz[:-2])
    down = (hz[2:] - f) / (hz[2:] - hz[1:-1])
    return np.asarray(np.maximum(0, np.minimum(up, down)))


def window() -> Array:
    return np.asarray(np.sin(np.pi * np.arange(SIZE) / SIZE) ** 2)


def frames(samples: Array) -> Array:
    """Frames of SIZE samples every HOP; the first has HOP samples of the recording."""
    count = -(-len(samples) // HOP) + SIZE // HOP - 1
    padded = np.zeros((count - 1) * HOP + SIZE)
    padded[SIZE - HOP : SIZE - HOP + len(samples)] = samples
    return np.lib.stride_tricks.sliding_window_view(padded, SIZE)[::HOP]


def power(samples: Array) -> Array:
    return np.asarray(np.abs(np.fft.rfft(frames(samples) * window(), axis=1)) ** 2 * 4 / SIZE**2)


def features(spectra: Array, warp: float = 1.0) -> tuple[Array, Array, Array]:
    """Unscaled features (frames, FEATURES), activity (frames,) and running peak power (frames,)."""
    bands = spectra @ triangles(edges(FEATURE_BANDS, 300, 3400) * warp)
    level = 10 * np.log10(bands.sum(1) + 1e-20)
    peak = np.empty_like(level)
    top = -200.0
    for n, value in enumerate(level):
        top = max(value, top - PEAK_DECAY)
        peak[n] = top
    activity = np.where(level < -110, 0, 1 / (1 + np.exp(-np.clip((level - peak + 30) / 2.5, -60, 60))))
    decibels = 10 * np.log10(bands + (1e-5 / FEATURE_BANDS * 10 ** (peak / 10))[:, None] + 1e-30)
    q, b = np.arange(1, FEATURES + 1), np.arange(FEATURE_BANDS)[:, None] + 0.5
    shape = decibels @ (np.cos(np.pi * q * b / FEATURE_BANDS) * np.sqrt(2 / FEATURE_BANDS))
    decay = np.exp(-1 / MEAN_FRAMES)
    total, weight = np.zeros(FEATURES), 0.0
    mean = np.zeros((len(level) + LOOKAHEAD, FEATURES))
    for n in range(len(mean)):
        inside = n < len(level)
        total = total * decay + (activity[n] * shape[n] if inside else 0)
        weight = weight * decay + (activity[n] if inside else 0)
        mean[n] = total / max(weight, 1e-3)
    return shape - mean[LOOKAHEAD:], activity, np.asarray(10 ** (peak / 10))


def memberships(scaled: Array, activity: Array, centres: Array) -> Array:
    """Soft classes times activity, smoothed in time; (frames, classes)."""
    distance = ((scaled[:, None] - centres) ** 2).sum(2)
    member = np.exp(-(distance - distance.min(1, keepdims=True)) / (2 * CLASS_WIDTH**2))
    member *= (activity / member.sum(1))[:, None]
    kernel = np.sin(np.pi * np.arange(1, SMOOTH + 1) / (SMOOTH + 1)) ** 2 * 2 / (SMOOTH + 1)
    return np.stack([np.convolve(column, kernel, "same") for column in member.T], axis=1)


def gains(member: Array, pattern: Array) -> Array:
    """Linear gains (frames, bins)."""
    bands = pattern.shape[1]
    centres = edges(bands, 200, 7000)[1:-1]
    f = np.arange(SIZE // 2 + 1) * RATE / SIZE
    weights = np.stack([np.interp(mel(f), mel(centres), row) for row in np.eye(bands)])
    weights[0, f < centres[0]] = np.clip(2 * f[f < centres[0]] / centres[0] - 1, 0, 1)
    weights[-1, f > centres[-1]] = np.clip(1 - (f[f > centres[-1]] - centres[-1]) / 500, 0, 1)
    return np.asarray(10 ** (member @ pattern @ weights / 20))


def embed(samples: Array, pattern: Array, scale: Array, centres: Array) -> Array:
    """Marked samples at 16 kHz; `pattern` in dB is (classes, bands)."""
    shape, activity, _ = features(power(samples))
    member = memberships(shape / scale, activity, centres)
    cut = np.fft.irfft(np.fft.rfft(frames(samples) * window(), axis=1) * gains(member, pattern), axis=1)
    synthesis = window() / np.tile((window() ** 2).reshape(-1, HOP).sum(0), SIZE // HOP)
    out = np.zeros((len(cut) - 1) * HOP + SIZE)
    for n, frame in enumerate(cut * synthesis):
        out[n * HOP : n * HOP + SIZE] += frame
    return out[SIZE - HOP : SIZE - HOP + len(samples)]


def moments(samples: Array, scale: Array, centres: Array, warp: float) -> tuple[float, Array, Array]:
    """Sum of activity, and the sums over frames of activity times memberships with themselves and with the spectrum."""
    spectra = power(samples)
    shape, activity, peak = features(spectra, warp)
    member = memberships(shape / scale, activity, centres)
    bands = spectra @ triangles(edges(48, 200, 7000) * warp)
    decibels = 10 * np.log10(bands + 1e-6 / FEATURE_BANDS * peak[:, None] + 1e-30)
    used = activity >= 1e-3
    weighted = (member * activity[:, None])[used].T
    return float(activity[used].sum()), weighted @ member[used], weighted @ decibels[used]
