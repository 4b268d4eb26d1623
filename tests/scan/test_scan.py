import json
import os
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from birthmark import cli
from birthmark.attacks import attack_file
from birthmark.errors import ArgumentError, MediaError
from birthmark.evidence import LINES, read_results
from birthmark.registry import Registry
from birthmark.scan import FileResult, Progress, resume, scan
from corpus import VIDEOS
from suspects import excerpt
from tests.scan.conftest import World


def by_name(results: list[FileResult]) -> dict[str, FileResult]:
    return {Path(one.file.path).name: one for one in results}


def test_names_the_right_buyer_and_nobody_else(world: World, registry: Registry, tmp_path: Path) -> None:
    states: list[Progress] = []
    out = tmp_path / "results"
    found = by_name(list(scan([world.suspects], registry, out=out, progress=states.append)))
    assert set(found) == {"anna.wav", "ben.wav", "nobody.wav"}
    assert found["nobody.wav"].hits == []
    for handle, recipient in (("anna", "Acme"), ("ben", "Bolt")):
        one = found[f"{handle}.wav"]
        assert {hit.line for hit in one.hits} >= {"audio-watermark", "audio-fingerprint"}
        assert {hit.handle for hit in one.hits} == {handle}
        assert {hit.recipient for hit in one.hits if hit.line == "audio-watermark"} == {recipient}
        assert all(hit.accepted for hit in one.hits)
        assert one.file.sha256
        assert one.file.sound_s == pytest.approx(12, abs=0.1)
    assert states[-1].files == states[-1].files_planned == 3
    results = read_results(out)
    assert results.complete
    assert sorted(map(repr, results.hits)) == sorted(repr(hit) for one in found.values() for hit in one.hits)
    assert {one.handle for one in map(registry.person, {s.person_id for s in registry.sightings()})} == {"anna", "ben"}


def test_corrections_say_how(world: World, registry: Registry) -> None:
    (one,) = scan(
        [
            world.suspects / "anna.wav",
        ],
        registry,
    )
    mark = next(hit for hit in one.hits if hit.line == "audio-watermark")
    assert mark.log10_p_file == pytest.approx(mark.log10_p + 0.4771, abs=1e-3)  # three lines
    assert mark.log10_p_scan == mark.log10_p_file  # one file
    other = by_name(list(scan([world.suspects], registry)))["anna.wav"].hits
    again = next(hit for hit in other if hit.line == "audio-watermark")
    assert again.log10_p_scan == pytest.approx(again.log10_p_file + 0.4771, abs=1e-3)  # three files


def test_lines_can_be_chosen(world: World, registry: Registry) -> None:
    (one,) = scan([world.suspects / "anna.wav"], registry, lines=["audio-fingerprint"])
    assert one.file.lines == ("audio-fingerprint",)
    assert {hit.line for hit in one.hits} == {"audio-fingerprint"}
    with pytest.raises(ArgumentError, match="lines is smell"):
        scan([world.suspects], registry, lines=["smell"])


def test_two_jobs_find_the_same(world: World, registry: Registry) -> None:
    one, two = (by_name(list(scan([world.suspects], registry, jobs=jobs))) for jobs in (1, 2))
    assert {name: r.hits for name, r in one.items()}.keys() == two.keys()
    for name, result in one.items():
        assert [(h.line, h.log10_p) for h in result.hits] == [(h.line, h.log10_p) for h in two[name].hits]


def test_ending_early_keeps_what_was_found(world: World, registry: Registry, tmp_path: Path) -> None:
    out = tmp_path / "results"
    for _ in scan([world.suspects], registry, out=out):
        break
    first = {one.number for one in read_results(out).files}
    assert len(first) == 1
    rest = {one.file.number for one in resume(out, registry)}
    assert rest == {0, 1, 2} - first
    assert [one.number for one in read_results(out).files] == [0, 1, 2]
    assert list(resume(out, registry)) == []


def test_sightings_are_noted_once(world: World, registry: Registry, tmp_path: Path) -> None:
    out = tmp_path / "results"
    list(scan([world.suspects], registry, out=out))
    before = len(registry.sightings())
    for part in (out / "parts").iterdir():
        part.unlink()  # as if killed between noting sightings and writing rows
    list(resume(out, registry))
    assert len(registry.sightings()) == before


