"""What every store of an index promises, against the brute-force oracle."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest

from birthmark.alignment import Hits
from birthmark.errors import ArgumentError, FormatError
from birthmark.fingerprint import fingerprint
from birthmark.index import Entry, FileStore, Index, MemoryStore, Store
from birthmark.index.faiss_store import FaissStore
from birthmark.index.postgres_store import PostgresStore
from birthmark.index.store import FORMAT_VERSION
from postgres_server import postgres_server
from tests.reference.voices import babble

Make = Callable[[], Store]
STORES = ["memory", "file", "postgres", "faiss"]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with postgres_server() as connection:
        yield connection


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store
    if request.param == "memory":
        made = MemoryStore()
    elif request.param == "file":
        made = FileStore.create(tmp_path / "index")
    elif request.param == "faiss":
        made = FaissStore()
    else:
        made = PostgresStore(request.getfixturevalue("server"))
        made.remove([recording.name for recording in made.recordings()])
    yield made
    made.close()


def entry(name: str, seed: int, medium: str = "audio", count: int = 400) -> Entry:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 300, count).astype(np.uint32)
    codes[:3] = (0, 1, 2**28 - 1)
    positions = rng.integers(0, 5000, count).astype(np.uint32)
    positions[:2] = (0, 2**32 - 1 if medium == "video" else 4999)
    return Entry(name, medium, 10.0 + seed, f"blob {name}".encode(), codes, positions)


PROBES = (
    np.array([0, 1, 5, 5, 299, 298, 2**28 - 1, 2**27, 77], np.uint32),
    np.array([10, 11, 12, 13, 14, 15, 16, 2**32 - 1, 18], np.uint32),
)


def named(store: Store, hits: Hits) -> list[tuple[int, str, int]]:
    rows = zip(hits.tag.tolist(), hits.recording.tolist(), hits.position.tolist(), strict=True)
    return sorted((tag, store.recording(number).name, position) for tag, number, position in rows)


def same_as_oracle(store: Store, entries: list[Entry]) -> None:
    oracle = MemoryStore()
    oracle.add(entries)
    assert [(r.name, r.medium, r.duration_s) for r in store.recordings()] == [
        (r.name, r.medium, r.duration_s) for r in oracle.recordings()
    ]
    for medium in ("audio", "video", "smell"):
        expected = named(oracle, oracle.lookup(medium, *PROBES))
        assert named(store, store.lookup(medium, *PROBES)) == expected
    for recording in store.recordings():
        assert store.blob(recording.number) == f"blob {recording.name}".encode()
        assert store.recording(recording.number) == recording


def test_empty_store(store: Store) -> None:
    same_as_oracle(store, [])
    assert store.remove(["nobody"]) == 0
    assert store.add([]) == 0
    assert store.size_bytes() >= 0


def test_add_look_up_replace_and_remove(store: Store) -> None:
    first = [entry("a", 1), entry("b", 2), entry("a", 3, "video"), entry("ü/空 x", 4), entry("none", 5, count=3)]
    assert store.add(first) == 5
    same_as_oracle(store, first)
    more = [entry(f"more {i}", 10 + i) for i in range(12)]
    for one in more:
        assert store.add([one]) == 1
    same_as_oracle(store, first + more)
    replaced = entry("b", 99)
    store.add([replaced])
    same_as_oracle(store, [first[0], *first[2:], *more, replaced])
    assert store.remove(["a", "more 3", "more 4", "unknown"]) == 4
    left = [first[3], first[4], replaced, *(one for i, one in enumerate(more) if i not in (3, 4))]
    same_as_oracle(store, left)
    assert store.size_bytes() > 0
    assert store.remove([one.name for one in left]) == len(left)
    same_as_oracle(store, [])


def test_an_add_that_fails_changes_nothing(store: Store) -> None:
    store.add([entry("a", 1)])

    def entries() -> Iterator[Entry]:
        yield entry("b", 2)
        yield entry("a", 3)
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        store.add(entries())
    same_as_oracle(store, [entry("a", 1)])


def test_entries_are_checked() -> None:
    numbers = np.zeros(3, np.uint32)
    with pytest.raises(ArgumentError, match="codes has 3"):
        Entry("a", "audio", 1.0, b"", numbers, numbers[:2])
    with pytest.raises(ArgumentError, match="2\\*\\*28"):
        Entry("a", "audio", 1.0, b"", numbers + 2**28, numbers)


@pytest.mark.parametrize(
    ("probes", "found"),
    [
        ([7, 8, 9, 10], {8: 3000, 9: 900, 10: 1}),  # 7 stands more than 20,000 times
        ([9, 8], {9: 900}),  # two probes have up to 2,000 hits
        ([8, 8, 9, 9, 10, 10], {9: 900, 10: 1}),
        ([8], {}),
    ],
)
def test_frequent_codes_are_left_out(store: Store, probes: list[int], found: dict[int, int]) -> None:
    codes = np.repeat(np.array([7, 8, 9, 10], np.uint32), (20_001, 3000, 900, 1))
    store.add([Entry("a", "audio", 600.0, b"", codes, np.arange(len(codes), dtype=np.uint32))])
    hits = store.lookup("audio", np.array(probes, np.uint32), np.arange(len(probes), dtype=np.uint32))
    counts = np.bincount(hits.tag, minlength=len(probes)).tolist()
    assert counts == [found.get(code, 0) for code in probes]


def test_search_gives_the_same_over_every_store(store: Store) -> None:
    voices = [babble(seed, 15) for seed in range(5)]
    index, oracle = Index(store), Index(MemoryStore())
    for made in (index, oracle):
        made.add_many((f"voice {i}", fingerprint(voice, 16000, query=False)) for i, voice in enumerate(voices))
    assert index.info().recordings == {"audio": 5}
    assert index.info().duration_s == {"audio": pytest.approx(75, abs=0.1)}
    query = fingerprint(voices[2][16000 * 4 : 16000 * 9], 16000)
    found = index.search(query)
    assert found == oracle.search(query)
    assert [a.recording for a in found] == ["voice 2"]
    assert dict(index.serialize()) == dict(oracle.serialize())
    index.remove("voice 2")
    assert index.search(query) == []


def test_tables_of_another_version_are_refused(server: str) -> None:
    PostgresStore(server).close()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("UPDATE birthmark_index SET version = 1")
        try:
            with pytest.raises(FormatError, match=r"version 1; allowed: 3"):
                PostgresStore(server)
        finally:
            connection.execute("UPDATE birthmark_index SET version = %s", (FORMAT_VERSION,))
