"""What a detection says."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from birthmark._core import video_mark as core

from .registration import at_centre

_LINES = 240.0  # units across the shorter side of a picture


@dataclass(frozen=True)
class VideoGeometry:
    """How the received picture lies in the marked one.

    `scale`: how much larger the content appears, measured against the shorter side of the frame. Plain resizing leaves
    it at 1; a crop to half of each side makes it 2; picture-in-picture at half size 0.5. `crop_x` and `crop_y`: where
    the centre of the received frame lies in the marked one, from its centre to the right and down, in shorter sides of
    the marked frame (known up to multiples of 256/240; the smallest is given). `rotation_deg`: clockwise turn of the
    content. `mirror`: left and right are exchanged.
    """

    scale: float
    crop_x: float
    crop_y: float
    rotation_deg: float
    mirror: bool


@dataclass(frozen=True)
class VideoDetection:
    """A mark found in the picture of a video.

    `start_s` to `end_s` of the received video, good to about half a second; `speed`: received faster than marked by
    this factor; `log10_p`: see the documentation of the video mark, the whole search is counted.
    """

    payload: int
    key: str
    start_s: float
    end_s: float
    speed: float
    log10_p: float
    geometry: VideoGeometry

    def as_json(self) -> dict[str, object]:
        """The result as `birthmark detect --json` prints it."""
        geometry = {
            name: value if isinstance(value, bool) else round(value, 4) for name, value in asdict(self.geometry).items()
        }
        return {
            "layer": "video-watermark",
            "payload": f"{self.payload:016x}",
            "key": self.key,
            "start_s": round(self.start_s, 2),
            "end_s": round(self.end_s, 2),
            "speed": round(self.speed, 4),
            "log10_p": round(self.log10_p, 2),
            "geometry": geometry,
        }


def geometry_of(matrix: NDArray[np.float64]) -> VideoGeometry:
    """The geometry of a map (3, 3) from received to marked units."""
    linear = at_centre(matrix)
    mirror = bool(np.linalg.det(linear) < 0)
    if mirror:
        linear = np.diag([-1.0, 1.0]) @ linear
    angle = np.arctan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1])
    shift = matrix[:2, 2] / matrix[2, 2]
    shift = shift - core.TILE * np.round(shift / core.TILE)
    return VideoGeometry(
        scale=float(1.0 / np.sqrt(abs(np.linalg.det(linear)))),
        crop_x=float(shift[0] / _LINES),
        crop_y=float(shift[1] / _LINES),
        rotation_deg=float(-np.rad2deg(angle)),
        mirror=mirror,
    )
