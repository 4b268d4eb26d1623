import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from birthmark.errors import ArgumentError
from birthmark.stats import bonferroni, fisher


@given(st.lists(st.floats(min_value=-60, max_value=0), min_size=1, max_size=6))
@example([-24.0, -60.0, -60.0, -60.0, -60.0, -60.0])
def test_fisher_is_the_tail_of_chi_square(log10_ps: list[float]) -> None:
    statistic = -2 * math.log(10) * sum(log10_ps)
    expected = stats.chi2.logsf(statistic, 2 * len(log10_ps)) / math.log(10)
    if expected < -300:  # there SciPy's tail runs out of floating-point numbers
        half = Decimal(statistic) / 2
        tail = (-half).exp() * sum(half**k / math.factorial(k) for k in range(len(log10_ps)))
        expected = float(tail.log10())
    assert fisher(log10_ps) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_fisher_far_beyond_floating_point() -> None:
    assert -1000 < fisher([-500.0, -500.0]) < -990
    assert fisher([-700.0]) == pytest.approx(-700)
    assert fisher([0.0, 0.0]) == 0.0


def test_fisher_of_uniform_values_is_uniform() -> None:
    rng = np.random.default_rng(1)
    values = [10 ** fisher(list(np.log10(rng.random(5)))) for _ in range(4000)]
    assert stats.kstest(values, "uniform").pvalue > 1e-4


def test_bonferroni_counts_and_never_exceeds_one() -> None:
    assert bonferroni(-8.0, 100) == pytest.approx(-6)
    assert bonferroni(-1.0, 1000) == 0


def test_arguments_are_checked() -> None:
    with pytest.raises(ArgumentError, match="tests is 0"):
        bonferroni(-3, 0)
    for bad in ([], [0.1]):
        with pytest.raises(ArgumentError, match="log10_ps"):
            fisher(bad)
