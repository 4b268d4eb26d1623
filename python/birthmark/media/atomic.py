"""Output files that are either complete or not there."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from birthmark.errors import MediaError


@contextlib.contextmanager
def replacing(target: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `target` (same extension); rename it to `target` at the end, remove it on any error.

    The mode of an existing target is kept. Raises MediaError when the folder cannot be written to.
    """
    final = Path(target)
    if final.is_dir():
        raise MediaError(f"{final}: is a folder; an output file was expected")
    if not final.parent.is_dir():
        raise MediaError(f"{final}: the folder {final.parent} does not exist")
    temporary = final.with_name(f".{final.stem}.{secrets.token_hex(4)}.part{final.suffix}")
    try:
        yield temporary
        if final.exists():
            temporary.chmod(final.stat().st_mode & 0o7777)
        temporary.replace(final)
    except PermissionError as error:
        raise MediaError(f"{final}: cannot be written: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)
