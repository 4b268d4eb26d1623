"""Single pictures: videos of one frame, where they are large enough to carry the whole mark at once.

They are marked and searched as they are shown, that is after the turn that their EXIF orientation asks for, so that the
mark lies right for viewers, platforms and editors that turn the pixels and drop the tag. The stored orientation and the
tag stay as they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from birthmark.errors import ArgumentError, HostError, MediaError
from birthmark.keys import Key

from .detection import VideoDetectStream
from .embedding import VideoEmbedStream, check_size
from .image_metadata import metadata
from .results import VideoDetection

if TYPE_CHECKING:
    from PIL.Image import Image, Transpose

Pixels = NDArray[np.uint8]

_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
_BEST = {"quality": 95, "subsampling": 0}
_ORIENTATION = 0x0112  # EXIF tag


def is_image(path: str | Path) -> bool:
    """Whether the extension is that of a picture format that is handled."""
    return Path(path).suffix.lower() in _FORMATS


def embed_image(
    source: Path, final: Path, temporary: Path, key: Key, payload: int, *, strength: float
) -> tuple[float, tuple[str, ...]]:
    """Mark the picture `source` and write it to `temporary` in the format of the extension of `final`.

    Colour profile, EXIF, XMP and resolution are kept, from PNG to PNG also texts and colour chunks. JPEG is written
    with the tables and subsampling of a JPEG source; where the mark would not survive these, and from other sources,
    at quality 95. Returns log10 of the p-value of the mark in the result, and the names of what could not be kept.

    Raises ArgumentError for other extensions, MediaError for files that cannot be read, and HostError for pictures that
    cannot carry the mark or are animated, transparent, deeper than 8 bits, or neither RGB nor grey.
    """
    if not is_image(final):
        raise ArgumentError(f"output {final} is no picture format; allowed: {', '.join(sorted(_FORMATS))}")
    with _opened(source) as image:
        _check(source, image)
        check_size(*image.size)
        kept, dropped = metadata(source, image, _FORMATS[final.suffix.lower()])
        marked = _marked(image, key, payload, strength)
        for settings in _settings(source, image, _FORMATS[final.suffix.lower()]):
            marked.save(temporary, _FORMATS[final.suffix.lower()], **settings, **kept)
            for one in detect_image(temporary, [key], issued=np.array([payload], np.uint64)):
                if one.payload == payload:
                    return one.log10_p, dropped
    width, height = marked.size
    raise HostError(f"{source}: {width} x {height} pixels of this picture cannot carry the mark; take a larger one")


def detect_image(
    path: Path, keys: Sequence[Key], *, issued: NDArray[np.uint64], max_p: float = 1e-6
) -> list[VideoDetection]:
    """Marks in a picture as it is shown, the surest first. Raises MediaError for files that cannot be read."""
    with _opened(path) as image:
        pixels = _shown(image)
    stream = VideoDetectStream(pixels.shape[1], pixels.shape[0], keys, issued=issued, max_p=max_p)
    stream.push(pixels, 0.0)
    return stream.finish()


@contextmanager
def _opened(path: Path) -> Iterator[Image]:
    import PIL.Image
    from PIL import UnidentifiedImageError

    if not path.is_file():
        raise MediaError(f"{path}: is not a file; a picture was expected")
    try:
        with PIL.Image.open(path, formats=sorted(set(_FORMATS.values()))) as image:
            image.load()
            yield image
    except (UnidentifiedImageError, PIL.Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        if isinstance(error, (ArgumentError, HostError, MediaError)):
            raise
        raise MediaError(f"{path}: cannot be read or written as a picture: {error}") from error


def _check(path: Path, image: Image) -> None:
    """Raises HostError for what marking would lose."""
    if image.format != "MPO" and getattr(image, "is_animated", False):
        raise HostError(f"{path}: is animated; convert it to a video first")
    if _is_deep(path, image):
        raise HostError(f"{path}: has 16 bits per channel, of which marking would lose 8; convert it first")
    if "A" in image.getbands() or "transparency" in image.info:
        if image.convert("RGBA").getchannel("A").getextrema()[0] != 255:
            raise HostError(f"{path}: is transparent ({image.mode}), which marking would lose")
    elif image.mode not in ("RGB", "L", "P"):
        raise HostError(f"{path}: has the colours {image.mode}; allowed: RGB and grey. Convert it first")


def _is_deep(path: Path, image: Image) -> bool:
    """Whether it has more than 8 bits; Pillow itself hides that of PNG in colour."""
    with path.open("rb") as file:
        head = file.read(25)
    return image.mode.startswith(("I", "F")) or (image.format == "PNG" and head[24] > 8)


def _shown(image: Image) -> Pixels:
    """RGB pixels (height, width, 3) turned as the EXIF orientation says, whatever the mode."""
    from PIL import ImageOps

    if image.mode.startswith("I;16"):
        return np.repeat((np.asarray(image) >> 8).astype(np.uint8)[..., None], 3, axis=2)
    return np.ascontiguousarray(ImageOps.exif_transpose(image).convert("RGB"))


def _marked(image: Image, key: Key, payload: int, strength: float) -> Image:
    """A marked copy in the stored orientation, grey where the source is."""
    import PIL.Image

    pixels = _shown(image)
    height, width = pixels.shape[:2]
    marked = VideoEmbedStream(width, height, key, payload, strength=strength, single=True).embed(pixels, 0.0)
    back = _turn_back(image.getexif().get(_ORIENTATION, 1))
    result = PIL.Image.fromarray(marked) if back is None else PIL.Image.fromarray(marked).transpose(back)
    return result.convert("L") if image.mode in ("L", "LA") else result


def _turn_back(orientation: int) -> Transpose | None:
    """What takes a picture from how it is shown to how it is stored."""
    from PIL.Image import Transpose

    return {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_90,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_270,
    }.get(orientation)


def _settings(path: Path, image: Image, written: str) -> list[dict[str, Any]]:
    """How to write it: as the source was, and then, where that loses the mark, at its best."""
    if written == "PNG":
        return [{}]
    if written == "WEBP":
        return [{"lossless": True} if image.format == "WEBP" and b"VP8L" in path.read_bytes() else {"quality": 95}]
    from PIL import JpegImagePlugin

    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        return [_BEST]
    progressive = {"progressive": bool(image.info.get("progressive"))}
    same: dict[str, Any] = {"qtables": image.quantization}
    if image.mode == "RGB":
        same["subsampling"] = JpegImagePlugin.get_sampling(image)
    return [same | progressive, _BEST | progressive]
