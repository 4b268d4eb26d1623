"""Unmarked voices to fit the statistics of the signature with: a folder of sound files, one voice each.

    apt-get download klettres-data ktuberling-data flite; for p in *.deb; do dpkg -x "$p" packages; done
    python experiments/signature_voices.py packages VOICES

Letters, syllables and words that volunteers recorded for two learning programs, one file for each program and language
with at least 8 s (up to 40 s in random order, each sound levelled, 0.1 s apart), and 40 s of seven text-to-speech
voices (flite; espeak-ng, which must be installed).
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "python")]

import soxr  # noqa: E402

from birthmark.errors import FormatError  # noqa: E402
from birthmark.media import read_audio, write_audio  # noqa: E402

RATE = 16000
SHORTEST_S, LONGEST_S = 8, 40
SAME_VOICE = ("sr", "sr@ijekavian", "sr@ijekavianlatin")  # as sr@latin
TEXT = """The north wind and the sun were disputing which was the stronger, when a traveler came along wrapped in a warm
cloak. They agreed that the one who first succeeded in making the traveler take his cloak off should be considered
stronger than the other. Then the north wind blew as hard as he could, but the more he blew the more closely did the
traveler fold his cloak around him; and at last the north wind gave up the attempt. Then the sun shined out warmly, and
immediately the traveler took off his cloak. And so the north wind was obliged to confess that the sun was the stronger
of the two. Please call Stella. Ask her to bring these things with her from the store: six spoons of fresh snow peas,
five thick slabs of blue cheese, and maybe a snack for her brother Bob."""


def mono(path: Path) -> NDArray[np.float32]:
    """A file at 16 kHz."""
    samples, rate = read_audio(path)
    single = samples if samples.ndim == 1 else samples.mean(axis=1)
    return np.asarray(soxr.resample(single, rate, RATE), np.float32)


def levelled(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Its loud parts at -22 dB full scale."""
    loud = samples[np.abs(samples) > 0.05 * np.abs(samples).max()]
    return np.clip(samples * np.float32(0.08 / np.sqrt(np.mean(loud**2))), -1, 1)


def words(files: list[Path]) -> NDArray[np.float32]:
    """Sounds of one voice in random order, end to end."""
    parts: list[NDArray[np.float32]] = []
    for index in np.random.default_rng(0).permutation(len(files)):
        try:
            sound = mono(files[index])
        except FormatError:  # a picture with the name of a sound
            continue
        if np.abs(sound).max(initial=0) > 1e-3:
            parts += [levelled(sound), np.zeros(RATE // 10, np.float32)]
        if sum(map(len, parts)) > LONGEST_S * RATE:
            break
    return np.concatenate([np.zeros(0, np.float32), *parts])[: LONGEST_S * RATE]


def main(packages: Path, target: Path) -> None:
    """Write the folder."""
    target.mkdir(parents=True, exist_ok=True)
    share = packages / "usr/share"
    for program in (share / "klettres", share / "ktuberling/sounds"):
        for folder in sorted(p for p in program.iterdir() if p.is_dir() and p.name not in SAME_VOICE):
            sound = words(sorted(p for p in folder.rglob("*") if p.suffix in (".ogg", ".wav")))
            if len(sound) >= SHORTEST_S * RATE:
                write_audio(target / f"{program.name}-{folder.name}.wav", sound, RATE)
    said = target / "said.wav"
    text = " ".join(TEXT.split())
    commands = {f"flite-{v}": [packages / f"usr/bin/flite_cmu_us_{v}", "-t"] for v in ("awb", "kal16", "rms", "slt")}
    commands |= {f"espeak-ng-{v}": ["espeak-ng", "-v", v] for v in ("en-us", "de", "es+f2")}
    for name, (program, *options) in commands.items():
        output = ["-o" if name.startswith("flite") else "-w", str(said)]
        flags = [*options, text, *output] if name.startswith("flite") else [*options, *output, text]
        subprocess.run([str(program), *map(str, flags)], check=True)
        write_audio(target / f"{name}.wav", mono(said)[: LONGEST_S * RATE], RATE)
        said.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
