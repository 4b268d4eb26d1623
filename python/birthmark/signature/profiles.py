"""Profiles: how an unmarked voice shapes its spectrum, kept as numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from birthmark.errors import ArgumentError, FormatError

from .contrasts import BANDS, CLASSES, MIN_SPEECH, Contrasts, Real, contrasts, recordings_of

_MAGIC = b"\x01BMVS"


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


def profile(samples: ArrayLike | Iterable[ArrayLike], rate: float) -> Profile:
    """Profile of a voice from one unmarked recording or several, for `detect(..., reference=...)`.

    Raises ArgumentError where there are less than 2 s of speech.
    """
    return profile_of([contrasts(piece, rate)[0] for piece in recordings_of(samples)])


def profile_of(found: Sequence[Contrasts]) -> Profile:
    """`profile` on the contrasts of recordings without warp."""
    seconds = sum(c.speech_s for c in found)
    if seconds < MIN_SPEECH:
        raise ArgumentError(f"recordings have {seconds:.1f} s of speech; allowed: {MIN_SPEECH:.0f} s or more")
    return Profile(sum((c.values * c.speech_s for c in found), np.zeros((CLASSES, BANDS))) / seconds, seconds)
