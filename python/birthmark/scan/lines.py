"""The lines of evidence as a scan runs them: prepared once for a process, opened for a file, fed what is decoded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from birthmark import signature, watermark
from birthmark._core import audio_mark, coding
from birthmark.alignment import Alignment
from birthmark.errors import ArgumentError
from birthmark.evidence.records import LINES, MAX_LOG10_P_FILE
from birthmark.fingerprint import AudioFingerprint
from birthmark.index import Index
from birthmark.index.search_stream import PIECE_S, SearchStream
from birthmark.keys import Key
from birthmark.scan import exhibits
from birthmark.scan.tracks import Picture
from birthmark.video_fingerprint import VideoFingerprintStream
from birthmark.video_watermark import VideoDetectStream, issued_ids
from birthmark.video_watermark.planes import luma_view, readable

Samples = NDArray[np.float32]

PICTURE_PIECE_S, PICTURE_OVERLAP_S = 300.0, 15.0
_SAME_SPEED, _SAME_TIME = 0.01, 1.0


@dataclass(frozen=True)
class Finding:
    """What a line found, before the registry names anybody; fields as in `evidence.records.Hit`.

    `tests` is what log10_p has not counted yet: the number of keys for a line that tests each by itself.
    """

    line: str
    log10_p: float
    start_s: float
    end_s: float
    key: str = ""
    mark_id: str = ""
    recording: str = ""
    reference_start_s: float = math.nan
    reference_end_s: float = math.nan
    speed: float = 1.0
    change: str = ""
    why: str = ""
    tests: int = 1
    exhibit: dict[str, NDArray[Any]] = field(default_factory=dict, repr=False)


class SoundProbe(Protocol):
    """A line at work on the sound of one file."""

    all_channels: bool
    """Whether it takes (frames, channels), or (frames,): their mean."""

    def push(self, block: Samples) -> None:
        """The next samples."""

    def finish(self) -> list[Finding]:
        """What was found in all of it."""


class PictureProbe(Protocol):
    """A line at work on the picture of one file."""

    def push(self, frame: Any, seconds: float) -> None:
        """The next libav frame."""

    def finish(self) -> list[Finding]:
        """What was found in all of it."""


@dataclass(frozen=True)
class Wanted:
    """What is searched for. Persons are numbers; `recordings` says whose each name in the index is."""

    keys: tuple[tuple[int, Key], ...]
    ids: NDArray[np.uint64]
    index: Path | None
    recordings: dict[str, int]


class Searcher:
    """Everything that is searched for, made ready once: keys, issued IDs and the index of fingerprints."""

    def __init__(self, wanted: Wanted, lines: Sequence[str], *, thorough: bool = False) -> None:
        self.keys = [key for _, key in wanted.keys]
        self.thorough = thorough
        self._person_of = {key.id: person for person, key in wanted.keys} | wanted.recordings
        ids, index = wanted.ids, wanted.index
        self.issued = coding.IssuedIds(audio_mark.CODE_BITS, ids) if len(ids) else None
        self.issued_pictures = issued_ids(ids) if len(ids) else None
        self.index = None if index is None else Index.open(index)
        held = {} if self.index is None else self.index.info().recordings
        useless = set() if self.keys else {"audio-watermark", "voice-signature", "video-watermark"}
        useless |= {f"{medium}-fingerprint" for medium in ("audio", "video") if not held.get(medium)}
        self.lines = tuple(line for line in LINES if line in lines and line not in useless)

    def sound(self, rate: float, channels: int, limit: float) -> list[SoundProbe]:
        """The lines of the sound, opened for samples at `rate`; hits up to log10_p `limit`."""
        made: list[SoundProbe] = []
        if "audio-watermark" in self.lines:
            made.append(_AudioMark(self, rate, channels, limit))
        if "voice-signature" in self.lines:
            made.append(_Signature(self.keys, rate, limit))
        if "audio-fingerprint" in self.lines and self.index is not None:
            made.append(_AudioFingerprint(self.index, rate, limit))
        return made

    def hinted(self, found: Sequence[Finding]) -> list[Key]:
        """Keys of those of whom a file has something, but whose mark in the picture was not found yet."""
        people = {self._person_of.get(one.key or one.recording) for one in found}
        done = {one.key for one in found if one.line == "video-watermark"}
        return [key for key in self.keys if self._person_of[key.id] in people and key.id not in done]

    def marks_anywhere(self, picture: Picture, keys: Sequence[Key], limit: float) -> PictureProbe:
        """The video watermark of some keys in whatever geometry."""
        return _VideoMark(self, picture, limit, keys, thorough=True)

    def picture(self, picture: Picture, limit: float) -> list[PictureProbe]:
        """The lines of the picture."""
        made: list[PictureProbe] = []
        if "video-watermark" in self.lines:
            made.append(_VideoMark(self, picture, limit, self.keys, thorough=self.thorough))
        if "video-fingerprint" in self.lines and self.index is not None:
            made.append(_VideoFingerprint(self.index, picture, limit))
        return made


def limit_for(lines: int) -> float:
    """What log10_p of one line may be so that a file's hits stand up to MAX_LOG10_P_FILE over all its lines."""
    return MAX_LOG10_P_FILE - math.log10(max(1, lines))


