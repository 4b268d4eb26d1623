"""The kernels against the numpy reference."""

import numpy as np
import pytest

from birthmark import watermark
from birthmark._core import audio_mark
from birthmark.keys import Key
from tests.reference import audio_mark as reference
from tests.watermark.conftest import PAYLOAD, speech


def snr_db(wanted: np.ndarray, got: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(wanted**2) / np.sum((got - wanted) ** 2)))


@pytest.mark.parametrize("secret", [bytes(32), bytes(range(32)), b"\xff" * 32])
@pytest.mark.parametrize("payload", [0, 1, PAYLOAD, 2**64 - 1])
def test_chips_are_those_of_the_reference(secret: bytes, payload: int) -> None:
    key = Key(secret)
    np.testing.assert_array_equal(audio_mark.chips(key, payload), reference.Pattern(key).chips(payload))


def test_every_band_carries_every_code_bit(key: Key) -> None:
    bits = reference.Pattern(key).code_bits
    for pairs in (slice(0, 13), slice(13, 27)):
        inside = bits[:, pairs]
        counts = np.bincount(inside[inside != reference.SYNC], minlength=reference.CODE_BITS)
        assert counts.min() >= 1
        assert counts.max() - counts.min() <= 2


def test_levels_are_those_of_the_reference() -> None:
    samples = speech(4.0)
    frames = (len(samples) - reference.FRAME) // 128 + 1
    wanted = reference.tile_levels(np.abs(reference.spectra(samples, 128)[:frames]) ** 2, 4)
    got = audio_mark.levels(samples)
    assert got.shape == wanted.shape
    assert snr_db(wanted, got) >= 90


@pytest.mark.parametrize("reading", ["waveform", "vocoder", "noise"])
@pytest.mark.parametrize("phases", [1, 2, 4])
def test_soft_chips_are_those_of_the_reference(phases: int, reading: str) -> None:
    samples = speech(4.0, seed=1)
    levels = audio_mark.levels(samples, phases=phases).astype(np.float64)
    wanted = reference.soft_chips(levels, phases, reading=reading)
    got = audio_mark.soft_chips(samples, phases=phases, reading=getattr(audio_mark.Reading, reading))
    assert snr_db(wanted, got) >= 90


@pytest.mark.parametrize(("phases", "seconds"), [(1, 4.0), (2, 1.0), (4, 7.0)])
def test_bias_removed_is_that_of_the_reference(phases: int, seconds: float) -> None:
    soft = audio_mark.soft_chips(speech(seconds, seed=1), phases=phases)
    wanted = reference.remove_bias(soft.astype(np.float64), phases)
    assert snr_db(wanted, audio_mark.without_bias(soft, phases)) >= 90


def test_soft_chips_do_not_depend_on_gain() -> None:
    samples = speech(4.0, seed=1)
    loud = np.sqrt(np.mean(samples**2)) > 0.01
    assert loud
    one, two = (audio_mark.soft_chips(samples * np.float32(gain), phases=1) for gain in (1.0, 0.5))
    assert snr_db(one, two) >= 25  # pauses come near the floor


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_embedded_signal_is_that_of_the_reference(key: Key, strength: float) -> None:
    samples = speech(7.0, seed=2)
    mark, gains = reference.embed(samples, PAYLOAD, key, strength)
    got = watermark.embed(samples, 16000, PAYLOAD, key, strength=strength)
    wanted = np.clip(samples + mark, -1, 1)
    assert snr_db(wanted, got) >= 90
    assert snr_db(mark, got.astype(np.float64) - samples) >= 60
    assert np.abs(gains).max() < 10


def test_embedding_keeps_the_energy_of_every_block(key: Key) -> None:
    samples = speech(7.0, seed=2)
    marked = watermark.embed(samples, 16000, PAYLOAD, key)
    block = reference.SLOTS * reference.SLOT
    for start in range(0, len(samples) - block, block):
        before, after = (np.sum(x[start : start + block].astype(float) ** 2) for x in (samples, marked))
        assert abs(10 * np.log10(after / before)) < 0.1
