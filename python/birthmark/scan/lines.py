"""The lines of evidence as a scan runs them: prepared once for a process, opened for a file, fed what is decoded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from birthmark._core import audio_mark, coding
from birthmark.evidence.records import LINES, MAX_LOG10_P_FILE
from birthmark.index import Index
from birthmark.keys import Key
from birthmark.scan.findings import Finding, PictureProbe, SoundProbe
from birthmark.scan.picture import PictureFingerprint, VideoMark
from birthmark.scan.sound import AudioMark, SoundFingerprint
from birthmark.scan.tracks import Picture
from birthmark.scan.voice import VoiceSignature
from birthmark.video_watermark import issued_ids


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
            made.append(AudioMark(self.keys, self.issued, rate, channels, limit))
        if "voice-signature" in self.lines:
            made.append(VoiceSignature(self.keys, rate, limit))
        if "audio-fingerprint" in self.lines and self.index is not None:
            made.append(SoundFingerprint(self.index, rate, channels, limit))
        return made

    def hinted(self, found: Sequence[Finding]) -> list[Key]:
        """Keys of those of whom a file has something, but whose mark in the picture was not found yet."""
        people = {self._person_of.get(one.key or one.recording) for one in found}
        done = {one.key for one in found if one.line == "video-watermark"}
        return [key for key in self.keys if self._person_of[key.id] in people and key.id not in done]

    def marks_anywhere(self, picture: Picture, keys: Sequence[Key], limit: float) -> PictureProbe:
        """The video watermark of some keys in whatever geometry."""
        return self._video_mark(picture, limit, keys, full=True)

    def _video_mark(self, picture: Picture, limit: float, keys: Sequence[Key], *, full: bool) -> VideoMark:
        looks = 1 if self.thorough else 2
        return VideoMark(keys, self.issued_pictures, picture, limit, looks=looks, full=full)

    def picture(self, picture: Picture, limit: float) -> list[PictureProbe]:
        """The lines of the picture."""
        made: list[PictureProbe] = []
        if "video-watermark" in self.lines:
            made.append(self._video_mark(picture, limit, self.keys, full=self.thorough))
        if "video-fingerprint" in self.lines and self.index is not None:
            made.append(PictureFingerprint(self.index, picture, limit))
        return made


def limit_for(lines: int) -> float:
    """What log10_p of one line may be so that a file's hits stand up to MAX_LOG10_P_FILE over all its lines."""
    return MAX_LOG10_P_FILE - math.log10(max(1, lines))
