"""The test of a key: exact, for its signs are fair coins whatever the recording."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from birthmark._core.voice_signature import BANDS, CLASSES, chips
from birthmark.errors import ArgumentError
from birthmark.keys import Key

from .contrasts import WARPS, Contrasts, Real, contrasts, recordings_of
from .profiles import Profile
from .signs import log10_tail
from .whitening import SHARES, coefficients_of

LOG10_P = -6.0
"""Default threshold, family-wise over the keys that were tested."""

DECOYS = 4000

HOME = 0.7
"""Share of the search that is kept for recordings at their own speed and pitch; few suspects were changed."""


@dataclass(frozen=True)
class SignatureTest:
    """One key tested on one recording, or on several pooled."""

    key: str
    """Public id of the key."""
    log10_p: float
    """Probability of a statistic this large without the mark; counts every warp and filter that was tried."""
    z: float
    """Standard score of the most telling of them; about normal without the mark, before counting what was tried."""
    warp: float
    """Factor by which the frequencies of the recording were found multiplied."""
    speech_s: float
    """Seconds of active speech that the test rests on."""
    accepted: bool
    """Whether log10_p, corrected for the number of keys (Bonferroni), is at most the threshold."""


@dataclass(frozen=True)
class SignatureResult:
    """Tests of every recording with every key, in that order, and of all recordings together."""

    tests: tuple[tuple[SignatureTest, ...], ...]
    pooled: tuple[SignatureTest, ...]


def detect(
    samples: ArrayLike | Sequence[ArrayLike],
    rate: float,
    keys: Key | Sequence[Key],
    reference: Profile | None = None,
    *,
    warps: Sequence[float] = WARPS,
    threshold: float = LOG10_P,
) -> SignatureResult:
    """Test every key on every recording and on all of them pooled.

    `samples` is one recording or a list of them, (frames,) or (frames, channels). `reference` is the profile of the
    contributor's unmarked voice. Recordings without speech get log10_p 0. Raises ArgumentError for other shapes,
    rates outside 8000 to 384000 Hz and an empty list of keys.
    """
    found = [contrasts(piece, rate, warps) for piece in recordings_of(samples)]
    return detect_contrasts(found, keys, reference, warps=warps, threshold=threshold)


def detect_contrasts(
    recordings: Sequence[Sequence[Contrasts]],
    keys: Key | Sequence[Key],
    reference: Profile | None = None,
    *,
    warps: Sequence[float] = WARPS,
    threshold: float = LOG10_P,
) -> SignatureResult:
    """`detect` on contrasts: for each recording one for each warp."""
    wanted = [keys] if isinstance(keys, Key) else list(keys)
    if not wanted:
        raise ArgumentError("keys is empty; at least one key is needed")
    signs = np.stack([chips(key).ravel() for key in wanted]).astype(np.float64)
    prior = _prior(warps)
    limit = threshold - float(np.log10(len(wanted)))

    def test(coefficients: Real, speech_s: float) -> tuple[SignatureTest, ...]:
        results = []
        for key, (log10_p, z, best) in zip(wanted, _score(coefficients, signs, prior), strict=True):
            warp = float(warps[best * len(warps) // len(coefficients)])
            results.append(SignatureTest(key.id, log10_p, z, warp, speech_s, log10_p <= limit))
        return tuple(results)

    each = [
        (np.concatenate([coefficients_of(c, reference) for c in found]), found[len(found) // 2].speech_s)
        for found in recordings
    ]
    tests = tuple(test(c, s) for c, s in each)
    if len(each) == 1:
        return SignatureResult(tests, tests[0])
    pooled = sum((c for c, _ in each), np.zeros((1, CLASSES * BANDS)))
    return SignatureResult(tests, test(pooled, sum(s for _, s in each)))


def _score(coefficients: Real, signs: Real, prior: Real) -> list[tuple[float, float, int]]:
    """(log10_p, z, best filter) for each row of signs; `coefficients` is (filters, CLASSES * BANDS).

    The best filter has the least p-value over `prior`, its share of the search: a weighted Bonferroni minimum.
    """
    norms = np.sqrt((coefficients**2).sum(axis=1))
    if not (norms > 0).any():
        return [(0.0, 0.0, len(norms) // 2) for _ in signs]
    unit = coefficients / np.where(norms > 0, norms, 1)[:, None]
    z = signs @ unit.T
    weighted = _log10_weighted(z, prior)
    decoys = np.sort(_log10_weighted(_decoys(unit), prior).min(axis=1))
    # share of the bound that correlated filters leave, where the decoys can still measure it
    share = float(np.clip(0.01 / 10 ** decoys[len(decoys) // 100 - 1], prior.max(), 1.0))
    result = []
    for row, values in zip(z, weighted, strict=True):
        best = int(values.argmin())
        below = int(np.searchsorted(decoys, values[best], side="right"))
        log10_p = float(np.log10((below + 1) / (len(decoys) + 1)))
        if below < 20:
            log10_p = min(0.0, log10_tail(unit[best], float(row[best])) + float(np.log10(share / prior[best])))
        result.append((log10_p, float(row[best]), best))
    return result


def _prior(warps: Sequence[float]) -> Real:
    """Share of each trial in the search, (warps * channels,), that of the least change being HOME."""
    home = int(np.argmin(np.abs(np.log(warps))))
    scales = np.full(len(warps), (1 - HOME) / max(len(warps) - 1, 1))
    scales[home] = HOME if len(warps) > 1 else 1.0
    return np.outer(scales, SHARES).ravel()


def _log10_weighted(z: Real, prior: Real) -> Real:
    """log10 of the normal upper tail of each standard score over the prior of its filter (last axis)."""
    from scipy.special import log_ndtr

    return np.asarray(log_ndtr(-z) / np.log(10) - np.log10(prior))


def _decoys(unit: Real) -> Real:
    """z of keys that were never issued, (DECOYS, filters), drawn from the recording itself: the same file, the same."""
    digest = hashlib.blake2b(np.ascontiguousarray(unit).tobytes(), digest_size=16, person=b"sig-decoys").digest()
    drawn = np.random.default_rng(list(digest)).bytes(DECOYS * unit.shape[1] // 8)
    bits = np.unpackbits(np.frombuffer(drawn, np.uint8)).reshape(DECOYS, unit.shape[1])
    weights = 2.0 * unit.T.astype(np.float32)  # of the bits 0 and 1, which stand for -1 and 1
    parts = [part.astype(np.float32) @ weights for part in np.split(bits, 16)]  # each fits the cache
    return np.asarray(np.concatenate(parts) - unit.sum(axis=1))
