"""The C++ kernels against slow numpy code, and their symmetries."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from birthmark._core import video_fingerprint as core
from birthmark.errors import ArgumentError
from tests.reference import video_patch
from tests.video_fingerprint.scenes import Frame, texture


def picture(seed: int, height: int = 128, width: int = 128) -> Frame:
    return np.clip(texture(np.random.default_rng(seed), height, width), 0, 255).astype(np.uint8)


def unpacked(bits: NDArray[np.uint32]) -> NDArray[np.bool_]:
    return ((bits[:, :, None] >> np.arange(32, dtype=np.uint32)) & 1).astype(bool).reshape(len(bits), 96)


def test_keypoints_and_descriptors_are_those_of_the_reference() -> None:
    frame = picture(1)
    x, y, level, _, bits = core.FrameDescriber().describe(frame)
    own = level == 8  # 128 pixels: the frame itself
    expected = video_patch.keypoints(frame.astype(np.float64))[: own.sum()]
    assert own.sum() > 100
    np.testing.assert_allclose(x[own] * 128 - 0.5, expected[:, 0], atol=2e-3)
    np.testing.assert_allclose(y[own] * 128 - 0.5, expected[:, 1], atol=2e-3)
    wanted = [video_patch.coefficients(frame.astype(np.float64), px, py) for px, py, _ in expected]
    agree = unpacked(bits[own]) == (np.array(wanted) > 0)
    assert agree.mean() > 0.9995


@pytest.mark.parametrize("form", range(8))
def test_descriptors_of_a_turned_picture_are_permuted(form: int) -> None:
    frame = picture(2, 96, 144)
    turned = frame.T if form & 4 else frame
    turned = turned[:, ::-1] if form & 1 else turned
    turned = turned[::-1] if form & 2 else turned
    x, y, level, _, bits = core.FrameDescriber().describe(frame)
    tx, ty, turned_level, _, turned_bits = core.FrameDescriber().describe(np.ascontiguousarray(turned))
    width, height = (144 / 96) ** 0.5, (96 / 144) ** 0.5
    if form & 4:
        x, y, width, height = y, x, height, width
    x = width - x if form & 1 else x
    y = height - y if form & 2 else y
    away, nearest = cKDTree(np.stack([tx, ty, turned_level], axis=1)).query(np.stack([x, y, level], axis=1))
    mine = np.nonzero(away < 1e-3)[0]
    theirs = nearest[mine]
    assert len(mine) > 0.95 * len(x)
    expected = core.transform_bits(bits[mine], form)
    assert (unpacked(expected) == unpacked(turned_bits[theirs])).mean() > 0.995
    np.testing.assert_array_equal(core.transform_bits(expected, core.inverse_form(form)), bits[mine])


def test_grey_rgb_and_strided_frames_give_the_same_description() -> None:
    frame = picture(3, 120, 160)
    wide = np.zeros((120, 200), np.uint8)
    wide[:, 20:180] = frame
    expected = core.FrameDescriber().describe(frame)
    for other in (np.dstack([frame] * 3), wide[:, 20:180]):
        for a, b in zip(expected, core.FrameDescriber().describe(other), strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_sparse_description_is_part_of_the_dense_one() -> None:
    frame = picture(4, 240, 320)
    dense = core.FrameDescriber().describe(frame)
    sparse = core.FrameDescriber(True).describe(frame)
    kept = dense[3] > 0
    assert 90 <= kept.sum() <= 110
    for a, b in zip(dense, sparse, strict=True):
        np.testing.assert_array_equal(np.asarray(a)[kept], b)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (300, 500), (1080, 1920)])
def test_grid_cells_are_means(height: int, width: int) -> None:
    frame = picture(5, height, width)
    rows, columns = ([round(n * k / 8) for k in range(9)] for n in (height, width))
    expected = [
        [frame[top:bottom, left:right].mean() for left, right in pairwise(columns)] for top, bottom in pairwise(rows)
    ]
    np.testing.assert_allclose(core.grid(frame, 8), expected, atol=3.0)
    assert core.grid(frame, 8).mean() == pytest.approx(frame.mean(), abs=0.6)


def test_flat_and_tiny_pictures_have_no_keypoints() -> None:
    assert len(core.FrameDescriber().describe(np.full((200, 200), 90, np.uint8))[0]) == 0
    assert len(core.FrameDescriber().describe(np.zeros((1, 1), np.uint8))[0]) == 0


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ArgumentError, match="channels"):
        core.FrameDescriber().describe(np.zeros((8, 8, 2), np.uint8))
    with pytest.raises(ArgumentError, match="side"):
        core.grid(np.zeros((8, 8), np.uint8), 0)
    column, starts = np.zeros(2, np.float32), np.array([0, 2], np.uint32)
    levels, bits = np.zeros(2, np.uint8), np.zeros((2, 3), np.uint32)
    with pytest.raises(ArgumentError, match="frame_start"):
        core.FeatureTable(column, column, levels, bits, starts[:1], 1.0, 1.0)
    with pytest.raises(ArgumentError, match="level"):
        core.FeatureTable(column, column, levels + 99, bits, starts, 1.0, 1.0)
    table = core.FeatureTable(column, column, levels, bits, starts, 1.0, 1.0)
    with pytest.raises(ArgumentError, match="frame"):
        core.VideoMatcher(table).test(table, np.array([[0, 7, 0]], np.uint32), np.zeros((1, 6), np.float32))
