"""Speed, tempo and pitch: the edits that stretch a recording's axes.

`factor` is how much faster the result plays: 1.1 gives 1/1.1 of the length.
"""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray

from birthmark.errors import ArgumentError

from .arrays import Samples, as_columns, check_rate, fit_length, like, per_channel, resample


def _check_factor(factor: float) -> None:
    if not 0.25 <= factor <= 4.0:
        raise ArgumentError(f"factor is {factor}; allowed are 0.25 to 4.0")


def speed(samples: Samples, rate: int, *, seed: int = 0, factor: float = 1.1) -> Samples:
    """Play faster by resampling: tempo and pitch change together."""
    _check_factor(factor)
    columns = as_columns(samples)
    return like(fit_length(resample(columns, rate * factor, rate), round(len(columns) / factor)), samples)


def tempo(samples: Samples, rate: int, *, seed: int = 0, factor: float = 1.1, method: str = "wsola") -> Samples:
    """Play faster at the same pitch; the method is one of three.

    "wsola" is libavfilter's atempo, "ola" our own WSOLA with longer windows, "vocoder" a phase vocoder.
    """
    _check_factor(factor)
    check_rate(rate)
    columns = as_columns(samples)
    if method == "wsola":
        stretched = _atempo(columns, rate, factor)
    elif method == "ola":
        stretched = _wsola(columns, rate, factor)
    elif method == "vocoder":
        stretched = as_columns(per_channel(columns, lambda x: phase_vocoder(x, rate, factor)))
    else:
        raise ArgumentError(f'method is {method!r}; allowed are "wsola", "ola" and "vocoder"')
    return like(fit_length(stretched, round(len(columns) / factor)), samples)


def pitch(samples: Samples, rate: int, *, seed: int = 0, semitones: float = 1.0, method: str = "wsola") -> Samples:
    """Shift the pitch by `semitones` at the same tempo: stretch, then resample back to the former length."""
    ratio = 2 ** (semitones / 12)
    columns = as_columns(samples)
    stretched = as_columns(tempo(columns, rate, factor=1 / ratio, method=method))
    return like(fit_length(resample(stretched, rate * ratio, rate), len(columns)), samples)


def _atempo(columns: Samples, rate: int, factor: float) -> Samples:
    """libavfilter's atempo in process; factors below 0.5 are reached in two steps."""
    if len(columns) == 0:
        return columns
    if factor < 0.5:
        return _atempo(_atempo(columns, rate, 0.5), rate, factor / 0.5)
    layout = {1: "mono", 2: "stereo"}.get(columns.shape[1])
    if layout is None:
        return as_columns(per_channel(columns, lambda x: _atempo(x[:, None], rate, factor)[:, 0]))
    graph = av.filter.Graph()
    source = graph.add_abuffer(format="flt", sample_rate=rate, layout=layout)
    stretch = graph.add("atempo", repr(float(factor)))
    sink = graph.add("abuffersink")
    source.link_to(stretch)
    stretch.link_to(sink)
    graph.configure()
    blocks: list[Samples] = []
    for start in range(0, len(columns), 32768):
        block = columns[start : start + 32768]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.reshape(1, -1)), format="flt", layout=layout)
        frame.sample_rate, frame.pts = rate, start
        source.push(frame)
        blocks += _drain(sink, columns.shape[1])
    source.push(None)
    blocks += _drain(sink, columns.shape[1])
    return np.concatenate(blocks)


def _drain(sink: av.filter.FilterContext, channels: int) -> list[Samples]:
    blocks: list[Samples] = []
    while True:
        try:
            frame = sink.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return blocks
        assert isinstance(frame, av.AudioFrame)
        blocks.append(frame.to_ndarray().reshape(-1, channels).astype(np.float32))


def _wsola(columns: Samples, rate: int, factor: float) -> Samples:
    """Waveform-similarity overlap-add (Verhelst and Roelands 1993): 40 ms windows, ± 8 ms search, channels together."""
    hop = int(0.02 * rate)
    search = int(0.008 * rate)
    window = np.hanning(2 * hop + 1)[:-1, None]
    padded = np.pad(columns, ((search + hop, 4 * hop + search), (0, 0)))
    mono = padded.mean(axis=1)
    steps = int(len(columns) / factor / hop) + 2
    out = np.zeros(((steps + 1) * hop, columns.shape[1]))
    previous = search + hop
    for step in range(steps):
        ideal = search + round(step * hop * factor)
        if ideal + search + 2 * hop > len(padded):
            break
        if step:
            wanted = mono[previous + hop : previous + 3 * hop]
            area = mono[ideal - search : ideal + search + 2 * hop]
            if len(wanted) == 2 * hop and len(area) == 2 * hop + 2 * search:
                ideal += int(np.argmax(np.correlate(area, wanted, "valid"))) - search
        out[step * hop : step * hop + 2 * hop] += window * padded[ideal : ideal + 2 * hop]
        previous = ideal
    return np.asarray(out[hop:], np.float32)


def phase_vocoder(mono: Samples, rate: int, factor: float) -> NDArray[np.float64]:
    """Time stretching by a phase vocoder (Flanagan and Golden 1966; phase advance per bin): 46 ms windows, 1/4 hop."""
    size = 1 << round(np.log2(rate * 0.046))
    hop = size // 4
    window = np.hanning(size + 1)[:-1]
    padded = np.pad(mono.astype(np.float64), (size // 2, 2 * size))
    frames = (len(padded) - size) // hop
    grid = np.arange(frames)[:, None] * hop + np.arange(size)
    spectra = np.fft.rfft(padded[grid] * window, axis=1)
    positions = np.arange(0, frames - 1.001, factor)
    whole, part = positions.astype(int), (positions % 1)[:, None]
    magnitude = (1 - part) * np.abs(spectra[whole]) + part * np.abs(spectra[whole + 1])
    expected = 2 * np.pi * hop * np.arange(spectra.shape[1]) / size
    change = np.angle(spectra[whole + 1]) - np.angle(spectra[whole]) - expected
    advance = expected + change - 2 * np.pi * np.round(change / (2 * np.pi))
    phase = np.angle(spectra[0]) + np.concatenate([np.zeros((1, spectra.shape[1])), np.cumsum(advance[:-1], axis=0)])
    blocks = np.fft.irfft(magnitude * np.exp(1j * phase), size, axis=1) * window
    out = np.zeros(len(positions) * hop + size)
    for index, block in enumerate(blocks):
        out[index * hop : index * hop + size] += block
    level = np.sqrt(np.mean(mono.astype(np.float64) ** 2) / max(float(np.mean(out**2)), 1e-20)) if len(mono) else 1.0
    return out[size // 2 :] * level
