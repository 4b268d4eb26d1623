"""Alignment in time by motion: the moment of a scene, not only the scene.

The luma of the reference's cells, 16 x 16 of them, is compared with the same places of the query, found through the
geometry of the copy. Of the visible cells those count that change most in the reference. Both sides are differenced in
time, freed of what all cells do at once (exposure, flicker), limited, and correlated over every offset and a ladder of
speeds. The null is measured on the pair itself: the same search with the reference played backwards, and the
reference's other moments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from birthmark.video_fingerprint.description import FINE_SIDE, MOTION_RATE, MOTION_SIDE, VideoDescription

SPEEDS = np.unique(np.concatenate([[1.0], np.exp2(np.arange(-40, 41) / 40)]))
MINIMUM_OVERLAP_S = 1.5
NOISE_LEVELS = 1.0
STILL_LEVELS = 0.08  # root mean square change below which nothing moves, in grey levels
MINIMUM_CELLS = 8
SAMPLES = 8  # along each side of a cell, so that none of the query's finer cells in it is passed over
MOST_CELLS = 96
LEAST_NULL_Z = 0.1  # in which the null's tail falls by a factor of ten at most, see chance_log10
HIGHEST_CORRELATION = 0.999
GUARD_S = 1.0  # lines farther than this from the best one show other moments
SEARCHES = 2  # of the motion, for each passage
OWN_SPEED, USUAL_SPEED, ANY_SPEED = 0.5, 0.25, 0.25  # shares of the probability that are kept for copies at such speeds
USUAL_SPEEDS = (0.5, 0.75, 1.25, 1.5, 2.0)  # that players and editors offer
OWN_SPEED_OCTAVES = 0.15
WINDOW_S = 120.0
FINER = tuple(float(2 ** (k / 400)) for k in (-5, -3, -1, 1, 3, 5))


@dataclass(frozen=True, slots=True)
class MotionAlignment:
    """reference time = speed * query time + offset_s;"""

    speed: float
    offset_s: float
    correlation: float
    log10_p: float
    """Probability that another moment moves as similarly at any offset and speed that was tried."""
    cells: int
    energy: float  # root mean square change of the query's cells, in grey levels
    reference_energy: float

    @property
    def still(self) -> bool:
        """Whether nothing moves in the reference, nor, but for noise, in the query."""
        return self.reference_energy < STILL_LEVELS and self.energy < NOISE_LEVELS


def cell_weights(
    query: VideoDescription, reference: VideoDescription, form: int, affine: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """How to read the reference's cells from the query: weights (256, 4096), bilinear, and which cells are visible."""
    steps = (np.arange(SAMPLES) + 0.5) / SAMPLES
    u, v = np.meshgrid(steps, steps)
    row, column = np.divmod(np.arange(MOTION_SIDE**2), MOTION_SIDE)
    x = (column[:, None] + u.ravel()) / MOTION_SIDE * reference.width
    y = (row[:, None] + v.ravel()) / MOTION_SIDE * reference.height
    width, height = reference.width, reference.height
    if form & 4:
        x, y, width, height = y, x, height, width
    x = width - x if form & 1 else x
    y = height - y if form & 2 else y
    a, b, c, d, e, f = (float(value) for value in affine)
    across = (a * x + b * y + c) / query.width * FINE_SIDE
    down = (d * x + e * y + f) / query.height * FINE_SIDE
    inside = (across >= 0) & (across < FINE_SIDE) & (down >= 0) & (down < FINE_SIDE)
    cell = np.broadcast_to(np.arange(MOTION_SIDE**2)[:, None], inside.shape)[inside]
    across, down = across[inside] - 0.5, down[inside] - 0.5
    weights = np.zeros((MOTION_SIDE**2, FINE_SIDE**2), np.float32)
    for i in (np.floor(across), np.floor(across) + 1):
        for j in (np.floor(down), np.floor(down) + 1):
            fine = np.clip(j, 0, FINE_SIDE - 1) * FINE_SIDE + np.clip(i, 0, FINE_SIDE - 1)
            np.add.at(weights, (cell, fine.astype(np.int64)), (1 - np.abs(across - i)) * (1 - np.abs(down - j)))
    visible = inside.mean(axis=1) >= 0.5
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1.0)
    return weights, visible


def _changes(series: NDArray[np.floating]) -> NDArray[np.float64]:
    """Differences in time without what most cells share, limited so that no cut or flash rules."""
    change = np.diff(series.astype(np.float64), axis=0)
    change -= np.median(change, axis=1, keepdims=True)
    limit = 3.0 * np.sqrt(np.mean(np.minimum(np.abs(change), 4.0) ** 2)) + 0.25
    return np.clip(change, -limit, limit)


