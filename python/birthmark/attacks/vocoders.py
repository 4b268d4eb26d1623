"""Analysis and resynthesis: the recording is thrown away and spoken again from parameters."""

from __future__ import annotations

from functools import lru_cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from .arrays import Samples, check_rate, fit_length, per_channel


@lru_cache(maxsize=1)
def _pyworld() -> ModuleType:
    """pyworld's extension by itself: its package file needs setuptools' pkg_resources, which new versions lack."""
    package = PathFinder.find_spec("pyworld")
    spec = PathFinder.find_spec("pyworld", package.submodule_search_locations) if package else None
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("the WORLD vocoder attack needs the Python package pyworld", name="pyworld")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def world(samples: Samples, rate: int, *, seed: int = 0, coded: bool = False, harvest: bool = False) -> Samples:
    """WORLD vocoder (Morise et al. 2016): pitch, spectral envelope and aperiodicity every 5 ms, then resynthesis.

    With `coded`, envelope and aperiodicity pass through WORLD's own coding (60 coefficients and band aperiodicity), as
    a speech synthesiser would see them. `harvest` takes the slower pitch estimator.
    """
    check_rate(rate)
    pyworld = _pyworld()

    def mono(channel: Samples) -> NDArray[np.floating]:
        x = np.ascontiguousarray(fit_length(channel, max(len(channel), rate // 5)), dtype=np.float64)
        if harvest:
            pitch, times = pyworld.harvest(x, rate)
        else:
            rough, times = pyworld.dio(x, rate)
            pitch = pyworld.stonemask(x, rough, times, rate)
        envelope = pyworld.cheaptrick(x, pitch, times, rate)
        roughness = pyworld.d4c(x, pitch, times, rate)
        if coded:
            size = (envelope.shape[1] - 1) * 2
            envelope = pyworld.decode_spectral_envelope(pyworld.code_spectral_envelope(envelope, rate, 60), rate, size)
            if rate >= 16000:
                roughness = pyworld.decode_aperiodicity(pyworld.code_aperiodicity(roughness, rate), rate, size)
        return fit_length(pyworld.synthesize(pitch, envelope, roughness, rate).astype(np.float32), len(channel))

    return per_channel(samples, mono)


@lru_cache(maxsize=8)
def mel_bank(rate: int, size: int, bands: int) -> NDArray[np.float64]:
    """Triangular mel filters (Slaney's scale and area normalisation), (bands, size // 2 + 1)."""
    edges = _mel_to_hz(np.linspace(0.0, _hz_to_mel(rate / 2), bands + 2))
    freqs = np.linspace(0, rate / 2, size // 2 + 1)
    rising = (freqs - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - freqs) / np.diff(edges)[1:, None]
    bank = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    bank.setflags(write=False)
    return bank


def _hz_to_mel(hz: float) -> float:
    return hz * 3 / 200 if hz < 1000 else 15 + 27 * float(np.log(hz / 1000) / np.log(6.4))


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))


def griffin_lim(samples: Samples, rate: int, *, seed: int = 0, bands: int = 80, rounds: int = 32) -> Samples:
    """Magnitudes reduced to `bands` mel bands, phases thrown away and found again (fast Griffin-Lim, Perraudin 2013).

    Windows of some 46 ms with a quarter hop, as mel-based speech synthesisers use.
    """
    check_rate(rate)
    size = 1 << round(np.log2(rate * 0.046))
    bank = mel_bank(rate, size, bands)
    inverse = np.asarray(np.linalg.pinv(bank), np.float64)

    def mono(channel: Samples) -> NDArray[np.floating]:
        stft = _Stft(max(len(channel), 1), size)
        mels = np.abs(stft.forward(channel.astype(np.float64))) @ bank.T
        magnitude = _nonnegative(mels, bank, inverse)
        phase = np.exp(2j * np.pi * np.random.default_rng(seed).random(magnitude.shape))
        previous = np.zeros_like(phase)
        for _ in range(rounds):
            rebuilt = stft.forward(stft.inverse(magnitude * phase))
            ahead = rebuilt + 0.99 * (rebuilt - previous)
            phase = ahead / np.maximum(np.abs(ahead), 1e-12)
            previous = rebuilt
        return stft.inverse(magnitude * phase).astype(np.float32)

    return per_channel(samples, mono)


def _nonnegative(
    mels: NDArray[np.float64], bank: NDArray[np.float64], inverse: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Approximate non-negative least squares by 20 multiplicative updates from the clipped pseudo-inverse."""
    guess = np.maximum(mels @ inverse.T, 1e-8)
    wanted = mels @ bank
    for _ in range(20):
        guess *= wanted / np.maximum((guess @ bank.T) @ bank, 1e-12)
    return guess


class _Stft:
    """Hann-windowed transform with a quarter hop and exact inverse for a fixed length."""

    def __init__(self, frames: int, size: int) -> None:
        self._frames, self._size, self._hop = frames, size, size // 4
        self._window = np.hanning(size + 1)[:-1]
        self._count = -(-frames // self._hop) + 4
        self._weight = np.maximum(self._overlap(np.tile(self._window**2, (self._count, 1))), 1e-3)

    def _overlap(self, blocks: NDArray[np.float64]) -> NDArray[np.float64]:
        quarters = blocks.reshape(self._count, 4, self._hop)
        out = np.zeros((self._count + 3, self._hop))
        for quarter in range(4):
            out[quarter : quarter + self._count] += quarters[:, quarter]
        return out.reshape(-1)

    def forward(self, x: NDArray[np.float64]) -> NDArray[np.complex128]:
        padded = np.zeros((self._count + 3) * self._hop)
        padded[2 * self._hop : 2 * self._hop + len(x)] = x
        blocks = np.lib.stride_tricks.sliding_window_view(padded, self._size)[:: self._hop]
        return np.asarray(np.fft.rfft(blocks * self._window, axis=1))

    def inverse(self, spectra: NDArray[np.complex128]) -> NDArray[np.float64]:
        total = self._overlap(np.fft.irfft(spectra, self._size, axis=1) * self._window) / self._weight
        return total[2 * self._hop : 2 * self._hop + self._frames]
