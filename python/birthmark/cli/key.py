"""`birthmark key`: make key files and show which key one holds."""

from pathlib import Path
from typing import Annotated

import typer

from birthmark.cli.common import ForceOption, JsonOption, print_json

KeyFile = Annotated[Path, typer.Argument(metavar="KEYFILE", help="The key file.", show_default=False)]


def new(keyfile: KeyFile, force: ForceOption = False, as_json: JsonOption = False) -> None:
    """Make a new secret key and write it to KEYFILE, readable by you alone.

    Whoever has the file can find and forge your marks, and without it nobody can find them: keep a copy in a safe
    place. Only the id of the key is printed.
    """
    from birthmark.keys import Key

    key = Key.generate()
    key.save(keyfile, overwrite=force)
    _print_key(key.id, keyfile, as_json)


def show(keyfile: KeyFile, as_json: JsonOption = False) -> None:
    """Print the id of the key in KEYFILE; never the secret."""
    from birthmark.keys import Key

    _print_key(Key.load(keyfile).id, keyfile, as_json)


def _print_key(key_id: str, keyfile: Path, as_json: bool) -> None:
    if as_json:
        print_json({"file": str(keyfile), "key": key_id})
    else:
        typer.echo(f"{keyfile}: key {key_id}")


def register(app: typer.Typer) -> None:
    """Adds the group to the command tree."""
    group = typer.Typer(no_args_is_help=True, help="Make and inspect key files.")
    group.command("new")(new)
    group.command("show")(show)
    app.add_typer(group, name="key")