def _liveliest(series: NDArray[np.floating]) -> NDArray[np.int64]:
    """The MOST_CELLS columns that change most."""
    order = np.argsort(-np.mean(np.diff(series, axis=0) ** 2, axis=0), kind="stable")
    return np.sort(order[:MOST_CELLS])


def _resampled(series: NDArray[np.floating], speed: float) -> NDArray[np.float64]:
    """The series as it would look when played `speed` times faster."""
    if speed == 1.0:
        return series.astype(np.float64)
    count = int(len(series) / speed)
    edges = np.concatenate([np.zeros((1, series.shape[1])), np.cumsum(series, axis=0, dtype=np.float64)])
    at = np.minimum(np.arange(count + 1) * speed, len(series))
    low = np.minimum(at.astype(np.int64), len(series) - 1)
    whole = edges[low] + (at - low)[:, None] * (edges[low + 1] - edges[low])
    played: NDArray[np.float64] = np.diff(whole, axis=0) / speed
    return played


def _correlate(query: NDArray[np.float64], reference: NDArray[np.float64], minimum: int) -> NDArray[np.float64]:
    """Normalised correlation for lags from -(len(query) - 1) to len(reference) - 1; 0 where the overlap is short."""
    n, m = len(query), len(reference)
    size = 1 << (n + m - 1).bit_length()
    spectrum = np.conj(np.fft.rfft(query, size, axis=0)) * np.fft.rfft(reference, size, axis=0)
    raw = np.fft.irfft(spectrum.sum(axis=1), size)
    lags = np.arange(-(n - 1), m)
    product = raw[lags % size]
    energy_q = np.concatenate([[0.0], np.cumsum(np.sum(query**2, axis=1))])
    energy_r = np.concatenate([[0.0], np.cumsum(np.sum(reference**2, axis=1))])
    first, last = np.maximum(lags, 0), np.minimum(lags + n, m)
    energy = (energy_r[last] - energy_r[first]) * (energy_q[last - lags] - energy_q[first - lags])
    overlap = last - first
    # Short overlaps correlate by chance: shrink them towards 0.
    trusted = np.sqrt(overlap / min(n, m))
    return np.where(overlap >= minimum, trusted * product / np.sqrt(np.maximum(energy, 1e-12)), 0.0)


def align_motion(  # noqa: PLR0917
    query: VideoDescription,
    reference: VideoDescription,
    form: int,
    affine: NDArray[np.floating],
    span: tuple[float, float],
    near: float,
) -> MotionAlignment | None:
    """The best speed and offset for the part `span` (seconds) of the query, within WINDOW_S of `near` in the reference.

    None where nothing can be compared.
    """
    if len(query.motion) < 5 or len(reference.motion) < 5:
        return None
    first = max(0, int(span[0] * MOTION_RATE))
    last = min(len(query.motion), int(np.ceil(span[1] * MOTION_RATE)))
    weights, visible = cell_weights(query, reference, form, affine)
    if visible.sum() < MINIMUM_CELLS or last - first < 5:
        return None
    window = max(0, int((near - WINDOW_S) * MOTION_RATE))
    part = reference.motion[window : int((near + WINDOW_S) * MOTION_RATE) + 1]
    there = part.reshape(len(part), -1)[:, visible]
    level = float(np.sqrt(np.mean(np.diff(there, axis=0) ** 2)))
    used = _liveliest(there)
    there = there[:, used]
    seen = _changes(query.cells(first, last).reshape(last - first, -1) @ weights[visible][used].T)
    minimum = int(min(MINIMUM_OVERLAP_S * MOTION_RATE, 0.6 * len(seen), 0.6 * len(there)))
    forward = [_curve(seen, there, float(speed), minimum) for speed in SPEEDS]
    backward = [_curve(seen, there[::-1], float(speed), minimum) for speed in SPEEDS]
    own = [curve for curve in forward if curve.speed == 1.0]
    options = [_best(own, _like_own_speed(forward), _like_own_speed(backward), OWN_SPEED)]
    for tried, share in ((_usual(forward), USUAL_SPEED), (forward, ANY_SPEED)):
        peak = _highest(tried)
        finer = [_curve(seen, there, peak.speed * factor, minimum) for factor in FINER]
        options.append(_best(tried, forward, backward, share, finer))
    found = min((one for one in options if one is not None), default=None, key=lambda one: one[1])
    if found is None:
        return None
    best, log10_p = found
    return MotionAlignment(
        speed=best.speed,
        # A lag counts steps of the played (resampled) reference: time = speed * (query time - first + lag / rate).
        offset_s=(best.speed * (best.lag - first) + window) / MOTION_RATE,
        correlation=best.correlation,
        log10_p=log10_p,
        cells=int(visible.sum()),
        energy=float(np.sqrt(np.mean(seen**2))),
        reference_energy=level,
    )


