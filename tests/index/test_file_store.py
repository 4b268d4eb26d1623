import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import birthmark
from birthmark.errors import ArgumentError, Error, FormatError, MediaError
from birthmark.fingerprint import fingerprint
from birthmark.index import Entry, FileStore, Index
from birthmark.index.file_store import MANIFEST
from tests.reference.voices import babble

PYTHON = Path(birthmark.__file__).parent.parent


def entry(name: str, count: int = 500) -> Entry:
    rng = np.random.default_rng(len(name))
    codes = rng.integers(0, 2**27, count).astype(np.uint32)
    return Entry(name, "audio", 3.0, name.encode(), codes, np.arange(count, dtype=np.uint32))


def test_create_and_open_check_the_folder(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(ArgumentError, match="full exists"):
        Index.create(tmp_path / "full")
    with pytest.raises(MediaError, match="cannot be written"):
        Index.create(tmp_path / "no" / "such")
    with pytest.raises(MediaError, match="holds no index"):
        Index.open(tmp_path / "full")
    (tmp_path / "empty").mkdir()
    Index.create(tmp_path / "empty").close()
    with pytest.raises(ArgumentError, match="exists"):
        Index.create(tmp_path / "empty")


def test_one_writer_many_readers(tmp_path: Path) -> None:
    with Index.create(tmp_path / "index") as writer:
        writer.store.add([entry("a")])
        readers = [FileStore(tmp_path / "index") for _ in range(3)]
        with pytest.raises(MediaError, match="another process is writing"):
            Index.open(tmp_path / "index", write=True)
        with pytest.raises(ArgumentError, match="write is False"):
            readers[0].add([entry("b")])
        for i in range(20):
            writer.store.add([entry(f"more {i}")])
        # A reader keeps what it opened, although those files are gone.
        for reader in readers:
            assert [r.name for r in reader.recordings()] == ["a"]
            codes = entry("a").codes
            assert len(reader.lookup("audio", codes, codes).tag) == len(codes)
        readers[0].refresh()
        assert len(readers[0].recordings()) == 21
    assert len(list((tmp_path / "index").glob("*.seg"))) <= 6
    Index.open(tmp_path / "index", write=True).close()


def test_recordings_given_twice_in_one_step(tmp_path: Path) -> None:
    with Index.create(tmp_path / "index") as index:
        with pytest.raises(ArgumentError, match="given twice"):
            index.store.add([entry("a"), entry("a")])
        assert index.recordings() == []


WRITER = """
import sys, itertools
import numpy as np
from birthmark.index import Entry, FileStore
store = FileStore(sys.argv[1], write=True)
rng = np.random.default_rng(1)
print("ready", flush=True)
for i in itertools.count():
    codes = rng.integers(0, 2**27, 20000).astype(np.uint32)
    positions = np.arange(20000, dtype=np.uint32)
    store.add([Entry(f"{i} {side}", "audio", 3.0, b"blob", codes, positions) for side in "ab"])
    if i % 3 == 2:
        store.remove([f"{i} a", f"{i} b"])
"""


@pytest.mark.parametrize("moment", [0.02, 0.09, 0.21, 0.4])
def test_killed_while_writing_leaves_a_whole_index(tmp_path: Path, moment: float) -> None:
    Index.create(tmp_path / "index").close()
    environment = {**os.environ, "PYTHONPATH": str(PYTHON)}
    arguments = [sys.executable, "-c", WRITER, str(tmp_path / "index")]
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
    store = FileStore(tmp_path / "index", write=True)
    names = {r.name for r in store.recordings()}
    for name in names:
        other = name.replace("a", "b") if name.endswith("a") else name.replace("b", "a")
        assert other in names, "half of a step was kept"
    probes = np.arange(0, 2**27, 1000, dtype=np.uint32)
    store.lookup("audio", probes, probes)
    for recording in store.recordings():
        assert store.blob(recording.number) == b"blob"
    assert {file.name for file in (tmp_path / "index").glob("*.seg")} == {
        p["file"] for p in manifest(tmp_path)["segments"]
    }
    store.add([entry("after")])
    store.close()


def manifest(folder: Path) -> dict[str, list[dict[str, str]]]:
    document: dict[str, list[dict[str, str]]] = json.loads((folder / "index" / MANIFEST).read_text())
    return document


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        "[" * 200_000,
        '{"format": "birthmark index"}',
        '{"format": "birthmark index", "version": 3}',
        '{"format": "birthmark index", "version": 3, "generation": 1e400, "segments": []}',
        '{"format": "birthmark index", "version": 3, "generation": 1, "segments": '
        '[{"file": "a.seg", "medium": "audio", "removed": [1e400]}]}',
    ],
)
def test_damaged_manifest(tmp_path: Path, text: str) -> None:
    Index.create(tmp_path / "index").close()
    (tmp_path / "index" / MANIFEST).write_text(text)
    with pytest.raises(FormatError, match="manifest"):
        Index.open(tmp_path / "index")


