"""The lines of evidence in sound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from birthmark import watermark
from birthmark._core import audio_mark, coding
from birthmark.alignment import Alignment
from birthmark.fingerprint import AudioFingerprint
from birthmark.index import Index
from birthmark.index.search_stream import PIECE_S, SearchStream
from birthmark.keys import Key
from birthmark.scan import exhibits
from birthmark.scan.findings import Finding, Samples, aligned, ratio, stored


class AudioMark:
    """The watermark of the sound: all keys, all issued IDs and blindly."""

    all_channels = True

    def __init__(
        self, keys: Sequence[Key], issued: coding.IssuedIds | None, rate: float, channels: int, limit: float
    ) -> None:
        self._stream = watermark.DetectStream(rate, channels, keys, search="full", ids=issued, max_log10_p=limit)

    def push(self, block: Samples) -> None:
        """See SoundProbe."""
        self._stream.process(block)

    def finish(self) -> list[Finding]:
        """See SoundProbe."""
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
        change=ratio(found.pitch, "pitch"),
        why=(
            f"{100 * found.reliability:.0f} % of the 256 code bits agree with this mark ID under this key, "
            f"{found.z:.1f} standard deviations from chance; "
            + ("the ID was looked for among those issued" if found.issued else "the ID was read without knowing any")
        ),
        exhibit=exhibits.soft_bits(found.soft_bits, found.payload, audio_mark.CODE_BITS),
    )


class SoundFingerprint:
    """The sound of every recording in the index."""

    all_channels = True

    def __init__(self, index: Index, rate: float, channels: int, limit: float) -> None:
        self._index, self._limit = index, limit
        self._stream = SearchStream(self._search, rate, channels, log10_p=limit)
        self._pieces = 0
        self._shown: list[tuple[str, float, dict[str, NDArray[Any]]]] = []

    def _search(self, query: AudioFingerprint) -> list[Alignment]:
        """Search one piece, and keep the pictures of what is found."""
        found = self._index.search(query, log10_p=self._limit)
        start = self._pieces * PIECE_S
        self._pieces += 1
        for one in found:
            shown = exhibits.aligned_peaks(query, stored(self._index, one.recording, "audio"), one, start)
            self._shown.append((one.recording, start + one.query_start_s, shown))
        return found

    def push(self, block: Samples) -> None:
        """See SoundProbe."""
        self._stream.push(block)

    def finish(self) -> list[Finding]:
        """See SoundProbe."""
        return [aligned(one, self._picture(one)) for one in self._stream.finish()]

    def _picture(self, one: Alignment) -> dict[str, NDArray[Any]]:
        """That of the piece in which the passage begins."""
        mine = [(abs(start - one.query_start_s), shown) for name, start, shown in self._shown if name == one.recording]
        return min(mine, key=lambda pair: pair[0])[1]
