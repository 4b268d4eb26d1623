"""The audio watermark: a keyed, inaudible mark that carries a 64-bit mark ID in voice and other sound.

`embed` and `detect` work on arrays, `EmbedStream` and `DetectStream` on blocks, `embed_file` and `detect_file` on
files; they give the same answers. Method, measured capacity and limits: docs/watermark.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from birthmark._core import audio_mark, coding
from birthmark.errors import ArgumentError, HostError
from birthmark.keys import Key
from birthmark.media import BlockStream, audio_info, stream_audio, transform_audio

Samples = NDArray[np.float32]
Search = Literal["full", "plain"]

MAX_LOG10_P = -6.0
"""Default decision: at most one unmarked file in a million gives a detection."""

_SHORTEST_S = 1.0


@dataclass(frozen=True)
class EmbedReport:
    """What embedding did to a recording, measured below 8 kHz on the mean of its channels.

    `log10_p` is what detection of the marked recording gives before any attack; `reliability` the share of code bits
    that arrive; `snr_db` and `segmental_snr_db` (32 ms segments) host over mark; `loudness_change_lu` K-weighted after
    ITU-R BS.1770 without gating; `masking_margin_db` how far the mark stays below the masked threshold (noise masked by
    noise in one critical band, Johnston 1988) in 95 % of all times and bands.
    """

    seconds: float
    log10_p: float
    reliability: float
    snr_db: float
    segmental_snr_db: float
    loudness_change_lu: float
    masking_margin_db: float


@dataclass(frozen=True)
class Detection:
    """One mark: its payload (the mark ID) and where it is in the suspect.

    `key` is the public id of the key. `speed` and `pitch` are the suspect's tempo and frequencies over the original's.
    `log10_p` is the probability (log10, an upper bound) that an unmarked recording gives such a detection anywhere in
    the search that was made: all payloads, keys, alignments, speeds and passages are counted. `z` is the agreement with
    the chips of key and payload in standard deviations of the null, `reliability` the share of code bits with the right
    sign, `issued` whether the payload was matched to the issued IDs rather than decoded blindly. `soft_bits`
    (256 float32) are what was received per code bit, positive for code bit 0.
    """

    payload: int
    key: str
    start_s: float
    end_s: float
    speed: float
    pitch: float
    log10_p: float
    z: float
    reliability: float
    issued: bool
    soft_bits: Samples


def parse_payload(payload: int | str) -> int:
    """A payload as a number; text is 1 to 16 hexadecimal digits. Raises ArgumentError for anything else."""
    if isinstance(payload, str):
        if not re.fullmatch("[0-9a-fA-F]{1,16}", payload):
            raise ArgumentError(f"payload is {payload!r}; allowed: 1 to 16 hexadecimal digits")
        return int(payload, 16)
    if not 0 <= int(payload) < 2**64:
        raise ArgumentError(f"payload is {payload}; allowed: 0 to 2**64 - 1")
    return int(payload)


def issued_ids(ids: Iterable[int | str] | NDArray[np.uint64]) -> coding.IssuedIds:
    """Issued mark IDs made ready for `detect`; worth keeping when many files are searched for the same IDs."""
    if isinstance(ids, np.ndarray) and ids.dtype == np.uint64:
        numbers = ids.ravel()
    else:
        numbers = np.array([parse_payload(one) for one in ids], dtype=np.uint64)
    if len(numbers) == 0:
        raise ArgumentError("ids is empty; allowed: 1 or more issued IDs")
    return coding.IssuedIds(audio_mark.CODE_BITS, numbers)


class EmbedStream:
    """Marks a stream block by block: `process` gives what is ready, `flush` the rest; output follows input by 2.4 s.

    Any division into blocks gives the same output, which has the length of the input. Memory: some seconds of sound.
    Raises ArgumentError for a rate outside 8000 to 192000 Hz, another number of channels than announced, a strength
    outside 0.1 to 4 and samples that are not finite. `flush` checks that a detector would find the mark and raises
    HostError where not; `report` then says what it cost.
    """

    def __init__(self, rate: float, channels: int, payload: int | str, key: Key, *, strength: float = 1.0) -> None:
        self._stream = audio_mark.EmbedStream(rate, channels, key, parse_payload(payload), strength)
        self._loudest = 0.0
        self.report: EmbedReport | None = None

    def process(self, samples: Samples) -> Samples:
        """Take (frames,) or (frames, channels) samples in [-1, 1]; give marked samples that are ready."""
        self._loudest = max(self._loudest, float(np.max(np.abs(samples), initial=0.0)))
        return self._stream.process(samples)

    def flush(self) -> Samples:
        """Give the rest."""
        rest, raw = self._stream.flush()
        fields = EmbedReport.__dataclass_fields__
        self.report = EmbedReport(**{name: getattr(raw, name) for name in fields})
        if self.report.log10_p > MAX_LOG10_P:
            raise HostError(_refusal(self.report, self._loudest))
        return rest


def _refusal(report: EmbedReport, loudest: float) -> str:
    if report.seconds < _SHORTEST_S:
        why = f"it lasts {report.seconds:.2f} s and a mark needs {_SHORTEST_S:g} s or more of sound"
    elif loudest < 1e-4:
        why = f"it is silent (largest sample {loudest:.1g})"
    else:
        why = (
            f"its sound is too steady, too narrow in frequency or too short to hide a mark in: of the code bits "
            f"{100 * report.reliability:.0f} % would arrive"
        )
    return f"samples cannot carry the mark: {why}"


def embed(samples: Samples, rate: float, payload: int | str, key: Key, *, strength: float = 1.0) -> Samples:
    """Mark a recording with a 64-bit payload; returns float32 of the same shape.

    `samples`: float32 (frames,) or (frames, channels) in [-1, 1]; `payload`: a number or up to 16 hexadecimal digits;
    `strength`: factor on the mark's gains. No sample leaves [-1, 1] that was within. Raises ArgumentError for arguments
    out of range and HostError for a recording that cannot carry the mark.
    """
    return embed_reported(samples, rate, payload, key, strength=strength)[0]


def embed_reported(
    samples: Samples, rate: float, payload: int | str, key: Key, *, strength: float = 1.0
) -> tuple[Samples, EmbedReport]:
    """`embed` with the report of what it did."""
    array = np.asarray(samples)
    channels = array.shape[1] if array.ndim == 2 else 1
    stream = EmbedStream(rate, channels, payload, key, strength=strength)
    parts = [stream.process(array), stream.flush()]
    assert stream.report is not None
    return np.concatenate(parts), stream.report


class DetectStream:
    """Looks for marks in a stream block by block; any division into blocks gives the same answer.

    The stream is searched in spans of 131 s that overlap by 16 s: marks are found at the latest when their span ends.
    Memory: one span, some 60 MB. Arguments and errors as `detect`.
    """

    def __init__(
        self,
        rate: float,
        channels: int,
        keys: Key | Sequence[Key],
        *,
        search: Search = "full",
        ids: Iterable[int | str] | coding.IssuedIds | None = None,
        max_log10_p: float = MAX_LOG10_P,
        threads: int = 1,
    ) -> None:
        self._keys = [keys] if isinstance(keys, Key) else list(keys)
        searches = {"full": audio_mark.Search.full, "plain": audio_mark.Search.plain}
        if search not in searches:
            raise ArgumentError(f'search is {search!r}; allowed: "full" and "plain"')
        if threads < 1:
            raise ArgumentError(f"threads is {threads}; allowed: 1 or more")
        issued = ids if ids is None or isinstance(ids, coding.IssuedIds) else issued_ids(ids)
        self._stream = audio_mark.DetectStream(
            rate, channels, self._keys, searches[search], max_log10_p, issued, threads
        )

    def process(self, samples: Samples) -> None:
        """Take (frames,) or (frames, channels) samples."""
        self._stream.process(samples)

    def found(self) -> list[Detection]:
        """Marks in the spans completed so far."""
        return self._public(self._stream.found())

    def flush(self) -> list[Detection]:
        """Search the rest and give all marks, by their start."""
        return self._public(self._stream.flush())

    def _public(self, raw: list[audio_mark.Detection]) -> list[Detection]:
        names = [name for name in Detection.__dataclass_fields__ if name != "key"]
        return [Detection(key=self._keys[d.key].id, **{name: getattr(d, name) for name in names}) for d in raw]


def detect(
    samples: Samples,
    rate: float,
    keys: Key | Sequence[Key],
    *,
    search: Search = "full",
    ids: Iterable[int | str] | coding.IssuedIds | None = None,
    max_log10_p: float = MAX_LOG10_P,
    threads: int = 1,
) -> list[Detection]:
    """All marks of `keys` in a recording, by their start.

    `samples`: float32 (frames,) or (frames, channels), searched on the mean of the channels, or
    on another mix of them where they cancel in the mean. `search`: "full" looks for
    changes of speed, tempo or pitch up to 11 % as well, "plain" does not. `ids`: issued mark IDs (or `issued_ids` of
    them); passages too short to be decoded are matched to them. Detections with a larger `log10_p` than `max_log10_p`
    are left out. Raises ArgumentError for arguments out of range and samples that are not finite.
    """
    array = np.asarray(samples)
    channels = array.shape[1] if array.ndim == 2 else 1
    stream = DetectStream(rate, channels, keys, search=search, ids=ids, max_log10_p=max_log10_p, threads=threads)
    stream.process(array)
    return stream.flush()


def embed_file(
    source: str | Path,
    target: str | Path,
    payload: int | str,
    key: Key,
    *,
    strength: float = 1.0,
    progress: Callable[[int], None] | None = None,
) -> EmbedReport:
    """Mark the sound of a file; `target` appears when complete, in the format of its extension, with the source's tags.

    Bounded memory for any length; `progress(frames so far)`. Raises MediaError for files that cannot be read or
    written, and as `embed`.
    """
    streams: list[EmbedStream] = []

    def make(rate: int, channels: int) -> BlockStream:
        streams.append(EmbedStream(rate, channels, payload, key, strength=strength))
        return streams[0]

    parse_payload(payload)
    transform_audio(source, target, make, progress=progress)
    assert streams[0].report is not None
    return streams[0].report


@dataclass(frozen=True)
class FileDetections:
    """Marks found in one file, and how much sound it has."""

    duration_s: float
    detections: list[Detection]


def detect_file(
    path: str | Path,
    keys: Key | Sequence[Key],
    *,
    search: Search = "full",
    ids: Iterable[int | str] | coding.IssuedIds | None = None,
    max_log10_p: float = MAX_LOG10_P,
    threads: int = 1,
    progress: Callable[[int], None] | None = None,
) -> FileDetections:
    """`detect` on a file's sound in bounded memory. A file cut short is searched as far as it goes.

    Raises MediaError for files that cannot be read, and as `detect`.
    """
    info = audio_info(path)
    stream = DetectStream(
        info.rate, info.channels, keys, search=search, ids=ids, max_log10_p=max_log10_p, threads=threads
    )
    frames = 0
    for block in stream_audio(path, allow_truncated=True):
        stream.process(block)
        frames += len(block)
        if progress is not None:
            progress(frames)
    return FileDetections(frames / info.rate, stream.flush())
