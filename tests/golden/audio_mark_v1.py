"""Writes audio_mark_v1.json and tests/legacy/audio_mark_v1.flac.

Run as `PYTHONPATH=python:. python -m tests.golden.audio_mark_v1`.
Both hold the audio mark of version 1 for ever. Only a new version of the mark, under new names, may differ.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from birthmark import watermark
from birthmark._core import audio_mark
from birthmark.keys import Key

RATE = 16000
SECONDS = 6
KEY = Key(bytes(range(32)))
PAYLOAD = 0x0123456789ABCDEF
ROW_STEP, SAMPLE_STEP = 50, 997
GOLDEN = Path(__file__).with_name("audio_mark_v1.json")
LEGACY = Path(__file__).parent.parent / "legacy" / "audio_mark_v1.flac"


def host() -> NDArray[np.float32]:
    """Noise with the long-term spectrum of speech in bursts of 0.1 to 0.3 s: like syllables, of no licence."""
    rng = np.random.default_rng(20240517)
    frames = RATE * SECONDS
    frequency = np.fft.rfftfreq(frames, 1 / RATE)
    tilt = 1 / (1 + (frequency / 600) ** 2) * (frequency > 80)
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(frames)) * tilt, frames)
    envelope = np.full(frames, 0.003)
    start = 0
    while start < frames:
        length, loudness = rng.integers(RATE // 10, 3 * RATE // 10), rng.uniform(0.2, 1.0)
        burst = loudness * np.hanning(length)
        room = min(int(length), frames - start)
        envelope[start : start + room] += burst[:room]
        start += int(length) + int(rng.integers(0, RATE // 8))
    speech = noise * envelope
    return np.asarray(0.3 * speech / np.abs(speech).max(), np.float32)


def vectors() -> dict[str, object]:
    samples = host()
    chips = audio_mark.chips(KEY, PAYLOAD)
    soft = audio_mark.soft_chips(samples, phases=1)
    vocoder_soft = audio_mark.soft_chips(samples, phases=1, reading=audio_mark.Reading.vocoder)
    noise_soft = audio_mark.soft_chips(samples, phases=1, reading=audio_mark.Reading.noise)
    marked = watermark.embed(samples, RATE, PAYLOAD, KEY)
    signs = np.sign(chips).astype(np.int8)
    return {
        "version": 1,
        "what": "audio mark, key 00..1f, payload 0123456789abcdef, host() of audio_mark_v1.py",
        "chips_shape": list(chips.shape),
        "chips_sha256": hashlib.sha256(signs.tobytes()).hexdigest(),
        "soft_chips_shape": list(soft.shape),
        "soft_chips": np.round(soft[::ROW_STEP].astype(float), 6).tolist(),
        "vocoder_soft_chips": np.round(vocoder_soft[::ROW_STEP].astype(float), 6).tolist(),
        "noise_soft_chips": np.round(noise_soft[::ROW_STEP].astype(float), 6).tolist(),
        "marked": [float(f"{value:.7g}") for value in marked[::SAMPLE_STEP]],
    }


def main() -> None:
    GOLDEN.write_text(json.dumps(vectors()) + "\n")
    LEGACY.parent.mkdir(exist_ok=True)
    marked = watermark.embed(host(), RATE, PAYLOAD, KEY)
    soundfile.write(LEGACY, marked, RATE, subtype="PCM_16")


if __name__ == "__main__":
    main()
