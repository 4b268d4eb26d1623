"""Audio files as arrays and streams of blocks."""

from .audio import BlockStream, read_audio, stream_audio, transform_audio, write_audio
from .decode import audio_info
from .formats import AudioInfo

__all__ = ["AudioInfo", "BlockStream", "audio_info", "read_audio", "stream_audio", "transform_audio", "write_audio"]
