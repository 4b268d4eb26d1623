"""Other takes of the same words: how clearly partials of the query run through the peaks of the recording.

Prompts repeat phrases, and each phrase was spoken anew. Every prompt searches the others; places that stand 6
deviations above their decoys and are no copies are other takes. They are met again through noise, a room, a loudspeaker
and GSM. The mean and the deviation of their partials, each a + b / peaks, are fitted. The constants of `log10_retake`
come from such a fit with recordings that were held back among the queries; docs/fingerprints.md says how they compare.

    PYTHONPATH=bench python experiments/audio_takes.py
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bench_fingerprint import RATE, is_copy, recordings
from birthmark._core import audio_fingerprint as core
from birthmark.alignment import Alignment
from birthmark.attacks import Samples, channel, codecs, mixing
from birthmark.fingerprint import ROW_S, by_recording, deserialize, fingerprint
from birthmark.index import Index, MemoryStore
from corpus import describe
from tables import heading, table

LEAST_SCORE = 6.0
FEWEST_PEAKS = 40
SAME_PLACE_S = 0.5
Values = NDArray[np.float64]

WAYS: dict[str, Callable[[Samples, int], Samples]] = {
    "as it is": lambda x, _: x,
    "noise 20 dB": lambda x, seed: mixing.noise(x, RATE, seed=seed, snr_db=20),
    "noise 10 dB": lambda x, seed: mixing.noise(x, RATE, seed=seed, snr_db=10),
    "noise 0 dB": lambda x, seed: mixing.noise(x, RATE, seed=seed, snr_db=0),
    "room 0.5 s": lambda x, seed: channel.reverb(x, RATE, seed=seed, rt60=0.5),
    "loudspeaker": lambda x, seed: channel.rerecord(x, RATE, seed=seed),
    "GSM": lambda x, _: codecs.gsm(x, RATE),
}


@dataclass(frozen=True)
class Take:
    """A place where a recording says what the query says."""

    recording: str
    offset_s: float
    direct: float
    room: float
    peaks: int


def takes(index: Index, indexed: list[Samples], samples: Samples, own: str) -> Iterator[Take]:
    """Other takes in recordings that are not the query's own."""
    query = fingerprint(samples, RATE)
    verifier = core.AudioVerifier(query.core, index.info().duration_s["audio"] / ROW_S)
    for codes, tags in query.probes():
        candidates = query.candidates(index.store.lookup("audio", codes, tags))
        for number, mine in by_recording(candidates).items():
            name = index.store.recording(number).name
            if name == own:
                continue
            reference = deserialize(index.store.blob(number)).core  # type: ignore[attr-defined]
            for a in verifier.verify(reference, [c.detail for c in mine]):
                times = (a.query_start, a.query_end, a.reference_start, a.reference_end)
                where = Alignment(name, "audio", *times, a.speed, "", a.log10_p, "")
                if a.score > LEAST_SCORE and not is_copy(samples, indexed, where):
                    yield Take(name, a.reference_start - a.query_start, a.partials, a.partials_in_room, a.peaks)


def fitted(values: Values, peaks: Values) -> Values:
    """Mean, its part over the number of peaks, and the same of the deviation: most likely for normal values."""

    def cost(p: Values) -> float:
        deviation = np.abs(p[2]) + np.abs(p[3]) / peaks
        return float(np.sum(0.5 * ((values - p[0] - p[1] / peaks) / deviation) ** 2 + np.log(deviation)))

    options = {"maxiter": 8000, "maxfev": 8000}
    found: Values = minimize(cost, [0.3, 10.0, 0.07, 5.0], method="Nelder-Mead", options=options).x
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the prompts that are there")
    options = parser.parse_args()
    indexed, _ = recordings(options.share)
    index = Index(MemoryStore())
    index.add_many((str(i), fingerprint(samples, RATE, query=False)) for i, samples in enumerate(indexed))
    print(heading(f"Other takes among {len(indexed)} recordings", describe()))
    found: dict[str, list[Take]] = {way: [] for way in WAYS}
    for i, samples in enumerate(indexed):
        clean = list(takes(index, indexed, samples, str(i)))
        found["as it is"] += clean
        for way in [way for way in WAYS if way != "as it is" and clean]:
            # Only at the same places: an attacked copy is no longer told by its waveform.
            found[way] += [
                take
                for take in takes(index, indexed, WAYS[way](samples, i), str(i))
                if any(
                    take.recording == one.recording and abs(take.offset_s - one.offset_s) < SAME_PLACE_S
                    for one in clean
                )
            ]
    rows = [
        [way, len(some), *(float(np.mean([getattr(t, look) for t in some])) for look in ("direct", "room"))]
        for way, some in found.items()
        if some
    ]
    print(table(["way", "takes", "direct", "room"], rows), "\n")
    every = [take for some in found.values() for take in some if take.peaks >= FEWEST_PEAKS]
    peaks = np.array([take.peaks for take in every], np.float64)
    fits = [
        [look, *map(float, fitted(np.array([getattr(take, look) for take in every]), peaks))]
        for look in ("direct", "room")
    ]
    print(table(["look", "mean", "+ / peaks", "deviation", "+ / peaks"], fits))


if __name__ == "__main__":
    main()
