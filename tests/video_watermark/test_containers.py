"""What containers hold besides one picture track, unusual shapes and rates, and single pictures."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from birthmark.errors import ArgumentError, HostError
from birthmark.video_watermark import detect_video, embed_video
from tests.video_watermark.clips import KEY, PAYLOAD, luma_frames


def write(path: Path, frames: list[np.ndarray], rate: int, sounds: int = 0) -> Path:
    """A grey video with `sounds` tracks of noise in languages of their own."""
    with av.open(str(path), "w") as output:
        height, width = frames[0].shape
        video = output.add_stream("libx264", rate=rate, options={"crf": "18", "preset": "veryfast"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        tracks = []
        for number in range(sounds):
            track = output.add_stream("aac", rate=16000)
            track.codec_context.layout = "mono"
            track.metadata["language"] = ("eng", "spa")[number]
            tracks.append(track)
        for frame in frames:
            output.mux(video.encode(av.VideoFrame.from_ndarray(np.repeat(frame[..., None], 3, axis=2), format="rgb24")))
        output.mux(video.encode(None))
        for number, track in enumerate(tracks):
            noise = np.random.default_rng(number).standard_normal((1, 16000)).astype(np.float32) * 0.1
            sound = av.AudioFrame.from_ndarray(noise, format="fltp", layout="mono")
            sound.rate = 16000
            output.mux(track.encode(sound))
            output.mux(track.encode(None))
    return path


def add_subtitles(source: Path, target: Path, folder: Path) -> None:
    (folder / "words.srt").write_text("1\n00:00:00,100 --> 00:00:00,900\nhow it started\n")
    with (
        av.open(str(source)) as video,
        av.open(str(folder / "words.srt")) as words,
        av.open(str(target), "w") as output,
    ):
        wires = {}
        for container in (video, words):
            for stream in container.streams:
                wires[container, stream.index] = output.add_stream_from_template(stream, opaque=True)
                wires[container, stream.index].metadata.update(stream.metadata)
        for container in (video, words):
            for packet in container.demux():
                if packet.dts is not None:
                    packet.stream = wires[container, packet.stream.index]
                    output.mux(packet)


def tracks(path: Path) -> list[tuple[str, str, bytes]]:
    """Type, language and content of every stream but the picture."""
    with av.open(str(path)) as container:
        held: dict[int, bytes] = {}
        for packet in container.demux():
            held[packet.stream.index] = held.get(packet.stream.index, b"") + bytes(packet)
        return [(s.type, s.metadata.get("language", ""), held.get(s.index, b"")) for s in list(container.streams)[1:]]


def test_every_sound_track_and_the_subtitles_are_copied(tmp_path: Path) -> None:
    add_subtitles(write(tmp_path / "in.mp4", list(luma_frames(1.5)), 20, 2), tmp_path / "in.mkv", tmp_path)
    embed_video(tmp_path / "in.mkv", tmp_path / "out.mkv", KEY, PAYLOAD, preset="veryfast")
    before, after = tracks(tmp_path / "in.mkv"), tracks(tmp_path / "out.mkv")
    assert [one[0] for one in before] == ["audio", "audio", "subtitle"]
    assert [one[1] for one in before[:2]] == ["eng", "spa"]
    assert all(one[2] for one in before)
    assert after == before


def test_timecode_is_kept_and_data_that_cannot_be_copied_is_named(tmp_path: Path) -> None:
    write(tmp_path / "plain.mp4", list(luma_frames(1.5)), 20)
    for name, tag in (("timed.mov", "10:11:12:13"), ("data.ts", None)):
        with av.open(str(tmp_path / "plain.mp4")) as source, av.open(str(tmp_path / name), "w") as output:
            picture = output.add_stream_from_template(source.streams.video[0])
            if tag:
                picture.metadata["timecode"] = tag
            else:
                data = output.add_data_stream("klv")
                packet = av.Packet(bytes(range(64)))
                packet.pts = packet.dts = 0
                packet.stream = data
            for moving in source.demux(source.streams.video[0]):
                if moving.dts is not None:
                    moving.stream = picture
                    output.mux(moving)
            if not tag:
                output.mux(packet)
    timed = embed_video(tmp_path / "timed.mov", tmp_path / "out.mov", KEY, PAYLOAD, preset="veryfast", verify=False)
    assert timed.dropped == ()
    with av.open(str(tmp_path / "out.mov")) as container:
        assert [s.metadata.get("timecode") for s in container.streams] == ["10:11:12:13"] * 2
    report = embed_video(tmp_path / "data.ts", tmp_path / "out.mp4", KEY, PAYLOAD, preset="veryfast", verify=False)
    assert report.dropped == ("stream 1 (data)",)


def test_avi_with_times_in_the_order_of_decoding_is_marked(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "in.avi"), "w") as output:
        video = output.add_stream("libx264", rate=20, options={"crf": "18", "x264-params": "b-adapt=0:bframes=3"})
        frames = list(luma_frames(2.0))
        video.height, video.width = frames[0].shape
        video.pix_fmt = "yuv420p"
        for frame in frames:
            output.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="gray").reformat(format="yuv420p")))
        output.mux(video.encode(None))
    with av.open(str(tmp_path / "in.avi")) as container:
        given = [frame.pts or 0 for frame in container.decode(container.streams.video[0])]
    assert given != sorted(given)
    embed_video(tmp_path / "in.avi", tmp_path / "out.mp4", KEY, PAYLOAD, preset="veryfast")
    with av.open(str(tmp_path / "out.mp4")) as container:
        times = [frame.time for frame in container.decode(container.streams.video[0])]
    assert np.allclose(np.diff(times), 0.05)
    assert len(times) == len(given)


@pytest.mark.parametrize(("size", "rate"), [((144, 256), 10), ((176, 144), 120)])
def test_small_upright_slow_and_fast_videos_without_sound(tmp_path: Path, size: tuple[int, int], rate: int) -> None:
    frames = list(luma_frames(2.0, *size))
    step = rate / 20
    shown = [frames[int(index / step)] for index in range(round(2.0 * rate))]
    source = write(tmp_path / "in.mp4", shown, rate)
    report = embed_video(source, tmp_path / "out.mp4", KEY, PAYLOAD, preset="veryfast")
    assert report.frames == len(shown)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].average_rate == Fraction(rate)
        assert not container.streams.audio
    assert detect_video(tmp_path / "out.mp4", [KEY], issued=[PAYLOAD, 5])[0].payload == PAYLOAD


def picture(width: int, height: int) -> np.ndarray:
    return np.repeat(next(luma_frames(0.05, width, height))[..., None], 3, axis=2)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_picture_is_marked_and_found_among_issued_ids(tmp_path: Path, suffix: str) -> None:
    host = picture(800, 600)
    Image.fromarray(host).save(tmp_path / "in.png")
    embed_video(tmp_path / "in.png", tmp_path / f"out{suffix}", KEY, PAYLOAD)
    marked = np.asarray(Image.open(tmp_path / f"out{suffix}").convert("RGB"), float)
    if suffix == ".png":
        assert 10 * np.log10(255**2 / np.mean((marked - host) ** 2)) > 42.5
    found = detect_video(tmp_path / f"out{suffix}", [KEY.decoy(1), KEY], issued=[PAYLOAD, *range(200)])
    assert [(one.payload, one.key) for one in found] == [(PAYLOAD, KEY.id)]
    assert detect_video(tmp_path / "in.png", [KEY], issued=[PAYLOAD]) == []


def test_pictures_that_are_transparent_or_cannot_carry_the_mark_are_refused(tmp_path: Path) -> None:
    pixels = np.dstack([picture(320, 240), np.full((240, 320), 128, np.uint8)])
    Image.fromarray(pixels).save(tmp_path / "glass.png")
    with pytest.raises(HostError, match="transparent"):
        embed_video(tmp_path / "glass.png", tmp_path / "out.png", KEY, PAYLOAD)
    noise = np.random.default_rng(1).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    with pytest.raises(HostError, match="160 x 120"):
        embed_video(tmp_path / "noise.png", tmp_path / "out.png", KEY, PAYLOAD)
    with pytest.raises(ArgumentError, match="no picture format"):
        embed_video(tmp_path / "noise.png", tmp_path / "out.bmp", KEY, PAYLOAD)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["glass.png", "noise.png"]
