"""A voice that is cloned: a small network that learns a voice's spectral envelope and lets another voice drive it.

The network learns the target's 60-dimensional WORLD envelope (Morise et al., 2016) from speaker-normalised low-order
cepstra and pitch: two hidden layers in numpy, on the CPU. Used by `bench_signature.py`, notebook 02 and
`experiments/signature_conversion.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pyworld
from numpy.typing import NDArray

from birthmark import signature
from birthmark.keys import Key
from corpus import PROMPTS, read_g722

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


def analyse(samples: NDArray[np.float32], *, spoken: bool = True) -> tuple[Array, Array, Array]:
    """WORLD: pitch, coded envelope and coded aperiodicity every 10 ms; no aperiodicity unless it is to be `spoken`."""
    x = samples.astype(np.float64)
    f0, times = pyworld.dio(x, RATE, frame_period=FRAME_MS)
    f0 = pyworld.stonemask(x, f0, times, RATE)
    envelope = pyworld.code_spectral_envelope(pyworld.cheaptrick(x, f0, times, RATE), RATE, DIMENSIONS)
    noise = pyworld.code_aperiodicity(pyworld.d4c(x, f0, times, RATE), RATE) if spoken else np.zeros((len(f0), 1))
    return f0, envelope, noise


def synthesise(f0: Array, envelope: Array, aperiodicity: Array) -> NDArray[np.float32]:
    """Sound of what `analyse` gives."""
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


def said(
    convert: Callable[[Array, int], Array], driver: tuple[Array, Array, Array], speaker: int = 0
) -> NDArray[np.float32]:
    """What the model says in a target's voice when a driver, as `analyse` gives it, speaks."""
    f0, envelope, noise = driver
    return synthesise(f0, convert(content(f0, envelope), speaker), noise)


def miniature(minutes: float = 3.0, seconds: float = 90.0, steps: int = 800) -> list[tuple[object, ...]]:
    """(trained on, log10_p, z, least p of 100 wrong keys) of a model of an unmarked and of a marked voice."""
    key = Key(bytes(range(32)))
    wrong = [key.decoy(n, "wrong") for n in range(100)]
    original = prompts("en", 60 * minutes)
    driver = analyse(prompts("ru", seconds, 700.0))
    rows: list[tuple[object, ...]] = []
    for name in ("unmarked", "marked"):
        samples = original if name == "unmarked" else signature.embed(original, RATE, key)
        convert = model([analyse(samples, spoken=False)], steps)
        own, *others = signature.detect(said(convert, driver), RATE, [key, *wrong]).pooled
        rows.append((name, own.log10_p, own.z, 10 ** min(test.log10_p for test in others)))
    return rows
