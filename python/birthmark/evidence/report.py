"""The report: one HTML page that needs nothing else, from the results of a scan alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from birthmark.errors import FormatError
from birthmark.evidence import drawing
from birthmark.evidence.combining import Combined, combine
from birthmark.evidence.exhibits import Arrays, unpacked
from birthmark.evidence.limits import DEFAULT_LEFT_OUT, EXPLAINED
from birthmark.evidence.records import LINES, MAX_LOG10_P_FILE, MAX_LOG10_P_SCAN, FileRecord, Hit
from birthmark.evidence.store import Results, read_results
from birthmark.evidence.words import clock, one_in
from birthmark.media.atomic import replacing

_ILLUSTRATED = 150
_LISTED = 300


@dataclass(frozen=True)
class Figure:
    """A picture with what it shows."""

    svg: str
    caption: str


@dataclass(frozen=True)
class Shown:
    """One hit as the page shows it."""

    hit: Hit
    figures: list[Figure]


@dataclass(frozen=True)
class Case:
    """One file with hits."""

    file: FileRecord
    duration_s: float
    timeline: str
    combined: list[Combined]
    hits: list[Shown]

    def recipients(self, person: str) -> list[str]:
        """To whom the copies went that the file descends from."""
        mine = [one.hit.recipient for one in self.hits if one.hit.person == person and one.hit.recipient]
        return list(dict.fromkeys(mine))


def report(results: Results | str | Path, out: str | Path) -> None:
    """Write the report of a scan, finished or not, as one HTML file that appears when complete.

    `results`: what `read_results` gave, or the folder. Raises MediaError where the folder cannot be read or the file
    cannot be written, and FormatError where the results are damaged.
    """
    page = render(results if isinstance(results, Results) else read_results(results))
    with replacing(out) as partial:
        partial.write_text(page, encoding="utf-8")


def render(results: Results) -> str:
    """The page as text. Everything that stems from files is escaped; it has no scripts and loads nothing."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("birthmark.evidence", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"clock": clock, "one_in": one_in, "plain": _plain}
    return environment.get_template("report.html.j2").render(_document(results))


def _document(results: Results) -> dict[str, Any]:
    accepted = results.accepted()
    found, seen = {hit.number for hit in accepted}, {hit.person for hit in accepted}
    left = _ILLUSTRATED
    cases = []
    for file in results.files:
        hits = [hit for hit in accepted if hit.number == file.number]
        if hits:
            cases.append(_case(file, hits, results.scan.files, left))
            left -= len(hits)
    states = {state: [f for f in results.files if f.state == state] for state in ("searched", "no media", "failed")}
    clean = [file for file in states["searched"] if file.number not in found]
    run = {line for file in results.files for line in file.lines}
    return {
        "results": results,
        "scan": results.scan,
        "cases": cases,
        "doubtful": [hit for hit in results.hits if not hit.accepted],
        "clean": clean,
        "states": states,
        "listed": _LISTED,
        "hours": sum(max(file.sound_s, file.picture_s) for file in results.files) / 3600,
        "unseen": [handle for person, handle in results.scan.persons.items() if person not in seen],
        "lines_run": [line for line in LINES if line in run],
        "lines_not_run": [line for line in LINES if line not in run],
        "explained": EXPLAINED,
        "left_out": "" if results.scan.thorough else DEFAULT_LEFT_OUT,
        "limits": (MAX_LOG10_P_FILE, MAX_LOG10_P_SCAN),
        "illustrated": _ILLUSTRATED,
    }


def _case(file: FileRecord, hits: list[Hit], files: int, left: int) -> Case:
    duration = max(file.sound_s, file.picture_s, *(hit.end_s for hit in hits))
    bars = [(hit.line, f"{EXPLAINED[hit.line].name}: {_plain(hit.handle)}", hit.start_s, hit.end_s) for hit in hits]
    shown = [Shown(hit, _figures(hit) if number < left else []) for number, hit in enumerate(hits)]
    return Case(file, duration, drawing.timeline(bars, duration), combine(file, hits, files), shown)


_FIGURES: tuple[tuple[str, Callable[[Arrays], str], str], ...] = (
    (
        "decoy_z",
        drawing.decoys,
        "The person's key against keys that were drawn in the same way but never used for anything, in the same "
        "search. Without a mark the true key would lie among them. Keys with which nothing at all was found stand at "
        "0.",
    ),
    (
        "agreement",
        drawing.soft_bits,
        "The mark's number is written as code bits, each spread over the whole passage. Without a mark half of them "
        "would agree.",
    ),
    ("spectrogram", drawing.spectrogram, "The passage's sound: dark is loud."),
    (
        "surface",
        drawing.aligned,
        "The registry keeps no sound, only where the loudest points of the recording were. Laid over the file at the "
        "time, speed and pitch that were found, they sit on the file's own loud points.",
    ),
    (
        "thumbnails",
        drawing.frames,
        "Frames of the passage. Where the recording was recognised without its mark, the last picture shows what the "
        "registry keeps of its frame: the places and sizes of its blobs and corners, not the picture.",
    ),
)


def _figures(hit: Hit) -> list[Figure]:
    try:
        arrays = unpacked(hit.exhibit)
        return [Figure(draw(arrays), text) for name, draw, text in _FIGURES if name in arrays]
    except (KeyError, IndexError, ValueError) as error:
        raise FormatError(f"the exhibit of a hit in {hit.path} is damaged: {error}") from error


def _plain(text: str) -> str:
    """Text with control and direction characters shown rather than obeyed."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
