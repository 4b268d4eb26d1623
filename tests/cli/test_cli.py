import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import birthmark
from birthmark import cli
from birthmark.cli import common
from birthmark.errors import ArgumentError
from birthmark.keys import Key

PYTHON = Path(birthmark.__file__).parent.parent


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(PYTHON)}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment, check=False, timeout=60
    )


def test_key_new_and_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "me.key"
    assert cli.run(["key", "new", str(path)]) == 0
    key = Key.load(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert cli.run(["key", "show", str(path), "--json"]) == 0
    first, _, document = capsys.readouterr().out.partition("\n")
    assert first == f"{path}: key {key.id}"
    assert json.loads(document) == {"file": str(path), "key": key.id}
    assert key.secret().hex() not in first + document


def test_key_new_refuses_to_overwrite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "me.key"
    assert cli.run(["key", "new", str(path)]) == 0
    before = Key.load(path)
    assert cli.run(["key", "new", str(path)]) == 2
    assert "exists" in capsys.readouterr().err
    assert Key.load(path) == before
    assert cli.run(["key", "new", str(path), "--force"]) == 0
    assert Key.load(path) != before


@pytest.mark.parametrize("arguments", [["no-such-command"], ["key", "show"], ["key", "show", "/no/such.key"]])
def test_errors_exit_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(arguments) == 2
    assert capsys.readouterr().err


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--help"]) == 0
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out.endswith(f"birthmark {birthmark.__version__}\n")


def test_every_exception_has_its_status(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for error, status in [
        (ArgumentError("strength is 9"), 2),
        (FileNotFoundError("no file"), 2),
        (ZeroDivisionError("bug"), 2),
        (KeyboardInterrupt(), 130),
    ]:

        def fail(*_: object, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr(Key, "load", staticmethod(fail))
        assert cli.run(["key", "show", "x"]) == status
        assert str(error) in capsys.readouterr().err


def test_exit_status_is_that_of_grep() -> None:
    assert common.exit_status(found=True) == 0
    assert common.exit_status(found=False) == 1
    assert common.exit_status(found=True, failed=True) == 2


@pytest.mark.parametrize("arguments", [["--help"], ["key", "show", "me.key", "--json"]])
def test_a_closed_pipe_ends_quietly_and_not_as_nothing_found(tmp_path: Path, arguments: list[str]) -> None:
    Key.generate().save(tmp_path / "me.key")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "birthmark", *arguments],
            stdout=closed,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(PYTHON)},
            cwd=tmp_path,
            check=False,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (common.EXIT_CLOSED_PIPE, b"")


def test_atomic_output_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "out.wav"
    target.write_text("old")
    with common.atomic_output(target) as partial:
        assert partial.suffix == ".wav"
        partial.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"

    def interrupted() -> None:
        with common.atomic_output(target) as partial:
            partial.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]
    with pytest.raises(FileNotFoundError, match="does not exist"), common.atomic_output(tmp_path / "none" / "a"):
        pass


def test_terminated_process_leaves_no_partial_file(tmp_path: Path) -> None:
    script = f"""
import os, signal
from birthmark import cli
from birthmark.cli import common
signal.signal(signal.SIGTERM, cli._terminate)
with common.atomic_output({str(tmp_path / "out.wav")!r}) as partial:
    partial.write_text("half")
    os.kill(os.getpid(), signal.SIGTERM)
"""
    assert python("-c", script).returncode == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with common.progress("work", 2) as advance:
        advance(2)
    assert capsys.readouterr() == ("", "")


def test_json_has_no_nan() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        common.print_json({"x": float("nan")})


def test_start_is_light() -> None:
    """`birthmark --help` must not load what only commands need."""
    heavy = {"numpy", "scipy", "av", "soundfile", "matplotlib", "cv2"}
    script = "import sys\nfrom birthmark.cli import run\nrun(['--help'])\nprint(*sys.modules)"
    result = python("-c", script)
    assert result.returncode == 0
    assert heavy.isdisjoint(result.stdout.splitlines()[-1].split())
