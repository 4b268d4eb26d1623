"""Several attacks one after another, as real life applies them."""

from __future__ import annotations

from .arrays import Samples
from .channel import compress, loudness_normalise
from .codecs import aac, amr_nb, mp3, opus


def phone_call(samples: Samples, rate: int, *, seed: int = 0) -> Samples:
    """A call that was recorded: 8 kHz, AMR-NB at 12.2 kbit/s, kept as MP3 at 32 kbit/s."""
    return mp3(amr_nb(samples, rate, kbps=12.2), rate, kbps=32)


def social_media(samples: Samples, rate: int, *, seed: int = 0) -> Samples:
    """An upload: light compressor, loudness -14 LUFS, AAC at 64 kbit/s, then the player's Opus at 48 kbit/s."""
    squeezed = compress(samples, rate, threshold_db=-22.0, ratio=2.5)
    return opus(aac(loudness_normalise(squeezed, rate, lufs=-14.0), rate, kbps=64), rate, kbps=48)


def voice_note(samples: Samples, rate: int, *, seed: int = 0) -> Samples:
    """A messenger's voice note: Opus voip at 16 kbit/s, forwarded as AAC at 32 kbit/s."""
    return aac(opus(samples, rate, kbps=16, application="voip"), rate, kbps=32)
