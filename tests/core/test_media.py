from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from birthmark._core.media import Resampler, SoundFile, resample
from birthmark.errors import ArgumentError, MediaError


def speech_band_noise(frames: int, channels: int = 1, seed: int = 1) -> np.ndarray:
    """Noise below a quarter of the rate, so that halving the rate loses nothing."""
    generator = np.random.default_rng(seed)
    white = generator.normal(0, 0.2, (frames, channels))
    taps = signal.firwin(255, 0.4, window=("kaiser", 12.0))
    return np.asarray(signal.oaconvolve(white, taps[:, None], "same", axes=0), dtype=np.float32)


@pytest.mark.parametrize(("in_rate", "out_rate"), [(16000, 8000), (16000, 48000), (44100, 48000)])
def test_resample_agrees_with_the_fourier_method(in_rate: int, out_rate: int) -> None:
    frames = in_rate
    samples = speech_band_noise(frames)[:, 0] * signal.windows.tukey(frames, 0.2).astype(np.float32)
    ours = resample(samples, in_rate, out_rate)
    exact = signal.resample(samples.astype(np.float64), out_rate)
    assert ours.shape == exact.shape
    error = np.sum((ours - exact) ** 2)
    assert 10 * np.log10(np.sum(exact**2) / error) > 90


@pytest.mark.parametrize("chunk", [1, 7, 997, 4096])
def test_resampler_does_not_depend_on_chunks(chunk: int) -> None:
    samples = speech_band_noise(3000, 2)
    whole = resample(samples, 16000, 11025)
    stream = Resampler(16000, 11025, 2)
    parts = [stream.push(samples[at : at + chunk]) for at in range(0, len(samples), chunk)]
    parts.append(stream.push(samples[:0], last=True))
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_arrays_of_other_kinds_are_refused() -> None:
    with pytest.raises(ArgumentError, match="samples is an array of int16"):
        resample(np.zeros(10, np.int16), 8000, 16000)
    with pytest.raises(ArgumentError, match="3 dimensions"):
        resample(np.zeros((2, 2, 2), np.float32), 8000, 16000)
    with pytest.raises(ArgumentError, match="quality is 'best'"):
        resample(np.zeros(10, np.float32), 8000, 16000, "best")
    with pytest.raises(ArgumentError, match="1 channels; allowed: 2"):
        Resampler(8000, 16000, 2).push(np.zeros(10, np.float32))


def test_views_and_float64_are_accepted() -> None:
    samples = speech_band_noise(2000, 2)
    expected = resample(np.ascontiguousarray(samples[::2, 1]), 8000, 16000)
    np.testing.assert_array_equal(resample(samples[::2, 1].astype(np.float64), 8000, 16000), expected)
    np.testing.assert_array_equal(resample(samples[::2, 1], 8000, 16000), expected)


def test_sound_file_round_trip(tmp_path: Path) -> None:
    samples = speech_band_noise(5000, 2)
    path = tmp_path / "sound.wav"
    out = SoundFile.create(path, 16000, 2, encoding="float")
    out.write(samples[:1234])
    out.write(samples[1234:])
    out.close()
    file = SoundFile.open(path)
    assert (file.rate, file.channels, file.frames, file.container, file.encoding) == (16000, 2, 5000, "wav", "float")
    np.testing.assert_array_equal(np.concatenate([file.read(4096), file.read(4096)]), samples)
    assert file.read(10).shape == (0, 2)
    file.seek(4990)
    np.testing.assert_array_equal(file.read(100), samples[4990:])
    with pytest.raises(MediaError, match="cannot open sound file"):
        SoundFile.open(tmp_path / "none.wav")
