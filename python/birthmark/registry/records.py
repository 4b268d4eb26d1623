"""What the registry answers with."""

from __future__ import annotations

from dataclasses import dataclass

from birthmark.keys import Key


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody under a pseudonymous handle; a forgotten person has none."""

    id: int
    handle: str | None
    created_at: str
    forgotten_at: str | None = None


@dataclass(frozen=True, slots=True)
class PersonKey:
    """One generation of a person's key; generation 1 is the first."""

    person_id: int
    generation: int
    key: Key


@dataclass(frozen=True, slots=True)
class Recording:
    """An original that was registered. The media itself is never kept."""

    id: str
    """16 hexadecimal digits; the index holds the fingerprints under this name."""
    person_id: int
    sha256: str
    """Of the file's bytes."""
    name: str
    """The file's name when it was registered, without folder."""
    media: str
    """"audio", "video" or "audio+video"."""
    duration_s: float
    profile: bytes | None
    """`birthmark.signature.Profile` of the unmarked voice, serialised; None where there is too little speech."""
    created_at: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One marked copy of a recording, handed to one recipient."""

    id: int
    mark_id: int
    """64 bits, drawn at random; what the mark in the copy says."""
    person_id: int
    recording_id: str | None
    """None once the person was forgotten."""
    key_id: str
    """Public id of the key that marked it."""
    recipient: str
    licence: str | None
    file_name: str | None
    file_sha256: str | None
    """Of the marked copy."""
    created_at: str
    revoked_at: str | None
    revoked_why: str | None


@dataclass(frozen=True, slots=True)
class NewSighting:
    """A find of a scan, to be added: `delivery_id` where a mark names it, `recording_id` where a fingerprint does."""

    scan_id: str
    file_sha256: str
    file_name: str
    line: str
    """Line of evidence, e.g. "audio-watermark"."""
    person_id: int
    start_s: float
    end_s: float
    log10_p: float
    delivery_id: int | None = None
    recording_id: str | None = None
    seen_at: str | None = None
    """UTC in ISO 8601; None: now."""


@dataclass(frozen=True, slots=True)
class Sighting(NewSighting):
    """A find that is in the registry."""

    id: int = 0


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of the log: what was done when, and commitments to the rows that it changed."""

    sequence: int
    time: str
    action: str
    hash: str
