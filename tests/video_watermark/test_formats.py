"""Kinds of video: HDR, interlaced, transparent, made of red, green and blue; and containers with ways of their own."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.sidedata.sidedata import Type

from birthmark.errors import ArgumentError, HostError
from birthmark.video_watermark import VideoDetectStream, detect_video, embed_video
from birthmark.video_watermark.hdr import light_options, mastering_display
from tests.video_watermark.clips import KEY, PAYLOAD, RATE, luma_frames
from tests.video_watermark.test_containers import tracks
from tests.video_watermark.test_containers import write as write_clip
from tests.video_watermark.test_files import Halver, read_times

SCREEN = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"


def write(path: Path, pix_fmt: str, codec: str = "libx264", options: dict[str, str] | None = None, **tags: str) -> Path:
    with av.open(str(path), "w") as output:
        video = output.add_stream(codec, rate=round(RATE), options=options or {"crf": "18", "preset": "veryfast"})
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 320, 240, pix_fmt
        video.metadata.update(tags)
        for luma in luma_frames(2.0):
            grey = av.VideoFrame.from_ndarray(np.repeat(luma[..., None], 3, axis=2), format="rgb24")
            output.mux(video.encode(grey.reformat(format=pix_fmt)))
        output.mux(video.encode(None))
    return path


def first_frame(path: Path) -> Any:
    with av.open(str(path)) as container:
        return next(container.decode(container.streams.video[0]))


def test_hdr10_metadata_is_kept_or_its_loss_is_told(tmp_path: Path) -> None:
    params = f"log-level=error:transfer=smpte2084:colorprim=bt2020:master-display={SCREEN}:max-cll=1000,400"
    source = write(tmp_path / "in.mkv", "yuv420p10le", "libx265", {"x265-params": params, "preset": "ultrafast"})
    for codec in ("x264", "x265"):
        target = tmp_path / f"{codec}.mkv"
        report = embed_video(source, target, KEY, PAYLOAD, codec=codec, preset="ultrafast")
        assert report.dropped == ()
        frame = first_frame(target)
        assert mastering_display(bytes(frame.side_data.get(Type.MASTERING_DISPLAY_METADATA))) == SCREEN
        assert bytes(frame.side_data.get(Type.CONTENT_LIGHT_LEVEL))[:8] == (1000).to_bytes(4, "little") + (
            400
        ).to_bytes(4, "little")
        with av.open(str(target)) as container:
            context = container.streams.video[0].codec_context
            assert (context.color_trc, context.color_primaries, context.pix_fmt) == (16, 9, "yuv420p10le")
    assert light_options(first_frame(source), "vp9") == ({}, ("HDR10 metadata",))
    assert mastering_display(b"\0" * 88) is None


def test_interlaced_video_stays_so_and_its_mark_bears_deinterlacing(tmp_path: Path) -> None:
    options = {"crf": "18", "flags": "+ildct+ilme", "x264-params": "tff=1"}
    source, target = write(tmp_path / "in.mkv", "yuv420p", options=options), tmp_path / "out.mkv"
    assert first_frame(source).interlaced_frame
    embed_video(source, target, KEY, PAYLOAD, preset="veryfast")
    graph = av.filter.Graph()
    search = VideoDetectStream(320, 240, [KEY])
    with av.open(str(target)) as container:
        video = container.streams.video[0]
        graph.link_nodes(graph.add_buffer(template=video), graph.add("yadif", "mode=1"), graph.add("buffersink"))
        graph.configure()
        count = 0
        for frame in container.decode(video):
            assert frame.interlaced_frame
            graph.push(frame)
            while count < 70:
                try:
                    single = graph.pull()
                except (av.error.BlockingIOError, av.error.EOFError):
                    break
                assert isinstance(single, av.VideoFrame)
                search.push(np.asarray(single.to_ndarray(format="rgb24"), np.uint8), count / (2 * RATE))
                count += 1
    assert count > 60
    assert search.finish()[0].payload == PAYLOAD
    with pytest.raises(HostError, match="vp9 does not hold"):
        embed_video(source, tmp_path / "vp9.mkv", KEY, PAYLOAD, codec="vp9")


def test_transparent_video_is_refused_unless_nothing_shows_through(tmp_path: Path) -> None:
    opaque = write(tmp_path / "opaque.mov", "argb", "qtrle", {"g": "1"})
    embed_video(opaque, tmp_path / "out.mp4", KEY, PAYLOAD, preset="veryfast")
    with av.open(str(tmp_path / "out.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.pix_fmt, context.colorspace, context.color_range) == ("yuv420p", 1, 1)
    before, after = (
        first_frame(path).to_ndarray(format="rgb24").astype(float) for path in (opaque, tmp_path / "out.mp4")
    )
    assert np.abs((after - before).mean(axis=(0, 1))).max() < 2
    with av.open(str(tmp_path / "glass.mov"), "w") as output:
        video = output.add_stream("qtrle", rate=20)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 320, 240, "argb"
        output.mux(video.encode(av.VideoFrame.from_ndarray(np.full((240, 320, 4), 90, np.uint8), format="argb")))
        output.mux(video.encode(None))
    with pytest.raises(HostError, match="transparent"):
        embed_video(tmp_path / "glass.mov", tmp_path / "no.mp4", KEY, PAYLOAD)
    layered = write(tmp_path / "layered.mkv", "yuv420p", alpha_mode="1")  # VP9 keeps transparency in a layer of its own
    with pytest.raises(HostError, match="transparent"):
        embed_video(layered, tmp_path / "no.mkv", KEY, PAYLOAD)
    assert not list(tmp_path.glob("no.*"))


def test_avi_keeps_times_and_matroska_its_frame_rate(tmp_path: Path) -> None:
    source = write(tmp_path / "in.avi", "yuvj420p", "mjpeg", {"qscale": "3"})
    embed_video(source, tmp_path / "out.avi", KEY, PAYLOAD, preset="medium")
    with av.open(str(tmp_path / "out.avi")) as container:
        assert [packet.dts for packet in container.demux(video=0) if packet.size] == list(range(40))
    write_clip(tmp_path / "in.mkv", list(luma_frames(1.5)), 20, 1)
    made: Any = {"make_sound": lambda _rate, _channels: Halver()}
    embed_video(tmp_path / "in.mkv", tmp_path / "out.mkv", KEY, PAYLOAD, preset="veryfast", **made)
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert container.streams.video[0].average_rate == Fraction(20)


def test_transport_stream_is_marked_in_picture_and_sound(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.ts", list(luma_frames(1.5)), 20, 1)
    steps: list[float] = []
    made: Any = {"make_sound": lambda _rate, _channels: Halver(), "preset": "veryfast", "progress": steps.append}
    embed_video(source, tmp_path / "out.ts", KEY, PAYLOAD, **made)
    assert detect_video(tmp_path / "out.ts", [KEY], issued=[PAYLOAD])[0].payload == PAYLOAD
    assert len(steps) == 30
    assert read_times(tmp_path / "out.ts") == pytest.approx(read_times(source), abs=1e-3)
    assert [one[0] for one in tracks(tmp_path / "out.ts")] == ["audio"]
    with pytest.raises(ArgumentError, match=r"out\.mpg"):
        embed_video(source, tmp_path / "out.mpg", KEY, PAYLOAD, **made)
    assert len(steps) == 30  # refused before the work
