"""Results as a scan would have written them, made up."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from birthmark.evidence import FileRecord, Hit, ResultWriter, ScanRecord
from birthmark.evidence.exhibits import Arrays, packed
from birthmark.evidence.records import LINES
from birthmark.evidence.store import Planned

Make = Callable[..., Path]


def scan_record(files: int, **changes: object) -> ScanRecord:
    values = {
        "id": "0123456789abcdef", "started": "2026-11-25T12:00:00+00:00", "command": "birthmark scan x", "version": "0",
        "registry": "r", "sources": ("x",), "lines": LINES, "thorough": False, "files": files, "bytes": 9,
        "persons": {"1": "anna", "2": "ben"}, "keys": 2, "issued_ids": 3, "recordings": 2,
    }  # fmt: skip
    return ScanRecord(**(values | changes))  # type: ignore[arg-type]


def file_record(number: int, **changes: object) -> FileRecord:
    values = {
        "number": number, "path": f"/x/{number}.mp4", "path_bytes": b"/x/0.mp4", "size": 9, "mtime_ns": 1,
        "sha256": "ab" * 32, "state": "searched", "reason": "", "sound_s": 20.0, "picture_s": 20.0, "lines": LINES,
        "cpu_s": 1.0, "peak_mb": 100.0,
    }  # fmt: skip
    return FileRecord(**(values | changes))  # type: ignore[arg-type]


def hit(number: int, line: str = "audio-watermark", log10_p: float = -9.0, **changes: object) -> Hit:
    values = {
        "number": number, "path": f"/x/{number}.mp4", "line": line, "person": "1", "handle": "anna",
        "key": "cd" * 8,         "generation": 1, "mark_id": "ef" * 8,
        "delivery": "1", "recipient": "Acme", "licence": "none", "recording": "aa",
        "start_s": 2.0, "end_s": 12.0, "reference_start_s": float("nan"), "reference_end_s": float("nan"), "speed": 1.0,
        "change": "", "log10_p": log10_p, "log10_p_file": log10_p, "log10_p_scan": log10_p, "accepted": True,
        "why": "because",
    }  # fmt: skip
    return Hit(**(values | changes))  # type: ignore[arg-type]


def exhibit(line: str) -> bytes:
    rng = np.random.default_rng(1)
    decoys: Arrays = {"decoy_z": rng.normal(size=100).astype(np.float32), "true_z": np.array([9], np.float32)}
    frames: Arrays = {
        "thumbnails": rng.integers(0, 255, (3, 90, 160)).astype(np.uint8),
        "thumbnail_times": np.array([3, 6, 9], np.float32),
    }
    kinds: dict[str, Arrays] = {
        "audio-watermark": decoys
        | {"agreement": rng.normal(1, 1, 256).astype(np.float32)}
        | {"spectrogram": rng.integers(0, 240, (96, 300)).astype(np.uint8)}
        | {"spectrogram_span": np.array([2, 12, 8000], np.float32)},
        "voice-signature": decoys,
        "audio-fingerprint": {
            "surface": rng.integers(0, 255, (625, 92)).astype(np.uint8),
            "peaks": (rng.random((200, 2)) * [10, 92]).astype(np.float32),
            "surface_start": np.array([2.0]),
        },
        "video-watermark": frames,
        "video-fingerprint": frames
        | {"points": (rng.random((80, 3)) * [1, 1, 8]).astype(np.float32)}
        | {"points_aspect": np.array([1.78], np.float32), "points_time": np.array([5, 5], np.float32)},
    }
    return packed(kinds[line])


@pytest.fixture
def results(tmp_path: Path) -> Make:
    def make(rows: list[FileRecord | Hit], **changes: object) -> Path:
        files = [row for row in rows if isinstance(row, FileRecord)]
        plan = [Planned(one.number, one.path_bytes, one.size, one.mtime_ns) for one in files]
        folder = tmp_path / "results"
        with ResultWriter.create(folder, scan_record(len(files), **changes), plan) as writer:
            writer.append(rows)
        return folder

    return make
