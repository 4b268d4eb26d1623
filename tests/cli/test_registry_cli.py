import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from birthmark import cli
from birthmark.media import write_audio
from corpus import prompt_speech, voices


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BIRTHMARK_PASSPHRASE", raising=False)
    Path("secret").write_bytes(bytes(range(64)))
    write_audio("voice.wav", prompt_speech(next(iter(voices())), 8.0, 0), 16000)
    return tmp_path


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> Any:
    capsys.readouterr()
    got = cli.run(["registry", *arguments, "--json"])
    out = capsys.readouterr()
    assert got == status, out.err
    return json.loads(out.out)


def test_from_enrolment_to_forgetting(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = ("--key-file", "secret")
    made = answer(capsys, "init", "r", *key)
    assert len(made["public_key"]) == 64
    assert answer(capsys, "person", "r", "anna", *key)["keys"][0]["generation"] == 1
    assert [one["generation"] for one in answer(capsys, "rotate", "r", "anna", *key)["keys"]] == [2, 1]
    Path("broken.wav").write_bytes(b"RIFF")
    rows = answer(capsys, "record", "r", "voice.wav", "broken.wav", "-p", "anna", *key, status=2)["recordings"]
    assert rows[0]["media"] == "audio"
    assert rows[1]["error"]
    Path("terms.txt").write_text("Training only")
    order = ("deliver", "r", "voice.wav", "copy.wav", "-p", "anna", "--recipient", "Acme")
    delivery = answer(capsys, *order, "--licence-file", "terms.txt", *key)
    assert delivery["licence"] == "Training only"
    assert delivery["recording_id"] == rows[0]["id"]
    assert answer(capsys, "show", "r", "--mark", delivery["mark_id"])["deliveries"][0]["recipient"] == "Acme"
    assert answer(capsys, "show", "r", "--mark", "1", status=1) == {"deliveries": []}
    assert answer(capsys, "revoke", "r", delivery["mark_id"], "--why", "unpaid", *key)["revoked_why"] == "unpaid"
    shown = answer(capsys, "show", "r", "--log")
    assert [one["action"] for one in shown["log"]] == ["init", "person", "rotate", "record", "deliver", "revoke"]
    checked = answer(capsys, "verify", "r", "--public-key", made["public_key"], "--head", shown["log"][3]["hash"])
    assert checked["ok"]
    assert checked["authenticated"]
    assert answer(capsys, "forget", "r", "anna", "--yes", *key)["recordings"] == 1
    assert answer(capsys, "verify", "r")["ok"]
    assert (folder / "copy.wav").exists()
    for command in ("show", "verify"):
        assert cli.run(["registry", command, "r"]) == 0
    assert "forgotten at" in capsys.readouterr().out


def test_an_edited_registry_is_status_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer(capsys, "init", "r", "--key-file", "secret")
    with sqlite3.connect(folder / "r" / "registry.db") as database:
        database.execute("UPDATE log SET action = 'x'")
    database.close()
    assert answer(capsys, "verify", "r", status=2)["problems"] == ["log entry 1 was edited"]
    assert cli.run(["registry", "verify", "r"]) == 2
    assert "NOT in order" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["person", "none", "a", "--key-file", "secret"], "holds no registry"),
        (["person", "r", "a", "--key-file", "voice.wav"], "wrong key file"),
        (["person", "r", "a", "--key-file", "secret", "--passphrase-file", "secret"], "one of them"),
        (["person", "r", "a", "--passphrase-file", "terms"], "made with a key file"),
        (["person", "r", "a"], "no passphrase"),
        (["record", "r", "voice.wav", "-p", "bob", "--key-file", "secret"], "'bob' is not in the registry"),
        (["revoke", "r", "77", "--key-file", "secret"], "mark 77 is not in the registry"),
        (
            ["deliver", "r", "voice.wav", "c.wav", "-p", "bob", "--recipient", "x", "--key-file", "secret"],
            "exactly one",
        ),
        (["init", "r", "--key-file", "secret"], "exists"),
        (["init", "r2", "--passphrase-file", "none"], "cannot be read"),
    ],
)
def test_mistakes_are_explained(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], text: str
) -> None:
    (folder / "terms").write_text("a long passphrase\n")
    answer(capsys, "init", "r", "--key-file", "secret")
    assert cli.run(["registry", *arguments]) == 2
    assert text in capsys.readouterr().err


def test_the_passphrase_comes_from_a_file_or_the_environment(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "phrase").write_text("correct horse battery staple\nsecond line\n")
    answer(capsys, "init", "r", "--passphrase-file", "phrase")
    monkeypatch.setenv("BIRTHMARK_PASSPHRASE", "correct horse battery staple")
    answer(capsys, "person", "r", "anna")
    monkeypatch.setenv("BIRTHMARK_PASSPHRASE", "incorrect horse")
    assert cli.run(["registry", "person", "r", "bob"]) == 2
    assert "wrong passphrase" in capsys.readouterr().err
