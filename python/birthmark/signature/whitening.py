"""Weights of the signs: filters matched to the pattern and whitened with what unmarked voices do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from birthmark._core.voice_signature import BANDS, CLASSES, VERSION, band_spread
from birthmark.errors import FormatError

from .contrasts import MIN_SPEECH, Contrasts, Real
from .profiles import Profile

_OWN_SHARE = 0.25
"""Share of the recording's own covariance in the one that whitens it."""

_MIN_BANDS = 8

SHARES = (0.05, 0.15, 0.4, 0.4)
"""Of the search, for each channel: as recorded, in noise, after a narrow codec, synthetic. The weak get the most."""


@dataclass(frozen=True)
class _Population:
    """Unmarked voices through each kind of channel; rows are channels."""

    means: Real
    """(channels, CLASSES, BANDS)."""
    classes: Real
    """Covariance of the classes, (channels, CLASSES, CLASSES)."""
    bands: Real
    """Covariance of the bands, (channels, BANDS, BANDS)."""
    leading: Real
    """Strongest ways in which voices differ beyond these covariances, (channels, ways, CLASSES, BANDS)."""
    arrives: Real
    """What arrives of each sign in each band, (channels, BANDS, BANDS)."""
    power: Real
    """Power of the pattern that is reckoned with, as a share of what `arrives` says, (channels,)."""


def coefficients_of(found: Contrasts, reference: Profile | None = None) -> Real:
    """Weight of each sign in the statistic, (channels, CLASSES * BANDS).

    There is a filter for voices as recorded, one for voices in noise, one for voices after a narrow codec and one for
    synthetic voices. Their covariances are mixed with the recording's own, so that what is uncertain in this recording
    counts less. The weights of several recordings are in one unit and may be added up.
    """
    population = _population()
    use = found.bands
    count = len(SHARES)
    if found.speech_s < MIN_SPEECH or use.sum() < _MIN_BANDS:
        return np.zeros((count, CLASSES * BANDS))
    residue = (found.values - population.means)[..., use]
    classes, bands = population.classes, population.bands[:, use][..., use]
    if reference is not None:
        residue = _informed(residue, (reference.values - population.means)[..., use], classes, bands)
    residue = _without(population.leading[..., use], residue, classes, bands)
    bands = _adapted(bands, _transposed(residue) @ _solve(classes, residue) / CLASSES)
    classes = _adapted(classes, residue @ _solve(bands, _transposed(residue)) / use.sum())
    of_classes, of_bands = _cholesky(classes), _cholesky(bands)
    white = _whitened(residue, of_classes, of_bands)
    sent = _solve(of_classes, found.membership)
    arrives = _solve(of_bands, _transposed(population.arrives[..., use]))
    # In the axes of `sent` and `arrives` a matched filter is a product. Where much of the pattern arrives it says the
    # same of many signs at once, so such axes count less: a Wiener filter, whose noise includes the other signs.
    class_power, class_axes = np.linalg.eigh(sent @ _transposed(sent))
    band_power, band_axes = np.linalg.eigh(arrives @ _transposed(arrives))
    parts = _transposed(band_axes) @ white @ class_axes
    parts /= 1 + population.power[:, None, None] * band_power[:, :, None] * class_power[:, None, :]
    weights = _transposed(arrives) @ band_axes @ parts @ _transposed(class_axes) @ sent
    return _transposed(weights).reshape(count, -1)


def _whitened(values: Real, of_classes: Real, of_bands: Real) -> Real:
    """Values less the covariances whose Cholesky factors these are, (..., classes, bands), as (..., bands, classes)."""
    return _solve(of_bands, _transposed(_solve(of_classes, values)))


def _informed(residue: Real, known: Real, classes: Real, bands: Real) -> Real:
    """The residue less as much of what is `known` of the voice as explains it best: none of it to all.

    A copy has all of a voice's own detail, a clone a part. Least squares under the covariances; the key has no say.
    """
    of_classes, of_bands = _cholesky(classes), _cholesky(bands)
    white, explained = _whitened(residue, of_classes, of_bands), _whitened(known, of_classes, of_bands)
    share = (white * explained).sum(axis=(1, 2)) / np.maximum((explained**2).sum(axis=(1, 2)), 1e-12)
    # rounded, so that a profile of the very recording leaves nothing
    return np.asarray(residue - np.clip(np.round(share, 6), 0, 1)[:, None, None] * known)


def _without(leading: Real, residue: Real, classes: Real, bands: Real) -> Real:
    """The residue less its expected share in the `leading` ways (posterior mean of a factor model)."""
    of_classes, of_bands = _cholesky(classes), _cholesky(bands)
    ways = _whitened(leading, of_classes[:, None], of_bands[:, None]).reshape(*leading.shape[:2], -1)
    white = _whitened(residue, of_classes, of_bands).reshape(len(residue), -1, 1)
    share = _solve(np.eye(ways.shape[1]) + ways @ _transposed(ways), ways @ white)
    return np.asarray(residue - np.einsum("cw,cwkb->ckb", share[..., 0], leading))


def _adapted(assumed: Real, own: Real) -> Real:
    """The assumed covariances at the level of the recording's own, and a share of these."""
    level = np.trace(_solve(assumed, own), axis1=1, axis2=2) / own.shape[-1]
    mixed: Real = (1 - _OWN_SHARE) * np.maximum(level, 1e-12)[:, None, None] * assumed + _OWN_SHARE * own
    return mixed


def _cholesky(covariances: Real) -> Real:
    return np.asarray(np.linalg.cholesky(covariances), np.float64)


def _solve(matrices: Real, values: Real) -> Real:
    return np.asarray(np.linalg.solve(matrices, values), np.float64)


def _transposed(matrices: Real) -> Real:
    return np.swapaxes(matrices, -1, -2)


@cache
def _population() -> _Population:
    with resources.files("birthmark").joinpath("data/signature_population.npz").open("rb") as file:
        data = np.load(file)
        if int(data["version"]) != VERSION:
            raise FormatError(f"signature_population.npz has version {int(data['version'])}; allowed: {VERSION}")
        names = ("mean", "classes", "bands", "leading", "response", "power")
        means, classes, bands, leading, response, power = (data[name].astype(np.float64) for name in names)
    return _Population(means, classes, bands, leading, band_spread().astype(np.float64) @ response, power)
