"""The C++ core; one submodule per folder of cpp/src that Python needs."""

from . import coding as coding
from . import keys as keys

__version__: str
fft_backend: str
