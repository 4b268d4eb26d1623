"""`birthmark index`: keep fingerprints of recordings and find the passages of them that files hold."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from birthmark.cli.common import EXIT_NOTHING_FOUND, JsonOption, counted, exit_status, plain, print_json, progress, warn
from birthmark.errors import Error

if TYPE_CHECKING:
    from birthmark.alignment import Alignment, Fingerprint

IndexPath = Annotated[Path, typer.Argument(metavar="INDEX", help="The folder of the index.", show_default=False)]
Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Recordings.", show_default=False)]

_BATCH_S = 36_000.0
"""Seconds of recordings added in one step."""


def create(index: IndexPath, as_json: JsonOption = False) -> None:
    """Make a new, empty index in the folder INDEX."""
    from birthmark.index import Index

    Index.create(index).close()
    if as_json:
        print_json({"index": str(index)})
    else:
        typer.echo(f"{index}: new index")


def add(index: IndexPath, files: Files, as_json: JsonOption = False) -> None:
    """Add the fingerprints of each FILE to INDEX under the name given; a name that is there already is replaced.

    The recordings themselves are not stored. Sound or picture in which nothing can be found again, since it is silent,
    blank or shorter than some 1.2 s, is named.
    """
    from birthmark.file_fingerprint import fingerprint_file
    from birthmark.index import Index

    rows: list[dict[str, Any]] = []
    batch: dict[tuple[str, str], Fingerprint] = {}
    with Index.open(index, write=True) as store, progress("adding", len(files)) as advance:

        def commit() -> None:
            store.add_many((name, found) for (name, _), found in batch.items())
            batch.clear()

        for file in files:
            row: dict[str, Any] = {"file": file, "media": [], "error": None}
            try:
                for found in fingerprint_file(file, query=False):
                    batch[file, found.medium] = found
                    row["media"].append(
                        {"medium": found.medium, "duration_s": found.duration_s, "searchable": found.searchable}
                    )
            except (Error, OSError) as error:
                row["error"] = str(error)
            rows.append(row)
            if sum(found.duration_s for found in batch.values()) > _BATCH_S:
                commit()
            advance(1)
        commit()
    if as_json:
        print_json({"added": rows})
    else:
        for row in rows:
            if row["error"] is None:
                what = ", ".join(f"{m['duration_s']:.1f} s of {m['medium']}" for m in row["media"])
                typer.echo(f"{plain(row['file'])}: {what}")
    for row in rows:
        for medium in (m["medium"] for m in row["media"] if not m["searchable"]):
            warn(f"{row['file']}: its {medium} is silent, blank or too short: no search will find it")
    _finish(rows, found=True, as_json=as_json)


def remove(index: IndexPath, files: Files, as_json: JsonOption = False) -> None:
    """Forget each FILE, named as it was added. Status 1 where INDEX holds none of them."""
    from birthmark.index import Index

    with Index.open(index, write=True) as store:
        known = {recording.name for recording in store.recordings()}
        store.remove(*files)
    if as_json:
        print_json({"removed": [{"file": file, "found": file in known} for file in files]})
    else:
        for file in files:
            typer.echo(f"{plain(file)}: {'removed' if file in known else 'not in the index'}")
    if not known.intersection(files):
        raise typer.Exit(EXIT_NOTHING_FOUND)


def rebuild(index: IndexPath, as_json: JsonOption = False) -> None:
    """Bring an INDEX that an earlier version made to today's, from the fingerprints that it holds.

    The recordings are not needed. Until it is done, and if it is killed, the old state stays.
    """
    from birthmark.index import Index

    count = Index.rebuild(index)
    if as_json:
        print_json({"index": str(index), "entries": count})
    else:
        typer.echo(f"{index}: {counted(count, 'fingerprint')}")


def info(index: IndexPath, as_json: JsonOption = False) -> None:
    """Say what INDEX holds."""
    from birthmark.index import Index

    with Index.open(index) as store:
        held, recordings = store.info(), store.recordings()
    media: dict[str, dict[str, Any]] = {
        m: {"recordings": held.recordings[m], "duration_s": held.duration_s[m]} for m in held.recordings
    }
    if as_json:
        rows = [{"recording": r.name, "medium": r.medium, "duration_s": r.duration_s} for r in recordings]
        print_json({"index": str(index), "size_bytes": held.size_bytes, "media": media, "recordings": rows})
        return
    typer.echo(f"{index}: {held.size_bytes / 1e6:.1f} MB")
    for medium, row in media.items():
        typer.echo(f"{medium}: {counted(row['recordings'], 'recording')}, {row['duration_s'] / 3600:.2f} hours")


def search(index: IndexPath, files: Files, as_json: JsonOption = False) -> None:
    """Find the passages of indexed recordings that each FILE, of any length, holds.

    What is listed would come from an unrelated file with a probability of at most 1e-6. Status 0 where any file holds
    a passage, 1 where none does, 2 where a file cannot be read.
    """
    from birthmark.index import Index

    rows: list[dict[str, Any]] = []
    with Index.open(index) as store, progress("searching", len(files)) as advance:
        for file in files:
            row: dict[str, Any] = {"file": file, "alignments": [], "error": None}
            try:
                row["alignments"] = [asdict(a) for a in store.search_file(file)]
            except (Error, OSError) as error:
                row["error"] = str(error)
            rows.append(row)
            advance(1)
    print_queries(rows, as_json)


def print_queries(rows: list[dict[str, Any]], as_json: bool) -> None:
    """Prints what was found in each file and leaves with the status of a search."""
    if as_json:
        print_json({"queries": rows})
    else:
        for row in rows:
            if row["error"] is None and not row["alignments"]:
                typer.echo(f"{plain(row['file'])}: nothing found")
            for a in row["alignments"]:
                typer.echo(f"{plain(row['file'])}: {_sentence(a)}")
    _finish(rows, found=any(row["alignments"] for row in rows), as_json=as_json)


def _sentence(a: dict[str, Any]) -> str:
    change = [f"speed {a['speed']:.3f}"] if abs(a["speed"] - 1) > 0.002 else []
    change += [a["geometry"]] if a["geometry"] else []
    return (
        f"{a['medium']} {a['query_start_s']:.2f}-{a['query_end_s']:.2f} s is {plain(a['recording'])} "
        f"{a['reference_start_s']:.2f}-{a['reference_end_s']:.2f} s"
        f"{' (' + ', '.join(change) + ')' if change else ''}, log10 p {a['log10_p']:.1f}"
    )


def _finish(rows: list[dict[str, Any]], *, found: bool, as_json: bool) -> None:
    failed = [row for row in rows if row["error"] is not None]
    if not as_json:
        for row in failed:
            warn(row["error"])
    status = exit_status(found=found, failed=bool(failed))
    if status:
        raise typer.Exit(status)


def alignment_rows(alignments: list[Alignment], recording: str) -> list[dict[str, Any]]:
    """Alignments as they stand in JSON, their recording named."""
    return [{**asdict(alignment), "recording": recording} for alignment in alignments]


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    group = typer.Typer(no_args_is_help=True, help="Keep fingerprints of recordings and search them.")
    for command in (create, add, remove, rebuild, info, search):
        group.command(command.__name__)(command)
    app.add_typer(group, name="index")
