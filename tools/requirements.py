"""Prints the requirements of birthmark with all extras, one a line, from pyproject.toml."""

import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
requirements = set(project["dependencies"])
for extra in project["optional-dependencies"].values():
    requirements |= set(extra)
print(*sorted(requirements), sep="\n")
