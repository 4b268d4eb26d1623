"""Fingerprints of sound: find a passage of voice or other sound that carries no mark.

The spectrogram between 250 and 3,500 Hz is whitened, so that level, channel and steady noise drop out, and its some 40
highest peaks a second are kept. Three peaks at a time make the codes of an index; where the codes of a query agree on a
recording, a time, a speed and a pitch, all peaks of that passage are compared with the query's whitened spectrogram.
Speed and pitch may differ by 12 %. See docs/fingerprints.md for what is measured.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birthmark._core import audio_fingerprint as _core
from birthmark.alignment import Alignment, Candidate, Codes, Fingerprint, Hits, Searched
from birthmark.errors import ArgumentError, FormatError

ROW_S: float = _core.row_seconds
_BLOCK_WINDOWS = 8
_CANDIDATES = 16
_SHIFT_HEARD = 0.2  # semitones
_FEWEST_PEAKS = 48


@dataclass(frozen=True, slots=True, eq=False)
class AudioFingerprint:
    """The fingerprint of one recording's sound; make it with `fingerprint` or a `FingerprintStream`.

    One that was just made also has the whitened spectrogram, which is compared in full when it is a query. That is not
    stored: one that was deserialised searches with its peaks alone and finds less in noise.
    """

    core: _core.AudioFingerprint
    _verifiers: dict[float, _core.AudioVerifier] = field(default_factory=dict, repr=False)

    @property
    def medium(self) -> str:
        """Always "audio"."""
        return "audio"

    @property
    def duration_s(self) -> float:
        """Length in seconds, a multiple of 16 ms."""
        return self.core.seconds

    @property
    def searchable(self) -> bool:
        """Whether it has 48 peaks, some 1.2 s of speech: passages with fewer are hardly ever accepted."""
        return len(self.core.peaks) >= _FEWEST_PEAKS

    @property
    def peaks(self) -> NDArray[np.int32]:
        """Shape (peaks, 3): row of 16 ms, band of half a semitone above 250 Hz, strength 0 to 15."""
        return self.core.peaks

    def serialize(self) -> bytes:
        """Version 1, medium 1, then two bytes a peak: some 290 kB an hour of speech."""
        return self.core.serialize()

    @classmethod
    def deserialize(cls, data: bytes) -> AudioFingerprint:
        """The fingerprint that `serialize` wrote; raises FormatError for any other bytes."""
        return cls(_core.AudioFingerprint.deserialize(data))

    def postings(self) -> tuple[Codes, Codes]:
        """Codes of triples of peaks, two for each peak, and the row of the first peak of each."""
        return self.core.postings()

    def probes(self) -> Iterator[tuple[Codes, Codes]]:
        """Codes of more triples, moved in pitch and time, for 22 seconds of the query at a time."""
        span = _core.window_rows + (_BLOCK_WINDOWS - 1) * _core.hop_rows
        step = _BLOCK_WINDOWS * _core.hop_rows
        first = 0
        while True:
            # A short rest goes with the last block, since its window reaches back.
            last = first + span if first + span + step < self.core.rows else self.core.rows
            yield self.core.probes(first, last)
            if last >= self.core.rows:
                return
            first += step

    def candidates(self, hits: Hits, limit: int = _CANDIDATES) -> list[Candidate]:
        """The places with most votes, at most `limit` for each window of 5 seconds."""
        votes = _core.vote(hits.tag, hits.recording, hits.position, self.core.rows, limit)
        return [Candidate(vote.recording, vote) for vote in votes]

    def verify(
        self, reference: Fingerprint, candidates: list[Candidate], searched: Searched, log10_p: float = 0.0
    ) -> list[Alignment]:
        """Alignments with one recording up to this `log10_p`, the surest first; `recording` is left empty.

        Below -3, most candidates that will not reach it are given up early.
        """
        if not isinstance(reference, AudioFingerprint):
            raise ArgumentError(f"reference is of medium {reference.medium}; allowed: audio")
        rows = searched.duration_s / ROW_S
        if rows not in self._verifiers:
            if not self.core.has_surface:
                self.core.restore_surface()
            self._verifiers.clear()
            self._verifiers[rows] = _core.AudioVerifier(self.core, rows)
        found = self._verifiers[rows].verify(reference.core, [c.detail for c in candidates], log10_p)
        return [_alignment(one) for one in found]


def _alignment(one: _core.AudioAlignment) -> Alignment:
    pitch = f"pitch {one.semitones:+.1f} semitones" if abs(one.semitones) > _SHIFT_HEARD else ""
    return Alignment(
        recording="",
        medium="audio",
        query_start_s=one.query_start,
        query_end_s=one.query_end,
        reference_start_s=one.reference_start,
        reference_end_s=one.reference_end,
        speed=one.speed,
        geometry=pitch,
        log10_p=one.log10_p,
        why=(
            f"peaks of the recording stand {one.score:.1f} deviations above {one.decoys} false alignments of the same "
            f"passage; partials run through {one.peaks} peaks at {one.partials:.2f}, as a room would spread them at "
            f"{one.partials_in_room:.2f}, where another take of the same words has about 0.3"
        ),
    )


class FingerprintStream:
    """Takes sound piece by piece; any division into pieces gives the fingerprint of the whole."""

    def __init__(self, rate: float, channels: int = 1, *, query: bool = True) -> None:
        """`query=False` keeps only what is stored, 5.7 kB a second less. Raises ArgumentError below 8 kHz."""
        self._extractor = _core.AudioExtractor(rate, channels, query)

    def push(self, samples: NDArray[np.floating[Any]]) -> None:
        """The next samples, (frames,) or (frames, channels) floats in [-1, 1]; raises ArgumentError for others."""
        self._extractor.push(samples)

    def finish(self) -> AudioFingerprint:
        """The fingerprint of everything pushed; the stream starts anew."""
        return AudioFingerprint(self._extractor.finish())


def fingerprint(samples: NDArray[np.floating[Any]], rate: float, *, query: bool = True) -> AudioFingerprint:
    """The fingerprint of a whole recording.

    Args:
        samples: (frames,) or (frames, channels) floats in [-1, 1]; channels are averaged, or, in half seconds in which
            they cancel, added with uneven weights.
        rate: samples a second, 8000 to 768000.
        query: False where the fingerprint is only to be stored; its bytes are the same.

    Raises ArgumentError for other arrays and rates.
    """
    return AudioFingerprint(_core.fingerprint_audio(samples, rate, query))


def deserialize(data: bytes) -> Fingerprint:
    """A fingerprint of any medium from the bytes of its `serialize`; raises FormatError for any other bytes."""
    if len(data) < 2:
        raise FormatError(f"fingerprint has {len(data)} bytes; allowed: 2 or more")
    if data[1] == 1:
        return AudioFingerprint.deserialize(data)
    if data[1] == 2:
        from birthmark.video_fingerprint import VideoFingerprint

        return VideoFingerprint.deserialize(data)
    raise FormatError(f"fingerprint is of medium {data[1]}; allowed: 1 (audio), 2 (video)")


def by_recording(candidates: list[Candidate]) -> dict[int, list[Candidate]]:
    """Candidates of each recording."""
    groups: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        groups[candidate.recording].append(candidate)
    return dict(groups)
