"""Audio codecs: encode in memory, decode again, give back the same length at the same rate.

MP3, AAC, Opus, AMR-NB and G.711 run in process through PyAV; Vorbis and GSM full rate through libsndfile; Speex and
codec2 have no encoder in either, so the `ffmpeg` and `c2enc`/`c2dec` programs are run and named when missing.
Encoder delay is removed: by the container where it says so, by a measured constant otherwise.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import av
import numpy as np
import soundfile

from birthmark.errors import ArgumentError, MediaError

from .arrays import Samples, as_columns, check_rate, fit_length, like, per_channel, resample, shift

MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
TELEPHONE_RATE = 8000
# Frames at 8 kHz by which the decoder's output lags its input, measured by cross-correlation (of envelopes for codec2).
_DELAY_AMR = 39
_DELAY_G722 = 22  # at 16 kHz
_DELAY_SPEEX = 79
_DELAY_CODEC2 = {3200: 155, 2400: 160, 1600: 168, 1400: 168, 1300: 168, 1200: 168}


class MissingProgramError(MediaError):
    """A codec needs a program that is not on the PATH."""


@dataclass(frozen=True)
class Encoding:
    """One in-process encoding: libavcodec's encoder, its container, rate, bit rate, options.

    `delay` is what the container does not say about the codec's own delay, in frames at `rate`.
    """

    codec: str
    container: str
    rate: int
    bit_rate: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    delay: int = 0


def nearest_rate(rate: int, allowed: tuple[int, ...]) -> int:
    """The lowest allowed rate that is not below `rate`, or the highest allowed."""
    return next((candidate for candidate in allowed if candidate >= rate), allowed[-1])


def encode_av(samples: Samples, encoding: Encoding) -> bytes:
    """Encode (frames, channels) float32 at the encoding's rate into the bytes of one file."""
    columns = np.clip(as_columns(samples), -1.0, 1.0)
    layout = {1: "mono", 2: "stereo"}.get(columns.shape[1])
    if layout is None:
        raise ArgumentError(f"samples have {columns.shape[1]} channels; {encoding.codec} takes 1 or 2 here")
    target = io.BytesIO()
    with av.open(target, "w", format=encoding.container) as output:
        stream = output.add_stream(encoding.codec, rate=encoding.rate, options=dict(encoding.options))
        assert isinstance(stream, av.AudioStream)
        stream.layout = layout
        if encoding.bit_rate is not None:
            stream.bit_rate = encoding.bit_rate
        for frame in _frames(columns, encoding.rate, layout):
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return target.getvalue()


def _frames(columns: Samples, rate: int, layout: str) -> Iterator[av.AudioFrame]:
    for start in range(0, len(columns), 65536):
        block = np.ascontiguousarray(columns[start : start + 65536].T)
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
        frame.sample_rate = rate
        frame.pts = start
        yield frame


def decode_av(data: bytes, container: str | None = None) -> tuple[Samples, int]:
    """Decode the first audio stream of a file's bytes into (frames, channels) float32 and its rate."""
    blocks: list[Samples] = []
    with av.open(io.BytesIO(data), "r", format=container) as source:
        stream = source.streams.audio[0]
        resampler = av.AudioResampler(format="fltp")
        for frame in source.decode(stream):
            blocks += [block.to_ndarray().T.astype(np.float32) for block in resampler.resample(frame)]
        blocks += [block.to_ndarray().T.astype(np.float32) for block in resampler.resample(None)]
        rate = int(stream.rate)
        channels = int(stream.channels)
    return (np.concatenate(blocks) if blocks else np.zeros((0, channels), np.float32)), rate


