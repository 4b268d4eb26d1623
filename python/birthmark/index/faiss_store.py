"""An index in memory over faiss: hash look-up of binary codes, for 10^7 codes and more on one machine."""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from birthmark.alignment import Codes, Hits
from birthmark.index.resident import ResidentStore
from birthmark.index.store import Entry, Recording, kept

_BITS = 32


class FaissStore(ResidentStore):
    """Codes in one `IndexBinaryHash` for each medium; the number of a code there is that of its posting here.

    Removed recordings are left out of every answer; their codes go when more than half of the postings are dead.
    """

    def __init__(self) -> None:
        super().__init__()
        self._media: dict[str, _Medium] = {}

    def _add_postings(self, number: int, entry: Entry) -> None:
        self._media.setdefault(entry.medium, _Medium()).add(number, entry.codes, entry.positions)

    def _remove_postings(self, recordings: list[Recording]) -> None:
        for medium in {recording.medium for recording in recordings}:
            self._media[medium].remove({r.number for r in recordings if r.medium == medium})

    def lookup(self, medium: str, codes: Codes, tags: Codes) -> Hits:
        """See Store."""
        return self._media.get(medium, _Medium()).lookup(codes, tags)

    def _posting_bytes(self) -> int:
        return sum(medium.size_bytes() for medium in self._media.values())


class _Medium:
    """Postings of one medium: code i of the hash stands at positions[i] of recordings[i]."""

    def __init__(self) -> None:
        self._alive: dict[int, tuple[Codes, Codes]] = {}
        self._clear()

    def _clear(self) -> None:
        self._hash: Any = faiss.IndexBinaryHash(_BITS, _BITS)
        self._recordings: list[Codes] = []
        self._positions: list[Codes] = []
        self._joined: tuple[Codes, Codes] | None = None

    def add(self, number: int, codes: Codes, positions: Codes) -> None:
        """Append the postings of a recording."""
        self._alive[number] = codes, positions
        if len(codes):
            self._hash.add(_bytes_of(codes))
        self._recordings.append(np.full(len(codes), number, np.uint32))
        self._positions.append(positions)
        self._joined = None

    def remove(self, numbers: set[int]) -> None:
        """Let these recordings be found no more."""
        for number in numbers:
            del self._alive[number]
        if 2 * sum(len(codes) for codes, _ in self._alive.values()) < self._hash.ntotal:
            self._clear()
            for number, (codes, positions) in self._alive.items():
                self.add(number, codes, positions)

    def lookup(self, codes: Codes, tags: Codes) -> Hits:
        """See Store."""
        empty = np.zeros(0, np.uint32)
        if not len(codes) or not self._hash.ntotal:
            return Hits(empty, empty, empty)
        if self._joined is None:
            self._joined = np.concatenate(self._recordings), np.concatenate(self._positions)
        # All within a Hamming distance below 1.
        limits, _, found = self._hash.range_search(_bytes_of(codes), 1)
        counts = np.diff(limits.astype(np.int64))
        recordings, positions = (column[found] for column in self._joined)
        keep = np.repeat(kept(counts, np.ones_like(counts)), counts) & np.isin(recordings, sorted(self._alive))
        return Hits(np.repeat(tags, counts)[keep], recordings[keep], positions[keep])

    def size_bytes(self) -> int:
        """Codes twice, and positions and recordings of 8 bytes together, and hash entries of 8."""
        return int(self._hash.ntotal) * (_BITS // 8 * 2 + 8 + 8)


def _bytes_of(codes: Codes) -> NDArray[np.uint8]:
    return np.ascontiguousarray(codes, "<u4").view(np.uint8).reshape(-1, 4)
