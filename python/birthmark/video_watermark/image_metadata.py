"""What a picture file says about its picture, and how much of that a marked copy can keep."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

_EXIF = b"Exif\0\0"
_KEPT_CHUNKS = {b"cHRM", b"gAMA", b"sRGB", b"cICP", b"tIME", b"tEXt", b"zTXt", b"iTXt"}
_OTHER_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"iCCP", b"eXIf", b"pHYs", b"bKGD", b"sBIT", b"hIST"}
_UNSUPPORTED = {"PNG": ("comment",), "JPEG": (), "WEBP": ("comment", "dpi")}
_JPEG_SEGMENTS = {"APP0", "APP1", "APP2", "APP14", "COM"}  # read by Pillow, and written again


def metadata(path: Path, image: Image, written: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Arguments of `save` that keep what the source says about itself, and the names of what is lost."""
    info = image.info
    kept = {name: info[name] for name in ("icc_profile", "xmp", "dpi", "comment") if info.get(name)}
    if image.format != "PNG" and not info.get("jfif_unit"):
        kept.pop("dpi", None)  # made up by Pillow
    if image.getexif():
        kept["exif"] = _EXIF + (info.get("exif") or image.getexif().tobytes()).removeprefix(_EXIF)
    lost = [name for name in _UNSUPPORTED[written] if kept.pop(name, None)]
    if image.format == "MPO":
        lost.append("further pictures")
    lost += sorted({name for name, _ in getattr(image, "applist", ()) if name not in _JPEG_SEGMENTS})
    texts, other = _chunks(path) if image.format == "PNG" else (None, [])
    lost += other
    if written == "PNG":
        kept["pnginfo"] = texts or _xmp_text(kept.pop("xmp", None))
    elif texts is not None:
        lost += sorted(name for name in getattr(image, "text", {}) if not name.startswith("XML:"))
    return kept, tuple(lost)


def _xmp_text(xmp: bytes | None) -> Any:
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    if xmp:
        texts.add_itxt("XML:com.adobe.xmp", xmp.decode("utf-8", "replace"))
    return texts


def _chunks(path: Path) -> tuple[Any, list[str]]:
    """Chunks of a PNG that say something about the picture, for Pillow to write, and the names of unknown ones."""
    from PIL.PngImagePlugin import PngInfo

    kept, other = PngInfo(), []
    with path.open("rb") as file:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            size, name = struct.unpack(">I4s", head)
            if name in _KEPT_CHUNKS:
                kept.add(name, file.read(size))
                file.seek(4, 1)
            else:
                file.seek(size + 4, 1)
                if name not in _OTHER_CHUNKS:
                    other.append(name.decode("latin-1"))
    return kept, sorted(set(other))
