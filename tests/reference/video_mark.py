"""The kernels of the video mark in plain numpy (float64), one line of mathematics each, slowly."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
TILE, PERIOD, HARMONICS, SYNC_ENERGY = 256, 4.0, 3, 0.18
POWER = 255**2 * 10**-4.44  # mean square of the whole change
SLOW = 1  # fastest harmonic of a held payload
HELD = (PERIOD / 3, PERIOD / 6)  # seconds that pictures of the payload and of the sync waves are shown


def pattern_at(
    layout: dict[str, NDArray[np.float32]], chips: Array, x: Array, y: Array, seconds: float, *, held: bool = False
) -> Array:
    """The pattern at unit coordinates x (across) and y (down): a sum over all modes and harmonics."""
    payload_s, sync_s = ((np.floor(seconds / hold) + 0.5) * hold if held else seconds for hold in HELD)
    out = np.zeros((len(y), len(x)))
    places, codes = layout["places"].astype(int), layout["codes"].astype(int)
    signs, gains = layout["signs"].astype(float), layout["gains"].astype(float)
    harmonics = np.arange(-HARMONICS, HARMONICS + 1)
    used = np.abs(harmonics) <= (SLOW if held else HARMONICS)
    turn = np.exp(2j * np.pi * harmonics * payload_s / PERIOD) * used * np.sqrt(len(used) / used.sum())
    for n in range(len(places)):
        a = signs[n, 0] * chips[codes[n, 0]] + 1j * signs[n, 1] * chips[codes[n, 1]]
        amplitude = gains[n] / np.sqrt(2) * (a @ turn)
        wave = np.outer(np.exp(2j * np.pi * places[n, 1] * y / TILE), np.exp(2j * np.pi * places[n, 0] * x / TILE))
        out += (amplitude * wave).real
    for (nx, ny, j), phase in zip(layout["sync"].astype(int), layout["phases"].astype(float), strict=True):
        angle = 2 * np.pi * ((nx * x[None] + ny * y[:, None]) / TILE + j * sync_s / PERIOD) + phase
        out += np.sqrt(2 * SYNC_ENERGY / len(layout["sync"])) * np.cos(angle)
    return out


def blocks(luma: Array) -> tuple[int, Array, Array]:
    """Step, means and variances of the blocks of a plane."""
    height, width = luma.shape
    step = max(1, min(height, width) // 240)
    pieces = [[luma[r : r + step, c : c + step] for c in range(0, width, step)] for r in range(0, height, step)]
    means = np.array([[piece.mean() for piece in row] for row in pieces])
    variances = np.array([[piece.var() for piece in row] for row in pieces])
    return step, means, variances


def box(values: Array, size: int = 3) -> Array:
    """Mean over size x size neighbours."""
    return np.asarray(cv2.blur(values, (size, size)))


def amplitudes(
    means: Array, variances: Array, *, loss: float = 0.0141, psnr_db: float = 46.7, flat: float = 58.5
) -> Array:
    """How strongly each block may be marked."""
    contrast = 2 * np.maximum(box(means**2 + variances) - box(means) ** 2, 0) + 58.5225
    level = 2 * box(means) ** 2 + 6.5025
    texture = contrast * level / (contrast + level)
    wanted = ((contrast - 58.5225 + flat) * level / (contrast + level)) ** (3 / 8)
    wanted = box(np.minimum(wanted, 2 * cv2.erode(wanted, np.ones((5, 5)))))
    gain = min(loss / np.mean(wanted**2 / texture), 255**2 * 10 ** (-psnr_db / 10) / np.mean(wanted**2))
    return np.asarray(np.minimum(wanted * np.sqrt(gain), 6.0))


def kept_contrast(means: Array, amplitude: Array, most: float) -> Array:
    """What is added to a picture so that its detail does not lose contrast under the mark."""
    detail = means - box(means, 17)
    strength = np.sqrt(np.maximum(box(detail**2, 11), 0))
    raised = 0.85 * amplitude * detail / (strength + amplitude + 1e-6)
    return np.asarray(raised * min(1, np.sqrt(most / np.mean(raised**2))))


def fine_detail(luma: Array) -> Array:
    """What stands out of the 5 x 5 pixels around."""
    weights = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    return np.asarray(luma - cv2.sepFilter2D(luma, -1, weights, weights, borderType=cv2.BORDER_REPLICATE))


def cored(change: Array, detail: Array, *, most: float = 1.2) -> Array:
    """The change with as much of the detail taken off, up to `most`, as keeps 32 rows within POWER."""
    spacing = -(-len(change) // 32)
    limits = most * np.arange(65) / 64
    powers = np.array([np.mean((change - np.clip(detail, -t, t))[spacing // 2 :: spacing] ** 2) for t in limits])
    fits = powers <= POWER
    limit = limits[fits].max(initial=0.0)
    return np.asarray(change - np.clip(detail, -limit, limit))


def embed(luma: NDArray[np.uint8], layout: dict[str, NDArray[np.float32]], chips: Array, seconds: float) -> Array:
    """The marked plane before rounding."""
    height, width = luma.shape
    step, means, variances = blocks(luma.astype(float))
    unit = 240 / min(height, width)
    x = ((np.arange(means.shape[1]) + 0.5) * step - width / 2) * unit
    y = ((np.arange(means.shape[0]) + 0.5) * step - height / 2) * unit
    # The kernel reads the pattern between whole units by linear interpolation.
    units = np.arange(TILE, dtype=np.float64)
    pattern = pattern_at(layout, chips, units, units, seconds, held=True)
    amplitude = amplitudes(means, variances)
    change = amplitude * _linear(_linear(pattern, x, 1), y, 0)
    change += kept_contrast(means, amplitude, POWER - float(np.mean(change**2)))
    pixels = [
        np.clip((np.arange(n) + 0.5) / step - 0.5, 0, m - 1) for n, m in zip(luma.shape, means.shape, strict=True)
    ]
    wide = np.stack([np.interp(pixels[1], np.arange(means.shape[1]), row) for row in change])
    tall = np.stack([np.interp(pixels[0], np.arange(means.shape[0]), column) for column in wide.T], axis=1)
    return np.asarray(np.clip(luma + cored(tall, fine_detail(luma.astype(float))), 0, 255))


def _linear(values: Array, at: Array, axis: int) -> Array:
    first = np.floor(at).astype(int)
    share = (at - first).reshape((-1, 1) if axis == 0 else (1, -1))
    return np.asarray(
        np.take(values, first % TILE, axis) * (1 - share) + np.take(values, (first + 1) % TILE, axis) * share
    )


def phasors(picture: Array, sync: Array, linear: Array, rows: int, columns: int) -> NDArray[np.complex128]:
    """Sync phasors (rows, columns, waves) of one picture."""
    height, width = picture.shape
    x, y = np.arange(width) + 0.5 - width / 2, np.arange(height) + 0.5 - height / 2
    r, c = (
        np.arange(height) * rows // height,
        np.searchsorted(np.arange(1, columns) * width // columns, np.arange(width), "right"),
    )
    out = np.zeros((rows, columns, len(sync)), dtype=complex)
    for k, (nx, ny) in enumerate(sync[:, :2]):
        fx, fy = linear.T @ np.array([nx, ny]) / TILE
        wave = picture * np.exp(-2j * np.pi * (fx * x[None] + fy * y[:, None]))
        for i in range(rows):
            for j in range(columns):
                out[i, j, k] = wave[np.ix_(r == i, c == j)].sum()
    return out


def fold(picture: Array, places: NDArray[np.int64], shift: tuple[int, int]) -> NDArray[np.complex128]:
    """Mode coefficients of a picture with an even number of samples that lies `shift` whole units away, map else 1."""
    height, width = picture.shape
    tile = np.zeros((TILE, TILE))
    # A sample lies half a unit off the whole ones: the kernel interpolates the mean of four neighbours.
    padded = np.pad(picture, 1)
    drawn = (padded[:-1, :-1] + padded[1:, :-1] + padded[:-1, 1:] + padded[1:, 1:]) / 4
    for i in range(height):
        for j in range(width):
            tile[(i - height // 2 + shift[1]) % TILE, (j - width // 2 + shift[0]) % TILE] += drawn[i, j]
    return np.asarray(np.fft.fft2(tile)[places[:, 1], places[:, 0]])
