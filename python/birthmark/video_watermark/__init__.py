"""The video watermark: a keyed, invisible mark that carries a 64-bit mark ID in the luma of video and of pictures.

`VideoEmbedStream` and `VideoDetectStream` work on frames with their times, `embed_video` and `detect_video` on files.
Method, measured figures and limits: docs/video.md.
"""

from .detection import VideoDetectStream
from .embedding import VideoEmbedStream
from .files import VideoEmbedReport, detect_video, embed_video, video_duration
from .planes import has_picture
from .results import VideoDetection, VideoGeometry
from .statistics import issued_ids

__all__ = [
    "VideoDetectStream",
    "VideoDetection",
    "VideoEmbedReport",
    "VideoEmbedStream",
    "VideoGeometry",
    "detect_video",
    "embed_video",
    "has_picture",
    "issued_ids",
    "video_duration",
]
