"""Fingerprints for thousands of hours with the statistics of real speech, to measure an index with.

Pieces of 20 s of real fingerprints are moved by up to 1.5 semitones and 5 % in time; one peak in ten is moved by a
band, row or step of strength, one in fifty replaced by a peak of another piece. So codes come about as often as in
speech, and none comes from one recording only. How often real queries hit both kinds of index is the check.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from birthmark.fingerprint import ROW_S, AudioFingerprint

Peaks = NDArray[np.int32]

_PIECE_ROWS = 1250  # 20 s
_BANDS = 92
_LONGEST_GAP = 30


def pieces(made: list[AudioFingerprint]) -> list[Peaks]:
    """Peaks of all whole stretches of 20 s, rows counted from the start of each."""
    found = []
    for one in made:
        peaks = one.peaks
        for first in range(0, int(one.duration_s / ROW_S) - _PIECE_ROWS + 1, _PIECE_ROWS):
            part = peaks[(peaks[:, 0] >= first) & (peaks[:, 0] < first + _PIECE_ROWS)].copy()
            part[:, 0] -= first
            found.append(part)
    return found


def _warped(part: Peaks, other: Peaks, rng: np.random.Generator) -> Peaks:
    out = part.copy()
    n = len(out)
    swap = np.flatnonzero(rng.random(n) < 1 / 50) if len(other) else np.zeros(0, np.int64)
    out[swap] = other[rng.integers(0, len(other), len(swap))] if len(swap) else out[swap]
    out[:, 0] = np.rint(out[:, 0] * rng.uniform(0.95, 1.05))
    out[:, 1] += int(rng.integers(-3, 4))
    moved = rng.random(n) < 1 / 10
    out[moved] += rng.integers(-1, 2, (int(np.count_nonzero(moved)), 3))
    out[:, 2] = np.clip(out[:, 2], 0, 15)
    out = out[(out[:, 1] >= 0) & (out[:, 1] < _BANDS) & (out[:, 0] >= 0)]
    _, kept = np.unique(out[:, 0] * _BANDS + out[:, 1], return_index=True)
    return out[kept]


def _serialized(peaks: Peaks, rows: int) -> bytes:
    gaps = np.minimum(np.diff(peaks[:, 0], prepend=0), _LONGEST_GAP)  # longer pauses are cut short
    words = peaks[:, 1] | (peaks[:, 2] << 7) | (gaps << 11)
    return bytes([1, 1]) + _varint(rows) + _varint(len(peaks)) + words.astype("<u2").tobytes()


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def synthetic(real: list[Peaks], hours: int, seed: int = 0, *, first: int = 0) -> Iterator[AudioFingerprint]:
    """Recordings `first` to `hours` of a seeded row of recordings of one hour."""
    rows = round(3600 / ROW_S)
    for hour in range(first, hours):
        rng = np.random.default_rng([seed, hour])
        parts, at = [], 0
        while at < rows:
            a, b = rng.integers(0, len(real), 2)
            part = _warped(real[a], real[b], rng)
            length = int(part[-1, 0]) + 1 if len(part) else 1
            part[:, 0] += at
            parts.append(part)
            at += length
        peaks = np.concatenate(parts)
        yield AudioFingerprint.deserialize(_serialized(peaks[peaks[:, 0] < rows], rows))
