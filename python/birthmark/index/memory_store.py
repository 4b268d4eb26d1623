"""Brute force in memory: the oracle that the other stores are held against."""

from __future__ import annotations

from birthmark._core import index as _core
from birthmark.alignment import Codes, Hits
from birthmark.index.resident import ResidentStore
from birthmark.index.store import MOST_HITS, MOST_POSTINGS, Entry, Recording


class MemoryStore(ResidentStore):
    """Holds everything in memory and reads every posting for every lookup."""

    def __init__(self) -> None:
        super().__init__()
        self._postings: dict[str, _core.FlatIndex] = {}

    def _add_postings(self, number: int, entry: Entry) -> None:
        self._postings.setdefault(entry.medium, _core.FlatIndex()).add(number, entry.codes, entry.positions)

    def _remove_postings(self, recordings: list[Recording]) -> None:
        for recording in recordings:
            self._postings[recording.medium].remove(recording.number)

    def lookup(self, medium: str, codes: Codes, tags: Codes) -> Hits:
        """See Store."""
        postings = self._postings.get(medium, _core.FlatIndex())
        return Hits(*postings.lookup(codes, tags, MOST_POSTINGS, MOST_HITS * len(codes)))

    def _posting_bytes(self) -> int:
        return 12 * sum(len(flat) for flat in self._postings.values())
