"""Verifies candidate references: where the passage is, in which geometry, and how sure.

For a proposed pair of frames every reference keypoint is predicted in the query frame. It counts as found if a query
keypoint there agrees. The null of each keypoint is measured on the query frame itself: how often keypoints elsewhere
in it agree. Found and missed cells of a 16 x 16 grid are weighed by a mixture of likelihood ratios, an e-value: its
expectation under the null is 1, so its reciprocal bounds the p-value (Markov). Pictures that stay as they are count
once. The number of hypotheses that could have been tried is divided out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc

from birthmark._core import video_fingerprint as _core
from birthmark.video_fingerprint import geometry
from birthmark.video_fingerprint.description import VideoDescription
from birthmark.video_fingerprint.search import Proposals

GRID = 16  # cells along each side of the reference frame; neighbours inside a cell are not independent
HIT_RATES = (0.25, 0.5, 0.75, 0.95)  # of the alternative, mixed with equal weights
SMALLEST_CHANCE = 1e-3
HYPOTHESES_PER_FRAME = 6
FRAME_EVIDENCE = 2.0  # log10 of the e-value of one pair of frames
LONGEST_GAP_S = 2.5
MOTION_SPAN_S = 60.0
MAXIMUM_SEGMENTS = 64
SHIFTS_S = tuple(
    (side * shift, (1 - side) * shift) for side in (0.0, 1.0) for k in (2.0, 3.0, 5.0, 8.0, 13.0) for shift in (-k, k)
)  # of the query and of the reference, to see what other moments look like
MOMENT_PAIRS = 40
LEAST_REGIONS = 4
LEAST_SHIFTS = 3


@dataclass(frozen=True, slots=True)
class Tested:
    """Pairs of frames with their refined maps; `evidence` is the log10 of each pair's e-value."""

    query_frame: NDArray[np.int64]
    reference_frame: NDArray[np.int64]
    form: NDArray[np.int64]
    maps: NDArray[np.float32]
    start: NDArray[np.int64]  # the tested keypoints of pair i are entries start[i] to start[i + 1] of the next three
    keypoint: NDArray[np.int64]
    chance: NDArray[np.float64]
    hit: NDArray[np.bool_]
    evidence: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.form)

    def hits(self, i: int) -> tuple[int, int]:
        """How many keypoints of pair i were found, and how many ought to be visible."""
        part = slice(self.start[i], self.start[i + 1])
        return int(self.hit[part].sum()), int(self.start[i + 1] - self.start[i])


@dataclass(frozen=True, slots=True)
class Line:
    """reference time = speed * query time + offset."""

    speed: float
    offset: float

    def reference(self, time: float) -> float:
        """The reference time of a query time."""
        return self.speed * time + self.offset

    def query(self, time: float) -> float:
        """The query time of a reference time."""
        return (time - self.offset) / self.speed


