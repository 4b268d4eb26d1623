"""Brute force in memory: the oracle that the other stores are held against."""

from __future__ import annotations

from collections.abc import Iterable

from birthmark._core import index as _core
from birthmark.alignment import Codes, Hits
from birthmark.index.store import MOST_POSTINGS, Entry, Recording


class MemoryStore:
    """Holds everything in memory and reads every posting for every lookup."""

    def __init__(self) -> None:
        self._postings: dict[str, _core.FlatIndex] = {}
        self._entries: dict[int, tuple[Recording, bytes]] = {}
        self._next = 0

    def add(self, entries: Iterable[Entry]) -> int:
        """See Store."""
        entries = list(entries)
        for entry in entries:
            self._forget([r for r in self._all() if (r.name, r.medium) == (entry.name, entry.medium)])
            number, self._next = self._next, self._next + 1
            self._postings.setdefault(entry.medium, _core.FlatIndex()).add(number, entry.codes, entry.positions)
            self._entries[number] = (Recording(number, entry.name, entry.medium, entry.duration_s), entry.blob)
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
            self._postings[recording.medium].remove(recording.number)
            del self._entries[recording.number]

    def recordings(self) -> list[Recording]:
        """See Store."""
        return sorted(self._all(), key=lambda r: (r.name, r.medium))

    def lookup(self, medium: str, codes: Codes, tags: Codes) -> Hits:
        """See Store."""
        postings = self._postings.get(medium, _core.FlatIndex())
        return Hits(*postings.lookup(codes, tags, MOST_POSTINGS))

    def recording(self, number: int) -> Recording:
        """See Store."""
        return self._entries[number][0]

    def blob(self, number: int) -> bytes:
        """See Store."""
        return self._entries[number][1]

    def size_bytes(self) -> int:
        """See Store."""
        postings = sum(len(flat) for flat in self._postings.values())
        return 12 * postings + sum(len(blob) for _, blob in self._entries.values())

    def close(self) -> None:
        """See Store."""
