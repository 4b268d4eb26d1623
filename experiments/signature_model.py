"""Fit the classes of the voice signature and the statistics of unmarked voices that its detector whitens with.

    python experiments/signature_model.py classes VOICE...     writes cpp/src/voice_signature/centres.cpp; then rebuild
    python experiments/signature_model.py population VOICE...  writes python/birthmark/data/signature_population.npz

VOICE is a sound file with 8 to 40 s of one unmarked voice, or a folder of them. The shipped statistics come from the 49
that experiments/signature_voices.py makes: volunteers in some thirty languages, and text-to-speech. None of them
is used in any measurement, with one exception: espeak-ng serves as a null. The classes come from 54 such voices. Only
averages are kept, no audio.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "python"), str(ROOT / "bench")]

CLASSES = 32


def voices(arguments: list[str]) -> list[NDArray[np.float32]]:
    """Every named file at 16 kHz, mono."""
    import soxr

    from birthmark.media import read_audio

    found = []
    for path in sorted(p for a in arguments for p in (Path(a).iterdir() if Path(a).is_dir() else [Path(a)])):
        samples, rate = read_audio(path)
        mono = samples if samples.ndim == 1 else samples.mean(axis=1)
        found.append(soxr.resample(mono, rate, 16000)[: 60 * 16000].astype(np.float32))
    return found


def fit_classes(recordings: list[NDArray[np.float32]]) -> None:
    """K-means of the active frames' features, in units of their standard deviation, written as C++."""
    from tests.reference import voice_signature as reference

    rows = []
    for samples in recordings:
        shape, activity, _ = reference.features(reference.power(samples.astype(np.float64)))
        rows.append(shape[activity > 0.5][:4000:5])
    points = np.concatenate(rows)
    scale = points.std(axis=0)
    points /= scale
    generator = np.random.default_rng(1)
    centres = points[generator.choice(len(points), CLASSES, replace=False)]
    for _ in range(60):
        nearest = ((centres**2).sum(1) - 2 * points @ centres.T).argmin(1)
        centres = np.stack([points[nearest == k].mean(0) for k in range(CLASSES)])
    centres = centres[np.argsort(centres[:, 0])]

    def literal(row: NDArray[np.float64]) -> str:
        return "{" + ", ".join(f"{v:.5f}F" for v in row) + "}"

    lines = ",\n    ".join("{" + literal(row) + "}" for row in centres)
    (ROOT / "cpp/src/voice_signature/centres.cpp").write_text(
        "// Written by experiments/signature_model.py.\n"
        '#include "birthmark/voice_signature/model.hpp"\n\n'
        "namespace birthmark::voice_signature {\n\n"
        f"const std::array<float, kFeatures> kFeatureScale = {literal(scale)};\n\n"
        "const std::array<std::array<float, kFeatures>, kClasses> kCentres = {{\n    "
        f"{lines},\n}}}};\n\n}}  // namespace birthmark::voice_signature\n"
    )


LEADING = 8
SCALES = (0.93, 1.0, 1.07)  # of frequency: each voice stands for a smaller and a larger speaker as well
CHANNELS = {"recorded": ("none",), "noisy": ("noise_20",), "narrow codec": ("amr_4.75", "codec2_3200")}
POWER = 0.3  # of the pattern that is reckoned with, as a share of an undisturbed copy's
SYNTHETIC_POWER = 0.05
SYNTHETIC_GAINS = (0.2, 1.4)  # a clone says more of the pattern, the higher the band: first and last, linear between


