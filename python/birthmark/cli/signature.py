"""`birthmark signature`: the mark that a synthetic voice inherits."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from birthmark.cli.common import (
    EXIT_ERROR,
    ForceOption,
    JsonOption,
    atomic_output,
    exit_status,
    print_json,
    progress,
    warn,
    warn_of_dropped,
)
from birthmark.errors import ArgumentError

if TYPE_CHECKING:
    from birthmark.signature import SignatureTest

KeyOption = Annotated[Path, typer.Option("--key", "-k", help="The key file.", show_default=False)]
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Sound or video files.", show_default=False)]


def embed(
    *,
    source: Annotated[Path, typer.Argument(metavar="IN", help="The recording to mark.", show_default=False)],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The marked copy.", show_default=False)],
    key: KeyOption,
    strength: Annotated[float, typer.Option(help="Depth of the mark; 1 is the tested balance.", min=0.1, max=4)] = 1.0,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Mark the voice in IN with the signature of a key and write OUT.

    The format follows the ending of OUT. Streams of a video other than the sound are kept. The copy is tested before
    it appears; silence and recordings with less than 2 s of speech are refused.
    """
    from birthmark.keys import Key
    from birthmark.media import transform_audio
    from birthmark.signature import SignatureEmbedStream

    if target.exists() and not force:
        raise ArgumentError(f"OUT is {target}, which exists; allowed: a new file, or any with --force")
    secret = Key.load(key)
    streams: list[SignatureEmbedStream] = []

    def make(rate: int, channels: int) -> SignatureEmbedStream:
        streams.append(SignatureEmbedStream(secret, rate, channels, strength))
        return streams[-1]

    dropped = transform_audio(source, target, make)
    report = streams[-1].report
    assert report is not None
    if as_json:
        print_json({"file": str(target), "key": secret.id, "report": asdict(report), "dropped": dropped})
        return
    warn_of_dropped(target, dropped)
    typer.echo(
        f"{target}: signature of key {secret.id}; {report.speech_s:.1f} s of speech; "
        f"tested with p = 10^{report.log10_p:.0f}"
    )


def detect(
    files: Files,
    key: Annotated[list[Path], typer.Option("--key", "-k", help="A key file; may be repeated.", show_default=False)],
    reference: Annotated[
        Path | None, typer.Option("--reference", help="Profile of the contributor's unmarked voice.")
    ] = None,
    pool: Annotated[bool, typer.Option("--pool", help="Decide on all files together, not on each.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Test whether the voices in files carry, or were made from a voice that carries, the signature of a key.

    Every file is tested alone and all of them together. Exit status 0 where a test is accepted (with --pool: a pooled
    one), 1 where none is.
    """
    from birthmark.keys import Key
    from birthmark.signature import Profile, detect_contrasts

    keys = [Key.load(path) for path in key]
    profile = Profile.from_bytes(reference.read_bytes()) if reference else None
    readable, found, failed = _contrasts_of(files)
    tests: list[dict[str, Any]] = []
    pooled: list[dict[str, Any]] = []
    if found:
        result = detect_contrasts(found, keys, profile)
        tests = [_row(test, path) for path, row in zip(readable, result.tests, strict=True) for test in row]
        pooled = [_row(test) for test in result.pooled]
    if as_json:
        print_json({"tests": tests, "pooled": pooled})
    else:
        for row in pooled if pool else tests:
            typer.echo(_line(row))
    raise typer.Exit(exit_status(found=any(row["accepted"] for row in (pooled if pool else tests)), failed=failed))


def profile(
    files: Files,
    output: Annotated[Path, typer.Option("--output", "-o", help="The profile to write.", show_default=False)],
) -> None:
    """Write the profile of an unmarked voice from its recordings: numbers, no audio, for `detect --reference`."""
    from birthmark.signature import profile_of

    _, found, failed = _contrasts_of(files, warped=False)
    if failed:
        raise typer.Exit(EXIT_ERROR)
    voice = profile_of([row[0] for row in found])
    with atomic_output(output) as path:
        path.write_bytes(voice.to_bytes())
    typer.echo(f"{output}: profile of {voice.speech_s:.1f} s of speech")


def _contrasts_of(files: list[Path], warped: bool = True) -> tuple[list[Path], list[Any], bool]:
    """Contrasts of each readable file, read in blocks; whether a file failed."""
    from birthmark.errors import Error
    from birthmark.media import audio_info, stream_audio
    from birthmark.signature import WARPS, ContrastStream

    readable: list[Path] = []
    found: list[Any] = []
    with progress("Listening", len(files)) as advance:
        for path in files:
            try:
                stream = ContrastStream(audio_info(path).rate, WARPS if warped else (1.0,))
                for block in stream_audio(path):
                    stream.push(block)
                found.append(stream.finish())
                readable.append(path)
            except (Error, OSError) as error:
                warn(str(error))
            advance(1)
    return readable, found, len(readable) < len(files)


def _row(test: SignatureTest, path: Path | None = None) -> dict[str, Any]:
    row: dict[str, Any] = {} if path is None else {"file": str(path)}
    return row | {
        "key": test.key,
        "log10_p": test.log10_p,
        "z": test.z,
        "speech_s": test.speech_s,
        "accepted": test.accepted,
    }


def _line(row: dict[str, Any]) -> str:
    name = row.get("file", "all files")
    verdict = "SIGNATURE FOUND" if row["accepted"] else "not found"
    return f"{name}: key {row['key']}: {verdict}, log10_p {row['log10_p']:.1f}, {row['speech_s']:.0f} s of speech"


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    group = typer.Typer(no_args_is_help=True, help="The mark in a voice that its synthetic copies inherit.")
    group.command("embed")(embed)
    group.command("detect")(detect)
    group.command("profile")(profile)
    app.add_typer(group, name="signature")
