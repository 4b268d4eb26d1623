"""Blocks of samples out of audio files: libsndfile where it reads the format well, PyAV for the rest."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from birthmark.errors import MediaError

from .formats import BLOCK, AudioInfo, check_signal
from .riff import wav_shortfall

Block = NDArray[np.float32]
Packet: TypeAlias = "av.Packet[Any]"

_GAP_S = 0.1
_MAX_GAP_S = 600.0
_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "FLOAT": 32, "DOUBLE": 64}
_TAGS = ("title", "copyright", "software", "artist", "comment", "date", "album", "license", "tracknumber", "genre")
_AV_BITS = {"u8": 8, "s16": 16, "s32": 32, "flt": 0, "dbl": 0}


def open_file(path: str | Path) -> Path:
    """Check that `path` is a readable file with something in it; MediaError says what is wrong."""
    found = Path(path)
    if found.is_dir():
        raise MediaError(f"{found}: is a folder; an audio or video file was expected")
    try:
        about = found.stat()
    except OSError as error:
        raise MediaError(f"{found}: {error.strerror or error}") from error
    except ValueError as error:  # a null character in the name
        raise MediaError(f"{str(found)!r}: {error}") from error
    if not stat.S_ISREG(about.st_mode):
        # A pipe or a device would block, or never end.
        raise MediaError(f"{found}: is not a regular file; an audio or video file was expected")
    if about.st_size == 0:
        raise MediaError(f"{found}: the file is empty (0 bytes)")
    return found


def audio_info(path: str | Path) -> AudioInfo:
    """Describe a file's audio without decoding it. Raises MediaError when there is none that can be read."""
    found = open_file(path)
    return soundfile_info(found) or _av_info(found)


def soundfile_info(path: Path) -> AudioInfo | None:
    """Describe a file that libsndfile reads well, None for any other."""
    try:
        with soundfile.SoundFile(path) as file:
            if file.format in ("MP3", "MPEG") or file.subtype == "OPUS":
                return None
            tags = {key: value for key, value in file.copy_metadata().items() if key in _TAGS and value}
            frames = int(file.frames)
            info = AudioInfo(
                path=path,
                backend="soundfile",
                container=file.format,
                codec=file.subtype.lower(),
                subtype=file.subtype,
                rate=int(file.samplerate),
                channels=int(file.channels),
                layout="",
                frames=frames if 0 <= frames < 1 << 50 else None,
                bits=_BITS.get(file.subtype, 0),
                bit_rate=None,
                tags=tags,
            )
    except (soundfile.LibsndfileError, OSError, ValueError):
        return None
    check_signal(path, info.rate, info.channels)
    return info


