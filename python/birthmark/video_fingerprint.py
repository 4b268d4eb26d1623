"""Fingerprints of video: find a passage of video that carries no mark.

A video is described twice. **Keypoints**: once a second some 110 blobs and corners of a frame, at five sizes, each
with the signs of 96 DCT coefficients of the patch around it; they find the recording and the geometry of the copy,
and bear cropping, borders, overlays, mirroring and quarter turns. **Motion**: the mean luma of 8 x 8 cells, eight
times a second; its changes, read through the geometry that was found, tell the moment of a scene from other moments
of the same scene.

A query also keeps a denser description (four frames a second, thousands of keypoints, 32 x 32 cells), because the
copy may be a small part of the frame. `serialize` stores the plain description alone, about 130 kB a minute.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from birthmark._core import video_fingerprint as _core
from birthmark.errors import ArgumentError, FormatError

if TYPE_CHECKING:
    from birthmark.alignment import Alignment, Candidate, Hits, Searched

SERIAL_VERSION = 1
MEDIUM_NUMBER = 2
SPARSE_INTERVAL_S = 1.0  # one sparsely described frame a second
DENSE_INTERVAL_S = 0.25
MOTION_RATE = 8  # grids a second
MOTION_SIDE = 8
MOTION_GAP_S = 1 / 40  # frames nearer to the last one than this are left out
FINE_SIDE = 32
MOTION_STEP = 0.25  # grey levels
STILL_DIFFERENCE = 0.6  # mean change, in grey levels, below which a dense frame repeats the one before it
POSITION_UNITS = 1024  # stored positions are multiples of 1/1024 of the root of a frame's area
MAXIMUM_DURATION_S = 32_000.0  # the frame number in a posting has 15 bits
_HEADER = struct.Struct("<BBdffIII")
_CHECK = struct.Struct("<I")

Role = Literal["query", "reference"]


@dataclass(frozen=True, slots=True)
class FrameTable:
    """Described keypoints of several frames; those of frame i are entries start[i] to start[i + 1]."""

    times: NDArray[np.float64]  # (frames,) seconds
    start: NDArray[np.uint32]  # (frames + 1,)
    x: NDArray[np.float32]  # (keypoints,) in units of the root of the frame's area
    y: NDArray[np.float32]
    level: NDArray[np.uint8]  # (keypoints,) size at which it was found: 32 * 2 ** (level / 4) pixels
    bits: NDArray[np.uint32]  # (keypoints, 3)

    def __len__(self) -> int:
        return len(self.times)

    def core(self, width: float, height: float) -> _core.FeatureTable:
        """The same as an object of the C++ core."""
        return _core.FeatureTable(self.x, self.y, self.level, self.bits, self.start, width, height)


_Described = tuple[float, tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8], NDArray[np.uint32]]]


def _joined(frames: list[_Described]) -> FrameTable:
    counts = [len(features[0]) for _, features in frames]
    return FrameTable(
        times=np.array([time for time, _ in frames], np.float64),
        start=np.concatenate([[0], np.cumsum(counts)]).astype(np.uint32),
        x=np.concatenate([features[0] for _, features in frames]),
        y=np.concatenate([features[1] for _, features in frames]),
        level=np.concatenate([features[2] for _, features in frames]),
        bits=np.concatenate([features[3] for _, features in frames]),
    )


@dataclass(frozen=True)
class VideoFingerprint:
    """What is kept of a video. `width` and `height` are in units of the root of the frame's area."""

    duration_s: float
    width: float
    height: float
    sparse: FrameTable
    motion: NDArray[np.float32]  # (duration * 8, 8, 8) mean luma of cells; only its changes are stored
    dense: FrameTable | None = field(default=None, repr=False)
    fine: NDArray[np.float32] | None = field(default=None, repr=False)  # (duration * 8, 32, 32)
    medium: str = "video"

    @property
    def cells(self) -> NDArray[np.float32]:
        """Mean luma as finely as it is known, (duration * 8, 32, 32)."""
        if self.fine is not None:
            return self.fine
        times = FINE_SIDE // MOTION_SIDE
        return np.repeat(np.repeat(self.motion, times, axis=1), times, axis=2)

    @cached_property
    def matcher(self) -> _core.VideoMatcher:
        """The description to search with, prepared for testing hypotheses."""
        table = self.sparse if self.dense is None else self.dense
        return _core.VideoMatcher(table.core(self.width, self.height))

    def serialize(self) -> bytes:
        """The plain description as bytes: version, medium, then a compressed body. The same for both roles."""
        table = self.sparse
        header = _HEADER.pack(
            SERIAL_VERSION,
            MEDIUM_NUMBER,
            self.duration_s,
            self.width,
            self.height,
            len(table),
            len(table.x),
            len(self.motion),
        )
        position = np.stack([_quantised(table.x), _quantised(table.y)], axis=1)
        steps = _motion_steps(self.motion)
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

    @classmethod
    def deserialize(cls, data: bytes) -> Self:
        """The fingerprint that `serialize` wrote; raises FormatError for any other bytes."""
        size = _HEADER.size + _CHECK.size
        if len(data) < size or data[0] != SERIAL_VERSION or data[1] != MEDIUM_NUMBER:
            raise FormatError(f"not a video fingerprint of version {SERIAL_VERSION}: {len(data)} bytes, {data[:2]!r}")
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
        return cls(duration, width, height, table, motion)

    def postings(self) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """Look-up codes of the stored keypoints and the number of each keypoint."""
        from birthmark import video_search

        return video_search.postings(self)

    def probes(self) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.uint32]]]:
        """Blocks of codes to look up, and a tag for each: keypoint number * 8 + dihedral form."""
        from birthmark import video_search

        return video_search.probes(self)

    def candidates(self, hits: Hits, limit: int) -> list[Candidate]:
        """The recordings whose hits agree in geometry, the best first."""
        from birthmark import video_search

        return video_search.candidates(self, hits, limit)

    def verify(self, reference: Self, candidates: list[Candidate], searched: Searched) -> list[Alignment]:
        """The alignments of this query with one recording, accepted or not, the surest first."""
        from birthmark import video_match

        return video_match.verify(self, reference, candidates, searched)


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


