"""Killed at any moment: no file lost, none done twice, no process left behind."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
import wave
import zlib
from pathlib import Path
from struct import pack

import pytest

import birthmark
from birthmark.evidence import read_results
from birthmark.evidence.store import iterate_rows
from birthmark.media import write_audio
from birthmark.registry import Registry
from birthmark.scan import Limits, resume, scan
from corpus import prompt_speech, voices
from tests.scan.conftest import World


def workers_of(parent: int) -> list[int]:
    """Search processes whose parent is `parent`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if int(status[1]) == parent and b"birthmark.scan.worker" in command and status[0] != "Z":
                found.append(int(entry.name))
    return found


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def parts(out: Path) -> int:
    return len(list((out / "parts").glob("*.parquet"))) if (out / "parts").is_dir() else 0


@pytest.fixture(scope="module")
def many(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dozen short files; every third is Anna's."""
    folder = tmp_path_factory.mktemp("many")
    voice = list(voices())[3]
    for number in range(12):
        if number % 3:
            write_audio(folder / f"{number:02d}.wav", prompt_speech(voice, 3.0, number), 16000)
        else:
            (folder / f"{number:02d}.wav").write_bytes((world.suspects / "anna.wav").read_bytes())
    return folder


def test_kill_9_at_random_moments(world: World, many: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    rng = random.Random(4)
    base = [sys.executable, "-m", "birthmark", "scan", "--registry", str(world.registry), "--out", str(out)]
    base += ["--key-file", str(world.secret), "--jobs", "2"]
    environment = {**os.environ, "PYTHONPATH": str(Path(birthmark.__file__).parents[1])}
    for attempt in range(3):
        arguments = ["--resume"] if (out / "scan.json").exists() else [str(many)]
        process = subprocess.Popen([*base, *arguments], env=environment, stdout=subprocess.DEVNULL)
        before, deadline = parts(out), time.monotonic() + 120
        while process.poll() is None and parts(out) == before and time.monotonic() < deadline:
            if attempt == 0 and workers_of(process.pid):
                break  # while it starts
            time.sleep(0.02)
        time.sleep(rng.random() * 0.8)
        workers = workers_of(process.pid)
        process.kill()
        process.wait()
        deadline = time.monotonic() + 60
        while any(map(alive, workers)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not any(map(alive, workers))
    done = subprocess.run(
        [*base, "--resume"], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    results = read_results(out)
    assert [one.number for one in results.files] == list(range(12))
    assert sum(1 for row in iterate_rows(out) if row.number == 3) == 1 + len([h for h in results.hits if h.number == 3])
    marked = {hit.number for hit in results.accepted() if hit.line == "audio-watermark"}
    assert marked == {0, 3, 6, 9}
    with Registry.open(world.registry, world.secret) as registry:
        mine = [one for one in registry.sightings() if one.scan_id == results.scan.id]
    assert len(mine) == len(results.accepted())


def test_ctrl_c_says_how_to_go_on(world: World, many: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    environment = {**os.environ, "PYTHONPATH": str(Path(birthmark.__file__).parents[1])}
    command = [sys.executable, "-m", "birthmark", "scan", str(many), "--registry", str(world.registry)]
    command += ["--key-file", str(world.secret), "--out", str(out)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    # From its first worker on, a scan of a dozen files has a second or more to go.
    while process.poll() is None and not workers_of(process.pid):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in told
    with Registry.open(world.registry, world.secret) as registry:
        list(resume(out, registry, jobs=2))
    assert [one.number for one in read_results(out).files] == list(range(12))


def test_a_worker_that_dies_costs_its_file(many: Path, registry: Registry) -> None:
    running = scan([many], registry)
    next(running)

    def murder() -> None:
        for one in workers_of(os.getpid()):
            os.kill(one, signal.SIGKILL)

    timer = threading.Timer(0.05, murder)
    timer.start()
    rest = list(running)
    timer.join()
    failed = [one for one in rest if one.file.state == "failed"]
    assert len(rest) == 11
    assert [one.file.reason for one in failed] == ["the process that searched it died (SIGKILL)"]


def test_time_limit(many: Path, registry: Registry, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "0.wav"), "wb") as file:  # eight hours of silence
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.writeframes(bytes([128]) * (8 * 3600 * 8000))
    (tmp_path / "1.wav").write_bytes((many / "01.wav").read_bytes())
    found = {Path(one.file.path).name: one.file for one in scan([tmp_path], registry, limits=Limits(time_s=2))}
    assert found["0.wav"].state == "failed"
    assert found["0.wav"].reason == "took longer than the limit of 2 s"


def test_memory_limit(many: Path, registry: Registry, tmp_path: Path) -> None:
    side = 11000

    def chunk(kind: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj()
    rows = [packer.compress(bytes(3 * side + 1)) for _ in range(side)]
    head = pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = b"".join([*rows, packer.flush()])
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    (tmp_path / "0.png").write_bytes(bomb)  # 363 MB in some 350 kB
    (tmp_path / "1.wav").write_bytes((many / "00.wav").read_bytes())
    found = {Path(one.file.path).name: one for one in scan([tmp_path], registry, limits=Limits(memory_mb=256))}
    assert found["0.png"].file.state == "failed"
    assert found["1.wav"].file.state == "searched"
    assert found["1.wav"].hits
    assert found["1.wav"].file.peak_mb < 1000
