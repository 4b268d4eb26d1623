"""Files that cannot be what they should be: each is refused with the reason, none is trusted."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from birthmark.attacks import Samples
from birthmark.errors import ArgumentError, MediaError
from birthmark.media import audio_info, read_audio, stream_audio, write_audio

RATE = 22050


def test_missing_folder_and_empty(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="No such file"):
        read_audio(tmp_path / "none.wav")
    with pytest.raises(MediaError, match="is a folder"):
        read_audio(tmp_path)
    (tmp_path / "empty.wav").touch()
    with pytest.raises(MediaError, match="empty"):
        read_audio(tmp_path / "empty.wav")


@pytest.mark.parametrize("extension", [".wav", ".mp3", ".mp4", ".opus", ".flac"])
def test_not_audio(extension: str, tmp_path: Path) -> None:
    path = tmp_path / f"text{extension}"
    path.write_text("This is not a recording at all. " * 50)
    with pytest.raises(MediaError, match="text"):
        read_audio(path)


def test_no_samples(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "none.wav", np.zeros(0), RATE)
    with pytest.raises(MediaError, match="no samples"):
        read_audio(tmp_path / "none.wav")


def test_picture_has_no_audio(movie: Path, tmp_path: Path) -> None:
    from birthmark.attacks import attack_file

    attack_file("none", movie, tmp_path / "silent.mp4")
    with pytest.raises(MediaError, match=r"no audio stream.*video"):
        audio_info(tmp_path / "silent.mp4")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite(value: float, tmp_path: Path, voice: Samples) -> None:
    broken = voice.copy()
    broken[30000] = value
    soundfile.write(tmp_path / "nan.wav", broken, RATE, subtype="FLOAT")
    with pytest.raises(MediaError, match=r"sample 30000 of channel 0 is (nan|inf)"):
        read_audio(tmp_path / "nan.wav")


@pytest.mark.parametrize("extension", [".wav", ".flac", ".m4a"])
def test_truncated(extension: str, tmp_path: Path, voice: Samples) -> None:
    whole, part = tmp_path / f"whole{extension}", tmp_path / f"part{extension}"
    write_audio(whole, np.tile(voice, 3), RATE)
    part.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(MediaError, match=r"truncated|damaged|cannot be read"):
        read_audio(part)
    if extension != ".m4a":  # an MP4 without its index at the end holds nothing that can be found
        samples, _ = read_audio(part, allow_truncated=True)
        assert 0 < len(samples) < 3 * len(voice)


def test_wav_of_unknown_length_is_whole(tmp_path: Path, voice: Samples) -> None:
    path = tmp_path / "piped.wav"
    write_audio(path, voice, RATE)
    data = bytearray(path.read_bytes())
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert len(read_audio(path)[0]) == len(voice)


def test_header_that_promises_terabytes(tmp_path: Path) -> None:
    path = tmp_path / "huge.wav"
    header = (
        b"RIFF" + struct.pack("<I", 0x7FFF0000) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    )
    path.write_bytes(header + b"data" + struct.pack("<I", 0x7FFE0000) + bytes(2000))
    with pytest.raises(MediaError, match="truncated"):
        read_audio(path)
    assert len(read_audio(path, allow_truncated=True)[0]) == 1000


def test_too_many_channels_or_odd_rate(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "wide.wav", np.zeros((10, 100)), RATE)
    with pytest.raises(MediaError, match="100 channels"):
        audio_info(tmp_path / "wide.wav")
    soundfile.write(tmp_path / "slow.wav", np.zeros(10), 100)
    with pytest.raises(MediaError, match="100 Hz"):
        audio_info(tmp_path / "slow.wav")


@pytest.mark.parametrize("extension", [".wav", ".flac", ".ogg", ".mp3", ".m4a", ".opus", ".amr", ".mka"])
def test_hostile_bytes_never_do_worse_than_an_error(extension: str, tmp_path: Path, voice: Samples) -> None:
    good, bad = tmp_path / f"good{extension}", tmp_path / f"bad{extension}"
    write_audio(good, voice[: RATE // 2], RATE)
    data = good.read_bytes()
    rng = np.random.default_rng(len(data))
    for trial in range(25):
        broken = bytearray(data)
        for place in rng.integers(0, len(data) if trial % 2 else 200, 12):
            broken[place % len(broken)] = int(rng.integers(256))
        bad.write_bytes(broken)
        try:
            samples, rate = read_audio(bad, allow_truncated=trial % 3 == 0)
        except MediaError:
            continue
        assert np.isfinite(samples).all()
        assert samples.nbytes < 1 << 28
        assert rate > 0


def test_output_that_cannot_be(tmp_path: Path, voice: Samples) -> None:
    with pytest.raises(ArgumentError, match=r"'\.xyz' is not known; allowed are .*\.wav"):
        write_audio(tmp_path / "a.xyz", voice, RATE)
    with pytest.raises(MediaError, match="does not exist"):
        write_audio(tmp_path / "no" / "a.wav", voice, RATE)
    with pytest.raises(ArgumentError, match="shape"):
        write_audio(tmp_path / "a.wav", np.zeros((2, 2, 2)), RATE)
    with pytest.raises(ArgumentError, match="finite"):
        write_audio(tmp_path / "a.wav", np.array([np.nan]), RATE)
    with pytest.raises(ArgumentError, match="block is 0"):
        stream_audio(tmp_path / "a.wav", 0)
    assert os.listdir(tmp_path) == []  # noqa: PTH208
