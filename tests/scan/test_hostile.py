"""Whatever a file is, it is a row with its reason and the scan goes on."""

import os
import socket
import struct
from pathlib import Path

import numpy as np
import pytest

from birthmark.evidence import read_results
from birthmark.registry import Registry
from birthmark.scan import FileResult, Limits, scan
from tests.scan.conftest import World


def scanned(folder: Path, registry: Registry, **options: object) -> dict[bytes, FileResult]:
    found = scan([folder], registry, limits=Limits(memory_mb=1024), **options)  # type: ignore[arg-type]
    return {os.path.relpath(one.file.path_bytes, os.fsencode(folder)): one for one in found}


def test_every_kind_of_file_is_a_row(world: World, registry: Registry, tmp_path: Path) -> None:
    folder = tmp_path / "zoo"
    folder.mkdir()
    good = (world.suspects / "anna.wav").read_bytes()
    random = np.random.default_rng(1).bytes(20000)
    contents = {
        b"good.txt": good,  # sound under a wrong name
        b"empty.mp3": b"",
        b"random.mp4": random,
        b"random.bin": random,
        b"truncated.wav": good[: len(good) // 2],
        b"header.wav": good[:44],
        b"text.mp4": b"not a video\n" * 100,
        b"page.html": b"<html>hello</html>",
        b"list.m3u8": b"#EXTM3U\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n",
        b"join.ffconcat": b"ffconcat version 1.0\nfile '" + os.fsencode(world.suspects / "anna.wav") + b"'\n",
        "unicode \u202e ñ 音.wav".encode(): good,
        b"new\nline.wav": good,
        b"bad\xff\xfebytes.wav": good,
    }
    for name, data in contents.items():
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(data)
    os.mkfifo(folder / "fifo.wav")
    (folder / "loop").symlink_to("loop")
    (folder / "up").symlink_to("..")
    (folder / "null.wav").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(folder / "s"))
    found = scanned(folder, registry, out=tmp_path / "results")
    state = {name: one.file.state for name, one in found.items()}
    assert set(state) == {*contents, b"fifo.wav", b"loop", b"null.wav", b"s"}
    for name in (b"good.txt", "unicode \u202e ñ 音.wav".encode(), b"new\nline.wav", b"bad\xff\xfebytes.wav"):
        assert {hit.recipient for hit in found[name].hits if hit.mark_id} == {"Acme"}, name
    assert state[b"truncated.wav"] == "searched"
    assert "truncated" in found[b"truncated.wav"].file.reason
    for name in (b"empty.mp3", b"random.mp4", b"header.wav", b"text.mp4", b"loop"):
        assert state[name] == "failed", name
    for name in (b"random.bin", b"page.html", b"list.m3u8", b"join.ffconcat", b"fifo.wav", b"null.wav", b"s"):
        assert state[name] == "no media", name
    assert all(one.file.reason for one in found.values() if one.file.state != "searched")
    assert len(read_results(tmp_path / "results").files) == len(found)


def test_unreadable_file_and_folder(
    world: World, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "suspects"
    (folder / "locked").mkdir(parents=True)
    (folder / "a.wav").write_bytes((world.suspects / "nobody.wav").read_bytes())
    real = os.scandir

    def refuse(path: bytes | Path) -> object:
        if os.fsencode(path).endswith(b"locked"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    list(scan([folder], registry, out=tmp_path / "results"))
    results = read_results(tmp_path / "results")
    assert [Path(one.path).name for one in results.files] == ["a.wav"]
    assert len(results.scan.unreadable) == 1
    assert "Permission denied" in results.scan.unreadable[0]


def huge_wav(path: Path) -> None:
    """A header that promises 4 GB at 64 channels in 100 bytes of file."""
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 0xFFFFFFF0, b"WAVE", b"fmt ", 16, 1, 64, 48000,
                       48000 * 128, 128, 16, b"data", 0xFFFFFF00)  # fmt: skip
    path.write_bytes(head + bytes(56))


def huge_png(path: Path) -> None:
    """A picture that says it is 60000 x 60000."""
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(100)))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + body + chunk(b"IEND", b""))


def test_headers_that_promise_too_much(world: World, registry: Registry, tmp_path: Path) -> None:
    folder = tmp_path / "huge"
    folder.mkdir()
    huge_wav(folder / "huge.wav")
    huge_png(folder / "huge.png")
    (folder / "z.wav").write_bytes((world.suspects / "anna.wav").read_bytes())
    found = scanned(folder, registry)
    assert found[b"huge.png"].file.state == "failed"
    assert found[b"huge.wav"].file.state in ("failed", "searched")
    assert found[b"huge.wav"].hits == []
    assert {hit.recipient for hit in found[b"z.wav"].hits if hit.mark_id} == {"Acme"}
