"""Which streams of a media file another file takes as they are, and the names of those that it loses."""

from __future__ import annotations

from typing import Any

import av
from av.stream import Discard, Disposition

_CODING_TAGS = ("encoder", "duration", "bps")
_COVERS = {"mjpeg": ("cover.jpg", "image/jpeg"), "png": ("cover.png", "image/png")}


def can_copy(stream: Any) -> bool:
    """Whether a stream has a codec that can be written anew: data, such as a camera's positions, has none."""
    return stream.type in ("video", "audio", "subtitle", "attachment")


def is_cover(stream: Any) -> bool:
    """Whether a stream is cover art: a picture that belongs to the whole file."""
    return bool(stream.disposition & Disposition.attached_pic)


class Copies:
    """Streams of an open output that take the packets of an input's streams as they are.

    `streams`: the copies by the index of their source. `lost`: names of subtitles and attachments that the container
    cannot hold.
    """

    def __init__(self, output: Any) -> None:
        self._output = output
        self.streams: dict[int, Any] = {}
        self.lost: tuple[str, ...] = ()

    def add(self, stream: Any) -> None:
        """A copy of `stream`, which `can_copy`. Matroska keeps cover art as an attachment, which is complete already.

        Raises ValueError for sound and pictures that the container cannot hold.
        """
        if is_cover(stream) and self._output.format.name == "matroska":
            _attach_cover(self._output, stream)
            return
        try:
            copy = self._output.add_stream_from_template(stream, opaque=True)
        except ValueError:
            if stream.type not in ("subtitle", "attachment"):
                raise
            self.lost += (_name(stream),)
            return
        copy.metadata.update(portable_tags(stream))
        copy.disposition = stream.disposition
        if stream.type == "video" and stream.average_rate and not is_cover(stream):
            copy.codec_context.framerate = stream.average_rate  # else that of the codec's own clock, such as 1000
        self.streams[stream.index] = copy


def _attach_cover(output: Any, stream: Any) -> None:
    name, kind = _COVERS.get(stream.codec_context.name, ("cover.bin", "application/octet-stream"))
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    with av.open(stream.container.name, "r", metadata_errors="replace") as again:
        picture = next((p for p in again.demux(again.streams[stream.index]) if p.size), None)
    if picture is not None:
        output.add_attachment(tags.get("filename", name), tags.get("mimetype", kind), bytes(picture))


def lost_streams(container: Any) -> tuple[str, ...]:
    """Names of an input's streams that cannot be copied, but for what goes another way.

    These are a timecode that the picture carries as well, and the titles of chapters.
    """
    timed = any("timecode" in stream.metadata for stream in container.streams.video)
    titled = bool(container.chapters())
    return tuple(
        _name(stream)
        for stream in container.streams
        if not can_copy(stream)
        and not (timed and "timecode" in stream.metadata)
        and not (titled and stream.discard == Discard.all)
    )


def portable_tags(stream: Any) -> dict[str, str]:
    """A stream's tags without those that describe its encoding."""
    return {key: value for key, value in stream.metadata.items() if key.lower() not in _CODING_TAGS}


def _name(stream: Any) -> str:
    called = stream.metadata.get("handler_name", "").strip() or stream.metadata.get("title", "").strip()
    return f"stream {stream.index} ({stream.type or 'unknown'}{', ' + called if called else ''})"
