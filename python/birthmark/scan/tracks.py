"""One file decoded once: its sound as blocks and its picture as frames, in the order of the file."""

from __future__ import annotations

import functools
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

from birthmark._core.media import Resampler
from birthmark.errors import MediaError
from birthmark.media.audio import read_blocks
from birthmark.media.decode import AvDecoder, describe, soundfile_info
from birthmark.media.formats import TARGETS, AudioInfo
from birthmark.media.order import InOrder
from birthmark.video_watermark.images import is_image

Samples = NDArray[np.float32]
OnSound = Callable[[Samples], None]
OnPicture = Callable[[Any, float], None]

LOWEST_RATE, HIGHEST_RATE = 8000, 192_000  # what every line of the sound takes
_MOST_PIXELS = 1 << 27

# What libav would take for media although it names other files, stations or patterns, or is text.
_REFUSED = {"applehttp", "concat", "dash", "hls", "imf", "lavfi", "rtp", "rtsp", "sap", "sdp", "tty", "xcbgrab"}

MEDIA_ENDINGS = frozenset(
    {
        *TARGETS,
        ".mkv",
        ".webm",
        ".mpg",
        ".mpeg",
        ".ts",
        ".m2ts",
        ".wmv",
        ".flv",
        ".ogv",
        ".gif",
        ".png",
        ".jpg",
        ".jpeg",
    }
    | {".webp", ".bmp", ".tif", ".tiff", ".wma", ".g722", ".gsm", ".spx", ".wv", ".ape", ".mp2", ".asf", ".vob", ".3g2"}
)


class NoMediaError(MediaError):
    """The file has neither sound nor picture that can be read."""


@dataclass(frozen=True)
class Picture:
    """The picture of a file: its size, frames a second as far as the file says, and whether it is a single one."""

    width: int
    height: int
    rate: float
    still: bool = False


@functools.cache
def _allowed_formats() -> str:
    return ",".join(sorted(av.formats_available - _REFUSED))


def check_regular(path: Path) -> None:
    """Raise NoMediaError for what is no file (a device, a FIFO), MediaError for what cannot be opened or is empty."""
    try:
        found = path.stat()
    except OSError as error:
        raise MediaError(error.strerror or str(error)) from error
    for test, name in (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a FIFO"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
        (stat.S_ISSOCK, "a socket"),
    ):
        if test(found.st_mode):
            raise NoMediaError(f"is {name}, not a file")
    if not os.access(path, os.R_OK):
        raise MediaError("permission denied")
    if found.st_size == 0:
        raise MediaError("the file is empty (0 bytes)")


class Tracks:
    """An open file. `sound` and `picture` describe what it has, `run` decodes it."""

    def __init__(self, path: Path, info: AudioInfo | None, container: Any, video: Any) -> None:
        self.path = path
        self.picture: Picture | None = None
        self.damage = ""
        self._info, self._container, self._video = info, container, video
        if video is not None:
            rate = float(min(max(video.average_rate or video.guessed_rate or 25, 0.1), 1000))
            self.picture = Picture(video.codec_context.width, video.codec_context.height, rate, is_image(path))

    @property
    def rate(self) -> float | None:
        """Rate of the sound as `run` gives it; None without sound."""
        if self._info is None:
            return None
        return float(min(max(self._info.rate, LOWEST_RATE), HIGHEST_RATE))

    @property
    def channels(self) -> int:
        """Channels of the sound; 0 without."""
        return 0 if self._info is None else self._info.channels

    def run(self, on_sound: OnSound | None, on_picture: OnPicture | None) -> None:
        """Decode the file to its end, or as far as it goes: then `damage` says what is missing.

        `on_sound` takes (frames, channels) float32; `on_picture` a libav frame and its seconds since
        the first. Raises MediaError where nothing at all could be decoded.
        """
        if self._container is None:
            self._run_soundfile(on_sound)
        else:
            self._run_av(on_sound, on_picture)

    def _run_soundfile(self, on_sound: OnSound | None) -> None:
        assert self._info is not None
        push, finish = self._converted(on_sound)
        got = False
        try:
            for block in read_blocks(self._info, allow_truncated=False):
                push(block)
                got = True
        except MediaError as error:
            if not got:
                raise
            self.damage = _short(error, self.path)
        finish()

    def _converted(self, on_sound: OnSound | None) -> tuple[OnSound, Callable[[], None]]:
        """Takes blocks at the file's rate, and what is to be called at the end."""
        info = self._info
        if on_sound is None or info is None:
            return (lambda _block: None), (lambda: None)
        if info.rate == self.rate:
            return on_sound, (lambda: None)
        assert self.rate is not None
        resampler = Resampler(info.rate, self.rate, info.channels)

        def columns(block: Samples) -> Samples:
            return block.reshape(-1, info.channels)

        return (
            lambda block: on_sound(columns(resampler.push(block))),
            lambda: on_sound(columns(resampler.push(np.zeros((0, info.channels), np.float32), last=True))),
        )

    def _run_av(self, on_sound: OnSound | None, on_picture: OnPicture | None) -> None:
        audio: Any = self._container.streams.audio[0] if self._info is not None and on_sound is not None else None
        video = self._video if on_picture is not None else None
        sound = None if audio is None or self._info is None else AvDecoder(self.path, audio, self._info)
        frames = None if video is None or on_picture is None else _Frames(self.picture, on_picture)
        push, finish = self._converted(on_sound)
        try:
            for packet in self._container.demux([one for one in (video, audio) if one is not None]):
                if sound is not None and packet.stream.index == audio.index:
                    for block in sound.decode(packet if packet.size else None):
                        push(block)
                elif frames is not None:
                    frames.decode(packet)
        except (av.error.FFmpegError, MediaError) as error:
            if not (sound and sound.frames) and not (frames and frames.count):
                raise
            self.damage = _short(error, self.path)
        if frames is not None:
            frames.finish()
        damaged = (sound.damaged if sound else 0) + (frames.damaged if frames else 0)
        if not (sound and sound.frames) and not (frames and frames.count):
            raise MediaError(f"nothing could be decoded ({damaged} damaged packets)")
        if damaged and not self.damage:
            self.damage = f"{damaged} damaged packets"
        finish()


