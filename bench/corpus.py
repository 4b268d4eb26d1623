"""Real recordings to measure with, from packages that everybody can install, and synthetic sound where there is none.

Speech: the `asterisk-core-sounds-{en,es,fr,it,ru}-g722` packages (16 kHz, one voice per language, some 2,000 prompts,
CC BY-SA 3.0). More speech and video: a folder of media named by the environment variable BIRTHMARK_MEDIA, or
`shared/media` beside a folder above this repository, with `speech/` and `video/` in it. Music: the package
`asterisk-moh-opsound-g722`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
from scipy import signal

from birthmark.attacks.arrays import Samples, fit_length, resample
from birthmark.attacks.channel import pink
from birthmark.attacks.mixing import music
from birthmark.media import read_audio

PROMPTS = Path("/usr/share/asterisk/sounds")
MUSIC = Path("/usr/share/asterisk/moh")
VIDEOS = Path("/usr/share/doc/opencv-doc/examples/data")
_SHORTEST_PROMPT_S = 1.2


@dataclass(frozen=True)
class Clip:
    """One excerpt: `voice` says who or what is heard, so that an interferer can be somebody else."""

    name: str
    voice: str
    samples: Samples
    rate: int


def media_folder() -> Path | None:
    """The folder with more real media, or None."""
    named = os.environ.get("BIRTHMARK_MEDIA")
    candidates = [Path(named)] if named else [up / "shared" / "media" for up in Path(__file__).resolve().parents]
    return next((folder for folder in candidates if folder.is_dir()), None)


def video_files() -> list[Path]:
    """Real videos: those of the media folder, then OpenCV's."""
    folder = media_folder()
    found = sorted((folder / "video").glob("*.m[pk][4v]")) if folder else []
    return found + [VIDEOS / name for name in ("Megamind.avi", "tree.avi", "vtest.avi") if (VIDEOS / name).exists()]


@lru_cache(maxsize=4096)
def read_g722(path: Path) -> Samples:
    """A raw G.722 file as 16 kHz mono samples."""
    with av.open(str(path), "r", format="g722") as container:
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(container.streams.audio[0])]
    return np.asarray(np.concatenate(frames), np.float32) / np.float32(32768) if frames else np.zeros(0, np.float32)


@lru_cache(maxsize=1)
def voices() -> dict[str, tuple[Path, ...]]:
    """Prompt files of each voice: spoken sentences, no digits, no beeps, no silence."""
    found: dict[str, tuple[Path, ...]] = {}
    skipped = ("silence", "beep", "digits", "letters", "phonetic")
    for folder in sorted(path for path in PROMPTS.glob("*_*_*") if path.is_dir() and not path.is_symlink()):
        files = [path for path in sorted(folder.rglob("*.g722")) if not any(word in str(path) for word in skipped)]
        long = tuple(path for path in files if path.stat().st_size > 8000 * _SHORTEST_PROMPT_S)
        if long:
            found[folder.name] = long
    return found


def prompt_speech(voice: str, seconds: float, seed: int) -> Samples:
    """Prompts of one voice in seeded order with pauses of 0.25 to 0.7 s, cut to `seconds`, 16 kHz."""
    rng = np.random.default_rng([seed, *voice.encode()])
    files = voices()[voice]
    wanted, parts, total = round(seconds * 16000), [], 0
    for index in rng.permutation(len(files)):
        prompt = read_g722(files[index])
        pause = (rng.standard_normal(int(16000 * rng.uniform(0.25, 0.7))) * 10 ** (-66 / 20)).astype(np.float32)
        parts += [prompt, pause]
        total += len(prompt) + len(pause)
        if total >= wanted:
            break
    return fit_length(np.concatenate(parts), wanted)


@lru_cache(maxsize=1)
def shared_speech() -> dict[str, tuple[Samples, int]]:
    """Speech of the media folder, utterances of one speaker joined."""
    folder = media_folder()
    if folder is None:
        return {}
    groups: dict[str, list[Path]] = {}
    for path in sorted((folder / "speech").glob("*.flac")):
        groups.setdefault("LJ" if path.name.startswith("LJ") else path.name.split("-")[0], []).append(path)
    found: dict[str, tuple[Samples, int]] = {}
    for voice, paths in groups.items():
        parts = [read_audio(path) for path in paths]
        found[voice] = (np.concatenate([part[0] for part in parts]), parts[0][1])
    return found


