import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from birthmark import signature, watermark
from birthmark.cli import build_app
from birthmark.errors import ArgumentError
from birthmark.media import read_audio, write_audio
from birthmark.recordings import LAYERS, Layer, SoundEmbedStream, detect_recording, embed_recording
from corpus import prompt_speech, voices
from tests.reference.voices import babble
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


def marked(samples: Any, block: int, layers: tuple[Layer, ...] = LAYERS) -> tuple[Any, SoundEmbedStream]:
    stream = SoundEmbedStream(16000, samples.shape[1], PAYLOAD, KEY, layers=layers)
    parts = [stream.process(samples[n : n + block]) for n in range(0, len(samples), block)]
    return np.concatenate([*parts, stream.flush()]), stream


def test_signature_then_watermark_in_one_stream() -> None:
    voice = prompt_speech(next(iter(voices())), 10.0, 2)
    samples = np.stack([voice, np.roll(voice, 5)], axis=1) / np.abs(voice).max()
    whole, stream = marked(samples, len(samples))
    assert whole.shape == samples.shape
    assert np.abs(whole).max() <= 1
    assert stream.report is not None
    assert stream.signature is not None
    signed = signature.embed(samples, 16000, KEY)
    np.testing.assert_array_equal(whole, watermark.embed(signed, 16000, PAYLOAD, KEY))
    for block in (997, 4096):
        np.testing.assert_array_equal(marked(samples, block)[0], whole)
    assert [one.payload for one in watermark.detect(whole, 16000, KEY, search="plain")] == [PAYLOAD]
    assert signature.detect(whole, 16000, KEY).pooled[0].accepted
    np.testing.assert_array_equal(marked(samples, 5000, ("signature",))[0], signed)
    np.testing.assert_array_equal(
        marked(samples, 5000, ("watermark",))[0], watermark.embed(samples, 16000, PAYLOAD, KEY)
    )


def test_sound_that_carries_only_the_watermark(tmp_path: Path) -> None:
    write_audio(tmp_path / "in.wav", babble(4, 1.9), 16000)
    report = embed_recording(tmp_path / "in.wav", tmp_path / "out.wav", PAYLOAD, KEY)
    assert report.sound is not None
    assert report.signature is None
    assert report.signature_refused is not None
    assert "needs 2 s" in report.signature_refused
    with pytest.raises(ArgumentError, match="can carry none of it"):
        embed_recording(tmp_path / "in.wav", tmp_path / "out.wav", PAYLOAD, KEY, layers=["picture"])
    with pytest.raises(ArgumentError, match="echo"):
        embed_recording(tmp_path / "in.wav", tmp_path / "out.wav", PAYLOAD, KEY, layers=["echo"])  # type: ignore[list-item]


def test_the_command_chooses_layers(tmp_path: Path) -> None:
    source, target, key = tmp_path / "in.wav", tmp_path / "out.wav", tmp_path / "key"
    write_audio(source, babble(5, 8.0), 16000)
    KEY.save(key)
    app, run = build_app(), CliRunner()
    command = ["embed", str(source), str(target), "--key", str(key), "--payload", "beef"]
    both = json.loads(run.invoke(app, [*command, "--json"]).stdout)
    assert both["report"]["log10_p"] < -6
    assert both["signature"]["log10_p"] < -6
    assert both["signature_refused"] is None
    text = run.invoke(app, command).stdout
    assert "  sound: 8.0 s" in text
    assert "  signature: " in text
    alone = json.loads(run.invoke(app, [*command, "--layers", "watermark", "--json"]).stdout)
    assert alone["signature"] is None
    samples, rate = read_audio(target)
    assert not signature.detect(samples, rate, KEY).pooled[0].accepted
    for wrong in ("watermark,echo", "signature"):
        assert run.invoke(app, [*command, "--layers", wrong]).exit_code != 0
