"""The audio mark in plain numpy: slow, small, and what the C++ kernels are proved against.

Everything happens at 16 kHz. A *tile* is 4 bins of 31.25 Hz by 32 ms; two neighbouring tiles of one moment are a *pair*
and carry one chip: one tile louder, the other quieter, so the level of the critical band around them stays. 64 slots of
32 ms by 27 pairs are a *block* of 2.048 s, repeated for as long as the recording lasts.
"""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from birthmark._core import coding
from birthmark.keys import Key, KeyedStream

SOURCES = Path(__file__).parents[2] / "cpp" / "src" / "audio_mark"

RATE = 16000
FRAME = 512
SLOT = 512  # samples
SLOTS = 64
PAIRS = 27
TILE_BINS = 4
FIRST_BIN = 7
FLOOR = 1e-7
CODE_BITS = 256
SYNC_EVERY = 8
SYNC = -1
AROUND = 6  # slots of context of the embedder's decisions
EDGES = FIRST_BIN + TILE_BINS * np.arange(2 * PAIRS + 1)

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


def constants(name: str) -> dict[str, float]:
    """Tuned figures of a C++ source by name: they are data, the reference proves what is done with them."""
    found = re.findall(r"constexpr (?:float|double) k(\w+) = ([-+.\de]+)F?;", (SOURCES / name).read_text())
    return {key: float(value) for key, value in found}


TILING = constants("tiling.cpp")
PLAN = constants("gain_plan.cpp")
BEARABLE = constants("bearable.cpp")
SHOWN = constants("../../include/birthmark/audio_mark/gain_plan.hpp")


def hann() -> F64:
    return np.sin(np.pi * np.arange(FRAME) / FRAME) ** 2


def spectra(samples: F32, hop: int, lead: int = 0) -> NDArray[np.complex128]:
    """Spectra of frames of 512 samples; frame k starts at sample k * hop - lead."""
    padded = np.concatenate([np.zeros(lead), samples, np.zeros(FRAME)])
    count = (len(samples) + lead) // hop
    frames = np.stack([padded[k * hop : k * hop + FRAME] for k in range(count)])
    return np.fft.rfft(frames * hann(), axis=1)


def profile_db() -> F64:
    """Largest gain per tile: more where the critical band (Zwicker and Terhardt 1980) spans several tiles, less low."""
    centre = (EDGES[:-1] + TILE_BINS / 2) * RATE / FRAME
    critical = 25 + 75 * (1 + 1.4 * (centre / 1000) ** 2) ** 0.69
    rise = np.clip((centre - TILING["LowHz"]) / (TILING["HighHz"] - TILING["LowHz"]), 0, 1)
    share = TILING["LowShare"] + (1 - TILING["LowShare"]) * rise
    return np.asarray(TILING["BaseGainDb"] * share * np.maximum(1, critical / 125) ** TILING["Spread"])


def tile_levels(power: F64, frames_per_slot: int) -> F64:
    """(frames, bins) power -> (slots, 54) level of each tile in dB."""
    bands = np.add.reduceat(power[:, : EDGES[-1]], EDGES[:-1], axis=1)
    slots = len(bands) // frames_per_slot
    mean = bands[: slots * frames_per_slot].reshape(slots, frames_per_slot, -1).mean(axis=1)
    return np.asarray(10 * np.log10(mean + FLOOR))


class Pattern:
    """What a key makes of the block: (64, 27) signs, the code bit per place (SYNC in sync slots)."""

    def __init__(self, key: Key) -> None:
        self.signs = KeyedStream(key, "audio-mark chips").chips(SLOTS * PAIRS).reshape(SLOTS, PAIRS)
        places = KeyedStream(key, "audio-mark sync slots")
        self.sync_slots = [first + places.uniform(SYNC_EVERY) for first in range(0, SLOTS, SYNC_EVERY)]
        self.code_bits = np.full((SLOTS, PAIRS), SYNC)
        order = KeyedStream(key, "audio-mark code bits")
        bits: list[int] = []
        for pair in range(PAIRS):
            for slot in order.permutation(SLOTS):
                if slot in self.sync_slots:
                    continue
                bits = bits or list(order.permutation(CODE_BITS))
                self.code_bits[slot, pair] = bits.pop()

    def chips(self, payload: int) -> NDArray[np.int64]:
        """The (64, 27) chips of a block that carries the payload."""
        codeword = coding.PayloadCode(CODE_BITS).encode(payload).astype(np.int64)
        return np.asarray(self.signs * np.where(self.code_bits == SYNC, 1, codeword[self.code_bits]), np.int64)