class VideoFingerprintStream:
    """Takes frames one after the other and gives the fingerprint at the end.

    Frames are uint8, (height, width) luma or (height, width, 3) RGB, all of one size, `rate` of them a second.
    `role="reference"` does only what an index needs; `role="query"` describes the frames densely as well.
    """

    def __init__(self, rate: float, role: Role = "query") -> None:
        if not 0.1 <= rate <= 1000:
            raise ArgumentError(f"rate is {rate}; allowed: 0.1 to 1000 frames a second")
        if role not in ("query", "reference"):
            raise ArgumentError(f"role is {role!r}; allowed: 'query', 'reference'")
        self._rate = rate
        self._dense = role == "query"
        self._describer = _core.FrameDescriber(not self._dense)
        self._frames = 0
        self._shape: tuple[int, ...] | None = None
        self._next_sparse = 0.0
        self._next_dense = 0.0
        self._last_dense: tuple[float, NDArray[np.float32]] | None = None
        self._sparse_frames: list[_Described] = []
        self._dense_frames: list[_Described] = []
        self._end = 0.0
        self._grids = _GridClock()

    def add(self, frame: NDArray[np.uint8], time_s: float | None = None) -> None:
        """The next frame, shown from `time_s` on; without it frame k is shown from k / rate on.

        Raises ArgumentError if it is not uint8, not of the shape of those before, or later than MAXIMUM_DURATION_S.
        """
        if frame.dtype != np.uint8 or frame.ndim not in (2, 3):
            raise ArgumentError(f"frame has type {frame.dtype} and shape {frame.shape}; allowed: uint8 pictures")
        if self._shape is not None and frame.shape != self._shape:
            raise ArgumentError(f"frame has shape {frame.shape}; allowed: that of the first frame, {self._shape}")
        self._shape = frame.shape
        time = self._frames / self._rate if time_s is None else max(time_s, self._end - 1.0 / self._rate, 0.0)
        if not time < MAXIMUM_DURATION_S - 1.0:
            raise ArgumentError(f"time_s is {time:.0f}; allowed: less than {MAXIMUM_DURATION_S - 1:.0f} seconds")
        self._frames += 1
        self._end = time + 1.0 / self._rate
        sparse = time >= self._next_sparse - 1e-9
        due = sparse or (self._dense and time >= self._next_dense - 1e-9)
        grid = self._grids.add(frame, time, due)
        if due and grid is not None:
            self._describe(frame, time, grid, sparse=sparse)
            self._next_dense = _next_multiple(time, DENSE_INTERVAL_S)
            self._next_sparse = _next_multiple(time, SPARSE_INTERVAL_S) if sparse else self._next_sparse

    def _describe(self, frame: NDArray[np.uint8], time: float, grid: NDArray[np.float32], *, sparse: bool) -> None:
        last = self._last_dense
        if not sparse and last is not None and np.abs(grid - last[1]).mean() < STILL_DIFFERENCE:
            return
        self._last_dense = (time, grid)
        x, y, level, kept, bits = self._describer.describe(frame)
        if sparse:
            some = kept > 0
            self._sparse_frames.append((time, (x[some], y[some], level[some], bits[some])))
        if self._dense:
            self._dense_frames.append((time, (x, y, level, bits)))

    def finish(self) -> VideoFingerprint:
        """The fingerprint of all frames; raises ArgumentError if there were none."""
        if self._shape is None:
            raise ArgumentError("frames is empty; allowed: at least one frame")
        height, width = self._shape[:2]
        root = (width * height) ** 0.5
        fine = self._grids.finish(self._end)
        cells = FINE_SIDE // MOTION_SIDE
        motion = fine.reshape(-1, MOTION_SIDE, cells, MOTION_SIDE, cells).mean(axis=(2, 4))
        return VideoFingerprint(
            duration_s=self._end,
            width=width / root,
            height=height / root,
            sparse=_joined(self._sparse_frames),
            motion=motion.astype(np.float32),
            dense=_joined(self._dense_frames) if self._dense else None,
            fine=fine if self._dense else None,
        )


