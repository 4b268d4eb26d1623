"""The geometry of a copy: maps between frames, and what to call them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from birthmark.video_fingerprint.description import VideoDescription

FORM_NAMES = (
    "",
    "mirrored",
    "upside down",
    "rotated by 180°",
    "mirrored and rotated by 90°",
    "rotated by 90° clockwise",
    "rotated by 90° counter-clockwise",
    "mirrored and rotated by 270°",
)

MOST_COMPARED = 48  # maps, those of most evidence
SAME_PLACE = 0.02  # of the smaller side: a third of a motion cell


def turned_size(fingerprint: VideoDescription, form: int) -> tuple[float, float]:
    """Width and height of a frame after it went through a dihedral form."""
    size = (fingerprint.width, fingerprint.height)
    return (size[1], size[0]) if form & 4 else size


def maps_of(
    reference: VideoDescription, form: NDArray[np.int64], scale: NDArray[np.float64], shift: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Affine maps (n, 6) from the turned reference to the query for proposals measured from the frame's centre."""
    width = np.where(form & 4, reference.height, reference.width)
    height = np.where(form & 4, reference.width, reference.height)
    zero = np.zeros(len(form))
    columns = [scale, zero, shift[:, 0] - scale * width / 2, zero, scale, shift[:, 1] - scale * height / 2]
    return np.stack(columns, axis=1).astype(np.float32)


def similar(
    reference: VideoDescription, maps: NDArray[np.float32], form: NDArray[np.int64], one: int
) -> NDArray[np.bool_]:
    """Which maps show the reference in much the same place and size as map `one`."""
    width, height = turned_size(reference, int(form[one]))
    m = maps.astype(np.float64)
    centre = np.stack(
        [m[:, 0] * width / 2 + m[:, 1] * height / 2 + m[:, 2], m[:, 3] * width / 2 + m[:, 4] * height / 2 + m[:, 5]]
    )
    scale = np.sqrt(np.abs(m[:, 0] * m[:, 4] - m[:, 1] * m[:, 3]))
    away = np.hypot(*(centre - centre[:, one : one + 1]))
    size = np.abs(np.log(np.maximum(scale, 1e-6) / scale[one]))
    return np.asarray((form == form[one]) & (away < 0.35 * scale[one]) & (size < 0.3))


def most_agreed(
    reference: VideoDescription,
    maps: NDArray[np.float32],
    form: int,
    frame: NDArray[np.int64],
    evidence: NDArray[np.float64],
) -> int:
    """Which of the maps (of one form) those of the most query frames agree with, to a third of a motion cell.

    A camera that moves makes a good pair of two frames of different moments, but each such pair is displaced otherwise.
    """
    width, height = turned_size(reference, form)
    order = np.argsort(-evidence, kind="stable")[:MOST_COMPARED]
    m = maps[order].astype(np.float64).reshape(-1, 2, 3)
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], np.float64)
    placed = m @ corners.T  # (maps, 2, corners)
    away = np.hypot(*np.moveaxis(placed[:, None] - placed[None], 2, 0)).mean(axis=2)
    scale = np.sqrt(np.abs(np.linalg.det(m[:, :, :2])))
    near = away < SAME_PLACE * scale * min(width, height)
    agreed = [len(np.unique(frame[order][row])) for row in near]
    return int(order[int(np.argmax(agreed))])


def describe(query: VideoDescription, reference: VideoDescription, form: int, affine: NDArray[np.floating]) -> str:
    """A few words: "mirrored, cropped to 50 % x 50 %", "in a window of 25 % x 25 % at (70 %, 60 %)"."""
    a, b, c, d, e, f = (float(value) for value in affine)
    width, height = turned_size(reference, form)
    words = [FORM_NAMES[form]] if form else []
    angle = np.degrees(np.arctan2(d - b, a + e))
    if abs(angle) > 1.0:
        words.append(f"turned by {angle:.0f}°")
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    x = (corners[:, 0] * a + corners[:, 1] * b + c) / query.width
    y = (corners[:, 0] * d + corners[:, 1] * e + f) / query.height
    left, right, top, bottom = (float(v) for v in (x.min(), x.max(), y.min(), y.max()))
    seen_x = (min(right, 1.0) - max(left, 0.0)) / (right - left)
    seen_y = (min(bottom, 1.0) - max(top, 0.0)) / (bottom - top)
    if abs(angle) < 1.0 and min(seen_x, seen_y) < 0.97:
        words.append(f"cropped to {100 * max(seen_x, 0.0):.0f} % x {100 * max(seen_y, 0.0):.0f} %")
    if min(min(right, 1.0) - max(left, 0.0), min(bottom, 1.0) - max(top, 0.0)) < 0.97:
        share = f"{100 * (right - left):.0f} % x {100 * (bottom - top):.0f} %"
        words.append(f"in a window of {share} at ({100 * left:.0f} %, {100 * top:.0f} %)")
    return ", ".join(words) or "identity"
