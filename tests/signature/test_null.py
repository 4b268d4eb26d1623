"""Without the mark p-values are uniform: real voices and a synthetic one, unmarked or with another's mark, attacked."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from birthmark import signature
from birthmark.attacks import AUDIO, Samples
from birthmark.keys import Key
from birthmark.media import read_audio
from corpus import prompt_speech, voices

RATE = 16000
OWNER = Key(bytes(range(32)))
ATTACKS = ("none", "gsm", "noise_20", "reverb_0.5")


def said(text: str, folder: Path) -> Samples:
    subprocess.run(["espeak-ng", "-v", "en-us", "-w", str(folder / "said.wav"), text], check=True)
    samples, rate = read_audio(folder / "said.wav")
    assert rate == 22050
    return AUDIO["speed_0.95"](samples, RATE)


def hosts(kind: str, folder: Path) -> list[Samples]:
    if kind == "text-to-speech":
        return [said("Please hold the line while your call is connected to an operator. " * n, folder) for n in (3, 4)]
    spoken = [prompt_speech(voice, 15.0, 8) for voice in voices()]
    assert spoken
    return spoken if kind == "unmarked" else [signature.embed(samples, RATE, OWNER) for samples in spoken]


@pytest.mark.parametrize("kind", ["unmarked", "marked with another key", "text-to-speech"])
def test_p_values_are_uniform(kind: str, tmp_path: Path) -> None:
    wrong = [OWNER.decoy(n, "wrong") for n in range(150)]
    sounds = [AUDIO[name](samples, RATE, seed=1) for name in ATTACKS for samples in hosts(kind, tmp_path)]
    found = [signature.detect(sound, RATE, wrong).pooled for sound in sounds]
    p = np.array([10.0**test.log10_p for tests in found for test in tests])
    assert len(p) == 150 * len(sounds)
    assert stats.kstest(p, "uniform").pvalue > 1e-4
    for level in (0.1, 0.01, 0.001):
        expected = len(p) * level
        assert np.sum(p <= level) < expected + 4 * np.sqrt(expected) + 1
    assert not any(test.accepted for tests in found for test in tests)
