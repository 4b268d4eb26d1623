"""The named video attacks: each a function `(frames, rate, *, seed=0) -> Clip` on RGB frames."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Protocol

from . import video_codec, video_geometry, video_picture, video_time
from .frames import Clip, Frame


class VideoAttack(Protocol):
    """Iterable of (height, width, 3) uint8 RGB frames and rate in, a `Clip` out; seeded."""

    def __call__(self, frames: Iterable[Frame], rate: float, *, seed: int = 0) -> Clip:
        """Attack; see the class."""
        ...


_ENCODERS = {
    **{f"x264_{crf}": video_codec.x264(crf) for crf in (23, 28, 35, 40)},
    "x265_34": video_codec.x265(34),
    "vp9_40": video_codec.vp9(40),
    "vp9_50": video_codec.vp9(50, 8),
    "av1_55": video_codec.av1(55),
}


def _picture() -> dict[str, VideoAttack]:
    return {
        "brightness_+40": video_picture.brightness,
        "brightness_-40": partial(video_picture.brightness, offset=-40.0),
        "exposure_1.5": video_picture.exposure,
        "contrast_1.5": video_picture.contrast,
        "contrast_0.6": partial(video_picture.contrast, factor=0.6),
        "gamma_1.4": video_picture.gamma,
        "saturation_1.8": video_picture.saturation,
        "saturation_0.4": partial(video_picture.saturation, factor=0.4),
        "greyscale": video_picture.greyscale,
        "logo": video_picture.logo,
        "caption": video_picture.caption,
        "blur": video_picture.blur,
        "sharpen": video_picture.sharpen,
        "noise": video_picture.noise,
        "gif": video_codec.gif,
        "jpeg_50": video_codec.jpeg,
    }


def _geometry() -> dict[str, VideoAttack]:
    return {
        "scale_half": video_geometry.scale,
        "scale_360p": partial(video_geometry.scale_to, height=360),
        "scale_144p": partial(video_geometry.scale_to, height=144),
        "crop_90": partial(video_geometry.crop, keep=0.9),
        "crop_75": partial(video_geometry.crop, keep=0.75),
        "crop_50": partial(video_geometry.crop, keep=0.5),
        "crop_area_50": video_geometry.crop_area,
        "letterbox": video_geometry.bars,
        "letterbox_same": partial(video_geometry.bars, same_size=True),
        "pillarbox": partial(video_geometry.bars, sides=True),
        "pillarbox_same": partial(video_geometry.bars, sides=True, same_size=True),
        "mirror": video_geometry.mirror,
        "rotate_5": video_geometry.rotate,
        "rotate_5_fill": partial(video_geometry.rotate, fill=True),
        "rotate_90": video_geometry.turn,
        "screen": video_geometry.screen_recording,
        "pip_50": video_geometry.picture_in_picture,
        "pip_25": partial(video_geometry.picture_in_picture, size=0.25),
        "mirror_border": video_geometry.mirror_border,
    }


def _time() -> dict[str, VideoAttack]:
    table: dict[str, VideoAttack] = {f"speed_{f}": partial(video_time.speed, factor=f) for f in (0.5, 0.8, 1.25, 2.0)}
    table["speed_rate_1.5"] = partial(video_time.speed, factor=1.5, keep_rate=False)
    table |= {"half_rate": video_time.frame_rate, "trim_5s": video_time.trim}
    table |= {"splice": video_time.splice, "freeze": video_time.freeze}
    return table


VIDEO: dict[str, VideoAttack] = {
    "none": video_picture.identity,
    **{name: partial(video_codec.transcode, encoder=encoder) for name, encoder in _ENCODERS.items()},
    **_picture(),
    **_geometry(),
    **_time(),
}


def attack_file(name: str, source: str | Path, target: str | Path, *, seed: int = 0, crf: int = 23) -> None:
    """Apply a named attack to a video file's picture and write an MP4 (WebM for VP9) without sound.

    A codec attack writes its own stream; after any other the frames are encoded by x264 at `crf`, as an uploader would.
    Raises KeyError for an unknown name.
    """
    attack = VIDEO[name]
    rate = video_codec.video_rate(source)
    frames = video_codec.decode_from(source)
    if name in _ENCODERS:
        video_codec.encode_to(target, frames, rate, _ENCODERS[name])
        return
    clip = attack(frames, rate, seed=seed)
    video_codec.encode_to(target, clip.frames, clip.rate, video_codec.x264(crf))
