import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from birthmark.alignment import Alignment, Searched
from birthmark.errors import ArgumentError, FormatError
from birthmark.fingerprint import AudioFingerprint, FingerprintStream, deserialize, fingerprint
from birthmark.index import Index, MemoryStore, compare
from tests.reference import audio_fingerprint as slow
from tests.reference.indexed_voices import RATE, VOICES, excerpt, index_of_voices
from tests.reference.voices import Samples, babble

GOLDEN = Path(__file__).parent.parent / "golden" / "audio_fingerprint_v1.json"
PASSAGE = excerpt(1, 11.0, 5.0)


@pytest.fixture(scope="module")
def index() -> Index:
    return index_of_voices()


def noise(samples: Samples, snr_db: float, seed: int = 9) -> Samples:
    level = np.sqrt(np.mean(samples**2)) * 10 ** (-snr_db / 20)
    louder: Samples = samples + (level * np.random.default_rng(seed).standard_normal(len(samples))).astype(np.float32)
    return louder


def resampled(samples: Samples, speed: float) -> Samples:
    changed: Samples = signal.resample(samples, round(len(samples) / speed)).astype(np.float32)
    return changed


def test_stages_agree_with_the_slow_reference() -> None:
    samples = babble(7, 4, 8000)
    mine = fingerprint(samples, 8000)
    white = slow.whiten(slow.spectrogram(samples))
    expected = np.clip(white, -1, 3)
    error = mine.core.surface / 32 - expected
    assert mine.core.rows == len(white)
    assert np.abs(error).max() < 0.017  # half a step of 1/32 and rounding
    theirs = {tuple(row) for row in slow.peaks(white)[:, :2]}
    ours = {tuple(row) for row in mine.peaks[:, :2]}
    assert len(ours ^ theirs) <= 0.01 * len(theirs)


@pytest.mark.parametrize("chunk", [1, 7, 997, 4096])
def test_any_chunks_give_the_same_fingerprint(chunk: int) -> None:
    samples = np.stack([babble(3, 1.5, 44100), babble(4, 1.5, 44100)], axis=1)
    samples[30000:, 1] = -samples[30000:, 0]  # from here on the channels cancel
    stream = FingerprintStream(44100, 2)
    for start in range(0, len(samples), chunk):
        stream.push(samples[start : start + chunk])
    whole = fingerprint(samples, 44100)
    first = stream.finish()
    assert first.serialize() == whole.serialize()
    assert np.array_equal(first.core.surface, whole.core.surface)
    stream.push(samples)
    assert stream.finish().serialize() == whole.serialize()


@pytest.mark.parametrize("channels", [2, 8])
def test_channels_in_opposite_phase_have_the_fingerprint_of_one(channels: int) -> None:
    voice = babble(3, 6)
    cancelling = np.stack([voice * (-1) ** channel for channel in range(channels)], axis=1)
    ours = {tuple(row) for row in fingerprint(cancelling, RATE).peaks[:, :2]}
    theirs = {tuple(row) for row in fingerprint(voice, RATE).peaks[:, :2]}
    assert len(ours & theirs) >= 0.95 * len(theirs) > 100


def test_channels_that_do_not_cancel_are_averaged() -> None:
    voice, other = babble(3, 3), babble(4, 3)
    for right in (voice, 0 * voice, other, -0.3 * voice):
        both = np.stack([voice, right], axis=1)
        assert fingerprint(both, RATE).serialize() == fingerprint(both.mean(axis=1), RATE).serialize()


def test_golden_vector() -> None:
    golden = json.loads(GOLDEN.read_text())
    made = AudioFingerprint.deserialize(bytes.fromhex(golden["serialized"]))
    assert made.serialize().hex() == golden["serialized"]
    codes, rows = made.postings()
    assert (
        hashlib.sha256(codes.astype("<u4").tobytes() + rows.astype("<u4").tobytes()).hexdigest() == golden["postings"]
    )
    probes = np.concatenate([np.stack(block) for block in made.probes()], axis=1)
    assert hashlib.sha256(probes.astype("<u4").tobytes()).hexdigest() == golden["probes"]
    again = fingerprint(babble(golden["seed"], golden["seconds"]), RATE)
    same = {tuple(row) for row in again.peaks[:, :2]} & {tuple(row) for row in made.peaks[:, :2]}
    assert len(same) >= 0.98 * len(made.peaks)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_bytes_are_refused_or_read_whole(data: bytes) -> None:
    for start in (b"", b"\x01\x01", b"\x01\x01\x7f\x03"):
        try:
            assert deserialize(start + data).serialize() == start + data
        except FormatError:
            continue


def one(found: list[Alignment]) -> Alignment:
    assert len(found) == 1
    return found[0]


