"""Fingerprints of files: of their sound, and of their picture where they have one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import av
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

from birthmark.alignment import Fingerprint
from birthmark.errors import MediaError
from birthmark.fingerprint import AudioFingerprint, FingerprintStream
from birthmark.media import audio_info, stream_audio
from birthmark.media.decode import av_input, open_file
from birthmark.media.order import in_order
from birthmark.video_fingerprint import VideoFingerprint, VideoFingerprintStream

_LOWEST_RATE = 8000
_SOUND_ONLY = {".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".aiff", ".aif", ".wma", ".amr"}


def fingerprint_file(path: str | Path, *, query: bool = True) -> list[Fingerprint]:
    """One fingerprint for each medium of a file, in bounded memory; `query=False` where they are only to be stored.

    Raises MediaError where the file cannot be read.
    """
    picture = fingerprint_picture(path, query=query)
    found: list[Fingerprint] = [] if picture is None else [picture]
    try:
        found.insert(0, fingerprint_sound(path, query=query))
    except MediaError:
        if picture is None:  # neither sound nor picture: say what is wrong
            raise
    return found


def fingerprint_picture(path: str | Path, *, query: bool = True) -> VideoFingerprint | None:
    """The fingerprint of a file's picture, or None where it has none; raises MediaError where it cannot be opened.

    A cover image is not a picture in this sense. A video that breaks off counts as far as it can be decoded.
    """
    if Path(path).suffix.lower() in _SOUND_ONLY:
        return None
    try:
        with av_input(open_file(path)) as container:
            streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
            if not streams:
                return None
            rate = float(min(max(streams[0].average_rate or streams[0].guessed_rate or 25, 0.1), 1000))
            stream = VideoFingerprintStream(rate, "query" if query else "reference")
            return stream.finish() if _add_frames(stream, container, streams[0]) else None
    except MediaError:
        return None


def _add_frames(stream: VideoFingerprintStream, container: Any, video: Any) -> int:
    first: float | None = None
    size = (0, 0)
    count = 0
    try:
        for frame in in_order(container.decode(video)):
            time = frame.time
            first = time if first is None else first
            shown = None if time is None or first is None else time - first
            size = (frame.width, frame.height) if count == 0 else size
            if stream.wants(shown):
                luma = frame if (frame.width, frame.height) == size else frame.reformat(*size)
                stream.add(np.asarray(luma.to_ndarray(format="gray"), np.uint8), shown)
            else:
                stream.skip(shown)
            count += 1
    except av.error.FFmpegError:
        if count == 0:
            raise
    return count


def fingerprint_sound(path: str | Path, *, query: bool = True) -> AudioFingerprint:
    """The fingerprint of a file's sound; raises MediaError where it cannot be read."""
    return push_sound(path, lambda rate, channels: FingerprintStream(rate, channels, query=query)).finish()


class SoundStream(Protocol):
    """A `FingerprintStream` or a `SearchStream`."""

    def push(self, samples: NDArray[np.floating[Any]]) -> None:
        """The next samples."""


_S = TypeVar("_S", bound=SoundStream)


def push_sound(path: str | Path, make: Callable[[float, int], _S]) -> _S:
    """A stream, made for a rate and a number of channels, with all sound of a file pushed into it.

    Raises MediaError where the file cannot be read.
    """
    info = audio_info(path)
    blocks = stream_audio(path, allow_truncated=True)
    if info.rate >= _LOWEST_RATE:
        stream = make(info.rate, info.channels)
        for block in blocks:
            stream.push(block)
        return stream
    from birthmark._core.media import Resampler

    resampler = Resampler(info.rate, _LOWEST_RATE, info.channels)
    stream = make(_LOWEST_RATE, info.channels)
    for block in blocks:
        stream.push(resampler.push(block))
    stream.push(resampler.push(np.zeros((0, info.channels), np.float32), last=True))
    return stream
