"""The serial form: version and medium first, a header with a checksum, then a compressed body.

The header is "<BBdffIII": version, medium, duration in seconds, width and height in units of the root of the frame's
area, numbers of frames, keypoints and motion grids; then its CRC-32. The body holds columns: moments of the frames
(float32), keypoints in each (uint16), x, then y (uint16), level (uint8), descriptor (3 x uint32), and the changes of
the motion grids (int8).
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birthmark._core import video_fingerprint as _core
from birthmark.errors import FormatError
from birthmark.video_fingerprint.description import (
    MAXIMUM_DURATION_S,
    MOTION_RATE,
    MOTION_SIDE,
    FrameTable,
    VideoDescription,
)

SERIAL_VERSION = 2
MEDIUM_NUMBER = 2
MOTION_STEP = 0.25  # grey levels
POSITION_UNITS = 1024  # stored positions are multiples of 1/1024 of the root of a frame's area
_HEADER = struct.Struct("<BBdffIII")
_CHECK = struct.Struct("<I")

Plain = tuple[float, float, float, FrameTable, NDArray[np.float32]]
"""Duration, width, height, sparse table and motion: the first fields of a VideoDescription."""


def pack(one: VideoDescription) -> bytes:
    """The plain description as bytes; the same for both roles."""
    table = one.sparse
    header = _HEADER.pack(
        SERIAL_VERSION,
        MEDIUM_NUMBER,
        one.duration_s,
        one.width,
        one.height,
        len(table),
        len(table.x),
        len(one.motion),
    )
    position = np.stack([_quantised(table.x), _quantised(table.y)], axis=1)
    steps = _motion_steps(one.motion)
    body = b"".join(
        [
            table.times.astype("<f4").tobytes(),
            np.diff(table.start).astype("<u2").tobytes(),
            position.astype("<u2").T.tobytes(),
            table.level.tobytes(),
            table.bits.astype("<u4").tobytes(),
            steps.tobytes(),
        ]
    )
    return header + _CHECK.pack(zlib.crc32(header)) + zlib.compress(body, 6)


def unpack(data: bytes) -> Plain:
    """What `pack` wrote; raises FormatError for any other bytes."""
    size = _HEADER.size + _CHECK.size
    if len(data) < size or data[1] != MEDIUM_NUMBER:
        raise FormatError(f"not a video fingerprint: {len(data)} bytes, {data[:2]!r}")
    if data[0] != SERIAL_VERSION:
        raise FormatError(
            f"video fingerprint of version {data[0]}; allowed: {SERIAL_VERSION}; it has to be made again from the video"
        )
    header = data[: _HEADER.size]
    _, _, duration, width, height, frames, keypoints, grids = _HEADER.unpack(header)
    intact = _CHECK.unpack(data[_HEADER.size : size])[0] == zlib.crc32(header)
    sane = intact and 0 <= duration <= MAXIMUM_DURATION_S and 0.05 <= width <= 20 and 0.05 <= height <= 20
    if not sane or frames > duration + 2 or keypoints > 200 * frames or grids > duration * MOTION_RATE + 2:
        raise FormatError("video fingerprint with an impossible header")
    body = _inflate(data[size:], frames * 6 + keypoints * 17 + grids * MOTION_SIDE**2)
    columns = _Columns(body)
    times = columns.take("<f4", frames).astype(np.float64)
    counts = columns.take("<u2", frames).astype(np.uint32)
    x, y = ((columns.take("<u2", keypoints) / POSITION_UNITS).astype(np.float32) for _ in range(2))
    level = columns.take("u1", keypoints).astype(np.uint8)
    bits = columns.take("<u4", keypoints * 3).astype(np.uint32).reshape(-1, 3)
    steps = columns.take("i1", grids * MOTION_SIDE**2).reshape(-1, MOTION_SIDE, MOTION_SIDE)
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.uint32)
    if start[-1] != keypoints or np.any(level > _core.TOP_LEVEL) or not np.all(np.diff(times, prepend=0.0) >= 0):
        raise FormatError("video fingerprint whose tables contradict each other")
    table = FrameTable(times, start, x, y, level, bits)
    motion = (np.cumsum(steps, axis=0, dtype=np.int32) * MOTION_STEP).astype(np.float32)
    return duration, width, height, table, motion


def _quantised(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    return np.clip(np.rint(values * POSITION_UNITS), 0, 65535).astype(np.uint16)


def _motion_steps(motion: NDArray[np.float32]) -> NDArray[np.int8]:
    """Changes from grid to grid in quarters of a grey level, following with a limited slope; the first is 0."""
    wanted = np.rint(motion / MOTION_STEP).astype(np.int32)
    steps = np.zeros(wanted.shape, np.int8)
    state = wanted[0].copy() if len(wanted) else np.zeros(wanted.shape[1:], np.int32)
    for i, target in enumerate(wanted):
        step = np.clip(target - state, -127, 127)
        steps[i] = step
        state += step
    return steps


def _inflate(data: bytes, size: int) -> bytes:
    machine = zlib.decompressobj()
    try:
        body = machine.decompress(data, size + 1)
    except zlib.error as error:
        raise FormatError(f"video fingerprint with a broken body: {error}") from error
    if len(body) != size or not machine.eof or machine.unused_data:
        raise FormatError(f"video fingerprint whose body has not the {size} bytes that its header announces")
    return body


class _Columns:
    """Reads arrays one after the other."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self, kind: str, count: int) -> NDArray[Any]:
        values: NDArray[Any] = np.frombuffer(self._body, kind, count, self._at)
        self._at += values.nbytes
        return values
