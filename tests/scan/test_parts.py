"""Plans, lines and tracks by themselves."""

import io
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from birthmark.alignment import Alignment
from birthmark.errors import ArgumentError, MediaError
from birthmark.fingerprint import fingerprint
from birthmark.index import Index
from birthmark.keys import Key
from birthmark.media import write_audio
from birthmark.registry import Registry
from birthmark.scan import resume, scan
from birthmark.scan.findings import Finding
from birthmark.scan.lines import Searcher, Wanted, limit_for
from birthmark.scan.picture import joined_alignments
from birthmark.scan.sources import plan_of
from birthmark.scan.tracks import open_tracks
from birthmark.scan.worker import passage, search_file
from birthmark.watermark import embed
from corpus import prompt_speech, voices
from tests.scan.conftest import World


def names(plan_paths: list[bytes], top: Path) -> list[str]:
    return [os.path.relpath(os.fsdecode(path), top) for path in plan_paths]


def listed(sources: list[str | Path], top: Path, without: list[Path] | None = None) -> list[str]:
    return names([one.path for one in plan_of(sources, without=without or []).files], top)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b/2.wav", "b/1.wav", "a/x/3.mp3", "0.wav", "results/parts/p.parquet"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "b" / "loop").symlink_to("..")
    return tmp_path


def test_folders_are_walked_in_order_and_each_file_stands_once(tree: Path) -> None:
    found = listed([tree, tree / "b", tree / "0.wav"], tree, [tree / "results"])
    assert found == ["0.wav", "a/x/3.mp3", "b/1.wav", "b/2.wav"]
    assert listed([str(tree / "b" / "*.wav")], tree) == ["b/1.wav", "b/2.wav"]
    assert listed([str(tree / "**" / "*.mp3")], tree) == ["a/x/3.mp3"]
    (tree / "odd[1].wav").write_bytes(b"x")
    assert listed([tree / "odd[1].wav"], tree) == ["odd[1].wav"]


