"""Steps that no database transaction can hold, files and the index: either finished or undone after a kill.

Before such a step begins, a note in the registry's folder says what it touches, and the process keeps that note locked.
The transaction in the database decides. Whoever finds a note that nobody locks any more looks into the database: what
was committed is brought to its end, everything else is removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from sqlalchemy import select

from birthmark.errors import MediaError
from birthmark.registry.fingerprints import erase
from birthmark.registry.models import DeliveryRow, RecordingRow
from birthmark.registry.store import Store

FOLDER = "unfinished"
_FORGET_DRAFTS_S = 3600.0


@dataclass(frozen=True)
class Note:
    """What a step touches."""

    recordings: tuple[str, ...] = ()
    """Names in the index that belong there only if the database has them."""
    mark_id: int | None = None
    workplace: str = ""
    """A folder beside the target, where the marked copy is made."""
    target: str = ""


def workplace_of(target: Path) -> Path:
    """A new name for the folder beside a target in which its copy is made."""
    return target.with_name(f".{target.stem}.{secrets.token_hex(4)}.delivery")


def _read(file: TextIO) -> Note:
    """The note of a file. Raises ValueError for one that we would not write: a note names what may be removed."""
    document = json.load(file)
    note = Note(tuple(document["recordings"]), document["mark_id"], document["workplace"], document["target"])
    workplace, target = Path(note.workplace), Path(note.target)
    named = re.fullmatch(rf"\.{re.escape(target.stem)}\.[0-9a-f]{{8}}\.delivery", workplace.name)
    if note.workplace and (not named or workplace.parent != target.parent or not workplace.is_absolute()):
        raise ValueError(f"workplace is {note.workplace}")
    return note


@contextlib.contextmanager
def noted(store: Store, note: Note) -> Iterator[None]:
    """Run the block so that it is finished or undone, whether it ends, fails or is killed."""
    folder = store.folder / FOLDER
    name = f"{secrets.token_hex(8)}.json"
    draft = folder / f".{name}"
    try:
        folder.mkdir(exist_ok=True)
        with draft.open("x", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            json.dump(asdict(note), file)
            file.flush()
            os.fsync(file.fileno())
            draft.replace(folder / name)
            sync_folder(folder)
            try:
                yield
            finally:
                _finish(store, note)
                (folder / name).unlink(missing_ok=True)
    except OSError as error:
        if isinstance(error, MediaError):
            raise
        raise MediaError(f"registry {store.folder}: {error.strerror}: {error.filename or note.target}") from error
    finally:
        draft.unlink(missing_ok=True)


def recover(store: Store) -> int:
    """Finish or undo what killed processes left; how many steps that were. What cannot be done now stays noted."""
    done = 0
    for path in sorted((store.folder / FOLDER).glob("*.json")):
        # One that is busy, cannot be finished here, or was not written by us, stays.
        suppressed = (OSError, ValueError, KeyError, TypeError)
        with contextlib.suppress(*suppressed), path.open("r", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists():
                _finish(store, _read(file))
                path.unlink()
                done += 1
    for draft in (store.folder / FOLDER).glob(".*.json"):
        with contextlib.suppress(OSError):
            if time.time() - draft.stat().st_mtime > _FORGET_DRAFTS_S:
                draft.unlink()
    return done


def _finish(store: Store, note: Note) -> None:
    with store.reading() as session:
        kept = set(session.scalars(select(RecordingRow.id).where(RecordingRow.id.in_(note.recordings))))
        delivered = (
            note.mark_id is not None
            and session.scalars(select(DeliveryRow.id).where(DeliveryRow.mark_id == note.mark_id)).first() is not None
        )
    gone = [name for name in note.recordings if name not in kept]
    if gone:
        erase(store.folder, gone)
    if not note.workplace:
        return
    workplace, target = Path(note.workplace), Path(note.target)
    copy = workplace / target.name
    if delivered and copy.exists():
        if target.exists():  # somebody else's by now
            target = target.with_name(f"{target.stem}-{note.mark_id:016x}{target.suffix}")
        copy.replace(target)
        sync_folder(target.parent)
    shutil.rmtree(workplace, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Make names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
