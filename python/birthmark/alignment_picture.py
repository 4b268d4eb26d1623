"""Pictures of alignments: where the passages stand, and for sound the peaks of the recording on the query."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from birthmark.alignment import Alignment, Fingerprint
from birthmark.errors import ArgumentError
from birthmark.fingerprint import ROW_S, AudioFingerprint

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENDINGS = (".png", ".svg", ".pdf")
_SHOWN_S = 30.0
_LOWEST_HZ = 250.0
_BANDS_PER_OCTAVE = 24

Pair = tuple[Fingerprint, Fingerprint, list[Alignment]]


def check_picture(path: Path) -> None:
    """Raises ArgumentError for a picture that cannot be drawn."""
    if path.suffix.lower() not in ENDINGS:
        raise ArgumentError(f"picture is {path}; allowed: names ending in {', '.join(ENDINGS)}")
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ArgumentError("picture needs matplotlib; install birthmark[plot]") from error


def draw(path: Path, pairs: list[Pair], query_name: str, reference_name: str) -> None:
    """Draws the alignments of a query with one recording: times against times, and the peaks of the best passage."""
    from matplotlib.figure import Figure

    sound = [(q, r, a[0]) for q, r, a in pairs if isinstance(q, AudioFingerprint) and a]
    figure = Figure(figsize=(9, 8 if sound else 5), layout="constrained")
    axes = figure.subplots(2 if sound else 1, 1, squeeze=False)[:, 0]
    _draw_times(axes[0], pairs, query_name, reference_name)
    for query, reference, alignment in sound:
        _draw_peaks(axes[1], query, reference, alignment)
    figure.savefig(path, dpi=120, format=path.suffix.lower().lstrip("."))


def _draw_times(axes: Axes, pairs: list[Pair], query_name: str, reference_name: str) -> None:
    for query, reference, alignments in pairs:
        style = "-" if query.medium == "audio" else "--"
        axes.set_xlim(0, max(query.duration_s, axes.get_xlim()[1] if axes.lines else 0, 1e-3))
        axes.set_ylim(0, max(reference.duration_s, axes.get_ylim()[1] if axes.lines else 0, 1e-3))
        for a in alignments:
            axes.plot(
                [a.query_start_s, a.query_end_s],
                [a.reference_start_s, a.reference_end_s],
                style,
                linewidth=3,
                label=f"{a.medium}, speed {a.speed:.3f}, log10 p {a.log10_p:.0f}",
            )
    # Names of files are no formulas, whatever dollars they hold.
    axes.set_xlabel(f"seconds of {Path(query_name).name}", parse_math=False)
    axes.set_ylabel(f"seconds of {Path(reference_name).name}", parse_math=False)
    axes.set_title("Shared passages" if axes.lines else "No shared passage")
    if axes.lines:
        axes.legend(loc="best", fontsize="small")


def _draw_peaks(axes: Axes, query: AudioFingerprint, reference: Fingerprint, a: Alignment) -> None:
    if not isinstance(reference, AudioFingerprint):
        return
    end = min(a.query_end_s, a.query_start_s + _SHOWN_S)
    first, last = int(a.query_start_s / ROW_S), int(np.ceil(end / ROW_S))
    surface = query.core.surface[first:last].T
    axes.imshow(
        surface,
        origin="lower",
        aspect="auto",
        cmap="Greys",
        extent=(first * ROW_S, last * ROW_S, -0.5, len(surface) - 0.5),
    )
    rows, bands = reference.peaks[:, 0], reference.peaks[:, 1]
    times = (rows * ROW_S - a.reference_start_s) / a.speed + a.query_start_s
    shift = float(a.geometry.split()[1]) * 2 if a.geometry else 0.0
    inside = (times >= first * ROW_S) & (times < last * ROW_S)
    axes.plot(times[inside], bands[inside] + shift, ".", color="tab:red", markersize=3)
    ticks = np.arange(0, surface.shape[0], _BANDS_PER_OCTAVE)
    axes.set_yticks(ticks, [f"{_LOWEST_HZ * 2 ** (t / _BANDS_PER_OCTAVE):.0f}" for t in ticks])
    axes.set_xlabel("seconds of the file in question")
    axes.set_ylabel("Hz")
    axes.set_title("Its whitened spectrogram; red: peaks of the recording, moved by the alignment")
