"""Marking a copy and registering it: both or neither.

The copy is made in a folder beside its target. One transaction registers the recording, where it is new, and the
delivery; only then is the copy renamed to its target. A kill before the transaction leaves neither (what was made is
removed by whoever opens the registry next), a kill after it leaves both (the same one does the renaming).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from birthmark.errors import ArgumentError, MediaError
from birthmark.keys import Key
from birthmark.recordings import embed_recording
from birthmark.registry import rows
from birthmark.registry.fingerprints import Described, add_to_index, sha256_of
from birthmark.registry.models import DeliveryRow
from birthmark.registry.store import Store, now
from birthmark.registry.unfinished import Note, noted, workplace_of


@dataclass(frozen=True)
class Order:
    """What is to be delivered to whom."""

    source: Path
    target: Path
    recipient: str
    licence: str
    strength: float
    codec: str
    crf: float | None

    def checked(self) -> Order:
        """Itself; raises ArgumentError or MediaError before anything is done."""
        if not self.recipient.strip():
            raise ArgumentError(f"recipient is {self.recipient!r}; allowed: a name")
        if not self.licence.strip():
            raise ArgumentError("licence is empty; allowed: the text under which the copy is handed over")
        if self.target.exists():
            raise ArgumentError(f"target {self.target} exists; allowed: a new name")
        if not self.target.parent.is_dir():
            raise MediaError(f"{self.target}: the folder {self.target.parent} does not exist")
        return self


def deliver(
    store: Store,
    order: Order,
    person_id: int,
    key: Key,
    recording: str | Described,
    *,
    progress: Callable[[float], None] | None = None,
) -> tuple[int, tuple[str, ...]]:
    """Returns the mark ID and the names of streams that the copy has lost.

    `recording` is the id of a registered one, or what is to be registered.
    """
    mark_id = _new_mark_id(store)
    target = order.target.absolute()
    workplace = workplace_of(target)
    copy = workplace / target.name
    new_name = "" if isinstance(recording, str) else secrets.token_hex(8)
    names = (new_name,) if new_name else ()
    with noted(store, Note(names, mark_id, str(workplace), str(target))):
        workplace.mkdir(mode=0o700)
        report = embed_recording(
            order.source,
            copy,
            mark_id,
            key,
            strength=order.strength,
            codec=order.codec,
            crf=order.crf,
            progress=progress,
        )
        _sync(copy)
        digest = sha256_of(copy)
        if not isinstance(recording, str):
            add_to_index(store.folder, new_name, recording)
        with store.changing("deliver") as change:
            rows.person_row(change.session, person_id)  # not forgotten meanwhile
            recording_id = (
                recording
                if isinstance(recording, str)
                else rows.add_recording(change, new_name, person_id, recording).id
            )
            change.add(
                DeliveryRow(
                    mark_id=mark_id,
                    person_id=person_id,
                    recording_id=recording_id,
                    key_id=key.id,
                    recipient=order.recipient,
                    licence=order.licence,
                    file_name=target.name,
                    file_sha256=digest,
                    created_at=now(),
                )
            )
    return mark_id, report.dropped


def _new_mark_id(store: Store) -> int:
    """64 random bits that name no delivery yet; the database refuses them should another process draw the same."""
    while True:
        mark_id = secrets.randbits(64)
        with store.reading() as session:
            taken = session.scalars(select(DeliveryRow.id).where(DeliveryRow.mark_id == mark_id)).first()
        if mark_id and taken is None:
            return mark_id


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
