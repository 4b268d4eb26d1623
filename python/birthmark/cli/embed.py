"""`birthmark embed`: mark a recording."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from birthmark.cli.common import ForceOption, JsonOption, print_json, progress
from birthmark.errors import ArgumentError


def embed(
    *,
    source: Annotated[Path, typer.Argument(metavar="IN", help="The recording.", show_default=False)],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="The marked copy; its extension says the format.", show_default=False)
    ],
    key: Annotated[Path, typer.Option("--key", "-k", metavar="KEYFILE", help="Key file.", show_default=False)],
    payload: Annotated[
        str, typer.Option("--payload", "-p", metavar="HEX16", help="Mark ID, up to 16 hex digits.", show_default=False)
    ],
    strength: Annotated[float, typer.Option(help="Factor on the mark's gains, 0.1 to 4.")] = 1.0,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Put the mark ID into the sound of IN and write OUT.

    The marked copy is checked by detection before it appears; a recording that cannot carry the mark is refused.
    Example: birthmark embed interview.wav copy-for-buyer.wav --key my.key --payload 00c0ffee00c0ffee
    """
    from birthmark.keys import Key
    from birthmark.media import audio_info
    from birthmark.watermark import embed_file, parse_payload

    number = parse_payload(payload)
    if target.exists() and not force:
        raise ArgumentError(f"OUT is {target}, which exists; allowed: a new file, or any with --force")
    secret = Key.load(key)
    done = 0
    with progress(f"marking {source.name}", audio_info(source).frames, quiet=as_json) as advance:

        def step(frames: int) -> None:
            nonlocal done
            advance(frames - done)
            done = frames

        report = embed_file(source, target, number, secret, strength=strength, progress=step)
    if as_json:
        print_json({"file": str(target), "payload": f"{number:016x}", "key": secret.id, "report": asdict(report)})
    else:
        typer.echo(
            f"{target}: mark {number:016x} of key {secret.id} in {report.seconds:.1f} s; SNR {report.snr_db:.1f} dB, "
            f"loudness {report.loudness_change_lu:+.2f} LU; detected with p = 10^{report.log10_p:.0f}"
        )


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("embed")(embed)
