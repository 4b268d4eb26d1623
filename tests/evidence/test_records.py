import contextlib
import errno
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birthmark.errors import ArgumentError, FormatError, MediaError
from birthmark.evidence import ResultWriter, combine, read_results
from birthmark.evidence.exhibits import Arrays, packed, unpacked
from birthmark.evidence.store import Planned
from birthmark.evidence.words import clock, one_in
from tests.evidence.conftest import Make, exhibit, file_record, hit, scan_record


def test_records_come_back_as_they_were(results: Make) -> None:
    odd = file_record(0, path="/x/\\xff", path_bytes=b"/x/\xff")
    found = hit(0, exhibit=exhibit("voice-signature"))
    back = read_results(results([file_record(1), odd, found]))
    assert back.complete
    assert back.files == [odd, file_record(1)]
    assert [repr(one) for one in back.hits] == [repr(found)]  # one value is not a number
    assert back.hits[0].exhibit == found.exhibit


@pytest.mark.parametrize("name", ["scan.json", "plan.parquet", "parts/000000.parquet"])
def test_damaged_results_are_said_to_be(results: Make, name: str) -> None:
    folder = results([file_record(0), hit(0)])
    (folder / name).write_bytes(b"\x00" * 100)
    with pytest.raises(FormatError, match=Path(name).name):
        read_results(folder) if name != "plan.parquet" else ResultWriter.resume(folder)


def test_no_results(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no results"):
        read_results(tmp_path / "none")


def test_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = [Planned(n, b"/x", 1, 1) for n in range(3)]
    with ResultWriter.create(tmp_path / "r", scan_record(3), plan) as writer:
        writer.append([file_record(0)])

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(MediaError, match=r"disk is full.*--resume"):
            writer.append([file_record(1)])
        monkeypatch.undo()
    with ResultWriter.resume(tmp_path / "r") as writer:
        assert [one.number for one in writer.todo()] == [1, 2]
        writer.append([file_record(1), file_record(2)])
        assert writer.todo() == []
    assert sorted(path.name for path in (tmp_path / "r" / "parts").iterdir()) == ["000000.parquet", "000001.parquet"]


def test_two_writers(tmp_path: Path) -> None:
    with (
        ResultWriter.create(tmp_path / "r", scan_record(0), []),
        pytest.raises(ArgumentError, match="another scan"),
    ):
        ResultWriter.resume(tmp_path / "r")


@pytest.mark.parametrize(
    ("log10_p", "text"),
    [
        (-7.6, "about one in 40 million"), (-6.0, "about one in 1 million"), (-3.0, "about one in 1,000"),
        (-10.3, "about one in 20 billion"), (-13.09, "about one in 12 trillion"), (-24.7, "fewer than one in 10²⁴"),
        (-0.5, "about one in 3.2"), (0.0, "more than one in 2"), (-5.9, "about one in 790,000"),
    ],
)  # fmt: skip
def test_probabilities_in_words(log10_p: float, text: str) -> None:
    assert one_in(log10_p) == text


@given(st.floats(min_value=-400, max_value=0))
def test_words_exist_for_every_probability(log10_p: float) -> None:
    assert "one in" in one_in(log10_p)


def test_clock() -> None:
    assert [clock(s) for s in (0, 9.96, 62.04, 3723.4)] == ["0:00.0", "0:10.0", "1:02.0", "1:02:03.4"]


def test_lines_are_combined_by_fisher_over_groups() -> None:
    file = file_record(0)
    (alone,) = combine(file, [hit(0, log10_p=-9)], 100)
    assert alone.log10_p_file == pytest.approx(-9 + 0.301, abs=1e-3)  # one of two tests
    (both,) = combine(file, [hit(0, log10_p=-9), hit(0, "voice-signature", -9)], 100)
    assert -14 < both.log10_p_file < -13
    assert both.log10_p_scan == pytest.approx(both.log10_p_file + 2)
    assert both.lines == ("audio-watermark", "voice-signature")
    prints = [hit(0, "audio-fingerprint", -9), hit(0, "video-fingerprint", -9)]
    assert combine(file, prints, 1)[0].log10_p_file == alone.log10_p_file  # they speak once
    two = combine(file, [hit(0), hit(0, person="2", handle="ben", log10_p=-30)], 1)
    assert [one.handle for one in two] == ["ben", "anna"]


def test_combination_holds_its_level() -> None:
    """Without a mark, Fisher's rule with hidden p-values (1 where above a limit) is at most as rare as it says."""
    rng = np.random.default_rng(2)
    values = []
    lines = ("audio-watermark", "voice-signature", "video-watermark", "audio-fingerprint")
    for _ in range(4000):
        drawn = np.log10(rng.random(4) * 5)  # as corrected for five lines
        found = [hit(0, line, p) for line, p in zip(lines, drawn, strict=True) if p < -0.3]
        values.append(combine(file_record(0), found, 1)[0].log10_p_file if found else 0.0)
    for level in (-0.5, -1, -2):
        assert np.mean(np.array(values) <= level) < 10**level * 1.15 + 0.003


@given(st.binary(max_size=300))
def test_exhibits_of_any_bytes(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        unpacked(data)


def test_exhibits_come_back_and_damaged_ones_are_refused() -> None:
    arrays: Arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.zeros(3, np.uint8)}
    data = packed(arrays)
    back = unpacked(data)
    assert all(np.array_equal(arrays[name], back[name]) for name in arrays)
    assert unpacked(b"") == {}
    rng = np.random.default_rng(3)
    for _ in range(300):
        broken = bytearray(data)
        for _ in range(3):
            broken[rng.integers(len(broken))] = rng.integers(256)
        try:
            unpacked(bytes(broken))
        except FormatError:
            continue
    with pytest.raises(FormatError):
        unpacked(packed({"a": np.array([object()])}))
    with pytest.raises(FormatError, match="allowed"):
        unpacked(packed({"a": np.zeros(1 << 25)}))
    assert math.isfinite(float(back["a"].sum()))
