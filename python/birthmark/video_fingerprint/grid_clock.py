"""Luma grids at an even rate, whatever the frame rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from birthmark._core import video_fingerprint as _core
from birthmark.video_fingerprint.description import FINE_SIDE, MOTION_RATE

MOTION_GAP_S = 1 / 40  # frames nearer to the last one than this are left out


class GridClock:
    """Averages the luma grids of the frames shown during each eighth of a second, whatever the frame rate."""

    def __init__(self) -> None:
        self._shown: tuple[float, NDArray[np.float32]] | None = None
        self._sum = np.zeros((FINE_SIDE, FINE_SIDE), np.float64)
        self._weight = 0.0
        self._done: list[NDArray[np.float32]] = []

    def add(self, frame: NDArray[np.uint8], time: float, wanted: bool) -> NDArray[np.float32] | None:
        """The grid of the frame, or None if neither the clock nor the caller needs it."""
        due = self._shown is None or time - self._shown[0] >= MOTION_GAP_S - 1e-9
        if not due and not wanted:
            return None
        grid: NDArray[np.float32] = _core.grid(frame, FINE_SIDE)
        if due:  # not for `wanted` alone: both roles keep the same motion
            self._show_until(time)
            self._shown = (time, grid)
        return grid

    def _show_until(self, end: float) -> None:
        if self._shown is None:
            return
        time, grid = self._shown
        while time < end - 1e-9:
            edge = (len(self._done) + 1) / MOTION_RATE
            stop = min(edge, end)
            self._sum += grid * (stop - time)
            self._weight += stop - time
            time = stop
            if stop >= edge - 1e-9:
                self._close()

    def _close(self) -> None:
        self._done.append((self._sum / self._weight).astype(np.float32))
        self._sum[:] = 0.0
        self._weight = 0.0

    def finish(self, end: float) -> NDArray[np.float32]:
        """All grids, (count, FINE_SIDE, FINE_SIDE), the last frame being shown until `end`."""
        self._show_until(end)
        if self._weight > 0.5 / MOTION_RATE or not self._done:
            self._close()
        return np.stack(self._done)
