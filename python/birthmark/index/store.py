"""The contract of every store of an index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from birthmark.alignment import Codes, Hits
from birthmark.errors import ArgumentError, FormatError

MOST_POSTINGS = 20_000
"""Codes with more postings than this, in one part of a store, are left out of a lookup: they tell nothing apart."""

MOST_HITS = 1000
"""Hits for each probe of a lookup, on the average, that one part of a store gives: the rarest codes first."""

CODE_BITS = 28

FORMAT_VERSION = 3
"""Raised with every change of the codes of a fingerprint, which would be looked up and never found, and of its serial
form, which would be found and could not be read: version 2 may hold video fingerprints of version 1."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a store keeps of one recording and medium."""

    name: str
    medium: str
    duration_s: float
    blob: bytes
    """The serialised fingerprint."""
    codes: Codes
    positions: Codes

    def __post_init__(self) -> None:
        if len(self.codes) != len(self.positions):
            raise ArgumentError(
                f"codes has {len(self.codes)} elements, positions {len(self.positions)}; allowed: equal"
            )
        if len(self.codes) and int(self.codes.max()) >> CODE_BITS:
            raise ArgumentError(f"codes holds {int(self.codes.max())}; allowed: below 2**{CODE_BITS}")


def kept(postings: NDArray[np.integer[Any]], probes: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Which codes a lookup keeps, from the postings and the probes of each: see MOST_POSTINGS and MOST_HITS.

    Of codes with equally many postings all are kept or none.
    """
    in_order = np.argsort(postings, kind="stable")
    hits = np.cumsum((postings * probes)[in_order], dtype=np.int64)
    left_out = postings[in_order][hits > MOST_HITS * np.sum(probes)]
    return np.asarray((postings <= MOST_POSTINGS) & (postings < np.min(left_out, initial=np.iinfo(np.int64).max)))


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording and medium as listed; `number` is the store's own and holds until the next change."""

    number: int
    name: str
    medium: str
    duration_s: float


def check_version(where: str, found: object, remedy: str) -> None:
    """Raise FormatError, which says what to do, unless what a store notes of its version is FORMAT_VERSION."""
    if found != FORMAT_VERSION:
        raise FormatError(
            f"{where}: an index of version {found}; allowed: {FORMAT_VERSION}, which has other codes or fingerprints; "
            f"{remedy}"
        )


class Store(Protocol):
    """Keeps entries and finds postings by code. A name may stand once for each medium.

    `add` replaces entries of the same name and medium. All of one `add` or `remove` is seen, or nothing.
    """

    def add(self, entries: Iterable[Entry]) -> int:
        """Store entries, replacing those of the same name and medium; how many."""

    def remove(self, names: Iterable[str]) -> int:
        """Forget all media of these recordings; how many entries that were. Unknown names are passed over."""

    def recordings(self) -> list[Recording]:
        """Everything that is stored, sorted by name and medium."""

    def lookup(self, medium: str, codes: Codes, tags: Codes) -> Hits:
        """All pairs of a probe and a posting of the medium with the same code; of frequent codes none, see `kept`."""

    def recording(self, number: int) -> Recording:
        """The recording that a hit names."""

    def blob(self, number: int) -> bytes:
        """Its serialised fingerprint."""

    def size_bytes(self) -> int:
        """Bytes that the store takes."""

    def close(self) -> None:
        """Release files and connections."""
