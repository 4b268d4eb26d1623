"""The watermarks that the benchmarks put side by side: ours, and audiowmark where its program is on the PATH."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import soundfile

from birthmark.attacks.arrays import Samples


@dataclass(frozen=True)
class Found:
    """One payload that a detector returned; times are None where it does not say them."""

    payload: int
    start_s: float | None = None
    end_s: float | None = None
    log10_p: float | None = None


class System(Protocol):
    """A blind watermark with a payload of 64 bits."""

    name: str

    def embed(self, samples: Samples, rate: int, payload: int) -> Samples: ...

    def detect(self, samples: Samples, rate: int) -> list[Found]: ...


class Birthmark:
    """This package, with a key made for the run. `search` as in `birthmark.watermark.detect`."""

    def __init__(self, search: str = "full", **settings: Any) -> None:
        from birthmark.keys import Key

        watermark = importlib.import_module("birthmark.watermark")

        self.name = "birthmark" + (" plain" if search == "plain" else "")
        self._search = search
        self._watermark: Any = watermark
        self._settings = settings
        self.key = Key.generate()

    def embed(self, samples: Samples, rate: int, payload: int) -> Samples:
        marked = self._watermark.embed(samples, rate, payload, self.key, **self._settings)
        return marked[0] if isinstance(marked, tuple) else getattr(marked, "samples", marked)  # type: ignore[no-any-return]

    def detect(self, samples: Samples, rate: int) -> list[Found]:
        found = self._watermark.detect(samples, rate, [self.key], search=self._search)
        return [Found(one.payload, one.start_s, one.end_s, one.log10_p) for one in found]

    def decoy_log10_p(self, samples: Samples, rate: int, count: int, trial: int) -> list[float]:
        """log10 p of the best candidate for each of `count` keys that were never issued (0 where there is none)."""
        keys = [self.key.decoy(index, f"bench {trial}") for index in range(count)]
        found = self._watermark.detect(samples, rate, keys, search=self._search, max_log10_p=0.0)
        best = dict.fromkeys((key.id for key in keys), 0.0)
        for one in found:
            best[one.key] = min(best[one.key], one.log10_p)
        return list(best.values())


class Audiowmark:
    """The audiowmark program; its payload has 128 bits, of which ours fills half. `strength` 10 is its default."""

    def __init__(self, strength: float = 10, speed: bool = False) -> None:
        program = shutil.which("audiowmark")
        if program is None:
            raise FileNotFoundError("audiowmark is not on the PATH; its columns are left out")
        self._program, self._strength, self._speed = program, strength, speed
        self.name = f"audiowmark {strength:g}" + (" --detect-speed" if speed else "")

    def embed(self, samples: Samples, rate: int, payload: int) -> Samples:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "in.wav", Path(folder) / "out.wav"
            soundfile.write(source, samples, rate, subtype="PCM_24")
            arguments = ["--strength", f"{self._strength:g}", str(source), str(target), f"{payload:016x}" * 2]
            subprocess.run([self._program, "add", *arguments], capture_output=True, check=True, timeout=600)
            marked, _ = soundfile.read(target, dtype="float32")
        return marked  # type: ignore[no-any-return]

    def detect(self, samples: Samples, rate: int) -> list[Found]:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "in.wav"
            soundfile.write(source, samples, rate, subtype="PCM_24")
            command = [self._program, "get", str(source)] + (["--detect-speed"] if self._speed else [])
            output = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600).stdout
        payloads = re.findall(r"^pattern\s+\S+\s+([0-9a-f]{32})", output, re.MULTILINE)
        return [Found(int(text[:16], 16) if text[:16] == text[16:] else -1) for text in dict.fromkeys(payloads)]


def available(names: list[str]) -> list[System]:
    """The systems of these names that run here; says which are left out."""
    makers: dict[str, Callable[[], System]] = {
        "birthmark": Birthmark,
        "audiowmark": Audiowmark,
        "audiowmark20": lambda: Audiowmark(20),
        "audiowmark-speed": lambda: Audiowmark(speed=True),
    }
    systems: list[System] = []
    for name in names:
        if name not in makers:
            raise SystemExit(f"--system is {name!r}; allowed are {', '.join(makers)}")
        try:
            systems.append(makers[name]())
        except (FileNotFoundError, ImportError) as error:
            print(f"{name} left out: {error}")
    return systems