def evidence_of(
    group: NDArray[np.integer],
    cell: NDArray[np.integer],
    chance: NDArray[np.floating],
    hit: NDArray[np.bool_],
    groups: int,
) -> NDArray[np.float64]:
    """log10 of the e-value of each group: keypoints of one cell are one trial that succeeds if any of them is hit."""
    key, trial = np.unique(group.astype(np.int64) * GRID**2 + cell, return_inverse=True)
    miss = np.exp(np.bincount(trial, np.log1p(-np.minimum(chance, 0.5)), len(key)))
    null = np.clip(1.0 - miss, SMALLEST_CHANCE, 0.999)
    found = np.bincount(trial, hit, len(key)) > 0
    mixed = np.full((len(HIT_RATES), groups), 0.0)
    for k, rate in enumerate(HIT_RATES):
        likely = np.maximum(rate, null)
        ratio = np.where(found, np.log10(likely / null), np.log10((1 - likely) / (1 - null)))
        mixed[k] = np.bincount(key // GRID**2, ratio, groups)
    top = mixed.max(axis=0)
    return np.asarray(top + np.log10(np.mean(10 ** (mixed - top), axis=0)))


class Verifier:
    """One query against one reference."""

    def __init__(self, query: VideoDescription, reference: VideoDescription) -> None:
        self.query = query
        self.reference = reference
        self.table = query.searched
        self._matcher = query.matcher
        self._core: _core.FeatureTable = reference.sparse.core(reference.width, reference.height)
        self._track = self._core.tracks().astype(np.int64)
        self._passing = np.bincount(self._track)[self._track] <= 2  # gone after two seconds: it moves
        column = np.minimum(reference.sparse.x / reference.width * GRID, GRID - 1).astype(np.int64)
        row = np.minimum(reference.sparse.y / reference.height * GRID, GRID - 1).astype(np.int64)
        self._cell = row * GRID + column

    def test(
        self,
        query_frame: NDArray[np.int64],
        reference_frame: NDArray[np.int64],
        form: NDArray[np.int64],
        maps: NDArray[np.float32],
    ) -> Tested:
        """Tests pairs of frames, each with a first guess of the map from the turned reference to the query."""
        frames = np.stack([query_frame, reference_frame, form], axis=1).astype(np.uint32)
        refined, start, keypoint, compared, chance, hit = self._matcher.test(self._core, frames, maps)
        first = start.astype(np.int64)
        numbers = keypoint.astype(np.int64)
        pair = np.repeat(np.arange(len(frames)), first[1:] - first[:-1])
        null = np.minimum(chance.astype(np.float64) * compared, 0.5)
        found = hit > 0
        evidence = evidence_of(pair, self._cell[numbers], null, found, len(frames))
        return Tested(query_frame, reference_frame, form, refined, first, numbers, null, found, evidence)

    def proposed(self, proposals: list[Proposals]) -> Tested:
        """Tests the most voted proposals of each query frame."""
        chosen: list[tuple[Proposals, NDArray[np.int64]]] = []
        for block in proposals:
            used: dict[int, int] = {}
            kept = []
            for i, frame in enumerate(block.query_frame.tolist()):
                used[frame] = used.get(frame, 0) + 1
                if used[frame] <= HYPOTHESES_PER_FRAME:
                    kept.append(i)
            chosen.append((block, np.array(kept, np.int64)))
        form = np.concatenate([block.form[kept] for block, kept in chosen])
        scale = np.concatenate([block.scale[kept] for block, kept in chosen])
        shift = np.concatenate([block.shift[kept] for block, kept in chosen])
        return self.test(
            np.concatenate([block.query_frame[kept] for block, kept in chosen]),
            np.concatenate([block.reference_frame[kept] for block, kept in chosen]),
            form,
            geometry.maps_of(self.reference, form, scale, shift),
        )

    def along(self, line: Line, form: int, guess: NDArray[np.float32], near: float) -> Tested:
        """Tests every reference frame against the query frame shown at the same moment of `line`.

        Goes outwards from the reference time `near`, each time with the map of the last good neighbour, and stops after
        LONGEST_GAP_S without evidence.
        """
        times = self.reference.sparse.times
        first = int(np.argmin(np.abs(times - near)))
        parts: list[Tested] = []
        for order in (range(first, len(times)), range(first - 1, -1, -1)):
            current, last_good = guess, float(times[first])
            for j in order:
                if abs(times[j] - last_good) > LONGEST_GAP_S + 1.0:
                    break
                i = self._shown_at(line.query(float(times[j])))
                if i is None:
                    continue
                one = self._pair(i, j, form, current)
                if one.evidence[0] < FRAME_EVIDENCE:
                    again = self._pair(i, j, form, guess)
                    one = again if again.evidence[0] > one.evidence[0] else one
                parts.append(one)
                if one.evidence[0] >= FRAME_EVIDENCE:
                    current, last_good = one.maps[0], float(times[j])
        return joined(parts)

    def _pair(self, i: int, j: int, form: int, guess: NDArray[np.float32]) -> Tested:
        return self.test(np.array([i]), np.array([j]), np.array([form]), guess[None])

    def _shown_at(self, time: float) -> int | None:
        """The described query frame nearest to a moment, or the last one before it while the picture stays the same."""
        times = self.table.times
        if not -0.2 <= time <= self.query.duration_s + 0.2:
            return None
        nearest = int(np.argmin(np.abs(times - time)))
        if abs(times[nearest] - time) <= 0.3:
            return nearest
        before = int(np.searchsorted(times, time, "right")) - 1
        return before if before >= 0 and time - times[before] <= 1.3 else None

    def total_evidence(self, tested: Tested) -> float:
        """log10 of the e-value of all pairs together; a keypoint that stays in place counts in its first frame only."""
        if len(tested) == 0:
            return 0.0
        pair = np.repeat(np.arange(len(tested)), tested.start[1:] - tested.start[:-1])
        _, first = np.unique(self._track[tested.keypoint], return_index=True)
        evidence = evidence_of(
            pair[first],
            self._cell[tested.keypoint[first]],
            tested.chance[first],
            tested.hit[first],
            len(tested),
        )
        # Any single pair is a valid (if weaker) statement too; half of the weight goes to the best of them.
        single = float(tested.evidence.max()) - np.log10(2 * len(tested))
        return max(float(evidence.sum() - np.log10(2)), float(single))

    def passing_share(self, tested: Tested, good: NDArray[np.bool_]) -> tuple[float, int]:
        """How often keypoints that move are found, relative to those that stay, and how many of them were tested.

        At another moment of the same scene the background is found and what moves is not.
        """
        within = np.repeat(good, tested.start[1:] - tested.start[:-1])
        passing = within & self._passing[tested.keypoint]
        staying = within & ~self._passing[tested.keypoint]
        if not passing.any():
            return 1.0, 0
        rate = float(tested.hit[passing].mean())
        usual = float(tested.hit[staying].mean()) if staying.sum() >= 20 else 0.8
        return rate / max(usual, rate, 0.3), int(passing.sum())

    def passing_log10_p(self, tested: Tested, good: NDArray[np.bool_]) -> float:
        """log10 of the probability that another moment shows what moves as often as the good pairs do.

        The picture is divided in 4 x 4 regions; a region of a frame with moving keypoints counts as found if more than
        half of them are. The null is measured: the same pairs with the query or the reference shifted in time; the
        shift at which most is found gives the probability of a binomial distribution.
        """
        chosen = np.nonzero(good)[0]
        if len(chosen) > MOMENT_PAIRS:
            chosen = chosen[np.linspace(0, len(chosen) - 1, MOMENT_PAIRS).astype(np.int64)]
        found, regions = self._regions(tested, np.isin(np.arange(len(tested)), chosen))
        if regions == 0:
            return 0.0
        rates = []
        for query_shift, reference_shift in SHIFTS_S:
            decoys = self._shifted(tested, chosen, query_shift, reference_shift)
            hit, count = self._regions(decoys, np.full(len(decoys), True)) if len(decoys) else (0, 0)
            if count >= LEAST_REGIONS:
                rates.append((hit + 1.0) / (count + 2.0))
        if len(rates) < LEAST_SHIFTS:
            return 0.0
        return float(np.log10(max(bdtrc(found - 1, regions, max(rates)), 1e-300)))

    def _shifted(self, tested: Tested, chosen: NDArray[np.int64], query_shift: float, reference_shift: float) -> Tested:
        """The chosen pairs again with one side at another moment; those that fall outside are left out."""
        times = self.reference.sparse.times
        pairs = []
        for k in chosen.tolist():
            i = self._shown_at(float(self.table.times[tested.query_frame[k]]) + query_shift)
            moment = float(times[tested.reference_frame[k]]) + reference_shift
            j = int(np.argmin(np.abs(times - moment)))
            if i is not None and abs(float(times[j]) - moment) < 0.6:
                pairs.append((i, j, k))
        if not pairs:
            return joined([])
        i, j, k = np.array(pairs, np.int64).T
        return self.test(i, j, tested.form[k], tested.maps[k])

    def _regions(self, tested: Tested, wanted: NDArray[np.bool_]) -> tuple[int, int]:
        """How many regions with moving keypoints are found in the wanted pairs, and how many there are."""
        sizes = tested.start[1:] - tested.start[:-1]
        passing = np.repeat(wanted, sizes) & self._passing[tested.keypoint]
        cell = self._cell[tested.keypoint]
        region = cell // GRID // 4 * 4 + cell % GRID // 4
        key = np.repeat(np.arange(len(tested)), sizes) * 16 + region
        _, trial = np.unique(key[passing], return_inverse=True)
        count = np.bincount(trial)
        return int(np.sum(np.bincount(trial, tested.hit[passing], len(count)) > 0.5 * count)), len(count)

    def edges(self, line: Line, tested: Tested, good: NDArray[np.bool_]) -> tuple[float, float]:
        """First and last moment of the query that still show the reference along `line`."""
        times = self.table.times
        matched = np.sort(times[tested.query_frame[good]])
        low, high = float(matched[0]), float(matched[-1])
        for direction in (-1, 1):
            at = low if direction < 0 else high
            source = int(np.argmin(np.where(good, np.abs(times[tested.query_frame] - at), np.inf)))
            guess, form = tested.maps[source], int(tested.form[source])
            i = int(np.searchsorted(times, at))
            misses = 0
            while 0 <= i + direction < len(times) and misses < 2:
                i += direction
                if not -0.1 <= line.reference(float(times[i])) <= self.reference.duration_s + 0.1:
                    break
                one = self._best_neighbour(i, line, form, guess)
                if one.evidence[0] >= FRAME_EVIDENCE:
                    at, guess, misses = float(times[i]), one.maps[0], 0
                else:
                    misses += 1
            low, high = (at, high) if direction < 0 else (low, at)
        # A frame is shown until the next described one; half of the doubt goes to either side.
        after = int(np.searchsorted(times, high, "right"))
        end = float(times[after]) if after < len(times) else self.query.duration_s
        return low, min(end, self.query.duration_s)

    def _best_neighbour(self, i: int, line: Line, form: int, guess: NDArray[np.float32]) -> Tested:
        there = line.reference(float(self.table.times[i]))
        times = self.reference.sparse.times
        near = np.unique(np.clip(np.searchsorted(times, there) + np.array([-1, 0]), 0, len(times) - 1))
        tests = [self._pair(i, int(j), form, guess) for j in near]
        return max(tests, key=lambda one: float(one.evidence[0]))


def joined(parts: list[Tested]) -> Tested:
    """One table of several, in order of reference time."""
    if not parts:
        empty = np.zeros(0, np.int64)
        nothing = np.zeros(0)
        return Tested(
            empty,
            empty,
            empty,
            np.zeros((0, 6), np.float32),
            np.zeros(1, np.int64),
            empty,
            nothing,
            nothing > 0,
            nothing,
        )
    parts = sorted(parts, key=lambda one: int(one.reference_frame[0]))
    sizes = np.concatenate([one.start[1:] - one.start[:-1] for one in parts])
    return Tested(
        query_frame=np.concatenate([one.query_frame for one in parts]),
        reference_frame=np.concatenate([one.reference_frame for one in parts]),
        form=np.concatenate([one.form for one in parts]),
        maps=np.concatenate([one.maps for one in parts]),
        start=np.concatenate([[0], np.cumsum(sizes)]),
        keypoint=np.concatenate([one.keypoint for one in parts]),
        chance=np.concatenate([one.chance for one in parts]),
        hit=np.concatenate([one.hit for one in parts]),
        evidence=np.concatenate([one.evidence for one in parts]),
    )
