"""A registry with two people, a delivered copy of each, and files that have nothing of them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from birthmark.media import write_audio
from birthmark.registry import Registry
from corpus import prompt_speech, voices


@dataclass(frozen=True)
class World:
    """`suspects` holds anna.wav (delivered to Acme), ben.wav (to Bolt) and nobody.wav; `originals` their sources."""

    registry: Path
    secret: Path
    suspects: Path
    originals: Path


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    top = tmp_path_factory.mktemp("world")
    made = World(top / "registry", top / "secret", top / "suspects", top / "originals")
    made.secret.write_bytes(os.urandom(32))
    made.suspects.mkdir()
    made.originals.mkdir()
    names = list(voices())
    with Registry.create(made.registry, made.secret) as registry:
        for number, (handle, recipient) in enumerate({"anna": "Acme", "ben": "Bolt"}.items()):
            registry.add_person(handle)
            original = made.originals / f"{handle}.wav"
            write_audio(original, prompt_speech(names[number], 12.0, number), 16000)
            target = made.suspects / f"{handle}.wav"
            registry.deliver(original, target, person=handle, recipient=recipient, licence=f"{recipient} only")
    write_audio(made.suspects / "nobody.wav", prompt_speech(names[2], 12.0, 7), 16000)
    return made


@pytest.fixture
def registry(world: World) -> Iterator[Registry]:
    with Registry.open(world.registry, world.secret) as opened:
        yield opened