@pytest.mark.parametrize("separator", [b"\n", b"\0"])
def test_names_come_from_standard_input(tree: Path, separator: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    text = separator.join(os.fsencode(tree / name) for name in ("0.wav", "gone.wav")) + separator
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert listed(["-"], tree) == ["0.wav", "gone.wav"]


def test_sources_that_are_none(tree: Path) -> None:
    with pytest.raises(MediaError, match="no such file"):
        plan_of([str(tree / "*.nothing")])
    with pytest.raises(ArgumentError, match="sources is empty"):
        plan_of([])


def alignment(start: float, end: float, log10_p: float, offset: float = 100.0, recording: str = "r") -> Alignment:
    return Alignment(recording, "video", start, end, start + offset, end + offset, 1.0, "", log10_p, "why")


def test_passages_cut_by_a_border_are_joined_and_pieces_counted() -> None:
    found = [
        (alignment(280, 300, -20), {"a": np.zeros(1)}),
        (alignment(285, 320, -30), {"b": np.zeros(1)}),
        (alignment(290, 310, -12, offset=50), {}),
        (alignment(10, 20, -6.2, recording="q"), {}),
    ]
    made = joined_alignments(found, 10, -6.5)
    assert [(one.recording, one.start_s, one.end_s, one.log10_p) for one in made] == [
        ("r", 280, 320, -29), ("r", 290, 310, -11),
    ]  # fmt: skip
    assert (made[0].reference_start_s, made[0].reference_end_s) == (380, 420)
    assert list(made[0].exhibit) == ["b"]


def searcher(world: World, registry: Registry, *lines: str) -> Searcher:
    keys = tuple((one.person_id, one.key) for one in registry.keys())
    recordings = {one.id: one.person_id for one in registry.recordings()}
    wanted = Wanted(keys, registry.issued_ids(), world.registry / "fingerprints.index", recordings)
    return Searcher(wanted, lines)


def test_hints_name_the_keys_that_are_left(world: World, registry: Registry) -> None:
    made = searcher(world, registry, "audio-watermark")
    (anna,) = (one for one in registry.keys("anna"))
    recording = registry.recordings("anna")[0].id
    by_sound = Finding("audio-watermark", -9, 0, 1, key=anna.key.id)
    by_print = Finding("video-fingerprint", -9, 0, 1, recording=recording)
    assert made.hinted([by_sound]) == made.hinted([by_print]) == [anna.key]
    assert made.hinted([]) == []
    assert made.hinted([by_print, Finding("video-watermark", -9, 0, 1, key=anna.key.id)]) == []
    assert limit_for(10) == -7


@pytest.mark.parametrize("rate", [8000, 44100])
def test_channels_that_cancel_in_the_mean(tmp_path: Path, rate: int) -> None:
    key = Key(bytes(32))
    voice = prompt_speech(next(iter(voices())), 10.0, 3)
    marked = embed(np.stack([voice, -voice], axis=1), 16000, 0xABCDEF, key)
    path = tmp_path / "x.wav"
    from birthmark.attacks.arrays import resample

    write_audio(path, resample(marked, 16000, rate), rate)
    wanted = Wanted(((1, key),), np.array([0xABCDEF], np.uint64), None, {})
    done = search_file(path, Searcher(wanted, ["audio-watermark"]), lambda _: None)
    assert [(one.line, int(one.mark_id, 16)) for one in done.findings] == [("audio-watermark", 0xABCDEF)]
    assert done.findings[0].exhibit["true_z"] > done.findings[0].exhibit["decoy_z"].max()
    with Index.create(tmp_path / "index") as index:
        index.add("voice", fingerprint(voice, 16000, query=False))
    searched = Searcher(Wanted((), wanted.ids, tmp_path / "index", {}), ["audio-fingerprint"])
    done = search_file(path, searched, lambda _: None)
    assert [(one.line, one.recording) for one in done.findings] == [("audio-fingerprint", "voice")]


def test_low_rates_are_raised(tmp_path: Path) -> None:
    write_audio(tmp_path / "x.wav", prompt_speech(next(iter(voices())), 3.0, 3)[::4], 4000)
    with open_tracks(tmp_path / "x.wav") as tracks:
        assert tracks.rate == 8000
        blocks: list[np.ndarray] = []
        tracks.run(blocks.append, None)
    assert sum(map(len, blocks)) == pytest.approx(24000, abs=2)


def test_pictures_come_in_the_order_of_their_times(tmp_path: Path) -> None:
    """AVI gives frames that depend on later ones each other's times."""
    path = tmp_path / "x.avi"
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=20, options={"x264-params": "b-adapt=0:bframes=3"})
        video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
        for number in range(30):
            grey = np.full((96, 160), 40 + 5 * number, np.uint8)
            output.mux(video.encode(av.VideoFrame.from_ndarray(grey, format="gray").reformat(format="yuv420p")))
        output.mux(video.encode(None))
    shown: list[tuple[float, float]] = []
    with open_tracks(path) as tracks:
        tracks.run(None, lambda frame, at: shown.append((at, float(frame.to_ndarray(format="gray").mean()))))
    assert [at for at, _ in shown] == pytest.approx([number / 20 for number in range(30)])
    assert np.all(np.diff([level for _, level in shown]) > 0)


def test_a_worker_loads_no_database() -> None:
    code = "import sys, birthmark.scan.worker; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_a_passage_is_read_again(world: World) -> None:
    samples, rate = passage(world.suspects / "anna.wav", 2.0, 5.0)
    assert samples.shape == (3 * rate, 1)


def test_results_belong_to_their_registry(world: World, registry: Registry, tmp_path: Path) -> None:
    out = tmp_path / "results"
    for _ in scan([world.suspects], registry, out=out):
        break
    with (
        Registry.create(tmp_path / "other", world.secret) as other,
        pytest.raises(ArgumentError, match="allowed: that of the results"),
    ):
        resume(out, other)
    with Registry.open(tmp_path / "other", world.secret) as empty, pytest.raises(ArgumentError, match="is empty"):
        scan([world.suspects], empty)
    assert len(list(resume(out, registry))) == 2
