"""The dense description of a query in bounded memory: the longer the video, the less of each second is kept."""

from __future__ import annotations

import numpy as np

from birthmark.video_fingerprint.description import Described, FrameTable, joined_table

MAXIMUM_KEYPOINTS = 6_000_000  # 126 MB
LONGEST_INTERVAL_S = 1.0
FIRST_LIMIT = 400  # keypoints of one size in a frame; the describer gives no more


class DenseFrames:
    """Frames described every `interval_s`; when there are too many keypoints, half of the frames go, then the weakest.

    What is kept depends on the frames alone. Frames are thinned to one a second before keypoints are.
    """

    def __init__(self, interval_s: float, maximum: int = MAXIMUM_KEYPOINTS) -> None:
        self.interval_s = interval_s
        self._maximum = maximum
        self._limit = FIRST_LIMIT
        self._frames: list[Described] = []
        self._count = 0

    def add(self, frame: Described) -> None:
        """The next frame; keypoints of each size have the strongest first."""
        self._frames.append(self._thinned(frame))
        self._count += len(self._frames[-1][1][0])
        while self._count > self._maximum and self._limit > 1:
            self._thin()

    def table(self) -> FrameTable:
        """What is kept."""
        return joined_table(self._frames)

    def _thin(self) -> None:
        if self.interval_s < LONGEST_INTERVAL_S:
            self.interval_s *= 2
            self._frames = _spaced(self._frames, self.interval_s)
        else:
            self._limit //= 2
            self._frames = [self._thinned(frame) for frame in self._frames]
        self._count = sum(len(features[0]) for _, features in self._frames)

    def _thinned(self, frame: Described) -> Described:
        if self._limit == FIRST_LIMIT:
            return frame
        time, (x, y, level, bits) = frame
        rank = np.arange(len(level)) - np.searchsorted(level, level, "left")  # levels come in order
        kept = rank < self._limit
        return time, (x[kept], y[kept], level[kept], bits[kept])


def _spaced(frames: list[Described], interval_s: float) -> list[Described]:
    """The first frame of every multiple of the interval."""
    kept: list[Described] = []
    last = -1
    for frame in frames:
        slot = int(frame[0] / interval_s + 1e-6)
        if slot > last:
            kept.append(frame)
            last = slot
    return kept
