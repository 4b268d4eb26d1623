"""Marks put in are found, whatever the host's form; hosts and arguments that do not fit are refused."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birthmark import watermark
from birthmark.attacks import AUDIO
from birthmark.attacks.arrays import Samples, resample
from birthmark.attacks.mixing import cut_in, cut_in_start
from birthmark.errors import ArgumentError, HostError
from birthmark.keys import Key
from tests.watermark.conftest import PAYLOAD, speech

RATES = (8000, 16000, 22050, 44100, 48000, 192000)


def with_channels(samples: Samples, channels: int) -> Samples:
    """Channels of different loudness."""
    return (samples[:, None] * np.linspace(1.0, 0.4, channels, dtype=np.float32)).astype(np.float32)


def chunked_embed(samples: Samples, rate: int, key: Key, size: int) -> Samples:
    stream = watermark.EmbedStream(rate, 1 if samples.ndim == 1 else samples.shape[1], PAYLOAD, key)
    parts = [stream.process(samples[start : start + size]) for start in range(0, len(samples), size)]
    return np.concatenate([*parts, stream.flush()])


def chunked_detect(samples: Samples, rate: int, key: Key, size: int) -> list[watermark.Detection]:
    stream = watermark.DetectStream(rate, 1 if samples.ndim == 1 else samples.shape[1], key, search="plain")
    for start in range(0, len(samples), size):
        stream.process(samples[start : start + size])
    return stream.flush()


def payloads(found: list[watermark.Detection]) -> list[int]:
    return [one.payload for one in found]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2])
def test_chunks_do_not_matter(key: Key, rate: int, channels: int) -> None:
    samples = with_channels(speech(5.0, rate, seed=4), channels)
    whole = watermark.embed(samples, rate, PAYLOAD, key)
    assert whole.shape == samples.shape
    found = watermark.detect(whole, rate, key, search="plain")
    assert payloads(found) == [PAYLOAD]
    for size in (997, 4096, len(samples)):
        np.testing.assert_array_equal(chunked_embed(samples, rate, key, size), whole)
        again = chunked_detect(whole, rate, key, size)
        assert [(one.start_s, one.end_s, one.log10_p) for one in again] == [
            (one.start_s, one.end_s, one.log10_p) for one in found
        ]
        np.testing.assert_array_equal(again[0].soft_bits, found[0].soft_bits)


@pytest.mark.parametrize("size", [1, 7])
def test_smallest_chunks_do_not_matter(key: Key, size: int) -> None:
    samples = speech(4.0, 8000, seed=4)
    whole = watermark.embed(samples, 8000, PAYLOAD, key)
    np.testing.assert_array_equal(chunked_embed(samples, 8000, key, size), whole)
    one, other = chunked_detect(whole, 8000, key, size), watermark.detect(whole, 8000, key, search="plain")
    assert [(d.payload, d.log10_p) for d in one] == [(d.payload, d.log10_p) for d in other]


@pytest.mark.parametrize("payload", [0, 1, 2**63, 2**64 - 1])
def test_any_payload(key: Key, payload: int) -> None:
    marked = watermark.embed(speech(6.0), 16000, payload, key)
    assert payloads(watermark.detect(marked, 16000, key)) == [payload]


@pytest.mark.parametrize(("payload", "number"), [("0", 0), ("00c0ffee", 0xC0FFEE), ("f" * 16, 2**64 - 1)])
def test_payload_as_text(payload: str, number: int) -> None:
    assert watermark.parse_payload(payload) == number


@pytest.mark.parametrize("payload", ["", "g", "1" * 17, "-1", "1_0", -1, 2**64])
def test_bad_payloads_are_refused(payload: str | int) -> None:
    with pytest.raises(ArgumentError, match="payload"):
        watermark.parse_payload(payload)


def tone() -> Samples:
    return (0.3 * np.sin(2 * np.pi * 440 * np.arange(80000) / 16000)).astype(np.float32)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(80000, np.float32), "silent"),
        (np.full(80000, 0.25, np.float32), "cannot carry"),
        (tone(), "steady"),
        (speech(5.0)[20000:23200], "0.20 s"),
        (np.zeros(0, np.float32), "0.00 s"),
    ],
    ids=["silence", "constant", "tone", "0.2 s", "empty"],
)
def test_hosts_that_cannot_carry_the_mark_are_refused(key: Key, samples: Samples, reason: str) -> None:
    with pytest.raises(HostError, match=reason):
        watermark.embed(samples, 16000, PAYLOAD, key)
    assert watermark.detect(samples, 16000, key) == []


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_refused(key: Key, value: float) -> None:
    samples = speech(2.0).copy()
    samples[100] = value
    with pytest.raises(ArgumentError, match="NaN or infinity"):
        watermark.embed(samples, 16000, PAYLOAD, key)
    with pytest.raises(ArgumentError, match="NaN or infinity"):
        watermark.detect(samples, 16000, key)


def test_other_arguments_out_of_range_are_refused(key: Key) -> None:
    samples = speech(2.0)
    for rate in (7999, 192001, float("nan")):
        with pytest.raises(ArgumentError, match="rate"):
            watermark.embed(samples, rate, PAYLOAD, key)
        with pytest.raises(ArgumentError, match="rate"):
            watermark.detect(samples, rate, key)
    for strength in (0.0, 5.0, float("nan")):
        with pytest.raises(ArgumentError, match="strength"):
            watermark.embed(samples, 16000, PAYLOAD, key, strength=strength)
    with pytest.raises(ArgumentError, match="channels"):
        watermark.EmbedStream(16000, 2, PAYLOAD, key).process(samples)
    with pytest.raises(ArgumentError, match="channels"):
        watermark.DetectStream(16000, 2, key).process(samples)
    with pytest.raises(ArgumentError, match="key"):
        watermark.detect(samples, 16000, [])
    with pytest.raises(ArgumentError, match="threads"):
        watermark.detect(samples, 16000, key, threads=0)
    with pytest.raises(ArgumentError, match="search"):
        watermark.detect(samples, 16000, key, search="some")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="ids"):
        watermark.detect(samples, 16000, key, ids=[])


def test_full_scale_is_never_passed(key: Key) -> None:
    loud = np.clip(speech(5.0) * np.float32(12), -1, 1).astype(np.float32)
    assert np.abs(loud).max() == 1
    marked = watermark.embed(loud, 16000, PAYLOAD, key)
    assert np.abs(marked).max() <= 1
    assert payloads(watermark.detect(marked, 16000, key)) == [PAYLOAD]


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_report_and_loudness(key: Key, rate: int) -> None:
    from birthmark.quality import loudness_change, snr_db

    samples = speech(8.0, rate, seed=5)
    marked, report = watermark.embed_reported(samples, rate, PAYLOAD, key)
    assert report.seconds == pytest.approx(8.0, abs=0.001)
    assert report.log10_p < watermark.MAX_LOG10_P
    assert report.reliability > 0.8
    assert abs(loudness_change(samples, marked, rate)) < 0.1
    assert abs(report.loudness_change_lu) < 0.1
    assert report.snr_db == pytest.approx(snr_db(samples, marked), abs=1.5)


@pytest.mark.parametrize("channels", [2, 8])
def test_downmix_and_single_channels_keep_the_mark(key: Key, channels: int) -> None:
    samples = with_channels(speech(6.0, seed=6), channels)
    marked = watermark.embed(samples, 16000, PAYLOAD, key)
    assert marked.shape == samples.shape
    for part in (marked, marked.mean(axis=1), marked[:, 0], marked[:, -1]):
        assert payloads(watermark.detect(part, 16000, key, search="plain")) == [PAYLOAD]


@pytest.mark.parametrize("channels", [2, 8])
def test_channels_in_opposite_phase_are_marked_and_searched(key: Key, channels: int) -> None:
    one = speech(6.0, seed=6)
    samples = np.stack([one * (-1) ** channel for channel in range(channels)], axis=1)
    marked = watermark.embed(samples, 16000, PAYLOAD, key)
    assert payloads(watermark.detect(marked, 16000, key, search="plain")) == [PAYLOAD]
    assert payloads(watermark.detect(marked[:, 0], 16000, key, search="plain")) == [PAYLOAD]
    halves = np.concatenate([marked[:, 0], np.zeros(16000, np.float32)])
    parts = [halves[start : start + 5000] for start in range(0, len(halves), 5000)]
    stream = watermark.DetectStream(16000, 2, key, search="plain")
    for part in parts:
        stream.process(np.stack([part, -part], axis=1))
    assert payloads(stream.flush()) == [PAYLOAD]


@pytest.mark.parametrize("rate", [8000, 192000])
def test_offset_and_clipping_of_the_host(key: Key, rate: int) -> None:
    samples = resample(speech(6.0, seed=12), 16000, rate)
    level = np.float32(2 * np.sqrt(np.mean(samples**2)))
    for host in (samples + np.float32(0.2), np.clip(samples, -level, level)):
        marked = watermark.embed(host, rate, PAYLOAD, key)
        assert payloads(watermark.detect(marked, rate, key, search="plain")) == [PAYLOAD]


def test_several_marks_and_keys_in_one_file(key: Key) -> None:
    other = Key(bytes(32))
    first = watermark.embed(speech(10.0, seed=7), 16000, 11, key)
    second = watermark.embed(speech(10.0, seed=8, voice=1), 16000, 22, key)
    third = watermark.embed(speech(10.0, seed=9, voice=2), 16000, 33, other)
    suspect = np.concatenate([first, second, third])
    found = watermark.detect(suspect, 16000, [other, key])
    assert [(one.payload, one.key) for one in found] == [(11, key.id), (22, key.id), (33, other.id)]
    for number, one in enumerate(found):
        assert one.start_s == pytest.approx(10 * number, abs=1.5)
        assert one.end_s == pytest.approx(10 * number + 10, abs=1.5)


def test_cut_in_is_found_where_it_is(key: Key) -> None:
    marked = watermark.embed(speech(12.0, seed=10), 16000, PAYLOAD, key)
    background = speech(30.0, seed=11, voice=3)
    suspect = cut_in(marked, 16000, seed=3, background=background, seconds=30.0)
    start = cut_in_start(80000, 480000, 3) / 16000
    found = watermark.detect(suspect, 16000, key)
    assert payloads(found) == [PAYLOAD]
    assert found[0].start_s == pytest.approx(start, abs=1.0)
    assert found[0].end_s == pytest.approx(start + 5, abs=1.0)


def test_issued_ids_help_where_decoding_fails(key: Key) -> None:
    # At 8 kHz the registry helps before blind decoding does, and never names another ID.
    marked = AUDIO["resample_8k"](watermark.embed(speech(12.0, seed=12), 16000, PAYLOAD, key), 16000, seed=2)
    ids = watermark.issued_ids([PAYLOAD, *np.random.default_rng(1).integers(0, 2**63, 999).tolist()])
    blind, aided = [], []
    for tenths in range(6, 31, 3):
        passage = marked[40000 : 40000 + tenths * 1600]
        blind.append(PAYLOAD in payloads(watermark.detect(passage, 16000, key, search="plain")))
        found = watermark.detect(passage, 16000, key, search="plain", ids=ids)
        aided.append(PAYLOAD in payloads(found))
        assert set(payloads(found)) <= {PAYLOAD}
    assert sum(aided) > sum(blind)


@pytest.mark.parametrize("attack", ["mp3_64k", "resample_8k", "speed_1.05", "tempo_0.9", "pitch_+1", "noise_20"])
def test_attacks(key: Key, attack: str) -> None:
    marked = watermark.embed(speech(10.0, seed=13), 16000, PAYLOAD, key)
    found = watermark.detect(AUDIO[attack](marked, 16000, seed=1), 16000, key)
    assert payloads(found) == [PAYLOAD]
    if attack == "speed_1.05":
        assert found[0].speed == pytest.approx(1.05, abs=0.006)
        assert found[0].pitch == pytest.approx(1.05, abs=0.006)


def test_parametric_codec(key: Key) -> None:
    marked = watermark.embed(speech(60.0, rate=8000, seed=15, voice=1), 8000, PAYLOAD, key)
    coded = AUDIO["codec2_3200"](marked, 8000, seed=1)
    found = watermark.detect(coded, 8000, key)
    assert payloads(found) == [PAYLOAD]
    assert found[0].start_s == pytest.approx(0, abs=1.5)
    assert found[0].end_s == pytest.approx(60, abs=1.5)
    assert watermark.detect(coded, 8000, Key(bytes(32))) == []


def test_threads_do_not_matter(key: Key) -> None:
    marked = watermark.embed(speech(8.0, seed=14), 16000, PAYLOAD, key)
    one, four = (watermark.detect(marked, 16000, key, threads=threads) for threads in (1, 4))
    assert [(d.payload, d.log10_p, d.start_s) for d in one] == [(d.payload, d.log10_p, d.start_s) for d in four]


@settings(max_examples=10, deadline=None)
@given(
    rate=st.integers(8000, 96000),
    channels=st.integers(1, 4),
    payload=st.integers(0, 2**64 - 1),
    seconds=st.floats(0.0, 7.0),
    cuts=st.lists(st.floats(0, 1), max_size=4),
)
def test_any_recording_is_marked_or_refused(
    rate: int, channels: int, payload: int, seconds: float, cuts: list[float]
) -> None:
    key = Key(bytes(range(32)))
    base = speech(8.0, seed=15)
    at = np.arange(int(seconds * rate)) * (16000 / rate)
    samples = with_channels(np.interp(at, np.arange(len(base)), base).astype(np.float32), channels)
    places = [0, *sorted(int(cut * len(samples)) for cut in cuts), len(samples)]
    stream = watermark.EmbedStream(rate, channels, payload, key)
    try:
        parts = [stream.process(samples[one:two]) for one, two in pairwise(places)]
        marked = np.concatenate([*parts, stream.flush()])
    except HostError:
        assert seconds < 5
        return
    assert marked.shape == samples.shape
    assert np.isfinite(marked).all()
    assert np.abs(marked).max() <= max(1.0, np.abs(samples).max())
    assert set(payloads(watermark.detect(marked, rate, key, search="plain"))) <= {payload}
