"""The signature in a voice: in the whole file, and in each half minute, lest a long file drown a short passage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from birthmark import signature
from birthmark._core.voice_signature import chips
from birthmark.keys import Key
from birthmark.scan import exhibits
from birthmark.scan.findings import Finding, Samples, ratio
from birthmark.signature import Moments

PIECE_S = 15.0
_WORTH_Z = 4.0  # no limit is reached by less: one in 30,000


@dataclass(frozen=True)
class _Tested:
    """A key on a passage; log10_p counts the passages."""

    test: signature.SignatureTest
    log10_p: float
    start: int
    end: int
    found: list[signature.Contrasts]


class VoiceSignature:
    """The signature of every key. Passages are two pieces of 15 s long and begin with each piece.

    Half of the error rate is the whole file's, half is shared by the passages; a file of two pieces is one test.
    """

    all_channels = False

    def __init__(self, keys: Sequence[Key], rate: float, limit: float) -> None:
        self._keys = {key.id: key for key in keys}
        self._limit = limit - math.log10(len(keys))
        self._signs = np.stack([chips(key).ravel() for key in keys]).astype(np.float64)
        self._stream = signature.ContrastStream(rate)
        self._rate, self._piece = rate, round(PIECE_S * rate)
        self._frames = self._passages = 0
        self._last: list[Moments] = []
        self._whole: list[Moments] = []
        self._best: dict[str, _Tested] = {}

    def push(self, block: Samples) -> None:
        """See SoundProbe."""
        while len(block):
            part = block[: self._piece - self._frames % self._piece]
            self._stream.push(part)
            self._frames += len(part)
            block = block[len(part) :]
            if self._frames % self._piece == 0:
                self._end_piece()

    def _end_piece(self) -> None:
        moments = self._stream.cut()
        if self._last:
            self._passages += 1
            self._test_passage(signature.contrasts_of(_together(self._last, moments)))
        self._last = moments
        self._whole = _together(self._whole, moments) if self._whole else moments

    def _test_passage(self, found: list[signature.Contrasts]) -> None:
        """Keep what is the best of a key so far. Decoys are drawn only where something stands out."""
        weights = np.concatenate([signature.coefficients_of(one) for one in found])
        norms = np.sqrt((weights**2).sum(axis=1))
        z = (self._signs @ weights.T / np.where(norms > 0, norms, 1)).max(axis=1)
        wanted = [key for key, height in zip(self._keys.values(), z, strict=True) if height >= _WORTH_Z]
        if not wanted:
            return
        start = (self._passages - 1) * self._piece
        for test in signature.detect_contrasts([found], wanted).tests[0]:
            if test.key not in self._best or test.log10_p < self._best[test.key].log10_p:
                self._best[test.key] = _Tested(test, test.log10_p, start, self._frames, found)

    def finish(self) -> list[Finding]:
        """See SoundProbe."""
        if self._frames % self._piece or not self._whole:
            self._end_piece()
        found = signature.contrasts_of(self._whole)
        (tests,) = signature.detect_contrasts([found], list(self._keys.values())).tests
        several = self._passages > 1
        made = []
        for test in tests:
            best = _Tested(test, min(0.0, test.log10_p + math.log10(1 + several)), 0, self._frames, found)
            passage = self._best.get(test.key)
            if several and passage is not None:
                counted = min(0.0, passage.log10_p + math.log10(2 * self._passages))
                if counted < best.log10_p:
                    best = _Tested(passage.test, counted, passage.start, passage.end, passage.found)
            if best.log10_p <= self._limit:
                made.append(self._finding(best))
        return made

    def _finding(self, best: _Tested) -> Finding:
        test = best.test
        searched = f"the file as a whole and {self._passages} passages of it were tested"
        return Finding(
            "voice-signature",
            best.log10_p,
            best.start / self._rate,
            best.end / self._rate,
            key=test.key,
            change=ratio(test.warp, "frequencies"),
            why=(
                f"in {test.speech_s:.0f} s of speech the fine spectrum of the sounds follows this key's pattern, "
                f"{test.z:.1f} standard deviations from chance; "
                + (searched if self._passages > 1 else "the whole file is one test")
            ),
            tests=len(self._keys),
            exhibit=exhibits.signature_decoys(best.found, self._keys[test.key], test.z),
        )


def _together(one: Sequence[Moments], other: Sequence[Moments]) -> list[Moments]:
    """The sums over two pieces of a recording."""
    return [
        (a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4], a[5] + b[5])
        for a, b in zip(one, other, strict=True)
    ]
