"""Attacks on marked media: seeded, one function each, the named presets in `AUDIO` and `VIDEO`.

The video half needs OpenCV and Pillow and is imported when first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .arrays import Samples
from .audio import AUDIO, AudioAttack

if TYPE_CHECKING:
    from .frames import Clip, Frame
    from .video import VIDEO, VideoAttack, attack_file

__all__ = ["AUDIO", "VIDEO", "AudioAttack", "Clip", "Frame", "Samples", "VideoAttack", "attack_file"]

_LAZY = {"VIDEO": ".video", "VideoAttack": ".video", "attack_file": ".video", "Clip": ".frames", "Frame": ".frames"}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name], __name__), name)
