"""p-values of many tests: corrected for their number, or combined; all as log10, so that 1e-400 is a number."""

from __future__ import annotations

import math
from collections.abc import Sequence

from birthmark.errors import ArgumentError

_LN10 = math.log(10.0)


def bonferroni(log10_p: float, tests: int) -> float:
    """log10 of the probability that any of `tests` null tests gives a p-value this small: at most 0.

    Holds whatever the dependence of the tests. Raises ArgumentError for less than one test.
    """
    if tests < 1:
        raise ArgumentError(f"tests is {tests}; allowed: 1 or more")
    return min(0.0, log10_p + math.log10(tests))


def fisher(log10_ps: Sequence[float]) -> float:
    """log10 of the p-value of Fisher's product of independent p-values (Fisher 1932).

    -2 ln(product) has at most a chi-square distribution with twice as many degrees of freedom as there are p-values
    when each is at least as large as a uniform variable, as bounds are. The tail of an even number of degrees is a
    finite sum, computed in logarithms. Raises ArgumentError for none, and for values above 0.
    """
    if not log10_ps or max(log10_ps) > 0:
        raise ArgumentError(f"log10_ps is {list(log10_ps)}; allowed: one or more values, each at most 0")
    half = -_LN10 * math.fsum(log10_ps)
    if half == 0:
        return 0.0
    terms = [k * math.log(half) - math.lgamma(k + 1) for k in range(len(log10_ps))]
    top = max(terms)
    return min(0.0, (top - half + math.log(math.fsum(math.exp(t - top) for t in terms))) / _LN10)
