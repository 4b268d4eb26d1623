"""Other sounds over, around and instead of the recording: noise, other speech, music, cuts, splices, cut-ins."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from birthmark.errors import ArgumentError

from .arrays import Samples, active_rms, as_columns, fit_length, like, limit_peak
from .channel import pink

_SPLICE_FADE_S = 0.002


def noise(samples: Samples, rate: int, *, seed: int = 0, snr_db: float = 20.0, colour: str = "white") -> Samples:
    """Noise `snr_db` below the whole signal's RMS; `colour` is white, pink or speech (speech-shaped)."""
    rng = np.random.default_rng(seed)
    columns = as_columns(samples)
    if len(columns) == 0:
        return like(columns, samples)
    if colour == "white":
        added = rng.standard_normal(columns.shape)
    elif colour == "pink":
        added = pink(columns.shape, rng)
    elif colour == "speech":
        spectrum = np.abs(np.fft.rfft(columns.mean(axis=1)))
        phase = np.exp(2j * np.pi * rng.random(len(spectrum)))
        added = np.repeat(np.fft.irfft(spectrum * phase, len(columns))[:, None], columns.shape[1], axis=1)
    else:
        raise ArgumentError(f'colour is {colour!r}; allowed are "white", "pink" and "speech"')
    level = np.sqrt(np.mean(columns.astype(np.float64) ** 2)) / max(np.sqrt(np.mean(added**2)), 1e-12)
    return like(limit_peak(columns + added * level * 10 ** (-snr_db / 20)), samples)


def mix(samples: Samples, rate: int, *, seed: int = 0, other: Samples | None = None, below_db: float = 10.0) -> Samples:
    """Add `other` (repeated or cut at a seeded place to fit) `below_db` below, both measured while active.

    Without `other` an artificial talker speaks (see `talker`).
    """
    columns = as_columns(samples)
    source = as_columns(talker(len(columns), rate, seed) if other is None else other)
    placed = _excerpt(source.mean(axis=1), len(columns), seed)
    level = active_rms(columns, rate) / max(active_rms(placed, rate), 1e-9) * 10 ** (-below_db / 20)
    return like(limit_peak(columns + (placed * np.float32(level))[:, None]), samples)


def other_music(
    samples: Samples, rate: int, *, seed: int = 0, other: Samples | None = None, below_db: float = 10.0
) -> Samples:
    """Music `below_db` below; without `other` it is synthesised (see `music`)."""
    source = music(len(as_columns(samples)), rate, seed) if other is None else other
    return mix(samples, rate, seed=seed, other=source, below_db=below_db)


