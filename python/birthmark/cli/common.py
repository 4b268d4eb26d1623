"""What the commands share: exit statuses, JSON, progress bars and outputs that appear whole or not at all."""

import json
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

EXIT_FOUND = 0
EXIT_NOTHING_FOUND = 1
EXIT_ERROR = 2
EXIT_INTERRUPTED = 130
EXIT_CLOSED_PIPE = 141  # as a shell has it for a program that SIGPIPE ends

_SURROGATE = re.compile("[\ud800-\udfff]")

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document in place of text.")]
ForceOption = Annotated[bool, typer.Option("--force", "-f", help="Replace the output where it exists.")]


def exit_status(*, found: bool, failed: bool = False) -> int:
    """Status of a search, as grep has it: 2 where any file failed, else 0 found or 1 nothing found."""
    if failed:
        return EXIT_ERROR
    return EXIT_FOUND if found else EXIT_NOTHING_FOUND


def print_json(document: Any) -> None:
    """Prints a document on standard output, in UTF-8 whatever it holds.

    Raises ValueError for NaN and infinity, which JSON does not have.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    # Bytes of file names that are not UTF-8 stand in strings as lone surrogates, which UTF-8 does not have.
    typer.echo(_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def counted(count: int, noun: str, plural: str = "") -> str:
    """A number and its noun: "1 file", "2 files", and "0 entries" with the plural given."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def plain(text: str) -> str:
    """Text of hostile files for a terminal or a picture: control characters are shown, not obeyed."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def warn(text: str) -> None:
    """Prints a line for the person at the terminal on standard error."""
    print(f"birthmark: {plain(text)}", file=sys.stderr)


def warn_of_dropped(target: Path, streams: Sequence[str]) -> None:
    """Names the streams of the source that its marked copy has lost, where there are any."""
    if streams:
        warn(f"{target}: these could not be kept: {', '.join(streams)}")


@contextmanager
def atomic_output(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives a new path next to `target`, with the same ending, to write to.

    When the block ends well the file replaces `target` in one step. When it raises, Ctrl-C included, the file is
    removed and `target` stays as it was. Raises FileNotFoundError where the folder does not exist.
    """
    target = Path(target)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"cannot write '{target}': folder '{target.parent}' does not exist")
    partial = target.with_name(f".{target.stem}.{secrets.token_hex(4)}.part{target.suffix}")
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def progress(description: str, total: float | None = None, *, quiet: bool = False) -> Iterator[Callable[[float], None]]:
    """A progress bar on standard error, only where that is a terminal; gives a function that advances it."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(description, total=total)
        yield lambda amount: bar.advance(task, amount)
