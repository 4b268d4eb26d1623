"""A scan of real files, a third of them innocent: is every hit right, is everything found, and what does it cost?"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from birthmark.evidence import LINES, Results, read_results
from birthmark.evidence.records import SOUND_LINES
from birthmark.keys import Key
from birthmark.media import write_audio
from birthmark.registry import Registry
from birthmark.registry.fingerprints import INDEX
from birthmark.scan import FileResult, resume, scan
from birthmark.scan.lines import Searcher, Wanted
from corpus import describe, prompt_speech, video_files, voices
from suspects import SHORT_S, Corpus, Suspect
from tables import heading, table

PARTS = ("folder", "jobs", "ids", "many")
_BLOCK = 65536
_SMALL_S, _LONG_S = 2.0, 60.0


def judge(suspects: list[Suspect], results: Results) -> None:
    """Recall of each line and of all, what each line missed, and what was false."""
    by_path = {suspect.path: suspect for suspect in suspects}
    lines_of: dict[Path, set[str]] = {path: set() for path in by_path}
    false = []
    for hit in results.accepted():
        one = by_path[Path(hit.path)]
        lines_of[one.path].add(hit.line)
        if hit.handle != one.person or (hit.mark_id and hit.recipient != one.recipient):
            false.append(f"{one.path.name} ({one.attack}): {hit.line} {hit.handle} {hit.recipient}")
    found: Counter[tuple[str, str]] = Counter()
    counted: Counter[tuple[str, str]] = Counter()
    missed: dict[tuple[str, str], list[str]] = {}
    for file in results.files:
        one = by_path[Path(file.path)]
        if one.person:
            length = f"{SHORT_S:.0f} s" if one.short else "as the goals"
            whole = f"any line, {'picture' if one.picture else 'sound'}"
            hits = lines_of[one.path] | ({whole} if lines_of[one.path] else set())
            for name in (*file.lines, whole):
                counted[name, length] += 1
                found[name, length] += name in hits
                missed.setdefault((name, length), []).extend([] if name in hits else [one.attack])
    rows = [[*kind, counted[kind], found[kind], 100 * found[kind] / counted[kind]] for kind in sorted(counted)]
    print(table(["line", "length", "marked files", "found", "%"], rows), end="\n\n")
    for kind in sorted(missed):
        print(f"not found by {', '.join(kind)}: {', '.join(sorted(missed[kind])) or 'none'}")
    print(f"false hits: {', '.join(false) or 'none'}", flush=True)
    failed = [file.path for file in results.files if file.state != "searched"]
    assert not failed, f"not searched: {failed}"
    assert not false, "a hit is wrong"


def speed(suspects: list[Suspect], results: Results) -> None:
    """Real time per core on innocent files, where every search runs to its end."""
    innocent = {str(one.path) for one in suspects if one.attack == "innocent"}
    for name, lines in (("all lines of the sound", SOUND_LINES), ("with picture", LINES[3:])):
        files = [f for f in results.files if f.path in innocent and set(f.lines) <= set(lines)]
        seconds, cpu = sum(max(f.sound_s, f.picture_s) for f in files), sum(f.cpu_s for f in files)
        if files:
            print(f"{name}: {seconds / cpu:.3g} x real time per core ({len(files)} innocent files, default search)")


def side_by_side(folder: Path, registry: Registry) -> None:
    """What two jobs gain over one: by the clock, and as CPU time says that two idle cores would.

    Two cores share what two workers and this process need for a file; one job waits for its only worker.
    """
    walls, workers, owns = [], [], []
    for jobs in (1, 2):
        running = scan([folder / "*.wav"], registry, jobs=jobs, lines=SOUND_LINES)
        next(running)
        begun, own = time.perf_counter(), time.process_time()
        files = [result.file for result in running]
        walls.append((time.perf_counter() - begun) / len(files))
        owns.append((time.process_time() - own) / len(files))
        workers.append(sum(file.cpu_s for file in files) / len(files))
    load = os.getloadavg()[0]
    print(f"two jobs: {walls[0] / walls[1]:.2f} times one by the clock (load of the machine {load:.1f}); ", end="")
    print(f"CPU per file: workers {workers[0]:.4f} -> {workers[1]:.4f} s, this process {owns[1]:.4f} s: ", end="")
    print(f"{2 * workers[0] / (workers[1] + owns[1]):.2f} times on two idle cores", flush=True)


def many_ids(index: Path) -> None:
    """CPU of the watermark, and of all lines of the sound, with a million issued IDs over that with ten."""
    samples = prompt_speech(list(voices())[-1], _LONG_S, 77)
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
    """Memory of this process and of the worker after a tenth and after all of many small files."""
    source = top / "small.wav"
    write_audio(source, prompt_speech(list(voices())[-1], _SMALL_S, 5), 16000)
    folder, out = top / "many", top / "many results"
    folder.mkdir(exist_ok=True)
    for number in range(count):
        path = folder / f"{number:05d}.wav"
        if not path.exists():
            path.symlink_to(source)
    peaks, parents, cpu = [], [], 0.0
    for result in going_on(folder, out, registry):
        peaks.append(result.file.peak_mb)
        parents.append(int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20)
        cpu += result.file.cpu_s
    early, parts = len(peaks) // 10, len(list((out / "parts").iterdir()))
    print(f"{len(peaks)} small files: worker's peak {peaks[early]:.0f} -> {peaks[-1]:.0f} MB, this process ", end="")
    print(
        f"{parents[early]:.0f} -> {parents[-1]:.0f} MB (after a tenth and after all); {cpu:.0f} s of CPU, {parts} parts"
    )


def going_on(folder: Path, out: Path, registry: Registry) -> Iterator[FileResult]:
    """Scan a folder, or go on where an earlier run was stopped."""
    return resume(out, registry) if out.exists() else scan([folder], registry, out=out)


def main(arguments: list[str] | None = None) -> None:
    """Print the tables; a false hit or a file that was not searched ends with an error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=48, help="files of sound and picture; the goal's figure is 300")
    parser.add_argument("--pictures", type=int, default=12, help="how many of them are videos")
    parser.add_argument("--many", type=int, default=300, help="small files for the memory test; the goal is 10000")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure")
    parser.add_argument("--top", type=Path, help="a folder to work in, kept: a run that was stopped goes on in it")
    chosen = parser.parse_args(arguments)
    title = f"Scan of {chosen.files} files, {chosen.pictures} of them videos"
    print(heading(title, f"{describe()}; {len(video_files())} videos; seed {chosen.seed}"), flush=True)
    if chosen.top is None:
        with tempfile.TemporaryDirectory(prefix="bench_scan.") as folder:
            run(chosen, Path(folder))
    else:
        chosen.top.mkdir(exist_ok=True)
        run(chosen, chosen.top)


def run(chosen: argparse.Namespace, top: Path) -> None:
    """Everything, in the folder `top`."""
    secret, folder = top / "secret", top / "suspects"
    if not secret.exists():
        secret.write_bytes(os.urandom(32))
    (folder / "video").mkdir(parents=True, exist_ok=True)
    made = (top / "registry").exists()
    with Registry.open(top / "registry", secret) if made else Registry.create(top / "registry", secret) as registry:
        corpus = Corpus(top, registry, chosen.seed)
        corpus.deliver(pictures=chosen.pictures > 0)
        suspects = [corpus.suspect(number, folder, picture=False) for number in range(chosen.files - chosen.pictures)]
        suspects += [corpus.suspect(number, folder / "video", picture=True) for number in range(chosen.pictures)]
        if "folder" in chosen.parts:
            for _ in going_on(folder, top / "results", registry):
                pass
            results = read_results(top / "results")
            judge(suspects, results)
            speed(suspects, results)
        if "jobs" in chosen.parts:
            side_by_side(folder, registry)
        if "ids" in chosen.parts:
            many_ids(registry.folder / INDEX)
        if "many" in chosen.parts:
            flat(chosen.many, top, registry)


if __name__ == "__main__":
    main()
