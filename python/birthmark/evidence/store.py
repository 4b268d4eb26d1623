"""The folder of a scan's results: what was planned, and what was found, appended in parts that appear whole.

    RESULTS/scan.json            what was searched for and how (`ScanRecord`)
    RESULTS/plan.parquet         the files: number, path_bytes, size, mtime_ns
    RESULTS/parts/000000.parquet rows of files and hits (`records.schema`); each file's rows lie in one part
    RESULTS/lock                 held by the process that writes

A part is written under another name, synced and renamed, so that a kill leaves it whole or not there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from birthmark._closing import Closing
from birthmark.errors import ArgumentError, FormatError, MediaError

from .records import SCHEMA_VERSION, FileRecord, Hit, Row, ScanRecord, from_row, schema, to_row

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_JSON = 1 << 24
_OWN = {"lock", "parts", "plan.parquet"}


@dataclass(frozen=True)
class Planned:
    """One file of the plan."""

    number: int
    path: bytes
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Results:
    """A scan read back: `scan`, and its records in the order of the plan."""

    folder: Path
    scan: ScanRecord
    files: list[FileRecord]
    hits: list[Hit]

    @property
    def complete(self) -> bool:
        """Whether every planned file was looked at."""
        return len(self.files) == self.scan.files

    def accepted(self) -> list[Hit]:
        """Hits that count after all corrections."""
        return [hit for hit in self.hits if hit.accepted]


def _plan_schema() -> pa.Schema:
    import pyarrow as pa

    columns = {"number": pa.int64(), "path_bytes": pa.binary(), "size": pa.int64(), "mtime_ns": pa.int64()}
    return pa.schema(list(columns.items()))


@contextlib.contextmanager
def _reported(path: Path) -> Iterator[None]:
    """Errors of the file system as MediaError that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            text = "the disk is full; what was found so far is kept: make room and go on with --resume"
            raise MediaError(f"{path}: {text}") from error
        raise MediaError(f"{path}: cannot be written: {error.strerror or error}") from error


