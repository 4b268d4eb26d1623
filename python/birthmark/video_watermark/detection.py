"""The streaming detector: windows of ten seconds, each registered by itself, joined where they continue one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from birthmark._core import video_mark as core
from birthmark.errors import ArgumentError
from birthmark.keys import Key

from .registration import Candidate, Pattern, Registration, linear_map, register, search
from .results import VideoDetection, geometry_of
from .statistics import Judge, Match, soft_bits, spectrum

WINDOW_SECONDS = 10.0
HOP_SECONDS = 5.0
SEARCHED = 4  # candidates of the spectral search that are followed up
SYNC_GATE = 6.0  # sync score below which a registration is not decoded
_LIKELY = -8.0  # log10 of p per try at which the window needs no further candidates
_SAME_PLACE = 3.0  # units that two registrations of one stretch may differ by at the picture's edge
_SAME_TIME = 0.2  # seconds

Slots = NDArray[np.float32]
Vector = NDArray[np.float64]


@dataclass
class _Stretch:
    """Consecutive windows with one geometry, their evidence added up."""

    registration: Registration
    start_s: float
    end_s: float
    total: NDArray[np.complex128]
    match: Match | None = None


class _Window:
    """Slots of one window; neighbouring slots are averaged where the mark moves slowly enough for it."""

    def __init__(self, seconds: Vector, slots: Slots) -> None:
        self.seconds = seconds
        self.slots = slots
        pairs = len(slots) // 2
        if pairs >= 4:
            shape = (pairs, 2, *slots.shape[1:])
            self.coarse = slots[: 2 * pairs].reshape(shape).mean(axis=1)
            self.coarse_seconds = seconds[: 2 * pairs].reshape(pairs, 2).mean(axis=1)
        else:
            self.coarse, self.coarse_seconds = slots, seconds

    def spectrum(self, pattern: Pattern, found: Registration, after: float) -> NDArray[np.complex128]:
        """Spectrum in marked coordinates of the slots later than `after`."""
        seconds, slots = (self.coarse_seconds, self.coarse) if found.speed < 1.4 else (self.seconds, self.slots)
        later = seconds > after
        if not np.any(later):
            return np.zeros((len(pattern.places), 2 * core.HARMONICS + 1), dtype=np.complex128)
        folded = core.fold_modes(slots[later], pattern.core, found.matrix)
        return spectrum(folded, found.speed * seconds[later] + found.start)


class _KeySearch:
    """One key's view of the video."""

    def __init__(self, key: Key, judge: Judge) -> None:
        self.pattern = Pattern(key)
        self.judge = judge
        self.tries = 0
        self.stretches: list[_Stretch] = []
        self._open: _Stretch | None = None

    def look(self, window: _Window) -> None:
        """Search one window, and add it to the stretch before it where it continues that."""
        best: tuple[float, Registration, NDArray[np.complex128], Match | None] | None = None
        for candidate in self._candidates(window):
            found = register(window.coarse, window.coarse_seconds, self.pattern, candidate)
            if found.sync_score < SYNC_GATE:
                continue
            values = window.spectrum(self.pattern, found, -np.inf)
            match = self._judge(values)
            log10_p = match.log10_p if match else 0.0
            rank = log10_p if log10_p < _LIKELY else -1e-3 * found.sync_score
            if best is None or rank < best[0]:
                best = (rank, found, values, match)
            if log10_p < _LIKELY:
                break
        if best is None:
            self._open = None
            return
        self._join(window, *best[1:])

    def _candidates(self, window: _Window):  # type: ignore[no-untyped-def]
        if self._open is not None:
            yield Candidate(self._open.registration.matrix[:2, :2], self._open.registration.speed)
        yield Candidate(linear_map(1.0, 0.0, False), 1.0)
        yield from search(window.coarse, window.coarse_seconds, self.pattern, SEARCHED)

    def _judge(self, values: NDArray[np.complex128]) -> Match | None:
        self.tries += 1
        return self.judge.best(soft_bits(values, self.pattern))

    def _join(
        self, window: _Window, found: Registration, values: NDArray[np.complex128], match: Match | None
    ) -> None:
        start, end = float(window.seconds[0]), float(window.seconds[-1]) + core.SLOT_SECONDS
        last = self._open
        if last is not None and _continues(last, found, start, window.slots.shape[1:]):
            last.total = last.total + window.spectrum(self.pattern, found, last.end_s - core.SLOT_SECONDS)
            last.registration, last.end_s = found, end
            last.match = _better(self._judge(last.total), _better(last.match, match))
            return
        self._open = _Stretch(found, start, end, values, match)
        self.stretches.append(self._open)