def sigmoid(x: F64) -> F64:
    c = np.clip(x, -3, 3)
    return np.asarray(c * (27 + c**2) / (27 + 9 * c**2))


def whitening(reading: str) -> tuple[F64, F64, F64, F64, float]:
    """Predictor (5, 6), hidden filters (6, 5, 6), their offsets, weights and weight offset of a reading."""
    text = (SOURCES / f"{reading}_whitening.hpp").read_text()
    figures = np.array([float(one) for one in re.findall(r"([-+.\de]+)F\b", text)])
    predictor, hidden, offsets, weights, last = np.split(figures, np.cumsum([30, 180, 6, 6]))
    return predictor.reshape(5, 6), hidden.reshape(6, 5, 6), offsets, weights, float(last.item())


def soft_chips(levels: F64, phases: int = 1, beside: F64 | None = None, reading: str = "waveform") -> F64:
    """(rows, 54) levels -> (rows, 27) soft chips; rows of one phase are filtered on their own.

    Below the lowest and above the highest tile stand the outermost levels of `beside` (default: of `levels`).
    """
    if phases > 1:
        out = np.zeros((len(levels), PAIRS))
        for phase in range(phases):
            out[phase::phases] = soft_chips(levels[phase::phases], reading=reading)
        return out
    predictor, hidden, offsets, weights, offset = whitening(reading)
    outside = levels if beside is None else beside
    low, high = np.repeat(outside[:, :1], 2, axis=1), np.repeat(outside[:, -1:], 2, axis=1)
    padded = np.pad(np.hstack([low, levels, high]), ((2, 2), (0, 0)), mode="edge")
    around = np.stack(
        [[padded[slot : slot + len(levels), tap : tap + 2 * PAIRS : 2] for tap in range(6)] for slot in range(5)]
    )
    value = np.einsum("st,strp->rp", predictor, around)
    inside = np.einsum("hst,strp->hrp", hidden, around) + offsets[:, None, None]
    return np.asarray(sigmoid(value) * np.exp(offset + np.einsum("h,hrp->rp", weights, sigmoid(inside))))


def remove_bias(soft: F64, phases: int = 1) -> F64:
    """Soft chips less each pair's mean over a block to either side."""
    reach = SLOTS * phases
    return np.stack([row - soft[max(0, r - reach) : r + reach + 1].mean(axis=0) for r, row in enumerate(soft)])


def band_amplitudes(levels: F64) -> F64:
    """(slots, 54) amplitude of the third octave around each tile; a tile is in it whose nearer quarter is."""
    centre = (EDGES[:-1] + TILE_BINS / 2) * RATE / FRAME
    quarter, half = TILE_BINS * RATE / FRAME / 4, 2 ** (1 / 6)
    low, high = centre / half, centre * half
    inside = (centre[:, None] + quarter > low) & (centre[:, None] - quarter < high)
    return np.asarray(np.sqrt(10 ** (levels / 10) @ inside))


def deviation(values: F64) -> F64:
    """Standard deviation of each column over AROUND slots to either side."""
    return np.stack([values[max(0, s - AROUND) : s + AROUND + 1].std(axis=0) for s in range(len(values))])


def bearable(levels: F64) -> F64:
    """(slots, 54) share of the profile that a tile bears: less where its level or the band around it is steady."""
    amplitudes = band_amplitudes(levels)
    tile = np.clip(deviation(levels) / BEARABLE["TileDb"], BEARABLE["LeastTile"], 1.0)
    band = deviation(amplitudes) / (BEARABLE["BandRatio"] * amplitudes)
    return np.asarray(tile * np.clip(band, BEARABLE["LeastBand"], 1.0))


