"""Synthetic voices for tests: harmonics of a moving pitch under moving formants, in syllables. Seeded; no files."""

import numpy as np
import numpy.typing as npt
from scipy import signal

Samples = npt.NDArray[np.float32]


def babble(seed: int, seconds: float, rate: int = 16000) -> Samples:
    """`seconds` of one voice that says something random."""
    rng = np.random.default_rng(seed)
    frames = round(seconds * rate)
    # Made at 16 kHz whatever the rate, so that one seed is one sound.
    count = round(seconds * 16000)
    time = np.arange(count) / 16000
    syllables = max(2, round(seconds * 4.5))

    def track(low: float, high: float) -> npt.NDArray[np.float64]:
        points = np.sort(rng.uniform(0, seconds, 2 * syllables))
        return np.interp(time, points, rng.uniform(low, high, len(points)))

    pitch = rng.uniform(95, 210) * 2 ** (track(-4, 4) / 12)
    phase = 2 * np.pi * np.cumsum(pitch) / 16000
    formants = [track(280, 800), track(900, 2300), track(2300, 3300)]
    voice = np.zeros(count)
    for harmonic in range(1, 32):
        frequency = harmonic * pitch
        gain = sum(np.exp(-(((frequency - formant) / 140) ** 2)) for formant in formants)
        voice += np.where(frequency < 7500, gain + 0.01, 0) * np.sin(harmonic * phase)
    breath = signal.lfilter([1, -0.9], [1], rng.standard_normal(count)) * track(0, 0.15)
    loud = np.clip(np.sin(np.pi * np.cumsum(track(3.5, 5.5)) / 16000) ** 2 * 1.4 - 0.1, 0, 1)
    sound = (voice + breath) * loud
    sound *= 0.1 / np.sqrt(np.mean(sound**2))
    sound += 1e-4 * rng.standard_normal(count)
    if rate != 16000:
        sound = signal.resample_poly(sound, rate // 100, 160)[:frames]
    result: Samples = sound.astype(np.float32)
    return result
