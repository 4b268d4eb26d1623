"""Made-up scenes: textured, with a drifting camera and moving things, each seed another place."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from birthmark.alignment import Alignment, Hits, Searched
from birthmark.video_fingerprint import VideoFingerprint, fingerprint_video

Frame = NDArray[np.uint8]
RATE = 12.0


def texture(random: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    """Noise of several sizes with some hard edges."""
    picture = np.zeros((height, width), np.float32)
    for sigma, strength in ((1.5, 12), (4, 25), (12, 40)):
        noise = cv2.GaussianBlur(random.standard_normal((height, width)).astype(np.float32), (0, 0), sigma)
        picture += np.float32(strength / noise.std()) * noise.astype(np.float32)
    for _ in range(25):
        x, y = int(random.integers(0, width)), int(random.integers(0, height))
        w, h = (int(v) for v in random.integers(10, 60, 2))
        cv2.rectangle(picture, (x, y), (x + w, y + h), float(random.uniform(-70, 70)), -1)
    return picture + 128


def scene(seed: int, seconds: float = 6.0, *, width: int = 320, height: int = 240, drift: float = 4.0) -> list[Frame]:
    """RATE frames a second of one place; things move across it at random speeds."""
    random = np.random.default_rng(seed)
    place = texture(random, height + 120, width + 120)
    things = [texture(random, 40, 50) for _ in range(5)]
    path = random.uniform(0.1, 0.9, (5, 2))
    pace = random.uniform(0.1, 0.5, (5, 2))
    phase = random.uniform(0, 6.28, (5, 2))
    frames = []
    for k in range(round(seconds * RATE)):
        time = k / RATE
        left, top = (int(60 + drift * 10 * np.sin(time * f + seed)) for f in (0.4, 0.31))
        frame = place[top : top + height, left : left + width].copy()
        for thing, at, speed, start in zip(things, path, pace, phase, strict=True):
            where = at + 0.35 * np.sin(6.28 * speed * time + start)
            x, y = int(np.clip(where[0], 0, 1) * (width - 50)), int(np.clip(where[1], 0, 1) * (height - 40))
            frame[y : y + 40, x : x + 50] = thing
        frames.append(np.clip(frame + random.normal(0, 1.0, frame.shape), 0, 255).astype(np.uint8))
    return frames


def changed(frames: list[Frame], change: Callable[[Frame], Frame]) -> list[Frame]:
    return [np.ascontiguousarray(change(frame)) for frame in frames]


def query(frames: list[Frame], rate: float = RATE) -> VideoFingerprint:
    return fingerprint_video(frames, rate)


def reference(frames: list[Frame]) -> VideoFingerprint:
    return VideoFingerprint.deserialize(fingerprint_video(frames, RATE, role="reference").serialize())


def search(one: VideoFingerprint, references: list[VideoFingerprint]) -> list[tuple[int, Alignment]]:
    """What an index does, with its look-up as a plain comparison of codes."""
    postings = [r.postings() for r in references]
    codes = np.concatenate([p[0] for p in postings])
    positions = np.concatenate([p[1] for p in postings])
    owner = np.repeat(np.arange(len(postings)), [len(p[0]) for p in postings]).astype(np.uint32)
    order = np.argsort(codes, kind="stable")
    codes, positions, owner = codes[order], positions[order], owner[order]
    candidates: dict[int, list[object]] = {}
    for probe, tag in one.probes():
        first = np.searchsorted(codes, probe, "left")
        count = np.searchsorted(codes, probe, "right") - first
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        hit = np.repeat(first, count) + within
        for candidate in one.candidates(Hits(np.repeat(tag, count), owner[hit], positions[hit]), 16):
            candidates.setdefault(candidate.recording, []).append(candidate)
    searched = Searched(len(references), sum(r.duration_s for r in references))
    found = []
    for number, some in candidates.items():
        found += [(number, a) for a in one.verify(references[number], some, searched)]  # type: ignore[arg-type]
    return sorted(found, key=lambda item: item[1].log10_p)


def accepted(one: VideoFingerprint, references: list[VideoFingerprint]) -> list[tuple[int, Alignment]]:
    return [item for item in search(one, references) if item[1].log10_p <= -6]