def _excerpt(mono: Samples, frames: int, seed: int) -> Samples:
    if len(mono) == 0:
        return np.zeros(frames, np.float32)
    start = int(np.random.default_rng(seed).integers(max(1, len(mono) - frames + 1)))
    repeats = -(-(frames + start) // len(mono))
    return np.tile(mono, repeats)[start : start + frames]


def music(frames: int, rate: int, seed: int = 0) -> Samples:
    """Seeded tonal and percussive music, mono: a four-chord loop of plucked partials, bass, noise drum."""
    rng = np.random.default_rng(seed)
    beat = int(rate * 60 / rng.uniform(90, 130))
    out = np.zeros(frames + 4 * beat, np.float64)
    root = 110.0 * 2 ** (rng.integers(0, 12) / 12)
    chords = rng.permutation(np.array([[0, 4, 7], [9, 12, 16], [5, 9, 12], [7, 11, 14]]))
    bright = rng.uniform(0.5, 0.9)
    for index, start in enumerate(range(0, frames, beat)):
        chord = chords[index // 4 % 4]
        notes = [(chord[0] - 12, 0.5)] if index % 2 == 0 else []
        notes += [(int(rng.choice(chord)) + 12 * int(rng.integers(0, 3)), rng.uniform(0.2, 0.4)) for _ in range(3)]
        for semitone, loud in notes:
            tone = _pluck(root * 2 ** (semitone / 12), 2 * beat, rate, bright, rng)
            place = start + int(rng.choice([0, beat // 2]))
            out[place : place + len(tone)] += loud * tone[: len(out) - place]
        drum = rng.standard_normal(beat // 4) * np.exp(-np.arange(beat // 4) / (rate * 0.03))
        out[start : start + len(drum)] += 0.4 * drum
    return np.asarray(out[:frames] / max(np.max(np.abs(out)), 1e-9) * 0.7, np.float32)


def _pluck(pitch: float, frames: int, rate: int, bright: float, rng: np.random.Generator) -> NDArray[np.float64]:
    time = np.arange(frames) / rate
    out = np.zeros(frames)
    for partial in range(1, int(min(20, 0.45 * rate / pitch)) + 1):
        phase = rng.uniform(0, 2 * np.pi)
        out += bright**partial * np.sin(2 * np.pi * pitch * partial * time + phase) * np.exp(-time * (1.5 + partial))
    return out * np.minimum(1.0, time / 0.004)


def talker(frames: int, rate: int, seed: int = 0) -> Samples:
    """A seeded artificial talker, mono: gliding glottal pulses through moving formants, syllables and pauses."""
    rng = np.random.default_rng(seed)
    out = np.zeros(frames, np.float64)
    position, base = 0, rng.uniform(90, 230)
    while position < frames:
        length = int(rate * rng.uniform(0.1, 0.28))
        time = np.arange(length) / rate
        pitch = base * 2 ** (rng.uniform(-0.25, 0.25) + rng.uniform(-0.6, 0.6) * time)
        phase = np.cumsum(pitch) / rate
        voiced = rng.random() < 0.75
        source = np.diff(np.floor(phase), prepend=0.0) if voiced else 0.12 * rng.standard_normal(length)
        sound = np.zeros(length)
        for low, high, width in ((300, 850, 80), (900, 2300, 120), (2300, 3200, 160)):
            centre = min(rng.uniform(low, high), 0.45 * rate)
            radius = np.exp(-np.pi * width / rate)
            poles = [1, -2 * radius * np.cos(2 * np.pi * centre / rate), radius**2]
            sound += signal.lfilter([1 - radius], poles, source)
        sound *= np.sin(np.pi * np.arange(length) / length) ** 0.5 * rng.uniform(0.4, 1.0)
        stop = min(frames, position + length)
        out[position:stop] += sound[: stop - position]
        position += length + (int(rate * rng.uniform(0.15, 0.6)) if rng.random() < 0.18 else 0)
    return np.asarray(out / max(np.max(np.abs(out), initial=0.0), 1e-9) * 0.7, np.float32)


def cut(samples: Samples, rate: int, *, seed: int = 0, seconds: float = 5.0) -> Samples:
    """Only `seconds` of the recording, taken from a seeded place (to the sample)."""
    columns = as_columns(samples)
    frames = min(len(columns), round(seconds * rate))
    start = int(np.random.default_rng(seed).integers(len(columns) - frames + 1))
    return like(columns[start : start + frames], samples)


def splice_out(samples: Samples, rate: int, *, seed: int = 0, share: float = 0.1, piece_s: float = 0.25) -> Samples:
    """Take `share` of the recording out in pieces of about `piece_s`, with 2 ms cross-fades at the joins."""
    rng = np.random.default_rng(seed)
    columns = as_columns(samples)
    frames = len(columns)
    pieces = max(1, round(share * frames / (piece_s * rate)))
    length = int(share * frames / pieces)
    slack = frames - pieces * length
    starts = np.sort(rng.integers(0, slack + 1, pieces)) + np.arange(pieces) * length
    kept, position = [], 0
    for start in starts:
        kept.append(columns[position:start])
        position = int(start) + length
    kept.append(columns[position:])
    return like(_join([part for part in kept if len(part)], rate), samples)


def _join(parts: list[Samples], rate: int) -> Samples:
    fade = max(1, int(_SPLICE_FADE_S * rate))
    ramp = np.linspace(0, 1, fade, dtype=np.float32)[:, None]
    out = [part.copy() for part in parts]
    for before, after in pairwise(out):
        if min(len(before), len(after)) > 2 * fade:
            before[-fade:] *= ramp[::-1]
            after[:fade] *= ramp
    return np.concatenate(out) if out else np.zeros((0, 1), np.float32)


def cut_in_start(frames_inside: int, frames_outside: int, seed: int) -> int:
    """The frame of the host file at which `cut_in` with this seed puts the inserted passage."""
    return int(np.random.default_rng(seed).integers(max(1, frames_outside - frames_inside + 1)))


def cut_in(
    samples: Samples,
    rate: int,
    *,
    seed: int = 0,
    background: Samples | None = None,
    seconds: float = 60.0,
    inside_s: float | None = 5.0,
) -> Samples:
    """`inside_s` from the middle of the recording replaces as much of `background` (`seconds` long) at a seeded place.

    The place is `cut_in_start(inside frames, background frames, seed)`. Both are brought to the same active level.
    Without `background` an artificial talker speaks.
    """
    columns = as_columns(samples)
    frames = round(seconds * rate)
    inside = len(columns) if inside_s is None else min(len(columns), round(inside_s * rate))
    first = (len(columns) - inside) // 2
    passage = columns[first : first + inside]
    host = talker(frames, rate, seed) if background is None else as_columns(background).mean(axis=1)
    host = fit_length(_excerpt(host, frames, seed), frames)
    host = host * np.float32(active_rms(passage, rate) / max(active_rms(host, rate), 1e-9))
    start = cut_in_start(inside, frames, seed)
    spread = np.repeat(limit_peak(host)[:, None], columns.shape[1], axis=1)
    parts = [spread[:start], passage, spread[start + inside :]]
    return like(_join([part for part in parts if len(part)], rate), samples)
