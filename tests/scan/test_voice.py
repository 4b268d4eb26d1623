"""A short marked passage in a long file."""

import numpy as np
import pytest
from numpy.typing import NDArray

from birthmark import signature
from birthmark.keys import Key
from birthmark.scan.findings import Finding
from birthmark.scan.voice import VoiceSignature
from corpus import prompt_speech, voices

KEYS = [Key(bytes([number] * 32)) for number in range(4)]


def searched(samples: NDArray[np.float32], block: int, limit: float = -6.0) -> list[Finding]:
    made = VoiceSignature(KEYS, 16000, limit)
    for start in range(0, len(samples), block):
        made.push(samples[start : start + block])
    return made.finish()


@pytest.fixture(scope="module")
def mixed() -> NDArray[np.float32]:
    """7 s of a marked voice from 70 s on, in 130 s of another voice."""
    names = list(voices())
    marked = signature.embed(prompt_speech(names[0], 7.0, 1), 16000, KEYS[2])
    other = prompt_speech(names[1], 130.0, 2)
    return np.concatenate([other[: 70 * 16000], marked, other[70 * 16000 :]])


def test_a_passage_is_found_that_the_whole_file_drowns(mixed: NDArray[np.float32]) -> None:
    (whole,) = signature.detect(mixed, 16000, KEYS[2]).tests[0]
    assert whole.log10_p > -6
    (found,) = searched(mixed, 65536)
    assert (found.key, found.start_s, found.end_s, found.tests) == (KEYS[2].id, 60.0, 90.0, 4)
    stream = signature.ContrastStream(16000)
    pieces = []
    for start in (60, 75):  # each is analysed by itself
        stream.push(mixed[start * 16000 : (start + 15) * 16000])
        pieces.append(stream.cut())
    both = signature.contrasts_of(
        [tuple(a + b for a, b in zip(*sums, strict=True)) for sums in zip(*pieces, strict=True)]
    )
    (alone,) = signature.detect_contrasts([both], KEYS[2]).tests[0]
    assert found.log10_p == pytest.approx(alone.log10_p + np.log10(2 * 9), rel=1e-6)  # nine passages, half the rate


def test_any_division_gives_the_same(mixed: NDArray[np.float32]) -> None:
    one, other = (searched(mixed, block) for block in (997, 65536))
    assert [(f.log10_p, f.start_s, f.why) for f in one] == [(f.log10_p, f.start_s, f.why) for f in other]


def test_a_short_file_is_one_test() -> None:
    marked = signature.embed(prompt_speech(next(iter(voices())), 20.0, 1), 16000, KEYS[2])
    (found,) = searched(marked, 65536)
    assert (found.start_s, found.end_s) == (0.0, 20.0)
    assert "the whole file is one test" in found.why


@pytest.mark.parametrize("seconds", [0, 1, 45])
def test_nothing_is_found_in_silence(seconds: int) -> None:
    assert searched(np.zeros(seconds * 16000, np.float32), 65536) == []
