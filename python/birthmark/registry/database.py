"""Where the registry's database is, and what is special about it. Nothing outside this module knows SQLite."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from birthmark.errors import MediaError

BUSY_S = 30.0
"""How long a writer waits for another."""

FILE = "registry.db"


def url_of(folder: Path) -> URL:
    """The address of a registry's database."""
    return URL.create("sqlite", database=str(folder / FILE))


def exists(folder: Path) -> bool:
    """Whether a registry's database is there."""
    return url_of(folder).get_backend_name() != "sqlite" or (folder / FILE).is_file()


def engine_of(folder: Path) -> Engine:
    """Connections to a registry's database."""
    url = url_of(folder)
    if url.get_backend_name() != "sqlite":
        return create_engine(url)
    engine = create_engine(url, connect_args={"timeout": BUSY_S})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in ("foreign_keys=ON", "secure_delete=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes its lock at once: two that both began by reading would otherwise block each other.
        writes = connection.get_execution_options().get("birthmark_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextlib.contextmanager
def session_of(engine: Engine, folder: Path, *, write: bool) -> Iterator[Session]:
    """A transaction: committed at the end of the block where `write`, undone on any error.

    Raises MediaError where the database cannot be read or written; nothing has changed then.
    """
    with (
        connection_of(engine, folder, write=write) as connection,
        Session(connection, expire_on_commit=False) as session,
    ):
        yield session
        if write:
            session.commit()


@contextlib.contextmanager
def connection_of(engine: Engine, folder: Path, *, write: bool = False) -> Iterator[Connection]:
    """A connection with a transaction that is undone unless it is committed. Errors: those of `session_of`."""
    try:
        with engine.connect() as connection:
            yield connection.execution_options(birthmark_writes=True) if write else connection
    except DBAPIError as error:
        raise MediaError(_explain(error, folder, write)) from error


def _explain(error: DBAPIError, folder: Path, write: bool) -> str:
    said = str(error.orig)
    undone = "; nothing was changed" if write else ""
    if isinstance(error, OperationalError) and "locked" in said:
        return f"registry {folder}: another process has been writing to it for {BUSY_S:.0f} s; try again{undone}"
    if "full" in said or "disk I/O" in said:
        return f"registry {folder}: the disk is full or failing ({said}){undone}"
    return f"registry {folder}: {said}{undone}"
