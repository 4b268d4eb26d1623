"""p-values keep their promise on real sound that carries no mark of the key searched."""

import numpy as np
import pytest
from scipy import stats

from birthmark import watermark
from birthmark._core import audio_mark
from birthmark.keys import Key
from tests.watermark.conftest import PAYLOAD, speech

SEGMENTS = 60
DECOYS = 4


def fold(soft: np.ndarray) -> np.ndarray:
    """(slots, pairs) soft chips -> one block of sums."""
    block = np.zeros((64, soft.shape[1]))
    for slot in range(64):
        block[slot] = soft[slot::64].sum(axis=0)
    return block


@pytest.mark.parametrize("marked", [False, True], ids=["unmarked", "marked with another key"])
def test_log10_p_of_decoy_keys_is_as_rare_as_it_says(key: Key, marked: bool) -> None:
    values = []
    for segment in range(SEGMENTS if not marked else SEGMENTS // 4):
        samples = speech(6.0, seed=100 + segment, voice=segment)
        if marked:
            samples = watermark.embed(samples, 16000, PAYLOAD, key)
        decoys = [key.decoy(number, f"statistics {segment}") for number in range(DECOYS)]
        best = dict.fromkeys((decoy.id for decoy in decoys), 0.0)
        for one in watermark.detect(samples, 16000, decoys, search="plain", max_log10_p=0.0):
            best[one.key] = min(best[one.key], one.log10_p)
        values += list(best.values())
    for level in (-1, -2, -3):
        seen = sum(value <= level for value in values)
        # More than a fair count would give once in 10,000 runs breaks the promise.
        assert seen <= stats.binom.ppf(1 - 1e-4, len(values), 10.0**level), (level, seen)


def test_agreement_with_a_key_never_used_is_standard_normal(key: Key) -> None:
    z = []
    for segment in range(40):
        samples = speech(5.0, seed=300 + segment, voice=segment)
        if segment % 2:
            samples = watermark.embed(samples, 16000, PAYLOAD, key)
        block = fold(audio_mark.soft_chips(samples, phases=1).astype(np.float64))
        for number in range(10):
            chips = audio_mark.chips(key.decoy(number, f"normal {segment}"), PAYLOAD)
            z.append((block * chips).sum() / np.linalg.norm(block))
    assert stats.kstest(z, "norm").pvalue > 1e-4
    assert np.std(z) == pytest.approx(1, abs=0.15)


def test_agreement_with_the_right_key_is_far_out(key: Key) -> None:
    marked = watermark.embed(speech(8.0, seed=5), 16000, PAYLOAD, key)
    block = fold(audio_mark.soft_chips(marked, phases=1).astype(np.float64))
    assert (block * audio_mark.chips(key, PAYLOAD)).sum() / np.linalg.norm(block) > 15
    assert watermark.detect(marked, 16000, Key(bytes(32))) == []


def test_log10_p_counts_the_issued_ids(key: Key) -> None:
    passage = watermark.embed(speech(8.0, seed=5), 16000, PAYLOAD, key)[:64000]
    few, many = [PAYLOAD], [PAYLOAD, *range(1, 10000)]
    one, two = (watermark.detect(passage, 16000, key, search="plain", ids=ids)[0] for ids in (few, many))
    assert one.payload == two.payload == PAYLOAD
    assert one.log10_p <= two.log10_p
