"""Sightings: what scans found."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from hashlib import blake2b

from sqlalchemy import select
from sqlalchemy.orm import Session

from birthmark.errors import ArgumentError
from birthmark.registry import rows
from birthmark.registry.chain import canonical
from birthmark.registry.models import DeliveryRow, RecordingRow, SightingRow
from birthmark.registry.records import NewSighting, Sighting
from birthmark.registry.store import Change, Store, now

_FIELDS = [field.name for field in dataclasses.fields(NewSighting)]
_ASKED_AT_ONCE = 500


def all_of(session: Session, person_id: int | None) -> list[Sighting]:
    """Everybody's sightings or a person's, in the order in which they were added."""
    wanted = select(SightingRow).order_by(SightingRow.id)
    if person_id is not None:
        wanted = wanted.where(SightingRow.person_id == person_id)
    return [Sighting(**{name: getattr(row, name) for name in _FIELDS}, id=row.id) for row in session.scalars(wanted)]


def add(store: Store, found: Sequence[NewSighting]) -> int:
    """Add those that are not there yet, all or nothing; how many were new."""
    checked = [_checked(one) for one in found]
    by_digest = {_digest(one): one for one in checked}
    with store.changing("sighting") as change:
        digests = list(by_digest)
        for start in range(0, len(digests), _ASKED_AT_ONCE):
            part = digests[start : start + _ASKED_AT_ONCE]
            for known in change.session.scalars(select(SightingRow.digest).where(SightingRow.digest.in_(part))):
                del by_digest[known]
        _check_references(change, list(by_digest.values()))
        new = []
        for digest, one in by_digest.items():
            values = {name: getattr(one, name) for name in _FIELDS} | {"seen_at": one.seen_at or now()}
            new.append(SightingRow(digest=digest, **values))
        change.add(*new)
    return len(new)


def _digest(one: NewSighting) -> str:
    """A scan's find by what makes it that find; not by when it was seen or how sure it was."""
    parts = [one.scan_id, one.file_sha256, one.file_name, one.line, one.person_id, one.delivery_id, one.recording_id]
    return blake2b(canonical([*parts, one.start_s, one.end_s]), digest_size=16).hexdigest()


def _checked(one: NewSighting) -> NewSighting:
    """With plain floats, as they come back from the database: the log's commitment must not depend on the spelling."""
    for name in ("scan_id", "file_sha256", "line"):
        if not getattr(one, name):
            raise ArgumentError(f"sighting's {name} is empty; allowed: a text")
    if not one.log10_p <= 0 or math.isinf(one.log10_p):
        raise ArgumentError(f"sighting's log10_p is {one.log10_p}; allowed: a number, 0 or less")
    if not 0 <= one.start_s <= one.end_s < math.inf:
        raise ArgumentError(f"sighting is from {one.start_s} to {one.end_s} s; allowed: 0 <= start <= end")
    return dataclasses.replace(one, start_s=float(one.start_s), end_s=float(one.end_s), log10_p=float(one.log10_p))


def _check_references(change: Change, found: Sequence[NewSighting]) -> None:
    for number in {one.person_id for one in found}:
        rows.person_row(change.session, number)
    for delivery in {one.delivery_id for one in found} - {None}:
        if change.session.get(DeliveryRow, delivery) is None:
            raise ArgumentError(f"sighting's delivery_id is {delivery}; allowed: one of the registry's deliveries")
    for recording in {one.recording_id for one in found} - {None}:
        if change.session.get(RecordingRow, recording) is None:
            raise ArgumentError(f"sighting's recording_id is {recording!r}; allowed: one of the registry's recordings")
