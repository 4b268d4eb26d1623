"""Replace the sound of a media file and copy everything else: picture, subtitles, cover art, chapters, tags."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from birthmark.errors import Error, MediaError

from .decode import AvDecoder, av_input, check_complete, describe
from .encode import AvEncoder, Signal
from .formats import AudioInfo, Target
from .streams import Copies, can_copy, is_cover, lost_streams, portable_tags

Block = NDArray[np.float32]
Change = Callable[[Block | None], Iterator[Block]]


@dataclass(frozen=True)
class _Wiring:
    """The open files and what goes where."""

    container: av.container.InputContainer
    output: av.container.OutputContainer
    audio: av.AudioStream
    decoder: AvDecoder
    encoder: AvEncoder
    copies: Copies


def remux(
    source: AudioInfo, path: Path, target: Target, make_change: Callable[[int, int], Change], allow_truncated: bool
) -> tuple[str, ...]:
    """Write `path` with the first audio stream passed through a change and all other streams copied packet by packet.

    `make_change(rate, channels)` returns a function that takes a block and gives blocks, and takes None at the end.
    A result that holds sound only keeps cover art but no picture track. In others sound and pictures that the container
    cannot hold raise MediaError; such subtitles, and data without a codec (camera telemetry), are left out. Returns the
    names of what a result that holds more than sound has lost.
    """
    with av_input(source.path) as container:
        info = describe(source.path, container)
        try:
            with av.open(str(path), "w", format=target.container, options=dict(target.options)) as output:
                wiring = _wire(container, output, target, info)
                _run(wiring, make_change(info.rate, info.channels))
        except (av.error.FFmpegError, ValueError) as error:
            if isinstance(error, Error):
                raise
            raise MediaError(f"{path.name}: cannot be written as {target.container}: {error}") from error
        check_complete(info, wiring.decoder, allow_truncated)
        return () if target.sound_only else (*lost_streams(container), *wiring.copies.lost)


def _wire(
    container: av.container.InputContainer, output: av.container.OutputContainer, target: Target, info: AudioInfo
) -> _Wiring:
    audio = container.streams.audio[0]
    output.metadata.update(container.metadata)
    encoder: AvEncoder | None = None
    copies = Copies(output)
    for stream in container.streams:
        if stream.index == audio.index:
            encoder = AvEncoder(output, target, Signal(info.rate, info.channels, info.frames), info)
            encoder.stream.metadata.update(portable_tags(audio))
            encoder.stream.disposition = audio.disposition
        elif _copied(stream, target):
            copies.add(stream)
    assert encoder is not None
    chapters = container.chapters()
    if chapters and (not target.sound_only or target.covers):
        output.set_chapters(chapters)
    return _Wiring(container, output, audio, AvDecoder(info.path, audio, info), encoder, copies)


def _copied(stream: av.stream.Stream, target: Target) -> bool:
    if not target.sound_only:
        return can_copy(stream)
    return target.covers and is_cover(stream)


class _DecodeTimes:
    """Orders the packets of one copied stream for a muxer: Matroska's first ones come without a decode time."""

    _MOST = 64  # frames that a decoder may hold back are fewer

    def __init__(self) -> None:
        self._waiting: list[Any] = []
        self._last: int | None = None

    def take(self, packet: Any) -> list[Any]:
        """Packets that are ready. Early ones get times just before the first that is known."""
        if packet.dts is None and self._last is None and len(self._waiting) < self._MOST:
            self._waiting.append(packet)
            return []
        if packet.dts is None:
            packet.dts = packet.pts if self._last is None else self._last + 1
        ready = [*self._waiting, packet]
        for back, early in enumerate(reversed(self._waiting), 1):
            early.dts = packet.dts - back
        self._waiting = []
        self._last = packet.dts
        return ready

    def rest(self) -> list[Any]:
        """What still waits at the end: a stream that never names a decode time."""
        for packet in self._waiting:
            packet.dts = packet.pts
        return self._waiting


def _run(wiring: _Wiring, change: Change) -> None:
    decoder, encoder, copies = wiring.decoder, wiring.encoder, wiring.copies.streams
    started = flushed = False
    times: dict[int, _DecodeTimes] = {}

    def forward(block: Block | None) -> None:
        nonlocal started
        if not started and decoder.start_s is not None:
            encoder.start_at(max(0.0, decoder.start_s) if copies else 0.0)
            started = True
        for changed in change(block):
            encoder.write(changed)

    for packet in wiring.container.demux():
        if packet.stream.index == wiring.audio.index:
            flushed = flushed or packet.size == 0
            for block in decoder.decode(packet if packet.size else None):
                forward(block)
        elif packet.stream.index in copies and packet.size:
            if is_cover(packet.stream):
                packet.pts = packet.dts = 0
                ready = [packet]
            else:
                ready = times.setdefault(packet.stream.index, _DecodeTimes()).take(packet)
            for one in ready:
                one.stream = copies[one.stream.index]
                wiring.output.mux(one)
    for index, clock in times.items():
        for one in clock.rest():
            one.stream = copies[index]
            wiring.output.mux(one)
    if not flushed:
        for block in decoder.decode(None):
            forward(block)
    forward(None)
    encoder.finish()
