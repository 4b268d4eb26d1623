"""Frame helpers that every video attack shares.

A video is an iterable of (height, width, 3) uint8 RGB frames and a rate in frames per second. Attacks return a
`Clip`: a lazy iterator and its rate, so that hours pass through in the memory of a few frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from birthmark.errors import ArgumentError

Frame = NDArray[np.uint8]


class Clip(NamedTuple):
    """Frames, to be iterated once, and their rate per second."""

    frames: Iterator[Frame]
    rate: float


def each(frames: Iterable[Frame], rate: float, change: Callable[[Frame], Frame]) -> Clip:
    """Apply `change` to every frame."""
    return Clip((np.ascontiguousarray(change(frame)) for frame in frames), rate)


def each_indexed(frames: Iterable[Frame], rate: float, change: Callable[[int, Frame], Frame]) -> Clip:
    """Apply `change(index, frame)` to every frame."""
    return Clip((np.ascontiguousarray(change(index, frame)) for index, frame in enumerate(frames)), rate)


def resize(frame: Frame, width: int, height: int) -> Frame:
    """Area averaging when shrinking, bicubic when growing."""
    shrinks = width * height < frame.shape[0] * frame.shape[1]
    return _uint8(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC))


def even(value: float) -> int:
    """The nearest even number, at least 2: what 4:2:0 video can hold."""
    return max(2, 2 * round(value / 2))


def _uint8(array: object) -> Frame:
    return np.asarray(array, dtype=np.uint8)


def scene(height: int, width: int, rate: float, seed: int = 0, frames: int | None = None) -> Iterator[Frame]:
    """A seeded stand-in for "another video": drifting smooth texture, moving discs, slow pan.

    Endless without `frames`.
    """
    rng = np.random.default_rng(seed)
    texture = np.broadcast_to(rng.uniform(60, 180, 3), (height, 2 * width, 3)).copy()
    for octave in range(2, max(3, int(np.log2(height / 5)) + 1)):
        cells = (2 << octave, 1 << octave)
        grey = rng.normal(0, 110 / 2 ** (octave / 2), (cells[1], cells[0], 1))
        coarse = grey + 0.3 * grey.std() * rng.standard_normal((cells[1], cells[0], 3))
        texture += cv2.resize(coarse, (2 * width, height), interpolation=cv2.INTER_CUBIC)
    wide = np.clip(texture, 0, 255).astype(np.uint8)
    discs = [(rng.random(2), rng.uniform(-0.2, 0.2, 2), int(rng.uniform(0.04, 0.15) * height)) for _ in range(5)]
    colours = rng.integers(0, 256, (5, 3)).tolist()
    index = 0
    while frames is None or index < frames:
        seconds = index / rate
        left = int((0.5 + 0.5 * np.sin(0.2 * seconds)) * (width - 1))
        frame = wide[:, left : left + width].copy()
        for (start, drift, radius), colour in zip(discs, colours, strict=True):
            place = np.abs((start + drift * seconds) % 2 - 1)
            cv2.circle(frame, (int(place[0] * width), int(place[1] * height)), radius, colour, -1, cv2.LINE_AA)
        yield frame
        index += 1


def other_frames(other: Iterable[Frame] | None, size: tuple[int, int], rate: float, seed: int) -> Iterator[Frame]:
    """`other` brought to (height, width) `size` and repeated for ever, or the synthetic scene."""
    height, width = size
    if other is None:
        yield from scene(height, width, rate, seed)
        return
    kept: list[Frame] = []
    for frame in other:
        fitted = frame if frame.shape[:2] == (height, width) else resize(frame, width, height)
        if len(kept) < 600:
            kept.append(fitted)
        yield fitted
    if not kept:
        raise ArgumentError("other has no frames")
    while True:
        yield from kept
