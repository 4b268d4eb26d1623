"""Levels and places of what mixing adds, cuts and inserts."""

from __future__ import annotations

import numpy as np
import pytest

from birthmark.attacks import Samples, channel, codecs, mixing
from birthmark.attacks.arrays import active_rms, as_columns
from birthmark.errors import ArgumentError
from birthmark.loudness import integrated_loudness

RATE = 16000


@pytest.fixture(scope="module")
def voice() -> Samples:
    return mixing.talker(6 * RATE, RATE, seed=2) * np.float32(0.3)


@pytest.mark.parametrize("colour", ["white", "pink", "speech"])
@pytest.mark.parametrize("snr", [20.0, 0.0])
def test_noise_level(colour: str, snr: float, voice: Samples) -> None:
    added = mixing.noise(voice, RATE, seed=1, snr_db=snr, colour=colour) - voice
    assert 10 * np.log10(np.mean(voice**2) / np.mean(added**2)) == pytest.approx(snr, abs=0.05)


@pytest.mark.parametrize("below", [10.0, 0.0])
def test_mixed_level_and_length(below: float, voice: Samples) -> None:
    other = mixing.music(9 * RATE, RATE, seed=4)
    added = mixing.mix(voice, RATE, seed=1, other=other, below_db=below) - voice
    assert 20 * np.log10(active_rms(voice, RATE) / active_rms(added, RATE)) == pytest.approx(below, abs=1.5)


def test_short_interferer_repeats(voice: Samples) -> None:
    added = mixing.mix(voice, RATE, other=voice[: RATE // 2], below_db=20.0) - voice
    assert np.mean(added[-RATE:] ** 2) > 0


def test_cut_is_an_excerpt(voice: Samples) -> None:
    found = mixing.cut(voice, RATE, seed=9, seconds=2.0)
    start = int(np.random.default_rng(9).integers(len(voice) - 2 * RATE + 1))
    assert np.array_equal(found, voice[start : start + 2 * RATE])
    assert len(mixing.cut(voice, RATE, seconds=60.0)) == len(voice)


def test_splice_out_share(voice: Samples) -> None:
    found = mixing.splice_out(voice, RATE, seed=1, share=0.1)
    assert len(found) / len(voice) == pytest.approx(0.9, abs=0.005)
    assert np.array_equal(found[:100], voice[:100]) or np.array_equal(found[-100:], voice[-100:])


def test_cut_in_place(voice: Samples) -> None:
    found = mixing.cut_in(voice, RATE, seed=7, seconds=20.0, inside_s=5.0)
    assert len(found) == 20 * RATE
    start = mixing.cut_in_start(5 * RATE, 20 * RATE, 7)
    inside = voice[RATE // 2 : RATE // 2 + 5 * RATE]
    assert np.array_equal(found[start + 100 : start + 5 * RATE - 100], inside[100:-100])
    assert active_rms(found[:start], RATE) == pytest.approx(active_rms(inside, RATE), rel=0.4)


def test_loudness_normalise_reaches_its_target(voice: Samples) -> None:
    for target in (-16.0, -30.0):
        found = channel.loudness_normalise(voice, RATE, lufs=target)
        assert integrated_loudness(found, RATE) == pytest.approx(target, abs=0.5)
        assert np.max(np.abs(found)) <= 0.98


def test_reverb_decays_at_rt60() -> None:
    for model in ("image", "noise"):
        for rt60 in (0.3, 0.8):
            response = channel.room_impulse(RATE, rt60, 3, model=model)
            energy = np.cumsum(response[::-1] ** 2)[::-1]
            decibels = 10 * np.log10(energy / energy[0])
            # T20 of Schroeder's curve (-5 to -25 dB), with its start behind the direct path's step
            first = decibels[int(0.1 * rt60 * RATE)]
            begin, end = (int(np.argmax(decibels < first - fall)) for fall in (2, 22))
            assert 3 * (end - begin) / RATE == pytest.approx(rt60, rel=0.35)


def test_reverb_keeps_the_direct_path_in_place() -> None:
    click = np.zeros(RATE, np.float32)
    click[1000] = 0.5
    for model in ("image", "noise"):
        found = channel.reverb(click, RATE, rt60=0.8, model=model)
        assert not found[:1000].any() or np.max(np.abs(found[:1000])) < 1e-6
        assert found[1000] == pytest.approx(np.max(np.abs(found)))


def test_compressor_narrows_the_range(voice: Samples) -> None:
    ramp = 3 * voice * np.linspace(0.02, 1, len(voice), dtype=np.float32)
    found = channel.compress(ramp, RATE)
    half = len(voice) // 2
    before = active_rms(ramp[half:], RATE) / active_rms(ramp[:half], RATE)
    assert active_rms(found[half:], RATE) / active_rms(found[:half], RATE) < 0.8 * before


def test_denoise_lowers_noise_in_pauses(voice: Samples) -> None:
    with_pause = voice.copy()
    with_pause[2 * RATE : 3 * RATE] = 0
    noisy = mixing.noise(with_pause, RATE, snr_db=20)
    cleaned = channel.denoise(noisy, RATE)
    pause = slice(int(2.2 * RATE), int(2.8 * RATE))
    assert np.mean(cleaned[pause] ** 2) < 0.3 * np.mean(noisy[pause] ** 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: mixing.noise(x, RATE, colour="green"),
        lambda x: channel.reverb(x, RATE, model="plate"),
        lambda x: codecs.g711(x, RATE, law="nu"),
        lambda x: codecs.codec2(x, RATE, bits_per_s=450),
        lambda x: channel.bandpass(x, 100),
        lambda x: mixing.mix(x[None, None], RATE),
    ],
)
def test_bad_arguments_are_named(call, voice: Samples) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ArgumentError, match=r"allowed|shape"):
        call(voice)


def test_missing_program_is_named(voice: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(codecs.MissingProgramError, match=r"c2enc.*codec2"):
        codecs.codec2(voice, RATE)
    with pytest.raises(codecs.MissingProgramError, match="ffmpeg"):
        codecs.speex(voice, RATE)


def test_empty_input_passes_through_codecs() -> None:
    empty = np.zeros(0, np.float32)
    for function in (codecs.mp3, codecs.opus, codecs.gsm, codecs.amr_nb, mixing.noise):
        assert len(function(empty, RATE)) == 0
    assert as_columns(empty).shape == (0, 1)
