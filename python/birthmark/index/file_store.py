"""An index in a folder: memory-mapped segments that never change, and a manifest that says which of them count.

A change writes new segments, syncs them, and then replaces the manifest in one step; killed at any moment, the folder
holds the old state or the new one. Files that no manifest names are swept by the next writer. Readers hold what they
have mapped.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birthmark._core import index as _core
from birthmark.alignment import Codes, Hits
from birthmark.errors import ArgumentError, FormatError, MediaError
from birthmark.index.store import FORMAT_VERSION, MOST_HITS, MOST_POSTINGS, Entry, Recording, check_version

MANIFEST = "birthmark-index.json"
_FORMAT = "birthmark index"
_LOCK = "lock"
_SEGMENT_POSTINGS = 1 << 24
_OPEN_ATTEMPTS = 20
_MOST_MANIFEST_BYTES = 1 << 28


@dataclass(frozen=True, slots=True)
class _Part:
    """A segment as the manifest names it, and its mapped file."""

    file: str
    medium: str
    removed: frozenset[int]
    segment: _core.SegmentFile = field(repr=False)

    @property
    def live(self) -> int:
        """Recordings that are not removed."""
        return self.segment.recordings - len(self.removed)

    def flags(self) -> NDArray[np.uint8]:
        """One byte a recording, 1 where it is removed; empty where none is."""
        if not self.removed:
            return np.zeros(0, np.uint8)
        flags = np.zeros(self.segment.recordings, np.uint8)
        flags[sorted(self.removed)] = 1
        return flags


class FileStore:
    """A folder of segments. One writer at a time holds its lock; readers need none."""

    def __init__(self, path: str | Path, *, write: bool = False, any_version: bool = False) -> None:
        """Open an existing index; one of another version only to `rebuild` it.

        Raises MediaError where there is none or another writer is at work, FormatError where it is damaged or of
        another version.
        """
        self._folder = Path(path)
        self._lock: int | None = None
        self._write = write
        self._any_version = any_version
        if not (self._folder / MANIFEST).is_file():
            raise MediaError(f"{self._folder}: holds no index; make one with 'birthmark index create'")
        if write:
            self._lock = _lock(self._folder)
        try:
            self._read()
            if write:
                self._sweep()
        except BaseException:
            self.close()
            raise

    @classmethod
    def create(cls, path: str | Path) -> FileStore:
        """A new, empty index, open for writing; raises ArgumentError where `path` exists and is no empty folder."""
        folder = Path(path)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ArgumentError(f"index {folder} exists; allowed: a new name or an empty folder")
        try:
            folder.mkdir(exist_ok=True)
            _write_manifest(folder, 0, [])
        except OSError as error:
            raise MediaError(f"{folder}: cannot be written: {error.strerror}") from error
        return cls(folder, write=True)

    def close(self) -> None:
        """See Store."""
        self._parts: list[_Part] = []
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def refresh(self) -> None:
        """Read the state that the last writer left."""
        self._read()

    def _read(self) -> None:
        for attempt in range(_OPEN_ATTEMPTS):
            generation, rows = _read_manifest(self._folder, self._any_version)
            try:
                self._set(generation, [_open_part(self._folder, row) for row in rows])
                return
            except MediaError:
                # A writer may have replaced the manifest and swept a segment meanwhile.
                if attempt == _OPEN_ATTEMPTS - 1 or _read_manifest(self._folder, self._any_version)[0] == generation:
                    raise

    def _set(self, generation: int, parts: list[_Part]) -> None:
        self._generation = generation
        self._parts = parts
        self._first = np.cumsum([0, *(part.segment.recordings for part in parts)])
        self._listed: dict[int, Recording] | None = None

    def _sweep(self) -> None:
        named = {part.file for part in self._parts}
        for file in self._folder.glob("*.seg"):
            if file.name not in named:
                file.unlink(missing_ok=True)

    def _commit(self, parts: list[_Part]) -> None:
        _write_manifest(self._folder, self._generation + 1, parts)
        self._set(self._generation + 1, parts)
        self._sweep()

    def _check_writable(self) -> None:
        if self._lock is None:
            raise ArgumentError("write is False; allowed: changes to an index that was opened with write=True")

    def _new_name(self, medium: str, number: int) -> str:
        return f"{medium}-{self._generation + 1:08d}-{number:04d}.seg"

    def add(self, entries: Iterable[Entry]) -> int:
        """See Store."""
        self._check_writable()
        new: list[_Part] = []
        names: set[tuple[str, str]] = set()
        batch: list[Entry] = []
        postings = 0
        for entry in entries:
            if (entry.name, entry.medium) in names:
                raise ArgumentError(f"name {entry.name!r} is given twice for {entry.medium}; allowed: once in one step")
            names.add((entry.name, entry.medium))
            batch.append(entry)
            postings += len(entry.codes)
            if postings >= _SEGMENT_POSTINGS:
                new += self._write_batch(batch, len(new))
                batch, postings = [], 0
        new += self._write_batch(batch, len(new))
        if new:
            kept = self._without({r.number for r in self._table().values() if (r.name, r.medium) in names})
            self._commit(self._merged([*kept, *new]))
        return len(names)

    def _write_batch(self, batch: list[Entry], number: int) -> list[_Part]:
        parts = []
        by_medium = sorted(batch, key=lambda entry: entry.medium)
        for i, (medium, group) in enumerate(groupby(by_medium, key=lambda entry: entry.medium)):
            file = self._new_name(medium, number + i)
            rows = [(_label(entry), entry.blob, entry.codes, entry.positions) for entry in group]
            try:
                _core.write_segment(self._folder / file, rows)
            except OSError as error:
                raise MediaError(f"{self._folder}: cannot be written: {error}") from error
            parts.append(_Part(file, medium, frozenset(), _core.SegmentFile(self._folder / file)))
        return parts

    def remove(self, names: Iterable[str]) -> int:
        """See Store."""
        self._check_writable()
        wanted = set(names)
        gone = {r.number for r in self._table().values() if r.name in wanted}
        if gone:
            self._commit(self._merged(self._without(gone)))
        return len(gone)

    def rebuild(self, entry_of: Callable[[Recording, bytes], Entry]) -> int:
        """Make every entry anew from its blob; how many. The index is then of today's version."""
        count = self.add(entry_of(one, self.blob(one.number)) for one in self.recordings())
        self._commit(self._parts)  # where nothing is stored, too
        return count

    def compact(self) -> None:
        """Write anew what holds removed recordings, so that their bytes are gone from the folder."""
        self._check_writable()
        if any(part.removed for part in self._parts):
            parts = [self._merge([part], i) if part.removed else part for i, part in enumerate(self._parts)]
            self._commit(parts)

    def _without(self, numbers: set[int]) -> list[_Part]:
        """The parts with these recordings removed; parts with nothing left are dropped."""
        parts = []
        for first, part in zip(self._first, self._parts, strict=False):
            mine = {n - int(first) for n in numbers if first <= n < first + part.segment.recordings}
            parts.append(replace(part, removed=part.removed | mine))
        return [part for part in parts if part.live > 0]

    def _merged(self, parts: list[_Part]) -> list[_Part]:
        """Keeps each segment at least twice as large as the next, so that a lookup visits few; drops dead weight."""
        result: list[_Part] = []
        number = len(parts)
        for _, group in groupby(sorted(parts, key=lambda part: part.medium), key=lambda part: part.medium):
            rest = sorted(group, key=lambda part: -part.segment.postings)
            kept: list[_Part] = []
            while rest:
                joined = [rest.pop()]
                size, rows = joined[0].segment.postings, joined[0].segment.rows
                while rest and rest[-1].segment.postings <= 2 * size and rows + rest[-1].segment.rows < _core.most_rows:
                    size += rest[-1].segment.postings
                    rows += rest[-1].segment.rows
                    joined.append(rest.pop())
                if len(joined) > 1 or joined[0].live * 2 < joined[0].segment.recordings:
                    kept.append(self._merge(joined[::-1], number))
                    number += 1
                else:
                    kept.append(joined[0])
            result += kept[::-1]
        return result

    def _merge(self, parts: list[_Part], number: int) -> _Part:
        file = self._new_name(parts[0].medium, number)
        _core.merge_segments(self._folder / file, [(part.segment, part.flags()) for part in parts])
        return _Part(file, parts[0].medium, frozenset(), _core.SegmentFile(self._folder / file))

    def _table(self) -> dict[int, Recording]:
        if self._listed is None:
            self._listed = {}
            for first, part in zip(self._first, self._parts, strict=False):
                for i in range(part.segment.recordings):
                    if i not in part.removed:
                        name, duration_s = _read_label(part.segment.label(i))
                        self._listed[int(first) + i] = Recording(int(first) + i, name, part.medium, duration_s)
        return self._listed

    def recordings(self) -> list[Recording]:
        """See Store."""
        return sorted(self._table().values(), key=lambda r: (r.name, r.medium))

    def lookup(self, medium: str, codes: Codes, tags: Codes) -> Hits:
        """See Store."""
        # In the order of codes neighbouring probes read neighbouring pages.
        order = np.argsort(codes, kind="stable")
        codes, tags = codes[order], tags[order]
        found = [
            part.segment.lookup(codes, tags, MOST_POSTINGS, MOST_HITS * len(codes), int(first), part.flags())
            for first, part in zip(self._first, self._parts, strict=False)
            if part.medium == medium
        ]
        if len(found) == 1:
            return Hits(*found[0])
        empty = np.zeros(0, np.uint32)
        columns = [np.concatenate([empty, *column]) for column in zip(*found, strict=True)] or [empty] * 3
        return Hits(*columns)

    def recording(self, number: int) -> Recording:
        """See Store."""
        return self._table()[number]

    def blob(self, number: int) -> bytes:
        """See Store."""
        part = int(np.searchsorted(self._first, number, side="right")) - 1
        return self._parts[part].segment.blob(number - int(self._first[part]))

    def size_bytes(self) -> int:
        """See Store."""
        return sum((self._folder / part.file).stat().st_size for part in self._parts)


