"""Erasing a person: keys, fingerprints, profiles and personal fields go, the log stays verifiable.

What remains: that somebody was enrolled and forgotten, and for each delivery its mark ID, recipient and dates, so that
no mark ID is given twice and the recipients' side of the books stays whole.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from birthmark.registry import rows
from birthmark.registry.models import DecoyRow, DeliveryRow, KeyRow, RecordingRow, SightingRow
from birthmark.registry.records import Person
from birthmark.registry.store import Store, now
from birthmark.registry.unfinished import Note, noted


@dataclass(frozen=True)
class Forgotten:
    """What was erased, and how many deliveries keep only mark ID, recipient and dates."""

    person_id: int
    keys: int
    recordings: int
    sightings: int
    deliveries: int


def forget(store: Store, person: Person | int | str) -> Forgotten:
    """Erase a person; raises ArgumentError for nobody and for the forgotten."""
    with store.reading() as session:
        number = rows.person_row(session, person).id
        names = tuple(session.scalars(select(RecordingRow.id).where(RecordingRow.person_id == number)))
    # The index follows the database: what that no longer holds is erased, by us or by whoever comes next.
    with noted(store, Note(recordings=names)), store.changing("forget") as change:
        session = change.session
        someone = rows.person_row(session, number)
        sightings = session.scalars(select(SightingRow).where(SightingRow.person_id == number)).all()
        keys = session.scalars(select(KeyRow).where(KeyRow.person_id == number)).all()
        decoys = session.scalars(select(DecoyRow).where(DecoyRow.person_id == number)).all()
        deliveries = session.scalars(select(DeliveryRow).where(DeliveryRow.person_id == number)).all()
        recordings = session.scalars(select(RecordingRow).where(RecordingRow.person_id == number)).all()
        change.delete(*sightings, *keys, *decoys)
        for delivery in deliveries:
            delivery.recording_id = delivery.licence = delivery.file_name = None
            delivery.file_sha256 = delivery.revoked_why = None
        session.flush()
        change.delete(*recordings)
        someone.handle = someone.salt = None
        someone.forgotten_at = now()
        change.touch(someone, *deliveries)
    return Forgotten(number, len(keys), len(recordings), len(sightings), len(deliveries))
