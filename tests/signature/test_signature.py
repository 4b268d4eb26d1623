"""The voice signature against its reference, on real speech and in its statistics."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage, signal, stats

from birthmark import signature
from birthmark._core import voice_signature as core
from birthmark.attacks import Samples
from birthmark.errors import ArgumentError, FormatError, HostError
from birthmark.keys import Key
from birthmark.signature.signs import log10_tail
from tests.reference import voice_signature as reference

RATE = 16000
KEY = Key(bytes(range(32)))
ROOT = Path(__file__).parent.parent.parent


def keys(count: int, start: int = 1) -> list[Key]:
    return [KEY.decoy(n, "test") for n in range(start, start + count)]


@cache
def voice(seconds: float = 12.0, f0: float = 120.0, seed: int = 0) -> Samples:
    """A buzz with moving formants and pauses: speech enough for the classes, made here."""
    generator = np.random.default_rng(seed)
    count = round(seconds * RATE)
    pitch = f0 * 2 ** (
        0.2 * np.interp(np.arange(count), np.arange(0, count, 3000), generator.normal(size=-(-count // 3000)))
    )
    phase = np.cumsum(pitch) / RATE
    source = np.diff(np.floor(phase), prepend=0) + 0.02 * generator.normal(size=count)
    out = np.zeros(count)
    step = 1600
    for start in range(0, count, step):
        block = slice(start, start + step)
        noisy = generator.random() < 0.3
        x = generator.normal(size=count)[block] * 0.05 if noisy else source[block]
        for low, high in ((250, 850), (800, 2400), (2200, 3200), (3300, 4500)):
            f = generator.uniform(low, high)
            r = np.exp(-np.pi * 90 / RATE)
            x = signal.lfilter([1 - r], [1, -2 * r * np.cos(2 * np.pi * f / RATE), r * r], x)
        out[block] = x * (0.0 if generator.random() < 0.1 else generator.uniform(0.3, 1))
    return np.asarray(0.3 * out / np.abs(out).max(), np.float32)


def model() -> tuple[signature.Real, signature.Real]:
    """Scale of the features and centres of the classes, as compiled."""
    numbers = re.findall(r"(-?\d+\.\d+)F", (ROOT / "cpp/src/voice_signature/centres.cpp").read_text())
    scale, centres = np.split(np.array(numbers, float), [reference.FEATURES])
    return scale, centres.reshape(-1, reference.FEATURES)


def agreement_db(expected: signature.Real, got: signature.Real) -> float:
    return float(10 * np.log10(np.sum(expected**2) / np.sum((got - expected) ** 2)))


def test_embedder_matches_the_reference() -> None:
    samples = voice(4.0)
    expected = reference.embed(samples.astype(float), core.pattern(KEY).astype(float), *model())
    assert agreement_db(expected, signature.embed(samples, RATE, KEY).astype(float)) > 90


def test_analyser_matches_the_reference() -> None:
    samples = voice(6.0)
    analyser = core.SignatureAnalyser(RATE, [0.9, 1.0, 1.12])
    analyser.push(samples)
    for warp, (weight, _, _, _, pp, px) in zip([0.9, 1.0, 1.12], analyser.finish(), strict=True):
        expected = reference.moments(samples.astype(float), *model(), warp)
        assert weight == pytest.approx(expected[0], rel=1e-5)
        assert agreement_db(expected[1], pp) > 90
        assert agreement_db(expected[2], px) > 90


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_found_at_every_rate_and_in_short_recordings(rate: int) -> None:
    samples = signal.resample_poly(voice(10.0), rate, RATE).astype(np.float32)
    marked = signature.embed(samples, rate, KEY)
    assert marked.shape == samples.shape
    assert signature.detect(marked, rate, KEY).pooled[0].log10_p < -6
    assert signature.detect(samples, rate, KEY).pooled[0].log10_p > -4


def test_level_and_channel_change_nothing() -> None:
    marked = signature.embed(voice(), RATE, KEY)
    plain = signature.detect(marked, RATE, KEY).pooled[0]
    quiet = signature.detect(marked * np.float32(0.01), RATE, KEY).pooled[0]
    assert quiet.z == pytest.approx(plain.z, abs=0.01)
    coloured = signal.lfilter([1, -0.7], [1], marked).astype(np.float32)
    assert signature.detect(coloured, RATE, KEY).pooled[0].z > plain.z - 1.5
    again = signature.embed(voice() * np.float32(0.1), RATE, KEY)
    np.testing.assert_allclose(again, 0.1 * signature.embed(voice(), RATE, KEY), atol=1e-5)


def test_speed_is_found_with_its_factor() -> None:
    marked = signature.embed(voice(), RATE, KEY)
    fast = signal.resample_poly(marked, 10, 11).astype(np.float32)
    found = signature.detect(fast, RATE, KEY).pooled[0]
    assert found.log10_p < -6
    assert found.warp == pytest.approx(1.1, abs=0.025)


def test_profile_and_pooling() -> None:
    pieces = [signature.embed(voice(4.0, seed=n), RATE, KEY, 0.5, verify=False) for n in range(4)]
    unmarked = signature.profile([voice(8.0, seed=n) for n in range(10, 13)], RATE)
    blind = signature.detect(pieces, RATE, KEY)
    informed = signature.detect(pieces, RATE, KEY, reference=unmarked)
    assert len(blind.tests) == 4
    assert blind.pooled[0].log10_p < np.median([t[0].log10_p for t in blind.tests])
    assert informed.pooled[0].log10_p < -6
    assert blind.pooled[0].speech_s == pytest.approx(sum(t[0].speech_s for t in blind.tests))


def test_a_spread_sign_has_its_depth_and_moves_no_level() -> None:
    spread = core.band_spread().astype(float)
    depth = np.sqrt((spread**2).sum(axis=1))
    assert depth[[17, 40]] == pytest.approx([3.8, 5.7], rel=1e-3)
    assert abs(spread[17].sum()) < 1e-4


def test_a_profile_that_is_the_recording_itself_leaves_nothing() -> None:
    marked = signature.embed(voice(), RATE, KEY)
    found = signature.detect(marked, RATE, KEY, reference=signature.profile(marked, RATE), warps=(1.0,)).pooled[0]
    assert -3 < found.log10_p <= 0


def test_a_profile_of_the_voice_helps_and_one_of_another_costs_little() -> None:
    spoken = voice(24.0)
    host, rest = spoken[: 12 * RATE], spoken[12 * RATE :]
    weak = signature.embed(host, RATE, KEY, 0.2, verify=False)
    own, other = signature.profile(rest, RATE), signature.profile(0.5 * rest + 0.5 * voice(12.0, 200.0, 7), RATE)
    blind, informed, misled = (signature.detect(weak, RATE, KEY, r).pooled[0].z for r in (None, own, other))
    assert informed > blind
    assert misled > blind - 1


def test_a_search_of_scales_costs_unscaled_recordings_little() -> None:
    weak = signature.embed(voice(), RATE, KEY, 0.2, verify=False)
    alone = signature.detect(weak, RATE, KEY, warps=(1.0,)).pooled[0]
    searched = signature.detect(weak, RATE, KEY).pooled[0]
    assert searched.warp == 1.0
    assert searched.z == pytest.approx(alone.z)
    assert searched.log10_p == pytest.approx(alone.log10_p, abs=0.4)


def test_profile_survives_serialisation() -> None:
    made = signature.profile(voice(), RATE)
    back = signature.Profile.from_bytes(made.to_bytes())
    np.testing.assert_allclose(back.values, made.values, rtol=1e-6)
    assert back.speech_s == pytest.approx(made.speech_s)
    for broken in (b"", b"\x02BMVS", made.to_bytes()[:-1], made.to_bytes() + b"0", b"\x01BMVS" + b"\xff" * 40):
        with pytest.raises(FormatError):
            signature.Profile.from_bytes(broken)


def test_stereo_stream_equals_one_shot() -> None:
    samples = np.stack([voice(5.0), voice(5.0, seed=1)], axis=1)
    whole = signature.embed(samples, RATE, KEY)
    stream = signature.SignatureEmbedStream(KEY, RATE, 2)
    parts = [stream.process(samples[n : n + 997]) for n in range(0, len(samples), 997)]
    np.testing.assert_array_equal(np.concatenate([*parts, stream.flush()]), whole)
    assert whole.shape == samples.shape


@pytest.mark.parametrize("informed", [False, True])
@pytest.mark.parametrize(("warps", "low", "high"), [((1.0,), 0.4, 0.6), (signature.WARPS, 0.4, 0.62)])
def test_p_values_of_wrong_keys_are_uniform(warps: tuple[float, ...], low: float, high: float, informed: bool) -> None:
    """On a marked recording: 1500 other keys. Rank and tail are held to the uniform distribution."""
    marked = signature.embed(voice(), RATE, KEY)
    reference = signature.profile(voice(seed=1), RATE) if informed else None
    tests = signature.detect(marked, RATE, keys(1500), reference, warps=warps).pooled
    p = np.array([10**t.log10_p for t in tests])
    assert low < p.mean() < high
    for level in (0.1, 0.01):
        expected = 1500 * level
        assert np.sum(p <= level) < expected + 4 * np.sqrt(expected)
    assert stats.kstest(p, "uniform").pvalue > 1e-3


def test_tail_agrees_with_simulation_and_with_enumeration() -> None:
    generator = np.random.default_rng(1)
    weights = generator.exponential(size=300)
    weights /= np.linalg.norm(weights)
    sums = generator.choice([-1.0, 1.0], (200_000, 300)) @ weights
    for value in (1.0, 2.0, 3.0):
        assert 10 ** log10_tail(weights, value) == pytest.approx(np.mean(sums >= value), rel=0.1)
    assert log10_tail(weights, 6.0) < -8
    signs = 1 - 2 * ((np.arange(2**16)[:, None] >> np.arange(16)) & 1)
    few = generator.uniform(0.5, 1.5, 16)
    totals = signs @ few
    value = float(np.sort(totals)[-40])
    assert 10 ** log10_tail(few, value) == pytest.approx(40 / 2**16, rel=0.15)
    assert log10_tail(few, float(few.sum()) + 1) == pytest.approx(-16 * np.log10(2))


def test_full_scale_stays_full_scale() -> None:
    loud = voice() / np.abs(voice()).max()
    loud = np.clip(np.stack([loud, 1.3 * loud[::-1]], axis=1), -1.1, 1.1).astype(np.float32)
    marked = signature.embed(loud, RATE, KEY)
    assert np.all(np.abs(marked) <= np.maximum(1, np.abs(loud)))
    assert signature.detect(marked, RATE, KEY).pooled[0].log10_p < -6
    quiet = signature.embed(np.float32(0.1) * loud, RATE, KEY)
    assert np.abs(quiet).max() > 0.11  # the mark does raise peaks where there is room
    far = ndimage.maximum_filter1d(np.abs(10 * quiet).max(axis=1), 801) < 1
    assert far.mean() > 0.1
    np.testing.assert_allclose(marked[far], 10 * quiet[far], atol=1e-5)


def test_embedding_checks_itself() -> None:
    stream = signature.SignatureEmbedStream(KEY, RATE)
    parts = [stream.process(voice()), stream.flush()]
    found = signature.detect(np.concatenate(parts), RATE, KEY, warps=(1.0,)).pooled[0]
    assert stream.report == signature.SignatureReport(12.0, found.speech_s, found.log10_p, found.z)


@pytest.mark.parametrize(
    ("samples", "why"),
    [
        (np.zeros(5 * RATE, np.float32), "silent"),
        (voice()[: RATE + 5], r"has 0\.9 s of speech .* needs 2 s"),
        (np.sin(np.arange(10 * RATE)).astype(np.float32), "vary too little"),
    ],
)
def test_hosts_that_carry_nothing_are_refused(samples: Samples, why: str) -> None:
    with pytest.raises(HostError, match=why):
        signature.embed(samples, RATE, KEY)
    assert signature.embed(samples, RATE, KEY, verify=False).shape == samples.shape


def test_decision_counts_the_keys() -> None:
    marked = signature.embed(voice(), RATE, KEY)
    many = signature.detect(marked, RATE, [KEY, *keys(9)], threshold=-1.0)
    assert many.pooled[0].accepted
    assert all(t.accepted == (t.log10_p <= -2.0) for t in many.pooled)


def test_nothing_to_hear_is_not_found() -> None:
    for samples in (np.zeros(RATE, np.float32), np.zeros(0, np.float32), voice(12.0)[: RATE // 2]):
        test = signature.detect(samples, RATE, KEY).pooled[0]
        assert (test.log10_p, test.accepted) == (0.0, False)


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ArgumentError, match="keys is empty"):
        signature.detect(voice(), RATE, [])
    with pytest.raises(ArgumentError, match="rate is 100"):
        signature.embed(voice(), 100, KEY)
    with pytest.raises(ArgumentError, match="strength is 9"):
        signature.embed(voice(), RATE, KEY, strength=9)
    with pytest.raises(ArgumentError, match="NaN"):
        signature.embed(np.full(RATE, np.nan, np.float32), RATE, KEY)
    with pytest.raises(ArgumentError, match="NaN"):
        signature.detect(np.full(RATE, np.nan, np.float32), RATE, KEY)
    with pytest.raises(ArgumentError, match="samples is empty"):
        signature.detect([], RATE, KEY)
    with pytest.raises(ArgumentError, match="speech"):
        signature.profile(np.zeros(RATE, np.float32), RATE)
