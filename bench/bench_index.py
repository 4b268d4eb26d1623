"""What an index costs: bytes, adding, look-up and memory by hours of speech, each answer held against brute force."""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from birthmark._core import index as core
from birthmark.alignment import Hits
from birthmark.fingerprint import AudioFingerprint, fingerprint
from birthmark.index import Entry, FileStore, Index, Store
from birthmark.index.faiss_store import FaissStore
from birthmark.index.postgres_store import PostgresStore
from birthmark.index.store import kept
from corpus import describe, prompt_speech, voices
from postgres_server import postgres_server
from synthetic_index import Peaks, pieces, synthetic
from tables import heading, table

RATE = 16000
BATCH_HOURS = 50
QUERY_S = 5
_ALL = 1 << 62
Rows = NDArray[np.uint32]


def real_speech() -> tuple[list[AudioFingerprint], list[AudioFingerprint]]:
    """Fingerprints to make the index from, and queries of 5 s of the same voices that are not among them."""
    made, queries = [], []
    for voice in voices():
        speech = prompt_speech(voice, 900, 1)
        speech = speech[: int(np.flatnonzero(speech)[-1]) + 1]
        split = len(speech) * 3 // 4
        made.append(fingerprint(speech[:split], RATE, query=False))
        queries.append(fingerprint(speech[split : split + QUERY_S * RATE], RATE))
    return made, queries


class Oracle:
    """Reads every posting for every query, batch by batch, so that it needs no memory for all of them."""

    def __init__(self, queries: list[AudioFingerprint]) -> None:
        self._probes = [next(query.probes()) for query in queries]
        self._found: list[list[Rows]] = [[] for _ in queries]

    def read(self, entries: list[Entry]) -> None:
        """Look up all queries in these entries."""
        flat = core.FlatIndex()
        for number, entry in enumerate(entries):
            flat.add(number, entry.codes, entry.positions)
        for (codes, _), found in zip(self._probes, self._found, strict=True):
            probes, recordings, positions = flat.lookup(codes, np.arange(len(codes), dtype=np.uint32), _ALL, _ALL)
            hours = np.array([int(entry.name) for entry in entries], np.uint32)[recordings]
            found.append(np.stack([probes, hours, positions], axis=1))

    def hits(self, query: int) -> Rows:
        """Sorted rows of tag, hour and position; codes with too many postings left out."""
        codes, tags = self._probes[query]
        found = np.concatenate(self._found[query])
        _, which = np.unique(codes, return_inverse=True)
        # Probes with one code have the same postings: count those of the first.
        first = np.zeros(int(which.max()) + 1, np.int64)
        first[which[::-1]] = np.arange(len(codes))[::-1]
        counts = np.bincount(found[:, 0], minlength=len(codes))[first[which]]
        found = found[kept(counts, np.ones_like(counts))[found[:, 0]]]
        return ordered(tags[found[:, 0]], found[:, 1], found[:, 2])


def ordered(tags: Rows, hours: Rows, positions: Rows) -> Rows:
    """Rows of tag, hour and position in their order."""
    order = np.lexsort((positions, hours, tags))
    return np.stack([tags[order], hours[order], positions[order]], axis=1)


def batches(real: list[Peaks], hours: int, step: int) -> Iterator[list[Entry]]:
    """Synthetic recordings of an hour, named by their number."""
    for first in range(0, hours, step):
        made = synthetic(real, min(first + step, hours), first=first)
        yield [
            Entry(str(first + i), "audio", one.duration_s, one.serialize(), *one.postings())
            for i, one in enumerate(made)
        ]


