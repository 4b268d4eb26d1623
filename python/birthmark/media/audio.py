"""Audio files as arrays and as streams: one way in, one way out, whatever the format.

Read: everything that libsndfile or libav reads, including the sound of video files. Written: the extensions of
`formats.TARGETS`, with sample format, bit rate, tags and pictures kept where source and result have the same format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from birthmark.errors import ArgumentError, MediaError

from .atomic import replacing
from .decode import audio_info, av_blocks, soundfile_blocks
from .encode import Signal, open_writer
from .formats import BLOCK, MAX_SAMPLES, AudioInfo, check_signal, target_for
from .remux import remux

Samples = NDArray[np.float32]


class BlockStream(Protocol):
    """Takes (frames, channels) blocks and gives as many back, late by its latency; `flush` gives the rest."""

    def process(self, block: Samples) -> Samples:
        """Take a block, give what is ready."""

    def flush(self) -> Samples:
        """Give what is left at the end."""


def stream_audio(path: str | Path, block: int = BLOCK, *, allow_truncated: bool = False) -> Iterator[Samples]:
    """Yield blocks of (at most `block` frames, channels) float32; `audio_info` gives the rate.

    Raises MediaError for files that are missing, empty, not audio, without samples, with samples that are not
    finite, or (unless allowed) shorter than their header promises.
    """
    if block < 1:
        raise ArgumentError(f"block is {block}; at least 1 frame is needed")
    return read_blocks(audio_info(path), block, allow_truncated)


def read_blocks(info: AudioInfo, block: int = BLOCK, allow_truncated: bool = False) -> Iterator[Samples]:
    """Blocks of a file that `audio_info` has described."""
    read = soundfile_blocks if info.backend == "soundfile" else av_blocks
    return read(info, block, allow_truncated)


def read_audio(path: str | Path, *, allow_truncated: bool = False) -> tuple[Samples, int]:
    """The whole file as float32, (frames,) for one channel and (frames, channels) for more, and its rate.

    Raises MediaError as `stream_audio` does, and for more than 2**30 samples: stream those.
    """
    info = audio_info(path)
    blocks: list[Samples] = []
    total = 0
    for piece in read_blocks(info, BLOCK, allow_truncated):
        total += piece.size
        if total > MAX_SAMPLES:
            raise MediaError(f"{info.path}: has more than {MAX_SAMPLES} samples; read it as a stream of blocks")
        blocks.append(piece)
    samples = np.concatenate(blocks)
    return (np.ascontiguousarray(samples[:, 0]) if info.channels == 1 else samples), info.rate


def write_audio(path: str | Path, samples: ArrayLike, rate: int, like: str | Path | AudioInfo | None = None) -> None:
    """Write (frames,) or (frames, channels) samples in the format of the extension; the file appears when complete.

    `like` names the source whose sample format, bit rate and tags are taken over. Raises ArgumentError for unknown
    extensions or shapes and MediaError when the file cannot be written.
    """
    final = Path(path)
    target_for(final)
    array = np.asarray(samples, dtype=np.float32)
    columns = array[:, None] if array.ndim == 1 else array
    if columns.ndim != 2 or len(columns) == 0:
        raise ArgumentError(f"samples have shape {array.shape}; (frames,) or (frames, channels) with a frame is needed")
    check_signal(final, rate, columns.shape[1])
    if not np.isfinite(columns).all():
        raise ArgumentError("samples hold values that are not finite numbers")
    info = like if isinstance(like, AudioInfo) or like is None else audio_info(like)
    with replacing(final) as temporary:
        writer = open_writer(temporary, final, Signal(rate, columns.shape[1], len(columns)), info)
        for start in range(0, len(columns), BLOCK):
            writer.write(columns[start : start + BLOCK])
        writer.close()


def transform_audio(
    in_path: str | Path,
    out_path: str | Path,
    make_stream: Callable[[int, int], BlockStream],
    *,
    block: int = BLOCK,
    allow_truncated: bool = False,
    progress: Callable[[int], None] | None = None,
) -> tuple[str, ...]:
    """Pass a file's sound through a stream and write it in bounded memory, whatever its length.

    `make_stream(rate, channels)` is called once; `progress(frames read so far)` after each block. Where both files are
    libav containers, all other streams (picture, cover art, subtitles), chapters and tags are copied. The result
    appears under its name only when complete. Returns the names of streams that it has lost, such as a camera's
    positions; a format that holds sound only is no loss.
    """
    info, final = audio_info(in_path), Path(out_path)
    target = target_for(final)
    if final.exists() and final.samefile(info.path):
        raise ArgumentError(f"output {final} is the input file; give another name")

    def make_change(rate: int, channels: int) -> Callable[[Samples | None], Iterator[Samples]]:
        stream = make_stream(rate, channels)
        done = 0

        def change(piece: Samples | None) -> Iterator[Samples]:
            nonlocal done
            if piece is None:
                yield stream.flush()
                return
            for start in range(0, len(piece), block):
                part = piece[start : start + block]
                yield stream.process(part)
                done += len(part)
                if progress is not None:
                    progress(done)

        return change

    with replacing(final) as temporary:
        if info.backend == "av" and target.container and not (target.sndfile and info.codec != "opus"):
            return remux(info, temporary, target, make_change, allow_truncated)
        change = make_change(info.rate, info.channels)
        writer = open_writer(temporary, final, Signal(info.rate, info.channels, info.frames), info)
        for piece in read_blocks(info, block, allow_truncated):
            for changed in change(piece):
                writer.write(changed)
        for changed in change(None):
            writer.write(changed)
        writer.close()
    return ()
