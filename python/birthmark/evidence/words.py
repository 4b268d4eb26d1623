"""Numbers as people say them."""

from __future__ import annotations

import math

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_NAMES = ((6, "million"), (9, "billion"), (12, "trillion"))


def one_in(log10_p: float) -> str:
    """A probability as "about one in 40 million"; beyond a thousand trillion as "fewer than one in 10²⁴"."""
    if not log10_p < -0.3:
        return "more than one in 2"
    digits = -log10_p
    if digits >= 15:
        return "fewer than one in 10" + str(math.floor(digits + 1e-9)).translate(_RAISED)
    for exponent, name in reversed(_NAMES):
        if digits >= exponent:
            return f"about one in {_two_digits(10 ** (digits - exponent))} {name}"
    return f"about one in {_two_digits(10**digits)}"


def _two_digits(value: float) -> str:
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    rounded = round(value / step) * step
    return f"{rounded:,.1f}".removesuffix(".0") if rounded < 10 else f"{rounded:,.0f}"


def clock(seconds: float) -> str:
    """Seconds as 1:02:03.4 or 2:03.4."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{head}:{rest / 10:04.1f}"
