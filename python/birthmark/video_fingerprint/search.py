"""Finds the references that may hold a passage of a query: codes to store, codes to look up, votes on geometry.

A descriptor gives two exact codes of 20 bits each. A query looks up the codes of its keypoints in all eight mirrored
and turned forms; every hit proposes a similarity between a query frame and a reference frame, and hits that propose
the same one vote for it. Unrelated frames collect two or three votes by chance, copies five to some hundred.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from birthmark._core import video_fingerprint as _core
from birthmark.alignment import Candidate, Hits
from birthmark.video_fingerprint.description import FrameTable, VideoDescription

PROBE_INTERVAL_S = 0.95  # between looked-up frames
PROBES_PER_CELL = 3  # keypoints of a level looked up in each of 8 x 8 cells of a frame
BLOCK_FRAMES = 10
POSITION_BITS = 7  # of each coordinate in a posting, which covers -1 to 1 from the centre of the frame
MINIMUM_VOTES = 3
CELL = 0.2  # of the picture's size: votes closer than this agree
MAXIMUM_HYPOTHESES = 200  # for each recording


@dataclass(frozen=True, slots=True)
class Proposals:
    """Proposed pairs of frames and the similarity between them, most votes first.

    A point p of the reference, measured from the centre of its frame and turned by `form`, appears in the query at
    scale * p + shift, measured from the corner.
    """

    query_frame: NDArray[np.int64]  # of the dense table if there is one
    reference_frame: NDArray[np.int64]
    form: NDArray[np.int64]
    scale: NDArray[np.float64]
    shift: NDArray[np.float64]  # (n, 2)
    votes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.votes)


def _code(bits: NDArray[np.uint32], table: int) -> NDArray[np.uint32]:
    return _core.codes(bits, table) | np.uint32(table << _core.CODE_BITS)


def frame_of(table: FrameTable, keypoints: NDArray[np.integer]) -> NDArray[np.int64]:
    """The frame that each keypoint belongs to."""
    return np.searchsorted(table.start, keypoints, "right").astype(np.int64) - 1


def postings(fingerprint: VideoDescription) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Two codes for each stored keypoint; the position packs its frame, its size and where it is."""
    table = fingerprint.sparse
    frame = frame_of(table, np.arange(len(table.x)))
    steps = 1 << POSITION_BITS
    across = np.clip((table.x - fingerprint.width / 2 + 1) * steps / 2, 0, steps - 1).astype(np.uint32)
    down = np.clip((table.y - fingerprint.height / 2 + 1) * steps / 2, 0, steps - 1).astype(np.uint32)
    size = (table.level // 2).astype(np.uint32)  # sparse levels are odd and at most 15
    position = ((frame.astype(np.uint32) << 3 | size) << POSITION_BITS | across) << POSITION_BITS | down
    codes = [_code(table.bits, k) for k in range(_core.CODE_TABLES)]
    return np.concatenate(codes), np.tile(position, _core.CODE_TABLES)


def _unpacked(position: NDArray[np.uint32]) -> tuple[NDArray[np.int64], ...]:
    value = position.astype(np.int64)
    steps = 1 << POSITION_BITS
    down = value % steps
    across = (value >> POSITION_BITS) % steps
    size = (value >> (2 * POSITION_BITS)) & 7
    return value >> (2 * POSITION_BITS + 3), 2 * size + 1, across, down


def probe_frames(table: FrameTable) -> list[int]:
    """Frames at least PROBE_INTERVAL_S apart."""
    chosen: list[int] = []
    for i, time in enumerate(table.times):
        if not chosen or time - table.times[chosen[-1]] >= PROBE_INTERVAL_S:
            chosen.append(i)
    return chosen


def _spread(fingerprint: VideoDescription, table: FrameTable, frame: int) -> NDArray[np.int64]:
    """The strongest keypoints of each level in each of 8 x 8 cells of a frame."""
    first, last = int(table.start[frame]), int(table.start[frame + 1])
    column = np.minimum(table.x[first:last] / fingerprint.width * 8, 7).astype(np.int64)
    row = np.minimum(table.y[first:last] / fingerprint.height * 8, 7).astype(np.int64)
    cell = (table.level[first:last].astype(np.int64) * 8 + row) * 8 + column
    order = np.argsort(cell, kind="stable")
    in_order = cell[order]
    rank = np.empty(len(cell), np.int64)
    rank[order] = np.arange(len(cell)) - np.searchsorted(in_order, in_order, "left")
    return first + np.nonzero(rank < PROBES_PER_CELL)[0]


def probes(fingerprint: VideoDescription) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.uint32]]]:
    """Codes to look up and their tags (keypoint * 8 + form), ten frames at a time."""
    table = fingerprint.searched
    chosen = probe_frames(table)
    for at in range(0, len(chosen), BLOCK_FRAMES):
        block = chosen[at : at + BLOCK_FRAMES]
        keypoints = np.concatenate([_spread(fingerprint, table, frame) for frame in block])
        codes: list[NDArray[np.uint32]] = []
        tags: list[NDArray[np.uint32]] = []
        for form in range(8):
            # The reference went through `form`; the query's descriptors go back.
            bits = _core.transform_bits(table.bits[keypoints], _core.inverse_form(form))
            for k in range(_core.CODE_TABLES):
                codes.append(_code(bits, k))
                tags.append((keypoints * 8 + form).astype(np.uint32))
        yield np.concatenate(codes), np.concatenate(tags)


