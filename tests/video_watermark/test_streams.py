import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from birthmark._core import coding
from birthmark._core import video_mark as core
from birthmark.attacks.video_geometry import screen_recording
from birthmark.errors import ArgumentError
from birthmark.keys import Key
from birthmark.video_watermark import VideoDetection, VideoDetectStream, VideoEmbedStream
from birthmark.video_watermark.results import geometry_of
from birthmark.video_watermark.windows import Window, Windows
from tests.reference import video_mark as reference
from tests.video_watermark.clips import KEY, PAYLOAD, RATE, luma_frames

GOLDEN = Path(__file__).parent.parent / "golden" / "video_mark_v1.json"


def marked_frames(seconds: float, payload: int = PAYLOAD, key: Key = KEY, seed: int = 0) -> list[np.ndarray]:
    stream = VideoEmbedStream(320, 240, key, payload)
    frames = list(luma_frames(seconds, seed=seed))
    for index, frame in enumerate(frames):
        stream.embed_luma(frame, index / RATE)
    return frames


def found_in(frames: list[np.ndarray], keys: list[Key] | None = None, **options: object) -> list[VideoDetection]:
    height, width = frames[0].shape
    stream = VideoDetectStream(width, height, keys or [KEY], **options)  # type: ignore[arg-type]
    for index, frame in enumerate(frames):
        stream.push_luma(frame, index / RATE)
    return stream.finish()


@pytest.fixture(scope="module")
def marked() -> list[np.ndarray]:
    return marked_frames(6.0)


def test_mark_is_found_with_its_span_and_geometry(marked: list[np.ndarray]) -> None:
    (one,) = found_in(marked, [KEY.decoy(1), KEY])
    assert (one.payload, one.key) == (PAYLOAD, KEY.id)
    assert one.log10_p < -50
    assert one.start_s == pytest.approx(0, abs=0.3)
    assert one.end_s == pytest.approx(6, abs=0.3)
    assert one.speed == pytest.approx(1, abs=0.01)
    assert one.geometry.scale == pytest.approx(1, abs=0.01)
    assert not one.geometry.mirror
    document = json.loads(json.dumps(one.as_json()))
    assert document["layer"] == "video-watermark"
    assert document["payload"] == f"{PAYLOAD:016x}"
    assert set(document["geometry"]) == {"scale", "crop_x", "crop_y", "rotation_deg", "mirror"}


def test_each_further_second_lowers_the_p_value(marked: list[np.ndarray]) -> None:
    values = [found_in(marked[: round(seconds * RATE)], issued=np.array([PAYLOAD], np.uint64))[0].log10_p
              for seconds in (1.5, 3.0, 6.0)]  # fmt: skip
    assert values[0] > values[1] > values[2]


def test_a_plain_search_finds_what_is_left_in_place(marked: list[np.ndarray]) -> None:
    (one,) = found_in(marked, search="plain")
    assert one.payload == PAYLOAD
    assert one.log10_p < -50
    assert one.geometry == geometry_of(np.eye(3))
    assert found_in([cv2.flip(frame, 1) for frame in marked], search="plain") == []


def test_moved_pictures_are_found_and_measured(marked: list[np.ndarray]) -> None:
    matrix = cv2.getRotationMatrix2D((159.5, 119.5), -3.0, 1.25)
    moved = [cv2.warpAffine(frame[:, ::-1], matrix, (320, 240)) for frame in marked]
    (one,) = found_in(moved)
    assert one.payload == PAYLOAD
    assert one.geometry.mirror
    assert one.geometry.scale == pytest.approx(1.25, abs=0.02)
    assert one.geometry.rotation_deg == pytest.approx(3.0, abs=0.3)


def test_a_cropped_picture_says_from_where(marked: list[np.ndarray]) -> None:
    (one,) = found_in([np.ascontiguousarray(frame[:180, 80:]) for frame in marked])
    assert one.payload == PAYLOAD
    assert one.geometry.scale == pytest.approx(240 / 180, abs=0.02)
    assert one.geometry.crop_x == pytest.approx(40 / 240, abs=0.02)
    assert one.geometry.crop_y == pytest.approx(-30 / 240, abs=0.02)