def fit_population(recordings: list[NDArray[np.float32]]) -> None:
    """What the detector takes for granted: how unmarked voices vary, and what arrives of a pattern.

    For each channel, mean and Kronecker-factored covariance of the class contrasts of unmarked voices after all of its
    attacks, and the leading ways in which they differ beyond that; the last channel is what a model of all the voices
    says. `response` is least squares: contrasts of a marked voice less those of the same unmarked one, on the pattern.
    """
    from birthmark import signature
    from birthmark.attacks import AUDIO

    models = []
    channels = [[AUDIO[name](x, 16000, seed=1) for name in names for x in recordings] for names in CHANNELS.values()]
    for sounds in [*channels, synthetic(recordings)]:
        values = np.stack([c.values for x in sounds for c in signature.contrasts(x, 16000, SCALES)])
        residues = values - values.mean(axis=0)
        classes, bands = factors(residues)
        models.append((values.mean(axis=0), classes, bands, leading(residues, classes, bands)))
    names = ("mean", "classes", "bands", "leading")
    arrays = {name: np.stack(parts) for name, parts in zip(names, zip(*models, strict=True), strict=True)}
    heard = response(recordings)
    arrays["response"] = np.stack([heard] * len(CHANNELS) + [heard * np.linspace(*SYNTHETIC_GAINS, heard.shape[1])])
    arrays["power"] = np.array([POWER] * len(CHANNELS) + [SYNTHETIC_POWER])
    rounded = {name: values.astype(np.float32) for name, values in arrays.items()}
    target = ROOT / "python/birthmark/data/signature_population.npz"
    target.parent.mkdir(exist_ok=True)
    np.savez_compressed(target, version=np.int64(1), **rounded)


def synthetic(recordings: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Clones: one voice-conversion model of all the voices, each of which says what two others said."""
    from cloning import analyse, model, said

    analyses = [analyse(x) for x in recordings]
    convert = model(analyses, 6000)
    count = len(recordings)
    return [said(convert, analyses[(n + apart) % count], n) for n in range(count) for apart in (7, 23)]


def leading(
    residues: NDArray[np.float64], classes: NDArray[np.float64], bands: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The strongest ways in which voices differ beyond `classes` and `bands`, (LEADING, CLASSES, BANDS).

    Each is a principal component of the whitened residues; its size is the standard deviation that the covariances do
    not account for.
    """
    of_classes, of_bands = np.linalg.cholesky(classes), np.linalg.cholesky(bands)
    half = np.linalg.solve(of_classes, residues)
    white = np.linalg.solve(of_bands, half.transpose(0, 2, 1)).transpose(0, 2, 1).reshape(len(residues), -1)
    _, singular, axes = np.linalg.svd(white, full_matrices=False)
    sizes = np.sqrt(np.maximum(singular[:LEADING] ** 2 / len(residues) - 1, 0))
    return of_classes @ (sizes[:, None, None] * axes[:LEADING].reshape(-1, *residues.shape[1:])) @ of_bands.T


def response(recordings: list[NDArray[np.float32]]) -> NDArray[np.float64]:
    """What arrives of a pattern in each band, (BANDS, BANDS), without attacks."""
    from birthmark import signature
    from birthmark._core.voice_signature import pattern
    from birthmark.keys import Key

    owner = Key(bytes(range(32)))
    square = np.zeros((signature.BANDS, signature.BANDS))
    cross = np.zeros_like(square)
    for number, samples in enumerate(recordings):
        key = owner.decoy(number, "response")
        plain = signature.contrasts(samples, 16000)[0]
        marked = signature.contrasts(signature.embed(samples, 16000, key, verify=False), 16000)[0]
        sent = marked.membership @ pattern(key).astype(np.float64)
        square += sent.T @ sent
        cross += sent.T @ (marked.values - plain.values)
    square += 0.02 * np.trace(square) / len(square) * np.eye(len(square))
    return np.linalg.solve(square, cross)


def factors(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Covariances of classes and of bands: flip-flop maximum likelihood (Dutilleul, 1999), each shrunk to identity."""
    count, classes, bands = values.shape
    of_classes = np.eye(classes)
    of_bands = np.eye(bands)
    for _ in range(8):
        inverse = np.linalg.inv(of_classes)
        of_bands = np.einsum("nkb,kl,nlc->bc", values, inverse, values, optimize=True) / (count * classes)
        of_bands += 0.02 * np.trace(of_bands) / bands * np.eye(bands)
        inverse = np.linalg.inv(of_bands)
        of_classes = np.einsum("nkb,bc,nlc->kl", values, inverse, values, optimize=True) / (count * bands)
        of_classes += 0.02 * np.trace(of_classes) / classes * np.eye(classes)
        of_classes /= np.trace(of_classes) / classes
    return of_classes, of_bands


if __name__ == "__main__":
    {"classes": fit_classes, "population": fit_population}[sys.argv[1]](voices(sys.argv[2:]))
