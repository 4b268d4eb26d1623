"""Every named audio attack: seeded, at the same rate, aligned, and it changes the signal."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from birthmark.attacks import AUDIO, Samples
from birthmark.attacks.arrays import resample
from birthmark.attacks.mixing import talker

RATE = 16000
NEEDS = {"speex": "ffmpeg", "codec2_3200": "c2enc"}
MOVES = {name for name in AUDIO if name.startswith(("speed", "tempo", "cut", "splice", "pitch"))}
WAVEFORM_LOST = {"codec2_3200", "world", "world_coded", "griffin_lim"}
BLURRED = {"reverb_0.3", "reverb_0.5", "reverb_0.8", "rerecord"}


@pytest.fixture(scope="module")
def voice() -> Samples:
    return talker(int(5.5 * RATE), RATE, seed=5) * np.float32(0.7)


def attack(name: str, samples: Samples, rate: int = RATE, seed: int = 0) -> Samples:
    if name in NEEDS and shutil.which(NEEDS[name]) is None:
        with pytest.raises(OSError, match=NEEDS[name]):
            AUDIO[name](samples, rate, seed=seed)
        return samples[::-1]
    return AUDIO[name](samples, rate, seed=seed)


def lag(reference: Samples, found: Samples, limit: int) -> int:
    size = 1 << (len(reference) + len(found)).bit_length()
    product = np.fft.rfft(found, size) * np.conj(np.fft.rfft(reference, size))
    correlation = np.fft.irfft(product, size)
    lags = np.r_[0 : limit + 1, -limit:0]
    return int(lags[np.argmax(np.abs(correlation[lags]))])


@pytest.mark.parametrize("name", [name for name in AUDIO if name != "none"])
def test_changes_signal_and_repeats_with_its_seed(name: str, voice: Samples) -> None:
    before = voice.copy()
    found = attack(name, voice, seed=3)
    assert found.dtype == np.float32
    assert found.ndim == 1
    assert np.isfinite(found).all()
    assert np.array_equal(voice, before)
    assert found.shape != voice.shape or np.max(np.abs(found - voice)) > 1e-4
    assert np.sqrt(np.mean(found**2)) > 0.005
    assert np.array_equal(found, attack(name, voice, seed=3))


def test_none_is_a_copy(voice: Samples) -> None:
    found = AUDIO["none"](voice, RATE)
    assert np.array_equal(found, voice)
    assert found is not voice


@pytest.mark.parametrize("name", sorted(set(AUDIO) - MOVES - WAVEFORM_LOST - BLURRED - {"cut_in"}))
def test_keeps_length_and_alignment(name: str, voice: Samples) -> None:
    if name in NEEDS and shutil.which(NEEDS[name]) is None:
        return
    found = attack(name, voice)
    assert len(found) == len(voice)
    assert abs(lag(voice, found, RATE // 10)) <= RATE // 1000


@pytest.mark.parametrize("name", sorted(WAVEFORM_LOST | {"rerecord"}))
def test_keeps_length_and_envelope(name: str, voice: Samples) -> None:
    found = attack(name, voice)
    assert len(found) == len(voice)
    if found[0] == voice[-1]:
        return
    envelopes = [np.convolve(np.abs(x), np.hanning(400), "same")[::8] for x in (voice, found)]
    assert abs(lag(envelopes[0] - envelopes[0].mean(), envelopes[1] - envelopes[1].mean(), 400)) <= 20  # 10 ms


@pytest.mark.parametrize("rate", [8000, 44100])
@pytest.mark.parametrize("name", ["mp3_64k", "aac_64k", "opus_16k", "amr_12.2", "gsm", "g711", "vorbis"])
def test_codecs_align_at_other_rates(name: str, rate: int) -> None:
    voice = talker(2 * rate, rate, seed=1)
    found = attack(name, voice, rate)
    assert len(found) == len(voice)
    assert abs(lag(voice, found, rate // 10)) <= max(1, rate // 2000)


@pytest.mark.parametrize("name", sorted(AUDIO))
def test_takes_stereo(name: str, voice: Samples) -> None:
    pair = np.stack([voice[:RATE], 0.5 * voice[RATE : 2 * RATE]], axis=1)
    found = attack(name, pair)
    assert found.ndim == 2
    assert found.shape[1] == 2


@pytest.mark.parametrize("channels", [3, 6])
def test_codecs_take_more_channels(channels: int, voice: Samples) -> None:
    many = np.repeat(voice[:RATE, None], channels, axis=1)
    assert AUDIO["mp3_64k"](many, RATE).shape == many.shape


@pytest.mark.parametrize("name", ["speed_0.9", "speed_1.1", "tempo_0.9", "tempo_1.1", "tempo_pv_0.9", "tempo_ola_1.1"])
def test_time_scales(name: str, voice: Samples) -> None:
    factor = float(name.rsplit("_", 1)[1])
    assert len(AUDIO[name](voice, RATE)) == round(len(voice) / factor)


def tone_after(name: str, hz: float = 440.0) -> float:
    time = np.arange(2 * RATE) / RATE
    tone = (0.3 * np.sin(2 * np.pi * hz * time)).astype(np.float32)
    found = AUDIO[name](tone, RATE)[RATE // 2 : -RATE // 2]
    spectrum = np.abs(np.fft.rfft(found * np.hanning(len(found)), 1 << 18))
    return float(np.argmax(spectrum) * RATE / (1 << 18))


@pytest.mark.parametrize(
    ("name", "ratio"),
    [
        ("speed_1.1", 1.1),
        ("tempo_1.1", 1.0),
        ("tempo_pv_0.9", 1.0),
        ("tempo_ola_0.9", 1.0),
        ("pitch_+1", 2 ** (1 / 12)),
        ("pitch_-2", 2 ** (-2 / 12)),
        ("pitch_pv_-1", 2 ** (-1 / 12)),
    ],
)
def test_pitch_of_a_tone(name: str, ratio: float) -> None:
    assert tone_after(name) == pytest.approx(440 * ratio, rel=0.004)


def test_resample_8k_removes_what_is_above() -> None:
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 0.1
    found = AUDIO["resample_8k"](noise, RATE)
    assert np.sqrt(np.mean(np.abs(np.fft.rfft(found)[4200:]) ** 2)) < 0.01 * np.abs(np.fft.rfft(noise)).mean()


def test_resample_helper_keeps_length_ratio() -> None:
    assert len(resample(np.zeros(16000, np.float32), 16000, 8000)) == 8000
