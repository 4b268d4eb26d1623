"""`birthmark embed`: mark a recording."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from birthmark.cli.common import JsonOption, print_json, progress, warn, warn_of_dropped

if TYPE_CHECKING:
    from birthmark.recordings import RecordingReport


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
    codec: Annotated[str, typer.Option(help="Encoder of a video's picture: x264, x265, vp9 or av1.")] = "x264",
    crf: Annotated[
        float | None, typer.Option(help="Its quality, 0 (best) to 63; by default it matches the source.")
    ] = None,
    layers: Annotated[
        str, typer.Option(help="What to put in, of watermark, signature and picture.", metavar="LIST")
    ] = "watermark,signature,picture",
    as_json: JsonOption = False,
) -> None:
    """Put the mark ID into the sound and the picture of IN, and the key's signature into its voice; write OUT.

    The marked copy is checked by detection before it appears, replacing OUT where that exists; a recording that cannot
    carry the mark is refused.
    Example: birthmark embed interview.wav copy-for-buyer.wav --key my.key --payload 00c0ffee00c0ffee
    """
    from birthmark.errors import ArgumentError
    from birthmark.keys import Key
    from birthmark.recordings import LAYERS, duration_s, embed_recording
    from birthmark.watermark import parse_payload

    number = parse_payload(payload)
    chosen = [layer.strip() for layer in layers.split(",")]
    wanted = [layer for layer in LAYERS if layer in chosen]
    if len(wanted) < len(chosen):
        raise ArgumentError(f"--layers is {layers!r}; allowed: a list of {', '.join(LAYERS)}, each once")
    if wanted == ["signature"]:
        raise ArgumentError("--layers is 'signature', which holds no mark ID; allowed: `birthmark signature embed`")
    secret = Key.load(key)
    done = 0.0
    with progress(f"marking {source.name}", duration_s(source), quiet=as_json) as advance:

        def step(seconds: float) -> None:
            nonlocal done
            advance(seconds - done)
            done = seconds

        report = embed_recording(
            source, target, number, secret, layers=wanted, strength=strength, codec=codec, crf=crf, progress=step
        )
    if as_json:
        print_json(
            {"file": str(target), "payload": f"{number:016x}", "key": secret.id}
            | {"report": report.sound and asdict(report.sound), "picture": report.picture and asdict(report.picture)}
            | {
                "signature": report.signature and asdict(report.signature),
                "signature_refused": report.signature_refused,
                "dropped": report.dropped,
            }
        )
    else:
        _print_report(target, number, secret.id, report)


def _print_report(target: Path, number: int, key: str, report: "RecordingReport") -> None:
    sound, picture, signature = report.sound, report.picture, report.signature
    typer.echo(f"{target}: mark {number:016x} of key {key}")
    if sound:
        typer.echo(
            f"  sound: {sound.seconds:.1f} s; SNR {sound.snr_db:.1f} dB, loudness {sound.loudness_change_lu:+.2f} LU; "
            f"detected with p = 10^{sound.log10_p:.0f}"
        )
    if signature:
        typer.echo(f"  signature: {signature.speech_s:.1f} s of speech; tested with p = 10^{signature.log10_p:.0f}")
    if report.signature_refused:
        warn(f"{target}: no signature can be found in it: {report.signature_refused}")
    if picture:
        typer.echo(f"  picture: {picture.frames} frames; detected with p = 10^{picture.log10_p:.0f}")
    warn_of_dropped(target, report.dropped)
    if picture and picture.sound_refused:
        warn(f"{target}: the sound is not marked: {picture.sound_refused}")


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("embed")(embed)
