"""What is to be scanned: files, folders, globs and lists become a plan, in a fixed order and each file once."""

from __future__ import annotations

import glob
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from birthmark.errors import ArgumentError, MediaError
from birthmark.evidence.records import shown_path
from birthmark.evidence.store import Planned

_MOST_LISTED = 1 << 28  # bytes of a list of names


@dataclass
class Plan:
    """The files to scan, and the folders that could not be listed, each with the reason."""

    files: list[Planned] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    _known: set[bytes] = field(default_factory=set, repr=False)

    def add(self, path: bytes) -> None:
        """Add a file as the file system describes it now; one that is not there is planned all the same."""
        path = os.path.abspath(path)  # noqa: PTH100 -- of bytes; links stay
        if path in self._known:
            return
        self._known.add(path)
        try:
            found = os.stat(path)  # noqa: PTH116
            size, mtime = found.st_size if stat.S_ISREG(found.st_mode) else 0, found.st_mtime_ns
        except OSError:
            size, mtime = 0, 0
        self.files.append(Planned(len(self.files), path, size, mtime))


def plan_of(sources: Sequence[str | Path], *, without: Iterable[Path] = ()) -> Plan:
    """The plan of files, folders (searched to the bottom; links to folders are not followed), globs and lists.

    "-" reads names from standard input, one a line, or separated by NUL. `without`: folders to leave out, such as the
    results themselves. Raises ArgumentError for no sources and MediaError for one that is not there.
    """
    if not sources:
        raise ArgumentError("sources is empty; allowed: one or more files, folders, globs or -")
    plan = Plan()
    skipped = {os.path.realpath(os.fsencode(folder)) for folder in without}
    for source in sources:
        if str(source) == "-":
            for name in _listed():
                plan.add(name)
            continue
        for path in _named(source):
            if os.path.isdir(path):  # noqa: PTH112
                for found in _below(path, plan.unreadable, skipped):
                    plan.add(found)
            else:
                plan.add(path)
    return plan


def _named(source: str | Path) -> list[bytes]:
    path = os.fsencode(source)
    if os.path.lexists(path):
        return [path]
    found = [one for one in sorted(glob.glob(path, recursive=True)) if not _through_link(one, path)]  # noqa: PTH207
    if not found:
        raise MediaError(f"{shown_path(path)}: no such file or folder")
    return found


def _through_link(found: bytes, pattern: bytes) -> bool:
    """Whether a link to a folder, which may lead round, stands where the pattern has a wildcard."""
    fixed = pattern.split(b"/")
    parts = found.split(b"/")
    first = next((place for place, part in enumerate(fixed) if glob.has_magic(part)), len(fixed))
    return any(os.path.islink(b"/".join(parts[: end + 1])) for end in range(first, len(parts) - 1))  # noqa: PTH114


def _listed() -> list[bytes]:
    data = sys.stdin.buffer.read(_MOST_LISTED + 1)
    if len(data) > _MOST_LISTED:
        raise ArgumentError(f"the list on standard input has more than {_MOST_LISTED} bytes")
    return [name for name in data.split(b"\0" if b"\0" in data else b"\n") if name]


def _below(folder: bytes, unreadable: list[str], skipped: set[bytes]) -> Iterator[bytes]:
    """Files below a folder, by name; deep trees need no recursion."""
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        if os.path.realpath(here) in skipped:
            continue
        try:
            with os.scandir(here) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
            folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError as error:
            unreadable.append(f"{shown_path(here)}: {error.strerror or error}")
            continue
        waiting += [entry.path for entry in reversed(folders)]
        for entry in entries:
            if not os.path.isdir(entry.path):  # noqa: PTH112 -- a link to a folder is one
                yield entry.path
