"""The streaming detector: windows of ten seconds, each registered by itself, joined where they continue one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from birthmark._core import video_mark as core
from birthmark.errors import ArgumentError
from birthmark.keys import Key

from .extent import Extent
from .registration import UNMOVED, Candidate, Pattern, Registration, linear_map, register
from .results import VideoDetection, geometry_of
from .statistics import PROFILES, Issued, Judge, Match, Spectrum, soft_bits
from .windows import HOP_SECONDS, Folded, Window, Windows

_INSET_SHIFT = 30.0  # units that an inset's centre may lie from that of the part it is looked for in
SEARCHED = 4  # candidates of the spectral search that are followed up
TURNED_WINDOWS = 2  # windows without a mark in which pictures turned by quarters are looked for, too
SYNC_GATE = 6.5  # sync score below which a registration is not decoded; noise alone reaches some 7
_LIKELY = -8.0  # log10 of p per try at which the window needs no further candidates
_SURE = -20.0  # at which the other profiles are not tried, nor other geometries than the untouched in a plain search
_PREFERENCE = 1.25  # for the untouched geometry: a registration must explain more than its own imprecision
_SAME_PLACE = 3.0  # units that two registrations of one stretch may differ by at the picture's edge
_SAME_TIME = 0.2  # seconds
_INSET = 0.7  # scale below which the picture may be one of several in the frame

Search = Literal["full", "plain"]


@dataclass
class _Stretch:
    """Consecutive windows with one geometry, their evidence added up."""

    latest: Registration
    best: Registration
    start_s: float
    end_s: float
    total: Spectrum
    match: Match | None
    extent: Extent = field(default_factory=Extent)

    def push(self, fresh: Folded, pattern: Pattern) -> None:
        """Adds slots to the extent, once the payload is known with it."""
        known = self.match is not None and self.match.log10_p <= _LIKELY
        self.extent.push(fresh, self.match if known else None, pattern)


@dataclass(frozen=True)
class _Look:
    """A window as one registration sees it; the lowest rank is the best."""

    rank: float
    found: Registration
    folded: Folded
    match: Match | None


class _KeySearch:
    """One key's view of the video."""

    def __init__(self, key: Key, judge: Judge, log10_limit: float, *, full: bool) -> None:
        self.pattern = Pattern(key)
        self.judge = judge
        self.log10_limit = log10_limit
        self.full = full
        self.tries = 0
        self.turned_windows = TURNED_WINDOWS
        self.stretches: list[_Stretch] = []
        self._open: _Stretch | None = None
        self._unmoved: _Stretch | None = None  # the whole stream in the untouched geometry

    def look(self, window: Window) -> None:
        """Search one window, and add it to the stretch before it where it continues that."""
        best: _Look | None = None
        for found, folded in self._registrations(window):
            if found is UNMOVED:
                self._add_unmoved(folded)
            match = self._judge(folded.total())
            likely = match is not None and match.log10_p < _LIKELY
            if not likely and found.sync_score < SYNC_GATE:
                continue
            rank = match.log10_p if match is not None and likely else -1e-3 * found.sync_score
            rank *= _PREFERENCE if found is UNMOVED else 1.0
            if best is None or rank < best.rank:
                best = _Look(rank, found, folded, match)
            if likely and found.sync_score > 2 * SYNC_GATE:
                break
            if match is not None and match.log10_p < _SURE and not self.full:
                break
        if best is None:
            self._close()
            return
        self._join(window, best)

    def finish(self) -> None:
        """Decodes the whole stream as if nothing had moved, where no window of it was enough."""
        whole = self._unmoved
        if whole is None or any(one.match and one.match.log10_p < _LIKELY for one in self.stretches):
            return
        whole.match = self._judge(whole.total)
        self.stretches.append(whole)

    def _close(self) -> None:
        """Nothing continues the open stretch: forget it where it says nothing, so that hours need no more memory."""
        last, self._open = self._open, None
        if last is not None and (last.match is None or last.match.log10_p > self.log10_limit):
            self.stretches.pop()  # the open one is the last

    def _add_unmoved(self, folded: Folded) -> None:
        start, end = float(folded.seconds[0]), float(folded.seconds[-1]) + core.SLOT_SECONDS
        whole = self._unmoved
        if whole is None:
            self._unmoved = _Stretch(UNMOVED, UNMOVED, start, end, folded.total(), None)
            return
        fresh = folded.after(whole.end_s - core.SLOT_SECONDS)
        whole.total, whole.end_s = whole.total + fresh.total(), end

    def _registrations(self, window: Window) -> Iterator[tuple[Registration, Folded]]:
        """Maps worth decoding and what they show.

        First the untouched geometry, which needs no sync waves: attacks may take them.
        """
        yield UNMOVED, window.folded(self.pattern, UNMOVED)
        for candidate in self._candidates(window):
            scale = float(abs(np.linalg.det(candidate.linear)) ** -0.5)
            for part, to_part in ((window, np.eye(3)), *(window.insets(scale) if scale < _INSET else ())):
                shift = np.inf if part is window else _INSET_SHIFT
                found = register(
                    part.coarse,
                    part.coarse_seconds,
                    self.pattern,
                    candidate,
                    again_above=SYNC_GATE,
                    largest_shift=shift,
                )
                if found.sync_score >= SYNC_GATE:
                    folded = part.folded(self.pattern, found)
                    yield replace(found, matrix=found.matrix @ to_part), folded

    def _candidates(self, window: Window) -> Iterator[Candidate]:
        if self._open is not None:
            yield Candidate.of(self._open.latest.matrix, self._open.latest.speed)
        yield Candidate(linear_map(1.0, 0.0, False), 1.0)
        if not self.full:
            return
        yield window.tilted(self.pattern)
        yield from window.search(self.pattern, SEARCHED)
        yield Candidate(linear_map(0.5, 0.0, False), 1.0)  # a usual inset, too small to be found in the whole frame
        if self.turned_windows > 0:
            self.turned_windows -= 1
            yield from window.search(self.pattern, SEARCHED, quarter_turns=True)

    def _judge(self, values: Spectrum) -> Match | None:
        self.tries += len(PROFILES)
        best: Match | None = None
        for profile in PROFILES:
            best = _better(best, self.judge.best(soft_bits(values, self.pattern, profile)))
            if best is not None and best.log10_p < _SURE:
                break
        return best

    def _join(self, window: Window, look: _Look) -> None:
        found, folded, match = look.found, look.folded, look.match
        start, end = float(window.seconds[0]), float(window.seconds[-1]) + core.SLOT_SECONDS
        last = self._open
        if last is not None and _continues(last, found, start, window.slots.shape[1:]):
            fresh = folded.after(last.end_s - core.SLOT_SECONDS)
            last.total = last.total + fresh.total()
            last.latest, last.end_s = found, end
            if match is not None and (last.match is None or match.log10_p < last.match.log10_p):
                last.best = found
            last.match = _better(self._judge(last.total), _better(last.match, match))
        else:
            self._close()
            fresh = folded
            last = _Stretch(found, found, start, end, folded.total(), match)
            self.stretches.append(last)
        last.push(fresh, self.pattern)
        self._open = last