@contextmanager
def av_input(path: Path) -> Iterator[av.container.InputContainer]:
    """A libav input; its errors become MediaError that names the file."""
    try:
        with av.open(str(path), "r", metadata_errors="replace") as container:
            yield container
    except (av.error.FFmpegError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MediaError(f"{path}: cannot be read as audio or video: {reason}") from error


def _av_info(path: Path) -> AudioInfo:
    with av_input(path) as container:
        return describe(path, container)


def describe(path: Path, container: av.container.InputContainer) -> AudioInfo:
    """Describe the first audio stream of an open libav input."""
    if not container.streams.audio:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise MediaError(f"{path}: has no audio stream (found: {kinds})")
    stream = container.streams.audio[0]
    context = getattr(stream, "codec_context", None)
    if context is None:
        raise MediaError(f"{path}: no decoder is known for its audio stream")
    rate, channels = int(stream.rate or 0), int(stream.channels or 0)
    check_signal(path, rate, channels)
    seconds = None
    if stream.duration is not None and stream.time_base is not None:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration is not None and container.duration > 0:
        seconds = container.duration / av.time_base
    name = context.format.name.rstrip("p")
    lossless = context.name.startswith("pcm") or context.name in ("flac", "alac", "wavpack", "tta")
    bit_rate = stream.bit_rate or context.bit_rate or (container.bit_rate if len(container.streams) == 1 else None)
    return AudioInfo(
        path=path,
        backend="av",
        container=container.format.name,
        codec=context.codec.canonical_name,
        subtype="",
        rate=rate,
        channels=channels,
        layout=context.layout.name,
        frames=None if seconds is None else max(0, round(seconds * rate)),
        bits=_AV_BITS.get(name, 0) if lossless else 0,
        bit_rate=int(bit_rate) if bit_rate else None,
        tags=dict(container.metadata) | dict(stream.metadata),
        other_streams=len(container.streams) - 1,
    )


def soundfile_blocks(info: AudioInfo, frames: int = BLOCK, allow_truncated: bool = False) -> Iterator[Block]:
    """Blocks of (at most `frames`, channels) float32 of a file that libsndfile reads."""
    read = 0
    try:
        with soundfile.SoundFile(info.path) as file:
            while len(block := file.read(frames, dtype="float32", always_2d=True)):
                yield checked(info.path, block, read)
                read += len(block)
    except soundfile.LibsndfileError as error:
        if read == 0 or not allow_truncated:
            raise MediaError(f"{info.path}: damaged after {read} frames: {error}") from error
    if read == 0:
        raise MediaError(f"{info.path}: holds no samples")
    missing = (info.frames or 0) - read
    if info.container in ("WAV", "WAVEX", "RF64"):
        missing = max(missing, wav_shortfall(info.path))
    if missing > 0 and not allow_truncated:
        raise MediaError(
            f"{info.path}: truncated: {missing} of the frames or bytes that its header promises are missing"
        )


def checked(path: Path, block: Block, position: int) -> Block:
    """Return the block; MediaError when a sample is not a finite number."""
    finite = np.isfinite(block)
    if not finite.all():
        frame, channel = np.argwhere(~finite)[0]
        value = block[frame, channel]
        raise MediaError(
            f"{path}: sample {position + int(frame)} of channel {int(channel)} is {value}, not a finite number"
        )
    return block


class AvDecoder:
    """Turns packets of one libav audio stream into float32 blocks of fixed rate and channels.

    Encoder delay and padding that the container declares are left out; gaps of more than 0.1 s in the timestamps are
    filled with silence, so that frame index and time agree. `start_s` is the first frame's time once known.
    """

    def __init__(self, path: Path, stream: av.AudioStream, info: AudioInfo) -> None:
        self._path, self._stream, self._info = path, stream, info
        self._resampler: av.AudioResampler | None = None
        self.start_s: float | None = None
        self.frames = 0
        self.damaged = 0

    def decode(self, packet: Packet | None) -> Iterator[Block]:
        """Blocks of one packet; None flushes."""
        try:
            decoded = self._stream.codec_context.decode(packet)
        except av.error.EOFError:
            decoded = []
        except av.error.InvalidDataError:
            self.damaged += 1
            decoded = []
        for frame in decoded:
            assert isinstance(frame, av.AudioFrame)
            yield from self._convert(frame)
        if packet is None and self._resampler is not None:
            yield from self._resampled(None)

    def _convert(self, frame: av.AudioFrame) -> Iterator[Block]:
        if frame.samples == 0:
            return
        if self._resampler is None:
            self._resampler = av.AudioResampler("fltp", self._info.layout or frame.layout.name, self._info.rate)
        time = frame.time
        if self.start_s is None:
            self.start_s = float(time) if time is not None else 0.0
        if time is not None:
            gap = float(time) - self.start_s - self.frames / self._info.rate
            if _GAP_S < gap < _MAX_GAP_S:
                silence = np.zeros((round(gap * self._info.rate), self._info.channels), np.float32)
                self.frames += len(silence)
                yield silence
        frame.pts = None
        yield from self._resampled(frame)

    def _resampled(self, frame: av.AudioFrame | None) -> Iterator[Block]:
        assert self._resampler is not None
        for converted in self._resampler.resample(frame):
            block = np.ascontiguousarray(np.asarray(converted.to_ndarray(), np.float32).T)
            block = checked(self._path, block, self.frames)
            self.frames += len(block)
            if len(block):
                yield block


def av_blocks(info: AudioInfo, frames: int = BLOCK, allow_truncated: bool = False) -> Iterator[Block]:
    """Blocks of (at most `frames`, channels) float32 of the first audio stream that libav reads."""
    with av_input(info.path) as container:
        stream = container.streams.audio[0]
        decoder = AvDecoder(info.path, stream, info)
        for packet in container.demux(stream):
            for block in decoder.decode(packet if packet.size else None):
                for start in range(0, len(block), frames):
                    yield block[start : start + frames]
        check_complete(info, decoder, allow_truncated)


def check_complete(info: AudioInfo, decoder: AvDecoder, allow_truncated: bool) -> None:
    """Raise MediaError when nothing was decoded, or less than an MP4's header promises."""
    if decoder.frames == 0:
        raise MediaError(f"{info.path}: holds no audio samples that can be decoded ({decoder.damaged} damaged packets)")
    if allow_truncated:
        return
    promised = info.frames or 0
    if "mp4" in info.container and decoder.frames < 0.98 * promised - info.rate / 2:
        raise MediaError(f"{info.path}: truncated: {decoder.frames} of {promised} frames could be decoded")
    if decoder.damaged:
        raise MediaError(f"{info.path}: {decoder.damaged} audio packets are damaged")
