"""Single pictures: videos of one frame, where they are large enough to carry the whole mark at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np

from birthmark.errors import ArgumentError, HostError, MediaError
from birthmark.keys import Key

from .detection import VideoDetectStream
from .embedding import VideoEmbedStream
from .planes import has_alpha, is_opaque, open_video

# Encoder, pixel format and settings per extension; the quantiser of JPEG and the quality of WebP are near the best.
_WRITERS: dict[str, tuple[str, str, dict[str, str]]] = {
    ".png": ("png", "rgb24", {}),
    ".jpg": ("mjpeg", "yuvj444p", {"qmin": "1", "qmax": "2"}),
    ".jpeg": ("mjpeg", "yuvj444p", {"qmin": "1", "qmax": "2"}),
    ".webp": ("libwebp", "yuv420p", {"quality": "95"}),
}


def is_image(path: str | Path) -> bool:
    """Whether the extension is that of a picture format that is handled."""
    return Path(path).suffix.lower() in _WRITERS


def embed_image(source: Path, final: Path, temporary: Path, key: Key, payload: int, *, strength: float) -> float:
    """Mark the picture `source` and write it to `temporary` in the format of the extension of `final`.

    Returns log10 of the p-value of the mark in it. Raises ArgumentError for other extensions and HostError for pictures
    that are transparent or cannot carry the mark. Embedded colour profiles and camera tags are not carried over.
    """
    if not is_image(final):
        raise ArgumentError(f"output {final} is no picture format; allowed: {', '.join(sorted(_WRITERS))}")
    with open_video(source) as (container, stream):
        frame = next(container.decode(stream), None)
        if frame is None:
            raise MediaError(f"{source}: has no picture")
        if has_alpha(frame) and not is_opaque(frame):
            raise HostError(f"{source}: is transparent ({frame.format.name}), which marking would lose")
        pixels = frame.to_ndarray(format="rgb24")
    height, width = pixels.shape[:2]
    marked = VideoEmbedStream(width, height, key, payload, strength=strength, single=True).embed(pixels, 0.0)
    codec, pixel_format, options = _WRITERS[final.suffix.lower()]
    with av.open(str(temporary), "w", format="image2", options={"update": "1"}) as output:
        picture: Any = output.add_stream(codec, rate=25, options=options)
        picture.width, picture.height, picture.pix_fmt = width, height, pixel_format
        whole = av.VideoFrame.from_ndarray(marked, format="rgb24").reformat(format=pixel_format)
        for packet in (*picture.encode(whole), *picture.encode(None)):
            output.mux(packet)
    with open_video(temporary) as (container, stream):
        written = next(container.decode(stream)).to_ndarray(format="rgb24")
    search = VideoDetectStream(width, height, [key], issued=np.array([payload], dtype=np.uint64))
    search.push(written, 0.0)
    for one in search.finish():
        if one.payload == payload:
            return one.log10_p
    raise HostError(f"{source}: {width} x {height} pixels of this picture cannot carry the mark; take a larger one")
