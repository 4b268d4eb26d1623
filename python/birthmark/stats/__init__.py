"""Statistics that the lines of evidence share: what searching much costs, and what several lines say together."""

from .multiplicity import bonferroni, fisher

__all__ = ["bonferroni", "fisher"]
