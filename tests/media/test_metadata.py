"""Tags, pictures, chunks and other streams come through."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from av.stream import Disposition
from PIL import Image

from birthmark.attacks import Samples
from birthmark.media import audio_info, read_audio, transform_audio, write_audio

RATE = 22050


class Half:
    def __init__(self, _rate: int, channels: int) -> None:
        self.shape = (0, channels)

    def process(self, block: Samples) -> Samples:
        return block * np.float32(0.5)

    def flush(self) -> Samples:
        return np.zeros(self.shape, np.float32)


def picture() -> bytes:
    data = io.BytesIO()
    Image.fromarray(np.full((32, 32, 3), 90, np.uint8)).save(data, "JPEG")
    return data.getvalue()


def packets(path: Path, kind: str) -> list[tuple[int | None, int | None, bytes]]:
    with av.open(str(path)) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        return [(p.pts, p.dts, bytes(p)) for p in container.demux(stream) if p.size]


@pytest.mark.parametrize("extension", [".mp3", ".m4a", ".opus", ".mka", ".webm"])
def test_tags_of_compressed_files(extension: str, tmp_path: Path, voice: Samples) -> None:
    plain, tagged, target = (tmp_path / f"{name}{extension}" for name in ("plain", "tagged", "target"))
    write_audio(plain, voice, RATE)
    with av.open(str(plain)) as source, av.open(str(tagged), "w") as output:
        output.metadata.update({"title": "Grüße", "artist": "somebody"})
        stream = output.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                output.mux(packet)
    transform_audio(tagged, target, Half)
    tags = {key.lower(): value for key, value in audio_info(target).tags.items()}
    assert tags["title"] == "Grüße"
    assert tags["artist"] == "somebody"


@pytest.mark.parametrize("extension", [".wav", ".flac", ".ogg", ".aiff"])
def test_tags_of_libsndfile_files(extension: str, tmp_path: Path, voice: Samples) -> None:
    source, target = tmp_path / f"in{extension}", tmp_path / f"out{extension}"
    with soundfile.SoundFile(source, "w", RATE, 1) as file:
        file.title, file.artist = "street", "somebody"
        file.write(voice)
    transform_audio(source, target, Half)
    assert audio_info(target).tags["title"] == "street"
    assert audio_info(target).tags["artist"] == "somebody"
    assert len(read_audio(target)[0]) == len(voice)


def test_wav_chunks_are_copied(tmp_path: Path, voice: Samples) -> None:
    source, target = tmp_path / "in.wav", tmp_path / "out.wav"
    write_audio(source, voice, RATE)
    body = source.read_bytes()
    extra = b"bext" + struct.pack("<I", 7) + b"scene 1" + b"\0" + b"iXML" + struct.pack("<I", 6) + b"<take>"
    source.write_bytes(body[:4] + struct.pack("<I", len(body) + len(extra) - 8) + body[8:] + extra)
    transform_audio(source, target, Half)
    result = target.read_bytes()
    assert extra in result
    assert struct.unpack("<I", result[4:8])[0] == len(result) - 8
    assert len(read_audio(target)[0]) == len(voice)


def test_flac_picture_is_copied(tmp_path: Path, voice: Samples) -> None:
    source, target = tmp_path / "in.flac", tmp_path / "out.flac"
    write_audio(source, voice, RATE)
    body = source.read_bytes()
    assert body[4] & 0x7F == 0
    image = picture()
    block = struct.pack(">II", 3, 10) + b"image/jpeg" + struct.pack(">I", 0) + struct.pack(">IIII", 32, 32, 24, 0)
    block += struct.pack(">I", len(image)) + image
    entry = bytes([6]) + len(block).to_bytes(3, "big") + block
    source.write_bytes(body[:42] + entry + body[42:])
    transform_audio(source, target, Half)
    assert image in target.read_bytes()
    assert np.allclose(read_audio(target)[0], read_audio(source)[0] / 2, atol=1e-4)


@pytest.mark.parametrize("extension", [".mp3", ".m4a"])
def test_cover_art_is_copied(extension: str, tmp_path: Path, voice: Samples) -> None:
    plain, source, target = (tmp_path / f"{name}{extension}" for name in ("plain", "in", "out"))
    write_audio(plain, voice, RATE)
    image = picture()
    with (
        av.open(str(plain), "r") as sound,
        av.open(io.BytesIO(image), "r", format="jpeg_pipe") as still,
        av.open(str(source), "w", format=extension.replace(".m4a", "mp4").strip(".")) as output,
    ):
        audio = output.add_stream_from_template(sound.streams.audio[0])
        cover = output.add_stream_from_template(still.streams.video[0])
        cover.disposition = Disposition.attached_pic
        for container, stream in ((still, cover), (sound, audio)):
            for packet in container.demux():
                if packet.dts is not None:
                    packet.stream = stream
                    output.mux(packet)
    transform_audio(source, target, Half)
    assert image in target.read_bytes()
    assert abs(len(read_audio(target)[0]) - len(voice)) < 1200


def test_picture_track_is_copied_bit_for_bit(movie: Path, tmp_path: Path, voice: Samples) -> None:
    target = tmp_path / "out.mp4"
    transform_audio(movie, target, Half)
    assert packets(target, "video") == packets(movie, "video")
    for path in (movie, target):
        with av.open(str(path)) as container:
            assert [stream.type for stream in container.streams] == ["video", "audio"]
    assert audio_info(target).tags["title"] == "a walk"
    before, after = read_audio(movie)[0], read_audio(target)[0]
    assert abs(len(after) - len(before)) <= 2048
    assert np.corrcoef(before[: len(voice)], after[: len(voice)])[0, 1] > 0.97


@pytest.mark.parametrize("extension", [".mkv", ".mov"])
def test_picture_track_into_another_container(extension: str, movie: Path, tmp_path: Path) -> None:
    target = tmp_path / f"out{extension}"
    transform_audio(movie, target, Half)
    assert len(packets(target, "video")) == 50


def test_sound_of_a_movie_alone(movie: Path, tmp_path: Path) -> None:
    for extension in (".mp3", ".m4a", ".wav", ".opus"):
        target = tmp_path / f"out{extension}"
        transform_audio(movie, target, Half)
        assert audio_info(target).other_streams == 0
        samples, rate = read_audio(target)
        assert len(samples) / rate == pytest.approx(2.0, abs=0.1)


def test_sound_that_starts_late_keeps_its_place(movie: Path, tmp_path: Path) -> None:
    late, target = tmp_path / "late.mkv", tmp_path / "out.mkv"
    with av.open(str(movie)) as source, av.open(str(late), "w") as output:
        streams = {s.index: output.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is None or packet.pts is None:
                continue
            if packet.stream.type == "audio":
                assert packet.time_base is not None
                offset = int(0.5 / packet.time_base)
                packet.pts += offset
                packet.dts += offset
            packet.stream = streams[packet.stream.index]
            output.mux(packet)
    transform_audio(late, target, Half)
    times = []
    for path in (late, target):
        with av.open(str(path)) as container:
            times.append(next(container.decode(container.streams.audio[0])).time)
    assert times[0] == pytest.approx(0.5, abs=0.1)
    assert times[1] == pytest.approx(times[0], abs=0.01)


def test_chapters_are_copied(movie: Path, tmp_path: Path) -> None:
    marked, target = tmp_path / "chapters.mkv", tmp_path / "out.mkv"
    with av.open(str(movie)) as source, av.open(str(marked), "w") as output:
        streams = {s.index: output.add_stream_from_template(s) for s in source.streams}
        chapters: list[av.container.core.Chapter] = [
            {"id": 1, "start": 0, "end": 900, "time_base": Fraction(1, 1000), "metadata": {"title": "gate"}},
            {"id": 2, "start": 900, "end": 2000, "time_base": Fraction(1, 1000), "metadata": {"title": "hill"}},
        ]
        output.set_chapters(chapters)
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                output.mux(packet)
    transform_audio(marked, target, Half)
    with av.open(str(target)) as container:
        found = container.chapters()
        seconds = [float(chapter["end"] * (chapter["time_base"] or 0)) for chapter in found]
        assert seconds == pytest.approx([0.9, 2.0], abs=0.01)
        assert found[0]["metadata"]["title"] == "gate"


@pytest.mark.parametrize("extension", [".mkv", ".m4a"])
def test_data_that_a_film_loses_is_named(extension: str, movie: Path, tmp_path: Path) -> None:
    positions = tmp_path / "positions.ts"
    with av.open(str(movie)) as source, av.open(str(positions), "w") as output:
        streams = {s.index: output.add_stream_from_template(s) for s in source.streams}
        telemetry = av.Packet(bytes(range(64)))
        telemetry.pts = telemetry.dts = 0
        telemetry.stream = output.add_data_stream("klv")
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                output.mux(packet)
        output.mux(telemetry)
    sound_only = extension == ".m4a"
    lost = transform_audio(positions, tmp_path / f"out{extension}", Half)
    assert lost == (() if sound_only else ("stream 2 (data)",))