def _ratio(value: float, name: str) -> str:
    return f"{name} x{value:.3f}" if abs(value - 1) > 0.002 else ""


class _AudioMark:
    all_channels = True

    def __init__(self, searcher: Searcher, rate: float, channels: int, limit: float) -> None:
        self._stream = watermark.DetectStream(
            rate, channels, searcher.keys, search="full", ids=searcher.issued, max_log10_p=limit
        )

    def push(self, block: Samples) -> None:
        self._stream.process(block)

    def finish(self) -> list[Finding]:
        return [_audio_mark(one) for one in self._stream.flush()]


def _audio_mark(found: watermark.Detection) -> Finding:
    return Finding(
        "audio-watermark",
        found.log10_p,
        found.start_s,
        found.end_s,
        key=found.key,
        mark_id=f"{found.payload:016x}",
        speed=found.speed,
        change=_ratio(found.pitch, "pitch"),
        why=(
            f"{100 * found.reliability:.0f} % of the 256 code bits agree with this mark ID under this key, "
            f"{found.z:.1f} standard deviations from chance; "
            + ("the ID was looked for among those issued" if found.issued else "the ID was read without knowing any")
        ),
        exhibit=exhibits.soft_bits(found.soft_bits, found.payload, audio_mark.CODE_BITS),
    )


class _Signature:
    all_channels = False

    def __init__(self, keys: Sequence[Key], rate: float, limit: float) -> None:
        self._keys = list(keys)
        self._limit = limit - math.log10(len(keys))
        self._stream = signature.ContrastStream(rate)
        self._rate, self._frames = rate, 0

    def push(self, block: Samples) -> None:
        self._stream.push(block)
        self._frames += len(block)

    def finish(self) -> list[Finding]:
        found = self._stream.finish()
        (tests,) = signature.detect_contrasts([found], self._keys).tests
        keys = {key.id: key for key in self._keys}
        return [self._finding(t, found, keys[t.key]) for t in tests if t.log10_p <= self._limit]

    def _finding(self, test: signature.SignatureTest, found: list[signature.Contrasts], key: Key) -> Finding:
        return Finding(
            "voice-signature",
            test.log10_p,
            0.0,
            self._frames / self._rate,
            key=test.key,
            change=_ratio(test.warp, "frequencies"),
            why=(
                f"in {test.speech_s:.0f} s of speech the fine spectrum of the sounds follows this key's pattern, "
                f"{test.z:.1f} standard deviations from chance; the whole file is one test"
            ),
            tests=len(self._keys),
            exhibit=exhibits.signature_decoys(found, key, test.z),
        )


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