class _Frames:
    """Decodes packets of the picture; times start at 0 and never fall, sizes are those of the first frame."""

    def __init__(self, picture: Picture | None, on_picture: OnPicture) -> None:
        assert picture is not None
        self._picture, self._give = picture, on_picture
        self._order = InOrder()
        self._first: float | None = None
        self._last = 0.0
        self.count = 0  # of frames decoded
        self.damaged = 0

    def decode(self, packet: Any) -> None:
        """Give the frames that are complete with a packet."""
        try:
            decoded = packet.decode()
        except av.error.EOFError:
            return
        except av.error.InvalidDataError:
            self.damaged += 1
            return
        for frame in decoded:
            self.count += 1
            for ready in self._order.push(frame):
                self._give_at_its_time(ready)

    def finish(self) -> None:
        """Give the frames that waited for others."""
        for ready in self._order.flush():
            self._give_at_its_time(ready)

    def _give_at_its_time(self, frame: Any) -> None:
        time = frame.time
        following = 0.0 if self._first is None else self._last + 1.0 / self._picture.rate
        if self._first is None:
            self._first = 0.0 if time is None else float(time)
        seconds = following if time is None else float(time) - self._first
        self._last = max(seconds, self._last)
        size = (self._picture.width, self._picture.height)
        same = (frame.width, frame.height) == size
        self._give(frame if same else frame.reformat(width=size[0], height=size[1]), self._last)


def mono(block: Samples) -> Samples:
    """The mean of the channels, (frames,)."""
    return np.ascontiguousarray(block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32))


def _short(error: BaseException, path: Path) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return text.removeprefix(f"{path}: ")


@contextmanager
def open_tracks(path: Path) -> Iterator[Tracks]:
    """Open a file. Raises NoMediaError where it holds neither sound nor picture and has no name of media, else
    MediaError where it cannot be read."""
    check_regular(path)
    try:
        info = soundfile_info(path)
    except TypeError:  # libsndfile wants to be told about headerless files
        info = None
    if info is not None and info.container != "OGG":
        yield Tracks(path, info, None, None)
        return
    unreadable = MediaError if path.suffix.lower() in MEDIA_ENDINGS else NoMediaError
    options = {"format_whitelist": _allowed_formats(), "protocol_whitelist": "file"}
    try:
        with av.open(str(path), "r", metadata_errors="replace", options=options) as container:
            streams: list[Any] = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
            videos = [s for s in streams if s.codec_context is not None and s.codec_context.width > 0]
            if len(videos) + len(container.streams.audio) == 0:
                raise unreadable("has neither sound nor picture that can be read")
            for video in videos[:1]:
                pixels = video.codec_context.width * video.codec_context.height
                if pixels > _MOST_PIXELS:
                    raise MediaError(f"its picture has {pixels} pixels; at most {_MOST_PIXELS} are handled")
                video.codec_context.thread_count = 1
            sound = describe(path, container) if len(container.streams.audio) else None
            yield Tracks(path, sound, container, videos[0] if videos else None)
    except (av.error.FFmpegError, UnicodeError) as error:
        raise unreadable(f"cannot be read as sound or picture: {_short(error, path)}") from error