@dataclass(frozen=True, slots=True)
class _Curve:
    """Correlation at every lag for one speed."""

    speed: float
    lags: NDArray[np.int64]
    values: NDArray[np.float64]
    steps: int  # of the query


@dataclass(frozen=True, slots=True)
class _Peak:
    correlation: float
    speed: float
    lag: int
    steps: int


def _curve(seen: NDArray[np.float64], there: NDArray[np.floating], speed: float, minimum: int) -> _Curve:
    played = _resampled(there, speed)
    if len(played) < minimum + 2:
        return _Curve(speed, np.zeros(0, np.int64), np.zeros(0), len(seen))
    values = _correlate(seen, _changes(played), minimum)
    return _Curve(speed, np.arange(len(values)) - (len(seen) - 1), values, len(seen))


def _peak(curve: _Curve) -> _Peak:
    if len(curve.values) == 0:
        return _Peak(-1.0, curve.speed, 0, curve.steps)
    top = int(np.argmax(curve.values))
    return _Peak(float(curve.values[top]), curve.speed, int(curve.lags[top]), curve.steps)


def _away_from(curve: _Curve, peak: _Peak) -> NDArray[np.float64]:
    """Correlations on lines that keep GUARD_S away from the line of the peak all along the query: other moments."""
    ahead = [curve.speed * (step + curve.lags) - peak.speed * (step + peak.lag) for step in (0, curve.steps)]
    guard = GUARD_S * MOTION_RATE
    away = (np.minimum(*ahead) > guard) | (np.maximum(*ahead) < -guard)
    values: NDArray[np.float64] = curve.values[away]
    return values


def _like_own_speed(curves: list[_Curve]) -> list[_Curve]:
    """Those that are resampled little: correlations depend on the smoothing."""
    return [curve for curve in curves if abs(np.log2(curve.speed)) <= OWN_SPEED_OCTAVES]


def _usual(curves: list[_Curve]) -> list[_Curve]:
    """Those whose speed is the one next to a usual one."""
    half_a_step = np.diff(np.log2(SPEEDS)).max() / 2
    return [one for one in curves if np.abs(np.log2(one.speed / np.array(USUAL_SPEEDS))).min() <= half_a_step]


def _highest(curves: list[_Curve]) -> _Peak:
    return max(map(_peak, curves), key=lambda peak: peak.correlation)


def _best(
    tried: list[_Curve], forward: list[_Curve], backward: list[_Curve], share: float, finer: Sequence[_Curve] = ()
) -> tuple[_Peak, float] | None:
    """The highest peak of the curves that are tried, and log10 of the probability that another moment has it, `share`
    of the probability being kept for these speeds.

    Curves of `finer` speeds are steps of a refinement and have to be clearly better.
    """
    best = _highest(tried)
    if best.correlation <= 0.0:
        return None
    for peak in map(_peak, finer):
        best = peak if peak.correlation > 1.005 * best.correlation else best
    elsewhere = [_away_from(curve, best) for curve in forward]
    null = np.concatenate([curve.values for curve in backward] + elsewhere)
    count = sum(int(np.count_nonzero(curve.values)) for curve in tried)
    return best, chance_log10(
        float(_fisher_z(best.correlation)), _fisher_z(null[null != 0.0]), SEARCHES * count / share
    )


def _fisher_z(correlation: NDArray[np.floating] | float) -> NDArray[np.float64]:
    """Fisher's z, which is nearly normal where a correlation, bounded by 1, is not."""
    return np.asarray(np.arctanh(np.clip(correlation, -HIGHEST_CORRELATION, HIGHEST_CORRELATION)), np.float64)


def chance_log10(value: float, null: NDArray[np.floating], tried: float, least: float = LEAST_NULL_Z) -> float:
    """log10 of the probability that the largest of `tried` values like `null` reaches `value`.

    Within the sample the share that reaches it counts; beyond, -log(share) goes on in proportion to the value, as
    exponential tails have it, as steeply as up to a high quantile of the sample, but by no more than a factor of ten in
    each `least`: a short sample of a quiet scene knows less of other moments than there is to know.
    """
    if len(null) < 100:
        return 0.0
    decades = 3 if len(null) >= 3000 else 2
    decade = max(float(np.quantile(null, 1.0 - 10.0**-decades)) / decades, least)
    log10_share = -value / decade
    if value <= decades * decade:
        counted = (1.0 + float(np.count_nonzero(null >= value))) / (1.0 + len(null))
        log10_share = max(log10_share, float(np.log10(counted)))
    return min(0.0, log10_share + float(np.log10(tried)))