def recall(index: Index, queries: list[AudioFingerprint], oracle: Oracle) -> float:
    """Share of the oracle's hits that the store has; anything else than the same hits is an error."""
    names = {recording.number: int(recording.name) for recording in index.recordings()}
    hours = np.zeros(max(names) + 1, np.uint32)
    hours[list(names)] = list(names.values())
    held = wanted = 0
    for i, query in enumerate(queries):
        codes, tags = next(query.probes())
        hits: Hits = index.store.lookup("audio", codes, tags)
        mine, theirs = ordered(hits.tag, hours[hits.recording], hits.position), oracle.hits(i)
        assert np.array_equal(mine, theirs), f"query {i}: {len(mine)} hits, the oracle has {len(theirs)}"
        held, wanted = held + len(mine), wanted + len(theirs)
    return held / wanted


def cost(
    store: Store, entries: Iterator[list[Entry]], hours: int, queries: list[AudioFingerprint], reopen: Path | None
) -> list[object]:
    """One line of the table."""
    oracle, spent = Oracle(queries), 0.0
    for batch in entries:
        start = time.process_time()
        store.add(batch)
        spent += time.process_time() - start
        oracle.read(batch)
    if reopen is not None:
        store.close()
        start = time.process_time()
        store = FileStore(reopen)
        opened: float | None = 1000 * (time.process_time() - start)
    else:
        opened = None
    index = Index(store)
    index.info()
    votes, searches, hits = [], [], []
    for query in queries * 3:
        start = time.process_time()
        codes, tags = next(query.probes())
        found = store.lookup("audio", codes, tags)
        query.candidates(found)
        middle = time.process_time()
        index.search(query)
        votes.append(middle - start)
        searches.append(time.process_time() - middle)
        hits.append(len(found.tag))
    share = recall(index, queries, oracle)
    size = store.size_bytes()
    index.close()
    return [
        hours, size / hours / 1e6, hours * 3600 / spent, opened, float(np.mean(hits)) / hours,
        1000 * float(np.median(votes)), 1000 * float(np.median(searches)), 100 * share,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    ]  # fmt: skip


COLUMNS = ("store", "hours", "MB per hour", "added, x real time", "ms to open", "hits an hour", "ms look-up and votes",
           "ms search", "recall, %", "peak MB of the process")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, nargs="*", default=[10, 100], help="1000 takes some ten minutes, 1.3 GB")
    parser.add_argument("--folder", type=Path, help="where the index is written; a temporary folder otherwise")
    parser.add_argument("--faiss-hours", type=int, default=10)
    parser.add_argument("--postgres-hours", type=int, default=1)
    options = parser.parse_args()
    made, queries = real_speech()
    real = pieces(made)
    print(heading("Cost of an index: synthetic codes with the statistics of speech, queries of 5 s", describe()))
    own = core.FlatIndex()
    for i, one in enumerate(made):
        own.add(i, *one.postings())
    hours = sum(one.duration_s for one in made) / 3600
    hits = [len(own.lookup(*next(query.probes()), _ALL, _ALL)[0]) / hours for query in queries]
    print(f"hits an hour of the same queries in {hours:.2f} h of real speech: {np.mean(hits):.0f}\n", flush=True)
    rows: list[list[object]] = []
    with ExitStack() as stack:
        base = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for wanted in options.hours:
            path = base / f"{wanted}-hours"
            store = FileStore.create(path)
            rows.append(["file", *cost(store, batches(real, wanted, BATCH_HOURS), wanted, queries, path)])
        if options.faiss_hours:
            n = options.faiss_hours
            rows.append(["faiss", *cost(FaissStore(), batches(real, n, BATCH_HOURS), n, queries, None)])
        if options.postgres_hours:
            n = options.postgres_hours
            server = stack.enter_context(postgres_server())
            rows.append(["PostgreSQL", *cost(PostgresStore(server), batches(real, n, 1), n, queries, None)])
        print(table(COLUMNS, rows))
    print("\nCPU of this process, one thread; PostgreSQL's server is another process. Memory is the highest so far,")
    print("with the oracle's batch; pages of a mapped index that were touched count.")


if __name__ == "__main__":
    main()
