"""The story that `birthmark demo` tells: two people, four deliveries, three leaks, and who it was."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from birthmark.cli import story_media
from birthmark.cli.common import print_json
from birthmark.errors import ArgumentError

if TYPE_CHECKING:
    from birthmark.evidence import Hit
    from birthmark.registry import Registry

LICENCE = "May be used to train models until the end of 2027; may not be passed on."
_VOICE_S, _WALK_S = 60.0, 15.0
_KIND = "birthmark-demo"


@dataclass
class Suspect:
    """A file of the folder that is scanned, what is in it, and what the scan said."""

    file: str
    what: str
    person: str | None = None
    buyer: str | None = None
    persons_found: list[str] = field(default_factory=list)
    buyers_found: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)

    @property
    def right(self) -> bool:
        """Whether the right person and buyer were named, and nobody else."""
        return self.persons_found == ([self.person] if self.person else []) and self.buyers_found == (
            [self.buyer] if self.buyer else []
        )


def tell(folder: Path, *, as_json: bool = False, jobs: int = 2) -> bool:
    """Tell it, and write everything into a folder; whether the right buyers were named each time and nobody else.

    Raises ArgumentError where `folder` holds something that is not an earlier demo.
    """
    say: Callable[[str], None] = (lambda _: None) if as_json else typer.echo
    _clear(folder)
    (folder / "originals").mkdir(parents=True)
    (folder / "delivered").mkdir()
    (folder / "downloads").mkdir()
    (folder / _KIND).touch()
    secret = folder / "registry.secret"
    secret.touch(mode=0o600)
    secret.write_bytes(secrets.token_bytes(32))

    from birthmark.registry import Registry

    with Registry.create(folder / "registry", secret) as registry:
        deliveries = _deliver(registry, folder, say)
        suspects = _leak(folder, say)
        _scan(registry, folder, suspects, jobs)
        verified = registry.verify()
    report = _report(folder)
    if as_json:
        rows = [asdict(one) | {"right": one.right} for one in suspects]
        print_json({"folder": str(folder), "deliveries": deliveries, "files": rows, "report": str(report)})
    else:
        _conclude(suspects, folder, report, verified.ok)
    return verified.ok and all(one.right for one in suspects)


def _clear(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _KIND).exists():
            raise ArgumentError(f"--output {folder} holds other files; allowed: a new folder or one of an earlier demo")
        shutil.rmtree(folder)


def _deliver(registry: Registry, folder: Path, say: Callable[[str], None]) -> list[dict[str, str]]:
    from birthmark.media import write_audio

    voice, walk = folder / "originals" / "voice.wav", folder / "originals" / "walk.mp4"
    write_audio(voice, story_media.speech(_VOICE_S, "conf"), story_media.RATE)
    source = story_media.clip("vtest.avi")
    story_media.convert(source, walk, start=0.0, end=_WALK_S, height=576, crf=16)
    say("Two people enrol. Anna sells her voice, Ben what he filmed on a walk; each to two buyers:")
    made = []
    for person, original, buyers in (("anna", voice, ("Aldebaran", "Bellatrix")), ("ben", walk, ("Capella", "Deneb"))):
        registry.add_person(person)
        for buyer in buyers:
            copy = folder / "delivered" / f"{original.stem}-for-{buyer.lower()}{original.suffix}"
            one = registry.deliver(original, copy, person=person, recipient=buyer, licence=LICENCE)
            made.append({"person": person, "recipient": buyer, "mark_id": f"{one.mark_id:016x}", "file": str(copy)})
            say(f"  {copy.name:<28} mark {one.mark_id:016x}, {person} to {buyer}")
    return made


def _leak(folder: Path, say: Callable[[str], None]) -> list[Suspect]:
    """Fill the folder of downloads: three leaks among innocent files."""
    import numpy as np

    from birthmark.attacks import AUDIO
    from birthmark.media import read_audio, write_audio

    say("Aldebaran and Deneb pass their copies on, Bellatrix feeds hers to a synthesiser. Then these files turn up:")
    delivered, downloads, rate = folder / "delivered", folder / "downloads", story_media.RATE

    def copy(buyer: str) -> Any:
        samples, _ = read_audio(delivered / f"voice-for-{buyer}.wav")
        return np.ascontiguousarray(samples, np.float32).reshape(-1)

    others = [story_media.speech(30.0, first) for first in ("vm-", "queue", "privacy")]
    write_audio(downloads / "podcast.mp3", story_media.podcast(copy("aldebaran"), others[0]), rate)
    write_audio(downloads / "assistant.mp3", story_media.spoken_again(copy("bellatrix")), rate)
    write_audio(downloads / "audiobook.mp3", AUDIO["aac_64k"](others[1], rate, seed=5), rate)
    write_audio(downloads / "call.wav", AUDIO["phone_call"](others[2], rate, seed=6), rate)
    cut = folder / "cut.mp4"
    story_media.convert(delivered / "walk-for-deneb.mp4", cut, start=3.0, end=13.0, height=432, crf=26)
    story_media.convert(cut, downloads / "street.mp4", start=0.0, end=60.0, height=360, crf=28)
    cut.unlink()
    tree = story_media.clip("tree.avi")
    story_media.convert(tree, downloads / "garden.mp4", start=0.0, end=10.0, height=240, crf=26)
    suspects = [
        Suspect(
            "podcast.mp3", "20 s of a copy between other speech; Opus, levels, AAC, Opus, MP3", "anna", "Aldebaran"
        ),
        Suspect("assistant.mp3", "a voice synthesised from 80 mel bands of a copy; MP3", "anna", "Bellatrix"),
        Suspect("street.mp4", "10 s of a copy, scaled, H.264 twice", "ben", "Deneb"),
        Suspect("audiobook.mp3", "innocent: the same speaker, not registered"),
        Suspect("call.wav", "innocent: the same speaker on the phone"),
        Suspect("garden.mp4", "innocent: another video"),
    ]
    for one in suspects:
        say(f"  {one.file:<28} {one.what}")
    return suspects


def _scan(registry: Registry, folder: Path, suspects: list[Suspect], jobs: int) -> None:
    from birthmark.scan import scan

    by_name = {one.file: one for one in suspects}
    for result in scan([folder / "downloads"], registry, out=folder / "results", jobs=jobs):
        one = by_name[Path(result.file.path).name]
        hits = [hit for hit in result.hits if hit.accepted]
        one.persons_found = sorted({hit.handle for hit in hits})
        one.buyers_found = sorted({hit.recipient for hit in hits if hit.recipient})
        one.evidence = [f"{hit.line} {_seconds(hit)}, log10 p {hit.log10_p_scan:.0f}" for hit in hits]


def _seconds(hit: Hit) -> str:
    return f"{hit.start_s:.1f} to {hit.end_s:.1f} s"


def _report(folder: Path) -> Path:
    from birthmark.evidence.report import report

    path = folder / "report.html"
    report(folder / "results", path)
    return path


def _conclude(suspects: list[Suspect], folder: Path, report: Path, verified: bool) -> None:
    typer.echo("The scan of that folder says:")
    for one in suspects:
        named = f"{', '.join(one.persons_found)}; delivered to {', '.join(one.buyers_found) or 'nobody known'}"
        verdict = named if one.persons_found else "nothing"
        typer.echo(f"  {one.file:<28} {verdict}{'' if one.right else '   <- WRONG'}")
        for line in one.evidence:
            typer.echo(f"  {'':<28}   {line}")
    typer.echo(f"The registry's log is {'in order' if verified else 'NOT in order'}. The report: {report}")
    typer.echo("Try for yourself:")
    typer.echo(f"  birthmark registry show {folder / 'registry'}")
    typer.echo(
        f"  birthmark scan {folder / 'downloads'} --registry {folder / 'registry'} "
        f"--key-file {folder / 'registry.secret'} --out again"
    )
