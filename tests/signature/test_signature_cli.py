"""`birthmark signature` end to end, in process."""

import json
from pathlib import Path

import numpy as np
import pytest

from birthmark.cli import run
from birthmark.keys import Key
from birthmark.media import read_audio, write_audio
from tests.signature.test_signature import RATE, voice


def test_embed_detect_and_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key, other = tmp_path / "a.key", tmp_path / "b.key"
    Key(bytes(range(32))).save(key)
    Key(bytes(32)).save(other)
    plain, marked, made = tmp_path / "plain.wav", tmp_path / "marked.wav", tmp_path / "voice.profile"
    write_audio(plain, voice(), RATE)
    assert run(["signature", "embed", str(plain), str(marked), "--key", str(key)]) == 0
    assert read_audio(marked)[0].shape == read_audio(plain)[0].shape
    assert run(["signature", "embed", str(plain), str(marked), "--key", str(key)]) == 2
    assert run(["signature", "profile", str(plain), "-o", str(made)]) == 0
    capsys.readouterr()

    command = ["signature", "detect", str(plain), str(marked), "--key", str(key), "--key", str(other), "--json"]
    assert run(command) == 0
    report = json.loads(capsys.readouterr().out)
    assert [t["accepted"] for t in report["tests"]] == [False, False, True, False]
    assert set(report["tests"][0]) == {"file", "key", "log10_p", "z", "speech_s", "accepted"}
    assert [t["key"] for t in report["pooled"]] == [Key(bytes(range(32))).id, Key(bytes(32)).id]
    assert run(["signature", "detect", str(marked), "--key", str(key), "--reference", str(made), "--pool"]) == 0
    assert run(["signature", "detect", str(plain), "--key", str(key)]) == 1
    assert run(["signature", "detect", str(tmp_path / "none.wav"), "--key", str(key), "--json"]) == 2
    assert np.isfinite([t["z"] for t in report["tests"]]).all()
