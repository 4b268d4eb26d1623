"""VMAF of encoded video, by an ffmpeg that has libvmaf: that of the package `imageio-ffmpeg`, or the system's."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import av

# Frames are paired by their number: containers round times differently.
_GRAPH = "[0:v]settb=1/25,setpts=N[a];[1:v]settb=1/25,setpts=N[b];[a][b]libvmaf=log_path={log}:log_fmt=json:n_threads=1"


@lru_cache
def ffmpeg_with_vmaf() -> str | None:
    """An ffmpeg program that has the filter, or None."""
    candidates = ["ffmpeg"]
    try:
        from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[import-not-found]

        candidates.insert(0, get_ffmpeg_exe())
    except ImportError:
        pass
    for program in candidates:
        try:
            listed = subprocess.run([program, "-hide_banner", "-filters"], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        if " libvmaf " in listed.stdout:
            return program
    return None


def vmaf(encoded: bytes, originals: Sequence[av.VideoFrame]) -> float | None:
    """Mean VMAF (libvmaf's default model) of an encoded video against its 4:2:0 originals; None without a libvmaf."""
    program = ffmpeg_with_vmaf()
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "encoded.mp4").write_bytes(encoded)
        with (folder / "originals.yuv").open("wb") as file:
            for frame in originals:
                file.write(frame.to_ndarray(format="yuv420p").tobytes())
        size = f"{originals[0].width}x{originals[0].height}"
        raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", size, "-i", "originals.yuv"]
        graph = ["-lavfi", _GRAPH.format(log="vmaf.json"), "-f", "null", "-"]
        subprocess.run(
            [program, "-v", "fatal", "-i", "encoded.mp4", *raw, *graph],
            cwd=folder,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        return float(json.loads((folder / "vmaf.json").read_text())["pooled_metrics"]["vmaf"]["mean"])
