"""What a scan found: one record for each file and one for each hit, and their form as a Parquet table."""

from __future__ import annotations

import dataclasses
import functools
import typing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from birthmark.errors import FormatError

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = 1

LINES = ("audio-watermark", "voice-signature", "audio-fingerprint", "video-watermark", "video-fingerprint")
"""The lines of evidence, those of the sound first."""

SOUND_LINES = LINES[:3]

MAX_LOG10_P_FILE = -6.0
"""Hits are kept up to this probability for one file, after correction for everything that was searched in it."""

MAX_LOG10_P_SCAN = -3.0
"""A hit counts where the probability of any such hit in the whole scan is at most this."""


@dataclass(frozen=True)
class FileRecord:
    """One file of a scan. `state` says what became of it, `reason` why where it was not searched."""

    number: int
    """Place in the scan's plan, from 0."""
    path: str
    """Absolute path; bytes that are not UTF-8 stand as \\xNN."""
    path_bytes: bytes
    """The path as the file system has it."""
    size: int
    """Bytes."""
    mtime_ns: int
    """Time of the last change, nanoseconds since 1970."""
    sha256: str
    """Of the content, hexadecimal; empty where the file could not be read."""
    state: str
    """"searched", "no media" (neither sound nor picture, and no name that promises any) or "failed"."""
    reason: str
    """Why it was not searched, or what is damaged; empty otherwise."""
    sound_s: float
    """Seconds of sound that were searched."""
    picture_s: float
    """Seconds of picture that were searched."""
    lines: tuple[str, ...]
    """Lines of evidence that were run on it."""
    cpu_s: float
    """Processor seconds."""
    peak_mb: float
    """Largest memory of the process that searched it, megabytes."""


@dataclass(frozen=True)
class Hit:
    """One passage of one file in which one line of evidence found one person's key, delivery or recording."""

    number: int
    """The file, as in FileRecord."""
    path: str
    line: str
    """One of LINES."""
    person: str
    """Id of the person in the registry."""
    handle: str
    """Pseudonym of the person."""
    key: str
    """Public id of the key; empty for fingerprints."""
    generation: int
    """Generation of the key, -1 for fingerprints."""
    mark_id: str
    """The payload, 16 hexadecimal digits; empty for lines that carry none."""
    delivery: str
    """Id of the delivery that the mark ID names; empty where none does."""
    recipient: str
    """To whom that delivery went."""
    licence: str
    """Under which licence."""
    recording: str
    """Id of the recording that was delivered, or that the fingerprint found."""
    start_s: float
    """From when in the file."""
    end_s: float
    """To when in the file."""
    reference_start_s: float
    """From when in the recording; not a number where the line does not say."""
    reference_end_s: float
    """To when in the recording."""
    speed: float
    """The file's tempo over the original's."""
    change: str
    """What else was done to sound or picture, in words; empty where nothing was found."""
    log10_p: float
    """The line's own: probability (log10, a bound) of such a hit in a file that has nothing of these people."""
    log10_p_file: float
    """The same corrected (Bonferroni) for the lines run on the file and, for the signature, for the keys."""
    log10_p_scan: float
    """The same corrected (Bonferroni) for the number of files in the scan's plan."""
    accepted: bool
    """Whether log10_p_file is at most -6 and log10_p_scan at most -3."""
    why: str
    """What agreed, in one sentence."""
    exhibit: bytes = field(default=b"", repr=False)
    """Small arrays for the report's pictures (numpy's npz); no secrets."""


Row = FileRecord | Hit


@dataclass(frozen=True)
class ScanRecord:
    """What was searched for and how: `scan.json` of the results."""

    id: str
    started: str
    """UTC, ISO 8601."""
    command: str
    version: str
    registry: str
    sources: tuple[str, ...]
    lines: tuple[str, ...]
    thorough: bool
    files: int
    bytes: int
    persons: dict[str, str]
    """Handle of every person searched for, by id."""
    keys: int
    issued_ids: int
    recordings: int
    unreadable: tuple[str, ...] = ()
    """Sources and folders that could not be listed, each with the reason."""
    versions: dict[str, str] = field(default_factory=dict)


def _kind(hint: Any) -> pa.DataType:
    import pyarrow as pa

    simple = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_(), bytes: pa.binary()}
    return pa.list_(pa.string()) if typing.get_origin(hint) is tuple else simple[hint]


@functools.cache
def schema() -> pa.Schema:
    """One table for both: `kind` is "file" or "hit", and the columns of the other kind are null."""
    import pyarrow as pa

    columns: dict[str, pa.DataType] = {"kind": pa.string()}
    for record in (FileRecord, Hit):
        for name, hint in typing.get_type_hints(record).items():
            columns.setdefault(name, _kind(hint))
    fields = [pa.field(name, kind) for name, kind in columns.items()]
    return pa.schema(fields, metadata={"birthmark_schema": str(SCHEMA_VERSION)})


def to_row(record: Row) -> dict[str, Any]:
    """A record as a row of the table."""
    values = {f.name: getattr(record, f.name) for f in dataclasses.fields(record)}
    return {"kind": "file" if isinstance(record, FileRecord) else "hit", **values}


def from_row(row: dict[str, Any]) -> Row:
    """The record of a row; raises FormatError where it is none."""
    kind = {"file": FileRecord, "hit": Hit}.get(row.get("kind", ""))
    if kind is None:
        raise FormatError(f"kind is {row.get('kind')!r}; allowed: file and hit")
    values: dict[str, Any] = {}
    for one in dataclasses.fields(kind):
        value = row.get(one.name)
        if value is None:
            raise FormatError(f"a row of kind {row['kind']} lacks {one.name}")
        values[one.name] = tuple(value) if isinstance(value, list) else value
    return typing.cast("Row", kind(**values))


def shown_path(path: bytes) -> str:
    """A path as text that can be printed anywhere."""
    return path.decode("utf-8", "backslashreplace")
