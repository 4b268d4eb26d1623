"""The video watermark."""

from .detection import VideoDetectStream
from .results import VideoDetection, VideoGeometry

__all__ = ["VideoDetectStream", "VideoDetection", "VideoGeometry"]
