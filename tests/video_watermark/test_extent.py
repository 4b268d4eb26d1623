"""True starts and ends of marks in video that has been encoded."""

import io

import numpy as np
import pytest

from birthmark.attacks.video_codec import decode_from, encode_to, x264
from birthmark.video_watermark import VideoDetectStream, VideoEmbedStream
from tests.video_watermark.clips import KEY, PAYLOAD, RATE, Luma, luma_frames

NEAR = 0.4  # seconds; the detector's slots are 0.2 s long


def host(seconds: float, seed: int = 0) -> list[Luma]:
    """Twice as slow as the other tests' picture, so that an encoder leaves something of its texture."""
    frames = list(luma_frames(seconds / 2, seed=seed))
    return [frames[index // 2] for index in range(2 * len(frames))]


def marked(frames: list[Luma], start_s: float = 0.0, end_s: float = np.inf) -> list[Luma]:
    """Frames with the mark from `start_s` to `end_s`, as if cut out of a copy marked as a whole."""
    stream = VideoEmbedStream(frames[0].shape[1], frames[0].shape[0], KEY, PAYLOAD)
    out = []
    for index, frame in enumerate(frames):
        out.append(frame.copy())
        if start_s <= index / RATE < end_s:
            stream.embed_luma(out[-1], index / RATE)
    return out


def span_after(frames: list[Luma], crf: int, speed: float = 1.0) -> tuple[float, float]:
    """Where the mark is found after x264, played at `speed`."""
    file = io.BytesIO()
    rate = speed * RATE
    height, width = encode_to(
        file, (np.repeat(frame[..., None], 3, axis=2) for frame in frames), rate, x264(crf, "veryfast")
    )
    file.seek(0)
    stream = VideoDetectStream(width, height, [KEY], search="plain" if speed == 1.0 else "full")
    for index, frame in enumerate(decode_from(file, (height, width))):
        stream.push(np.ascontiguousarray(frame), index / rate)
    (one,) = stream.finish()
    assert one.payload == PAYLOAD
    return one.start_s, one.end_s


@pytest.mark.parametrize("crf", [14, 20])
def test_a_video_marked_as_a_whole_is_so_to_its_end(crf: int) -> None:
    assert span_after(marked(host(10.0)), crf) == pytest.approx((0.0, 10.0), abs=NEAR)


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_whole_at_another_speed(speed: float) -> None:
    assert span_after(marked(host(8.0)), 20, speed) == pytest.approx((0.0, 8.0 / speed), abs=NEAR)


@pytest.mark.parametrize("crf", [14, 20])
@pytest.mark.parametrize(("start_s", "end_s"), [(4.3, 9.3), (6.3, 12.0), (0.0, 5.6)])
def test_a_part_of_a_video_whose_picture_goes_on(start_s: float, end_s: float, crf: int) -> None:
    frames = marked(host(12.0), start_s, end_s)
    assert span_after(frames, crf) == pytest.approx((start_s, end_s), abs=NEAR)


def test_a_part_between_other_videos() -> None:
    other = host(13.0, seed=9)
    frames = [*other[:134], *marked(host(10.0))[60:160], *other[134:]]
    assert span_after(frames, 20) == pytest.approx((6.7, 11.7), abs=NEAR)


def test_a_mark_that_begins_and_ends_in_a_long_video() -> None:
    frames = marked(host(36.0), 11.7, 27.2)
    assert span_after(frames, 20) == pytest.approx((11.7, 27.2), abs=NEAR)
