"""How much of what was said can be rebuilt from a stored fingerprint by someone who trains a model for it?

    pip install pocketsphinx
    apt-get download asterisk-core-sounds-en && dpkg -x asterisk-core-sounds-en_*.deb packages
    python experiments/fingerprint_inversion.py packages [--minutes 12] [--prompts 10] [--steps 1500]

A network (the one of bench/cloning.py) learns log-mel spectra from the stored peaks within 0.2 s, once of other voices
and once of other sentences of the very voice that is to be rebuilt; Griffin-Lim makes it sound. Judged on English
prompts that no model saw: STOI, and word error rate of pocketsphinx (its model of general English) against the texts.
The same for the clean sound, for Griffin-Lim from the true spectra (what the method itself loses) and for plain tones
at the peaks. CPU, numpy only.
"""

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "python")]

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from pystoi import stoi  # noqa: E402
from recogniser import edits, listener, understood, words  # noqa: E402
from signature_speech import transcripts  # noqa: E402

from birthmark.fingerprint import ROW_S, AudioFingerprint, deserialize, fingerprint  # noqa: E402
from cloning import train  # noqa: E402
from corpus import PROMPTS, prompt_speech, read_g722, voices  # noqa: E402

RATE, HOP, SIZE, MELS, BANDS = 16000, 256, 1024, 64, 92
VOICE = "en_US_f_Allison"
LOUDEST = 0.6  # of full scale, for the recogniser
REACH = ((0, 0), (1, 1), (2, 2), (3, 3), (4, 5), (6, 8), (9, 12))  # rows on either side, pooled
Array = NDArray[np.float64]


