"""The process that searches one file after the other: `python -m birthmark.scan.worker`.

Takes JSON lines on standard input, first what is searched for, then files; answers with JSON lines. It can write no
file, holds no more memory than it is given, and dies with its parent. What it decodes is hostile: a crash here is a
row of the scan, and the parent parses nothing but JSON.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import dataclasses
import gc
import hashlib
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import av.logging
import numpy as np
from numpy.typing import NDArray

from birthmark.errors import Error
from birthmark.evidence.exhibits import Arrays, packed
from birthmark.evidence.records import SOUND_LINES
from birthmark.keys import Key
from birthmark.scan import exhibits
from birthmark.scan.findings import Finding, PictureProbe, SoundProbe
from birthmark.scan.lines import Searcher, Wanted, limit_for
from birthmark.scan.tracks import NoMediaError, Tracks, mono, open_tracks

_PR_SET_PDEATHSIG = 1
_BEAT_S = 1.0
_HASH_BLOCK = 1 << 20
_PLAIN = 0.002  # change of speed that the plain search bears

Beat = Callable[[float], None]


@dataclasses.dataclass
class Searched:
    """What became of one file."""

    state: str = "searched"
    reason: str = ""
    sha256: str = ""
    sound_s: float = 0.0
    picture_s: float = 0.0
    lines: tuple[str, ...] = ()
    findings: list[Finding] = dataclasses.field(default_factory=list)


def search_file(path: Path, searcher: Searcher, beat: Beat) -> Searched:
    """Run every line on a file that is decoded once. Never raises for what a file may do."""
    done = Searched()
    try:
        with open_tracks(path) as tracks:
            done.sha256 = _hash(path, beat)
            _Search(tracks, searcher, beat, done).run()
            done.reason = tracks.damage
    except NoMediaError as error:
        done.state, done.reason = "no media", str(error)
    except (Error, OSError) as error:
        done.state, done.reason = "failed", str(error)
    except MemoryError:
        done.state, done.reason = "failed", "needs more memory than a file may take"
    except Exception as error:
        done.state, done.reason = "failed", f"{type(error).__name__}: {error}"
    done.reason = done.reason.removeprefix(f"{path}: ")
    if done.state != "searched":
        done.findings, done.lines = [], ()
    return done


def _hash(path: Path, beat: Beat) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK):
            digest.update(block)
            beat(0.0)
    return digest.hexdigest()


class _Search:
    """One file: opens the lines that its media allow, feeds them, and gathers what they find."""

    def __init__(self, tracks: Tracks, searcher: Searcher, beat: Beat, done: Searched) -> None:
        self._tracks, self._searcher, self._beat, self._done = tracks, searcher, beat, done
        wanted = [
            line
            for line in searcher.lines
            if (tracks.rate is not None if line in SOUND_LINES else tracks.picture is not None)
        ]
        done.lines = tuple(wanted)
        limit = self._limit = limit_for(len(wanted))
        self._sound: list[SoundProbe] = (
            [] if tracks.rate is None else searcher.sound(tracks.rate, tracks.channels, limit)
        )
        self._picture: list[PictureProbe] = [] if tracks.picture is None else searcher.picture(tracks.picture, limit)
        self._thumbnails = exhibits.Thumbnails()

    def run(self) -> None:
        self._tracks.run(self._on_sound if self._sound else None, self._on_picture if self._picture else None)
        probes: list[SoundProbe | PictureProbe] = [*self._sound, *self._picture]
        found = [one for probe in probes for one in probe.finish()]
        found += self._followed_up(found)
        self._done.findings = [self._illustrated(one) for one in found]

    def _followed_up(self, found: list[Finding]) -> list[Finding]:
        """The picture's mark in any geometry, for the keys of people of whom the file has something else."""
        if self._searcher.thorough or self._tracks.picture is None or "video-watermark" not in self._done.lines:
            return []
        keys = self._searcher.hinted(found)
        if not keys:
            return []
        with open_tracks(self._tracks.path) as again:
            if again.picture is None:
                return []
            probe = self._searcher.marks_anywhere(again.picture, keys, self._limit)
            ahead = self._done.sound_s + self._done.picture_s

            def push(frame: Any, seconds: float) -> None:
                probe.push(frame, seconds)
                self._beat(ahead + seconds)

            again.run(None, push)
            return probe.finish()

    def _on_sound(self, block: NDArray[np.float32]) -> None:
        mean = mono(block)
        for probe in self._sound:
            probe.push(block if probe.all_channels else mean)
        assert self._tracks.rate is not None
        self._done.sound_s += len(block) / self._tracks.rate
        self._beat(self._done.sound_s + self._done.picture_s)

    def _on_picture(self, frame: Any, seconds: float) -> None:
        for probe in self._picture:
            probe.push(frame, seconds)
        self._thumbnails.push(frame, seconds)
        self._done.picture_s = seconds + 1.0 / (self._tracks.picture.rate if self._tracks.picture else 25.0)
        self._beat(self._done.sound_s + self._done.picture_s)

    def _illustrated(self, found: Finding) -> Finding:
        """The finding with pictures of the passage, for which its sound is decoded once more."""
        more: Arrays = {}
        if found.line not in SOUND_LINES:
            more = self._thumbnails.of(found.start_s, found.end_s)
        elif found.line == "audio-watermark":
            samples, rate = passage(self._tracks.path, found.start_s, found.end_s)
            key = next(key for key in self._searcher.keys if key.id == found.key)
            more = exhibits.spectrogram(mono(samples), rate, found.start_s)
            plain = abs(found.speed - 1) < _PLAIN and not found.change
            more |= exhibits.mark_decoys(samples, rate, key, plain=plain)
        return dataclasses.replace(found, exhibit=found.exhibit | more)


