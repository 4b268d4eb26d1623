"""The registry's tables. Times are text in UTC, mark IDs are stored as signed numbers, secrets only sealed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Dialect, Double, ForeignKey, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

# SQLite numbers rows by itself only where the type is INTEGER.
RowId = BigInteger().with_variant(Integer(), "sqlite")


class MarkId(TypeDecorator[int]):
    """64 bits without sign, in the signed 64-bit column that every database has."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """To the column."""
        return None if value is None else value - (1 << 64) if value >> 63 else value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """From the column."""
        return None if value is None else int(value) & 0xFFFF_FFFF_FFFF_FFFF


class Base(DeclarativeBase):
    """All tables."""


class SettingRow(Base):
    """The vault's parameters, the public signing key, the registry's id."""

    __tablename__ = "settings"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class PersonRow(Base):
    """Somebody. `salt` keeps the log's commitments from being guessed; forgetting erases it."""

    __tablename__ = "persons"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    handle: Mapped[str | None] = mapped_column(String(200), unique=True)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[str] = mapped_column(String(32))
    forgotten_at: Mapped[str | None] = mapped_column(String(32))


class KeyRow(Base):
    """One generation of a person's key."""

    __tablename__ = "keys"
    __table_args__ = (UniqueConstraint("person_id", "generation", name="keys_generation"),)
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    person_id: Mapped[int] = mapped_column(RowId, ForeignKey("persons.id"))
    generation: Mapped[int] = mapped_column(Integer)
    public_id: Mapped[str] = mapped_column(String(16), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[str] = mapped_column(String(32))


class DecoyRow(Base):
    """Keys drawn with a person's first and never used: what a dataset test compares with."""

    __tablename__ = "decoys"
    person_id: Mapped[int] = mapped_column(RowId, ForeignKey("persons.id"), primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class RecordingRow(Base):
    """An original. `fingerprint` is a hash of what the index holds under its id."""

    __tablename__ = "recordings"
    __table_args__ = (UniqueConstraint("person_id", "sha256", name="recordings_content"),)
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    person_id: Mapped[int] = mapped_column(RowId, ForeignKey("persons.id"))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    name: Mapped[str] = mapped_column(Text)
    media: Mapped[str] = mapped_column(String(32))
    duration_s: Mapped[float] = mapped_column(Double)
    fingerprint: Mapped[str] = mapped_column(String(64))
    profile: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[str] = mapped_column(String(32))


class DeliveryRow(Base):
    """One marked copy for one recipient."""

    __tablename__ = "deliveries"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    mark_id: Mapped[int] = mapped_column(MarkId, unique=True)
    person_id: Mapped[int] = mapped_column(RowId, ForeignKey("persons.id"), index=True)
    recording_id: Mapped[str | None] = mapped_column(ForeignKey("recordings.id"), index=True)
    key_id: Mapped[str] = mapped_column(String(16))
    recipient: Mapped[str] = mapped_column(Text)
    licence: Mapped[str | None] = mapped_column(Text)
    file_name: Mapped[str | None] = mapped_column(Text)
    file_sha256: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[str] = mapped_column(String(32))
    revoked_at: Mapped[str | None] = mapped_column(String(32))
    revoked_why: Mapped[str | None] = mapped_column(Text)


class SightingRow(Base):
    """A find of a scan. `digest` names its contents, so that a scan that is resumed adds nothing twice."""

    __tablename__ = "sightings"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    digest: Mapped[str] = mapped_column(String(32), unique=True)
    scan_id: Mapped[str] = mapped_column(String(64), index=True)
    file_sha256: Mapped[str] = mapped_column(String(64))
    file_name: Mapped[str] = mapped_column(Text)
    line: Mapped[str] = mapped_column(String(32))
    person_id: Mapped[int] = mapped_column(RowId, ForeignKey("persons.id"), index=True)
    delivery_id: Mapped[int | None] = mapped_column(RowId, ForeignKey("deliveries.id"), index=True)
    recording_id: Mapped[str | None] = mapped_column(ForeignKey("recordings.id"))
    start_s: Mapped[float] = mapped_column(Double)
    end_s: Mapped[float] = mapped_column(Double)
    log10_p: Mapped[float] = mapped_column(Double)
    seen_at: Mapped[str] = mapped_column(String(32))


class LogRow(Base):
    """One entry of the append-only log."""

    __tablename__ = "log"
    sequence: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    time: Mapped[str] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(String(32))
    body: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(128))


LOGGED: tuple[type[Base], ...] = (
    SettingRow,
    PersonRow,
    KeyRow,
    DecoyRow,
    RecordingRow,
    DeliveryRow,
    SightingRow,
)
"""Tables whose every row the log vouches for."""