def test_a_huge_manifest_is_refused_before_it_is_read(tmp_path: Path) -> None:
    Index.create(tmp_path / "index").close()
    os.truncate(tmp_path / "index" / MANIFEST, 1 << 40)  # a hole: it takes no room
    with pytest.raises(FormatError, match="larger than 256 MB"):
        Index.open(tmp_path / "index")


def test_another_version_is_refused_until_it_is_rebuilt(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    made = {f"voice {i}": fingerprint(babble(i, 6), 16000) for i in range(3)}
    wrong = np.arange(9, dtype=np.uint32)  # codes and positions of that version
    with Index.create(folder) as index:
        index.store.add(Entry(name, "audio", 6.0, one.serialize(), wrong, wrong) for name, one in made.items())
        index.remove("voice 0")
    (folder / MANIFEST).write_text(json.dumps({**manifest(tmp_path), "version": 1}))
    for write in (False, True):
        with pytest.raises(FormatError, match=r"index of version 1; allowed: 3.*birthmark index rebuild .*index"):
            Index.open(folder, write=write)
    assert Index.rebuild(folder) == 2
    with Index.open(folder) as index:
        assert [r.name for r in index.recordings()] == ["voice 1", "voice 2"]
        assert [a.recording for a in index.search(made["voice 2"])] == ["voice 2"]
        assert index.search(made["voice 0"]) == []


def test_an_index_of_video_fingerprints_that_cannot_be_read_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    codes = np.arange(9, dtype=np.uint32)
    old = b"\x01\x02" + bytes(64)
    with Index.create(folder) as index:
        index.store.add([Entry("film", "video", 6.0, old, codes, codes)])
    (folder / MANIFEST).write_text(json.dumps({**manifest(tmp_path), "version": 2}))
    with pytest.raises(FormatError, match=r"index of version 2; allowed: 3"):
        Index.open(folder)
    with pytest.raises(FormatError, match=r"film: video fingerprint of version 1; .*made again from the video"):
        Index.rebuild(folder)


def test_an_empty_index_is_rebuilt(tmp_path: Path) -> None:
    Index.create(tmp_path / "index").close()
    (tmp_path / "index" / MANIFEST).write_text(json.dumps({**manifest(tmp_path), "version": 1}))
    assert Index.rebuild(tmp_path / "index") == 0
    Index.open(tmp_path / "index").close()


@pytest.mark.parametrize(
    "segment",
    [
        {"file": "../x.seg", "medium": "audio", "removed": []},
        {"file": "gone.seg", "medium": "audio", "removed": []},
        {"file": "gone.txt", "medium": "audio", "removed": []},
        {"medium": "audio"},
        7,
    ],
)
def test_manifest_that_names_nonsense(tmp_path: Path, segment: object) -> None:
    Index.create(tmp_path / "index").close()
    document = {**manifest(tmp_path), "segments": [segment]}
    (tmp_path / "index" / MANIFEST).write_text(json.dumps(document))
    with pytest.raises(Error):
        Index.open(tmp_path / "index")


def test_damaged_segment(tmp_path: Path) -> None:
    with Index.create(tmp_path / "index") as index:
        index.store.add([entry("a"), entry("bb")])
    file = next((tmp_path / "index").glob("*.seg"))
    whole = file.read_bytes()
    rng = np.random.default_rng(2)
    codes = np.concatenate([entry("a").codes, entry("bb").codes])
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(int(rng.integers(1, 4))):
            data[int(rng.integers(0, len(data)))] = int(rng.integers(0, 256))
        file.write_bytes(data[: int(rng.integers(0, len(data)))] if rng.random() < 0.3 else data)
        try:
            with Index.open(tmp_path / "index") as index:
                for recording in index.recordings():
                    index.store.blob(recording.number)
                index.store.lookup("audio", codes, codes)
        except Error:
            continue
