"""The fingerprint of a video: its description, stored, looked up and verified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from birthmark.alignment import Alignment, Candidate, Hits, Searched
from birthmark.video_fingerprint import search, segments, serial
from birthmark.video_fingerprint.description import VideoDescription


@dataclass(frozen=True)
class VideoFingerprint(VideoDescription):
    """What is kept of a video; see VideoDescription for the fields."""

    def serialize(self) -> bytes:
        """The plain description as bytes: version, medium, then a compressed body. The same for both roles."""
        return serial.pack(self)

    @classmethod
    def deserialize(cls, data: bytes) -> Self:
        """The fingerprint that `serialize` wrote; raises FormatError for any other bytes."""
        return cls(*serial.unpack(data))

    @property
    def searchable(self) -> bool:
        """Whether it has any keypoints, and so codes; a blank picture has none."""
        return len(self.sparse.x) > 0

    def postings(self) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """Look-up codes of the stored keypoints and the number of each keypoint."""
        return search.postings(self)

    def probes(self) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.uint32]]]:
        """Blocks of codes to look up, and a tag for each: keypoint number * 8 + dihedral form."""
        return search.probes(self)

    def candidates(self, hits: Hits, limit: int) -> list[Candidate]:
        """The recordings whose hits agree in geometry, the best first."""
        return search.candidates(self, hits, limit)

    def verify(
        self, reference: Self, candidates: list[Candidate], searched: Searched, log10_p: float = 0.0
    ) -> list[Alignment]:
        """The alignments of this query with one recording up to this `log10_p`, the surest first."""
        return [a for a in segments.verify(self, reference, candidates, searched) if a.log10_p <= log10_p]
