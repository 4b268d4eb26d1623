"""Which share of marked clips gives its payload back after an attack: the engine behind `bench_robustness`."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import numpy as np

import corpus
from birthmark.attacks import AUDIO
from birthmark.attacks.arrays import Samples, as_columns
from birthmark.attacks.mixing import cut_in, cut_in_start
from systems import Found, System

CUT_IN_S = 60.0
_SPAN_TOLERANCE_S = 0.5


@dataclass(frozen=True)
class Goal:
    """Attacks on clips of `seconds` (`rate` None: as recorded) of which `share` per cent must give the payload back."""

    seconds: float
    rate: int | None
    share: float
    attacks: tuple[str, ...]


_EASY = ("none", "mp3_64k", "aac_64k", "opus_32k", "resample_8k", "bandpass", "eq", "loudness", "compressor", "cut_5s")
_MIDDLE = (
    "mp3_32k", "aac_32k", "opus_16k", "noise_20", "speech_10", "music_10", "reverb_0.3", "echo", "denoise", "clipping",
    "speed_0.9", "speed_0.95", "speed_1.05", "speed_1.1", "tempo_0.9", "tempo_1.1", "tempo_pv_0.9", "tempo_pv_1.1",
    "pitch_-1", "pitch_+1", "rerecord",
)  # fmt: skip
_PHONE = ("amr_12.2", "gsm", "speex", "opus_8k", "g711", "phone_call")
GOALS = (
    Goal(5, None, 95, _EASY),
    Goal(10, None, 90, _MIDDLE),
    Goal(10, None, 95, ("splice_10", "cut_in")),
    Goal(30, 8000, 90, _PHONE),
    Goal(60, 8000, 50, ("amr_4.75", "codec2_3200", "noise_10")),
    Goal(30, None, 90, ("world", "world_coded", "griffin_lim")),
)


@dataclass
class Tally:
    """Outcomes of one attack at one length."""

    clips: int = 0
    exact: int = 0
    placed: int = 0
    wrong: int = 0
    seconds: float = 0.0
    log10_p: list[float] = field(default_factory=list)

    @property
    def percent(self) -> float:
        return 100 * self.exact / self.clips if self.clips else float("nan")


def attack_clip(
    name: str, clip: corpus.Clip, marked: Samples, seed: int, speakers: Sequence[str] = ()
) -> tuple[Samples, tuple[float, float] | None]:
    """The attacked samples and, for passages put into other sound, where the mark is in seconds.

    Interfering speech is another voice's, one of `speakers` where some are named; interfering music is real where it is
    installed.
    """
    attack: Callable[..., Samples] = AUDIO[name]
    seconds = len(marked) / clip.rate
    if name.startswith("speech_"):
        attack = partial(attack, other=corpus.other_speech(clip, seconds, seed, speakers))
    elif name.startswith("music_"):
        attack = partial(attack, other=corpus.music_clip(seconds, clip.rate, seed).samples)
    elif name == "cut_in":
        background = corpus.other_speech(clip, CUT_IN_S, seed, speakers)
        inside, outside = min(len(marked), round(5.0 * clip.rate)), round(CUT_IN_S * clip.rate)
        start = cut_in_start(inside, outside, seed) / clip.rate
        attacked = cut_in(marked, clip.rate, seed=seed, background=background, seconds=CUT_IN_S)
        return attacked, (start, start + inside / clip.rate)
    return attack(marked, clip.rate, seed=seed), None


def _count(tally: Tally, found: Sequence[Found], payload: int, span: tuple[float, float] | None) -> None:
    tally.clips += 1
    right = [one for one in found if one.payload == payload]
    tally.wrong += any(one.payload != payload for one in found)
    tally.exact += bool(right)
    tally.log10_p += [one.log10_p for one in right[:1] if one.log10_p is not None]
    if span is None:
        tally.placed += bool(right)
        return
    for one in right:
        if one.start_s is None or one.end_s is None:
            continue
        if max(abs(one.start_s - span[0]), abs(one.end_s - span[1])) <= _SPAN_TOLERANCE_S:
            tally.placed += 1
            break


@dataclass(frozen=True)
class _Outcome:
    """One clip under one attack."""

    found: list[Found]
    payload: int
    span: tuple[float, float] | None
    seconds: float


def _one_clip(
    system: System, clip: corpus.Clip, attacks: Sequence[str], seeds: tuple[int, int]
) -> dict[str, _Outcome] | str:
    """Outcomes by attack, or why the clip was not marked."""
    payload = int(np.random.default_rng(seeds).integers(1 << 63))
    try:
        marked = np.asarray(system.embed(clip.samples, clip.rate, payload), np.float32)
    except ValueError as error:
        return str(error)
    outcomes: dict[str, _Outcome] = {}
    for name in attacks:
        seed = zlib.crc32(f"{seeds[0]} {seeds[1]} {name}".encode())
        attacked, span = attack_clip(name, clip, marked, seed)
        begin = time.perf_counter()
        found = system.detect(attacked, clip.rate)
        outcomes[name] = _Outcome(found, payload, span, time.perf_counter() - begin)
    return outcomes


def measure(
    system: System,
    clips: Sequence[corpus.Clip],
    attacks: Sequence[str],
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
    *,
    jobs: int = 1,
) -> dict[str, Tally]:
    """Mark each clip once with a payload of its own, attack it in each way, detect; tally by attack.

    A clip that the system refuses to mark counts as not recovered under every attack. `jobs` clips are worked on at
    once; the result does not depend on it.
    """
    tallies = {name: Tally() for name in attacks}
    with ThreadPoolExecutor(jobs) as pool:
        work = [pool.submit(_one_clip, system, clip, attacks, (seed, number)) for number, clip in enumerate(clips)]
        for clip, running in zip(clips, work, strict=True):
            outcomes = running.result()
            tell = progress or (lambda _: None)
            if isinstance(outcomes, str):
                tell(f"{clip.name}: not marked: {outcomes}")
                for tally in tallies.values():
                    tally.clips += 1
                continue
            for name, outcome in outcomes.items():
                tallies[name].seconds += outcome.seconds
                _count(tallies[name], outcome.found, outcome.payload, outcome.span)
                hit = any(one.payload == outcome.payload for one in outcome.found)
                tell(f"{clip.name} {name}: {'found' if hit else '-'} {[one.log10_p for one in outcome.found]}")
    return tallies


def false_alarms(system: System, clips: Iterable[corpus.Clip]) -> tuple[int, int]:
    """(clips searched, payloads returned) over clips that carry no mark."""
    searched = returned = 0
    for clip in clips:
        returned += len(system.detect(as_columns(clip.samples)[:, 0], clip.rate))
        searched += 1
    return searched, returned
