"""The report in a real browser."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from birthmark import cli
from birthmark.evidence import read_results, report
from birthmark.evidence.records import LINES
from tests.evidence.conftest import Make, exhibit, file_record, hit

HOSTILE = "/x/<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>\u202e\n.mp4"


def chromium(page: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("chromium")
    assert program is not None, "Debian's chromium is a package of the tests"
    base = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", f"--user-data-dir={folder}"]
    return subprocess.run(
        [program, *base, *options, page.as_uri()], capture_output=True, text=True, check=True, timeout=120
    )


@pytest.fixture
def page(results: Make, tmp_path: Path) -> Path:
    rows = [
        file_record(0, path=HOSTILE),
        *(hit(0, line, -9.0 - n, path=HOSTILE, exhibit=exhibit(line)) for n, line in enumerate(LINES)),
        file_record(1),
        hit(1, handle="<b>ben</b>", person="2", recipient="</td>Bolt", licence="</style>", why="<i>", log10_p_scan=-2.0,
            accepted=False),
        file_record(2, state="failed", reason="<u>broken</u>"),
        file_record(3, path="/x/clean.mp4"),
    ]  # fmt: skip
    report(results(rows, command="birthmark scan '<script>'"), tmp_path / "report.html")
    return tmp_path / "report.html"


def test_opens_without_complaint_and_runs_nothing(page: Path, tmp_path: Path) -> None:
    result = chromium(page, tmp_path / "profile", "--dump-dom")
    assert "CONSOLE" not in result.stderr
    dom = result.stdout
    assert not re.search(r"<(script|img|b|i|u)\b", dom)
    assert not re.search(r"<[^>]*\son\w+=", dom)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in dom
    assert "\u202e" not in dom
    assert dom.count("<figure>") == 1 + 3 + 1 + 1 + 1 + 1  # timeline, then the lines' pictures
    for text in (
        "1 of 4 files",
        "about one in 1 billion",
        "5 lines agree",
        "Acme",
        "broken",
        "does not count",
        "clean.mp4",
    ):
        assert text in re.sub(r"\s+", " ", dom.replace("do not count", "does not count")), text


def test_is_seen(page: Path, tmp_path: Path) -> None:
    picture = tmp_path / "page.png"
    chromium(page, tmp_path / "profile", "--window-size=1100,4000", f"--screenshot={picture}")
    with Image.open(picture) as image:
        pixels = np.asarray(image.convert("RGB"), np.float64)
    assert pixels.shape[0] == 4000
    filled = (np.abs(pixels - 255).sum(axis=2) > 60).any(axis=1)
    assert filled[:3000].mean() > 0.5
    blue = (np.abs(pixels - [0x1B, 0x6C, 0xA8]).sum(axis=2) < 12).sum()
    assert blue > 5000  # the timeline's bar


def test_loads_nothing_and_says_so(page: Path) -> None:
    text = page.read_text()
    assert "default-src 'none'" in text
    assert not re.search(r'(?:src|href)="(?!data:|#)', text)


def test_unfinished_and_empty_scans(results: Make, tmp_path: Path) -> None:
    folder = results([])
    report(folder, tmp_path / "empty.html")
    assert "Nothing was found" in (tmp_path / "empty.html").read_text()
    assert cli.run(["report", str(folder), "-o", str(tmp_path / "empty.html")]) == 2
    assert cli.run(["report", str(folder), "-o", str(tmp_path / "empty.html"), "--force", "--json"]) == 0
    assert cli.run(["report", str(tmp_path / "none"), "-o", str(tmp_path / "x.html")]) == 2


def test_same_results_give_the_same_page(page: Path, tmp_path: Path) -> None:
    report(read_results(tmp_path / "results"), tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == page.read_bytes()
