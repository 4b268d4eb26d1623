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
from tests.video_fingerprint.scenes import RATE, scene

GOLDEN = Path(__file__).parent.parent / "golden" / "video_fingerprint_v1.bin"
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
    assert SERIAL[:2] == bytes([1, 2])
    assert back.duration_s == 3.0
    assert len(back.sparse) == 3
    assert back.motion.shape == (24, 8, 8)
    assert len(SERIAL) / 3 * 60 < 150_000


def test_motion_is_kept_to_a_quarter_of_a_grey_level() -> None:
    made = fingerprint_video(FRAMES, RATE)
    back = VideoFingerprint.deserialize(made.serialize())
    wanted, kept = (np.asarray(f.motion - f.motion[0]) for f in (made, back))
    near = np.abs(kept - wanted) < 0.26  # not where a cell changes by more than 32 grey levels in an eighth of a second
    assert near.mean() > 0.97


def test_golden_file_opens_and_is_what_this_version_makes() -> None:
    golden = VideoFingerprint.deserialize(GOLDEN.read_bytes())
    made = VideoFingerprint.deserialize(SERIAL)
    assert len(golden.sparse.x) == len(made.sparse.x)
    np.testing.assert_allclose(golden.sparse.x, made.sparse.x, atol=0.02)
    assert np.mean(golden.sparse.bits == made.sparse.bits) > 0.99
    np.testing.assert_allclose(golden.motion, made.motion, atol=0.5)


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