def _write_table(table: pa.Table, target: Path) -> None:
    import pyarrow.parquet as pq

    with _reported(target), _appearing(target) as partial, partial.open("wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def _appearing(target: Path) -> Iterator[Path]:
    partial = target.with_name(f".{target.name}.part")
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class ResultWriter(Closing):
    """Writes a scan's results; one at a time. A context manager.

    `create` starts a new folder with its plan, `resume` goes on with an old one. Both raise ArgumentError where the
    folder is not as needed or another process writes to it, and MediaError where the file system refuses.
    """

    def __init__(self, folder: Path, lock: int, scan: ScanRecord, plan: list[Planned], done: set[int]) -> None:
        self.folder = folder
        self.scan = scan
        self._lock = lock
        self._plan = plan
        self._done = done
        self._next = 1 + max((int(path.stem) for path in _parts(folder)), default=-1)

    @classmethod
    def create(cls, folder: str | Path, scan: ScanRecord, plan: Sequence[Planned]) -> Self:
        """A new folder of results."""
        import pyarrow as pa

        path = Path(folder)
        if (path / "scan.json").exists():
            raise ArgumentError(f"results {path} exist; go on with --resume, or name another folder")
        if path.exists() and (not path.is_dir() or {one.name for one in path.iterdir()} - _OWN):
            raise ArgumentError(f"results {path} is something else; allowed: a folder that is new or empty")
        with _reported(path):
            (path / "parts").mkdir(parents=True, exist_ok=True)
        lock = _locked(path)
        try:
            rows = [dataclasses.astuple(one) for one in plan]
            columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], [], []]
            _write_table(pa.table(columns, schema=_plan_schema()), path / "plan.parquet")
            text = json.dumps({"schema": SCHEMA_VERSION, **dataclasses.asdict(scan)}, indent=2)
            with _reported(path), _appearing(path / "scan.json") as partial:
                partial.write_text(text, encoding="utf-8")
            return cls(path, lock, scan, list(plan), set())
        except BaseException:
            os.close(lock)
            raise

    @classmethod
    def resume(cls, folder: str | Path) -> Self:
        """The results of a scan that did not end, or that did: then nothing is left to do."""
        path = Path(folder)
        scan = read_scan(path)
        lock = _locked(path)
        try:
            for left in (path / "parts").glob(".*.part"):
                left.unlink()
            return cls(path, lock, scan, read_plan(path), _numbers_done(path))
        except BaseException:
            os.close(lock)
            raise

    def close(self) -> None:
        """Let go of the folder."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def todo(self) -> list[Planned]:
        """Files of the plan that have no rows yet."""
        return [one for one in self._plan if one.number not in self._done]

    def append(self, rows: Sequence[Row]) -> None:
        """Write the rows of whole files as one part. Raises MediaError where the disk is full."""
        import pyarrow as pa

        if rows:
            table = pa.Table.from_pylist([to_row(row) for row in rows], schema=schema())
            _write_table(table, self.folder / "parts" / f"{self._next:06d}.parquet")
            self._next += 1
            self._done |= {row.number for row in rows if isinstance(row, FileRecord)}


def _locked(path: Path) -> int:
    with _reported(path):
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise ArgumentError(f"results {path} are being written by another scan; wait for it or name another") from None
    return lock


def _parts(path: Path) -> list[Path]:
    return sorted(one for one in (path / "parts").glob("*.parquet") if one.stem.isdigit())


def _table(path: Path, **options: Any) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path, **options)
    except (pa.ArrowException, ValueError) as error:
        raise FormatError(f"{path}: is no Parquet file of a scan: {error}") from error


def _numbers_done(path: Path) -> set[int]:
    done: set[int] = set()
    for part in _parts(path):
        done |= set(_table(part, columns=["number"], filters=[("kind", "=", "file")])["number"].to_pylist())
    return done


def read_plan(folder: str | Path) -> list[Planned]:
    """The plan of a scan; raises FormatError where it is damaged."""
    table = _table(Path(folder) / "plan.parquet", schema=_plan_schema())
    return [Planned(*row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]


def read_scan(folder: str | Path) -> ScanRecord:
    """What a scan searched for; raises MediaError where there is none and FormatError where it is damaged."""
    path = Path(folder) / "scan.json"
    try:
        if path.stat().st_size > _MOST_JSON:
            raise FormatError(f"{path}: has more than {_MOST_JSON} bytes")
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MediaError(f"{folder}: holds no results of a scan ({error.strerror or error})") from error
    except ValueError as error:
        raise FormatError(f"{path}: is damaged: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA_VERSION:
        raise FormatError(f"{path}: has another schema; allowed: version {SCHEMA_VERSION}")
    fields = dataclasses.fields(ScanRecord)
    try:
        values: dict[str, Any] = {f.name: document[f.name] for f in fields}
    except KeyError as error:
        raise FormatError(f"{path}: lacks {error}") from error
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return ScanRecord(**values)


def iterate_rows(folder: str | Path) -> Iterator[Row]:
    """Records as they were written, part by part: bounded memory for any number of files."""
    for part in _parts(Path(folder)):
        for row in _table(part, schema=schema()).to_pylist():
            kind = FileRecord if row["kind"] == "file" else Hit
            yield from_row({"kind": row["kind"], **{f.name: row[f.name] for f in dataclasses.fields(kind)}})


def read_results(folder: str | Path) -> Results:
    """All that a scan has found so far, in the order of its plan. Raises MediaError and FormatError."""
    scan = read_scan(folder)
    files: list[FileRecord] = []
    hits: list[Hit] = []
    for row in iterate_rows(folder):
        (files if isinstance(row, FileRecord) else hits).append(row)  # type: ignore[arg-type]
    return Results(
        Path(folder),
        scan,
        sorted(files, key=lambda one: one.number),
        sorted(hits, key=lambda one: (one.number, one.log10_p)),
    )
