"""The stream, the serial form and hostile bytes."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birthmark.errors import ArgumentError, FormatError
from birthmark.video_fingerprint import VideoFingerprint, VideoFingerprintStream, fingerprint_video
from birthmark.video_fingerprint.dense_frames import DenseFrames
from tests.video_fingerprint.scenes import RATE, scene

GOLDEN = Path(__file__).parent.parent / "golden" / "video_fingerprint_v2.bin"
FRAMES = scene(5, 3.0)
SERIAL = fingerprint_video(FRAMES, RATE, role="reference").serialize()


def test_both_roles_give_the_same_bytes() -> None:
    assert fingerprint_video(FRAMES, RATE).serialize() == SERIAL


def test_grey_colour_and_stream_give_the_same_bytes() -> None:
    stream = VideoFingerprintStream(RATE, "reference")
    for frame in FRAMES:
        stream.add(np.dstack([frame] * 3))
    grey = VideoFingerprint.deserialize(SERIAL)
    colour = stream.finish()
    np.testing.assert_array_equal(colour.sparse.bits, grey.sparse.bits)
    assert colour.serialize()[:34] == SERIAL[:34]
    again = VideoFingerprint.deserialize(colour.serialize())
    np.testing.assert_allclose(again.motion, grey.motion, atol=0.5)


def test_bytes_come_back_unchanged_and_are_compact() -> None:
    back = VideoFingerprint.deserialize(SERIAL)
    assert back.serialize() == SERIAL
    assert SERIAL[:2] == bytes([2, 2])
    assert back.duration_s == 3.0
    assert len(back.sparse) == 3
    assert back.motion.shape == (24, 16, 16)
    assert len(SERIAL) / 3 * 60 < 220_000  # much moves in this scene


def test_motion_is_kept_to_a_quarter_of_a_grey_level() -> None:
    made = fingerprint_video(FRAMES, RATE)
    back = VideoFingerprint.deserialize(made.serialize())
    wanted, kept = (np.asarray(f.motion - f.motion[0]) for f in (made, back))
    near = np.abs(kept - wanted) < 0.26  # not where a cell changes by more than 32 grey levels in an eighth of a second
    assert near.mean() > 0.95


def test_golden_file_opens_and_is_what_this_version_makes() -> None:
    golden = VideoFingerprint.deserialize(GOLDEN.read_bytes())
    made = VideoFingerprint.deserialize(SERIAL)
    assert len(golden.sparse.x) == len(made.sparse.x)
    np.testing.assert_allclose(golden.sparse.x, made.sparse.x, atol=0.02)
    assert np.mean(golden.sparse.bits == made.sparse.bits) > 0.99
    np.testing.assert_allclose(golden.motion, made.motion, atol=0.5)


def test_other_versions_are_refused_by_name() -> None:
    with pytest.raises(FormatError, match="of version 1; allowed: 2"):
        VideoFingerprint.deserialize(b"\x01" + SERIAL[1:])


@pytest.mark.parametrize("at", [0, 1, 2, 10, 17, 20, 25, 30])
def test_damaged_headers_are_refused(at: int) -> None:
    damaged = bytearray(SERIAL)
    damaged[at] ^= 0xFF
    with pytest.raises(FormatError):
        VideoFingerprint.deserialize(bytes(damaged))


def test_truncated_and_longer_bytes_are_refused() -> None:
    for data in (b"", SERIAL[:1], SERIAL[:20], SERIAL[:-1], SERIAL + b"x"):
        with pytest.raises(FormatError):
            VideoFingerprint.deserialize(data)


def test_a_decompression_bomb_is_refused_before_it_unfolds() -> None:
    with pytest.raises(FormatError, match="body"):
        VideoFingerprint.deserialize(SERIAL[:34] + zlib.compress(bytes(50_000_000)))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_bytes_are_refused_or_open(data: st.DataObject) -> None:
    mutated = bytearray(SERIAL[:34] + zlib.compress(_mutated(zlib.decompress(SERIAL[34:]), data)))
    for _ in range(data.draw(st.integers(0, 3))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    try:
        opened = VideoFingerprint.deserialize(bytes(mutated))
    except FormatError:
        return
    assert opened.sparse.start[-1] == len(opened.sparse.x)
    opened.postings()
    opened.sparse.core(opened.width, opened.height).tracks()


def _mutated(body: bytes, data: st.DataObject) -> bytes:
    changed = bytearray(body)
    for _ in range(data.draw(st.integers(1, 5))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    return bytes(changed)


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ArgumentError, match="rate is 0"):
        VideoFingerprintStream(0)
    with pytest.raises(ArgumentError, match="role is 'both'"):
        VideoFingerprintStream(25, "both")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="frames is empty"):
        fingerprint_video([], 25)
    stream = VideoFingerprintStream(25)
    stream.add(FRAMES[0])
    with pytest.raises(ArgumentError, match="shape"):
        stream.add(FRAMES[0][:100])
    with pytest.raises(ArgumentError, match="uint8"):
        stream.add(FRAMES[0].astype(np.float32))


def test_frame_rate_hardly_changes_what_is_stored() -> None:
    half = VideoFingerprint.deserialize(fingerprint_video(FRAMES[::2], RATE / 2).serialize())
    whole = VideoFingerprint.deserialize(SERIAL)
    np.testing.assert_array_equal(half.sparse.bits, whole.sparse.bits)
    assert half.duration_s == whole.duration_s


def test_bytes_are_stable_within_a_run() -> None:
    again = fingerprint_video(FRAMES, RATE, role="reference").serialize()
    assert hashlib.sha256(again).digest() == hashlib.sha256(SERIAL).digest()


def test_frames_that_are_not_wanted_may_be_left_out() -> None:
    frames = [frame for frame in FRAMES for _ in range(3)]  # 36 a second
    whole, some = (VideoFingerprintStream(3 * RATE) for _ in range(2))
    left_out = 0
    for k, frame in enumerate(frames):
        whole.add(frame)
        if some.wants(k / (3 * RATE)):
            some.add(frame, k / (3 * RATE))
        else:
            some.skip(k / (3 * RATE))
            left_out += 1
    assert left_out > len(frames) / 3
    one, other = whole.finish(), some.finish()
    assert one.serialize() == other.serialize()
    assert one.dense is not None
    assert other.dense is not None
    np.testing.assert_array_equal(one.dense.bits, other.dense.bits)
    with pytest.raises(ArgumentError, match="needed"):
        VideoFingerprintStream(RATE).skip()


def test_a_fast_query_describes_a_quarter_of_the_frames() -> None:
    thorough, fast = (fingerprint_video(FRAMES, RATE, thorough=value) for value in (True, False))
    assert thorough.serialize() == fast.serialize()
    assert thorough.dense is not None
    assert fast.dense is not None
    assert len(fast.dense) == 3
    assert len(thorough.dense) >= 3 * len(fast.dense)


def test_a_long_query_keeps_a_bounded_number_of_keypoints() -> None:
    described = fingerprint_video(FRAMES, RATE).dense
    assert described is not None
    count = described.start[1]
    frame = (described.x[:count], described.y[:count], described.level[:count], described.bits[:count])
    limit = 6 * len(frame[0])
    kept = DenseFrames(0.25, limit)
    for k in range(100):
        if 0.25 * k % kept.interval_s == 0:
            kept.add((0.25 * k, frame))
        assert len(kept.table().x) <= limit
    table = kept.table()
    np.testing.assert_array_equal(table.times, np.arange(25.0))
    strongest = frame[3][frame[2] == table.level[0]][0]
    np.testing.assert_array_equal(table.bits[0], strongest)
