"""False positives on real sound without a mark, or with marks of other keys: do the p-values keep their promise?"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import stats

import corpus
from birthmark._core import audio_mark
from birthmark.attacks.arrays import as_columns, resample
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


def agreements(clip: corpus.Clip, system: Birthmark, keys: int, trial: int) -> NDArray[np.float64]:
    """z of the soft chips of the three readings with the chips of keys never issued, at one alignment: (3, keys)."""
    mono = resample(as_columns(clip.samples)[:, 0], clip.rate, 16000)
    chips = np.stack([audio_mark.chips(system.key.decoy(k, f"z {trial}"), k).ravel() for k in range(keys)], axis=1)
    found = []
    for reading in (audio_mark.Reading.waveform, audio_mark.Reading.vocoder, audio_mark.Reading.noise):
        soft = audio_mark.without_bias(audio_mark.soft_chips(mono, phases=1, reading=reading), phases=1)
        padded = np.pad(soft.astype(np.float64), ((0, -len(soft) % 64), (0, 0)))
        block = padded.reshape(-1, 64 * 27).sum(axis=0)
        found.append(block @ chips / max(float(np.linalg.norm(block)), 1e-30))
    return np.array(found)


def main(arguments: list[str] | None = None) -> None:
    """Count how often decoy keys reach each p-value, beside how often they may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=60, help="clips searched")
    parser.add_argument("--keys", type=int, default=16, help="decoy keys searched in each")
    parser.add_argument("--z-keys", type=int, default=400, help="decoy keys compared with each at one alignment")
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

    z = np.concatenate(
        [
            agreements(clip, system, chosen.z_keys, index).ravel()
            for index, clip in enumerate(unmarked(chosen.clips, chosen.seconds))
        ]
    )
    print("\nBefore anything is counted that was searched: agreement z at one alignment, normal if the promise holds")
    expected = [(level, len(z) * 10.0**level) for level in LEVELS if len(z) * 10.0**level >= 0.5]
    rows = [[f"1e{level}", int(np.sum(z >= stats.norm.isf(10.0**level))), wanted] for level, wanted in expected]
    print(table(["normal tail", f"seen of {len(z)}", "expected"], rows))
    print(f"standard deviation {np.std(z):.3f}, largest {np.max(z):.2f}")


if __name__ == "__main__":
    main()
