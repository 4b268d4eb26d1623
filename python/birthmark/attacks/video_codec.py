"""Video codecs: frames are encoded in memory, decoded again, and come back at their former size."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
from PIL import Image

from birthmark.errors import ArgumentError

from .frames import Clip, Frame, each, even, resize


@dataclass(frozen=True)
class Encoder:
    """One encoder setting: libavcodec's name, the container, options."""

    codec: str
    container: str = "mp4"
    options: Mapping[str, str] = field(default_factory=dict)


def x264(crf: int, preset: str = "medium") -> Encoder:
    """H.264 at constant rate factor `crf`.

    `cpu-independent` because the assembler of x264's macroblock tree gives other bits from run to run.
    """
    options = {"crf": str(crf), "preset": preset, "threads": "1", "x264-params": "cpu-independent=1"}
    return Encoder("libx264", "mp4", options)


def x265(crf: int, preset: str = "fast") -> Encoder:
    """HEVC at constant rate factor `crf`."""
    params = "log-level=error:pools=none:frame-threads=1"
    return Encoder("libx265", "mp4", {"crf": str(crf), "preset": preset, "x265-params": params})


def vp9(crf: int, speed: int = 5) -> Encoder:
    """VP9 at constant quality `crf`."""
    options = {"crf": str(crf), "b": "0", "deadline": "good", "cpu-used": str(speed), "threads": "1"}
    return Encoder("libvpx-vp9", "webm", options)


def av1(crf: int, preset: int = 8) -> Encoder:
    """AV1 by SVT-AV1 at `crf`."""
    return Encoder("libsvtav1", "mp4", {"crf": str(crf), "preset": str(preset), "svtav1-params": "lp=1"})


def encode_to(
    target: str | Path | io.BytesIO, frames: Iterable[Frame], rate: float, encoder: Encoder
) -> tuple[int, int]:
    """Encode RGB frames into a path or buffer as 4:2:0; odd sizes are padded by one line. Returns (height, width).

    Raises ArgumentError when there are no frames or their size changes.
    """
    stream_of_frames = iter(frames)
    first = next(stream_of_frames, None)
    if first is None:
        raise ArgumentError("frames is empty; a video needs at least one frame")
    height, width = first.shape[:2]
    opened = str(target) if isinstance(target, str | Path) else target
    with av.open(opened, "w", format=encoder.container) as output:
        stream = output.add_stream(
            encoder.codec, rate=Fraction(rate).limit_denominator(1001), options=dict(encoder.options)
        )
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width + width % 2, height + height % 2, "yuv420p"
        stream.thread_count = 1
        pad = ((0, height % 2), (0, width % 2), (0, 0))
        for array in chain([first], stream_of_frames):
            if array.shape != first.shape:
                raise ArgumentError(f"frames change size from {first.shape} to {array.shape}")
            padded = np.ascontiguousarray(np.pad(array, pad, mode="edge"))
            frame = av.VideoFrame.from_ndarray(padded, format="rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return height, width


def decode_from(source: str | Path | io.BytesIO, size: tuple[int, int] | None = None) -> Iterator[Frame]:
    """RGB frames of the first video stream, cut to (height, width) `size` when given."""
    opened = str(source) if isinstance(source, str | Path) else source
    with av.open(opened, "r") as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        for frame in container.decode(stream):
            array = np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
            yield array if size is None else np.ascontiguousarray(array[: size[0], : size[1]])


def video_rate(source: str | Path) -> float:
    """Average frames per second of the first video stream."""
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        return float(stream.average_rate or stream.guessed_rate or 25)


_DEFAULT = x264(23)


def transcode(frames: Iterable[Frame], rate: float, *, seed: int = 0, encoder: Encoder = _DEFAULT) -> Clip:
    """Through an encoder and its decoder."""

    def run() -> Iterator[Frame]:
        data = io.BytesIO()
        size = encode_to(data, frames, rate, encoder)
        data.seek(0)
        yield from decode_from(data, size)

    return Clip(run(), rate)


def gif(frames: Iterable[Frame], rate: float, *, seed: int = 0, fps: float = 12.0, width: int = 480) -> Clip:
    """Animated GIF: at most `fps` and `width`, 256 colours from the first frame, Floyd-Steinberg dither."""
    step = max(1.0, rate / fps)

    def run() -> Iterator[Frame]:
        palette: Image.Image | None = None
        due = 0.0
        for index, frame in enumerate(frames):
            if index < due:
                continue
            due += step
            small = frame
            if frame.shape[1] > width:
                small = resize(frame, width, even(frame.shape[0] * width / frame.shape[1]))
            image = Image.fromarray(small)
            palette = palette or image.quantize(256, method=Image.Quantize.MEDIANCUT)
            reduced = image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
            yield np.asarray(reduced.convert("RGB"), dtype=np.uint8)

    return Clip(run(), rate / step)


def jpeg(frames: Iterable[Frame], rate: float, *, seed: int = 0, quality: int = 50) -> Clip:
    """Each frame as JPEG."""

    def change(frame: Frame) -> Frame:
        data = io.BytesIO()
        Image.fromarray(frame).save(data, "JPEG", quality=quality)
        return np.asarray(Image.open(data), dtype=np.uint8)

    return each(frames, rate, change)
