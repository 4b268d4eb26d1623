"""Scan files for everything a registry knows: marks of its keys and deliveries, voices, fingerprints of its recordings.

    with Registry.open("registry", "passphrase") as registry:
        for result in scan(["downloads"], registry, out="results"):
            print(result.file.path, [hit.recipient for hit in result.hits])

Each file is decoded once and every line of evidence runs on what is decoded. See docs/scan.md.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .pool import Limits, WorkerError
    from .run import FileResult, Progress, resume, scan

__all__ = ["FileResult", "Limits", "Progress", "WorkerError", "resume", "scan"]


def __getattr__(name: str) -> Any:
    """Names are loaded when asked for, so that a worker, whose package this is, loads no database."""
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    module = ".pool" if name in {"Limits", "WorkerError"} else ".run"
    return getattr(importlib.import_module(module, __name__), name)
