"""What marking costs: SNR, segmental SNR, loudness, PESQ and STOI per kind of host."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable

import numpy as np

import corpus
from birthmark.attacks.arrays import Samples
from birthmark.quality import audio_quality
from listening import pesq_score, stoi_score
from systems import available
from tables import heading, table

COLUMNS = (
    "host",
    "system",
    "clips",
    "SNR dB mean",
    "worst",
    "segSNR",
    "|LU| worst",
    "PESQ mean",
    "worst",
    "STOI mean",
    "worst",
)
Marking = Callable[[Samples, int, int], Samples]
"""Marks samples at a rate with a payload."""


def rate_clips(name: str, mark: Marking, host: str, clips: Iterable[corpus.Clip], speech: bool) -> list[object]:
    """One row: means and worst values over the clips; PESQ and STOI for speech only."""
    figures, scores, intelligible = [], [], []
    for number, clip in enumerate(clips):
        marked = np.asarray(mark(clip.samples, clip.rate, 0x1234567890ABCDEF + number), np.float32)
        figures.append(audio_quality(clip.samples, marked, clip.rate))
        if speech:
            score = pesq_score(clip.samples, marked, clip.rate)
            scores += [] if score is None else [score]
            intelligible.append(stoi_score(clip.samples, marked, clip.rate))
    ratios = [figure.snr_db for figure in figures]
    return [
        host, name, len(figures), float(np.mean(ratios)), min(ratios),
        float(np.mean([figure.segmental_snr_db for figure in figures])),
        max(abs(figure.loudness_change_lu) for figure in figures),
        float(np.mean(scores)) if scores else None, min(scores, default=None),
        float(np.mean(intelligible)) if intelligible else None, min(intelligible, default=None),
    ]  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Print the quality table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=8, help="clips per kind of host")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each")
    parser.add_argument("--system", action="append", help="birthmark, audiowmark, audiowmark20")
    chosen = parser.parse_args(arguments)
    print(heading("Quality at the default strength", corpus.describe()))
    count, seconds = chosen.clips, chosen.seconds
    hosts: list[tuple[str, list[corpus.Clip], bool]] = [
        ("speech", corpus.speech_clips(seconds, count), True),
        ("telephone", corpus.speech_clips(seconds, count, 8000), True),
        ("music", [corpus.music_clip(seconds, 16000, seed) for seed in range(min(count, 5))], False),
    ]
    hosts += [
        (kind, [corpus.ambient_clip(kind, seconds, 44100, seed) for seed in range(2)], False)
        for kind in ("rain", "street", "room")
    ]
    rows = [
        rate_clips(system.name, system.embed, host, clips, speech)
        for system in available(chosen.system or ["birthmark", "audiowmark"])
        for host, clips, speech in hosts
    ]
    print(table(COLUMNS, rows))


if __name__ == "__main__":
    main()