ATTACKS: dict[str, tuple[Callable[[Samples], Samples], float]] = {
    "none": (lambda x: x, 1.0),
    "noise 10 dB": (lambda x: noise(x, 10), 1.0),
    "noise 0 dB": (lambda x: noise(x, 0), 1.0),
    "speed 0.9": (lambda x: resampled(x, 0.9), 0.9),
    "speed 1.1": (lambda x: resampled(x, 1.1), 1.1),
    "other voice 0 dB": (lambda x: x + babble(50, len(x) / RATE), 1.0),
    "quiet, telephone band": (
        lambda x: (0.01 * signal.sosfilt(signal.butter(4, [300, 3400], "band", fs=RATE, output="sos"), x)).astype(
            np.float32
        ),
        1.0,
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_five_seconds_are_found(index: Index, attack: str) -> None:
    change, speed = ATTACKS[attack]
    query = change(PASSAGE)
    found = one(index.search(fingerprint(query, RATE)))
    assert found.recording == "voice 1"
    assert found.medium == "audio"
    assert found.log10_p < -6
    assert found.speed == pytest.approx(speed, abs=0.005)
    assert found.reference_start_s - speed * found.query_start_s == pytest.approx(11.0, abs=0.1)
    assert found.query_start_s < 0.3
    assert found.query_end_s > len(query) / RATE - 0.3


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000])
def test_the_rate_makes_no_difference(index: Index, rate: int) -> None:
    query = signal.resample(PASSAGE, 5 * rate).astype(np.float32)
    for samples in (query, np.stack([query, query], axis=1)):
        found = one(index.search(fingerprint(samples, rate)))
        assert found.recording == "voice 1"
        assert found.reference_start_s == pytest.approx(11.0, abs=0.02)


def test_passages_of_two_recordings_are_told_apart(index: Index) -> None:
    query = np.concatenate([babble(60, 20), excerpt(0, 3, 6), babble(61, 20), excerpt(2, 20, 6), babble(62, 10)])
    first, second = sorted(index.search(fingerprint(query, RATE)), key=lambda a: a.query_start_s)
    assert (first.recording, second.recording) == ("voice 0", "voice 2")
    assert [first.query_start_s, first.query_end_s] == pytest.approx([20, 26], abs=0.4)
    assert [second.query_start_s, second.query_end_s] == pytest.approx([46, 52], abs=0.4)
    assert second.reference_start_s - second.query_start_s == pytest.approx(20 - 46, abs=0.05)


def test_unrelated_sound_is_not_found(index: Index) -> None:
    found = []
    for seed in range(100, 130):
        found += index.search(fingerprint(babble(seed, 5), RATE), log10_p=0.0)
    silence = fingerprint(np.zeros(5 * RATE, np.float32), RATE)
    assert index.search(silence) == []
    tones = np.sin(np.arange(5 * RATE) * 0.3).astype(np.float32)
    assert index.search(fingerprint(tones, RATE)) == []
    # p-values count the whole search, so among 30 queries hardly one is below 0.01.
    assert sum(a.log10_p < -2 for a in found) <= 1
    assert min((a.log10_p for a in found), default=0.0) > -4


def test_log10_p_counts_what_was_searched() -> None:
    reference = fingerprint(VOICES[1], RATE, query=False)
    query = fingerprint(noise(excerpt(1, 11.0, 3.0), -3), RATE)
    _, tags = zip(*query.probes(), strict=True)
    assert len(tags) == 1
    index = Index(MemoryStore())
    index.add("", reference)
    hits = index.store.lookup("audio", *next(iter(query.probes())))
    candidates = query.candidates(hits)
    few = query.verify(reference, candidates, Searched(1, 30.0))[0]
    many = query.verify(reference, candidates, Searched(1000, 30_000_000.0))[0]
    assert many.log10_p >= few.log10_p


def test_a_stored_fingerprint_can_search(index: Index) -> None:
    stored = AudioFingerprint.deserialize(fingerprint(PASSAGE, RATE).serialize())
    assert one(index.search(stored)).recording == "voice 1"


def test_compare_refuses_nothing_and_finds_itself() -> None:
    made = fingerprint(VOICES[0], RATE)
    found = one(compare(made, made))
    assert [found.query_start_s, found.query_end_s] == pytest.approx([0, 30], abs=0.1)
    assert compare(made, fingerprint(VOICES[3], RATE)) == []
    empty = fingerprint(np.zeros(0, np.float32), RATE)
    assert empty.duration_s == 0
    assert compare(empty, made) == compare(made, empty) == []


@pytest.mark.parametrize("rate", [0, 7999, 1e6, float("nan")])
def test_rates_are_checked(rate: float) -> None:
    with pytest.raises(ArgumentError, match="rate is"):
        fingerprint(np.zeros(100, np.float32), rate)


def test_samples_are_checked() -> None:
    with pytest.raises(ArgumentError, match="samples"):
        fingerprint(np.zeros(100, np.int16), RATE)
    with pytest.raises(ArgumentError, match="channels"):
        FingerprintStream(RATE, 2).push(np.zeros((10, 3), np.float32))
    broken = PASSAGE.copy()
    broken[1000:1010] = np.nan
    assert len(fingerprint(broken, RATE).peaks) > 100
