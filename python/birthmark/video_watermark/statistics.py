"""Soft bits and p-values of the video mark.

Conditional on everything but the payload's keyed signs, the statistic of a codeword is a sum of numbers with
independent fair signs, so 3.18 times the normal tail bounds P(sum >= z * root of squares) for any picture (Bentkus and
Dzindzalieta, Bernoulli 21, 2015). The geometry comes from the sync template, whose places and phases are drawn from
other keyed streams, so only the number of geometries that were decoded counts as tries, not the size of the search
that proposed them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from birthmark._core import coding
from birthmark._core import video_mark as core

from .registration import Pattern

_RINGS = 8
_RIDGE = 0.3  # of the harmonics' own energy
_OUTLIER = 0.5  # share of its own power that a mode's noise is taken to hold
_LOADING = 0.3  # share of white noise in the covariance of the harmonics
_LATE = 0.05  # seconds by which encoders follow a step of the mark, about
_SIGN_SUMS = 3.1787  # times the normal tail bounds that of every weighted sum of fair signs
SENT = np.arange(-core.HARMONICS, core.HARMONICS + 1)
RECEIVED = np.arange(-core.HARMONICS - 1, core.HARMONICS + 2)  # one more: the images of a held pattern reach further


def _held() -> NDArray[np.complex128]:
    """What the harmonics j (columns) -1, 0, 1 become when the picture at the middle of each third of the period is
    held: j itself and, where that differs from j by 3 m, (-1)^m sinc(j' / 3) of it at j' (rows), all somewhat late."""
    apart = np.subtract.outer(RECEIVED, SENT)
    image = np.where(apart % 3 == 0, (-1.0) ** (apart // 3), 0.0) * np.sinc(RECEIVED / 3)[:, None]
    late = np.exp(-2j * np.pi * _LATE / core.PERIOD * RECEIVED)
    return np.asarray(image * (np.abs(SENT) <= 1) * late[:, None])


def _smooth(gains: list[float]) -> NDArray[np.complex128]:
    """Harmonics that come as they were sent, times `gains` of 0 ... core.HARMONICS."""
    same = np.equal.outer(RECEIVED, SENT)
    return np.asarray(same * np.array(gains)[np.abs(SENT)], dtype=np.complex128)


@dataclass(frozen=True)
class Profile:
    """What the mark may have become: received harmonics (rows) of those sent (columns), and a fall with the spatial
    frequency."""

    response: NDArray[np.complex128]
    tilt: float
    joint: bool = True
    """Whether what the harmonics have in common is taken out. A strong mark that does not quite come as expected, as
    after a wrong speed, would be taken for it and cancel itself (as in an adaptive beamformer)."""

    def gains(self, pattern: Pattern) -> NDArray[np.float64]:
        """Relative amplitudes (modes,)."""
        return np.asarray(pattern.gains * (pattern.radii / pattern.radii.min()) ** -self.tilt)


# Each is decoded and counts as a try. Encoders at low rates drop fine parts first. The last two are for single pictures
# and for videos marked by earlier versions, whose seven harmonics are smooth.
PROFILES = (
    Profile(_held(), 0.0),
    Profile(_held(), 1.0),
    Profile(_held(), 0.0, joint=False),
    Profile(_held(), 1.0, joint=False),
    Profile(_smooth([1.0, 1.0, 1.0, 1.0]), 0.0),
    Profile(_smooth([1.0, 0.6, 0.4, 0.3]), 1.0),
)


@dataclass(frozen=True)
class Spectrum:
    """Folded slots against the harmonics RECEIVED (modes, harmonics), and these against each other; sums add up."""

    sums: NDArray[np.complex128]
    gram: NDArray[np.complex128]

    def __add__(self, other: Spectrum) -> Spectrum:
        return Spectrum(self.sums + other.sums, self.gram + other.gram)

    def amplitudes(self) -> NDArray[np.complex128]:
        """Least squares with a ridge: what stands still does not leak into the harmonics of a few seconds."""
        slots = max(float(self.gram[0, 0].real), 1.0)
        return np.asarray(self.sums @ np.linalg.inv(self.gram + _RIDGE * slots * np.eye(len(RECEIVED))))


@dataclass(frozen=True)
class SoftBits:
    """Soft values (512,), the root of the sum of squares of the signed terms in them, and how they were weighted."""

    values: NDArray[np.float64]
    deviation: float
    profile: Profile


def spectrum(folded: NDArray[np.complex64], marked_seconds: NDArray[np.float64]) -> Spectrum:
    """Spectrum over time of folded slots (slots, modes) at times of the marked video."""
    turns = np.exp(-2j * np.pi / core.PERIOD * np.outer(marked_seconds, RECEIVED))
    return Spectrum(np.asarray(folded.T.astype(np.complex128) @ turns), np.asarray(turns.conj().T @ turns))


def soft_bits(values: Spectrum, pattern: Pattern, profile: Profile = PROFILES[0]) -> SoftBits:
    """Matched filter of a spectrum in the noise that its own modes show: the harmonics are freed of what they have in
    common, such as a picture that stands still or jumps, and each ring of modes counts by its power then.

    Modes that stand out of their ring, such as those of an upright border, count less (the score function of a
    heavy-tailed density, with `_OUTLIER` in the place of its shape). The bound holds for all weights that do not depend
    on the key's signs.
    """
    amplitudes = values.amplitudes()
    inverse, weights = _noise(amplitudes, pattern, joint=profile.joint)
    filtered = amplitudes @ inverse.T @ profile.response.conj()
    weighted = filtered * (weights * profile.gains(pattern))[:, None]
    terms = np.stack([weighted.real, weighted.imag], axis=1)  # (modes, 2, harmonics)
    signed = (terms * pattern.signs).sum(axis=2)
    soft = np.bincount(pattern.codes.ravel(), signed.ravel(), core.CODE_BITS).astype(np.float64)
    return SoftBits(soft, float(np.sqrt((terms**2).sum())), profile)


def expected(match: Match, pattern: Pattern, marked_seconds: NDArray[np.float64]) -> NDArray[np.complex128]:
    """What the mark of a payload adds to the modes at times of the marked video, (modes, times), up to a factor."""
    chips = np.asarray(coding.PayloadCode(core.CODE_BITS).encode(match.payload), dtype=np.float64)[pattern.codes]
    signs = pattern.signs[:, 0] * chips[:, :1] + 1j * pattern.signs[:, 1] * chips[:, 1:]
    received = (signs * match.profile.gains(pattern)[:, None]) @ match.profile.response.T
    return np.asarray(received @ np.exp(2j * np.pi / core.PERIOD * np.outer(RECEIVED, marked_seconds)))


def _noise(
    amplitudes: NDArray[np.complex128], pattern: Pattern, *, joint: bool
) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """Inverse of the covariance of the harmonics, over modes that count alike whatever their power (Tyler 1987, two
    steps) and loaded with white noise, and a weight for each mode: one over its noise after that. Not `joint`: of
    their variances alone."""
    count = amplitudes.shape[1]
    inverse: NDArray[np.complex128] = np.eye(count, dtype=np.complex128)
    for _ in range(2):
        shape = (amplitudes / _power(amplitudes, inverse)[:, None]).T @ amplitudes.conj()
        shape *= 1.0 if joint else np.eye(count)
        shape *= count / max(float(np.trace(shape).real), 1e-12)
        inverse = np.asarray(np.linalg.inv((1 - _LOADING) * shape + _LOADING * np.eye(count)), np.complex128)
    return inverse, mode_weights(_power(amplitudes, inverse), pattern)


def mode_weights(power: NDArray[np.float64], pattern: Pattern) -> NDArray[np.float64]:
    """One over the noise of each mode (modes,): the median power of its ring, and some of its own."""
    noise = np.empty_like(power)
    for ring in np.array_split(np.argsort(pattern.radii, kind="stable"), _RINGS):
        noise[ring] = np.median(power[ring])
    return np.asarray(1 / (noise + _OUTLIER * power))


def _power(amplitudes: NDArray[np.complex128], inverse: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Mean square (modes,) in the metric of an inverse covariance."""
    return np.asarray(((amplitudes @ inverse.T) * amplitudes.conj()).real.mean(axis=1) + 1e-12)


@dataclass(frozen=True)
class Match:
    """A payload with its statistic z, log10 of the bound on its p-value for one try, and the profile that gave it."""

    payload: int
    z: float
    log10_p: float
    profile: Profile


Issued = NDArray[np.uint64] | coding.IssuedIds


def issued_ids(ids: NDArray[np.uint64]) -> coding.IssuedIds:
    """One or more issued mark IDs made ready; worth keeping when many videos are searched for the same IDs."""
    return coding.IssuedIds(core.CODE_BITS, ids)


class Judge:
    """Names the best payload of soft bits: blindly among all 2^64, and among the issued ones where a registry is given.

    `issued` may be empty, or made ready for many videos. Of the two answers the one with the lower p-value counts, and
    the choice costs a factor 2.
    """

    def __init__(self, issued: Issued | None = None, list_size: int = 32) -> None:
        self._decoder = coding.PayloadDecoder(core.CODE_BITS, list_size)
        if issued is not None and not isinstance(issued, coding.IssuedIds):
            issued = issued_ids(issued) if len(issued) else None
        self._issued = issued
        self._count = 0 if self._issued is None else len(self._issued)

    def best(self, soft: SoftBits) -> Match | None:
        """The payload with the lowest p-value, None for an empty vector."""
        if not soft.deviation > 0:
            return None
        scaled = (soft.values / soft.deviation).astype(np.float32)
        choices: list[Match] = []
        valid = [c for c in self._decoder.decode(scaled) if c.valid]
        cost = np.log10(2.0) if self._issued else 0.0
        if valid:
            top = max(valid, key=lambda c: c.correlation)
            choices.append(_match(top.payload, top.correlation, 64 * np.log10(2.0) + cost, soft.profile))
        if self._issued:
            named = self._issued.best(scaled, 1)[0]
            choices.append(_match(named.id, named.correlation, np.log10(self._count) + cost, soft.profile))
        return min(choices, key=lambda match: match.log10_p, default=None)


def _match(payload: int, z: float, log10_candidates: float, profile: Profile) -> Match:
    return Match(payload, z, min(0.0, log10_tail(z) + float(log10_candidates)), profile)


def log10_tail(z: float) -> float:
    """log10 of a bound on the probability that a weighted sum of independent fair signs, of variance 1, reaches `z`."""
    return min(0.0, float(log_ndtr(-z) / np.log(10.0) + np.log10(_SIGN_SUMS)))