def test_one_folder_has_one_writer(world: World, registry: Registry, tmp_path: Path) -> None:
    out = tmp_path / "results"
    running = scan([world.suspects], registry, out=out)
    next(running)
    with pytest.raises(ArgumentError, match="another scan"):
        resume(out, registry)
    running.close()
    with pytest.raises(ArgumentError, match="--resume"):
        scan([world.suspects], registry, out=out)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious").write_text("x")
    with pytest.raises(ArgumentError, match="something else"):
        scan([world.suspects], registry, out=tmp_path / "mine")


def test_sources_are_checked_before_anything_is_made(world: World, registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no such file"):
        scan([tmp_path / "nothing"], registry, out=tmp_path / "results")
    assert not (tmp_path / "results").exists()
    with pytest.raises(ArgumentError, match="jobs is 0"):
        scan([world.suspects], registry, jobs=0)
    with Registry.open(world.registry) as locked, pytest.raises(ArgumentError, match="locked"):
        scan([world.suspects], locked)


def test_the_table_is_what_the_documentation_says(world: World, registry: Registry, tmp_path: Path) -> None:
    out = tmp_path / "results"
    list(scan([world.suspects], registry, out=out))
    columns = pq.read_table(out / "parts" / "000000.parquet").column_names
    document = (Path(__file__).parents[2] / "docs" / "scan.md").read_text()
    for name in columns:
        assert f"`{name}`" in document, name
    for line in LINES:
        assert f"`{line}`" in document


def test_keys_never_reach_results_or_sightings(world: World, registry: Registry, tmp_path: Path) -> None:
    out = tmp_path / "results"
    list(scan([world.suspects], registry, out=out))
    secrets = [one.key.secret() for one in registry.keys()]
    for path in out.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(secret in data or secret.hex().encode() in data for secret in secrets)


def command(world: World, *arguments: str) -> list[str]:
    return ["scan", *arguments, "--registry", str(world.registry), "--key-file", str(world.secret)]


def test_exit_status_and_json(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "results"
    assert cli.run(command(world, str(world.suspects), "--out", str(out), "--json")) == 0
    document = json.loads(capsys.readouterr().out)
    assert {hit["recipient"] for hit in document["hits"] if hit["mark_id"]} == {"Acme", "Bolt"}
    clean = str(world.suspects / "nobody.wav")
    assert cli.run(command(world, clean, "--out", str(tmp_path / "clean"))) == 1
    broken = tmp_path / "broken.wav"
    shutil.copy(world.suspects / "anna.wav", broken)
    broken.write_bytes(b"RIFF" + broken.read_bytes()[4:30])
    assert cli.run(command(world, str(broken), "--out", str(tmp_path / "broken"))) == 2
    assert "broken.wav: error:" in capsys.readouterr().err
    assert cli.run(command(world, "--out", str(tmp_path / "none"))) == 2
    assert cli.run(command(world, clean, "--layers", "nose", "--out", str(tmp_path / "none"))) == 2


def test_a_hint_leads_to_the_mark_of_a_cropped_picture(tmp_path: Path) -> None:
    """The picture's mark is not looked for in all geometries, unless another line has something of its owner."""
    original, copy, leak = (tmp_path / name for name in ("walk.mp4", "copy.mp4", "leak.mp4"))
    excerpt(VIDEOS / "Megamind.avi", original, 5.0)
    (tmp_path / "secret").write_bytes(os.urandom(32))
    with Registry.create(tmp_path / "registry", tmp_path / "secret") as registry:
        registry.add_person("ben")
        registry.deliver(original, copy, person="ben", recipient="Deneb", licence="none")
        attack_file("crop_75", copy, leak)
        (alone,) = scan([leak], registry, lines=("video-watermark",))
        (hinted,) = scan([leak], registry)
    assert not alone.hits
    assert {hit.line: hit.recipient for hit in hinted.hits if hit.accepted} == {
        "video-fingerprint": "", "video-watermark": "Deneb",
    }  # fmt: skip