class GainPlan:
    """Decisions of the embedder, block by block."""

    def __init__(self, pattern: Pattern, payload: int, strength: float = 1.0) -> None:
        self.pattern, self.strength = pattern, strength
        self.chips = pattern.chips(payload)
        self.carried = np.zeros(CODE_BITS)

    def next(self, levels: F64, before: int) -> F64:
        """(64, 54) gains in dB of the block whose levels begin at row `before`."""
        inside = slice(before, before + SLOTS)
        sign = np.stack([self.chips, -self.chips], axis=2).reshape(SLOTS, -1)
        gains = sign * self.strength * profile_db() * bearable(levels)[inside]
        host, marked = self._margins(levels, inside, 0 * gains), self._margins(levels, inside, gains)
        target = marked.mean()
        response = np.maximum(marked - host, 1e-6)
        missing = target - (marked + self.carried)
        share = np.clip(1 + missing / response, PLAN["LeastShare"], PLAN["MostShare"])
        self.carried = PLAN["Carry"] * (self.carried + marked + (share - 1) * response - target)
        factor = np.where(self.pattern.code_bits == SYNC, 1.0, share[self.pattern.code_bits])
        gains = np.clip(gains * np.repeat(factor, 2, axis=1), -PLAN["MostDb"], PLAN["MostDb"])
        return self._keep_energy(10 ** (levels[inside] / 10), gains)

    def _margins(self, levels: F64, inside: slice, gains: F64) -> F64:
        changed = levels.copy()
        changed[inside] += PLAN["Response"] * gains
        agreeing = remove_bias(soft_chips(changed, beside=levels))[inside] * self.chips
        data = self.pattern.code_bits != SYNC
        counts = np.bincount(self.pattern.code_bits[data], weights=agreeing[data], minlength=CODE_BITS)
        return counts.astype(np.float64)

    @staticmethod
    def _keep_energy(power: F64, gains: F64) -> F64:
        pairs = (SLOTS, PAIRS, 2)
        after = (power * 10 ** (gains / 10)).reshape(pairs).sum(axis=2)
        shift = PLAN["PairShare"] * 10 * np.log10(after / power.reshape(pairs).sum(axis=2))
        gains = gains - np.repeat(shift, 2, axis=1)
        block = (power * 10 ** (SHOWN["EnergyResponse"] * gains / 10)).sum() / power.sum()
        return np.asarray(gains - 10 * np.log10(block))


def apply_gains(samples: F32, gains_db: F64) -> F64:
    """What multiplying tiles by (slots, 54) gains adds: frames of 512 every 256 samples, overlap-added."""
    padded = np.concatenate([samples, np.zeros(len(gains_db) * SLOT + FRAME)]).astype(np.float64)
    out = np.zeros(len(padded))
    for k in range(2 * len(gains_db)):
        bins = np.zeros(FRAME // 2 + 1)
        bins[FIRST_BIN : EDGES[-1]] = np.repeat(gains_db[k // 2], TILE_BINS)
        bins[1:-1] = 0.25 * bins[:-2] + 0.5 * bins[1:-1] + 0.25 * bins[2:]
        spectrum = np.fft.rfft(padded[k * 256 : k * 256 + FRAME] * hann())
        out[k * 256 : k * 256 + FRAME] += np.fft.irfft(spectrum * (10 ** (bins / 20) - 1))
    return out[: len(samples)]


def embed(samples: F32, payload: int, key: Key, strength: float = 1.0) -> tuple[F64, F64]:
    """Mark 16 kHz mono samples; returns the mark (to be added to them) and the (slots, 54) gains."""
    blocks = -(-(len(samples) + FRAME) // (SLOTS * SLOT))
    padded = np.concatenate([samples, np.zeros((blocks * SLOTS + AROUND + 2) * SLOT - len(samples))])
    levels = tile_levels(np.abs(spectra(padded.astype(np.float32), 256)) ** 2, 2)
    plan = GainPlan(Pattern(key), payload, strength)
    gains = []
    for block in range(blocks):
        first = max(0, block * SLOTS - AROUND)
        gains.append(plan.next(levels[first : (block + 1) * SLOTS + AROUND], block * SLOTS - first))
    table = np.concatenate(gains)
    return apply_gains(samples, table), table