def mel_filters() -> Array:
    """(MELS, SIZE / 2 + 1) triangles from 60 to 7,600 Hz."""
    mel = np.linspace(2595 * np.log10(1 + 60 / 700), 2595 * np.log10(1 + 7600 / 700), MELS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1) / RATE * SIZE
    bins = np.arange(SIZE // 2 + 1)
    up = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(np.minimum(up, down), 0)


FILTERS = mel_filters()
WINDOW = np.hanning(SIZE + 1)[:-1]


def stft(samples: Array) -> NDArray[np.complex128]:
    """Frames of 64 ms every 16 ms."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, SIZE // 2), SIZE)[::HOP]
    return np.fft.rfft(frames * WINDOW, axis=1)


def istft(spectra: NDArray[np.complex128]) -> Array:
    """Least-squares inverse of `stft`."""
    frames = np.fft.irfft(spectra, axis=1) * WINDOW
    out, weight = np.zeros(HOP * len(frames) + SIZE), np.full(HOP * len(frames) + SIZE, 1e-6)
    for i, frame in enumerate(frames):
        out[i * HOP : i * HOP + SIZE] += frame
        weight[i * HOP : i * HOP + SIZE] += WINDOW**2
    return np.asarray((out / weight)[SIZE // 2 :], np.float64)


def log_mel(samples: NDArray[np.float32]) -> Array:
    """(frames, MELS) natural logarithms of magnitudes."""
    return np.log(np.abs(stft(samples.astype(np.float64))) @ FILTERS.T + 1e-3)


def griffin_lim(mels: Array, rounds: int = 60) -> Array:
    """Sound whose log-mel spectrogram is near `mels`: Griffin and Lim, 1984, with momentum (Perraudin, 2013)."""
    spread = FILTERS / (FILTERS.sum(0) + 1e-9)
    magnitudes = np.exp(mels) / FILTERS.sum(1) @ spread
    spectra = magnitudes * np.exp(2j * np.pi * np.random.default_rng(1).random(magnitudes.shape))
    before = np.zeros_like(spectra)
    for _ in range(rounds):
        now = stft(istft(spectra))[: len(mels)]
        ahead = now + 0.99 / 1.99 * (now - before)
        spectra, before = magnitudes * np.exp(1j * np.angle(ahead)), now
    return istft(spectra)


def stored(samples: NDArray[np.float32]) -> AudioFingerprint:
    """What an index keeps of a recording."""
    made = deserialize(fingerprint(samples, RATE, query=False).serialize())
    assert isinstance(made, AudioFingerprint)
    return made


def peaks_around(made: AudioFingerprint, frames: int) -> NDArray[np.float32]:
    """(frames, inputs): heights of the peaks in each band, in the rows of REACH before and after each frame."""
    grid = np.zeros((frames + 26, BANDS), np.float32)
    rows, bands, heights = made.peaks.T
    inside = rows < frames
    grid[rows[inside] + 13, bands[inside]] = (1 + heights[inside]) / 16
    columns = []
    for near, far in REACH:
        for steps in (range(near, far + 1), range(-far, -near + 1)) if near else (range(1),):
            columns += [np.max([grid[13 + step : 13 + step + frames] for step in steps], axis=0)]
    return np.concatenate(columns, axis=1)


def learnt(speech: list[NDArray[np.float32]], steps: int) -> Callable[[Array], Array]:
    """A model from peaks to log-mel spectra."""
    targets = [log_mel(one) for one in speech]
    inputs = [peaks_around(stored(one), len(mel)) for one, mel in zip(speech, targets, strict=True)]
    return train(np.concatenate(inputs), np.concatenate(targets), steps, hidden=512)


def tones(made: AudioFingerprint, frames: int) -> Array:
    """A tone of 64 ms at each peak."""
    time = np.arange(SIZE) / RATE
    out = np.zeros(frames + SIZE)
    for row, band, height in made.peaks:
        at = int(row * ROW_S * RATE)
        piece = WINDOW * np.sin(2 * np.pi * 250 * 2 ** (band / 24) * time) * (0.3 + 0.2 * height)
        out[at : at + SIZE] += piece[: len(out) - at]
    return out[:frames]


def main() -> None:
    """Print one line for each way to rebuild."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path)
    parser.add_argument("--minutes", type=float, default=12.0)
    parser.add_argument("--prompts", type=int, default=10)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--save", type=Path, help="folder for the sounds")
    arguments = parser.parse_args()
    texts = {name: words(text) for name, text in transcripts(arguments.packages).items() if not re.search(r"\d", text)}
    found = {name: PROMPTS / VOICE / f"{name}.g722" for name, text in texts.items() if len(text) >= 5}
    names = [name for name, path in sorted(found.items()) if path.exists()]
    names = [names[i] for i in np.random.default_rng(1).permutation(len(names))[: arguments.prompts]]
    tested = {found[name] for name in names}
    clean = [read_g722(found[name]) for name in names]
    wanted = [texts[name] for name in names]
    others = [voice for voice in voices() if voice != VOICE]
    elsewhere = [prompt_speech(voice, 60 * arguments.minutes / len(others), 1) for voice in others]
    own = [read_g722(path) for path in voices()[VOICE] if path not in tested]
    own = own[: max(1, int(np.searchsorted(np.cumsum([len(one) for one in own]), 60 * arguments.minutes * RATE)))]
    made, mels = [stored(one) for one in clean], [log_mel(one) for one in clean]
    rebuilt: dict[str, list[Array]] = {
        "clean": [one.astype(np.float64) for one in clean],
        "Griffin-Lim from the true spectra": [griffin_lim(mel) for mel in mels],
        "tones at the peaks": [tones(one, len(x)) for one, x in zip(made, clean, strict=True)],
    }
    for name, speech in (("model of other voices", elsewhere), ("model of the same voice", own)):
        model = learnt(speech, arguments.steps)
        guesses = [model(peaks_around(one, len(mel)).astype(np.float64)) for one, mel in zip(made, mels, strict=True)]
        true = np.concatenate(mels)
        explained = 1 - np.mean((np.concatenate(guesses) - true) ** 2) / true.var(0).mean()
        minutes = sum(map(len, speech)) / RATE / 60
        print(f"{name}: {minutes:.1f} min, {explained:.2f} of the variance explained", flush=True)
        rebuilt[name] = [griffin_lim(guess) for guess in guesses]
    total = sum(map(len, wanted))
    print(f"{len(names)} prompts, {sum(map(len, clean)) / RATE:.0f} s, {total} words")
    decoder = listener(RATE)
    for name, sounds in rebuilt.items():
        fitted = [np.pad(s, (0, len(x)))[: len(x)] for s, x in zip(sounds, clean, strict=True)]
        score = stoi(np.concatenate(clean), np.concatenate(fitted), RATE)
        wrong = sum(
            edits(text, understood(decoder, LOUDEST * sound / (np.abs(sound).max() + 1e-9)))
            for text, sound in zip(wanted, fitted, strict=True)
        )
        print(f"{name}: STOI {score:.2f}; word error rate {100 * wrong / total:.0f} %", flush=True)
        if arguments.save:
            from birthmark.media import write_audio

            arguments.save.mkdir(parents=True, exist_ok=True)
            loud = np.concatenate(fitted)
            write_audio(arguments.save / f"{name}.wav", (0.5 * loud / np.abs(loud).max()).astype(np.float32), RATE)


if __name__ == "__main__":
    main()
