"""Quality figures on signals whose figures are known."""

from __future__ import annotations

import numpy as np
import pytest

from birthmark.errors import ArgumentError
from birthmark.quality import audio_quality, loudness_change, psnr_db, segmental_snr_db, snr_db, ssim

RATE = 16000


@pytest.fixture
def host() -> np.ndarray:
    return np.random.default_rng(1).standard_normal(2 * RATE) * 0.1


def test_snr(host: np.ndarray) -> None:
    assert snr_db(host, host * 1.1) == pytest.approx(20)
    assert snr_db(host, host) == float("inf")
    assert snr_db(host * 0, host) == float("-inf")


def test_segmental_snr(host: np.ndarray) -> None:
    assert segmental_snr_db(host, host * 1.1, RATE) == pytest.approx(20, abs=1e-6)
    assert segmental_snr_db(host, host, RATE) == 35
    quieter = host.copy()
    quieter[RATE:] *= 1e-4
    marked = quieter.copy()
    marked[:RATE] *= 1.1
    marked[RATE:] += 0.5
    assert segmental_snr_db(quieter, marked, RATE) == pytest.approx(20, abs=1e-6)


def test_loudness_change(host: np.ndarray) -> None:
    assert loudness_change(host, host * 2, RATE) == pytest.approx(6.02, abs=0.01)
    assert loudness_change(host * 0, host * 0, RATE) == 0


def test_all_figures_of_two_channels(host: np.ndarray) -> None:
    both = np.stack([host, host], axis=1)
    figures = audio_quality(both, both * 1.01, RATE)
    assert figures.snr_db == pytest.approx(40)
    assert figures.segmental_snr_db == 35
    assert figures.loudness_change_lu == pytest.approx(0.086, abs=0.002)
    assert figures.peak == pytest.approx(np.max(np.abs(host)) * 1.01)


def test_pictures() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(40, 200, (48, 64, 3)).astype(np.uint8)
    assert psnr_db(picture, picture + 1) == pytest.approx(48.13, abs=0.01)
    assert psnr_db(picture, picture) == float("inf")
    assert ssim(picture, picture) == pytest.approx(1)
    assert ssim(picture, picture + 1) > 0.999
    assert ssim(picture, 255 - picture) < 0
    noisy = np.clip(picture + rng.normal(0, 20, picture.shape), 0, 255).astype(np.uint8)
    assert 0.5 < ssim(picture, noisy) < 0.99


def test_bad_shapes() -> None:
    with pytest.raises(ArgumentError, match="shape"):
        snr_db(np.zeros(3), np.zeros(4))
    with pytest.raises(ArgumentError, match="11x11"):
        ssim(np.zeros((4, 4)), np.zeros((4, 4)))
    with pytest.raises(ArgumentError, match="shapes"):
        psnr_db(np.zeros((4, 4)), np.zeros((5, 4)))
