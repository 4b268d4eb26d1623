"""An index in memory over faiss: hash look-up of binary codes, for 10^7 codes and more on one machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from birthmark.alignment import Codes, Hits
from birthmark.index.store import MOST_POSTINGS, Entry, Recording

_BITS = 32


class FaissStore:
    """Codes in one `IndexBinaryHash` for each medium; the number of a code there is that of its posting here.

    Removed recordings are left out of every answer; their codes go when more than half of the postings are dead.
    """

    def __init__(self) -> None:
        self._media: dict[str, _Medium] = {}
        self._entries: dict[int, tuple[Recording, Entry]] = {}
        self._next = 0

    def add(self, entries: Iterable[Entry]) -> int:
        """See Store."""
        entries = list(entries)
        keys = {(entry.name, entry.medium) for entry in entries}
        self._forget([r for r in self._all() if (r.name, r.medium) in keys])
        for entry in entries:
            number, self._next = self._next, self._next + 1
            self._entries[number] = (Recording(number, entry.name, entry.medium, entry.duration_s), entry)
            self._media.setdefault(entry.medium, _Medium()).add(number, entry)
        return len(entries)

    def remove(self, names: Iterable[str]) -> int:
        """See Store."""
        wanted = set(names)
        gone = [r for r in self._all() if r.name in wanted]
        self._forget(gone)
        return len(gone)

    def _all(self) -> list[Recording]:
        return [recording for recording, _ in self._entries.values()]

    def _forget(self, recordings: list[Recording]) -> None:
        for recording in recordings:
            del self._entries[recording.number]
        for medium in {recording.medium for recording in recordings}:
            kept = {n: entry for n, (_, entry) in self._entries.items() if entry.medium == medium}
            self._media[medium].keep(kept)

    def recordings(self) -> list[Recording]:
        """See Store."""
        return sorted(self._all(), key=lambda r: (r.name, r.medium))

    def lookup(self, medium: str, codes: Codes, tags: Codes) -> Hits:
        """See Store."""
        return self._media.get(medium, _Medium()).lookup(codes, tags)

    def recording(self, number: int) -> Recording:
        """See Store."""
        return self._entries[number][0]

    def blob(self, number: int) -> bytes:
        """See Store."""
        return self._entries[number][1].blob

    def size_bytes(self) -> int:
        """See Store."""
        held = sum(len(entry.blob) for _, entry in self._entries.values())
        return held + sum(medium.size_bytes() for medium in self._media.values())

    def close(self) -> None:
        """See Store."""


class _Medium:
    """Postings of one medium: code i of the hash stands at positions[i] of recordings[i]."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._hash: Any = faiss.IndexBinaryHash(_BITS, _BITS)
        self._recordings: list[Codes] = []
        self._positions: list[Codes] = []
        self._alive: set[int] = set()
        self._joined: tuple[Codes, Codes] | None = None

    def add(self, number: int, entry: Entry) -> None:
        """Append the postings of a recording."""
        if len(entry.codes):
            self._hash.add(_bytes_of(entry.codes))
        self._recordings.append(np.full(len(entry.codes), number, np.uint32))
        self._positions.append(entry.positions)
        self._alive.add(number)
        self._joined = None

    def keep(self, entries: dict[int, Entry]) -> None:
        """Let only these recordings be found."""
        self._alive = set(entries)
        if 2 * sum(len(entry.codes) for entry in entries.values()) < self._hash.ntotal:
            self._clear()
            for number, entry in entries.items():
                self.add(number, entry)

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
        keep = np.repeat(counts <= MOST_POSTINGS, counts) & np.isin(recordings, sorted(self._alive))
        return Hits(np.repeat(tags, counts)[keep], recordings[keep], positions[keep])

    def size_bytes(self) -> int:
        """Codes, and positions and recordings of 8 bytes together, and hash entries of 8."""
        return int(self._hash.ntotal) * (_BITS // 8 + 8 + 8)


def _bytes_of(codes: Codes) -> NDArray[np.uint8]:
    return np.ascontiguousarray(codes, "<u4").view(np.uint8).reshape(-1, 4)
