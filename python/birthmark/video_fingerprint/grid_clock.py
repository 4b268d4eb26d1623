"""Luma grids at an even rate, whatever the frame rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from birthmark._core import video_fingerprint as _core
from birthmark.video_fingerprint.description import FINE_SIDE, FINE_UNITS, MOTION_RATE, MOTION_SIDE

MOTION_GAP_S = 1 / 20  # frames nearer to the last one than this are left out


class GridClock:
    """Averages the luma grids of the frames shown during each eighth of a second, whatever the frame rate."""

    def __init__(self, *, fine: bool) -> None:
        """`fine` keeps all cells and not only the coarse ones."""
        self._shown: tuple[float, NDArray[np.float32]] | None = None
        self._sum = np.zeros((FINE_SIDE, FINE_SIDE), np.float64)
        self._weight = 0.0
        self._coarse: list[NDArray[np.float32]] = []
        self._fine: list[NDArray[np.uint16]] | None = [] if fine else None

    def due(self, time: float) -> bool:
        """Whether a frame shown from `time` on is needed."""
        return self._shown is None or time - self._shown[0] >= MOTION_GAP_S - 1e-9

    def add(self, frame: NDArray[np.uint8], time: float) -> NDArray[np.float32]:
        """The grid of the frame; it counts if it is due, so that both roles keep the same motion."""
        grid: NDArray[np.float32] = _core.grid(frame, FINE_SIDE)
        if self.due(time):
            self._show_until(time)
            self._shown = (time, grid)
        return grid

    def _show_until(self, end: float) -> None:
        if self._shown is None:
            return
        time, grid = self._shown
        while time < end - 1e-9:
            edge = (len(self._coarse) + 1) / MOTION_RATE
            stop = min(edge, end)
            self._sum += grid * (stop - time)
            self._weight += stop - time
            time = stop
            if stop >= edge - 1e-9:
                self._close()

    def _close(self) -> None:
        mean = self._sum / self._weight
        cells = FINE_SIDE // MOTION_SIDE
        self._coarse.append(mean.reshape(MOTION_SIDE, cells, MOTION_SIDE, cells).mean(axis=(1, 3)).astype(np.float32))
        if self._fine is not None:
            self._fine.append(np.rint(mean * FINE_UNITS).astype(np.uint16))
        self._sum[:] = 0.0
        self._weight = 0.0

    def finish(self, end: float) -> tuple[NDArray[np.float32], NDArray[np.uint16] | None]:
        """Grids (count, MOTION_SIDE, MOTION_SIDE) and, in FINE_UNITS, (count, FINE_SIDE, FINE_SIDE).

        The last frame is shown until `end`.
        """
        self._show_until(end)
        if self._weight > 0.5 / MOTION_RATE or not self._coarse:
            self._close()
        return np.stack(self._coarse), None if self._fine is None else np.stack(self._fine)
