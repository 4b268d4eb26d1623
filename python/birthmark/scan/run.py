"""A scan from its plan to its last file: results as they come, kept so that a kill loses and repeats nothing."""

from __future__ import annotations

import contextlib
import secrets
import shlex
import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import birthmark
from birthmark.errors import ArgumentError
from birthmark.evidence.records import LINES, FileRecord, Hit, Row, ScanRecord
from birthmark.evidence.store import Planned, ResultWriter
from birthmark.registry import NewSighting, Registry
from birthmark.scan.naming import Names, sightings
from birthmark.scan.pool import Limits, LocalPool
from birthmark.scan.sources import Plan, plan_of

_FIRST_PART_S, _LAST_PART_S, _PART_FILES = 0.5, 30.0, 500


@dataclass(frozen=True)
class FileResult:
    """One file: what became of it and what was found in it."""

    file: FileRecord
    hits: list[Hit]


@dataclass(frozen=True)
class Progress:
    """How far a scan is; counts those of earlier runs that it goes on from."""

    files: int
    """Files looked at."""
    files_planned: int
    bytes: int
    bytes_planned: int
    media_s: float
    """Seconds of sound and picture searched in this run."""
    hits: int
    failed: int


OnProgress = Callable[[Progress], None]


def scan(
    sources: Sequence[str | Path],
    registry: Registry,
    *,
    out: str | Path | None = None,
    lines: Sequence[str] = LINES,
    thorough: bool = False,
    jobs: int = 1,
    limits: Limits | None = None,
    command: str = "",
    progress: OnProgress | None = None,
) -> Generator[FileResult, None, None]:
    """Scan files, folders, globs (and "-": names on standard input) for everything an unlocked registry knows.

    Results come as they are found, in no fixed order; ending the loop early ends the scan. `out` is a new folder for
    them, which `resume` can go on with and `birthmark.evidence` reads; accepted hits are also noted in the registry as
    sightings. `lines` are those of `evidence.records.LINES` to run. `jobs` processes search side by side, each file
    within `limits`. The plan is made, and arguments are checked, before the first result is asked for.

    Raises ArgumentError for arguments, MediaError for sources that are not there or results that cannot be written,
    WorkerError where the processes cannot start. What a file holds raises nothing: it is a record with its reason.
    """
    unknown = sorted(set(lines) - set(LINES))
    if unknown or not lines:
        raise ArgumentError(f"lines is {', '.join(unknown) or 'empty'}; allowed: {', '.join(LINES)}")
    if jobs < 1:
        raise ArgumentError(f"jobs is {jobs}; allowed: 1 or more")
    names = Names(registry)
    hidden = [registry.folder, *([] if out is None else [Path(out)])]
    plan = plan_of(sources, without=hidden)
    chosen = tuple(line for line in LINES if line in lines)
    record = _record(names, sources, plan, lines=chosen, thorough=thorough, command=command)
    writer = None if out is None else ResultWriter.create(out, record, plan.files)
    return _Run(record, plan.files, writer, names, jobs=jobs, limits=limits, progress=progress).results()


def resume(
    out: str | Path,
    registry: Registry,
    *,
    jobs: int = 1,
    limits: Limits | None = None,
    progress: OnProgress | None = None,
) -> Generator[FileResult, None, None]:
    """Go on with a scan that was interrupted: the files of its plan that have no result yet, searched as it said.

    Raises ArgumentError where the results belong to another registry; otherwise as `scan`.
    """
    writer = ResultWriter.resume(out)
    try:
        if (wanted := writer.scan.registry) != registry.id:
            raise ArgumentError(f"registry has the id {registry.id}; allowed: that of the results, {wanted}")
        run = _Run(writer.scan, writer.todo(), writer, Names(registry), jobs=jobs, limits=limits, progress=progress)
        return run.results()
    except BaseException:
        writer.close()
        raise


def _record(
    names: Names,
    sources: Sequence[str | Path],
    plan: Plan,
    *,
    lines: tuple[str, ...],
    thorough: bool,
    command: str,
) -> ScanRecord:
    return ScanRecord(
        id=secrets.token_hex(8),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command or shlex.join(sys.argv),
        version=birthmark.__version__,
        registry=names.registry.id,
        sources=tuple(str(source).encode("utf-8", "backslashreplace").decode() for source in sources),
        lines=lines,
        thorough=thorough,
        files=len(plan.files),
        bytes=sum(one.size for one in plan.files),
        persons=names.persons,
        unreadable=tuple(plan.unreadable),
        versions={name: metadata.version(name) for name in ("av", "numpy", "scipy", "soundfile")},
        **names.counts,
    )


class _Run:
    """One run of a scan over the files that are left."""

    def __init__(
        self,
        record: ScanRecord,
        todo: Sequence[Planned],
        writer: ResultWriter | None,
        names: Names,
        *,
        jobs: int,
        limits: Limits | None,
        progress: OnProgress | None,
    ) -> None:
        self._record, self._todo, self._writer = record, todo, writer
        self._names, self._progress = names, progress
        self._pool = LocalPool(names.order(record.lines, record.thorough), jobs, limits or Limits())
        self._rows: list[Row] = []
        self._sightings: list[NewSighting] = []
        self._files = self._hits = self._failed = self._bytes = 0
        self._media_s = 0.0
        self._begun = self._written = time.monotonic()

    def results(self) -> Generator[FileResult, None, None]:
        with contextlib.ExitStack() as stack:
            if self._writer is not None:
                stack.enter_context(self._writer)
            stack.callback(self._keep)
            for done in stack.enter_context(self._pool).run(self._todo):
                if done is not None:
                    file, hits = self._names.records(done, self._record.files)
                    self._count(file, hits)
                    yield FileResult(file, hits)
                if self._due():
                    self._keep()
                if self._progress is not None:
                    self._progress(self._state())

    def _count(self, file: FileRecord, hits: list[Hit]) -> None:
        self._rows += [file, *hits]
        self._sightings += sightings(self._record.id, file, hits)
        self._files += 1
        self._hits += len(hits)
        self._failed += file.state == "failed"
        self._bytes += file.size
        self._media_s += max(file.sound_s, file.picture_s)

    def _due(self) -> bool:
        """Parts come often at first and every half minute in a long scan, so that a kill costs a hundredth at most."""
        now = time.monotonic()
        patience = min(max(_FIRST_PART_S, (now - self._begun) / 100), _LAST_PART_S)
        return now - self._written > patience or len(self._rows) >= _PART_FILES

    def _keep(self) -> None:
        """Note sightings and write rows. Sightings first: what is lost in between is searched and noted again."""
        self._written = time.monotonic()
        if self._sightings:
            self._names.registry.add_sightings(self._sightings)
            self._sightings = []
        if self._writer is not None:
            self._writer.append(self._rows)
        self._rows = []

    def _state(self) -> Progress:
        left = sum(one.size for one in self._todo)
        return Progress(
            files=self._record.files - len(self._todo) + self._files,
            files_planned=self._record.files,
            bytes=self._record.bytes - left + self._bytes,
            bytes_planned=self._record.bytes,
            media_s=self._media_s,
            hits=self._hits,
            failed=self._failed,
        )
