import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from birthmark import cli
from birthmark.media import write_audio
from tests.reference.voices import babble

RATE = 16000
KEYS = {
    "recording",
    "medium",
    "query_start_s",
    "query_end_s",
    "reference_start_s",
    "reference_end_s",
    "speed",
    "geometry",
    "log10_p",
    "why",
}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    voices = [babble(seed, 15) for seed in range(3)]
    for i, voice in enumerate(voices):
        write_audio(f"voice{i}.wav", voice, RATE)
    write_audio("query.wav", np.concatenate([babble(9, 10), voices[1][4 * RATE : 10 * RATE]]), RATE)
    write_audio("other.wav", babble(8, 6), RATE)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    status = cli.run([*arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("files")
def test_index_from_create_to_remove(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "index", "create", "recordings")[0] == 0
    status, added = run(capsys, "index", "add", "recordings", "voice0.wav", "voice1.wav", "voice2.wav")
    assert status == 0
    assert [row["error"] for row in added["added"]] == [None] * 3
    status, found = run(capsys, "index", "search", "recordings", "query.wav", "other.wav")
    assert status == 0
    first, second = found["queries"]
    assert (first["file"], second["file"], second["alignments"]) == ("query.wav", "other.wav", [])
    (alignment,) = first["alignments"]
    assert set(alignment) == KEYS
    assert (alignment["recording"], alignment["medium"]) == ("voice1.wav", "audio")
    assert alignment["query_start_s"] == pytest.approx(10, abs=0.4)
    assert alignment["reference_start_s"] - alignment["query_start_s"] == pytest.approx(-6, abs=0.05)
    assert run(capsys, "index", "search", "recordings", "other.wav")[0] == 1
    status, failed = run(capsys, "index", "search", "recordings", "query.wav", "missing.wav")
    assert status == 2
    assert failed["queries"][0]["alignments"]
    assert "missing.wav" in failed["queries"][1]["error"]
    status, info = run(capsys, "index", "info", "recordings")
    assert status == 0
    assert info["media"]["audio"]["recordings"] == 3
    assert [row["recording"] for row in info["recordings"]] == ["voice0.wav", "voice1.wav", "voice2.wav"]
    assert run(capsys, "index", "rebuild", "recordings") == (0, {"index": "recordings", "entries": 3})
    assert run(capsys, "index", "search", "recordings", "query.wav")[0] == 0
    assert run(capsys, "index", "remove", "recordings", "voice1.wav", "x")[0] == 0
    assert run(capsys, "index", "remove", "recordings", "voice1.wav")[0] == 1
    assert run(capsys, "index", "search", "recordings", "query.wav")[0] == 1


def test_index_add_goes_on_after_a_bad_file(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "bad.wav").write_text("no sound")
    run(capsys, "index", "create", "recordings")
    status, added = run(capsys, "index", "add", "recordings", "voice0.wav", "bad.wav", "voice1.wav")
    assert status == 2
    assert [row["error"] is None for row in added["added"]] == [True, False, True]
    assert run(capsys, "index", "info", "recordings")[1]["media"]["audio"]["recordings"] == 2


@pytest.mark.usefixtures("files")
def test_index_add_names_what_no_search_will_find(capsys: pytest.CaptureFixture[str]) -> None:
    write_audio("silent.wav", np.zeros(5 * RATE, np.float32), RATE)
    write_audio("short.wav", babble(0, 0.7), RATE)
    run(capsys, "index", "create", "recordings")
    names = ["silent.wav", "short.wav", "voice0.wav"]
    status, added = run(capsys, "index", "add", "recordings", *names)
    assert status == 0
    assert [[m["searchable"] for m in row["media"]] for row in added["added"]] == [[False], [False], [True]]
    assert cli.run(["index", "add", "recordings", *names]) == 0
    warned = capsys.readouterr().err.splitlines()
    assert len(warned) == 2
    assert all(name in line and "no search will find it" in line for name, line in zip(names, warned, strict=False))


def test_index_errors_name_the_index(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["index", "search", "nowhere", "query.wav"]) == 2
    assert "nowhere: holds no index" in capsys.readouterr().err
    assert cli.run(["index", "create", str(files)]) == 2
    assert "exists" in capsys.readouterr().err


def test_compare(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = run(capsys, "compare", "query.wav", "voice1.wav", "--picture", "picture.png")
    assert status == 0
    (alignment,) = found["queries"][0]["alignments"]
    assert set(alignment) == KEYS
    assert alignment["recording"] == "voice1.wav"
    assert (files / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert run(capsys, "compare", "query.wav", "voice0.wav", "-o", "none.svg")[0] == 1
    assert (files / "none.svg").exists()
    assert cli.run(["compare", "query.wav", "voice1.wav"]) == 0
    assert "is voice1.wav" in capsys.readouterr().out


def test_compare_errors(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = run(capsys, "compare", "missing.wav", "voice1.wav")
    assert status == 2
    assert "missing.wav" in found["queries"][0]["error"]
    assert cli.run(["compare", "query.wav", "voice1.wav", "-o", "picture.bmp"]) == 2
    assert "picture.bmp" in capsys.readouterr().err
    assert not (files / "picture.bmp").exists()


NAMES = (b"not utf-8 \xff.wav", b"esc \x1b[31m red\n.wav", b"$x_{.wav", "日本 ü.wav".encode())


def test_names_of_any_bytes_come_through(files: Path) -> None:
    """JSON is UTF-8 and gives every name back; a terminal gets no control characters; pictures are drawn."""

    def birthmark(*arguments: bytes) -> bytes:
        command = [sys.executable, "-m", "birthmark", *map(os.fsdecode, arguments)]
        return subprocess.run(command, cwd=files, capture_output=True, check=True).stdout

    for name in NAMES:
        (files / os.fsdecode(name)).write_bytes((files / "voice1.wav").read_bytes())
    birthmark(b"index", b"create", b"recordings")
    shown = birthmark(b"index", b"add", b"recordings", *NAMES)
    assert b"\x1b" not in shown
    assert shown.count(b"\n") == len(NAMES)
    found = json.loads(birthmark(b"index", b"search", b"recordings", b"query.wav", b"--json").decode("utf-8"))
    assert {os.fsencode(a["recording"]) for a in found["queries"][0]["alignments"]} == set(NAMES)
    assert b"\x1b" not in birthmark(b"index", b"search", b"recordings", b"query.wav")
    for name in NAMES[:3:2]:
        birthmark(b"compare", b"query.wav", name, b"-o", b"picture.png")
        (files / "picture.png").unlink()


def test_pipes_and_devices_are_refused(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Opening a pipe that nobody writes to would block for ever, and /dev/zero never ends."""
    os.mkfifo(files / "pipe.wav")
    run(capsys, "index", "create", "recordings")
    status, found = run(capsys, "index", "search", "recordings", "pipe.wav", "/dev/zero")
    assert status == 2
    assert all("is not a regular file" in row["error"] for row in found["queries"])


def test_one_is_singular(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["index", "create", str(files / "recordings")])
    for count, text in ((1, "audio: 1 recording, "), (2, "audio: 2 recordings, ")):
        cli.run(["index", "add", "recordings", f"voice{count}.wav"])
        capsys.readouterr()
        cli.run(["index", "info", "recordings"])
        assert text in capsys.readouterr().out
