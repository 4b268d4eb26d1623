"""Real and synthetic speech: who says it, what is said and what is indexed must not make a match."""

import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from bench_fingerprint import is_copy
from birthmark.attacks import channel, mixing
from birthmark.fingerprint import fingerprint
from birthmark.index import Index, MemoryStore, compare
from tests.reference.voices import Samples

RATE = 16000
PROMPTS = Path("/usr/share/asterisk/sounds")


def read(path: Path) -> Samples:
    with av.open(str(path), format="g722") as container:
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(container.streams.audio[0])]
    return np.asarray(np.concatenate(frames), np.float32) / np.float32(32768)


def prompts(voice: str, count: int) -> list[Samples]:
    """Sentences of one voice of two seconds and more."""
    files = [path for path in sorted((PROMPTS / voice).glob("*.g722")) if path.stat().st_size > 8000 * 2]
    assert len(files) > count, "install Debian's packages asterisk-core-sounds-{en,es}-g722"
    return [read(path) for path in files[:count]]


@pytest.fixture(scope="module")
def english() -> list[Samples]:
    return prompts("en_US_f_Allison", 120)


@pytest.fixture(scope="module")
def index(english: list[Samples]) -> Index:
    """Every other sentence."""
    index = Index(MemoryStore())
    index.add_many((str(i), fingerprint(one, RATE, query=False)) for i, one in enumerate(english[1::2]))
    return index


def best_log10_p(index: Index, query: Samples) -> float:
    found = index.search(fingerprint(query, RATE), log10_p=0.0)
    return min((a.log10_p for a in found), default=0.0)


def speak(folder: Path, voice: str, text: str) -> Samples:
    path = folder / "speech.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-w", str(path), text], check=True)
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(container.streams.audio[0])]
    return np.asarray(np.concatenate(frames), np.float32) / np.float32(32768)


def test_p_values_of_a_voice_that_is_not_indexed_are_never_too_small(index: Index) -> None:
    best = [best_log10_p(index, one) for one in prompts("es_MX_f_Allison", 120)]
    for limit in (-0.5, -1.0, -2.0):
        expected = len(best) * 10**limit
        assert sum(p <= limit for p in best) <= expected + 3 * np.sqrt(expected), limit
    assert min(best) > -4


def test_other_sentences_of_the_voice_that_is_indexed_are_no_match(index: Index, english: list[Samples]) -> None:
    """Some repeat half a sentence of the index in another take: the hardest case there is."""
    for one in english[0::2]:
        found = index.search(fingerprint(one, RATE))
        # A few prompts are spliced from the same recordings; their waveforms say so.
        assert all(is_copy(one, english[1::2], a) for a in found)
    assert [a.recording for a in index.search(fingerprint(english[1], RATE))] == ["0"]


def test_a_room_leaves_the_passage(index: Index, english: list[Samples]) -> None:
    """Also where reflections are louder than the voice itself: a search for the best line must not stop at one."""
    numbers = [i for i, one in enumerate(english[1::2]) if len(one) > 4 * RATE]
    missed = 0
    for i in numbers:
        for seed, rt60, distance_m in ((i, 0.5, 1.5), (100 + i, 0.6, 3.0)):
            heard = channel.reverb(english[2 * i + 1][: 5 * RATE], RATE, seed=seed, rt60=rt60, distance_m=distance_m)
            found = [a for a in index.search(fingerprint(heard, RATE)) if a.recording == str(i)]
            missed += not any(abs(a.reference_start_s - a.query_start_s) < 0.1 for a in found)
    assert len(numbers) >= 12
    assert missed == 0


def test_other_takes_of_the_same_words_are_no_match_in_noise_either(index: Index, english: list[Samples]) -> None:
    """Noise fills the valleys between partials, so that all peaks stand out more."""
    for i, one in enumerate(english[0:60:2]):
        noisy = mixing.noise(one, RATE, seed=i, snr_db=20)
        assert all(is_copy(noisy, english[1::2], a) for a in index.search(fingerprint(noisy, RATE)))


SENTENCE = "When the sunlight strikes raindrops in the air, they act as a prism and form a rainbow."
OTHER = "Please call Stella and ask her to bring these things with her from the store on Wednesday."


@pytest.mark.parametrize("voice", ["en-us", "en-us+m5"])
def test_another_voice_with_the_same_sentence_is_no_match(tmp_path: Path, voice: str) -> None:
    reference = fingerprint(speak(tmp_path, "en-gb", SENTENCE), 22050)
    assert compare(fingerprint(speak(tmp_path, voice, SENTENCE), 22050), reference) == []


@pytest.mark.parametrize("voice", ["en-gb", "en-us+m5"])
def test_the_same_voice_with_another_sentence_is_no_match(tmp_path: Path, voice: str) -> None:
    reference = fingerprint(speak(tmp_path, voice, SENTENCE), 22050)
    assert compare(fingerprint(speak(tmp_path, voice, OTHER), 22050), reference) == []
    assert len(compare(fingerprint(speak(tmp_path, voice, SENTENCE), 22050), reference)) == 1
