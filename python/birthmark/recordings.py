"""Sound and picture of one file together: what `birthmark embed` and `birthmark detect` do with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from birthmark.errors import MediaError
from birthmark.keys import Key
from birthmark.media import audio_info
from birthmark.video_watermark import VideoDetection, VideoEmbedReport, detect_video, embed_video, has_picture
from birthmark.video_watermark import video_duration as picture_duration
from birthmark.watermark import Detection, EmbedReport, EmbedStream, Search, detect_file, embed_file

Progress = Callable[[float], None]


@dataclass(frozen=True)
class RecordingReport:
    """What was marked: `sound` and `picture` are None where the file has none or, for sound, where it was refused."""

    sound: EmbedReport | None
    picture: VideoEmbedReport | None


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
    strength: float = 1.0,
    codec: str = "x264",
    crf: float | None = None,
    progress: Progress | None = None,
) -> RecordingReport:
    """Mark the sound of a file and, where it has one, its picture. `progress(seconds done)`.

    `codec` and `crf` are those of `embed_video`. Errors: those of `embed_file` and `embed_video`. A video whose sound
    cannot carry a mark keeps it unmarked, and the report says why.
    """
    if not has_picture(source):
        rate = audio_info(source).rate
        step = None if progress is None else lambda frames: progress(frames / rate)
        return RecordingReport(embed_file(source, target, payload, key, strength=strength, progress=step), None)
    streams: list[EmbedStream] = []

    def make(rate: int, channels: int) -> EmbedStream:
        streams.append(EmbedStream(rate, channels, payload, key, strength=strength))
        return streams[0]

    picture = embed_video(
        source,
        target,
        key,
        payload,
        strength=strength,
        codec=codec,
        crf=crf,
        make_sound=make if has_sound(source) else None,
        progress=progress,
    )
    sound = streams[0].report if streams and picture.sound_refused is None else None
    return RecordingReport(sound, picture)


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
