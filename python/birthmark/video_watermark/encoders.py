"""The encoders a marked video may be written with, set to match the source."""

from __future__ import annotations

import math
from typing import Any

from av.codec import Codec
from av.sidedata.sidedata import Type
from av.video.format import VideoFormat
from av.video.reformatter import ColorRange, Colorspace

from birthmark.errors import ArgumentError, HostError, MediaError

from .hdr import light_options
from .planes import LUMA_BITS, side_data

_NAMES = {"x264": "libx264", "x265": "libx265", "vp9": "libvpx-vp9", "av1": "libsvtav1"}
_ALSO = {"mjpeg": "mjpeg", "png": "png", "webp": "libwebp"}  # single pictures, chosen by the extension
_PRESETS = {"x264": "medium", "x265": "fast", "vp9": "4", "av1": "8"}
_BEST_CRF = {"x264": 16.0, "x265": 18.0, "vp9": 18.0, "av1": 18.0}
_GAIN = {"hevc": 1.5, "vp9": 1.5, "av1": 1.8, "h264": 1.0}
RGB_MATRIX, RGB_RANGE = Colorspace.ITU709, ColorRange.MPEG  # of luma and chroma made from red, green and blue
_FORMATS = {
    "x264": ("yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le", "gray"),
    "x265": ("yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv420p12le", "gray"),
    "vp9": ("yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le", "yuv420p12le"),
    "av1": ("yuv420p", "yuv420p10le"),
}  # fmt: skip


def matching_crf(stream: Any, codec: str) -> float:
    """A constant rate factor that keeps what the source has: lower where it spent many bits per pixel."""
    context = stream.codec_context
    rate = float(stream.average_rate or 25)
    bits = stream.codec_context.bit_rate or (stream.container.bit_rate if stream.container.duration else 0) or 0
    best = _BEST_CRF[codec]
    if bits <= 0:
        return best + 2.0
    per_pixel = bits * _GAIN.get(context.name, 1.0) / (context.width * context.height * rate)
    return min(best + 7.0, max(best, best + 2.0 - 2.0 * math.log2(per_pixel / 0.1)))


def _pixel_format(source: str, codec: str) -> str:
    if source in _FORMATS[codec]:
        return source
    if LUMA_BITS.get(source, 8) > 8:
        if codec in ("x265", "vp9") and LUMA_BITS[source] == 12:
            return "yuv420p12le"
        return "yuv420p10le"
    return "yuv420p"


def add_encoder(output: Any, stream: Any, codec: str, crf: float | None, preset: str | None) -> Any:
    """A video stream of `output` for the frames of `stream`, with its times, shape and colours."""
    if codec not in _NAMES:
        raise ArgumentError(f"codec is {codec!r}; allowed: {', '.join(_NAMES)}")
    if crf is not None and not 0 <= crf <= 63:
        raise ArgumentError(f"crf is {crf}; allowed: 0 to 63")
    source = stream.codec_context
    quality = matching_crf(stream, codec) if crf is None else crf
    options = {"crf": f"{quality:.1f}" if codec in ("x264", "x265") else f"{round(quality)}"}
    name = preset or _PRESETS[codec]
    if codec == "vp9":
        options |= {"b": "0", "cpu-used": name, "row-mt": "1"}
    else:
        options["preset"] = name
    if codec == "x265":
        options["x265-params"] = "log-level=error"  # light_options replaces it, and says so again
    pixel_format = _pixel_format(source.pix_fmt or "yuv420p", codec)
    if pixel_format.startswith(("yuv420", "yuvj420")) and codec != "vp9" and (source.width % 2 or source.height % 2):
        raise HostError(
            f"picture is {source.width} x {source.height} pixels; {codec} holds even sizes only: choose the codec vp9"
        )
    if pixel_format not in {one.name for one in Codec(_NAMES[codec], "w").video_formats or ()}:
        raise HostError(f"picture has the format {pixel_format}, which this build's {codec} does not hold")
    try:
        video = output.add_stream(_NAMES[codec], rate=stream.average_rate or 25, options=options)
    except (ValueError, TypeError) as error:
        raise MediaError(f"{codec} cannot be written into this container: {error}") from error
    context = video.codec_context
    context.width, context.height, context.pix_fmt = source.width, source.height, pixel_format
    context.time_base = stream.time_base
    video.time_base = stream.time_base
    if source.sample_aspect_ratio:
        context.sample_aspect_ratio = source.sample_aspect_ratio
    for name in ("color_range", "colorspace", "color_primaries", "color_trc"):
        setattr(context, name, getattr(source, name))
    if VideoFormat(source.pix_fmt or "yuv420p").is_rgb:
        context.colorspace, context.color_range = RGB_MATRIX, RGB_RANGE
    if output.format.name == "avi":
        context.max_b_frames = 0  # AVI has no place for times in another order than that of decoding
    context.thread_count = 0
    return video


def fit_to_frame(video: Any, frame: Any, codec: str) -> tuple[str, ...]:
    """Takes over what only decoded frames tell, before the first is encoded: display matrix, HDR metadata, fields.

    Returns the names of what the codec cannot hold. Raises HostError for interlaced frames unless `codec` is x264.
    """
    matrix = rotation_matrix(frame)
    if matrix is not None:
        video.set_display_matrix(matrix)
    context = video.codec_context
    if frame.interlaced_frame:
        if codec != "x264":
            raise HostError(f"is interlaced, which {codec} does not hold: choose x264 or deinterlace it first")
        context.options = context.options | {"flags": "+ildct+ilme"}
    more, lost = light_options(frame, codec)
    context.options = context.options | more
    return lost


def rotation_matrix(frame: Any) -> list[int] | None:
    """The display matrix of a frame, nine numbers, or None."""
    data = side_data(frame).get(Type.DISPLAYMATRIX)
    if data is None:
        return None
    values = memoryview(data).cast("i")
    return list(values) if len(values) == 9 else None
