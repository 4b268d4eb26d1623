"""Video fingerprints: copies found after each attack, false matches, bytes per minute and speed."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av
import numpy as np

import corpus
from birthmark.alignment import ACCEPTED_LOG10_P, Alignment, Candidate, Hits, Searched
from birthmark.attacks import VIDEO, Frame
from birthmark.attacks.video_codec import decode_from, transcode, video_rate, x264
from birthmark.video_fingerprint import Role, VideoFingerprint, fingerprint_video
from tables import heading, table

SECONDS = 10.0


@dataclass(frozen=True)
class Reference:
    """A stretch of a video; stretches of one file are each other's hardest negatives."""

    name: str
    path: Path
    start_s: float

    def frames(self) -> Iterator[Frame]:
        """RGB frames of the stretch."""
        rate = video_rate(self.path)
        return islice(decode_from(self.path), round(self.start_s * rate), round((self.start_s + SECONDS) * rate))


def duration_of(path: Path) -> float:
    """Seconds of the file."""
    with av.open(str(path)) as container:
        return float((container.duration or 0) / 1e6)


def references(paths: list[Path]) -> list[Reference]:
    """Every video in stretches of ten seconds; a rest below three seconds is left out."""
    found = []
    for path in paths:
        total = duration_of(path)
        starts = np.arange(0.0, max(total - 3.0, 0.1), SECONDS)
        found += [Reference(f"{path.stem}@{start:.0f}", path, float(start)) for start in starts]
    return found


class Shelf:
    """The references of the benchmark, with a plain look-up."""

    def __init__(self, prints: list[VideoFingerprint]) -> None:
        self.prints = prints
        postings = [one.postings() for one in prints]
        codes = np.concatenate([p[0] for p in postings])
        order = np.argsort(codes, kind="stable")
        self._codes = codes[order]
        self._positions = np.concatenate([p[1] for p in postings])[order]
        self._owners = np.repeat(np.arange(len(prints)), [len(p[0]) for p in postings])[order].astype(np.uint32)

    def search(self, query: VideoFingerprint) -> list[tuple[int, Alignment]]:
        """Accepted alignments and the number of their reference."""
        candidates: dict[int, list[Candidate]] = {}
        for probe, tag in query.probes():
            first = np.searchsorted(self._codes, probe, "left")
            count = np.searchsorted(self._codes, probe, "right") - first
            count = np.where(count > 200, 0, count)
            hit = np.repeat(first, count) + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
            hits = Hits(np.repeat(tag, count), self._owners[hit], self._positions[hit])
            for candidate in query.candidates(hits, 16):
                candidates.setdefault(candidate.recording, []).append(candidate)
        searched = Searched(len(self.prints), sum(one.duration_s for one in self.prints))
        return [
            (number, one)
            for number, some in candidates.items()
            for one in query.verify(self.prints[number], some, searched)
            if one.log10_p <= ACCEPTED_LOG10_P
        ]


def robustness(chosen: list[Reference], shelf: Shelf, numbers: list[int], names: list[str]) -> list[list[object]]:
    """One row per attack: found, median error of the offset, other stretches of the same and of other videos."""
    rows: list[list[object]] = []
    for name in names:
        right, errors, same, other = 0, [], 0, 0
        for reference, number in zip(chosen, numbers, strict=True):
            clip = VIDEO[name](reference.frames(), video_rate(reference.path), seed=number)
            sent = transcode(clip.frames, clip.rate, encoder=x264(26, "veryfast"))
            found = shelf.search(fingerprint_video(sent.frames, sent.rate))
            mine = [one for found_number, one in found if found_number == number]
            right += bool(mine)
            if mine and name in ("none", "mirror", "crop_50", "pip_25", "screen"):
                best = min(mine, key=lambda one: one.log10_p)
                errors.append(abs(best.reference_start_s - best.speed * best.query_start_s))
            family = reference.path
            wrong = {i for i, _ in found if i != number}
            same += sum(ALL[i].path == family for i in wrong)
            other += sum(ALL[i].path != family for i in wrong)
        rows.append([name, f"{right}/{len(chosen)}", float(np.median(errors)) if errors else None, same, other])
    return rows


def timed(work: Callable[[], object]) -> float:
    """Seconds of the fastest of three runs."""
    best = np.inf
    for _ in range(3):
        begin = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begin)
    return float(best)


def speed(height: int, width: int) -> list[list[object]]:
    """Frames a second of three seconds of synthetic video at 30 fps, in memory, without decoding."""
    from birthmark.attacks.frames import scene

    luma = [np.ascontiguousarray(frame[:, :, 1]) for frame in scene(height, width, 30.0, seed=1, frames=90)]
    rows: list[list[object]] = []
    roles: tuple[Role, ...] = ("reference", "query")
    for role in roles:
        seconds = timed(lambda role=role: fingerprint_video(luma, 30.0, role=role))  # type: ignore[misc]
        rows.append([f"{width}x{height}", role, 90 / seconds, 1000 * seconds / 3])
    return rows


ALL: list[Reference] = []


def main(arguments: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=6, help="clips to attack; all stretches are indexed")
    parser.add_argument("--attack", action="append", help="only these; see birthmark.attacks.VIDEO")
    chosen = parser.parse_args(arguments)
    paths = corpus.video_files()
    ALL[:] = references(paths)
    print(heading("Video fingerprints", f"{len(ALL)} stretches of {len(paths)} videos"))
    print(table(["size", "role", "frames/s", "ms per second of video"], speed(480, 846) + speed(1080, 1904)))
    shelf = Shelf([fingerprint_video(one.frames(), video_rate(one.path), role="reference") for one in ALL])
    size = sum(len(one.serialize()) for one in shelf.prints)
    seconds = sum(one.duration_s for one in shelf.prints)
    print(f"\n{size / seconds * 60 / 1000:.0f} kB per minute\n")
    step = max(1, len(ALL) // chosen.clips)
    numbers = list(range(0, len(ALL), step))[: chosen.clips]
    columns = ["attack", "found", "offset error s", "other moments accepted", "other videos accepted"]
    print(table(columns, robustness([ALL[i] for i in numbers], shelf, numbers, chosen.attack or list(VIDEO))))


if __name__ == "__main__":
    main()