class _EnoughError(Exception):
    pass


def passage(path: Path, start_s: float, end_s: float) -> tuple[NDArray[np.float32], float]:
    """The sound of a file from `start_s`, (frames, channels), at most 20 s of it, and its rate."""
    parts: list[NDArray[np.float32]] = []
    at = 0
    with open_tracks(path) as tracks:
        assert tracks.rate is not None
        first = int(start_s * tracks.rate)
        last = int(min(end_s, start_s + exhibits.PASSAGE_S) * tracks.rate)

        def take(block: NDArray[np.float32]) -> None:
            nonlocal at
            parts.append(block[max(0, first - at) : max(0, last - at)].copy())
            at += len(block)
            if at >= last:
                raise _EnoughError

        with contextlib.suppress(_EnoughError):
            tracks.run(take, None)
        return np.concatenate(parts), tracks.rate


def answer(done: Searched) -> dict[str, Any]:
    """What became of a file as JSON."""
    document = {f.name: getattr(done, f.name) for f in dataclasses.fields(done) if f.name != "findings"}
    document["findings"] = []
    for one in done.findings:
        row = {f.name: getattr(one, f.name) for f in dataclasses.fields(one) if f.name != "exhibit"}
        row["exhibit"] = base64.b64encode(packed(one.exhibit)).decode()
        document["findings"].append(row)
    return document


def make_searcher(order: dict[str, Any]) -> Searcher:
    """What is searched for, from the first line."""
    keys = tuple((person, Key(bytes.fromhex(secret))) for person, secret in order["keys"])
    ids = np.frombuffer(base64.b64decode(order["ids"]), "<u8").astype(np.uint64)
    index = None if order["index"] is None else Path(order["index"])
    wanted = Wanted(keys, ids, index, order["recordings"])
    return Searcher(wanted, order["lines"], thorough=order["thorough"])


def _confine(memory_bytes: int) -> None:
    """Limits on this process; called when all that every file shares is loaded."""
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + memory_bytes, held + memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _peak_mb() -> float:
    """Largest memory of this process; getrusage would count the parent's, from before exec."""
    with Path("/proc/self/status").open(encoding="ascii") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def _die_with_parent(parent: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def _serve(source: IO[str], target: IO[str]) -> None:
    def say(document: dict[str, Any]) -> None:
        target.write(json.dumps(document) + "\n")
        target.flush()

    order = json.loads(source.readline())
    _die_with_parent(order["parent"])
    try:
        searcher = make_searcher(order)
        _confine(order["memory"])
    except (Error, OSError, ValueError) as error:
        say({"error": str(error)})
        return
    say({"ready": True, "lines": searcher.lines})
    for line in source:
        job = json.loads(line)
        last = time.monotonic()

        def beat(seconds: float) -> None:
            nonlocal last
            if time.monotonic() - last > _BEAT_S:
                last = time.monotonic()
                say({"at": seconds})

        begun = time.process_time()
        done = answer(search_file(Path(os.fsdecode(base64.b64decode(job["path"]))), searcher, beat))
        done["cpu_s"] = time.process_time() - begun
        done["peak_mb"] = _peak_mb()
        say({"number": job["number"], "done": done})
        gc.collect()


def main() -> None:
    """Serve until standard input ends. Whatever else prints to standard output must not reach the parent."""
    av.logging.set_level(None)
    channel = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    _serve(sys.stdin, channel)


if __name__ == "__main__":
    main()
