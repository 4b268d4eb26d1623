"""Fingerprints of speech: what each attack leaves, false matches, speed beside fpcalc, and the cost of an index."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from birthmark.alignment import Alignment
from birthmark.attacks import Samples, channel, codecs, mixing, time_pitch
from birthmark.fingerprint import AudioFingerprint, fingerprint
from birthmark.index import Entry, FileStore, Index
from birthmark.media import write_audio
from corpus import describe, music_clip, prompt_speech, voices
from tables import heading, table

RATE = 16000
RECORDING_S = 50.0
Attack = Callable[[Samples, int], Samples]


def recordings(each: int) -> tuple[list[Samples], list[Samples]]:
    """Speech to index and speech of the same voices that is not indexed: other prompts, cut from one stream a voice."""
    indexed, held = [], []
    for voice in voices():
        stream = prompt_speech(voice, RECORDING_S * (each + max(1, each // 4)), 1)
        parts = [stream[i : i + int(RECORDING_S * RATE)] for i in range(0, len(stream), int(RECORDING_S * RATE))]
        indexed += parts[:each]
        held += [part for part in parts[each:] if len(part) == int(RECORDING_S * RATE)]
    return indexed, held


def attacks(other: list[Samples], seed: int) -> dict[str, tuple[Attack, float]]:
    """Attacks of the goals and their speeds."""
    rng = np.random.default_rng(seed)
    noise_seed = int(rng.integers(1 << 30))
    voice = other[int(rng.integers(len(other)))]
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


def recall(index: Index, indexed: list[Samples], held: list[Samples], count: int, seconds: float) -> list[list[object]]:
    rng = np.random.default_rng(7)
    errors: dict[str, list[float | None]] = {}
    for i in range(count):
        which = int(rng.integers(len(indexed)))
        start = int(rng.integers(0, len(indexed[which]) - int(seconds * RATE)))
        clip = indexed[which][start : start + int(seconds * RATE)]
        for name, (attack, speed) in attacks(held, i).items():
            found = index.search(fingerprint(attack(clip, RATE), RATE))
            errors.setdefault(name, []).append(offset_error(found, str(which), start / RATE, speed))
    rows: list[list[object]] = []
    for name, values in errors.items():
        good = [value for value in values if value is not None]
        right = sum(value < 0.1 for value in good)
        rows.append([name, 100 * right / count, 1000 * float(np.median(good)) if good else None])
    return rows


def false_matches(index: Index, held: list[Samples], seconds: float) -> list[object]:
    best = []
    for recording in held:
        step = int(seconds * RATE)
        for at in range(0, len(recording) - step + 1, step):
            found = index.search(fingerprint(recording[at : at + step], RATE), log10_p=0.0)
            best.append(min((a.log10_p for a in found), default=0.0))
    p = np.array(best)
    return [seconds, len(p), *(float(np.mean(p <= limit)) for limit in (-1, -2, -6)), float(p.min())]


def inside_other_speech(index: Index, indexed: list[Samples], held: list[Samples], count: int) -> list[object]:
    rng = np.random.default_rng(8)
    whole, edges = 0, []
    for _ in range(count):
        which = int(rng.integers(len(indexed)))
        start = int(rng.integers(0, len(indexed[which]) - 5 * RATE))
        other = np.concatenate([held[int(rng.integers(len(held)))] for _ in range(6)])[: 300 * RATE]
        at = int(rng.integers(0, len(other)))
        query = np.concatenate([other[:at], indexed[which][start : start + 5 * RATE], other[at:]])
        for a in index.search(fingerprint(query, RATE)):
            if a.recording == str(which) and abs(a.reference_start_s - a.query_start_s - (start - at) / RATE) < 0.1:
                whole += 1
                edges += [abs(a.query_start_s - at / RATE), abs(a.query_end_s - at / RATE - 5)]
                break
    return [count, 100 * whole / count, float(np.median(edges)), float(np.percentile(edges, 90))]


def speed(folder: Path) -> list[list[object]]:
    """CPU seconds of extraction beside fpcalc on the same file; fpcalc decodes a WAV, which is next to nothing."""
    samples = np.concatenate([prompt_speech(voice, 300, 2) for voice in voices()])
    write_audio(folder / "speech.wav", samples, RATE)
    seconds = len(samples) / RATE
    rows: list[list[object]] = []
    for _ in range(3):
        start = time.process_time()
        made = fingerprint(samples, RATE, query=False)
        rows.append(["birthmark", seconds / (time.process_time() - start)])
        assert made.duration_s > seconds - 1
        if shutil.which("fpcalc"):
            command = ["fpcalc", "-length", "0", "-raw", str(folder / "speech.wav")]
            timed = subprocess.run(["bash", "-c", 'TIMEFORMAT="%U %S"; time "$@" >/dev/null', "-", *command],
                                   capture_output=True, text=True, check=False)  # fmt: skip
            rows.append(["fpcalc", seconds / sum(float(part) for part in timed.stderr.split()[-2:])])
    best = {str(name): max(float(str(r)) for n, r in rows if n == name) for name, _ in rows}
    return [[name, ratio] for name, ratio in best.items()]


def cost(folder: Path, made: list[AudioFingerprint], query: AudioFingerprint, hours: float) -> list[object]:
    """A synthetic index: real codes in real proportions, at random places of recordings of an hour."""
    rng = np.random.default_rng(3)
    pool = np.concatenate([one.postings()[0] for one in made])
    rate = len(pool) / sum(one.duration_s for one in made)
    rows, count = 225_000, int(rate * 3600)
    blob = AudioFingerprint.deserialize(made[0].serialize()).serialize()
    padding = blob + bytes(int(286_000 - len(blob)))

    def entries(first: int, last: int) -> list[Entry]:
        return [
            Entry(f"hour {i}", "audio", 3600.0, padding, rng.choice(pool, count),
                  rng.integers(0, rows, count).astype(np.uint32))
            for i in range(first, last)
        ]  # fmt: skip

    store = FileStore.create(folder / f"{hours:g}")
    start = time.process_time()
    for first in range(0, int(hours), 100):
        store.add(entries(first, min(first + 100, int(hours))))
    spent = time.process_time() - start
    store.close()
    index = Index(FileStore(folder / f"{hours:g}"))
    timings = []
    for _ in range(5):
        start = time.process_time()
        for codes, tags in query.probes():
            query.candidates(index.store.lookup("audio", codes, tags), 16)
        timings.append(time.process_time() - start)
    size = index.store.size_bytes()
    shutil.rmtree(folder / f"{hours:g}")
    return [hours, size / hours / 1e6, hours * 3600 / spent, 1000 * float(np.median(timings)), size / 1e6]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=6, help="indexed recordings of 50 s a voice")
    parser.add_argument("--queries", type=int, default=20)
    parser.add_argument("--hours", type=float, nargs="*", default=[10, 100])
    options = parser.parse_args()
    indexed, held = recordings(options.each)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        index = Index.create(folder / "index")
        made = [fingerprint(samples, RATE, query=False) for samples in indexed]
        index.add_many((str(i), one) for i, one in enumerate(made))
        held_s = index.info()
        print(heading(f"Fingerprints: {len(made)} recordings, {held_s.duration_s['audio'] / 3600:.2f} h", describe()))
        print(f"index: {held_s.size_bytes / held_s.duration_s['audio'] * 3600 / 1e6:.2f} MB per hour\n")
        for seconds in (5.0, 3.0):
            print(f"queries of {seconds:g} s, {options.queries} each")
            columns = ["attack", "% found within 0.1 s", "median offset error, ms"]
            print(table(columns, recall(index, indexed, held, options.queries, seconds)), "\n")
        print("queries of the same voices, not indexed: share with log10 p at or below")
        rows = [false_matches(index, held, seconds) for seconds in (3.0, 5.0, 10.0)]
        print(table(["seconds", "queries", "-1", "-2", "-6", "smallest"], rows), "\n")
        columns = ["queries", "% found", "median error of ends, s", "90 %"]
        print("5 s inside 5 min of other speech")
        print(table(columns, [inside_other_speech(index, indexed, held, max(4, options.queries // 2))]), "\n")
        print(table(["extraction", "x real time"], speed(folder)), "\n")
        query = fingerprint(held[0][: 5 * RATE], RATE)  # not among the codes drawn from
        print("synthetic indexes: look-up and votes of a 5 s query, CPU")
        columns = ["hours", "MB per hour", "added, x real time", "ms per query", "MB"]
        print(table(columns, [cost(folder, made, query, hours) for hours in options.hours]))


if __name__ == "__main__":
    main()
