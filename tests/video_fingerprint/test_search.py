"""Copies of made-up scenes are found with place, time and geometry; other scenes and other moments are not."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from birthmark.video_fingerprint import VideoFingerprint
from tests.video_fingerprint.scenes import RATE, Frame, accepted, changed, query, reference, scene, search

SKIPPED_S = 1.0


@pytest.fixture(scope="module")
def scenes() -> list[list[Frame]]:
    return [scene(seed) for seed in range(4)]


@pytest.fixture(scope="module")
def references(scenes: list[list[Frame]]) -> list[VideoFingerprint]:
    return [reference(frames) for frames in scenes[:3]]


def small(frame: Frame) -> Frame:
    return np.asarray(cv2.resize(frame, (160, 120), interpolation=cv2.INTER_AREA), np.uint8)


def in_corner(frame: Frame) -> Frame:
    canvas = np.asarray(cv2.resize(BACKGROUND, (640, 480)), np.uint8)
    canvas[300:420, 450:610] = small(frame)
    return canvas


def rotated(frame: Frame) -> Frame:
    turn = cv2.getRotationMatrix2D((160, 120), 5, 1)
    return np.asarray(cv2.warpAffine(frame, turn, (320, 240)), np.uint8)


def squeezed(frame: Frame) -> Frame:
    code = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 12])[1]
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE), np.uint8)


BACKGROUND = scene(77, 0.1)[0]
CHANGES: dict[str, tuple[Callable[[Frame], Frame], str]] = {
    "none": (lambda f: f, "identity"),
    "hard compression": (squeezed, "identity"),
    "160 x 120": (small, "identity"),
    "brighter": (lambda f: np.clip(f * 1.2 + 15, 0, 255).astype(np.uint8), "identity"),
    "negative gamma": (lambda f: (255 * (f / 255.0) ** 0.6).astype(np.uint8), "identity"),
    "crop 75 %": (lambda f: f[30:210, 40:280], "cropped to 75 % x 75 %"),
    "crop 50 %": (lambda f: f[60:180, 80:240], "cropped to 50 % x 50 %"),
    "mirror": (lambda f: f[:, ::-1], "mirrored"),
    "quarter turn": (lambda f: np.rot90(f, -1), "rotated by 90° clockwise"),
    "rotated 5°": (rotated, "turned by -5°"),
    "letterbox": (lambda f: np.pad(f, ((60, 60), (0, 0))), "in a window of 100 % x 67 %"),
    "mirrored with border": (lambda f: np.pad(f[:, ::-1], 60), "mirrored, in a window of 73 % x 67 %"),
    "picture in picture": (in_corner, "in a window of 25 % x 25 %"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_copy_is_found(name: str, scenes: list[list[Frame]], references: list[VideoFingerprint]) -> None:
    change, geometry = CHANGES[name]
    found = accepted(query(changed(scenes[0][round(SKIPPED_S * RATE) :], change)), references)
    assert [number for number, _ in found] == [0]
    one = found[0][1]
    assert one.medium == "video"
    assert one.log10_p < -20
    assert abs(one.reference_start_s - one.query_start_s - SKIPPED_S) < 0.2
    assert one.query_end_s - one.query_start_s > 4.5
    assert one.speed == pytest.approx(1.0, abs=0.02)
    assert one.geometry.startswith(geometry)
    assert "keypoints" in one.why


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_another_speed_is_measured(speed: float, scenes: list[list[Frame]], references: list[VideoFingerprint]) -> None:
    found = accepted(query(scenes[1], RATE * speed), references)
    assert [number for number, _ in found] == [1]
    assert found[0][1].speed == pytest.approx(speed, rel=0.02)
    assert found[0][1].reference_end_s == pytest.approx(6.0, abs=0.4)


def test_every_passage_of_a_compilation_is_localised(
    scenes: list[list[Frame]], references: list[VideoFingerprint]
) -> None:
    def part(frames: list[Frame], start: float, end: float) -> list[Frame]:
        return frames[round(start * RATE) : round(end * RATE)]

    # Passages: scene 2 from 1.5 s, an unknown one, scene 0 from 2 s.
    frames = part(scenes[2], 1.5, 5.0) + part(scenes[3], 0.0, 3.0) + part(scenes[0], 2.0, 6.0)
    found = dict(accepted(query(frames), references))
    assert set(found) == {0, 2}
    for number, (start, end, there) in {2: (0.0, 3.5, 1.5), 0: (6.5, 10.5, 2.0)}.items():
        assert found[number].query_start_s == pytest.approx(start, abs=0.5)
        assert found[number].query_end_s == pytest.approx(end, abs=0.5)
        assert found[number].reference_start_s == pytest.approx(there, abs=0.5)


def test_other_scenes_are_not_found(scenes: list[list[Frame]], references: list[VideoFingerprint]) -> None:
    for frames in (scenes[3], scene(50), scene(51, drift=0.0), changed(scenes[3], lambda f: f[60:180, 80:240])):
        assert accepted(query(frames), references) == []


def test_another_moment_of_the_same_scene_is_not_a_match() -> None:
    frames = scene(8, 12.0, drift=0.0)
    first, second = frames[: round(6 * RATE)], frames[round(6 * RATE) :]
    found = search(query(second), [reference(first)])
    assert all(one.log10_p > -6 for _, one in found)
    assert any("another moment" in one.why for _, one in found)
    assert accepted(query(first), [reference(first)])


def test_a_still_picture_is_found_and_the_reason_says_so() -> None:
    still = [scene(9, 0.1)[0]] * round(4 * RATE)
    found = accepted(query(changed(still, small)), [reference(still)])
    assert found[0][1].log10_p < -10
    assert "nothing moves" in found[0][1].why


def test_a_stored_fingerprint_can_be_the_query(scenes: list[list[Frame]], references: list[VideoFingerprint]) -> None:
    assert [number for number, _ in accepted(reference(scenes[1]), references)] == [1]