@pytest.mark.parametrize("seed", [3, 5])
def test_a_filmed_screen_is_found(marked: list[np.ndarray], seed: int) -> None:
    pictures = (np.repeat(frame[..., None], 3, axis=2) for frame in marked)
    filmed = [np.ascontiguousarray(frame[..., 1]) for frame in screen_recording(pictures, RATE, seed=seed).frames]
    (one,) = found_in(filmed)
    assert one.payload == PAYLOAD
    assert one.geometry.scale == pytest.approx(0.92, abs=0.06)


def test_double_speed_is_found(marked: list[np.ndarray]) -> None:
    (one,) = found_in(marked[::2])
    assert one.payload == PAYLOAD
    assert one.speed == pytest.approx(2.0, abs=0.03)


def test_unmarked_and_other_keys_give_nothing(marked: list[np.ndarray]) -> None:
    assert found_in(list(luma_frames(6.0))) == []
    assert found_in(marked, [KEY.decoy(2)]) == []


def test_flat_pictures_give_nothing() -> None:
    assert found_in([np.full((120, 160), 90, np.uint8)] * 30) == []


def test_two_averaged_copies_name_a_buyer_and_nobody_else(marked: list[np.ndarray]) -> None:
    other = marked_frames(6.0, payload=0xFEEDFACE)
    mixed = [((a.astype(int) + b + 1) // 2).astype(np.uint8) for a, b in zip(marked, other, strict=True)]
    named = {one.payload for one in found_in(mixed)}
    assert named
    assert named <= {PAYLOAD, 0xFEEDFACE}
    issued = np.array([*range(100), PAYLOAD, 0xFEEDFACE], np.uint64)
    named = {one.payload for one in found_in(mixed, issued=issued)}
    assert named
    assert named <= {PAYLOAD, 0xFEEDFACE}


def test_a_stretch_inside_other_video_is_placed() -> None:
    other = list(luma_frames(7.0, seed=9))
    frames = [*other[:100], *marked_frames(4.0), *other[100:]]
    (one,) = found_in(frames)
    assert one.payload == PAYLOAD
    assert one.start_s == pytest.approx(5.0, abs=0.6)
    assert one.end_s == pytest.approx(9.0, abs=0.6)


def test_an_inset_of_half_the_size_is_found() -> None:
    frames = list(luma_frames(10.0, 640, 480, seed=9))
    stream = VideoEmbedStream(640, 480, KEY, PAYLOAD)
    for index, inset in enumerate(luma_frames(10.0, 640, 480)):
        stream.embed_luma(inset, index / RATE)
        frames[index][220:460, 24:344] = cv2.resize(inset, (320, 240), interpolation=cv2.INTER_AREA)
    (one,) = found_in(frames)
    assert one.payload == PAYLOAD
    assert one.geometry.scale == pytest.approx(0.5, abs=0.02)


def test_a_smooth_mark_of_an_earlier_version_is_found() -> None:
    embedder = core.VideoEmbedder(KEY, PAYLOAD, 320, 240, psnr_db=44.6, similarity_loss=0.02, held=False)
    frames = list(luma_frames(5.0))
    for index, frame in enumerate(frames):
        embedder.embed(frame, index / RATE)
    (one,) = found_in([frame[:, ::-1].copy() for frame in frames])
    assert one.payload == PAYLOAD
    assert one.geometry.mirror


def test_windows_do_not_mix_long_shots() -> None:
    windows = Windows()
    found: list[Window] = []
    rng = np.random.default_rng(1)
    shots = [rng.standard_normal((24, 32)).astype(np.float32) for _ in range(4)]
    for index in range(200):
        shot = shots[int(np.searchsorted([60, 70, 120], index, side="right"))]
        found += windows.push(index / 10, shot + 0.1 * rng.standard_normal(shot.shape).astype(np.float32))
    found += windows.flush()
    spans = [(round(float(window.seconds[0]), 1), round(float(window.seconds[-1]), 1)) for window in found]
    assert spans == [(0.0, 5.9), (6.0, 6.9), (7.0, 11.9), (12.0, 19.9)]


def test_rgb_and_luma_streams_agree() -> None:
    frames = [np.repeat(frame[:, :, None], 3, axis=2) for frame in luma_frames(3.0)]
    embedder = VideoEmbedStream(320, 240, KEY, PAYLOAD)
    detector = VideoDetectStream(320, 240, [KEY])
    for index, frame in enumerate(frames):
        marked = embedder.embed(frame, index / RATE)
        assert not np.shares_memory(marked, frame)
        detector.push(marked, index / RATE)
    assert detector.finish()[0].payload == PAYLOAD


def test_the_mark_stands_still_between_its_steps() -> None:
    frame = next(luma_frames(0.1))
    stream = VideoEmbedStream(320, 240, KEY, PAYLOAD)
    marked = {}
    for seconds in (0.0, 0.6, 0.7, 1.9, 2.1, 4.0):
        marked[seconds] = frame.copy()
        stream.embed_luma(marked[seconds], seconds)
    same = {(a, b) for a in marked for b in marked if a < b and np.array_equal(marked[a], marked[b])}
    assert same == {(0.0, 0.6), (0.0, 4.0), (0.6, 4.0)}  # steps at multiples of 2/3 s, and again after 4 s


def test_marked_frames_stay_within_the_promised_quality(marked: list[np.ndarray]) -> None:
    for host, frame in zip(luma_frames(1.0), marked, strict=False):
        error = np.mean((host.astype(float) - frame) ** 2)
        assert 10 * np.log10(255**2 / error) > 44


def test_golden_frame() -> None:
    golden = json.loads(GOLDEN.read_text())
    assert golden["version"] == 1
    plane = np.full((96, 128), 100, np.uint8)
    strength = {"psnr_db": 46.3 - 20 * np.log10(4), "similarity_loss": 0.0155 * 4**2}
    core.VideoEmbedder(KEY, PAYLOAD, 128, 96, **strength).embed(plane, 0.75)
    assert plane[golden["row"]].tolist() == golden["values"]


def test_arguments_are_checked() -> None:
    with pytest.raises(ArgumentError, match="keys is empty"):
        VideoDetectStream(320, 240, [])
    with pytest.raises(ArgumentError, match="max_p"):
        VideoDetectStream(320, 240, [KEY], max_p=1.5)
    with pytest.raises(ArgumentError, match="64 x 48"):
        VideoEmbedStream(64, 48, KEY, PAYLOAD)
    with pytest.raises(ArgumentError, match="payload"):
        VideoEmbedStream(320, 240, KEY, -1)
    with pytest.raises(ArgumentError, match="strength"):
        VideoEmbedStream(320, 240, KEY, 1, strength=9)


def test_geometry_of_a_shift_takes_the_smallest() -> None:
    matrix = np.eye(3)
    matrix[:2, 2] = 250, -30
    geometry = geometry_of(matrix)
    assert geometry.crop_x == pytest.approx(-6 / 240)
    assert geometry.crop_y == pytest.approx(-30 / 240)


def test_a_mark_without_its_sync_waves_is_found_where_nothing_moved() -> None:
    layout = dict(core.VideoPattern(KEY).layout())
    layout |= {"sync": np.zeros((0, 3), np.float32), "phases": np.zeros(0, np.float32)}
    chips = np.asarray(coding.PayloadCode(core.CODE_BITS).encode(PAYLOAD), dtype=float)
    detector = VideoDetectStream(160, 120, [KEY], issued=np.array([PAYLOAD, 1, 2], np.uint64))
    for index, frame in enumerate(luma_frames(0.4, 160, 120)):
        marked = reference.embed(frame, layout, chips, index * 0.3)
        detector.push_luma(np.rint(marked).astype(np.uint8), index * 0.3)
    (one,) = detector.finish()
    assert one.payload == PAYLOAD
    assert one.geometry == geometry_of(np.eye(3))
