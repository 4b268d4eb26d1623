"""Is a marked voice still the same speaker? Cosine of speaker embeddings, with the mark and without.

    pip download --no-deps resemblyzer && unzip Resemblyzer-*.whl
    python experiments/signature_speaker.py resemblyzer/pretrained.pt [--voices 7]

Generalised end-to-end speaker encoder (Wan et al., 2018) with the weights of the package Resemblyzer, its network
written again in numpy: 40 mel bands, three LSTM layers of 256, windows of 1.6 s every 0.77 s.
"""

import argparse
import pickle
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "python")]

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from bench_signature import OWNER, RATE, recordings  # noqa: E402
from birthmark import signature  # noqa: E402
from birthmark.attacks import AUDIO, Samples  # noqa: E402

Array = NDArray[np.float32]
WINDOW, HOP, MELS, FRAMES, STEP, LAYERS, QUIETEST_DB = 400, 160, 40, 160, 77, 3, -30.0


class _Weights(pickle.Unpickler):
    """Reads PyTorch's file of before version 1.6: tensors as (storage, offset, shape); runs nothing from the file."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if name == "_rebuild_tensor_v2":
            return lambda storage, offset, shape, *_: (storage, offset, shape)
        return lambda *_: name

    def persistent_load(self, pid: tuple[Any, ...]) -> str:
        return str(pid[2])


def load(path: Path) -> dict[str, Array]:
    """The network's parameters by name."""
    with path.open("rb") as file:
        for _ in range(3):  # magic number, protocol, sizes of types
            _Weights(file).load()
        tensors = _Weights(file).load()["model_state"]
        wanted = {storage for storage, *_ in tensors.values()}
        storages: dict[str, bytes] = {}
        for key in _Weights(file).load():
            count = int.from_bytes(file.read(8), "little")
            # the optimiser's numbers follow the network's, all of them float32 up to there
            storages[key] = file.read(4 * count)
            if wanted <= storages.keys():
                break
    return {
        name: np.frombuffer(storages[storage], "<f4", int(np.prod(shape)), 4 * offset).reshape(shape)
        for name, (storage, offset, shape) in tensors.items()
    }


def mel_filters() -> Array:
    """Slaney's mel filters of equal area, (bins, MELS)."""
    step = np.log(6.4) / 27
    mel = np.linspace(0, 15 + np.log(8000 / 1000) / step, MELS + 2)
    edges = np.where(mel < 15, mel * 200 / 3, 1000 * np.exp(step * (mel - 15)))
    hz = np.arange(WINDOW // 2 + 1)[:, None] * RATE / WINDOW
    up, down = (hz - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - hz) / np.diff(edges)[1:]
    return np.asarray(np.maximum(0, np.minimum(up, down)) * 2 / (edges[2:] - edges[:-2]), np.float32)


def embedding(samples: Samples, weights: dict[str, Array]) -> Array:
    """The speaker: 256 numbers of unit length."""
    level = 10 * np.log10(np.mean(samples.astype(np.float64) ** 2))
    padded = np.pad(samples * 10 ** (max(0.0, QUIETEST_DB - level) / 20), WINDOW // 2)
    cut = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP] * np.hanning(WINDOW + 1)[:-1]
    power = np.asarray(np.abs(np.fft.rfft(cut, axis=1)) ** 2 @ mel_filters(), np.float32)
    x = np.stack([power[n : n + FRAMES] for n in range(0, len(power) - FRAMES, STEP)])
    for layer in range(LAYERS):
        x = lstm(x, *(weights[f"lstm.{name}_l{layer}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")))
    each = np.maximum(0, x[:, -1] @ weights["linear.weight"].T + weights["linear.bias"])
    mean = (each / np.linalg.norm(each, axis=1, keepdims=True)).mean(0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


def lstm(x: Array, of_input: Array, of_state: Array, *biases: Array) -> Array:
    """One layer over (windows, frames, inputs): its states, (windows, frames, units)."""
    driven = x @ of_input.T + sum(biases)
    state = cell = np.zeros((len(x), of_state.shape[1]), np.float32)
    states = []
    for t in range(x.shape[1]):
        take, forget, new, show = np.split(driven[:, t] + state @ of_state.T, 4, axis=1)
        cell = sigmoid(forget) * cell + sigmoid(take) * np.tanh(new)
        state = sigmoid(show) * np.tanh(cell)
        states.append(state)
    return np.stack(states, axis=1)


def sigmoid(x: Array) -> Array:
    """Logistic function, without overflow."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x), np.float32)


def main() -> None:
    """Print the cosines of half a minute of each voice with its marked copy, an MP3 and its other half minute."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--voices", type=int, default=7)
    arguments = parser.parse_args()
    weights = load(arguments.weights)
    half = 30 * RATE
    for number, (voice, samples) in enumerate(list(recordings().items())[: arguments.voices]):
        marked = signature.embed(samples, RATE, OWNER.decoy(number, "bench"))
        plain = embedding(samples[:half], weights)
        others = (marked[:half], AUDIO["mp3_64k"](samples[:half], RATE, seed=1), samples[half:])
        cosines = [float(plain @ embedding(other, weights)) for other in others]
        print(f"{voice}: marked {cosines[0]:.4f}, MP3 64k {cosines[1]:.4f}, other half {cosines[2]:.4f}", flush=True)


if __name__ == "__main__":
    main()
