"""The exceptions that birthmark raises. Each also has the built-in base that a Python user expects."""


class Error(Exception):
    """Root of every exception that birthmark raises on purpose."""


class ArgumentError(Error, ValueError):
    """An argument has a value that is not allowed; the text names the argument, the value and what is allowed."""


class FormatError(Error, ValueError):
    """Bytes that should hold a key, a fingerprint or another of our own formats do not."""


class MediaError(Error, OSError):
    """A file cannot be opened, read or written."""


class HostError(Error, ValueError):
    """A recording cannot carry a mark that a detector would find; the text says why."""
