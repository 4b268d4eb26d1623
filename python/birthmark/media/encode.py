"""Blocks of samples into audio files, in the format that the extension asks for and the source suggests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import av
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from birthmark.errors import MediaError

from .formats import (
    ENCODERS,
    MAX_ENCODER_CHANNELS,
    AudioInfo,
    Target,
    choose_bit_rate,
    choose_codec,
    choose_rate,
    target_for,
)
from .riff import copy_flac_blocks, copy_wav_chunks

Block = NDArray[np.float32]

_INTEGER_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
_MAX_WAV_BYTES = 0xFFFF0000


@dataclass(frozen=True)
class Signal:
    """What is going to be written; `frames` is None when not yet known."""

    rate: int
    channels: int
    frames: int | None = None


class AudioWriter(Protocol):
    """Takes blocks of (frames, channels) float32 in [-1, 1]; `close` finishes the file."""

    def write(self, block: Block) -> None:
        """Append a block."""

    def close(self) -> None:
        """Finish the file."""


def open_writer(path: Path, name: Path, signal: Signal, like: AudioInfo | None) -> AudioWriter:
    """A writer to `path` in the format of `name`'s extension, with sample format, bit rate and tags as in `like`."""
    target = target_for(name)
    opus_in_ogg = like is not None and like.codec == "opus"
    if target.sndfile and not (target.codecs and opus_in_ogg):
        return SoundfileWriter(path, target.sndfile, signal, like)
    return AvWriter(path, target, signal, like)


class SoundfileWriter:
    """Writes by libsndfile. Integer samples are rounded to nearest, so an untouched sample keeps its very value."""

    def __init__(self, path: Path, container: str, signal: Signal, like: AudioInfo | None) -> None:
        rate, channels = signal.rate, signal.channels
        self._path, self._like = path, like
        subtype = _subtype(container, like)
        bits = _INTEGER_BITS.get(subtype, 0)
        known = signal.frames
        if container == "WAV" and (known or 0) * channels * max(bits, 8) // 8 > _MAX_WAV_BYTES:
            container = "RF64"
        if container == "WAV" and like is not None and like.container == "WAVEX":
            container = "WAVEX"
        self._container, self._bits = container, bits
        try:
            self._file = soundfile.SoundFile(path, "w", rate, channels, subtype, format=container)
        except (soundfile.LibsndfileError, ValueError, OSError) as error:
            raise MediaError(f"{path}: {container} {subtype} with {channels} channels at {rate} Hz: {error}") from error
        if like is not None and not self._chunks_follow():
            for tag, value in like.tags.items():
                if tag in ("title", "copyright", "software", "artist", "comment", "date", "album", "genre"):
                    setattr(self._file, tag, value)

    def _chunks_follow(self) -> bool:
        """Whether the source's own metadata chunks are copied at the end instead."""
        assert self._like is not None
        own = {"WAV": ("WAV", "WAVEX"), "WAVEX": ("WAV", "WAVEX"), "FLAC": ("FLAC",)}.get(self._container, ())
        return self._like.backend == "soundfile" and self._like.container in own

    def write(self, block: Block) -> None:
        """Append a block of (frames, channels)."""
        try:
            self._file.write(_integers(block, self._bits) if self._bits else block)
        except soundfile.LibsndfileError as error:
            raise MediaError(f"{self._path}: cannot be written, the disk may be full: {error}") from error

    def close(self) -> None:
        """Finish the file and copy the source's metadata chunks."""
        self._file.close()
        if self._like is None or not self._chunks_follow():
            return
        if self._container == "FLAC":
            finished = self._path.with_name(f"{self._path.stem}.tagged{self._path.suffix}")
            try:
                if copy_flac_blocks(self._like.path, self._path, finished):
                    finished.replace(self._path)
            finally:
                finished.unlink(missing_ok=True)
        else:
            copy_wav_chunks(self._like.path, self._path)


def _subtype(container: str, like: AudioInfo | None) -> str:
    allowed = soundfile.available_subtypes(container)
    if container == "OGG":
        return "VORBIS"
    if like is not None and like.subtype in allowed:
        return like.subtype
    bits = like.bits if like is not None else 16
    if like is not None and like.subtype in ("FLOAT", "DOUBLE"):
        bits = 24
    wanted = "PCM_24" if bits > 16 else "PCM_16"
    return wanted if wanted in allowed else soundfile.default_subtype(container)


