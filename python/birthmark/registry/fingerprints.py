"""What a registry keeps of a recording: its hash, its fingerprints, its voice's profile. Never the media."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b, file_digest
from pathlib import Path

from birthmark.alignment import Fingerprint
from birthmark.errors import MediaError
from birthmark.file_fingerprint import fingerprint_file
from birthmark.index import FileStore, Index
from birthmark.media import audio_info, stream_audio
from birthmark.recordings import has_sound
from birthmark.registry.database import BUSY_S
from birthmark.signature import MIN_SPEECH, ContrastStream, profile_of

INDEX = "fingerprints.index"
_LOCK = "fingerprints.lock"
_SIGNATURE_RATES = (8000, 384_000)


@dataclass(frozen=True)
class Described:
    """A recording, measured."""

    sha256: str
    name: str
    fingerprints: Sequence[Fingerprint]
    profile: bytes | None

    @property
    def media(self) -> str:
        """ "audio", "video" or "audio+video"."""
        return "+".join(sorted(one.medium for one in self.fingerprints))

    @property
    def duration_s(self) -> float:
        """Length in seconds, of the longer of sound and picture."""
        return max(one.duration_s for one in self.fingerprints)

    @property
    def fingerprint(self) -> str:
        """Hash of the fingerprints."""
        return fingerprints_hash({one.medium: one.serialize() for one in self.fingerprints})


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes; raises MediaError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror}") from error


def describe(path: Path, sha256: str) -> Described:
    """Fingerprints and profile of a recording; raises MediaError where it cannot be read."""
    return Described(sha256, path.name, fingerprint_file(path, query=False), _profile(path))


def _profile(path: Path) -> bytes | None:
    least, most = _SIGNATURE_RATES
    if not has_sound(path) or not least <= audio_info(path).rate <= most:
        return None
    stream = ContrastStream(audio_info(path).rate, (1.0,))
    for block in stream_audio(path, allow_truncated=True):
        stream.push(block)
    found = stream.finish()
    return profile_of(found).to_bytes() if found[0].speech_s >= MIN_SPEECH else None


def fingerprints_hash(blobs: dict[str, bytes]) -> str:
    """BLAKE2b-256 of serialised fingerprints by medium, 64 hexadecimal digits."""
    digest = blake2b(digest_size=32, person=b"birthmark-fp-1")
    for medium in sorted(blobs):
        digest.update(f"{medium} {len(blobs[medium])} ".encode() + blobs[medium])
    return digest.hexdigest()


@contextlib.contextmanager
def writing_index(folder: Path) -> Iterator[Index]:
    """A registry's index, open for writing; waits for another writer as the database does."""
    with (folder / _LOCK).open("wb") as lock:
        deadline = time.monotonic() + BUSY_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise MediaError(
                        f"registry {folder}: another process has been writing fingerprints for {BUSY_S:.0f} s"
                    ) from error
                time.sleep(0.05)
        with Index.open(folder / INDEX, write=True) as index:
            yield index


def add_to_index(folder: Path, name: str, described: Described) -> None:
    """Put a recording's fingerprints into a registry's index."""
    with writing_index(folder) as index:
        index.add_many((name, one) for one in described.fingerprints)


def erase(folder: Path, names: Sequence[str]) -> None:
    """Take recordings out of a registry's index, bytes and all."""
    with writing_index(folder) as index:
        if index.remove(*names) and isinstance(index.store, FileStore):
            index.store.compact()
