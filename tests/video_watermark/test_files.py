import contextlib
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.sidedata.sidedata import Type
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from birthmark.errors import ArgumentError, Error, HostError, MediaError
from birthmark.video_watermark import detect_video, embed_video, video_duration
from tests.video_watermark.clips import KEY, PAYLOAD, luma_frames

CHAPTER: Any = {"id": 1, "start": 0, "end": 1000, "time_base": Fraction(1, 1000), "metadata": {"title": "walk"}}


def write_video(
    path: Path, seconds: float = 2.5, size: tuple[int, int] = (320, 240), pix_fmt: str = "yuv420p", **more: Any
) -> Path:
    """A clip at variable frame rate with sound, a chapter, tags, a rotation and colour tags."""
    with av.open(str(path), "w") as output:
        output.metadata["title"] = "a walk"
        video = output.add_stream(more.get("codec", "libx264"), rate=20, options=more.get("options", {"crf": "20"}))
        context = video.codec_context
        context.width, context.height, context.pix_fmt = *size, pix_fmt
        context.time_base = Fraction(1, 1000)
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
        if path.suffix == ".mp4":
            video.set_display_rotation(90)
        sound = output.add_stream("aac", rate=16000)
        sound.codec_context.layout = "mono"
        output.set_chapters([CHAPTER])
        for index, luma in enumerate(luma_frames(seconds, *size)):
            frame = av.VideoFrame.from_ndarray(np.repeat(luma[..., None], 3, axis=2), format="rgb24")
            frame = frame.reformat(format=pix_fmt)
            frame.pts, frame.time_base = index * 50 + 10 * (index % 3), Fraction(1, 1000)
            for packet in video.encode(frame):
                output.mux(packet)
        noise = np.random.default_rng(1).standard_normal((1, round(16000 * seconds))).astype(np.float32) * 0.1
        audio = av.AudioFrame.from_ndarray(noise, format="fltp", layout="mono")
        audio.rate = 16000
        for stream, last in ((sound, audio), (sound, None), (video, None)):
            for packet in stream.encode(last):
                output.mux(packet)
    return path


def read_times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.time) for frame in container.decode(video=0)]


def display_matrix(frame: Any) -> bytes:
    return bytes(frame.side_data.get(Type.DISPLAYMATRIX))


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_everything_but_the_picture_is_kept(tmp_path: Path, suffix: str) -> None:
    source, target = write_video(tmp_path / f"in{suffix}"), tmp_path / f"out{suffix}"
    steps: list[float] = []
    report = embed_video(source, target, KEY, PAYLOAD, preset="veryfast", progress=steps.append)
    assert report.frames == len(steps) == 50
    assert report.log10_p < -6
    assert read_times(target) == pytest.approx(read_times(source), abs=0.0015)
    assert packets(target) == packets(source)
    with av.open(str(source)) as before, av.open(str(target)) as after:
        assert after.metadata["title"] == "a walk"
        assert [c["metadata"] for c in after.chapters()] == [{"title": "walk"}]
        old, new = before.streams.video[0].codec_context, after.streams.video[0].codec_context
        for name in ("color_range", "colorspace", "color_primaries", "color_trc", "width", "height", "pix_fmt"):
            assert getattr(old, name) == getattr(new, name), name
        frames = [next(container.decode(video=0)) for container in (before, after)]
        assert frames[0].rotation == frames[1].rotation
        if suffix == ".mp4":
            assert frames[1].rotation != 0
            assert display_matrix(frames[0]) == display_matrix(frames[1])
    assert detect_video(target, [KEY])[0].payload == PAYLOAD
    assert detect_video(source, [KEY]) == []
    assert sorted(tmp_path.iterdir()) == [source, target]
    duration = video_duration(target)
    assert duration is not None
    assert duration == pytest.approx(2.5, abs=0.3)


class Halver:
    """A sound stream of the audio interface: halves the level."""

    def process(self, block: np.ndarray) -> np.ndarray:
        return block / 2

    def flush(self) -> np.ndarray:
        return np.zeros((0, 1), np.float32)


