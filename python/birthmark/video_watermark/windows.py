"""Windows of ten seconds, every five, of the detector's slots; shots of some length are kept apart from others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from birthmark._core import video_mark as core

from .registration import Candidate, Pattern, Registration, search, tilted
from .statistics import Spectrum, spectrum

WINDOW_SECONDS = 10.0
HOP_SECONDS = 5.0
SHOT_SECONDS = 4.0  # shots of at least this length are not mixed with others in one window
_ALIKE = 0.15  # correlation of neighbouring slots below which a cut lies between them
_ALIKE_BEFORE = 0.4  # that of the slots before it, or the picture moves too much for telling
_LEAST_NEW = 0.5  # seconds not looked at yet that make a window worth another look
_PLACE = 9  # units across which the variance over time is averaged
_STRONG = 4.0  # inverse of the square of a deviation above which what stands still is strong
_INSET_MARGIN = 1.12  # width of the part of the frame that an inset is looked for in, over its own

Slots = NDArray[np.float32]
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Folded:
    """Slots of a window in the coordinates of the tile: (slots, modes), their times received and marked."""

    values: NDArray[np.complex64]
    seconds: Vector
    marked: Vector

    def total(self) -> Spectrum:
        """Spectrum over time."""
        return spectrum(self.values, self.marked)

    def after(self, seconds: float) -> Folded:
        """The slots received after a time."""
        later = self.seconds > seconds
        return Folded(self.values[later], self.seconds[later], self.marked[later])


class Window:
    """Slots of one window, weighed; neighbouring slots are averaged where the mark moves slowly enough for it.

    `slots` are those received. In the others places that change much count less, as noise of that variance asks for,
    and of what stands still what is strong.
    """

    def __init__(self, seconds: Vector, slots: Slots) -> None:
        self.seconds = seconds
        self.slots = slots
        self.weighed = _weighed(slots)
        pairs = len(slots) // 2
        if pairs >= 4:
            shape = (pairs, 2, *slots.shape[1:])
            self.coarse = self.weighed[: 2 * pairs].reshape(shape).mean(axis=1)
            self.coarse_seconds = seconds[: 2 * pairs].reshape(pairs, 2).mean(axis=1)
        else:
            self.coarse, self.coarse_seconds = self.weighed, seconds

    @cached_property
    def spectrum(self) -> core.SyncSearch:
        """Over space and time; the same for every key."""
        return core.SyncSearch(self.coarse, self.coarse_seconds)

    def search(self, pattern: Pattern, count: int, *, quarter_turns: bool = False) -> list[Candidate]:
        """Where the sync template may lie."""
        span = float(self.coarse_seconds[-1] - self.coarse_seconds[0])
        return search(self.spectrum, span, pattern, count, quarter_turns=quarter_turns)

    def tilted(self, pattern: Pattern) -> Candidate:
        """How the frame may show the picture from aside, as a filmed screen does."""
        return tilted(self.coarse, self.coarse_seconds, pattern)

    def insets(self, scale: float) -> Iterator[tuple[Window, NDArray[np.float64]]]:
        """Parts that may hold the picture shrunk to `scale`, the corners and the middle, each with the map from the
        frame's coordinates to its own."""
        rows, columns = self.slots.shape[1:]
        high, wide = (2 * round(min(n, n * scale * _INSET_MARGIN) / 2) for n in (rows, columns))
        for down, right in ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.5)):
            top, left = round(down * (rows - high)), round(right * (columns - wide))
            to_part = np.eye(3)
            to_part[:2, 2] = (columns - wide) / 2 - left, (rows - high) / 2 - top
            yield Window(self.seconds, self.slots[:, top : top + high, left : left + wide]), to_part

    def folded(self, pattern: Pattern, found: Registration) -> Folded:
        """All slots as `found` sees them."""
        seconds, slots = (self.coarse_seconds, self.coarse) if found.speed < 1.4 else (self.seconds, self.weighed)
        values = core.fold_modes(slots, pattern.core, found.matrix)
        return Folded(values, seconds, found.speed * seconds + found.start)


class Windows:
    """Cuts slots, as they come, into windows.

    A window ends where a shot of at least SHOT_SECONDS begins or ends: what stands still in one shot would be a jump
    among others, and drown the sync waves.
    """

    def __init__(self) -> None:
        self._slots: list[tuple[float, Slots]] = []
        self._alike: list[float] = []  # correlation of each slot with the one before
        self._done_s = -np.inf  # the last slot that was in a window

    def push(self, seconds: float, picture: Slots) -> Iterator[Window]:
        """Windows that are complete with this slot."""
        self._alike.append(_correlation(self._slots[-1][1], picture) if self._slots else 1.0)
        self._slots.append((seconds, picture))
        start = self._cut()
        if start > 0:
            yield from self._window(start)
            self._drop(start)
        first = self._slots[0][0]
        if seconds - first >= WINDOW_SECONDS - 0.6 * core.SLOT_SECONDS:
            yield from self._window(len(self._slots))
            self._drop(sum(time < first + HOP_SECONDS - 0.5 * core.SLOT_SECONDS for time, _ in self._slots))

    def flush(self) -> Iterator[Window]:
        """The rest."""
        yield from self._window(len(self._slots))
        self._drop(len(self._slots))

    def _cut(self) -> int:
        """The slot that begins a shot where the shot before it, or by now this one, is long enough; or 0."""
        length = round(SHOT_SECONDS / core.SLOT_SECONDS)
        count = len(self._slots)
        for start in {count - 1, count - length}:
            if start < 1 or max(start, count - start) < length:
                continue
            before = self._alike[max(1, start - 5) : start]
            if self._alike[start] < _ALIKE and min(before, default=0.0) > _ALIKE_BEFORE:
                return start
        return 0

    def _drop(self, count: int) -> None:
        del self._slots[:count]
        del self._alike[:count]

    def _window(self, count: int) -> Iterator[Window]:
        """The first `count` slots, unless nearly all of them have been in one."""
        slots = self._slots[:count]
        new = sum(time > self._done_s for time, _ in slots)
        if new >= (1 if self._done_s == -np.inf else round(_LEAST_NEW / core.SLOT_SECONDS)):
            self._done_s = slots[-1][0]
            yield Window(np.array([time for time, _ in slots]), np.stack([picture for _, picture in slots]))


def _weighed(slots: Slots) -> Slots:
    still = slots.mean(axis=0)
    change = uniform_filter(slots.var(axis=0), _PLACE, mode="mirror")
    usual = float(change.mean()) + 1e-6
    calm = still / (1 + _STRONG * still**2)
    return np.asarray((slots - (still - calm)) * (usual / (change + usual)), dtype=np.float32)


def _correlation(before: Slots, after: Slots) -> float:
    return float(np.vdot(before, after)) / max(1e-12, float(np.linalg.norm(before) * np.linalg.norm(after)))
