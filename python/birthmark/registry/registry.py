"""The registry: who, with which keys, recordings and deliveries; and what was sighted where."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import CursorResult, select, text
from sqlalchemy.exc import DBAPIError

from birthmark._closing import Closing
from birthmark.errors import ArgumentError, FormatError, MediaError
from birthmark.index import Index
from birthmark.keys import Key
from birthmark.registry import delivering, forgetting, migrations, rows, sightings, unfinished, verifying
from birthmark.registry.database import FILE, connection_of, exists, session_of
from birthmark.registry.fingerprints import INDEX, Described, add_to_index, describe, sha256_of
from birthmark.registry.forgetting import Forgotten
from birthmark.registry.models import DecoyRow, DeliveryRow, LogRow, PersonRow, RecordingRow, SettingRow
from birthmark.registry.records import Delivery, LogEntry, NewSighting, Person, PersonKey, Recording, Sighting
from birthmark.registry.store import Change, Store, now
from birthmark.registry.vault import Secret, Vault
from birthmark.registry.verifying import Verification
from birthmark.signature import Profile

DECOYS = 100
"""Keys drawn at enrolment and never used: what a later dataset test compares the person's key with."""


class Registry(Closing):
    """People, keys, recordings, deliveries and sightings in a folder. A context manager.

    Reading needs no secret, except what gives keys. Every change needs it, because it signs the log.
    """

    def __init__(self, store: Store) -> None:
        """Use `create` or `open`."""
        self._store = store

    @classmethod
    def create(cls, folder: str | Path, secret: Secret) -> Self:
        """A new, empty registry. `secret` is a passphrase (str) or the path of a key file of 32 bytes or more (Path).

        Raises ArgumentError where `folder` exists or the passphrase is too short, MediaError where it cannot be made.
        """
        final = Path(folder).absolute()
        if final.exists():
            raise ArgumentError(f"registry {folder} exists; allowed: a new name")
        part = final.with_name(f".{final.name}.{secrets.token_hex(4)}.part")
        vault, kept = Vault.create(secret)
        try:
            part.mkdir(mode=0o700)
            Index.create(part / INDEX).close()
            store = Store(part, vault)
            with session_of(store.engine, part, write=True) as session:
                migrations.upgrade(session.connection())
                change = Change(session, "init")
                settings = {"id": secrets.token_hex(8), "public_key": vault.public_key, "vault": kept}
                change.add(*(SettingRow(name=name, value=value) for name, value in settings.items()))
                change.seal(vault)
            store.close()
            part.rename(final)
        except OSError as error:
            if isinstance(error, MediaError):
                raise
            raise MediaError(f"registry {folder}: cannot be made: {error.strerror}") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return cls(Store(final, vault))

    @classmethod
    def open(cls, folder: str | Path, secret: Secret | None = None) -> Self:
        """An existing registry; without its secret it can only be read.

        Steps that a killed process left are finished or undone. Raises MediaError where there is none, ArgumentError
        for the wrong secret, FormatError where it is damaged or was made by a newer version.
        """
        path = Path(folder).absolute()
        if not exists(path):
            raise MediaError(f"{folder}: holds no registry; make one with 'birthmark registry init'")
        store = Store(path, None)
        try:
            _open(store, secret)
            unfinished.recover(store)
        except BaseException:
            store.close()
            raise
        return cls(store)

    def close(self) -> None:
        """Release the database."""
        self._store.close()

    @property
    def folder(self) -> Path:
        """Where the registry is."""
        return self._store.folder

    @property
    def id(self) -> str:
        """16 hexadecimal digits, drawn when it was made."""
        with self._store.reading() as session:
            return session.get_one(SettingRow, "id").value

    @property
    def public_key(self) -> str:
        """64 hexadecimal digits that check the log's signatures. Keep a copy elsewhere: see `verify`."""
        with self._store.reading() as session:
            return session.get_one(SettingRow, "public_key").value

    @property
    def unlocked(self) -> bool:
        """Whether it was opened with its secret."""
        return self._store.vault is not None

    def index(self) -> Index:
        """The fingerprints of all recordings under their ids, open for reading; close it."""
        return Index.open(self.folder / INDEX)

    # People and keys

    def persons(self) -> list[Person]:
        """Everybody, in the order of enrolment; the forgotten without their handles."""
        with self._store.reading() as session:
            return [rows.person(row) for row in session.scalars(select(PersonRow).order_by(PersonRow.id))]

    def person(self, who: Person | int | str) -> Person:
        """Somebody by id (int) or handle (str); raises ArgumentError for nobody and for the forgotten."""
        with self._store.reading() as session:
            return rows.person(rows.person_row(session, who))

    def add_person(self, handle: str) -> Person:
        """Enrol somebody under a pseudonymous handle: draws the first key and the withheld decoys.

        Raises ArgumentError where the handle is taken, empty or longer than 200 characters.
        """
        if not 0 < len(handle.strip()) <= 200 or handle != handle.strip():
            raise ArgumentError(f"handle is {handle!r}; allowed: 1 to 200 characters, no space at the ends")
        vault = self._store.unlocked()
        with self._store.changing("person") as change:
            if change.session.scalars(select(PersonRow).where(PersonRow.handle == handle)).first():
                raise ArgumentError(f"handle {handle!r} is taken; allowed: a new one")
            row = PersonRow(handle=handle, salt=secrets.token_bytes(32), created_at=now())
            change.add(row)
            decoys = vault.seal(b"".join(Key.generate().secret() for _ in range(DECOYS)), f"decoys {row.id}")
            change.add(rows.new_key(vault, row.id, 1), DecoyRow(person_id=row.id, count=DECOYS, sealed=decoys))
            return rows.person(row)

    def rotate_key(self, person: Person | int | str) -> PersonKey:
        """Draw a new key for what is delivered from now on. The older ones are kept, and searched for."""
        vault = self._store.unlocked()
        with self._store.changing("rotate") as change:
            row = rows.person_row(change.session, person)
            generation = rows.key_rows(change.session, row.id)[0].generation + 1
            change.add(rows.new_key(vault, row.id, generation))
        return self.keys(row.id)[0]

    def keys(self, person: Person | int | str | None = None) -> list[PersonKey]:
        """All generations of a person's keys, or of everybody's: by person, the newest first. Needs the secret."""
        vault = self._store.unlocked()
        with self._store.reading() as session:
            number = None if person is None else rows.person_row(session, person).id
            return [rows.open_key(vault, row) for row in rows.key_rows(session, number)]

    def decoy_keys(self, person: Person | int | str) -> list[Key]:
        """The keys withheld since the person's enrolment. Needs the secret."""
        vault = self._store.unlocked()
        with self._store.reading() as session:
            row = session.get_one(DecoyRow, rows.person_row(session, person).id)
            drawn = vault.open(row.sealed, f"decoys {row.person_id}")
        return [Key(drawn[start : start + 32]) for start in range(0, len(drawn), 32)]

    def forget(self, person: Person | int | str) -> Forgotten:
        """Erase a person's keys, fingerprints, profiles, sightings and personal fields. It cannot be undone.

        Of deliveries there remain mark ID, recipient and dates. The log stays verifiable.
        """
        self._store.unlocked()
        return forgetting.forget(self._store, person)

    # Recordings

    def recordings(self, person: Person | int | str | None = None) -> list[Recording]:
        """All recordings, or a person's, in the order in which they came."""
        with self._store.reading() as session:
            wanted = select(RecordingRow).order_by(RecordingRow.created_at, RecordingRow.id)
            if person is not None:
                wanted = wanted.where(RecordingRow.person_id == rows.person_row(session, person).id)
            return [rows.recording(row) for row in session.scalars(wanted)]

    def recording(self, recording_id: str) -> Recording:
        """One recording by id; raises ArgumentError where there is none."""
        with self._store.reading() as session:
            row = session.get(RecordingRow, recording_id)
            if row is None:
                raise ArgumentError(f"recording {recording_id!r} is not in the registry")
            return rows.recording(row)

    def add_recording(self, path: str | Path, person: Person | int | str) -> Recording:
        """Register an original: its hash, fingerprints and voice profile. The same file again changes nothing.

        Raises MediaError where it cannot be read.
        """
        self._store.unlocked()
        source = Path(path)
        owner = self.person(person)
        known, described = self._known(source, owner)
        if known is not None:
            return known
        assert described is not None
        name = secrets.token_hex(8)
        with unfinished.noted(self._store, unfinished.Note(recordings=(name,))):
            add_to_index(self.folder, name, described)
            with self._store.changing("record") as change:
                row = rows.add_recording(change, name, owner.id, described)
        return self.recording(row.id)

    def profile(self, person: Person | int | str) -> Profile | None:
        """How a person's unmarked voice shapes its spectrum, from all recordings; None where none has speech."""
        found = [Profile.from_bytes(one.profile) for one in self.recordings(person) if one.profile is not None]
        seconds = sum(one.speech_s for one in found)
        if not found:
            return None
        return Profile(np.sum([one.values * (one.speech_s / seconds) for one in found], axis=0), seconds)

    def _known(self, source: Path, owner: Person) -> tuple[Recording | None, Described | None]:
        """The recording with this file's content, or what is to be registered of it."""
        sha256 = sha256_of(source)
        with self._store.reading() as session:
            row = rows.find_recording(session, owner.id, sha256)
        return (None, describe(source, sha256)) if row is None else (rows.recording(row), None)

    # Deliveries

    def deliver(
        self,
        source: str | Path,
        target: str | Path,
        *,
        person: Person | int | str,
        recipient: str,
        licence: str,
        strength: float = 1.0,
        codec: str = "x264",
        crf: float | None = None,
        progress: Callable[[float], None] | None = None,
        dropped: Callable[[tuple[str, ...]], None] | None = None,
    ) -> Delivery:
        """Mark a copy of a recording for one recipient under one licence, and register it: both or neither.

        `source` is registered where it is not yet. `strength`, `codec`, `crf` and `progress` are those of
        `birthmark.recordings.embed_recording`, whose errors pass through; `dropped` is told the names of
        streams that the copy has lost. Raises ArgumentError where `target` exists.
        """
        order = delivering.Order(Path(source), Path(target), recipient, licence, strength, codec, crf)
        owner = self.person(person)
        key = self.keys(owner)[0].key
        known, described = self._known(order.checked().source, owner)
        recording = described or (known.id if known else "")
        mark_id, lost = delivering.deliver(self._store, order, owner.id, key, recording, progress=progress)
        if dropped is not None:
            dropped(lost)
        delivery = self.delivery_of(mark_id)
        assert delivery is not None
        return delivery

    def deliveries(self, person: Person | int | str | None = None) -> list[Delivery]:
        """All deliveries, or a person's, in the order in which they were made."""
        with self._store.reading() as session:
            wanted = select(DeliveryRow).order_by(DeliveryRow.id)
            if person is not None:
                wanted = wanted.where(DeliveryRow.person_id == rows.person_row(session, person).id)
            return [rows.delivery(row) for row in session.scalars(wanted)]

    def delivery_of(self, mark_id: int) -> Delivery | None:
        """The delivery that a mark names, or None."""
        if not 0 <= mark_id < 1 << 64:
            raise ArgumentError(f"mark_id is {mark_id}; allowed: 0 to 2**64 - 1")
        # Without the ORM: a scan asks for every mark that it finds.
        with connection_of(self._store.engine, self.folder) as connection:
            row = connection.execute(rows.DELIVERY_OF, {"mark_id": mark_id}).first()
            return None if row is None else Delivery(*row)

    def issued_ids(self, person: Person | int | str | None = None) -> NDArray[np.uint64]:
        """The mark IDs of all deliveries, or of a person's, as an array."""
        with self._store.reading() as session:
            if person is None:
                found = session.execute(text("SELECT mark_id FROM deliveries"))
            else:
                number = rows.person_row(session, person).id
                found = session.execute(text("SELECT mark_id FROM deliveries WHERE person_id = :id"), {"id": number})
            # Straight from the driver: a million rows take well under a second.
            driver = cast(CursorResult[Any], found).cursor
            return np.fromiter((row[0] for row in driver.fetchall()), np.int64).view(np.uint64)

    def revoke(self, delivery: Delivery | int, why: str = "") -> Delivery:
        """Note that a delivery's licence has ended. Raises ArgumentError where it is unknown or revoked already."""
        number = delivery.id if isinstance(delivery, Delivery) else delivery
        with self._store.changing("revoke") as change:
            row = change.session.get(DeliveryRow, number)
            if row is None:
                raise ArgumentError(f"delivery {number} is not in the registry")
            if row.revoked_at is not None:
                raise ArgumentError(f"delivery {number} was revoked at {row.revoked_at}; allowed: one that is in force")
            row.revoked_at, row.revoked_why = now(), why
            change.touch(row)
            change.session.flush()
            return rows.delivery(row)

    # Sightings and the log

    def sightings(self, person: Person | int | str | None = None) -> list[Sighting]:
        """All sightings, or a person's, in the order in which they were added."""
        with self._store.reading() as session:
            number = None if person is None else rows.person_row(session, person).id
            return sightings.all_of(session, number)

    def add_sightings(self, found: Sequence[NewSighting]) -> int:
        """Add what a scan found, all or nothing; how many were new. What is there already is passed over."""
        return sightings.add(self._store, found)

    def log(self) -> list[LogEntry]:
        """The log's entries, oldest first."""
        with self._store.reading() as session:
            columns = select(LogRow.sequence, LogRow.time, LogRow.action, LogRow.hash).order_by(LogRow.sequence)
            return [LogEntry(*row) for row in session.execute(columns)]

    def verify(self, *, public_key: str | None = None, head: str | None = None) -> Verification:
        """Check that the log is whole and that every row and fingerprint is what the log says.

        `public_key` and `head` are what was noted elsewhere: without the secret and without a noted public key, a
        thief who wrote everything anew and signed it himself is not found; without a noted head, neither is one who
        puts the folder back to an earlier state. Raises ArgumentError for other texts than 64 hexadecimal digits.
        """
        return verifying.verify(self._store, public_key=public_key, head=head)


def _open(store: Store, secret: Secret | None) -> None:
    """Check the layout, bring an older one up to date where the secret is there, unlock."""
    with store.reading() as session:
        try:
            version = session.execute(text("SELECT version_num FROM alembic_version")).scalar()
            settings = {row.name: row.value for row in session.scalars(select(SettingRow))}
            kept, public_key = settings["vault"], settings["public_key"]
        except (DBAPIError, KeyError) as error:
            raise FormatError(f"registry {store.folder}: {FILE} is not a registry's database or is damaged") from error
    if version != migrations.HEAD:
        raise FormatError(f"registry {store.folder}: its layout is {version!r}; allowed: {migrations.HEAD!r}")
    if secret is not None:
        store.vault = Vault.unlock(kept, secret)
        if store.vault.public_key != public_key:
            raise FormatError(f"registry {store.folder}: its public key was exchanged")
