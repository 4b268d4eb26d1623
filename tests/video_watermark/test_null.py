"""On unmarked video the statistic of a payload follows the bound, measured with keys that were never issued."""

import itertools

import numpy as np
import pytest

from birthmark._core import coding
from birthmark._core import video_mark as core
from birthmark.video_watermark.registration import Pattern
from birthmark.video_watermark.statistics import RECEIVED, log10_tail, soft_bits, spectrum
from tests.video_watermark.clips import KEY, PAYLOAD, RATE, luma_frames


def test_decoy_keys_stay_below_the_normal_tail() -> None:
    residual = core.VideoResidual(320, 240)
    for index, frame in enumerate(luma_frames(3.0)):
        residual.push(frame, index / RATE)
    residual.flush()
    seconds, slots = zip(*residual.take(), strict=True)
    # The modes stand at the same places for every key, so one folding serves all.
    folded = core.fold_modes(np.stack(slots), core.VideoPattern(KEY), np.eye(3))
    values = spectrum(folded, np.array(seconds))
    chips = np.asarray(coding.PayloadCode(core.CODE_BITS).encode(PAYLOAD), dtype=float)
    softs = [soft_bits(values, Pattern(KEY.decoy(index, "null"))) for index in range(400)]
    scores = np.array([soft.values @ chips / soft.deviation for soft in softs])
    assert abs(scores.mean()) < 0.2
    assert scores.std() < 1.1
    assert np.mean(scores > 1.645) < 0.085
    assert scores.max() < 4.5


@pytest.mark.parametrize("fall", [0.0, 0.5, 2.0])
def test_the_tail_is_a_bound_for_any_weights(fall: float) -> None:
    weights = np.arange(1.0, 15.0) ** -fall
    sums = np.sort([np.dot(signs, weights) for signs in itertools.product((-1, 1), repeat=len(weights))])
    reached = (len(sums) - np.arange(len(sums))) / len(sums)  # a sum is at least this one with this probability
    bounds = 10.0 ** np.array([log10_tail(z) for z in sums / np.linalg.norm(weights) - 1e-9])
    assert np.all(reached <= bounds)
    assert log10_tail(0.0) == 0.0
    assert log10_tail(11.0) == pytest.approx(-27.22, abs=0.01)


def test_what_stands_still_does_not_leak_into_the_harmonics() -> None:
    seconds = np.arange(0.05, 5.0, 0.1)
    still = np.full((len(seconds), 1), 100.0, np.complex64)
    amplitudes = np.abs(spectrum(still, seconds).amplitudes()[0])
    assert amplitudes[RECEIVED == 0] == pytest.approx(100, rel=0.3)
    assert amplitudes[RECEIVED != 0].max() < 6
    plain = np.abs(spectrum(still, seconds).sums[0]) / len(seconds)
    assert plain[RECEIVED != 0].max() > 15
