"""`birthmark scan`: look through files for everything a registry knows."""

from __future__ import annotations

import dataclasses
import math
import shlex
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from birthmark.cli.common import EXIT_INTERRUPTED, JsonOption, counted, exit_status, plain, print_json, warn
from birthmark.cli.secret import KeyFileOption, PassphraseFileOption, open_registry
from birthmark.errors import ArgumentError

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from birthmark.evidence.records import Hit
    from birthmark.scan import FileResult, Progress
    from birthmark.scan.run import OnProgress

_GROUPS = {
    "watermark": ("audio-watermark", "video-watermark"),
    "signature": ("voice-signature",),
    "fingerprint": ("audio-fingerprint", "video-fingerprint"),
    "audio": ("audio-watermark", "voice-signature", "audio-fingerprint"),
    "video": ("video-watermark", "video-fingerprint"),
}


def scan(
    *,
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE...", help="Files, folders, globs; - reads names from standard input."),
    ] = None,
    registry: Annotated[
        Path, typer.Option("--registry", "-r", metavar="FOLDER", help="The registry.", show_default=False)
    ],
    passphrase_file: PassphraseFileOption = None,
    key_file: KeyFileOption = None,
    layers: Annotated[
        str,
        typer.Option(help="Lines to run, with commas: audio, video, watermark, signature, fingerprint or full names."),
    ] = "audio,video",
    thorough: Annotated[
        bool,
        typer.Option("--thorough", help="Also look for every key in pictures of changed geometry: many times slower."),
    ] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="Processes side by side.")] = 1,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="Results: a new folder, or with --resume the old one.")
    ] = Path("birthmark-results"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the scan that --out holds.")] = False,
    time_limit: Annotated[float, typer.Option(help="Seconds that one file may take.")] = 3600.0,
    memory_limit: Annotated[int, typer.Option(help="Megabytes that one file may take.")] = 2048,
    as_json: JsonOption = False,
) -> None:
    """Look through files for everything a registry knows: marks, voices and fingerprints.

    Results are kept in --out as they come; a scan that was stopped goes on with --resume. Exit status: 0 found, 1
    nothing found, 2 a file or folder could not be searched. Example: birthmark scan downloads --registry mine -j 2
    """
    from birthmark import scan as scanning

    chosen = lines_of(layers)
    limits = scanning.Limits(time_s=time_limit, memory_mb=memory_limit)
    if resume == bool(sources) and not resume:
        raise ArgumentError("no SOURCE; allowed: files, folders, globs, - or, with --resume, none")
    with open_registry(registry, passphrase_file, key_file) as known, _progress(quiet=as_json) as report:
        options: dict[str, Any] = {"jobs": jobs, "limits": limits, "progress": report}
        if resume:
            results = scanning.resume(out, known, **options)
        else:
            results = scanning.scan(
                sources or [],
                known,
                out=out,
                lines=chosen,
                thorough=thorough,
                command=shlex.join(["birthmark", *sys.argv[1:]]),
                **options,
            )
        try:
            with closing(results):
                for result in results:
                    if not as_json:
                        _print(result)
        except KeyboardInterrupt:
            warn(f"interrupted; what was found is in {out}, go on with --resume")
            raise typer.Exit(EXIT_INTERRUPTED) from None
    _finish(out, as_json)


def lines_of(layers: str) -> tuple[str, ...]:
    """Lines of evidence that a list of names and groups means."""
    from birthmark.evidence import LINES

    chosen: set[str] = set()
    for name in layers.split(","):
        group = _GROUPS.get(name.strip(), (name.strip(),))
        if not set(group) <= set(LINES):
            raise ArgumentError(f"--layers has {name!r}; allowed: {', '.join([*_GROUPS, *LINES])}")
        chosen |= set(group)
    return tuple(line for line in LINES if line in chosen)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[OnProgress | None]:
    """Files, hours of media, hits and time left on standard error, where that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("planning", total=None)
        yield lambda state: _advance(bar, task, state)


def _advance(bar: Bar, task: TaskID, state: Progress) -> None:
    failed = f", {state.failed} failed" if state.failed else ""
    hours = f"{state.media_s / 3600:.2f} h of media"
    text = f"{state.files} of {state.files_planned} files, {hours}, {counted(state.hits, 'hit')}{failed}"
    # A file costs something however small it is.
    bar.update(
        task,
        description=text,
        total=state.bytes_planned + 4096 * state.files_planned,
        completed=state.bytes + 4096 * state.files,
    )


def _print(result: FileResult) -> None:
    if result.file.state == "failed":
        typer.echo(f"{plain(result.file.path)}: error: {plain(result.file.reason)}", err=True)
    for hit in result.hits:
        typer.echo(f"{plain(hit.path)}: {_sentence(hit)}")


def _sentence(hit: Hit) -> str:
    whose = hit.handle
    if hit.recipient:
        whose += f", delivered to {hit.recipient}"
    elif hit.recording:
        whose += f", recording {hit.recording}"
    change = f" ({hit.change})" if hit.change else ""
    doubt = "" if hit.accepted else "; too little for a scan of this size"
    where = f"{hit.start_s:.1f} to {hit.end_s:.1f} s{change}"
    sure = f"log10 p {hit.log10_p_file:.1f}, in this scan {hit.log10_p_scan:.1f}{doubt}"
    return f"{hit.line}: {whose}, {where}; {sure}"


def _finish(out: Path, as_json: bool) -> None:
    from birthmark.evidence import read_results

    results = read_results(out)
    failed = [one for one in results.files if one.state == "failed"]
    if as_json:
        print_json(
            {
                "results": str(out),
                "scan": dataclasses.asdict(results.scan),
                "files": [_document(one) for one in results.files],
                "hits": [_document(one) for one in results.hits],
            }
        )
    else:
        for folder in results.scan.unreadable:
            warn(f"not listed: {plain(folder)}")
        files, hits = counted(len(results.files), "file"), counted(len(results.accepted()), "accepted hit")
        holders = len({hit.number for hit in results.accepted()})
        typer.echo(f"{files}, {len(failed)} failed, {hits} in {holders} of them; results: {out}")
    troubled = bool(failed or results.scan.unreadable)
    raise typer.Exit(exit_status(found=bool(results.accepted()), failed=troubled))


def _document(record: Any) -> dict[str, Any]:
    """A record as JSON has it: no bytes, no values that are not numbers."""
    document = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if not isinstance(value, bytes):
            document[field.name] = None if isinstance(value, float) and not math.isfinite(value) else value
    return document


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("scan")(scan)