def _through_av(samples: Samples, rate: int, encoding: Encoding) -> Samples:
    check_rate(rate)
    columns = as_columns(samples)
    if columns.shape[1] > 2:
        return per_channel(columns, lambda mono: _through_av(mono, rate, encoding))
    if len(columns) == 0:
        return like(columns, samples)
    coded = encode_av(resample(columns, rate, encoding.rate), encoding)
    decoded, decoded_rate = decode_av(coded, encoding.container)
    aligned = shift(decoded, encoding.delay * decoded_rate // encoding.rate, len(decoded))
    return like(fit_length(resample(aligned, decoded_rate, rate), len(columns)), samples)


def mp3(samples: Samples, rate: int, *, seed: int = 0, kbps: int = 64) -> Samples:
    """MPEG layer III by LAME at a constant bit rate of `kbps` for the whole file."""
    return _through_av(samples, rate, Encoding("libmp3lame", "mp3", nearest_rate(rate, MP3_RATES), kbps * 1000))


def aac(samples: Samples, rate: int, *, seed: int = 0, kbps: int = 64) -> Samples:
    """AAC-LC in an MP4 container."""
    return _through_av(samples, rate, Encoding("aac", "mp4", nearest_rate(rate, AAC_RATES), kbps * 1000))


def opus(samples: Samples, rate: int, *, seed: int = 0, kbps: int = 32, application: str = "audio") -> Samples:
    """Opus (RFC 6716) by libopus in Ogg; `application` is audio, voip or lowdelay."""
    options = {"application": application}
    return _through_av(samples, rate, Encoding("libopus", "ogg", nearest_rate(rate, OPUS_RATES), kbps * 1000, options))


def amr_nb(samples: Samples, rate: int, *, seed: int = 0, kbps: float = 12.2) -> Samples:
    """AMR narrow-band (3GPP TS 26.090) at 8 kHz, each channel by itself."""
    encoding = Encoding("libopencore_amrnb", "amr", TELEPHONE_RATE, round(kbps * 1000), delay=_DELAY_AMR)
    return per_channel(samples, lambda channel: _through_av(channel, rate, encoding))


def g711(samples: Samples, rate: int, *, seed: int = 0, law: str = "mu") -> Samples:
    """G.711 at 8 kHz; `law` is "mu" or "a"."""
    if law not in ("mu", "a"):
        raise ArgumentError(f'law is {law!r}; allowed are "mu" and "a"')
    return _through_av(samples, rate, Encoding(f"pcm_{law}law", "wav", TELEPHONE_RATE))


def g722(samples: Samples, rate: int, *, seed: int = 0) -> Samples:
    """ITU-T G.722 at 16 kHz and 64 kbit/s (HD voice), each channel by itself."""
    encoding = Encoding("g722", "wav", 16000, delay=_DELAY_G722)
    return per_channel(samples, lambda channel: _through_av(channel, rate, encoding))


def _through_soundfile(
    samples: Samples, rate: int, coded_rate: int, format_: tuple[str, str], **extra: float
) -> Samples:
    columns = as_columns(samples)
    if len(columns) == 0:
        return like(columns, samples)
    data = io.BytesIO()
    clipped = np.clip(resample(columns, rate, coded_rate), -1.0, 1.0)
    soundfile.write(data, clipped, coded_rate, format=format_[0], subtype=format_[1], **extra)
    data.seek(0)
    decoded, decoded_rate = soundfile.read(data, dtype="float32", always_2d=True)
    return like(fit_length(resample(decoded, decoded_rate, rate), len(columns)), samples)


def vorbis(samples: Samples, rate: int, *, seed: int = 0, quality: float = 0.3) -> Samples:
    """Ogg Vorbis by libsndfile; `quality` 0 to 1 (0.3 is some 56 kbit/s for mono 44.1 kHz)."""
    check_rate(rate)
    return _through_soundfile(samples, rate, min(rate, 192000), ("OGG", "VORBIS"), compression_level=1.0 - quality)


def gsm(samples: Samples, rate: int, *, seed: int = 0) -> Samples:
    """GSM full rate (ETSI 06.10, 13 kbit/s) at 8 kHz, each channel by itself."""
    check_rate(rate)
    return per_channel(samples, lambda channel: _through_soundfile(channel, rate, TELEPHONE_RATE, ("WAV", "GSM610")))


def speex(samples: Samples, rate: int, *, seed: int = 0, quality: int = 6) -> Samples:
    """Speex narrow-band at 8 kHz (quality 6 is 11 kbit/s), encoded by the `ffmpeg` program, decoded in process."""
    check_rate(rate)
    command = [_program("ffmpeg", "Speex encoding"), "-v", "error", "-f", "f32le", "-ar", "8000", "-ac", "1"]
    command += ["-i", "pipe:0", "-c:a", "libspeex", "-cbr_quality", str(quality), "-f", "ogg", "pipe:1"]

    def mono(channel: Samples) -> Samples:
        narrow = np.clip(resample(channel, rate, TELEPHONE_RATE), -1.0, 1.0)
        decoded, decoded_rate = decode_av(_run(command, narrow.astype("<f4").tobytes()), "ogg")
        aligned = shift(decoded[:, 0], _DELAY_SPEEX, len(narrow))
        return fit_length(resample(aligned, decoded_rate, rate), len(channel))

    return per_channel(samples, mono)


def codec2(samples: Samples, rate: int, *, seed: int = 0, bits_per_s: int = 3200) -> Samples:
    """codec2 sinusoidal vocoder at 8 kHz by the `c2enc` and `c2dec` programs, each channel by itself."""
    check_rate(rate)
    if bits_per_s not in _DELAY_CODEC2:
        raise ArgumentError(f"bits_per_s is {bits_per_s}; allowed are {tuple(_DELAY_CODEC2)}")
    encoder, decoder = (_program(name, "codec2") for name in ("c2enc", "c2dec"))

    def mono(channel: Samples) -> Samples:
        narrow = np.clip(resample(channel, rate, TELEPHONE_RATE), -1.0, 1.0)
        padded = fit_length(narrow, len(narrow) + 640)
        coded = _run([encoder, str(bits_per_s), "-", "-"], (padded * 32767).astype("<i2").tobytes())
        raw = np.frombuffer(_run([decoder, str(bits_per_s), "-", "-"], coded), "<i2")
        aligned = shift((raw / 32768.0).astype(np.float32), _DELAY_CODEC2[bits_per_s], len(narrow))
        return fit_length(resample(aligned, TELEPHONE_RATE, rate), len(channel))

    return per_channel(samples, mono)


def _program(name: str, purpose: str) -> str:
    found = shutil.which(name)
    if found is None:
        package = "codec2" if name.startswith("c2") else name
        raise MissingProgramError(f"{purpose} needs the program {name!r}; it is not on the PATH (Debian: {package})")
    return found


def _run(command: list[str], data: bytes) -> bytes:
    done = subprocess.run(command, input=data, capture_output=True, timeout=600, check=False)
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip()[-300:]
        raise MediaError(f"{command[0]} failed with status {done.returncode}: {reason}")
    return done.stdout
