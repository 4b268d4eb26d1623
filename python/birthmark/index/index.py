"""The index: fingerprints in, alignments out, over any store."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from birthmark._closing import Closing
from birthmark.alignment import ACCEPTED_LOG10_P, Alignment, Candidate, Fingerprint, Searched
from birthmark.errors import ArgumentError, FormatError, MediaError
from birthmark.file_fingerprint import fingerprint_picture, push_sound
from birthmark.fingerprint import by_recording, deserialize
from birthmark.index.file_store import FileStore
from birthmark.index.memory_store import MemoryStore
from birthmark.index.search_stream import OVERLAP_S, PIECE_S, SearchStream
from birthmark.index.store import Entry, Recording, Store

_CANDIDATES = 16


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """What an index holds."""

    recordings: dict[str, int]
    """Number of recordings of each medium."""
    duration_s: dict[str, float]
    """Seconds of each medium."""
    size_bytes: int


class Index(Closing):
    """Finds passages of recordings. A context manager: the end of the block closes the store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._searched: dict[str, Searched] | None = None

    @classmethod
    def create(cls, path: str | Path) -> Self:
        """A new, empty index in a folder, open for writing; raises ArgumentError where `path` exists."""
        return cls(FileStore.create(path))

    @classmethod
    def open(cls, path: str | Path, *, write: bool = False) -> Self:
        """An index in a folder. Any number may read at once, and one may write meanwhile.

        A reader sees the state at the time of opening. Raises MediaError where there is none or, for writing,
        another writer is at work, and FormatError where it is damaged.
        """
        return cls(FileStore(path, write=write))

    @staticmethod
    def rebuild(path: str | Path) -> int:
        """Bring an index in a folder to today's version: its codes are made anew from the fingerprints that it holds,
        in one step. Returns the number of entries.

        Raises MediaError and FormatError as `open` does, and FormatError with the name of the recording for a
        fingerprint that cannot be read any more: its index has to be made anew.
        """

        def entry_of(recording: Recording, blob: bytes) -> Entry:
            try:
                return _entry(recording.name, deserialize(blob))
            except FormatError as error:
                raise FormatError(f"{path}: {recording.name}: {error}") from error

        store = FileStore(path, write=True, any_version=True)
        try:
            return store.rebuild(entry_of)
        finally:
            store.close()

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def add(self, name: str, fingerprint: Fingerprint) -> None:
        """Add a recording; one of the same name and medium is replaced. For many at once use `add_many`."""
        self.add_many([(name, fingerprint)])

    def add_many(self, recordings: Iterable[tuple[str, Fingerprint]]) -> int:
        """Add recordings in one step: all or none. Returns how many."""
        self._searched = None
        return self.store.add(_entry(name, fingerprint) for name, fingerprint in recordings)

    def remove(self, *names: str) -> int:
        """Forget recordings; returns how many entries (one for each medium) that were."""
        self._searched = None
        return self.store.remove(names)

    def recordings(self) -> list[Recording]:
        """Everything in the index, sorted by name and medium."""
        return self.store.recordings()

    def info(self) -> IndexInfo:
        """Numbers, seconds and bytes."""
        searched = self._all_searched()
        return IndexInfo(
            {medium: s.recordings for medium, s in searched.items()},
            {medium: s.duration_s for medium, s in searched.items()},
            self.store.size_bytes(),
        )

    def serialize(self) -> list[tuple[str, bytes]]:
        """Every recording's name and serialised fingerprint: all that another store needs to become this one."""
        return [(r.name, self.store.blob(r.number)) for r in self.store.recordings()]

    def search(self, query: Fingerprint, *, log10_p: float = ACCEPTED_LOG10_P) -> list[Alignment]:
        """Alignments of the query with recordings of its medium, the surest first.

        A file put together from several recordings gives several alignments, as does a passage that stands in several
        recordings. `log10_p` is the largest that is listed; 0 lists every candidate that was looked at.
        """
        searched = self._all_searched().get(query.medium)
        if searched is None:
            return []
        candidates: list[Candidate] = []
        for codes, tags in query.probes():
            candidates += query.candidates(self.store.lookup(query.medium, codes, tags), _CANDIDATES)
        found: list[Alignment] = []
        for number, mine in by_recording(candidates).items():
            name = self.store.recording(number).name
            reference = deserialize(self.store.blob(number))
            aligned = query.verify(reference, mine, searched, log10_p)
            found += [dataclasses.replace(a, recording=name) for a in aligned]
        return sorted(found, key=lambda a: (a.log10_p, a.recording, a.query_start_s))

    def search_file(self, path: str | Path) -> list[Alignment]:
        """Accepted alignments of the sound and the picture of a file of any length, the surest first.

        Sound is searched as it is decoded, see `stream`. The description of a picture is bounded too: that of a long
        film is thinned, see `VideoFingerprintStream`.

        Raises MediaError where the file cannot be read.
        """
        picture = fingerprint_picture(path)
        found = [] if picture is None else self.search(picture)
        try:
            found += push_sound(path, self.stream).finish()
        except MediaError:
            if picture is None:  # neither sound nor picture: say what is wrong
                raise
        return sorted(found, key=lambda a: (a.log10_p, a.recording, a.query_start_s))

    def stream(
        self,
        rate: float,
        channels: int = 1,
        *,
        piece_s: float = PIECE_S,
        overlap_s: float = OVERLAP_S,
        log10_p: float = ACCEPTED_LOG10_P,
    ) -> SearchStream:
        """A stream that takes decoded sound of any length in bounded memory and gives its alignments at the end.

        Args:
            rate: samples a second, 8000 to 768000.
            channels: channels of the samples that will be pushed.
            piece_s: seconds searched at once; up to twice as many are held.
            overlap_s: seconds that neighbouring pieces share; passages up to this long are always searched whole.
            log10_p: the largest that is listed.

        Raises ArgumentError for other rates, channels and overlaps.
        """
        return SearchStream(self.search, rate, channels, piece_s=piece_s, overlap_s=overlap_s, log10_p=log10_p)

    def _all_searched(self) -> dict[str, Searched]:
        if self._searched is None:
            counted: dict[str, Searched] = {}
            for r in self.store.recordings():
                old = counted.get(r.medium, Searched(0, 0.0))
                counted[r.medium] = Searched(old.recordings + 1, old.duration_s + r.duration_s)
            self._searched = counted
        return self._searched


def _entry(name: str, fingerprint: Fingerprint) -> Entry:
    codes, positions = fingerprint.postings()
    return Entry(name, fingerprint.medium, fingerprint.duration_s, fingerprint.serialize(), codes, positions)


def compare(query: Fingerprint, reference: Fingerprint) -> list[Alignment]:
    """Accepted alignments of two fingerprints of one medium, the surest first; `recording` is left empty.

    Raises ArgumentError for two different media.
    """
    if query.medium != reference.medium:
        raise ArgumentError(f"reference is of medium {reference.medium}; allowed: that of the query, {query.medium}")
    index = Index(MemoryStore())
    index.add("", reference)
    return index.search(query)
