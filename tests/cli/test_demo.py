import json
from pathlib import Path

import numpy as np
import pytest

from birthmark import cli
from birthmark.cli import demo, story_media
from birthmark.errors import MediaError
from birthmark.media import read_audio, write_audio
from birthmark.registry import Registry
from corpus import prompt_speech, voices


def test_the_story_names_the_right_buyer_each_time_and_nobody_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "story"
    assert cli.run(["demo", "-o", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    buyers = {one["recipient"]: one["mark_id"] for one in document["deliveries"]}
    assert len(set(buyers.values())) == 4
    found = {one["file"]: (one["persons_found"], one["buyers_found"]) for one in document["files"]}
    assert found == {
        "podcast.mp3": (["anna"], ["Aldebaran"]),
        "assistant.mp3": (["anna"], ["Bellatrix"]),
        "street.mp4": (["ben"], ["Deneb"]),
        "audiobook.mp3": ([], []),
        "call.wav": ([], []),
        "garden.mp4": ([], []),
    }
    assert any(line.startswith("voice-signature") for line in document["files"][1]["evidence"])
    with Registry.open(folder / "registry") as registry:
        assert registry.verify().ok
        named = {registry.deliveries()[i].recipient for i in (0, 1, 3)}
        by_id = {one.id: one.recipient for one in registry.deliveries()}
        assert {by_id[one.delivery_id] for one in registry.sightings() if one.delivery_id} == named
    report = Path(document["report"]).read_text()
    for word in ("Aldebaran", "Bellatrix", "Deneb", "anna", "ben"):
        assert word in report
    assert "Capella" not in report


def test_the_story_replaces_only_a_story(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "diary.txt").write_text("dear")
    assert cli.run(["demo", "-o", str(tmp_path)]) == 2
    assert "holds other files" in capsys.readouterr().err
    assert (tmp_path / "diary.txt").exists()


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
