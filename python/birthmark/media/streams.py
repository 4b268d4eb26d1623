"""Which streams of a media file another file takes as they are, and the names of those that it loses."""

from __future__ import annotations

from typing import Any

_CODING_TAGS = ("encoder", "duration", "bps")


def can_copy(stream: Any) -> bool:
    """Whether a stream has a codec that can be written anew: data, such as a camera's positions, has none."""
    return stream.type in ("video", "audio", "subtitle", "attachment")


def lost_streams(container: Any) -> tuple[str, ...]:
    """Names of an input's streams that cannot be copied, but for a timecode that its picture carries as well."""
    carried = any("timecode" in stream.metadata for stream in container.streams.video)
    return tuple(
        _name(stream)
        for stream in container.streams
        if not can_copy(stream) and not (carried and "timecode" in stream.metadata)
    )


def portable_tags(stream: Any) -> dict[str, str]:
    """A stream's tags without those that describe its encoding."""
    return {key: value for key, value in stream.metadata.items() if key.lower() not in _CODING_TAGS}


def _name(stream: Any) -> str:
    called = stream.metadata.get("handler_name", "").strip()
    return f"stream {stream.index} ({stream.type or 'unknown'}{', ' + called if called else ''})"
