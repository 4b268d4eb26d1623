"""Where the secret of a registry comes from: a key file, a file with the passphrase, the environment, or a prompt."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from birthmark.errors import ArgumentError, MediaError

if TYPE_CHECKING:
    from birthmark.registry import Registry

VARIABLE = "BIRTHMARK_PASSPHRASE"
_LONGEST = 4096

RegistryPath = Annotated[Path, typer.Argument(metavar="REGISTRY", help="Folder of the registry.", show_default=False)]
PassphraseFileOption = Annotated[
    Path | None, typer.Option("--passphrase-file", metavar="FILE", help="File whose first line is the passphrase.")
]
KeyFileOption = Annotated[
    Path | None, typer.Option("--key-file", metavar="FILE", help="Key file that opens the registry: 32 bytes or more.")
]


def secret_of(passphrase_file: Path | None, key_file: Path | None, *, new: bool = False) -> str | Path:
    """The secret: a passphrase (str) or the path of a key file (Path). `new` asks twice.

    Raises ArgumentError where both options are given, or where there is nothing and nobody to ask.
    """
    if passphrase_file is not None and key_file is not None:
        raise ArgumentError("--passphrase-file and --key-file were both given; allowed: one of them")
    if key_file is not None:
        return key_file
    if passphrase_file is not None:
        return _first_line(passphrase_file)
    if VARIABLE in os.environ:
        return os.environ[VARIABLE]
    if not sys.stdin.isatty():
        raise ArgumentError(f"no passphrase: use --passphrase-file, --key-file or the environment variable {VARIABLE}")
    return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True))


def open_registry(folder: Path, passphrase_file: Path | None, key_file: Path | None) -> Registry:
    """The registry, unlocked."""
    from birthmark.registry import Registry

    with Registry.open(folder):  # is there one, before anybody is asked
        pass
    return Registry.open(folder, secret_of(passphrase_file, key_file))


def _first_line(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline(_LONGEST).rstrip("\r\n")
    except OSError as error:
        raise MediaError(f"--passphrase-file {path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ArgumentError(f"--passphrase-file {path} is not UTF-8 text") from error
