"""Small arrays kept with a hit, from which the report draws its pictures. They hold no key and no sound."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birthmark import signature, watermark
from birthmark._core import coding
from birthmark.alignment import Alignment
from birthmark.evidence.exhibits import Arrays
from birthmark.fingerprint import ROW_S, AudioFingerprint, deserialize
from birthmark.keys import Key
from birthmark.video_fingerprint import VideoFingerprint

DECOYS = 200
MARK_DECOYS = 40
PASSAGE_S = 20.0
_THUMBNAILS = 48
_THUMBNAIL_PIXELS = 160
_COLUMNS, _BANDS = 600, 96
_TOP_HZ = 8000.0


def soft_bits(received: NDArray[np.float32], payload: int, code_bits: int) -> Arrays:
    """What was received for each code bit, times the sign that the mark ID gives it: positive where they agree."""
    expected = np.asarray(coding.PayloadCode(code_bits).encode(payload), np.float32)
    return {"agreement": (received * expected).astype(np.float32)}


def signature_decoys(found: Sequence[signature.Contrasts], key: Key, z: float) -> Arrays:
    """The statistic of the true key and of decoy keys that were never issued, on the same file."""
    decoys = [key.decoy(number, "scan exhibit") for number in range(DECOYS)]
    (tests,) = signature.detect_contrasts([found], decoys).tests
    return {"decoy_z": np.array([test.z for test in tests], np.float32), "true_z": np.array([z], np.float32)}


def mark_decoys(samples: NDArray[np.float32], rate: float, key: Key, *, plain: bool) -> Arrays:
    """The best agreement of the true key and of decoy keys in one passage, each over the same search."""
    keys = [key, *(key.decoy(number, "scan exhibit") for number in range(MARK_DECOYS))]
    search: watermark.Search = "plain" if plain else "full"
    best = dict.fromkeys((one.id for one in keys), 0.0)
    for one in watermark.detect(samples, rate, keys, search=search, max_log10_p=0.0):
        best[one.key] = max(best[one.key], one.z)
    return {
        "decoy_z": np.array([best[one.id] for one in keys[1:]], np.float32),
        "true_z": np.array([best[key.id]], np.float32),
    }


def spectrogram(samples: NDArray[np.float32], rate: float, start_s: float) -> Arrays:
    """The level of a passage over time and frequency: uint8, half a decibel a step, low frequencies first."""
    size = max(64, int(2 ** round(math.log2(0.032 * rate))))
    if len(samples) < size:
        return {}
    hop = max(size // 4, (len(samples) - size) // _COLUMNS + 1)
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(size).astype(np.float32), axis=1)) ** 2
    top = int(min(_TOP_HZ, rate / 2) / rate * size)
    bands = np.array_split(np.arange(1, top + 1), min(_BANDS, top))
    level = 10 * np.log10(np.stack([power[:, band].mean(axis=1) for band in bands]) + 1e-9)
    scaled = np.clip((level - (level.max() - 80)) * 3, 0, 240).astype(np.uint8)
    span = [start_s, start_s + len(samples) / rate, min(_TOP_HZ, rate / 2)]
    return {"spectrogram": scaled, "spectrogram_span": np.array(span, np.float32)}


def aligned_peaks(query: AudioFingerprint, stored: bytes, one: Alignment, start_s: float) -> Arrays:
    """The whitened spectrogram of the passage, and where the alignment puts the peaks of the recording on it.

    The query begins at `start_s` of the file.
    """
    reference = deserialize(stored)
    assert isinstance(reference, AudioFingerprint)
    end = min(one.query_end_s, one.query_start_s + PASSAGE_S)
    first, last = int(one.query_start_s / ROW_S), math.ceil(end / ROW_S)
    surface = np.asarray(query.core.surface[first:last])
    low, high = np.percentile(surface, [1, 99.5]) if surface.size else (0.0, 1.0)
    scaled = np.clip((surface - low) / max(high - low, 1e-9) * 255, 0, 255).astype(np.uint8)
    times = (reference.peaks[:, 0] * ROW_S - one.reference_start_s) / one.speed + one.query_start_s
    shift = float(one.geometry.split()[1]) * 2 if one.geometry else 0.0
    inside = (times >= first * ROW_S) & (times < last * ROW_S)
    peaks = np.stack([times[inside] - one.query_start_s, reference.peaks[inside, 1] + shift], axis=1)
    begin = np.array([start_s + one.query_start_s])
    return {"surface": scaled, "peaks": peaks.astype(np.float32), "surface_start": begin}


def stored_points(stored: bytes, one: Alignment) -> Arrays:
    """Keypoints of the recording's frame nearest to the middle of the passage, in units of the frame, and its time."""
    reference = deserialize(stored)
    assert isinstance(reference, VideoFingerprint)
    table = reference.sparse
    if not len(table):
        return {}
    middle = (one.reference_start_s + one.reference_end_s) / 2
    frame = int(np.abs(table.times - middle).argmin())
    points = slice(int(table.start[frame]), int(table.start[frame + 1]))
    size = 2.0 ** (table.level[points].astype(np.float32) / 4)
    places = [table.x[points] / reference.width, table.y[points] / reference.height, size]
    wanted = (table.times[frame] - one.reference_start_s) / one.speed
    return {
        "points": np.stack(places, axis=1).astype(np.float32),
        "points_aspect": np.array([reference.width / reference.height], np.float32),
        "points_time": np.array([table.times[frame], wanted], np.float32),
    }


class Thumbnails:
    """Small grey pictures of a video, evenly spread whatever its length: at most 48 are kept."""

    def __init__(self) -> None:
        self._kept: list[tuple[float, NDArray[np.uint8]]] = []
        self._every, self._next = 0.25, 0.0

    def push(self, frame: Any, seconds: float) -> None:
        """The next libav frame."""
        if seconds < self._next:
            return
        scale = _THUMBNAIL_PIXELS / max(frame.width, frame.height)
        size = [max(2, 2 * round(scale * side / 2)) for side in (frame.width, frame.height)]
        small = frame.reformat(width=size[0], height=size[1], format="gray")
        self._kept.append((seconds, np.array(small.to_ndarray(), np.uint8)))
        if len(self._kept) > _THUMBNAILS:
            self._kept = self._kept[::2]
            self._every *= 2
        self._next = self._kept[-1][0] + self._every

    def of(self, start_s: float, end_s: float, count: int = 3) -> Arrays:
        """Those nearest to evenly spread times of a passage."""
        if not self._kept:
            return {}
        times = np.array([time for time, _ in self._kept])
        wanted = start_s + (np.arange(count) + 0.5) / count * (end_s - start_s)
        chosen = sorted({int(np.abs(times - time).argmin()) for time in wanted})
        return {
            "thumbnails": np.stack([self._kept[i][1] for i in chosen]),
            "thumbnail_times": times[chosen].astype(np.float32),
        }
