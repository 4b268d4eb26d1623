"""What editors do to the picture without moving it: colour, light, overlays, blur, noise."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from .frames import Clip, Frame, each, each_indexed

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def identity(frames: Iterable[Frame], rate: float, *, seed: int = 0) -> Clip:
    """The case without any attack."""
    return each(frames, rate, lambda frame: frame)


def _table(frames: Iterable[Frame], rate: float, values: NDArray[np.floating]) -> Clip:
    table = np.clip(np.round(values), 0, 255).astype(np.uint8)
    return each(frames, rate, lambda frame: table[frame])


def brightness(frames: Iterable[Frame], rate: float, *, seed: int = 0, offset: float = 40.0) -> Clip:
    """Add `offset` of 255 to every value."""
    return _table(frames, rate, np.arange(256) + offset)


def exposure(frames: Iterable[Frame], rate: float, *, seed: int = 0, factor: float = 1.5) -> Clip:
    """Multiply every value by `factor`, clipping."""
    return _table(frames, rate, np.arange(256) * factor)


def contrast(frames: Iterable[Frame], rate: float, *, seed: int = 0, factor: float = 1.5) -> Clip:
    """Multiply every value's distance from mid-grey by `factor`."""
    return _table(frames, rate, (np.arange(256) - 128.0) * factor + 128)


def gamma(frames: Iterable[Frame], rate: float, *, seed: int = 0, exponent: float = 1.4) -> Clip:
    """Raise the values (0 to 1) to `exponent`."""
    return _table(frames, rate, 255 * (np.arange(256) / 255) ** exponent)


def saturation(frames: Iterable[Frame], rate: float, *, seed: int = 0, factor: float = 1.8) -> Clip:
    """Multiply every value's distance from its pixel's luma by `factor`; 0 is greyscale."""

    def change(frame: Frame) -> Frame:
        luma = (frame.astype(np.float32) @ _LUMA)[..., None]
        return np.clip(luma + factor * (frame - luma), 0, 255).astype(np.uint8)

    return each(frames, rate, change)


def greyscale(frames: Iterable[Frame], rate: float, *, seed: int = 0) -> Clip:
    """Luma only."""
    return saturation(frames, rate, factor=0.0)


def blur(frames: Iterable[Frame], rate: float, *, seed: int = 0, sigma: float = 2.0) -> Clip:
    """Gaussian blur, `sigma` in pixels."""
    return each(frames, rate, lambda frame: np.asarray(cv2.GaussianBlur(frame, (0, 0), sigma), dtype=np.uint8))


def sharpen(frames: Iterable[Frame], rate: float, *, seed: int = 0, amount: float = 1.0) -> Clip:
    """Unsharp mask of radius 2."""

    def change(frame: Frame) -> Frame:
        soft = cv2.GaussianBlur(frame, (0, 0), 2.0)
        return np.asarray(cv2.addWeighted(frame, 1 + amount, soft, -amount, 0), dtype=np.uint8)

    return each(frames, rate, change)


def noise(frames: Iterable[Frame], rate: float, *, seed: int = 0, sigma: float = 12.0) -> Clip:
    """Independent Gaussian noise of standard deviation `sigma` of 255."""
    rng = np.random.default_rng(seed)

    def change(frame: Frame) -> Frame:
        added = rng.standard_normal(frame.shape, dtype=np.float32) * np.float32(sigma)
        return np.clip(np.round(frame + added), 0, 255).astype(np.uint8)

    return each(frames, rate, change)


def logo(frames: Iterable[Frame], rate: float, *, seed: int = 0, share: float = 0.2, opacity: float = 0.9) -> Clip:
    """A plate with letters, `share` of the width, in a seeded corner."""
    corner = np.random.default_rng(seed).integers(0, 2, 2)

    def change(frame: Frame) -> Frame:
        height, width = frame.shape[:2]
        plate_w, plate_h = int(share * width), int(share * width * 0.4)
        plate = np.full((plate_h, plate_w, 3), (30, 60, 160), np.uint8)
        scale = plate_w / 110
        place = (plate_w // 12, plate_h * 7 // 10)
        cv2.putText(plate, "CLIPS", place, cv2.FONT_HERSHEY_DUPLEX, scale, (255, 220, 40), 2)
        margin = int(0.03 * width)
        top = margin if corner[0] == 0 else height - margin - plate_h
        left = margin if corner[1] == 0 else width - margin - plate_w
        out = frame.copy()
        area = out[top : top + plate_h, left : left + plate_w]
        area[:] = cv2.addWeighted(plate[: area.shape[0]], opacity, area, 1 - opacity, 0)
        return out

    return each(frames, rate, change)


def caption(frames: Iterable[Frame], rate: float, *, seed: int = 0, share: float = 0.15) -> Clip:
    """A dark band with white text over the lowest `share` of the picture; the text changes every two seconds."""
    words = ("wait for it", "this is not what I expected", "how it started", "you have to see this", "part 2 tomorrow")
    order = np.random.default_rng(seed).permutation(len(words))

    def change(index: int, frame: Frame) -> Frame:
        height, width = frame.shape[:2]
        top = int(height * (1 - share))
        out = frame.copy()
        out[top:] = out[top:] // 4
        text = words[order[int(index / rate / 2) % len(words)]]
        base = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)[0]
        scale = min(0.9 * width / base[0], 0.5 * (height - top) / base[1])
        size = (base[0] * scale, base[1] * scale)
        place = (int((width - size[0]) / 2), int((height + top + size[1]) / 2))
        white, thick = (255, 255, 255), max(1, int(2 * scale))
        cv2.putText(out, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, white, thick, cv2.LINE_AA)
        return out

    return each_indexed(frames, rate, change)