def _better(a: Match | None, b: Match | None) -> Match | None:
    if a is None or b is None:
        return a or b
    return a if a.log10_p <= b.log10_p else b


def _continues(last: _Stretch, found: Registration, start_s: float, shape: tuple[int, ...]) -> bool:
    if start_s > last.end_s + HOP_SECONDS:
        return False
    middle = (start_s + last.end_s) / 2
    old = last.latest
    late = (found.speed * middle + found.start) - (old.speed * middle + old.start)
    late -= core.PERIOD * np.round(late / core.PERIOD)
    if abs(late) > _SAME_TIME:
        return False
    height, width = shape
    corners = np.array([[x * width / 2, y * height / 2, 1.0] for x in (-1, 1) for y in (-1, 1)])
    places = [corners @ m.T for m in (found.matrix, old.matrix)]
    apart = places[0][:, :2] / places[0][:, 2:] - places[1][:, :2] / places[1][:, 2:]
    apart -= core.TILE * np.round(apart.mean(axis=0) / core.TILE)
    return bool(np.abs(apart).max() < _SAME_PLACE)


class VideoDetectStream:
    """Find marks in frames as they come.

    `width`, `height`: size of the frames. `keys`: one or more. `issued`: payloads that were handed out; clips too short
    to be decoded blindly are matched against them (an array, or `issued_ids` of it). `search`: "full" looks for scaled,
    cropped, turned, mirrored and faster or slower pictures as well, "plain" only for those that were left in place, up
    to small shifts, and costs a fraction. `max_p`: largest family-wise false positive rate for the stream.
    Memory is bounded by the window of ten seconds. Raises ArgumentError for an empty list of keys or a bad size.
    """

    def __init__(
        self,
        width: int,
        height: int,
        keys: Sequence[Key],
        *,
        issued: Issued | None = None,
        max_p: float = 1e-6,
        search: Search = "full",
    ) -> None:
        if not keys:
            raise ArgumentError("keys is empty; allowed: at least one key")
        if not 0 < max_p <= 1:
            raise ArgumentError(f"max_p is {max_p}; allowed: above 0, at most 1")
        self._residual = core.VideoResidual(width, height)
        if search not in ("full", "plain"):
            raise ArgumentError(f'search is {search!r}; allowed: "full" and "plain"')
        judge = Judge(issued)
        self._log10_limit = float(np.log10(max_p))
        self._searches = [_KeySearch(key, judge, self._log10_limit, full=search == "full") for key in keys]
        self._windows = Windows()

    def push(self, frame: NDArray[np.uint8], seconds: float) -> None:
        """A frame of RGB, (height, width, 3) uint8; `seconds` must not fall."""
        self._residual.push_rgb(frame, seconds)
        self._advance()

    def push_luma(self, luma: NDArray[np.uint8] | NDArray[np.uint16], seconds: float, bits: int = 8) -> None:
        """A luma plane, (height, width): uint8, or uint16 with the value in the low `bits` bits."""
        if bits == 8:
            self._residual.push(cast("NDArray[np.uint8]", luma), seconds)
        else:
            self._residual.push(cast("NDArray[np.uint16]", luma), seconds, bits)
        self._advance()

    def finish(self) -> list[VideoDetection]:
        """Detections in all that was pushed, the surest first."""
        self._residual.flush()
        self._advance()
        self._look(self._windows.flush())
        for one in self._searches:
            one.finish()
        return self._detections()

    def _advance(self) -> None:
        for seconds, picture in self._residual.take():
            self._look(self._windows.push(seconds, picture))

    def _look(self, windows: Iterable[Window]) -> None:
        for window in windows:
            for one in self._searches:
                one.look(window)

    def _detections(self) -> list[VideoDetection]:
        tries = np.log10(max(1, sum(one.tries for one in self._searches)))
        out: list[VideoDetection] = []
        for one in self._searches:
            for stretch in one.stretches:
                match = stretch.match
                if match is None or match.log10_p + tries > self._log10_limit:
                    continue
                start, end = stretch.extent.span(stretch.start_s, stretch.end_s)
                found = VideoDetection(
                    payload=match.payload,
                    key=one.pattern.key.id,
                    start_s=start,
                    end_s=end,
                    speed=stretch.best.speed,
                    log10_p=float(match.log10_p + tries),
                    geometry=geometry_of(stretch.best.matrix),
                )
                _add(out, found)
        return sorted(out, key=lambda detection: detection.log10_p)


def _add(found: list[VideoDetection], new: VideoDetection) -> None:
    """Adds a detection, or widens one of the same payload that it touches."""
    for index, old in enumerate(found):
        same = (old.payload, old.key) == (new.payload, new.key)
        if same and new.start_s <= old.end_s + HOP_SECONDS and old.start_s <= new.end_s + HOP_SECONDS:
            surest = new if new.log10_p < old.log10_p else old
            found[index] = replace(surest, start_s=min(old.start_s, new.start_s), end_s=max(old.end_s, new.end_s))
            return
    found.append(new)