def _integers(block: Block, bits: int) -> NDArray[np.signedinteger]:
    """Round to `bits` bits, left-aligned in int16 or int32 as libsndfile expects."""
    scale = float(1 << (bits - 1))
    whole = np.clip(np.rint(block.astype(np.float64) * scale), -scale, scale - 1)
    if bits <= 16:
        return (whole * (1 << (16 - bits))).astype(np.int16)
    return (whole * (1 << (32 - bits))).astype(np.int32)


class AvEncoder:
    """One encoded audio stream of an open libav output; rate, channels and samples become what the codec needs."""

    def __init__(
        self, output: av.container.OutputContainer, target: Target, signal: Signal, like: AudioInfo | None
    ) -> None:
        rate, channels = signal.rate, signal.channels
        codec = choose_codec(target, like)
        self._output = output
        self._rate = choose_rate(codec, rate)
        self._channels = min(channels, MAX_ENCODER_CHANNELS.get(codec, 8))
        self._resampler = None
        if self._rate != rate:
            self._resampler = soxr.ResampleStream(rate, self._rate, self._channels, dtype="float32", quality="HQ")
        same_layout = like is not None and like.layout and like.channels == self._channels
        self._layout = like.layout if like is not None and same_layout else _LAYOUTS[self._channels]
        options = {"vbr": "constrained"} if codec == "opus" else {}
        stream = output.add_stream(ENCODERS.get(codec, codec), rate=self._rate, options=options)
        assert isinstance(stream, av.AudioStream)
        stream.layout = self._layout
        bit_rate = choose_bit_rate(codec, self._rate, self._channels, like)
        if bit_rate is not None:
            stream.bit_rate = bit_rate
        if codec in ("alac", "flac") and like is not None and like.bits > 16:
            stream.codec_context.format = av.AudioFormat("s32p" if codec == "alac" else "s32")
        self.stream = stream
        self._position = 0

    def start_at(self, seconds: float) -> None:
        """Put the first frame at this time (before the first write)."""
        self._position = round(seconds * self._rate)

    def write(self, block: Block) -> None:
        """Encode and mux a block of (frames, channels)."""
        mixed = _mix_down(block, self._channels)
        self._encode(self._resampler.resample_chunk(mixed) if self._resampler is not None else mixed)

    def finish(self) -> None:
        """Encode what is held back."""
        if self._resampler is not None:
            rest = np.zeros((0, self._channels), np.float32)
            self._encode(self._resampler.resample_chunk(rest, last=True))
        self._output.mux(self.stream.encode(None))

    def _encode(self, block: Block) -> None:
        if len(block) == 0:
            return
        planes = np.ascontiguousarray(np.clip(block, -1.0, 1.0).T)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=self._layout)
        frame.sample_rate, frame.pts = self._rate, self._position
        self._position += len(block)
        self._output.mux(self.stream.encode(frame))


def _mix_down(block: Block, channels: int) -> Block:
    if block.shape[1] == channels:
        return block
    if channels == 1:
        return np.asarray(block.mean(axis=1, keepdims=True), np.float32)
    if channels == 2:
        left, right = block[:, 0::2].mean(axis=1), block[:, 1::2].mean(axis=1)
        return np.stack([left, right], axis=1)
    return np.ascontiguousarray(block[:, :channels])


class AvWriter:
    """Writes one audio stream into a libav container."""

    def __init__(self, path: Path, target: Target, signal: Signal, like: AudioInfo | None) -> None:
        self._path = path
        try:
            self._output = av.open(str(path), "w", format=target.container, options=dict(target.options))
            self._encoder = AvEncoder(self._output, target, signal, like)
        except (av.error.FFmpegError, ValueError) as error:
            raise MediaError(f"{path}: cannot be written as {target.container}: {error}") from error
        if like is not None:
            self._output.metadata.update(like.tags)

    def write(self, block: Block) -> None:
        """Append a block of (frames, channels)."""
        self._guard(lambda: self._encoder.write(block))

    def close(self) -> None:
        """Finish the file."""
        self._guard(self._encoder.finish)
        self._guard(self._output.close)

    def _guard(self, action: Callable[[], None]) -> None:
        try:
            action()
        except av.error.FFmpegError as error:
            raise MediaError(f"{self._path}: cannot be written: {error.strerror}") from error