class _AudioFingerprint:
    all_channels = False

    def __init__(self, index: Index, rate: float, limit: float) -> None:
        self._index, self._limit = index, limit
        self._stream = SearchStream(self._search, rate, log10_p=limit)
        self._pieces = 0
        self._shown: list[tuple[str, float, dict[str, NDArray[Any]]]] = []

    def _search(self, query: AudioFingerprint) -> list[Alignment]:
        """Search one piece, and keep the pictures of what is found."""
        found = self._index.search(query, log10_p=self._limit)
        start = self._pieces * PIECE_S
        self._pieces += 1
        for one in found:
            shown = exhibits.aligned_peaks(query, _stored(self._index, one.recording, "audio"), one, start)
            self._shown.append((one.recording, start + one.query_start_s, shown))
        return found

    def push(self, block: Samples) -> None:
        self._stream.push(block)

    def finish(self) -> list[Finding]:
        return [_aligned(one, self._picture(one)) for one in self._stream.finish()]

    def _picture(self, one: Alignment) -> dict[str, NDArray[Any]]:
        """That of the piece in which the passage begins."""
        mine = [(abs(start - one.query_start_s), shown) for name, start, shown in self._shown if name == one.recording]
        return min(mine, key=lambda pair: pair[0])[1]


class _VideoMark:
    """A scan that is not thorough looks twice: in place, and again where something hints. Both looks are counted."""

    def __init__(
        self, searcher: Searcher, picture: Picture, limit: float, keys: Sequence[Key], *, thorough: bool
    ) -> None:
        self._tests = 1 if searcher.thorough else 2
        self._stream = VideoDetectStream(
            picture.width,
            picture.height,
            keys,
            issued=searcher.issued_pictures,
            max_p=10.0**limit / self._tests,
            search="full" if thorough else "plain",
        )

    def push(self, frame: Any, seconds: float) -> None:
        luma, bits = luma_view(readable(frame))
        self._stream.push_luma(luma, seconds, bits)

    def finish(self) -> list[Finding]:
        made = []
        for one in self._stream.finish():
            g = one.geometry
            parts = [_ratio(g.scale, "scale"), f"turned {g.rotation_deg:.1f}°" if abs(g.rotation_deg) > 0.5 else ""]
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


class _VideoFingerprint:
    def __init__(self, index: Index, picture: Picture, limit: float) -> None:
        self._index, self._rate, self._limit = index, picture.rate, limit
        self._pieces = _Pieces(PICTURE_PIECE_S, PICTURE_OVERLAP_S)
        self._open = [VideoFingerprintStream(self._rate)]
        self._found: list[tuple[Alignment, dict[str, NDArray[Any]]]] = []

    def push(self, frame: Any, seconds: float) -> None:
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
            shown = exhibits.stored_points(_stored(self._index, one.recording, "video"), one)
            self._found.append((_later(one, start), shown))

    def finish(self) -> list[Finding]:
        while self._open:
            self._close()
        return _alignments(self._found, self._pieces.count, self._limit)


def _stored(index: Index, name: str, medium: str) -> bytes:
    number = next(r.number for r in index.recordings() if (r.name, r.medium) == (name, medium))
    return index.store.blob(number)


def _later(one: Alignment, start: float) -> Alignment:
    return replace(one, query_start_s=one.query_start_s + start, query_end_s=one.query_end_s + start)


def _alignments(found: list[tuple[Alignment, dict[str, NDArray[Any]]]], pieces: int, limit: float) -> list[Finding]:
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
    return [_aligned(one, shown) for one, shown in counted if one.log10_p <= limit]


def _aligned(one: Alignment, shown: dict[str, NDArray[Any]]) -> Finding:
    return Finding(
        f"{one.medium}-fingerprint",
        one.log10_p,
        one.query_start_s,
        one.query_end_s,
        recording=one.recording,
        reference_start_s=one.reference_start_s,
        reference_end_s=one.reference_end_s,
        speed=one.speed,
        change="" if one.geometry == "identity" else one.geometry,
        why=one.why,
        exhibit=shown,
    )


def _continues(last: Alignment, one: Alignment) -> bool:
    if last.recording != one.recording or abs(last.speed - one.speed) > _SAME_SPEED:
        return False
    expected = last.reference_start_s + (one.query_start_s - last.query_start_s) * last.speed
    near = abs(one.reference_start_s - expected) < _SAME_TIME
    return near and one.query_start_s <= last.query_end_s + _SAME_TIME
