"""Every command explains itself: help for it and its parameters, a section and an example in the documentation."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from birthmark.cli import build_app

DOCUMENT = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()


def walk(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield name, command
    else:
        for child, below in children.items():
            yield from walk(below, f"{name} {child}")


COMMANDS = dict(walk(typer.main.get_command(build_app()), "birthmark"))


@pytest.mark.parametrize("name", COMMANDS)
def test_command_has_help_for_everything(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    for parameter in command.params:
        assert parameter.help, f"{name}: {parameter.name}"


@pytest.mark.parametrize("name", COMMANDS)
def test_command_is_documented_with_an_example(name: str) -> None:
    assert f"\n## {name}\n" in DOCUMENT, "docs/commands.md lacks its section"
    section = DOCUMENT.split(f"\n## {name}\n")[1].split("\n## ")[0]
    assert f"```console\n$ {name}" in section, "its section lacks an example"
    fences = [line for line in section.splitlines() if line.startswith("```")]
    assert fences[1::2] == ["```"] * (len(fences) // 2), "a code block of its section is not closed"
    assert len(fences) % 2 == 0, "a code block of its section is not closed"


def test_no_section_without_its_command() -> None:
    sections = [line.removeprefix("## ") for line in DOCUMENT.splitlines() if line.startswith("## ")]
    assert sorted(sections) == sorted(COMMANDS)
