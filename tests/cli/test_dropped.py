"""What a copy has lost reaches whoever made it, as text and as JSON."""

import json
from pathlib import Path

import pytest

from birthmark import cli
from tests.video_watermark.clips import KEY, luma_frames
from tests.video_watermark.test_containers import add_subtitles, write

LOST = "stream 1 (subtitle)"


@pytest.fixture
def subtitled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A video whose subtitles MP4 cannot hold."""
    monkeypatch.chdir(tmp_path)
    add_subtitles(write(tmp_path / "plain.mp4", list(luma_frames(2.0)), 20), tmp_path / "in.mkv", tmp_path)
    return tmp_path / "in.mkv"


def test_embed_names_what_was_dropped(subtitled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    KEY.save(Path("my.key"))
    order = ["embed", str(subtitled), "out.mp4", "--key", "my.key", "--payload", "1f"]
    assert cli.run(order) == 0
    assert capsys.readouterr().err == f"birthmark: out.mp4: these could not be kept: {LOST}\n"
    assert cli.run([*order, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["dropped"] == [LOST]
    order[2] = "out.mkv"
    assert cli.run([*order, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["dropped"] == []


def test_deliver_names_what_was_dropped(subtitled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("secret").write_bytes(bytes(range(64)))
    key = ["--key-file", "secret"]
    assert cli.run(["registry", "init", "r", *key]) == 0
    assert cli.run(["registry", "person", "r", "anna", *key]) == 0
    capsys.readouterr()
    order = ["-p", "anna", "--recipient", "Acme", "--licence", "x", *key]
    assert cli.run(["registry", "deliver", "r", str(subtitled), "text.mp4", *order]) == 0
    assert f"text.mp4: these could not be kept: {LOST}\n" in capsys.readouterr().err
    assert cli.run(["registry", "deliver", "r", str(subtitled), "json.mp4", *order, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["dropped"] == [LOST]
