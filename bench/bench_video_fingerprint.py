"""Video fingerprints: copies found after each attack, false matches, size, and speed beside PDQ."""

from __future__ import annotations

import argparse
import importlib
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np

import corpus
from birthmark.alignment import ACCEPTED_LOG10_P, Alignment, Candidate, Hits, Searched
from birthmark.attacks import VIDEO, Frame
from birthmark.attacks.frames import resize
from birthmark.attacks.video_codec import decode_from, encode_to, transcode, video_rate, x264
from birthmark.video_fingerprint import VideoFingerprint, VideoFingerprintStream, fingerprint_video
from tables import heading, table

SECONDS = 10.0
GOALS: dict[int, tuple[str, ...]] = {
    100: (
        "none", "x264_40", "scale_144p", "saturation_0.4", "greyscale", "blur", "noise", "gif", "trim_5s", "half_rate",
        "logo", "caption", "crop_90",
    ),
    95: (
        "crop_75", "crop_50", "letterbox", "letterbox_same", "pillarbox", "mirror", "rotate_5", "rotate_90", "splice",
        "speed_0.5", "speed_0.8", "speed_1.25", "speed_2.0", "screen", "mirror_border", "pillarbox_same",
    ),
    90: ("pip_50",),
    75: ("pip_25",),
}  # fmt: skip
SPEED_OF = {"speed_0.5": 0.5, "speed_0.8": 0.8, "speed_1.25": 1.25, "speed_2.0": 2.0}
LEAST_RECORDINGS = 2000  # that every p-value accounts for, however few are installed
SPLICED = "splice"  # between 7 s and 6 s of another real video
TUNED = ("chair-20@0", "vtest@0", "vtest@20", "tree@0", "Megamind@0")  # thresholds were set with these


@dataclass(frozen=True)
class Stretch:
    """A part of a video; parts of one file are each other's hardest negatives."""

    path: Path
    start_s: float

    @property
    def name(self) -> str:
        """File and second."""
        return f"{self.path.stem}@{self.start_s:.0f}"

    def frames(self, seconds: float = SECONDS, pixels: int | None = None) -> Iterator[Frame]:
        """RGB frames, made smaller where they have more than `pixels`."""
        rate = video_rate(self.path)
        first = round(self.start_s * rate)
        for frame in islice(decode_from(self.path), first, first + round(seconds * rate)):
            factor = 1.0 if pixels is None else min(1.0, (pixels / (frame.shape[0] * frame.shape[1])) ** 0.5)
            height, width = (2 * round(factor * side / 2) for side in frame.shape[:2])
            yield frame if factor == 1.0 else resize(frame, width, height)


def stretches(paths: list[Path]) -> list[Stretch]:
    """Every video in parts of ten seconds; a rest below three seconds is left out."""
    found = []
    for path in paths:
        total = sum(1 for _ in decode_from(path)) / video_rate(path)
        found += [Stretch(path, float(start)) for start in np.arange(0.0, max(total - 3.0, 0.1), SECONDS)]
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
        """Alignments, accepted or not, and the number of their reference."""
        candidates: dict[int, list[Candidate]] = {}
        for probe, tag in query.probes():
            first = np.searchsorted(self._codes, probe, "left")
            count = np.searchsorted(self._codes, probe, "right") - first
            count = np.where(count > 200, 0, count)
            hit = np.repeat(first, count) + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
            hits = Hits(np.repeat(tag, count), self._owners[hit], self._positions[hit])
            for candidate in query.candidates(hits, 16):
                candidates.setdefault(candidate.recording, []).append(candidate)
        recordings = max(len(self.prints), LEAST_RECORDINGS)
        searched = Searched(recordings, SECONDS * recordings)
        return [(n, one) for n, some in candidates.items() for one in query.verify(self.prints[n], some, searched)]


@dataclass
class Tally:
    """What the searches of one attack gave."""

    goal: int
    searches: int = 0
    found: int = 0
    offset_error: float = 0.0
    moments: int = 0
    others: int = 0

    def row(self, name: str) -> list[object]:
        """As a line of the table."""
        return [
            name,
            self.goal,
            f"{self.found}/{self.searches}",
            round(self.offset_error, 2),
            self.moments,
            self.others,
        ]


class Robustness:
    """Attacks stretches and searches them in all that is indexed."""

    def __init__(self, everything: list[Stretch], shelf: Shelf, seconds: float, pixels: int, *, thorough: bool) -> None:
        self.everything = everything
        self._shelf = shelf
        self._seconds = seconds
        self._pixels = pixels
        self._thorough = thorough
        self.missed: list[str] = []
        self.lowest = {"another moment": 0.0, "another video": 0.0}

    def query(self, name: str, number: int) -> VideoFingerprint:
        """The attacked stretch, encoded by x264 as an uploader would."""
        stretch = self.everything[number]
        rate = video_rate(stretch.path)
        more: dict[str, Any] = {}
        if name == SPLICED:
            others = [one for one in self.everything if one.path != stretch.path]
            more["other"] = others[number % len(others)].frames(pixels=self._pixels)
        clip = VIDEO[name](stretch.frames(self._seconds, self._pixels), rate, seed=number, **more)
        sent = transcode(clip.frames, clip.rate, encoder=x264(26, "veryfast"))
        return fingerprint_video(sent.frames, sent.rate, thorough=self._thorough)

    def meet(self, name: str, number: int, tally: Tally) -> None:
        """Search one attacked stretch."""
        mine = self.everything[number]
        right = []
        wrong: set[int] = set()
        for other, one in self._shelf.search(self.query(name, number)):
            accepted = one.log10_p <= ACCEPTED_LOG10_P
            if other == number:
                right += [one] if accepted else []
                continue
            kind = "another moment" if self.everything[other].path == mine.path else "another video"
            if kind == "another moment" or name != SPLICED:  # the rest of a splice is another video
                self.lowest[kind] = min(self.lowest[kind], one.log10_p)
                wrong |= {other} if accepted else set()
        tally.searches += 1
        tally.found += bool(right)
        same = sum(self.everything[n].path == mine.path for n in wrong)
        tally.moments += same
        tally.others += len(wrong) - same
        if right and name not in ("trim_5s", SPLICED):
            best = min(right, key=lambda one: one.log10_p)
            expected = SPEED_OF.get(name, 1.0) * best.query_start_s
            tally.offset_error = max(tally.offset_error, abs(best.reference_start_s - expected))
        if not right:
            self.missed.append(f"{name} {mine.name}")


