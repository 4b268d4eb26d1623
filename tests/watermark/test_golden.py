"""The audio mark of version 1 stays what it is: recordings marked once must be found by every later release."""

import json

import numpy as np
import pytest

from birthmark import watermark
from birthmark.keys import Key
from tests.golden import audio_mark_v1 as golden

TOLERANCE = 1e-4  # of the largest value: compilers and FFT libraries may round differently


@pytest.mark.parametrize("name", ["soft_chips", "vocoder_soft_chips", "noise_soft_chips", "marked"])
def test_values_are_the_stored_ones(name: str) -> None:
    wanted, got = np.array(json.loads(golden.GOLDEN.read_text())[name]), np.array(golden.vectors()[name])
    np.testing.assert_allclose(got, wanted, rtol=TOLERANCE, atol=TOLERANCE * np.abs(wanted).max())


@pytest.mark.parametrize("name", ["version", "chips_shape", "chips_sha256", "soft_chips_shape"])
def test_pattern_is_the_stored_one(name: str) -> None:
    assert json.loads(golden.GOLDEN.read_text())[name] == golden.vectors()[name]


def test_file_marked_by_version_1_is_found() -> None:
    found = watermark.detect_file(golden.LEGACY, golden.KEY).detections
    assert [one.payload for one in found] == [golden.PAYLOAD]
    assert found[0].log10_p < -10
    assert watermark.detect_file(golden.LEGACY, Key(bytes(32))).detections == []
