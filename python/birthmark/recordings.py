"""Sound and picture of one file together: what `birthmark embed` and `birthmark detect` do with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from birthmark.errors import ArgumentError, MediaError
from birthmark.keys import Key
from birthmark.media import audio_info, transform_audio
from birthmark.signature import SignatureCheck, SignatureEmbedStream, SignatureReport
from birthmark.video_watermark import VideoDetection, VideoEmbedReport, detect_video, embed_video, has_picture
from birthmark.video_watermark import video_duration as picture_duration
from birthmark.watermark import Detection, EmbedReport, EmbedStream, Samples, Search, detect_file

Progress = Callable[[float], None]


Layer = Literal["watermark", "signature", "picture"]
LAYERS: tuple[Layer, ...] = ("watermark", "signature", "picture")
"""All that can be put into a recording: two marks of the sound and one of the picture."""


@dataclass(frozen=True)
class RecordingReport:
    """What was marked; None where a layer was not asked for, the file has no such part, or the part was refused.

    `signature_refused` says why the signature cannot be tested in the sound, and is None otherwise. `dropped` names the
    source's streams that could not be copied, such as a camera's positions.
    """

    sound: EmbedReport | None
    picture: VideoEmbedReport | None
    signature: SignatureReport | None = None
    signature_refused: str | None = None
    dropped: tuple[str, ...] = ()


class SoundEmbedStream:
    """Puts signature and watermark into a stream of sound: `process` gives what is ready, `flush` the rest.

    The signature goes first: the watermark then adapts itself to the signed sound. `layers` chooses; "picture" is
    ignored here. After `flush`, `report` is the watermark's, and `signature` what a test of the result finds, or None
    with the reason in `signature_refused`. Output follows input by 3.4 s. Errors: those of `EmbedStream`.
    """

    def __init__(
        self,
        rate: float,
        channels: int,
        payload: int,
        key: Key,
        *,
        layers: Sequence[Layer] = LAYERS,
        strength: float = 1.0,
    ) -> None:
        signed, marked = "signature" in layers, "watermark" in layers
        if not (signed or marked):
            raise ArgumentError(f"layers is {', '.join(layers) or 'empty'}; allowed: watermark, signature or both")
        self._signer = SignatureEmbedStream(key, rate, channels, strength, verify=False) if signed else None
        self._check = SignatureCheck(key, rate) if signed else None
        self._marker = EmbedStream(rate, channels, payload, key, strength=strength) if marked else None
        self.report: EmbedReport | None = None
        self.signature: SignatureReport | None = None
        self.signature_refused: str | None = None

    def process(self, samples: Samples) -> Samples:
        """Take (frames,) or (frames, channels) samples in [-1, 1]; give marked samples that are ready."""
        signed = samples if self._signer is None else self._signer.process(samples)
        return self._checked(signed if self._marker is None else self._marker.process(signed))

    def flush(self) -> Samples:
        """Give the rest. Raises HostError where the sound cannot carry the watermark."""
        parts: list[Samples] = []
        if self._signer is not None:
            parts.append(self._signer.flush())
        if self._marker is not None:
            parts = [*(self._marker.process(part) for part in parts), self._marker.flush()]
            self.report = self._marker.report
        rest = self._checked(np.concatenate(parts))
        if self._check is not None:
            report, self.signature_refused = self._check.finish()
            self.signature = report if self.signature_refused is None else None
        return rest

    def _checked(self, marked: Samples) -> Samples:
        if self._check is not None:
            self._check.push(marked)
        return marked


@dataclass(frozen=True)
class RecordingDetections:
    """Marks in the sound and in the picture of one file, and its length in seconds."""

    sound: list[Detection]
    picture: list[VideoDetection]
    duration_s: float


def has_sound(path: str | Path) -> bool:
    """Whether a file has a sound track that can be described."""
    try:
        audio_info(path)
    except MediaError:
        return False
    return True


def duration_s(path: str | Path) -> float | None:
    """Seconds of a file as its header says, None where it does not."""
    return picture_duration(path) if has_picture(path) else audio_info(path).duration_s


def embed_recording(
    source: str | Path,
    target: str | Path,
    payload: int,
    key: Key,
    *,
    layers: Sequence[Layer] = LAYERS,
    strength: float = 1.0,
    codec: str = "x264",
    crf: float | None = None,
    progress: Progress | None = None,
) -> RecordingReport:
    """Mark the sound of a file with watermark and signature and, where it has one, its picture.

    `layers` chooses among the three. `codec` and `crf` are those of `embed_video`; `progress(seconds done)`. Errors:
    ArgumentError for an unknown layer or none that the file could carry, and those of `embed_file` and `embed_video`.
    Sound that carries the watermark but not the signature, such as music, is no error: the report says why. A video
    whose sound cannot carry the watermark keeps it as it was, and the report says why.
    """
    wanted = _checked_layers(source, layers)
    streams: list[SoundEmbedStream] = []

    def make(rate: int, channels: int) -> SoundEmbedStream:
        streams.append(SoundEmbedStream(rate, channels, payload, key, layers=wanted, strength=strength))
        return streams[-1]

    if "picture" not in wanted:
        rate = audio_info(source).rate
        step = None if progress is None else lambda frames: progress(frames / rate)
        dropped = transform_audio(source, target, make, progress=step)
        return _report(streams[-1], None, dropped)
    picture = embed_video(
        source,
        target,
        key,
        payload,
        strength=strength,
        codec=codec,
        crf=crf,
        make_sound=make if len(wanted) > 1 and has_sound(source) else None,
        progress=progress,
    )
    if not streams or picture.sound_refused is not None:
        return RecordingReport(None, picture, dropped=picture.dropped)
    return _report(streams[-1], picture, picture.dropped)


def _report(stream: SoundEmbedStream, picture: VideoEmbedReport | None, dropped: tuple[str, ...]) -> RecordingReport:
    return RecordingReport(stream.report, picture, stream.signature, stream.signature_refused, dropped)


def _checked_layers(source: str | Path, layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers asked for that the file could carry."""
    for one in layers:
        if one not in LAYERS:
            raise ArgumentError(f"layers has {one!r}; allowed: {', '.join(LAYERS)}")
    pictured = has_picture(source)
    wanted = tuple(one for one in LAYERS if one in layers and (pictured or one != "picture"))
    if not wanted:
        raise ArgumentError(f"layers is {', '.join(layers) or 'empty'}; {source} can carry none of it")
    return wanted


def detect_recording(
    path: str | Path,
    keys: Sequence[Key],
    *,
    search: Search = "full",
    issued: Sequence[int] = (),
    max_log10_p: float = -6.0,
    threads: int = 1,
) -> RecordingDetections:
    """Marks in the sound and in the picture of a file. `issued`: mark IDs that were handed out.

    Raises MediaError for files with neither.
    """
    pictured = has_picture(path)
    picture: list[VideoDetection] = []
    seconds = 0.0
    if pictured:
        times: list[float] = [0.0]

        def note(done: float) -> None:
            times[0] = done

        picture = detect_video(path, keys, issued=issued, max_p=10.0**max_log10_p, progress=note)
        seconds = times[0]
        if not has_sound(path):
            return RecordingDetections([], picture, seconds)
    ids = issued or None
    sound = detect_file(path, keys, search=search, ids=ids, max_log10_p=max_log10_p, threads=threads)
    return RecordingDetections(sound.detections, picture, max(seconds, sound.duration_s))
