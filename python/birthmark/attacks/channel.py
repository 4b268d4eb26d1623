"""What microphones, rooms, telephone lines and editing desks do to a voice: filters, levels, rooms, denoisers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from birthmark.errors import ArgumentError
from birthmark.loudness import integrated_loudness

from .arrays import Samples, as_columns, check_rate, fit_length, like, limit_peak, per_channel, resample

_SPEED_OF_SOUND = 343.0


def identity(samples: Samples, rate: int, *, seed: int = 0) -> Samples:
    """A copy: the case without any attack."""
    return np.array(samples, dtype=np.float32, copy=True)


def resample_to(samples: Samples, rate: int, *, seed: int = 0, to_rate: int = 8000) -> Samples:
    """Resample to `to_rate` and back."""
    check_rate(rate)
    columns = as_columns(samples)
    return like(fit_length(resample(resample(columns, rate, to_rate), to_rate, rate), len(columns)), samples)


def requantise(samples: Samples, rate: int, *, seed: int = 0, bits: int = 8) -> Samples:
    """Round to `bits` bits per sample with triangular dither."""
    rng = np.random.default_rng(seed)
    columns = as_columns(samples)
    step = 2.0 ** (1 - bits)
    dither = (rng.random(columns.shape) - rng.random(columns.shape)) * step
    return like(np.clip(np.round((columns + dither) / step) * step, -1, 1), samples)


def bandpass(samples: Samples, rate: int, *, seed: int = 0, low_hz: float = 300.0, high_hz: float = 3400.0) -> Samples:
    """Zero-phase sixth-order Butterworth band-pass (telephone band by default)."""
    check_rate(rate)
    if high_hz < 0.98 * rate / 2:
        sections = signal.butter(6, [low_hz, high_hz], "bandpass", fs=rate, output="sos")
    else:
        sections = signal.butter(6, low_hz, "highpass", fs=rate, output="sos")
    return per_channel(samples, lambda x: signal.sosfiltfilt(sections, x, padlen=min(len(x) - 1, 3000)))


def eq(samples: Samples, rate: int, *, seed: int = 0, range_db: float = 9.0) -> Samples:
    """Smooth random equaliser: gains drawn within ± `range_db` at knots one octave apart."""
    rng = np.random.default_rng(seed)
    knots = np.arange(np.log2(40.0), np.log2(max(rate / 2, 160.0)) + 1, 1.0)
    gains = rng.uniform(-range_db, range_db, len(knots))
    taps = 1 | int(rate * 0.032)
    freqs = np.linspace(0, rate / 2, 513)
    decibels = np.interp(np.log2(np.maximum(freqs, 20.0)), knots, gains)
    impulse = signal.firwin2(taps, freqs, 10 ** (decibels / 20), fs=rate)
    return like(limit_peak(signal.oaconvolve(as_columns(samples), impulse[:, None], mode="same", axes=0)), samples)


def gain(samples: Samples, rate: int, *, seed: int = 0, db: float = -12.0) -> Samples:
    """Constant gain, clipped at full scale."""
    return np.asarray(np.clip(np.asarray(samples) * 10 ** (db / 20), -1, 1), np.float32)


def loudness_normalise(samples: Samples, rate: int, *, seed: int = 0, lufs: float = -16.0) -> Samples:
    """Gain to an integrated loudness (ITU-R BS.1770), then a look-ahead limiter where peaks would pass full scale."""
    columns = as_columns(samples).astype(np.float64)
    measured = integrated_loudness(columns, rate)
    factor = 10 ** ((lufs - measured) / 20) if np.isfinite(measured) else 1.0
    return like(_limiter(columns * factor, rate, 0.97), samples)


def _limiter(columns: NDArray[np.floating], rate: int, ceiling: float) -> NDArray[np.floating]:
    over = np.max(np.abs(columns), axis=1, initial=0.0)
    wanted = np.minimum(1.0, ceiling / np.maximum(over, 1e-9))
    width = max(1, rate // 200)
    held = ndimage.minimum_filter1d(wanted, 2 * width + 1)
    smooth = ndimage.uniform_filter1d(held, width)
    return np.asarray(columns * smooth[:, None])


def compress(
    samples: Samples,
    rate: int,
    *,
    seed: int = 0,
    threshold_db: float = -28.0,
    ratio: float = 4.0,
    attack_ms: float = 5.0,
    release_ms: float = 120.0,
) -> Samples:
    """Feed-forward dynamic range compressor with make-up gain to the former active level."""
    columns = as_columns(samples).astype(np.float64)
    block = max(1, rate // 1000)
    level = np.max(np.abs(columns), axis=1, initial=0.0)
    peaks = np.pad(level, (0, -len(level) % block)).reshape(-1, block).max(axis=1)
    over = np.maximum(20 * np.log10(np.maximum(peaks, 1e-6)) - threshold_db, 0.0) * (1 - 1 / ratio)
    rise, fall = np.exp(-1.0 / max(attack_ms, 0.1)), np.exp(-1.0 / max(release_ms, 0.1))
    state, reduction = 0.0, np.empty_like(over)
    for i, value in enumerate(over):
        pole = rise if value > state else fall
        state = pole * state + (1 - pole) * value
        reduction[i] = state
    centres = (np.arange(len(over)) + 0.5) * block
    decibels = np.interp(np.arange(len(columns)), centres, -reduction)
    out = columns * 10 ** (decibels / 20)[:, None]
    before, after = np.sqrt(np.mean(columns**2)), np.sqrt(np.mean(out**2))
    return like(limit_peak(out * (before / after if after > 0 else 1.0)), samples)


def clip(samples: Samples, rate: int, *, seed: int = 0, share: float = 0.01) -> Samples:
    """Hard clipping at the level that `share` of the samples exceed, brought back to the former peak."""
    array = np.asarray(samples, np.float32)
    if array.size == 0:
        return array.copy()
    peak = float(np.max(np.abs(array)))
    level = max(float(np.quantile(np.abs(array), 1 - share)), 1e-6)
    return np.asarray(np.clip(array, -level, level) * (peak / level), np.float32)


def echo(samples: Samples, rate: int, *, seed: int = 0, delay_ms: float = 150.0, level: float = 0.4) -> Samples:
    """One repeat `level` as loud after `delay_ms`, plus a second one at the square of that."""
    columns = as_columns(samples)
    out = columns.copy()
    for repeat in (1, 2):
        lag = round(rate * delay_ms * repeat / 1000)
        if lag < len(columns):
            out[lag:] += np.float32(level**repeat) * columns[: len(columns) - lag]
    return like(limit_peak(out), samples)


def room_impulse(
    rate: int, rt60: float, seed: int, distance_m: float = 1.5, model: str = "image"
) -> NDArray[np.float64]:
    """A room's impulse response, its direct path at index 0.

    "image": Allen and Berkley's image sources in a random shoebox room for the first 80 ms, diffuse noise with the same
    decay after it. "noise": direct path plus exponentially decaying noise 4 dB below it.
    """
    rng = np.random.default_rng(seed)
    length = max(1, int(rate * rt60 * 1.1))
    time = np.arange(length) / rate
    tail = rng.standard_normal(length) * 10 ** (-3 * time / rt60)
    if model == "noise":
        tail *= np.sqrt(10**-0.4 / np.sum(tail**2))
        tail[0] = 1.0
        return tail
    if model != "image":
        raise ArgumentError(f'model is {model!r}; allowed are "image" and "noise"')
    room = rng.uniform([3.5, 3.0, 2.4], [8.0, 6.0, 3.5])
    ear = rng.uniform(0.3, 0.7, 3) * room
    direction = rng.standard_normal(3)
    mouth = np.clip(ear + distance_m * direction / np.linalg.norm(direction), 0.2, room - 0.2)
    delays, gains = _images(room, mouth, ear, rt60)
    first = float(delays.min())
    response = np.zeros(length)
    early = int(0.08 * rate)
    index = (delays - first) * rate
    whole = index.astype(int)
    part = index - whole
    inside = whole + 1 < min(early, length)
    np.add.at(response, whole[inside], gains[inside] * (1 - part[inside]))
    np.add.at(response, whole[inside] + 1, gains[inside] * part[inside])
    if early < length:
        last = slice(early * 3 // 4, early)
        tail *= np.sqrt(np.mean(response[last] ** 2) / np.mean(tail[last] ** 2))
        response[early:] += tail[early:]
    return np.asarray(response / max(response[0], 1e-9), np.float64)


def _images(
    room: NDArray[np.float64], mouth: NDArray[np.float64], ear: NDArray[np.float64], rt60: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    volume = float(np.prod(room))
    surface = 2 * float(room[0] * room[1] + room[1] * room[2] + room[0] * room[2])
    reflect = np.sqrt(max(1e-4, np.exp(-0.161 * volume / (surface * rt60))))
    orders = np.arange(-12, 13)
    grid = np.stack(np.meshgrid(orders, orders, orders, indexing="ij"), axis=-1).reshape(-1, 3)
    positions = grid * room + np.where(grid % 2 == 0, mouth, room - mouth)
    distance = np.linalg.norm(positions - ear, axis=1)
    bounces = np.abs(grid).sum(axis=1)
    return distance / _SPEED_OF_SOUND, reflect**bounces / np.maximum(distance, 0.1)


def reverb(
    samples: Samples, rate: int, *, seed: int = 0, rt60: float = 0.3, distance_m: float = 1.5, model: str = "image"
) -> Samples:
    """Room reverberation with decay time `rt60`; the direct path stays where it was."""
    check_rate(rate)
    columns = as_columns(samples)
    response = room_impulse(rate, rt60, seed, distance_m, model)
    wet = signal.oaconvolve(columns, response[:, None], axes=0)[: len(columns)]
    loud = np.sqrt(np.mean(wet**2)) if wet.size else 0.0
    former = np.sqrt(np.mean(columns**2)) if wet.size else 0.0
    return like(limit_peak(wet * (former / loud if loud > 0 else 1.0)), samples)


def denoise(samples: Samples, rate: int, *, seed: int = 0, floor_db: float = -18.0, over: float = 1.8) -> Samples:
    """Spectral gating: bins below `over` times the noise estimate (20th percentile per bin) fall to `floor_db`."""
    size = 1 << int(np.log2(rate * 0.04))

    def mono(x: Samples) -> NDArray[np.floating]:
        padded = fit_length(x, max(len(x), 2 * size))
        _, _, spectrum = signal.stft(padded, rate, nperseg=size, noverlap=size * 3 // 4)
        magnitude = np.abs(spectrum)
        noise = np.quantile(magnitude, 0.2, axis=1, keepdims=True)
        mask = 1 / (1 + np.exp(-4 * (magnitude / np.maximum(over * noise, 1e-9) - 1)))
        mask = ndimage.uniform_filter(mask, (3, 3), mode="nearest")
        lowest = 10 ** (floor_db / 20)
        _, out = signal.istft(spectrum * (lowest + (1 - lowest) * mask), rate, nperseg=size, noverlap=size * 3 // 4)
        return fit_length(out.astype(np.float32), len(x))

    return per_channel(samples, mono)


def rerecord(
    samples: Samples,
    rate: int,
    *,
    seed: int = 0,
    rt60: float = 0.35,
    snr_db: float = 30.0,
    drift_ppm: float = 60.0,
) -> Samples:
    """Played by a small loudspeaker, picked up by a microphone in a room.

    Loudspeaker: 220 Hz to 7.5 kHz with three seeded resonances and soft, slightly asymmetric saturation. Then the room
    (image sources), pink microphone noise `snr_db` below the active level, automatic gain and a clock off by up to
    ± `drift_ppm`.
    """
    check_rate(rate)
    rng = np.random.default_rng(seed)
    top = min(7500.0, 0.46 * rate)
    sections = [signal.butter(2, [220.0, top], "bandpass", fs=rate, output="sos")]
    centres = rng.uniform([350, 900, min(2200.0, 0.3 * rate)], [800, 2000, min(4500.0, 0.42 * rate)])
    sections += [_peak(centre, rng.uniform(2, 5), rng.uniform(-6, 6), rate) for centre in centres]
    drive = rng.uniform(1.0, 1.8)
    ratio = 1.0 + rng.uniform(-drift_ppm, drift_ppm) * 1e-6
    room_seed = int(rng.integers(1 << 31))
    columns = as_columns(samples).astype(np.float64)
    spoken = signal.sosfilt(np.vstack(sections), columns, axis=0)
    spoken /= max(float(np.max(np.abs(spoken), initial=0.0)), 1e-9)
    spoken = (np.tanh(drive * spoken + 0.05) - np.tanh(0.05)) / drive
    heard = signal.oaconvolve(spoken, room_impulse(rate, rt60, room_seed, 0.7)[:, None], axes=0)[: len(columns)]
    heard /= max(float(np.max(np.abs(heard), initial=0.0)), 1e-9)
    noise = pink(heard.shape, rng)
    heard += noise * np.sqrt(np.mean(heard**2)) * 10 ** (-snr_db / 20)
    drifted = resample((heard * 0.6).astype(np.float32), rate, rate * ratio)
    return like(fit_length(drifted, len(columns)), samples)


def _peak(centre: float, quality: float, db: float, rate: int) -> NDArray[np.float64]:
    """Second-order peaking section (audio EQ cookbook formulas)."""
    amplitude, omega = 10 ** (db / 40), 2 * np.pi * centre / rate
    alpha = np.sin(omega) / (2 * quality)
    b = np.array([1 + alpha * amplitude, -2 * np.cos(omega), 1 - alpha * amplitude])
    a = np.array([1 + alpha / amplitude, -2 * np.cos(omega), 1 - alpha / amplitude])
    return np.asarray(np.concatenate([b, a])[None, :] / a[0], np.float64)


def pink(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise of unit RMS whose power falls by 3 dB per octave along the first axis."""
    frames = shape[0]
    if frames == 0:
        return np.zeros(shape)
    bins = np.fft.rfft(rng.standard_normal(shape), axis=0)
    weight = 1 / np.sqrt(np.maximum(np.arange(len(bins)), max(1.0, frames / 2000)))
    noise = np.fft.irfft(bins * weight.reshape(-1, *([1] * (len(shape) - 1))), frames, axis=0)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)))
