"""Takes the frames of a video one after the other and gives its fingerprint."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from birthmark._core import video_fingerprint as _core
from birthmark.errors import ArgumentError
from birthmark.video_fingerprint.dense_frames import DenseFrames
from birthmark.video_fingerprint.description import (
    MAXIMUM_DURATION_S,
    Described,
    joined_table,
)
from birthmark.video_fingerprint.fingerprint import VideoFingerprint
from birthmark.video_fingerprint.grid_clock import GridClock

SPARSE_INTERVAL_S = 1.0  # one sparsely described frame a second
DENSE_INTERVAL_S = 0.25
FAST_INTERVAL_S = 1.0
STILL_DIFFERENCE = 0.6  # mean change, in grey levels, below which a dense frame repeats the one before it

Role = Literal["query", "reference"]


class VideoFingerprintStream:
    """Takes frames one after the other and gives the fingerprint at the end.

    Frames are uint8, (height, width) luma or (height, width, 3) RGB, all of one size, `rate` of them a second.
    `role="reference"` does only what an index needs; `role="query"` describes the frames densely as well, four times a
    second, or once with `thorough=False`: a quarter of the work, enough unless much moves or little is left of the
    picture. Memory is bounded: a query of more than some six minutes is described less densely, see
    DenseFrames.

    Frames that are not needed may be left out: where `wants(time_s)` is false, `skip(time_s)` stands for `add`.
    """

    def __init__(self, rate: float, role: Role = "query", *, thorough: bool = True) -> None:
        if not 0.1 <= rate <= 1000:
            raise ArgumentError(f"rate is {rate}; allowed: 0.1 to 1000 frames a second")
        if role not in ("query", "reference"):
            raise ArgumentError(f"role is {role!r}; allowed: 'query', 'reference'")
        self._rate = rate
        self._describer = _core.FrameDescriber(role == "reference")
        self._dense = None if role == "reference" else DenseFrames(DENSE_INTERVAL_S if thorough else FAST_INTERVAL_S)
        self._frames = 0
        self._shape: tuple[int, ...] | None = None
        self._next_sparse = 0.0
        self._next_dense = 0.0
        self._last_grid: NDArray[np.float32] | None = None
        self._sparse_frames: list[Described] = []
        self._end = 0.0
        self._grids = GridClock(fine=self._dense is not None)

    def wants(self, time_s: float | None = None) -> bool:
        """Whether the next frame, shown from `time_s` on, is needed."""
        time = self._moment(time_s)
        return self._shape is None or self._describes(time) or self._grids.due(time)

    def skip(self, time_s: float | None = None) -> None:
        """The next frame is there but not needed; raises ArgumentError where `wants` says that it is."""
        if self.wants(time_s):
            raise ArgumentError(f"the frame at {self._moment(time_s):.3f} s is needed; allowed: frames not wanted")
        self._advance(self._moment(time_s))

    def add(self, frame: NDArray[np.uint8], time_s: float | None = None) -> None:
        """The next frame, shown from `time_s` on; without it frame k is shown from k / rate on.

        Raises ArgumentError if it is not uint8, not of the shape of those before, or later than MAXIMUM_DURATION_S.
        """
        if frame.dtype != np.uint8 or frame.ndim not in (2, 3):
            raise ArgumentError(f"frame has type {frame.dtype} and shape {frame.shape}; allowed: uint8 pictures")
        if self._shape is not None and frame.shape != self._shape:
            raise ArgumentError(f"frame has shape {frame.shape}; allowed: that of the first frame, {self._shape}")
        time = self._moment(time_s)
        wanted = self.wants(time_s)
        self._shape = frame.shape
        self._advance(time)
        if wanted:
            grid = self._grids.add(frame, time)
            if self._describes(time):
                self._describe(frame, time, grid)

    def _moment(self, time_s: float | None) -> float:
        time = self._frames / self._rate if time_s is None else max(time_s, self._end - 1.0 / self._rate, 0.0)
        if not time < MAXIMUM_DURATION_S - 1.0:
            raise ArgumentError(f"time_s is {time:.0f}; allowed: less than {MAXIMUM_DURATION_S - 1:.0f} seconds")
        return time

    def _advance(self, time: float) -> None:
        self._frames += 1
        self._end = time + 1.0 / self._rate

    def _describes(self, time: float) -> bool:
        return time >= self._next_sparse - 1e-9 or (self._dense is not None and time >= self._next_dense - 1e-9)

    def _describe(self, frame: NDArray[np.uint8], time: float, grid: NDArray[np.float32]) -> None:
        sparse = time >= self._next_sparse - 1e-9
        self._next_sparse = _next_multiple(time, SPARSE_INTERVAL_S) if sparse else self._next_sparse
        self._next_dense = _next_multiple(time, SPARSE_INTERVAL_S if self._dense is None else self._dense.interval_s)
        last = self._last_grid
        if not sparse and last is not None and np.abs(grid - last).mean() < STILL_DIFFERENCE:
            return
        self._last_grid = grid
        x, y, level, kept, bits = self._describer.describe(frame)
        if sparse:
            some = kept > 0
            self._sparse_frames.append((time, (x[some], y[some], level[some], bits[some])))
        if self._dense is not None:
            self._dense.add((time, (x, y, level, bits)))

    def finish(self) -> VideoFingerprint:
        """The fingerprint of all frames; raises ArgumentError if there were none."""
        if self._shape is None:
            raise ArgumentError("frames is empty; allowed: at least one frame")
        height, width = self._shape[:2]
        root = (width * height) ** 0.5
        motion, fine = self._grids.finish(self._end)
        return VideoFingerprint(
            duration_s=self._end,
            width=width / root,
            height=height / root,
            sparse=joined_table(self._sparse_frames),
            motion=motion,
            dense=None if self._dense is None else self._dense.table(),
            fine=fine,
        )


def _next_multiple(time: float, interval: float) -> float:
    return (int(time / interval + 1e-6) + 1) * interval


def fingerprint_video(
    frames: Iterable[NDArray[np.uint8]], rate: float, *, role: Role = "query", thorough: bool = True
) -> VideoFingerprint:
    """The fingerprint of a whole video.

    Args:
        frames: uint8 pictures, (height, width) luma or (height, width, 3) RGB, all of one size.
        rate: frames a second.
        role: "query" to search with it, "reference" to store it (less work, the same bytes from `serialize`).
        thorough: False for a quarter of the work of a query; see VideoFingerprintStream.

    Raises ArgumentError for no frames, frames of different shapes or a rate outside 0.1 to 1000.
    """
    stream = VideoFingerprintStream(rate, role, thorough=thorough)
    for frame in frames:
        stream.add(frame)
    return stream.finish()
