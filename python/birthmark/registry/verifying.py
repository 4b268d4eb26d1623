"""Checking that the log is whole, and that every row is what the log says.

Found: an entry that was edited, removed or moved; a row that was edited, added or removed; a fingerprint that was
exchanged; a log that was written anew by somebody without the secret. Not found from the folder alone: a folder that
was put back to an earlier, honest state. For that keep the head elsewhere, and the public key with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from birthmark.errors import ArgumentError, Error
from birthmark.index import Index
from birthmark.registry.chain import START, commitment, entry_hash, name_of, values_of
from birthmark.registry.fingerprints import INDEX, fingerprints_hash
from birthmark.registry.models import LOGGED, LogRow, PersonRow, RecordingRow, SettingRow
from birthmark.registry.store import Store, salt_of
from birthmark.registry.vault import signed

_LISTED = 100
_BATCH = 5000


@dataclass(frozen=True)
class Verification:
    """What a check found."""

    entries: int
    rows: int
    head: str
    """Hash of the last entry: it stands for the whole log. Note it elsewhere."""
    authenticated: bool
    """Whether the signature was checked with a key that did not come from the database itself."""
    problems: tuple[str, ...]
    """Sentences; empty where all is well. The first hundred are listed."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


class _Problems(list[str]):
    def note(self, text: str) -> None:
        if len(self) < _LISTED:
            self.append(text)


def verify(store: Store, *, public_key: str | None = None, head: str | None = None) -> Verification:
    """Check everything. `public_key` and `head` are what was noted elsewhere, 64 hexadecimal digits each."""
    for name, value in (("public_key", public_key), ("head", head)):
        if value is not None and (len(value) != 64 or not set(value) <= set("0123456789abcdef")):
            raise ArgumentError(f"{name} is {value!r}; allowed: 64 hexadecimal digits")
    trusted = public_key or (store.vault.public_key if store.vault else None)
    problems = _Problems()
    with store.reading() as session:
        setting = session.get(SettingRow, "public_key")
        written = setting.value if setting else ""
        if trusted and written != trusted:
            problems.note("the public key in the database is not the one that was given")
        expected, entries, last = _walk(session, trusted or written, head, problems)
        rows = _compare(session, expected, problems)
        _compare_index(store, session, problems)
    return Verification(entries, rows, last, trusted is not None, tuple(problems))


def _walk(session: Session, public_key: str, head: str | None, problems: _Problems) -> tuple[dict[str, str], int, str]:
    """Follow the chain; the commitments that it leaves, the number of entries and the last hash."""
    expected: dict[str, str] = {}
    number, previous, last = 0, START, None
    head_seen = head is None
    for entry in session.scalars(select(LogRow).order_by(LogRow.sequence).execution_options(yield_per=_BATCH)):
        number += 1
        if entry.sequence != number:
            problems.note(f"log entry {number} is missing")
            number = entry.sequence
        elif entry.previous != previous:
            problems.note(f"log entry {number} does not follow the entry before it")
        if entry.hash != entry_hash(entry.sequence, entry.time, entry.action, entry.body, entry.previous):
            problems.note(f"log entry {number} was edited")
        _replay(entry, expected, problems)
        previous, last = entry.hash, entry
        head_seen = head_seen or entry.hash == head
        session.expunge(entry)
    if last is None:
        problems.note("the log is empty")
    elif not signed(public_key, bytes.fromhex(last.hash), last.signature):
        problems.note(f"log entry {number}, the last, is not signed by this registry: the log was written anew")
    if not head_seen:
        problems.note("the head that was noted is not in the log: entries were removed, or it was written anew")
    return expected, number, previous


def _replay(entry: LogRow, expected: dict[str, str], problems: _Problems) -> None:
    try:
        for name, value in json.loads(entry.body)["rows"].items():
            if value is None:
                expected.pop(name, None)
            else:
                expected[name] = str(value)
    except (ValueError, KeyError, TypeError, AttributeError):
        problems.note(f"log entry {entry.sequence} has a body that is no list of rows")


def _compare(session: Session, expected: dict[str, str], problems: _Problems) -> int:
    """Rows against commitments, of which none may be left over; the number of rows."""
    salts = {row.id: row.salt for row in session.scalars(select(PersonRow))}
    rows = 0
    for table in LOGGED:
        for row in session.scalars(select(table).execution_options(yield_per=_BATCH)):
            rows += 1
            name = name_of(row)
            told = expected.pop(name, None)
            if told is None:
                problems.note(f"row {name} is in no entry of the log: it was added behind its back")
            elif told != commitment(values_of(row), salt_of(row, session, salts)):
                problems.note(f"row {name} is not what the log says: it was edited")
            session.expunge(row)
    for name in expected:
        problems.note(f"row {name} is missing: it was removed behind the log's back")
    return rows


def _compare_index(store: Store, session: Session, problems: _Problems) -> None:
    try:
        with Index.open(store.folder / INDEX) as index:
            held: dict[str, list[tuple[str, int]]] = {}
            for one in index.recordings():
                held.setdefault(one.name, []).append((one.medium, one.number))
            for number, fingerprint in session.execute(select(RecordingRow.id, RecordingRow.fingerprint)):
                blobs = _blobs(index, held.pop(number, []))
                if fingerprints_hash(blobs) != fingerprint:
                    problems.note(f"the fingerprints of recording {number} are missing or were exchanged")
    except Error as error:
        problems.note(f"the index of fingerprints cannot be read: {error}")
        return
    for number in held:
        problems.note(f"the index holds fingerprints under {number!r}, which is no recording")


def _blobs(index: Index, media: Iterable[tuple[str, int]]) -> dict[str, bytes]:
    return {medium: index.store.blob(number) for medium, number in media}
