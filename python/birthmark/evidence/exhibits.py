"""The small arrays kept with a hit, as bytes: numpy's npz, read with limits and without pickles."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birthmark.errors import FormatError

Arrays = dict[str, NDArray[Any]]

_MOST_BYTES = 1 << 26


def packed(arrays: Arrays) -> bytes:
    """Arrays as the bytes of an npz file; empty for none."""
    if not arrays:
        return b""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def unpacked(exhibit: bytes) -> Arrays:
    """The arrays of a hit; raises FormatError for bytes that are none, or that hold more than 64 MB."""
    if not exhibit:
        return {}
    try:
        with zipfile.ZipFile(io.BytesIO(exhibit)) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > _MOST_BYTES:
                raise FormatError(f"exhibit has {size} bytes; allowed: {_MOST_BYTES}")
            members = {name: archive.read(name) for name in archive.namelist()}
        return {name.removesuffix(".npy"): _array(data) for name, data in members.items()}
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise FormatError(f"exhibit is damaged: {error}") from error


def _array(data: bytes) -> NDArray[Any]:
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"array of version {version}")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    count = int(np.prod(shape, dtype=np.float64))
    if dtype.hasobject or fortran or count * dtype.itemsize != len(data) - file.tell():
        raise ValueError(f"array of shape {shape} in {len(data)} bytes")
    return np.frombuffer(data, dtype, count, file.tell()).reshape(shape)
