import json
from pathlib import Path

from typer.testing import CliRunner

from birthmark.cli import build_app
from birthmark.recordings import detect_recording, embed_recording
from tests.video_watermark.clips import KEY, PAYLOAD
from tests.video_watermark.test_files import write_video


def test_sound_and_picture_of_a_video_are_marked_together(tmp_path: Path) -> None:
    source, target = write_video(tmp_path / "in.mp4", 4.0), tmp_path / "out.mp4"
    report = embed_recording(source, target, PAYLOAD, KEY)
    assert report.picture is not None
    assert report.picture.frames == 80
    found = detect_recording(target, [KEY], issued=[PAYLOAD])
    assert [one.payload for one in found.picture] == [PAYLOAD]
    if report.sound is None:
        assert report.picture.sound_refused
    else:
        assert PAYLOAD in {one.payload for one in found.sound}


def test_the_commands_report_the_picture(tmp_path: Path) -> None:
    source, target, key = write_video(tmp_path / "in.mkv", 3.0), tmp_path / "out.mkv", tmp_path / "key"
    KEY.save(key)
    app, run = build_app(), CliRunner()
    made = run.invoke(app, ["embed", str(source), str(target), "--key", str(key), "--payload", "beef", "--json"])
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["picture"]["frames"] == 60
    found = run.invoke(app, ["detect", str(target), "--key", str(key), "--json"])
    assert found.exit_code == 0, found.output
    (file,) = json.loads(found.stdout)["files"]
    layers = {one["layer"]: one for one in file["detections"]}
    assert layers["video-watermark"]["payload"] == "000000000000beef"
    text = run.invoke(app, ["detect", str(target), "--key", str(key)])
    assert "picture: mark 000000000000beef" in text.stdout
    assert run.invoke(app, ["detect", str(source), "--key", str(key)]).exit_code == 1
