"""birthmark: marks and fingerprints that let people find their own voice and video again."""

from birthmark.errors import ArgumentError, Error, FormatError, HostError, MediaError

__version__ = "0.1.0"

__all__ = ["ArgumentError", "Error", "FormatError", "HostError", "MediaError", "__version__"]
