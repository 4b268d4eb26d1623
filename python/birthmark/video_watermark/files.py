"""Marking and searching video files: decode, mark the luma, encode again, copy everything else packet by packet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from birthmark.errors import ArgumentError, HostError, MediaError
from birthmark.keys import Key
from birthmark.media import BlockStream, transform_audio
from birthmark.media.atomic import replacing
from birthmark.media.formats import target_for
from birthmark.media.order import InOrder, in_order
from birthmark.media.streams import Copies, can_copy, is_cover, lost_streams, portable_tags

from .detection import Search, VideoDetectStream
from .embedding import VideoEmbedStream, check_size
from .encoders import RGB_MATRIX, RGB_RANGE, add_encoder, fit_to_frame
from .images import detect_image, embed_image, is_image
from .planes import LUMA_BITS, has_alpha, is_opaque, luma_view, open_video, readable, seconds_of
from .results import VideoDetection

# (search, largest p, seconds): a look at the start of a result as it lies is mostly enough, else a longer one.
_LOOKS: tuple[tuple[Search, float, float], ...] = (("plain", 1e-9, 1.0), ("full", 1e-6, 20.0))
_MOST_HELD = 10000  # packets of other streams that wait for the first picture
Progress = Callable[[float], None]
MakeSound = Callable[[int, int], BlockStream]


@dataclass(frozen=True)
class VideoEmbedReport:
    """What was marked: frames, seconds, and log10 of the p-value of the mark found in the result's first seconds.

    `sound_refused` says why the sound was copied unmarked where it cannot carry a mark, and is None otherwise.
    `dropped` names what could not be copied, such as a stream of a camera's positions.
    """

    frames: int
    seconds: float
    log10_p: float
    sound_refused: str | None = None
    dropped: tuple[str, ...] = ()


def video_duration(path: str | Path) -> float | None:
    """Seconds of a video file, for a progress bar; None where it does not say."""
    with open_video(Path(path)) as (container, stream):
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
        return None if container.duration is None else float(Fraction(container.duration, av.time_base))


def embed_video(
    source: str | Path,
    target: str | Path,
    key: Key,
    payload: int,
    *,
    strength: float = 1.0,
    codec: str = "x264",
    crf: float | None = None,
    preset: str | None = None,
    make_sound: MakeSound | None = None,
    progress: Progress | None = None,
    verify: bool = True,
) -> VideoEmbedReport:
    """Mark the picture of a video file, and with `make_sound` its first sound track, and write `target`.

    PNG, JPEG and WebP pictures are marked as videos of one frame and written in the format of the extension.

    `codec`: "x264", "x265", "vp9" or "av1"; `crf`: its quality, by default matched to the source's bits per pixel.
    `make_sound(rate, channels)` gives a stream of `process` and `flush` that the sound passes through. All other
    streams but those of data, chapters, tags, the rotation, the colour description and HDR10 metadata are copied, and
    subtitles where the container holds them; times of frames are kept, and interlaced video stays interlaced. Memory
    stays bounded; the result appears when complete and when detection has found the mark in it.
    `progress(seconds done)` is called after each frame.

    Raises ArgumentError for bad arguments, MediaError for files that cannot be read or written, and HostError for
    videos that cannot carry the mark (transparent, too short or too plain).
    """
    source, target = Path(source), Path(target)
    if target.exists() and source.exists() and target.samefile(source):
        raise ArgumentError(f"output {target} is the input file; give another name")
    with replacing(target) as temporary:
        if is_image(source):
            log10_p, dropped = embed_image(source, target, temporary, key, payload, strength=strength)
            return VideoEmbedReport(1, 0.0, log10_p, dropped=dropped)
        if make_sound is not None:
            target_for(target)
        picture = (
            temporary if make_sound is None else temporary.with_name(temporary.stem + ".picture" + temporary.suffix)
        )
        try:
            job = _Job(source, picture, VideoEmbedOptions(key, payload, strength, codec, crf, preset), progress)
            frames, seconds = job.run()
            refused = None if make_sound is None else _mark_sound(picture, temporary, make_sound)
        finally:
            if picture != temporary:
                picture.unlink(missing_ok=True)
        log10_p = _verify(temporary, key, payload, target) if verify else 0.0
    return VideoEmbedReport(frames, seconds, log10_p, refused, job.dropped)


def _mark_sound(picture: Path, target: Path, make_sound: MakeSound) -> str | None:
    """Passes the sound through its stream; where that refuses the file stays as it is, and the reason is returned."""
    with av.open(str(picture)) as container:
        silent = not container.streams.audio
    if silent:
        picture.replace(target)
        return "none of it can be decoded"
    try:
        transform_audio(picture, target, make_sound)
    except HostError as error:
        picture.replace(target)
        return str(error)
    return None


def _timed(packet: Any) -> bool:
    """Whether a packet holds something and has a time; cover art gets that of the start."""
    if packet.size and is_cover(packet.stream):
        packet.pts = packet.dts = 0
    return bool(packet.size) and packet.dts is not None


@dataclass(frozen=True)
class VideoEmbedOptions:
    """What to embed and how to encode."""

    key: Key
    payload: int
    strength: float
    codec: str
    crf: float | None
    preset: str | None


def _verify(path: Path, key: Key, payload: int, target: Path) -> float:
    for search, max_p, seconds in _LOOKS:
        for one in detect_video(path, [key], issued=[payload], max_p=max_p, search=search, max_seconds=seconds):
            if one.payload == payload:
                return one.log10_p
    raise HostError(
        f"{target}: the mark cannot be found in the result; the video is too short, too plain or compressed too much"
    )


class _Job:
    """One file being marked."""

    def __init__(self, source: Path, path: Path, options: VideoEmbedOptions, progress: Progress | None) -> None:
        self.source, self.path, self.options, self.progress = source, path, options, progress
        self.marker: VideoEmbedStream | None = None
        self.encoder: Any = None
        self.frames = 0
        self.first: float | None = None
        self.last = 0.0
        self.size = (0, 0)
        self.dropped: tuple[str, ...] = ()
        self.order = InOrder()
        self.interlaced = False

    def run(self) -> tuple[int, float]:
        with open_video(self.source) as (container, stream):
            self._check(stream)
            try:
                with av.open(str(self.path), "w") as output:
                    self._copy(container, stream, output)
            except (av.error.FFmpegError, ValueError) as error:
                if isinstance(error, (ArgumentError, HostError, MediaError)):
                    raise
                raise MediaError(f"{self.path.suffix or self.path.name}: video cannot be written: {error}") from error
        if self.frames == 0:
            raise MediaError(f"{self.source}: its video stream has no frames")
        return self.frames, self.last - (self.first or 0.0)

    def _check(self, stream: Any) -> None:
        context = stream.codec_context
        check_size(context.width, context.height)
        if ("alpha_mode", "1") in {(tag.lower(), value) for tag, value in stream.metadata.items()}:
            raise HostError(f"{self.source}: is transparent, which marking would lose")
        self.size = (context.width, context.height)

    def _copy(self, container: Any, stream: Any, output: Any) -> None:
        copies = self._wire(container, stream, output)
        held: list[Any] = []  # packets of other streams before the first picture opens the encoder
        for packet in container.demux():
            if packet.stream.index == stream.index:
                for decoded in packet.decode():
                    for frame in self.order.push(decoded):
                        self._frame(frame, stream, output)
            elif packet.stream.index in copies and _timed(packet):
                packet.stream = copies[packet.stream.index]
                held.append(packet)
            if self.frames or len(held) > _MOST_HELD:
                for early in held:
                    output.mux(early)
                held.clear()
        for frame in self.order.flush():
            self._frame(frame, stream, output)
        if self.frames:
            for early in held:
                output.mux(early)
            for packet in self.encoder.encode(None):
                output.mux(packet)

    def _wire(self, container: Any, stream: Any, output: Any) -> dict[int, Any]:
        """Makes the streams of the output; gives those that are copied by the index of their source."""
        output.metadata.update(container.metadata)
        copies = Copies(output)
        self.dropped = lost_streams(container)
        for other in container.streams:
            if other.index == stream.index:
                self.encoder = add_encoder(output, stream, self.options.codec, self.options.crf, self.options.preset)
                self.encoder.metadata.update(portable_tags(stream))
                self.encoder.disposition = stream.disposition
            elif can_copy(other):
                copies.add(other)
        self.dropped += copies.lost
        chapters = container.chapters()
        if chapters:
            output.set_chapters(chapters)
        return copies.streams

    def _frame(self, frame: Any, stream: Any, output: Any) -> None:
        if (frame.width, frame.height) != self.size:
            raise HostError(f"{self.source}: changes its size from {self.size} to {(frame.width, frame.height)}")
        fallback = self.last + 1.0 / float(stream.average_rate or 25)
        seconds = seconds_of(frame, fallback if self.frames else 0.0)
        if self.first is None:
            self.first = seconds
            self.interlaced = frame.interlaced_frame
            try:
                self.dropped += fit_to_frame(self.encoder, frame, self.options.codec)
            except HostError as error:
                raise HostError(f"{self.source}: {error}") from error
        if frame.interlaced_frame and not self.interlaced:
            raise HostError(f"{self.source}: becomes interlaced at {seconds:.2f} s; deinterlace it first")
        if has_alpha(frame) and not is_opaque(frame):
            raise HostError(f"{self.source}: is transparent ({frame.format.name}), which marking would lose")
        wanted = self.encoder.codec_context.pix_fmt
        marked = frame if frame.format.name == wanted else self._converted(frame, wanted)
        marked.make_writable()
        luma, bits = luma_view(marked)
        if self.marker is None:
            self.marker = VideoEmbedStream(
                *self.size, self.options.key, self.options.payload, strength=self.options.strength
            )
        self.marker.embed_luma(luma, seconds - self.first, bits)
        marked.pict_type = 0
        for packet in self.encoder.encode(marked):
            output.mux(packet)
        self.frames += 1
        self.last = seconds
        if self.progress is not None:
            self.progress(seconds - self.first)

    def _converted(self, frame: Any, wanted: str) -> Any:
        if frame.format.is_rgb:
            return frame.reformat(format=wanted, dst_colorspace=RGB_MATRIX, dst_color_range=RGB_RANGE)
        return frame.reformat(format=wanted)


def detect_video(
    path: str | Path,
    keys: Sequence[Key],
    *,
    issued: Iterable[int] = (),
    max_p: float = 1e-6,
    search: Search = "full",
    max_seconds: float | None = None,
    progress: Progress | None = None,
) -> list[VideoDetection]:
    """Marks in the picture of a video or image file, the surest first.

    `issued`: payloads that were handed out. `search`: as for VideoDetectStream. `max_seconds`: look at no more of the
    file. `progress(seconds done)` is called after each frame. Memory stays bounded. Raises MediaError for files that
    cannot be read.
    """
    payloads = np.fromiter(issued, dtype=np.uint64)
    if is_image(path):
        return detect_image(Path(path), keys, issued=payloads, max_p=max_p)
    with open_video(Path(path)) as (container, stream):
        size = (stream.codec_context.width, stream.codec_context.height)
        searcher = VideoDetectStream(*size, keys, issued=payloads, max_p=max_p, search=search)
        first: float | None = None
        last = 0.0
        step = 1.0 / float(stream.average_rate or 25)
        for frame in in_order(container.decode(stream)):
            seconds = seconds_of(frame, last + step if first is not None else 0.0)
            first = seconds if first is None else first
            seconds = max(seconds, last) if last else seconds
            if max_seconds is not None and seconds - first > max_seconds:
                break
            same = (frame.width, frame.height) == size
            picture = readable(frame if same else frame.reformat(width=size[0], height=size[1]))
            luma, bits = luma_view(picture)
            searcher.push_luma(luma, seconds - first, bits)
            last = seconds
            if progress is not None:
                progress(seconds - first)
        if first is None:
            raise MediaError(f"{path}: its video stream has no frames")
        return searcher.finish()


__all__ = ["LUMA_BITS", "VideoEmbedReport", "detect_video", "embed_video", "video_duration"]
