"""What tile shapes, and then the mark, carry through attacks: PYTHONPATH=bench python experiments/audio_capacity.py

Prints bits per second, 0.5 log2(1 + signal / noise) summed over tiles, on real speech. For tile shapes: every tile of a
spectrogram (512-point frames at 16 kHz) is pushed up or down by 1 dB, its level whitened by its four neighbours, and
tiles are grouped by how far they stand out, each group weighted by its own reliability. "Blind" has the host as noise;
"informed" only what the attack adds, the limit of an embedder that cancels the host. For the mark: z^2 log2(e) / 2 per
second of the agreement of soft chips with the true chips, alignment known, by the best of the three readings.
"""

import argparse

import numpy as np
from numpy.typing import NDArray

import corpus
from birthmark import watermark
from birthmark._core import audio_mark
from birthmark.attacks.arrays import resample
from birthmark.keys import Key
from robustness import attack_clip

F64 = NDArray[np.float64]
RATE, FRAME, HOP = 16000, 512, 128
FIRST, LAST = 7, 224
READINGS = (audio_mark.Reading.waveform, audio_mark.Reading.vocoder, audio_mark.Reading.noise)
SHAPES = ((1, 4), (2, 4), (4, 4), (4, 8), (8, 4))  # bins of 31 Hz, frames of 8 ms
SHAPE_ATTACKS = ("none", "resample_8k", "mp3_32k", "opus_16k", "noise_20", "reverb_0.3", "gsm", "amr_12.2")
MARK_ATTACKS = (
    *SHAPE_ATTACKS, "aac_32k", "opus_32k", "opus_8k", "speex", "amr_4.75", "codec2_3200", "noise_10", "speech_10",
    "music_10", "rerecord", "world", "griffin_lim",
)  # fmt: skip


