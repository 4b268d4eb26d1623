"""The loudness meter against the standard's own numbers."""

from __future__ import annotations

import numpy as np
import pytest

from birthmark.loudness import integrated_loudness, k_weighting

STANDARD_48K = [
    [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585],
    [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621],
]


def sine(rate: int, hz: float, decibels: float, seconds: float = 4.0) -> np.ndarray:
    return 10 ** (decibels / 20) * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)


def test_filter_coefficients_at_48_khz() -> None:
    assert np.allclose(k_weighting(48000), STANDARD_48K, atol=1e-10)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000, 192000])
def test_full_scale_tone_reads_minus_three(rate: int) -> None:
    assert integrated_loudness(sine(rate, 997.0, 0.0), rate) == pytest.approx(-3.01, abs=0.15)


def test_two_channels_add_and_gain_shifts() -> None:
    tone = sine(48000, 997.0, -20.0)
    mono = integrated_loudness(tone, 48000)
    assert integrated_loudness(np.stack([tone, tone], axis=1), 48000) == pytest.approx(mono + 3.01, abs=0.01)
    assert integrated_loudness(tone / 2, 48000) == pytest.approx(mono - 6.02, abs=0.01)


def test_pauses_are_gated() -> None:
    tone = sine(48000, 997.0, -23.0, 6.0)
    with_pause = np.concatenate([tone, np.zeros(10 * 48000)])
    assert integrated_loudness(with_pause, 48000) == pytest.approx(integrated_loudness(tone, 48000), abs=0.2)


def test_silence_and_nothing() -> None:
    assert integrated_loudness(np.zeros(48000), 48000) == float("-inf")
    assert integrated_loudness(np.zeros(0), 48000) == float("-inf")
