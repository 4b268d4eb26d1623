"""Marking raw frames."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from birthmark._core import video_mark as core
from birthmark.errors import ArgumentError
from birthmark.keys import Key

SMALLEST = 96  # pixels of the shorter side that a mark needs
LARGEST = 8704  # pixels of the longer side


def check_size(width: int, height: int) -> None:
    """Raise ArgumentError for pictures that are too small or too large to be marked."""
    if min(width, height) < SMALLEST or max(width, height) > LARGEST:
        raise ArgumentError(
            f"picture is {width} x {height} pixels; allowed: shorter side at least {SMALLEST}, longer at most {LARGEST}"
        )


class VideoEmbedStream:
    """Mark frames, each by itself, in any order.

    `width`, `height`: their size. `payload`: the 64-bit mark ID. `strength` scales the amplitude: 1 keeps the PSNR of
    every frame above 44 dB and the predicted loss of structural similarity (SSIM) below 1.5 %. `single`: for a
    picture by itself, which has no time axis to spread the mark over: PSNR above 42.5 dB, predicted loss below 3.5 %.

    Raises ArgumentError for sizes below 96 pixels or above 8704, payloads that are not 64-bit numbers, and strengths
    outside 0.1 to 4.
    """

    def __init__(
        self, width: int, height: int, key: Key, payload: int, *, strength: float = 1.0, single: bool = False
    ) -> None:
        check_size(width, height)
        if not 0 <= payload < 1 << 64:
            raise ArgumentError(f"payload is {payload}; allowed: 0 to 2^64 - 1")
        if not 0.1 <= strength <= 4.0:
            raise ArgumentError(f"strength is {strength}; allowed: 0.1 to 4")
        loss, psnr_db, contrast, coring = (0.035, 43.3, 0.5, 0.0) if single else (0.0141, 46.7, 0.85, 1.2)
        self._embedder = core.VideoEmbedder(
            key,
            payload,
            width,
            height,
            similarity_loss=loss * strength**2,
            psnr_db=psnr_db - 20.0 * float(np.log10(strength)),
            contrast=contrast,
            coring=coring * strength,
            held=not single,
        )

    def embed(self, frame: NDArray[np.uint8], seconds: float) -> NDArray[np.uint8]:
        """A marked copy of an RGB frame, (height, width, 3) uint8. `seconds` counts from the start of the video."""
        marked = np.array(frame, dtype=np.uint8, order="C", copy=True)
        self._embedder.embed_rgb(marked, seconds)
        return marked

    def embed_luma(self, luma: NDArray[np.uint8] | NDArray[np.uint16], seconds: float, bits: int = 8) -> None:
        """Mark a luma plane (height, width) in place: uint8, or uint16 of which the low `bits` bits count."""
        if bits == 8:
            self._embedder.embed(cast("NDArray[np.uint8]", luma), seconds)
        else:
            self._embedder.embed(cast("NDArray[np.uint16]", luma), seconds, bits)
