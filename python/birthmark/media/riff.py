"""Chunks of RIFF/WAVE and blocks of FLAC files that carry metadata, copied byte for byte from source to result."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

_COPIED_MAX = 64 << 20
_UNKNOWN_SIZE = 0x7FFFF000
_WAV_OWN = {b"fmt ", b"data", b"fact", b"PEAK", b"ds64", b"JUNK", b"junk", b"PAD ", b"FLLR", b"levl"}
_FLAC_KEPT = {2, 4, 5, 6}  # application, Vorbis comment, cue sheet, picture


def _wav_chunks(file: BinaryIO) -> list[tuple[bytes, int, int]]:
    """(name, offset of the content, promised size) of each chunk; stops at the first that makes no sense."""
    file.seek(0, 2)
    end = file.tell()
    file.seek(0)
    head = file.read(12)
    if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        return []
    chunks: list[tuple[bytes, int, int]] = []
    while len(chunks) < 1000:
        entry = file.read(8)
        if len(entry) < 8:
            break
        name, size = entry[:4], struct.unpack("<I", entry[4:])[0]
        chunks.append((name, file.tell(), size))
        if file.tell() + size >= end:
            break
        file.seek(size + size % 2, 1)
    return chunks


def wav_shortfall(path: Path) -> int:
    """Bytes by which a WAV file's data chunk is shorter than its header promises; 0 for streams of unknown length."""
    with path.open("rb") as file:
        size_of_file = path.stat().st_size
        for name, offset, size in _wav_chunks(file):
            if name == b"data" and size < _UNKNOWN_SIZE:
                return max(0, offset + size - size_of_file)
    return 0


def copy_wav_chunks(source: Path, target: Path) -> int:
    """Append to the WAV file `target` the chunks of `source` that describe it (LIST, bext, iXML, id3, cue and others).

    Returns how many were copied. Files other than RIFF/WAVE, and chunks above 64 MiB, are left alone.
    """
    kept: list[bytes] = []
    with source.open("rb") as file:
        total = source.stat().st_size
        room = _COPIED_MAX
        for name, offset, size in _wav_chunks(file):
            if name in _WAV_OWN or offset + size > total or size > room:
                continue
            file.seek(offset)
            content = file.read(size)
            kept.append(name + struct.pack("<I", size) + content + b"\0" * (size % 2))
            room -= size
    if not kept:
        return 0
    with target.open("r+b") as file:
        if file.read(4) != b"RIFF":
            return 0
        file.seek(0, 2)
        if file.tell() % 2:
            file.write(b"\0")
        file.write(b"".join(kept))
        length = file.tell() - 8
        if length > 0xFFFFFFFF:
            file.truncate(length + 8 - sum(map(len, kept)))
            return 0
        file.seek(4)
        file.write(struct.pack("<I", length))
    return len(kept)


def _flac_blocks(file: BinaryIO) -> tuple[list[tuple[int, bytes]], int]:
    """Metadata blocks (type, content) of a FLAC file and the offset of its first audio frame."""
    file.seek(0)
    if file.read(4) != b"fLaC":
        return [], 0
    blocks: list[tuple[int, bytes]] = []
    total = 0
    while True:
        entry = file.read(4)
        if len(entry) < 4:
            return [], 0
        size = int.from_bytes(entry[1:], "big")
        content = file.read(size)
        total += size
        if len(content) < size or total > _COPIED_MAX or len(blocks) > 1000:
            return [], 0
        blocks.append((entry[0] & 0x7F, content))
        if entry[0] & 0x80:
            return blocks, file.tell()


def copy_flac_blocks(source: Path, target: Path, finished: Path) -> int:
    """Write `finished`: the FLAC file `target` with the tags, pictures and cue sheet of the FLAC file `source`.

    Returns how many blocks were copied; with 0, `finished` is not written.
    """
    with source.open("rb") as file:
        kept = [block for block in _flac_blocks(file)[0] if block[0] in _FLAC_KEPT]
    with target.open("rb") as file:
        own, audio = _flac_blocks(file)
        if not kept or not own:
            return 0
        blocks = [block for block in own if block[0] not in _FLAC_KEPT | {1}] + kept
        with finished.open("wb") as out:
            out.write(b"fLaC")
            for index, (kind, content) in enumerate(blocks):
                last = 0x80 if index == len(blocks) - 1 else 0
                out.write(bytes([kind | last]) + len(content).to_bytes(3, "big") + content)
            file.seek(audio)
            while piece := file.read(1 << 20):
                out.write(piece)
    return len(kept)
