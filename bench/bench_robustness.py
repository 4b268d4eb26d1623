"""Payloads recovered after each attack of the goals, ours beside other systems: `bench_robustness.py --help`."""

from __future__ import annotations

import argparse
import sys
import time

import corpus
from robustness import GOALS, measure
from systems import available
from tables import heading, table


def main(arguments: list[str] | None = None) -> None:
    """Print one table per goal: attack, goal, and per system the share recovered, placed and wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=6, help="clips per length")
    parser.add_argument("--attack", action="append", help="only these attacks")
    parser.add_argument("--system", action="append", help="birthmark, audiowmark, audiowmark20, audiowmark-speed")
    parser.add_argument("--seed", type=int, default=0, help="other clips, payloads and attack parameters")
    parser.add_argument("--jobs", type=int, default=1, help="clips worked on at once")
    parser.add_argument("--verbose", action="store_true", help="one line per clip and attack")
    chosen = parser.parse_args(arguments)
    systems = available(chosen.system or ["birthmark", "audiowmark"])
    print(heading("Robustness: % of clips whose exact payload is returned", corpus.describe()))
    columns = ["s", "attack", "goal %"]
    for system in systems:
        columns += [f"{system.name} %", "placed %", "wrong", "median log10 p", "s per clip"]
    begin = time.perf_counter()
    for goal in GOALS:
        attacks = [name for name in goal.attacks if not chosen.attack or name in chosen.attack]
        if not attacks:
            continue
        clips = corpus.speech_clips(goal.seconds, chosen.clips, goal.rate, chosen.seed)
        results = [
            measure(system, clips, attacks, chosen.seed, print if chosen.verbose else None, jobs=chosen.jobs)
            for system in systems
        ]
        rows: list[list[object]] = []
        for name in attacks:
            row: list[object] = [goal.seconds, name, goal.share]
            for result in results:
                tally = result[name]
                ordered = sorted(tally.log10_p)
                median = ordered[len(ordered) // 2] if ordered else None
                placed = 100 * tally.placed / max(1, tally.clips)
                row += [tally.percent, placed, tally.wrong, median, tally.seconds / max(1, tally.clips)]
            rows.append(row)
        print(table(columns, rows), "\n", flush=True)
        print(f"{time.perf_counter() - begin:6.0f} s  {', '.join(attacks)}", file=sys.stderr)
    print(f"{chosen.clips} clips per line; read a share as ± {100 / max(1, chosen.clips) ** 0.5:.0f} points.")


if __name__ == "__main__":
    main()
