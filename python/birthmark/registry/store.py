"""Transactions that cannot change a row without an entry in the log."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from birthmark.errors import ArgumentError
from birthmark.registry.chain import START, canonical, commitment, entry_hash, name_of, values_of
from birthmark.registry.database import engine_of, session_of
from birthmark.registry.models import Base, LogRow, PersonRow, SettingRow
from birthmark.registry.vault import Vault

_ROWS_PER_ENTRY = 1000


def now() -> str:
    """This moment in UTC, ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Change:
    """One transaction and what it did."""

    def __init__(self, session: Session, action: str) -> None:
        self.session = session
        self.action = action
        self._rows: dict[str, Base | None] = {}
        self._new: list[Base] = []

    def add(self, *rows: Base) -> None:
        """New rows; they have their ids afterwards."""
        self.session.add_all(rows)
        self.session.flush()
        self.touch(*rows)

    def touch(self, *rows: Base) -> None:
        """Rows that were changed."""
        self._rows |= {name_of(row): row for row in rows}

    def delete(self, *rows: Base) -> None:
        """Rows that go."""
        for row in rows:
            self._rows[name_of(row)] = None
            self.session.delete(row)

    def seal(self, vault: Vault) -> None:
        """Append the entries that vouch for the rows as they are now."""
        self.session.flush()
        salts: dict[int, bytes | None] = {}
        commitments = {
            name: None if row is None else commitment(values_of(row), salt_of(row, self.session, salts))
            for name, row in self._rows.items()
        }
        last = self.session.scalars(select(LogRow).order_by(LogRow.sequence.desc()).limit(1)).first()
        sequence, previous = (last.sequence, last.hash) if last else (0, START)
        names = list(commitments)
        for start in range(0, len(names), _ROWS_PER_ENTRY):
            sequence += 1
            part = {name: commitments[name] for name in names[start : start + _ROWS_PER_ENTRY]}
            body, time = canonical({"rows": part}).decode(), now()
            digest = entry_hash(sequence, time, self.action, body, previous)
            self.session.add(
                LogRow(
                    sequence=sequence,
                    time=time,
                    action=self.action,
                    body=body,
                    previous=previous,
                    hash=digest,
                    signature=vault.sign(bytes.fromhex(digest)),
                )
            )
            previous = digest
        self.session.flush()


def salt_of(row: Base, session: Session, known: dict[int, bytes | None]) -> bytes | None:
    """The salt that a row's commitment is made with: that of its person; None for others and forgotten ones."""
    if isinstance(row, PersonRow):
        return row.salt
    number = getattr(row, "person_id", None)
    if number is None:
        return None
    if number not in known:
        person = session.get(PersonRow, number)
        known[number] = None if person is None else person.salt
    return known[number]


class Store:
    """The database of one registry, and its vault where that was unlocked."""

    def __init__(self, folder: Path, vault: Vault | None) -> None:
        self.folder = folder
        self.vault = vault
        self.engine = engine_of(folder)

    def close(self) -> None:
        """Release the connections."""
        self.engine.dispose()

    def unlocked(self) -> Vault:
        """The vault. Raises ArgumentError where the registry was opened without its secret."""
        if self.vault is None:
            raise ArgumentError("the registry was opened without its passphrase or key file; that needs it")
        return self.vault

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only reads."""
        with session_of(self.engine, self.folder, write=False) as session:
            yield session

    @contextlib.contextmanager
    def changing(self, action: str) -> Iterator[Change]:
        """A transaction that changes rows and says so in the log: all of it or nothing."""
        vault = self.unlocked()
        with session_of(self.engine, self.folder, write=True) as session:
            # One writer at a time, on databases that lock rows: the next entry must follow this one.
            session.scalars(select(SettingRow).where(SettingRow.name == "id").with_for_update()).first()
            change = Change(session, action)
            yield change
            change.seal(vault)