def _better(a: Match | None, b: Match | None) -> Match | None:
    if a is None or b is None:
        return a or b
    return a if a.log10_p <= b.log10_p else b


def _continues(last: _Stretch, found: Registration, start_s: float, shape: tuple[int, ...]) -> bool:
    if start_s > last.end_s + HOP_SECONDS:
        return False
    middle = (start_s + last.end_s) / 2
    old = last.registration
    late = (found.speed * middle + found.start) - (old.speed * middle + old.start)
    late -= core.PERIOD * np.round(late / core.PERIOD)
    if abs(late) > _SAME_TIME:
        return False
    height, width = shape
    corners = np.array([[x * width / 2, y * height / 2, 1.0] for x in (-1, 1) for y in (-1, 1)])
    places = [corners @ m.T for m in (found.matrix, old.matrix)]
    apart = places[0][:, :2] / places[0][:, 2:] - places[1][:, :2] / places[1][:, 2:]
    apart -= core.TILE * np.round(apart.mean(axis=0) / core.TILE)
    return bool(np.abs(apart).max() < _SAME_PLACE)


class VideoDetectStream:
    """Find marks in frames as they come.

    `width`, `height`: size of the frames. `keys`: one or more. `issued`: payloads that were handed out; clips too short to
    be decoded blindly are matched against them. `max_p`: largest family-wise false positive rate for the whole stream.
    Memory is bounded by the window of ten seconds. Raises ArgumentError for an empty list of keys or a bad size.
    """

    def __init__(
        self,
        width: int,
        height: int,
        keys: Sequence[Key],
        *,
        issued: NDArray[np.uint64] | None = None,
        max_p: float = 1e-6,
    ) -> None:
        if not keys:
            raise ArgumentError("keys is empty; allowed: at least one key")
        if not 0 < max_p < 1:
            raise ArgumentError(f"max_p is {max_p}; allowed: above 0 and below 1")
        self._residual = core.VideoResidual(width, height)
        judge = Judge(issued)
        self._searches = [_KeySearch(key, judge) for key in keys]
        self._slots: list[tuple[float, Slots]] = []
        self._log10_limit = float(np.log10(max_p))
        self._looked = False

    def push(self, frame: NDArray[np.uint8], seconds: float) -> None:
        """A frame of RGB, (height, width, 3) uint8; `seconds` must not fall."""
        self._residual.push_rgb(frame, seconds)
        self._advance()

    def push_luma(self, luma: NDArray[np.uint8] | NDArray[np.uint16], seconds: float, bits: int = 8) -> None:
        """A luma plane, (height, width): uint8, or uint16 with the value in the low `bits` bits."""
        if bits == 8:
            self._residual.push(luma, seconds)  # type: ignore[arg-type]
        else:
            self._residual.push(luma, seconds, bits)  # type: ignore[call-overload]
        self._advance()

    def finish(self) -> list[VideoDetection]:
        """Detections in all that was pushed, the surest first."""
        self._residual.flush()
        self._slots += self._residual.take()
        if self._slots and (len(self._slots) * core.SLOT_SECONDS > WINDOW_SECONDS - HOP_SECONDS or not self._looked):
            self._look()
        self._slots = []
        return self._detections()

    def _advance(self) -> None:
        self._slots += self._residual.take()
        while self._slots and self._slots[-1][0] - self._slots[0][0] >= WINDOW_SECONDS - 0.6 * core.SLOT_SECONDS:
            self._look()
            first = self._slots[0][0]
            self._slots = [slot for slot in self._slots if slot[0] >= first + HOP_SECONDS - 0.5 * core.SLOT_SECONDS]

    def _look(self) -> None:
        self._looked = True
        window = _Window(np.array([t for t, _ in self._slots]), np.stack([picture for _, picture in self._slots]))
        for one in self._searches:
            one.look(window)

    def _detections(self) -> list[VideoDetection]:
        tries = np.log10(max(1, sum(one.tries for one in self._searches)))
        out = []
        for one in self._searches:
            for stretch in one.stretches:
                match = stretch.match
                if match is None or match.log10_p + tries > self._log10_limit:
                    continue
                out.append(
                    VideoDetection(
                        payload=match.payload,
                        key=one.pattern.key.id,
                        start_s=stretch.start_s,
                        end_s=stretch.end_s,
                        speed=stretch.registration.speed,
                        log10_p=float(match.log10_p + tries),
                        geometry=geometry_of(stretch.registration.matrix),
                    )
                )
        return sorted(out, key=lambda detection: detection.log10_p)
