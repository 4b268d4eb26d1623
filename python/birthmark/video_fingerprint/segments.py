"""From pairs of frames to passages: lines in time, their extent, and the decision about the moment."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from birthmark.alignment import ACCEPTED_LOG10_P, Alignment, Candidate, Searched
from birthmark.video_fingerprint import geometry
from birthmark.video_fingerprint.description import VideoDescription
from birthmark.video_fingerprint.match import (
    FRAME_EVIDENCE,
    LONGEST_GAP_S,
    MAXIMUM_SEGMENTS,
    MOTION_SPAN_S,
    Line,
    Tested,
    Verifier,
)
from birthmark.video_fingerprint.motion import SPEEDS, MotionAlignment, align_motion
from birthmark.video_fingerprint.search import Proposals

GEOMETRIES = 8 * 17 * 25  # forms, sizes, places that are tried implicitly for each pair of frames

SEED_EVIDENCE = 4.0
LINE_TOLERANCE_S = 0.75
LOG10_3 = float(np.log10(3.0))
OFFSETS_TRIED = 4  # distinct ones for each second of the reference
SPEEDS_TRIED = 20
WORTH_TRYING_LOG10_P = -1.0  # of a motion's line
LEAST_SHARE = 0.45  # people walking the same way again reached 0.43, true moments at least 0.48
CERTAIN_MOTION_LOG10_P = -10.0  # then keypoints are missed because they moved on between the described frames
FEW_PASSING = 20  # moving keypoints, below which they say nothing


def verify(
    query: VideoDescription, reference: VideoDescription, candidates: list[Candidate], searched: Searched
) -> list[Alignment]:
    """The passages of the query that show the reference, each with log10_p for the whole search, the surest first."""
    proposals = [c.detail for c in candidates if isinstance(c.detail, Proposals) and len(c.detail)]
    if not proposals or len(reference.sparse) == 0:
        return []
    verifier = Verifier(query, reference)
    frames = max(searched.duration_s, reference.duration_s) + max(searched.recordings, 1)
    tried = np.log10(len(verifier.table) * frames * GEOMETRIES)
    return _segments(verifier, verifier.proposed(proposals), float(tried))


def _segments(verifier: Verifier, tested: Tested, tried: float) -> list[Alignment]:
    """Takes the best pair of frames, follows its line, reports the passage; repeats on what is left of the query."""
    free = tested.evidence >= SEED_EVIDENCE
    found: list[Alignment] = []
    for _ in range(MAXIMUM_SEGMENTS):
        if not free.any():
            break
        seed = int(np.argmax(np.where(free, tested.evidence, -np.inf)))
        passage = _passage(verifier, tested, free, seed, tried)
        times = verifier.table.times[tested.query_frame]
        if passage is None:
            free &= np.abs(times - times[seed]) > 0.01
            continue
        found.append(passage)
        free &= (times < passage.query_start_s - 0.3) | (times > passage.query_end_s + 0.3)
        free[seed] = False
    return _surest_of_each_moment(_merged(found))


def _surest_of_each_moment(found: list[Alignment]) -> list[Alignment]:
    """The surest first; what lies by more than half in the time of a surer passage is left out."""
    kept: list[Alignment] = []
    for one in sorted(found, key=lambda alignment: alignment.log10_p):
        length = one.query_end_s - one.query_start_s
        common = [min(one.query_end_s, k.query_end_s) - max(one.query_start_s, k.query_start_s) for k in kept]
        if all(seconds <= 0.5 * length for seconds in common):
            kept.append(one)
    return kept


def _run_around(times: NDArray[np.float64], centre: float) -> tuple[float, float]:
    """The stretch of `times` around `centre` without gaps longer than LONGEST_GAP_S."""
    ordered = np.unique(times)
    breaks = np.nonzero(np.diff(ordered) > LONGEST_GAP_S)[0]
    low = ordered[breaks[ordered[breaks] < centre][-1] + 1] if np.any(ordered[breaks] < centre) else ordered[0]
    later = breaks[ordered[breaks] >= centre]
    high = ordered[later[0]] if len(later) else ordered[-1]
    half = MOTION_SPAN_S / 2
    return max(float(low), centre - half), min(float(high), centre + half)


def _passage(verifier: Verifier, tested: Tested, free: NDArray[np.bool_], seed: int, tried: float) -> Alignment | None:
    reference = verifier.reference
    form = int(tested.form[seed])
    mates = free & geometry.similar(reference, tested.maps, tested.form, seed)
    query_times = verifier.table.times[tested.query_frame]
    reference_times = reference.sparse.times[tested.reference_frame]
    low, high = _run_around(query_times[mates], float(query_times[seed]))
    mates &= (query_times >= low) & (query_times <= high)
    near = np.flatnonzero(mates)
    seed = int(
        near[geometry.most_agreed(reference, tested.maps[near], form, tested.query_frame[near], tested.evidence[near])]
    )
    centre = float(query_times[seed])
    search = _LineSearch(verifier, form, tested.maps[seed], centre, tried)
    search.try_frames(
        _line_of_frames(query_times[mates], reference_times[mates], tested.evidence[mates], seed_time=centre)
    )
    search.try_motion((low - 1.0, high + 1.25), float(reference_times[seed]))
    if not search.options:
        return None
    # Once more with the exact extent: what was cut in before and after disturbs the motion.
    first = search.best()
    start, end = verifier.edges(first.line, first.pairs, first.good)
    half = MOTION_SPAN_S / 2
    search.try_motion((max(start, centre - half), min(end, centre + half)), first.line.reference((start + end) / 2))
    return _alignment(verifier, search.best(), search.still)


def fisher_log10(first: float, second: float) -> float:
    """log10 of the probability that the product of two independent p-values is as small as that of these two."""
    natural = -(first + second) * float(np.log(10.0))
    return min(0.0, (-natural + float(np.log1p(natural))) / float(np.log(10.0)))


@dataclass(frozen=True, slots=True)
class _Option:
    """One line in time and what speaks for it."""

    line: Line
    pairs: Tested
    good: NDArray[np.bool_]
    log10_p: float
    motion: MotionAlignment | None
    share: float  # of moving keypoints found, relative to the others
    passing: int
    passing_log10_p: float

    @property
    def moment_log10_p(self) -> float:
        """How probably another moment of the scene looks as similar; 0 where what moves is not found.

        The smallest of what the motion, what the moving keypoints and what both (Fisher) say, times three.
        """
        motion = 0.0 if self.motion is None else self.motion.log10_p
        if self.passing >= FEW_PASSING and self.share < LEAST_SHARE and motion > CERTAIN_MOTION_LOG10_P:
            return 0.0
        both = fisher_log10(motion, self.passing_log10_p)
        return min(0.0, min(motion, self.passing_log10_p, both) + LOG10_3)

    @property
    def both_log10_p(self) -> float:
        """The larger of the probabilities of another scene and of another moment."""
        return max(self.log10_p, self.moment_log10_p)


class _LineSearch:
    """Tries lines in time through one pair of frames."""

    def __init__(self, verifier: Verifier, form: int, guess: NDArray[np.float32], centre: float, tried: float) -> None:
        self._verifier = verifier
        self._form = form
        self._guess = guess
        self._centre = centre
        self._tried = tried
        self.options: list[_Option] = []
        self.still = True

    def try_frames(self, line: Line) -> None:
        """A line that rests on the frames; what moves may confirm it."""
        self._try(line, None)

    def try_motion(self, span: tuple[float, float], near: float) -> None:
        """The line on which the motion during `span` of the query agrees best."""
        verifier = self._verifier
        motion = align_motion(verifier.query, verifier.reference, self._form, self._guess, span, near)
        if motion is not None:
            self.still = self.still and motion.still
            if motion.log10_p <= WORTH_TRYING_LOG10_P:
                self._try(Line(motion.speed, motion.offset_s), motion)

    def _try(self, line: Line, motion: MotionAlignment | None) -> None:
        near = float(np.clip(line.reference(self._centre), 0.0, self._verifier.reference.duration_s))
        pairs = self._verifier.along(line, self._form, self._guess, near)
        good = pairs.evidence >= FRAME_EVIDENCE
        if not good.any():
            return
        log10_p = min(0.0, self._tried - self._verifier.total_evidence(pairs))
        share, passing = self._verifier.passing_share(pairs, good)
        moment = self._verifier.passing_log10_p(pairs, good)
        if motion is None:  # the line was chosen by the frames themselves
            # Half of the probability is kept for copies at their own speed.
            lines = 2 * OFFSETS_TRIED * (1 if line.speed == 1.0 else SPEEDS_TRIED)
            moment = min(0.0, moment + float(np.log10(lines * (self._verifier.reference.duration_s + 1))))
        self.options.append(_Option(line, pairs, good, log10_p, motion, share, passing, moment))

    def best(self) -> _Option:
        """The line that is most surely the same moment, or, if none is, the one with most evidence."""
        return min(self.options, key=lambda one: (one.both_log10_p, one.log10_p))


def _line_of_frames(
    query: NDArray[np.float64], reference: NDArray[np.float64], evidence: NDArray[np.float64], seed_time: float
) -> Line:
    """The line with the most evidence near it: for every query frame the best pair within LINE_TOLERANCE_S counts."""
    _, frame = np.unique(query, return_inverse=True)
    seed = int(np.argmax(np.where(query == seed_time, evidence, -np.inf)))
    best = (-1.0, Line(1.0, float(reference[seed] - query[seed])))
    for speed in sorted(SPEEDS, key=lambda v: abs(np.log(v))):
        offset = reference[seed] - speed * query[seed]
        near = np.abs(reference - speed * query - offset) < LINE_TOLERANCE_S
        top = np.zeros(int(frame.max()) + 1)
        np.maximum.at(top, frame[near], evidence[near])
        if top.sum() > best[0] * 1.02 + 1e-9:
            refined = float(np.median((reference - speed * query)[near]))
            best = (float(top.sum()), Line(float(speed), refined))
    return best[1]


def _alignment(verifier: Verifier, option: _Option, still: bool) -> Alignment:
    query, reference = verifier.query, verifier.reference
    line, pairs = option.line, option.pairs
    start, end = verifier.edges(line, pairs, option.good)
    start = max(start, line.query(0.0), 0.0)
    end = min(end, line.query(reference.duration_s), query.duration_s)
    top = int(np.argmax(pairs.evidence))
    hit, seen = pairs.hits(top)
    log10_p = option.both_log10_p
    motion = option.motion
    if log10_p <= ACCEPTED_LOG10_P:
        moment = f"another moment of the scene: 10^{option.moment_log10_p:.1f}, by "
        if motion is not None and motion.log10_p <= option.passing_log10_p:
            moment += f"the motion, correlation {motion.correlation:.2f}"
        else:
            moment += f"what moves, of which {option.share:.0%} as much is found as of the rest"
    elif still and option.passing < FEW_PASSING:
        log10_p = option.log10_p
        moment = "nothing moves, so the moment rests on the frames alone"
    else:
        moment = "but what moves does not agree: the same scene at another moment, not counted as a match"
    why = (
        f"{int(option.good.sum())} of {len(option.good)} reference frames agree, in the best {hit} of {seen} keypoints "
        f"against a null measured on the query; {moment}"
    )
    return Alignment(
        recording="",
        medium="video",
        query_start_s=round(start, 3),
        query_end_s=round(max(end, start), 3),
        reference_start_s=round(float(np.clip(line.reference(start), 0, reference.duration_s)), 3),
        reference_end_s=round(float(np.clip(line.reference(max(end, start)), 0, reference.duration_s)), 3),
        speed=round(line.speed, 4),
        geometry=geometry.describe(query, reference, int(pairs.form[top]), pairs.maps[top]),
        log10_p=round(float(log10_p), 2),
        why=why,
    )


def _merged(found: list[Alignment]) -> list[Alignment]:
    """Joins neighbouring passages of one line that the search took in pieces."""
    ordered = sorted(found, key=lambda one: one.query_start_s)
    result: list[Alignment] = []
    for one in ordered:
        last = result[-1] if result else None
        if (
            last is not None
            and last.geometry.split(",")[0] == one.geometry.split(",")[0]
            and abs(last.speed / one.speed - 1) < 0.03
            and abs(one.query_start_s - last.query_end_s) < 1.5
            and abs(one.reference_start_s - last.reference_end_s - (one.query_start_s - last.query_end_s)) < 0.75
            and (last.log10_p <= -6) == (one.log10_p <= -6)
        ):
            better = min(last, one, key=lambda item: item.log10_p)
            result[-1] = replace(
                better,
                query_start_s=last.query_start_s,
                query_end_s=one.query_end_s,
                reference_start_s=last.reference_start_s,
                reference_end_s=one.reference_end_s,
            )
        else:
            result.append(one)
    return result
