"""HDR metadata of frames as options of encoders: mastering display (SMPTE ST 2086) and light levels (CTA-861.3)."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Any

from av.sidedata.sidedata import Type

from .planes import side_data

_DISPLAY, _LIGHT = Type.MASTERING_DISPLAY_METADATA, Type.CONTENT_LIGHT_LEVEL
_DYNAMIC = {Type.DYNAMIC_HDR_PLUS: "HDR10+ metadata", Type.DOVI_METADATA: "Dolby Vision metadata"}
_CHROMATICITY, _LUMINANCE = 50000, 10000  # units in which x264 and x265 take them


def light_options(frame: Any, codec: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Options for the encoder `codec`, and the names of metadata that it cannot take.

    Only x264 and x265 write it into their stream; VP9 and AV1 leave it to the container, which libav fills from
    nothing but a stream that it copies.
    """
    held = side_data(frame)
    lost = tuple(name for kind, name in _DYNAMIC.items() if kind in held)
    display = mastering_display(held.get(_DISPLAY, b""))
    light = ",".join(str(level) for level in struct.unpack("<2I", held[_LIGHT][:8])) if _LIGHT in held else None
    if codec == "x264":
        named = {"mastering-display": display, "cll": light}
    elif codec == "x265":
        named = {"log-level": "error", "master-display": display, "max-cll": light}
    else:
        return {}, (*lost, "HDR10 metadata") if display or light else lost
    given = ":".join(f"{name}={value}" for name, value in named.items() if value is not None)
    return ({f"{codec}-params": given} if display or light else {}), lost


def mastering_display(data: bytes) -> str | None:
    """libav's AVMasteringDisplayMetadata in the notation of x264 and x265; None where it is not whole.

    Ten fractions: x and y of red, green, blue and white, least and greatest luminance in cd/m2; then two flags.
    """
    if len(data) < 88:
        return None
    numbers = struct.unpack("<22i", data[:88])
    if not all(numbers[20:]) or not all(numbers[1:20:2]):
        return None
    values = [Fraction(*numbers[2 * k : 2 * k + 2]) for k in range(10)]
    red, green, blue, white = (
        f"{round(values[2 * k] * _CHROMATICITY)},{round(values[2 * k + 1] * _CHROMATICITY)}" for k in range(4)
    )
    least, greatest = (round(value * _LUMINANCE) for value in values[8:])
    return f"G({green})B({blue})R({red})WP({white})L({greatest},{least})"
