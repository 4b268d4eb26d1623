"""Embedding and detecting speed on one thread, 60 s of 44.1 kHz, ours beside audiowmark where it is installed.

Processor time counts, not the clock on the wall: of this process for ours, of the program for audiowmark, which
includes its reading and writing of WAV files.
"""

from __future__ import annotations

import argparse
import resource
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import corpus
from birthmark.attacks.arrays import Samples, fit_length, resample
from systems import Audiowmark, Birthmark, System
from tables import heading, table

SECONDS, RATE = 60, 44100
PAYLOAD = 0xFEEDFACE12345678
Result = TypeVar("Result")


def processor_s(of_programs: bool) -> float:
    """Processor seconds used so far, by this process or by the programs that it ran."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN if of_programs else resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def times_real(run: Callable[[], Result], rounds: int, of_programs: bool) -> tuple[float, Result]:
    """Multiples of real time of the fastest round, and what it returned."""
    times = []
    for _ in range(rounds):
        begin = processor_s(of_programs)
        result = run()
        times.append(processor_s(of_programs) - begin)
    return SECONDS / min(times), result


def host() -> Samples:
    """A minute of real speech at 44.1 kHz."""
    clip = corpus.speech_clips(SECONDS, 1)[0]
    return fit_length(resample(clip.samples, clip.rate, RATE), SECONDS * RATE)


def systems() -> list[tuple[System, bool]]:
    """The systems, and whether each is a program."""
    ours: list[tuple[System, bool]] = [(Birthmark(search="plain"), False), (Birthmark(search="full"), False)]
    try:
        return [*ours, (Audiowmark(), True), (Audiowmark(speed=True), True)]
    except FileNotFoundError as error:
        print(error)
        return ours


def main(arguments: list[str] | None = None) -> None:
    """Print multiples of real time; the payload found is checked, and that nothing is found where nothing is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="the fastest of so many counts; programs run once")
    chosen = parser.parse_args(arguments)
    print(heading("Speed, one thread, multiples of real time", f"{SECONDS} s of speech at {RATE} Hz"))
    samples, rows = host(), []
    for system, program in systems():
        rounds = 1 if program else chosen.rounds
        embedding, marked = times_real(partial(system.embed, samples, RATE, PAYLOAD), rounds, program)
        finding, found = times_real(partial(system.detect, marked, RATE), rounds, program)
        searching, nothing = times_real(partial(system.detect, samples, RATE), rounds, program)
        right = PAYLOAD in [one.payload for one in found]
        rows.append([system.name, embedding, finding, searching, "yes" if right else "NO", len(nothing)])
    columns = ["system", "embed", "detect, marked", "detect, unmarked", "payload right", "payloads in unmarked"]
    print(table(columns, rows))


if __name__ == "__main__":
    main()
