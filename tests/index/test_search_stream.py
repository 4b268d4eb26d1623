import dataclasses

import numpy as np
import pytest

from birthmark.alignment import Alignment
from birthmark.errors import ArgumentError
from birthmark.fingerprint import AudioFingerprint, fingerprint
from birthmark.index import Index, SearchStream
from tests.reference.indexed_voices import RATE, VOICES, excerpt, index_of_voices
from tests.reference.voices import Samples, babble


@pytest.fixture(scope="module")
def index() -> Index:
    return index_of_voices()


@pytest.fixture(scope="module")
def query() -> Samples:
    """Voice 1 whole from 15 to 45 s, and 6 s of voice 2 at 65 s."""
    return np.concatenate([babble(60, 15), VOICES[1], babble(61, 20), excerpt(2, 8, 6), babble(62, 9)])


@pytest.mark.parametrize("chunk", [997, 16000 * 7, 10**9])
def test_passages_over_the_borders_of_pieces_are_joined(index: Index, query: Samples, chunk: int) -> None:
    stream = index.stream(RATE, piece_s=20, overlap_s=6)
    for _ in range(2):
        for start in range(0, len(query), chunk):
            stream.push(query[start : start + chunk])
        found = sorted(stream.finish(), key=lambda a: a.query_start_s)
        assert [a.recording for a in found] == ["voice 1", "voice 2"]
        assert [found[0].query_start_s, found[0].query_end_s] == pytest.approx([15, 45], abs=0.4)
        assert [found[0].reference_start_s, found[0].reference_end_s] == pytest.approx([0, 30], abs=0.4)
        assert found[0].speed == pytest.approx(1, abs=0.002)
        assert [found[1].query_start_s, found[1].query_end_s] == pytest.approx([65, 71], abs=0.4)
        assert found[1].reference_start_s - found[1].query_start_s == pytest.approx(8 - 65, abs=0.05)


def test_what_fits_into_one_piece_is_searched_as_a_whole(index: Index, query: Samples) -> None:
    stream = index.stream(RATE)
    stream.push(query)
    assert stream.finish() == index.search(fingerprint(query, RATE))
    assert stream.finish() == []


def test_every_piece_counts() -> None:
    whole = Alignment("one", "audio", 1.0, 3.0, 1.0, 3.0, 1.0, "", -10.0, "")
    answers = iter([[whole], *([[]] * 9)])
    stream = SearchStream(lambda _: next(answers), 8000, piece_s=20, overlap_s=6, log10_p=-6)
    stream.push(np.zeros(195 * 8000, np.float32))
    assert stream.finish() == [dataclasses.replace(whole, log10_p=-9.0)]


def test_no_stretch_is_longer_than_a_piece_and_its_overlap() -> None:
    lengths: list[float] = []

    def search(query: AudioFingerprint) -> list[Alignment]:
        lengths.append(query.duration_s)
        return []

    stream = SearchStream(search, 8000, piece_s=20, overlap_s=5, log10_p=-6)
    for second in range(90):
        stream.push(np.zeros(8000, np.float32))
        assert len(lengths) == max(0, (second + 1 - 5) // 20)  # each as soon as it can be
    assert stream.finish() == []
    assert lengths == pytest.approx([25, 25, 25, 25, 10], abs=0.02)


def test_arguments_are_checked(index: Index) -> None:
    with pytest.raises(ArgumentError, match="overlap_s is 400"):
        index.stream(RATE, overlap_s=400)
    with pytest.raises(ArgumentError, match="rate is"):
        index.stream(100)
    with pytest.raises(ArgumentError, match="channels"):
        index.stream(RATE, 2).push(np.zeros((10, 3), np.float32))


def test_a_limit_only_leaves_out_what_is_above_it(index: Index, query: Samples) -> None:
    everything = index.search(fingerprint(query, RATE), log10_p=0.0)
    assert any(a.log10_p > -6 for a in everything)
    assert index.search(fingerprint(query, RATE)) == [a for a in everything if a.log10_p <= -6]
