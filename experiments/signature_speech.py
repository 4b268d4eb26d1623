"""Experiment (a): does a text-to-speech model trained on marked speech speak with the signature?

    apt-get download asterisk-core-sounds-en && dpkg -x asterisk-core-sounds-en_*.deb packages
    python experiments/signature_speech.py packages [--keys 1] [--minutes 6] [--suspect 3] [--steps 1200]

An acoustic model is trained from scratch on English prompts and their texts, once unmarked and once with each key:
phonemes by espeak-ng, aligned by a flat-started hidden Markov model of three states a phoneme; the network of
bench/cloning.py from phonemes, their neighbours and the place in the phoneme to WORLD envelope, aperiodicity and
voicing; mean durations and a falling pitch. The model then says other prompts' texts, which it never saw, and the
detector hears only that. Sounds: asterisk-core-sounds-en-g722. CPU, numpy only.
"""

import argparse
import gzip
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "python")]

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from birthmark import signature  # noqa: E402
from birthmark.keys import Key  # noqa: E402
from cloning import FRAME_MS, RATE, VOICES, Array, analyse, synthesise, train  # noqa: E402
from corpus import PROMPTS, read_g722  # noqa: E402

STATES = 3
FEATURES = 13
SILENCE = "_"


@dataclass(frozen=True)
class Utterance:
    """A prompt: its phonemes and, where it is trained on, its place in the recording in samples."""

    phonemes: list[str]
    start: int = 0
    end: int = 0


def transcripts(packages: Path) -> dict[str, str]:
    """Text of each prompt that is spoken words."""
    path = next(packages.rglob("core-sounds-en.txt.gz"))
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    pairs = (line.split(":", 1) for line in lines if ":" in line and not line.startswith(";"))
    return {name.strip(): text.strip() for name, text in pairs if text.strip() and "[" not in text and "(" not in text}


def phonemes_of(texts: list[str]) -> list[list[str]]:
    """What espeak-ng would say, without stress; a pause before, after and between clauses."""
    found = []
    for text in texts:
        command = ["espeak-ng", "-q", "-v", "en-us", "--ipa", "--sep=_", text]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        spoken = [SILENCE]
        for line in lines:
            spoken += [p for p in line.replace("ˈ", "").replace("ˌ", "").replace(" ", "_").split("_") if p.strip()]
            spoken.append(SILENCE)
        found.append(spoken)
    return found


