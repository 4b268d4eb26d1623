"""The examples of the documentation run: console blocks through a shell, python blocks in one interpreter."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import birthmark
from birthmark.media import write_audio
from corpus import prompt_speech, voices

ROOT = Path(__file__).parent.parent


def blocks(document: str) -> list[tuple[str, str]]:
    """(language, text) of the fenced blocks to run; `sh` blocks are for people."""
    found = re.findall(r"^```(console|python)\n(.*?)^```$", (ROOT / document).read_text(), re.DOTALL | re.MULTILINE)
    return [(language, text) for language, text in found]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A folder of its own where `birthmark` is the command under test."""
    command = tmp_path / "bin" / "birthmark"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m birthmark "$@"\n')
    command.chmod(0o755)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    write_audio("voice.wav", prompt_speech(next(iter(voices())), 8.0, 0), 16000)
    package = Path(birthmark.__file__).parent.parent
    return {**os.environ, "PATH": f"{command.parent}:{os.environ['PATH']}", "PYTHONPATH": str(package)}


PAGES = [f"docs/{name}.md" for name in ("contributor", "buyer", "researcher", "investigator")]


@pytest.mark.parametrize("document", ["README.md", "docs/commands.md", *PAGES])
def test_examples_run(document: str, environment: dict[str, str]) -> None:
    variables: dict[str, object] = {}
    examples = blocks(document)
    assert examples
    for language, text in examples:
        if language == "python":
            exec(compile(text, document, "exec"), variables)
            continue
        for line in text.splitlines():
            if line.startswith("$ "):
                result = subprocess.run(
                    ["bash", "-c", line[2:]], env=environment, capture_output=True, text=True, check=False, timeout=120
                )
                assert result.returncode == 0, f"{line}\n{result.stderr}"


def test_links_lead_somewhere() -> None:
    pages = sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").glob("*.md"))
    for document in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", *pages):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / document).read_text()):
            assert ((ROOT / document).parent / target).exists(), f"{document} links to {target}"
