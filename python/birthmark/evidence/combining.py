"""What the lines say together about one person in one file, by one stated rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from birthmark.evidence.records import FileRecord, Hit
from birthmark.stats import bonferroni, fisher

GROUPS = (
    ("audio-watermark",),
    ("voice-signature",),
    ("video-watermark",),
    ("audio-fingerprint", "video-fingerprint"),
)
"""Lines that are independent of one another without a mark: each mark rests on random signs of its own, whatever the
file is. The two fingerprints both depend on the file alone, so they speak once."""


@dataclass(frozen=True)
class Combined:
    """A person in a file. `lines` have hits; the p-value is that of all groups that were run, by the rule below."""

    person: str
    handle: str
    lines: tuple[str, ...]
    log10_p_file: float
    log10_p_scan: float


def combine(file: FileRecord, hits: Sequence[Hit], files: int) -> list[Combined]:
    """One for each person with hits in a file, the surest first; `files` is the number of files in the scan.

    Of each group of GROUPS that was run, the smallest `log10_p_file` counts, and 1 where it has no hit; Fisher's rule
    joins them. `log10_p_file` is corrected for the number of lines, so that the smallest of two needs no more. Fisher's
    rule dilutes what a single line says, so twice the smaller of its result and the surest line's own is the answer:
    one of two tests, counted (Bonferroni).
    """
    made = []
    for person in dict.fromkeys(hit.person for hit in hits):
        mine = [hit for hit in hits if hit.person == person]
        run = [group for group in GROUPS if set(group) & set(file.lines)]
        best = [min((hit.log10_p_file for hit in mine if hit.line in group), default=0.0) for group in run]
        together = bonferroni(min(fisher(best), *best), 1 if len(best) == 1 else 2)
        lines = tuple(dict.fromkeys(hit.line for hit in mine))
        made.append(Combined(person, mine[0].handle, lines, together, bonferroni(together, files)))
    return sorted(made, key=lambda one: one.log10_p_file)
