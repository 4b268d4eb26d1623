"""The lines of evidence in picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birthmark._core import coding
from birthmark.alignment import Alignment
from birthmark.errors import ArgumentError
from birthmark.index import Index
from birthmark.keys import Key
from birthmark.scan import exhibits
from birthmark.scan.findings import Finding, aligned, ratio, stored
from birthmark.scan.tracks import Picture
from birthmark.video_fingerprint import VideoFingerprintStream
from birthmark.video_watermark import VideoDetectStream
from birthmark.video_watermark.planes import luma_view, readable

PICTURE_PIECE_S, PICTURE_OVERLAP_S = 300.0, 15.0
_SAME_SPEED, _SAME_TIME = 0.01, 1.0


class VideoMark:
    """A scan that is not thorough looks twice: in place, and again where something hints. Both looks are counted."""

    def __init__(
        self,
        keys: Sequence[Key],
        issued: coding.IssuedIds | None,
        picture: Picture,
        limit: float,
        *,
        looks: int,
        full: bool,
    ) -> None:
        self._tests = looks
        self._still = picture.still
        self._search = partial(
            VideoDetectStream,
            keys=keys,
            issued=issued,
            max_p=10.0**limit / self._tests,
            search="full" if full else "plain",
        )
        self._stream = self._search(picture.width, picture.height)

    def push(self, frame: Any, seconds: float) -> None:
        """See PictureProbe."""
        luma, bits = luma_view(readable(frame))
        if self._still and frame.rotation:  # single pictures are marked as they are shown
            luma = np.ascontiguousarray(np.rot90(luma, round(frame.rotation / 90)))
            self._stream = self._search(luma.shape[1], luma.shape[0])
        self._stream.push_luma(luma, seconds, bits)

    def finish(self) -> list[Finding]:
        """See PictureProbe."""
        made = []
        for one in self._stream.finish():
            g = one.geometry
            parts = [ratio(g.scale, "scale"), f"turned {g.rotation_deg:.1f}°" if abs(g.rotation_deg) > 0.5 else ""]
            parts += ["mirrored" if g.mirror else ""]
            parts += [f"shifted {g.crop_x:+.2f}, {g.crop_y:+.2f}" if max(abs(g.crop_x), abs(g.crop_y)) > 0.02 else ""]
            made.append(
                Finding(
                    "video-watermark",
                    one.log10_p,
                    one.start_s,
                    one.end_s,
                    key=one.key,
                    mark_id=f"{one.payload:016x}",
                    speed=one.speed,
                    change=", ".join(part for part in parts if part),
                    why="the slow pattern in the brightness of the picture agrees with this mark ID under this key",
                    tests=self._tests,
                )
            )
        return made


class _Pieces:
    """Cuts a long query into pieces that overlap, so that memory stays bounded; two streams run where they do."""

    def __init__(self, piece: float, overlap: float) -> None:
        self._piece, self._step = piece, piece - overlap
        self.first = 0  # oldest open piece
        self.count = 1

    def start(self, number: int) -> float:
        """Where a piece begins."""
        return number * self._step

    @property
    def begins(self) -> float:
        """Where the next piece begins."""
        return self.start(self.count)

    @property
    def ends(self) -> float:
        """Where the oldest open piece ends."""
        return self.start(self.first) + self._piece


class PictureFingerprint:
    """The picture of every recording in the index."""

    def __init__(self, index: Index, picture: Picture, limit: float) -> None:
        self._index, self._rate, self._limit = index, picture.rate, limit
        self._pieces = _Pieces(PICTURE_PIECE_S, PICTURE_OVERLAP_S)
        self._open = [VideoFingerprintStream(self._rate)]
        self._found: list[tuple[Alignment, dict[str, NDArray[Any]]]] = []

    def push(self, frame: Any, seconds: float) -> None:
        """See PictureProbe."""
        while seconds >= self._pieces.begins:
            self._pieces.count += 1
            self._open.append(VideoFingerprintStream(self._rate))
        while len(self._open) > 1 and seconds >= self._pieces.ends:
            self._close()
        luma: NDArray[np.uint8] | None = None
        for number, stream in enumerate(self._open, self._pieces.first):
            at = seconds - self._pieces.start(number)
            if not stream.wants(at):
                stream.skip(at)
                continue
            if luma is None:
                luma = np.asarray(frame.to_ndarray(format="gray"), np.uint8)
            stream.add(luma, at)

    def _close(self) -> None:
        start = self._pieces.start(self._pieces.first)
        self._pieces.first += 1
        stream = self._open.pop(0)
        try:
            query = stream.finish()
        except ArgumentError:  # no frame fell into this piece
            return
        for one in self._index.search(query, log10_p=self._limit):
            shown = exhibits.stored_points(stored(self._index, one.recording, "video"), one)
            self._found.append((_later(one, start), shown))

    def finish(self) -> list[Finding]:
        """See PictureProbe."""
        while self._open:
            self._close()
        return joined_alignments(self._found, self._pieces.count, self._limit)


def _later(one: Alignment, start: float) -> Alignment:
    return replace(one, query_start_s=one.query_start_s + start, query_end_s=one.query_end_s + start)


def joined_alignments(
    found: list[tuple[Alignment, dict[str, NDArray[Any]]]], pieces: int, limit: float
) -> list[Finding]:
    """Alignments of all pieces: passages cut by a border joined, and each counted for all pieces."""
    joined: list[tuple[Alignment, dict[str, NDArray[Any]]]] = []
    for one, shown in sorted(found, key=lambda pair: (pair[0].recording, pair[0].query_start_s)):
        if joined and _continues(joined[-1][0], one):
            last, old = joined[-1]
            best, picture = (last, old) if last.log10_p <= one.log10_p else (one, shown)
            ends = max(last, one, key=lambda a: a.query_end_s)
            whole = replace(
                best,
                query_start_s=last.query_start_s,
                reference_start_s=last.reference_start_s,
                query_end_s=ends.query_end_s,
                reference_end_s=ends.reference_end_s,
            )
            joined[-1] = (whole, picture)
        else:
            joined.append((one, shown))
    cost = math.log10(pieces)
    counted = [(replace(one, log10_p=min(0.0, one.log10_p + cost)), shown) for one, shown in joined]
    return [aligned(one, shown) for one, shown in counted if one.log10_p <= limit]


def _continues(last: Alignment, one: Alignment) -> bool:
    if last.recording != one.recording or abs(last.speed - one.speed) > _SAME_SPEED:
        return False
    expected = last.reference_start_s + (one.query_start_s - last.query_start_s) * last.speed
    near = abs(one.reference_start_s - expected) < _SAME_TIME
    return near and one.query_start_s <= last.query_end_s + _SAME_TIME
