"""Class contrasts: what the detector keeps of a recording."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from birthmark._core.voice_signature import BANDS, CLASSES, FRAME_SECONDS, SignatureAnalyser
from birthmark.errors import ArgumentError

__all__ = ["BANDS", "CLASSES"]

Samples = NDArray[np.float32]
Real = NDArray[np.float64]
Moments = tuple[float, Real, Real, Real, Real, Real]
"""Sums: weight, memberships, levels, their squares, products of memberships with themselves and with levels."""


WARPS = tuple(float(w) for w in np.exp(np.linspace(-0.14, 0.14, 15)))
"""Frequency scales that a blind search tries: speed and pitch changes of up to 15 %, in steps of 2 %."""

MIN_SPEECH = 2.0  # seconds


@dataclass(frozen=True)
class Contrasts:
    """What the detector keeps of a recording under one frequency warp."""

    values: Real
    """Covariance of memberships and log spectrum, (CLASSES, BANDS): zero-mean in each column, so without channel."""
    membership: Real
    """Covariance of the memberships, (CLASSES, CLASSES)."""
    bands: NDArray[np.bool_]
    """Bands that carry speech, (BANDS,)."""
    speech_s: float


class ContrastStream:
    """Collects the contrasts of a recording block by block; memory does not grow with its length."""

    def __init__(self, rate: float, warps: Sequence[float] = WARPS) -> None:
        """Raises ArgumentError unless 8000 <= rate <= 384000 and every warp lies in 0.5 ... 2."""
        self._core = SignatureAnalyser(rate, list(warps))

    def push(self, block: ArrayLike) -> None:
        """Take (frames,) or (frames, channels) float samples; channels are averaged."""
        array = np.asarray(block)
        self._core.push(array if array.ndim != 2 else array.mean(axis=1))

    def cut(self) -> list[Moments]:
        """Sums over what was pushed since the last cut, one for each warp; those of several pieces may be added up."""
        return self._core.finish()

    def finish(self) -> list[Contrasts]:
        """One result for each warp."""
        return contrasts_of(self.cut())


def contrasts(samples: ArrayLike, rate: float, warps: Sequence[float] = (1.0,)) -> list[Contrasts]:
    """Contrasts of a recording, one for each warp."""
    stream = ContrastStream(rate, warps)
    stream.push(samples)
    return stream.finish()


def contrasts_of(moments: Sequence[Moments]) -> list[Contrasts]:
    """Contrasts from sums, one for each warp."""
    return [_contrasts(one) for one in moments]


def _contrasts(moments: Moments) -> Contrasts:
    weight, p, x, xx, pp, px = moments
    total = max(weight, 1e-9)
    mean_p, mean_x = p[0] / total, x[0] / total
    deviation = np.sqrt(np.maximum(xx[0] / total - mean_x**2, 0))
    bands = (deviation > 3.5) & (mean_x > mean_x.max() - 55)
    return Contrasts(
        px / total - np.outer(mean_p, mean_x), pp / total - np.outer(mean_p, mean_p), bands, weight * FRAME_SECONDS
    )


def recordings_of(samples: ArrayLike | Iterable[ArrayLike]) -> list[NDArray[Any]]:
    """One recording, or all of several. Raises ArgumentError where there is none."""
    if isinstance(samples, np.ndarray):
        return [samples]
    found = [np.asarray(piece) for piece in samples]  # type: ignore[union-attr]
    if not found:
        raise ArgumentError("samples is empty; at least one recording is needed")
    return found
