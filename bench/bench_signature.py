"""Voice signature: evidence after attacks, and speed. Detects blindly in 60 s of each prompt voice."""

from __future__ import annotations

import time

import numpy as np

from birthmark import signature
from birthmark.attacks import AUDIO
from birthmark.attacks.arrays import Samples
from birthmark.keys import Key
from corpus import PROMPTS, read_g722
from tables import heading, table

RATE = 16000
GOALS = {
    "eq": -8.0,
    "mp3_16k": -8.0,
    "opus_12k": -8.0,
    "gsm": -8.0,
    "amr_4.75": -8.0,
    "codec2_3200": -6.0,
}


def recordings(seconds: float = 60.0) -> dict[str, Samples]:
    """A minute of each voice of the prompt packages."""
    found: dict[str, Samples] = {}
    for folder in sorted(path for path in PROMPTS.glob("*_*_*_*") if path.is_dir()):
        pieces: list[Samples] = []
        for path in sorted(folder.glob("*.g722"), key=lambda p: p.stat().st_size, reverse=True):
            pieces.append(read_g722(path))
            if sum(map(len, pieces)) > seconds * RATE:
                break
        found[folder.name] = np.concatenate(pieces)[: round(seconds * RATE)]
    return found


def main() -> None:
    key, voices = Key(bytes(range(32))), recordings()
    started = time.perf_counter()
    marked = {name: signature.embed(samples, RATE, key) for name, samples in voices.items()}
    embedding = time.perf_counter() - started
    total = sum(len(samples) for samples in voices.values()) / RATE
    started = time.perf_counter()
    plain = [signature.detect(samples, RATE, key).pooled[0].log10_p for samples in marked.values()]
    detecting = time.perf_counter() - started
    rows: list[tuple[object, ...]] = [("none", -8.0, float(np.median(plain)), float(max(plain)))]
    for name, goal in GOALS.items():
        values = [
            signature.detect(AUDIO[name](samples, RATE, seed=1), RATE, key).pooled[0].log10_p
            for samples in marked.values()
        ]
        rows.append((name, goal, float(np.median(values)), float(max(values))))
    unmarked = [signature.detect(samples, RATE, key).pooled[0].log10_p for samples in voices.values()]
    rows.append(("unmarked", None, float(np.median(unmarked)), float(max(unmarked))))
    print(heading("Voice signature: log10_p", f"60 s of {len(voices)} voices, one key, blind, 15 warps"))
    print(table(["attack", "goal", "median", "worst"], rows))
    print(f"\nembed {total / embedding:.0f} x real time, detect {total / detecting:.0f} x real time, one thread")
    assert np.median(plain) < -8
    assert min(unmarked) > -6


if __name__ == "__main__":
    main()
