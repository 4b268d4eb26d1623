"""False positives on real sound without a mark, or with marks of other keys: do the p-values keep their promise?"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import corpus
from birthmark.attacks.arrays import resample
from systems import Birthmark
from tables import heading, table

LEVELS = (-1, -2, -3, -4, -5, -6)


def unmarked(count: int, seconds: float) -> Iterator[corpus.Clip]:
    """Speech, telephone speech, music and ambient sound in turn."""
    speech = corpus.speech_clips(seconds, count)
    for index, clip in enumerate(speech):
        turn = index % 8
        if turn == 3:
            yield corpus.music_clip(seconds, 16000, index)
        elif turn == 5:
            yield corpus.ambient_clip(("rain", "street", "room")[index // 8 % 3], seconds, 16000, index)
        elif turn == 7:
            samples = resample(clip.samples, clip.rate, 8000)
            yield corpus.Clip(clip.name, clip.voice, samples, 8000)
        else:
            yield clip


def main(arguments: list[str] | None = None) -> None:
    """Count how often decoy keys reach each p-value, beside how often they may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=60, help="clips searched")
    parser.add_argument("--keys", type=int, default=16, help="decoy keys searched in each")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a clip")
    chosen = parser.parse_args(arguments)
    print(heading("False positives: keys never issued, real sound", corpus.describe()))
    system = Birthmark()
    rows: list[list[object]] = []
    for label, marks in (("unmarked", False), ("marked with another key", True)):
        reached = dict.fromkeys(LEVELS, 0)
        searched = alarms = 0
        for index, clip in enumerate(unmarked(chosen.clips if not marks else chosen.clips // 4, chosen.seconds)):
            samples = clip.samples
            if marks:
                try:
                    samples = system.embed(samples, clip.rate, 0x0123456789ABCDEF)
                except ValueError:
                    continue
            values = system.decoy_log10_p(samples, clip.rate, chosen.keys, index)
            searched += chosen.keys
            alarms += sum(value <= LEVELS[-1] for value in values)
            for level in LEVELS:
                reached[level] += sum(value <= level for value in values)
        rows += [[label, searched, f"1e{level}", reached[level], searched * 10.0**level] for level in LEVELS]
        print(f"{label}: {alarms} false positives in {searched} searches at 1e-6")
    print(table(["sound", "searches", "p at most", "seen", "allowed on average"], rows))


if __name__ == "__main__":
    main()
