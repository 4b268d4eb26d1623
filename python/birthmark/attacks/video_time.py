"""Edits of a video's time axis: frame rate, trims, speed, splices, freezes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from .frames import Clip, Frame, other_frames


def frame_rate(frames: Iterable[Frame], rate: float, *, seed: int = 0, factor: float = 0.5) -> Clip:
    """The same duration at `factor` times the frame rate, frames dropped or repeated."""
    return Clip(_resampled(frames, 1 / factor), rate * factor)


def speed(frames: Iterable[Frame], rate: float, *, seed: int = 0, factor: float = 2.0, keep_rate: bool = True) -> Clip:
    """Play `factor` times as fast: frames are dropped or repeated, or with `keep_rate` off the frame rate rises."""
    if not keep_rate:
        return Clip(iter(frames), rate * factor)
    return Clip(_resampled(frames, factor), rate)


def _resampled(frames: Iterable[Frame], step: float) -> Iterator[Frame]:
    due = 0.0
    for index, frame in enumerate(frames):
        while due < index + 1 - 1e-9:
            yield frame
            due += step


def trim(
    frames: Iterable[Frame], rate: float, *, seed: int = 0, seconds: float = 5.0, start_s: float | None = None
) -> Clip:
    """Only `seconds`, from `start_s` or from a seeded start within the first three seconds (less in a shorter clip)."""
    start = float(np.random.default_rng(seed).uniform(0, 3)) if start_s is None else start_s
    wanted = max(1, round(seconds * rate))

    def run() -> Iterator[Frame]:
        kept: deque[Frame] = deque(maxlen=wanted)
        for index, frame in enumerate(frames):
            kept.append(frame)
            if index + 1 >= round(start * rate) + wanted:
                break
        yield from kept

    return Clip(run(), rate)


def splice(
    frames: Iterable[Frame],
    rate: float,
    *,
    seed: int = 0,
    other: Iterable[Frame] | None = None,
    seconds: float = 5.0,
    before_s: float = 7.0,
    after_s: float = 6.0,
) -> Clip:
    """The first `seconds` of the clip between `before_s` and `after_s` of another video of the same size."""

    def run() -> Iterator[Frame]:
        kept = iter(frames)
        first = next(kept, None)
        if first is None:
            return
        others = other_frames(other, (first.shape[0], first.shape[1]), rate, seed + 1)
        yield from islice(others, round(before_s * rate))
        yield first
        yield from islice(kept, max(0, round(seconds * rate) - 1))
        yield from islice(others, round(after_s * rate))

    return Clip(run(), rate)


def freeze(frames: Iterable[Frame], rate: float, *, seed: int = 0, at_s: float = 1.0, hold_s: float = 1.0) -> Clip:
    """The frame at `at_s` stands still for `hold_s` longer."""

    def run() -> Iterator[Frame]:
        for index, frame in enumerate(frames):
            yield frame
            if index == round(at_s * rate):
                for _ in range(round(hold_s * rate)):
                    yield frame

    return Clip(run(), rate)
