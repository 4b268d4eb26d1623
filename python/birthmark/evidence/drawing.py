"""Pictures of the report: SVG as text, and grey PNG from arrays. Nothing comes from outside the numbers given."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from birthmark.evidence.exhibits import Arrays
from birthmark.evidence.words import clock

WIDTH = 720
COLOURS = {
    "audio-watermark": "#1b6ca8",
    "voice-signature": "#7a3e9d",
    "audio-fingerprint": "#2e7d5b",
    "video-watermark": "#b5541c",
    "video-fingerprint": "#8a7a12",
}
_MARGIN = 56


def png(grey: NDArray[np.uint8]) -> str:
    """A grey picture (rows, columns) as a data URI."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = grey.shape
    rows = np.zeros((height, width + 1), np.uint8)
    rows[:, 1:] = grey
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()


def _svg(height: float, parts: Sequence[str], title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(title)}" '
        f'preserveAspectRatio="xMidYMid meet">{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _rect(name: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{name}" x="{x:.1f}" y="{y:.1f}" width="{width:.2f}" height="{height:.1f}"/>'


def _circle(name: str, x: float, y: float, radius: float) -> str:
    return f'<circle class="{name}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>'


def _round_marks(low: float, high: float) -> NDArray[np.float64]:
    """Multiples of one, two or five times a power of ten, at most eight of them."""
    power = 10.0 ** np.floor(np.log10((high - low) / 8))
    step = next(power * factor for factor in (1, 2, 5, 10) if (high - low) / (power * factor) < 8)
    return np.asarray(np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step)


def _axis(low: float, high: float, y: float, label: str, *, times: bool = False) -> list[str]:
    """A horizontal axis: five marks from end to end where it shows times, marks at round values elsewhere."""
    parts = [f'<line class="axis" x1="{_MARGIN}" x2="{WIDTH - _MARGIN}" y1="{y}" y2="{y}"/>']
    high = max(high, low + 1e-9)
    for value in np.linspace(low, high, 5) if times else _round_marks(low, high):
        x = _MARGIN + (WIDTH - 2 * _MARGIN) * (value - low) / (high - low)
        parts.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{y + 4}"/>')
        parts.append(_text(x, y + 17, clock(value) if times else f"{value:g}", "middle"))
    parts.append(_text(WIDTH / 2, y + 33, label, "middle"))
    return parts


def timeline(bars: Sequence[tuple[str, str, float, float]], duration_s: float) -> str:
    """Bars of (line, label, from, to) over the length of a file, each below its label."""
    duration_s = max(duration_s, 1e-9)
    scale = (WIDTH - 2 * _MARGIN) / duration_s
    parts: list[str] = []
    for row, (line, label, start, end) in enumerate(bars):
        y = 18 + 34 * row
        x, width = _MARGIN + start * scale, max(2.0, (end - start) * scale)
        parts.append(_text(_MARGIN, y - 5, label))
        parts.append(_rect("lane", _MARGIN, y, WIDTH - 2 * _MARGIN, 12))
        parts.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="12" fill="{COLOURS[line]}"/>')
    height = 4 + 34 * len(bars)
    return _svg(height + 40, [*parts, *_axis(0, duration_s, height, "time in the file", times=True)], "timeline")


def decoys(arrays: Arrays) -> str:
    """The statistic of keys that were never issued, as a histogram, and that of the true key."""
    values, true = np.asarray(arrays["decoy_z"], np.float64), float(arrays["true_z"][0])
    low = min(float(values.min()), 0.0, true) - 1
    high = max(float(values.max()), true) + 1
    counts, edges = np.histogram(values, bins=np.linspace(low, high, 80))
    scale = (WIDTH - 2 * _MARGIN) / (high - low)
    parts = []
    for count, left, right in zip(counts, edges[:-1], edges[1:], strict=True):
        if count:
            tall = 84 * count / counts.max()
            x = _MARGIN + (left - low) * scale
            wide = (right - left) * scale - 0.5
            parts.append(
                f'<rect class="decoy" x="{x:.1f}" y="{100 - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}"/>'
            )
    x = _MARGIN + (true - low) * scale
    parts.append(f'<line class="true" x1="{x:.1f}" x2="{x:.1f}" y1="14" y2="100"/>')
    anchor = "end" if x > WIDTH / 2 else "start"
    parts.append(_text(x + (-6 if anchor == "end" else 6), 24, "the true key", anchor))
    label = f"agreement in standard deviations; grey: {len(values)} keys that were never issued"
    return _svg(140, [*parts, *_axis(low, high, 100, label)], "true key among decoys")