def _lock(folder: Path) -> int:
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise MediaError(f"{folder}: cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise MediaError(f"{folder}: another process is writing to this index; try again when it is done") from error
    return descriptor


def _label(entry: Entry) -> bytes:
    return json.dumps({"name": entry.name, "duration_s": entry.duration_s}).encode()


def _read_label(label: bytes) -> tuple[str, float]:
    try:
        document = json.loads(label)
        return str(document["name"]), float(document["duration_s"])
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"index segment: a label is damaged: {error}") from error


def _write_manifest(folder: Path, generation: int, parts: list[_Part]) -> None:
    rows = [{"file": part.file, "medium": part.medium, "removed": sorted(part.removed)} for part in parts]
    temporary = folder / f".{MANIFEST}.part"
    with temporary.open("w", encoding="utf-8") as file:
        document = {"format": _FORMAT, "version": FORMAT_VERSION, "generation": generation, "segments": rows}
        json.dump(document, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / MANIFEST)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_manifest(folder: Path, any_version: bool) -> tuple[int, list[Any]]:
    try:
        with (folder / MANIFEST).open("rb") as file:
            text = file.read(_MOST_MANIFEST_BYTES + 1)
        if len(text) > _MOST_MANIFEST_BYTES:
            raise FormatError(f"{folder}: its manifest is larger than {_MOST_MANIFEST_BYTES >> 20} MB")
        document = json.loads(text)
        if document.get("format") != _FORMAT:
            raise FormatError(f"{folder}: its manifest is not that of a birthmark index")
        if not any_version:
            remedy = f"'birthmark index rebuild {folder}' makes them anew from the fingerprints that it holds"
            check_version(str(folder), document.get("version"), remedy)
        return int(document["generation"]), list(document["segments"])
    except OSError as error:
        raise MediaError(f"{folder}: cannot be read: {error.strerror}") from error
    except FormatError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise FormatError(f"{folder}: its manifest is damaged: {error}") from error


def _open_part(folder: Path, row: Any) -> _Part:
    try:
        file, medium = str(row["file"]), str(row["medium"])
        removed = frozenset(int(number) for number in row["removed"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise FormatError(f"{folder}: its manifest is damaged: {error}") from error
    if "/" in file or not file.endswith(".seg"):
        raise FormatError(f"{folder}: its manifest names {file!r}; allowed: segments of this folder")
    try:
        segment = _core.SegmentFile(folder / file)
    except OSError as error:
        raise MediaError(f"{folder}: segment {file} cannot be read") from error
    except FormatError as error:
        raise FormatError(f"{folder}: segment {file} is damaged: {error}") from error
    if any(not 0 <= number < segment.recordings for number in removed):
        raise FormatError(f"{folder}: its manifest removes recordings that {file} does not hold")
    return _Part(file, medium, removed, segment)
