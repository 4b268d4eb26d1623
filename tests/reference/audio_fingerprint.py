"""The audio fingerprint in plain numpy at a rate of 8 kHz: what the C++ stages are held against."""

import numpy as np
import numpy.typing as npt
from scipy import signal

ROWS_S, BANDS, LOWEST, PER_OCTAVE = 0.016, 92, 250.0, 24
Array = npt.NDArray[np.float64]


def spectrogram(samples: npt.ArrayLike) -> Array:
    """Log band power of 8 kHz samples, (rows, 92)."""
    x = np.asarray(samples, np.float64)
    rows = -(-len(x) // 128)
    x = np.concatenate([x, np.zeros(512)])
    frames = np.stack([x[128 * m : 128 * m + 512] for m in range(rows)]) * signal.get_window("hann", 512)
    power = np.abs(np.fft.rfft(frames)) ** 2 / 512
    hertz = np.arange(257) * 8000 / 512
    centre = LOWEST * 2 ** (np.arange(BANDS) / PER_OCTAVE)
    half = np.maximum(centre * (2 ** (1 / PER_OCTAVE) - 1), 1 / 0.064)
    weights = np.maximum(0, 1 - np.abs(hertz[:, None] - centre) / half)
    result: Array = np.log(power @ (weights / weights.sum(axis=0)) + 1e-9)
    return result


def whiten(log_power: Array) -> Array:
    """Distance from the mean of 33 rows x 25 bands over their deviation plus 0.5."""
    out = np.empty_like(log_power)
    for r in range(len(log_power)):
        for b in range(BANDS):
            near = log_power[max(r - 16, 0) : r + 17, max(b - 12, 0) : b + 13]
            out[r, b] = (log_power[r, b] - near.mean()) / (near.std() + 0.5)
    return out


def peaks(white: Array) -> npt.NDArray[np.int64]:
    """(n, 3): row, band, strength."""
    found = []
    for r in range(len(white)):
        for b in range(BANDS):
            near = white[max(r - 4, 0) : r + 5, max(b - 2, 0) : b + 3]
            if white[r, b] > 0.3 and white[r, b] >= near.max():
                found.append((r, b, white[r, b]))
    kept = [
        (r, b, min(15, int((v - 0.3) / 0.2)))
        for r, b, v in found
        if sum(abs(q - r) <= 31 and w > v for q, _, w in found) < 40
    ]
    return np.array(kept, np.int64).reshape(-1, 3)
