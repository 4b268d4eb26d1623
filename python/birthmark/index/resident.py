"""What stores in memory share: the list of recordings and their fingerprints."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from birthmark.alignment import Codes, Hits
from birthmark.errors import ArgumentError
from birthmark.index.store import Entry, Recording


class ResidentStore(ABC):
    """Numbers recordings as they come and keeps their names and fingerprints; postings are left to the subclass."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[Recording, bytes]] = {}
        self._next = 0

    @abstractmethod
    def _add_postings(self, number: int, entry: Entry) -> None:
        """Keep the postings of a new recording."""

    @abstractmethod
    def _remove_postings(self, recordings: list[Recording]) -> None:
        """Let the postings of recordings be found no more."""

    @abstractmethod
    def _posting_bytes(self) -> int:
        """Bytes that all postings take."""

    @abstractmethod
    def lookup(self, medium: str, codes: Codes, tags: Codes) -> Hits:
        """See Store."""

    def add(self, entries: Iterable[Entry]) -> int:
        """See Store."""
        entries = list(entries)
        keys = {(entry.name, entry.medium) for entry in entries}
        if len(keys) < len(entries):
            raise ArgumentError("entries name a recording twice for one medium; allowed: once in one step")
        self._forget([r for r, _ in self._held.values() if (r.name, r.medium) in keys])
        for entry in entries:
            number, self._next = self._next, self._next + 1
            self._held[number] = (Recording(number, entry.name, entry.medium, entry.duration_s), entry.blob)
            self._add_postings(number, entry)
        return len(entries)

    def remove(self, names: Iterable[str]) -> int:
        """See Store."""
        wanted = set(names)
        gone = [r for r, _ in self._held.values() if r.name in wanted]
        self._forget(gone)
        return len(gone)

    def _forget(self, recordings: list[Recording]) -> None:
        for recording in recordings:
            del self._held[recording.number]
        if recordings:
            self._remove_postings(recordings)

    def recordings(self) -> list[Recording]:
        """See Store."""
        return sorted((recording for recording, _ in self._held.values()), key=lambda r: (r.name, r.medium))

    def recording(self, number: int) -> Recording:
        """See Store."""
        return self._held[number][0]

    def blob(self, number: int) -> bytes:
        """See Store."""
        return self._held[number][1]

    def size_bytes(self) -> int:
        """See Store."""
        return self._posting_bytes() + sum(len(blob) for _, blob in self._held.values())

    def close(self) -> None:
        """Forget everything."""
        self._forget([recording for recording, _ in self._held.values()])
