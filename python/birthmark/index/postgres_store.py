"""An index on a team's PostgreSQL server: many writers and readers, one transaction for each change."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import psycopg
from numpy.typing import NDArray

from birthmark.alignment import Codes, Hits
from birthmark.errors import FormatError, MediaError
from birthmark.index.store import FORMAT_VERSION, Entry, Recording, check_version, kept

# Codes and positions are unsigned 32-bit numbers; bigint holds them as they are.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS birthmark_index (version integer NOT NULL);
CREATE TABLE IF NOT EXISTS birthmark_recording (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    medium text NOT NULL,
    duration_s double precision NOT NULL,
    blob bytea NOT NULL,
    UNIQUE (name, medium)
);
CREATE TABLE IF NOT EXISTS birthmark_posting (
    medium text NOT NULL,
    code bigint NOT NULL,
    recording integer NOT NULL REFERENCES birthmark_recording ON DELETE CASCADE,
    position bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS birthmark_posting_code ON birthmark_posting (medium, code) INCLUDE (recording, position);
CREATE INDEX IF NOT EXISTS birthmark_posting_recording ON birthmark_posting (recording);
"""

_LOOKUP = """
SELECT posting.code, posting.recording, posting.position
FROM unnest(%(codes)s::bigint[]) AS probe(code)
JOIN birthmark_posting AS posting ON posting.medium = %(medium)s AND posting.code = probe.code
"""


class PostgresStore:
    """Tables `birthmark_index`, `birthmark_recording` and `birthmark_posting` in the database of a connection string.

    Raises MediaError where the server cannot be reached, FormatError where the tables are of another version.
    """

    def __init__(self, connection: str) -> None:
        try:
            self._connection = psycopg.connect(connection, autocommit=True)
        except psycopg.OperationalError as error:
            raise MediaError(f"index on PostgreSQL: {error}") from error
        try:
            self._make_tables()
        except psycopg.OperationalError as error:
            self._connection.close()
            raise MediaError(f"index on PostgreSQL: {error}") from error
        except FormatError:
            self._connection.close()
            raise

    def _make_tables(self) -> None:
        with self._connection.transaction():
            # Two clients that create the tables at once would meet on the catalogue.
            self._connection.execute("SELECT pg_advisory_xact_lock(7213)")
            found = self._connection.execute("SELECT to_regclass('birthmark_recording')").fetchone()
            self._connection.execute(_SCHEMA)
            if found == (None,):
                self._connection.execute("INSERT INTO birthmark_index VALUES (%s)", (FORMAT_VERSION,))
            noted = self._connection.execute("SELECT version FROM birthmark_index").fetchone()
            check_version("index on PostgreSQL", noted[0] if noted else 1, "make the index anew from the recordings")

    def add(self, entries: Iterable[Entry]) -> int:
        """See Store."""
        count = 0
        with self._connection.transaction(), self._connection.cursor() as cursor:
            for entry in entries:
                cursor.execute(
                    "DELETE FROM birthmark_recording WHERE name = %s AND medium = %s", (entry.name, entry.medium)
                )
                cursor.execute(
                    "INSERT INTO birthmark_recording (name, medium, duration_s, blob) VALUES (%s, %s, %s, %s)"
                    " RETURNING number",
                    (entry.name, entry.medium, entry.duration_s, entry.blob),
                )
                row = cursor.fetchone()
                assert row is not None
                with cursor.copy("COPY birthmark_posting (medium, code, recording, position) FROM STDIN") as copy:
                    for code, position in zip(entry.codes.tolist(), entry.positions.tolist(), strict=True):
                        copy.write_row((entry.medium, code, row[0], position))
                count += 1
        return count

    def remove(self, names: Iterable[str]) -> int:
        """See Store."""
        return self._connection.execute("DELETE FROM birthmark_recording WHERE name = ANY(%s)", (list(names),)).rowcount

    def recordings(self) -> list[Recording]:
        """See Store."""
        rows = self._connection.execute("SELECT number, name, medium, duration_s FROM birthmark_recording").fetchall()
        return sorted((Recording(*row) for row in rows), key=lambda r: (r.name, r.medium))

    def lookup(self, medium: str, codes: Codes, tags: Codes) -> Hits:
        """See Store."""
        different, which = np.unique(codes, return_inverse=True)
        with self._connection.cursor(binary=True) as cursor:
            rows = cursor.execute(_LOOKUP, {"codes": different.tolist(), "medium": medium}).fetchall()
        found = np.array(rows, np.int64).reshape(-1, 3)
        order = np.argsort(which, kind="stable")
        return _join(different, tags[order], np.bincount(which, minlength=len(different)).astype(np.int64), found)

    def recording(self, number: int) -> Recording:
        """See Store."""
        row = self._connection.execute(
            "SELECT number, name, medium, duration_s FROM birthmark_recording WHERE number = %s", (number,)
        ).fetchone()
        if row is None:
            raise KeyError(number)
        return Recording(*row)

    def blob(self, number: int) -> bytes:
        """See Store."""
        row = self._connection.execute(
            "SELECT blob FROM birthmark_recording WHERE number = %s", (number,), binary=True
        ).fetchone()
        if row is None:
            raise KeyError(number)
        return bytes(row[0])

    def size_bytes(self) -> int:
        """See Store."""
        row = self._connection.execute(
            "SELECT pg_total_relation_size('birthmark_recording') + pg_total_relation_size('birthmark_posting')"
        ).fetchone()
        assert row is not None
        return int(row[0])

    def close(self) -> None:
        """See Store."""
        self._connection.close()


def _join(
    different: Codes, tags: Codes, tag_counts: NDArray[np.int64], found: np.ndarray[tuple[int, int], np.dtype[np.int64]]
) -> Hits:
    """Every posting (code, recording, position) with every tag of its code; `tags` are grouped by code."""
    which = np.searchsorted(different, found[:, 0])
    rare = kept(np.bincount(which, minlength=len(different)), tag_counts)
    found, which = found[rare[which]], which[rare[which]]
    repeats = tag_counts[which]
    first_tag = np.cumsum(tag_counts) - tag_counts
    within = np.arange(int(repeats.sum())) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    return Hits(
        tags[np.repeat(first_tag[which], repeats) + within].astype(np.uint32),
        np.repeat(found[:, 1], repeats).astype(np.uint32),
        np.repeat(found[:, 2], repeats).astype(np.uint32),
    )
