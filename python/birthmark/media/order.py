"""Decoded pictures with the times at which they are shown."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Any

import av.error


class InOrder:
    """Decoded frames with times that ascend.

    Frames come as they are shown, but containers that only know the order of decoding, such as AVI, give those that
    depend on later ones each other's times. Sorting the times of a few neighbours leaves all other videos as they are.
    """

    _HELD = 4

    def __init__(self) -> None:
        self._frames: deque[Any] = deque()
        self._times: list[int] = []
        self._last: int | None = None

    def push(self, frame: Any) -> Iterator[Any]:
        """Frames that are ready once `frame` has come."""
        self._frames.append(frame)
        if frame.pts is not None:
            heappush(self._times, frame.pts)
        if len(self._frames) > self._HELD:
            yield self._next()

    def flush(self) -> Iterator[Any]:
        """The frames that are left."""
        while self._frames:
            yield self._next()

    def _next(self) -> Any:
        frame = self._frames.popleft()
        if frame.pts is not None:
            time = heappop(self._times)
            if self._last is not None and self._last - self._HELD <= time <= self._last:
                time = self._last + 1
            frame.pts = self._last = time
        return frame


def in_order(frames: Iterable[Any]) -> Iterator[Any]:
    """All frames through `InOrder`; where decoding breaks off, those before come first, then libav's error."""
    order = InOrder()
    broken: av.error.FFmpegError | None = None
    try:
        for frame in frames:
            yield from order.push(frame)
    except av.error.FFmpegError as error:
        broken = error
    yield from order.flush()
    if broken is not None:
        raise broken
