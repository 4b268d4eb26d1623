import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birthmark._core import coding
from tests.reference import polar as reference

SIZES = (128, 256, 512, 1024)
GOLDEN = Path(__file__).parent.parent / "golden" / "payload_code_v1.json"


def noisy(size: int, ebn0_db: float, rng: np.random.Generator) -> tuple[int, np.ndarray]:
    payload = int(rng.integers(0, 2**64, dtype=np.uint64))
    chips = coding.PayloadCode(size).encode(payload)
    soft = chips + reference.noise_deviation(size, ebn0_db) * rng.standard_normal(size)
    return payload, soft.astype(np.float32)


@pytest.mark.parametrize("size", SIZES)
@settings(max_examples=15, deadline=None)
@given(payload=st.integers(0, 2**64 - 1))
def test_encoder_is_that_of_the_reference(size: int, payload: int) -> None:
    np.testing.assert_array_equal(coding.PayloadCode(size).encode(payload), reference.chips(payload, size))


@pytest.mark.parametrize("size", SIZES)
def test_every_payload_bit_reaches_the_reference_codeword(size: int) -> None:
    # The code is affine: the zero word and the 64 unit words fix it entirely.
    code = coding.PayloadCode(size)
    for payload in [0, *(1 << bit for bit in range(64))]:
        np.testing.assert_array_equal(code.encode(payload), reference.chips(payload, size))


@pytest.mark.parametrize(("size", "list_size"), [(128, 1), (128, 8), (128, 32), (256, 8), (512, 4), (512, 16)])
def test_decoder_decides_like_the_reference(size: int, list_size: int) -> None:
    rng = np.random.default_rng(size + list_size)
    decoder = coding.PayloadDecoder(size, list_size)
    oracle = reference.ListDecoder(size, list_size)
    for ebn0_db in (-1.0, 0.5, 1.5, 3.0):
        _, soft = noisy(size, ebn0_db, rng)
        expected = oracle.decode(soft.astype(np.float64))
        found = decoder.decode(soft)
        assert [(c.payload, c.valid) for c in found] == [(p.payload, p.valid) for p in expected]
        total = float(np.abs(soft).sum())
        for candidate, path in zip(found, expected, strict=True):
            assert candidate.correlation == pytest.approx(total - 2 * path.penalty, rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("size", SIZES)
def test_golden_codewords_of_version_1(size: int) -> None:
    code = coding.PayloadCode(size)
    for payload, word in json.loads(GOLDEN.read_text())[str(size)].items():
        bits = (code.encode(int(payload, 16)) < 0).astype(np.uint8)
        assert np.packbits(bits, bitorder="little").tobytes().hex() == word


@pytest.mark.parametrize(
    ("size", "list_size", "ebn0_db", "gap_db"),
    [(128, 32, 1.5, 0.5), (256, 8, 1.0, 0.9), (256, 32, 0.75, 0.55), (512, 8, 0.5, 0.75), (512, 32, 0.25, 0.5),
     (1024, 32, 0.25, 0.6)],
)  # fmt: skip
def test_error_rate_is_near_the_finite_length_bound(size: int, list_size: int, ebn0_db: float, gap_db: float) -> None:
    rng = np.random.default_rng(3)
    decoder = coding.PayloadDecoder(size, list_size)
    frames = 1200
    wrong = 0
    for _ in range(frames):
        payload, soft = noisy(size, ebn0_db, rng)
        wrong += decoder.decode(soft)[0].payload != payload
    spread = 3 * np.sqrt(wrong + 1) / frames
    assert wrong / frames > reference.normal_approximation(size, ebn0_db) - spread
    assert wrong / frames < reference.normal_approximation(size, ebn0_db - gap_db) + spread
    assert wrong > 10


def test_noise_passes_the_check_as_often_as_chance_and_no_correlation_exceeds_the_bound() -> None:
    rng = np.random.default_rng(4)
    decoder = coding.PayloadDecoder(512, 8)
    passed = 0
    candidates = 0
    for _ in range(300):
        soft = rng.standard_normal(512).astype(np.float32)
        found = decoder.decode(soft)
        passed += sum(c.valid for c in found)
        candidates += len(found)
        assert max(c.correlation for c in found) <= float(np.abs(soft).sum())
    assert passed / candidates == pytest.approx(2.0**-6, abs=0.008)
