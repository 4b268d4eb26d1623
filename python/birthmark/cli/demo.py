"""`birthmark demo`: tell a story of leaks, or mark a recording, attack it in a dozen ways and find the mark again."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from birthmark.cli.common import JsonOption, exit_status, print_json, progress
from birthmark.cli.story_media import RATE, speech
from birthmark.errors import MediaError

if TYPE_CHECKING:
    from birthmark.attacks import Samples
    from birthmark.keys import Key
    from birthmark.watermark import EmbedReport

_SECONDS = 20.0
_LONGEST_S = 60.0

ATTACKS = (
    ("none", "none"),
    ("MP3, 32 kbit/s", "mp3_32k"),
    ("Opus, 16 kbit/s", "opus_16k"),
    ("phone call", "phone_call"),
    ("noise, 20 dB below", "noise_20"),
    ("room and loudspeaker", "rerecord"),
    ("speed x1.05", "speed_1.05"),
    ("tempo x0.9", "tempo_0.9"),
    ("pitch -1 semitone", "pitch_-1"),
    ("5 s cut out", "cut_5s"),
    ("pieces removed, 10 %", "splice_10"),
    ("5 s inside 60 s of other sound", "cut_in"),
    ("Griffin-Lim from 80 mel bands", "griffin_lim"),
)


def demo(
    *,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A recording; recorded speech if left out.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for what is to be heard.")] = Path(
        "birthmark-demo"
    ),
    attacks: Annotated[
        bool, typer.Option("--attacks", help="Without FILE: attack recorded speech, in place of the story.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """See it work: on FILE, on recorded speech (--attacks), or as a story of people, buyers and leaks.

    With FILE or --attacks: mark the recording with a new key, attack the copy in a dozen ways and look for the mark
    after each; two controls must find nothing. Else: two people enrol, a voice and a video go to two buyers each, three
    copies leak, a scan names the buyers and writes a report. All files are in the folder. Exit status: 0 everything as
    it should be, 1 not. Example: birthmark demo interview.wav -o listen
    """
    if file is None and not attacks:
        from birthmark.cli.story import tell

        raise typer.Exit(exit_status(found=tell(output, as_json=as_json)))
    from birthmark.keys import Key
    from birthmark.media import write_audio
    from birthmark.watermark import embed_reported

    samples, rate, name = recorded_speech() if file is None else _excerpt(file)
    key, payload = Key.generate(), secrets.randbits(64)
    marked, report = embed_reported(samples, rate, payload, key)
    output.mkdir(parents=True, exist_ok=True)
    write_audio(output / "host.wav", samples, rate)
    write_audio(output / "marked.wav", marked, rate)
    key.save(output / "demo.key", overwrite=True)
    if not as_json:
        _introduce(name, len(samples) / rate, rate, payload, report)
    rows = []
    with progress("attacking", len(ATTACKS), quiet=as_json) as advance:
        for row in _attacked(marked, rate, payload, key, output):
            rows.append(row)
            advance(1)
            if not as_json:
                _print(row)
    controls = [
        _search("control: no mark", samples, rate, payload, key),
        _search("control: another key", marked, rate, payload, key.decoy(0, "demo")),
    ]
    good = all(row["found"] and not row["wrong"] for row in rows)
    clean = not any(row["found"] or row["wrong"] for row in controls)
    if as_json:
        document = {"source": name, "folder": str(output), "payload": f"{payload:016x}", "key": key.id}
        print_json({**document, "quality": asdict(report), "attacks": rows, "controls": controls})
    else:
        for row in controls:
            _print(row)
        typer.echo(f"Recording, copy, attacked copies and key are in {output}; listen, and try for yourself:")
        typer.echo(f"  birthmark detect {output}/*.wav --key {output / 'demo.key'}")
    raise typer.Exit(exit_status(found=good and clean))


def recorded_speech() -> tuple[Samples, int, str]:
    """Some 20 s of recorded prompts. Raises MediaError where they are not installed."""
    return speech(_SECONDS, "demo-"), RATE, "recorded prompts (asterisk-core-sounds-en-g722)"


def _excerpt(path: Path) -> tuple[Samples, int, str]:
    """The first minute of a recording."""
    import numpy as np

    from birthmark.media import audio_info, stream_audio

    rate, parts, total = audio_info(path).rate, [], 0
    for block in stream_audio(path):
        parts.append(block)
        total += len(block)
        if total >= _LONGEST_S * rate:
            break
    if not parts:
        raise MediaError(f"{path} has no sound")
    return np.concatenate(parts)[: round(_LONGEST_S * rate)], rate, str(path)


def _attacked(marked: Samples, rate: int, payload: int, key: Key, folder: Path) -> Iterable[dict[str, Any]]:
    from birthmark.attacks import AUDIO
    from birthmark.media import write_audio

    for seed, (title, name) in enumerate(ATTACKS):
        attacked = AUDIO[name](marked, rate, seed=seed)
        if name != "none":
            write_audio(folder / f"{name}.wav", attacked, rate)
        yield _search(title, attacked, rate, payload, key)


def _search(title: str, samples: Samples, rate: int, payload: int, key: Key) -> dict[str, Any]:
    """What a detector that does not know the payload returns; `wrong` counts marks with another payload."""
    from birthmark.watermark import detect

    marks = detect(samples, rate, key)
    right = [mark for mark in marks if mark.payload == payload]
    row: dict[str, Any] = {"attack": title, "seconds": len(samples) / rate, "found": bool(right)}
    row["wrong"] = len(marks) - len(right)
    for mark in sorted(right, key=lambda mark: mark.log10_p)[:1]:
        row |= {"payload": f"{mark.payload:016x}", "start_s": round(mark.start_s, 2), "end_s": round(mark.end_s, 2)}
        row |= {"speed": round(mark.speed, 4), "pitch": round(mark.pitch, 4), "log10_p": round(mark.log10_p, 1)}
    return row


def in_words(log10_p: float) -> str:
    """A p-value as people say it: "1 in 20", "1 in 3 million", "1 in 10^12"."""
    chance = 10.0 ** min(-log10_p, 9.0)
    if -log10_p >= 9:
        return f"1 in 10^{-log10_p:.0f}"
    if chance >= 1e6:
        return f"1 in {chance / 1e6:.0f} million"
    return f"1 in {chance:,.0f}"


_LINE = "{:<31} {:<6} {:<17} {:<14} {:<7} {}"


def _introduce(name: str, seconds: float, rate: int, payload: int, report: EmbedReport) -> None:
    typer.echo(f"{name}: {seconds:.1f} s at {rate} Hz, marked with the ID {payload:016x}")
    typer.echo(
        f"mark {report.snr_db:.1f} dB below the sound; loudness changed by {report.loudness_change_lu:+.2f} LU; "
        f"{report.masking_margin_db:.1f} dB or more below the masked threshold in 95 % of times and bands"
    )
    typer.echo("")
    typer.echo(_LINE.format("attack", "found", "payload", "where", "speed", "chance of such a find without a mark"))


def _print(row: dict[str, Any]) -> None:
    if not row["found"]:
        typer.echo(_LINE.format(row["attack"], "wrong" if row["wrong"] else "no", "-", "-", "-", "-"))
        return
    where = f"{row['start_s']:.1f}-{row['end_s']:.1f} s"
    chance = in_words(row["log10_p"]) + (f"; {row['wrong']} wrong" if row["wrong"] else "")
    typer.echo(_LINE.format(row["attack"], "yes", row["payload"], where, f"x{row['speed']:.3g}", chance))


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("demo")(demo)
