"""The benchmark machinery, with a watermark that cannot fail and one that always does."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from birthmark.attacks import Samples
from birthmark.attacks.mixing import talker
from corpus import Clip, ambient_clip, describe, music_clip, other_speech, speech_clips, voices
from robustness import GOALS, false_alarms, measure
from systems import Found
from tables import heading, table

RATE = 16000


class Oracle:
    """Remembers the payload; finds it when anything is left of the sound."""

    name = "oracle"

    def __init__(self, right: bool = True) -> None:
        self._here, self.right = threading.local(), right

    @property
    def payload(self) -> int:
        return int(getattr(self._here, "payload", 0))

    @payload.setter
    def payload(self, value: int) -> None:
        self._here.payload = value

    def embed(self, samples: Samples, rate: int, payload: int) -> Samples:
        if len(samples) < rate:
            raise ValueError("too short to carry a mark")
        self.payload = payload
        return samples

    def detect(self, samples: Samples, rate: int) -> list[Found]:
        seconds = len(samples) / rate
        return [Found(self.payload if self.right else self.payload ^ 1, 0.0, seconds, -9.0)]


def clips(seconds: float = 2.0) -> list[Clip]:
    return [Clip(f"talker {seed}", f"talker {seed}", talker(int(seconds * RATE), RATE, seed), RATE) for seed in (1, 2)]


def test_tallies() -> None:
    good = measure(Oracle(), clips(), ["none", "speech_10", "music_10", "noise_20"])
    assert {name: tally.percent for name, tally in good.items()} == dict.fromkeys(good, 100.0)
    assert good["none"].placed == 2
    assert good["none"].wrong == 0
    assert measure(Oracle(), clips(), ["none", "noise_20"], jobs=2)["noise_20"].percent == 100.0
    bad = measure(Oracle(right=False), clips(), ["none"])
    assert (bad["none"].percent, bad["none"].wrong) == (0.0, 2)


def test_refused_host_counts_as_lost() -> None:
    told: list[str] = []
    tally = measure(Oracle(), clips(0.5), ["none"], progress=told.append)["none"]
    assert (tally.clips, tally.exact) == (2, 0)
    assert "too short" in told[0]


def test_false_alarms_are_counted() -> None:
    assert false_alarms(Oracle(), clips()) == (2, 2)


def test_goals_name_known_attacks() -> None:
    from birthmark.attacks import AUDIO

    assert all(name in AUDIO for goal in GOALS for name in goal.attacks)


def test_corpus_is_seeded_and_has_its_lengths() -> None:
    for kind in ("rain", "street", "room"):
        clip = ambient_clip(kind, 1.5, 22050, seed=1)
        assert len(clip.samples) == round(1.5 * 22050)
        assert np.array_equal(clip.samples, ambient_clip(kind, 1.5, 22050, seed=1).samples)
    assert len(music_clip(1.5, 22050, 2).samples) == round(1.5 * 22050)
    if voices():
        first, second = speech_clips(5, 3, 8000), speech_clips(5, 3, 8000)
        assert all(np.array_equal(a.samples, b.samples) for a, b in zip(first, second, strict=True))
        assert all(len(clip.samples) == 40000 for clip in first)
        assert len(other_speech(first[0], 4.0)) == 32000
    else:
        with pytest.raises(RuntimeError, match="asterisk"):
            speech_clips(5, 100)


def test_table() -> None:
    text = table(["a", "b"], [["x", 0.12345], ["long", None]])
    assert text.splitlines() == ["| a    | b     |", "| ---- | ----- |", "| x    | 0.123 |", "| long | –     |"]
    assert "commit" in heading("Title", describe())
