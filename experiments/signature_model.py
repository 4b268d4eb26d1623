"""Fit the classes of the voice signature and the statistics of unmarked voices that its detector whitens with.

    python experiments/signature_model.py classes VOICE...     writes cpp/src/voice_signature/centres.cpp; then rebuild
    python experiments/signature_model.py population VOICE...  writes python/birthmark/data/signature_population.npz

VOICE is a sound file with a minute or so of one unmarked voice, or a folder of them. The shipped numbers come from 54
voices: the letters, syllables and words that volunteers recorded in some twenty languages for two learning programs
(Debian packages klettres-data and ktuberling-data), text-to-speech (festival, flite, espeak-ng) and one LibriVox
reader (pocketsphinx-testdata). None of them is used in any measurement. Only averages are kept, no audio.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "python")]

CLASSES = 32
SEGMENT = 30.0  # seconds


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


def fit_population(recordings: list[NDArray[np.float32]]) -> None:
    """Mean and Kronecker-factored covariance of the class contrasts of unmarked voices."""
    from birthmark.signature import contrasts

    found = [
        contrasts(piece, 16000)[0]
        for samples in recordings
        for piece in np.array_split(samples, max(1, round(len(samples) / 16000 / SEGMENT)))
    ]
    values = np.stack([c.values for c in found])
    mean = values.mean(axis=0)
    values = values - mean
    count, classes, bands = values.shape
    of_classes = np.eye(classes)
    of_bands = np.eye(bands)
    for _ in range(8):  # flip-flop maximum likelihood (Dutilleul, 1999), each factor shrunk to a multiple of identity
        inverse = np.linalg.inv(of_classes)
        of_bands = np.einsum("nkb,kl,nlc->bc", values, inverse, values, optimize=True) / (count * classes)
        of_bands += 0.02 * np.trace(of_bands) / bands * np.eye(bands)
        inverse = np.linalg.inv(of_bands)
        of_classes = np.einsum("nkb,bc,nlc->kl", values, inverse, values, optimize=True) / (count * bands)
        of_classes += 0.02 * np.trace(of_classes) / classes * np.eye(classes)
        of_classes /= np.trace(of_classes) / classes
    target = ROOT / "python/birthmark/data/signature_population.npz"
    target.parent.mkdir(exist_ok=True)
    np.savez_compressed(
        target,
        version=np.int64(1),
        mean=mean.astype(np.float32),
        classes=of_classes.astype(np.float32),
        bands=of_bands.astype(np.float32),
        membership=np.mean([c.membership for c in found], axis=0).astype(np.float32),
    )


if __name__ == "__main__":
    {"classes": fit_classes, "population": fit_population}[sys.argv[1]](voices(sys.argv[2:]))
