"""Experiment (b): does a voice-conversion model trained on marked speech speak with the signature?

    python experiments/signature_conversion.py [--keys 5] [--minutes 10] [--share 1.0] [--speakers 1]

A small network learns the target's 60-dimensional WORLD envelope from speaker-normalised low-order cepstra and pitch,
on `--minutes` of the target, of which `--share` is marked. Other voices then drive it for 5 minutes; WORLD (Morise et
al., 2016) makes them sound. The detector sees only that sound. Trained once unmarked, and once with each key.
`--speakers 5` trains one model on five voices, each with a key of its own, told apart by a one-hot input.
Target and drivers are the voices of the Debian packages asterisk-core-sounds-{en,es,fr,it,ru}-g722. CPU, numpy only.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "python")]

RATE, DIMENSIONS, INPUTS, CONTEXT = 16000, 60, 14, (-6, -4, -2, -1, 0, 1, 2, 4, 6)
FRAME_MS = 10.0
VOICES = {
    "en": "en_US_f_Allison",
    "es": "es_MX_f_Allison",
    "fr": "fr_CA_f_June",
    "it": "it_IT_m_Carlo",
    "ru": "ru_RU_f_IvrvoiceRU",
}
Array = NDArray[np.float64]


def prompts(language: str, seconds: float, skip: float = 0.0) -> NDArray[np.float32]:
    """Prompts of one voice in a fixed random order, end to end."""
    from corpus import PROMPTS, read_g722

    files = sorted(p for p in (PROMPTS / VOICES[language]).rglob("*.g722") if p.stat().st_size > 6000)
    np.random.default_rng(5).shuffle(files)
    pieces: list[NDArray[np.float32]] = []
    need = round((skip + seconds) * RATE)
    for path in files:
        if "silence" not in path.parts:
            pieces.append(read_g722(path))
        if sum(map(len, pieces)) >= need:
            break
    return np.concatenate(pieces)[round(skip * RATE) : need]


def analyse(samples: NDArray[np.float32]) -> tuple[Array, Array, Array]:
    """WORLD: pitch, coded envelope and coded aperiodicity every 10 ms."""
    import pyworld

    x = samples.astype(np.float64)
    f0, times = pyworld.dio(x, RATE, frame_period=FRAME_MS)
    f0 = pyworld.stonemask(x, f0, times, RATE)
    envelope = pyworld.code_spectral_envelope(pyworld.cheaptrick(x, f0, times, RATE), RATE, DIMENSIONS)
    return f0, envelope, pyworld.code_aperiodicity(pyworld.d4c(x, f0, times, RATE), RATE)


def synthesise(f0: Array, envelope: Array, aperiodicity: Array) -> NDArray[np.float32]:
    """Sound of what `analyse` gives."""
    import pyworld

    size = pyworld.get_cheaptrick_fft_size(RATE)
    spectrum = pyworld.decode_spectral_envelope(np.ascontiguousarray(envelope), RATE, size)
    noise = pyworld.decode_aperiodicity(np.ascontiguousarray(aperiodicity), RATE, size)
    return np.asarray(pyworld.synthesize(f0, spectrum, noise, RATE, FRAME_MS), np.float32)


def speech_frames(envelope: Array) -> NDArray[np.bool_]:
    """Frames that are not silence."""
    return np.asarray(envelope[:, 0] > np.percentile(envelope[:, 0], 95) - 7.5)


def content(f0: Array, envelope: Array) -> Array:
    """Speaker-normalised low-order cepstra, log pitch and voicing, with context."""
    active = speech_frames(envelope)
    low = envelope[:, :INPUTS]
    low = (low - low[active].mean(0)) / low[active].std(0)
    voiced = f0 > 0
    pitch = np.zeros(len(f0))
    pitch[voiced] = (np.log(f0[voiced]) - np.log(f0[voiced]).mean()) / np.log(f0[voiced]).std()
    row = np.column_stack([low, pitch, voiced])
    return np.concatenate([np.roll(row, -shift, axis=0) for shift in CONTEXT], axis=1)


def train(
    inputs: Array, targets: Array, steps: int = 2000, hidden: int = 256, seed: int = 0
) -> Callable[[Array], Array]:
    """Two hidden layers, rectifiers, Adam with a one-cycle rate, mean squared error."""
    generator = np.random.default_rng(seed)
    centre, scale = targets.mean(0), targets.std(0)
    x, y = inputs.astype(np.float32), ((targets - centre) / scale).astype(np.float32)
    sizes = [x.shape[1], hidden, hidden, y.shape[1]]
    pairs = list(pairwise(sizes))
    weights = [generator.normal(0, np.sqrt(2 / a), (a, b)).astype(np.float32) for a, b in pairs]
    weights += [np.zeros(b, np.float32) for _, b in pairs]
    first, second = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]

    def forward(z: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        layers = [z]
        for n in range(3):
            z = layers[-1] @ weights[n] + weights[3 + n]
            layers.append(np.maximum(z, 0) if n < 2 else z)
        return layers

    for step in range(1, steps + 1):
        rate = 3e-3 * min(step / (0.3 * steps), (steps - step) / (0.7 * steps))
        batch = generator.integers(0, len(x), 512)
        layers = forward(x[batch])
        error = 2 * (layers[3] - y[batch]) / (512 * y.shape[1])
        gradients: list[NDArray[np.float32]] = [error] * 6
        for n in (2, 1, 0):
            gradients[n], gradients[3 + n] = layers[n].T @ error, error.sum(0)
            error = (error @ weights[n].T) * (layers[n] > 0)
        for w, g, m, v in zip(weights, gradients, first, second, strict=True):
            np.add(m, 0.1 * (g - m), out=m)
            np.add(v, 0.001 * (g * g - v), out=v)
            np.subtract(w, rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8), out=w)
    return lambda z: forward(z.astype(np.float32))[3].astype(np.float64) * scale + centre


def model(analyses: list[tuple[Array, Array, Array]], steps: int) -> Callable[[Array, int], Array]:
    """One model of all the speakers; call it with content and the speaker's number."""
    count = len(analyses)

    def told(rows: Array, speaker: int) -> Array:
        return np.column_stack([rows, np.tile(np.eye(count)[speaker], (len(rows), 1))]) if count > 1 else rows

    kept = [speech_frames(envelope) for _, envelope, _ in analyses]
    inputs = np.concatenate(
        [told(content(f, e)[k], n) for n, ((f, e, _), k) in enumerate(zip(analyses, kept, strict=True))]
    )
    targets = np.concatenate([e[k] for (_, e, _), k in zip(analyses, kept, strict=True)])
    convert = train(inputs, targets, steps)
    return lambda rows, speaker: convert(told(rows, speaker))


