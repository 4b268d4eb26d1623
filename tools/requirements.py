"""Prints the requirements of birthmark and of the extras named as arguments, one a line, from pyproject.toml."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
requirements = set(project["dependencies"])
for extra in sys.argv[1:]:
    requirements |= set(project["optional-dependencies"][extra])
print(*sorted(requirements), sep="\n")
