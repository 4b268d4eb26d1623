"""Fingerprints of speech: what each attack leaves, false matches, and speed beside fpcalc."""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from birthmark.alignment import Alignment
from birthmark.attacks import Samples, channel, codecs, mixing, time_pitch
from birthmark.attacks.arrays import resample
from birthmark.file_fingerprint import fingerprint_sound
from birthmark.fingerprint import fingerprint
from birthmark.index import Index
from birthmark.media import write_audio
from corpus import PROMPTS, describe, music_clip, prompt_speech, read_g722, shared_speech, voices
from tables import heading, table

RATE = 16000
Attack = Callable[[Samples, int], Samples]


def recordings(share: float) -> tuple[list[Samples], list[Samples]]:
    """Every prompt and shared recording, one of `share` each, and what is held back from the index: a fifth of them."""
    files = [
        path for folder in sorted(PROMPTS.glob("*_*_*")) if not folder.is_symlink() for path in folder.rglob("*.g722")
    ]
    files = sorted(path for path in files if not any(word in str(path) for word in ("silence", "beep")))
    wanted = np.random.default_rng(1).permutation(len(files))[: round(share * len(files))]
    found = [read_g722(files[i]) for i in wanted]
    found += [resample(samples, rate, RATE) for samples, rate in shared_speech().values()]
    found = [samples for samples in found if len(samples) > RATE // 2]
    return [one for i, one in enumerate(found) if i % 5], found[::5]


def excerpt(indexed: list[Samples], seconds: float, rng: np.random.Generator) -> tuple[int, int, Samples]:
    """Number of a recording, first sample and samples of a random excerpt."""
    frames = int(seconds * RATE)
    which = int(rng.choice([i for i, one in enumerate(indexed) if len(one) >= frames]))
    start = int(rng.integers(0, len(indexed[which]) - frames + 1))
    return which, start, indexed[which][start : start + frames]


def attacks(other: Samples, seed: int) -> dict[str, tuple[Attack, float]]:
    """Attacks of the goals and their speeds."""
    rng = np.random.default_rng(seed)
    noise_seed = int(rng.integers(1 << 30))
    start = int(rng.integers(0, len(other) - 10 * RATE))
    voice = other[start : start + 10 * RATE]
    song = music_clip(10.0, RATE, seed).samples
    fixed: dict[str, Attack] = {
        "clean": lambda x, _: x,
        "MP3 32k": lambda x, r: codecs.mp3(x, r, kbps=32),
        "Opus 8k": lambda x, r: codecs.opus(x, r, kbps=8, application="voip"),
        "GSM": codecs.gsm,
        "noise 10 dB": lambda x, r: mixing.noise(x, r, seed=noise_seed, snr_db=10),
        "noise 0 dB": lambda x, r: mixing.noise(x, r, seed=noise_seed, snr_db=0),
        "reverb 0.5 s": lambda x, r: channel.reverb(x, r, seed=noise_seed, rt60=0.5),
        "speech 0 dB": lambda x, r: mixing.mix(x, r, seed=noise_seed, other=voice, below_db=0),
        "music 0 dB": lambda x, r: mixing.mix(x, r, seed=noise_seed, other=song, below_db=0),
        "pitch -1": lambda x, r: time_pitch.pitch(x, r, semitones=-1),
        "pitch +1": lambda x, r: time_pitch.pitch(x, r, semitones=1),
    }
    found = {name: (attack, 1.0) for name, attack in fixed.items()}
    for factor in (0.9, 0.95, 1.05, 1.1):
        found[f"speed {factor}"] = (lambda x, r, f=factor: time_pitch.speed(x, r, factor=f), factor)  # type: ignore[misc]
    for factor in (0.9, 1.1):
        found[f"tempo {factor}"] = (lambda x, r, f=factor: time_pitch.tempo(x, r, factor=f), factor)  # type: ignore[misc]
    return found


def offset_error(found: list[Alignment], name: str, start: float, speed: float) -> float | None:
    """Seconds between the true and the found place; None where the recording is not named within a second."""
    errors = [abs(a.reference_start_s - speed * a.query_start_s - start) for a in found if a.recording == name]
    return min(errors, default=None) if errors and min(errors) < 1 else None


def recall(index: Index, indexed: list[Samples], other: Samples, count: int, seconds: float) -> list[list[object]]:
    rng = np.random.default_rng(7)
    errors: dict[str, list[float | None]] = {}
    for i in range(count):
        which, start, clip = excerpt(indexed, seconds, rng)
        for name, (attack, speed) in attacks(other, i).items():
            found = index.search(fingerprint(attack(clip, RATE), RATE))
            errors.setdefault(name, []).append(offset_error(found, str(which), start / RATE, speed))
    rows: list[list[object]] = []
    for name, values in errors.items():
        good = [value for value in values if value is not None]
        right = sum(value < 0.1 for value in good)
        rows.append([name, 100 * right / count, 1000 * float(np.median(good)) if good else None])
    return rows


def is_copy(query: Samples, indexed: list[Samples], found: Alignment) -> bool:
    """Whether the two waveforms are one: correlated by more than 0.8 over half a second. Prompts share some."""
    middle = int((found.query_start_s + found.query_end_s) / 2 * RATE)
    part = query[max(0, middle - RATE // 4) : middle + RATE // 4].astype(np.float64)
    shift = int((found.reference_start_s - found.query_start_s) * RATE)
    begin = max(0, middle - RATE // 4 + shift - RATE // 10)
    near = indexed[int(found.recording)][begin : begin + len(part) + RATE // 5].astype(np.float64)
    if len(near) < len(part) or not part.any():
        return False
    products = np.correlate(near, part, "valid")
    energies = np.convolve(near**2, np.ones(len(part)), "valid")
    return bool(np.max(np.abs(products) / np.sqrt(energies * np.sum(part**2) + 1e-12)) > 0.8)


def false_matches(index: Index, indexed: list[Samples], other: Samples, seconds: float) -> list[object]:
    best, copies = [], 0
    step = int(seconds * RATE)
    for at in range(0, len(other) - step + 1, step):
        query = other[at : at + step]
        found = index.search(fingerprint(query, RATE), log10_p=0.0)
        # Short copies are not accepted, but they are no chance either.
        if any(is_copy(query, indexed, a) for a in found if a.log10_p <= -1):
            copies += 1
        else:
            best.append(min((a.log10_p for a in found), default=0.0))
    p = np.array(best)
    return [seconds, copies, len(p), *(float(np.mean(p <= limit)) for limit in (-1, -2, -6)), float(p.min())]


def long_queries(index: Index, indexed: list[Samples], other: Samples, count: int, passages: int) -> list[object]:
    """Passages of 5 s of different recordings, spread over 5 min of other speech."""
    rng = np.random.default_rng(8)
    edges: list[float] = []
    wrong = 0
    for _ in range(count):
        start = int(rng.integers(0, max(1, len(other) - 300 * RATE)))
        parts, wanted, gap = [], [], 300 * RATE // (passages + 1)
        for i in range(passages):
            which, first, clip = excerpt(indexed, 5, rng)
            parts += [other[start + i * gap : start + (i + 1) * gap], clip]
            wanted.append((str(which), first / RATE, ((i + 1) * gap + i * 5 * RATE) / RATE))
        query = np.concatenate([*parts, other[start + passages * gap : start + 300 * RATE]])
        found = index.search(fingerprint(query, RATE))
        for name, first_s, at in wanted:
            right = [a for a in found if a.recording == name
                     and abs(a.reference_start_s - a.query_start_s - first_s + at) < 0.1
                     and a.query_start_s < at + 4 and a.query_end_s > at + 1]  # fmt: skip
            edges += [max(abs(a.query_start_s - at), abs(a.query_end_s - at - 5)) for a in right[:1]]
        wrong += sum(not any(a.query_start_s < at + 6 and a.query_end_s > at - 1 for _, _, at in wanted) for a in found)
    total = count * passages
    return [passages, total, 100 * len(edges) / total, float(np.median(edges)), float(np.percentile(edges, 90)), wrong]


def cpu_of(command: list[str]) -> float:
    """User and system seconds of a process, start included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, check=False)
    # fpcalc calls the end of a WAV file an error, 3, after it has printed the fingerprint.
    assert done.returncode == 0 or b"FINGERPRINT=" in done.stdout, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def speed(folder: Path) -> list[list[object]]:
    """Real time over CPU time, the best of five in turns: samples in memory, and whole processes."""
    path = folder / "speech.wav"
    samples = np.concatenate([prompt_speech(voice, 300, 2) for voice in voices()])
    write_audio(path, samples, RATE)
    process = f"from birthmark.file_fingerprint import fingerprint_sound; fingerprint_sound({str(path)!r}, query=False)"
    spent: dict[str, list[float]] = {}
    for _ in range(5):
        start = time.process_time()
        made = fingerprint(samples, RATE, query=False)
        spent.setdefault("birthmark, samples in memory", []).append(time.process_time() - start)
        start = time.process_time()
        assert fingerprint_sound(path, query=False).duration_s == made.duration_s
        spent.setdefault("birthmark, WAV file", []).append(time.process_time() - start)
        spent.setdefault("birthmark, process with Python's start", []).append(cpu_of([sys.executable, "-c", process]))
        if shutil.which("fpcalc"):
            command = ["fpcalc", "-length", "0", "-raw", str(path)]
            spent.setdefault("fpcalc, process", []).append(cpu_of(command))
    return [[name, len(samples) / RATE / min(values)] for name, values in spent.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the prompts that are there")
    parser.add_argument("--queries", type=int, default=20)
    options = parser.parse_args()
    indexed, held = recordings(options.share)
    other = np.concatenate(held)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        index = Index.create(folder / "index")
        index.add_many((str(i), fingerprint(samples, RATE, query=False)) for i, samples in enumerate(indexed))
        size, hours = index.info().size_bytes, index.info().duration_s["audio"] / 3600
        print(heading(f"Fingerprints: {len(indexed)} recordings, {hours:.2f} h", describe()))
        print(f"index: {size / hours / 1e6:.2f} MB per hour\n")
        for seconds in (5.0, 3.0):
            print(f"queries of {seconds:g} s, {options.queries} each")
            columns = ["attack", "% found within 0.1 s", "median offset error, ms"]
            print(table(columns, recall(index, indexed, other, options.queries, seconds)), "\n", flush=True)
        print(
            "queries of the same voices, not indexed; some hold a copy all the same. Of the others, share with "
            "log10 p at or below"
        )
        rows = [false_matches(index, indexed, other, seconds) for seconds in (3.0, 5.0, 10.0)]
        print(table(["seconds", "hold a copy", "others", "-1", "-2", "-6", "smallest"], rows), "\n", flush=True)
        columns = ["passages", "of all", "% found", "median error of ends, s", "90 %", "elsewhere"]
        print("passages of 5 s in 5 min of other speech")
        rows = [long_queries(index, indexed, other, *which) for which in ((max(4, options.queries // 2), 1), (4, 5))]
        print(table(columns, rows), "\n", flush=True)
        print("extraction from 16 kHz, one core, CPU")
        print(table(["what", "x real time"], speed(folder)), "\n")


if __name__ == "__main__":
    main()
