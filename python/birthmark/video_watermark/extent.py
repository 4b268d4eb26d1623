"""From when to when a known payload is in a stretch of slots.

The slots of a window are f(mode, slot) = A present(slot) mark(mode, slot) + noise. What stands still or moves slowly
makes the noise alike in neighbouring slots; its covariance over time is what the modes show in common, as in
an adaptive matched filter (Kelly 1986). Start and end are those with the largest likelihood, A being that of the most
likely stretch. Each end of it that is not an end of the slots costs log(slots), which is what naming a slot takes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from .registration import Pattern
from .statistics import Match, expected, mode_weights
from .windows import Folded

_FEWEST = 10  # slots that say less than the windows do
_WAITING = 24  # windows kept while the payload is not known, to say later where its mark began
_LATEST = 12  # windows kept after that, to say where it ends
_LOADING = 0.02  # share of white noise in the covariance over time
_FAINT = 0.5  # of the stretch's amplitude: a mark as faint as half of this is still taken as present

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class _Likelihood:
    """Of the slots of one window: log likelihood ratio of a mark of amplitude A in the slots S =
    A sum(match[S]) - A^2 / 2 sum(energy[S, S])."""

    seconds: Vector
    match: Vector
    energy: Vector


class Extent:
    """Takes the slots of a stretch as they come, and says in which of them its mark is. Memory is bounded."""

    def __init__(self) -> None:
        self._waiting: list[Folded] = []
        self._known: list[_Likelihood] = []
        self._first = 0  # of `_known` that may hold the start

    def push(self, folded: Folded, match: Match | None, pattern: Pattern) -> None:
        """Adds slots; `match` names the payload of the stretch where that is known."""
        self._waiting.append(folded)
        if match is None:
            self._waiting = self._waiting[-_WAITING:]
            return
        self._known += [_likelihood(one, match, pattern) for one in self._waiting if len(one.seconds)]
        self._waiting = []
        self._first = self._first or len(self._known)
        del self._known[self._first : -_LATEST]

    def span(self, start_s: float, end_s: float) -> tuple[float, float]:
        """Seconds within `start_s` to `end_s`, those of the whole stretch."""
        if sum(len(one.seconds) for one in self._known) < _FEWEST:
            return start_s, end_s
        times = np.concatenate([one.seconds for one in self._known])
        match = np.concatenate([one.match for one in self._known])
        first, end = _most_likely(match, block_diag(*[one.energy for one in self._known]))
        half = float(np.median(np.diff(times))) / 2
        start = start_s if first == 0 else float(times[first]) - half
        return start, end_s if end == len(times) else float(times[end - 1]) + half


def _likelihood(folded: Folded, match: Match, pattern: Pattern) -> _Likelihood:
    mark = expected(match, pattern, folded.marked)  # (modes, slots)
    slots = folded.values.T.astype(np.complex128)
    share = (slots * mark.conj()).real.sum(axis=0) / (np.abs(mark) ** 2).sum(axis=0)
    noise = slots - share * mark
    weights = mode_weights((np.abs(noise) ** 2).mean(axis=1), pattern)
    covariance = ((noise.T * weights) @ noise.conj()).real / len(noise)
    covariance += _LOADING * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    inverse = np.linalg.inv(covariance)
    weighted = mark.conj() * weights[:, None]
    return _Likelihood(
        folded.seconds,
        np.asarray((weighted * (slots @ inverse)).real.sum(axis=0)),
        np.asarray((mark.T @ weighted).real * inverse),
    )


def _most_likely(match: Vector, energy: Vector) -> tuple[int, int]:
    """The first slot with the mark and the one after the last."""
    count = len(match)
    sums = np.concatenate([[0.0], np.cumsum(match)])
    total = np.zeros((count + 1, count + 1))
    total[1:, 1:] = energy.cumsum(axis=0).cumsum(axis=1)
    diagonal = np.diag(total)
    matched = sums - sums[:, None]  # [first, end]
    spent = np.maximum(diagonal + diagonal[:, None] - 2 * total, 1e-12)
    later = np.tri(count + 1, k=-1, dtype=bool).T
    usual = np.where(later & (matched > 0), matched**2 / spent, 0.0).argmax()
    amplitude = _FAINT * float(matched.flat[usual] / spent.flat[usual])
    likelihood = amplitude * matched - amplitude**2 / 2 * spent
    likelihood[1:] -= np.log(count)
    likelihood[:, :-1] -= np.log(count)
    first, end = np.unravel_index(int(np.where(later, likelihood, -np.inf).argmax()), likelihood.shape)
    return int(first), int(end)
