"""Bits per second that a slow random field carries through an encoder, by spatial and temporal band.

A field of unit power with a flat spectrum in the band is added as the mark is. The capacity is the sum of -log2(1 - c)
over the modes of its spectrum, c being the squared coherence of received residual and field in groups of modes.
Usage: video_capacity.py VIDEO [SECONDS]
"""

from __future__ import annotations

import sys
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from birthmark._core import video_mark as core
from birthmark.attacks.video_codec import Encoder, decode_from, transcode, video_rate, x264
from birthmark.attacks.video_geometry import scale_to

Array = NDArray[np.float64]
BANDS = ((6, 100, 4.0), (30, 80, 1.0), (20, 60, 2.5), (20, 60, 1.0), (20, 60, 0.4), (12, 40, 1.0), (8, 35, 0.8))
ATTACKS: dict[str, tuple[Encoder, int | None]] = {
    "x264 crf 28": (x264(28), None),
    "x264 crf 40": (x264(40), None),
    "144 lines": (x264(23), 144),
}


def field(
    shape: tuple[int, int, int], low: float, high: float, hertz: float, rate: float
) -> tuple[Array, Array, Array]:
    """A field (frames, rows, columns) and the spatial and temporal frequencies of its spectrum."""
    spectrum = np.fft.fftn(np.random.default_rng(1).standard_normal(shape))
    space = 240 * np.hypot(np.fft.fftfreq(shape[1])[:, None], np.fft.fftfreq(shape[2])[None])
    time = np.abs(np.fft.fftfreq(shape[0], 1 / rate))
    spectrum *= ((space > low) & (space < high))[None] & (time < hertz)[:, None, None]
    values = np.fft.ifftn(spectrum).real
    return values / values.std(), space, time


def mark(frame: NDArray[np.uint8], pattern: Array) -> NDArray[np.uint8]:
    """The frame with the pattern, shaped by texture, at 45 dB."""
    height, width = frame.shape[:2]
    luma = frame.mean(axis=2)
    detail = np.maximum(cv2.blur(luma * luma, (7, 7)) - cv2.blur(luma, (7, 7)) ** 2, 0)
    change = cv2.resize(pattern, (width, height), interpolation=cv2.INTER_CUBIC) * np.sqrt(2 * detail + 58.5)
    change *= min(1.43 / change.std(), 0.15)
    return np.clip(np.rint(frame + change[..., None]), 0, 255).astype(np.uint8)


def capacity(received: Array, pattern: Array, space: Array, time: Array, rate: float) -> float:
    """Bits per second."""
    one, two = np.fft.fftn(received), np.fft.fftn(pattern)
    ring, slow = np.digitize(space, np.arange(6, 110, 8)), np.digitize(time, [0.06, 0.3, 0.6, 1.0, 1.7, 2.5])
    bits = 0.0
    for t in range(7):
        for r in range(1, 13):
            a, b = one[slow == t][:, ring == r], two[slow == t][:, ring == r]
            if a.size and np.abs(b).max() > 1e-9:
                cross = (a * b.conj()).real.sum()
                coherence = cross * abs(cross) / ((np.abs(a) ** 2).sum() * (np.abs(b) ** 2).sum()) - 1 / a.size
                bits -= a.size / 2 * np.log2(1 - min(max(coherence, 0.0), 0.9999))
    return float(bits * rate / len(received))


def main() -> None:
    """Print one line per band."""
    path, seconds = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 6.0
    rate = video_rate(path)
    frames = list(islice(decode_from(path), round(seconds * rate)))
    height, width = frames[0].shape[:2]
    rows, columns = core.VideoResidual(width, height).shape
    for low, high, hertz in BANDS:
        pattern, space, time = field((len(frames), rows, columns), low, high, hertz, rate)
        marked = [mark(frame, one) for frame, one in zip(frames, pattern, strict=True)]
        line = f"{low}-{high} cycles, {hertz} Hz:"
        for name, (encoder, lines) in ATTACKS.items():
            clip = iter(marked) if lines is None else scale_to(marked, rate, height=lines, shorter=True).frames
            got = np.zeros_like(pattern)
            for index, frame in enumerate(transcode(clip, rate, encoder=encoder).frames):
                single = core.VideoResidual(frame.shape[1], frame.shape[0])
                single.push_rgb(np.ascontiguousarray(frame), 0.0)
                single.flush()
                got[index] = cv2.resize(single.take()[0][1], (columns, rows))
            line += f"  {name} {capacity(got, pattern, space, time, rate):.0f}"
        print(line, flush=True)


if __name__ == "__main__":
    main()
