"""Where a received picture lies in the marked one: from a coarse candidate of the spectral search to an exact map.

The sync template is a set of plane waves with known phases. Under a candidate map each block of the received picture
gives one phasor per wave; its phase says how far the block lies from where the candidate puts it. The shift and the
time are found by one inverse transform over the lattice of the waves, the rest (affine, perspective, speed) by climbing
the coherent sum from the candidate, first with the centre of the picture and then with all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from birthmark._core import video_mark as core
from birthmark.keys import Key

Slots = NDArray[np.float32]
Vector = NDArray[np.float64]

_ROWS_AND_COLUMNS = 48  # blocks in the picture, about
_SEGMENT = core.PERIOD / 6  # seconds over which phasors are summed before the fit: the images of steps cancel
_TIME_STEPS = 32  # of the search over the period
_SHIFT_STEPS = 128  # of the search over the tile


class Pattern:
    """The carrier of one key: the kernel object and its layout as arrays."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.core = core.VideoPattern(key)
        layout = self.core.layout()
        self.places = layout["places"].astype(np.float64)  # (modes, 2), cycles per tile
        self.codes = layout["codes"].astype(np.intp)  # (modes, 2)
        self.gains = layout["gains"].astype(np.float64)  # (modes,)
        self.signs = layout["signs"].astype(np.float64)  # (modes, 2, harmonics)
        self.radii = np.hypot(self.places[:, 0], self.places[:, 1])
        self.sync_places = layout["sync"][:, :2].astype(np.float64)  # (waves, 2)
        self.sync_harmonics = layout["sync"][:, 2].astype(np.float64)  # (waves,)
        self.sync_phases = np.exp(1j * layout["phases"].astype(np.float64))  # (waves,)


@dataclass(frozen=True)
class Registration:
    """A map from received to marked places and times, and how well the sync template fits it.

    `matrix` is 3 x 3 on homogeneous coordinates in units of shorter side / 240 from the pictures' centres;
    marked seconds = `speed` * received seconds + `start`, known up to the pattern's period of 4 s.
    """

    matrix: NDArray[np.float64]
    speed: float
    start: float
    sync_score: float


UNMOVED = Registration(np.eye(3), 1.0, 0.0, 0.0)


@dataclass(frozen=True)
class Candidate:
    """A coarse hypothesis, the shift left open: speed, linear map (2, 2) at the centre, and perspective, the first two
    numbers of the last row of a map (3, 3)."""

    linear: NDArray[np.float64]
    speed: float
    perspective: Vector = field(default_factory=lambda: np.zeros(2))

    @classmethod
    def of(cls, matrix: NDArray[np.float64], speed: float = 1.0) -> Candidate:
        """That of a map (3, 3)."""
        return cls(at_centre(matrix), speed, matrix[2, :2] / matrix[2, 2])


