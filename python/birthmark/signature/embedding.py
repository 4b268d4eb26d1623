"""Marking a recording, and the check that it carries the mark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from birthmark._core.voice_signature import SignatureEmbedder
from birthmark.errors import ArgumentError, HostError
from birthmark.keys import Key

from .contrasts import MIN_SPEECH, ContrastStream, Samples
from .detection import detect_contrasts

CARRIED_LOG10_P = -2.0
"""Embedding refuses recordings in which the signature just made is weaker evidence: not even pooling would help."""


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