def main() -> None:
    """Train with and without the mark and print one line for each voice."""
    from birthmark import signature
    from birthmark.keys import Key
    from birthmark.media import write_audio

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--speakers", type=int, default=1)
    parser.add_argument("--suspect", type=float, default=5.0, help="minutes of converted speech, pooled")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--save", type=Path, help="folder for what the models say")
    arguments = parser.parse_args()
    targets = list(VOICES)[: arguments.speakers]
    others = [v for v in VOICES if v not in targets] or ["ru", "it"]
    drivers = [analyse(prompts(v, arguments.suspect * 60 / len(others[-2:]), 700.0)) for v in others[-2:]]
    originals = [prompts(v, arguments.minutes * 60) for v in targets]
    # the contributor's own unmarked voice, other sentences than those that were trained on
    references = [signature.profile(prompts(v, 300.0, 900.0), RATE) for v in targets]
    owner = Key(bytes(range(32)))
    wrong = [owner.decoy(n, "wrong") for n in range(100)]
    for trial in range(arguments.keys + 1):
        keys = [owner.decoy(max(trial, 1), f"issued {voice}") for voice in targets]
        marked = []
        for samples, key in zip(originals, keys, strict=True):
            end = round(len(samples) * arguments.share) if trial else 0
            copy = samples.copy()
            if end:
                copy[:end] = signature.embed(samples[:end], RATE, key)
            marked.append(analyse(copy))
        convert = model(marked, arguments.steps)
        for speaker, key in enumerate(keys):
            sounds = [synthesise(f0, convert(content(f0, envelope), speaker), noise) for f0, envelope, noise in drivers]
            if arguments.save:
                arguments.save.mkdir(parents=True, exist_ok=True)
                for number, sound in enumerate(sounds):
                    write_audio(arguments.save / f"{trial}-{targets[speaker]}-{number}.wav", sound, RATE)
            blind = signature.detect(sounds, RATE, [key, *wrong, *(k for k in keys if k != key)]).pooled
            informed = signature.detect(sounds, RATE, key, reference=references[speaker]).pooled[0]
            others_p = np.sort([10.0**t.log10_p for t in blind[1:]])
            print(
                f"{'marked  ' if trial else 'unmarked'} {targets[speaker]} blind log10_p {blind[0].log10_p:6.2f} (z "
                f"{blind[0].z:4.1f}) with profile {informed.log10_p:6.2f} (z {informed.z:4.1f}) wrong keys: "
                f"{len(others_p)}, least p {others_p[0]:.3f}, median {np.median(others_p):.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
