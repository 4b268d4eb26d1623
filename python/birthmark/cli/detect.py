"""`birthmark detect`: look for marks in recordings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from birthmark.cli.common import JsonOption, exit_status, print_json, progress
from birthmark.errors import ArgumentError, Error

if TYPE_CHECKING:
    from birthmark.keys import Key
    from birthmark.watermark import Detection


def detect(
    *,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Suspect recordings.", show_default=False)],
    keys: Annotated[
        list[Path],
        typer.Option(
            "--key",
            "-k",
            "--key2",
            metavar="KEYFILE",
            help="Key file; give it again for more keys.",
            show_default=False,
        ),
    ],
    ids: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Issued mark IDs, 16 hex digits a line: finds passages too short to decode."),
    ] = None,
    search: Annotated[str, typer.Option(help='"full": also changed speed, tempo, pitch; "plain": not.')] = "full",
    max_log10_p: Annotated[float, typer.Option(help="Report marks with at most this log10 p-value.")] = -6.0,
    threads: Annotated[int, typer.Option(help="Threads per file.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Find marks in recordings, with where they are and how sure that is.

    A file that cannot be read is reported and the others are searched all the same. Exit status: 0 a mark was found, 1
    none, 2 a file failed. Example: birthmark detect download.mp3 --key my.key --json
    """
    from birthmark.keys import Key

    if search not in ("full", "plain"):
        raise ArgumentError(f"--search is {search!r}; allowed: full and plain")
    if not max_log10_p <= 0:
        raise ArgumentError(f"--max-log10-p is {max_log10_p}; allowed: 0 or less")
    secrets = [Key.load(path) for path in keys]
    issued = [] if ids is None else read_ids(ids)
    options = {"search": search, "issued": issued, "max_log10_p": max_log10_p, "threads": threads}
    results = []
    with progress("searching", len(files), quiet=as_json) as advance:
        for path in files:
            results.append(_one(path, secrets, options))
            advance(1)
            if not as_json:
                _print(results[-1])
    if as_json:
        print_json({"files": results})
    found = any(result["detections"] for result in results)
    raise typer.Exit(exit_status(found=found, failed=any(result["error"] for result in results)))


def read_ids(path: Path) -> list[int]:
    """Issued mark IDs of a text file, one a line; empty lines and lines that start with # are skipped."""
    from birthmark.watermark import parse_payload

    numbers = []
    with path.open(encoding="utf-8", errors="replace") as lines:
        for count, line in enumerate(lines, 1):
            text = line.strip()
            if text and not text.startswith("#"):
                try:
                    numbers.append(parse_payload(text))
                except ArgumentError as error:
                    raise ArgumentError(f"{path} line {count}: {error}") from error
    if not numbers:
        raise ArgumentError(f"--ids {path} has no IDs; allowed: 1 or more lines of 16 hexadecimal digits")
    return numbers


def _one(path: Path, secrets: list[Key], options: dict[str, Any]) -> dict[str, Any]:
    from birthmark.recordings import detect_recording

    try:
        result = detect_recording(path, secrets, **options)
    except (Error, OSError) as error:
        return {"file": str(path), "duration_s": None, "detections": [], "error": str(error)}
    found = [_document(one) for one in result.sound] + [one.as_json() for one in result.picture]
    return {"file": str(path), "duration_s": result.duration_s, "detections": found, "error": None}


def _document(found: Detection) -> dict[str, Any]:
    return {
        "layer": "audio-watermark",
        "payload": f"{found.payload:016x}",
        "key": found.key,
        "start_s": round(found.start_s, 3),
        "end_s": round(found.end_s, 3),
        "speed": round(found.speed, 4),
        "pitch": round(found.pitch, 4),
        "log10_p": round(found.log10_p, 2),
        "reliability": round(found.reliability, 3),
        "issued": found.issued,
    }


def _print(result: dict[str, Any]) -> None:
    if result["error"]:
        typer.echo(f"{result['file']}: error: {result['error']}", err=True)
    elif not result["detections"]:
        typer.echo(f"{result['file']}: no mark found in {result['duration_s']:.1f} s")
    for one in result["detections"]:
        layer = "picture" if "geometry" in one else "sound"
        warp = "".join(f", {what} x{one[what]:g}" for what in ("speed", "pitch") if abs(one.get(what, 1) - 1) > 0.002)
        typer.echo(
            f"{result['file']}, {layer}: mark {one['payload']} of key {one['key']} "
            f"from {one['start_s']:.1f} to {one['end_s']:.1f} s{warp}; p = 10^{one['log10_p']:.0f}"
        )


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("detect")(detect)