def soft_bits(arrays: Arrays) -> str:
    """What was received for each code bit: up where it agrees with the mark ID, down where not."""
    values = np.asarray(arrays["agreement"], np.float64)
    top = float(np.abs(values).max()) or 1.0
    step = (WIDTH - 2 * _MARGIN) / len(values)
    parts = []
    for number, value in enumerate(values):
        tall = 48 * abs(value) / top
        y = 54 - tall if value > 0 else 54
        name = "agree" if value > 0 else "differ"
        parts.append(_rect(name, _MARGIN + number * step, y, step * 0.8, tall))
    parts.append(f'<line class="axis" x1="{_MARGIN}" x2="{WIDTH - _MARGIN}" y1="54" y2="54"/>')
    agree = int((values > 0).sum())
    parts.append(
        _text(WIDTH / 2, 122, f"{len(values)} code bits: {agree} agree (up), {len(values) - agree} differ", "middle")
    )
    return _svg(128, parts, "agreement of the code bits")


def spectrogram(arrays: Arrays) -> str:
    """Level over time and frequency of the passage, dark where it is loud."""
    start, end, top = (float(value) for value in arrays["spectrogram_span"])
    grey = 255 - np.flipud(np.asarray(arrays["spectrogram"], np.uint8))
    labels = [_text(_MARGIN - 4, 14, f"{top / 1000:.0f} kHz", "end"), _text(_MARGIN - 4, 154, "0", "end")]
    parts = [_image(grey, 4, 150), *labels]
    return _svg(192, [*parts, *_axis(start, end, 154, "time in the file", times=True)], "spectrogram")


def _image(grey: NDArray[np.uint8], y: float, height: float) -> str:
    wide = WIDTH - 2 * _MARGIN
    return (
        f'<image x="{_MARGIN}" y="{y}" width="{wide}" height="{height}" preserveAspectRatio="none" href="{png(grey)}"/>'
    )


def aligned(arrays: Arrays) -> str:
    """The whitened spectrogram of the file with the peaks of the registered recording where they should be."""
    surface = np.asarray(arrays["surface"], np.uint8)
    seconds, start = len(surface) * 0.016, float(arrays["surface_start"][0])
    grey = 255 - np.flipud(surface.T) // 2
    parts = [_image(grey, 4, 180)]
    scale = (WIDTH - 2 * _MARGIN) / seconds
    bands = surface.shape[1]
    for time, band in np.asarray(arrays["peaks"], np.float64):
        if 0 <= time < seconds and 0 <= band < bands:
            x, y = _MARGIN + time * scale, 4 + 180 * (1 - (band + 0.5) / bands)
            parts.append(_circle("peak", x, y, 1.6))
    parts += [_text(_MARGIN - 4, 14, "3.5 kHz", "end"), _text(_MARGIN - 4, 184, "250 Hz", "end")]
    label = "time in the file; shade: the file's sound, points: the registered recording's peaks"
    return _svg(224, [*parts, *_axis(start, start + seconds, 184, label, times=True)], "aligned peaks")


def frames(arrays: Arrays) -> str:
    """Frames of the file, and beside them the keypoints that the registry keeps of the recording's frame."""
    pictures = np.asarray(arrays["thumbnails"], np.uint8)
    times = np.asarray(arrays["thumbnail_times"], np.float64)
    points = arrays.get("points")
    slots = len(pictures) + (points is not None)
    wide = min(230.0, (WIDTH - 8.0 * slots) / slots)
    tall = wide * pictures.shape[1] / pictures.shape[2]
    if tall > 240:
        wide, tall = wide * 240 / tall, 240.0
    parts = []
    for number, (picture, time) in enumerate(zip(pictures, times, strict=True)):
        x = 4 + number * (wide + 8)
        parts.append(f'<image x="{x:.1f}" y="4" width="{wide:.1f}" height="{tall:.1f}" href="{png(picture)}"/>')
        parts.append(_text(x, tall + 20, f"the file at {clock(float(time))}"))
    if points is not None:
        parts += _points(np.asarray(points, np.float64), arrays, 4 + len(pictures) * (wide + 8), (wide, tall))
    return _svg(tall + 28, parts, "frames")


def _points(points: NDArray[np.float64], arrays: Arrays, x: float, size: tuple[float, float]) -> list[str]:
    aspect = float(arrays["points_aspect"][0])
    wide, tall = size
    wide, tall = (wide, wide / aspect) if wide / aspect <= tall else (tall * aspect, tall)
    parts = [_rect("lane", x, 4, wide, tall)]
    for across, down, level in points:
        radius = 1 + min(level, 16.0) / 4
        parts.append(
            f'<circle class="point" cx="{x + across * wide:.1f}" cy="{4 + down * tall:.1f}" r="{radius:.1f}"/>'
        )
    parts.append(_text(x, size[1] + 20, f"the recording at {clock(float(arrays['points_time'][0]))}"))
    return parts
