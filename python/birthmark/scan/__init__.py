"""Scan files for everything a registry knows: marks of its keys and deliveries, voices, fingerprints of its recordings.

    with Registry.open("registry", "passphrase") as registry:
        for result in scan(["downloads"], registry, out="results"):
            print(result.file.path, [hit.recipient for hit in result.hits])

Each file is decoded once and every line of evidence runs on what is decoded. See docs/scan.md.
"""

from .pool import Limits, WorkerError
from .run import FileResult, Progress, resume, scan

__all__ = ["FileResult", "Limits", "Progress", "WorkerError", "resume", "scan"]
