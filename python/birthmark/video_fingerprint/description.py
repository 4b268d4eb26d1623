"""What is kept of a video: tables of described keypoints, and the motion of a grid of cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from birthmark._core import video_fingerprint as _core

MOTION_RATE = 8  # grids a second
MOTION_SIDE = 16
FINE_SIDE = 64
FINE_UNITS = 256  # fine cells are kept in 1/256 of a grey level
MAXIMUM_DURATION_S = 32_000.0  # the frame number in a posting has 15 bits


@dataclass(frozen=True, slots=True)
class FrameTable:
    """Described keypoints of several frames; those of frame i are entries start[i] to start[i + 1]."""

    times: NDArray[np.float64]  # (frames,) seconds
    start: NDArray[np.uint32]  # (frames + 1,)
    x: NDArray[np.float32]  # (keypoints,) in units of the root of the frame's area
    y: NDArray[np.float32]
    level: NDArray[np.uint8]  # (keypoints,) size at which it was found: 32 * 2 ** (level / 4) pixels
    bits: NDArray[np.uint32]  # (keypoints, 3)

    def __len__(self) -> int:
        return len(self.times)

    def core(self, width: float, height: float) -> _core.FeatureTable:
        """The same as an object of the C++ core."""
        return _core.FeatureTable(self.x, self.y, self.level, self.bits, self.start, width, height)


Keypoints = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8], NDArray[np.uint32]]
"""x, y, level and bits of the keypoints of one frame."""

Described = tuple[float, Keypoints]
"""A moment and its keypoints."""


def joined_table(frames: list[Described]) -> FrameTable:
    """One table of the described frames."""
    counts = [len(features[0]) for _, features in frames]
    return FrameTable(
        times=np.array([time for time, _ in frames], np.float64),
        start=np.concatenate([[0], np.cumsum(counts)]).astype(np.uint32),
        x=np.concatenate([features[0] for _, features in frames]),
        y=np.concatenate([features[1] for _, features in frames]),
        level=np.concatenate([features[2] for _, features in frames]),
        bits=np.concatenate([features[3] for _, features in frames]),
    )


@dataclass(frozen=True)
class VideoDescription:
    """What is kept of a video. `width` and `height` are in units of the root of the frame's area."""

    duration_s: float
    width: float
    height: float
    sparse: FrameTable
    motion: NDArray[np.float32]  # (duration * 8, 16, 16) mean luma of cells; only its changes are stored
    dense: FrameTable | None = field(default=None, repr=False)
    fine: NDArray[np.uint16] | None = field(default=None, repr=False)  # (duration * 8, 64, 64) in FINE_UNITS
    medium: str = "video"

    def cells(self, first: int, last: int) -> NDArray[np.float32]:
        """Mean luma of grids `first` to `last` as finely as it is known, (last - first, 64, 64)."""
        if self.fine is not None:
            return self.fine[first:last].astype(np.float32) / np.float32(FINE_UNITS)
        times = FINE_SIDE // MOTION_SIDE
        return np.repeat(np.repeat(self.motion[first:last], times, axis=1), times, axis=2)

    @cached_property
    def matcher(self) -> _core.VideoMatcher:
        """The description to search with, prepared for testing hypotheses."""
        table = self.sparse if self.dense is None else self.dense
        return _core.VideoMatcher(table.core(self.width, self.height))

    @property
    def searched(self) -> FrameTable:
        """The description to search with: the dense one if there is one."""
        return self.sparse if self.dense is None else self.dense