def spectra(samples: NDArray[np.float32], hop: int) -> NDArray[np.complex128]:
    """Hann-windowed spectra, one row per frame."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::hop]
    return np.fft.rfft(frames * np.hanning(FRAME + 1)[:FRAME], axis=1)


def tile_levels(samples: NDArray[np.float32], bins: int, frames: int) -> F64:
    """(time, band) levels of tiles in dB."""
    power = np.abs(spectra(samples, HOP)) ** 2
    bands = np.add.reduceat(power[:, :LAST], np.arange(FIRST, LAST - bins + 1, bins), axis=1)
    rows = len(bands) // frames
    mean = bands[: rows * frames].reshape(rows, frames, -1).mean(axis=1)
    return np.asarray(10 * np.log10(mean + 1e-7 * power.mean()))


def push(samples: NDArray[np.float32], chips: F64, bins: int, frames: int) -> NDArray[np.float32]:
    """Multiply tiles by +-1 dB."""
    out = np.concatenate([samples, np.zeros(FRAME, np.float32)]).astype(np.float64)
    for index, spectrum in enumerate(spectra(samples, FRAME // 2)):
        gains = np.zeros(FRAME // 2 + 1)
        row = np.repeat(chips[min(index * 2 // frames, len(chips) - 1)], bins)
        gains[FIRST : FIRST + len(row)] = row
        gains[1:-1] = 0.25 * gains[:-2] + 0.5 * gains[1:-1] + 0.25 * gains[2:]
        start = index * FRAME // 2
        out[start : start + FRAME] += np.fft.irfft(spectrum * (10 ** (gains / 20) - 1))
    return out[: len(samples)].astype(np.float32)


def whitened(levels: F64) -> F64:
    """Levels less those of the neighbours in time, then in frequency."""
    time = levels - 0.5 * (np.roll(levels, 1, 0) + np.roll(levels, -1, 0))
    return np.asarray(np.clip(time - 0.5 * (np.roll(time, 1, 1) + np.roll(time, -1, 1)), -15, 15))


def prominence(levels: F64) -> NDArray[np.int64]:
    """A class from 0 to 6 by how far a tile stands out from its four neighbours."""
    power = 10 ** (levels / 10)
    around = sum(np.roll(power, shift, axis) for shift in (1, -1) for axis in (0, 1)) / 4
    return np.digitize(levels - 10 * np.log10(around), [-8, -4, -2, 0, 2, 4])


def capacity(signal: F64, noise: F64, chips: F64, groups: NDArray[np.int64]) -> float:
    """Bits of all tiles, each group with its own response and noise."""
    total = 0.0
    for group in np.unique(groups):
        chosen = groups == group
        response = max(float(np.mean(signal[chosen] * chips[chosen])), 0.0)
        variance = min(np.var(noise[chosen]), np.var(signal[chosen])) + 1e-3
        total += int(chosen.sum()) * 0.5 * np.log2(1 + response**2 / variance)
    return total


def shapes(clips: list[corpus.Clip]) -> None:
    """Print blind / informed bits per second per shape and attack."""
    print("bits per second at 1 dB, blind / informed\n| Hz x ms | " + " | ".join(SHAPE_ATTACKS) + " |")
    print("| --- |" + " --- |" * len(SHAPE_ATTACKS))
    rng = np.random.default_rng(0)
    for bins, frames in SHAPES:
        cells = []
        for name in SHAPE_ATTACKS:
            blind = informed = seconds = 0.0
            for seed, clip in enumerate(clips):
                rows = len(tile_levels(clip.samples, bins, frames))
                chips = rng.choice([-1.0, 1.0], (rows, len(range(FIRST, LAST - bins + 1, bins))))
                marked = push(clip.samples, chips, bins, frames)
                attacked = np.asarray(attack_clip(name, clip, marked, seed)[0], np.float32)[: len(marked)]
                levels = tile_levels(attacked, bins, frames)
                rows = min(rows, len(levels))
                inner = (slice(3, rows - 3), slice(1, -1))
                got, sent = whitened(levels)[inner], whitened(tile_levels(marked, bins, frames))[inner]
                groups = prominence(levels)[inner]
                blind += capacity(got, got, chips[inner], groups)
                informed += capacity(got, got - sent, chips[inner], groups) if name != "none" else 0.0
                seconds += len(clip.samples) / RATE
            cells.append(f"{blind / seconds:.0f} / {informed / seconds:.0f}" if informed else f"{blind / seconds:.0f}")
        print(f"| {bins * 31.25:.0f} x {frames * 8} | " + " | ".join(cells) + " |", flush=True)


def agreement(padded: NDArray[np.float32], key: Key, payload: int, reading: audio_mark.Reading) -> float:
    """z of the soft chips with the true ones, at least 0."""
    soft = audio_mark.without_bias(audio_mark.soft_chips(padded, reading=reading))[3::4]
    chips = np.tile(audio_mark.chips(key, payload), (len(soft) // 64 + 1, 1))[: len(soft)]
    return max(float(np.sum(soft * chips) / np.sqrt(np.sum(soft * soft))), 0.0)


def mark(seconds: float, count: int) -> None:
    """Print bits per second of the mark at its default strength for wideband and telephone speech."""
    print("\nbits per second of the mark\n| attack | 16 kHz | 8 kHz |\n| --- | --- | --- |")
    key = Key.generate()
    for name in MARK_ATTACKS:
        cells = []
        for rate in (16000, 8000):
            found = []
            for seed, clip in enumerate(corpus.speech_clips(seconds, count, rate)):
                marked = watermark.embed(clip.samples, rate, seed, key)
                attacked = np.asarray(attack_clip(name, clip, marked, seed)[0], np.float32)
                attacked = attacked if rate == RATE else np.asarray(resample(attacked, rate, RATE), np.float32)
                # With this many zeros before it the first slot begins at row 3 of the soft chips; see PowerMap.
                padded = np.concatenate([np.zeros(448, np.float32), attacked])
                found.append([agreement(padded, key, seed, reading) ** 2 for reading in READINGS])
            bits = np.mean(found, axis=0) / (2 * np.log(2)) / seconds
            cells.append(f"{bits.max():.1f}")
        print(f"| {name} | {cells[0]} | {cells[1]} |", flush=True)


def main() -> None:
    """Both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=12.0)
    options = parser.parse_args()
    print(corpus.describe())
    shapes(corpus.speech_clips(options.seconds, options.clips, RATE))
    mark(options.seconds, options.clips)


if __name__ == "__main__":
    main()
