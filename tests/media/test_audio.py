"""Audio files in and out: every container, every sample format, in bounded memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from birthmark.attacks import Samples
from birthmark.errors import ArgumentError
from birthmark.media import audio_info, read_audio, stream_audio, transform_audio, write_audio
from birthmark.media.formats import TARGETS, choose_bit_rate

RATE = 22050
LOSSLESS = (".wav", ".w64", ".rf64", ".aiff", ".au", ".caf", ".flac")
# Containers that do not say how much delay the codec has put before the first sample.
SILENT_ON_DELAY = {".aac": 1024, ".amr": 40, ".avi": 1105, ".ac3": 256} | dict.fromkeys(
    (".ts", ".m2ts", ".mts", ".flv"), 1024
)


class Gain:
    """A stream with latency: half the level, 1000 frames held back."""

    def __init__(self, rate: int, channels: int) -> None:
        self.rate = rate
        self._held = np.zeros((0, channels), np.float32)

    def process(self, block: Samples) -> Samples:
        self._held = np.concatenate([self._held, block * np.float32(0.5)])
        ready = max(0, len(self._held) - 1000)
        out, self._held = self._held[:ready], self._held[ready:]
        return out

    def flush(self) -> Samples:
        return self._held


class Through(Gain):
    def process(self, block: Samples) -> Samples:
        return block


def lag(one: Samples, two: Samples) -> int:
    size = min(len(one), len(two))
    product = np.fft.rfft(two[:size], 2 * size) * np.conj(np.fft.rfft(one[:size], 2 * size))
    best = int(np.argmax(np.fft.irfft(product)))
    return best if best < size else best - 2 * size


@pytest.mark.parametrize("extension", sorted(TARGETS))
def test_write_and_read(extension: str, tmp_path: Path, voice: Samples) -> None:
    path = tmp_path / f"voice{extension}"
    write_audio(path, voice, RATE)
    samples, rate = read_audio(path)
    assert samples.ndim == 1
    assert samples.dtype == np.float32
    expected = soxr.resample(voice, RATE, rate)
    late = SILENT_ON_DELAY.get(extension, 0)
    assert abs(lag(expected, samples) - late) <= 12
    assert -1 <= len(samples) - len(expected) <= 2500
    joined = np.concatenate(list(stream_audio(path, 997)))
    assert np.array_equal(joined[:, 0], samples)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("extension", sorted(TARGETS))
def test_transform_keeps_format_and_place(extension: str, tmp_path: Path, voice: Samples) -> None:
    source, target = tmp_path / f"in{extension}", tmp_path / f"out{extension}"
    write_audio(source, voice, RATE)
    assert transform_audio(source, target, Gain, block=4096) == ()
    before, after = audio_info(source), audio_info(target)
    assert (after.codec, after.rate, after.subtype) == (before.codec, before.rate, before.subtype)
    one, two = read_audio(source)[0], read_audio(target)[0]
    assert abs(lag(one, two) - SILENT_ON_DELAY.get(extension, 0)) <= 12
    level = np.sqrt(np.mean(two**2) / np.mean(one**2))
    assert level == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(
    ("extension", "subtype"),
    [
        (".wav", "PCM_U8"), (".wav", "PCM_16"), (".wav", "PCM_24"), (".wav", "PCM_32"), (".wav", "FLOAT"),
        (".wav", "DOUBLE"), (".flac", "PCM_S8"), (".flac", "PCM_16"), (".flac", "PCM_24"), (".aiff", "PCM_24"),
        (".caf", "PCM_16"), (".w64", "PCM_24"),
    ],
)  # fmt: skip
def test_untouched_samples_are_identical(extension: str, subtype: str, tmp_path: Path) -> None:
    source, target = tmp_path / f"in{extension}", tmp_path / f"out{extension}"
    rng = np.random.default_rng(0)
    bits = 16 if subtype.endswith(("16", "8")) else 24
    samples = np.round(rng.uniform(-1, 1, (5000, 2)) * 2 ** (bits - 1)) / 2 ** (bits - 1)
    samples[:2] = [[-1, 1], [1 - 2**-23, 0]]
    soundfile.write(source, samples, 48000, subtype=subtype)
    transform_audio(source, target, Through, block=333)
    assert soundfile.info(target).subtype == subtype
    one, two = (soundfile.read(path, dtype="float64")[0] for path in (source, target))
    assert np.array_equal(one, two)


@pytest.mark.parametrize("extension", [".wav", ".flac", ".m4a", ".opus", ".ogg", ".mka"])
@pytest.mark.parametrize("channels", [2, 6])
def test_channels(extension: str, channels: int, tmp_path: Path, voice: Samples) -> None:
    path = tmp_path / f"many{extension}"
    write_audio(path, voice[:4800, None] * np.linspace(0.2, 1, channels), 48000)
    samples, _ = read_audio(path)
    assert samples.shape[1] == channels


def test_mp3_mixes_down_to_two(tmp_path: Path, voice: Samples) -> None:
    write_audio(tmp_path / "six.mp3", np.repeat(voice[:, None], 6, axis=1), RATE)
    assert read_audio(tmp_path / "six.mp3")[0].shape[1] == 2


def test_other_format_on_request(tmp_path: Path, voice: Samples) -> None:
    source = tmp_path / "in.wav"
    soundfile.write(source, voice, RATE, subtype="PCM_24")
    for extension in (".flac", ".mp3", ".m4a", ".opus", ".amr"):
        target = tmp_path / f"out{extension}"
        transform_audio(source, target, Through)
        samples, rate = read_audio(target)
        assert len(samples) / rate == pytest.approx(2.0, abs=0.06)
    assert audio_info(tmp_path / "out.flac").subtype == "PCM_24"
    back = tmp_path / "back.wav"
    transform_audio(tmp_path / "out.mp3", back, Through)
    assert abs(lag(voice, read_audio(back)[0])) <= 1


def test_upper_case_extension_and_wrong_extension(tmp_path: Path, voice: Samples) -> None:
    write_audio(tmp_path / "A.WAV", voice, RATE)
    (tmp_path / "A.WAV").rename(tmp_path / "really_wav.mp3")
    assert len(read_audio(tmp_path / "really_wav.mp3")[0]) == len(voice)


def test_bit_rates_follow_the_source(tmp_path: Path, voice: Samples) -> None:
    source = tmp_path / "in.mp3"
    write_audio(source, np.repeat(np.tile(voice, 3)[:, None], 2, axis=1), 44100)
    info = audio_info(source)
    assert choose_bit_rate("mp3", 44100, 2, info) == info.bit_rate
    assert choose_bit_rate("aac", 44100, 2, info) == 160000
    assert choose_bit_rate("flac", 44100, 2, info) is None


def test_progress_and_same_file(tmp_path: Path, voice: Samples) -> None:
    source = tmp_path / "in.wav"
    write_audio(source, voice, RATE)
    seen: list[int] = []
    transform_audio(source, tmp_path / "out.wav", Through, block=10000, progress=seen.append)
    assert seen[-1] == len(voice)
    assert seen == sorted(seen)
    with pytest.raises(ArgumentError, match="input file"):
        transform_audio(source, source, Through)


def test_failure_leaves_nothing(tmp_path: Path, voice: Samples) -> None:
    class Broken(Gain):
        def process(self, block: Samples) -> Samples:
            raise KeyboardInterrupt(len(block))

    for extension in (".wav", ".mp3"):
        source = tmp_path / f"in{extension}"
        write_audio(source, voice, RATE)
        with pytest.raises(KeyboardInterrupt):
            transform_audio(source, tmp_path / f"out{extension}", Broken)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp3", "in.wav"]


def test_existing_output_survives_failure(tmp_path: Path, voice: Samples) -> None:
    target = tmp_path / "out.wav"
    target.write_bytes(b"precious")
    with pytest.raises(ArgumentError):
        write_audio(target, np.full(10, np.nan), RATE)
    assert target.read_bytes() == b"precious"
    target.chmod(0o600)
    write_audio(target, voice, RATE)
    assert target.stat().st_mode & 0o777 == 0o600
