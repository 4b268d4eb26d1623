import numpy as np
import pytest

from birthmark._core import coding
from birthmark.errors import ArgumentError


def test_encode_decode_round_trip() -> None:
    rng = np.random.default_rng(1)
    for size in (128, 256, 512, 1024):
        code = coding.PayloadCode(size)
        payload = int(rng.integers(0, 2**64, dtype=np.uint64))
        chips = code.encode(payload)
        assert chips.shape == (size,)
        assert len(code) == size
        assert set(np.unique(chips)) == {-1, 1}
        soft = chips + 0.5 * rng.standard_normal(size)
        best = coding.PayloadDecoder(size).decode(soft.astype(np.float32))[0]
        assert (best.payload, best.valid) == (payload, True)
        assert best.correlation == pytest.approx(float(soft @ chips), rel=1e-5)


def test_best_of_issued_ids_is_the_full_search() -> None:
    rng = np.random.default_rng(2)
    ids = rng.integers(0, 2**64, 3000, dtype=np.uint64)
    code = coding.PayloadCode(256)
    chips = np.array([code.encode(int(i)) for i in ids])
    soft = rng.standard_normal((5, 256)).astype(np.float32)
    found = coding.IssuedIds(256, ids).best_of_each(soft, 4)
    for row, matches in zip(soft, found, strict=True):
        order = np.argsort(-(chips @ row.astype(np.float64)))[:4]
        assert [m.id for m in matches] == [int(i) for i in ids[order]]


def test_errors_are_value_errors() -> None:
    with pytest.raises(ArgumentError, match="code_bits is 100"):
        coding.PayloadCode(100)
    with pytest.raises(ValueError, match="list_size"):
        coding.PayloadDecoder(128, 3)
    with pytest.raises(ArgumentError, match="shape"):
        coding.IssuedIds(128, np.zeros(1, np.uint64)).best_of_each(np.zeros(128, np.float32))
