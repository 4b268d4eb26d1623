import stat
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birthmark.errors import ArgumentError, Error, FormatError, MediaError
from birthmark.keys import Key, KeyedStream
from tests.reference import keyed_stream as reference

SECRET = bytes(range(32))
GOLDEN_U64 = 15109446398104212746
GOLDEN_CHIPS = [-1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, 1, -1, -1, -1, -1]
GOLDEN_ORDER = [7, 3, 6, 4, 5, 1, 0, 2]
GOLDEN_ID = "22b2545c41e401ad"
GOLDEN_CHECK = "94927d54be751f1b"

secrets = st.binary(min_size=32, max_size=32)
indices = st.integers(0, 2**64 - 1)
requests = st.lists(
    st.one_of(
        st.tuples(st.just("next_u64")),
        st.tuples(st.just("uniform"), st.integers(1, 2**64 - 1)),
        st.tuples(st.just("uniform_real")),
        st.tuples(st.just("chips"), st.integers(0, 200)),
        st.tuples(st.just("permutation"), st.integers(0, 20)),
    ),
    max_size=6,
)


def test_reference_chacha20_has_the_published_key_stream() -> None:
    # RFC 8439, appendix A.1, vectors 1 and 2: zero key and nonce, blocks 0 and 1.
    assert reference.chacha20_block(bytes(32), 0).hex().startswith("76b8e0ada0f13d90405d6ae55386bd28")
    assert reference.chacha20_block(bytes(32), 1).hex().startswith("9f07e7be5551387a98ba977c732d080d")


@settings(deadline=None, max_examples=40)
@given(secrets, st.text(max_size=40), indices, requests)
def test_stream_equals_the_reference_bit_by_bit(
    secret: bytes, label: str, index: int, calls: list[tuple[str, int]]
) -> None:
    ours = KeyedStream(Key(secret), label, index)
    theirs = reference.ReferenceStream(secret, label, index)
    for name, *arguments in calls:
        got = getattr(ours, name)(*arguments)
        assert (got.tolist() if isinstance(got, np.ndarray) else got) == getattr(theirs, name)(*arguments)


@given(secrets, indices, st.text(max_size=40))
def test_decoys_and_ids_equal_the_reference(secret: bytes, index: int, context: str) -> None:
    assert Key(secret).decoy(index, context).secret() == reference.decoy(secret, index, context)
    assert Key(secret).id == reference.key_id(secret)


def test_golden_stream() -> None:
    # Version 1 of the stream. It must never change: marks embedded with it would be lost.
    stream = KeyedStream(Key(SECRET), "golden", 7)
    assert stream.next_u64() == GOLDEN_U64
    assert stream.chips(16).tolist() == GOLDEN_CHIPS
    assert stream.permutation(8).tolist() == GOLDEN_ORDER
    assert Key(SECRET).id == GOLDEN_ID


def test_key_file_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    key = Key.generate()
    key.save(path)
    assert Key.load(str(path)) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(ArgumentError, match="exists"):
        key.save(path)
    other = Key.generate()
    other.save(path, overwrite=True)
    assert Key.load(path) == other != key
    assert list(tmp_path.iterdir()) == [path]


def test_golden_key_file(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    Key(SECRET).save(path)
    assert path.read_text() == f"birthmark-key 1\nsecret {SECRET.hex()}\ncheck {GOLDEN_CHECK}\n"


def test_errors_have_the_expected_bases(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"missing\.key"):
        Key.load(tmp_path / "missing.key")
    broken = tmp_path / "broken.key"
    broken.write_text("birthmark-key 2\n")
    with pytest.raises(FormatError, match="version"):
        Key.load(broken)
    with pytest.raises(ArgumentError, match="31 bytes; allowed: 32"):
        Key(bytes(31))
    with pytest.raises(ArgumentError, match="n is 0"):
        KeyedStream(Key(SECRET), "x").uniform(0)
    assert issubclass(MediaError, OSError)
    assert issubclass(ArgumentError, ValueError)
    assert issubclass(FormatError, Error)


def test_secret_is_never_printed(tmp_path: Path) -> None:
    key = Key(SECRET)
    assert repr(key) == str(key) == f"Key(id='{key.id}')"
    damaged = tmp_path / "damaged.key"
    damaged.write_text(f"birthmark-key 1\nsecret {SECRET.hex()}\ncheck {'0' * 16}\n")
    with pytest.raises(FormatError) as error:
        Key.load(damaged)
    assert SECRET.hex()[:8] not in str(error.value)


def test_keys_compare_and_hash() -> None:
    assert Key(SECRET) == Key(SECRET)
    assert Key(SECRET) != Key(bytes(32))
    assert Key(SECRET) != "something else"
    assert len({Key(SECRET), Key(SECRET), Key(bytes(32))}) == 2
