"""People, their deliveries, and files that a scan is tried on: copies under attacks, and files of nobody.

Nobody's recordings are innocent's: people, their originals and the innocent files are of different voices and videos.
Whatever exists in the folder is kept, so that a run that was stopped goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from bench_video import GOALS as PICTURE_GOALS
from birthmark.attacks.video import attack_file
from birthmark.attacks.video_codec import decode_from, encode_to, video_rate, x264
from birthmark.media import read_audio, write_audio
from birthmark.media.atomic import replacing
from birthmark.registry import Registry
from birthmark.video_watermark.files import video_duration
from corpus import Clip, music_clip, prompt_speech, video_files, voices
from robustness import GOALS, attack_clip

PEOPLE, ORIGINALS, BUYERS = 3, 2, 2
ORIGINAL_S, INNOCENT_S, VIDEO_S = 60.0, 20.0, 10.0
FINGERPRINT_ATTACKS = (
    (5.0, (
        "mp3_32k", "opus_8k", "gsm", "noise_10", "reverb_0.5", "noise_0", "speech_0", "music_0", "speed_0.9",
        "speed_1.1", "tempo_0.9", "tempo_1.1", "pitch_-1", "pitch_+1",
    )),
    (3.0, ("none", "mp3_32k", "opus_8k", "gsm")),
)  # fmt: skip
"""Lengths of queries and attacks of the fingerprints' goals."""
SHORT_S = 2.0
"""Of passages that are shorter than any line has a goal for: there each line misses some."""
_SOUND = [(goal.seconds, name) for goal in GOALS for name in goal.attacks]
_SOUND += [(seconds, name) for seconds, names in FINGERPRINT_ATTACKS for name in names]
_PICTURE = [(VIDEO_S, name) for names in PICTURE_GOALS.values() for name in names]


def _in_turn(of_goals: list[tuple[float, str]], turn: int) -> tuple[float, str]:
    """Length and attack: those of the goals, and between them the same attacks on short passages."""
    short = [(SHORT_S, name) for name in dict.fromkeys(name for _, name in of_goals)]
    chosen = short if turn % 2 else of_goals
    return chosen[turn // 2 % len(chosen)]


@dataclass(frozen=True)
class Suspect:
    """One file: whose copy it is, and for whom it was made; both empty for the innocent."""

    path: Path
    attack: str
    person: str = ""
    recipient: str = ""
    picture: bool = False
    seconds: float = 0.0

    @property
    def short(self) -> bool:
        """Whether it is one of the short passages."""
        return self.seconds == SHORT_S


def excerpt(source: Path, target: Path, seconds: float, start_s: float = 0.0) -> None:
    """Some seconds of a video, without sound."""
    rate = video_rate(source)
    first = round(start_s * rate)
    encode_to(target, islice(decode_from(source), first, first + round(seconds * rate)), rate, x264(18, "veryfast"))


class Corpus:
    """People, deliveries and suspects in a folder."""

    def __init__(self, top: Path, registry: Registry, seed: int) -> None:
        self.top, self.registry, self.seed = top, registry, seed
        self.voices, self.videos = list(voices()), video_files()
        self.sounds: list[Suspect] = []
        self.pictures: list[Suspect] = []

    def deliver(self, *, pictures: bool) -> None:
        """Marked copies for several buyers of each original."""
        enrolled = {person.handle for person in self.registry.persons()}
        for number in range(PEOPLE):
            handle = f"person {number}"
            if handle not in enrolled:
                self.registry.add_person(handle)
            for take in range(ORIGINALS):
                original = self.top / f"original {number} {take}.wav"
                write_audio(original, prompt_speech(self.voices[number], ORIGINAL_S, 100 * self.seed + take), 16000)
                self.sounds += [self._copy(original, handle, buyer, ".wav") for buyer in range(BUYERS)]
            if pictures and number < len(self.videos) // 2:
                original = self.top / f"original {number}.mp4"
                excerpt(self.videos[2 * number], original, VIDEO_S)
                self.pictures += [self._copy(original, handle, buyer, ".mp4") for buyer in range(BUYERS)]

    def _copy(self, original: Path, handle: str, buyer: int, ending: str) -> Suspect:
        recipient = f"buyer {buyer} of {original.stem}"
        target = self.top / f"{recipient}{ending}"
        if not target.exists():
            self.registry.deliver(original, target, person=handle, recipient=recipient, licence="bench")
        return Suspect(target, "", handle, recipient, ending == ".mp4")

    def suspect(self, number: int, folder: Path, *, picture: bool) -> Suspect:
        """Every third is innocent, the others are copies under one attack after the other."""
        target = folder / f"{number:04d}{'.mp4' if picture else '.wav'}"
        turn = number // 3 * 2 + number % 3 - 1
        if number % 3 == 0:
            one = Suspect(target, "innocent", picture=picture)
            make = self._innocent_picture if picture else self._innocent_sound
            make(number // 3, target)
            return one
        copies = self.pictures if picture else self.sounds
        copy = copies[turn // 2 % len(copies)]
        seconds, name = _in_turn(_PICTURE if picture else _SOUND, turn)
        if not target.exists():
            attack = self._attacked_picture if picture else self._attacked_sound
            attack(copy, seconds, name, self.seed + number, target)
        return Suspect(target, f"{seconds:.0f} s {name}", copy.person, copy.recipient, picture, seconds)

    def _attacked_picture(self, copy: Suspect, seconds: float, attack: str, seed: int, target: Path) -> None:
        """A passage of a copy, or as much as it has, after an attack."""
        with replacing(target) as part:
            passage = copy.path
            if seconds < VIDEO_S:
                passage = part.with_suffix(".passage.mp4")
                longest = (video_duration(copy.path) or VIDEO_S) - seconds
                excerpt(copy.path, passage, seconds, float(np.random.default_rng(seed).uniform(0, longest)))
            attack_file(attack, passage, part, seed=seed)
            if passage != copy.path:
                passage.unlink()

    def _attacked_sound(self, copy: Suspect, seconds: float, attack: str, seed: int, target: Path) -> None:
        """A passage of a copy after an attack; who else speaks in it is one of the innocent voices."""
        samples, rate = read_audio(copy.path)
        frames = round(seconds * rate)
        start = int(np.random.default_rng(seed).integers(len(samples) - frames + 1))
        passage = samples[start : start + frames]
        clip = Clip(copy.path.stem, self.voices[int(copy.person.split()[1])], passage, rate)
        attacked, _ = attack_clip(attack, clip, passage, seed, speakers=self.voices[PEOPLE:])
        write_audio(target, attacked, rate)

    def _innocent_sound(self, number: int, target: Path) -> None:
        if number % 4 == 3:
            clip = music_clip(INNOCENT_S, 16000, self.seed + number)
            write_audio(target, clip.samples, clip.rate)
        else:
            others = self.voices[PEOPLE:]
            voice = others[number % len(others)]
            write_audio(target, prompt_speech(voice, INNOCENT_S, 5000 + self.seed + number), 16000)

    def _innocent_picture(self, number: int, target: Path) -> None:
        others = self.videos[1::2]
        if not target.exists():
            with replacing(target) as part:
                excerpt(others[number % len(others)], part, VIDEO_S)
