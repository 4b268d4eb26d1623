"""What fingerprints of every medium and the index say to each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]

ACCEPTED_LOG10_P = -6.0
"""An alignment is listed up to this probability, family-wise over all that a query was searched in."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """A passage of a query that is a passage of a recording."""

    recording: str
    """Name under which the recording was added."""
    medium: str
    """"audio" or "video"."""
    query_start_s: float
    query_end_s: float
    reference_start_s: float
    reference_end_s: float
    speed: float
    """Seconds of the recording per second of the query: 1.1 where the query plays faster by a tenth."""
    geometry: str
    """What was done to the picture, or to the pitch of the sound; empty where nothing was."""
    log10_p: float
    """Probability that something unrelated looks as similar anywhere in the search that was made."""
    why: str
    """One sentence: what agreed, and with what it was compared."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Pairs of a probe and a posting with the same code, in no order; three arrays of one length."""

    tag: Codes
    """Tag of the probe."""
    recording: Codes
    """Number of the recording in the store."""
    position: Codes
    """Position of the posting."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A recording worth a closer look; `detail` belongs to the medium."""

    recording: int
    detail: Any


@dataclass(frozen=True, slots=True)
class Searched:
    """How much of a medium was searched: what log10_p has to count."""

    recordings: int
    duration_s: float


class Fingerprint(Protocol):
    """What a fingerprint offers to be stored in an index and to search one.

    Codes are below 2**28 and positions below 2**32. The index looks up probes, gives the hits to `candidates`, and
    the candidates of each recording, with the recording's fingerprint, to `verify`.
    """

    @property
    def medium(self) -> str:
        """The medium, "audio" or "video"."""

    @property
    def duration_s(self) -> float:
        """Length of the recording in seconds."""

    @property
    def searchable(self) -> bool:
        """Whether an index could find the recording again: False for what is silent, blank or too short."""

    def serialize(self) -> bytes:
        """The fingerprint as bytes: version, medium (1 audio, 2 video), then what the medium needs."""

    @classmethod
    def deserialize(cls, data: bytes) -> Self:
        """The fingerprint that `serialize` wrote; raises FormatError for any other bytes."""

    def postings(self) -> tuple[Codes, Codes]:
        """Codes and positions that an index stores."""

    def probes(self) -> Iterator[tuple[Codes, Codes]]:
        """Codes to look up and a tag for each, block by block."""

    def candidates(self, hits: Hits, limit: int) -> list[Candidate]:
        """The likeliest candidates from the hits of one block of probes."""

    def verify(
        self, reference: Self, candidates: list[Candidate], searched: Searched, log10_p: float = 0.0
    ) -> list[Alignment]:
        """Alignments with one recording up to this `log10_p`, `recording` left empty."""
