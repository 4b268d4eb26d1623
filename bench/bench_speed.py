"""Embedding and detecting speed on one thread, 60 s of 44.1 kHz, ours beside audiowmark where it is installed."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import corpus
from birthmark.attacks.arrays import Samples, fit_length, resample
from systems import available
from tables import heading, table

SECONDS, RATE = 60, 44100


def fastest(run: Callable[[], object], rounds: int) -> float:
    """Seconds of the fastest round."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return min(times)


def host() -> Samples:
    """A minute of real speech at 44.1 kHz."""
    clip = corpus.speech_clips(SECONDS, 1)[0]
    return fit_length(resample(clip.samples, clip.rate, RATE), SECONDS * RATE)


def main(arguments: list[str] | None = None) -> None:
    """Print multiples of real time; the payload found is checked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="the fastest of so many counts")
    chosen = parser.parse_args(arguments)
    print(heading("Speed, one thread, multiples of real time", f"{SECONDS} s of speech at {RATE} Hz"))
    samples, payload, rows = host(), 0xFEEDFACE12345678, []
    for system in available(["birthmark", "audiowmark", "audiowmark-speed"]):
        marked = system.embed(samples, RATE, payload)
        embed = fastest(lambda s=system: s.embed(samples, RATE, payload), chosen.rounds)  # type: ignore[misc]
        detect = fastest(lambda s=system, m=marked: s.detect(m, RATE), chosen.rounds)  # type: ignore[misc]
        right = payload in [found.payload for found in system.detect(marked, RATE)]
        rows.append([system.name, SECONDS / embed, SECONDS / detect, "yes" if right else "NO"])
    print(table(["system", "embed", "detect", "payload right"], rows))


if __name__ == "__main__":
    main()
