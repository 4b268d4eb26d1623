"""Search an index with sound of any length as it is decoded, in bounded memory."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birthmark.alignment import Alignment
from birthmark.errors import ArgumentError
from birthmark.fingerprint import AudioFingerprint, FingerprintStream

PIECE_S = 600.0
OVERLAP_S = 30.0
_JOIN_S = 0.5
_JOIN_SPEED = 0.02

Search = Callable[[AudioFingerprint], list[Alignment]]


class SearchStream:
    """Takes sound piece by piece and finds the passages of an index's recordings in it; make it with `Index.stream`.

    The sound is searched in stretches of ten minutes that overlap by 30 seconds, so that some 10 MB hold the query
    however long it is. Passages that go on from one stretch into the next are joined. `log10_p` counts all stretches.
    Any division into pieces gives the same alignments.
    """

    def __init__(
        self,
        search: Search,
        rate: float,
        channels: int = 1,
        *,
        piece_s: float = PIECE_S,
        overlap_s: float = OVERLAP_S,
        log10_p: float,
    ) -> None:
        if not 0 < overlap_s <= piece_s / 2:
            raise ArgumentError(f"overlap_s is {overlap_s}; allowed: above 0 and at most half of piece_s, {piece_s}")
        self._search, self._log10_p = search, log10_p
        self._rate, self._channels = rate, channels
        self._step = round(piece_s * rate)
        self._overlap = round(overlap_s * rate)
        self._start()

    def _start(self) -> None:
        self._open = [self._make()]
        self._frames = 0
        self._first = 0  # of the oldest stretch that is open
        self._pieces = 0
        self._found: list[Alignment] = []

    def _make(self) -> FingerprintStream:
        return FingerprintStream(self._rate, self._channels)

    def push(self, samples: NDArray[np.floating[Any]]) -> None:
        """The next samples, (frames,) or (frames, channels) floats in [-1, 1]; raises ArgumentError for others."""
        while len(samples):
            # Up to where the next stretch begins or the oldest ends, whichever comes first.
            end = self._first + self._step
            if len(self._open) > 1:
                end += self._overlap
            taken = samples[: end - self._frames]
            for stream in self._open:
                stream.push(taken)
            self._frames += len(taken)
            samples = samples[len(taken) :]
            if self._frames < end:
                return
            if len(self._open) > 1:
                self._end_oldest()
            else:
                self._open.append(self._make())

    def _end_oldest(self) -> None:
        start_s = self._first / self._rate
        for found in self._search(self._open.pop(0).finish()):
            moved = dataclasses.replace(
                found, query_start_s=found.query_start_s + start_s, query_end_s=found.query_end_s + start_s
            )
            self._add(moved)
        self._first += self._step
        self._pieces += 1

    def _add(self, new: Alignment) -> None:
        for i, old in enumerate(self._found):
            if _goes_on(old, new):
                self._found[i] = _joined(old, new)
                return
        self._found.append(new)

    def finish(self) -> list[Alignment]:
        """Alignments with everything pushed, the surest first; the stream starts anew."""
        while self._open:
            self._end_oldest()
        counted = math.log10(max(1, self._pieces))
        found = [dataclasses.replace(a, log10_p=min(0.0, a.log10_p + counted)) for a in self._found]
        self._start()
        found = [alignment for alignment in found if alignment.log10_p <= self._log10_p]
        return sorted(found, key=lambda a: (a.log10_p, a.recording, a.query_start_s))


def _goes_on(old: Alignment, new: Alignment) -> bool:
    """Whether two alignments of neighbouring stretches are one passage: they meet, and lie on one line."""
    at = (max(old.query_start_s, new.query_start_s) + min(old.query_end_s, new.query_end_s)) / 2

    def reference(a: Alignment) -> float:
        return a.reference_start_s + a.speed * (at - a.query_start_s)

    return (
        old.recording == new.recording
        and new.query_start_s < old.query_end_s + _JOIN_S
        and old.query_start_s < new.query_end_s + _JOIN_S
        and abs(old.speed - new.speed) < _JOIN_SPEED
        and abs(reference(old) - reference(new)) < _JOIN_S
    )


def _joined(old: Alignment, new: Alignment) -> Alignment:
    first, last = min(old, new, key=lambda a: a.query_start_s), max(old, new, key=lambda a: a.query_end_s)
    length = last.query_end_s - first.query_start_s
    return dataclasses.replace(
        min(old, new, key=lambda a: a.log10_p),
        query_start_s=first.query_start_s,
        query_end_s=last.query_end_s,
        reference_start_s=first.reference_start_s,
        reference_end_s=last.reference_end_s,
        speed=(last.reference_end_s - first.reference_start_s) / length,
    )