def align(rows: list[Array], states: list[NDArray[np.int64]], count: int, rounds: int = 8) -> list[NDArray[np.int64]]:
    """Place in its row of states of every frame: Viterbi training of diagonal Gaussians from a flat start."""
    paths = [np.minimum(np.arange(len(x)) * len(s) // len(x), len(s) - 1) for x, s in zip(rows, states, strict=True)]
    every = np.concatenate(rows)
    for _ in range(rounds):
        owner = np.concatenate([s[path] for s, path in zip(states, paths, strict=True)])
        total = np.bincount(owner, minlength=count)[:, None] + 2.0
        # two frames of all the speech in each state keep rare ones sane
        mean = (np.stack([np.bincount(owner, x, count) for x in every.T], 1) + 2 * every.mean(0)) / total
        square = (np.stack([np.bincount(owner, x * x, count) for x in every.T], 1) + 2 * (every**2).mean(0)) / total
        variance = np.maximum(square - mean**2, 0.05 * every.var(0))
        paths = []
        for x, s in zip(rows, states, strict=True):
            distance = (x[:, None] - mean[s]) ** 2 / variance[s]
            paths.append(viterbi(0.5 * (distance + np.log(variance[s])).sum(2)))
    return paths


def viterbi(cost: Array) -> NDArray[np.int64]:
    """Cheapest path through all the columns of (frames, states), one column a step at most."""
    frames, states = cost.shape
    stepped = np.zeros(cost.shape, bool)
    best = np.full(states, np.inf)
    best[0] = cost[0, 0]
    for t in range(1, frames):
        before = np.concatenate([[np.inf], best[:-1]])
        stepped[t] = before < best
        best = np.where(stepped[t], before, best) + cost[t]
    path = np.empty(frames, np.int64)
    path[-1] = states - 1
    for t in range(frames - 1, 0, -1):
        path[t - 1] = path[t] - stepped[t, path[t]]
    return path


def inputs(phonemes: list[str], path: NDArray[np.int64], names: list[str]) -> Array:
    """Network inputs of each frame: the phoneme and its neighbours, one-hot, and the place in it."""
    number = np.array([names.index(p) for p in phonemes])
    around = np.pad(number, 1, mode="edge")
    phone = path // STATES
    lengths = np.bincount(phone, minlength=len(phonemes))
    place = (np.arange(len(path)) - (np.cumsum(lengths) - lengths)[phone] + 0.5) / lengths[phone]
    one_hot = np.eye(len(names))
    return np.column_stack(
        [one_hot[around[phone]], one_hot[around[phone + 1]], one_hot[around[phone + 2]], place, place**2]
    )


class Speaker:
    """A model that was trained on a recording of utterances."""

    def __init__(self, samples: NDArray[np.float32], utterances: list[Utterance], steps: int) -> None:
        f0, envelope, noise = analyse(samples)
        self._log_pitch = float(np.log(f0[f0 > 0]).mean())
        per_frame = RATE * FRAME_MS / 1000
        cuts = [slice(round(u.start / per_frame), round(u.end / per_frame)) for u in utterances]
        self._names = sorted({p for u in utterances for p in u.phonemes})
        states = [self._states(u.phonemes) for u in utterances]
        # a prompt shorter than its states cannot be aligned
        kept = [n for n, cut in enumerate(cuts) if len(envelope[cut]) > len(states[n])]
        low = (envelope[:, :FEATURES] - envelope[:, :FEATURES].mean(0)) / envelope[:, :FEATURES].std(0)
        count = STATES * len(self._names)
        paths = align([low[cuts[n]] for n in kept], [states[n] for n in kept], count)
        owner = np.concatenate([states[n][path] for n, path in zip(kept, paths, strict=True)])
        visits = np.bincount(np.concatenate([states[n] for n in kept]), minlength=count)
        self._frames = np.maximum(1, np.round(np.bincount(owner, minlength=count) / np.maximum(visits, 1))).astype(int)
        x = np.concatenate(
            [inputs(utterances[n].phonemes, path, self._names) for n, path in zip(kept, paths, strict=True)]
        )
        targets = np.column_stack([envelope, noise, f0 > 0])
        self._network = train(x, np.concatenate([targets[cuts[n]] for n in kept]), steps)

    def _states(self, phonemes: list[str]) -> NDArray[np.int64]:
        first = np.array([STATES * self._names.index(p) for p in phonemes])
        return (first[:, None] + np.arange(STATES)).ravel()

    def say(self, phonemes: list[str]) -> NDArray[np.float32]:
        """Sound of a text."""
        known = [p if p in self._names else SILENCE for p in phonemes]
        state = self._states(known)
        path = np.repeat(np.arange(len(state)), self._frames[state])
        out = self._network(inputs(known, path, self._names))
        falling = np.exp(self._log_pitch + np.linspace(0.12, -0.12, len(out)))
        return synthesise(np.where(out[:, -1] > 0.5, falling, 0.0), out[:, :60], np.minimum(out[:, 60:-1], 0.0))


def material(packages: Path, minutes: float) -> tuple[NDArray[np.float32], list[Utterance], list[list[str]]]:
    """The recording to train on, its utterances, and the phonemes of all other prompts."""
    texts = transcripts(packages)
    folder = PROMPTS / VOICES["en"]
    names = sorted(name for name in texts if (folder / f"{name}.g722").exists())
    np.random.default_rng(5).shuffle(names)
    pieces: list[NDArray[np.float32]] = []
    used: list[str] = []
    for name in names:
        if sum(map(len, pieces)) >= minutes * 60 * RATE:
            break
        pieces.append(read_g722(folder / f"{name}.g722"))
        used.append(name)
    ends = np.cumsum([len(p) for p in pieces])
    spoken = phonemes_of([texts[name] for name in used])
    utterances = [
        Utterance(p, int(end) - len(piece), int(end)) for p, end, piece in zip(spoken, ends, pieces, strict=True)
    ]
    return np.concatenate(pieces), utterances, phonemes_of([texts[name] for name in names[len(used) :]])


def main() -> None:
    """Train without and with the mark and print one line for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path, help="where asterisk-core-sounds-en is unpacked")
    parser.add_argument("--keys", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--suspect", type=float, default=3.0, help="minutes of synthetic speech, at most")
    parser.add_argument("--steps", type=int, default=1200)
    arguments = parser.parse_args()
    original, utterances, unseen = material(arguments.packages, arguments.minutes)
    owner = Key(bytes(range(32)))
    wrong = [owner.decoy(n, "wrong") for n in range(100)]
    for trial in range(arguments.keys + 1):
        key = owner.decoy(max(trial, 1), "issued en")
        samples = signature.embed(original, RATE, key) if trial else original
        speaker = Speaker(samples, utterances, arguments.steps)
        parts: list[NDArray[np.float32]] = []
        for phonemes in unseen:
            if sum(map(len, parts)) < arguments.suspect * 60 * RATE:
                parts.append(speaker.say(phonemes))
        sound = np.concatenate(parts)
        own, *others = signature.detect(sound, RATE, [key, *wrong]).pooled
        p = np.sort([10.0**t.log10_p for t in others])
        print(
            f"{'marked  ' if trial else 'unmarked'} {len(original) / RATE / 60:.1f} min, "
            f"says {len(sound) / RATE:.0f} s: "
            f"log10_p {own.log10_p:6.2f} (z {own.z:4.1f}) "
            f"wrong keys: {len(p)}, least p {p[0]:.3f}, median {np.median(p):.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
