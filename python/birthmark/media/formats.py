"""What audio files are: their description, the limits on them, and which encoder writes which extension."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from birthmark.errors import ArgumentError, MediaError

MAX_CHANNELS = 64
MIN_RATE, MAX_RATE = 4000, 768000
MAX_SAMPLES = 1 << 30  # of one array read at once: 4 GiB of float32
BLOCK = 1 << 16


@dataclass(frozen=True)
class AudioInfo:
    """One audio file or the first audio stream of a media file.

    `backend` is "soundfile" or "av"; `container` and `codec` are that library's names; `subtype` is libsndfile's
    sample format ("" for "av"); `frames` is what the header promises (None when it does not say); `bits` are those of
    a lossless sample (0 for lossy codecs); `bit_rate` in bit/s (None when unknown); `layout` is libav's channel layout.
    """

    path: Path
    backend: str
    container: str
    codec: str
    subtype: str
    rate: int
    channels: int
    layout: str
    frames: int | None
    bits: int
    bit_rate: int | None
    tags: Mapping[str, str] = field(default_factory=dict)
    other_streams: int = 0

    @property
    def duration_s(self) -> float | None:
        """Seconds that the header promises, None when it does not say."""
        return None if self.frames is None else self.frames / self.rate


def check_signal(path: Path, rate: int, channels: int) -> None:
    """Raise MediaError when rate or channel count is outside what is handled."""
    if not 1 <= channels <= MAX_CHANNELS:
        raise MediaError(f"{path}: has {channels} channels; 1 to {MAX_CHANNELS} are handled")
    if not MIN_RATE <= rate <= MAX_RATE:
        raise MediaError(f"{path}: has a rate of {rate} Hz; {MIN_RATE} to {MAX_RATE} Hz are handled")


@dataclass(frozen=True)
class Target:
    """How an extension is written: by libsndfile (`sndfile` names the format) or into a libav container.

    `codecs` are codecs that the container keeps when the source has them; the first is the default. `sound_only`
    results take no picture track, but cover art where `covers` is set.
    """

    sndfile: str = ""
    container: str = ""
    codecs: tuple[str, ...] = ()
    sound_only: bool = False
    covers: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


_PCM = ("pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_s16be", "pcm_s24be", "pcm_mulaw", "pcm_alaw", "pcm_u8")
_MP4 = ("aac", "alac", "mp3", "opus", "ac3", "eac3")
_MPEGTS = Target("", "mpegts", ("aac", "mp3", "ac3", "eac3"))
_M4A = Target("", "mp4", ("aac", "alac"), sound_only=True, covers=True, options={"brand": "M4A "})
_MATROSKA = ("aac", "opus", "mp3", "flac", "ac3", "eac3", *_PCM)

TARGETS: dict[str, Target] = {
    ".wav": Target("WAV"),
    ".wave": Target("WAV"),
    ".w64": Target("W64"),
    ".rf64": Target("RF64"),
    ".aif": Target("AIFF"),
    ".aiff": Target("AIFF"),
    ".aifc": Target("AIFF"),
    ".au": Target("AU"),
    ".snd": Target("AU"),
    ".caf": Target("CAF"),
    ".flac": Target("FLAC"),
    ".ogg": Target("OGG", "ogg", ("opus",), sound_only=True),
    ".oga": Target("OGG", "ogg", ("opus",), sound_only=True),
    ".opus": Target("", "ogg", ("opus",), sound_only=True),
    ".mp3": Target("", "mp3", ("mp3",), sound_only=True, covers=True),
    ".m4a": _M4A,
    ".m4b": _M4A,
    ".mp4": Target("", "mp4", _MP4),
    ".m4v": Target("", "mp4", _MP4),
    ".mov": Target("", "mov", ("aac", "alac", "mp3", "amr_nb", *_PCM)),
    ".3gp": Target("", "3gp", ("amr_nb", "aac")),
    ".aac": Target("", "adts", ("aac",), sound_only=True),
    ".amr": Target("", "amr", ("amr_nb",), sound_only=True),
    ".webm": Target("", "webm", ("opus",)),
    ".mka": Target("", "matroska", _MATROSKA),
    ".mkv": Target("", "matroska", _MATROSKA),
    ".ts": _MPEGTS,
    ".m2ts": _MPEGTS,
    ".mts": _MPEGTS,
    ".flv": Target("", "flv", ("aac", "mp3")),
    ".avi": Target("", "avi", ("mp3", "ac3", *_PCM)),
    ".ac3": Target("", "ac3", ("ac3",), sound_only=True),
}

ENCODERS = {"mp3": "libmp3lame", "opus": "libopus", "amr_nb": "libopencore_amrnb", "amrnb": "libopencore_amrnb"}
ENCODER_RATES: dict[str, tuple[int, ...]] = {
    "mp3": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    "aac": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000),
    "opus": (8000, 12000, 16000, 24000, 48000),
    "amr_nb": (8000,),
    "ac3": (32000, 44100, 48000),
    "eac3": (32000, 44100, 48000),
}
MAX_ENCODER_CHANNELS = {"mp3": 2, "amr_nb": 1, "aac": 8, "opus": 8, "ac3": 6, "eac3": 6}
_LEAST_BIT_RATE = {"mp3": 32000, "aac": 32000, "opus": 16000, "ac3": 64000, "eac3": 64000}
_USUAL_BIT_RATE = {"mp3": 80000, "aac": 80000, "opus": 56000, "ac3": 96000, "eac3": 96000}
_MP3_BIT_RATES = tuple(1000 * k for k in (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320))
_LOW_MP3_BIT_RATES = tuple(1000 * k for k in (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160))
_AMR_BIT_RATES = (4750, 5150, 5900, 6700, 7400, 7950, 10200, 12200)


def target_for(path: Path) -> Target:
    """The way to write `path`; raises ArgumentError naming the extension and those that are allowed."""
    found = TARGETS.get(path.suffix.lower())
    if found is None:
        allowed = " ".join(sorted(TARGETS))
        raise ArgumentError(f"output {path.name}: the extension {path.suffix!r} is not known; allowed are {allowed}")
    return found


def choose_codec(target: Target, source: AudioInfo | None) -> str:
    """The source's codec where the container keeps it, the container's default otherwise."""
    named = {"amrnb": "amr_nb"}.get(source.codec, source.codec) if source else ""
    return named if named in target.codecs else target.codecs[0]


def choose_rate(codec: str, rate: int) -> int:
    """The encoder's lowest rate that is not below `rate`, or its highest."""
    allowed = ENCODER_RATES.get(codec)
    if allowed is None or rate in allowed:
        return rate
    return next((candidate for candidate in allowed if candidate >= rate), allowed[-1])


def choose_bit_rate(codec: str, rate: int, channels: int, source: AudioInfo | None) -> int | None:
    """The source's bit rate when it has the same codec (never below what the codec needs), a good one otherwise."""
    if codec not in _USUAL_BIT_RATE and codec != "amr_nb":
        return None
    same = source is not None and {"amrnb": "amr_nb"}.get(source.codec, source.codec) == codec
    wanted = source.bit_rate if same and source is not None else None
    if codec == "amr_nb":
        return min(_AMR_BIT_RATES, key=lambda mode: abs(mode - (wanted or 12200)))
    scale = 1.0 if rate >= 32000 else 0.6
    least = int(_LEAST_BIT_RATE[codec] * channels * scale)
    bits = max(least, wanted or int(_USUAL_BIT_RATE[codec] * channels * scale))
    if codec != "mp3":
        return min(bits, 512000 * channels)
    allowed = _MP3_BIT_RATES if rate >= 32000 else _LOW_MP3_BIT_RATES
    ceiling = 64000 if rate <= 12000 else allowed[-1]
    return min(ceiling, next((rung for rung in allowed if rung >= 0.97 * bits), allowed[-1]))
