import json
from pathlib import Path

import numpy as np
import pytest

from birthmark import cli
from birthmark.cli import demo, story_media
from birthmark.errors import MediaError
from birthmark.media import read_audio, write_audio
from corpus import prompt_speech, voices


def test_demo_finds_the_mark_after_attacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = ("none", "mp3_32k", "speed_1.05", "cut_5s", "cut_in")
    monkeypatch.setattr(demo, "ATTACKS", tuple(one for one in demo.ATTACKS if one[1] in chosen))
    folder = tmp_path / "listen"
    assert cli.run(["demo", "--attacks", "-o", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["attacks"]) == len(chosen)
    assert all(row["found"] and not row["wrong"] for row in document["attacks"])
    assert all(row["payload"] == document["payload"] for row in document["attacks"])
    assert document["attacks"][2]["speed"] == pytest.approx(1.05, abs=0.006)
    assert not any(row["found"] or row["wrong"] for row in document["controls"])
    assert abs(document["quality"]["loudness_change_lu"]) < 0.1
    host, rate = read_audio(folder / "host.wav")
    marked, _ = read_audio(folder / "marked.wav")
    assert host.shape == marked.shape
    assert rate == 16000
    assert {path.name for path in folder.glob("*.wav")} == {
        "host.wav", "marked.wav", "mp3_32k.wav", "speed_1.05.wav", "cut_5s.wav", "cut_in.wav"
    }  # fmt: skip


def test_demo_of_a_file_prints_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "ATTACKS", demo.ATTACKS[:1])
    source = tmp_path / "voice.wav"
    write_audio(source, prompt_speech(next(iter(voices())), 8.0, 2), 16000)
    assert cli.run(["demo", str(source), "-o", str(tmp_path / "out")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(str(source))
    assert any(line.startswith("none") and " yes " in line for line in lines)
    assert any(line.startswith("control: another key") and " no " in line for line in lines)


def test_demo_refuses_silence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "silence.wav"
    write_audio(source, np.zeros(32000, np.float32), 16000)
    assert cli.run(["demo", str(source), "-o", str(tmp_path / "out")]) == 2
    assert "silent" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_demo_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="asterisk-core-sounds-en-g722"):
        story_media.speech(1.0, "", tmp_path)
    with pytest.raises(MediaError, match="opencv-doc"):
        story_media.clip("vtest.avi", tmp_path)


@pytest.mark.parametrize(
    ("log10_p", "words"), [(-1.3, "1 in 20"), (-3.0, "1 in 1,000"), (-6.5, "1 in 3 million"), (-12.2, "1 in 10^12")]
)
def test_p_values_in_words(log10_p: float, words: str) -> None:
    assert demo.in_words(log10_p) == words
