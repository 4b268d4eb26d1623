"""A scan of real files, a third of them innocent: is every hit right, is everything found, and what does it cost?

Nobody's recordings are innocent's: people, their originals and the innocent files are of different voices and videos.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from birthmark.attacks.video import attack_file
from birthmark.attacks.video_codec import decode_from, encode_to, video_rate, x264
from birthmark.evidence import LINES
from birthmark.evidence.records import SOUND_LINES
from birthmark.keys import Key
from birthmark.media import read_audio, write_audio
from birthmark.registry import Registry
from birthmark.registry.fingerprints import INDEX
from birthmark.scan import FileResult, scan
from birthmark.scan.lines import Searcher, Wanted
from corpus import Clip, describe, music_clip, prompt_speech, video_files, voices
from robustness import attack_clip
from tables import heading, table

PEOPLE, ORIGINALS, BUYERS = 3, 2, 2
SECONDS, VIDEO_SECONDS = 20.0, 6.0
SOUND_ATTACKS = (
    "none", "mp3_64k", "opus_16k", "speed_1.05", "noise_20", "cut_5s", "speech_10", "tempo_0.9", "aac_32k", "pitch_+1",
    "splice_10", "reverb_0.3", "g711", "rerecord", "music_10", "griffin_lim",
)  # fmt: skip
PICTURE_ATTACKS = ("x264_28", "crop_75", "scale_144p", "letterbox", "mirror", "speed_1.25", "logo", "rotate_5")
_BLOCK = 65536


@dataclass(frozen=True)
class Suspect:
    """One file: whose copy it is, and for whom it was made; both empty for the innocent."""

    path: Path
    attack: str
    person: str = ""
    recipient: str = ""
    picture: bool = False


def excerpt(source: Path, target: Path, seconds: float) -> None:
    """The first seconds of a video, without sound."""
    rate = video_rate(source)
    encode_to(target, islice(decode_from(source), round(seconds * rate)), rate, x264(18, "veryfast"))


class Corpus:
    """People, deliveries and suspects in a folder."""

    def __init__(self, top: Path, registry: Registry, seed: int) -> None:
        self.top, self.registry, self.seed = top, registry, seed
        self.voices, self.videos = list(voices()), video_files()
        self.sounds: list[Suspect] = []
        self.pictures: list[Suspect] = []

    def deliver(self, *, pictures: bool) -> None:
        """Marked copies for several buyers of each original."""
        for number in range(PEOPLE):
            handle = f"person {number}"
            self.registry.add_person(handle)
            for take in range(ORIGINALS):
                original = self.top / f"original {number} {take}.wav"
                samples = prompt_speech(self.voices[number], SECONDS, 100 * self.seed + take)
                write_audio(original, samples, 16000)
                self.sounds += [self._copy(original, handle, buyer, ".wav") for buyer in range(BUYERS)]
            if pictures and number < len(self.videos) // 2:
                original = self.top / f"original {number}.mp4"
                excerpt(self.videos[2 * number], original, VIDEO_SECONDS)
                self.pictures.append(self._copy(original, handle, 0, ".mp4"))

    def _copy(self, original: Path, handle: str, buyer: int, ending: str) -> Suspect:
        recipient = f"buyer {buyer} of {original.stem}"
        target = self.top / f"{recipient}{ending}"
        self.registry.deliver(original, target, person=handle, recipient=recipient, licence="bench")
        return Suspect(target, "", handle, recipient, ending == ".mp4")

    def suspect(self, number: int, folder: Path, *, picture: bool) -> Suspect:
        """Every third is innocent, the others are copies under one attack after the other."""
        turn = number // 3 * 2 + number % 3 - 1
        if picture:
            return self._picture(number, turn, folder / f"{number:04d}.mp4")
        target = folder / f"{number:04d}.wav"
        if number % 3 == 0:
            return self._innocent(number // 3, target)
        copy = self.sounds[turn % len(self.sounds)]
        attack = SOUND_ATTACKS[turn % len(SOUND_ATTACKS)]
        samples, rate = read_audio(copy.path)
        voice = self.voices[int(copy.person.split()[1])]
        clip = Clip(copy.path.stem, voice, samples, rate)
        write_audio(target, attack_clip(attack, clip, samples, self.seed + number)[0], rate)
        return Suspect(target, attack, copy.person, copy.recipient)

    def _innocent(self, number: int, target: Path) -> Suspect:
        if number % 4 == 3:
            clip = music_clip(SECONDS, 16000, self.seed + number)
            write_audio(target, clip.samples, clip.rate)
        else:
            others = self.voices[PEOPLE:]
            voice = others[number % len(others)]
            write_audio(target, prompt_speech(voice, SECONDS, 5000 + self.seed + number), 16000)
        return Suspect(target, "innocent")

    def _picture(self, number: int, turn: int, target: Path) -> Suspect:
        if number % 3 == 0:
            others = [path for place, path in enumerate(self.videos) if place % 2]
            excerpt(others[number // 3 % len(others)], target, VIDEO_SECONDS)
            return Suspect(target, "innocent", picture=True)
        copy = self.pictures[turn % len(self.pictures)]
        attack = PICTURE_ATTACKS[turn % len(PICTURE_ATTACKS)]
        attack_file(attack, copy.path, target, seed=self.seed + number)
        return Suspect(target, attack, copy.person, copy.recipient, picture=True)


def judge(suspects: list[Suspect], results: list[FileResult]) -> None:
    """Recall of each line and of all, what was missed, and what was false."""
    by_path = {suspect.path.name: suspect for suspect in suspects}
    found: Counter[str] = Counter()
    counted: Counter[str] = Counter()
    false, missed, failed = [], [], []
    for result in results:
        one = by_path[Path(result.file.path).name]
        failed += [one.path.name] if result.file.state != "searched" else []
        for hit in result.hits:
            wrong = hit.handle != one.person or (hit.mark_id and hit.recipient != one.recipient)
            if hit.accepted and wrong:
                false.append(f"{one.path.name} ({one.attack}): {hit.line} {hit.handle} {hit.recipient}")
        if one.person:
            lines = {hit.line for hit in result.hits if hit.accepted}
            medium = "picture" if one.picture else "sound"
            found.update({*lines, *([f"any line, {medium}"] if lines else [])})
            counted.update({*result.file.lines, f"any line, {medium}"})
            missed += [] if lines else [f"{one.path.name} ({one.attack})"]
    names = [*LINES, "any line, sound", "any line, picture"]
    rows = [[name, counted[name], found[name], 100 * found[name] / counted[name]] for name in names if counted[name]]
    print(table(["line", "marked files", "found", "%"], rows))
    print(f"\nfalse hits: {', '.join(false) or 'none'}; found by no line: {', '.join(missed) or 'none'}")
    assert not failed, f"not searched: {failed}"
    assert not false, "a hit is wrong"


def speed(suspects: list[Suspect], results: list[FileResult]) -> None:
    """Real time per core on innocent sound, where every search runs to its end."""
    innocent = {one.path.name for one in suspects if one.attack == "innocent"}
    for name, lines in (("all lines of the sound", SOUND_LINES), ("with picture", LINES[3:])):
        files = [r.file for r in results if Path(r.file.path).name in innocent and set(r.file.lines) <= set(lines)]
        seconds, cpu = sum(max(f.sound_s, f.picture_s) for f in files), sum(f.cpu_s for f in files)
        if files:
            print(f"{name}: {seconds / cpu:.3g} x real time per core ({len(files)} innocent files, default search)")


def side_by_side(folder: Path, registry: Registry) -> None:
    """Wall time of one job over that of two. Says little where the machine is busy."""
    times = []
    for jobs in (1, 2):
        begun = time.perf_counter()
        running = scan([folder], registry, jobs=jobs, lines=SOUND_LINES)
        next(running)
        begun = time.perf_counter()
        count = sum(1 for _ in running)
        times.append((time.perf_counter() - begun) / count)
    load = os.getloadavg()[0]
    print(f"two jobs: {times[0] / times[1]:.2f} times one (load of the machine {load:.1f})")


def many_ids(index: Path) -> None:
    """CPU of the watermark, and of all lines of the sound, with a million issued IDs over that with ten."""
    samples = prompt_speech(list(voices())[-1], 3 * SECONDS, 77)
    rng = np.random.default_rng(1)
    for name, lines in (("the watermark", SOUND_LINES[:1]), ("all lines of the sound", SOUND_LINES)):
        costs = []
        for count in (10, 1_000_000):
            ids = rng.integers(1, 1 << 63, count).astype(np.uint64)
            searcher = Searcher(Wanted(((1, Key(bytes(32))),), ids, index, {}), lines)
            costs.append(least(lambda searcher=searcher: listen(searcher, samples)))  # type: ignore[misc]
        print(f"a million issued IDs cost {costs[1] / costs[0]:.2f} times the CPU of ten: {name}, unmarked sound")


def listen(searcher: Searcher, samples: NDArray[np.float32]) -> None:
    """Search samples in which nothing is to be found."""
    for probe in searcher.sound(16000, 1, -6.0):
        for start in range(0, len(samples), _BLOCK):
            block = samples[start : start + _BLOCK]
            probe.push(block[:, None] if probe.all_channels else block)
        assert probe.finish() == []


def least(action: Callable[[], None]) -> float:
    """Least CPU seconds of three runs."""
    times = []
    for _ in range(3):
        begun = time.process_time()
        action()
        times.append(time.process_time() - begun)
    return min(times)


def flat(count: int, top: Path, registry: Registry) -> None:
    """Memory of the parent and of the worker after a tenth and after all of many small files."""
    source = top / "small.wav"
    write_audio(source, prompt_speech(list(voices())[-1], 2.0, 5), 16000)
    folder = top / "many"
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:05d}.wav").symlink_to(source)
    peaks, parents = [], []
    for result in scan([folder], registry, out=top / "many results"):
        peaks.append(result.file.peak_mb)
        parents.append(int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20)
    early = count // 10
    print(f"{count} small files: worker's peak {peaks[early]:.0f} -> {peaks[-1]:.0f} MB, this process ", end="")
    print(f"{parents[early]:.0f} -> {parents[-1]:.0f} MB (after a tenth and after all)")


def main(arguments: list[str] | None = None) -> None:
    """Print the tables; a false hit or a file that was not searched ends with an error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=48, help="files of sound and picture; the goal's figure is 300")
    parser.add_argument("--pictures", type=int, default=12, help="how many of them are videos")
    parser.add_argument("--many", type=int, default=300, help="small files for the memory test; the goal is 10000")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--skip-jobs", action="store_true", help="do not compare one job with two")
    chosen = parser.parse_args(arguments)
    title = f"Scan of {chosen.files} files, {chosen.pictures} of them videos"
    print(heading(title, f"{describe()}; {len(video_files())} videos; seed {chosen.seed}"))
    top = Path(tempfile.mkdtemp(prefix="bench_scan."))
    try:
        run(chosen, top)
    finally:
        shutil.rmtree(top)


def run(chosen: argparse.Namespace, top: Path) -> None:
    """Everything, in the folder `top`."""
    secret, folder = top / "secret", top / "suspects"
    secret.write_bytes(os.urandom(32))
    folder.mkdir()
    with Registry.create(top / "registry", secret) as registry:
        corpus = Corpus(top, registry, chosen.seed)
        corpus.deliver(pictures=chosen.pictures > 0)
        sounds = chosen.files - chosen.pictures
        suspects = [corpus.suspect(number, folder, picture=False) for number in range(sounds)]
        (folder / "video").mkdir()
        suspects += [corpus.suspect(number, folder / "video", picture=True) for number in range(chosen.pictures)]
        results = list(scan([folder], registry, out=top / "results"))
        judge(suspects, results)
        speed(suspects, results)
        if not chosen.skip_jobs:
            side_by_side(folder, registry)
        many_ids(registry.folder / INDEX)
        flat(chosen.many, top, registry)


if __name__ == "__main__":
    main()
