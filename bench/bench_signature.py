"""Voice signature: evidence after attacks, p-values without the mark, quality, a cloned voice, and speed.

Detects blindly in a minute of each voice. `--quick` leaves out the vocoders and the clone.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import corpus
from bench_quality import COLUMNS, rate_clips
from birthmark import signature
from birthmark.attacks import AUDIO
from birthmark.attacks.arrays import Samples, resample
from birthmark.keys import Key
from birthmark.media import read_audio
from birthmark.recordings import SoundEmbedStream
from tables import heading, table

RATE = 16000
OWNER = Key(bytes(range(32)))
GOALS: dict[str, float | None] = {
    "none": -8.0, "eq": -8.0, "mp3_16k": -8.0, "opus_12k": -8.0, "gsm": -8.0, "amr_4.75": -8.0,
    "speed_1.1": -6.0, "tempo_0.9": -6.0, "pitch_+2": -6.0, "pitch_-2": -6.0, "codec2_3200": -6.0,
    "noise_20": None, "reverb_0.5": None, "phone_call": None,
}  # fmt: skip
SLOW: dict[str, float | None] = {"world_coded": -6.0, "griffin_lim": -6.0}
TEXT = "Please hold while your call is connected. The quick brown fox jumps over the lazy dog, and runs away."


def recordings(seconds: float = 60.0) -> dict[str, Samples]:
    """A minute of each voice: the prompt packages' and the media folder's."""
    found = {voice: corpus.prompt_speech(voice, seconds, 4) for voice in corpus.voices()}
    for voice, (samples, rate) in corpus.shared_speech().items():
        if len(samples) >= seconds * rate:
            found[voice] = resample(samples[: round(seconds * rate)], rate, RATE)
    return found


def synthetic(language: str) -> Samples:
    """What espeak-ng says."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "said.wav")
        subprocess.run(["espeak-ng", "-v", language, "-w", str(path), 3 * TEXT], check=True)
        samples, rate = read_audio(path)
    return resample(samples, rate, RATE)


def null_p_values(voices: dict[str, Samples], keys: int) -> Iterator[tuple[str, list[float]]]:
    """p-values of keys that the recordings were not marked with: unmarked, marked by others, attacked, synthesised."""
    wrong = [OWNER.decoy(n, "wrong") for n in range(keys)]
    hosts = {
        "unmarked": list(voices.values()),
        "marked with another key": [signature.embed(samples, RATE, OWNER) for samples in voices.values()],
        "text-to-speech": [synthetic(language) for language in ("en-us", "es", "fr+f2")],
    }
    for host, sounds in hosts.items():
        for attack in ("none", "gsm", "noise_20"):
            attacked = [AUDIO[attack](samples, RATE, seed=n) for n, samples in enumerate(sounds)]
            tests = [test for sound in attacked for test in signature.detect(sound, RATE, wrong).pooled]
            yield f"{host}, {attack}", [10.0**test.log10_p for test in tests]


def survival(voices: dict[str, Samples], goals: dict[str, float | None]) -> None:
    """Print the evidence after each attack."""
    keys = [OWNER.decoy(n, "bench") for n in range(len(voices))]
    marked = [signature.embed(s, RATE, key) for s, key in zip(voices.values(), keys, strict=True)]
    rows: list[tuple[object, ...]] = []
    for name, goal in goals.items():
        values = [
            signature.detect(AUDIO[name](s, RATE, seed=1), RATE, key).pooled[0].log10_p
            for s, key in zip(marked, keys, strict=True)
        ]
        rows.append((name, goal, float(np.median(values)), float(max(values))))
        if name == "none":
            assert max(values) < -8
    print(table(["attack", "goal", "median", "worst"], rows))


def signed(samples: Samples, rate: int, number: int) -> Samples:
    """The signature alone."""
    return signature.embed(samples, rate, OWNER.decoy(number, "quality"))


def marked_as_by_embed(samples: Samples, rate: int, number: int) -> Samples:
    """All that `birthmark embed` puts into sound."""
    stream = SoundEmbedStream(rate, 1, number, OWNER.decoy(number, "quality"))
    return np.concatenate([stream.process(samples), stream.flush()])


def quality(count: int) -> None:
    """Print what the signature costs, alone and with the watermark."""
    clips = corpus.speech_clips(10.0, count, seed=11)
    marks = {"signature": signed, "signature and watermark": marked_as_by_embed}
    print(table(COLUMNS, [rate_clips(name, mark, "speech", clips, speech=True) for name, mark in marks.items()]))


def speed(samples: Samples) -> None:
    """Print CPU time on one thread."""
    seconds = len(samples) / RATE
    started = time.process_time()
    marked = signature.embed(samples, RATE, OWNER)
    embedded = time.process_time()
    found = [signature.contrasts(marked, RATE, signature.WARPS)]
    heard = time.process_time()
    keys = [OWNER, *(OWNER.decoy(n, "many") for n in range(999))]
    assert signature.detect_contrasts(found, keys[:1]).pooled[0].accepted
    tested = time.process_time()
    assert [test.accepted for test in signature.detect_contrasts(found, keys).pooled] == [True] + 999 * [False]
    many = time.process_time() - tested
    print(
        f"\nembed {seconds / (embedded - started):.0f} x real time, detect {seconds / (tested - embedded):.0f} x "
        f"(of that {tested - heard:.2f} s a file for the decoys); 1,000 keys on one file {many:.2f} s; one thread"
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=8, help="clips whose quality is measured")
    parser.add_argument("--wrong-keys", type=int, default=100, help="wrong keys on each recording")
    parser.add_argument("--quick", action="store_true", help="no vocoders, no clone")
    chosen = parser.parse_args(arguments)
    voices = recordings()
    data = f"60 s of {len(voices)} voices, a key each, blind, {len(signature.WARPS)} warps"
    print(heading("Voice signature: log10_p", f"{data}; {corpus.describe()}"))
    survival(voices, GOALS if chosen.quick else GOALS | SLOW)
    print(heading("Without the mark", f"20 s of each voice, {chosen.wrong_keys} keys: the share of p-values below"))
    short = {voice: samples[: 20 * RATE] for voice, samples in voices.items()}
    rows = []
    for name, values in null_p_values(short, chosen.wrong_keys):
        p = np.array(values)
        rows.append((name, len(p), *(f"{np.mean(p <= level):.4f}" for level in (0.5, 0.1, 0.01, 0.001))))
        assert p.min() > 1e-6
    print(table(["recording", "tests", "0.5", "0.1", "0.01", "0.001"], rows))
    print(heading("Quality", "10 s each"))
    quality(chosen.clips)
    if not chosen.quick:
        from cloning import miniature

        print(heading("A cloned voice", "3 minutes of one voice teach a model, another voice drives it for 90 s"))
        print(table(["trained on", "log10_p", "z", "wrong keys, least p of 100"], miniature()))
    speed(next(iter(voices.values())))


if __name__ == "__main__":
    main()
