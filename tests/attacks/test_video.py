"""Every named video attack on a small synthetic clip."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from birthmark.attacks import VIDEO, Frame, attack_file, frames, video_codec, video_geometry, video_picture, video_time
from birthmark.errors import ArgumentError

RATE = 30.0
HEIGHT, WIDTH = 144, 192
SAME_SIZE = {"mirror", "rotate_5", "rotate_5_fill", "screen", "pip_50", "pip_25", "mirror_border", "logo", "caption"}


@pytest.fixture(scope="module")
def clip() -> list[Frame]:
    return list(frames.scene(HEIGHT, WIDTH, RATE, seed=3, frames=12))


def psnr(one: list[Frame], two: list[Frame]) -> float:
    error = float(np.mean([(a.astype(float) - b) ** 2 for a, b in zip(one, two, strict=True)]))
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


@pytest.mark.parametrize("name", sorted(VIDEO))
def test_frames_are_valid_and_repeatable(name: str, clip: list[Frame]) -> None:
    found = VIDEO[name](clip, RATE, seed=5)
    once = list(islice(found.frames, 40))
    again = list(islice(VIDEO[name](iter(clip), RATE, seed=5).frames, 40))
    assert len(once) == len(again) > 0
    assert found.rate > 0
    for frame, other in zip(once, again, strict=True):
        assert frame.dtype == np.uint8
        assert frame.shape == once[0].shape
        assert frame.flags.c_contiguous
        assert np.array_equal(frame, other)


@pytest.mark.parametrize("name", sorted(set(VIDEO) - {"none", "speed_rate_1.5", "trim_5s", "freeze", "scale_144p"}))
def test_picture_or_timing_changes(name: str, clip: list[Frame]) -> None:
    once = list(islice(VIDEO[name](clip, RATE, seed=5).frames, 40))
    assert len(once) != len(clip) or once[0].shape != clip[0].shape or psnr(once, clip) < 55
    if name in SAME_SIZE:
        assert once[0].shape == clip[0].shape


def test_codecs_keep_what_they_promise(clip: list[Frame]) -> None:
    levels = [psnr(list(VIDEO[f"x264_{crf}"](clip, RATE).frames), clip) for crf in (23, 28, 35, 40)]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] > 33
    for name in ("x265_34", "vp9_40", "av1_55"):
        assert psnr(list(VIDEO[name](clip, RATE).frames), clip) > 24


def test_odd_sizes_come_back_odd(clip: list[Frame]) -> None:
    odd = [np.ascontiguousarray(frame[:143, :191]) for frame in clip]
    found = list(VIDEO["x264_23"](odd, RATE).frames)
    assert found[0].shape == (143, 191, 3)
    assert psnr(found, odd) > 33


def test_sizes(clip: list[Frame]) -> None:
    def size(name: str) -> tuple[int, ...]:
        return next(VIDEO[name](clip, RATE).frames).shape[:2]

    assert size("scale_half") == (72, 96)
    assert size("scale_360p") == (360, 480)
    assert size("crop_75") == (108, 144)
    assert size("crop_50") == (72, 96)
    assert size("letterbox") == (192, 192)
    assert size("pillarbox") == (144, 256)
    assert size("letterbox_same") == (144, 144)
    assert size("rotate_90") == (192, 144)


def test_geometry_is_what_it_says(clip: list[Frame]) -> None:
    assert np.array_equal(next(video_geometry.mirror(clip, RATE).frames), clip[0][:, ::-1])
    assert np.array_equal(next(video_geometry.turn(clip, RATE).frames), np.rot90(clip[0]))
    boxed = next(video_geometry.bars(clip, RATE).frames)
    assert np.array_equal(boxed[24:168], clip[0])
    assert not boxed[:24].any()
    window = next(video_geometry.crop(clip, RATE, keep=0.5, centred=True).frames)
    assert np.array_equal(window, clip[0][36:108, 48:144])


def test_timing(clip: list[Frame]) -> None:
    half = video_time.frame_rate(clip, RATE)
    assert half.rate == 15
    assert [any(np.array_equal(f, c) for c in clip[::2]) for f in half.frames] == [True] * 6
    assert len(list(video_time.speed(clip, RATE, factor=2).frames)) == 6
    assert len(list(video_time.speed(clip, RATE, factor=0.5).frames)) == 24
    assert video_time.speed(clip, RATE, factor=1.5, keep_rate=False).rate == 45
    assert len(list(video_time.freeze(clip, RATE, at_s=0.1, hold_s=0.2).frames)) == 18
    trimmed = list(video_time.trim(clip, RATE, seconds=0.2, start_s=0.1).frames)
    assert np.array_equal(trimmed[0], clip[3])
    assert len(trimmed) == 6


def test_splice_puts_the_clip_inside(clip: list[Frame]) -> None:
    found = list(video_time.splice(clip, RATE, seconds=0.2, before_s=0.1, after_s=0.1).frames)
    assert len(found) == 12
    assert all(np.array_equal(a, b) for a, b in zip(found[3:9], clip[:6], strict=True))


def test_other_video_is_used(clip: list[Frame]) -> None:
    white = [np.full((90, 120, 3), 255, np.uint8)] * 2
    found = next(video_geometry.picture_in_picture(clip, RATE, size=0.25, other=white).frames)
    assert np.mean(found == 255) > 0.9


def test_greyscale_has_no_colour(clip: list[Frame]) -> None:
    frame = next(video_picture.greyscale(clip, RATE).frames).astype(int)
    assert np.max(np.abs(frame[..., 0] - frame[..., 2])) <= 1


def test_attack_file(tmp_path: Path, clip: list[Frame]) -> None:
    source = tmp_path / "in.mp4"
    video_codec.encode_to(source, clip, RATE, video_codec.x264(10))
    for name in ("crop_50", "x264_40", "half_rate"):
        target = tmp_path / f"{name}.mp4"
        attack_file(name, source, target, seed=1)
        assert len(list(video_codec.decode_from(target))) == (6 if name == "half_rate" else 12)
    assert video_codec.video_rate(tmp_path / "half_rate.mp4") == pytest.approx(15, abs=0.01)


def test_bad_input_is_named(clip: list[Frame]) -> None:
    with pytest.raises(ArgumentError, match="at least one frame"):
        list(video_codec.transcode([], RATE).frames)
    with pytest.raises(ArgumentError, match="change size"):
        list(video_codec.transcode([clip[0], clip[0][:100]], RATE).frames)
