"""Whether two passages show the same moment of a scene: p-values against their measured null."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from birthmark.video_fingerprint import VideoFingerprint
from birthmark.video_fingerprint.motion import align_motion, chance_log10
from birthmark.video_fingerprint.segments import fisher_log10
from tests.video_fingerprint.scenes import RATE, accepted, query, reference, scene, search

IDENTITY = np.array([1, 0, 0, 0, 1, 0], np.float64)


def fingerprint_of(motion: np.ndarray) -> VideoFingerprint:
    blank = reference(scene(1, 0.2))
    return VideoFingerprint(len(motion) / 8, 1.0, 1.0, blank.sparse, motion.astype(np.float32))


def walk(random: np.random.Generator, seconds: float) -> np.ndarray:
    """Cells whose luma changes smoothly, neighbours alike."""
    steps = random.standard_normal((int(seconds * 8), 18, 18))
    smooth = (steps[:, 1:-1, 1:-1] + steps[:, :-2, 1:-1] + steps[:, 2:, 1:-1] + steps[:, 1:-1, :-2]) * 2
    return np.asarray(128 + np.cumsum(smooth, axis=0))


@pytest.mark.parametrize(("kind", "least"), [("normal", 0.1), ("laplace", 0.3)])
def test_the_chance_of_a_largest_value_is_nearly_uniform_for_the_tail_that_is_assumed(kind: str, least: float) -> None:
    random = np.random.default_rng(1)
    draw = random.standard_normal if kind == "normal" else lambda size: random.laplace(size=size)
    found = np.array([chance_log10(float(draw(2000).max()), draw(6000), 2000, 0.0) for _ in range(300)])
    assert least < np.mean(found <= np.log10(0.5)) < 0.75
    assert np.mean(found <= -1.0) < 0.2
    assert np.mean(found <= -2.0) < 0.04


def test_beyond_the_sample_the_chance_is_not_below_the_normal_tail() -> None:
    sample = np.random.default_rng(2).standard_normal(5000)
    for value in (4.0, 6.0, 9.0):
        assert chance_log10(value, sample, 1) > norm.logsf(value) / np.log(10)
    assert chance_log10(9.0, sample, 1) < -8
    assert chance_log10(9.0, sample[:50], 1) == 0.0  # too few to measure a null with


def test_a_quiet_sample_does_not_make_a_small_value_improbable() -> None:
    quiet = 0.01 * np.random.default_rng(4).standard_normal(5000)
    for sample in (quiet, quiet[:2000]):  # measured to 99.9 % and to 99 %: the same is taken for granted of both
        assert chance_log10(0.2, sample, 1) == pytest.approx(-2.0)
        assert chance_log10(1.5, sample, 1) < -9.0


def test_what_all_cells_do_at_once_is_no_evidence() -> None:
    random = np.random.default_rng(5)
    flicker = 3.0 * random.standard_normal((96, 1, 1))
    one, other = (fingerprint_of(walk(random, 12) + flicker) for _ in range(2))
    motion = align_motion(one, other, 0, IDENTITY, (0.0, 12.0), 6.0)
    assert motion is None or motion.log10_p > -2.0


def test_fisher_is_the_tail_of_chi_square_with_four_degrees() -> None:
    assert fisher_log10(-2.0, -3.0) == pytest.approx(np.log10(1e-5 * (1 + 5 * np.log(10))))
    assert fisher_log10(0.0, 0.0) == 0.0


def test_unrelated_motion_has_no_small_p_value_and_its_own_has() -> None:
    random = np.random.default_rng(3)
    found = []
    for _ in range(24):
        one, other = (fingerprint_of(walk(random, 8)) for _ in range(2))
        motion = align_motion(one, other, 0, IDENTITY, (0.0, 8.0), 4.0)
        found.append(0.0 if motion is None else motion.log10_p)
    assert np.mean(np.array(found) <= -1.0) <= 0.2
    assert min(found) > -4.0
    whole = walk(random, 12)
    part = whole[24:72] + random.standard_normal((48, 16, 16))
    motion = align_motion(fingerprint_of(part), fingerprint_of(whole), 0, IDENTITY, (0.0, 6.0), 6.0)
    assert motion is not None
    assert motion.speed == pytest.approx(1.0, abs=0.01)
    assert motion.offset_s == pytest.approx(3.0, abs=0.13)
    assert motion.log10_p < -9


def test_other_moments_of_a_fixed_camera_are_not_matches() -> None:
    for seed in range(4):
        whole = scene(100 + seed, 10.0, drift=0.0)
        half = len(whole) // 2
        first = reference(whole[:half])
        found = search(query(whole[half:]), [first])
        assert found, "the scene itself ought to be recognised"
        assert all(one.log10_p > -4 for _, one in found)
        same = accepted(query(whole[round(RATE) : half]), [first])
        assert [round(one.reference_start_s) for _, one in same] == [1]