def candidates(fingerprint: VideoDescription, hits: Hits, limit: int) -> list[Candidate]:
    """For each recording with agreeing hits its Proposals; the `limit` recordings with most agreement."""
    if len(hits.tag) == 0:
        return []
    table = fingerprint.searched
    keypoint = (hits.tag >> 3).astype(np.int64)
    form = (hits.tag & 7).astype(np.int64)
    reference_frame, size, across, down = _unpacked(hits.position)
    steps = (size - table.level[keypoint]).astype(np.int64)
    scale = 2.0 ** (steps / 4)
    x, y = (2 * (v + 0.5) / (1 << POSITION_BITS) - 1 for v in (across, down))
    x, y = np.where(form & 4, y, x), np.where(form & 4, x, y)
    shift_x = table.x[keypoint] - scale * np.where(form & 1, -x, x)
    shift_y = table.y[keypoint] - scale * np.where(form & 2, -y, y)
    names, recording = np.unique(hits.recording, return_inverse=True)
    query_frame = frame_of(table, keypoint)
    cells = [np.floor((v + 4) / (CELL * scale)).astype(np.int64) for v in (shift_x, shift_y)]
    columns = [recording.astype(np.int64), query_frame, reference_frame, form, steps + 32, *cells]
    group, count = _grouped(columns)
    keep = count >= MINIMUM_VOTES
    means = [np.bincount(group, v, len(count))[keep] / count[keep] for v in (shift_x, shift_y)]
    first = np.full(len(count), -1)
    first[group[::-1]] = np.arange(len(group))[::-1]
    one = first[keep]
    found = Proposals(
        query_frame[one], reference_frame[one], form[one], scale[one], np.stack(means, axis=1), count[keep]
    )
    return _ranked(found, recording[one], names, limit)


def _grouped(columns: list[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers equal rows alike; gives the number of each row and the size of each group."""
    group = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        low = int(column.min())
        span = int(column.max()) - low + 1
        _, group = np.unique(group * span + (column - low), return_inverse=True)
    return group, np.bincount(group)


def _ranked(
    found: Proposals, recording: NDArray[np.integer], names: NDArray[np.integer], limit: int
) -> list[Candidate]:
    """One candidate for each recording, ranked by the votes beyond chance summed over query frames."""
    ranked: list[tuple[int, Candidate]] = []
    for index in np.unique(recording):
        mine = np.nonzero(recording == index)[0]
        mine = mine[np.argsort(-found.votes[mine], kind="stable")]
        _, best = np.unique(found.query_frame[mine], return_index=True)
        score = int(np.sum(found.votes[mine][best] - MINIMUM_VOTES + 1))
        mine = mine[:MAXIMUM_HYPOTHESES]
        detail = Proposals(
            found.query_frame[mine],
            found.reference_frame[mine],
            found.form[mine],
            found.scale[mine],
            found.shift[mine],
            found.votes[mine],
        )
        ranked.append((score, Candidate(int(names[index]), detail)))
    ranked.sort(key=lambda item: -item[0])
    return [candidate for _, candidate in ranked[:limit]]