def test_the_sound_passes_through_its_own_stream(tmp_path: Path) -> None:
    source, target = write_video(tmp_path / "in.mkv"), tmp_path / "out.mkv"
    made: list[tuple[int, int]] = []

    def make_sound(rate: int, channels: int) -> Halver:
        made.append((rate, channels))
        return Halver()

    embed_video(source, target, KEY, PAYLOAD, preset="veryfast", make_sound=make_sound)
    assert made == [(16000, 1)]
    assert packets(target) != packets(source)
    assert detect_video(target, [KEY])[0].payload == PAYLOAD
    assert sorted(tmp_path.iterdir()) == [source, target]


def test_ten_bit_video_stays_ten_bit(tmp_path: Path) -> None:
    source = write_video(tmp_path / "in.mkv", pix_fmt="yuv420p10le")
    embed_video(source, tmp_path / "out.mkv", KEY, PAYLOAD, preset="veryfast")
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p10le"
    assert detect_video(tmp_path / "out.mkv", [KEY])[0].payload == PAYLOAD


@pytest.mark.parametrize("codec", ["x265", "vp9", "av1"])
def test_other_codecs(tmp_path: Path, codec: str) -> None:
    source = write_video(tmp_path / "in.mkv", 1.5)
    embed_video(source, tmp_path / "out.mkv", KEY, PAYLOAD, codec=codec, preset="8" if codec != "x265" else "ultrafast")
    assert detect_video(tmp_path / "out.mkv", [KEY], issued=[PAYLOAD])[0].payload == PAYLOAD


def test_odd_sizes_need_a_codec_that_holds_them(tmp_path: Path) -> None:
    options = {"crf": "20", "b": "0", "cpu-used": "8"}
    source = write_video(tmp_path / "in.mkv", 1.5, (321, 241), codec="libvpx-vp9", options=options)
    with pytest.raises(HostError, match="321 x 241"):
        embed_video(source, tmp_path / "out.mkv", KEY, PAYLOAD)
    embed_video(source, tmp_path / "out.mkv", KEY, PAYLOAD, codec="vp9", preset="8")
    assert detect_video(tmp_path / "out.mkv", [KEY], issued=[PAYLOAD])[0].payload == PAYLOAD


def test_a_mark_that_one_second_does_not_show_is_verified_in_more(tmp_path: Path) -> None:
    source, target = write_video(tmp_path / "in.mkv", seconds=5.0), tmp_path / "out.mkv"
    report = embed_video(source, target, KEY, PAYLOAD, strength=0.5, preset="veryfast")
    assert report.log10_p < -9
    assert detect_video(target, [KEY], issued=[PAYLOAD], search="plain", max_seconds=1.0) == []


def test_what_cannot_carry_the_mark_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    plain = write_video(tmp_path / "plain.mkv", 0.5)
    target = tmp_path / "out.mkv"
    tiny = write_video(tmp_path / "tiny.mkv", 0.5, (64, 64))
    with pytest.raises(ArgumentError, match="64 x 64"):
        embed_video(tiny, target, KEY, PAYLOAD)
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(MediaError, match=r"text\.mp4"):
        embed_video(tmp_path / "text.mp4", target, KEY, PAYLOAD)
    with pytest.raises(MediaError, match="not a file"):
        detect_video(tmp_path / "missing.mp4", [KEY])
    with pytest.raises(ArgumentError, match="codec is 'h266'"):
        embed_video(plain, target, KEY, PAYLOAD, codec="h266")
    with pytest.raises(ArgumentError, match="is the input file"):
        embed_video(plain, plain, KEY, PAYLOAD)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plain.mkv", "text.mp4", "tiny.mkv"]


def test_damaged_files_are_read_or_refused_but_never_crash(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "in.mp4", 0.5, (128, 96)).read_bytes()
    rng = random.Random(4)
    for trial in range(40):
        damaged = bytearray(whole[: rng.randrange(len(whole))] if trial % 3 == 0 else whole)
        for _ in range(rng.choice((1, 8, 200))):
            if damaged:
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path = tmp_path / "damaged.mp4"
        path.write_bytes(damaged)
        with contextlib.suppress(Error):
            assert detect_video(path, [KEY]) == []