def at_centre(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The linear map (2, 2) that a map (3, 3) is close to the centre of the received picture."""
    scaled = matrix / matrix[2, 2]
    return np.asarray(scaled[:2, :2] - np.outer(scaled[:2, 2], scaled[2, :2]))


def linear_map(scale: float, degrees: float, mirrored: bool) -> NDArray[np.float64]:
    """marked = mirror * turn / scale * received, as a (2, 2) matrix."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(np.diag([-1.0 if mirrored else 1.0, 1.0]) @ turn / scale)


def search(
    spectrum: core.SyncSearch, span_s: float, pattern: Pattern, count: int, *, quarter_turns: bool = False
) -> list[Candidate]:
    """The best `count` candidates over scale, turn, mirror and speed in the spectrum of `span_s` seconds."""
    ranges = core.SyncRanges()
    ranges.quarter_turns = quarter_turns
    if span_s < 1.5:
        ranges.speed_low, ranges.speed_high = 1.0, 1.01
    found = spectrum.best(pattern.core, ranges, count)
    return [Candidate(linear_map(c.scale, c.degrees, c.mirrored), c.speed) for c in found]


def tilted(slots: Slots, seconds: Vector, pattern: Pattern) -> Candidate:
    """The likeliest view from aside of a picture that fills 0.6 or more of the frame, at the marked speed."""
    return Candidate.of(core.best_tilt(slots, seconds, pattern.core)[0])


def register(
    slots: Slots,
    seconds: Vector,
    pattern: Pattern,
    candidate: Candidate,
    *,
    again_above: float = np.inf,
    largest_shift: float = np.inf,
) -> Registration:
    """The exact map next to a candidate that fits the sync template best.

    `largest_shift`: units of the marked picture that its centre may lie from that of the slots, where that is known. A
    fit that scores more than `again_above` is repeated from where it ended: it helps where the candidate was far off.
    """
    found = _Fit(slots, seconds, pattern, candidate, largest_shift).run()
    if found.sync_score > again_above:
        closer = Candidate.of(found.matrix, found.speed)
        second = _Fit(slots, seconds, pattern, closer, largest_shift).run()
        found = second if second.sync_score > found.sync_score else found
    return found


class _Fit:
    def __init__(
        self, slots: Slots, seconds: Vector, pattern: Pattern, candidate: Candidate, largest_shift: float
    ) -> None:
        self.largest_shift = largest_shift
        self.pattern = pattern
        self.linear = candidate.linear
        self.perspective = candidate.perspective
        self.speed = candidate.speed
        height, width = slots.shape[1:]
        rows = max(2, round((_ROWS_AND_COLUMNS * height / width) ** 0.5))
        columns = max(2, round(_ROWS_AND_COLUMNS / rows))
        raw = core.sync_phasors(slots, pattern.core, self.linear, rows, columns)
        raw = raw.reshape(len(slots), rows * columns, -1)
        turning = pattern.sync_harmonics != 0
        raw[..., turning] -= raw[..., turning].mean(axis=0)  # what stands still would leak into them
        cycles = np.outer(seconds * self.speed, pattern.sync_harmonics) / core.PERIOD
        turned = raw * np.exp(-2j * np.pi * cycles)[:, None, :]
        segment = np.floor((seconds - seconds[0]) / _SEGMENT).astype(np.intp)
        self.phasors = np.zeros((segment[-1] + 1, *raw.shape[1:]), dtype=np.complex128)
        np.add.at(self.phasors, segment, turned)
        used = np.unique(segment)
        self.phasors = self.phasors[used] * pattern.sync_phases.conj()
        level = np.sqrt(np.mean(np.abs(self.phasors) ** 2, axis=(0, 1)))
        self.phasors /= np.maximum(level, 1e-12)
        self.times = np.array([seconds[segment == s].mean() for s in used])
        self.middle = float(self.times.mean())
        y = (np.arange(rows) + 0.5) * height / rows - height / 2
        x = (np.arange(columns) + 0.5) * width / columns - width / 2
        self.centres = np.stack([np.tile(x, rows), np.repeat(y, columns)], axis=1)
        self.reach = np.array([width / 2, height / 2])
        self.nominal = self.centres @ self.linear.T
        self.by_wave = np.ascontiguousarray(self.phasors.transpose(2, 0, 1))  # (waves, segments, blocks)
        self.power = (np.abs(self.phasors) ** 2).sum(axis=(0, 2)) / 2  # (blocks,)

    def run(self) -> Registration:
        near = np.linalg.norm(self.centres / self.reach, axis=1)
        best = None
        for radius in (2.0, 0.75):
            weight = (near <= radius).astype(np.float64)
            parameters = np.zeros(10)
            start = self._lattice(parameters, weight)
            parameters[4:6], parameters[8] = start[:2], start[2]
            if radius < 2.0:
                parameters = self._climb(parameters, weight, range(10), 2.0)
            parameters = self._climb(parameters, np.ones_like(weight), [0, 1, 2, 3, 4, 5, 8, 9], 1.0)
            parameters = self._climb(parameters, np.ones_like(weight), range(10), 0.5)
            score = self._score(parameters, np.ones_like(weight))
            if best is None or score > best[0]:
                best = (score, parameters)
        assert best is not None
        score, parameters = best
        speed, start_s = self._time(parameters)
        return Registration(self._matrix(parameters), speed, start_s % core.PERIOD, score)

    def _lattice(self, parameters: Vector, weight: Vector) -> Vector:
        """Shift (units) and time (seconds) of the highest coherent sum, the other parameters given."""
        total = np.einsum("ksb,kb->k", self.by_wave, self._space(parameters, weight))
        grid = np.zeros((_TIME_STEPS, _SHIFT_STEPS, _SHIFT_STEPS), dtype=np.complex64)
        places = self.pattern.sync_places.astype(np.intp)
        index = (-self.pattern.sync_harmonics.astype(np.intp), -places[:, 1], -places[:, 0])
        np.add.at(grid, tuple(i % n for i, n in zip(index, grid.shape, strict=True)), total)
        scores = np.fft.ifftn(grid).real
        step = core.TILE / _SHIFT_STEPS
        away = np.abs(np.fft.fftfreq(_SHIFT_STEPS, 1 / core.TILE))  # units, up to half a tile
        scores[:, away > self.largest_shift] = -np.inf
        scores[:, :, away > self.largest_shift] = -np.inf
        t, y, x = np.unravel_index(int(scores.argmax()), scores.shape)
        shift = np.array([x, y]) * step
        shift -= core.TILE * np.round(shift / core.TILE)
        return np.array([shift[0], shift[1], t * core.PERIOD / _TIME_STEPS])

    def _matrix(self, parameters: Vector) -> NDArray[np.float64]:
        """Parameters 0 to 7 are displacements from the candidate at the edge of the picture in units."""
        a, b, c, d, e, f, g, h = parameters[:8]
        width, height = self.reach
        size = float(np.linalg.norm(self.linear @ self.reach))
        matrix = np.eye(3)
        matrix[:2, :2] = self.linear + np.array([[a / width, b / height], [c / width, d / height]])
        matrix[2, :2] = self.perspective + np.array([g / width, h / height]) / size
        shift = np.array([[1.0, 0.0, e], [0.0, 1.0, f], [0.0, 0.0, 1.0]])  # by whole tiles it makes no difference
        return shift @ matrix

    def _space(self, parameters: Vector, weight: Vector) -> NDArray[np.complex128]:
        """What turns the phasors of the blocks (waves, blocks) into line, times their weights."""
        matrix = self._matrix(parameters)
        at = self.centres @ matrix[:, :2].T + matrix[:, 2]
        moved = at[:, :2] / at[:, 2:] - self.nominal
        turns = np.exp((-2j * np.pi / core.TILE) * (self.pattern.sync_places @ moved.T))
        return np.asarray(turns * weight)

    def _time(self, parameters: Vector) -> tuple[float, float]:
        """Speed and start; parameter 9 is the drift in seconds over half the time."""
        half = max(0.5, float(np.ptp(self.times)) / 2)
        slope = parameters[9] / half
        return self.speed + float(slope), float(parameters[8] - slope * self.middle)

    def _score(self, parameters: Vector, weight: Vector) -> float:
        """Coherent sum over its standard deviation if phases were random."""
        space = self._space(parameters, weight)
        speed, start = self._time(parameters)
        late = start + (speed - self.speed) * self.times
        time = np.exp((-2j * np.pi / core.PERIOD) * np.outer(self.pattern.sync_harmonics, late))  # (waves, segments)
        total = np.sum((self.by_wave @ space[:, :, None])[:, :, 0] * time).real
        return float(total / np.sqrt(max(self.power @ weight, 1e-12)))

    def _climb(self, start: Vector, weight: Vector, which: range | list[int], step: float) -> Vector:
        steps = np.full(10, step)
        steps[8:] = 0.1 * step
        return _climb(lambda p: self._score(p, weight), start, list(which), steps)


def _climb(score: Callable[[Vector], float], start: Vector, which: list[int], steps: Vector) -> Vector:
    """Coordinate ascent; a step that helps grows, one that does not is halved, down to a sixteenth."""
    point, best = start.copy(), score(start)
    steps = steps.copy()
    lowest = steps / 16
    while np.any(steps[which] > lowest[which]):
        for i in which:
            if steps[i] <= lowest[i]:
                continue
            for direction in (1.0, -1.0):
                trial = point.copy()
                trial[i] += direction * steps[i]
                value = score(trial)
                if value > best:
                    point, best = trial, value
                    break
            else:
                steps[i] /= 2
    return point
