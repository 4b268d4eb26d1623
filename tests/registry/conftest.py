import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from birthmark.media import write_audio
from birthmark.registry import Registry
from corpus import prompt_speech, voices


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "registry.key"
    path.write_bytes(os.urandom(32))
    return path


@pytest.fixture
def registry(tmp_path: Path, key_file: Path) -> Iterator[Registry]:
    with Registry.create(tmp_path / "registry", key_file) as made:
        yield made


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    path = tmp_path / "voice.wav"
    write_audio(path, prompt_speech(next(iter(voices())), 8.0, 0), 16000)
    return path
