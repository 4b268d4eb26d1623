"""Kills, full disks and two writers: both the copy and its delivery, or neither, and the log always whole."""

import json
import multiprocessing
import os
import random
import resource
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from birthmark.errors import MediaError
from birthmark.registry import NewSighting, Registry, database, unfinished
from birthmark.registry.store import Change

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["birthmark.registry", "birthmark.recordings", "birthmark.file_fingerprint"])


def child_delivers(folder: Path, key_file: Path, voice: Path, target: Path, begun: Any = None) -> None:
    with Registry.open(folder, key_file) as registry:
        if begun is not None:
            begun.set()
        registry.deliver(voice, target, person="anna", recipient=target.stem, licence="x")


def child_is_killed(step: str, *arguments: Any) -> None:
    def die(*_: Any, **__: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    owner: Any = {"seal": Change, "_finish": unfinished}[step]
    setattr(owner, step, die)
    child_delivers(*arguments)


def child_forgets(folder: Path, key_file: Path) -> None:
    setattr(unfinished, "erase", lambda *_: os.kill(os.getpid(), signal.SIGKILL))  # noqa: B010
    with Registry.open(folder, key_file) as registry:
        registry.forget("anna")


def child_enrols(folder: Path, key_file: Path, name: str) -> None:
    with Registry.open(folder, key_file) as registry:
        for i in range(15):
            registry.add_person(f"{name} {i}")


def check(folder: Path, key_file: Path, target: Path) -> bool:
    """Whether there are both copy and delivery; that there are not half of them, and nothing is left over."""
    with Registry.open(folder, key_file) as registry:
        assert registry.verify().problems == ()
        delivered = [one for one in registry.deliveries() if one.recipient == target.stem]
        with registry.index() as index:
            assert {one.name for one in index.recordings()} == {one.id for one in registry.recordings()}
    assert len(delivered) == target.exists()
    assert not [path.name for path in target.parent.iterdir() if path.name.startswith(".")]
    assert not list((folder / unfinished.FOLDER).glob("*"))
    return target.exists()


def test_killed_at_random_moments(registry: Registry, key_file: Path, voice: Path, tmp_path: Path) -> None:
    registry.add_person("anna")
    out = tmp_path / "out"
    out.mkdir()
    moments = random.Random(6)
    whole, outcomes = 0.0, []
    for i in range(8):
        target = out / f"copy{i}.wav"
        begun = CONTEXT.Event()
        child = CONTEXT.Process(target=child_delivers, args=(registry.folder, key_file, voice, target, begun))
        child.start()
        assert begun.wait(60)
        start = time.monotonic()
        child.join(None if i == 0 else moments.uniform(0, 1.1 * whole))
        whole = whole or time.monotonic() - start
        child.kill()
        child.join()
        outcomes.append(check(registry.folder, key_file, target))
    assert outcomes[0]
    assert not all(outcomes)


@pytest.mark.parametrize("step", ["seal", "_finish"])
def test_killed_around_the_commit(registry: Registry, key_file: Path, voice: Path, tmp_path: Path, step: str) -> None:
    registry.add_person("anna")
    out = tmp_path / "out"
    out.mkdir()
    target = out / "copy.wav"
    arguments = (step, registry.folder, key_file, voice, target)
    child = CONTEXT.Process(target=child_is_killed, args=arguments)
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert not target.exists()
    assert list((registry.folder / unfinished.FOLDER).glob("*.json"))
    assert check(registry.folder, key_file, target) is (step == "_finish")


def test_what_another_process_is_doing_is_left_alone(registry: Registry, key_file: Path, tmp_path: Path) -> None:
    with unfinished.noted(registry._store, unfinished.Note(workplace=str(tmp_path / "work"), target="x")):
        (tmp_path / "work").mkdir()
        with Registry.open(registry.folder, key_file):
            assert (tmp_path / "work").exists()
    assert not (tmp_path / "work").exists()


def test_a_file_that_came_meanwhile_is_not_replaced(
    registry: Registry, key_file: Path, voice: Path, tmp_path: Path
) -> None:
    registry.add_person("anna")
    target = tmp_path / "copy.wav"
    child = CONTEXT.Process(target=child_is_killed, args=("_finish", registry.folder, key_file, voice, target))
    child.start()
    child.join()
    target.write_text("somebody else's")
    with Registry.open(registry.folder) as again:
        (made,) = again.deliveries()
    assert target.read_text() == "somebody else's"
    assert (tmp_path / f"copy-{made.mark_id:016x}.wav").exists()


@pytest.mark.parametrize("workplace", ["", "diary", "away/.copy.00000000.delivery", ".other.00000000.delivery"])
def test_a_note_of_a_strangers_removes_nothing(registry: Registry, tmp_path: Path, workplace: str) -> None:
    kept = tmp_path / (workplace or "diary")
    kept.mkdir(parents=True)
    (kept / "page.txt").write_text("dear")
    folder = registry.folder / unfinished.FOLDER
    folder.mkdir(exist_ok=True)
    note: dict[str, Any] = {
        "recordings": [],
        "mark_id": None,
        "workplace": str(kept),
        "target": str(tmp_path / "copy.wav"),
    }
    (folder / "stranger.json").write_text(json.dumps(note) if workplace else "{")
    with Registry.open(registry.folder) as again:
        assert again.verify().ok
    assert (kept / "page.txt").exists()


def test_forgetting_is_finished_after_a_kill(registry: Registry, key_file: Path, voice: Path) -> None:
    registry.add_person("anna")
    made = registry.add_recording(voice, "anna")
    child = CONTEXT.Process(target=child_forgets, args=(registry.folder, key_file))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    with registry.index() as index:
        assert {one.name for one in index.recordings()} == {made.id}
    with Registry.open(registry.folder) as again:
        assert again.verify().ok
        assert again.persons()[0].handle is None
        with again.index() as index:
            assert not index.recordings()


def test_two_writers(registry: Registry, key_file: Path, voice: Path, tmp_path: Path) -> None:
    registry.add_person("anna")
    children = [
        CONTEXT.Process(target=child_enrols, args=(registry.folder, key_file, "a")),
        CONTEXT.Process(target=child_enrols, args=(registry.folder, key_file, "b")),
        *(
            CONTEXT.Process(target=child_delivers, args=(registry.folder, key_file, voice, tmp_path / name))
            for name in ("c.wav", "d.wav")
        ),
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * 4
    assert len(registry.persons()) == 31
    assert len(registry.deliveries()) == 2
    assert len(registry.recordings()) == 1
    assert registry.verify().problems == ()


def test_a_writer_that_never_ends_is_not_waited_for_for_ever(
    registry: Registry, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.2)
    with sqlite3.connect(registry.folder / "registry.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with Registry.open(registry.folder, key_file) as second, pytest.raises(MediaError, match="another process"):
            second.add_person("anna")
        other.execute("ROLLBACK")
    other.close()


def test_a_full_disk_changes_nothing(registry: Registry, voice: Path, tmp_path: Path) -> None:
    anna = registry.add_person("anna")
    many = [NewSighting("scan", "00", f"{i}.wav", "audio-watermark", anna.id, 0, i, -9) for i in range(3000)]
    before = registry.verify()
    out = tmp_path / "out"
    out.mkdir()
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, allowed[1]))  # like a disk that is nearly full
    try:
        with pytest.raises(MediaError, match="nothing was changed"):
            registry.add_sightings(many)
        with pytest.raises(MediaError):
            registry.deliver(voice, out / "copy.wav", person="anna", recipient="Acme", licence="x")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, allowed)
    assert registry.verify() == before
    assert not list(out.iterdir())
    assert registry.add_sightings(many) == 3000
    assert registry.verify().ok
