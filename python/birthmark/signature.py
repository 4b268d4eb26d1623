"""The voice signature: a keyed, zero-bit mark in how a voice shapes its spectrum, which synthetic voices inherit.

Frames of speech are sorted into soft classes by the coarse shape of their spectrum. The key gives each class its own
pattern of small gains over mel bands. Whoever copies the voice, with a codec, a vocoder or a model trained on it,
copies the gains with the sounds. The detector correlates fine spectrum with class, whitens the result with the
statistics of unmarked voices and tests the signs of the key. See docs/signature.md for the method and its limits.

The test is exact: under the null the signs of a key are independent fair coins whatever the recording, so the
statistic is a weighted sum of random signs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from birthmark._core.voice_signature import (
    BANDS,
    CLASSES,
    FRAME_SECONDS,
    VERSION,
    SignatureAnalyser,
    SignatureEmbedder,
    band_spread,
    chips,
)
from birthmark.errors import ArgumentError, FormatError, HostError
from birthmark.keys import Key

Samples = NDArray[np.float32]
Real = NDArray[np.float64]

LOG10_P = -6.0
"""Default threshold, family-wise over the keys that were tested."""

WARPS = tuple(float(w) for w in np.exp(np.linspace(-0.14, 0.14, 15)))
"""Frequency scales that a blind search tries: speed and pitch changes of up to 15 %, in steps of 2 %."""

DECOYS = 4000
MIN_SPEECH = 2.0  # seconds
CARRIED_LOG10_P = -2.0
"""Embedding refuses recordings in which the signature just made is weaker evidence: not even pooling would help."""
_MAGIC = b"\x01BMVS"
Moments = tuple[float, Real, Real, Real, Real, Real]
"""Sums: weight, memberships, levels, their squares, products of memberships with themselves and with levels."""


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


@dataclass(frozen=True)
class SignatureTest:
    """One key tested on one recording, or on several pooled."""

    key: str
    """Public id of the key."""
    log10_p: float
    """Probability of a statistic this large without the mark; counts every warp and filter that was tried."""
    z: float
    """Standard score of the best of them; about normal without the mark, before counting how many were tried."""
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


@dataclass(frozen=True)
class Profile:
    """How an unmarked voice shapes its spectrum: numbers, no audio."""

    values: Real
    speech_s: float

    def to_bytes(self) -> bytes:
        """Serialised form: version byte, magic, seconds, matrix in little-endian float32."""
        head = _MAGIC + np.float32(self.speech_s).tobytes() + np.array(self.values.shape, "<u2").tobytes()
        return head + self.values.astype("<f4").tobytes()

    @staticmethod
    def from_bytes(data: bytes) -> Profile:
        """Parse what `to_bytes` gave. Raises FormatError for anything else."""
        size = len(_MAGIC) + 8
        if data[: len(_MAGIC)] != _MAGIC or len(data) < size:
            raise FormatError("not a voice profile of version 1")
        rows, columns = np.frombuffer(data, "<u2", 2, len(_MAGIC) + 4)
        if (rows, columns) != (CLASSES, BANDS) or len(data) != size + 4 * CLASSES * BANDS:
            raise FormatError(
                f"voice profile has {rows} x {columns} values in {len(data)} bytes; allowed: {CLASSES} x {BANDS}"
            )
        values = np.frombuffer(data, "<f4", CLASSES * BANDS, size).reshape(CLASSES, BANDS).astype(np.float64)
        seconds = float(np.frombuffer(data, "<f4", 1, len(_MAGIC))[0])
        if not (np.isfinite(values).all() and np.isfinite(seconds)):
            raise FormatError("voice profile has values that are not finite")
        return Profile(values, seconds)


@dataclass(frozen=True)
class SignatureReport:
    """What detection of the key finds in a marked recording before any attack, blind and without a search of warps."""

    seconds: float
    speech_s: float
    log10_p: float
    z: float


class SignatureCheck:
    """Looks for a key in marked sound block by block while it is made. Raises ArgumentError as `ContrastStream`."""

    def __init__(self, key: Key, rate: float) -> None:
        self._key, self._rate = key, rate
        self._stream = ContrastStream(rate, (1.0,))
        self._frames = 0
        self._loudest = 0.0

    def push(self, block: Samples) -> None:
        """Take (frames,) or (frames, channels) samples."""
        self._frames += len(block)
        self._loudest = max(self._loudest, float(np.max(np.abs(block), initial=0.0)))
        self._stream.push(block)

    def finish(self) -> tuple[SignatureReport, str | None]:
        """The report and, where the recording cannot carry the signature, the reason."""
        test = detect_contrasts([self._stream.finish()], self._key, warps=(1.0,)).pooled[0]
        report = SignatureReport(self._frames / self._rate, test.speech_s, test.log10_p, test.z)
        if report.log10_p <= CARRIED_LOG10_P:
            return report, None
        if self._loudest < 1e-4:
            why = f"it is silent (largest sample {self._loudest:.1g})"
        elif report.speech_s < MIN_SPEECH:
            why = f"it has {report.speech_s:.1f} s of speech and a signature needs {MIN_SPEECH:g} s or more"
        else:
            why = f"{report.speech_s:.1f} s of its sound vary too little: log10_p would be {report.log10_p:.1f}"
        return report, f"samples cannot carry the signature: {why}"


class SignatureEmbedStream:
    """Marks a stream of blocks: `process` gives what is ready, `flush` the rest; nothing is lost or added.

    Any division into blocks gives the same output. No sample leaves [-1, 1] that was within. `flush` tests the marked
    sound and raises HostError where it does not carry the signature; `report` then says what was found. `verify=False`
    leaves the test out, for sounds too short to be tested alone.
    """

    def __init__(self, key: Key, rate: float, channels: int = 1, strength: float = 1.0, *, verify: bool = True) -> None:
        """Raises ArgumentError unless 8000 <= rate <= 384000, 1 <= channels and 0 <= strength <= 4."""
        if channels < 1:
            raise ArgumentError(f"channels is {channels}; allowed: 1 or more")
        self._core = SignatureEmbedder(key, rate, channels, strength)
        self._check = SignatureCheck(key, rate) if verify else None
        self._shape: tuple[int, ...] = (-1,) if channels == 1 else (-1, channels)
        self.report: SignatureReport | None = None

    @property
    def latency(self) -> int:
        """Frames that the output lags behind the input, about 1.05 s."""
        return self._core.latency

    def process(self, block: ArrayLike) -> Samples:
        """Take (frames,) or (frames, channels) float samples, give those that are ready."""
        array = np.asarray(block)
        self._shape = (-1, *array.shape[1:])
        return self._checked(self._core.process(array))

    def flush(self) -> Samples:
        """Give what is left, shaped as the blocks were."""
        rest = self._checked(self._core.flush().reshape(self._shape))
        if self._check is not None:
            self.report, refusal = self._check.finish()
            if refusal is not None:
                raise HostError(refusal)
        return rest

    def _checked(self, marked: Samples) -> Samples:
        if self._check is not None:
            self._check.push(marked)
        return marked


def embed(samples: ArrayLike, rate: float, key: Key, strength: float = 1.0, *, verify: bool = True) -> Samples:
    """Mark a recording: same shape as `samples`, (frames,) or (frames, channels) in [-1, 1].

    No sample leaves [-1, 1] that was within. Raises ArgumentError for other shapes, values that are not finite, rates
    outside 8000 to 384000 Hz and strengths outside 0 to 4, and HostError for a recording that does not carry the
    signature: silence, less than 2 s of speech. `verify=False` marks it all the same.
    """
    array = np.asarray(samples)
    stream = SignatureEmbedStream(key, rate, 1 if array.ndim < 2 else array.shape[1], strength, verify=verify)
    return np.concatenate([stream.process(array), stream.flush()])


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


def profile(samples: ArrayLike | Iterable[ArrayLike], rate: float) -> Profile:
    """Profile of a voice from one unmarked recording or several, for `detect(..., reference=...)`.

    Raises ArgumentError where there are less than 2 s of speech.
    """
    return profile_of([contrasts(piece, rate)[0] for piece in _recordings(samples)])


def profile_of(found: Sequence[Contrasts]) -> Profile:
    """`profile` on the contrasts of recordings without warp."""
    seconds = sum(c.speech_s for c in found)
    if seconds < MIN_SPEECH:
        raise ArgumentError(f"recordings have {seconds:.1f} s of speech; allowed: {MIN_SPEECH:.0f} s or more")
    return Profile(sum((c.values * c.speech_s for c in found), np.zeros((CLASSES, BANDS))) / seconds, seconds)


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
    found = [contrasts(piece, rate, warps) for piece in _recordings(samples)]
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
    limit = threshold - float(np.log10(len(wanted)))

    def test(coefficients: Real, speech_s: float) -> tuple[SignatureTest, ...]:
        results = []
        for key, (log10_p, z, best) in zip(wanted, _score(coefficients, signs), strict=True):
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
    pooled = sum((c * s for c, s in each), np.zeros_like(each[0][0]) if each else np.zeros((1, CLASSES * BANDS)))
    return SignatureResult(tests, test(pooled, sum(s for _, s in each)))


def coefficients_of(found: Contrasts, reference: Profile | None = None) -> Real:
    """Weight of each sign in the statistic, (channels, CLASSES * BANDS): whitened matched filters.

    One filter whitens with voices as recorded, one with voices in noise; both are tried.
    """
    means, classes, bands, response = _population()
    weights = np.zeros((len(means), CLASSES * BANDS))
    use = found.bands
    if found.speech_s < MIN_SPEECH or use.sum() < 8:
        return weights
    arrives = band_spread().astype(np.float64) @ response[:, use]
    for row, mean, of_classes, of_bands in zip(weights, means, classes, bands, strict=True):
        residue = (found.values - (mean if reference is None else reference.values))[:, use]
        white = np.linalg.solve(of_bands[np.ix_(use, use)], np.linalg.solve(of_classes, residue).T).T
        row[:] = (found.membership @ white @ arrives.T).ravel()
    return weights


def _score(coefficients: Real, signs: Real) -> list[tuple[float, float, int]]:
    """(log10_p, z, best filter) for each row of signs; `coefficients` is (filters, CLASSES * BANDS)."""
    from birthmark._signs import log10_tail

    norms = np.sqrt((coefficients**2).sum(axis=1))
    if not (norms > 0).any():
        return [(0.0, 0.0, len(norms) // 2) for _ in signs]
    unit = coefficients / np.where(norms > 0, norms, 1)[:, None]
    z = signs @ unit.T
    decoys = _decoys(unit)
    tried = _effective_trials(decoys, len(norms))
    result = []
    for row in z:
        best = int(row.argmax())
        above = len(decoys) - int(np.searchsorted(decoys, row[best]))
        log10_p = float(np.log10((above + 1) / (len(decoys) + 1)))
        if above < 20:
            log10_p = min(0.0, log10_tail(unit[best], float(row[best])) + float(np.log10(tried)))
        result.append((log10_p, float(row[best]), best))
    return result


def _decoys(unit: Real) -> Real:
    """Ascending statistics of keys that were never issued, drawn from the recording itself: the same file, the same."""
    digest = hashlib.blake2b(np.ascontiguousarray(unit).tobytes(), digest_size=16, person=b"sig-decoys").digest()
    drawn = np.random.default_rng(list(digest)).bytes(DECOYS * unit.shape[1] // 8)
    bits = np.unpackbits(np.frombuffer(drawn, np.uint8)).reshape(DECOYS, unit.shape[1])
    weights = 2.0 * unit.T.astype(np.float32)  # of the bits 0 and 1, which stand for -1 and 1
    parts = [part.astype(np.float32) @ weights for part in np.split(bits, 16)]  # each fits the cache
    return np.sort((np.concatenate(parts) - unit.sum(axis=1)).max(axis=1))


def _effective_trials(maxima: Real, warps: int) -> float:
    """Number of independent normal tests whose maximum has the decoys' upper hundredth."""
    from scipy.special import ndtr

    high = maxima[-(len(maxima) // 100)]
    return float(np.clip(0.01 / ndtr(-high), 1.0, warps))


@cache
def _population() -> tuple[Real, Real, Real, Real]:
    with resources.files("birthmark").joinpath("data/signature_population.npz").open("rb") as file:
        data = np.load(file)
        if int(data["version"]) != VERSION:
            raise FormatError(f"signature_population.npz has version {int(data['version'])}; allowed: {VERSION}")
        return tuple(data[name].astype(np.float64) for name in ("mean", "classes", "bands", "response"))


def _recordings(samples: ArrayLike | Iterable[ArrayLike]) -> list[NDArray[Any]]:
    if isinstance(samples, np.ndarray):
        return [samples]
    found = [np.asarray(piece) for piece in samples]  # type: ignore[union-attr]
    if not found:
        raise ArgumentError("samples is empty; at least one recording is needed")
    return found
