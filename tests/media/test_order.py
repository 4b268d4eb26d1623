"""Pictures whose times follow the order of decoding."""

from collections.abc import Iterator
from types import SimpleNamespace

import av.error
import pytest

from birthmark.media.order import in_order


def frames(times: list[int], *, broken: bool = False) -> Iterator[SimpleNamespace]:
    for number, pts in enumerate(times):
        yield SimpleNamespace(pts=pts, number=number)
    if broken:
        raise av.error.InvalidDataError(1, "broken")


def test_pictures_get_the_times_at_which_they_are_shown() -> None:
    found = [(one.number, one.pts) for one in in_order(frames([0, 30, 10, 20, 40, 50]))]
    assert found == [(number, 10 * number) for number in range(6)]


def test_pictures_before_a_break_are_given() -> None:
    given: list[SimpleNamespace] = []
    with pytest.raises(av.error.InvalidDataError):
        given.extend(in_order(frames([0, 20, 10], broken=True)))
    assert [one.pts for one in given] == [0, 10, 20]
