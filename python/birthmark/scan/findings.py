"""What a line of evidence says to a scan, and how a scan talks to a line."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from birthmark.alignment import Alignment
from birthmark.index import Index

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Finding:
    """What a line found, before the registry names anybody; fields as in `evidence.records.Hit`.

    `tests` is what log10_p has not counted yet: the number of keys for a line that tests each by itself.
    """

    line: str
    log10_p: float
    start_s: float
    end_s: float
    key: str = ""
    mark_id: str = ""
    recording: str = ""
    reference_start_s: float = math.nan
    reference_end_s: float = math.nan
    speed: float = 1.0
    change: str = ""
    why: str = ""
    tests: int = 1
    exhibit: dict[str, NDArray[Any]] = field(default_factory=dict, repr=False)


class SoundProbe(Protocol):
    """A line at work on the sound of one file."""

    all_channels: bool
    """Whether it takes (frames, channels), or (frames,): their mean."""

    def push(self, block: Samples) -> None:
        """The next samples."""

    def finish(self) -> list[Finding]:
        """What was found in all of it."""


class PictureProbe(Protocol):
    """A line at work on the picture of one file."""

    def push(self, frame: Any, seconds: float) -> None:
        """The next libav frame."""

    def finish(self) -> list[Finding]:
        """What was found in all of it."""


def ratio(value: float, name: str) -> str:
    """A change in words; empty where there is none."""
    return f"{name} x{value:.3f}" if abs(value - 1) > 0.002 else ""


def stored(index: Index, name: str, medium: str) -> bytes:
    """The serialised fingerprint of a recording in the index."""
    number = next(r.number for r in index.recordings() if (r.name, r.medium) == (name, medium))
    return index.store.blob(number)


def aligned(one: Alignment, shown: dict[str, NDArray[Any]]) -> Finding:
    """An alignment of a fingerprint as a finding."""
    return Finding(
        f"{one.medium}-fingerprint",
        one.log10_p,
        one.query_start_s,
        one.query_end_s,
        recording=one.recording,
        reference_start_s=one.reference_start_s,
        reference_end_s=one.reference_end_s,
        speed=one.speed,
        change="" if one.geometry == "identity" else one.geometry,
        why=one.why,
        exhibit=shown,
    )
