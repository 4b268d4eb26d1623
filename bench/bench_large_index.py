"""Queries on thousands of hours, of which only the postings that these queries touch are made.

A look-up reads the lists of its codes and nothing else. So all other codes are left out, and an index of 10,000 hours,
12 GB, shrinks to what a few queries read of it: the same file format, lists as long as they would be, the hits held
against a brute-force count by number and checksum. Of codes that are too frequent to be looked up only the first
postings are written, as many as a look-up reads before it gives them up. The first hours are those of
`synthetic_index`; each further one repeats one of them with one code in ten drawn from another's. The queries are
passages of real recordings that are in the index too.

With --in-memory no index is written: the hits that a look-up would give are made from those of the first hours, within
its limits, and voted and verified.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birthmark._core import index as core
from birthmark.alignment import ACCEPTED_LOG10_P, Codes, Fingerprint, Hits, Searched
from birthmark.attacks import mixing
from birthmark.fingerprint import AudioFingerprint, by_recording, deserialize, fingerprint
from birthmark.index import Entry, FileStore, Index
from birthmark.index.store import CODE_BITS, MOST_POSTINGS, kept
from corpus import describe, prompt_speech, voices
from synthetic_index import pieces, synthetic
from tables import heading, table

RATE = 16000
QUERY_S = 5
EXCHANGED = 1 / 10
Sums = NDArray[np.uint64]


class Speech:
    """Real speech: what synthetic hours are made from, recordings to index, and passages of them as queries."""

    def __init__(self, passages: int) -> None:
        self.made: list[AudioFingerprint] = []
        self.held: list[AudioFingerprint] = []
        self.queries: list[tuple[str, float, AudioFingerprint]] = []
        """Recording, start in seconds, and fingerprint; each passage as it is and with noise at 0 dB."""
        samples = []
        for voice in voices():
            speech = prompt_speech(voice, 900, 1)
            speech = speech[: int(np.flatnonzero(speech)[-1]) + 1]
            split = len(speech) * 3 // 4
            self.made.append(fingerprint(speech[:split], RATE, query=False))
            self.held.append(fingerprint(speech[split:], RATE, query=False))
            samples.append(speech[split:])
        for i in range(passages):
            which, start = i % len(samples), (10 + 7 * i) * RATE
            clean = samples[which][start : start + QUERY_S * RATE]
            for query in (clean, mixing.noise(clean, RATE, seed=i, snr_db=0)):
                self.queries.append((f"held {which}", start / RATE, fingerprint(query, RATE)))


class TouchedIndex:
    """Makes entries that hold only touched codes, and counts them by code as they pass."""

    def __init__(self, speech: Speech, base_hours: int) -> None:
        self.probes = [next(query.probes()) for _, _, query in speech.queries]
        touched = np.zeros(1 << CODE_BITS, bool)
        for codes, _ in self.probes:
            touched[codes] = True
        self._codes = np.flatnonzero(touched)
        self._counts = np.zeros(len(self._codes), np.int64)
        self._sums = np.zeros(len(self._codes), np.uint64)
        self.blobs: list[bytes] = []
        self._base: list[tuple[Codes, Codes]] = []
        for one in synthetic(pieces(speech.made), base_hours):
            self._keep(one, touched)
        for one in speech.held:
            self._keep(one, touched)
        self._hours = base_hours
        self._flat = core.FlatIndex()
        self._held_s = [one.duration_s for one in speech.held]

    def _keep(self, one: AudioFingerprint, touched: NDArray[np.bool_]) -> None:
        codes, positions = one.postings()
        mine = touched[codes]
        self._base.append((codes[mine], positions[mine]))
        self.blobs.append(one.serialize())

    def entries(self, hours: int) -> Iterator[Entry]:
        """The real recordings, and `hours` synthetic ones named by their number."""
        self._counts[:], self._sums[:] = 0, 0
        for i, duration_s in enumerate(self._held_s):
            yield self._counted(f"held {i}", duration_s, self._hours + i, *self._base[self._hours + i])
        rng = np.random.default_rng(5)
        for hour in range(hours):
            blob = hour % self._hours
            codes, positions = self._base[blob]
            if hour >= self._hours:
                codes, other = codes.copy(), self._base[int(rng.integers(self._hours))][0]
                new = np.flatnonzero(rng.random(len(codes)) < EXCHANGED)
                codes[new] = other[rng.integers(0, len(other), len(new))]
            yield self._counted(str(hour), 3600.0, blob, codes, positions)

    def _counted(self, name: str, duration_s: float, blob: int, codes: Codes, positions: Codes) -> Entry:
        at = np.searchsorted(self._codes, codes)
        self._counts += np.bincount(at, minlength=len(self._codes))
        np.add.at(self._sums, at, _mixed(np.full(len(codes), _number(name)), positions))
        read = self._counts[at] <= MOST_POSTINGS + len(codes)
        return Entry(name, "audio", duration_s, str(blob).encode(), codes[read], positions[read])

    def hits(self, query: int, hours: int) -> Hits:
        """What a look-up in `hours` finds; hours are numbered, the real recordings follow."""
        if not len(self._flat):
            for number, (codes, positions) in enumerate(self._base):
                self._flat.add(number, codes, positions)
        codes, tags = self.probes[query]
        every = 1 << 62
        probes, numbers, positions = self._flat.lookup(codes, np.arange(len(codes), dtype=np.uint32), every, every)
        held = numbers >= self._hours
        rounds = hours // self._hours
        postings = np.bincount(probes, np.where(held, 1, rounds), len(codes)).astype(np.int64)
        rare = kept(postings, np.ones_like(postings))[probes]
        found = np.stack([tags[probes], numbers, positions])
        once, real = found[:, rare & ~held], found[:, rare & held]
        many = np.tile(once, rounds)
        rng = np.random.default_rng([6, query])
        moved = np.flatnonzero(rng.random(many.shape[1]) < EXCHANGED)
        moved = moved[moved >= once.shape[1]]
        many[1:, moved] = once[1:, rng.integers(0, once.shape[1], len(moved))]
        many[1] += np.repeat(np.arange(rounds, dtype=np.uint32), once.shape[1]) * np.uint32(self._hours)
        real[1] += np.uint32((rounds - 1) * self._hours)
        return Hits(*np.concatenate([many, real], axis=1))

    def reference(self, number: int, hours: int) -> tuple[str, Fingerprint]:
        """The recording with that number in `hits`."""
        beyond = number - hours // self._hours * self._hours
        blob = number % self._hours if beyond < 0 else self._hours + beyond
        return (str(number) if beyond < 0 else f"held {beyond}"), deserialize(self.blobs[blob])

    def check(self, query: int, hits: Hits, numbers: NDArray[np.int64]) -> float:
        """Holds the hits of a query against the counts; the share of all hits that frequent codes leave out."""
        codes, tags = self.probes[query]
        at = np.searchsorted(self._codes, codes)
        rare = kept(self._counts[at], np.ones_like(at))
        wanted, every = int(np.sum(self._counts[at][rare])), int(np.sum(self._counts[at]))
        found = len(hits.tag)
        assert found == wanted, f"query {query}: {found} hits of {every}, {wanted} have rare codes"
        mine = np.sum((hits.tag.astype(np.uint64) + 1) * _mixed(numbers[hits.recording], hits.position))
        assert mine == np.sum((tags[rare].astype(np.uint64) + 1) * self._sums[at][rare]), f"query {query}: other hits"
        return 1 - wanted / every


def _number(name: str) -> int:
    return int(name) if name.isdigit() else 1_000_000_000 + int(name.split()[1])


def _mixed(numbers: NDArray[np.int64], positions: Codes) -> Sums:
    """A number for each posting whose sums tell sets of postings apart."""
    value = numbers.astype(np.uint64) << np.uint64(32) | positions.astype(np.uint64)
    value ^= value >> np.uint64(31)
    value *= np.uint64(0x9E3779B97F4A7C15)
    return np.asarray(value ^ value >> np.uint64(29), np.uint64)


class SharedBlobs(FileStore):
    """A folder of one segment whose entries keep the number of a fingerprint in place of its bytes."""

    blobs: list[bytes]

    def _merged(self, parts: list[Any]) -> list[Any]:
        return parts if len(parts) < 2 else [self._merge(parts, len(parts))]

    def blob(self, number: int) -> bytes:
        """See Store."""
        return self.blobs[int(super().blob(number))]


def cost(speech: Speech, made: TouchedIndex, hours: int, folder: Path) -> list[object]:
    """One line of the table."""
    FileStore.create(folder).close()
    store = SharedBlobs(folder, write=True)
    store.blobs = made.blobs
    store.add(made.entries(hours))
    index = Index(store)
    index.info()
    numbers = np.zeros(max(r.number for r in index.recordings()) + 1, np.int64)
    for recording in index.recordings():
        numbers[recording.number] = _number(recording.name)
    spent, hits, left_out, sixteenth, right = [], [], [], [], 0
    for i, (name, start_s, query) in enumerate(speech.queries):
        index.search(query)  # pages are read, and what is made once is made
        codes, tags = made.probes[i]
        times = [time.process_time()]
        found = store.lookup("audio", codes, tags)
        times.append(time.process_time())
        candidates = query.candidates(found)
        times.append(time.process_time())
        aligned = index.search(query)
        times.append(time.process_time())
        spent.append(np.diff(times))
        hits.append(len(found.tag))
        sixteenth.append(candidates[-1].detail.votes)
        left_out.append(made.check(i, found, numbers))
        right += any(
            a.recording == name and abs(a.reference_start_s - a.query_start_s - start_s) < 0.1 for a in aligned
        )
        del found
    size = store.size_bytes()
    index.close()
    look_up, votes, search = 1000 * np.median(spent, axis=0)
    return [
        hours, len(speech.queries), float(np.mean(hits)) / 1e6, 100 * float(np.mean(left_out)), size / 1e9,
        float(look_up), float(votes), float(search), float(np.mean(sixteenth)), f"{right} of {len(speech.queries)}",
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    ]  # fmt: skip


def in_memory(speech: Speech, made: TouchedIndex, hours: int) -> list[object]:
    """One line of the other table."""
    hits, spent, right, searched = [], [], 0, Searched(hours, 3600.0 * hours)
    for i, (name, start_s, query) in enumerate(speech.queries):
        found = made.hits(i, hours)
        start = time.process_time()
        candidates = query.candidates(found)
        spent.append(time.process_time() - start)
        hits.append(len(found.tag))
        for number, mine in by_recording(candidates).items():
            which, reference = made.reference(number, hours)
            right += which == name and any(
                abs(a.reference_start_s - a.query_start_s - start_s) < 0.1
                for a in query.verify(reference, mine, searched, ACCEPTED_LOG10_P)
            )
    many = len(speech.queries)
    return [hours, many, float(np.mean(hits)) / 1e6, 1000 * float(np.median(spent)), f"{right} of {many}"]


COLUMNS = ("hours", "queries", "million hits", "% left out", "GB made", "ms look-up", "ms votes", "ms search",
           "votes of the last candidate", "found", "peak MB of the process")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, nargs="*", default=[1000])
    parser.add_argument("--passages", type=int, default=4, help="of 5 s, each clean and in noise")
    parser.add_argument("--base-hours", type=int, default=300)
    parser.add_argument("--folder", type=Path, help="where the index is written; a temporary folder otherwise")
    parser.add_argument("--in-memory", action="store_true", help="make hits, and no index")
    options = parser.parse_args()
    print(heading("Queries of 5 s on large indexes, of which only what they touch is made", describe()), flush=True)
    speech = Speech(options.passages)
    made = TouchedIndex(speech, options.base_hours)
    rows: list[list[object]] = []
    if options.in_memory:
        rows = [in_memory(speech, made, hours) for hours in options.hours]
        print(table(("hours", "queries", "million hits", "ms votes", "found"), rows))
        return
    for hours in options.hours:
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            rows.append(cost(speech, made, hours, Path(name) / "index"))
            print(table(COLUMNS, rows[-1:]), flush=True)
    print(table(COLUMNS, rows))
    print("\nCPU of one thread, pages in memory; half of the queries have noise as loud as the voice.")


if __name__ == "__main__":
    main()