def seconds_of(work: Callable[[], object]) -> float:
    """Processor seconds of the fastest of three runs."""
    best = np.inf
    for _ in range(3):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
    return float(best)


def speed(stretch: Stretch, width: int = 1920, height: int = 1080, seconds: float = 3.0) -> list[list[object]]:
    """Milliseconds of processor time for a second of 1080p video from a file, decoding included and not."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        rate = video_rate(stretch.path)
        encode_to(path, (resize(f, width, height) for f in stretch.frames(seconds)), rate, x264(23, "veryfast"))

        def run(push: Callable[[Any, float], object]) -> float:
            def work() -> None:
                with av.open(str(path)) as container:
                    container.streams.video[0].thread_count = 1
                    for number, frame in enumerate(container.decode(video=0)):
                        push(frame, number / rate)

            return 1000 * seconds_of(work) / seconds

        def ours(**options: Any) -> float:
            stream = VideoFingerprintStream(rate, **options)

            def push(frame: Any, at: float) -> None:
                nonlocal stream
                if at == 0.0:
                    stream = VideoFingerprintStream(rate, **options)
                if stream.wants(at):
                    stream.add(frame.to_ndarray(format="gray"), at)
                else:
                    stream.skip(at)

            return run(push)

        bare = run(lambda _frame, _at: None)
        rows: list[list[object]] = [["decoding alone", bare, 0.0]]
        timed = [("PDQ, 1 frame a second", run(_pdq(1.0, rate))), ("PDQ, 2 frames a second", run(_pdq(0.5, rate)))]
        timed += [("birthmark, to store (fast level)", ours(role="reference"))]
        timed += [("birthmark, query, thorough=False", ours(thorough=False)), ("birthmark, query", ours())]
        return rows + [[name, all_of_it, all_of_it - bare] for name, all_of_it in timed]


def _pdq(interval: float, rate: float) -> Callable[[Any, float], object]:
    compute = importlib.import_module("pdqhash").compute
    every = max(1, round(interval * rate))
    return lambda frame, at: compute(frame.to_ndarray(format="rgb24")) if round(at * rate) % every == 0 else None


def main(arguments: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=10, help="stretches that each attack meets, in turn")
    parser.add_argument("--attack", action="append", help="only these; see birthmark.attacks.VIDEO")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each query")
    parser.add_argument("--pixels", type=int, default=100_000, help="larger pictures are made smaller before")
    parser.add_argument("--fast", action="store_true", help="queries with thorough=False")
    parser.add_argument("--skip-speed", action="store_true", help="no table of speed")
    parser.add_argument("--tuned", action="store_true", help="query what thresholds were set with, not the rest")
    chosen = parser.parse_args(arguments)
    paths = corpus.video_files()
    everything = stretches(paths)
    shelf = Shelf([fingerprint_video(s.frames(), video_rate(s.path), role="reference") for s in everything])
    numbers = [n for n, s in enumerate(everything) if (s.name in TUNED) == chosen.tuned]
    numbers.sort(key=lambda n: everything[n].start_s)  # one stretch of every video before the next ones
    print(heading("Video fingerprints", f"{len(everything)} stretches of {len(paths)} videos indexed"))
    print(f"queried: {', '.join(everything[n].name for n in numbers)}\n")
    if not chosen.skip_speed:
        columns = ["1080p", "ms per second of video", "without decoding"]
        print(table(columns, speed(everything[numbers[0]])), flush=True)
    size, seconds = (sum(v) for v in zip(*((len(p.serialize()), p.duration_s) for p in shelf.prints), strict=True))
    print(f"\n{size / seconds * 60 / 1000:.0f} kB per minute\n")
    test = Robustness(everything, shelf, chosen.seconds, chosen.pixels, thorough=not chosen.fast)
    turn = 0
    print("| attack | goal % | found | offset error s | other moments accepted | other videos accepted |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    for name, goal in [(name, goal) for goal, names in GOALS.items() for name in names]:
        if chosen.attack and name not in chosen.attack:
            continue
        tally = Tally(goal)
        for _ in range(chosen.clips):
            test.meet(name, numbers[turn % len(numbers)], tally)
            turn += 1
        print(f"| {' | '.join(str(value) for value in tally.row(name))} |", flush=True)
    print(f"\nmissed: {', '.join(test.missed) or 'none'}")
    print("smallest log10_p of " + ", of ".join(f"{kind}: {value:.1f}" for kind, value in test.lowest.items()))


if __name__ == "__main__":
    main()
