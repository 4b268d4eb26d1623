"""Decoded pictures: which formats are handled, and their luma as an array."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.stream import Disposition
from numpy.typing import NDArray

from birthmark.errors import MediaError

_PLANAR = {f"yuv{j}{sampling}p": 8 for j in ("", "j") for sampling in ("420", "422", "440", "444", "411")}
_DEEP = {f"yuv{sampling}p{bits}le": bits for sampling in ("420", "422", "444") for bits in (10, 12)}
LUMA_BITS: dict[str, int] = {**_PLANAR, **_DEEP, "nv12": 8, "nv21": 8, "gray": 8, "gray10le": 10, "gray12le": 12}


@contextmanager
def open_video(path: Path) -> Iterator[tuple[Any, Any]]:
    """The container of a file and its first video stream that is no cover picture.

    Raises MediaError for files that are missing, broken, or without video.
    """
    if not path.is_file():
        raise MediaError(f"{path}: is not a file; a video was expected")
    try:
        with av.open(str(path), "r", metadata_errors="replace") as container:
            videos = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
            if not videos or videos[0].codec_context is None:
                raise MediaError(f"{path}: has no video stream that can be read")
            if min(videos[0].codec_context.width, videos[0].codec_context.height) < 1:
                raise MediaError(f"{path}: its video stream has no picture size")
            videos[0].thread_type = "AUTO"
            yield container, videos[0]
    except (av.error.FFmpegError, UnicodeError) as error:
        raise MediaError(f"{path}: cannot be read as video: {error}") from error


def has_picture(path: str | Path) -> bool:
    """Whether a file can be opened and has a picture track of more than a cover."""
    try:
        with open_video(Path(path)):
            return True
    except MediaError:
        return False


def seconds_of(frame: Any, fallback: float) -> float:
    """Time of a frame; `fallback` where the file does not say."""
    return fallback if frame.time is None else float(frame.time)


def readable(frame: Any) -> Any:
    """The frame in a format of LUMA_BITS."""
    return frame if frame.format.name in LUMA_BITS else frame.reformat(format="yuv420p")


def side_data(frame: Any) -> dict[Type, bytes]:
    """What a frame carries beside its picture; nothing where PyAV does not know all of it, such as EXIF."""
    try:
        return {side.type: bytes(side) for side in frame.side_data}
    except ValueError:
        return {}


def has_alpha(frame: Any) -> bool:
    """Whether the frame's format has room for transparency."""
    return any(component.is_alpha for component in frame.format.components)


def is_opaque(frame: Any) -> bool:
    """Whether no pixel of the frame is transparent."""
    return bool(np.all(frame.to_ndarray(format="rgba")[..., 3] == 255))


def luma_view(frame: Any) -> tuple[NDArray[Any], int]:
    """The luma plane (height, width) of a frame in a format of LUMA_BITS, sharing its memory, and its bits."""
    bits = LUMA_BITS[frame.format.name]
    plane = frame.planes[0]
    dtype = np.dtype(np.uint8 if bits == 8 else "<u2")
    row = plane.line_size // dtype.itemsize
    values = np.frombuffer(plane, dtype=dtype, count=row * plane.height)
    return values.reshape(plane.height, row)[:, : frame.width], bits
