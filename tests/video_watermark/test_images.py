"""Photographs: what they say about themselves stays, and the mark lies as they are shown."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps
from PIL.JpegImagePlugin import get_sampling
from PIL.PngImagePlugin import PngInfo

from birthmark.errors import HostError, MediaError
from birthmark.video_watermark import detect_video, embed_video
from tests.video_watermark.clips import KEY, PAYLOAD, luma_frames

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a/></x:xmpmeta>'
SUFFIXES = (".jpg", ".png", ".webp")


def photograph(width: int = 800, height: int = 600) -> Image.Image:
    grey = next(luma_frames(0.05, width, height))
    return Image.fromarray(np.stack([grey, grey, 255 - grey], axis=2))


def exif(orientation: int = 1) -> bytes:
    tags = Image.Exif()
    tags[0x0112], tags[0x010F] = orientation, "A camera"
    return tags.tobytes()


def is_found(path: Path) -> bool:
    return [one.payload for one in detect_video(path, [KEY], issued=[PAYLOAD, 3])] == [PAYLOAD]


@pytest.mark.parametrize("target", SUFFIXES)
@pytest.mark.parametrize("source", SUFFIXES)
def test_profile_exif_and_xmp_are_kept(tmp_path: Path, source: str, target: str) -> None:
    texts = PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    photograph().save(tmp_path / f"in{source}", icc_profile=PROFILE, exif=exif(), quality=95, xmp=XMP, pnginfo=texts)
    report = embed_video(tmp_path / f"in{source}", tmp_path / f"out{target}", KEY, PAYLOAD)
    with Image.open(tmp_path / f"out{target}") as marked:
        assert marked.info["icc_profile"] == PROFILE
        assert marked.getexif()[0x010F] == "A camera"
        assert marked.info["xmp"].strip(b"\0") == XMP
    assert report.dropped == ()
    assert is_found(tmp_path / f"out{target}")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_mark_is_found_by_its_tag_and_after_the_turn_is_baked_in(tmp_path: Path, orientation: int) -> None:
    source, target, baked = tmp_path / "in.jpg", tmp_path / "out.jpg", tmp_path / "baked.png"
    photograph().save(source, exif=exif(orientation), quality=95)
    embed_video(source, target, KEY, PAYLOAD)
    with Image.open(target) as marked, Image.open(source) as before:
        assert marked.getexif()[0x0112] == orientation
        assert marked.size == before.size
        assert np.abs(np.asarray(marked, float) - np.asarray(before, float)).mean() < 4  # not turned
        ImageOps.exif_transpose(marked).save(baked)
    (found,) = detect_video(target, [KEY], issued=[PAYLOAD, 3])
    (again,) = detect_video(baked, [KEY], issued=[PAYLOAD, 3])
    for one in (found, again):
        assert one.payload == PAYLOAD
        assert abs(one.geometry.rotation_deg) < 0.5
        assert not one.geometry.mirror


def test_jpeg_is_written_with_the_tables_and_sampling_of_its_source(tmp_path: Path) -> None:
    for name, quality, subsampling in (("fine", 96, 0), ("usual", 88, 2)):
        source, target = tmp_path / f"{name}.jpg", tmp_path / f"{name} marked.jpg"
        photograph().save(source, quality=quality, subsampling=subsampling, progressive=True, comment=b"by me")
        embed_video(source, target, KEY, PAYLOAD)
        with Image.open(source) as before, Image.open(target) as after:
            assert after.quantization == before.quantization  # type: ignore[attr-defined]
            assert get_sampling(after) == get_sampling(before) == subsampling
            assert after.info["progressive"]
            assert after.info["comment"] == b"by me"
        assert 0.7 < target.stat().st_size / source.stat().st_size < 1.5


def test_a_coarse_jpeg_whose_tables_would_lose_the_mark_is_written_finer(tmp_path: Path) -> None:
    photograph(480, 360).save(tmp_path / "in.jpg", quality=10)
    embed_video(tmp_path / "in.jpg", tmp_path / "out.jpg", KEY, PAYLOAD)
    with Image.open(tmp_path / "out.jpg") as marked:
        assert max(marked.quantization[0]) < 20  # type: ignore[attr-defined]
    assert is_found(tmp_path / "out.jpg")


def test_grey_stays_grey_palettes_become_colours_and_lossless_stays_lossless(tmp_path: Path) -> None:
    photograph().convert("L").save(tmp_path / "grey.jpg", quality=95)
    photograph().quantize(256).save(tmp_path / "palette.png")
    photograph().save(tmp_path / "exact.webp", lossless=True)
    for name, mode in (("grey.jpg", "L"), ("palette.png", "RGB"), ("exact.webp", "RGB")):
        embed_video(tmp_path / name, tmp_path / f"marked {name}", KEY, PAYLOAD)
        with Image.open(tmp_path / f"marked {name}") as marked:
            assert marked.mode == mode
        assert is_found(tmp_path / f"marked {name}")
    assert b"VP8L" in (tmp_path / "marked exact.webp").read_bytes()


def test_png_keeps_texts_and_what_another_format_cannot_hold_is_named(tmp_path: Path) -> None:
    about = PngInfo()
    about.add_text("Author", "me")
    about.add(b"gAMA", (45455).to_bytes(4, "big"))
    photograph().save(tmp_path / "in.png", pnginfo=about, dpi=(300, 300))
    assert embed_video(tmp_path / "in.png", tmp_path / "out.png", KEY, PAYLOAD).dropped == ()
    with Image.open(tmp_path / "out.png") as marked:
        assert marked.info["Author"] == "me"
        assert marked.info["gamma"] == pytest.approx(0.45455)
        assert marked.info["dpi"][0] == pytest.approx(300, abs=0.1)
    assert embed_video(tmp_path / "in.png", tmp_path / "out.webp", KEY, PAYLOAD).dropped == ("dpi", "Author")


def test_an_opaque_alpha_channel_is_no_hindrance(tmp_path: Path) -> None:
    whole = photograph()
    whole.putalpha(255)
    whole.save(tmp_path / "in.png")
    embed_video(tmp_path / "in.png", tmp_path / "out.png", KEY, PAYLOAD)
    assert is_found(tmp_path / "out.png")


@pytest.mark.parametrize(
    ("name", "reason"),
    [("glass.webp", "transparent"), ("deep.png", "16 bits"), ("deep colours.png", "16 bits"), ("print.jpg", "CMYK"),
     ("fax.png", "colours 1"), ("moving.webp", "animated"), ("key.png", "transparent")],
)  # fmt: skip
def test_what_marking_would_lose_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    host, path = photograph(320, 240), tmp_path / name
    if name == "glass.webp":
        host.putalpha(99)
    elif name == "deep.png":
        host = Image.fromarray(np.asarray(host.convert("L")).astype(np.uint16) * 257)
    elif name == "print.jpg":
        host = host.convert("CMYK")
    elif name == "fax.png":
        host = host.convert("1")
    if name == "deep colours.png":
        import cv2

        cv2.imwrite(str(path), np.asarray(host).astype(np.uint16) * 257)
    elif name == "moving.webp":
        host.save(path, save_all=True, append_images=[ImageOps.mirror(host)])
    elif name == "key.png":
        host.quantize(256).save(path, transparency=3)
    else:
        host.save(path)
    with pytest.raises(HostError, match=reason):
        embed_video(path, tmp_path / "out.png", KEY, PAYLOAD)
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_sixteen_bits_of_grey_can_be_searched(tmp_path: Path) -> None:
    photograph().convert("L").save(tmp_path / "in.png")
    embed_video(tmp_path / "in.png", tmp_path / "out.png", KEY, PAYLOAD)
    with Image.open(tmp_path / "out.png") as marked:
        Image.fromarray(np.asarray(marked).astype(np.uint16) * 257).save(tmp_path / "deep.png")
    assert is_found(tmp_path / "deep.png")


def test_broken_pictures_are_refused(tmp_path: Path) -> None:
    photograph().save(tmp_path / "whole.jpg")
    data = (tmp_path / "whole.jpg").read_bytes()
    for number, bad in enumerate((b"", b"no picture", data[:200], data[: len(data) // 2])):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(bad)
        with pytest.raises(MediaError, match=path.name):
            embed_video(path, tmp_path / "out.jpg", KEY, PAYLOAD)


def test_motion_jpeg_whose_frames_hold_exif_is_marked(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "in.mov"), "w") as output:
        video = output.add_stream("mjpeg", rate=5)
        video.width, video.height, video.pix_fmt = 320, 240, "yuvj420p"
        for index in range(10):
            photograph(320, 240).save(tmp_path / "frame.jpg", exif=exif(), quality=95)
            packet = av.Packet((tmp_path / "frame.jpg").read_bytes())
            packet.stream, packet.pts, packet.dts, packet.is_keyframe = video, index, index, True
            packet.time_base = Fraction(1, 5)
            output.mux(packet)
    embed_video(tmp_path / "in.mov", tmp_path / "out.mp4", KEY, PAYLOAD, preset="veryfast")
    assert is_found(tmp_path / "out.mp4")
