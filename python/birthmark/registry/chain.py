"""The log's arithmetic: canonical JSON, entries that name the hash of the one before, commitments to rows.

The log says what was done to which row, and commits to the row's new contents with a hash; it never holds the contents.
A row that belongs to a person is hashed under that person's random salt. Erasing the salt makes the commitments
worthless to whoever guesses, and leaves the chain as it was.
"""

from __future__ import annotations

import json
from functools import cache
from hashlib import blake2b
from typing import Any

from sqlalchemy import inspect

from birthmark.registry.models import Base

START = "0" * 64
"""Stands for the entry before the first."""


def canonical(value: Any) -> bytes:
    """JSON with one spelling: sorted names, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def entry_hash(sequence: int, time: str, action: str, body: str, previous: str) -> str:
    """BLAKE2b-256 of one entry, 64 hexadecimal digits."""
    parts = canonical([sequence, time, action, body, previous])
    return blake2b(parts, digest_size=32, person=b"birthmark-log-1").hexdigest()


def commitment(values: dict[str, Any], salt: bytes | None) -> str:
    """Keyed hash of a row's contents, 64 hexadecimal digits."""
    plain = {name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()}
    return blake2b(canonical(plain), digest_size=32, key=salt or b"", person=b"birthmark-row-1").hexdigest()


def values_of(row: Base) -> dict[str, Any]:
    """A row's columns by name."""
    return {name: getattr(row, name) for name in _columns(type(row))[0]}


def name_of(row: Base) -> str:
    """How the log calls a row: its table and its primary key."""
    return f"{row.__tablename__}:{getattr(row, _columns(type(row))[1])}"


@cache
def _columns(table: type[Base]) -> tuple[tuple[str, ...], str]:
    mapper = inspect(table)
    return tuple(attribute.key for attribute in mapper.column_attrs), str(mapper.primary_key[0].name)
