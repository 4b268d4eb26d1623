"""Edits that move the picture: scale, crop, bars, mirror, rotation, insertion into other pictures, a filmed screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from .frames import Clip, Frame, each, even, other_frames, resize


def scale(frames: Iterable[Frame], rate: float, *, seed: int = 0, factor: float = 0.5) -> Clip:
    """Scale both sides by `factor`, to even sizes."""
    return each(frames, rate, lambda f: resize(f, even(f.shape[1] * factor), even(f.shape[0] * factor)))


def scale_to(frames: Iterable[Frame], rate: float, *, seed: int = 0, height: int = 360, shorter: bool = False) -> Clip:
    """Scale to a height (or shorter side) of `height`, aspect kept."""

    def change(frame: Frame) -> Frame:
        factor = height / (min(frame.shape[:2]) if shorter else frame.shape[0])
        return resize(frame, even(frame.shape[1] * factor), even(frame.shape[0] * factor))

    return each(frames, rate, change)


def crop(frames: Iterable[Frame], rate: float, *, seed: int = 0, keep: float = 0.75, centred: bool = False) -> Clip:
    """Keep a window of `keep` of each side at a seeded place or in the centre."""
    across, down = (0.5, 0.5) if centred else np.random.default_rng(seed).random(2)

    def change(frame: Frame) -> Frame:
        height, width = frame.shape[:2]
        new_h, new_w = even(height * keep), even(width * keep)
        top, left = int((height - new_h) * down), int((width - new_w) * across)
        return frame[top : top + new_h, left : left + new_w]

    return each(frames, rate, change)


def crop_area(frames: Iterable[Frame], rate: float, *, seed: int = 0, keep: float = 0.5) -> Clip:
    """Keep a window of `keep` of the area."""
    return crop(frames, rate, seed=seed, keep=float(np.sqrt(keep)))


def bars(
    frames: Iterable[Frame],
    rate: float,
    *,
    seed: int = 0,
    growth: float = 1.333,
    sides: bool = False,
    same_size: bool = False,
) -> Clip:
    """Black bars above and below (or at the sides): the canvas grows by `growth`.

    With `same_size` the result is scaled so that the canvas keeps the frame's former height (or width).
    """

    def change(frame: Frame) -> Frame:
        height, width = frame.shape[:2]
        extra_w, extra_h = (even(width * growth) - width, 0) if sides else (0, even(height * growth) - height)
        before_w, before_h = extra_w // 2, extra_h // 2
        pad = ((before_h, extra_h - before_h), (before_w, extra_w - before_w), (0, 0))
        boxed = np.pad(frame, pad)
        if not same_size:
            return boxed
        factor = width / boxed.shape[1] if sides else height / boxed.shape[0]
        return resize(boxed, even(boxed.shape[1] * factor), even(boxed.shape[0] * factor))

    return each(frames, rate, change)


def mirror(frames: Iterable[Frame], rate: float, *, seed: int = 0) -> Clip:
    """Left and right exchanged."""
    return each(frames, rate, lambda frame: frame[:, ::-1])


def turn(frames: Iterable[Frame], rate: float, *, seed: int = 0, quarters: int = 1) -> Clip:
    """Rotate anticlockwise by `quarters` of 90 degrees."""
    return each(frames, rate, lambda frame: np.rot90(frame, quarters))


def rotate(frames: Iterable[Frame], rate: float, *, seed: int = 0, degrees: float = 5.0, fill: bool = False) -> Clip:
    """Rotate about the centre in the same canvas: black corners, or with `fill` zoomed until they are outside."""

    def change(frame: Frame) -> Frame:
        height, width = frame.shape[:2]
        angle = abs(np.deg2rad(degrees))
        aspect = max(width / height, height / width)
        zoom = float(np.cos(angle) + aspect * np.sin(angle)) if fill else 1.0
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, zoom)
        return np.asarray(cv2.warpAffine(frame, matrix, (width, height), flags=cv2.INTER_CUBIC), dtype=np.uint8)

    return each(frames, rate, change)


def mirror_border(
    frames: Iterable[Frame], rate: float, *, seed: int = 0, border: float = 0.1, other: Iterable[Frame] | None = None
) -> Clip:
    """Mirrored and shrunk inside a border of `border` of each side (another picture blurred, as re-uploaders do)."""

    def change(frame: Frame, back: Frame) -> Frame:
        height, width = frame.shape[:2]
        inner_w, inner_h = even(width * (1 - 2 * border)), even(height * (1 - 2 * border))
        out = np.asarray(cv2.GaussianBlur(back, (0, 0), max(2.0, width / 60)), dtype=np.uint8)
        top, left = (height - inner_h) // 2, (width - inner_w) // 2
        out[top : top + inner_h, left : left + inner_w] = resize(np.ascontiguousarray(frame[:, ::-1]), inner_w, inner_h)
        return out

    return _over_other(frames, rate, seed, other, change)


def picture_in_picture(
    frames: Iterable[Frame], rate: float, *, seed: int = 0, size: float = 0.5, other: Iterable[Frame] | None = None
) -> Clip:
    """Shrunk to `size` of each side and laid over another video of the same size, near a seeded corner."""
    rng = np.random.default_rng(seed)
    corner, margin = rng.integers(0, 2, 2), rng.uniform(0.02, 0.06, 2)

    def change(frame: Frame, back: Frame) -> Frame:
        height, width = frame.shape[:2]
        inner_w, inner_h = even(width * size), even(height * size)
        gap_h, gap_w = int(margin[0] * height), int(margin[1] * width)
        top = gap_h if corner[0] == 0 else height - inner_h - gap_h
        left = gap_w if corner[1] == 0 else width - inner_w - gap_w
        out = back.copy()
        out[top : top + inner_h, left : left + inner_w] = resize(frame, inner_w, inner_h)
        return out

    return _over_other(frames, rate, seed, other, change)


def _over_other(
    frames: Iterable[Frame],
    rate: float,
    seed: int,
    other: Iterable[Frame] | None,
    change: Callable[[Frame, Frame], Frame],
) -> Clip:
    def run() -> Iterator[Frame]:
        backs: Iterator[Frame] | None = None
        for frame in frames:
            backs = backs or other_frames(other, (frame.shape[0], frame.shape[1]), rate, seed + 1)
            yield change(frame, next(backs))

    return Clip(run(), rate)


def screen_recording(
    frames: Iterable[Frame],
    rate: float,
    *,
    seed: int = 0,
    tilt: float = 0.05,
    moire: float = 0.06,
    shake: float = 0.0015,
) -> Clip:
    """A screen filmed by a hand-held phone.

    Seeded perspective (corners move by up to `tilt` of the size, the screen fills about nine tenths of the view), slow
    hand shake, moiré (a fine grating whose beat drifts, ± `moire`), camera gamma, warm tint, vignette, defocus and
    sensor noise.
    """
    rng = np.random.default_rng(seed)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float64)
    target = 0.5 + 0.92 * (corners - 0.5) + rng.uniform(-tilt, tilt, (4, 2))
    pitch, angle, drift = rng.uniform(2.3, 4.5), rng.uniform(0, np.pi), rng.uniform(0.5, 2.0)
    tint = np.array([1.03, 1.0, 0.94], np.float32) * np.float32(rng.uniform(0.92, 1.05))
    exponent = rng.uniform(0.85, 1.2)
    speeds = rng.uniform(0.5, 2.5, (2, 2))

    def run() -> Iterator[Frame]:
        light: NDArray[np.float32] | None = None
        for index, frame in enumerate(frames):
            height, width = frame.shape[:2]
            seconds = index / rate
            sway = shake * np.sin(2 * np.pi * speeds * seconds).sum(axis=0)
            size = np.array([width - 1, height - 1])
            matrix = cv2.getPerspectiveTransform(
                (corners * size).astype(np.float32), ((target + sway) * size).astype(np.float32)
            )
            grid = _grating(height, width, pitch, angle, drift * seconds)
            shown = frame.astype(np.float32) * (1 + np.float32(moire) * grid)[..., None]
            filmed = cv2.warpPerspective(shown, matrix, (width, height), borderValue=(12, 12, 14))
            if light is None:
                light = _vignette(height, width)
            filmed = cv2.GaussianBlur(filmed, (0, 0), 0.7) * light[..., None]
            curved = 255 * np.power(np.clip(filmed, 0, 255) / 255, np.float32(exponent)) * tint
            noisy = curved + rng.standard_normal(frame.shape, dtype=np.float32) * np.float32(3.0)
            yield np.clip(np.round(noisy), 0, 255).astype(np.uint8)

    return Clip(run(), rate)


def _grating(height: int, width: int, pitch: float, angle: float, phase: float) -> NDArray[np.float32]:
    y = np.arange(height, dtype=np.float32)[:, None]
    x = np.arange(width, dtype=np.float32)
    along = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
    bend = np.float32(0.0004) * (x - np.float32(width / 2)) * (y - np.float32(height / 2)) / pitch
    return np.asarray(np.sin(2 * np.pi * along / np.float32(pitch) + bend + np.float32(phase)), np.float32)


def _vignette(height: int, width: int) -> NDArray[np.float32]:
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)
    return np.asarray(1 - 0.12 * (x**2 + y**2), np.float32)