def _next_multiple(time: float, interval: float) -> float:
    return (int(time / interval + 1e-6) + 1) * interval


class _GridClock:
    """Averages the luma grids of the frames shown during each eighth of a second, whatever the frame rate."""

    def __init__(self) -> None:
        self._shown: tuple[float, NDArray[np.float32]] | None = None
        self._sum = np.zeros((FINE_SIDE, FINE_SIDE), np.float64)
        self._weight = 0.0
        self._done: list[NDArray[np.float32]] = []

    def add(self, frame: NDArray[np.uint8], time: float, wanted: bool) -> NDArray[np.float32] | None:
        """The grid of the frame, or None if neither the clock nor the caller needs it."""
        due = self._shown is None or time - self._shown[0] >= MOTION_GAP_S - 1e-9
        if not due and not wanted:
            return None
        grid: NDArray[np.float32] = _core.grid(frame, FINE_SIDE)
        if due:  # not for `wanted` alone: both roles keep the same motion
            self._show_until(time)
            self._shown = (time, grid)
        return grid

    def _show_until(self, end: float) -> None:
        if self._shown is None:
            return
        time, grid = self._shown
        while time < end - 1e-9:
            edge = (len(self._done) + 1) / MOTION_RATE
            stop = min(edge, end)
            self._sum += grid * (stop - time)
            self._weight += stop - time
            time = stop
            if stop >= edge - 1e-9:
                self._close()

    def _close(self) -> None:
        self._done.append((self._sum / self._weight).astype(np.float32))
        self._sum[:] = 0.0
        self._weight = 0.0

    def finish(self, end: float) -> NDArray[np.float32]:
        self._show_until(end)
        if self._weight > 0.5 / MOTION_RATE or not self._done:
            self._close()
        return np.stack(self._done)


def fingerprint_video(frames: Iterable[NDArray[np.uint8]], rate: float, *, role: Role = "query") -> VideoFingerprint:
    """The fingerprint of a whole video.

    Args:
        frames: uint8 pictures, (height, width) luma or (height, width, 3) RGB, all of one size.
        rate: frames a second.
        role: "query" to search with it, "reference" to store it (less work, the same bytes from `serialize`).

    Raises ArgumentError for no frames, frames of different shapes or a rate outside 0.1 to 1000.
    """
    stream = VideoFingerprintStream(rate, role)
    for frame in frames:
        stream.add(frame)
    return stream.finish()
