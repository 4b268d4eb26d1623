"""Between the tables' rows and what the registry answers with."""

from __future__ import annotations

from dataclasses import fields

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from birthmark.errors import ArgumentError, FormatError
from birthmark.keys import Key
from birthmark.registry.fingerprints import Described
from birthmark.registry.models import DeliveryRow, KeyRow, PersonRow, RecordingRow
from birthmark.registry.records import Delivery, Person, PersonKey, Recording
from birthmark.registry.store import Change, now
from birthmark.registry.vault import Vault


def person(row: PersonRow) -> Person:
    """A person as answered."""
    return Person(row.id, row.handle, row.created_at, row.forgotten_at)


def person_row(session: Session, who: Person | int | str) -> PersonRow:
    """Somebody's row, by id (int) or handle (str); raises ArgumentError for nobody and for the forgotten."""
    name = who.id if isinstance(who, Person) else who
    wanted = PersonRow.handle == name if isinstance(name, str) else PersonRow.id == name
    row = session.scalars(select(PersonRow).where(wanted)).first()
    if row is None:
        raise ArgumentError(f"person {name!r} is not in the registry")
    if row.forgotten_at is not None:
        raise ArgumentError(f"person {row.id} was forgotten at {row.forgotten_at}")
    return row


def key_rows(session: Session, person_id: int | None) -> list[KeyRow]:
    """A person's keys or everybody's, by person, the newest first."""
    wanted = select(KeyRow).order_by(KeyRow.person_id, KeyRow.generation.desc())
    return list(session.scalars(wanted if person_id is None else wanted.where(KeyRow.person_id == person_id)))


def new_key(vault: Vault, person_id: int, generation: int) -> KeyRow:
    """A new key, sealed."""
    key = Key.generate()
    sealed = vault.seal(key.secret(), _place(person_id, generation))
    return KeyRow(person_id=person_id, generation=generation, public_id=key.id, sealed=sealed, created_at=now())


def open_key(vault: Vault, row: KeyRow) -> PersonKey:
    """A key, opened. Raises FormatError where it was exchanged."""
    key = Key(vault.open(row.sealed, _place(row.person_id, row.generation)))
    if key.id != row.public_id:
        raise FormatError(f"the registry's {_place(row.person_id, row.generation)} has another id than is written")
    return PersonKey(row.person_id, row.generation, key)


def _place(person_id: int, generation: int) -> str:
    return f"key {generation} of person {person_id}"


def recording(row: RecordingRow) -> Recording:
    """A recording as answered."""
    return Recording(
        row.id, row.person_id, row.sha256, row.name, row.media, row.duration_s, row.profile, row.created_at
    )


def find_recording(session: Session, person_id: int, sha256: str) -> RecordingRow | None:
    """A person's recording of this content."""
    wanted = select(RecordingRow).where(RecordingRow.person_id == person_id, RecordingRow.sha256 == sha256)
    return session.scalars(wanted).first()


def add_recording(change: Change, name: str, person_id: int, described: Described) -> RecordingRow:
    """The row of a recording: a new one, or that of another process that was quicker."""
    person_row(change.session, person_id)  # not forgotten meanwhile
    known = find_recording(change.session, person_id, described.sha256)
    if known is not None:
        return known
    row = RecordingRow(
        id=name,
        person_id=person_id,
        sha256=described.sha256,
        name=described.name,
        media=described.media,
        duration_s=float(described.duration_s),
        fingerprint=described.fingerprint,
        profile=described.profile,
        created_at=now(),
    )
    change.add(row)
    return row


def delivery(row: DeliveryRow) -> Delivery:
    """A delivery as answered."""
    return Delivery(*(getattr(row, name) for name in _DELIVERY))


_DELIVERY = [field.name for field in fields(Delivery)]
DELIVERY_OF = select(*(getattr(DeliveryRow, name) for name in _DELIVERY)).where(
    DeliveryRow.mark_id == bindparam("mark_id")
)
"""The columns of the delivery that `mark_id` names, in the order of `Delivery`."""
