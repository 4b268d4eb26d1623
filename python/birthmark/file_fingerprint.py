"""Fingerprints of files: of their sound, and of their picture where they have one."""

from __future__ import annotations

from pathlib import Path

from birthmark.alignment import Fingerprint
from birthmark.fingerprint import AudioFingerprint, FingerprintStream
from birthmark.media import audio_info, stream_audio

_LOWEST_RATE = 8000


def fingerprint_file(path: str | Path, *, query: bool = True) -> list[Fingerprint]:
    """One fingerprint for each medium of a file, in bounded memory; `query=False` where they are only to be stored.

    Raises MediaError where the file cannot be read.
    """
    return [fingerprint_sound(path, query=query)]


def fingerprint_sound(path: str | Path, *, query: bool = True) -> AudioFingerprint:
    """The fingerprint of a file's sound; raises MediaError where it cannot be read."""
    info = audio_info(path)
    blocks = stream_audio(path, allow_truncated=True)
    if info.rate >= _LOWEST_RATE:
        stream = FingerprintStream(info.rate, info.channels, query=query)
        for block in blocks:
            stream.push(block)
        return stream.finish()
    from birthmark._core.media import Resampler

    resampler = Resampler(info.rate, _LOWEST_RATE, info.channels)
    stream = FingerprintStream(_LOWEST_RATE, info.channels, query=query)
    for block in blocks:
        stream.push(resampler.push(block))
    return stream.finish()
