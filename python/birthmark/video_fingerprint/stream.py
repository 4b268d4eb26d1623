"""Takes the frames of a video one after the other and gives its fingerprint."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from birthmark._core import video_fingerprint as _core
from birthmark.errors import ArgumentError
from birthmark.video_fingerprint.description import (
    FINE_SIDE,
    MAXIMUM_DURATION_S,
    MOTION_SIDE,
    Described,
    joined_table,
)
from birthmark.video_fingerprint.fingerprint import VideoFingerprint
from birthmark.video_fingerprint.grid_clock import GridClock

SPARSE_INTERVAL_S = 1.0  # one sparsely described frame a second
DENSE_INTERVAL_S = 0.25
STILL_DIFFERENCE = 0.6  # mean change, in grey levels, below which a dense frame repeats the one before it

Role = Literal["query", "reference"]


class VideoFingerprintStream:
    """Takes frames one after the other and gives the fingerprint at the end.

    Frames are uint8, (height, width) luma or (height, width, 3) RGB, all of one size, `rate` of them a second.
    `role="reference"` does only what an index needs; `role="query"` describes the frames densely as well.
    """

    def __init__(self, rate: float, role: Role = "query") -> None:
        if not 0.1 <= rate <= 1000:
            raise ArgumentError(f"rate is {rate}; allowed: 0.1 to 1000 frames a second")
        if role not in ("query", "reference"):
            raise ArgumentError(f"role is {role!r}; allowed: 'query', 'reference'")
        self._rate = rate
        self._dense = role == "query"
        self._describer = _core.FrameDescriber(not self._dense)
        self._frames = 0
        self._shape: tuple[int, ...] | None = None
        self._next_sparse = 0.0
        self._next_dense = 0.0
        self._last_dense: tuple[float, NDArray[np.float32]] | None = None
        self._sparse_frames: list[Described] = []
        self._dense_frames: list[Described] = []
        self._end = 0.0
        self._grids = GridClock()

    def add(self, frame: NDArray[np.uint8], time_s: float | None = None) -> None:
        """The next frame, shown from `time_s` on; without it frame k is shown from k / rate on.

        Raises ArgumentError if it is not uint8, not of the shape of those before, or later than MAXIMUM_DURATION_S.
        """
        if frame.dtype != np.uint8 or frame.ndim not in (2, 3):
            raise ArgumentError(f"frame has type {frame.dtype} and shape {frame.shape}; allowed: uint8 pictures")
        if self._shape is not None and frame.shape != self._shape:
            raise ArgumentError(f"frame has shape {frame.shape}; allowed: that of the first frame, {self._shape}")
        self._shape = frame.shape
        time = self._frames / self._rate if time_s is None else max(time_s, self._end - 1.0 / self._rate, 0.0)
        if not time < MAXIMUM_DURATION_S - 1.0:
            raise ArgumentError(f"time_s is {time:.0f}; allowed: less than {MAXIMUM_DURATION_S - 1:.0f} seconds")
        self._frames += 1
        self._end = time + 1.0 / self._rate
        sparse = time >= self._next_sparse - 1e-9
        due = sparse or (self._dense and time >= self._next_dense - 1e-9)
        grid = self._grids.add(frame, time, due)
        if due and grid is not None:
            self._describe(frame, time, grid, sparse=sparse)
            self._next_dense = _next_multiple(time, DENSE_INTERVAL_S)
            self._next_sparse = _next_multiple(time, SPARSE_INTERVAL_S) if sparse else self._next_sparse

    def _describe(self, frame: NDArray[np.uint8], time: float, grid: NDArray[np.float32], *, sparse: bool) -> None:
        last = self._last_dense
        if not sparse and last is not None and np.abs(grid - last[1]).mean() < STILL_DIFFERENCE:
            return
        self._last_dense = (time, grid)
        x, y, level, kept, bits = self._describer.describe(frame)
        if sparse:
            some = kept > 0
            self._sparse_frames.append((time, (x[some], y[some], level[some], bits[some])))
        if self._dense:
            self._dense_frames.append((time, (x, y, level, bits)))

    def finish(self) -> VideoFingerprint:
        """The fingerprint of all frames; raises ArgumentError if there were none."""
        if self._shape is None:
            raise ArgumentError("frames is empty; allowed: at least one frame")
        height, width = self._shape[:2]
        root = (width * height) ** 0.5
        fine = self._grids.finish(self._end)
        cells = FINE_SIDE // MOTION_SIDE
        motion = fine.reshape(-1, MOTION_SIDE, cells, MOTION_SIDE, cells).mean(axis=(2, 4))
        return VideoFingerprint(
            duration_s=self._end,
            width=width / root,
            height=height / root,
            sparse=joined_table(self._sparse_frames),
            motion=motion.astype(np.float32),
            dense=joined_table(self._dense_frames) if self._dense else None,
            fine=fine if self._dense else None,
        )


def _next_multiple(time: float, interval: float) -> float:
    return (int(time / interval + 1e-6) + 1) * interval


def fingerprint_video(frames: Iterable[NDArray[np.uint8]], rate: float, *, role: Role = "query") -> VideoFingerprint:
    """The fingerprint of a whole video.

    Args:
        frames: uint8 pictures, (height, width) luma or (height, width, 3) RGB, all of one size.
        rate: frames a second.
        role: "query" to search with it, "reference" to store it (less work, the same bytes from `serialize`).

    Raises ArgumentError for no frames, frames of different shapes or a rate outside 0.1 to 1000.
    """
    stream = VideoFingerprintStream(rate, role)
    for frame in frames:
        stream.add(frame)
    return stream.finish()