def speech_clips(seconds: float, count: int, rate: int | None = None, seed: int = 0) -> list[Clip]:
    """`count` clips of `seconds`, voices taking turns, resampled to `rate` when given."""
    clips: list[Clip] = []
    for clip in _speech(seconds, seed):
        if len(clips) == count:
            break
        if rate is not None and rate != clip.rate:
            samples = fit_length(resample(clip.samples, clip.rate, rate), round(seconds * rate))
            clip = Clip(clip.name, clip.voice, samples, rate)  # noqa: PLW2901
        clips.append(clip)
    if len(clips) < count:
        packages = "asterisk-core-sounds-{en,es,fr,it,ru}-g722"
        raise RuntimeError(f"only {len(clips)} of {count} clips found; install the packages {packages}")
    return clips


def _speech(seconds: float, seed: int) -> Iterator[Clip]:
    rng = np.random.default_rng(seed)
    for turn in range(1000):
        if turn < 4:
            for voice, (samples, rate) in shared_speech().items():
                wanted = round(seconds * rate)
                if len(samples) >= wanted * (1 if turn == 0 else 2):
                    start = int(rng.integers(len(samples) - wanted + 1))
                    yield Clip(f"{voice}+{start / rate:.1f}s", voice, samples[start : start + wanted], rate)
        for voice in voices():
            yield Clip(f"{voice}#{seed + turn}", voice, prompt_speech(voice, seconds, seed + turn), 16000)
        if not voices() and turn >= 4:
            return


def other_speech(clip: Clip, seconds: float, seed: int = 0, speakers: Sequence[str] = ()) -> Samples:
    """Speech of another voice than the clip's, one of `speakers` where some are named, at the clip's rate."""
    names = [voice for voice in speakers or voices() if voice != clip.voice]
    if not names:
        others = [value for voice, value in shared_speech().items() if voice != clip.voice]
        samples, rate = others[seed % len(others)]
        return resample(samples, rate, clip.rate)
    return resample(prompt_speech(names[seed % len(names)], seconds, seed + 1000), 16000, clip.rate)


def music_clip(seconds: float, rate: int, seed: int = 0) -> Clip:
    """Real music where it is installed, synthesised music otherwise."""
    files = sorted(MUSIC.glob("*.g722"))
    wanted = round(seconds * rate)
    if not files:
        return Clip(f"synthetic music {seed}", "music", music(wanted, rate, seed), rate)
    path = files[seed % len(files)]
    samples = read_g722(path)
    start = int(np.random.default_rng(seed).integers(max(1, len(samples) - round(seconds * 16000))))
    part = resample(samples[start : start + round(seconds * 16000)], 16000, rate)
    return Clip(f"{path.stem}+{start / 16000:.0f}s", "music", fit_length(part, wanted), rate)


def ambient_clip(kind: str, seconds: float, rate: int, seed: int = 0) -> Clip:
    """Synthetic ambient sound: "rain", "street" or "room"."""
    rng = np.random.default_rng([seed, len(kind)])
    frames = round(seconds * rate)
    time = np.arange(frames) / rate
    if kind == "rain":
        drops = (rng.random(frames) < 400 / rate) * rng.exponential(1.0, frames)
        sound = signal.oaconvolve(drops, np.exp(-np.arange(rate // 100) / (0.001 * rate)))[:frames]
        sound = 0.05 * rng.standard_normal(frames) + sound * rng.standard_normal(frames)
        level = 0.08
    elif kind == "street":
        sound = pink((frames,), rng)
        for _ in range(max(1, int(seconds / 6))):
            centre, width = rng.uniform(0, seconds), rng.uniform(1, 3)
            sound += 3 * np.exp(-(((time - centre) / width) ** 2)) * _hum(frames, rate, rng)
        level = 0.06
    elif kind == "room":
        sound = 0.7 * pink((frames,), rng) + 0.2 * np.sin(2 * np.pi * 50 * time) + 0.1 * np.sin(2 * np.pi * 150 * time)
        level = 0.01
    else:
        raise ValueError(f'kind is {kind!r}; allowed are "rain", "street" and "room"')
    sound *= level / np.sqrt(np.mean(sound**2))
    return Clip(f"{kind} {seed}", kind, np.clip(sound, -0.99, 0.99).astype(np.float32), rate)


def _hum(frames: int, rate: int, rng: np.random.Generator) -> Samples:
    sections = signal.butter(2, [60, 700], "bandpass", fs=rate, output="sos")
    noise = signal.sosfilt(sections, rng.standard_normal(frames))
    return np.asarray(noise / np.std(noise), np.float32)


def describe() -> str:
    """One line that says which data is there."""
    prompts = sum(map(len, voices().values()))
    shared = ", ".join(shared_speech()) or "none"
    songs = len(list(MUSIC.glob("*.g722"))) or "synthetic"
    return f"{prompts} prompts of {len(voices())} voices; media folder: {shared}; music: {songs}"
