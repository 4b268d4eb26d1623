"""The audio mark in plain numpy: slow, small, and what the C++ kernels are proved against.

Everything happens at 16 kHz. A *tile* is 4 bins of 31.25 Hz by 32 ms; two neighbouring tiles of one moment are a *pair*
and carry one chip: one tile louder, the other quieter, so the level of the critical band around them stays. 64 slots of
32 ms by 27 pairs are a *block* of 2.048 s, repeated for as long as the recording lasts.
"""

import numpy as np
from numpy.typing import NDArray

RATE = 16000
FRAME = 512
SLOT = 512  # samples
SLOTS = 64
PAIRS = 27
TILE_BINS = 4
FIRST_BIN = 7
FLOOR = 1e-7
BASE_DB = 1.7
SPREAD = 0.25
EDGES = FIRST_BIN + TILE_BINS * np.arange(2 * PAIRS + 1)

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


def hann() -> F64:
    return np.sin(np.pi * np.arange(FRAME) / FRAME) ** 2


def spectra(samples: F32, hop: int, lead: int = 0) -> NDArray[np.complex128]:
    """Spectra of frames of 512 samples; frame k starts at sample k * hop - lead."""
    padded = np.concatenate([np.zeros(lead), samples, np.zeros(FRAME)])
    count = (len(samples) + lead) // hop
    frames = np.stack([padded[k * hop : k * hop + FRAME] for k in range(count)])
    return np.fft.rfft(frames * hann(), axis=1)


def profile_db() -> F64:
    """Largest gain per tile: more where the critical band (Zwicker and Terhardt 1980) spans several tiles."""
    centre = (EDGES[:-1] + TILE_BINS / 2) * RATE / FRAME
    critical = 25 + 75 * (1 + 1.4 * (centre / 1000) ** 2) ** 0.69
    return BASE_DB * np.maximum(1, critical / 125) ** SPREAD


def tile_levels(power: F64, frames_per_slot: int) -> F64:
    """(frames, bins) power -> (slots, 54) level of each tile in dB."""
    bands = np.add.reduceat(power[:, : EDGES[-1]], EDGES[:-1], axis=1)
    slots = len(bands) // frames_per_slot
    mean = bands[: slots * frames_per_slot].reshape(slots, frames_per_slot, -1).mean(axis=1)
    return np.asarray(10 * np.log10(mean + FLOOR))


def strengths_db(samples: F32) -> F64:
    """(slots, 54) gain that each tile can bear: the profile, less where the level is steady (tones)."""
    levels = tile_levels(np.abs(spectra(samples, 256)) ** 2, 2)
    padded = np.pad(levels, ((3, 3), (0, 0)), mode="edge")
    window = np.stack([padded[k : k + len(levels)] for k in range(7)])
    return np.asarray(profile_db() * np.clip(window.std(axis=0) / 2.0, 0.1, 1.0))


def apply_gains(samples: F32, gains_db: F64) -> F32:
    """Multiply tiles by (slots, 54) gains: frames of 512 every 256 samples, overlap-added."""
    padded = np.concatenate([samples, np.zeros(2 * FRAME)])
    out = np.zeros(len(padded))
    for k in range(2 * len(gains_db)):
        frame = padded[k * 256 : k * 256 + FRAME]
        if len(frame) < FRAME:
            break
        bins = np.zeros(FRAME // 2 + 1)
        bins[FIRST_BIN : EDGES[-1]] = np.repeat(gains_db[k // 2], TILE_BINS)
        bins[1:-1] = 0.25 * bins[:-2] + 0.5 * bins[1:-1] + 0.25 * bins[2:]
        out[k * 256 : k * 256 + FRAME] += np.fft.irfft(np.fft.rfft(frame * hann()) * (10 ** (bins / 20) - 1))
    return (samples + out[: len(samples)]).astype(np.float32)


def embed_chips(samples: F32, chips: NDArray[np.int8]) -> F32:
    """Embed (slots, 27) chips, one per slot and pair, without cancelling the host."""
    strength = strengths_db(samples)
    slots = min(len(strength), len(chips))
    gains = strength[:slots] * np.stack([chips[:slots], -chips[:slots]], axis=2).reshape(slots, -1)
    return apply_gains(samples, gains)
